"""The parts of the console, put together.

A part is built when it is first asked for: the first frame needs none of them, and its imports
would cost it a third of its time.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from tui.console.view import ScreenName, View

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import App

    from tui.config.paths import Paths
    from tui.config.schema import Config
    from tui.console.attention import Attention
    from tui.console.desk import Desk
    from tui.console.parts.appearance import Appearance
    from tui.console.parts.attachment import Attachment
    from tui.console.parts.call_actions import CallActions
    from tui.console.parts.drawing import Drawing
    from tui.console.parts.engine_events import EngineEvents
    from tui.console.parts.kiosk import KioskDesk
    from tui.console.parts.pages import PageActions
    from tui.console.parts.session_flow import OpenSandbox, SessionFlow, TellAccount
    from tui.console.parts.tour import Tour
    from tui.console.parts.work_actions import WorkActions
    from tui.console.screens.base import YimiScreen
    from tui.console.sign_in_defaults import AccountChoice, SignInMemory, SignInPrefill
    from tui.console.widgets.formats import Clocks
    from tui.port.engine_port import EnginePort
    from tui.port.values import Message


class ConsoleParts:
    """Each part gets what it needs when it is built, and keeps it."""

    def __init__(
        self,
        app: App[str],
        desk: Desk,
        clocks: Clocks,
        *,
        port: EnginePort | None,
        config: Config | None,
        wrong: tuple[str, ...],
        theme_directories: tuple[Path, ...],
        prefill: SignInPrefill,
        sandbox: bool,
        memory: SignInMemory,
        accounts: tuple[AccountChoice, ...],
        on_account: TellAccount | None,
        on_sandbox: OpenSandbox | None,
        resuming: bool,
        settings: Path | None,
        paths: Paths | None,
        bind_keys: Callable[[], None],
        suited: Callable[[str], str],
        write: Callable[[str], None],
        noted: Callable[[Message], None],
    ) -> None:
        """`wrong` are sentences about settings that could not be used; the rest is as in
        `YimiApp`."""
        self.prefill, self.sandbox = prefill, sandbox
        self._app, self._desk, self._clocks = app, desk, clocks
        self._port, self._config, self._wrong = port, config, wrong
        self._theme_directories = theme_directories
        self._memory, self._accounts = memory, accounts
        self._on_account, self._on_sandbox = on_account, on_sandbox
        self._resuming, self._settings, self._paths = resuming, settings, paths
        self._bind_keys, self._suited = bind_keys, suited
        self._write, self._noted = write, noted

    @property
    def calm(self) -> bool:
        """Whether nothing is to move by itself, and there are no boxes."""
        return self._config is not None and self._config.ui.calm

    @property
    def first_screen(self) -> ScreenName:
        """What the first frame is a sketch of."""
        if self._resuming:
            return ScreenName.CONSOLE
        return ScreenName.ACCOUNTS if self._accounts else ScreenName.SIGN_IN

    @cached_property
    def attention(self) -> Attention:
        """The terminal's bell, title and notifications."""
        from tui.console.attention import Attention, envelope_of

        notices = self._config.notices if self._config is not None else None
        return Attention(
            self._write,
            bell=notices is None or notices.bell,
            title=notices is None or notices.title,
            osc9=notices is not None and notices.osc9,
            osc777=notices is not None and notices.osc777,
            envelope=envelope_of(os.environ),
        )

    @cached_property
    def drawing(self) -> Drawing:
        """The view, and what is drawn of it."""
        from tui.console.parts.drawing import Drawing

        config = self._config
        view = View(
            screen=self.first_screen,
            sandbox=self.sandbox,
            calm=self.calm,
            sandbox_offered=self._on_sandbox is not None,
            may_decline=config is None or config.policies.decline,
            scripts=config is not None and bool(config.scripts),
        )
        return Drawing(
            self._app,
            view,
            self._clocks,
            self.attention,
            make_screen=self._make_screen,
            changed=self._follow,
            noted=self._noted,
            resuming=self._resuming,
        )

    @cached_property
    def appearance(self) -> Appearance:
        """Language, theme, keys, settings."""
        from tui.console.parts.appearance import Appearance

        return Appearance(
            self._app,
            self.drawing,
            self.attention,
            self._config,
            self._theme_directories,
            bind_keys=self._bind_keys,
            suited=self._suited,
        )

    @cached_property
    def attachment(self) -> Attachment:
        """The engine that is attached."""
        from tui.console.parts.attachment import Attachment

        return Attachment(self._app, self.drawing, self._port)

    @cached_property
    def calls(self) -> CallActions:
        """What the keys for calls do."""
        from tui.console.parts.call_actions import CallActions

        return CallActions(
            self._app,
            self.drawing,
            self.attachment,
            self._clocks,
            end_tour=lambda: self.tour.end(),
        )

    @cached_property
    def session(self) -> SessionFlow:
        """What lets the agent in and out."""
        from tui.console.parts.session_flow import SessionFlow

        return SessionFlow(
            self._app,
            self.drawing,
            self.attachment,
            self._memory,
            self._config,
            self._clocks,
            prefill=self.prefill,
            sandbox=self.sandbox,
            on_account=self._on_account,
            on_sandbox=self._on_sandbox,
        )

    @cached_property
    def pages(self) -> PageActions:
        """What opens and closes pages, dialogs and the history."""
        from tui.console.parts.pages import PageActions

        return PageActions(
            self._app, self.drawing, self._desk, paths=self._paths, settings=self._settings
        )

    @cached_property
    def work(self) -> WorkActions:
        """What the keys for an agent's work besides the calls do."""
        from tui.console.parts.work_actions import WorkActions

        return WorkActions(self._app, self._desk)

    @cached_property
    def kiosk(self) -> KioskDesk:
        """What a desk for whoever comes asks and hides."""
        from tui.config.schema import Config
        from tui.console.parts.kiosk import KioskDesk

        settings = (self._config or Config()).kiosk
        return KioskDesk(self._app, self.drawing, settings, self._clocks.monotonic)

    @cached_property
    def tour(self) -> Tour:
        """The six sentences of the first day."""
        from tui.console.parts.tour import Tour

        seen = self._paths.state / "tour-seen" if self._paths is not None else None
        return Tour(self.drawing, seen)

    @cached_property
    def engine_events(self) -> EngineEvents:
        """What the engine says."""
        from tui.console.parts.appearance import said_together
        from tui.console.parts.engine_events import EngineEvents

        wrong = said_together((*self._wrong, *self.appearance.wrong))
        return EngineEvents(self._app, self.drawing, self.attachment, self.session, wrong)

    def _follow(self, old: View, new: View) -> None:
        self.calls.follow(old, new)
        self.session.follow(old, new)
        self.work.follow(old, new)
        self.tour.follow(new)

    def _make_screen(self, name: ScreenName) -> YimiScreen:
        # Imported when first shown: the first frame needs none of them.
        match name:
            case ScreenName.CONSOLE:
                from tui.console.screens.console import ConsoleScreen

                return ConsoleScreen(self._desk)
            case ScreenName.GROUPS:
                from tui.console.screens.list_screen import GroupScreen

                return GroupScreen(self._desk)
            case ScreenName.ACCOUNTS:
                from tui.console.screens.list_screen import AccountScreen

                return AccountScreen(self._desk, self._accounts)
            case _:
                from tui.console.screens.sign_in import SignInScreen

                return SignInScreen(
                    self._desk,
                    self.session.prefill,
                    sandbox=self.session.sandbox,
                    profiles=self.appearance.config.profiles,
                )

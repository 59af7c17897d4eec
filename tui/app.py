"""The terminal front end: looks at an engine through the port, and sends it commands.

It shows its first frame before it has an engine; the supervisor hands one in by `attach`, says
that one is gone by `engine_lost`, and attaches the next.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import SystemCommand
from textual.binding import Binding, BindingsMap
from textual.screen import Screen

from tui import i18n
from tui.actions import REGISTRY, Place, View, available, find, is_global, registry, use_registry
from tui.config import Config, ConfigError, Paths
from tui.engine.state import Message, message
from tui.i18n import tr
from tui.keymap import check as check_keys
from tui.notices import Attention
from tui.prefill import AccountChoice, Session, SignInPrefill
from tui.screens.door import GUARD, LEFT, QUIT, SIGNED_OUT
from tui.screens.first import FirstScreen
from tui.screens.hearing import Hearing
from tui.settings import overlay
from tui.theming import DEFAULT_THEME, ThemeError, load_theme, theme_directories
from tui.widgets.glyphs import use_ascii
from tui.widgets.words import Clocks

if TYPE_CHECKING:
    from pathlib import Path

    from tui.engine.commands import SignIn
    from tui.engine.port import EnginePort

__all__ = ["GUARD", "LEFT", "QUIT", "SIGNED_OUT", "YimiApp"]


def _bindings() -> list[Binding]:
    bindings: list[Binding] = []
    for action in registry():
        if action.bound:
            for key in filter(None, (action.key, action.alias)):
                bindings.append(
                    Binding(key, f"do('{action.id}')", show=False, priority=is_global(key))
                )
    return bindings


class YimiApp(Hearing):
    """The screens. See the module's text for its life."""

    TITLE = "yimi"
    COMMAND_PALETTE_BINDING = "f24"  # ours is in the registry
    ESCAPE_TO_MINIMIZE = False
    CSS = """
    .-ascii CallPanel { border-top: ascii $rule; border-bottom: ascii $rule; }
    .-ascii WrapUpPanel { border-top: ascii $rule; border-bottom: ascii $rule; }
    .-ascii CallPanel.-ringing { border-top: ascii $ring; border-bottom: ascii $ring; }
    .-ascii RecentCalls { border-top: none; }
    .-ascii #box { border: ascii $key; }
    """

    def __init__(
        self,
        port: EnginePort | None = None,
        config: Config | None = None,
        *,
        prefill: SignInPrefill | None = None,
        sandbox: bool = False,
        session: Session | None = None,
        accounts: tuple[AccountChoice, ...] = (),
        on_account: Callable[[AccountChoice | None], Awaitable[None]] | None = None,
        on_sandbox: Callable[[], Awaitable[SignInPrefill | Message]] | None = None,
        resuming: bool = False,
        themes: Path | None = None,
        settings: Path | None = None,
        paths: Paths | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`session` is the supervisor's and outlives a crashed screen. `accounts` are engines that
        run already: with some, the first screen lets one be picked, and `on_account` is told.
        `on_sandbox` starts a sandbox and returns what to fill in, or why not; with it the sign-in
        offers one. `resuming`: a running engine is attached, so the console comes first.
        `themes` is the user's directory of themes, `settings` the file of the settings screen."""
        super().__init__()
        self.clocks = Clocks(clock, wall)
        self.paths = paths
        """Where files live, for the log page; None: there is no log."""
        self.last_notice: Message | None = None
        self.settings = settings
        """The file that the settings screen writes; None where there is none to write."""
        bad: tuple[ConfigError, ...] = ()
        if settings is not None:
            config, bad = overlay(config or Config(), settings)
        self._port = port
        self._config = config
        self._prefill = prefill or SignInPrefill()
        self._sandbox = sandbox
        self._session = session if session is not None else Session()
        self._accounts, self._on_account = accounts, on_account
        self._on_sandbox = on_sandbox
        ui = config.ui if config is not None else None
        i18n.set_language((ui.language if ui else "") or i18n.from_locale(os.environ))
        wrong = tuple(i18n.config_sentence(error) for error in bad)
        self.theme_directories = theme_directories(themes)
        try:
            self._look = load_theme(ui.theme if ui else DEFAULT_THEME, self.theme_directories)
        except ThemeError as error:
            wrong += (str(error),)
            self._look = load_theme(DEFAULT_THEME, theme_directories())
        # Before the first screen's rules are read: they name the theme's variables.
        self.register_theme(self._look.theme)
        self.theme = self._look.theme.name
        notices = config.notices if config is not None else None
        self.attention = Attention(
            self._write,
            bell=notices is None or notices.bell,
            title=notices is None or notices.title,
            osc9=notices is not None and notices.osc9,
            osc777=notices is not None and notices.osc777,
            tmux=bool(os.environ.get("TMUX")),
        )
        self._resuming = resuming
        """A session is being taken up again: the console stays."""
        self._kicked_seen = False
        self._arrival: Message | None = None
        """What to say once the engine that is being attached is drawn."""
        self._pending: tuple[SignIn, bool] | None = None
        """A sign-in that waits for the engine."""
        self.catch_key: Callable[[events.Key], None] | None = None
        """Takes the next key before anything else does."""
        self.signing = False
        self._joined_none = False
        self._changed_at = -GUARD
        self._deaf_until = 0.0
        self._levels_at = 0.0
        self._levels_due = False
        self._ticking = False
        self._drawn_once = False
        """The first frame is out, and there is a screen."""
        self._early: list[events.Key] = []
        self._generation = 0
        place = Place.CONSOLE if resuming else Place.ACCOUNTS if accounts else Place.SIGN_IN
        self.view = View(
            place=place,
            sandbox_offered=on_sandbox is not None,
            may_decline=config.policies.decline if config is not None else True,
        )
        self.works = available(self.view)
        self._own_bindings = self._bindings
        keys, bad_keys = check_keys(config.keys) if config and config.keys else ({}, ())
        self.use_keys(keys)
        wrong += tuple(i18n.render(what) for what in bad_keys)
        if wrong:
            self._arrival = message("settings.wrong", what=" ".join(wrong))
        use_ascii(self._look.ascii_borders)

    # ------------------------------------------------------------ life

    def use_keys(self, keys: Mapping[str, tuple[str, ...]]) -> None:
        """Put these keys in force, by action; checked ones (`tui.keymap.check`)."""
        from tui.keymap import remapped

        use_registry(remapped(keys) if keys else REGISTRY)
        self.works = available(self.view)
        bound = BindingsMap(_bindings())
        for key, others in self._own_bindings.key_to_bindings.items():
            bound.key_to_bindings.setdefault(key, []).extend(others)
        self._bindings = bound

    def get_default_screen(self) -> Screen[Any]:
        screen = FirstScreen(self.view.place, self._prefill, sandbox=self._sandbox)
        # As push_screen does; without it Textual cannot switch from the first screen.
        screen._push_result_callback(screen, None)
        return screen

    def on_mount(self) -> None:
        self.set_class(self._look.ascii_borders, "-ascii")

    def on_ready(self) -> None:
        self._drawn_once = True
        if isinstance(self.screen, FirstScreen):
            self._early = self.screen.early
        self._go(self.view.place)
        if self._port is not None:
            self._listen(self._port)

    def on_unmount(self) -> None:
        self.attention.calm()

    def replay(self) -> None:
        """The first real screen is built: it gets the keys that came before it."""
        early, self._early = self._early, []
        for key in early:
            # A new one: Textual takes an event that it has forwarded once for dealt with.
            self.post_message(events.Key(key.key, key.character))

    # ------------------------------------------------------------ drawing

    # ------------------------------------------------------------ keys

    async def on_event(self, event: events.Event) -> None:
        if self.catch_key is not None and isinstance(event, events.Key):
            catch, self.catch_key = self.catch_key, None
            catch(event)
            return
        await super().on_event(event)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "do":
            return find(str(parameters[0])).available(self.view)
        return super().check_action(action, parameters)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        for action in self.works:
            if action.bound and action.id != "palette":
                label = tr(action.label_of(self.view))
                yield SystemCommand(
                    label, tr(f"help.{action.id}"), lambda id=action.id: self.do(id)
                )

    def action_do(self, id: str) -> None:
        """A key of the registry."""
        self.do(id)

    def do(self, id: str) -> None:
        """Carry out an action of the registry, if it can be done now."""
        action = find(id)
        if not action.available(self.view):
            return
        if action.destructive and self.clocks.monotonic() - self._changed_at < GUARD:
            return
        self._keep_note()
        own = getattr(self, f"_do_{id}", None)
        if own is not None:
            own()
        elif (command := action.command(self.view)) is not None:
            self.send(command)
        else:
            from tui import day

            if (deed := day.ACTIONS.get(id)) is not None:
                deed(self)

    def _keep_note(self) -> None:
        """Before anything is done: what was typed about the last call goes to the engine."""
        from tui.screens.console import ConsoleScreen

        screen = self.screen_stack[0] if self._drawn_once else None
        if isinstance(screen, ConsoleScreen) and (edit := screen.wrapup.pending()) is not None:
            self.send(edit)

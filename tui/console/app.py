"""The terminal front end: looks at an engine through the port, and sends it commands.

`YimiApp` is the `Desk` of its parts, which `tui.console.composition` puts together. The first frame
needs a theme, a language and a sketch of the screen, and loads nothing else. It is shown before
there is an engine; the supervisor hands one in by `attach`, says that one is gone by `engine_lost`,
and attaches the next.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from textual import events, on
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingsMap
from textual.driver import Driver
from textual.screen import Screen

from tui.clock import instant
from tui.console import i18n
from tui.console.composition import ConsoleParts
from tui.console.keys.early_keys import EarlyKeys
from tui.console.keys.key_order import KeyOrder
from tui.console.lowest_screen import lowest
from tui.console.screens.first_frame import FirstScreen
from tui.console.sign_in_defaults import AccountChoice, SignInMemory, SignInPrefill
from tui.console.terminal.colours import colours_of
from tui.console.terminal.cursor import place
from tui.console.terminal.driver import TerminalDriver
from tui.console.terminal.frames import Frames
from tui.console.terminal.input import NotUtf8, TerminalReady
from tui.console.theming import DEFAULT_THEME, ThemeError, load_theme, theme_directories
from tui.console.view import View
from tui.console.widgets.formats import Clocks
from tui.console.widgets.glyphs import use_ascii
from tui.port.values import Message, message

if TYPE_CHECKING:
    from pathlib import Path

    from textual.widget import Widget

    from tui.config.paths import Paths
    from tui.config.schema import Config
    from tui.console.actions.action import Action
    from tui.console.attention import Attention
    from tui.console.parts.appearance import Appearance
    from tui.console.parts.call_actions import CallActions
    from tui.console.parts.drawing import Drawing
    from tui.console.parts.kiosk import KioskDesk
    from tui.console.parts.pages import PageActions
    from tui.console.parts.session_flow import OpenSandbox, SessionFlow, TellAccount
    from tui.console.parts.tour import Tour
    from tui.console.parts.work_actions import WorkActions
    from tui.port.commands import Command, Result
    from tui.port.engine_port import EnginePort


_TEXTUALS_EXITS: Final = ("quit", "help_quit", "suspend_process")
"""Of keys that are Textual's where none of our actions has them."""


class YimiApp(App[str]):
    """The screens. See the module's text for its life."""

    TITLE = "yimi"
    COMMAND_PALETTE_BINDING = "f24"  # ours is in the registry
    ESCAPE_TO_MINIMIZE = False
    ALLOW_SELECT = False
    """The terminal selects, with Shift where the mouse is ours."""
    CSS = """
    .-ascii CallPanel { border-top: ascii $rule; border-bottom: ascii $rule; }
    .-ascii WrapUpPanel { border-top: ascii $rule; border-bottom: ascii $rule; }
    .-ascii CallPanel.-ringing { border-top: ascii $ring; border-bottom: ascii $ring; }
    .-ascii RecentCalls { border-top: none; }
    .-ascii #box { border: ascii $key; }
    .-calm CallPanel { border: blank; }
    .-calm CallPanel.-ringing { border: blank; }
    .-calm WrapUpPanel { border: blank; }
    .-calm RecentCalls { border-top: none; }
    .-calm #box { border: blank; }
    """

    def __init__(
        self,
        port: EnginePort | None = None,
        config: Config | None = None,
        *,
        prefill: SignInPrefill | None = None,
        sandbox: bool = False,
        session: SignInMemory | None = None,
        accounts: tuple[AccountChoice, ...] = (),
        on_account: TellAccount | None = None,
        on_sandbox: OpenSandbox | None = None,
        resuming: bool = False,
        themes: Path | None = None,
        settings: Path | None = None,
        paths: Paths | None = None,
        clock: Callable[[], float] = instant,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`session` is the supervisor's and outlives a crashed screen. `accounts` are engines that
        run already: with some, the first screen lets one be picked, and `on_account` is told.
        `on_sandbox` starts a sandbox and returns what to fill in, or why not; with it the sign-in
        offers one. `resuming`: a running engine is attached, so the console comes first.
        `themes` is the user's directory of themes, `settings` the file of the settings screen,
        `paths` where the log page looks."""
        super().__init__()
        self.clocks = Clocks(clock, wall)
        self._frames = Frames(colours_of(self.console))
        self._key_taker: Callable[[events.Key], None] | None = None
        self._order = KeyOrder(self, self.post_message)
        self._over = False
        self._early = EarlyKeys(self._order.begin_with)
        self._own_bindings = self._bindings
        wrong: tuple[str, ...] = ()
        if settings is not None:
            config, wrong = _with_settings(config, settings)
        ui = config.ui if config is not None else None
        i18n.set_language((ui.language if ui else "") or i18n.from_locale(os.environ))
        directories = theme_directories(themes)
        try:
            self._theme = load_theme(
                self.suited_theme(ui.theme if ui else DEFAULT_THEME), directories
            )
        except ThemeError as error:
            wrong += (str(error),)
            self._theme = load_theme(DEFAULT_THEME, theme_directories())
        # Before the first screen's rules are read: they name the theme's variables.
        self.register_theme(self._theme.theme)
        self.theme = self._theme.theme.name
        use_ascii(self._theme.ascii_borders)
        self.parts = ConsoleParts(
            self,
            self,
            self.clocks,
            port=port,
            config=config,
            wrong=wrong,
            theme_directories=directories,
            prefill=prefill or SignInPrefill(),
            sandbox=sandbox,
            memory=session if session is not None else SignInMemory(),
            accounts=accounts,
            on_account=on_account,
            on_sandbox=on_sandbox,
            resuming=resuming,
            settings=settings,
            paths=paths,
            bind_keys=self._bind_keys,
            suited=self.suited_theme,
            write=self._write,
            noted=lambda notice: self.noted(notice),
        )

    # ------------------------------------------------------------ the terminal

    def suited_theme(self, name: str) -> str:
        """The theme to draw with, where the agent wants the one of that name."""
        return name

    def get_driver_class(self) -> type[Driver]:
        return TerminalDriver

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        # In place of Textual's, which writes whatever was repainted: only what differs is
        # written, and only once the terminal has taken what was written before.
        driver = self._driver
        if renderable is None or self._batch_count or not self._running or self._closed:
            return
        if not self.is_headless and isinstance(driver, TerminalDriver):
            size = self.screen.outer_size
            self._frames.want(renderable, size.width, size.height)
            self._write_frame()
        self.post_display_hook()

    def _write_frame(self) -> None:
        driver = self._driver
        if not isinstance(driver, TerminalDriver) or driver.busy or not self.screen_stack:
            return
        if driver.fresh:
            driver.fresh = False
            self._frames.reset()
        cursor = self.screen.outer_size.clamp_offset(place(self.screen))
        if frame := self._frames.difference((cursor.x, cursor.y)):
            together = ("\x1b[?2026h", "\x1b[?2026l") if self._sync_available else ("", "")
            driver.write_frame(frame.join(together))

    def _draw_all(self) -> None:
        """^L, besides what it does here: as in other programs, where somebody else has written over
        the screen (`wall`, the kernel). dtach presses it when somebody attaches."""
        if isinstance(self._driver, TerminalDriver):
            self._driver.look_again()

    @on(Driver.SignalResume)
    def _go_on(self) -> None:
        """The terminal is ours again, and shows nothing of ours."""
        self._write_frame()

    def on_terminal_ready(self, event: TerminalReady) -> None:
        """The terminal has taken a frame: the newest state is what comes next."""
        if isinstance(self._driver, TerminalDriver):
            self._driver.ready()
            self._write_frame()

    def on_not_utf8(self, event: NotUtf8) -> None:
        """What is typed comes in another encoding than ours."""
        self.change(notice=message("terminal.not_utf8"))

    def copy_to_clipboard(self, text: str) -> None:
        """As Textual's, through GNU screen as well. tmux takes it as it is (`set-clipboard on`)."""
        from tui.console.attention import envelope_of, osc52, through_screen

        self._clipboard = text
        data = osc52(text)
        through = envelope_of(os.environ) is through_screen
        self._write(through_screen(data) if through else data)

    def _write(self, data: str) -> None:
        # Textual has no call for the title; App.bell() writes to the driver in the same way.
        if self._driver is not None:
            self._driver.write(data)

    # ------------------------------------------------------------ life

    def get_default_screen(self) -> Screen[Any]:
        screen = FirstScreen(
            self.parts.first_screen, self.parts.prefill, sandbox=self.parts.sandbox
        )
        # As push_screen does; without it Textual cannot switch from the first screen.
        screen._push_result_callback(screen, None)
        return screen

    def on_mount(self) -> None:
        self.set_class(self._theme.ascii_borders, "-ascii")
        self.set_class(self.parts.calm, "-calm")

    def on_ready(self) -> None:
        self.parts.appearance.use_first_keys()
        self.drawing.drawn_once = True
        self.drawing.go(self.view.screen)
        self.parts.engine_events.listen()

    def on_unmount(self) -> None:
        self.attention.calm()

    def screen_ready(self) -> None:
        """A screen is built and takes keys: the first one gets those that came before it."""
        self._early.let_go()

    @property
    def focused(self) -> Widget | None:
        """What has the focus; None also before the first screen and after the last: who asks may
        be a timer, or a callback, that was set while there was one."""
        return super().focused if self.screen_stack else None

    def noted(self, notice: Message) -> None:
        """A sentence was shown. Whoever runs the app may log it."""

    async def _shutdown(self) -> None:
        self._over = True
        await super()._shutdown()

    def _handle_exception(self, error: Exception) -> None:
        # A timer or an answer may find its widgets gone. Textual would call that a crash.
        if self._over:
            self.failed_when_over(error)
        else:
            super()._handle_exception(error)

    def failed_when_over(self, error: Exception) -> None:
        """Something that was left failed while the app ended, which changes nothing. Whoever runs
        the app may log it."""

    # ------------------------------------------------------------ the engine

    def attach(
        self,
        port: EnginePort,
        *,
        notice: Message | None = None,
        prefill: SignInPrefill | None = None,
    ) -> None:
        """An engine is there: draw what it says, and what it will say. `notice` is said once it
        is drawn; `prefill` stands in the form if there is to sign in."""
        self.parts.engine_events.attach(port, notice=notice, prefill=prefill)

    def engine_lost(self, what: Message | None = None) -> None:
        """The engine is gone; another may be attached later. `what` is said on the screen."""
        self.parts.engine_events.lost(what)

    def engine_silent(self, silent: bool) -> None:
        """The engine is there and does not answer, or answers again."""
        self.parts.engine_events.silent(silent)

    # ------------------------------------------------------------ the desk

    @property
    def drawing(self) -> Drawing:
        """The view, and what is drawn of it."""
        return self.parts.drawing

    @property
    def attention(self) -> Attention:
        """The terminal's bell, title and notifications."""
        return self.parts.attention

    @property
    def calls(self) -> CallActions:
        """What the keys for calls do."""
        return self.parts.calls

    @property
    def session(self) -> SessionFlow:
        """What lets the agent in and out."""
        return self.parts.session

    @property
    def pages(self) -> PageActions:
        """What opens and closes pages, dialogs and the history."""
        return self.parts.pages

    @property
    def work(self) -> WorkActions:
        """What an agent does besides the calls."""
        return self.parts.work

    @property
    def tour(self) -> Tour:
        """The six sentences of the first day."""
        return self.parts.tour

    @property
    def kiosk(self) -> KioskDesk:
        """What a desk for whoever comes asks and hides."""
        return self.parts.kiosk

    @property
    def appearance(self) -> Appearance:
        """Language, theme, keys, settings."""
        return self.parts.appearance

    @property
    def view(self) -> View:
        """What the screens are drawn from now."""
        return self.drawing.view

    @property
    def guarded(self) -> bool:
        """Whether what is shown changed under the finger just now."""
        return self.drawing.guarded

    @property
    def works(self) -> tuple[Action, ...]:
        """The actions that can be done now."""
        from tui.console.actions.registry import available

        return available(self.view)

    def change(self, **changes: Any) -> None:
        """Change the view, and draw what differs."""
        self.drawing.change(**changes)

    def send(self, command: Command) -> None:
        """Send a command; what it cannot do is said in the notice row."""
        self.parts.attachment.send(command)

    async def ask(self, command: Command) -> Result:
        """Send a command, and take its answer."""
        return await self.parts.attachment.ask(command)

    def do(self, id: str) -> None:
        """Carry out the action of that id, if it can be done now."""
        from tui.console.actions.registry import find

        action = find(id)
        if action.run is None or not action.available(self.view):
            return
        if self.drawing.unsteady(action.key) or (action.destructive and self.guarded):
            return
        self._keep_note()
        if action.guards:
            self.drawing.guard()
        action.run(self)

    def _keep_note(self) -> None:
        """Before anything is done: what was typed about the last call goes to the engine."""
        from tui.console.screens.console import ConsoleScreen

        screen = lowest(self, ConsoleScreen) if self.drawing.drawn_once else None
        if screen is not None and (edit := screen.wrapup.note.pending()) is not None:
            self.send(edit)

    # ------------------------------------------------------------ keys

    def _bind_keys(self) -> None:
        """Put the keys of the registry in force, before Textual's own."""
        bound = BindingsMap(_bindings())
        for key, others in self._own_bindings.key_to_bindings.items():
            bound.key_to_bindings.setdefault(key, []).extend(others)
        self._bindings = bound

    def catch_key(self, taker: Callable[[events.Key], None] | None) -> None:
        """Give the next key to `taker` before anything else sees it; None: to nobody."""
        self._key_taker = taker

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await self._take(event)
        elif not self._early.keep(event):
            text = self._is_text(event)
            if not self._order.hold(event, text=text):
                await self._take(event)
                self._order.handed(text=text)

    def _is_text(self, event: events.Key | events.Paste) -> bool:
        """Whether it is for a field, and only for that."""
        from textual.widgets import Input

        typed = isinstance(event, events.Paste) or event.is_printable
        return typed and isinstance(self.focused, Input) and self._key_taker is None

    async def _take(self, event: events.Event) -> None:
        if self._key_taker is not None and isinstance(event, events.Key):
            taker, self._key_taker = self._key_taker, None
            taker(event)
            return
        if isinstance(event, events.Key) and event.key == "ctrl+l":
            self._draw_all()
        await super().on_event(event)
        if isinstance(event, events.Key) and not self.is_headless:
            self.call_after_refresh(self._write_frame)  # the focus alone may have moved

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "do":
            from tui.console.actions.registry import find

            return find(str(parameters[0])).available(self.view)
        if action in _TEXTUALS_EXITS and self.view.kiosk:
            return False
        return super().check_action(action, parameters)

    def action_do(self, id: str) -> None:
        """A key of the registry."""
        self.do(id)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        for action in self.works:
            if action.bound and action.id != "palette":
                label = i18n.tr(action.label_of(self.view))
                yield SystemCommand(
                    label, i18n.tr(f"help.{action.id}"), lambda id=action.id: self.do(id)
                )


def _with_settings(config: Config | None, file: Path) -> tuple[Config, tuple[str, ...]]:
    """The config with the agent's settings on top, and a sentence for each that is wrong."""
    from tui.config.schema import Config
    from tui.config.user_settings import overlay

    config, bad = overlay(config or Config(), file)
    return config, tuple(map(i18n.config_sentence, bad))


def _bindings() -> list[Binding]:
    from tui.console.actions.action import is_global
    from tui.console.actions.registry import registry

    return [
        Binding(key, f"do('{action.id}')", show=False, priority=is_global(key))
        for action in registry()
        if action.bound
        for key in filter(None, (action.key, action.alias))
    ]

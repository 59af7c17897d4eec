"""The terminal front end: looks at an engine through the port, and sends it commands.

It shows its first frame before it has an engine; the supervisor hands one in by `attach`, says
that one is gone by `engine_lost`, and attaches the next.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from textual import events
from textual.app import SystemCommand
from textual.binding import Binding, BindingsMap
from textual.screen import Screen

from tui import i18n
from tui.actions import REGISTRY, Place, View, available, find, is_global, registry, use_registry
from tui.bus import Overflow
from tui.config import Config, Paths
from tui.engine.state import CallState, Message, Phase, Snapshot, message
from tui.i18n import tr
from tui.keymap import check as check_keys
from tui.notices import Attention
from tui.prefill import AccountChoice, Session, SignInPrefill
from tui.screens.door import GUARD, LEFT, QUIT, SIGNED_OUT, Door
from tui.screens.first import FirstScreen
from tui.settings import overlay
from tui.theming import DEFAULT_THEME, ThemeError, all_themes, load_theme, theme_directories
from tui.widgets.glyphs import use_ascii
from tui.widgets.words import Clocks, spaced

if TYPE_CHECKING:
    from pathlib import Path

    from tui.engine.commands import Command, Result, SignIn
    from tui.engine.events import Event, LevelsChanged
    from tui.engine.port import EnginePort
    from tui.screens.base import YimiScreen

LEVELS_APART: Final = 0.45
"""Seconds between two drawings of the level bars: at most two a second."""
NOTICE_SECONDS: Final = 10.0
"""How long a failure stays in words; the log keeps it."""
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


class YimiApp(Door):
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
        wrong: tuple[str, ...] = ()
        if settings is not None:
            config, wrong = overlay(config or Config(), settings)
        self._port = port
        self._config = config
        self._prefill = prefill or SignInPrefill()
        self._sandbox = sandbox
        self._session = session if session is not None else Session()
        self._accounts, self._on_account = accounts, on_account
        self._on_sandbox = on_sandbox
        ui = config.ui if config is not None else None
        i18n.set_language((ui.language if ui else "") or i18n.from_locale(os.environ))
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

    def attach(
        self,
        port: EnginePort,
        *,
        notice: Message | None = None,
        prefill: SignInPrefill | None = None,
    ) -> None:
        """An engine is there: draw what it says, and what it will say. `notice` is said once it
        is drawn; `prefill` stands in the form if there is to sign in."""
        self._port = port
        self._arrival = notice or self._arrival
        self._prefill = prefill or self._prefill
        if self._drawn_once:
            self._listen(port)

    def replay(self) -> None:
        """The first real screen is built: it gets the keys that came before it."""
        early, self._early = self._early, []
        for key in early:
            # A new one: Textual takes an event that it has forwarded once for dealt with.
            self.post_message(events.Key(key.key, key.character))

    def engine_lost(self, what: Message | None = None) -> None:
        """The engine is gone; another may be attached later. `what` is said on the screen."""
        self._port = None
        self._generation += 1
        if self.view.place is Place.CONSOLE and self.view.snapshot.phase is not Phase.KICKED:
            self._resuming = True
        self.signing = False
        self._update(connected=False, notice=what or message("engine.lost"))

    def _listen(self, port: EnginePort) -> None:
        self._generation += 1
        self.run_worker(self._pump(port, self._generation), name="events")

    async def _pump(self, port: EnginePort, generation: int) -> None:
        events = port.subscribe()
        self._take(port.snapshot())
        try:
            while generation == self._generation:
                try:
                    event = await events.get()
                except Overflow:
                    self._take(port.snapshot())
                except StopAsyncIteration:
                    if generation == self._generation:
                        self.engine_lost()
                else:
                    if generation == self._generation:
                        self._hear(event)
        finally:
            events.close()

    def _take(self, snapshot: Snapshot) -> None:
        """A fresh snapshot: after attaching, and after events were lost."""
        if self._resuming and snapshot.phase is Phase.SIGNED_OUT and self._session.sign_in:
            self._update(connected=True, snapshot=snapshot, notice=message("engine.resuming"))
            self.run_worker(self._resume(), name="resume")
            return
        if snapshot.phase is not Phase.SIGNED_OUT:
            self._joined_none = False
        notice = self._arrival if not self.view.connected else self.view.notice
        self._arrival = None
        self._resuming = False
        self._update(connected=True, snapshot=snapshot, notice=notice)
        if self._pending is not None:
            command, keyring = self._pending
            self._pending = None
            self.sign_in(command, keyring=keyring)

    def _hear(self, event: Event) -> None:
        from tui.engine.events import LevelsChanged, apply

        if isinstance(event, LevelsChanged):
            self._levels(event)
            return
        self._update(snapshot=apply(self.view.snapshot, event))

    # ------------------------------------------------------------ drawing

    def _update(self, **changes: Any) -> None:
        """Change the view and draw what differs."""
        old = self.view
        view = replace(old, **changes)
        if view.snapshot.notice != old.snapshot.notice:
            seen = view.snapshot.notice
            view = replace(view, notice=seen.message if seen is not None else None)
        if _call_key(view.snapshot) != _call_key(old.snapshot):
            self._changed_at = self.clocks.monotonic()
        view = replace(view, place=self._place(view))
        if view.place is not Place.CONSOLE and (view.dialling or view.directory):
            view = replace(view, dialling=False, directory=False)
        if view.typing and not find("tones").available(view):
            view = replace(view, typing=False)
        self.view, self.works = view, available(view)
        self._make_way(old.snapshot, view.snapshot)
        if view.place is not old.place:
            self._go(view.place)
        self._attend(view.snapshot)
        if view.notice is not None and view.notice != old.notice:
            self._notice_shown(view.notice)
        if _missed_more(old, view):
            self._tell_missed(view.snapshot)
        self._draw()
        self._tick_if_needed()
        if view.snapshot.phase is Phase.KICKED and not self._kicked_seen:
            self._kicked_seen = True
            self._show_kicked(view.snapshot)
        elif view.snapshot.phase is Phase.CHOOSING_GROUP and not view.snapshot.groups:
            self._join_none(view.snapshot)

    def _make_way(self, old: Snapshot, new: Snapshot) -> None:
        """A call begins to ring: the help, in which nobody types, goes."""
        begins = self._drawn_once and _rings(new) and not _rings(old)
        if begins and getattr(self.screen, "MAKES_WAY", False):
            self.pop_screen()

    def _draw(self) -> None:
        if not self._drawn_once:
            return
        from tui.screens.base import LiveDialog, YimiScreen

        for screen in tuple(self.screen_stack):
            if isinstance(screen, YimiScreen | LiveDialog) and screen.is_mounted:
                screen.show(self.view)

    def set_language(self, language: str) -> None:
        """Speak this language from now on, and draw everything again. What keeps words between
        two drawings has a method `retranslate`."""
        i18n.set_language(language)
        for screen in self.screen_stack:
            for part in (screen, *screen.walk_children()):
                retranslate = getattr(part, "retranslate", None)
                if retranslate is not None:
                    retranslate()
        self._draw()

    @property
    def config(self) -> Config:
        """The settings in force."""
        return self._config or Config()

    def use_config(self, config: Config) -> None:
        """Put changed settings in force, as far as they are the screen's."""
        self._config = config
        notices = config.notices
        self.attention.bell, self.attention.title = notices.bell, notices.title
        self.attention.osc9, self.attention.osc777 = notices.osc9, notices.osc777
        self.use_keys(check_keys(config.keys)[0])
        self.use_theme(config.ui.theme)
        self.set_language(config.ui.language or i18n.from_locale(os.environ))

    def use_theme(self, name: str) -> tuple[str, ...]:
        """Draw with this theme from now on, read again from its file; what cannot be used of all
        themes is returned, and then the look stays as it is, if it is this one's fault."""
        looks, wrong = all_themes(self.theme_directories)
        look = looks.get(name)
        if look is None:
            return wrong or (f"no theme is called {name!r}",)
        self._look = look
        self.register_theme(look.theme)
        self.theme = look.theme.name
        use_ascii(look.ascii_borders)
        self.set_class(look.ascii_borders, "-ascii")
        self.refresh_css(animate=False)
        for screen in self.screen_stack:
            screen.refresh(layout=True)
        self.set_language(i18n.language())  # draws every sign again
        return wrong

    def reload_themes(self) -> None:
        """Read the themes again; one notice for all that failed."""
        if wrong := self.use_theme(self.theme):
            self._update(notice=message("themes.wrong", what=" ".join(wrong)))
        else:
            self._update(notice=message("themes.read"))

    def _place(self, view: View) -> Place:
        phase, now = view.snapshot.phase, self.view.place
        if view.connected and phase in (Phase.SIGNED_IN, Phase.KICKED):
            self._resuming = False
        if self._resuming or (not view.connected and now is not Place.ACCOUNTS):
            return now
        match phase:
            case Phase.SIGNED_IN | Phase.SIGNING_OUT:
                self._kicked_seen = False
                return Place.CONSOLE
            case Phase.KICKED:
                return now if self._kicked_seen else Place.CONSOLE
            case Phase.CHOOSING_GROUP:
                return Place.GROUPS if view.snapshot.groups else Place.SIGN_IN
            case Phase.REGISTERING:
                return now if now in (Place.GROUPS, Place.SIGN_IN) else Place.CONSOLE
            case _:
                return now if now is Place.ACCOUNTS else Place.SIGN_IN

    def _make_screen(self, place: Place) -> YimiScreen:
        # Imported when first shown: the first frame needs one of them.
        match place:
            case Place.CONSOLE:
                from tui.screens.console import ConsoleScreen

                return ConsoleScreen(self.clocks)
            case Place.GROUPS:
                from tui.screens.pick import GroupScreen

                return GroupScreen()
            case Place.ACCOUNTS:
                from tui.screens.pick import AccountScreen

                return AccountScreen(self._accounts)
            case _:
                from tui.screens.sign_in import SignInScreen

                profiles = self._config.profiles if self._config is not None else ()
                return SignInScreen(self._prefill, sandbox=self._sandbox, profiles=profiles)

    def _go(self, place: Place) -> None:
        if not self._drawn_once:
            return
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.switch_screen(self._make_screen(place))

    def _attend(self, snapshot: Snapshot) -> None:
        call = snapshot.call
        if call is not None and _rings(snapshot):
            number = spaced(call.number) or tr("call.no_number")
            self.attention.call(tr("title.ringing", number=number))
        else:
            self.attention.calm()

    def _tell_missed(self, snapshot: Snapshot) -> None:
        last = next((record for record in snapshot.recent if record.missed), None)
        number = spaced(last.number) if last is not None else ""
        self.attention.tell(tr("title.missed", number=number or tr("call.no_number")))

    def _notice_shown(self, notice: Message) -> None:
        """A sentence is shown: for a while, where the screen has more to say."""
        self.noted(notice)
        self.last_notice = notice
        if not self.view.failed:
            self.view = replace(self.view, failed=True)
            self.works = available(self.view)
        self.set_timer(NOTICE_SECONDS, lambda: self._notice_is_old(notice))

    def _notice_is_old(self, notice: Message) -> None:
        on_console = self.view.place is Place.CONSOLE and self.view.connected
        if self.view.notice is notice and on_console:
            self._update(notice=None)

    def noted(self, notice: Message) -> None:
        """A sentence was shown. Whoever runs the app may log it."""

    def _write(self, data: str) -> None:
        # Textual has no call for the title; App.bell() writes to the driver in the same way.
        if self._driver is not None:
            self._driver.write(data)

    def _levels(self, event: LevelsChanged) -> None:
        """Keep the levels; draw them at most twice a second."""
        from tui.engine.events import apply

        self.view = replace(self.view, snapshot=apply(self.view.snapshot, event))
        since = self.clocks.monotonic() - self._levels_at
        if self._levels_due:
            return
        if since >= LEVELS_APART:
            self._draw_levels()
        else:
            self._levels_due = True
            self.set_timer(LEVELS_APART - since, self._draw_levels)

    def _draw_levels(self) -> None:
        self._levels_due = False
        self._levels_at = self.clocks.monotonic()
        self._draw()

    def _tick_if_needed(self) -> None:
        """One timer, and only while a clock runs on the console."""
        if self.view.place is not Place.CONSOLE or self._ticking or not self._drawn_once:
            return
        from tui.widgets.heading import clock_start

        start = clock_start(self.view.snapshot)
        if start is not None:
            self._ticking = True
            elapsed = self.clocks.monotonic() - start
            # Just after the whole second, so that no second is skipped or shown twice.
            self.set_timer(1.005 - elapsed % 1, self._tick)

    def _tick(self) -> None:
        self._ticking = False
        self._draw()
        self._tick_if_needed()

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

    async def ask(self, command: Command) -> Result:
        """Carry a command to the engine, for a caller that wants the answer."""
        from tui.engine.commands import Result

        if self._port is None:
            return Result(False, message("engine.lost"))
        return await self._port.execute(command)

    def change(self, **changes: Any) -> None:
        """Change the view, and draw it."""
        self._update(**changes)

    def send(self, command: Command) -> None:
        """Send a command; what it cannot do is said in the notice line."""
        self.run_worker(self._send(command), name=type(command).__name__)

    async def _send(self, command: Command) -> None:
        if self._port is None:
            return
        result = await self._port.execute(command)
        if not result.ok and result.message is not None:
            self._update(notice=result.message)

    def _do_help(self) -> None:
        from tui.screens.dialogs import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.pop_screen()
        else:
            self.push_screen(HelpScreen(self.view))

    def _do_palette(self) -> None:
        from tui.screens.palette import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    def _do_dial(self) -> None:
        from tui.screens.console import ConsoleScreen

        self._update(dialling=True)
        if isinstance(self.screen_stack[0], ConsoleScreen):
            self.screen_stack[0].open_dial()

    def _do_dismiss(self) -> None:
        from tui.engine.commands import Dismiss
        from tui.screens.console import ConsoleScreen

        if self.view.dialling:
            if isinstance(self.screen_stack[0], ConsoleScreen):
                self.screen_stack[0].close_dial()
            self._update(dialling=False)
            return
        if self.view.typing:
            self.close_tones()
            return
        call = self.view.snapshot.call
        if self.view.snapshot.notice is not None or (call is not None and not call.live):
            self.send(Dismiss())
        self._update(notice=None)

    def dial(self, number: str) -> None:
        """Enter in the dial field."""
        self.run_worker(self._dial(number), name="dial")

    async def _dial(self, number: str) -> None:
        from tui.engine.commands import Dial
        from tui.screens.console import ConsoleScreen

        if self._port is None:
            return
        self._update(notice=None)
        screen = self.screen_stack[0]
        began = self.run_worker(self._port.execute(Dial(number)), name="dialled")
        result = await began.wait()
        if result.ok and isinstance(screen, ConsoleScreen):
            screen.close_dial()
            self._update(dialling=False)
        elif result.message is not None:
            self._update(notice=result.message)


def _missed_more(old: View, new: View) -> bool:
    before, after = old.snapshot.shift, new.snapshot.shift
    same = old.connected and before.began == after.began
    return same and after.missed > before.missed


def _rings(snapshot: Snapshot) -> bool:
    return any(call.state is CallState.RINGING for call in snapshot.calls)


def _call_key(snapshot: Snapshot) -> tuple[object, ...]:
    call = snapshot.call
    return () if call is None else (call.key, call.state, call.offers)

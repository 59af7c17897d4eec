"""The app's part that draws: the view, what differs in it, clocks, levels, sentences that age.

A part of the app by inheritance; the values are the app's, see `YimiApp.__init__`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from textual.app import App

from tui.actions import Action, Place, View, available, find
from tui.engine.state import CallState, Message, Phase, Question, Snapshot
from tui.i18n import tr
from tui.widgets.words import Clocks, spaced

if TYPE_CHECKING:
    from tui.config import Config
    from tui.engine.events import LevelsChanged
    from tui.notices import Attention
    from tui.prefill import AccountChoice, SignInPrefill
    from tui.screens.base import YimiScreen

LEVELS_APART: Final = 0.45
"""Seconds between two drawings of the level bars: at most two a second."""
NOTICE_SECONDS: Final = 10.0
"""How long a failure stays in words; the log keeps it."""


class Drawing(App[str]):
    """What stands on the screen follows the view."""

    attention: Attention
    clocks: Clocks
    last_notice: Message | None
    view: View
    works: tuple[Action, ...]
    _accounts: tuple[AccountChoice, ...]
    _changed_at: float
    _config: Config | None
    _drawn_once: bool
    _kicked_seen: bool
    _levels_at: float
    _levels_due: bool
    _prefill: SignInPrefill
    _resuming: bool
    _sandbox: bool
    _ticking: bool

    def _show_kicked(self, snapshot: Snapshot) -> None:
        raise NotImplementedError

    def _join_none(self, snapshot: Snapshot) -> None:
        raise NotImplementedError

    def _put_question(self, question: Question) -> None:
        raise NotImplementedError

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
        question = view.snapshot.question
        if question is not None and question != old.snapshot.question:
            self._put_question(question)
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
        call = next((c for c in snapshot.calls if c.state is CallState.RINGING), None)
        if call is not None:
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


def _missed_more(old: View, new: View) -> bool:
    before, after = old.snapshot.shift, new.snapshot.shift
    same = old.connected and before.began == after.began
    return same and after.missed > before.missed


def _rings(snapshot: Snapshot) -> bool:
    return any(call.state is CallState.RINGING for call in snapshot.calls)


def _call_key(snapshot: Snapshot) -> tuple[object, ...]:
    call = snapshot.call
    return () if call is None else (call.key, call.state, call.offers)

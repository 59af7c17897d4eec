"""The view, and what differs in it drawn: screens, running clocks, levels, sentences that age."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from tui.clock import follow_time_zone
from tui.console.actions.conditions import can_type
from tui.console.i18n import render, tr
from tui.console.keys.key_meanings import STEADY, KeyMeanings
from tui.console.view import ScreenName, View
from tui.console.widgets.formats import Clocks, spaced
from tui.port import replace
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Snapshot
from tui.port.values import Message, Phase

if TYPE_CHECKING:
    from tui.console.attention import Attention
    from tui.console.desk import Stage
    from tui.console.screens.base import YimiScreen
    from tui.port.events import LevelsChanged

LEVELS_APART: Final = 0.45
"""Seconds between two drawings of the level bars: at most two a second."""
NOTICE_SECONDS: Final = 10.0
"""Seconds that a failure stays in words; the log keeps it."""
GUARD: Final = STEADY
"""Seconds after a call changed state in which a destructive key is ignored."""


class Drawing:
    """Holds the view; what stands on the screen follows it."""

    def __init__(
        self,
        stage: Stage,
        view: View,
        clocks: Clocks,
        attention: Attention,
        *,
        make_screen: Callable[[ScreenName], YimiScreen],
        changed: Callable[[View, View], None],
        noted: Callable[[Message], None],
        resuming: bool,
    ) -> None:
        """`make_screen` builds a base screen. `changed` is told the view before and after, once
        it is drawn; `noted` each sentence that is shown. `resuming`: a session is taken up again,
        so the console stays."""
        self.view = view
        self.last_notice: Message | None = None
        """The last sentence that was shown."""
        self.resuming = resuming
        self.kicked_seen = False
        """The agent was told of having been signed out by the platform."""
        self.leaving = False
        """The app ends when the engine has: no other screen is begun."""
        self.drawn_once = False
        """The first frame is out, and there is a screen."""
        self.call_changed = -GUARD
        """The instant at which the call changed state, or a command was sent to change it."""
        self._stage, self._clocks, self._attention = stage, clocks, attention
        self._make_screen, self._changed, self._noted = make_screen, changed, noted
        self._meanings = KeyMeanings(clocks.monotonic)
        self._levels_at = 0.0
        self._levels_due = False
        self._ticking = False

    @property
    def guarded(self) -> bool:
        """Whether a call or its write-up changed just now: a destructive key, or a digit, may have
        been meant for what was before."""
        return self._clocks.monotonic() - self.call_changed < GUARD

    def unsteady(self, key: str) -> bool:
        """Whether this key meant something else a moment ago."""
        return self._meanings.just_changed(key)

    def guard(self) -> None:
        """A command changes the call: what comes right behind it may have been meant for what
        was before, however soon the change comes."""
        self.call_changed = self._clocks.monotonic()

    def change(self, **changes: Any) -> None:
        """Change the view and draw what differs."""
        old = self.view
        view = replace(old, **changes)
        if view.snapshot.notice != old.snapshot.notice:
            seen = view.snapshot.notice
            view = replace(view, notice=seen.message if seen is not None else None)
        if _call_key(view.snapshot) != _call_key(old.snapshot):
            self.call_changed = self._clocks.monotonic()
        view = replace(view, screen=self._screen_for(view))
        if view.screen is not ScreenName.CONSOLE and (view.dialling or view.directory):
            view = replace(view, dialling=False, directory=False)
        if view.typing and not can_type(view):
            view = replace(view, typing=False)
        self.view = view
        self._meanings.follow(view)
        self._make_way(old.snapshot, view.snapshot)
        if view.screen is not old.screen:
            self.go(view.screen)
        self._attend(view.snapshot)
        if view.notice is not None and view.notice != old.notice:
            self._notice_shown(view.notice)
        if _missed_more(old, view):
            self._tell_missed(view.snapshot)
        self.draw()
        self._tick_if_needed()
        self._changed(old, view)

    def _make_way(self, old: Snapshot, new: Snapshot) -> None:
        """A call begins to ring: the help, in which nobody types, goes."""
        begins = self.drawn_once and _rings(new) and not _rings(old)
        if begins and getattr(self._stage.screen, "MAKES_WAY", False):
            self._stage.pop_screen()

    def draw(self) -> None:
        if not self.drawn_once:
            return
        from tui.console.screens.base import LiveDialog, YimiScreen

        for screen in tuple(self._stage.screen_stack):
            if isinstance(screen, YimiScreen | LiveDialog) and screen.is_mounted:
                screen.show(self.view)

    def _screen_for(self, view: View) -> ScreenName:
        phase, now = view.snapshot.phase, self.view.screen
        if view.watching:
            return ScreenName.CONSOLE  # with the session the look is over: no other screen follows
        if view.connected and phase in (Phase.SIGNED_IN, Phase.KICKED):
            self.resuming = False
        if self.resuming or (not view.connected and now is not ScreenName.ACCOUNTS):
            return now
        match phase:
            case Phase.SIGNED_IN | Phase.SIGNING_OUT:
                self.kicked_seen = False
                return ScreenName.CONSOLE
            case Phase.KICKED:
                return now if self.kicked_seen else ScreenName.CONSOLE
            case Phase.CHOOSING_GROUP:
                return ScreenName.GROUPS if view.snapshot.groups else ScreenName.SIGN_IN
            case Phase.REGISTERING:
                return now if now in (ScreenName.GROUPS, ScreenName.SIGN_IN) else ScreenName.CONSOLE
            case _:
                return now if now is ScreenName.ACCOUNTS else ScreenName.SIGN_IN

    def go(self, name: ScreenName) -> None:
        if not self.drawn_once or self.leaving:
            return
        while len(self._stage.screen_stack) > 1:
            self._stage.pop_screen()
        self._stage.switch_screen(self._make_screen(name))

    def _attend(self, snapshot: Snapshot) -> None:
        call = next((c for c in snapshot.calls if c.state is CallState.RINGING), None)
        if call is not None:
            number = spaced(call.number) or tr("call.no_number")
            self._attention.call(tr("title.ringing", number=number))
        else:
            self._attention.calm()

    def _tell_missed(self, snapshot: Snapshot) -> None:
        last = next((record for record in snapshot.recent if record.missed), None)
        number = spaced(last.number) if last is not None else ""
        self._attention.tell(tr("title.missed", number=number or tr("call.no_number")))

    def remind(self, what: Message) -> None:
        """Something is due: said to an agent who looks elsewhere."""
        self._attention.tell(render(what))

    def _notice_shown(self, notice: Message) -> None:
        """A sentence is shown: for a while, where the screen has more to say."""
        self._noted(notice)
        self.last_notice = notice
        if not self.view.failed:
            self.view = replace(self.view, failed=True)
        self._stage.set_timer(NOTICE_SECONDS, lambda: self._notice_is_old(notice))

    def _notice_is_old(self, notice: Message) -> None:
        on_console = self.view.screen is ScreenName.CONSOLE and self.view.connected
        if self.view.notice is notice and on_console:
            self.change(notice=None)

    def levels(self, event: LevelsChanged) -> None:
        """Keep the levels; draw them at most twice a second."""
        from tui.port.events import apply

        self.view = replace(self.view, snapshot=apply(self.view.snapshot, event))
        since = self._clocks.monotonic() - self._levels_at
        if self._levels_due or self.view.calm:
            return
        if since >= LEVELS_APART:
            self._draw_levels()
        else:
            self._levels_due = True
            self._stage.set_timer(LEVELS_APART - since, self._draw_levels)

    def _draw_levels(self) -> None:
        self._levels_due = False
        self._levels_at = self._clocks.monotonic()
        self.draw()

    def _tick_if_needed(self) -> None:
        """One timer, and only while a clock runs on the console. In a recording they stand."""
        if self.view.screen is not ScreenName.CONSOLE or self._ticking or not self.drawn_once:
            return
        if self.view.replay:
            return
        from tui.console.widgets.heading import clock_start

        start = clock_start(self.view.snapshot)
        if start is not None:
            self._ticking = True
            elapsed = self._clocks.monotonic() - start
            step = 60 if self.view.calm else 1
            # Just after the whole second, so that no second is skipped or shown twice.
            self._stage.set_timer(step + 0.005 - elapsed % step, self._tick)

    def _tick(self) -> None:
        follow_time_zone()
        self._ticking = False
        self.draw()
        self._tick_if_needed()


def _missed_more(old: View, new: View) -> bool:
    before, after = old.snapshot.shift, new.snapshot.shift
    same = old.connected and before.began == after.began
    return same and after.missed > before.missed


def _rings(snapshot: Snapshot) -> bool:
    return any(call.state is CallState.RINGING for call in snapshot.calls)


def _call_key(snapshot: Snapshot) -> tuple[object, ...]:
    call, wrapup = snapshot.call, snapshot.wrapup
    entry = None if wrapup is None else wrapup.entry
    return (entry,) if call is None else (entry, call.key, call.state, call.offers)

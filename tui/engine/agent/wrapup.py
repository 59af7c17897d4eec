"""The write-up after a call: countdown, outcome, note. All of it lives here, in the engine, so
that a terminal that dies loses neither the countdown nor what was typed.

The platform is told ahead, while the call lasts, that the seat is busy after it (`status_ahead`).
Its "idle" after a call does not end the write-up all the same: busy is sent at once, and again when
the platform says idle in between. A call that is offered in the gap is still shown as an offer.

What is typed holds the countdown: it stops, or, where it must run, waits for the last key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from tui.engine.agent.seat import BUSY, IDLE, SeatController
from tui.engine.context import EngineContext
from tui.port import replace
from tui.port.commands import Result
from tui.port.events import ConnectionChanged, Event, NextStatusChanged, WrapUpChanged
from tui.port.machines.seat_machine import Status
from tui.port.snapshot import Call
from tui.port.values import (
    ConnectionState,
    Message,
    NextStatus,
    Phase,
    WrapUp,
    WrapUpMode,
    message,
)
from tui.text import clean_text

NOTE_LIMIT = 2000
"""Characters of a note."""
TYPING: Final = 5.0
"""Seconds after a key in the note in which no countdown ends the write-up."""
REASON: Final = "seat.wrapup"
"""Why the seat is busy meanwhile."""
_TIMED = (WrapUpMode.TIMED, WrapUpMode.TIMED_STRICT)


def as_kept(note: str) -> tuple[str, Message | None]:
    """A note as it is kept, and a word where that is not all of it."""
    cut = len(clean_text(note, NOTE_LIMIT + 1)) > NOTE_LIMIT
    return clean_text(note, NOTE_LIMIT), message("note.cut", most=NOTE_LIMIT) if cut else None


class WrapUpController:
    """One write-up at a time: the last call's."""

    def __init__(
        self,
        context: EngineContext,
        seat: SeatController,
        mode: WrapUpMode = WrapUpMode.TIMED,
        seconds: float = 30.0,
        outcomes: tuple[str, ...] = (),
        call_back: str = "",
    ) -> None:
        """`call_back` is the outcome that asks when to call."""
        self.context = context
        self.seat = seat
        self.mode = mode
        self.seconds = seconds
        self.outcomes = outcomes
        self.call_back = call_back if call_back in outcomes else ""
        self._listeners: list[Callable[[WrapUp], None]] = []
        self._asking = asyncio.Lock()
        """One status of the write-up's at a time."""
        self._due = False
        """The write-up is over, and the seat still waits for what follows: a call was in the way,
        the line was gone, or the platform did not confirm it."""
        self._idle_follows = False
        """The last write-up ended in "ready", and nobody has set another status since."""

        seat.listen_idle(self.hold_seat)
        context.events.listen(self._heard)

    def listen(self, listener: Callable[[WrapUp], None]) -> None:
        """Tell this listener at each change that is to be kept."""
        self._listeners.append(listener)

    def _save(self, wrapup: WrapUp) -> None:
        for listener in self._listeners:
            listener(wrapup)

    @property
    def wanted(self) -> bool:
        """Whether a call that was up is written up."""
        return self.mode is not WrapUpMode.OFF and bool(self.seconds)

    def begin(self, call: Call, entry: int) -> bool:
        """A call that was up is over. False when no write-up is wanted."""
        if not self.wanted or call.answered is None:
            return False
        if self.context.snapshot.phase is not Phase.SIGNED_IN:
            return False
        self._leave_old()
        self._idle_follows = False
        now = self.context.clock()
        until = now + self.seconds if self.mode in _TIMED else None
        wrapup = WrapUp(
            entry=entry,
            number=call.number,
            outgoing=call.outgoing,
            talk_time=call.end.talk_time,
            ended=call.outcome,
            began=now,
            until=until,
            mode=self.mode,
            outcomes=self.outcomes,
            call_back=self.call_back,
            note=call.note,
            call=call.key,
        )
        self.context.emit(WrapUpChanged(wrapup))
        if until is not None:
            self.context.timers.set("wrapup", self.seconds, self._time_is_up)
        self.hold_seat()
        return True

    def hold_seat(self) -> None:
        """Busy, as long as it is written up. Called when the platform says idle as well."""
        if self.context.snapshot.wrapup is not None:
            self.context.spawn(self._busy())

    async def _busy(self) -> None:
        async with self._asking:
            seat = self.context.snapshot.seat
            if self.context.snapshot.wrapup is None:  # over, while another status was asked for
                return
            if seat.pending is None and seat.status is not Status.OFFLINE:
                taken = seat.taken  # a break goes on: it is come back to
                await self.seat.set_status(BUSY, message(REASON), in_call=True, taken=taken)

    # ------------------------------------------------------------ commands

    def edit(self, outcome: str | None, note: str | None) -> Result:
        """Keep what is typed and chosen so far."""
        wrapup = self.context.snapshot.wrapup
        if wrapup is None:
            return Result(False, message("wrapup.none"))
        if outcome is not None:
            if outcome and outcome not in wrapup.outcomes:
                return Result(False, message("wrapup.no_such_outcome"))
            wrapup = replace(wrapup, outcome=outcome)
        cut = None
        if note is not None:
            kept, cut = as_kept(note)
            wrapup = replace(wrapup, note=kept, until=self._held(wrapup))
        if wrapup != self.context.snapshot.wrapup:
            self.context.emit(WrapUpChanged(wrapup))
            self._save(wrapup)
        return Result(True, cut)

    def _held(self, wrapup: WrapUp) -> float | None:
        """When it ends by itself, now that somebody types."""
        if wrapup.until is None or wrapup.mode is not WrapUpMode.TIMED_STRICT:
            self.context.timers.cancel("wrapup")
            return None
        now = self.context.clock()
        until = max(wrapup.until, now + TYPING)
        self.context.timers.set("wrapup", until - now, self._time_is_up)
        return until

    def keep_open(self) -> Result:
        """No countdown any more."""
        wrapup = self.context.snapshot.wrapup
        if wrapup is None:
            return Result(False, message("wrapup.none"))
        if wrapup.mode is WrapUpMode.TIMED_STRICT:
            return Result(False, message("wrapup.strict"))
        self.context.timers.cancel("wrapup")
        if wrapup.until is not None:
            self.context.emit(WrapUpChanged(replace(wrapup, until=None)))
        return Result(True)

    async def finish(self) -> Result:
        """ "Ready now": save it, and take the status that was set ahead, else idle."""
        if (refused := self._not_yet()) is not None:
            return refused
        self._leave_old()
        return await self._ready()

    async def finish_into(self, follow: Callable[[], Awaitable[Result]]) -> Result:
        """Save it, and take what `follow` asks for in place of the status that was set ahead."""
        if (refused := self._not_yet()) is not None:
            return refused
        self._leave_old()
        self._idle_follows = False
        if self.context.snapshot.next_status:
            self.context.emit(NextStatusChanged(NextStatus.NONE))
        async with self._asking:  # the busy that began it may still wait for its 200
            return await follow()

    def _not_yet(self) -> Result | None:
        """Why the write-up cannot end now; None when it can."""
        wrapup = self.context.snapshot.wrapup
        if wrapup is None:
            return Result(False, message("wrapup.none"))
        if wrapup.mode is WrapUpMode.REQUIRED and not wrapup.outcome:
            return Result(False, message("wrapup.outcome_required"))
        if wrapup.mode is WrapUpMode.TIMED_STRICT and "wrapup" in self.context.timers:
            return Result(False, message("wrapup.strict"))
        return None

    def _time_is_up(self) -> None:
        self._leave_old()
        self.context.spawn(self._ready_quietly())

    @property
    def idle_follows(self) -> bool:
        """Whether the agent was ready after the last write-up, and nobody has set another status
        since: a busy that was asked for before that is nobody's wish any more."""
        return self._idle_follows

    async def ready_again(self) -> None:
        """The other side has said busy, late: idle once more, where the agent was ready."""
        async with self._asking:  # what the write-up ended in is known when it was asked for
            if self._idle_follows:
                await self._be_ready()

    async def _ready_quietly(self) -> None:
        await self._ready()

    async def _ready(self) -> Result:
        """The status after the write-up. Nobody there: the seat stays busy."""
        async with self._asking:  # "ready" may come before the 200 to the busy that began it
            return await self._be_ready()

    async def _be_ready(self) -> Result:
        snapshot = self.context.snapshot
        self._due = snapshot.connection.state is not ConnectionState.OK or any(
            c.live for c in snapshot.calls
        )
        if self._due:
            return Result(True)
        wanted = snapshot.next_status or IDLE
        if snapshot.next_status:
            self.context.emit(NextStatusChanged(NextStatus.NONE))
        if not self.context.attended:
            wanted = BUSY
        self._idle_follows = wanted == IDLE
        if snapshot.next_status is NextStatus.BUSY:
            result = await self.seat.come_back()
        else:
            reason = None if self.context.attended else message("seat.unattended")
            result = await self.seat.set_status(wanted, reason)
        # Not confirmed, idle is asked for again once the line is back; busy it is already. A
        # platform that restarts swallows it before anybody sees that the line is gone.
        self._due = self._idle_follows and not result.ok
        return result

    # ------------------------------------------------------------ what was in the way

    def call_over(self) -> bool:
        """A call is over, and nothing of it is written up. Whether the seat now gets the status
        that a write-up before it ended in."""
        return self._come_back()

    def _heard(self, event: Event) -> None:
        if isinstance(event, ConnectionChanged) and event.connection.state is ConnectionState.OK:
            self._come_back()

    def _come_back(self) -> bool:
        seat = self.context.snapshot.seat
        meant = seat.reason is not None and seat.reason.id != REASON
        due = self._due and seat.status is not Status.ONLINE and not meant
        if due:  # else somebody has set another status since
            self.context.spawn(self._ready_quietly())
        return due

    def status_chosen(self) -> None:
        """The agent has set a status since: that counts."""
        self._due = self._idle_follows = False

    def busy_stands(self) -> None:
        """The platform has made the seat busy since, for a reason of its own."""
        self._idle_follows = False

    # ------------------------------------------------------------ what ends it

    def call_answered(self) -> None:
        """The next call is up: what was typed is kept, and the old write-up makes room."""
        self._leave_old()

    def session_ended(self) -> None:
        """Signed out or kicked: what was typed is kept."""
        self._leave_old()
        self._idle_follows = False

    def _leave_old(self) -> None:
        self._due = False
        self.context.timers.cancel("wrapup")
        wrapup = self.context.snapshot.wrapup
        if wrapup is not None:
            self._save(wrapup)
            self.context.emit(WrapUpChanged(None))

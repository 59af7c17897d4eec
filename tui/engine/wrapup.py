"""The write-up after a call: countdown, outcome, note. All of it lives here, in the engine, so
that a terminal that dies loses neither the countdown nor what was typed.

The platform's "idle" after a call does not end it: busy is sent at once, and again when the
platform says idle in between. A call that is offered in the gap is still shown as an offer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from tui.engine.commands import Result
from tui.engine.core import Core
from tui.engine.events import NextStatusChanged, WrapUpChanged
from tui.engine.seat import BUSY, IDLE, SeatDesk
from tui.engine.state import (
    Call,
    LineState,
    Phase,
    Status,
    WrapUp,
    WrapUpMode,
    message,
)
from tui.text import clean_text

NOTE_LIMIT = 2000
"""Characters of a note."""
_TIMED = (WrapUpMode.TIMED, WrapUpMode.TIMED_STRICT)


class WrapUpDesk:
    """One write-up at a time: the last call's."""

    def __init__(self, core: Core, seat: SeatDesk) -> None:
        self.core = core
        self.seat = seat
        self.mode = WrapUpMode.TIMED
        self.seconds = 30.0
        self.outcomes: tuple[str, ...] = ()
        self.save: Callable[[WrapUp], None] = lambda wrapup: None
        """Writes outcome and note into the history; called at each change that is kept."""
        self._asking = asyncio.Lock()
        """One status of the write-up's at a time."""

    def begin(self, call: Call, entry: int) -> bool:
        """A call that was up is over. False when no write-up is wanted."""
        if self.mode is WrapUpMode.OFF or not self.seconds or call.answered is None:
            return False
        if self.core.snapshot.phase is not Phase.SIGNED_IN:
            return False
        self._leave_old()
        now = self.core.clock()
        until = now + self.seconds if self.mode in _TIMED else None
        wrapup = WrapUp(
            entry=entry,
            number=call.number,
            outgoing=call.outgoing,
            talk_time=call.talk_time,
            ended=call.outcome,
            began=now,
            until=until,
            mode=self.mode,
            outcomes=self.outcomes,
        )
        self.core.emit(WrapUpChanged(wrapup))
        if until is not None:
            self.core.timers.set("wrapup", self.seconds, self._time_is_up)
        self.hold_seat()
        return True

    def hold_seat(self) -> None:
        """Busy, as long as it is written up. Called when the platform says idle as well."""
        if self.core.snapshot.wrapup is not None:
            self.core.spawn(self._busy())

    async def _busy(self) -> None:
        async with self._asking:
            seat = self.core.snapshot.seat
            if self.core.snapshot.wrapup is None:  # over, while another status was asked for
                return
            if seat.pending is None and seat.status is not Status.OFFLINE:
                await self.seat.set_status(BUSY, message("seat.wrapup"), in_call=True)

    # ------------------------------------------------------------ commands

    def edit(self, outcome: str | None, note: str | None) -> Result:
        """Keep what is typed and chosen so far."""
        wrapup = self.core.snapshot.wrapup
        if wrapup is None:
            return Result(False, message("wrapup.none"))
        if outcome is not None:
            if outcome and outcome not in wrapup.outcomes:
                return Result(False, message("wrapup.no_such_outcome"))
            wrapup = replace(wrapup, outcome=outcome)
        if note is not None:
            wrapup = replace(wrapup, note=clean_text(note, NOTE_LIMIT))
        if wrapup != self.core.snapshot.wrapup:
            self.core.emit(WrapUpChanged(wrapup))
            self.save(wrapup)
        return Result(True)

    def keep_open(self) -> Result:
        """No countdown any more."""
        wrapup = self.core.snapshot.wrapup
        if wrapup is None:
            return Result(False, message("wrapup.none"))
        if wrapup.mode is WrapUpMode.TIMED_STRICT:
            return Result(False, message("wrapup.strict"))
        self.core.timers.cancel("wrapup")
        if wrapup.until is not None:
            self.core.emit(WrapUpChanged(replace(wrapup, until=None)))
        return Result(True)

    async def finish(self) -> Result:
        """ "Ready now": save it, and take the status that was set ahead, else idle."""
        wrapup = self.core.snapshot.wrapup
        if wrapup is None:
            return Result(False, message("wrapup.none"))
        if wrapup.mode is WrapUpMode.REQUIRED and not wrapup.outcome:
            return Result(False, message("wrapup.outcome_required"))
        if wrapup.mode is WrapUpMode.TIMED_STRICT and "wrapup" in self.core.timers:
            return Result(False, message("wrapup.strict"))
        self._leave_old()
        return await self._ready()

    def _time_is_up(self) -> None:
        self._leave_old()
        self.core.spawn(self._ready_quietly())

    async def _ready_quietly(self) -> None:
        await self._ready()

    async def _ready(self) -> Result:
        """The status after the write-up. Nobody there: the seat stays busy."""
        async with self._asking:  # "ready" may come before the 200 to the busy that began it
            return await self._be_ready()

    async def _be_ready(self) -> Result:
        snapshot = self.core.snapshot
        if snapshot.line.state is not LineState.OK or any(c.live for c in snapshot.calls):
            return Result(True)
        wanted = snapshot.next_status or IDLE
        if snapshot.next_status:
            self.core.emit(NextStatusChanged(0))
        if not self.core.attended:
            wanted = BUSY
        reason = None if self.core.attended else message("seat.unattended")
        return await self.seat.set_status(wanted, reason)

    # ------------------------------------------------------------ what ends it

    def call_answered(self) -> None:
        """The next call is up: what was typed is kept, and the old write-up makes room."""
        self._leave_old()

    def session_ended(self) -> None:
        """Signed out or kicked: what was typed is kept."""
        self._leave_old()

    def _leave_old(self) -> None:
        self.core.timers.cancel("wrapup")
        wrapup = self.core.snapshot.wrapup
        if wrapup is not None:
            self.save(wrapup)
            self.core.emit(WrapUpChanged(None))

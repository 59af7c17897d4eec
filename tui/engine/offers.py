"""Calls that are offered: answering by itself, "can't take it", and offers that were missed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from tui.engine.calls import Calls
from tui.engine.commands import Result
from tui.engine.core import log
from tui.engine.events import ShiftChanged
from tui.engine.seat import BUSY, SeatDesk
from tui.engine.state import VOIP, Call, CallState, Message, Status, message

AUTO_ANSWER_CHOICES = (0, 3, 5, 8)
"""Seconds (platform.md, `auto_answer_duration`); 0 = not."""


class Offers:
    """What happens to an offer without, or before, the agent."""

    def __init__(self, calls: Calls, seat: SeatDesk) -> None:
        self.calls = calls
        self.core = calls.core
        self.seat = seat
        self.missed_limit = 3
        self.seconds = 0
        """Answer by itself after so many seconds; 0 = not."""
        self.beep: Callable[[], Awaitable[None]] = _silence
        """Sounds before the microphone opens by itself."""
        self.answer: Callable[[str], Awaitable[Result]] = calls.answer
        self.hang_up: Callable[[str], Awaitable[Result]] = calls.hang_up
        """How an offer is answered and declined: by the platform, or on the line itself."""

    def set_auto_answer(self, seconds: int) -> Result:
        """From the next offer on."""
        if seconds not in AUTO_ANSWER_CHOICES:
            return Result(False, message("autoanswer.bad"))
        self.seconds = seconds
        return Result(True)

    # ------------------------------------------------------------ one offer

    def offered(self, call: Call) -> None:
        """A call began to ring: it is answered by itself where the agent wants that."""
        if self.seconds:
            self.answer_after(call, self.seconds)

    def answer_after(self, call: Call, seconds: float) -> None:
        """Answer by itself after so many seconds. Nobody there, a phone elsewhere, or another
        call: nothing is answered here."""
        account = self.core.snapshot.account
        here = account is not None and account.callintype == VOIP
        if not self.core.attended or not here or len(self.calls.live) > 1:
            return
        self.calls.put(call, auto_answer=self.core.clock() + seconds)
        self.core.timers.set(f"auto answer {call.key}", seconds, lambda: self._answer_now(call.key))

    def _answer_now(self, key: str) -> None:
        call = self.calls.by_key(key)
        if call is None or call.state is not CallState.RINGING or call.auto_answer is None:
            return
        if not self.core.attended:
            log.info("not answered by itself: nobody is there")
            self.calls.put(call, auto_answer=None)
            return
        self.core.spawn(self._answer(call.ccnumber))

    async def _answer(self, ccnumber: str) -> None:
        await self.beep()
        await self.answer(ccnumber)

    def stop_auto_answer(self, ccnumber: str) -> Result:
        """Let this offer ring on."""
        call = self.calls.find(ccnumber)
        if call is None or call.auto_answer is None:
            return Result(False, message("autoanswer.none"))
        self.core.timers.cancel(f"auto answer {call.key}")
        self.calls.put(call, auto_answer=None)
        return Result(True)

    async def cannot_take(self, ccnumber: str) -> Result:
        """Busy first, then decline: the other way round the call would come straight back."""
        call = self.calls.find(ccnumber)
        if call is None or call.state is not CallState.RINGING:
            return Result(False, message("answer.nothing_rings"))
        self.core.timers.cancel(f"auto answer {call.key}")
        reason = message("seat.cannot_take")
        if self.core.snapshot.seat.status is not Status.BUSY:
            busy = await self.seat.set_status(BUSY, reason, in_call=True)
            if not busy.ok:
                return busy
        return await self.hang_up(call.ccnumber)

    # ------------------------------------------------------------ many offers

    def missed(self) -> None:
        """An offer ended unanswered, and was not declined."""
        shift = self.core.snapshot.shift
        row = shift.missed_in_a_row + 1
        self.core.emit(ShiftChanged(replace(shift, missed=shift.missed + 1, missed_in_a_row=row)))
        if self.missed_limit and row >= self.missed_limit:
            self.core.spawn(self._too_many(message("seat.missed", count=row)))

    async def _too_many(self, reason: Message) -> None:
        result = await self.seat.set_status(BUSY, reason, in_call=True)
        if result.ok:
            self._row_is_over()
            self.core.notice(reason, serious=False)

    def answered(self) -> None:
        """A call was taken: the row of missed ones is over."""
        self._row_is_over()

    def _row_is_over(self) -> None:
        shift = self.core.snapshot.shift
        if shift.missed_in_a_row:
            self.core.emit(ShiftChanged(replace(shift, missed_in_a_row=0)))


async def _silence() -> None:
    """No beep: a test, or no sound device."""

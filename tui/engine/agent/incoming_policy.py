"""Incoming calls: answering by itself, "can't take it", and calls that were missed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tui.engine.agent.seat import BUSY, SeatController
from tui.engine.call_control import ActiveControl
from tui.engine.calls import Calls
from tui.engine.context import log
from tui.port import replace
from tui.port.commands import Result
from tui.port.events import ShiftChanged
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import Status
from tui.port.snapshot import Call
from tui.port.values import VOIP, Message, message

AUTO_ANSWER_CHOICES = (0, 3, 5, 8)
"""Seconds (platform.md, `auto_answer_duration`); 0 = not."""


class IncomingPolicy:
    """What happens to an incoming call without, or before, the agent."""

    def __init__(
        self,
        calls: Calls,
        seat: SeatController,
        control: ActiveControl,
        beep: Callable[[], Awaitable[None]],
        *,
        seconds: int = 0,
        missed_limit: int = 3,
    ) -> None:
        self.calls = calls
        self.context = calls.context
        self.seat = seat
        self.missed_limit = missed_limit
        self.seconds = seconds
        """Answer by itself after so many seconds; 0 = not."""
        self._is_enterprises = False
        """It is what the enterprise of this session, or of the last one, wants."""
        self._control = control
        self._beep = beep
        """Sounds before the microphone opens by itself."""

    def set_auto_answer(self, seconds: int) -> Result:
        """From the next call on."""
        if seconds not in AUTO_ANSWER_CHOICES:
            return Result(False, message("autoanswer.bad"))
        self.seconds, self._is_enterprises = seconds, False
        return Result(True)

    def enterprise_wants(self, seconds: int) -> bool:
        """A session begins at an enterprise that wants this, 0 for nothing. What the agent, or the
        config, has chosen counts before it; 0 is no choice. False for one that nobody listed."""
        listed = seconds in AUTO_ANSWER_CHOICES
        if self._is_enterprises or not self.seconds:
            self.seconds, self._is_enterprises = seconds if listed else 0, True
        return listed

    # ------------------------------------------------------------ one call

    def offered(self, call: Call) -> None:
        """A call began to ring: it is answered by itself where the agent wants that."""
        if self.seconds:
            self.answer_after(call, self.seconds)

    def answer_after(self, call: Call, seconds: float) -> None:
        """Answer by itself after so many seconds. Nobody there, a phone elsewhere, or another
        call: nothing is answered here."""
        account = self.context.snapshot.account
        here = account is not None and account.callintype == VOIP
        if not self.context.attended or not here or len(self.calls.live) > 1:
            return
        self.calls.put(call, auto_answer=self.context.clock() + seconds)
        self.context.timers.set(
            f"auto answer {call.key}", seconds, lambda: self._answer_now(call.key)
        )

    def _answer_now(self, key: str) -> None:
        call = self.calls.by_key(key)
        if call is None or call.state is not CallState.RINGING or call.auto_answer is None:
            return
        if not self.context.attended:
            log.info("not answered by itself: nobody is there")
            self.calls.put(call, auto_answer=None)
            return
        self.context.spawn(self._answer(call))

    async def _answer(self, call: Call) -> None:
        await self._beep()
        result = await self._control.now.answer(call.ccnumber)
        still = self.calls.by_key(call.key)
        if result.ok or still is None or still.state is not CallState.RINGING:
            return
        if still.auto_answer is not None:
            self.calls.put(still, auto_answer=None)  # it is promised no more
        shown = self.context.snapshot.notice
        if result.message is not None and (shown is None or shown.message != result.message):
            self.context.notice(result.message)

    def stop_auto_answer(self, ccnumber: str) -> Result:
        """Let this call ring on."""
        call = self.calls.find(ccnumber)
        if call is None or call.auto_answer is None:
            return Result(False, message("autoanswer.none"))
        self.context.timers.cancel(f"auto answer {call.key}")
        self.calls.put(call, auto_answer=None)
        return Result(True)

    async def cannot_take(self, ccnumber: str) -> Result:
        """Busy first, then decline: the other way round the call would come straight back."""
        call = self.calls.find(ccnumber)
        if call is None or call.state is not CallState.RINGING:
            return Result(False, message("answer.nothing_rings"))
        self.context.timers.cancel(f"auto answer {call.key}")
        reason = message("seat.cannot_take")
        if self.context.snapshot.seat.status is not Status.BUSY:
            busy = await self.seat.set_status(BUSY, reason, in_call=True)
            if not busy.ok:
                return busy
            now = self.calls.by_key(call.key)
            if now is None or now.state is not CallState.RINGING or now.offers != call.offers:
                return Result(False, message("answer.nothing_rings"))  # answered, or over
        return await self._control.now.decline_for_others(call.ccnumber)

    # ------------------------------------------------------------ many missed ones

    def missed(self) -> None:
        """A call ended unanswered, and was not declined."""
        shift = self.context.snapshot.shift
        row = shift.missed_in_a_row + 1
        self.context.emit(
            ShiftChanged(replace(shift, missed=shift.missed + 1, missed_in_a_row=row))
        )
        if self.missed_limit and row >= self.missed_limit:
            self.context.spawn(self._too_many(message("seat.missed", count=row)))

    async def _too_many(self, reason: Message) -> None:
        result = await self.seat.set_status(BUSY, reason, in_call=True)
        if result.ok:
            self._row_is_over()
            self.context.notice(reason, serious=False)

    def answered(self) -> None:
        """A call was taken: the row of missed ones is over."""
        self._row_is_over()

    def _row_is_over(self) -> None:
        shift = self.context.snapshot.shift
        if shift.missed_in_a_row:
            self.context.emit(ShiftChanged(replace(shift, missed_in_a_row=0)))

"""The agent's calls: what is asked of them. What the platform reports of them is in reports.py;
which state follows which is in state.py, and nowhere else."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from tui.engine.commands import Result
from tui.engine.core import Core, log
from tui.engine.events import CallChanged, CallRemoved
from tui.engine.number import NumberError, is_extension, parse_number, split_number
from tui.engine.state import (
    CALL_TABLE,
    Account,
    Call,
    CallInput,
    CallState,
    Leg,
    LineState,
    Message,
    Phase,
    message,
    step_call,
)
from tui.platform import control
from tui.platform.base import CALLBACK_PHONE, VOIP
from tui.text import clean_text

OUTSIDE, EXTENSION = 2, 3
"""What `call` returns (specification)."""

_ENDABLE = frozenset(
    {
        CallState.DIALING,
        CallState.PROCEEDING,
        CallState.RINGING,
        CallState.ANSWERING,
        CallState.TALKING,
        CallState.HOLDING,
    }
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a control MESSAGE: `status` is SIP's, 0 when nothing came in time."""

    status: int
    reason: str = ""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


def unconfirmed(what: str, outcome: Outcome) -> Message:
    """The sentence for a MESSAGE without a 200: silence and refusal read differently. `what` is
    dial, answer, hangup, hold, resume or status."""
    if outcome.status == 0:
        return message(f"unconfirmed.{what}")
    return message(f"rejected.{what}", status=outcome.status, reason=outcome.reason)


Send = Callable[[control.AgentMessage], Awaitable[Outcome]]


class CallAudio(Protocol):
    """What calls need of the audio: see audio.py."""

    def expect(self, key: str) -> None: ...
    def stop(self, key: str) -> None: ...
    def hold(self, key: str, on: bool) -> None: ...
    def mute(self, key: str, on: bool) -> None: ...
    def ring(self, on: bool) -> None: ...


class Calls:
    """The calls of one engine, and the commands on them."""

    def __init__(self, core: Core, send: Send, audio: CallAudio) -> None:
        self.core = core
        self.send = send
        self.audio = audio
        self.on_change: Callable[[Call | None, Call], None] = lambda before, after: None
        """Called with a call as it was (None: it is new) and as it is."""
        self.type_when_answered: Callable[[str, str], None] = lambda key, tones: None
        """Keeps tones for a call that is being dialled (digits.py)."""
        self.may_decline = True
        """Whether an offer may be declined here (config, [policies])."""
        self.late_replies = 0
        """Dialled calls that were given up before the platform replied: a reply is hung up."""
        self.handed_over: set[str] = set()
        """ccNumbers whose transfer is done: their audio ends, and the 105 says that it is so."""
        self._next_key = 0

    # ------------------------------------------------------------ finding and moving

    def by_ccnumber(self, ccnumber: str) -> Call | None:
        """The call of this ccNumber that the snapshot still shows."""
        return next((c for c in self.core.snapshot.calls if c.ccnumber == ccnumber), None)

    def by_key(self, key: str) -> Call | None:
        return next((c for c in self.core.snapshot.calls if c.key == key), None)

    def find(self, ccnumber: str) -> Call | None:
        """The live call a command means: the one of that ccNumber, else the marked one, else the
        one there is."""
        live = [c for c in self.core.snapshot.calls if c.live]
        if ccnumber:
            return next((c for c in live if c.ccnumber == ccnumber), None)
        marked = self.core.snapshot.marked
        return next((c for c in live if c.key == marked), live[0] if live else None)

    @property
    def live(self) -> tuple[Call, ...]:
        return tuple(c for c in self.core.snapshot.calls if c.live)

    def add(self, **values: Any) -> Call:
        """Put a new call in; those that are over make room."""
        for over in self.core.snapshot.calls:
            if not over.live:
                self.core.emit(CallRemoved(over.key))
        self._next_key += 1
        now = self.core.clock()
        call = Call(key=str(self._next_key), **{"since": now, "began": now, **values})
        self.core.emit(CallChanged(call))
        self._after(None, call)
        return call

    def move(self, call: Call, given: CallInput, **changes: Any) -> Call | None:
        """Step a call by the table. None, and a log line, when the table has no such step."""
        if (call.state, given) not in CALL_TABLE:
            log.info("call %s: %s ignored while %s", call.key, given.value, call.state.value)
            return None
        now = self.core.clock()
        if call.state is CallState.HOLDING:
            changes["hold_time"] = call.hold_time + now - call.since
        return self.put(call, state=step_call(call.state, given), since=now, **changes)

    def put(self, call: Call, **changes: Any) -> Call:
        """Change fields of a call and tell everyone."""
        changed = replace(call, **changes)
        self.core.emit(CallChanged(changed))
        self._after(call, changed)
        return changed

    def _after(self, before: Call | None, call: Call) -> None:
        if before is None or before.state is not call.state:
            log.info("call %s %s: %s", call.key, call.ccnumber or "–", call.state.value)
        states = {c.state for c in self.core.snapshot.calls}
        # In a call it does not ring into the ear: call waiting has its own, softer sound.
        self.audio.ring(CallState.RINGING in states and CallState.TALKING not in states)
        if not call.live:
            self.core.timers.cancel(f"call {call.key}")
            self.audio.stop(call.key)
        self.on_change(before, call)

    def end(
        self,
        call: Call,
        given: CallInput,
        outcome: Message,
        *,
        reason: int | None = None,
        talk_time: float | None = None,
        missed: bool = False,
    ) -> bool:
        """End a call. False when it was over already."""
        ended = self.move(
            call,
            given,
            outcome=outcome,
            reason=reason,
            talk_time=talk_time,
            missed=missed,
            pending="",
            transfer="",
            joined=False,
            auto_answer=None,
        )
        return ended is not None

    def end_all(self, outcome: Message) -> None:
        """The session is over: so is every call."""
        for call in self.live:
            talked = None if call.answered is None else self.core.clock() - call.answered
            self.end(call, CallInput.SESSION_ENDED, outcome, talk_time=talked)

    def limit(self, call: Call, seconds: float, callback: Callable[[Call], None]) -> None:
        """Call back with the call as it then is, unless it moved on to another limit or ended."""

        def due() -> None:
            current = self.by_key(call.key)
            if current is not None and current.live:
                callback(current)

        self.core.timers.set(f"call {call.key}", seconds, due)

    # ------------------------------------------------------------ commands

    def not_ready(self) -> Result | None:
        """Why nothing can be asked of the platform now; None when it can."""
        if self.core.snapshot.phase is not Phase.SIGNED_IN:
            return Result(False, message("engine.not_signed_in"))
        if self.core.snapshot.line.state is not LineState.OK:
            return Result(False, message("engine.line_lost"))
        return None

    async def dial(self, text: str, area: str = "", *, shown: str = "") -> Result:
        """`call`: 2 outside line, 3 extension, by the enterprise's range. What stands behind a
        comma is typed once the call is up. `shown` stands on the screen in place of the number
        (an encrypted one)."""
        try:
            number, tones = split_number(text)
            number = parse_number(number)
        except NumberError as error:
            return Result(False, message(error.message_id, found=error.found))
        if refusal := self.not_ready():
            return refusal
        if self.live:
            return Result(False, message("dial.in_call"))
        account = self.core.snapshot.account
        assert account is not None  # SIGNED_IN has an account
        internal = is_extension(number, account.extension_start, account.extension_end)
        call = self.add(
            state=CallState.DIALING,
            outgoing=True,
            number=clean_text(shown) or number,
            internal=internal,
            leg=Leg.NONE,
        )
        self.type_when_answered(call.key, tones)
        self.audio.expect(call.key)
        self.limit(call, self.core.limits.dial_reply, self._no_reply)
        outcome = await self.send(self._dial_message(account, number, internal, area))
        if not outcome.ok and (current := self.by_key(call.key)) and current.live:
            if current.state is not CallState.DIALING:
                return Result(True, code=EXTENSION if internal else OUTSIDE)
            failure = unconfirmed("dial", outcome)
            if outcome.status == 0:
                self.late_replies += 1
            self.end(current, CallInput.NO_REPLY, failure)
            return Result(False, failure)
        return Result(True, code=EXTENSION if internal else OUTSIDE)

    def _dial_message(
        self, account: Account, number: str, internal: bool, area: str
    ) -> control.AgentMessage:
        # Wall-clock milliseconds and three digits (platform.md, "The wire of platform 1").
        identity = f"{int(time.time() * 1000)}{self.core.rng.randrange(1000):03d}"
        if internal:
            return control.DialExtension(account.switchnumber, identity, number, account.eid)
        return control.DialOutside(account.switchnumber, identity, number, area)

    def _no_reply(self, call: Call) -> None:
        if call.state is CallState.DIALING or (
            call.state is CallState.ENDING and not call.ccnumber
        ):
            self.late_replies += 1
            self.end(call, CallInput.NO_REPLY, message("dial.no_reply"))

    async def answer(self, ccnumber: str) -> Result:
        """`answerPBXCall`."""
        if refusal := self.not_ready():
            return refusal
        call = self.find(ccnumber)
        if call is None or call.state is not CallState.RINGING:
            return Result(False, message("answer.nothing_rings"))
        moved = self.move(call, CallInput.ANSWER_SENT)
        assert moved is not None  # RINGING takes ANSWER_SENT
        self.audio.expect(call.key)
        account, limits = self.core.snapshot.account, self.core.limits
        here = account is None or account.callintype == VOIP
        self.limit(moved, limits.answered if here else limits.phone, self._answer_unconfirmed)
        outcome = await self.send(control.Answer(call.ccnumber))
        current = self.by_key(call.key)
        if not outcome.ok and current is not None and current.state is CallState.ANSWERING:
            failure = unconfirmed("answer", outcome)
            self.core.timers.cancel(f"call {call.key}")
            self.audio.stop(call.key)
            self.move(current, CallInput.ANSWER_FAILED, outcome=failure)
            self.core.notice(failure)
            return Result(False, failure)
        return Result(True)

    def _answer_unconfirmed(self, call: Call) -> None:
        if call.state is CallState.ANSWERING:
            self.end(call, CallInput.NO_REPLY, message("answer.no_reply"))
            self.core.spawn(self._hang_up_quietly(call.ccnumber))

    async def _hang_up_quietly(self, ccnumber: str) -> None:
        await self.send(control.HangUp(ccnumber))

    def hang_up_late(self, ccnumber: str) -> None:
        """A reply for a call that was given up: nobody waits for it, so it is ended."""
        self.late_replies = max(0, self.late_replies - 1)
        self.core.spawn(self._hang_up_quietly(ccnumber))

    async def hang_up(self, ccnumber: str, *, leave_them: bool = False) -> Result:
        """`terminate`: an offer is declined, a call is hung up; the platform's own message
        confirms it. With a third party there it only happens when `leave_them` says so."""
        call = self.find(ccnumber)
        if call is None:
            return Result(False, message("call.none"))
        if call.state not in _ENDABLE:
            return Result(True)  # asked already
        if call.third is not None and call.third.present and not leave_them:
            return Result(False, message("threeway.ask"))
        if call.state is CallState.RINGING and not self.may_decline:
            return Result(False, message("decline.not_allowed"))
        if refusal := self.not_ready():
            return refusal
        moved = self.move(call, CallInput.HANGUP_SENT, before=call.state)
        assert moved is not None  # every state in _ENDABLE takes HANGUP_SENT
        if not call.ccnumber:
            return Result(True)  # hung up as soon as the platform names the call
        return await self.send_hang_up(moved)

    async def send_hang_up(self, call: Call) -> Result:
        """Send the hang-up of a call that is ENDING or DECLINING, and wait for the 200."""
        self.limit(call, self.core.limits.ended, self._end_unconfirmed)
        outcome = await self.send(control.HangUp(call.ccnumber))
        current = self.by_key(call.key)
        if outcome.ok or current is None or not current.live:
            return Result(True)
        failure = unconfirmed("hangup", outcome)
        self.core.timers.cancel(f"call {call.key}")
        if current.state in (CallState.ENDING, CallState.DECLINING):
            back = current.before or CallState.TALKING
            self.put(current, state=back, since=self.core.clock(), outcome=failure)
        self.core.notice(failure)
        return Result(False, failure)

    def _end_unconfirmed(self, call: Call) -> None:
        if call.state in (CallState.ENDING, CallState.DECLINING):
            talked = None if call.answered is None else self.core.clock() - call.answered
            self.end(
                call, CallInput.NO_REPLY, message("hangup.no_reply"), reason=26, talk_time=talked
            )

    async def hold(self, ccnumber: str, on: bool) -> Result:
        """`hold` and `unhold`: the 200 is the only confirmation. Hold cuts the sound here first,
        before the platform is asked; without its 200 the sound is as it was."""
        if refusal := self.not_ready():
            return refusal
        call = self.find(ccnumber)
        wanted = CallState.TALKING if on else CallState.HOLDING
        if call is None or call.state is not wanted:
            return Result(False, message("hold.not_talking" if on else "resume.not_held"))
        if on and call.third is not None and call.third.present:
            return Result(False, message("hold.in_threeway"))
        if call.pending:
            return Result(True)  # asked already
        call = self.put(call, pending="hold" if on else "resume")
        if on:
            self.audio.hold(call.key, True)
        own = self._own_number()
        asked = control.Hold(call.ccnumber, own) if on else control.Resume(call.ccnumber, own)
        outcome = await self.send(asked)
        current = self.by_key(call.key)
        if current is None or not current.live:
            return Result(False, message("call.none"))
        if not outcome.ok:
            failure = unconfirmed("hold" if on else "resume", outcome)
            self.put(current, pending="")
            self.audio.hold(call.key, current.state is CallState.HOLDING)
            self.core.notice(failure)
            return Result(False, failure)
        given = CallInput.HOLD_CONFIRMED if on else CallInput.RESUME_CONFIRMED
        if self.move(current, given, pending="") is None:
            self.put(current, pending="")
            self.audio.hold(call.key, current.state is CallState.HOLDING)
            return Result(False, message("call.none"))
        self.audio.hold(call.key, on)
        return Result(True)

    def _own_number(self) -> str:
        account = self.core.snapshot.account
        assert account is not None  # a call has an account
        if account.callintype == CALLBACK_PHONE:
            return f"9{account.number}"
        return control.internal_number(account.un, account.eid)

    def mute(self, ccnumber: str, on: bool) -> Result:
        """Cut the microphone here and now; nothing is asked of the platform."""
        call = self.find(ccnumber)
        if call is None:
            return Result(False, message("call.none"))
        self.audio.mute(call.key, on)
        if call.muted is not on:
            self.put(call, muted=on)
        return Result(True)

"""What is asked of a platform's calls. What the platform reports of them is in events.py."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Protocol

from tui.engine.calls import BY_US, Calls, is_held
from tui.engine.numbers import NumberError, parse_number, split_number
from tui.engine.outcome import Outcome, Send, unconfirmed
from tui.engine.platform_calls.dials import Dials, SentDial
from tui.platform import control
from tui.platform.base import CALLBACK_PHONE, VOIP
from tui.port.commands import Result
from tui.port.machines.call_machine import CallInput, CallState, HoldInput
from tui.port.snapshot import Call
from tui.port.values import Account, Leg, is_extension, message
from tui.text import clean_text

OUTSIDE_LINE: Final = 2
EXTENSION: Final = 3
"""What `call` returns (specification)."""

HOLD_AGAIN: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds until the platform is told again whether the call is held; the last from then on."""
_ENDABLE: Final = frozenset(
    {
        CallState.DIALING,
        CallState.PROCEEDING,
        CallState.RINGING,
        CallState.ANSWERING,
        CallState.TALKING,
        CallState.HOLDING,
    }
)


class CallLegs(Protocol):
    """What a platform's calls need of their legs (`legs.PlatformLegs`)."""

    def expect(self, key: str) -> None: ...
    def stop(self, key: str) -> None: ...
    def hold(self, key: str, on: bool) -> None: ...
    def mute(self, key: str, on: bool) -> None: ...


TypeWhenAnswered = Callable[[str, str], None]
"""Keeps tones (by the call's key) until the call is up."""


class CallCommands:
    """The commands on a platform's calls."""

    def __init__(
        self,
        calls: Calls,
        send: Send,
        legs: CallLegs,
        type_when_answered: TypeWhenAnswered,
        ask: Callable[[], None],
    ) -> None:
        """`ask` asks the platform what calls there are."""
        self.calls = calls
        self.context = calls.context
        self.send = send
        self.legs = legs
        self.dials = Dials()
        self._type_when_answered = type_when_answered
        self._ask = ask

    async def dial(self, text: str, area: str = "", *, shown: str = "") -> Result:
        """`call`: 2 outside line, 3 extension, by the enterprise's range. What stands behind a
        comma is typed once the call is up. `shown` stands on the screen in place of the number
        (an encrypted one)."""
        try:
            number, tones = split_number(text)
            number = parse_number(number)
        except NumberError as error:
            return Result(False, message(error.message_id, found=error.found))
        if refusal := self.calls.not_ready():
            return refusal
        if self.calls.live:
            return Result(False, message("dial.in_call"))
        account = self.context.snapshot.account
        assert account is not None  # SIGNED_IN has an account
        internal = is_extension(number, account.extension_start, account.extension_end)
        call = self.calls.add(
            state=CallState.DIALING,
            outgoing=True,
            number=clean_text(shown) or number,
            internal=internal,
            leg=Leg.NONE,
        )
        self._type_when_answered(call.key, tones)
        self.legs.expect(call.key)
        self.calls.limit(call, self.context.limits.dial_reply, self._no_reply)
        request = self._dial_message(account, number, internal, area)
        self.dials.add(SentDial(call.key, request.id, number, internal))
        outcome = await self.send(request)
        if not outcome.ok and (current := self.calls.by_key(call.key)) and current.live:
            if current.state is not CallState.DIALING:
                return Result(True, code=EXTENSION if internal else OUTSIDE_LINE)
            failure = unconfirmed("dial", outcome)
            self.calls.end(current, CallInput.NO_REPLY, failure)
            return Result(False, failure)
        if not outcome.ok:
            return self._over_meanwhile(call)
        return Result(True, code=EXTENSION if internal else OUTSIDE_LINE)

    def _over_meanwhile(self, call: Call) -> Result:
        """Why the call is over that something was asked of in vain."""
        current = self.calls.by_key(call.key)
        known = current is not None and current.outcome is not None
        return Result(False, current.outcome if current and known else message("call.none"))

    def _dial_message(
        self, account: Account, number: str, internal: bool, area: str
    ) -> control.DialExtension | control.DialOutside:
        # Wall-clock milliseconds and three digits (platform.md, "The wire of platform 1").
        identity = f"{int(time.time() * 1000)}{self.context.rng.randrange(1000):03d}"
        if internal:
            return control.DialExtension(account.switchnumber, identity, number, account.eid)
        return control.DialOutside(account.switchnumber, identity, number, area)

    def _no_reply(self, call: Call) -> None:
        if call.state is CallState.DIALING or (
            call.state is CallState.ENDING and not call.ccnumber
        ):
            self.calls.end(call, CallInput.NO_REPLY, message("dial.no_reply"))

    async def answer(self, ccnumber: str) -> Result:
        """`answerPBXCall`."""
        if refusal := self.calls.not_ready():
            return refusal
        call = self.calls.find(ccnumber)
        if call is None or call.state is not CallState.RINGING:
            return Result(False, message("answer.nothing_rings"))
        moved = self.calls.move(call, CallInput.ANSWER_SENT)
        assert moved is not None  # RINGING takes ANSWER_SENT
        self.legs.expect(call.key)
        self._limit_answer(moved)
        outcome = await self.send(control.Answer(call.ccnumber))
        current = self.calls.by_key(call.key)
        if current is not None and current.leg in (Leg.CONNECTING, Leg.CONNECTED):
            return Result(True)  # the platform took the answer: the audio came, the 200 was lost
        if not outcome.ok and current is not None and current.state is CallState.ANSWERING:
            failure = unconfirmed("answer", outcome)
            self.context.timers.cancel(f"call {call.key}")
            self.legs.stop(call.key)
            self.calls.move(current, CallInput.ANSWER_FAILED, outcome=failure)
            self.context.notice(failure)
            return Result(False, failure)
        if not outcome.ok and (current is None or not current.live):
            return self._over_meanwhile(call)
        return Result(True)

    def _limit_answer(self, call: Call) -> None:
        account, limits = self.context.snapshot.account, self.context.limits
        here = account is None or account.callintype == VOIP
        self.calls.limit(call, limits.answered if here else limits.phone, self._answer_unconfirmed)

    def _answer_unconfirmed(self, call: Call) -> None:
        if call.state is CallState.ANSWERING and call.leg is Leg.CONNECTED:
            # Two may be talking, and only the word of it is lost: nobody is hung up on for that.
            self._ask()
            self._limit_answer(call)
        elif call.state is CallState.ANSWERING:
            self.calls.end(call, CallInput.NO_REPLY, message("answer.no_reply"))
            self.context.spawn(self._hang_up_quietly(call.ccnumber))

    async def _hang_up_quietly(self, ccnumber: str) -> None:
        await self.send(control.HangUp(ccnumber))

    def hang_up_late(self, ccnumber: str) -> None:
        """A reply for a call that was given up: nobody waits for it, so it is ended."""
        self.context.spawn(self._hang_up_quietly(ccnumber))

    async def hang_up(self, ccnumber: str, *, leave_them: bool = False) -> Result:
        """`terminate`: an offer is declined, a call is hung up; the platform's own message
        confirms it. With a third party there it only happens when `leave_them` says so."""
        call = self.calls.find(ccnumber)
        if call is None:
            return Result(False, message("call.none"))
        if call.state not in _ENDABLE:
            return Result(True)  # asked already
        if call.third is not None and call.third.present and not leave_them:
            return Result(False, message("threeway.ask"))
        if call.state is CallState.RINGING and not self.calls.may_decline:
            return Result(False, message("decline.not_allowed"))
        if refusal := self.calls.not_ready():
            return refusal
        moved = self.calls.move(call, CallInput.HANGUP_SENT)
        assert moved is not None  # every state in _ENDABLE takes HANGUP_SENT
        if not call.ccnumber:  # hung up as soon as the platform names the call
            if call.state is not CallState.DIALING:  # taken on without a name
                self.calls.limit(moved, self.context.limits.ended, self._no_reply)
            return Result(True)
        return await self.send_hang_up(moved)

    async def send_hang_up(self, call: Call) -> Result:
        """Send the hang-up of a call that is ENDING or DECLINING, and wait for the 200."""
        self.calls.limit(call, self.context.limits.ended, self._end_unconfirmed)
        outcome = await self.send(control.HangUp(call.ccnumber))
        current = self.calls.by_key(call.key)
        if outcome.ok or current is None or not current.live:
            return Result(True)
        failure = unconfirmed("hangup", outcome)
        self.context.timers.cancel(f"call {call.key}")
        if current.state in (CallState.ENDING, CallState.DECLINING):
            current = self.calls.take_hang_up_back(current, failure)
            if current.state is CallState.ANSWERING:
                self._limit_answer(current)
        self.context.notice(failure)
        return Result(False, failure)

    def _end_unconfirmed(self, call: Call) -> None:
        if call.state in (CallState.ENDING, CallState.DECLINING):
            talked = self.calls.talked(call)
            self.calls.end(
                call, CallInput.NO_REPLY, message("hangup.no_reply"), reason=BY_US, talk_time=talked
            )

    async def hold(self, ccnumber: str, on: bool) -> Result:
        """`hold` and `unhold`: the 200 is the only confirmation. Hold cuts the sound here first,
        before the platform is asked; without its 200 the sound is as it was."""
        if refusal := self.calls.not_ready():
            return refusal
        call = self.calls.find(ccnumber)
        wanted = CallState.TALKING if on else CallState.HOLDING
        if call is None or call.state is not wanted:
            return Result(False, message("hold.not_talking" if on else "resume.not_held"))
        if on and call.third is not None and call.third.present:
            return Result(False, message("hold.in_threeway"))
        if call.pending:
            return Result(True)  # asked already
        call = self.calls.ask_hold(call, HoldInput.HOLD_SENT if on else HoldInput.RESUME_SENT)
        if on:
            self.legs.hold(call.key, True)
        self.context.timers.cancel(f"hold {call.key}")
        outcome = await self._say_hold(call, on)
        current = self.calls.live_by_key(call.key)
        if current is None:
            return Result(False, message("call.none"))
        if not outcome.ok:
            failure = unconfirmed("hold" if on else "resume", outcome)
            settled = self.calls.ask_hold(current, HoldInput.SETTLED)
            self.legs.hold(call.key, is_held(settled))
            self.context.notice(failure)
            if outcome.silent:
                self._settle_hold(call.key, 0)
            return Result(False, failure)
        given = CallInput.HOLD_CONFIRMED if on else CallInput.RESUME_CONFIRMED
        if not self.held_or_not(current, given):
            settled = self.calls.ask_hold(current, HoldInput.SETTLED)
            self.legs.hold(call.key, is_held(settled))
            return Result(False, message("call.none"))
        return Result(True)

    def held_or_not(self, call: Call, given: CallInput) -> bool:
        """The platform holds the call, or does no longer: so it stands, and so it is again should a
        hang-up fail that is under way. False where neither can be."""
        if call.state is CallState.ENDING and call.before in (CallState.TALKING, CallState.HOLDING):
            settled = self.calls.ask_hold(call, HoldInput.SETTLED)
            self.calls.move_beneath(settled, given)
        elif self.calls.move(call, given) is None:
            return False
        self.legs.hold(call.key, given is CallInput.HOLD_CONFIRMED)
        return True

    async def _say_hold(self, call: Call, on: bool) -> Outcome:
        own = self._own_number()
        asked = control.Hold(call.ccnumber, own) if on else control.Resume(call.ccnumber, own)
        return await self.send(asked)

    def _settle_hold(self, key: str, tries: int) -> None:
        """A hold or a resume went out and was not confirmed: whether the platform did it is not
        known, and nothing asks it. So it is told what stands here, until it confirms that: else the
        customer hears music while the agent talks."""
        wait = HOLD_AGAIN[min(tries, len(HOLD_AGAIN) - 1)]
        self.context.timers.set(
            f"hold {key}", wait, lambda: self.context.spawn(self._hold_as_it_stands(key, tries))
        )

    async def _hold_as_it_stands(self, key: str, tries: int) -> None:
        call = self.calls.live_by_key(key)
        if call is None or call.pending:
            return  # over, or asked anew
        ending = call.state is CallState.ENDING  # which may fail
        if ending or self.calls.not_ready() is not None:
            self._settle_hold(key, tries)
        elif (await self._say_hold(call, call.state is CallState.HOLDING)).silent:
            self._settle_hold(key, tries + 1)

    def _own_number(self) -> str:
        account = self.context.snapshot.account
        assert account is not None  # a call has an account
        if account.callintype == CALLBACK_PHONE:
            return f"9{account.number}"
        return control.internal_number(account.un, account.eid)

    def mute(self, ccnumber: str, on: bool) -> Result:
        """Cut the microphone here and now; nothing is asked of the platform."""
        call = self.calls.find(ccnumber)
        if call is None:
            return Result(False, message("call.none"))
        self.legs.mute(call.key, on)
        if call.muted is not on:
            self.calls.put(call, muted=on)
        return Result(True)

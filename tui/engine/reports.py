"""What the platform reports of calls, as told by its control messages.

Every message can come more than once, late, or for a call that is gone: platform.md's table of
edges decides what is a repeat and what is another offer, and each row is a branch here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from tui.engine.calls import Calls
from tui.engine.core import log
from tui.engine.events import (
    CallAnswered,
    CallEnded,
    CallinFailed,
    CallinResponded,
    CallOffered,
    CalloutResponded,
    OfferCancelled,
)
from tui.engine.state import Call, CallInput, CallState, Leg, Message, message
from tui.platform import control
from tui.platform.codes import ENDED, REFUSED

_REMEMBERED = 32
CONNECTED_REASONS = (25, 26)
"""Only with these was the call up, and only then is `callTime` a length (specification)."""


class _Cancelled:
    """An offer that is over: when, of which number, how often it had been offered."""

    __slots__ = ("at", "declined", "number", "offers")

    def __init__(self, at: float, number: str, offers: int, declined: bool) -> None:
        self.at = at
        self.number = number
        self.offers = offers
        self.declined = declined


class CallReports:
    """Moves the calls by what the platform says."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.core = calls.core
        self._cancelled: OrderedDict[str, _Cancelled] = OrderedDict()
        self._over: OrderedDict[str, None] = OrderedDict()
        self.handed_over: Callable[[Call], bool] = lambda call: False
        """Whether the platform has handed this call to another agent (thirds.py)."""
        self.recovering = False
        """True while the platform is asked what became of calls: an unknown 104 is then a call
        to take over, else it is a stray."""
        self.told: set[str] = set()
        """The ccNumbers that the platform spoke of since it was asked."""

    def handle(self, report: control.PlatformMessage) -> bool:
        """Take one message. False when it is not about a call."""
        match report:
            case control.NewCall(ccnumber, number, eid):
                self._offered(ccnumber, number, internal=bool(eid))
            case control.CancelCall(ccnumber):
                self._offer_cancelled(ccnumber)
            case control.CalloutResponse():
                self._responded(report, internal=False)
            case control.CallinResponse():
                self._responded(report, internal=True)
            case control.CallinFailed(ccnumber):
                self._not_answered(ccnumber)
            case control.Answered(ccnumber, number, eid):
                self._answered(ccnumber, number, internal=bool(eid))
            case control.Ended(ccnumber, r, call_time):
                self._ended(ccnumber, as_code(r), call_time)
            case control.Held(ccnumber):
                self._on_the_phone(ccnumber, CallInput.HOLD_CONFIRMED)
            case control.Resumed(ccnumber):
                self._on_the_phone(ccnumber, CallInput.RESUME_CONFIRMED)
            case _:
                return False
        return True

    # ------------------------------------------------------------ incoming

    def _offered(self, ccnumber: str, number: str, *, internal: bool) -> None:
        if self.recovering:
            self.told.add(ccnumber)
        known = self.calls.by_ccnumber(ccnumber)
        if (known is not None and known.live) or ccnumber in self._over:
            return  # a repeat: while it rings or is up, or of a call that was up and is over
        before = self._cancelled.get(ccnumber)
        if before is not None:
            since = self.core.clock() - before.at
            hold_back = self.core.limits.offer_again - since
            if hold_back > 0:
                self.core.timers.set(
                    f"offer {ccnumber}", hold_back, lambda: self._offer(ccnumber, number, internal)
                )
                return
        self._offer(ccnumber, number, internal)

    def _offer(self, ccnumber: str, number: str, internal: bool) -> None:
        before = self._cancelled.pop(ccnumber, None) or self._declined_before(number)
        offers = 1 if before is None else before.offers + 1
        known = self.calls.by_ccnumber(ccnumber)
        if known is not None and known.answered is None:
            began = self.core.clock()
            self.calls.move(
                known,
                CallInput.OFFERED,
                offers=offers,
                began=began,
                outcome=None,
                reason=None,
                pending="",
                before=None,
                muted=False,
                leg=Leg.NONE,
            )
        else:
            self.calls.add(
                state=CallState.RINGING,
                outgoing=False,
                number=number,
                ccnumber=ccnumber,
                offers=offers,
                internal=internal,
            )
        self.core.emit(CallOffered(ccnumber, number, offers))

    def _declined_before(self, number: str) -> _Cancelled | None:
        """A new ccNumber from the number just declined is another offer too."""
        if not self._cancelled:
            return None
        last = next(reversed(self._cancelled.values()))
        fresh = self.core.clock() - last.at <= self.core.limits.redial_window
        return last if last.declined and fresh and last.number == number else None

    def _offer_cancelled(self, ccnumber: str) -> None:
        self.core.timers.cancel(f"offer {ccnumber}")
        call = self.calls.by_ccnumber(ccnumber)
        if call is None or not call.live:
            return
        declined = call.state is CallState.DECLINING
        outcome = "cancelled.declined" if declined else "cancelled.missed"
        if call.state is CallState.ANSWERING:
            outcome = "cancelled.while_answering"
        if self.calls.end(call, CallInput.CANCELLED, message(outcome), missed=not declined):
            self._cancelled[ccnumber] = _Cancelled(
                self.core.clock(), call.number, call.offers, declined
            )
            while len(self._cancelled) > _REMEMBERED:
                self._cancelled.popitem(last=False)
            self.core.emit(OfferCancelled(ccnumber))

    # ------------------------------------------------------------ outgoing

    def _responded(
        self, report: control.CalloutResponse | control.CallinResponse, *, internal: bool
    ) -> None:
        fact = CallinResponded if internal else CalloutResponded
        if self.recovering:
            self.told.add(report.ccnumber)
        known = self.calls.by_ccnumber(report.ccnumber) if report.ccnumber else None
        if known is not None or (report.ccnumber and report.ccnumber in self._over):
            return  # a repeat
        code = as_code(report.r)
        accepted = code == 200
        call = next(
            (
                c
                for c in self.calls.live
                if c.outgoing
                and not c.ccnumber
                and c.state in (CallState.DIALING, CallState.ENDING)
            ),
            None,
        )
        if call is None:
            if accepted and report.ccnumber:
                log.warning("a late reply to a call that was given up: hung up")
                self.calls.hang_up_late(report.ccnumber)
            return
        self.core.emit(fact(code, report.ccnumber, report.number or call.number, report.info))
        if not accepted:
            self.calls.end(call, CallInput.REFUSED, refusal(code, report.info or str(report.r)))
            return
        if call.state is CallState.ENDING:  # hung up before the platform had named the call
            named = self.calls.put(call, ccnumber=report.ccnumber)
            self.core.spawn(self._hang_up(named.key))
            return
        self.core.timers.cancel(f"call {call.key}")
        self.calls.move(call, CallInput.ACCEPTED, ccnumber=report.ccnumber)

    async def _hang_up(self, key: str) -> None:
        call = self.calls.by_key(key)
        if call is not None and call.live:
            await self.calls.send_hang_up(call)

    def _not_answered(self, ccnumber: str) -> None:
        """309: the call is over; a 105 with 20 may follow and is then a repeat."""
        call = self.calls.by_ccnumber(ccnumber)
        if call is None or not call.live:
            return
        if self.calls.end(call, CallInput.NOT_ANSWERED, message("ended.no_answer"), reason=20):
            self._remember(ccnumber)
            self.core.emit(CallinFailed(ccnumber))

    # ------------------------------------------------------------ up, over

    def _answered(self, ccnumber: str, number: str, *, internal: bool) -> None:
        if self.recovering:
            self.told.add(ccnumber)
        call = self.calls.by_ccnumber(ccnumber)
        if call is None:
            # A 104 never stands for the response to `call`: a stray one is not taken for it.
            if not self.recovering or ccnumber in self._over:
                log.info("answered for a call that is not known: ignored")
                return
            call = self.calls.add(
                state=CallState.PROCEEDING,
                outgoing=False,
                number=number,
                ccnumber=ccnumber,
                internal=internal,
                recovered=True,
            )
            self.calls.audio.expect(call.key)
        if call.answered is not None:
            return  # a repeat
        self.core.timers.cancel(f"call {call.key}")
        if call.state is CallState.ENDING:  # the hang-up crossed the answer: 105 follows
            self.calls.put(call, answered=self.core.clock(), before=CallState.TALKING)
            return
        changes = {"answered": self.core.clock(), "outcome": None, "ccnumber": ccnumber}
        if self.calls.move(call, CallInput.ANSWERED, **changes) is not None:
            self.core.emit(CallAnswered(ccnumber, call.number or number))

    def _on_the_phone(self, ccnumber: str, given: CallInput) -> None:
        """The agent held or resumed on the phone itself: the screen follows."""
        call = self.calls.by_ccnumber(ccnumber)
        if call is not None and self.calls.move(call, given, pending="") is not None:
            self.calls.audio.hold(call.key, given is CallInput.HOLD_CONFIRMED)

    def _ended(self, ccnumber: str, r: int, call_time: float | None) -> None:
        if ccnumber in self._over:
            return  # a repeat
        call = self.calls.by_ccnumber(ccnumber)
        if call is None or not call.live:
            return
        talk_time = None
        if r in CONNECTED_REASONS:
            counted = None if call.answered is None else self.core.clock() - call.answered
            talk_time = call_time if call_time is not None else counted
        missed = not call.outgoing and call.answered is None and call.state is CallState.RINGING
        outcome = message(ENDED.get(r, "ended.unknown"), code=r)
        goes_on = call.third is not None and call.third.present
        if self.handed_over(call):
            goes_on = True
            outcome = message("transfer.done", name=call.transfer)
        if self.calls.end(
            call, CallInput.ENDED, outcome, reason=r, talk_time=talk_time, missed=missed
        ):
            if not goes_on:  # with others the call lives, and may be offered here again
                self._remember(ccnumber)
            self.core.emit(CallEnded(ccnumber, r, talk_time))

    def _remember(self, ccnumber: str) -> None:
        """A call that is over stays over: what comes for it later is a repeat."""
        self._over[ccnumber] = None
        while len(self._over) > _REMEMBERED:
            self._over.popitem(last=False)


def as_code(r: control.Reason) -> int:
    """`r` as a number; 0 for one that is no digits, which no list of codes has."""
    return r if isinstance(r, int) else 0


def refusal(code: int, info: str) -> Message:
    """The sentence for a refused call: every code the specification lists has its own."""
    return message(REFUSED.get(code, "refused.unknown"), code=code, info=info)

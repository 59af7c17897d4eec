"""What the platform reports of calls, as told by its control messages.

Every message can come more than once, late, or for a call that is gone: platform.md's table of
edges decides what is a repeat and what is another offer, and each row is a branch here.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from tui.engine.calls import BY_PEER, BY_US, NOT_CONNECTED
from tui.engine.context import log
from tui.engine.outcome import with_info
from tui.engine.platform_calls.commands import CallCommands, CallLegs
from tui.engine.platform_calls.dials import Response
from tui.engine.platform_calls.recovery import CallQuery
from tui.platform import control
from tui.platform.codes import ENDED, ENDED_CODE, ENDED_UNKNOWN, REFUSED
from tui.platform.not_understood import SkippedKind
from tui.port.events import (
    CallAnswered,
    CallFinished,
    CallinFailed,
    CallinResponded,
    CallOffered,
    CalloutResponded,
    OfferCancelled,
)
from tui.port.machines.call_machine import CallInput, CallState, HoldRequest
from tui.port.snapshot import Call, CallEnd
from tui.port.values import VOIP, Leg, Message, message

_REMEMBERED = 32
_AN_HOUR: Final = 3600.0
_Early = control.Answered | control.Ended | control.CallinFailed
CONNECTED_REASONS: Final = (BY_PEER, BY_US)
"""Only with these was the call up, and only then is `callTime` a length (specification)."""


class _Over:
    """An offer or a call that is over here: when, of which number, how often it had been offered.
    The ccNumber of a three-way call stays the same, so it may be offered here again."""

    __slots__ = ("at", "declined", "number", "offers")

    def __init__(self, at: float, number: str, offers: int, declined: bool = False) -> None:
        self.at = at
        self.number = number
        self.offers = offers
        self.declined = declined


class CallReports:
    """Moves the calls by what the platform says."""

    def __init__(
        self, commands: CallCommands, legs: CallLegs, query: CallQuery, transferred: set[str]
    ) -> None:
        self.commands = commands
        self.calls = commands.calls
        self.context = commands.context
        self.legs = legs
        self.query = query
        self._transferred = transferred
        """ccNumbers of calls that the platform has handed to somebody else."""
        self._cancelled: OrderedDict[str, _Over] = OrderedDict()
        self._over: OrderedDict[str, _Over] = OrderedDict()
        self._early: OrderedDict[str, list[_Early]] = OrderedDict()
        """What has overtaken the answer that names its call: that it is up, that it is over."""
        self._spoken_of: OrderedDict[str, None] = OrderedDict()
        """ccNumbers that the platform has said before: no call without a name has one of them."""

    def handle(self, report: control.PlatformMessage) -> bool:
        """Take one message. False when it is not about a call."""
        taken = self._take(report)
        if taken and (ccnumber := getattr(report, "ccnumber", "")):
            self._spoken_of[ccnumber] = None
            self._spoken_of.move_to_end(ccnumber)
            while len(self._spoken_of) > _REMEMBERED:
                self._spoken_of.popitem(last=False)
        return taken

    def _take(self, report: control.PlatformMessage) -> bool:
        match report:
            case control.NewCall(ccnumber, number, eid):
                self.calls.note(ccnumber, "attribute", report.attributes)
                self._offered(ccnumber, number, internal=bool(eid))
            case control.CancelCall(ccnumber, info):
                self._offer_cancelled(ccnumber, info)
            case control.CalloutResponse():
                self._responded(report, internal=False)
            case control.CallinResponse():
                self._responded(report, internal=True)
            case control.CallinFailed(ccnumber, info):
                self._not_answered(ccnumber, info)
            case control.Answered(ccnumber, eid=eid):
                self.calls.note(ccnumber, "attribute", report.attributes)
                self._answered(report, internal=bool(eid))
            case control.Ended():
                self._ended(report)
            case control.Held(ccnumber):
                self._on_the_phone(ccnumber, CallInput.HOLD_CONFIRMED)
            case control.Resumed(ccnumber):
                self._on_the_phone(ccnumber, CallInput.RESUME_CONFIRMED)
            case _:
                return False
        return True

    # ------------------------------------------------------------ incoming

    def _offered(self, ccnumber: str, number: str, *, internal: bool) -> None:
        self.query.told(ccnumber)
        known = self.calls.by_ccnumber(ccnumber)
        if known is not None and known.live:
            self._named_late(known, number, internal=internal)
            return  # a repeat
        over = self._over.get(ccnumber)
        if over is not None and (hold_back := self._hold_back(over)) > 0:
            # A repeat that the 105 has overtaken, or the next offer of a three-way call: the
            # platform is asked which.
            self.context.timers.set(f"offered {ccnumber}", hold_back, self.query.ask)
            return
        before = self._cancelled.get(ccnumber)
        if before is not None and (hold_back := self._hold_back(before)) > 0:
            self.context.timers.set(
                f"offer {ccnumber}", hold_back, lambda: self._offer(ccnumber, number, internal)
            )
            return
        self._offer(ccnumber, number, internal)

    def _hold_back(self, over: _Over) -> float:
        """Seconds until another offer of what is over is certainly none of before."""
        return over.at + self.context.limits.offer_again - self.context.clock()

    def _named_late(self, call: Call, number: str, *, internal: bool) -> Call:
        """Who it is, where only a later message tells: of newPBXCall the specification promises no
        number, of answeredPBXCall it does."""
        if call.number or not number:
            return call
        return self.calls.put(call, number=number, internal=internal)

    def _offer(self, ccnumber: str, number: str, internal: bool) -> None:
        before = (
            self._cancelled.pop(ccnumber, None)
            or self._over.pop(ccnumber, None)
            or self._declined_before(number)
        )
        offers = 1 if before is None else before.offers + 1
        known = self.calls.by_ccnumber(ccnumber)
        if known is not None and known.answered is None:
            began = self.context.clock()
            self.calls.move(
                known,
                CallInput.OFFERED,
                offers=offers,
                began=began,
                outcome=None,
                end=CallEnd(),
                pending=HoldRequest.NONE,
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
        self.context.emit(CallOffered(ccnumber, number, offers))

    def _declined_before(self, number: str) -> _Over | None:
        """A new ccNumber from the number just declined is another offer too. Of callers who
        withhold their number nobody knows whether they are one."""
        if not self._cancelled or not number:
            return None
        last = next(reversed(self._cancelled.values()))
        fresh = self.context.clock() - last.at <= self.context.limits.redial_window
        return last if last.declined and fresh and last.number == number else None

    def _offer_cancelled(self, ccnumber: str, info: str) -> None:
        self.context.timers.cancel(f"offer {ccnumber}")
        call = self.calls.by_ccnumber(ccnumber)
        if call is None or not call.live:
            return
        declined = call.state is CallState.DECLINING
        outcome = "cancelled.declined" if declined else "cancelled.missed"
        if call.state is CallState.ANSWERING:
            outcome = "cancelled.while_answering"
        said = with_info(message(outcome), info)
        if self.calls.end(call, CallInput.CANCELLED, said, missed=not declined):
            self._remember(self._cancelled, call, declined)
            self.context.emit(OfferCancelled(ccnumber))

    # ------------------------------------------------------------ outgoing

    def _responded(self, report: Response, *, internal: bool) -> None:
        fact = CallinResponded if internal else CalloutResponded
        self.query.told(report.ccnumber)
        code = as_code(report.r)
        # A response that names the call and no reason against it is none against it.
        accepted = code == 200 or (report.r == "" and bool(report.ccnumber))
        code = 200 if accepted else code
        known = self.calls.by_ccnumber(report.ccnumber) if report.ccnumber else None
        if known is not None or (report.ccnumber and report.ccnumber in self._over):
            if known is not None and known.outgoing and not accepted:
                self._refused_after_all(known, report, fact(code, *_said_of(report, known)))
            return  # a repeat
        if accepted and (named := self._named(report.ccnumber, report.number)) is not None:
            self.context.emit(fact(code, *_said_of(report, named)))
            return
        waiting = {
            c.key: c
            for c in self.calls.live
            if c.outgoing and not c.ccnumber and c.state in (CallState.DIALING, CallState.ENDING)
        }
        dial = self.commands.dials.answered(report, waiting)
        call = None if dial is None else waiting.get(dial.key)
        if call is None:
            if accepted and report.ccnumber:
                log.warning("a late reply to a call that was given up: hung up")
                self.commands.hang_up_late(report.ccnumber)
            return
        self.context.emit(fact(code, *_said_of(report, call)))
        if not accepted:
            log.warning("the call was refused: %s %s", report.r, report.info)
            self.calls.end(call, CallInput.REFUSED, refusal(code, report.info or str(report.r)))
            return
        if call.state is CallState.ENDING:  # hung up before the platform had named the call
            named = self.calls.move_beneath(call, CallInput.ACCEPTED, ccnumber=report.ccnumber)
            self.context.spawn(self._hang_up(named.key))
            return
        moved = self.calls.move(call, CallInput.ACCEPTED, ccnumber=report.ccnumber)
        if report.ccnumber:
            self.context.timers.cancel(f"call {call.key}")
            for early in self._early.pop(report.ccnumber, ()):
                self.handle(early)
        elif moved is not None:
            self.calls.limit(moved, self.context.limits.dial_reply, self._ask_name)

    def _ask_name(self, call: Call) -> None:
        """Without its name a call can neither be held nor hung up."""
        if _is_nameless(call) and call.state is CallState.PROCEEDING:
            self.query.ask()
            self.calls.limit(call, self.context.limits.dial_reply, self._ask_name)

    def _refused_after_all(
        self, call: Call, report: Response, said: CalloutResponded | CallinResponded
    ) -> None:
        """A call that was taken on is refused behind that, before it was answered."""
        log.warning("the call was refused after all: %s %s", report.r, report.info)
        why = refusal(as_code(report.r), report.info or str(report.r))
        if call.answered is None and self.calls.end(call, CallInput.REFUSED, why):
            self._remember(self._over, call)
            self.context.emit(said)

    def _named(self, ccnumber: str, number: str) -> Call | None:
        """The call with this number that the platform took on without a name, if there is one, with
        this for its name; one that was hung up meanwhile is ended now."""
        call = next((each for each in self.calls.live if _is_nameless(each)), None)
        if call is None or not ccnumber or number not in ("", call.number, f"9{call.number}"):
            return None
        self.context.timers.cancel(f"call {call.key}")
        call = self.calls.put(call, ccnumber=ccnumber)
        if call.state is CallState.ENDING:
            self.context.spawn(self._hang_up(call.key))
        return call

    def _first_said_of(self, ccnumber: str) -> Call | None:
        """The call that the platform took on without a name, where its end is the first word of
        it: nobody has heard of this ccNumber before."""
        return None if ccnumber in self._spoken_of else self._named(ccnumber, "")

    async def _hang_up(self, key: str) -> None:
        call = self.calls.by_key(key)
        if call is not None and call.live:
            await self.commands.send_hang_up(call)

    def _not_answered(self, ccnumber: str, info: str) -> None:
        """309: the call is over; a 105 with 20 may follow and is then a repeat."""
        call = self.calls.by_ccnumber(ccnumber) or self._first_said_of(ccnumber)
        if call is None or not call.live:
            self._came_early(call, control.CallinFailed(ccnumber, info))
            return
        said = with_info(message("ended.no_answer"), info)
        if self.calls.end(call, CallInput.NOT_ANSWERED, said, reason=NOT_CONNECTED):
            self._remember(self._over, call)
            self.context.emit(CallinFailed(ccnumber))

    # ------------------------------------------------------------ up, over

    def _answered(self, report: control.Answered, *, internal: bool) -> None:
        ccnumber, number = report.ccnumber, report.number
        self.query.told(ccnumber)
        if f"offer {ccnumber}" in self.context.timers:  # held back, and taken meanwhile
            self.context.timers.cancel(f"offer {ccnumber}")
            self._offer(ccnumber, number, internal)
        call = self.calls.by_ccnumber(ccnumber) or self._named(ccnumber, number)
        if call is None or not call.live:
            if ccnumber in self._over:
                return
            # A 104 never stands for the response to `call`: a stray one is not taken for it. Yet
            # whoever talks on a telephone, or is waited for, must see it: the platform is asked.
            dialled = call is None and self._is_dialled(number)
            if dialled:
                self._came_early(call, report)
            if not self.query.running:
                log.warning("answered for a call that is not known: the platform is asked")
                self.query.ask()
                return
            if dialled:
                return  # said once more, and the dial's own answer is still to come
            call = self.calls.add(
                state=CallState.PROCEEDING,
                outgoing=False,
                number=number,
                ccnumber=ccnumber,
                internal=internal,
                recovered=True,
            )
            self.legs.expect(call.key)
        call = self._named_late(call, number, internal=internal)
        if call.answered is not None:
            return  # a repeat
        self.context.timers.cancel(f"call {call.key}")
        if call.state is CallState.ENDING:  # the hang-up crossed the answer: 105 follows
            self.calls.move_beneath(call, CallInput.ANSWERED, answered=self.context.clock())
            return
        changes = {"answered": self.context.clock(), "outcome": None, "ccnumber": ccnumber}
        if self.calls.move(call, CallInput.ANSWERED, **changes) is not None:
            self.context.emit(CallAnswered(ccnumber, call.number))

    def _on_the_phone(self, ccnumber: str, given: CallInput) -> None:
        """The agent held or resumed on the phone itself: the screen follows."""
        call = self.calls.by_ccnumber(ccnumber)
        if call is not None:
            self.commands.held_or_not(call, given)

    def _ended(self, report: control.Ended) -> None:
        ccnumber, r = report.ccnumber, as_code(report.r)
        self.context.timers.cancel(f"offer {ccnumber}")
        if ccnumber in self._over:
            return  # a repeat
        call = self.calls.by_ccnumber(ccnumber) or self._first_said_of(ccnumber)
        if call is None or not call.live:
            self._came_early(call, report)
            return
        talk_time = None
        if r in CONNECTED_REASONS:
            talk_time = self._length(call, report.call_time)
        missed = not call.outgoing and call.answered is None and call.state is CallState.RINGING
        unlisted = ENDED_UNKNOWN if report.r == "" else ENDED_CODE
        outcome = message(ENDED.get(r, unlisted), code=report.r)
        if r == BY_PEER and call.internal:
            outcome = message("ended.25_internal", code=r)
        if r == BY_US and call.before is None and self._voice_is_here():
            outcome = message("ended.26_unasked", code=r)  # "you hung up" is said of nothing else
        goes_on = call.third is not None and call.third.present
        if ccnumber in self._transferred:
            self._transferred.discard(ccnumber)
            goes_on = True
            outcome = message("transfer.done", name=call.transfer)
        outcome = with_info(outcome, report.info)
        if self.calls.end(
            call, CallInput.ENDED, outcome, reason=r, talk_time=talk_time, missed=missed
        ):
            if not goes_on:  # with others the call lives, and may be offered here again
                self._remember(self._over, call)
            self.context.emit(CallFinished(ccnumber, r, talk_time))

    def _length(self, call: Call, said: int | None) -> float | None:
        """What the platform says is the length, unless that is an hour longer than the call has
        been here: then it is meant in another unit, or as an instant, and ours counts."""
        talked = self.calls.talked(call)
        here = self.context.clock() - call.began
        if said is None or call.recovered or said <= here + _AN_HOUR:
            return talked if said is None else said
        what, setting = f"callTime {said}", "[messages] call_time"
        self.context.not_understood.add(SkippedKind.CODE, what, where="cc 105", setting=setting)
        return talked

    def _came_early(self, known: Call | None, early: _Early) -> None:
        """That a call is up or over which is not known, while a dial waits for its answer, may be
        said of the call which the answer names."""
        waits = any(call.state is CallState.DIALING for call in self.calls.live)
        if known is not None or not waits:
            return
        said = self._early.setdefault(early.ccnumber, [])
        if early not in said:
            said.append(early)
        while len(self._early) > _REMEMBERED:
            self._early.popitem(last=False)

    def _is_dialled(self, number: str) -> bool:
        """Whether a dial that waits for its answer may be to this number."""
        dialled = (call for call in self.calls.live if call.state is CallState.DIALING)
        return any(number in ("", call.number, f"9{call.number}") for call in dialled)

    def _voice_is_here(self) -> bool:
        """Whether the agent can hang up nowhere but here: not on a telephone of her own."""
        account = self.context.snapshot.account
        return account is None or account.callintype == VOIP

    def _remember(self, where: OrderedDict[str, _Over], call: Call, declined: bool = False) -> None:
        """Another report of its end is a repeat; another offer is one more of the same call. Since
        when is what the snapshot says, whatever had to be done meanwhile."""
        over = self.calls.by_ccnumber(call.ccnumber) or call
        where[call.ccnumber] = _Over(over.since, call.number, call.offers, declined)
        while len(where) > _REMEMBERED:
            where.popitem(last=False)


def as_code(r: control.Reason) -> int:
    """`r` as a number; 0 for one that is no digits, which no list of codes has."""
    return r if isinstance(r, int) else 0


def _is_nameless(call: Call) -> bool:
    """Whether the platform took it on, and has not said how it is called."""
    taken_on = CallState.PROCEEDING in (call.state, call.before)
    return call.live and call.outgoing and not call.ccnumber and taken_on


def _said_of(report: Response, call: Call) -> tuple[str, str, str]:
    return report.ccnumber, report.number or call.number, report.info


def refusal(code: int, info: str) -> Message:
    """The sentence for a refused call: every code the specification lists has its own."""
    return message(REFUSED.get(code, "refused.unknown"), code=code, info=info)

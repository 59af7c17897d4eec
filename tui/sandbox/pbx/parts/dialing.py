"""Calls by agents: outside lines, simulated extensions, other agents."""

from __future__ import annotations

from tui.platform import messages as m
from tui.sandbox.faults import FaultKind
from tui.sandbox.pbx.calls import CallKind, PbxCall, PbxParty, PbxPhase, PbxSeat
from tui.sandbox.pbx.dialplan import REFUSALS, Behaviour, look_up, look_up_inside
from tui.sandbox.pbx.parts.legs import PbxLegs
from tui.sandbox.pbx.state import PbxState
from tui.sandbox.pbx.timers import TimerKind

ACCEPTED, WRONG_STATE, BUSY, NO_SWITCHNUMBER = "200", "502", "503", "511"
"""`r` of the platform's answers."""
OUTSIDE = "outside"
"""Marks a late command as one to an outside line."""
DialCommand = m.DialOutside | m.DialExtension


class Dialing:
    """What the dial commands do. With the fault `call` a command gets its 200 and nothing else."""

    def __init__(self, state: PbxState, legs: PbxLegs) -> None:
        self._state = state
        self._legs = legs

    def dial(self, seat: PbxSeat, message: DialCommand, now: float) -> None:
        """A dial command: carried out now, or as late as `Times.dial` says."""
        state = self._state
        if state.faults.hits(FaultKind.CALL, seat.un):
            return
        if state.times.dial:
            outside = OUTSIDE if isinstance(message, m.DialOutside) else ""
            when, subject = now + state.times.dial, (seat.un, outside, message.switchnumber)
            state.timers.set(when, TimerKind.DIAL, *subject, message.number, message.id)
        elif isinstance(message, m.DialOutside):
            self._outside(seat, message.switchnumber, message.number, now)
        else:
            self._extension(seat, message.switchnumber, message.number, now)

    def late(self, un: str, outside: str, switchnumber: str, number: str, now: float) -> None:
        """Carry a dial command out that had to wait."""
        dial = self._outside if outside else self._extension
        dial(self._state.seats[un], switchnumber, number, now)

    def _outside(self, seat: PbxSeat, switchnumber: str, number: str, now: float) -> None:
        how = self._from(switchnumber) or look_up(number)
        self._simulated(seat, number, how, CallKind.OUT, now)

    def _extension(self, seat: PbxSeat, switchnumber: str, number: str, now: float) -> None:
        """To an agent, or to a simulated extension."""
        how = self._from(switchnumber) or look_up_inside(number, self._state.fixtures)
        if how is None:
            self._agent(seat, number, now)
        else:
            self._simulated(seat, number, how, CallKind.INSIDE, now)

    def _from(self, switchnumber: str) -> Behaviour | None:
        """The refusal of a call from another switch number than the enterprise's."""
        if switchnumber == self._state.fixtures.switchnumber:
            return None
        return Behaviour(refuse=NO_SWITCHNUMBER, info=REFUSALS[NO_SWITCHNUMBER])

    def _simulated(
        self, seat: PbxSeat, number: str, how: Behaviour, kind: CallKind, now: float
    ) -> None:
        if how.reply_after is None:
            return
        timers = self._state.timers
        call = self._state.new_call(kind, number, how, now)
        call.caller = seat.un
        if self._cannot(call, seat, now):
            return
        if how.refuse:
            if how.call_back_after is not None:
                timers.set(now + how.call_back_after, TimerKind.CALL_BACK, seat.un, number)
            self._refuse(call, how.refuse, how.info, now)
            return
        self._claim(call, seat)
        if how.reply_after == 0:
            self.accept(call, now)
        else:
            timers.set(now + how.reply_after, TimerKind.REPLY, call.cc)

    def _agent(self, seat: PbxSeat, number: str, now: float) -> None:
        call = self._state.new_call(CallKind.INTERNAL, number, Behaviour(voice="silent"), now)
        call.caller = seat.un
        other = self._state.seats[number]
        if self._cannot(call, seat, now):
            return
        if not (other.registered and other.reachable):
            self._refuse(call, WRONG_STATE, "the extension is offline", now)
        elif other is seat or not other.idle:
            self._refuse(call, BUSY, REFUSALS[BUSY], now)
        else:
            self._claim(call, seat)
            self.accept(call, now)

    def _cannot(self, call: PbxCall, seat: PbxSeat, now: float) -> bool:
        """Refuse a call for the caller's own state."""
        if seat.call or not seat.registered:
            self._refuse(call, WRONG_STATE, REFUSALS[WRONG_STATE], now)
        elif code := seat.phone_refusal:
            self._refuse(call, code, REFUSALS[code], now)
        else:
            return False
        return True

    def _claim(self, call: PbxCall, seat: PbxSeat) -> None:
        seat.call = call.cc
        call.parties[seat.un] = PbxParty(seat.un)

    def accept(self, call: PbxCall, now: float) -> None:
        """200, and the caller's leg is built."""
        call.phase = PbxPhase.DIALING
        self.respond(call, ACCEPTED, "")
        self._legs.open(call, call.caller, now)

    def _refuse(self, call: PbxCall, r: str, info: str, now: float) -> None:
        self.respond(call, r, info)
        call.phase, call.ended_at, call.reason = PbxPhase.ENDED, now, r

    def respond(self, call: PbxCall, r: str, info: str) -> None:
        """The platform's answer to the dial command: 201, or 301 for an extension."""
        number, eid = self._state.shown(call, call.caller)
        if eid:
            self._state.say(call.caller, m.CallinResponse(r, call.cc, number, info, eid))
        else:
            self._state.say(call.caller, m.CalloutResponse(r, call.cc, number, info))

    def customer_answers(self, call: PbxCall, now: float) -> None:
        """The simulated party that rings answers."""
        if call.phase is PbxPhase.RINGING:
            self._state.timers.drop(TimerKind.RING, call.cc)
            self._legs.connect(call, now)

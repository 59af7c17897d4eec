"""What agents send: control messages, and the digits they type."""

from __future__ import annotations

from tui.platform import messages as m
from tui.platform.base import VOIP
from tui.sandbox.faults import FaultKind
from tui.sandbox.pbx.actions import ProbeLeg, RouteAudio, Speak
from tui.sandbox.pbx.calls import (
    CallKind,
    EndReason,
    PbxCall,
    PbxLegState,
    PbxPhase,
    PbxSeat,
    PbxSeatStatus,
)
from tui.sandbox.pbx.digits import heard
from tui.sandbox.pbx.parts.answers import Answers
from tui.sandbox.pbx.parts.dialing import ACCEPTED, WRONG_STATE, Dialing
from tui.sandbox.pbx.parts.endings import Endings
from tui.sandbox.pbx.parts.guests import Guests
from tui.sandbox.pbx.parts.legs import PbxLegs
from tui.sandbox.pbx.parts.queue import CustomerQueue
from tui.sandbox.pbx.parts.supervisors import Supervisors
from tui.sandbox.pbx.state import PbxState

NOT_ACCEPTABLE = 488
"""The SIP status of a hold in a three-way call."""


class Commands:
    """Carries out what agents send."""

    def __init__(
        self,
        state: PbxState,
        *,
        queue: CustomerQueue,
        endings: Endings,
        guests: Guests,
        legs: PbxLegs,
        answers: Answers,
        dialing: Dialing,
        supervisors: Supervisors,
    ) -> None:
        self._state = state
        self._queue = queue
        self._endings = endings
        self._guests = guests
        self._legs = legs
        self._answers = answers
        self._dialing = dialing
        self._supervisors = supervisors

    def refuses(self, un: str, message: m.AgentMessage) -> int:
        """The SIP status a message is refused with, instead of its 200; 0 = it is taken. Hold in a
        three-way call is refused."""
        if isinstance(message, m.Hold):
            call = self._state.calls.get(message.ccnumber)
            if call is not None and call.guest is not None and un in call.parties:
                return NOT_ACCEPTABLE
        return 0

    def receive(self, un: str, message: m.AgentMessage, now: float) -> None:
        """A control message from a registered agent."""
        seat = self._state.seats[un]
        match message:
            case m.SetStatus(status, reason):
                busy = status == PbxSeatStatus.BUSY
                seat.status = PbxSeatStatus.BUSY if busy else PbxSeatStatus.IDLE
                seat.break_reason = reason if busy else ""
                self._queue.became_idle(seat, now)
            case m.SetSeatMode(fixed):
                seat.fixed = fixed
            case m.JoinGroup(gid, _):
                seat.gid = gid if gid in self._state.fixtures.agents[un].gids else "0"
                self._queue.distribute(now)
            case m.QueryCall():
                self._query(seat)
            case m.DialOutside() | m.DialExtension():
                self._dialing.dial(seat, message, now)
            case m.StatusAfterCall(cc, busy):
                self._status_after_call(seat, cc, busy)
            case m.Transfer():
                self._guests.transfer(seat, message, now)
            case m.Supervise():
                self._supervisors.asked(seat, message, now)
            case m.Threeway() if seat.generation == 1:
                return  # nobody there knows such a message
            case m.Threeway():
                self._guests.threeway(seat, message, now)
            case m.Answer(cc) | m.HangUp(cc) | m.Hold(cc) | m.Resume(cc):
                call = self._state.living(cc)
                if call is not None and un in call.parties:
                    self._about_call(seat, call, message, now)

    def _status_after_call(self, seat: PbxSeat, cc: str, busy: bool) -> None:
        if self._state.faults.hits(FaultKind.NEXT_STATUS, seat.un):
            return
        known = bool(seat.call) and cc in ("", seat.call)
        seat.busy_after = busy if known else seat.busy_after
        r = ACCEPTED if known else WRONG_STATE
        self._state.say(seat.un, m.StatusAfterCallResponse(r, cc))

    def _about_call(
        self, seat: PbxSeat, call: PbxCall, message: m.AgentMessage, now: float
    ) -> None:
        match message:
            case m.Answer():
                self._answers.answer(call, seat.un, now)
            case m.HangUp():
                self._hang_up(seat, call, now)
            case m.Hold() if call.guest is not None:
                pass  # refused: see `refuses`
            case m.Hold() | m.Resume() if call.phase is PbxPhase.UP:
                call.parties[seat.un].holding = isinstance(message, m.Hold)
                self._state.do(RouteAudio(call.cc))

    def _hang_up(self, seat: PbxSeat, call: PbxCall, now: float) -> None:
        if call.guest is not None:
            self._guests.agent_leaves(call.cc, seat.un, now)
        elif call.phase is PbxPhase.OFFERED and call.callee == seat.un:
            if call.kind is CallKind.INTERNAL:
                self._endings.not_connected(call, now)
            else:
                self._queue.withdraw(call, now)
        elif call.phase is PbxPhase.UP:
            self._endings.finish(call, EndReason.AGENT_HUNG_UP, seat.un, now)
        else:
            self._endings.not_connected(call, now, seat.un)

    def _query(self, seat: PbxSeat) -> None:
        state = self._state
        call = state.calls.get(seat.call)
        if call is None or seat.un not in call.parties:
            state.say(seat.un, m.NoCall())
            return
        party = call.parties[seat.un]
        if call.third == seat.un and party.leg is PbxLegState.NONE:
            state.say(seat.un, m.NewCall(call.cc, *state.shown(call, seat.un)))
        elif call.phase is PbxPhase.UP:
            state.say(seat.un, m.Answered(call.cc, *state.shown(call, seat.un)))
            if party.leg is PbxLegState.LOST:
                self._legs.reopen(call, seat.un)
            elif party.leg is PbxLegState.UP and seat.line == VOIP:
                state.do(ProbeLeg(call.cc, seat.un))
        elif call.caller == seat.un:
            self._dialing.respond(call, ACCEPTED, "")
        else:
            state.say(seat.un, m.NewCall(call.cc, *state.shown(call, seat.un)))

    def digit(self, cc: str, un: str, digit: str, ms: int, now: float) -> None:
        """The agent typed a digit. A party with a menu puts through who types its code."""
        call = self._state.living(cc)
        if call is None or un not in call.parties:
            return
        call.digits.append(heard(call.digits, un, digit, ms, now))
        typed = "".join(each.digit for each in call.digits if each.taken)
        how = call.behaviour
        up = call.phase is PbxPhase.UP
        if up and how.code and not call.through and typed.endswith(how.code):
            call.through = True
            self._state.do(Speak(cc, how.then))

"""Supervisors (generation 1): told of the group's calls, they listen, join, leave and end.

What is told and how it is asked stands in the control vocabulary (420, 421, 422), and is assumed.
"""

from __future__ import annotations

from tui.platform import messages as m
from tui.platform.base import VOIP
from tui.platform.messages import SuperviseAct
from tui.sandbox.pbx.actions import CloseLeg, OpenLeg, RouteAudio
from tui.sandbox.pbx.calls import (
    CallKind,
    EndReason,
    PbxCall,
    PbxLegState,
    PbxParty,
    PbxPhase,
    PbxSeat,
    PbxSeatStatus,
)
from tui.sandbox.pbx.parts.endings import Endings
from tui.sandbox.pbx.state import PbxState
from tui.sandbox.pbx.timers import TimerKind

DONE, REFUSED = "0", "1"
NO_RIGHT, NO_CALL, NOT_IDLE = "no right", "no such call in your group", "not idle"
NOT_LISTENING, ALREADY = "not listening", "already in that call"
TOLD_TWICE = 2
"""How often each message about a call of the group goes out (platform.md)."""


class Supervisors:
    """Who may, and what they do."""

    def __init__(self, state: PbxState, endings: Endings) -> None:
        self._state = state
        self._endings = endings
        self._told: dict[str, tuple[str, ...]] = {}
        """By ccNumber, who was told that the call began; () for nobody."""
        self._began: dict[str, str] = {}
        self._listened: dict[str, str] = {}
        """By supervisor, the call of her leg."""

    # ------------------------------------------------------------ telling

    def review(self) -> None:
        """Tell of the calls that are up since the last look, or over. A call that began before a
        supervisor signed in is not told."""
        for cc, call in list(self._state.calls.items()):
            if call.phase is PbxPhase.UP and cc not in self._told:
                self._told[cc] = tuple(each.un for each in self._of(call))
                self._tell(call, self._told[cc])
            elif call.phase is PbxPhase.ENDED and cc in self._told:
                self._tell(call, self._told.pop(cc), self._stamp())
                self._all_out(call)
        for cc in [cc for cc in self._told if cc not in self._state.calls]:
            del self._told[cc]
        for cc in [cc for cc in self._began if cc not in self._told]:
            del self._began[cc]

    def _of(self, call: PbxCall) -> list[PbxSeat]:
        """The supervisors of a call's group who are signed in."""
        return [
            seat
            for seat in self._state.seats.values()
            if seat.registered and self._may(seat) and self._in_group(seat, call)
        ]

    def _may(self, seat: PbxSeat) -> bool:
        return seat.generation == 1 and self._state.fixtures.agents[seat.un].supervisor

    def _in_group(self, seat: PbxSeat, call: PbxCall) -> bool:
        if seat.gid == "0" or seat.un in call.parties:
            return False
        if call.scripted and seat.gid in self._state.fixtures.agents[call.scripted].gids:
            return True
        return any(self._state.seats[un].gid == seat.gid for un in call.parties)

    def _tell(self, call: PbxCall, whom: tuple[str, ...], end: str = "") -> None:
        eid = self._state.fixtures.eid
        agent = call.scripted or call.caller or call.callee
        inside = eid if call.inside else ""
        parties = (call.number, agent, inside, eid)
        if call.kind is not CallKind.IN:
            parties = (agent, call.number, eid, inside)
        caller, callee, caller_eid, callee_eid = parties
        began = self._began.setdefault(call.cc, self._stamp())
        message = m.GroupCallReport(call.cc, caller, callee, began, end, caller_eid, callee_eid)
        for un in whom:
            self._state.say(un, message, TOLD_TWICE)

    def _stamp(self) -> str:
        return str(self._state.wall() // 1000)

    # ------------------------------------------------------------ asked

    def asked(self, seat: PbxSeat, message: m.Supervise, now: float) -> None:
        """A supervisor's request."""
        why = self._carry_out(seat, message, now)
        result = REFUSED if why else DONE
        self._state.say(seat.un, m.SuperviseResponse(message.ccnumber, message.act, result, why))

    def _carry_out(self, seat: PbxSeat, message: m.Supervise, now: float) -> str:
        """Why not, or ""."""
        call, act = self._state.living(message.ccnumber), message.act
        if not self._may(seat):
            return NO_RIGHT
        if call is None or call.phase is not PbxPhase.UP or not self._in_group(seat, call):
            return NO_CALL
        inside = seat.un in call.listeners
        match act:
            case SuperviseAct.LISTEN:
                if inside:
                    return ALREADY
                return self._listen(seat, call, now)
            case SuperviseAct.END:
                self._endings.finish(call, EndReason.AGENT_HUNG_UP, "", now)
            case SuperviseAct.JOIN if inside and seat.un not in call.joined:
                call.joined.add(seat.un)
                self._state.do(RouteAudio(call.cc))
            case SuperviseAct.STOP if inside and seat.un not in call.joined:
                self._out(call, seat.un)
            case SuperviseAct.LEAVE if seat.un in call.joined:
                self._out(call, seat.un)
            case _:
                return NOT_LISTENING
        return ""

    def _listen(self, seat: PbxSeat, call: PbxCall, now: float) -> str:
        if seat.call or seat.un in self._listened or seat.status == PbxSeatStatus.OFFLINE:
            return NOT_IDLE
        call.listeners[seat.un] = party = PbxParty(seat.un)
        self._listened[seat.un] = seat.call = call.cc
        if seat.line == VOIP:
            party.leg = PbxLegState.OPENING
            self._state.timers.set(
                now + self._state.times.leg, TimerKind.LISTENER, call.cc, seat.un
            )
            self._state.do(OpenLeg(call.cc, seat.un))
        return ""

    # ------------------------------------------------------------ their legs

    def leg_up(self, call: PbxCall, un: str) -> None:
        """A supervisor hears: she is told as if the call were hers (platform.md)."""
        call.listeners[un].leg = PbxLegState.UP
        self._state.timers.drop(TimerKind.LISTENER, call.cc, un)
        self._state.say(un, m.Answered(call.cc, call.number))
        self._state.do(RouteAudio(call.cc))

    def leg_gone(self, cc: str, un: str) -> None:
        """Her leg did not come, is lost, or she hung up: the call goes on without her."""
        call = self._state.living(cc)
        if call is not None and un in call.listeners:
            self._out(call, un)

    def left(self, un: str) -> None:
        """She signed out, or was kicked."""
        call = self._state.living(self._listened.get(un, ""))
        if call is not None:
            self._out(call, un)

    def _out(self, call: PbxCall, un: str) -> None:
        self._leave(call, un, EndReason.AGENT_HUNG_UP)
        self._state.do(RouteAudio(call.cc))

    def _all_out(self, call: PbxCall) -> None:
        for un in list(call.listeners):
            self._leave(call, un, EndReason(call.reason))

    def _leave(self, call: PbxCall, un: str, reason: EndReason) -> None:
        party = call.listeners.pop(un)
        call.joined.discard(un)
        self._listened.pop(un, None)
        self._state.timers.drop(TimerKind.LISTENER, call.cc, un)
        if party.leg is not PbxLegState.NONE:
            self._state.do(CloseLeg(call.cc, un))
        self._state.say(un, m.Ended(call.cc, reason))
        self._state.free(un)
        self._state.timers.set(0.0, TimerKind.FREED, un)

    def forget(self) -> None:
        """The platform began anew."""
        self._told.clear()
        self._began.clear()
        self._listened.clear()

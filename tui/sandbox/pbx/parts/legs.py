"""The agents' ends of calls: an audio leg, or the agent's own telephone (line types 4 and 5).

Asked for, up, failed, lost, asked for again. Reports of audio legs come in here; they decide when a
call rings and when it is up.
"""

from __future__ import annotations

from tui.platform import messages as m
from tui.platform.base import VOIP
from tui.sandbox.pbx.actions import CloseLeg, OpenLeg, RouteAudio
from tui.sandbox.pbx.calls import (
    CallKind,
    EndReason,
    GuestState,
    PbxCall,
    PbxLegState,
    PbxPhase,
    PhoneState,
)
from tui.sandbox.pbx.parts.endings import Endings
from tui.sandbox.pbx.parts.guests import Guests
from tui.sandbox.pbx.parts.queue import CustomerQueue
from tui.sandbox.pbx.parts.supervisors import Supervisors
from tui.sandbox.pbx.state import PbxState
from tui.sandbox.pbx.timers import TimerKind


class PbxLegs:
    """Opens legs, and goes on with the call as they are reported."""

    def __init__(
        self,
        state: PbxState,
        queue: CustomerQueue,
        endings: Endings,
        guests: Guests,
        supervisors: Supervisors,
    ) -> None:
        self._state = state
        self._queue = queue
        self._endings = endings
        self._guests = guests
        self._supervisors = supervisors

    # ------------------------------------------------------------ opened

    def open(self, call: PbxCall, un: str, now: float) -> None:
        """Build the agent's audio leg, or ring the agent's own telephone."""
        seat, party = self._state.seats[un], call.parties[un]
        timers, times = self._state.timers, self._state.times
        if seat.line == VOIP:
            party.leg = PbxLegState.OPENING
            timers.set(now + times.leg, TimerKind.LEG, call.cc, un)
            if call.behaviour.leg:
                self._state.do(OpenLeg(call.cc, un))
        elif seat.phone_refusal:
            self.failed(call.cc, un, now)
        elif party.phone is PhoneState.OFF_HOOK:
            self.phone_is_up(call, un, now)
        else:
            party.phone, party.leg = PhoneState.RINGING, PbxLegState.OPENING
            timers.set(now + times.phone_ring, TimerKind.LEG, call.cc, un)
            if seat.picks_up:
                timers.set(now + times.phone, TimerKind.PICK_UP, call.cc, un)

    def phone_is_up(self, call: PbxCall, un: str, now: float) -> None:
        """The agent's own telephone is picked up, in place of an audio leg."""
        party = call.parties[un]
        party.phone, party.leg = PhoneState.OFF_HOOK, PbxLegState.UP
        self._state.timers.drop(TimerKind.LEG, call.cc, un)
        self._state.timers.drop(TimerKind.PICK_UP, call.cc, un)
        self._is_up(call, un, now)

    # ------------------------------------------------------------ reported

    def up(self, cc: str, un: str, now: float) -> None:
        """The leg is there: answered, acknowledged, and tied to its call."""
        call = self._state.living(cc)
        if call is not None and un in call.listeners:
            self._supervisors.leg_up(call, un)
            return
        if call is None or un not in call.parties:
            self._state.do(CloseLeg(cc, un))
            return
        call.parties[un].leg = PbxLegState.UP
        self._state.timers.drop(TimerKind.LEG, cc, un)
        self._state.timers.drop(TimerKind.ORPHAN, cc, un)
        self._is_up(call, un, now)

    def _is_up(self, call: PbxCall, un: str, now: float) -> None:
        guest = call.guest
        if guest is not None and guest.un == un and guest.state is GuestState.CONNECTING:
            self._guests.came_in(call, guest, now)
        elif call.phase is PbxPhase.DIALING:
            call.phase = PbxPhase.RINGING
            self._state.do(RouteAudio(call.cc))
            self._ring(call, now)
        elif call.phase is PbxPhase.CONNECTING:
            self.connect(call, now)
        else:
            self._state.do(RouteAudio(call.cc))

    def _ring(self, call: PbxCall, now: float) -> None:
        """Ring whom the agent dialled."""
        times, timers = self._state.times, self._state.timers
        patience = times.ring_inside if call.inside else times.ring
        timers.set(now + patience, TimerKind.RING, call.cc)
        if call.kind is CallKind.INTERNAL:
            other = self._state.seats[call.number]
            if other.idle:
                self._queue.offer(call, other, now)
        elif call.behaviour.answer_after is not None:
            after = call.behaviour.answer_after * times.answering
            timers.set(now + after, TimerKind.ANSWER, call.cc)

    def connect(self, call: PbxCall, now: float) -> None:
        """The call is up."""
        call.phase, call.up_at = PbxPhase.UP, now
        for un in call.parties:
            self._state.say(un, m.Answered(call.cc, *self._state.shown(call, un)))
        self._state.do(RouteAudio(call.cc))
        if call.behaviour.hang_up_after is not None:
            when = now + call.behaviour.hang_up_after
            self._state.timers.set(when, TimerKind.HANG_UP, call.cc)

    def failed(self, cc: str, un: str, now: float) -> None:
        """The leg was refused, or did not come up in time. That of a guest who is not in yet ends
        no call."""
        self._supervisors.leg_gone(cc, un)
        call = self._state.living(cc)
        if call is None or un not in call.parties:
            return
        guest = call.guest
        if guest is not None and guest.un == un and guest.state is not GuestState.IN:
            self._guests.fails(call, now)
        elif call.phase is PbxPhase.UP:
            self.lost(cc, un, now)
        else:
            self._endings.finish(call, EndReason.NOT_CONNECTED, "", now)

    def lost(self, cc: str, un: str, now: float) -> None:
        """Audio from the agent has stopped for good. The call waits for the agent to ask."""
        self._supervisors.leg_gone(cc, un)
        call = self._state.calls.get(cc)
        if call is None or call.phase is not PbxPhase.UP or un not in call.parties:
            return
        call.parties[un].leg = PbxLegState.LOST
        self._state.timers.set(now + self._state.times.orphan, TimerKind.ORPHAN, cc, un)
        self._state.do(CloseLeg(cc, un), RouteAudio(cc))

    def asked_again(self, cc: str, un: str, now: float) -> None:
        """A probe that a query caused found no audio: build the leg anew."""
        call = self._state.calls.get(cc)
        if call is None or call.phase is not PbxPhase.UP or un not in call.parties:
            return
        self.lost(cc, un, now)
        self.reopen(call, un)

    def reopen(self, call: PbxCall, un: str) -> None:
        """Build a leg anew that was lost."""
        call.parties[un].leg = PbxLegState.OPENING
        self._state.do(OpenLeg(call.cc, un))

    def hung_up(self, cc: str, un: str, now: float) -> None:
        """The agent's end said BYE: as good as a hang-up."""
        self._supervisors.leg_gone(cc, un)
        call = self._state.living(cc)
        if call is not None and un in call.parties:
            call.parties[un].leg = PbxLegState.NONE
            self._guests.agent_leaves(cc, un, now)

"""Further parties of a call that is up: the third of a three-way call, and who takes a call over.

Type 4 takes the third out, or stops calling it. An agent who hangs up in a three-way call leaves
the other two talking (specification, "取消/结束三方通话"); the customer who hangs up ends it for
all, which is assumed.
"""

from __future__ import annotations

from tui.platform import messages as m
from tui.sandbox.faults import FaultKind
from tui.sandbox.pbx.actions import CloseLeg, RouteAudio
from tui.sandbox.pbx.calls import (
    CallKind,
    EndReason,
    Guest,
    GuestPurpose,
    GuestState,
    PbxCall,
    PbxLegState,
    PbxParty,
    PbxPhase,
    PbxSeat,
)
from tui.sandbox.pbx.dialplan import look_up, look_up_inside
from tui.sandbox.pbx.parts.endings import Endings
from tui.sandbox.pbx.parts.queue import CustomerQueue
from tui.sandbox.pbx.state import PbxState
from tui.sandbox.pbx.timers import GUEST_TIMERS, TimerKind

JOINED, FAILED, LEFT = "0", "1", "2"
"""The outcome of a three-way call, as the event says it."""
ACCEPTED, REFUSED = "0", "1"
NOT_IDLE, NO_GROUP, BAD_NUMBER = "agent not idle", "no such group", "bad number"
NO_GROUP_WANTED = "0"
"""The group of a transfer that names an agent alone, as the vendor's sample does."""
AGENT, GROUP, OUTSIDE, END = 1, 2, 3, 4
"""The types of `threewayCall` (specification)."""


class Guests:
    """Three-way calls and transfers, and who leaves them."""

    def __init__(self, state: PbxState, queue: CustomerQueue, endings: Endings) -> None:
        self._state = state
        self._queue = queue
        self._endings = endings

    # ------------------------------------------------------------ asked for

    def threeway(self, seat: PbxSeat, message: m.Threeway, now: float) -> None:
        """A three-way request of any type."""
        cc = message.ccnumber
        call = self._state.calls.get(cc)
        if self._state.faults.hits(FaultKind.THREEWAY, seat.un):
            return
        if call is None or call.phase is not PbxPhase.UP or seat.call != cc:
            self._refuse(seat, cc, "no such call")
        elif message.type == END:
            self._end_third(call, seat, now)
        elif call.guest is not None:
            self._refuse(seat, cc, "there is a third party already")
        else:
            found = self._third(seat, message.type, message.callee)
            if isinstance(found, Guest):
                self._state.say(seat.un, m.ThreewayResponse(cc, ACCEPTED))
                self._invite(call, found, now)
            else:
                self._refuse(seat, cc, found)

    def _refuse(self, seat: PbxSeat, cc: str, info: str) -> None:
        self._state.say(seat.un, m.ThreewayResponse(cc, REFUSED, info))

    def _third(self, seat: PbxSeat, type: int, callee: str) -> Guest | str:
        """Whom type and callee mean, or why nobody."""
        if type == AGENT:
            return self._colleague(seat, callee, GuestPurpose.THREEWAY) or NOT_IDLE
        if type == GROUP:
            if callee not in self._state.fixtures.groups:
                return NO_GROUP
            return self._first_idle(seat, callee) or NOT_IDLE
        how = look_up(callee)
        if not (callee.isascii() and callee.isdigit() and len(callee) > 2) or how.refuse:
            return BAD_NUMBER
        return Guest(GuestPurpose.THREEWAY, seat.un, callee, behaviour=how)

    def _colleague(self, seat: PbxSeat, number: str, purpose: GuestPurpose) -> Guest | None:
        """An idle agent, signed in or simulated."""
        other = self._state.seats.get(number)
        if other is not None:
            return Guest(purpose, seat.un, number, un=number) if other.idle else None
        how = look_up_inside(number, self._state.fixtures)
        if how is None or how.refuse:
            return None
        return Guest(purpose, seat.un, number, behaviour=how)

    def _first_idle(self, seat: PbxSeat, gid: str) -> Guest | None:
        """The first idle agent who is signed in to the group, else a simulated one who answers."""
        idle = [each for each in self._state.seats.values() if each.idle and each.gid == gid]
        if idle:
            first = min(idle, key=lambda each: each.idle_since)
            return self._colleague(seat, first.un, GuestPurpose.THREEWAY)
        for seed in self._state.fixtures.members(gid):
            if seed.simulated == "answers":
                return self._colleague(seat, seed.un, GuestPurpose.THREEWAY)
        return None

    def transfer(self, seat: PbxSeat, message: m.Transfer, now: float) -> None:
        """A transfer to a colleague of the group."""
        call = self._state.calls.get(message.ccnumber)
        if self._state.faults.hits(FaultKind.TRANSFER, seat.un):
            return
        guest = None
        seed = self._state.fixtures.agents.get(message.number)
        if (
            call is not None
            and call.phase is PbxPhase.UP
            and seat.call == call.cc
            and call.guest is None
            and call.kind is not CallKind.INTERNAL
            and seed is not None
            and (message.gid == NO_GROUP_WANTED or message.gid in seed.gids)
        ):
            guest = self._colleague(seat, message.number, GuestPurpose.TRANSFER)
        if call is None or guest is None:
            self._state.say(seat.un, m.TransferFailed(message.ccnumber))
        else:
            self._invite(call, guest, now)

    # ------------------------------------------------------------ rung

    def _invite(self, call: PbxCall, guest: Guest, now: float) -> None:
        state = self._state
        call.guest = guest
        patience = state.times.ring
        how = guest.behaviour
        if guest.un:
            self._queue.ring_agent(call, state.seats[guest.un])
            patience = state.times.ring_inside
        elif state.fixtures.is_extension(guest.number):
            patience = state.times.ring_inside
        state.timers.set(now + patience, TimerKind.GUEST_RING, call.cc)
        if how is not None and how.answer_after is not None:
            after = how.answer_after * state.times.answering
            state.timers.set(now + after, TimerKind.GUEST_ANSWER, call.cc)
        state.do(RouteAudio(call.cc))

    def third_answers(self, call: PbxCall, now: float) -> bool:
        """A simulated third party, or transfer target, answers; False when none rings."""
        guest = call.guest
        if guest is None or guest.un or guest.state is not GuestState.RINGING:
            return False
        self.came_in(call, guest, now)
        return True

    def third_hangs_up(self, call: PbxCall, now: float) -> bool:
        """A simulated one that is in hangs up; False when there is none."""
        guest = call.guest
        if guest is None or guest.un or guest.state is not GuestState.IN:
            return False
        self._guest_leaves(call, guest, now)
        return True

    def came_in(self, call: PbxCall, guest: Guest, now: float) -> None:
        """The guest answered, and its leg, if it has one, is up."""
        state = self._state
        guest.state = GuestState.IN
        state.timers.drop(TimerKind.GUEST_RING, call.cc)
        state.timers.drop(TimerKind.GUEST_ANSWER, call.cc)
        how = guest.behaviour
        if guest.un:
            state.say(guest.un, m.Answered(call.cc, *state.shown(call, guest.un)))
        if how is not None and how.hang_up_after is not None:
            state.timers.set(now + how.hang_up_after, TimerKind.GUEST_HANG_UP, call.cc)
        if guest.purpose is GuestPurpose.TRANSFER:
            self._hand_over(call, guest, now)
        elif guest.inviter:
            state.say(guest.inviter, m.ThreewayResult(call.cc, JOINED))
        self._settle(call, guest, now)

    def fails(self, call: PbxCall, now: float) -> None:
        """The guest did not answer, declined, or its leg did not come."""
        guest = call.guest
        if guest is None:
            return
        self._drop(call, guest, EndReason.NOT_CONNECTED, now)
        if not guest.inviter:
            self._endings.finish(call, EndReason.CUSTOMER_HUNG_UP, "", now)
        elif guest.purpose is GuestPurpose.TRANSFER:
            self._state.say(guest.inviter, m.TransferFailed(call.cc))
        else:
            self._state.say(guest.inviter, m.ThreewayResult(call.cc, FAILED))

    # ------------------------------------------------------------ handed over

    def _hand_over(self, call: PbxCall, guest: Guest, now: float) -> None:
        """38; the 105 for the agent who handed the call over follows shortly."""
        state = self._state
        un, guest.inviter = guest.inviter, ""
        call.parties.pop(un, None)
        state.timers.drop(TimerKind.ORPHAN, call.cc, un)
        if not state.faults.hits(FaultKind.TRANSFER_REPLY, un):
            state.say(un, m.TransferSucceeded(call.cc))
        state.timers.set(now + state.times.handover, TimerKind.HANDOVER, call.cc, un)

    def handed_over(self, cc: str, un: str, now: float) -> None:
        """105 for the agent who handed the call over."""
        state = self._state
        call, seat = state.calls.get(cc), state.seats[un]
        if call is None or seat.call != cc:
            return
        state.do(CloseLeg(cc, un))
        if not state.faults.hits(FaultKind.TRANSFER_END, un):
            state.over_for(call, un, EndReason.AGENT_HUNG_UP, now)
        state.free(un)
        self._queue.became_idle(seat, now)

    # ------------------------------------------------------------ who leaves

    def agent_leaves(self, cc: str, un: str, now: float) -> None:
        """The agent is gone from any call, whatever its phase."""
        call = self._state.living(cc)
        if call is None or un not in call.parties:
            return
        guest = call.guest
        if guest is None:
            self._endings.agent_leaves(call, un, now)
        elif guest.un == un:
            if guest.state is GuestState.IN:
                self._guest_leaves(call, guest, now)
            else:
                self.fails(call, now)
        elif guest.inviter == un and guest.purpose is GuestPurpose.THREEWAY:
            self._inviter_leaves(call, guest, now)
        else:
            self._endings.agent_leaves(call, un, now)

    def _inviter_leaves(self, call: PbxCall, guest: Guest, now: float) -> None:
        """The agent hangs up in a three-way call: the other two talk on, with no way back."""
        un, guest.inviter = guest.inviter, ""
        party = call.parties.pop(un)
        self._out(call, party, EndReason.AGENT_HUNG_UP, now)
        self._settle(call, guest, now)

    def _settle(self, call: PbxCall, guest: Guest, now: float) -> None:
        """Where the inviter is gone and the guest an agent who is in, that agent has the call."""
        if not guest.inviter and guest.un and guest.state is GuestState.IN:
            call.guest = None
            others = [un for un in call.parties if un != guest.un]
            call.caller, call.callee = "", guest.un
            if call.kind is CallKind.INTERNAL and others:
                call.caller, call.number = others[0], guest.un
        elif not call.parties:
            self._state.timers.set(now + self._state.times.left, TimerKind.LEFT, call.cc)
        self._state.do(RouteAudio(call.cc))

    def _end_third(self, call: PbxCall, seat: PbxSeat, now: float) -> None:
        """Type 4."""
        guest, faults = call.guest, self._state.faults
        if faults.hits(FaultKind.THREEWAY_END, seat.un):
            return
        if guest is None or guest.inviter != seat.un or guest.purpose is not GuestPurpose.THREEWAY:
            self._refuse(seat, call.cc, "there is no third party")
            return
        self._drop(call, guest, EndReason.CUSTOMER_HUNG_UP, now)
        if faults.hits(FaultKind.THREEWAY_EVENT, seat.un):
            self._state.say(seat.un, m.ThreewayResult(call.cc, LEFT))
        else:
            self._state.say(seat.un, m.ThreewayResponse(call.cc, ACCEPTED))

    def _guest_leaves(self, call: PbxCall, guest: Guest, now: float) -> None:
        """The guest was in, and hung up."""
        self._drop(call, guest, EndReason.AGENT_HUNG_UP, now)
        if not guest.inviter:
            self._endings.finish(call, EndReason.CUSTOMER_HUNG_UP, "", now)
        else:
            self._state.say(guest.inviter, m.ThreewayResult(call.cc, LEFT))

    def _drop(self, call: PbxCall, guest: Guest, reason: EndReason, now: float) -> None:
        """Take the guest out of the call; an agent is told as the state wants it."""
        timers = self._state.timers
        for kind in GUEST_TIMERS:
            timers.drop(kind, call.cc)
        self._endings.cancel_guest(call)
        call.guest = None
        party = call.parties.pop(guest.un, None)
        if party is not None:
            timers.drop(TimerKind.LEG, call.cc, guest.un)
            timers.drop(TimerKind.PICK_UP, call.cc, guest.un)
            self._out(call, party, reason, now)
        self._state.do(RouteAudio(call.cc))

    def _out(self, call: PbxCall, party: PbxParty, reason: EndReason, now: float) -> None:
        """One agent's end of a call that goes on."""
        state = self._state
        state.timers.drop(TimerKind.ORPHAN, call.cc, party.un)
        state.over_for(call, party.un, reason, now)
        if party.leg is not PbxLegState.NONE:
            state.do(CloseLeg(call.cc, party.un))
        state.free(party.un)
        self._queue.became_idle(state.seats[party.un], now)

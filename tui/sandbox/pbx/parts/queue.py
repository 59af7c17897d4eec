"""Customers who wait: who is idle, who is rung, what a decline does."""

from __future__ import annotations

from tui.platform import messages as m
from tui.platform.base import VOIP
from tui.sandbox.pbx.calls import (
    CallKind,
    PbxCall,
    PbxParty,
    PbxPhase,
    PbxSeat,
    PbxSeatStatus,
    PhoneState,
)
from tui.sandbox.pbx.dialplan import Behaviour
from tui.sandbox.pbx.state import PbxState
from tui.sandbox.pbx.timers import TimerKind

COPIES = 2
"""How often each 100 and 101 goes out (assumed)."""


class CustomerQueue:
    """Distributes calls to idle agents. `auto_call`: seconds after which a customer calls an agent
    who is idle for the first time; None = nobody does."""

    def __init__(self, state: PbxState, *, auto_call: float | None) -> None:
        self._state = state
        self._auto_call = auto_call

    def ring(
        self, number: str, behaviour: Behaviour, now: float, *, target: str = "", gid: str = ""
    ) -> str:
        """A customer calls one agent, or a group; the ccNumber. With both, others of the group
        get the call when the agent declines."""
        state = self._state
        call = state.new_call(CallKind.IN, number, behaviour, now)
        call.target, call.gid = target, gid
        state.timers.set(now + state.times.queue, TimerKind.QUEUE, call.cc)
        if behaviour.give_up_after is not None:
            state.timers.set(now + behaviour.give_up_after, TimerKind.GIVE_UP, call.cc)
        self.distribute(now)
        return call.cc

    def became_idle(self, seat: PbxSeat, now: float) -> None:
        """A seat may have become idle: who waits is rung through."""
        if seat.status != PbxSeatStatus.IDLE:
            return
        seat.idle_since = now
        if not seat.been_idle and self._auto_call is not None:
            seat.been_idle = True
            self._state.timers.set(now + self._auto_call, TimerKind.AUTO_CALL, seat.un)
        self.distribute(now)

    def distribute(self, now: float) -> None:
        """Ring an idle agent for each customer who waits."""
        for call in list(self._state.calls.values()):
            if call.phase is not PbxPhase.QUEUED or call.kind is not CallKind.IN:
                continue
            idle = [
                seat
                for seat in self._state.seats.values()
                if seat.idle and (seat.un == call.target or (call.gid and seat.gid == call.gid))
            ]
            fresh = [seat for seat in idle if seat.un not in call.declined] or idle
            fresh.sort(key=lambda seat: (seat.un != call.target, seat.idle_since))
            if fresh:
                self.offer(call, fresh[0], now)

    def offer(self, call: PbxCall, seat: PbxSeat, now: float) -> None:
        """Ring one agent."""
        call.phase, call.callee = PbxPhase.OFFERED, seat.un
        call.offers += 1
        self.ring_agent(call, seat)
        if call.kind is CallKind.IN:
            self._state.timers.set(now + self._state.times.offer, TimerKind.OFFER, call.cc)

    def ring_agent(self, call: PbxCall, seat: PbxSeat) -> None:
        """100; the agent's own telephone rings besides, where there is one."""
        call.parties[seat.un] = party = PbxParty(seat.un)
        seat.call = call.cc
        if seat.line != VOIP and not seat.phone_refusal:
            party.phone = PhoneState.RINGING
        self._state.say(seat.un, m.NewCall(call.cc, *self._state.shown(call, seat.un)), COPIES)

    def stop_ringing(self, call: PbxCall, un: str) -> None:
        """101."""
        self._state.say(un, m.CancelCall(call.cc), COPIES)
        self._state.seats[un].call = ""
        call.parties.pop(un)

    def cancel_offer(self, call: PbxCall) -> None:
        """101 to the agent it is offered to, if anybody."""
        if call.phase is PbxPhase.OFFERED and call.callee:
            self.stop_ringing(call, call.callee)
            call.callee = ""

    def withdraw(self, call: PbxCall, now: float) -> None:
        """The agent declined, or did not answer: the call goes on to others, or straight back."""
        call.declined.add(call.callee)
        self.cancel_offer(call)
        self._state.timers.drop(TimerKind.OFFER, call.cc)
        call.phase = PbxPhase.QUEUED
        self._state.timers.set(now + self._state.times.reoffer, TimerKind.DISTRIBUTE, call.cc)

"""How calls end, for all of their parties."""

from __future__ import annotations

from tui.sandbox.pbx.actions import CloseLeg, RouteAudio
from tui.sandbox.pbx.calls import (
    CallKind,
    EndReason,
    GuestState,
    PbxCall,
    PbxLegState,
    PbxPhase,
)
from tui.sandbox.pbx.parts.queue import CustomerQueue
from tui.sandbox.pbx.state import PbxState
from tui.sandbox.pbx.timers import CALL_TIMERS, TimerKind


class Endings:
    """Ends calls, and frees their agents."""

    def __init__(self, state: PbxState, queue: CustomerQueue) -> None:
        self._state = state
        self._queue = queue

    def customer_hangs_up(self, cc: str, now: float) -> bool:
        """The customer gives up, or hangs up; False when there is no such call any more."""
        call = self._state.living(cc)
        if call is None or call.kind is CallKind.INTERNAL:
            return False
        self._queue.cancel_offer(call)
        up = call.phase is PbxPhase.UP
        reason = EndReason.CUSTOMER_HUNG_UP if up else EndReason.NOT_CONNECTED
        self.finish(call, reason, "", now)
        return True

    def agent_leaves(self, call: PbxCall, un: str, now: float) -> None:
        """The agent is gone from a call between two, whatever its phase."""
        offered = call.phase is PbxPhase.OFFERED and call.callee == un
        if offered and call.kind is CallKind.IN:
            self._queue.withdraw(call, now)
            return
        up = call.phase is PbxPhase.UP
        self._queue.cancel_offer(call)
        self.finish(call, EndReason.AGENT_HUNG_UP if up else EndReason.NOT_CONNECTED, un, now)

    def not_connected(self, call: PbxCall, now: float, by: str = "") -> None:
        """The call is over before it was up; `by` is the agent who gave it up, or ""."""
        self._queue.cancel_offer(call)
        self.finish(call, EndReason.NOT_CONNECTED, by, now)

    def finish(self, call: PbxCall, reason: EndReason, by: str, now: float) -> None:
        """End a call. `by` is the agent who hung up, "" for the customer or a time-out; the other
        agent of an internal call hears 25: for that one the far side hung up."""
        state = self._state
        self.cancel_guest(call)
        call.phase, call.ended_at, call.reason = PbxPhase.ENDED, now, reason
        for kind in CALL_TIMERS:
            state.timers.drop(kind, call.cc)
        for un, party in call.parties.items():
            mine = reason
            if reason is EndReason.AGENT_HUNG_UP and by and un != by:
                mine = EndReason.CUSTOMER_HUNG_UP
            state.over_for(call, un, mine, now)
            if party.leg is not PbxLegState.NONE:
                state.do(CloseLeg(call.cc, un))
            state.free(un)
        call.guest = None
        state.do(RouteAudio(call.cc))
        for un in list(call.parties):
            if state.seats[un].registered:
                self._queue.became_idle(state.seats[un], now)
        if call.behaviour.call_back_after is not None and (who := call.caller or call.callee):
            when = now + call.behaviour.call_back_after
            state.timers.set(when, TimerKind.CALL_BACK, who, call.number)
        state.forget_old()

    def cancel_guest(self, call: PbxCall) -> None:
        """101 to an agent who is being rung into the call, if there is one."""
        guest = call.guest
        if guest is not None and guest.un and guest.state is GuestState.RINGING:
            self._queue.stop_ringing(call, guest.un)
            call.guest = None

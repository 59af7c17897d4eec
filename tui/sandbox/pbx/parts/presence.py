"""Who is signed in: registrations, connections, statuses that the platform sets."""

from __future__ import annotations

from tui.platform import messages as m
from tui.sandbox.pbx.calls import GuestState, PbxLegState, PbxPhase, PbxSeatState, PbxSeatStatus
from tui.sandbox.pbx.parts.guests import Guests
from tui.sandbox.pbx.parts.queue import CustomerQueue
from tui.sandbox.pbx.parts.scripted import ScriptedCalls
from tui.sandbox.pbx.parts.supervisors import Supervisors
from tui.sandbox.pbx.state import PbxState
from tui.sandbox.pbx.timers import TimerKind


class Presence:
    """Keeps the seats in step with the registrar."""

    def __init__(
        self,
        state: PbxState,
        queue: CustomerQueue,
        guests: Guests,
        supervisors: Supervisors,
        scripted: ScriptedCalls,
    ) -> None:
        self._state = state
        self._queue = queue
        self._guests = guests
        self._supervisors = supervisors
        self._scripted = scripted

    def registered(self, un: str, now: float, *, fresh: bool) -> None:
        """An agent's registration. `fresh`: a first one, or one over a new connection; a mere
        refresh changes nothing."""
        state, seat = self._state, self._state.seats[un]
        seat.reachable = True
        if seat.registered and not fresh:
            return
        seat.registered = True
        state.timers.set(now + state.times.online, TimerKind.ONLINE, un)
        if seat.generation == 1 and state.fixtures.agents[un].supervisor:
            self._scripted.supervisor_came(un, now)
        call = state.calls.get(seat.call)
        if call and un in call.parties and call.parties[un].leg is PbxLegState.UP:
            state.timers.drop(TimerKind.ORPHAN, call.cc, un)

    def online(self, un: str, now: float) -> None:
        """The platform's own "online", shortly after the registration."""
        seat = self._state.seats[un]
        if not seat.registered:
            return
        if seat.status == PbxSeatStatus.OFFLINE:
            seat.status = PbxSeatStatus.IDLE
        self._state.say(un, m.StatusChanged(seat.status))
        self._queue.became_idle(seat, now)

    def unregistered(self, un: str, now: float) -> None:
        """Signed out, expired or kicked: calls of the seat end, offers go on to others."""
        seat, timers = self._state.seats[un], self._state.timers
        timers.drop(TimerKind.ONLINE, un)
        timers.drop(TimerKind.AUTO_CALL, un)
        timers.drop(TimerKind.SCRIPTED, un)
        self._supervisors.left(un)
        if seat.call:
            self._guests.agent_leaves(seat.call, un, now)
        seat.registered = seat.reachable = seat.busy_after = False
        seat.status, seat.gid = PbxSeatStatus.OFFLINE, "0"
        seat.fixed, seat.been_idle = True, False
        seat.call = ""

    def kick_elsewhere(self, un: str, r: str, eid: str) -> None:
        """Say that the same extension of another enterprise is signed out: nothing to this one."""
        name = self._state.fixtures.agents[un].name
        self._state.say(un, m.Kicked(un, name, r, eid))

    def kick(self, un: str, r: str, now: float) -> None:
        """Sign an agent out: 895 someone else signed in, 897, 898, 899."""
        state = self._state
        if cc := state.seats[un].call:
            self._guests.agent_leaves(cc, un, now)
        name = state.fixtures.agents[un].name
        state.say(un, m.Kicked(un, name, r, state.fixtures.eid))
        self.unregistered(un, now)

    def seat_state(self, un: str) -> PbxSeatState:
        """What the seat does now."""
        seat = self._state.seats[un]
        call = self._state.living(seat.call)
        if not seat.registered:
            return PbxSeatState.OFFLINE
        if call is None or un not in call.parties:
            busy = seat.status == PbxSeatStatus.BUSY
            return PbxSeatState.BUSY if busy else PbxSeatState.IDLE
        ringing = call.third == un and call.guest and call.guest.state is not GuestState.IN
        if call.phase is not PbxPhase.UP or ringing:
            return PbxSeatState.RINGING
        return PbxSeatState.HOLDING if call.parties[un].holding else PbxSeatState.TALKING

    def flow(self, un: str, up: bool, now: float) -> None:
        """The agent's WebSocket came or went; the registration stands."""
        self._state.seats[un].reachable = up
        if up:
            self._queue.distribute(now)

    def set_status(self, un: str, status: int, now: float) -> None:
        """The platform itself sets a status, and says so."""
        seat = self._state.seats[un]
        seat.status = status
        self._state.say(un, m.StatusChanged(status))
        self._queue.became_idle(seat, now)

    def after_call_work(self, un: str) -> None:
        """The platform keeps the seat out of the queue, and says so (6)."""
        self._state.seats[un].status = PbxSeatStatus.BUSY
        self._state.say(un, m.AfterCallWork())

"""Calls to agents: who is idle, who is rung, what a decline does; and how every call ends.

The lowest of the PBX's layers: `legs`, `dialing` and `pbx` stand on it, in this order.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from tui.platform import messages as m
from tui.sandbox.calls import (
    BUSY,
    IDLE,
    Action,
    Call,
    CloseLeg,
    GuestState,
    LegState,
    Party,
    Phase,
    Route,
    Say,
    Seat,
    Timers,
    Times,
)
from tui.sandbox.dialplan import Behaviour
from tui.sandbox.world import World

CUSTOMER_HUNG_UP, AGENT_HUNG_UP, NOT_CONNECTED = "25", "26", "20"
OF_A_CALL = (
    *("offer", "give-up", "queue", "leg", "reply", "answer", "ring", "hang-up", "orphan"),
    *("guest-ring", "guest-answer", "guest-hang-up", "left", "pick-up"),
)
"""The timers that end with their call."""
KEEP_ENDED = 50
"""How many ended calls the control API can still tell of."""


class Offers:
    """Seats, calls, queues. `wall` gives milliseconds since 1970, for names and time stamps."""

    def __init__(
        self,
        world: World,
        *,
        rng: random.Random,
        times: Times | None = None,
        auto_call: float | None = None,
        wall: Callable[[], int] = lambda: int(time.time() * 1000),
    ) -> None:
        self.world = world
        self.times = times or Times()
        self.auto_call = auto_call
        self.seats = {seed.un: Seat(seed.un) for seed in world.accounts()}
        self.calls: dict[str, Call] = {}
        self._rng = rng
        self._wall = wall
        self._timers = Timers()
        self._actions: deque[Action] = deque()

    # ------------------------------------------------------------ draining

    def actions(self) -> list[Action]:
        """What is to be done, in order; drained."""
        drained = list(self._actions)
        self._actions.clear()
        return drained

    def next_deadline(self) -> float | None:
        """When `handle_timeout` wants to be called."""
        return self._timers.next()

    # ------------------------------------------------------------ offers

    def _became_idle(self, seat: Seat, now: float) -> None:
        if seat.status != IDLE:
            return
        seat.idle_since = now
        if not seat.been_idle and self.auto_call is not None:
            seat.been_idle = True
            self._timers.set(now + self.auto_call, "auto-call", seat.un)
        self._distribute(now)

    def ring(
        self, number: str, behaviour: Behaviour, now: float, *, target: str = "", gid: str = ""
    ) -> str:
        """A customer calls one agent, or a group; the ccNumber. With both, others of the group
        get the call when the agent declines."""
        call = self._new_call("in", number, behaviour, now)
        call.target, call.gid = target, gid
        self._timers.set(now + self.times.queue, "queue", call.cc)
        if behaviour.give_up_after is not None:
            self._timers.set(now + behaviour.give_up_after, "give-up", call.cc)
        self._distribute(now)
        return call.cc

    def _idle(self, seat: Seat) -> bool:
        return (
            seat.registered
            and seat.reachable
            and seat.status == IDLE
            and seat.fixed
            and not seat.call
        )

    def _distribute(self, now: float) -> None:
        for call in list(self.calls.values()):
            if call.phase is not Phase.QUEUED or call.kind != "in":
                continue
            idle = [
                seat
                for seat in self.seats.values()
                if self._idle(seat)
                and (seat.un == call.target or (call.gid and seat.gid == call.gid))
            ]
            fresh = [seat for seat in idle if seat.un not in call.declined] or idle
            fresh.sort(key=lambda seat: (seat.un != call.target, seat.idle_since))
            if fresh:
                self._offer(call, fresh[0], now)

    def _offer(self, call: Call, seat: Seat, now: float) -> None:
        call.phase, call.callee = Phase.OFFERED, seat.un
        call.offers += 1
        call.parties[seat.un] = Party(seat.un)
        seat.call = call.cc
        self._ring_phone(call, seat.un)
        self._say(seat.un, m.NewCall(call.cc, *self._shown(call, seat.un)), 2)
        if call.kind == "in":
            self._timers.set(now + self.times.offer, "offer", call.cc)

    def _ring_phone(self, call: Call, un: str) -> None:
        """Ring the agent's own telephone, where there is one."""

    def _cancel_offer(self, call: Call) -> None:
        """101 to whom it is being offered, if anybody."""
        if call.phase is Phase.OFFERED and call.callee:
            self._say(call.callee, m.CancelCall(call.cc), 2)
            self.seats[call.callee].call = ""
            call.parties.pop(call.callee)
            call.callee = ""

    def _withdraw(self, call: Call, now: float, *, declined: bool) -> None:
        """The offer is over here; the call goes on to others, or straight back."""
        if declined:
            call.declined.add(call.callee)
        self._cancel_offer(call)
        self._timers.drop("offer", call.cc)
        call.phase = Phase.QUEUED
        self._timers.set(now + self.times.reoffer, "distribute", call.cc)

    def customer_hangs_up(self, cc: str, now: float) -> bool:
        """The customer gives up, or hangs up; False when there is no such call any more."""
        call = self.calls.get(cc)
        if call is None or call.phase is Phase.ENDED or call.kind == "internal":
            return False
        self._cancel_offer(call)
        self._finish(call, CUSTOMER_HUNG_UP if call.phase is Phase.UP else NOT_CONNECTED, "", now)
        return True

    # ------------------------------------------------------------ the end

    def _leave(self, cc: str, un: str, now: float) -> None:
        """The agent is gone from the call, whatever its phase."""
        call = self.calls.get(cc)
        if call is None or call.phase is Phase.ENDED or un not in call.parties:
            return
        if call.phase is Phase.OFFERED and call.callee == un and call.kind == "in":
            self._withdraw(call, now, declined=True)
        else:
            reason = AGENT_HUNG_UP if call.phase is Phase.UP else NOT_CONNECTED
            self._cancel_offer(call)
            self._finish(call, reason, un, now)

    def _finish(self, call: Call, reason: str, by: str, now: float) -> None:
        """End a call. `by` is the agent who hung up, "" for the customer or a time-out; the other
        agent of an internal call hears 25: for that one the far side hung up."""
        self._cancel_guest(call)
        call.phase, call.ended_at, call.reason = Phase.ENDED, now, reason
        for kind in OF_A_CALL:
            self._timers.drop(kind, call.cc)
        length = None if call.up_at is None else int(now - call.up_at)
        for un, party in call.parties.items():
            mine = reason
            if reason == AGENT_HUNG_UP and by and un != by:
                mine = CUSTOMER_HUNG_UP
            self._over_for(call, un, mine, length)
            if party.leg is not LegState.NONE:
                self._actions.append(CloseLeg(call.cc, un))
            self._free(un)
        call.guest = None
        self._actions.append(Route(call.cc))
        for un in list(call.parties):
            if self.seats[un].registered:
                self._became_idle(self.seats[un], now)
        if call.behaviour.call_back_after is not None and (who := call.caller or call.callee):
            when = now + call.behaviour.call_back_after
            self._timers.set(when, "call-back", who, call.number)
        self._forget()

    def _over_for(self, call: Call, un: str, reason: str, length: int | None) -> None:
        """105. `length` in seconds; None for a call that was never up, which has a time stamp."""
        stamp = self._wall() // 1000 if length is None else length
        self._say(un, m.Ended(call.cc, reason, stamp))

    def _free(self, un: str) -> None:
        """The agent is in no call any more: idle, or busy where 87 asked for it."""
        seat = self.seats[un]
        seat.call = ""
        if seat.registered and (seat.generation == 2 or seat.busy_after):
            seat.status = BUSY if seat.busy_after else IDLE
            seat.busy_after = False
            self._say(un, m.StatusChanged(seat.status))

    def _cancel_guest(self, call: Call) -> None:
        """101 to an agent who is being rung into the call, if there is one."""
        guest = call.guest
        if guest is not None and guest.un and guest.state is GuestState.RINGING:
            self._say(guest.un, m.CancelCall(call.cc), 2)
            self.seats[guest.un].call = ""
            call.parties.pop(guest.un)
            call.guest = None

    # ------------------------------------------------------------ small things

    def _new_call(self, kind: str, number: str, behaviour: Behaviour, now: float) -> Call:
        digits = self._rng.randrange(10**4)
        cc = f"{self._wall()}{digits:04d}conf_{self._wall()}"
        call = Call(cc, kind, number, replace(behaviour), now)
        self.calls[cc] = call
        return call

    def _forget(self) -> None:
        ended = [call.cc for call in self.calls.values() if call.phase is Phase.ENDED]
        for cc in ended[:-KEEP_ENDED]:
            del self.calls[cc]

    def _inside(self, call: Call) -> bool:
        return call.kind in ("inside", "internal")

    def _shown(self, call: Call, un: str) -> tuple[str, str]:
        """The other side as this agent is told: number, and the id of an extension."""
        if call.kind == "internal":
            return (call.number if un == call.caller else call.caller), self.world.eid
        return call.number, self.world.eid if call.kind == "inside" else ""

    def _say(self, un: str, message: m.PlatformMessage, copies: int = 1) -> None:
        self._actions.append(Say(un, message, copies))

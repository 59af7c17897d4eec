"""Further parties of a call that is up: the third of a three-way call, and who takes a call over.

Type 4 takes the third out, or stops calling it. An agent who hangs up in a three-way call leaves
the other two talking (specification, "取消/结束三方通话"); the customer who hangs up ends it for
all, which is assumed.
"""

from __future__ import annotations

from collections.abc import Callable

from tui.platform import messages as m
from tui.sandbox.calls import (
    THREEWAY,
    TRANSFER,
    Call,
    CloseLeg,
    Guest,
    GuestState,
    LegState,
    Party,
    Phase,
    Route,
    Seat,
)
from tui.sandbox.dialing import Dialing
from tui.sandbox.dialplan import look_up, look_up_inside
from tui.sandbox.offers import AGENT_HUNG_UP, CUSTOMER_HUNG_UP, NOT_CONNECTED

JOINED, FAILED, LEFT = "0", "1", "2"
"""The outcome of a three-way call, as the event says it."""
ACCEPTED, REFUSED = "0", "1"
NOT_IDLE, NO_GROUP, BAD_NUMBER = "agent not idle", "no such group", "bad number"


class Guests(Dialing):
    """Three-way calls and transfers. `fault(kind, un)` tells what is switched off on purpose."""

    fault: Callable[[str, str], bool] = staticmethod(lambda _kind, _un: False)

    # ------------------------------------------------------------ asked for

    def _threeway(self, seat: Seat, message: m.Threeway, now: float) -> None:
        cc = message.ccnumber
        call = self.calls.get(cc)
        if self.fault("threeway", seat.un):
            return
        if call is None or call.phase is not Phase.UP or seat.call != cc:
            self._say(seat.un, m.ThreewayResponse(cc, REFUSED, "no such call"))
        elif message.type == 4:
            self._end_third(call, seat, now)
        elif call.guest is not None:
            self._say(seat.un, m.ThreewayResponse(cc, REFUSED, "there is a third party already"))
        else:
            found = self._third(seat, message.type, message.callee)
            if isinstance(found, Guest):
                self._say(seat.un, m.ThreewayResponse(cc, ACCEPTED))
                self._invite(call, found, now)
            else:
                self._say(seat.un, m.ThreewayResponse(cc, REFUSED, found))

    def _third(self, seat: Seat, type: int, callee: str) -> Guest | str:
        """Whom type and callee mean, or why nobody."""
        if type == 1:
            return self._colleague(seat, callee, THREEWAY) or NOT_IDLE
        if type == 2:
            if callee not in self.world.groups:
                return NO_GROUP
            return self._first_idle(seat, callee) or NOT_IDLE
        how = look_up(callee)
        if not (callee.isascii() and callee.isdigit() and len(callee) > 2) or how.refuse:
            return BAD_NUMBER
        return Guest(THREEWAY, seat.un, callee, behaviour=how)

    def _colleague(self, seat: Seat, number: str, purpose: str) -> Guest | None:
        """An idle agent, signed in or simulated."""
        other = self.seats.get(number)
        if other is not None:
            return Guest(purpose, seat.un, number, un=number) if self._idle(other) else None
        how = look_up_inside(number, self.world)
        if how is None or how.refuse:
            return None
        return Guest(purpose, seat.un, number, behaviour=how)

    def _first_idle(self, seat: Seat, gid: str) -> Guest | None:
        """The first idle agent who is signed in to the group, else a simulated one who answers."""
        idle = [each for each in self.seats.values() if self._idle(each) and each.gid == gid]
        if idle:
            first = min(idle, key=lambda each: each.idle_since)
            return self._colleague(seat, first.un, THREEWAY)
        for seed in self.world.members(gid):
            if seed.simulated == "answers":
                return self._colleague(seat, seed.un, THREEWAY)
        return None

    def _transfer(self, seat: Seat, message: m.Transfer, now: float) -> None:
        call = self.calls.get(message.ccnumber)
        if self.fault("transfer", seat.un):
            return
        guest = None
        seed = self.world.agents.get(message.number)
        if (
            call is not None
            and call.phase is Phase.UP
            and seat.call == call.cc
            and call.guest is None
            and call.kind != "internal"
            and seed is not None
            and message.gid in seed.gids
        ):
            guest = self._colleague(seat, message.number, TRANSFER)
        if call is None or guest is None:
            self._say(seat.un, m.TransferFailed(message.ccnumber))
        else:
            self._invite(call, guest, now)

    def refuses(self, un: str, message: m.AgentMessage) -> int:
        """The SIP status a message is refused with, instead of its 200; 0 = it is taken. Hold in a
        three-way call is refused."""
        if isinstance(message, m.Hold):
            call = self.calls.get(message.ccnumber)
            if call is not None and call.guest is not None and un in call.parties:
                return 488
        return 0

    # ------------------------------------------------------------ rung

    def _invite(self, call: Call, guest: Guest, now: float) -> None:
        call.guest = guest
        patience = self.times.ring
        how = guest.behaviour
        if guest.un:
            call.parties[guest.un] = Party(guest.un)
            self.seats[guest.un].call = call.cc
            self._ring_phone(call, guest.un)
            self._say(guest.un, m.NewCall(call.cc, *self._shown(call, guest.un)), 2)
            patience = self.times.ring_inside
        elif self.world.is_extension(guest.number):
            patience = self.times.ring_inside
        self._timers.set(now + patience, "guest-ring", call.cc)
        if how is not None and how.answer_after is not None:
            self._timers.set(now + how.answer_after, "guest-answer", call.cc)
        self._actions.append(Route(call.cc))

    def _agent_joins(self, call: Call, guest: Guest, now: float) -> None:
        """The answer of the agent who is rung: the leg is built next."""
        guest.state = GuestState.CONNECTING
        self._timers.drop("guest-ring", call.cc)
        self._open(call, guest.un, now)

    def third_answers(self, call: Call, now: float) -> bool:
        """A simulated third party, or transfer target, answers; False when none rings."""
        guest = call.guest
        if guest is None or guest.un or guest.state is not GuestState.RINGING:
            return False
        self._guest_in(call, guest, now)
        return True

    def third_hangs_up(self, call: Call, now: float) -> bool:
        """A simulated one that is in hangs up; False when there is none."""
        guest = call.guest
        if guest is None or guest.un or guest.state is not GuestState.IN:
            return False
        self._guest_leaves(call, now)
        return True

    def _leg_is_up(self, call: Call, un: str, now: float) -> None:
        guest = call.guest
        if guest is not None and guest.un == un and guest.state is GuestState.CONNECTING:
            self._guest_in(call, guest, now)
        else:
            super()._leg_is_up(call, un, now)

    def leg_failed(self, cc: str, un: str, now: float) -> None:
        """As ever; the leg of a guest who is not in yet ends no call."""
        call = self.calls.get(cc)
        guest = None if call is None else call.guest
        if call and guest and guest.un == un and guest.state is not GuestState.IN:
            self._guest_fails(call, now)
        else:
            super().leg_failed(cc, un, now)

    def _guest_in(self, call: Call, guest: Guest, now: float) -> None:
        guest.state = GuestState.IN
        self._timers.drop("guest-ring", call.cc)
        self._timers.drop("guest-answer", call.cc)
        how = guest.behaviour
        if guest.un:
            self._say(guest.un, m.Answered(call.cc, *self._shown(call, guest.un)))
        if how is not None and how.hang_up_after is not None:
            self._timers.set(now + how.hang_up_after, "guest-hang-up", call.cc)
        if guest.purpose == TRANSFER:
            self._hand_over(call, guest, now)
        elif guest.inviter:
            self._say(guest.inviter, m.ThreewayResult(call.cc, JOINED))
        self._settle(call, guest, now)

    # ------------------------------------------------------------ who leaves

    def _hand_over(self, call: Call, guest: Guest, now: float) -> None:
        """38; the 105 for the agent who handed the call over follows shortly."""
        un, guest.inviter = guest.inviter, ""
        call.parties.pop(un, None)
        self._timers.drop("orphan", call.cc, un)
        if not self.fault("transfer-reply", un):
            self._say(un, m.TransferSucceeded(call.cc))
        self._timers.set(now + self.times.handover, "handover", call.cc, un)

    def _handed_over(self, cc: str, un: str, now: float) -> None:
        call, seat = self.calls.get(cc), self.seats[un]
        if call is None or seat.call != cc:
            return
        self._actions.append(CloseLeg(cc, un))
        if not self.fault("transfer-end", un):
            self._over_for(call, un, AGENT_HUNG_UP, int(now - (call.up_at or now)))
        self._free(un)
        self._became_idle(seat, now)

    def _inviter_leaves(self, call: Call, guest: Guest, now: float) -> None:
        """The agent hangs up in a three-way call: the other two talk on, with no way back."""
        un, guest.inviter = guest.inviter, ""
        party = call.parties.pop(un)
        self._out(call, party, AGENT_HUNG_UP, now)
        self._settle(call, guest, now)

    def _settle(self, call: Call, guest: Guest, now: float) -> None:
        """Where the inviter is gone and the guest an agent who is in, that agent has the call."""
        if not guest.inviter and guest.un and guest.state is GuestState.IN:
            call.guest = None
            others = [un for un in call.parties if un != guest.un]
            call.caller, call.callee = "", guest.un
            if call.kind == "internal" and others:
                call.caller, call.number = others[0], guest.un
        elif not call.parties:
            self._timers.set(now + self.times.left, "left", call.cc)
        self._actions.append(Route(call.cc))

    def _end_third(self, call: Call, seat: Seat, now: float) -> None:
        """Type 4."""
        guest = call.guest
        if self.fault("threeway-end", seat.un):
            return
        if guest is None or guest.inviter != seat.un or guest.purpose != THREEWAY:
            self._say(seat.un, m.ThreewayResponse(call.cc, REFUSED, "there is no third party"))
            return
        self._drop_guest(call, guest, CUSTOMER_HUNG_UP, now)
        if self.fault("threeway-event", seat.un):
            self._say(seat.un, m.ThreewayResult(call.cc, LEFT))
        else:
            self._say(seat.un, m.ThreewayResponse(call.cc, ACCEPTED))

    def _guest_fails(self, call: Call, now: float) -> None:
        """Did not answer, declined, or its leg did not come."""
        guest = call.guest
        if guest is None:
            return
        self._drop_guest(call, guest, NOT_CONNECTED, now)
        if not guest.inviter:
            self._finish(call, CUSTOMER_HUNG_UP, "", now)
        elif guest.purpose == TRANSFER:
            self._say(guest.inviter, m.TransferFailed(call.cc))
        else:
            self._say(guest.inviter, m.ThreewayResult(call.cc, FAILED))

    def _guest_leaves(self, call: Call, now: float) -> None:
        """The guest was in, and hung up."""
        guest = call.guest
        if guest is None:
            return
        self._drop_guest(call, guest, AGENT_HUNG_UP, now)
        if not guest.inviter:
            self._finish(call, CUSTOMER_HUNG_UP, "", now)
        else:
            self._say(guest.inviter, m.ThreewayResult(call.cc, LEFT))

    def _drop_guest(self, call: Call, guest: Guest, reason: str, now: float) -> None:
        """Take the guest out of the call; an agent is told as the state wants it."""
        for kind in ("guest-ring", "guest-answer", "guest-hang-up", "left"):
            self._timers.drop(kind, call.cc)
        self._cancel_guest(call)
        call.guest = None
        party = call.parties.pop(guest.un, None)
        if party is not None:
            self._timers.drop("leg", call.cc, guest.un)
            self._timers.drop("pick-up", call.cc, guest.un)
            self._out(call, party, reason, now)
        self._actions.append(Route(call.cc))

    def _out(self, call: Call, party: Party, reason: str, now: float) -> None:
        """One agent's end of a call that goes on."""
        self._timers.drop("orphan", call.cc, party.un)
        self._over_for(call, party.un, reason, int(now - (call.up_at or now)))
        if party.leg is not LegState.NONE:
            self._actions.append(CloseLeg(call.cc, party.un))
        self._free(party.un)
        self._became_idle(self.seats[party.un], now)

    def _leave(self, cc: str, un: str, now: float) -> None:
        call = self.calls.get(cc)
        guest = None if call is None else call.guest
        if call is None or guest is None or un not in call.parties:
            super()._leave(cc, un, now)
        elif guest.un == un:
            if guest.state is GuestState.IN:
                self._guest_leaves(call, now)
            else:
                self._guest_fails(call, now)
        elif guest.inviter == un and guest.purpose == THREEWAY:
            self._inviter_leaves(call, guest, now)
        else:
            super()._leave(cc, un, now)

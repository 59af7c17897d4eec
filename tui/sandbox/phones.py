"""The agents' own telephones: line types 4 and 5 have no audio leg, a telephone rings instead.

It rings with an offer and with a call that was dialled. By itself it is picked up only once the
agent dialled or answered on the screen; the control API can pick it up at any time, hang it up,
hold and resume on it. What is done on it is told to the agent's console.
"""

from __future__ import annotations

from tui.platform import messages as m
from tui.sandbox.calls import (
    CALLBACK_PHONE,
    VOIP,
    Call,
    GuestState,
    LegState,
    Phase,
    PhoneState,
    Route,
    Seat,
)
from tui.sandbox.guests import Guests

TROUBLES = {"none": "470", "offline": "471", "busy": "486"}
"""What a telephone can have, and the code that a call is refused with."""
BY_NUMBER = {"0470": "none", "0471": "offline", "0486": "busy"}
"""The same by the last digits of the telephone's number."""
BY_HAND = "0999"
"""A number that ends so is never picked up by itself."""


class Phones(Guests):
    """The telephones, and what agents do on them."""

    def bind_phone(self, un: str, line: int, number: str) -> None:
        """The line of a web sign-in, and the number of its telephone."""
        seat = self.seats[un]
        seat.line, seat.phone = line, "" if line == VOIP else number
        seat.trouble = BY_NUMBER.get(number[-4:], "") if line != VOIP else ""
        seat.picks_up = not number.endswith(BY_HAND)

    def phone_state(self, un: str) -> PhoneState:
        """What the telephone does now."""
        seat = self.seats[un]
        call = self.calls.get(seat.call)
        if call is None or seat.line == VOIP or un not in call.parties:
            return PhoneState.ON_HOOK
        return call.parties[un].phone

    def _phone_trouble(self, seat: Seat) -> str:
        return TROUBLES.get(seat.trouble, "") if seat.line != VOIP else ""

    # ------------------------------------------------------------ it rings

    def _ring_phone(self, call: Call, un: str) -> None:
        if self.seats[un].line != VOIP and not self._phone_trouble(self.seats[un]):
            call.parties[un].phone = PhoneState.RINGING

    def _open(self, call: Call, un: str, now: float) -> None:
        seat, party = self.seats[un], call.parties[un]
        if seat.line == VOIP:
            super()._open(call, un, now)
        elif self._phone_trouble(seat):
            self.leg_failed(call.cc, un, now)
        elif party.phone is PhoneState.OFF_HOOK:
            self._phone_is_up(call, un, now)
        else:
            party.phone, party.leg = PhoneState.RINGING, LegState.OPENING
            self._timers.set(now + self.times.phone_ring, "leg", call.cc, un)
            if seat.picks_up:
                self._timers.set(now + self.times.phone, "pick-up", call.cc, un)

    def _phone_is_up(self, call: Call, un: str, now: float) -> None:
        party = call.parties[un]
        party.phone, party.leg = PhoneState.OFF_HOOK, LegState.UP
        self._timers.drop("leg", call.cc, un)
        self._timers.drop("pick-up", call.cc, un)
        self._leg_is_up(call, un, now)

    # ------------------------------------------------------------ what is done on it

    def phone_picks_up(self, un: str, now: float) -> bool:
        """Pick the telephone up: an offer is answered, a call that was dialled goes on. False
        when it does not ring."""
        seat = self.seats[un]
        call = self.calls.get(seat.call)
        if call is None or self.phone_state(un) is not PhoneState.RINGING:
            return False
        party, guest = call.parties[un], call.guest
        if party.leg is LegState.OPENING:
            self._phone_is_up(call, un, now)
            return True
        party.phone = PhoneState.OFF_HOOK
        if guest is not None and guest.un == un and guest.state is GuestState.RINGING:
            self._agent_joins(call, guest, now)
        elif call.phase is Phase.OFFERED and call.callee == un:
            self._answer_offer(call, un, now)
        return True

    def phone_hangs_up(self, un: str, now: float) -> bool:
        """Put the telephone down, or decline on it: as good as a hang-up on the screen."""
        if self.phone_state(un) is PhoneState.ON_HOOK:
            return False
        self._leave(self.seats[un].call, un, now)
        return True

    def phone_holds(self, un: str, on: bool, now: float) -> bool:
        """Hold or resume on the telephone, which is told to the console. False when it cannot be:
        no call that is up, a third party in it, or it is so already."""
        seat = self.seats[un]
        call = self.calls.get(seat.call)
        if (
            call is None
            or call.phase is not Phase.UP
            or call.guest is not None
            or self.phone_state(un) is not PhoneState.OFF_HOOK
            or call.parties[un].holding is on
        ):
            return False
        call.parties[un].holding = on
        own = f"{un}_{self.world.eid16}"
        if seat.line == CALLBACK_PHONE:
            own = f"9{seat.phone}"
        self._say(un, m.Held(call.cc, own) if on else m.Resumed(call.cc, own))
        self._actions.append(Route(call.cc))
        return True

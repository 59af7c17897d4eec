"""The agents' own telephones: line types 4 and 5 have no audio leg, a telephone rings instead.

It rings with an offer and with a call that was dialled. By itself it is picked up only once the
agent dialled or answered on the screen; the control API can pick it up at any time, hang it up,
hold and resume on it. What is done on it is told to the agent's console.
"""

from __future__ import annotations

from tui.platform import messages as m
from tui.platform.base import CALLBACK_PHONE, VOIP
from tui.sandbox.pbx.actions import RouteAudio
from tui.sandbox.pbx.calls import PbxLegState, PbxPhase, PhoneState, PhoneTrouble
from tui.sandbox.pbx.parts.answers import Answers
from tui.sandbox.pbx.parts.guests import Guests
from tui.sandbox.pbx.parts.legs import PbxLegs
from tui.sandbox.pbx.state import PbxState

BY_NUMBER = {
    "0470": PhoneTrouble.UNBOUND,
    "0471": PhoneTrouble.OFFLINE,
    "0486": PhoneTrouble.BUSY,
}
"""A telephone's trouble, by the last digits of its number."""
BY_HAND = "0999"
"""A number that ends so is never picked up by itself."""


class Phones:
    """The telephones, and what agents do on them."""

    def __init__(self, state: PbxState, guests: Guests, legs: PbxLegs, answers: Answers) -> None:
        self._state = state
        self._guests = guests
        self._legs = legs
        self._answers = answers

    def bind(self, un: str, line: int, number: str) -> None:
        """The line of a web sign-in, and the number of its telephone."""
        seat = self._state.seats[un]
        seat.line, seat.phone, seat.trouble = line, "", PhoneTrouble.NONE
        if line != VOIP:
            seat.phone, seat.trouble = number, BY_NUMBER.get(number[-4:], PhoneTrouble.NONE)
        seat.picks_up = not number.endswith(BY_HAND)

    def phone_of(self, un: str) -> PhoneState:
        """What the telephone does now."""
        seat = self._state.seats[un]
        call = self._state.calls.get(seat.call)
        if call is None or seat.line == VOIP or un not in call.parties:
            return PhoneState.ON_HOOK
        return call.parties[un].phone

    def pick_up(self, un: str, now: float) -> bool:
        """Pick the telephone up: an offer is answered, a call that was dialled goes on. False
        when it does not ring."""
        call = self._state.calls.get(self._state.seats[un].call)
        if call is None or self.phone_of(un) is not PhoneState.RINGING:
            return False
        party = call.parties[un]
        if party.leg is PbxLegState.OPENING:
            self._legs.phone_is_up(call, un, now)
        else:
            party.phone = PhoneState.OFF_HOOK
            self._answers.answer(call, un, now)
        return True

    def hang_up(self, un: str, now: float) -> bool:
        """Put the telephone down, or decline on it: as good as a hang-up on the screen."""
        if self.phone_of(un) is PhoneState.ON_HOOK:
            return False
        self._guests.agent_leaves(self._state.seats[un].call, un, now)
        return True

    def hold(self, un: str, on: bool) -> bool:
        """Hold or resume on the telephone, which is told to the console. False when it cannot be:
        no call that is up, a third party in it, or it is so already."""
        seat = self._state.seats[un]
        call = self._state.calls.get(seat.call)
        if (
            call is None
            or call.phase is not PbxPhase.UP
            or call.guest is not None
            or self.phone_of(un) is not PhoneState.OFF_HOOK
            or call.parties[un].holding is on
        ):
            return False
        call.parties[un].holding = on
        own = f"{un}_{self._state.fixtures.eid16}"
        if seat.line == CALLBACK_PHONE:
            own = f"9{seat.phone}"
        self._state.say(un, m.Held(call.cc, own) if on else m.Resumed(call.cc, own))
        self._state.do(RouteAudio(call.cc))
        return True

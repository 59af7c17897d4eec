"""Calls by agents: outside lines, simulated extensions, other agents."""

from __future__ import annotations

from tui.platform import messages as m
from tui.sandbox.calls import Call, Party, Phase, Seat
from tui.sandbox.dialplan import REFUSALS, Behaviour
from tui.sandbox.legs import Legs


class Dialing(Legs):
    """What the dial commands do. `mute_dial` is a fault: the command gets its 200 and nothing
    else."""

    mute_dial = False

    def _phone_trouble(self, seat: Seat) -> str:
        """The code that a call is refused with when the agent's own telephone cannot ring."""
        return ""

    def _dial(self, seat: Seat, number: str, how: Behaviour, kind: str, now: float) -> None:
        """To a customer ("out"), or to a simulated extension ("inside")."""
        if self.mute_dial or how.reply_after is None:
            return
        call = self._new_call(kind, number, how, now)
        call.caller = seat.un
        if seat.call or not seat.registered:
            self._refuse_dial(call, "502", "wrong state", now)
        elif trouble := self._phone_trouble(seat):
            self._refuse_dial(call, trouble, REFUSALS[trouble], now)
        elif how.refuse:
            if how.call_back_after is not None:
                self._timers.set(now + how.call_back_after, "call-back", seat.un, number)
            self._refuse_dial(call, how.refuse, how.info, now)
        else:
            self._claim(call, seat)
            self._timers.set(now + how.reply_after, "reply", call.cc)
            if how.reply_after == 0:
                self._timers.drop("reply", call.cc)
                self._accept_dial(call, now)

    def _dial_agent(self, seat: Seat, number: str, now: float) -> None:
        if self.mute_dial:
            return
        call = self._new_call("internal", number, Behaviour(voice="silent"), now)
        call.caller = seat.un
        other = self.seats[number]
        if seat.call or not seat.registered:
            self._refuse_dial(call, "502", "wrong state", now)
        elif trouble := self._phone_trouble(seat):
            self._refuse_dial(call, trouble, REFUSALS[trouble], now)
        elif not (other.registered and other.reachable):
            self._refuse_dial(call, "502", "the extension is offline", now)
        elif other is seat or not self._idle(other):
            self._refuse_dial(call, "503", "busy", now)
        else:
            self._claim(call, seat)
            self._accept_dial(call, now)

    def _answer_offer(self, call: Call, un: str, now: float) -> None:
        """The agent to whom it is offered takes the call."""
        call.phase = Phase.CONNECTING
        for kind in ("offer", "give-up", "queue", "ring"):
            self._timers.drop(kind, call.cc)
        self._open(call, un, now)

    def _claim(self, call: Call, seat: Seat) -> None:
        seat.call = call.cc
        call.parties[seat.un] = Party(seat.un)

    def _accept_dial(self, call: Call, now: float) -> None:
        call.phase = Phase.DIALING
        self._respond_dial(call, "200", "")
        self._open(call, call.caller, now)

    def _refuse_dial(self, call: Call, r: str, info: str, now: float) -> None:
        self._respond_dial(call, r, info)
        call.phase, call.ended_at, call.reason = Phase.ENDED, now, r

    def _respond_dial(self, call: Call, r: str, info: str) -> None:
        number, eid = self._shown(call, call.caller)
        if eid:
            self._say(call.caller, m.CallinResponse(r, call.cc, number, info, eid))
        else:
            self._say(call.caller, m.CalloutResponse(r, call.cc, number, info))

    def _customer_answers(self, call: Call, now: float) -> None:
        if call.phase is Phase.RINGING:
            self._timers.drop("ring", call.cc)
            self._connect(call, now)

"""The agents' audio legs: asked for, up, failed, lost, asked for again."""

from __future__ import annotations

from tui.platform import messages as m
from tui.sandbox.calls import Call, CloseLeg, LegState, OpenLeg, Phase, Route
from tui.sandbox.offers import NOT_CONNECTED, Offers


class Legs(Offers):
    """Reports of legs come in here; they decide when a call rings and when it is up."""

    def _open(self, call: Call, un: str, now: float) -> None:
        call.parties[un].leg = LegState.OPENING
        self._timers.set(now + self.times.leg, "leg", call.cc, un)
        if call.behaviour.leg:
            self._actions.append(OpenLeg(call.cc, un))

    def leg_up(self, cc: str, un: str, now: float) -> None:
        """The leg is there: answered, acknowledged, and tied to its call."""
        call = self.calls.get(cc)
        if call is None or un not in call.parties or call.phase is Phase.ENDED:
            self._actions.append(CloseLeg(cc, un))
            return
        call.parties[un].leg = LegState.UP
        self._timers.drop("leg", cc, un)
        self._timers.drop("orphan", cc, un)
        self._leg_is_up(call, un, now)

    def _leg_is_up(self, call: Call, un: str, now: float) -> None:
        if call.phase is Phase.DIALING:
            call.phase = Phase.RINGING
            self._actions.append(Route(call.cc))
            if call.kind == "internal":
                self._timers.set(now + self.times.ring_inside, "ring", call.cc)
                other = self.seats[call.number]
                if self._idle(other):
                    self._offer(call, other, now)
                return
            patience = self.times.ring_inside if self._inside(call) else self.times.ring
            self._timers.set(now + patience, "ring", call.cc)
            if call.behaviour.answer_after is not None:
                self._timers.set(now + call.behaviour.answer_after, "answer", call.cc)
        elif call.phase is Phase.CONNECTING:
            self._connect(call, now)
        else:
            self._actions.append(Route(call.cc))

    def _connect(self, call: Call, now: float) -> None:
        call.phase, call.up_at = Phase.UP, now
        for un in call.parties:
            self._say(un, m.Answered(call.cc, *self._shown(call, un)))
        self._actions.append(Route(call.cc))
        if call.behaviour.hang_up_after is not None:
            self._timers.set(now + call.behaviour.hang_up_after, "hang-up", call.cc)

    def leg_failed(self, cc: str, un: str, now: float) -> None:
        """The leg was refused, or did not come up in time."""
        call = self.calls.get(cc)
        if call is None or call.phase is Phase.ENDED or un not in call.parties:
            return
        if call.phase is Phase.UP:
            self.leg_lost(cc, un, now)
        else:
            self._finish(call, NOT_CONNECTED, "", now)

    def leg_lost(self, cc: str, un: str, now: float) -> None:
        """Audio from the agent has stopped for good. The call waits for the agent to ask."""
        call = self.calls.get(cc)
        if call is None or call.phase is not Phase.UP or un not in call.parties:
            return
        call.parties[un].leg = LegState.LOST
        self._timers.set(now + self.times.orphan, "orphan", cc, un)
        self._actions += [CloseLeg(cc, un), Route(cc)]

    def leg_asked_again(self, cc: str, un: str, now: float) -> None:
        """A probe that a query caused found no audio: build the leg anew."""
        call = self.calls.get(cc)
        if call is None or call.phase is not Phase.UP or un not in call.parties:
            return
        self.leg_lost(cc, un, now)
        call.parties[un].leg = LegState.OPENING
        self._actions.append(OpenLeg(cc, un))

    def leg_hung_up(self, cc: str, un: str, now: float) -> None:
        """The agent's end said BYE: as good as a hang-up."""
        call = self.calls.get(cc)
        if call is not None and call.phase is not Phase.ENDED and un in call.parties:
            call.parties[un].leg = LegState.NONE
            self._leave(cc, un, now)

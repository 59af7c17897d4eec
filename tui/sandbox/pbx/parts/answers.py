"""Answers of agents who are rung, on the screen or on their own telephone."""

from __future__ import annotations

from tui.sandbox.pbx.calls import GuestState, PbxCall, PbxPhase
from tui.sandbox.pbx.parts.legs import PbxLegs
from tui.sandbox.pbx.state import PbxState
from tui.sandbox.pbx.timers import TimerKind

_UNTIL_ANSWERED = (TimerKind.OFFER, TimerKind.GIVE_UP, TimerKind.QUEUE, TimerKind.RING)


class Answers:
    """Takes an answer, and has the agent's leg built."""

    def __init__(self, state: PbxState, legs: PbxLegs) -> None:
        self._timers = state.timers
        self._legs = legs

    def answer(self, call: PbxCall, un: str, now: float) -> None:
        """The agent answers; nothing happens where the agent is not rung."""
        guest = call.guest
        if guest is not None and guest.un == un:
            if guest.state is not GuestState.RINGING:
                return
            guest.state = GuestState.CONNECTING
            self._timers.drop(TimerKind.GUEST_RING, call.cc)
        elif call.phase is PbxPhase.OFFERED and call.callee == un:
            call.phase = PbxPhase.CONNECTING
            for kind in _UNTIL_ANSWERED:
                self._timers.drop(kind, call.cc)
        else:
            return
        self._legs.open(call, un, now)

"""Calls between simulated members of a group and customers: what a supervisor has to listen to.

They begin by themselves while a supervisor is signed in, or by the control API.
"""

from __future__ import annotations

from tui.sandbox.pbx.actions import RouteAudio
from tui.sandbox.pbx.calls import CallKind, PbxPhase
from tui.sandbox.pbx.dialplan import Behaviour
from tui.sandbox.pbx.state import PbxState
from tui.sandbox.pbx.timers import TimerKind

AGENT_VOICE = "tone:260"
"""What the simulated agent says: the customer speaks."""
CUSTOMERS = ("12000000001", "12000000002", "12000000003")
FIRST, BETWEEN, LASTS, MOST = 3.0, 20.0, 90.0, 2
"""Seconds to the first call, from one to the next, and of each; and how many at once."""
_TALKING, _IDLE = "talking", "idle"


class ScriptedCalls:
    """Begins them, and lets the directory show who talks. `by_themselves`: while a supervisor is
    signed in."""

    def __init__(self, state: PbxState, *, by_themselves: bool) -> None:
        self._state = state
        self._by_themselves = by_themselves
        self._talking: dict[str, tuple[str, str]] = {}
        """By ccNumber: who talks in it, and what the directory said of that one before."""
        self._begun = 0

    def begin(
        self,
        agent: str,
        number: str,
        now: float,
        *,
        voice: str = "speak",
        agent_voice: str = AGENT_VOICE,
        lasts: float | None = None,
    ) -> str:
        """A simulated member talks to a customer; the ccNumber. `lasts` None: until it is ended."""
        state = self._state
        call = state.new_call(CallKind.IN, number, Behaviour(voice=voice), now)
        call.phase, call.up_at = PbxPhase.UP, now
        call.scripted, call.scripted_voice = agent, agent_voice
        self._talking[call.cc] = agent, state.fixtures.states.get(agent, _IDLE)
        state.fixtures.states[agent] = _TALKING
        state.do(RouteAudio(call.cc))
        if lasts is not None:
            state.timers.set(now + lasts, TimerKind.HANG_UP, call.cc)
        return call.cc

    def review(self) -> None:
        """Members of calls that are over are as they were before."""
        for cc, (agent, before) in list(self._talking.items()):
            if self._state.living(cc) is None:
                del self._talking[cc]
                self._state.fixtures.states[agent] = before

    def supervisor_came(self, un: str, now: float) -> None:
        """A supervisor signed in: soon there is something to listen to."""
        if self._by_themselves:
            self._state.timers.set(now + FIRST, TimerKind.SCRIPTED, un)

    def next(self, un: str, now: float) -> None:
        """The next call, as long as she is signed in."""
        seat = self._state.seats[un]
        if not seat.registered:
            return
        self._state.timers.set(now + BETWEEN, TimerKind.SCRIPTED, un)
        busy = {agent for agent, _ in self._talking.values()}
        members = self._state.fixtures.members(seat.gid)
        free = [each.un for each in members if each.simulated and each.un not in busy]
        if free and len(self._talking) < MOST:
            number = CUSTOMERS[self._begun % len(CUSTOMERS)]
            self._begun += 1
            self.begin(free[0], number, now, lasts=LASTS)

    def forget(self) -> None:
        """The platform began anew."""
        for agent, before in self._talking.values():
            self._state.fixtures.states[agent] = before
        self._talking.clear()

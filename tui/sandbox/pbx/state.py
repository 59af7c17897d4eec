"""What every part of the PBX shares: seats, calls, timers, and the actions that wait."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from tui.platform import messages as m
from tui.sandbox.faults import Faults
from tui.sandbox.fixtures import Fixtures
from tui.sandbox.pbx.actions import PbxAction, Say
from tui.sandbox.pbx.calls import CallKind, EndReason, PbxCall, PbxPhase, PbxSeat, PbxSeatStatus
from tui.sandbox.pbx.dialplan import Behaviour
from tui.sandbox.pbx.timers import PbxTimers, Times

KEEP_ENDED = 50
"""How many ended calls the control API can still tell of."""


class PbxState:
    """Seats, calls, timers, actions; what one part does to them, the others see. `wall` gives
    milliseconds since 1970, for names and time stamps."""

    def __init__(
        self,
        fixtures: Fixtures,
        *,
        rng: random.Random,
        times: Times,
        faults: Faults,
        wall: Callable[[], int] = lambda: int(time.time() * 1000),
    ) -> None:
        self.fixtures = fixtures
        self.times = times
        self.faults = faults
        self.seats = {seed.un: PbxSeat(seed.un) for seed in fixtures.accounts()}
        self.calls: dict[str, PbxCall] = {}
        self.timers = PbxTimers()
        self._rng = rng
        self.wall = wall
        self._actions: deque[PbxAction] = deque()

    # ------------------------------------------------------------ actions

    def do(self, *actions: PbxAction) -> None:
        """Queue actions, in order."""
        self._actions += actions

    def drain(self) -> list[PbxAction]:
        """What is to be done, in order; the queue is empty afterwards."""
        drained = list(self._actions)
        self._actions.clear()
        return drained

    def say(self, un: str, message: m.PlatformMessage, copies: int = 1) -> None:
        """Queue a control message."""
        self.do(Say(un, message, copies))

    def over_for(self, call: PbxCall, un: str, reason: EndReason, now: float) -> None:
        """105. The length of a call that was up, in seconds; else a time stamp."""
        stamp = self.wall() // 1000 if call.up_at is None else int(now - call.up_at)
        self.say(un, m.Ended(call.cc, reason, stamp))

    # ------------------------------------------------------------ calls

    def new_call(self, kind: CallKind, number: str, behaviour: Behaviour, now: float) -> PbxCall:
        """A call with a fresh ccNumber."""
        digits = self._rng.randrange(10**4)
        cc = f"{self.wall()}{digits:04d}conf_{self.wall()}"
        call = PbxCall(cc, kind, number, replace(behaviour), now)
        self.calls[cc] = call
        return call

    def living(self, cc: str) -> PbxCall | None:
        """The call, unless it is over."""
        call = self.calls.get(cc)
        return None if call is None or call.phase is PbxPhase.ENDED else call

    def forget_old(self) -> None:
        """Forget ended calls, but for the last ones."""
        ended = [call.cc for call in self.calls.values() if call.phase is PbxPhase.ENDED]
        for cc in ended[:-KEEP_ENDED]:
            del self.calls[cc]

    def forget_all(self) -> None:
        """Forget calls, timers, actions and what seats do. What the web sign-in said of a seat (its
        line, its generation) stands in another place of the platform, and stays."""
        self.calls.clear()
        self.timers.clear()
        self._actions.clear()
        for un, old in self.seats.items():
            self.seats[un] = PbxSeat(
                un,
                line=old.line,
                phone=old.phone,
                trouble=old.trouble,
                picks_up=old.picks_up,
                generation=old.generation,
            )

    def shown(self, call: PbxCall, un: str) -> tuple[str, str]:
        """The other side as this agent is told: number, and the id of an extension."""
        if call.kind is CallKind.INTERNAL:
            return (call.number if un == call.caller else call.caller), self.fixtures.eid
        return call.number, self.fixtures.eid if call.kind is CallKind.INSIDE else ""

    # ------------------------------------------------------------ seats

    def free(self, un: str) -> None:
        """The agent is in no call any more: idle, or busy where 87 asked for it."""
        seat = self.seats[un]
        seat.call = ""
        if seat.registered and (seat.generation == 2 or seat.busy_after):
            seat.status = PbxSeatStatus.BUSY if seat.busy_after else PbxSeatStatus.IDLE
            seat.busy_after = False
            self.say(un, m.StatusChanged(seat.status))

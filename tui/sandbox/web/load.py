"""A group of ten thousand, for the directory: invented members whose states change by themselves.

Nobody signs in as one of them, and none takes calls; `rate` is how many change state per second.
"""

from __future__ import annotations

import asyncio
import random

from tui.sandbox.fixtures import LOAD_GROUP, LOAD_START, AgentSeed, Fixtures, GroupSeed

SIZE = 10_000
STATES = ("offline", "idle", "busy", "talking")
TICK = 0.1
_FAMILY = ("Li", "Wang", "Zhang", "Liu", "Chen", "Yang", "Zhao", "Huang", "Zhou", "Wu", "张", "王")
_GIVEN = ("Wei", "Fang", "Jing", "Lei", "Tao", "Min", "Yan", "Qiang", "Juan", "Yong", "敏", "静")


class LoadGroup:
    """Fills the fixtures' group, and keeps it moving at `rate` changes per second."""

    def __init__(self, fixtures: Fixtures, rng: random.Random) -> None:
        self.rate = 0.0
        self._fixtures = fixtures
        self._rng = rng
        self._task: asyncio.Task[None] | None = None

    def arrive(self) -> None:
        """Put the group and its members there, and widen the extension range to them."""
        fixtures, rng = self._fixtures, self._rng
        fixtures.groups[LOAD_GROUP] = GroupSeed(LOAD_GROUP, "599", "Everybody")
        for index in range(SIZE):
            un = str(LOAD_START + index)
            name = f"{rng.choice(_FAMILY)} {rng.choice(_GIVEN)}"
            fixtures.agents[un] = AgentSeed(un, "", name, (LOAD_GROUP,), simulated="silent")
            fixtures.states[un] = rng.choice(STATES)
        fixtures.extension_end = LOAD_START + SIZE - 1

    def set_rate(self, per_second: float) -> None:
        """So many members change state per second from now on; 0 = none."""
        self.rate = per_second
        if per_second and self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._move())

    async def _move(self) -> None:
        members = [
            un for un in self._fixtures.states if self._fixtures.agents[un].gids == (LOAD_GROUP,)
        ]
        due = 0.0
        while True:
            await asyncio.sleep(TICK)
            due += self.rate * TICK
            for _ in range(min(int(due), len(members))):
                un = self._rng.choice(members)
                others = [each for each in STATES if each != self._fixtures.states[un]]
                self._fixtures.states[un] = self._rng.choice(others)
            due -= int(due)

    async def leave(self) -> None:
        """Stop moving."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

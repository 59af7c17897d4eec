"""Mixes the ends of a call with more than two of them, 20 ms at a time.

An end gives its own words and takes what it is to hear; a plan says who hears whom. Two-way calls
do without: there the ends are connected directly (switching).
"""

from __future__ import annotations

import asyncio
import time
from array import array
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import add

from tui.sandbox.audio.voices import BLOCK, SILENCE, Voice, prompt, ringback

TICK = 0.02
OWN_STALL = 0.05
"""Seconds by which a tick may be late and still be made up for."""
CUSHION, MOST = 2, 8
"""Blocks that wait for a leg: at least, before playing begins, and at most."""


@dataclass(frozen=True, slots=True)
class End:
    """`take` gives 20 ms of the end's own words, None when nothing came in time; `give` tells it
    what it hears: the block, whether anything arrived for it, whether it is held."""

    take: Callable[[], bytes | None]
    give: Callable[[bytes, bool, bool], None]


@dataclass(frozen=True, slots=True)
class EndPlan:
    """What one end hears: the prompt alone when `held`, else these others, and ringing."""

    sources: tuple[str, ...] = ()
    held: bool = False
    ringing: bool = False


class Outlet:
    """What is mixed for a leg, until the leg's own clock takes it."""

    def __init__(self) -> None:
        self._blocks: deque[bytes] = deque(maxlen=MOST)
        self._primed = False

    def give(self, block: bytes, _arrived: bool, _held: bool) -> None:
        """Put 20 ms in; the oldest make room."""
        self._blocks.append(block)

    def voice(self) -> bytes:
        """The next 20 ms, for the leg to play."""
        self._primed = bool(self._blocks) and (self._primed or len(self._blocks) >= CUSHION)
        return self._blocks.popleft() if self._primed else SILENCE


class Bridge:
    """Runs until it is closed. `ends` and `plan` may be replaced at any time."""

    def __init__(self) -> None:
        self.ends: Mapping[str, End] = {}
        self.plan: Mapping[str, EndPlan] = {}
        self.outlets: dict[str, Outlet] = {}
        self._prompts: dict[str, Voice] = {}
        self._ringback: Voice = ringback()
        self._task = asyncio.get_running_loop().create_task(self._run())

    def outlet(self, name: str) -> Outlet:
        """The outlet of a leg, the same as long as the bridge lives."""
        return self.outlets.setdefault(name, Outlet())

    async def _run(self) -> None:
        at = time.monotonic()
        while True:
            self._tick()
            at += TICK
            late = time.monotonic() - at
            if late > OWN_STALL:
                at += late
            await asyncio.sleep(max(0.0, -late))

    def _tick(self) -> None:
        said = {name: end.take() for name, end in self.ends.items()}
        ring = self._ringback()
        for name, end in self.ends.items():
            plan = self.plan.get(name, EndPlan())
            if plan.held:
                end.give(self._prompts.setdefault(name, prompt())(), True, True)
                continue
            blocks = [block for each in plan.sources if (block := said.get(each)) is not None]
            arrived = bool(blocks)
            if plan.ringing:
                blocks.append(ring)
            end.give(mixed(blocks), arrived, False)

    async def close(self) -> None:
        """Stop mixing."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


def mixed(blocks: list[bytes]) -> bytes:
    """The sum of blocks of 20 ms, clipped where it is too loud."""
    audible = [block for block in blocks if block is not SILENCE and len(block) == 2 * BLOCK]
    if not audible:
        return SILENCE
    if len(audible) == 1:
        return audible[0]
    total = list(array("h", audible[0]))
    for block in audible[1:]:
        total = list(map(add, total, array("h", block)))
    if max(total) > 32767 or min(total) < -32768:
        total = [max(-32768, min(32767, each)) for each in total]
    return array("h", total).tobytes()

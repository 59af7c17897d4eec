"""A try of the sound: three seconds recorded, played back, and the delay measured by a click that
comes back from the ears into the microphone, where it does.

Works on any source and sink; what it does at each tick of 20 ms is told to whoever draws it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tui.media.pcm.sinks import Sink
    from tui.media.pcm.sources import Source

RATE: Final = 48_000
FRAME: Final = 960
TICK: Final = 0.02
SECONDS: Final = 3.0
"""What is recorded."""
CLICKS: Final = 3
HZ: Final = 1000
_WARM: Final = 6.0
"""Seconds for the devices to begin."""
_WAIT: Final = 1.5
"""Seconds in which a click must come back: a tunnel far away takes half of it."""
_APART: Final = 0.04
"""How far two clicks' delays may be apart and still be the same delay, in seconds."""
_STEP: Final = 240
"""Samples of one look: 5 ms, five periods of the click."""
_FLOOR: Final = 0.02
_TAIL: Final = 0.4
"""Seconds until what was played is out, and a room is quiet again."""


class Interrupted(Exception):
    """Something more important came, such as a call."""


@dataclass(frozen=True, slots=True)
class SoundTestResult:
    """`loudest` is the level of the recording, 0 to 1; `delay` in seconds from a block played to
    the same block heard, None when the click did not come back."""

    loudest: float
    delay: float | None


class Ticker:
    """A tick every 20 ms by the clock: late ones are made up for."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._next = self._loop.time()

    async def __call__(self) -> None:
        self._next += TICK
        await asyncio.sleep(max(0.0, self._next - self._loop.time()))


class SoundTest:
    """One try. `stage` is told "record", "play", "measure"; `level` the levels of a tick, heard
    and played; `stop` is asked whether to break off."""

    def __init__(
        self,
        source: Source,
        sink: Sink,
        *,
        tick: Callable[[], Awaitable[None]],
        stage: Callable[[str], None],
        level: Callable[[float, float], None],
        stop: Callable[[], bool],
    ) -> None:
        from tui.media.pcm import levels, tones  # C and numbers: not before somebody wants it

        self._source, self._sink = source, sink
        self._tick, self._stage, self._level, self._stop = tick, stage, level, stop
        self._rms, self._strength = levels.rms, tones.strength
        self._click = tones.tone((HZ,), duration=TICK, level=0.5)

    async def run(self, ready: Callable[[], bool]) -> SoundTestResult:
        """Warm up until `ready`, six seconds at most, then try; without, there is nothing to hear
        or to play. Raises Interrupted."""
        silence = bytes(2 * FRAME)
        for _ in range(round(_WARM / TICK)):
            await self._step(silence)
            if ready():
                break
        else:
            return SoundTestResult(0.0, None)
        self._stage("record")
        heard = [await self._step(silence) for _ in range(round(SECONDS / TICK))]
        self._stage("play")
        for block in heard:
            await self._step(block)
        await self._quiet(_TAIL)
        self._stage("measure")
        loudest = max(self._rms(block) for block in heard)
        return SoundTestResult(loudest, _agreed([await self._one_click() for _ in range(CLICKS)]))

    async def _step(self, played: bytes) -> bytes:
        if self._stop():
            raise Interrupted
        self._sink.write(played)
        heard = self._source.read(FRAME)
        self._level(self._rms(heard), self._rms(played))
        await self._tick()
        return heard

    async def _quiet(self, seconds: float) -> bytes:
        silence = bytes(2 * FRAME)
        return b"".join([await self._step(silence) for _ in range(round(seconds / TICK))])

    async def _one_click(self) -> float | None:
        noise = max(self._looks(await self._quiet(0.2)), default=0.0)
        limit = max(_FLOOR, 4 * noise)
        played = self._click
        looked = 0
        for _ in range(round(_WAIT / TICK)):
            for strength in self._looks(await self._step(played)):
                if strength > limit:
                    await self._quiet(_TAIL)
                    return looked * _STEP / RATE
                looked += 1
            played = bytes(2 * FRAME)
        return None

    def _looks(self, pcm: bytes) -> list[float]:
        size = 2 * _STEP
        return [self._strength(pcm[at : at + size], HZ) for at in range(0, len(pcm), size)]


def _agreed(delays: list[float | None]) -> float | None:
    """The delay that most clicks agree on; a noise in the room is no click."""
    from statistics import median  # fractions and all: not before somebody wants it

    found = [delay for delay in delays if delay is not None]
    if len(found) < 2:
        return None
    middle = median(found)
    close = [delay for delay in found if abs(delay - middle) <= _APART]
    return median(close) if len(close) >= 2 else None

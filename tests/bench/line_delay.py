"""How late sound is, found by the sound itself: where in what was said is what is heard?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

from tui.media.pcm.levels import audioop

RATE = 48_000
_LOW = 8_000
_STEP = RATE // _LOW
WINDOW = 0.08
"""Seconds that are looked for."""
FARTHEST = 1.0
"""Seconds that they are looked for in the past."""
ALIKE = 0.8
"""The correlation from which on it has been found."""
LOOK_AHEAD = 312 / RATE
"""What opus itself takes (OPUS_GET_LOOKAHEAD at 48 kHz, voip); not counted, for any receiver."""


def low(pcm: bytes) -> bytes:
    """At 8 kHz: enough to know speech again."""
    return audioop.ratecv(pcm, 2, 1, RATE, _LOW, None)[0]


def delays(
    said: bytes, ticks: Sequence[float], heard: bytes, times: Sequence[float], sizes: Sequence[int]
) -> list[tuple[float, float]]:
    """(time, delay) of every fifth block heard: seconds from the capture of its first sample to
    its handing out. `ticks`: when each 20 ms of `said` were complete; `times`, `sizes`: when each
    block was handed out, and its samples. What is too quiet or like nothing is left out."""
    source, sound = low(said), low(heard)
    lifted = audioop.bias(audioop.mul(source, 2, 0.3), 2, 16_000)
    begins = [0, *accumulate(sizes)]
    count, found = round(WINDOW * _LOW), []
    for index in range(0, len(times), 5):
        at = begins[index] // _STEP * 2
        sample = sound[at : at + count * 2]
        if len(sample) < count * 2 or audioop.rms(sample, 2) < 300:
            continue
        # The tick that was the newest when this was handed out.
        newest = sum(1 for tick in ticks if tick <= times[index])
        end = newest * 160 * 2 + count * 2
        begin = max(0, end - round(FARTHEST * _LOW) * 2 - count * 2)
        past = source[begin:end]
        if len(past) < len(sample) + 2:
            continue
        # findfit takes a sound's opposite for it as well; lifted above zero there is none.
        raised = audioop.bias(audioop.mul(sample, 2, 0.3), 2, 16_000)
        offset, _ = audioop.findfit(lifted[begin:end], raised)
        match = past[offset * 2 : (offset + count) * 2]
        there = audioop.rms(match, 2)
        if not there:
            continue
        alike = audioop.findfactor(match, sample) * audioop.rms(sample, 2) / there
        if alike < ALIKE:
            continue
        position = begin // 2 + offset
        tick, rest = divmod(position, 160)
        if tick >= len(ticks):
            continue
        captured = ticks[tick] - 0.02 + rest / _LOW
        found.append((times[index], times[index] - captured - LOOK_AHEAD))
    return found


def summary(found: Sequence[tuple[float, float]], stalled: float | None) -> dict[str, float]:
    """Mean, p95 and end in ms; after a stall how long until it stays under 100 and 65 ms."""
    if not found:
        return {}
    values = sorted(delay for _, delay in found)
    last = [delay for _, delay in found[-10:]]
    told = {
        "mean": sum(values) / len(values) * 1000,
        "p95": values[math.ceil(0.95 * len(values)) - 1] * 1000,
        "end": sum(last) / len(last) * 1000,
    }
    if stalled is not None:
        for limit in (100, 65):
            late = [at for at, delay in found if delay * 1000 > limit and at > stalled]
            told[f"under_{limit}_after"] = (max(late) - stalled) if late else 0.0
    return told

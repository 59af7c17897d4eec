"""Tones made from nothing: ring, ringback, busy, beep; and a small language to make others.

A tone is 16-bit mono PCM. `tone()` gives one sound, `cadence()` a repeating pattern of sounds
and silences as an endless generator of 20 ms blocks.
"""

from __future__ import annotations

import array
import math
import sys
from collections.abc import Iterator, Sequence

from tui.media.pcm.levels import RATE

Step = tuple[Sequence[float], float]
"""Frequencies in Hz (none: silence) and a duration in seconds."""

# Durations and frequencies of the signals usual in mainland China (450 Hz).
RINGBACK: tuple[Step, ...] = (((450,), 1.0), ((), 4.0))
BUSY: tuple[Step, ...] = (((450,), 0.35), ((), 0.35))
BEEP: tuple[Step, ...] = (((880,), 0.15),)
# For the agent's ear, not the line's: two soft notes a headset makes pleasant.
RING: tuple[Step, ...] = (
    ((660, 880), 0.4),
    ((), 0.2),
    ((660, 880), 0.4),
    ((), 2.0),
)


def tone(
    frequencies: Sequence[float],
    rate: int = RATE,
    duration: float = 1.0,
    *,
    level: float = 0.3,
    fade: float = 0.005,
) -> bytes:
    """`duration` seconds of the frequencies together, at `level` (0..1 of full scale, the sum's
    peak). `fade` seconds rise and fall at both ends, so that it does not click; 0 for a tone
    that is to be repeated without a seam."""
    count = round(rate * duration)
    if not frequencies or count == 0:
        return bytes(2 * count)
    scale = 32767 * level / len(frequencies)
    steps = [2 * math.pi * hz / rate for hz in frequencies]
    # Whole numbers of Hz come round: computed once, a second is half a millisecond, and not 30.
    whole = [round(hz) for hz in frequencies if hz == round(hz)]
    period = rate // math.gcd(rate, *whole) if len(whole) == len(frequencies) else count
    once = [scale * sum(math.sin(step * n) for step in steps) for n in range(min(period, count))]
    samples = (array.array("h", map(round, once)) * -(-count // len(once)))[:count]
    edge = min(round(fade * rate), count // 2)
    for near in range(edge):
        for n in (near, count - 1 - near):
            samples[n] = round(once[n % len(once)] * near / edge)
    return _little(samples)


def pattern(steps: Sequence[Step], rate: int = RATE, *, level: float = 0.3) -> bytes:
    """One round of a cadence as PCM (s16, mono); `level` is the amplitude, 0 to 1 of full scale."""
    return b"".join(tone(hz, rate, seconds, level=level) for hz, seconds in steps)


def cadence(
    steps: Sequence[Step], rate: int = RATE, *, level: float = 0.3, block: float = 0.02
) -> Iterator[bytes]:
    """A cadence for ever, in blocks of `block` seconds."""
    return loop(pattern(steps, rate, level=level), round(rate * block))


def loop(pcm: bytes, samples: int) -> Iterator[bytes]:
    """The PCM round and round, in blocks of that many samples. Silence when it is empty."""
    size = 2 * samples
    if not pcm:
        while True:
            yield bytes(size)
    at = 0
    while True:
        block = pcm[at : at + size]
        at += size
        while len(block) < size:
            at = size - len(block)
            block += pcm[:at]
        at %= len(pcm)
        yield block


def strength(pcm: bytes, hz: float, rate: int = RATE) -> float:
    """The amplitude (0..1 of full scale) of one frequency in s16 mono PCM, by Goertzel's
    algorithm. Of a pure tone it is the tone's `level`, of silence and of other tones near 0;
    use at least 100 ms."""
    samples = array.array("h", pcm[: len(pcm) & ~1])
    if sys.byteorder == "big":
        samples.byteswap()
    if not samples:
        return 0.0
    factor = 2 * math.cos(2 * math.pi * hz / rate)
    one = two = 0.0
    for sample in samples:
        one, two = sample + factor * one - two, one
    power = one * one + two * two - factor * one * two
    return 2 * math.sqrt(max(0.0, power)) / len(samples) / 32768


def _little(samples: array.array[int]) -> bytes:
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()

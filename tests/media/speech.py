"""Something like speech, made here: vowels of a gliding voice, hisses, short and long pauses, over
a little noise. The same for the same seed; 48 kHz mono s16."""

from __future__ import annotations

import math
import random
from array import array
from functools import cache

from tui.media.pcm.levels import audioop

_RATE = 16_000
_VOWELS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480))


@cache
def speech(seconds: float, seed: int = 1) -> bytes:
    """So much of it."""
    rng = random.Random(seed)
    samples: list[float] = []
    total = round(seconds * _RATE)
    words = 0
    while len(samples) < total:
        words += 1
        for _ in range(rng.randint(2, 4)):
            if rng.random() < 0.4:
                samples += _hiss(rng, rng.uniform(0.04, 0.09))
            samples += _vowel(rng, rng.uniform(0.09, 0.22))
        pause = rng.uniform(0.2, 0.45) if words % 6 == 0 else rng.uniform(0.02, 0.07)
        samples += [0.0] * round(pause * _RATE)
    noisy = array("h", (round(v * 7000 + rng.gauss(0, 12)) for v in samples[:total]))
    wide, _ = audioop.ratecv(noisy.tobytes(), 2, 1, _RATE, 48_000, None)
    return wide[: round(seconds * 48_000) * 2]


def _vowel(rng: random.Random, seconds: float) -> list[float]:
    count = round(seconds * _RATE)
    pitch, glide = rng.uniform(95, 190), rng.uniform(-0.2, 0.2)
    states = [
        (2 * r * math.cos(2 * math.pi * f / _RATE), -r * r, 1 - r)
        for f, r in zip(rng.choice(_VOWELS), (0.975, 0.965, 0.955), strict=True)
    ]
    memory = [[0.0, 0.0] for _ in states]
    phase, out = 0.0, []
    for i in range(count):
        phase += pitch * (1 + glide * i / count) / _RATE
        pulse = 0.0
        if phase >= 1:
            phase -= 1
            pulse = 12.0
        value = 0.0
        for (a, b, gain), past in zip(states, memory, strict=True):
            y = gain * pulse + a * past[0] + b * past[1]
            past[1], past[0] = past[0], y
            value += y
        out.append(value * min(1.0, i / 300, (count - i) / 500))
    return out


def _hiss(rng: random.Random, seconds: float) -> list[float]:
    count, last, out = round(seconds * _RATE), 0.0, []
    for i in range(count):
        value = rng.gauss(0, 0.12)
        out.append((value - last) * min(1.0, i / 200, (count - i) / 200))
        last = value
    return out

"""Which tone is in the sound: the proof that audio crossed, and that it was the right audio."""

from __future__ import annotations

import array
import math
import sys
import wave
from pathlib import Path


def write_tone(path: Path, hz: float, seconds: float, rate: int) -> None:
    """A mono 16-bit WAV file of one sine."""
    step = 2 * math.pi * hz / rate
    sound = array.array("h", (int(9000 * math.sin(step * i)) for i in range(int(seconds * rate))))
    if sys.byteorder == "big":
        sound.byteswap()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(sound.tobytes())


def share(samples: array.array[int], rate: int, hz: float) -> float:
    """How much of the energy of ``samples`` lies at ``hz``: 1 for that sine alone, 0 for silence.

    Goertzel's filter over stretches of 100 ms (10 Hz wide), so that a jump of phase where a jitter
    buffer cut or filled costs one stretch only. Silent stretches count as nothing at all.
    """
    length = rate // 10
    coefficient = 2 * math.cos(2 * math.pi * hz / rate)
    found = total = 0.0
    for start in range(0, len(samples) - length + 1, length):
        one = two = 0.0
        energy = 0.0
        for value in samples[start : start + length]:
            one, two = value + coefficient * one - two, one
            energy += value * value
        found += 2 * (one * one + two * two - coefficient * one * two) / length
        total += energy
    mean = total / max(1, len(samples))
    return found / total if mean > 100.0 else 0.0


def samples_of_wav(path: Path) -> tuple[array.array[int], int]:
    """The samples of a mono 16-bit WAV file, and its rate."""
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2), path
        sound = array.array("h", file.readframes(file.getnframes()))
        return sound, file.getframerate()

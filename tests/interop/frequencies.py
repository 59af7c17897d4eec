"""Which tone is in the sound: the proof that audio crossed, and that it was the right audio."""

from __future__ import annotations

import array
import asyncio
import math
import sys
import threading
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


class Ear:
    """A sink for an audio leg that remembers the last two seconds it was given."""

    rate = 48000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sound = array.array("h")
        self.received = 0

    def write(self, pcm: bytes) -> None:
        """Take mono 48 kHz 16-bit samples, from any thread."""
        with self._lock:
            self._sound.frombytes(pcm)
            self.received += len(pcm) // 2
            del self._sound[: max(0, len(self._sound) - 2 * self.rate)]

    def close(self) -> None:
        """Nothing is held that would need closing."""

    def last(self, seconds: float) -> array.array[int]:
        """The last ``seconds`` heard, or less."""
        with self._lock:
            return self._sound[-int(seconds * self.rate) :]

    async def hears_nothing(self, seconds: float = 1.0, timeout: float = 20.0) -> None:
        """Wait until nothing but silence, or nothing at all, comes for that long."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while loop.time() < end:
            with self._lock:
                self._sound = array.array("h")
            await asyncio.sleep(seconds)
            if max(map(abs, self.last(seconds)), default=0) < 50:
                return
        raise AssertionError(f"there was no silent second in {timeout} s")

    async def hears(self, hz: float, seconds: float = 1.0, timeout: float = 20.0) -> None:
        """Wait until the last second is that tone and little else."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        best = 0.0
        while loop.time() < end:
            sound = self.last(seconds)
            if len(sound) >= int(seconds * self.rate) * 0.95:
                found = share(sound, self.rate, hz)
                best = max(best, found)
                if found > 0.8:
                    return
            await asyncio.sleep(0.2)
        raise AssertionError(
            f"{hz} Hz was not heard in {timeout} s: best share {best:.2f}, "
            f"{self.received} samples received"
        )

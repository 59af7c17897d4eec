"""Where the agent's voice comes from: a microphone, a file, a tone, nothing.

A source gives 20 ms blocks of 48 kHz mono s16 whenever it is asked. It never waits, never
raises and never ends: what it does not have is silence.
"""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from tui.media.pcm import tones
from tui.media.pcm.levels import FRAME, RATE, WIDTH, Resampler, to_mono

MAX_FILE_SECONDS = 600
"""No more of a file is played: it is kept in memory."""


class Source(Protocol):
    """Something that speaks."""

    def read(self, samples: int) -> bytes:
        """Exactly `samples` samples (2 bytes each); never waits, never raises."""
        ...


class NullSource:
    """Silence."""

    def read(self, samples: int) -> bytes:
        """Zeros."""
        return bytes(samples * WIDTH)


class Looped:
    """PCM round and round, in blocks of whatever size is asked for."""

    def __init__(self, pcm: bytes) -> None:
        self._blocks: Iterator[bytes] = tones.loop(pcm[: len(pcm) & ~1], FRAME)
        self._rest = b""

    def read(self, samples: int) -> bytes:
        """The next samples."""
        size = samples * WIDTH
        while len(self._rest) < size:
            self._rest += next(self._blocks)
        block, self._rest = self._rest[:size], self._rest[size:]
        return block


class ToneSource(Looped):
    """A sine of that many Hz at `level` (0..1 of full scale); whole cycles, so no seam."""

    def __init__(self, hz: float, level: float = 0.3) -> None:
        if not 1 <= hz <= RATE / 2:
            raise ValueError("a tone is between 1 and 24000 Hz")
        # A second of a whole number of Hz is a whole number of cycles.
        super().__init__(tones.tone((round(hz),), RATE, 1.0, level=level, fade=0))


class FileSource(Looped):
    """A wav file (16 bit, any rate, mono or more), looped. OSError or ValueError when it cannot
    be read: at the start, never in a call."""

    def __init__(self, path: Path | str) -> None:
        super().__init__(read_wav(Path(path)))


def read_wav(path: Path) -> bytes:
    """A wav file as 48 kHz mono s16. OSError, or ValueError where it is no 16-bit PCM wav."""
    try:
        with wave.open(str(path), "rb") as file:
            if file.getsampwidth() != WIDTH or file.getnchannels() not in (1, 2):
                raise ValueError(f"{path.name}: only 16-bit wav, mono or stereo")
            rate = file.getframerate()
            pcm = file.readframes(rate * MAX_FILE_SECONDS)
            channels = file.getnchannels()
    except (wave.Error, EOFError) as problem:
        raise ValueError(f"{path.name}: no wav file ({problem})") from problem
    return Resampler(rate).feed(
        to_mono(pcm[: len(pcm) // (WIDTH * channels) * WIDTH * channels], channels)
    )

"""Level, gain and mixing of 16-bit PCM, in C: `audioop` (from Python 3.13 on `audioop-lts`)."""

from __future__ import annotations

import warnings
from array import array

with warnings.catch_warnings():
    # The standard library's own module says "deprecated" on import up to 3.12, where it is
    # the right one; its successor on 3.13 is silent.
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop as audioop  # also for the codecs and the playout

WIDTH = 2
"""Bytes of a sample."""
RATE = 48_000
"""Samples a second, mono, everywhere in this room."""
FRAME = 960
"""Samples of 20 ms."""
TICK = FRAME / RATE
"""Seconds of one block: every leg reads, sends and plays once in so many."""
SILENCE = bytes(FRAME * WIDTH)
DIGITAL = 1e-5
"""A level (0..1) up to which there is nothing but zeros, or hardly a sample of another value."""
SPOKEN = 0.02
"""A level of somebody who speaks."""
SILENT = 3e-4
"""A level (0..1) up to which there is nothing: digital silence, and the last bits of a codec's."""


def rms(pcm: bytes) -> float:
    """The level of s16 samples: 0.0 to 1.0 (1.0 is a full-scale square wave)."""
    return min(1.0, audioop.rms(pcm[: len(pcm) & ~1], WIDTH) / 32768) if pcm else 0.0


def gain(pcm: bytes, per_cent: int) -> bytes:
    """The samples at 0..200 per cent, clipped rather than wrapped."""
    return pcm if per_cent == 100 else audioop.mul(pcm, WIDTH, per_cent / 100)


def mix(one: bytes, other: bytes) -> bytes:
    """The sum of two blocks of equal length, clipped."""
    return audioop.add(one, other, WIDTH)


def to_mono(pcm: bytes, channels: int) -> bytes:
    """Interleaved samples to one channel: the mean of the first two."""
    if channels == 1:
        return pcm
    if channels > 2:
        every = array("h", pcm[: len(pcm) // (WIDTH * channels) * WIDTH * channels])
        two = array("h", bytes(len(every) // channels * 2 * WIDTH))
        two[0::2], two[1::2] = every[0::channels], every[1::channels]
        pcm = two.tobytes()
    return audioop.tomono(pcm, WIDTH, 0.5, 0.5)


def spread(pcm: bytes, channels: int) -> bytes:
    """One channel to interleaved ones: it is heard on the first two, the others are silent."""
    if channels == 1:
        return pcm
    if channels == 2:
        return audioop.tostereo(pcm, WIDTH, 1, 1)
    one = array("h", pcm)
    every = array("h", bytes(len(one) * channels * WIDTH))
    every[0::channels] = every[1::channels] = one
    return every.tobytes()


class Resampler:
    """Any rate to 48 kHz mono, block by block, with the state between blocks kept."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._state: object = None

    def feed(self, pcm: bytes) -> bytes:
        """Samples in, samples at 48 kHz out."""
        if self._rate == RATE:
            return pcm
        out, self._state = audioop.ratecv(pcm, WIDTH, 1, self._rate, RATE, self._state)  # type: ignore[arg-type]
        return out


class Meter:
    """A level that falls slowly, so that a bar can be drawn from it now and then.

    `hold` seconds after the last block it reads zero: nothing came. `alive` is a level of somebody
    who speaks: a microphone that gave it once has only to give anything at all from then on, for
    in a quiet room, behind a noise suppressor most of all, that is next to nothing.
    """

    def __init__(self, hold: float = 0.25, alive: float = 1.0) -> None:
        self.audible = 0.0
        """When something other than silence was last heard or said; 0 = never."""
        self._hold, self._alive = hold, alive
        self._silent = SILENT
        self._value = 0.0
        self._at = 0.0

    def feed(self, pcm: bytes, now: float) -> None:
        """One block heard or said at `now` (any monotonic clock, seconds)."""
        self.put(rms(pcm), now)

    def put(self, level: float, now: float) -> None:
        """One block of that level (0 to 1 of full scale), at `now` in seconds."""
        self._value = max(level, self._value * 0.8)
        if self._value < 1e-4:
            self._value = 0.0
        if level >= self._alive:
            self._silent = DIGITAL
        if level > self._silent:
            self.audible = now
        self._at = now

    def read(self, now: float) -> float:
        """The level, 0.0 to 1.0."""
        return self._value if now - self._at <= self._hold else 0.0

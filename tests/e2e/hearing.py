"""What was heard, by frequency: reads the end of a wav file that is still being written."""

from __future__ import annotations

import array
import math
import wave
from pathlib import Path

from tests.waiting import until

LIMIT = 20.0
"""Seconds in which what was said has to be heard."""
BETWEEN = 0.1
"""Seconds between two looks: each reads half a second of sound and computes on it."""


async def heard_in(path: Path, hz: float, at_least: float) -> None:
    """Wait until that share of the file's last half second is at `hz`."""
    await until(
        lambda: share_of(path, hz, 0.5) >= at_least,
        LIMIT,
        what=lambda: f"{hz} Hz in {path.name}: {share_of(path, hz, 0.5):.3f} of {at_least}",
        interval=BETWEEN,
    )


async def gone_from(path: Path, hz: float, at_most: float, since: int = 0) -> None:
    """Wait until no more than that share of the file's last half second is at `hz`; of what was
    written after the first `since` frames, where half a second was."""
    await until(
        lambda: share_of(path, hz, 0.5, since) <= at_most,
        LIMIT,
        what=lambda: f"{hz} Hz gone from {path.name}: {share_of(path, hz, 0.5):.3f}",
        interval=BETWEEN,
    )


def frames_of(path: Path) -> int:
    """How many frames were written."""
    with wave.open(str(path), "rb") as file:
        return file.getnframes()


def share_of(path: Path, hz: float, seconds: float, since: int = 0) -> float:
    """The share of the energy at `hz` in the last seconds of the file, 0 to 1 (Goertzel). 0 where
    less than that was written after the first `since` frames."""
    try:
        with wave.open(str(path), "rb") as file:
            rate, total = file.getframerate(), file.getnframes()
            wanted = min(total - since, int(rate * seconds))
            if wanted < rate * seconds:
                return 0.0
            file.setpos(total - wanted)
            samples = array.array("h", file.readframes(wanted))
    except (OSError, EOFError, wave.Error):
        return 0.0
    energy = sum(sample * sample for sample in samples)
    if energy == 0:
        return 0.0
    coefficient = 2 * math.cos(2 * math.pi * hz / rate)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + coefficient * last - before
    power = last * last + before * before - coefficient * last * before
    return power / (energy * len(samples) / 2)

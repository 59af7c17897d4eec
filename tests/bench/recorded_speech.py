"""Recorded speech for the benches, and how well it is heard: PESQ for wideband (ITU-T P.862.2).

The recordings are those of Debian's package `pocketsphinx-testdata` (16 kHz: five passages of a
book, and commands and numbers, by several voices); the measure is the package `pesq`, which brings
the standard's own code. Where either is missing there is nothing to measure, and `missing` says so.
"""

from __future__ import annotations

import importlib.util
import wave
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

from tui.media.codec.rate_converter import RateConverter
from tui.media.pcm.levels import RATE, audioop

FOLDER = Path("/usr/share/pocketsphinx/test/data")
PASSAGES = "librivox/*.wav"
COMMANDS = ("goforward.raw", "something.raw", "numbers.raw")
LOW = 16_000
"""What P.862.2 compares at, Hz."""
PAUSE = 0.4
"""Seconds between two recordings."""
LEVEL = 2600
"""The level (rms of 16-bit samples, pauses included) that each is brought to: about -22 dBov."""
LATEST = 0.7
"""Seconds by which what is heard may be later than what was said."""


def missing() -> str:
    """What lacks for a measurement; "" when nothing does."""
    if not list(FOLDER.glob(PASSAGES)):
        return "the recordings of pocketsphinx-testdata"
    if importlib.util.find_spec("pesq") is None or importlib.util.find_spec("numpy") is None:
        return "the package pesq"
    return ""


@cache
def _recordings() -> tuple[bytes, ...]:
    found = []
    for path in [*sorted(FOLDER.glob(PASSAGES)), *(FOLDER / name for name in COMMANDS)]:
        if path.suffix == ".wav":
            with wave.open(str(path), "rb") as file:
                pcm = file.readframes(file.getnframes())
        else:
            pcm = path.read_bytes()
        found.append(audioop.mul(pcm, 2, LEVEL / max(1, audioop.rms(pcm, 2))))
    return tuple(found)


def clips(seconds: float) -> list[bytes]:
    """Recordings, one after the other and again from the first, as many as fit into that time with
    their pauses: 16 kHz mono s16, each with half a pause before and after."""
    room, found, pause = round(seconds * LOW), list[bytes](), bytes(round(PAUSE / 2 * LOW) * 2)
    fits = True
    while fits:
        fits = False
        for pcm in _recordings():
            clip = pause + pcm + pause
            if len(clip) // 2 <= room:
                found.append(clip)
                room -= len(clip) // 2
                fits = True
    return found


def said(parts: Sequence[bytes]) -> bytes:
    """The recordings as they are said: 48 kHz mono s16, whole blocks of 20 ms."""
    up = RateConverter(LOW, RATE)
    pcm = up.feed(b"".join(parts))
    return pcm[: len(pcm) // 1920 * 1920]


def pesq(parts: Sequence[bytes], heard: bytes, *, late: float) -> float:
    """PESQ-WB (1 to 4.64), the mean over the recordings. `heard` is 48 kHz mono s16, in which the
    first begins `late` seconds from the start, or up to LATEST later."""
    import numpy
    from pesq import pesq as measured

    low = RateConverter(RATE, LOW).feed(heard)
    begins, scores = [0], list[float]()
    for part in parts:
        begins.append(begins[-1] + len(part))
    first, most = round(late * LOW) * 2, round(LATEST * LOW) * 2
    for part, (begin, end) in zip(parts, pairwise(begins), strict=True):
        sample = low[max(0, first + begin) : first + end + most // 2]
        if len(sample) < len(part) // 2:
            break  # the call ended before it
        arrays = [numpy.frombuffer(one, dtype="<i2") for one in (part, sample)]
        scores.append(float(measured(LOW, *arrays, "wb")))
    return sum(scores) / len(scores) if scores else 1.0

"""What a party says: endless sources of 20 ms blocks, 48 kHz mono, 16 bit.

A voice never blocks and never ends. Sounds are made once and kept: a sandbox with ten calls pays
for one clip.
"""

from __future__ import annotations

import wave
from array import array
from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources

from tui.media.pcm import tones

RATE = 48_000
BLOCK = 960
"""Samples in 20 ms."""
SILENCE = bytes(2 * BLOCK)
PROMPT_HZ = (523.0, 659.0)
"""The prompt that a held party hears: two notes at once, without a pause."""
LEVEL = 0.3

Voice = Callable[[], bytes]


@cache
def clip() -> bytes:
    """The customer's spoken clip, at 48 kHz."""
    path = resources.files("tui.sandbox").joinpath("clips/customer.wav")
    with path.open("rb") as file, wave.open(file) as sound:
        if (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) != (1, 2, 16_000):
            raise ValueError("the clip is 16 kHz mono, 16 bit")
        samples = array("h", sound.readframes(sound.getnframes()))
    # Three times the rate, on straight lines between the samples.
    wide = array("h", bytes(6 * len(samples)))
    following = samples[1:] + samples[:1]
    wide[0::3] = samples
    pairs = list(zip(samples, following, strict=True))
    wide[1::3] = array("h", [(2 * a + b) // 3 for a, b in pairs])
    wide[2::3] = array("h", [(a + 2 * b) // 3 for a, b in pairs])
    return wide.tobytes() + bytes(RATE)


@cache
def _tone(frequencies: tuple[float, ...]) -> bytes:
    # One second holds a whole number of waves of every whole frequency: it repeats unheard.
    return tones.tone(frequencies, RATE, 1.0, level=LEVEL, fade=0)


@cache
def _ringback() -> bytes:
    return tones.pattern(tones.RINGBACK, RATE, level=0.2)


def _voice(blocks: Iterator[bytes]) -> Voice:
    return lambda: next(blocks)


def silence() -> bytes:
    """A voice that says nothing."""
    return SILENCE


def prompt() -> Voice:
    """What the platform plays to a held party."""
    return _voice(tones.loop(_tone(PROMPT_HZ), BLOCK))


def ringback() -> Voice:
    """The ringing that is heard in the leg before the answer."""
    return _voice(tones.loop(_ringback(), BLOCK))


def voice(kind: str) -> Voice:
    """ "speak", "silent" or "tone:HZ". An echo is made where the audio is, of what came in."""
    if kind == "speak":
        return _voice(tones.loop(clip(), BLOCK))
    if kind.startswith("tone:"):
        return _voice(tones.loop(_tone((float(kind[5:]),)), BLOCK))
    return silence


def warm_up(kind: str) -> None:
    """Make the sound now (in a thread), not in the middle of a call."""
    voice(kind)()
    prompt()()
    ringback()()

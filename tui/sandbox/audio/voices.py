"""What a party says: endless sources of 20 ms blocks, 48 kHz mono, 16 bit.

A voice never blocks and never ends. Sounds are made once and kept, cut into the blocks in which
they are said: a sandbox with ten calls pays for one clip.
"""

from __future__ import annotations

import wave
from array import array
from collections.abc import Callable
from functools import cache
from importlib import resources
from itertools import cycle

from tui.media.pcm import tones

RATE = 48_000
BLOCK = 960
"""Samples in 20 ms."""
PROMPT_HZ = (523.0, 659.0)
"""The prompt that a held party hears: two notes at once, without a pause."""
LEVEL = 0.3

Voice = Callable[[], bytes]


class Block(bytes):
    """20 ms of a sound that is said again and again."""

    opus: bytes = b""
    """The same as a packet of opus, once somebody has made it (`track.prepare`)."""


Sound = tuple[Block, ...]
"""Blocks to be said round and round."""
SILENCE = Block(2 * BLOCK)


def _cut(pcm: bytes) -> Sound:
    """A sound in blocks; silence fills the last one."""
    size = 2 * BLOCK
    cuts = (pcm[at : at + size] for at in range(0, len(pcm), size))
    return tuple(Block(each.ljust(size, b"\0")) for each in cuts)


@cache
def _clip() -> Sound:
    """The customer's spoken clip."""
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
    return _cut(wide.tobytes() + bytes(RATE))


@cache
def _tone(frequencies: tuple[float, ...]) -> Sound:
    # One second holds a whole number of waves of every whole frequency: it repeats unheard.
    return _cut(tones.tone(frequencies, RATE, 1.0, level=LEVEL, fade=0))


@cache
def _ringback() -> Sound:
    return _cut(tones.pattern(tones.RINGBACK, RATE, level=0.2))


def _voice(sound: Sound) -> Voice:
    return cycle(sound).__next__


def silence() -> bytes:
    """A voice that says nothing."""
    return SILENCE


def prompt() -> Voice:
    """What the platform plays to a held party."""
    return _voice(_tone(PROMPT_HZ))


def ringback() -> Voice:
    """The ringing that is heard in the leg before the answer."""
    return _voice(_ringback())


def sound_of(kind: str) -> Sound:
    """What is said round and round: "speak", "silent" or "tone:HZ"."""
    if kind == "speak":
        return _clip()
    if kind.startswith("tone:"):
        return _tone((float(kind[5:]),))
    return (SILENCE,)


def sounds(kind: str) -> tuple[Sound, ...]:
    """All that is said in a call with somebody who says that, its own words first."""
    return sound_of(kind), (SILENCE,), _tone(PROMPT_HZ), _ringback()


def voice(kind: str) -> Voice:
    """ "speak", "silent" or "tone:HZ". An echo is made where the audio is, of what came in."""
    return _voice(sound_of(kind))


def warm_up(kind: str) -> None:
    """Make the sounds now (in a thread), not in the middle of a call."""
    sounds(kind)

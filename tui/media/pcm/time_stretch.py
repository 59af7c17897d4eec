"""Taking out and putting in some milliseconds of sound without a click.

How it works. To take out n samples, the first FADE samples are cross-faded with those that begin n
later; to put in n, the sound after n samples is cross-faded back to its beginning. Nobody hears it
where both places sound alike: anywhere in a pause, one period of the voice away in the voice.
`period` finds that distance as the lag of the best correlation, first at a sixth of the rate, then
around the best place at the full rate. `audioop.findfit` does both, in 20–40 µs.

All samples are 48 kHz mono s16, native order.
"""

from __future__ import annotations

from array import array

from tui.media.pcm.levels import audioop

FADE = 240
"""Samples of a cross-fade: 5 ms."""
SHORTEST, LONGEST = 120, 720
"""Samples of a period: 2.5 ms (400 Hz) to 15 ms (67 Hz)."""
ALIKE = 0.75
"""A correlation from which on a splice in the voice is not noticed."""
_COARSE = 6
_LIFT = 20_000
_UP = [(2 * i + 1) * 16384 // FADE for i in range(FADE)]
_DOWN = [32768 - up for up in _UP]


def cross_fade(old: bytes, new: bytes) -> bytes:
    """From the one to the other over FADE samples; both hold at least as many."""
    one, other = array("h", bytes(old[: FADE * 2])), array("h", bytes(new[: FADE * 2]))
    mixed = [(a * d + b * u) >> 15 for a, b, d, u in zip(one, other, _DOWN, _UP, strict=True)]
    return array("h", mixed).tobytes()


def fade_out(pcm: bytes) -> bytes:
    """The block with its last FADE samples falling to nothing."""
    if len(pcm) < FADE * 2:
        return bytes(len(pcm))
    return pcm[: -FADE * 2] + cross_fade(pcm[-FADE * 2 :], bytes(FADE * 2))


def period(pcm: bytes, low: int, high: int) -> tuple[int, float]:
    """The distance in samples, `low` to `high`, at which the sound is most like its first FADE
    samples, and how much (correlation, 1.0 = the same). Needs high + FADE samples."""
    high = max(min(high, LONGEST), SHORTEST)
    low = min(max(low, SHORTEST), high)
    window = bytes(pcm[: (high + FADE) * 2])
    coarse, _ = audioop.ratecv(window, 2, 1, 48_000, 48_000 // _COARSE, None)
    # findfit takes the opposite of a sound for the best likeness too; far above zero there is none.
    loudest = audioop.max(coarse, 2)
    lifted = audioop.bias(audioop.mul(coarse, 2, min(1.0, _LIFT / 2 / (loudest + 1))), 2, _LIFT)
    short = FADE // _COARSE
    first = low // _COARSE
    offset, _ = audioop.findfit(lifted[first * 2 :], lifted[: short * 2])
    about = (first + offset) * _COARSE
    begin = max(low, about - _COARSE)
    end = min(high, about + _COARSE)
    sample = window[: FADE * 2]
    offset, factor = audioop.findfit(window[begin * 2 : (max(begin, end) + FADE) * 2], sample)
    lag = begin + offset
    there = audioop.rms(window[lag * 2 : (lag + FADE) * 2], 2)
    here = audioop.rms(sample, 2)
    return lag, factor * here / there if there else 1.0 if not here else 0.0


def without(pcm: bytes, samples: int) -> bytes:
    """The block with that many samples less, taken out at its beginning. Needs FADE more than
    these."""
    return cross_fade(pcm, pcm[samples * 2 : (samples + FADE) * 2]) + pcm[(samples + FADE) * 2 :]


def with_more(pcm: bytes, samples: int) -> bytes:
    """The block with that many of its first samples said twice. Needs FADE more than these."""
    cut = samples * 2
    joint = cross_fade(pcm[cut : cut + FADE * 2], pcm)
    return pcm[:cut] + joint + pcm[FADE * 2 :]


def slower(pcm: bytes, samples: int) -> bytes:
    """The block with that many samples more, each between two of its own: all of it goes a little
    slower, and begins and ends as it was."""
    old = array("h", pcm)
    step = (len(old) - 1) / (len(old) + samples - 1)
    new = array("h", old[:1])
    for index in range(1, len(old) + samples - 1):
        at = index * step
        first = int(at)
        new.append(old[first] + round((old[first + 1] - old[first]) * (at - first)))
    return (new + old[-1:]).tobytes()

"""What is heard in place of sound that did not come, for codecs that bring nothing of their own:
the last period of the voice again and again, fading. In the manner of G.711's appendix I, at
48 kHz, and without its delay."""

from __future__ import annotations

from array import array

from tui.media.pcm import time_stretch

HISTORY = time_stretch.LONGEST + 2 * time_stretch.FADE
"""Samples of the past that are wanted."""
FULL = 480
"""Samples (10 ms) at full level; then it fades to nothing until GONE."""
GONE = 2880
"""60 ms: longer than a sound of speech lasts, repeating is worse than nothing."""
_STEP = 120


class Concealer:
    """One gap: made with the sound before it, asked for as much as is missing."""

    def __init__(self, past: bytes) -> None:
        self._made = 0
        self._loop = _loop(past[-HISTORY * 2 :])

    def read(self, samples: int) -> bytes:
        """The next samples."""
        start, self._made = self._made, self._made + samples
        size = len(self._loop)
        if start >= GONE or not size:
            return bytes(samples * 2)
        at = start % size
        pcm = (self._loop * ((at + samples) // size + 1))[at : at + samples]
        span = GONE - FULL
        for i in range(max(0, FULL - start), samples):
            left = GONE - start - i
            pcm[i] = pcm[i] * left // span if left > 0 else 0
        return pcm.tobytes()


def _loop(past: bytes) -> array[int]:
    """One period of the end of the past, made so that it can follow the past and itself."""
    samples = array("h", past)
    if len(samples) < HISTORY:
        return array("h")
    # The search looks forwards, so the past is turned round: time has no say in a correlation.
    lag, alike = time_stretch.period(
        samples[::-1].tobytes(), time_stretch.SHORTEST, time_stretch.LONGEST
    )
    if alike < time_stretch.ALIKE:
        lag = time_stretch.LONGEST  # noise: a short loop of it would buzz
    loop = samples[-lag:]
    step = samples[-1] - samples[-lag - 1]
    for i in range(_STEP):
        value = loop[i] + step * (_STEP - i) // _STEP
        loop[i] = max(-32768, min(32767, value))
    return loop

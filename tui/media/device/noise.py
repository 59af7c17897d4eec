"""The microphone without the noise of the room: WebRTC's noise suppressor alone, which the package
`webrtc-noise-gain` carries (the extra `noise`). For a headset; hands-free has its own (`echo`).

It works at 16 kHz, in blocks of 10 ms: what is said goes down to that rate and up again, so that
nothing above 8 kHz is left. That is what wideband speech is.
"""

from __future__ import annotations

import importlib
import logging
from typing import Any, Final

from tui.media.pcm.levels import RATE, WIDTH

log = logging.getLogger(__name__)

LOW: Final = 16_000
LEVEL: Final = 2
"""Of 0 to 4. More takes away more of other people's talk, and of one's own (docs/decisions.md)."""
_BLOCK: Final = LOW // 100 * WIDTH
_STEP: Final = RATE // 100 * WIDTH


class NoiseUnavailable(Exception):
    """The package is not installed, or does not work here."""


class NoiseSuppression:
    """Frees what a microphone gives of steady noise. Whatever it raises inside, sound goes on as
    it was."""

    def __init__(self, package: Any) -> None:
        """`package` is `webrtc_noise_gain`. Raises what it raises."""
        from tui.media.codec.rate_converter import RateConverter  # PyAV: 15 MB, for whom it serves

        self._processor = package.AudioProcessor(0, LEVEL)  # no gain of its own: ours is set
        self._down, self._up = RateConverter(RATE, LOW), RateConverter(LOW, RATE)
        self._broken = False

    def said(self, pcm: bytes) -> bytes:
        """What the microphone gave (s16, 48 kHz, mono; whole blocks of 10 ms), without its noise,
        some 2 ms later."""
        if self._broken or len(pcm) % _STEP:
            return pcm
        try:
            low = self._down.feed(pcm)
            blocks = (low[at : at + _BLOCK] for at in range(0, len(low), _BLOCK))
            freed = b"".join(self._processor.Process10ms(block).audio for block in blocks)
            return self._up.feed(freed)
        except Exception as problem:
            self._broken = True
            log.error("noise suppression failed and is off: %s", problem)
            return pcm


def make() -> NoiseSuppression:
    """Import and set up; in a thread. Raises NoiseUnavailable."""
    try:
        return NoiseSuppression(importlib.import_module("webrtc_noise_gain"))
    except Exception as problem:
        raise NoiseUnavailable(str(problem)) from problem

"""The sound of a room in which nobody speaks, at a given loudness, in place of silence that was not
sent: whoever listens hears that the line is there, and a microphone that gives nothing at all is
told from one before which nobody speaks (RFC 3389 has the same for codecs without their own).
"""

from __future__ import annotations

import os
import random

from tui.media.pcm.levels import FRAME, RATE, WIDTH, audioop, rms


class RoomTone:
    """Noise without a repetition that one hears, duller than white."""

    def __init__(self) -> None:
        white = os.urandom(RATE * WIDTH)
        dull, _ = audioop.ratecv(white, WIDTH, 1, RATE, RATE, None, 1, 3)
        self._noise = dull
        self._level = rms(dull)

    def read(self, level: float) -> bytes:
        """20 ms of it, of that level (0..1)."""
        at = random.randrange(len(self._noise) // WIDTH - FRAME) * WIDTH
        block = self._noise[at : at + FRAME * WIDTH]
        return audioop.mul(block, WIDTH, level / self._level)

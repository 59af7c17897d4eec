"""What stands in a device's ring for good: a device that stumbled once leaves sound waiting, which
is delay for the rest of the call. In a call at this computer that is let be; with a line between it
is taken out, in a pause of the voice.
"""

from __future__ import annotations

from typing import Final

from tui.media.pcm.levels import FRAME, WIDTH, rms

BLOCK: Final = FRAME * WIDTH
WINDOW: Final = 50
"""Ticks (one second): what was never less than that in all of them has stood there."""
QUIET: Final = 0.01
"""A level that is a pause of the voice."""
PATIENCE: Final = 3
"""Windows after which it is taken out of the voice as well."""


class Surplus:
    """Of one ring. `enough`: bytes that may stand there."""

    def __init__(self, enough: int) -> None:
        self.left_out = 0
        """Blocks of 20 ms."""
        self._enough = enough
        self._least = 1 << 30
        self._ticks = 0
        self._windows = 0

    def leave_out(self, waiting: int, pcm: bytes) -> bool:
        """Once a tick: whether this block of 20 ms is to be left out."""
        self._least = min(self._least, waiting)
        self._ticks += 1
        if self._ticks < WINDOW:
            return False
        if self._least < self._enough + BLOCK:
            self._begin()
            self._windows = 0
            return False
        if self._windows < PATIENCE and rms(pcm) >= QUIET:
            if self._ticks % WINDOW == 0:
                self._windows += 1
            return False
        self.left_out += 1
        self._least -= BLOCK
        if self._least < self._enough + BLOCK:
            self._begin()
        return True

    def _begin(self) -> None:
        self._least, self._ticks = 1 << 30, 0

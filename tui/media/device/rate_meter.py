"""Samples counted against the clock: a device that says 48 kHz and gives 44 100 is found."""

from __future__ import annotations

from typing import Final

from tui.media.pcm.levels import RATE

SETTLE: Final = 2.0
"""Seconds after the start that do not count: devices fill their buffers in bursts."""
WINDOW: Final = 10.0
"""Seconds over which is counted."""
MOST: Final = 0.02
"""How far off a device may be. Real ones are within 0.0002; a busy machine bunches callbacks, so
a window is off by a block or two."""


class RateMeter:
    """One stream's samples. Feed every callback; `lies` after two windows in a row that are off
    to the same side."""

    def __init__(self, rate: int = RATE) -> None:
        self.lies = False
        self.rate = float(rate)
        """Samples a second in the last whole window."""
        self._nominal = rate
        self._began: float | None = None
        self._samples = 0
        self._settled = False
        self._off = 0

    def feed(self, samples: int, now: float) -> None:
        """So many samples went by at `now` (seconds, monotonic)."""
        if self._began is None:
            self._begin(now)
            return
        self._samples += samples
        elapsed = now - self._began
        if elapsed < (WINDOW if self._settled else SETTLE):
            return
        if self._settled:
            self.rate = self._samples / elapsed
            error = self.rate / self._nominal - 1
            side = 0 if abs(error) <= MOST else 1 if error > 0 else -1
            self.lies = side != 0 and side == self._off
            self._off = side
        self._settled = True
        self._begin(now)

    def _begin(self, now: float) -> None:
        self._began, self._samples = now, 0

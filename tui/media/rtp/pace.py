"""When what is done once in 20 ms is due, from a monotonic clock.

Being late once shifts nothing: ticks that were missed are made up for, up to MAX_LATE; what is
longer ago is left out.
"""

from __future__ import annotations

from tui.media.pcm.levels import TICK

MAX_LATE = 10
"""Ticks that are made up for; what is missed beyond is left out (200 ms)."""


class Pace:
    """Ticks of 20 ms, the next one in `due` (seconds, monotonic)."""

    def __init__(self, due: float) -> None:
        self.due = due

    def passed(self, now: float) -> tuple[int, int]:
        """How many ticks are to be done now, and how many before them are left out."""
        if now < self.due:
            return 0, 0
        ticks = 1 + int((now - self.due) / TICK)
        self.due += ticks * TICK
        left_out = max(0, ticks - MAX_LATE)
        return ticks - left_out, left_out

    def move(self, seconds: float) -> None:
        """The next tick, and all after it, come that much later (earlier, where negative)."""
        self.due += seconds

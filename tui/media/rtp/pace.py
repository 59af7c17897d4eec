"""When what is done once in 20 ms is due, from a monotonic clock.

Being late once shifts nothing: ticks that were missed are made up for, up to MAX_LATE; what is
longer ago is left out.
"""

from __future__ import annotations

from tui.media.pcm.levels import TICK

MAX_LATE = 10
"""Ticks that are made up for; what is missed beyond is left out (200 ms)."""


class TickPace:
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


SLIDE = 0.000_01
"""Seconds by which a tick of speaking may be moved: 0.5 ms in a second, as two clocks differ."""
STEADY = 250
"""Ticks for which those of listening have to have stayed."""
BUDGET, REFILL = 0.012_5, 0.000_000_4
"""Seconds by which speaking may be moved in all, and how much more with each tick: 20 millionths,
as much as two clocks drift apart."""


class SlowFollower:
    """Brings the ticks of speaking to those of listening, where these have stayed for a while: to
    wake up once in 20 ms costs half of waking up twice. It does so slowly, and not without end:
    a peer whose listening follows our packets, and whose packets we follow, is not run after."""

    def __init__(self) -> None:
        self._steady = 0
        self._budget = BUDGET

    def follow(self, speaking: TickPace, listening: TickPace, *, ticks: int, leant: bool) -> None:
        """So many ticks of listening have passed; whether the next one was moved."""
        self._steady = 0 if leant else self._steady + ticks
        self._budget = min(BUDGET, self._budget + REFILL * ticks)
        if self._steady < STEADY:
            return
        apart = (listening.due - speaking.due + TICK / 2) % TICK - TICK / 2
        step = max(-SLIDE, min(SLIDE, apart))
        if abs(step) <= self._budget:
            speaking.move(step)
            self._budget -= abs(step)

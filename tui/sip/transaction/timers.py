"""The deadlines of one user agent: who wants to be woken, and when. No clock in here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Wake: TypeAlias = Callable[[float], None]
"""Called with the time given to `TimerSet.run`, in seconds of the caller's clock."""


class Timer:
    """One deadline. `stop()` may be called at any time, also twice."""

    __slots__ = ("_timers", "_wake", "when")

    def __init__(self, timers: TimerSet, when: float, wake: Wake) -> None:
        self._timers = timers
        self._wake = wake
        self.when = when

    def stop(self) -> None:
        """Forget it. It does not fire any more, not even when it is due already."""
        self._timers.forget(self)

    def fire(self, now: float) -> None:
        """Wake the one who asked. Only `TimerSet.run` calls this."""
        self._wake(now)


class TimerSet:
    """All deadlines of one agent: a few dozen at most, so a plain dict is the fastest heap."""

    def __init__(self) -> None:
        self._waiting: dict[Timer, None] = {}

    def start(self, when: float, wake: Wake) -> Timer:
        """Wake at `when` (the caller's clock, seconds)."""
        timer = Timer(self, when, wake)
        self._waiting[timer] = None
        return timer

    def forget(self, timer: Timer) -> None:
        """It wakes nobody any more; nothing where it has fired."""
        self._waiting.pop(timer, None)

    def next(self) -> float | None:
        """The earliest deadline, or None when nothing waits."""
        return min((timer.when for timer in self._waiting), default=None)

    def run(self, now: float) -> None:
        """Fire all that is due at `now`, earliest first, those of one instant in the order they
        were started. What a timer starts for the same instant fires too."""
        while True:
            due = [timer for timer in self._waiting if timer.when <= now]
            if not due:
                return
            first = min(due, key=lambda timer: timer.when)
            self.forget(first)
            first.fire(now)

"""The one clock for "how long" and "when": it goes on while the machine sleeps.

`time.monotonic()` stands still in a suspend on Linux: a talk time, a token's life or "since when"
measured by it is short by the time asleep. CLOCK_BOOTTIME counts it, never jumps when the wall
clock is set, and is the same in every process of one boot. The event loop's own timers run on
`time.monotonic()`: whoever waits is woken late after a sleep, and `ClockWatch` tells of it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec


def counting_sleep(clocks: Any = time, system: str = sys.platform) -> int | None:
    """The id of the system's clock that goes on while the machine sleeps: CLOCK_BOOTTIME of Linux,
    CLOCK_MONOTONIC of macOS (where `time.monotonic` is another, which does not); None without."""
    found: int | None = getattr(clocks, "CLOCK_BOOTTIME", None)
    if found is None and system == "darwin":
        found = getattr(clocks, "CLOCK_MONOTONIC", None)
    return found


_BOOTTIME: Final = counting_sleep()
WORTH_SAYING: Final = 2.0
"""Seconds that two clocks may drift apart between two looks before it is a jump: a busy machine
reads them milliseconds apart."""


def instant() -> float:
    """Seconds since this machine was started, time asleep included (where the system has such a
    clock, see `counting_sleep`; elsewhere `time.monotonic()`)."""
    if _BOOTTIME is None:
        return time.monotonic()
    return time.clock_gettime(_BOOTTIME)


def follow_time_zone() -> None:
    """Where this machine is by its settings now (`timedatectl`, a laptop that travels, new rules of
    summer time) counts for what is shown of local time from now on: the C library looks at them
    once in a process, unless it is asked to."""
    time.tzset()


class Jump(msgspec.Struct, frozen=True):
    """What happened between two looks. `slept`: seconds in which nothing of ours ran; `set_by`:
    seconds by which the wall clock was set, forwards or back."""

    slept: float = 0.0
    set_by: float = 0.0


class ClockWatch:
    """Compares three clocks at each look: one that counts sleep, one that does not, and the one on
    the wall. `look` is called about once a second while anything could go stale."""

    def __init__(
        self,
        instant: Callable[[], float] = instant,
        awake: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._clocks = instant, awake, wall
        self._last = self._read()

    def look(self) -> Jump | None:
        """The jump since the last look; None without one. The time zone is followed as well."""
        follow_time_zone()
        before, now = self._last, self._read()
        self._last = now
        passed, awake, wall = (now[i] - before[i] for i in range(3))
        slept, set_by = passed - awake, wall - passed
        jump = Jump(
            slept if slept > WORTH_SAYING else 0.0, set_by if abs(set_by) > WORTH_SAYING else 0.0
        )
        return jump if jump != Jump() else None

    def _read(self) -> tuple[float, float, float]:
        instant, awake, wall = self._clocks
        return instant(), awake(), wall()

"""No full garbage collection while a call's tick runs.

A full collection of the engine takes tens of milliseconds, at any moment: an audible gap. While a
call is up only the young generations are collected, so the garbage of a call that has grown old
waits; the full collection comes a moment after the last call is over. Objects that the process has
set aside (`gc.freeze`) stay so: they cost no collection anything.
"""

from __future__ import annotations

import asyncio
import gc

_NEVER = 1_000_000
AFTER = 1.0
"""Seconds from the end of the last call to the collection: what has to be said of the end goes
out first."""


class GcPause:
    """One for the process: counts the calls that are up."""

    def __init__(self) -> None:
        self._wanted = 0
        self._before = (0, 0, 0)
        self._due: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """A call is up."""
        self._wanted += 1
        if self._wanted == 1:
            self._before = gc.get_threshold()
            gc.set_threshold(self._before[0], self._before[1], _NEVER)

    def end(self) -> None:
        """It is over; with the last one everything is as before, and what the calls have left
        behind is collected: AFTER seconds from now, without an event loop at once."""
        if self._wanted == 0:
            return
        self._wanted -= 1
        if self._wanted:
            return
        gc.set_threshold(*self._before)
        if self._due is not None:
            self._due.cancel()
        try:
            self._due = asyncio.get_running_loop().call_later(AFTER, self._collect)
        except RuntimeError:
            self._collect()

    def _collect(self) -> None:
        """Unless a call is up again: then its end does it."""
        self._due = None
        if not self._wanted:
            gc.collect()


GC_PAUSE = GcPause()

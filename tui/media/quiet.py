"""No full garbage collection while a call's tick runs.

A full collection of the engine takes tens of milliseconds, at any moment: an audible gap. While
a call is up, what was there before is set aside and only the young are collected; the full
collection comes when the last call is over.
"""

from __future__ import annotations

import gc

_NEVER = 1_000_000


class Quiet:
    """One for the process: counts who wants quiet."""

    def __init__(self) -> None:
        self._wanted = 0
        self._before = (0, 0, 0)

    def begin(self) -> None:
        """A call is up."""
        self._wanted += 1
        if self._wanted == 1:
            self._before = gc.get_threshold()
            gc.freeze()
            gc.set_threshold(self._before[0], self._before[1], _NEVER)

    def end(self) -> None:
        """It is over; with the last one everything is as before."""
        if self._wanted == 0:
            return
        self._wanted -= 1
        if self._wanted == 0:
            gc.set_threshold(*self._before)
            gc.unfreeze()


QUIET = Quiet()

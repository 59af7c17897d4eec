"""Ctrl+C in the first moments of a command.

Half of a short command's time goes into imports. An exception that Ctrl+C raised in them would be a
traceback, or be lost in an import's lock, or come out as another one: so nothing is raised before
the command's own work begins. As little as possible is imported here.
"""

from __future__ import annotations

import os
import signal
from types import FrameType

INTERRUPTED = 130
"""128 and SIGINT, as shells have it."""


def end_at_once() -> None:
    """From now on Ctrl+C ends the process, and not a word is said: nothing was begun yet. Where it
    is ignored (a job in the background of a script) it stays so."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def hear() -> None:
    """From now on Ctrl+C is an exception, as a command expects it that has begun."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(_signal: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)

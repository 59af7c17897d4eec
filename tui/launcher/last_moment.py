"""The end of a front end that was told to end: within its time, whatever holds it up.

In a thread of its own: what holds up an end is most often the very loop that would count the time,
in a thread of the terminal's that does not come back.
"""

from __future__ import annotations

import os
import threading
from typing import Final

HURRY: Final = 3.0
"""Seconds for a front end to end after SIGTERM or SIGHUP; then the process ends."""


def end_by_itself(code: int, seconds: float = HURRY) -> None:
    """This process ends with that exit code after so many seconds, if it is still there."""
    timer = threading.Timer(seconds, os._exit, (code,))
    timer.daemon = True
    timer.start()

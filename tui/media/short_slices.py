"""The processor soon, where others want it too.

Linux gives each of those who want a processor a slice of some milliseconds in turn, so a tick that
takes one millisecond waits until others have had theirs. From Linux 6.12 on a thread may ask for
shorter slices of its own (`sched_setattr(2)`, `sched_runtime`): it gets no more of the processor,
and gets it earlier. That needs no privilege. Where the system knows nothing of it, or forbids it,
all is as it was.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from typing import Final

SLICE: Final = 100_000
"""Nanoseconds: the shortest that Linux takes."""
_SCHED_SETATTR: Final = {"x86_64": 314, "aarch64": 274, "riscv64": 274}
"""The number of the system call; not every C library has a function for it."""
_ATTRIBUTES: Final = struct.Struct("@IIQiIQQQ")
"""struct sched_attr as it first was: size, policy, flags, nice, priority, runtime, deadline,
period."""


def ask_for_short_slices() -> bool:
    """For this thread, and for those that it starts from now on. Whether the system took it; an
    older one takes it and does not heed it."""
    number = _SCHED_SETATTR.get(os.uname().machine)
    if sys.platform != "linux" or number is None:
        return False
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        return False  # whoever started us has chosen otherwise
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    asked = _ATTRIBUTES.pack(_ATTRIBUTES.size, os.SCHED_OTHER, 0, nice, 0, SLICE, 0, 0)
    refused: int = ctypes.CDLL(None).syscall(number, 0, asked, 0)
    return not refused

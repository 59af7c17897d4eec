"""A terminal with no way out of what runs in it: a desk for whoever comes (`yimi kiosk`)."""

from __future__ import annotations

import os
import signal
import termios
from contextlib import suppress


def shut_terminal() -> None:
    """No key of the terminal's own ends or stops us, neither now nor between two agents."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)
    # What started us on a terminal (agetty) may have left another process in the foreground.
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    with suppress(OSError):
        os.tcsetpgrp(0, os.getpgrp())
    signal.signal(signal.SIGTTOU, before)
    modes = termios.tcgetattr(0)
    nothing = os.fpathconf(0, "PC_VDISABLE").to_bytes(1, "little")
    for each in (termios.VINTR, termios.VQUIT, termios.VSUSP):
        modes[6][each] = nothing
    termios.tcsetattr(0, termios.TCSANOW, modes)

"""The terminal while a screen runs on it, and how it is given back.

Three things that Textual leaves to others: native libraries that write to file descriptor 2
spoil the screen, so it points at the log meanwhile; a write to a terminal that is gone must not
stop the thread that writes (the main loop would wait for it for ever); and after a crash modes
may be left on.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import termios
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from tui.log import open_to_append

KEEP: Final = "\x1b[?1036;1039s"
"""Has xterm keep how it writes Alt, for RESET: it takes what was never kept for off."""
RESET: Final = (
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l"  # mouse
    "\x1b[?2004l\x1b[?1004l\x1b[?2048l"  # bracketed paste, focus, resize reports
    "\x1b[?1036;1039r\x1b[<u\x1b[?7h\x1b[0m\x1b[?1049l\x1b[?25h"  # Alt, keys, wrap …
)


def give_back(modes: list[Any]) -> None:
    """After a program that could not take back what it had set on this terminal: everything that
    ours set is off, and its modes are these (`termios.tcgetattr`)."""
    # Whoever was in the foreground may have been killed: who writes now is not stopped for it.
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    with suppress(OSError, ValueError):
        sys.stdout.write(f"{RESET}\r\n")
        sys.stdout.flush()
    with suppress(termios.error, OSError):
        termios.tcsetattr(0, termios.TCSANOW, modes)
    signal.signal(signal.SIGTTOU, before)


class _Unbreakable(io.TextIOWrapper):
    """What is written to a terminal that is gone is dropped, and nobody hears of it."""

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            super().flush()


class Terminal:
    """A context: inside it a Textual app draws on the terminal, and what native libraries write to
    descriptor 2 goes to the log, unless that was led elsewhere before."""

    def __init__(self, log_file: Path) -> None:
        self._log_file = log_file
        self._modes: list[Any] | None = None
        self._saved = self._drawn = -1
        self._original: Any = None
        self._screen: _Unbreakable | None = None

    def __enter__(self) -> Terminal:
        with suppress(termios.error, OSError):
            self._modes = termios.tcgetattr(0)
        self._saved = os.dup(2)
        self._drawn = os.dup(1 if os.isatty(1) else 2)
        if os.isatty(2):  # else whoever started us has said where that shall go: `yimi 2>file`
            log = open_to_append(self._log_file)
            os.dup2(log, 2)
            os.close(log)
        raw = io.FileIO(self._drawn, "w", closefd=False)
        self._screen = _Unbreakable(io.BufferedWriter(raw), encoding="utf-8", errors="replace")
        # Textual's driver draws on sys.__stderr__, as it was when the driver is made.
        self._original = sys.__stderr__
        setattr(sys, "__stderr__", self._screen)  # noqa: B010 - typeshed calls it final
        self._screen.write(KEEP)
        self._screen.flush()
        return self

    def clean(self) -> None:
        """Take back every mode that a crashed screen may have left on."""
        assert self._screen is not None
        self._screen.write(RESET)
        self._screen.flush()
        if self._modes is not None:
            with suppress(termios.error, OSError):
                termios.tcsetattr(0, termios.TCSANOW, self._modes)

    def __exit__(self, *_: object) -> None:
        assert self._screen is not None
        self._screen.flush()
        if self._modes is not None:
            with suppress(termios.error, OSError):
                termios.tcsetattr(0, termios.TCSANOW, self._modes)
        setattr(sys, "__stderr__", self._original)  # noqa: B010
        os.dup2(self._saved, 2)
        os.close(self._saved)
        os.close(self._drawn)

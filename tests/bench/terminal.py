"""A child process in a pseudo-terminal of our own, for benches: what it writes, and when."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from pathlib import Path

from tests.e2e.pty_console import Shown

ROOT = Path(__file__).resolve().parents[2]
BYTECODE = tempfile.TemporaryDirectory(prefix="yimi-bench-")
COMPILED = {**os.environ, "PYTHONPYCACHEPREFIX": BYTECODE.name}
"""As it is once installed: what is imported is compiled. A checkout whose environment forbids to
keep bytecode would compile all of ours at every start, and nothing of Textual's."""
COMPILED.pop("PYTHONDONTWRITEBYTECODE", None)


class Terminal:
    """A child process in a pseudo-terminal of 80×24."""

    def __init__(self, program: str, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        environment = {**COMPILED, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
        environment.pop("COLORTERM", None)
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,  # Textual draws on standard error
            cwd=ROOT,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)
        self.shown = Shown()
        self._tail = b""

    def read(self, seconds: float) -> bytes:
        """What comes within so many seconds."""
        end, got = time.perf_counter() + seconds, b""
        while (left := end - time.perf_counter()) > 0:
            if select.select([self.master], [], [], left)[0]:
                got += os.read(self.master, 65536)
        return got

    def until(self, word: bytes, seconds: float = 20.0) -> float:
        """Seconds from the start until the word is on the screen."""
        seen, end = b"", time.perf_counter() + seconds
        while time.perf_counter() < end:
            if select.select([self.master], [], [], 0.5)[0]:
                seen += os.read(self.master, 65536)
                if word in seen:
                    return time.perf_counter() - self.started
        raise TimeoutError(f"{word!r} never came")

    def read_thin(
        self, seconds: float, rate: int, fact: Callable[[], bool] = lambda: False
    ) -> float:
        """Take so many bytes a second, and answer what is asked; seconds until the fact."""
        began, step = time.perf_counter(), 0.05
        while (now := time.perf_counter() - began) < seconds:
            time.sleep(step)
            if select.select([self.master], [], [], 0)[0]:
                got = os.read(self.master, int(rate * step))
                os.write(self.master, b"\x1b[0n" * (self._tail + got).count(b"\x1b[5n"))
                self._tail = got[-3:]
                self.shown.take(got)
            if fact():
                return now
        return seconds

    def text(self) -> str:
        """What stands on the screen, as far as it was read by `read_thin`."""
        return self.shown.text()

    def end(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.master)

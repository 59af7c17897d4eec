"""What native libraries print (ALSA, PortAudio, PulseAudio write to file descriptor 2 as they
please) goes to the log: as clean lines, and never more than a few.
"""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from typing import Final

from tui.log import get_logger

LINES: Final = 20
"""Lines that are logged within `SECONDS`; of more only the number is."""
SECONDS: Final = 10.0
LONGEST: Final = 400
"""Bytes of a line; the rest of a longer one is dropped."""


class Quota:
    """Which lines are logged. A line that repeats the last one counts and is not logged."""

    def __init__(self, lines: int = LINES, seconds: float = SECONDS) -> None:
        self._most, self._seconds = lines, seconds
        self._began = float("-inf")
        self._said = self._left_out = 0
        self._last = ""

    @property
    def owed(self) -> bool:
        """Whether there is a number still to be said."""
        return self._left_out > 0

    def take(self, line: str, now: float) -> list[str]:
        """What is to be logged when this was printed at `now` (seconds, monotonic)."""
        lines = self.settle(now)
        if line == self._last or self._said >= self._most:
            self._left_out += 1
            return lines
        self._last = line
        self._said += 1
        return [*lines, line]

    def settle(self, now: float) -> list[str]:
        """Once the time is over: how many lines were left out."""
        if now - self._began < self._seconds:
            return []
        left_out, self._left_out = self._left_out, 0
        self._began, self._said, self._last = now, 0, ""
        return [f"({left_out} more lines)"] if left_out else []


def listen(*descriptors: int) -> threading.Thread:
    """From now on what is written to these file descriptors goes to the log. They never block
    whoever writes: a library may hold what the listening thread needs. Returns the thread, which
    ends when all of them are closed."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    for descriptor in descriptors:
        os.dup2(writing, descriptor)
    os.close(writing)
    thread = threading.Thread(target=_read, args=(reading,), name="noise", daemon=True)
    thread.start()
    return thread


def _read(descriptor: int, log: logging.Logger | None = None) -> None:
    log = log or get_logger("noise")
    quota, rest = Quota(), b""
    try:
        while True:
            limit = SECONDS if quota.owed else None
            if not select.select([descriptor], [], [], limit)[0]:
                _log(log, quota.settle(time.monotonic()))
                continue
            data = os.read(descriptor, 65536)
            if not data:
                break
            *lines, rest = (rest + data).split(b"\n")
            rest = rest[:LONGEST]
            for line in lines:
                text = line[:LONGEST].decode("utf-8", "replace").strip()
                if text:
                    _log(log, quota.take(text, time.monotonic()))
    finally:
        os.close(descriptor)


def _log(log: logging.Logger, lines: list[str]) -> None:
    for line in lines:
        log.info("printed: %s", line)  # the formatter cleans and redacts it

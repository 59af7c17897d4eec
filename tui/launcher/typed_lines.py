"""The terminal, or the pipe, while a front end reads lines from it: key by key without the
terminal's own echo, and given back as it was."""

from __future__ import annotations

import asyncio
import os
import termios
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

_ANSWERS_AT_ONCE: Final = (1, 0)
"""VMIN, VTIME: every byte as it comes."""


class TypedLines:
    """A context. `feed` is told the bytes, `ended` that no more will come. Signals stay the
    terminal's: Ctrl+C, Ctrl+Z, Ctrl+S."""

    def __init__(
        self, descriptor: int, feed: Callable[[bytes], None], ended: Callable[[], None]
    ) -> None:
        self._descriptor, self._feed, self._ended = descriptor, feed, ended
        self._before: list[Any] | None = None
        self._reading = False

    def __enter__(self) -> TypedLines:
        if os.isatty(self._descriptor):
            with suppress(termios.error):
                self._before = termios.tcgetattr(self._descriptor)
        self.take()
        try:
            asyncio.get_running_loop().add_reader(self._descriptor, self._read)
            self._reading = True
        except PermissionError:  # a plain file, which is always readable
            loop = asyncio.get_running_loop()
            threading.Thread(target=self._read_file, args=(loop,), daemon=True).start()
        return self

    def take(self) -> None:
        """Put the terminal into the modes that are wanted, also after Ctrl+Z and fg."""
        if self._before is None:
            return
        modes = [*self._before[:6], list(self._before[6])]
        modes[3] &= ~(termios.ICANON | termios.ECHO)
        modes[6][termios.VMIN], modes[6][termios.VTIME] = _ANSWERS_AT_ONCE
        with suppress(termios.error):
            termios.tcsetattr(self._descriptor, termios.TCSANOW, modes)

    def give_back(self) -> None:
        """The modes as they were."""
        if self._before is not None:
            with suppress(termios.error):
                termios.tcsetattr(self._descriptor, termios.TCSANOW, self._before)

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, 4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._feed(data)
        else:
            self._stop()
            self._ended()

    def _read_file(self, loop: asyncio.AbstractEventLoop) -> None:
        while data := os.read(self._descriptor, 4096):
            loop.call_soon_threadsafe(self._feed, data)
        loop.call_soon_threadsafe(self._ended)

    def _stop(self) -> None:
        if self._reading:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            self._reading = False

    def __exit__(self, *_: object) -> None:
        self._stop()
        self.give_back()

"""A screen whose terminal becomes another one: what dtach, abduco and their like keep running, and
what a window does that says its size in more than one way."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import termios
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.e2e.pty_console import PtyConsole, end_engines

MODES = (b"\x1b[?1049h", b"\x1b[?1000h", b"\x1b[?1006h", b"\x1b[?2004h", b"\x1b[?25l", b"\x1b[?7l")
SIZE_IN_INPUT = b"\x1b[?2048;2$y"
"""A terminal knows that mode, and has it off."""
Open = Callable[..., PtyConsole]


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Open]:
    """`opened(*arguments)`: a console, which is closed at the end."""
    consoles: list[PtyConsole] = []

    def open_one(*arguments: str) -> PtyConsole:
        consoles.append(PtyConsole(tmp_path, *arguments))
        return consoles[-1]

    yield open_one
    for console in consoles:
        await console.close()
    await end_engines(tmp_path)


def resize(console: PtyConsole, rows: int, columns: int) -> None:
    """As a terminal does; the kernel tells whoever runs in it."""
    fcntl.ioctl(console.master, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))


async def test_who_attaches_from_another_terminal_sees_all_and_has_its_modes(opened: Open) -> None:
    console = opened()
    await console.see("Sign in")
    await console.see("Enter Sign in")
    for size in ((24, 80), (24, 80), (30, 100)):
        mark = console.mark()
        resize(console, *size)
        os.kill(console.process.pid, signal.SIGWINCH)  # as dtach and abduco do on an attach
        await console.see("Extension", mark)
        await console.see("Enter Sign in", mark)
        for mode in MODES:
            assert mode in console.output[mark:], mode


async def test_a_terminal_that_told_its_size_and_is_another_now_has_its_size_all_the_same(
    opened: Open,
) -> None:
    console = opened()
    await console.see("Enter Sign in")
    console.press(SIZE_IN_INPUT)
    await console.see_bytes(b"\x1b[?2048h")
    mark = console.mark()
    resize(console, 40, 120)
    await console.see_bytes(b"\x1b[40;1H", mark)

"""A screen whose terminal becomes another one: what dtach, abduco and their like keep running, and
what a window does that says its size in more than one way."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import struct
import termios
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.e2e.desk.station import F1
from tests.e2e.pty_console import PtyConsole, end_engines, is_stopped
from tests.waiting import until
from tui.console.terminal.input import READY_QUERY as QUERY

MODES = (b"\x1b[?1049h", b"\x1b[?1000h", b"\x1b[?1006h", b"\x1b[?2004h", b"\x1b[?25l", b"\x1b[?7l")
SIZE_IN_INPUT = b"\x1b[?2048;2$y"
"""A terminal knows that mode, and has it off."""
READY_QUERY = QUERY.encode()
ROUND_TRIP = 0.05
"""Seconds that a line takes there and back."""
LONG = 120.0
"""Seconds; the test ends before."""
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


async def test_what_others_wrote_over_the_screen_goes_with_one_key(opened: Open) -> None:
    console = opened()
    await console.see("Enter Sign in")
    await console.see("Extension")
    mark = console.mark()
    console.press(b"\x0c")  # dtach presses it for whoever attaches
    await console.see_bytes(b"\x1b[2J", mark)
    await console.see("packages", mark)
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


async def test_a_window_has_its_size_whatever_the_environment_says(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    monkeypatch.setenv("LINES", "20")
    console = opened()
    await console.see("Enter Sign in")
    assert max(console.rows) == 23
    mark = console.mark()
    resize(console, 30, 100)
    await console.see_bytes(b"\x1b[30;1H", mark)
    mark = console.mark()
    resize(console, 65535, 65535)  # as some programs set it that know none
    await until(lambda: max(console.rows, default=0) == 19)


@pytest.mark.parametrize("way", ["left", "stopped"])
async def test_what_a_slow_terminal_answers_last_is_nothing_that_was_typed_at_the_shell(
    opened: Open, way: str
) -> None:
    console = opened()
    await console.see("Enter Sign in")
    asked = answers = 0

    def answer() -> None:
        nonlocal answers
        answers += 1
        console.press(b"\x1b[0n")

    def is_asked() -> bool:
        return console.output.count(READY_QUERY) > asked

    async def take_questions() -> None:
        nonlocal asked
        while True:
            await until(is_asked, LONG)
            asked += 1
            asyncio.get_running_loop().call_later(ROUND_TRIP, answer)

    terminal = asyncio.create_task(take_questions())
    await until(lambda: answers)
    console.press(F1)
    await console.see("Keys")
    if way == "left":
        console.press(b"\x1b")
        console.press(b"\x11")
        await until(lambda: console.process.poll() is not None)
    else:
        os.kill(console.process.pid, signal.SIGTSTP)
        await until(lambda: is_stopped(console.process.pid))
    await until(lambda: answers == console.output.count(READY_QUERY))
    terminal.cancel()
    assert console.typed_and_not_read() == b""

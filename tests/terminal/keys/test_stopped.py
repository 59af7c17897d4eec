"""A console that is stopped and goes on, whatever it was doing."""

from __future__ import annotations

import asyncio
import os

import pytest

from tests.waiting import until
from tui.console.terminal.driver import StopEvent, TerminalDriver


class Noting(TerminalDriver):
    """A driver that notes what it would write."""

    def __init__(self, done: list[str]) -> None:
        self._loop, self._stop, self._auto_restart = asyncio.get_running_loop(), StopEvent(), True
        self.done = done

    def suspend_application_mode(self) -> None:
        self.done.append("left")

    def resume_application_mode(self) -> None:
        self.done.append("taken back")


@pytest.mark.parametrize(
    ("handler", "work"),
    [
        ("_sigtstp_application", ["left", "stopped"]),
        ("_sigcont_application", ["left", "taken back"]),
    ],
)
async def test_a_signal_writes_nothing_in_the_middle_of_a_write(
    monkeypatch: pytest.MonkeyPatch, handler: str, work: list[str]
) -> None:
    done: list[str] = []
    driver = Noting(done)
    monkeypatch.setattr(os, "kill", lambda *_: done.append("stopped"))
    getattr(driver, handler)()
    assert done == []
    await until(lambda: done == work)
    driver._stop.close()

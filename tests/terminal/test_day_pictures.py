"""The screens of an agent's day as pictures, narrow and wide."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
import scripted_port as s
from textual.widgets import Input

from tui.app import YimiApp
from tui.config import Config, UiSettings
from tui.engine.commands import GetHistory, Result
from tui.engine.state import (
    HistoryEntry,
    HistoryPage,
    Levels,
    SeatStatus,
    Snapshot,
    Status,
    WrapUp,
    WrapUpMode,
    message,
)

WRAPUP = replace(
    s.IDLE,
    seat=SeatStatus(Status.BUSY, since=s.NOW - 9),
    wrapup=WrapUp(
        entry=1,
        number="12000000001",
        outgoing=False,
        talk_time=250.0,
        ended=message("ended.25", code=25),
        began=s.NOW - 9,
        until=s.NOW + 21,
        mode=WrapUpMode.TIMED,
        outcome="Call back",
        note="asked for the invoice again",
        outcomes=("Resolved", "Call back", "Complaint", "Wrong number"),
    ),
)
TALKING = replace(s.with_call(s.TALKING), levels=Levels(4, 6), next_status=2)
ENTRIES = tuple(
    HistoryEntry(
        id=number,
        began=s.WALL - 4000 * number,
        number=f"1200000000{number}",
        outgoing=number % 2 == 0,
        group="Pre-sales",
        ring_time=7.0,
        talk_time=None if number == 3 else 61.0 * number,
        reason="cancelled.missed" if number == 3 else "ended.25",
        outcome="Resolved" if number == 1 else "",
        note="wants the invoice" if number == 1 else "",
        missed=number == 3,
    )
    for number in range(1, 6)
)
STATES: dict[str, tuple[Snapshot, tuple[str, ...]]] = {
    "wrap-up": (WRAPUP, ()),
    "wrap-up-and-a-call": (WRAPUP.with_call(s.RINGING), ()),
    "history": (s.IDLE, ("f10",)),
    "history-in-a-call": (TALKING, ("f10",)),
    "settings": (s.IDLE, ("ctrl+g",)),
}


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def app(snapshot: Snapshot) -> YimiApp:
    port = s.ScriptedPort(snapshot)
    page = HistoryPage(ENTRIES, len(ENTRIES))
    port.answers[GetHistory] = lambda command: Result(True, value=page)
    config = Config(ui=UiSettings(theme="yimi-dark", language="en"))
    return YimiApp(port, config, clock=lambda: s.NOW, wall=lambda: s.WALL)


def after(*keys: str) -> Any:
    async def run(pilot: Any) -> None:
        for _ in range(4):
            await pilot.pause()
        await pilot.press(*keys)
        for _ in range(4):
            await pilot.pause()
        for field in pilot.app.screen.query(Input):
            field.cursor_blink = False

    return run


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("state", STATES)
def test_a_state_of_the_day(snap_compare, state: str, size: tuple[int, int]) -> None:
    snapshot, keys = STATES[state]
    assert snap_compare(app(snapshot), terminal_size=size, run_before=after(*keys))

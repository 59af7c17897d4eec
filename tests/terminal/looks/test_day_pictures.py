"""The screens of an agent's day as pictures, narrow and wide."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from tests.terminal import scripted_port as s
from tests.terminal.kept import drawn, look
from tui.config.schema import Config, UiSettings
from tui.port import replace
from tui.port.commands import GetHistory, Result
from tui.port.machines.seat_machine import Status
from tui.port.snapshot import SeatStatus, Snapshot
from tui.port.values import HistoryEntry, HistoryPage, Levels

WRAPUP = replace(
    s.IDLE,
    seat=SeatStatus(Status.BUSY, since=s.NOW - 9),
    wrapup=replace(s.WRAPUP, outcome="Call back", note="asked for the invoice again"),
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


CONFIG = Config(ui=UiSettings(theme="yimi-dark", language="en"))
SIZES = {"80x24": (80, 24), "120x40": (120, 40)}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", STATES)
async def test_a_state_of_the_day(console, kept, state: str, size: str) -> None:
    snapshot, keys = STATES[state]
    port = s.ScriptedPort(snapshot)
    port.answers[GetHistory] = lambda _: Result(True, value=HistoryPage(ENTRIES, len(ENTRIES)))
    async with console(port=port, size=SIZES[size], config=CONFIG) as c:
        await c.press(*keys)
        await c.rest()
        for field in c.app.screen.query(Input):
            field.cursor_blink = False
        await c.settle()
        kept({f"day/{state}-{size}": look({"yimi-dark": drawn(c.app)})})

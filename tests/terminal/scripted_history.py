"""A journal of calls behind a scripted port."""

from __future__ import annotations

from tests.terminal import scripted_port as s
from tui.port.commands import GetHistory, Result
from tui.port.values import HistoryEntry, HistoryPage

ENTRIES = tuple(
    HistoryEntry(
        id=number,
        began=s.WALL - 600 * number,
        number=f"1200000{number:04}",
        outgoing=number % 2 == 0,
        group="Pre-sales",
        ring_time=4.0,
        talk_time=None if number == 3 else 61.0 * number,
        reason="ended.25",
        outcome="Resolved" if number == 1 else "",
        note="wants the invoice" if number == 1 else "",
        missed=number == 3,
    )
    for number in range(1, 121)
)


def history(port: s.ScriptedPort, entries: tuple[HistoryEntry, ...] = ENTRIES) -> None:
    """Answer as the journal does."""

    def answer(command: GetHistory) -> Result:
        found = [e for e in entries if command.text in f"{e.number} {e.outcome} {e.note}"]
        start = (command.page - 1) * 50
        page = HistoryPage(tuple(found[start : start + 50]), len(found), command.page)
        return Result(True, value=page)

    port.answers[GetHistory] = answer

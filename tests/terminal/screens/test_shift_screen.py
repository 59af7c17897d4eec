"""The figures of the shift on the screen, and as a file that is never written over unasked."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from tests.terminal import scripted_port as s
from tui.config.schema import Config, HistorySettings, UiSettings
from tui.port.commands import Result
from tui.port.values import message
from tui.port.work import BreakFigures, CallFigures, ShiftReport
from tui.port.work_commands import GetShift

REPORT = ShiftReport(
    s.WALL - 3600,
    s.WALL,
    CallFigures("", 3, 2, 1, 700.0, 453.0, 20.0),
    (CallFigures("=Sales", 3, 2, 1, 700.0, 453.0, 20.0), CallFigures("")),
    (CallFigures("Resolved", 2, 1), CallFigures("", 1, 1)),
    (BreakFigures("Lunch", 1, 2760.0, 1),),
)


def figures(c: Any) -> None:
    c.port.answers[GetShift] = lambda command: Result(True, value=REPORT)


async def opened(c: Any) -> None:
    figures(c)
    c.app.do("shift")
    await c.rest()


async def test_it_has_the_figures_by_group_outcome_and_break(console: Any) -> None:
    async with console() as c:
        await opened(c)
        assert c.line("=Sales").strip(" │").split() == [
            *("=Sales", "3", "2", "1", "11:40", "7:33", "0:20"),
        ]
        assert "Resolved" in c.screen_text
        assert "without an outcome" in c.screen_text
        assert "46:00" in c.line("Lunch")
        assert "1× too long" in c.line("Lunch")
        await c.press("2")
        await c.rest()
        assert GetShift(6) in c.port.sent
        assert "The last 7 days" in c.screen_text
        await c.press("escape")
        assert "The last 7 days" not in c.screen_text


async def test_it_speaks_chinese_and_fits_a_small_terminal(console: Any) -> None:
    config = Config(ui=UiSettings(language="zh"))
    async with console(size=(40, 12), config=config) as c:
        await opened(c)
        assert "本班" in c.screen_text


async def test_without_a_history_it_says_why(console: Any) -> None:
    async with console() as c:
        c.port.answers[GetShift] = lambda command: Result(False, message("history.none"))
        c.app.do("shift")
        await c.rest()
        assert "history" in c.screen_text.lower()


@pytest.mark.parametrize("bom", [False, True])
async def test_it_is_written_in_words_and_harmless(
    console: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bom: bool
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    config = Config(history=HistorySettings(csv_bom=bom))
    async with console(config=config) as c:
        await opened(c)
        await c.press("1", "enter")
        await c.rest()
        target = tmp_path / "yimi-shift-2026-01-02.csv"
        text = target.read_bytes().decode("utf-8")
        assert text.startswith("\ufeff") is bom
        rows = list(csv.DictReader(text.removeprefix("\ufeff").splitlines()))
        assert [row["kind"] for row in rows] == [
            *("All", "Group", "Group", "Outcome", "Outcome", "Break"),
        ]
        assert rows[1]["name"] == "'=Sales"
        assert rows[1]["talk seconds"] == "700"
        assert rows[5]["break seconds"] == "2760"


async def test_over_a_file_that_is_there_it_is_written_only_when_that_is_asked(
    console: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    target = tmp_path / "yimi-shift-2026-01-02.csv"
    target.write_text("mine")
    async with console() as c:
        await opened(c)
        await c.press("1", "enter")
        await c.rest()
        assert "is there already" in c.screen_text
        await c.press("enter")
        await c.rest()
        assert target.read_text() == "mine"
        await c.press("1", "enter")
        await c.rest()
        await c.press("down", "enter")
        await c.rest()
        assert target.read_text() != "mine"

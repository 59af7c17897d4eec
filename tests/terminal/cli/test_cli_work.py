"""Breaks, call-backs and the shift from the command line: what is sent, what is printed, how it
ends."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.engine.plain_engine import PlainEngine
from tests.terminal.cli.command_run import signed_in, yimi
from tui.port.commands import Command, GetHistory, Result
from tui.port.values import BREAK, HistoryEntry, HistoryPage, message
from tui.port.work import (
    BreakFigures,
    Callback,
    CallbackPage,
    CallbackSource,
    CallFigures,
    ShiftReport,
)
from tui.port.work_commands import (
    CloseCallback,
    DialCallback,
    GetCallbacks,
    GetShift,
    ImportCallbacks,
    PlanCallback,
    TakeBreak,
)

ROW = Callback(7, "12000000001", CallbackSource.AGREED, None, "Wang Fang", "a price")
REPORT = ShiftReport(
    0.0,
    100.0,
    CallFigures("", 1, 0, 0, 60.0, 60.0),
    (CallFigures("=Sales", 1, 0, 0, 60.0, 60.0),),
    breaks=(BreakFigures("Lunch", 1, 600.0),),
)

CALL = HistoryEntry(
    1, 0.0, "12000000001", False, "Sales", 4.0, 65.0, 0.0, "ended.25", note="a price"
)
ENTRIES = (CALL, HistoryEntry(2, 0.0, "", False, "", 0.0, 600.0, 0.0, name="Lunch", kind=BREAK))


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[PlainEngine]:
    """An engine that has one call-back and the figures of a shift."""
    async with signed_in(folder) as engine:
        usual = engine.execute

        async def execute(command: Command) -> Result:
            match command:
                case GetHistory():
                    engine.heard.append(command)
                    return Result(True, value=HistoryPage(ENTRIES, 2))
                case GetCallbacks():
                    return Result(True, value=CallbackPage((ROW,), 1))
                case GetShift():
                    engine.heard.append(command)
                    return Result(True, value=REPORT)
                case PlanCallback(when="soon"):
                    return Result(False, message("when.unclear", text="soon"))
            return await usual(command)

        engine.execute = execute  # type: ignore[method-assign]
        yield engine


async def test_each_command_reaches_the_engine(tmp_path: Path) -> None:
    async with desk(tmp_path) as engine:
        for words in (
            ("break", "lunch"),
            ("callback", "12000000001", "tomorrow", "10"),
            ("callback", "dial", "7"),
            ("callback", "close", "7", "Wrong", "number"),
            ("callbacks", "import", "list.csv"),
        ):
            assert await yimi(tmp_path, *words) == (0, "", "")
        taken_in = engine.heard.pop()
        assert isinstance(taken_in, ImportCallbacks)
        assert Path(taken_in.path).is_absolute()
        assert engine.heard == [
            TakeBreak("lunch"),
            PlanCallback("tomorrow 10", number="12000000001"),
            DialCallback(7),
            CloseCallback(7, "Wrong number"),
        ]


@pytest.mark.parametrize(
    "words", [("callback", "dial"), ("callback", "close", "x"), ("callbacks", "import")]
)
async def test_what_is_missing_is_said_and_is_2(tmp_path: Path, words: tuple[str, ...]) -> None:
    async with desk(tmp_path):
        code, output, errors = await yimi(tmp_path, *words)
        assert (code, output) == (2, "")
        assert "yimi callbacks" in errors


async def test_a_time_that_is_none_is_1_and_a_sentence(tmp_path: Path) -> None:
    async with desk(tmp_path):
        code, _, errors = await yimi(tmp_path, "callback", "12000000001", "soon")
        assert code == 1
        assert "“soon” is no time" in errors


async def test_a_search_by_command_finds_the_missed_and_a_day(tmp_path: Path) -> None:
    async with desk(tmp_path) as engine:
        assert (await yimi(tmp_path, "history", "missed today"))[0] == 0
        (asked,) = (each for each in engine.heard if isinstance(each, GetHistory))
        missed, today = asked.terms
        assert missed.missed
        assert today.since <= time.time() < today.until + 60


async def test_the_history_in_lines_says_why_a_call_ended_and_what_is_a_break(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path):
        _, output, _ = await yimi(tmp_path, "history")
        call, rest = output.splitlines()
        assert call.endswith("in      12000000001          65 s  The customer hung up. a price")
        assert rest.endswith("break   Lunch               600 s")


async def test_the_list_is_lines_or_json(tmp_path: Path) -> None:
    async with desk(tmp_path):
        _, output, _ = await yimi(tmp_path, "callbacks")
        assert output == "7\tagreed\t-\t12000000001\tWang Fang\ta price\n"
        _, output, _ = await yimi(tmp_path, "callbacks", "--json")
        row = json.loads(output)
        assert (row["id"], row["number"], row["due"]) == (7, "12000000001", None)


async def test_the_shift_is_lines_csv_or_json(tmp_path: Path) -> None:
    async with desk(tmp_path) as engine:
        _, output, _ = await yimi(tmp_path, "shift", "--days", "7")
        assert engine.heard == [GetShift(6)]
        assert "Break\tLunch\t1\t10:00" in output
        _, output, _ = await yimi(tmp_path, "shift", "--csv", "--bom")
        rows = list(csv.DictReader(io.StringIO(output.removeprefix("\ufeff"))))
        assert output.startswith("\ufeff")
        assert rows[1]["name"] == "'=Sales"
        _, output, _ = await yimi(tmp_path, "shift", "--json")
        assert json.loads(output)["groups"][0]["name"] == "=Sales"


async def test_a_file_for_the_figures_is_a_csv_whether_that_is_said_or_not(tmp_path: Path) -> None:
    async with desk(tmp_path):
        code, output, _ = await yimi(tmp_path, "shift", "--output", str(tmp_path / "shift.csv"))
        assert (code, output) == (0, "")
        assert "Sales" in (tmp_path / "shift.csv").read_text()


async def test_a_file_that_is_there_is_written_over_by_force_alone(tmp_path: Path) -> None:
    target = tmp_path / "shift.csv"
    target.write_text("mine")
    async with desk(tmp_path):
        code, _, errors = await yimi(tmp_path, "shift", "--csv", "--output", str(target))
        assert code == 1
        assert "--force" in errors
        assert target.read_text() == "mine"
        wanted = ("shift", "--csv", "--output", str(target), "--force")
        assert (await yimi(tmp_path, *wanted))[0] == 0
        assert "Lunch" in target.read_text("utf-8")

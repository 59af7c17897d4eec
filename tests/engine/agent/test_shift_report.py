"""The figures of a shift by group, outcome and break; and the history as a CSV in words."""

from __future__ import annotations

import csv
from pathlib import Path

from tui.engine.agent.history.db import HistoryDb
from tui.engine.agent.shift_report import report
from tui.port import replace
from tui.port.values import BREAK, HistoryEntry
from tui.port.work import BreakFigures, CallFigures

CALL = HistoryEntry(
    1, 1000.0, "12000000001", False, "Sales", 4.0, 60.0, 5.0, "ended.25", outcome="Resolved"
)
CALLS = (
    CALL,
    replace(CALL, id=2, outgoing=True, talk_time=100.0, outcome="", hold_time=0.0),
    replace(CALL, id=3, group="Night", talk_time=None, missed=True, outcome="", hold_time=0.0),
    replace(CALL, id=4, group="Night", talk_time=None, reason="line.declined_here", outcome=""),
)
LUNCH = HistoryEntry(5, 2000.0, "", False, talk_time=600.0, name="Lunch", kind=BREAK)


def test_calls_count_by_group_and_by_outcome() -> None:
    found = report(CALLS, 0.0, 5000.0)
    assert found.total == CallFigures("", 1, 1, 1, 160.0, 100.0, 5.0)
    assert found.groups == (
        CallFigures("Night", missed=1),
        CallFigures("Sales", 1, 1, 0, 160.0, 100.0, 5.0),
    )
    assert [(each.name, each.answered) for each in found.outcomes] == [("", 1), ("Resolved", 1)]


def test_breaks_count_by_name_and_the_one_that_is_on_until_now() -> None:
    late = replace(LUNCH, id=6, reason="break.too_long")
    on = replace(LUNCH, id=7, began=4000.0, talk_time=None, name="Coffee")
    found = report((LUNCH, late, on), 0.0, 4100.0)
    assert found.breaks == (
        BreakFigures("Coffee", 1, 100.0),
        BreakFigures("Lunch", 2, 1200.0, 1),
    )
    assert found.total.answered == 0


async def test_the_export_has_words_for_codes_and_no_formula_in_any_column(tmp_path: Path) -> None:
    history = HistoryDb(tmp_path / "h.sqlite3", "mine", keep_days=0)
    await history.open()
    bad = "=HYPERLINK(0)"
    entry = replace(CALL, number="+8612", group=bad, note="@SUM(1)", name="-1", outcome=bad)
    await history.add(replace(entry, reason="refused.unknown", reason_values=(("code", "=7"),)))
    await history.add(replace(LUNCH, began=900.0))
    words = {
        "csv.began": "开始",
        "csv.in": "呼入",
        "csv.break": "小休",
        "csv.no": "否",
        "refused.unknown": "{code}：呼叫失败。{info}",
    }
    target = tmp_path / "calls.csv"
    await history.export(target, "", words, bom=True)
    await history.close()
    text = target.read_bytes().decode("utf-8")
    assert text.startswith("\ufeff")
    call, pause = csv.DictReader(text[1:].splitlines())
    assert call["direction"] == "呼入"
    assert call["missed"] == "否"
    assert call["reason"] == "'=7：呼叫失败。"
    assert pause["direction"] == "小休"
    assert "开始" in call
    cells = [each for row in (call, pause) for each in row.values()]
    assert not [each for each in cells if each[:1] in "=+-@" and each]

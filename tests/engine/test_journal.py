"""The history on disk: what was written is there after a kill, and nobody's number leaks."""

from __future__ import annotations

import csv
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tui.engine.journal import _SCHEMA, CSV_HEAD, PAGE, Journal, JournalError
from tui.engine.state import HistoryEntry, Quality

ENTRY = HistoryEntry(
    id=1,
    began=time.time() - 60,
    number="12000000001",
    outgoing=False,
    group="Sales",
    ring_time=4.0,
    talk_time=30.0,
    hold_time=2.0,
    reason="ended.25",
    ccnumber="cc",
)
SOUNDED = replace(
    ENTRY,
    quality=Quality(
        mos=4.31, codec="opus", loss=0.0125, jitter=3.0, rtt=23.0, delay=48.0, repaired=0.01
    ),
    worst_mos=3.1,
)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = Journal(tmp_path / "state" / "history.sqlite3", "mine")
    await journal.open()
    yield journal
    await journal.close()


async def test_what_is_written_is_read_back_the_same(journal: Journal) -> None:
    await journal.add(ENTRY)
    page = await journal.search()
    assert (page.entries, page.total, page.page) == ((ENTRY,), 1, 1)


async def test_the_file_is_for_its_owner_only(journal: Journal) -> None:
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600


async def test_the_newest_comes_first_by_page(journal: Journal) -> None:
    for number in range(PAGE + 3):
        await journal.add(replace(ENTRY, id=number + 1, began=ENTRY.began + number))
    first, second = await journal.search(page=1), await journal.search(page=2)
    assert [entry.id for entry in first.entries][:2] == [PAGE + 3, PAGE + 2]
    assert len(second.entries) == 3
    assert first.total == second.total == PAGE + 3


@pytest.mark.parametrize("text", ["0000001", "sales", "INVOICE", "resolved again"])
async def test_number_group_outcome_and_note_are_searched(journal: Journal, text: str) -> None:
    await journal.add(replace(ENTRY, outcome="Resolved", note="the invoice again"))
    await journal.add(replace(ENTRY, id=2, number="13", group="Night"))
    assert [entry.id for entry in (await journal.search(text)).entries] == [1]


async def test_a_masked_history_neither_shows_nor_finds_what_it_hides(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "h.sqlite3", "mine", mask=True)
    await journal.open()
    await journal.add(ENTRY)
    (entry,) = (await journal.search()).entries
    assert ENTRY.number not in entry.number
    assert (await journal.search("12000000001")).total == 0
    await journal.close()


async def test_accounts_do_not_see_each_other(journal: Journal) -> None:
    await journal.add(ENTRY)
    other = Journal(journal.path, "yours")
    await other.open()
    assert (await other.search()).total == 0
    await other.close()


async def test_what_is_older_than_wanted_is_forgotten(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "h.sqlite3", "mine", keep_days=0)
    await journal.open()
    await journal.add(replace(ENTRY, began=time.time() - 40 * 86400))
    await journal.close()
    strict = Journal(tmp_path / "h.sqlite3", "mine", keep_days=30)
    await strict.open()
    assert (await strict.search()).total == 0
    await strict.close()


async def test_a_write_up_joins_its_call(journal: Journal) -> None:
    await journal.add(ENTRY)
    await journal.write_up(ENTRY.id, "Resolved", "done")
    (entry,) = (await journal.search()).entries
    assert (entry.outcome, entry.note) == ("Resolved", "done")


async def test_export_is_csv_that_no_spreadsheet_runs(journal: Journal, tmp_path: Path) -> None:
    await journal.add(replace(ENTRY, note='=cmd|"x"!A1', outcome="Resolved"))
    target = tmp_path / "calls.csv"
    assert await journal.export(target) == 1
    head, row = list(csv.reader(target.read_text("utf-8").splitlines()))
    assert tuple(head) == CSV_HEAD
    assert row[CSV_HEAD.index("note")].startswith("'=")
    assert row[CSV_HEAD.index("number")] == ENTRY.number
    assert row[CSV_HEAD.index("talk_seconds")] == "30"


async def test_a_file_that_is_no_history_is_set_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite3"
    path.write_bytes(b"not a database at all" * 100)
    journal = Journal(path, "mine")
    await journal.open()
    await journal.add(ENTRY)
    assert (await journal.search()).total == 1
    assert any("broken" in name for name in os.listdir(tmp_path))
    await journal.close()


async def test_a_history_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite3"
    database = sqlite3.connect(path)
    database.executescript(_SCHEMA + "PRAGMA user_version=1;")
    columns = (1, "mine", 5.0, "12000000001", 0, "Sales", 4.0, 30.0, 2.0, "ended.25", "", "", 0)
    marks = ",".join("?" * 14)
    database.execute(f"INSERT INTO calls VALUES ({marks})", (*columns, "cc"))
    database.commit()
    database.close()
    journal = Journal(path, "mine", keep_days=0)
    await journal.open()
    assert await journal.since(0) == (replace(ENTRY, began=5.0),)
    await journal.add(replace(SOUNDED, id=2))
    await journal.close()
    again = Journal(path, "mine", keep_days=0)
    await again.open()  # once is enough
    assert (await again.since(0))[0].quality == SOUNDED.quality
    await again.close()


async def test_how_a_call_sounded_is_kept_and_exported(journal: Journal, tmp_path: Path) -> None:
    await journal.add(SOUNDED)
    await journal.add(replace(ENTRY, id=2, began=ENTRY.began - 1))
    first, second = await journal.since(0)
    assert (first, second.quality, second.worst_mos) == (SOUNDED, None, None)
    target = tmp_path / "calls.csv"
    await journal.export(target)
    row, other = csv.DictReader(target.read_text("utf-8").splitlines())
    assert (row["mos"], row["worst_mos"], row["codec"]) == ("4.31", "3.10", "opus")
    assert (row["loss_percent"], row["round_trip_ms"], row["delay_ms"]) == ("1.25", "23.0", "48.0")
    assert (other["mos"], other["codec"], other["loss_percent"]) == ("", "", "")


async def test_a_history_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite3"
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version=99")
    database.close()
    journal = Journal(path, "mine")
    with pytest.raises(JournalError, match="newer"):
        await journal.open()
    await journal.close()


async def test_nothing_is_read_from_a_history_that_is_not_open(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "h.sqlite3", "mine")
    with pytest.raises(JournalError):
        await journal.search()


def test_names_of_rows_rise_even_within_a_microsecond(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "h.sqlite3", "mine")
    names = [journal.new_id() for _ in range(1000)]
    assert sorted(set(names)) == names


_WRITER = """
import asyncio, sys, time
from pathlib import Path
from tui.engine.journal import Journal
from tui.engine.state import HistoryEntry

async def main():
    journal = Journal(Path(sys.argv[1]), "mine")
    await journal.open()
    while True:
        name = journal.new_id()
        await journal.add(HistoryEntry(id=name, began=time.time(), number="1", outgoing=True))
        print(name, flush=True)

asyncio.run(main())
"""


@pytest.mark.timeout(240)
async def test_kill_9_at_a_random_moment_fifty_times_loses_no_committed_call(
    tmp_path: Path,
) -> None:
    path, rng, written = tmp_path / "h.sqlite3", Random(5), set()
    for _ in range(50):
        command = [sys.executable, "-c", _WRITER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: ASYNC220
            assert process.stdout is not None
            said = process.stdout.readline()  # it writes: now the moment is random
            time.sleep(rng.uniform(0, 0.05))  # noqa: ASYNC251
            process.send_signal(signal.SIGKILL)
            said += process.stdout.read()
        written |= {int(line) for line in said.splitlines(keepends=True) if line.endswith(b"\n")}
    journal = Journal(path, "mine")
    await journal.open()
    kept = {entry.id for entry in await journal.since(0)}
    assert len(written) >= 50
    assert written <= kept
    assert not any("broken" in name for name in os.listdir(tmp_path))
    await journal.close()

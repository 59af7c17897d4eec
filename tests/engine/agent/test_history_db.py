"""The history on disk: what was written is there after a kill, and nobody's number leaks."""

from __future__ import annotations

import csv
import errno
import fcntl
import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tui.engine.agent.history.csv_export import CSV_HEAD
from tui.engine.agent.history.db import PAGE, HistoryDb
from tui.engine.agent.history.file import _SCHEMA, HistoryDbError, HistoryWaits
from tui.port import replace
from tui.port.values import HistoryEntry, Quality, SearchTerm

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
async def journal(tmp_path: Path) -> AsyncIterator[HistoryDb]:
    journal = HistoryDb(tmp_path / "state" / "history.sqlite3", "mine")
    await journal.open()
    yield journal
    await journal.close()


async def test_what_is_written_is_read_back_the_same(journal: HistoryDb) -> None:
    await journal.add(ENTRY)
    page = await journal.search()
    assert (page.entries, page.total, page.page) == ((ENTRY,), 1, 1)


async def test_the_file_is_for_its_owner_only(journal: HistoryDb) -> None:
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600


async def test_the_newest_comes_first_by_page(journal: HistoryDb) -> None:
    for number in range(PAGE + 3):
        await journal.add(replace(ENTRY, id=number + 1, began=ENTRY.began + number))
    first, second = await journal.search(page=1), await journal.search(page=2)
    assert [entry.id for entry in first.entries][:2] == [PAGE + 3, PAGE + 2]
    assert len(second.entries) == 3
    assert first.total == second.total == PAGE + 3


async def test_of_a_long_history_no_more_is_read_than_a_page(
    journal: HistoryDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(PAGE * 3):
        await journal.add(replace(ENTRY, id=number + 1, began=ENTRY.began - number % 7))
    whole = (await journal.search("sales")).entries
    read: list[object] = []
    understand = journal._entry

    def entry(row: tuple[object, ...]) -> HistoryEntry:
        read.append(row)
        return understand(row)

    monkeypatch.setattr(journal, "_entry", entry)
    for page in (1, 2, 3, 4, 10**30):
        read.clear()
        found = await journal.search("", page)
        assert (found.total, found.page) == (PAGE * 3, page)
        assert len(read) <= PAGE or page > 4
        read.clear()
        everything = await journal.search("sales", page)
        assert found.entries == everything.entries
        assert len(read) <= PAGE
    assert len(whole) == PAGE
    read.clear()
    assert await journal.mend(7, "another note")
    assert len(read) == 1
    assert [entry.id for entry in (await journal.search("another note")).entries] == [7]


@pytest.mark.parametrize("text", ["0000001", "sales", "INVOICE", "resolved again"])
async def test_number_group_outcome_and_note_are_searched(journal: HistoryDb, text: str) -> None:
    await journal.add(replace(ENTRY, outcome="Resolved", note="the invoice again"))
    await journal.add(replace(ENTRY, id=2, number="13", group="Night"))
    assert [entry.id for entry in (await journal.search(text)).entries] == [1]


async def test_a_masked_history_neither_shows_nor_finds_what_it_hides(tmp_path: Path) -> None:
    journal = HistoryDb(tmp_path / "h.sqlite3", "mine", mask=True)
    await journal.open()
    await journal.add(ENTRY)
    (entry,) = (await journal.search()).entries
    assert ENTRY.number not in entry.number
    assert (await journal.search("12000000001")).total == 0
    await journal.close()


async def test_accounts_do_not_see_each_other(journal: HistoryDb) -> None:
    await journal.add(ENTRY)
    other = HistoryDb(journal.path, "yours")
    await other.open()
    assert (await other.search()).total == 0
    await other.close()


async def test_what_is_older_than_wanted_is_forgotten(tmp_path: Path) -> None:
    journal = HistoryDb(tmp_path / "h.sqlite3", "mine", keep_days=0)
    await journal.open()
    await journal.add(replace(ENTRY, began=time.time() - 40 * 86400))
    await journal.close()
    strict = HistoryDb(tmp_path / "h.sqlite3", "mine", keep_days=30)
    await strict.open()
    assert (await strict.search()).total == 0
    await strict.close()


async def test_a_write_up_joins_its_call(journal: HistoryDb) -> None:
    await journal.add(ENTRY)
    await journal.write_up(ENTRY.id, "Resolved", "done")
    (entry,) = (await journal.search()).entries
    assert (entry.outcome, entry.note) == ("Resolved", "done")


async def test_a_word_finds_what_it_stands_for(journal: HistoryDb) -> None:
    today, missed = ENTRY, replace(ENTRY, id=2, missed=True, reason="cancelled.missed")
    older = replace(ENTRY, id=3, began=ENTRY.began - 86400, outcome="Call back", name="王芳")
    for entry in (today, missed, older):
        await journal.add(entry)

    async def ids(text: str, *terms: SearchTerm) -> list[int]:
        return sorted(e.id for e in (await journal.search(text, terms=terms)).entries)

    assert await ids("未接", SearchTerm("未接", missed=True)) == [2]
    day = SearchTerm("today", since=ENTRY.began - 9, until=ENTRY.began + 9)
    assert await ids("today", day) == [1, 2]
    assert await ids("TODAY 未接", day, SearchTerm("未接", missed=True)) == [2]
    assert await ids("回访", SearchTerm("回访", outcomes=("Call back",))) == [3]
    # What is shown for a call with an outcome is the outcome.
    assert await ids("hung", SearchTerm("hung", reasons=("ended.25",))) == [1]
    assert await ids("wf") == await ids("１２００ 王芳") == [3]
    assert await ids("missed") == []


async def test_a_note_is_mended_and_the_outcome_stays(journal: HistoryDb) -> None:
    await journal.add(replace(ENTRY, outcome="Resolved", note="wrng"))
    assert await journal.mend(ENTRY.id, "wrong")
    assert not await journal.mend(99, "nobody's")
    (entry,) = (await journal.search()).entries
    assert (entry.outcome, entry.note) == ("Resolved", "wrong")


async def test_export_is_csv_that_no_spreadsheet_runs(journal: HistoryDb, tmp_path: Path) -> None:
    await journal.add(replace(ENTRY, note='=cmd|"x"!A1', outcome="Resolved"))
    target = tmp_path / "calls.csv"
    assert await journal.export(target) == (1, target)
    head, row = list(csv.reader(target.read_text("utf-8").splitlines()))
    assert tuple(head) == CSV_HEAD
    assert row[CSV_HEAD.index("note")].startswith("'=")
    assert row[CSV_HEAD.index("number")] == ENTRY.number
    assert row[CSV_HEAD.index("talk_seconds")] == "30"


async def test_a_file_that_is_no_history_is_set_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite3"
    path.write_bytes(b"not a database at all" * 100)
    journal = HistoryDb(path, "mine")
    await journal.open()
    await journal.add(ENTRY)
    assert (await journal.search()).total == 1
    assert any("broken" in name for name in os.listdir(tmp_path))
    await journal.close()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("began", "soon"), ("began", 1e300), ("reason_values", "no json"), ("talk_time", "x")),
        *(("reason_values", ""), ("reason_values", "[1]"), ("reason_values", "{}"), ("mos", "x")),
        *(("outgoing", "x"), ("hold_time", b"\xff"), ("number", b"\xff"), ("note", None)),
    ],
)
async def test_one_call_that_cannot_be_read_hides_no_other(
    journal: HistoryDb, tmp_path: Path, column: str, value: object
) -> None:
    for number in range(3):
        await journal.add(replace(ENTRY, id=number + 1))
    with closing(sqlite3.connect(journal.path)) as other:
        there = {str(row[1]) for row in other.execute("PRAGMA table_info(calls)")}
        with other, suppress(sqlite3.IntegrityError):
            if column in there:
                other.execute(f"UPDATE calls SET {column} = ? WHERE id = 2", (value,))
    assert {1, 3} <= {entry.id for entry in (await journal.search()).entries}
    count, written = await journal.export(tmp_path / "out.csv", "")
    assert count == len(written.read_text("utf-8").splitlines()) - 1 >= 2


async def test_what_an_account_kept_under_another_name_is_its_own(
    journal: HistoryDb, tmp_path: Path
) -> None:
    await journal.add(ENTRY)
    later = HistoryDb(journal.path, "other", also="mine")
    await later.open()
    assert [entry.id for entry in (await later.search()).entries] == [ENTRY.id]
    await later.close()
    assert (await journal.search()).entries == ()
    again = HistoryDb(journal.path, "other", also="other")
    await again.open()
    assert len((await again.search()).entries) == 1
    await again.close()


async def test_an_export_never_goes_over_a_file_or_through_a_link(
    journal: HistoryDb, tmp_path: Path
) -> None:
    await journal.add(ENTRY)
    secret = tmp_path / "secret.txt"
    secret.write_text("mine")
    (tmp_path / "calls.csv").symlink_to(secret)
    assert await journal.export(tmp_path / "calls.csv") == (1, tmp_path / "calls-2.csv")
    assert await journal.export(tmp_path / "calls.csv") == (1, tmp_path / "calls-3.csv")
    assert secret.read_text() == "mine"


@contextmanager
def nothing_more_may_be_written() -> Iterator[None]:
    """Every write that would make a file longer fails, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def no_descriptor_is_left() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = os.open(os.devnull, os.O_RDONLY)
    os.close(taken)
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.rollback()


async def test_on_a_full_disk_a_call_and_its_note_wait_and_are_written_when_there_is_room(
    tmp_path: Path,
) -> None:
    path = tmp_path / "h.sqlite3"
    journal = HistoryDb(path, "mine")
    await journal.open()
    await journal.add(ENTRY)
    second = replace(ENTRY, id=ENTRY.id + 1, note="")
    with nothing_more_may_be_written():
        with pytest.raises(HistoryWaits):
            await journal.add(second)
        with pytest.raises(HistoryWaits):
            await journal.write_up(second.id, "Resolved", "wants a call at ten")
        with pytest.raises(HistoryWaits):
            await journal.write_up(ENTRY.id, "Call back", "")
        assert journal.waiting == 2
        shown = (await journal.search()).entries
    assert {entry.note for entry in shown} >= {"wants a call at ten"}
    await journal.flush()
    assert journal.waiting == 0
    await journal.close()
    again = HistoryDb(path, "mine")
    kept = {entry.id: entry for entry in (await again.search()).entries}
    assert kept[second.id].note == "wants a call at ten"
    assert kept[ENTRY.id].outcome == "Call back"
    await again.close()
    assert not any("broken" in name for name in os.listdir(tmp_path))


async def test_what_waits_to_be_written_is_searched_as_it_will_stand(journal: HistoryDb) -> None:
    await journal.add(replace(ENTRY, note="the invoice"))
    with nothing_more_may_be_written():
        with pytest.raises(HistoryWaits):
            await journal.write_up(1, "Resolved", "a complaint")
        with pytest.raises(HistoryWaits):
            await journal.add(replace(ENTRY, id=2, name="王芳", note="the invoice"))
        for text, ids in (("invoice", [2]), ("complaint", [1]), ("resolved", [1]), ("wf", [2])):
            found = await journal.search(text)
            assert [entry.id for entry in found.entries] == ids, text
            assert found.total == len(ids)
    await journal.flush()
    assert [entry.note for entry in (await journal.search("complaint")).entries] == ["a complaint"]


@pytest.mark.parametrize("fault", ["full", "locked", "no descriptors"])
async def test_a_fault_that_passes_while_the_history_is_opened_loses_no_call_of_before(
    tmp_path: Path, fault: str
) -> None:
    path = tmp_path / "h.sqlite3"
    first = HistoryDb(path, "mine")
    await first.add(ENTRY)
    await first.close()
    meant = {
        "full": nothing_more_may_be_written,
        "locked": lambda: locked(path),
        "no descriptors": no_descriptor_is_left,
    }[fault]
    journal = HistoryDb(path, "mine", patience=0.05)
    await journal._run(lambda: None)  # its thread is there before descriptors are short
    with meant(), pytest.raises(HistoryWaits):
        await journal.open()
    later = replace(ENTRY, id=ENTRY.id + 1, note="of the day itself")
    await journal.add(later)
    assert {entry.id for entry in (await journal.search()).entries} == {ENTRY.id, later.id}
    await journal.close()
    assert not any("broken" in name for name in os.listdir(tmp_path))


async def test_of_a_damaged_history_what_can_be_read_is_taken_over_and_all_of_it_is_kept(
    tmp_path: Path,
) -> None:
    path = tmp_path / "h.sqlite3"
    first = HistoryDb(path, "mine", keep_days=0)
    for number in range(400):
        await first.add(replace(ENTRY, id=number + 1, began=float(number), note="n" * 200))
    await first.close()
    data = bytearray(path.read_bytes())
    page = int.from_bytes(data[16:18], "big")
    middle = len(data) // page // 2
    data[middle * page : (middle + 1) * page] = b"\xa5" * page  # a page of the table, not the first
    path.write_bytes(bytes(data))
    journal = HistoryDb(path, "mine", keep_days=0)
    await journal.open()
    more = replace(ENTRY, id=1000, began=1000.0, ccnumber="new")
    await journal.add(more)
    found = {entry.began for entry in await journal.since(0.0)}  # SQLite meets the page now
    salvaged = journal.take_salvaged()
    assert salvaged is not None
    assert 50 < salvaged < 401
    assert {0.0, 399.0, 1000.0} <= found
    aside = [name for name in os.listdir(tmp_path) if ".broken-" in name]
    assert aside
    await journal.close()


class _NetworkDisk(sqlite3.Connection):
    """SQLite on a disk of the network whose processes have no memory in common."""

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if sql == "PRAGMA journal_mode=WAL":
            error = sqlite3.OperationalError("locking protocol")
            error.sqlite_errorcode = sqlite3.SQLITE_PROTOCOL
            raise error
        return super().execute(sql, *values)


async def test_a_home_on_the_network_without_locks_and_shared_memory_has_a_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(_file: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    # No such disk can be had in a test: what its kernel answers is played.
    monkeypatch.setattr(fcntl, "flock", no_locks)
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=_NetworkDisk))
    for count in (1, 2):
        history = HistoryDb(tmp_path / "history.sqlite3", "mine")
        await history.open()
        await history.add(replace(ENTRY, id=count))
        assert (history.waiting, (await history.search()).total) == (0, count)
        await history.close()
    with closing(sqlite3.connect(tmp_path / "history.sqlite3")) as file:
        assert file.execute("PRAGMA journal_mode").fetchone() != ("wal",)


async def test_why_a_call_ended_and_who_it_was_come_back_with_their_values(
    journal: HistoryDb,
) -> None:
    await journal.add(replace(ENTRY, reason_values=(("name", "王芳"),), name="Li & Sons"))
    (entry,) = (await journal.search("sons")).entries
    assert entry.reason_values == (("name", "王芳"),)
    assert entry.name == "Li & Sons"


async def test_a_history_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite3"
    database = sqlite3.connect(path)
    database.executescript(_SCHEMA + "PRAGMA user_version=1;")
    columns = (1, "mine", 5.0, "12000000001", 0, "Sales", 4.0, 30.0, 2.0, "ended.25", "", "", 0)
    marks = ",".join("?" * 14)
    database.execute(f"INSERT INTO calls VALUES ({marks})", (*columns, "cc"))
    database.commit()
    database.close()
    journal = HistoryDb(path, "mine", keep_days=0)
    await journal.open()
    assert await journal.since(0) == (replace(ENTRY, began=5.0),)
    await journal.add(replace(SOUNDED, id=2))
    await journal.close()
    again = HistoryDb(path, "mine", keep_days=0)
    await again.open()  # once is enough
    assert (await again.since(0))[0].quality == SOUNDED.quality
    await again.close()


async def test_how_a_call_sounded_is_kept_and_exported(journal: HistoryDb, tmp_path: Path) -> None:
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
    journal = HistoryDb(path, "mine")
    with pytest.raises(HistoryDbError, match="newer"):
        await journal.open()
    await journal.close()


async def one_without_its_files(state: Path) -> HistoryDb:
    """A history of one call in this folder, open, whose files somebody has deleted."""
    journal = HistoryDb(state / "h.sqlite3", "mine")
    await journal.open()
    await journal.add(ENTRY)
    for file in state.iterdir():
        file.unlink()
    return journal


@pytest.mark.parametrize("other", [False, True], ids=["gone", "another engine's"])
async def test_a_history_that_somebody_deletes_is_written_again_with_all_that_it_held(
    tmp_path: Path, other: bool
) -> None:
    state = tmp_path / "state"
    journal = await one_without_its_files(state)
    if other:
        theirs = HistoryDb(journal.path, "mine")
        await theirs.open()
        await theirs.add(replace(ENTRY, id=7, began=ENTRY.began + 7))
        await theirs.close()
    else:
        state.rmdir()
    await journal.write_up(ENTRY.id, "Resolved", "told")
    await journal.add(replace(ENTRY, id=2, began=ENTRY.began + 2))
    await journal.close()
    again = HistoryDb(journal.path, "mine")
    found = {each.id: each.note for each in await again.since(0)}
    assert found == {ENTRY.id: "told", 2: ""} | ({7: ""} if other else {})
    await again.close()


async def test_a_history_that_was_deleted_waits_until_it_can_be_written_again(
    tmp_path: Path,
) -> None:
    state = tmp_path / "state"
    journal = await one_without_its_files(state)
    state.rmdir()
    state.write_text("in the way")
    with pytest.raises(HistoryWaits):
        await journal.add(replace(ENTRY, id=2))
    state.unlink()
    await journal.close()
    again = HistoryDb(journal.path, "mine")
    assert {each.id for each in await again.since(0)} == {ENTRY.id, 2}
    await again.close()


async def test_a_file_that_another_holds_is_waited_for_once_and_not_by_each_in_turn(
    tmp_path: Path,
) -> None:
    path = tmp_path / "h.sqlite3"
    with closing(sqlite3.connect(path)) as holder:
        holder.execute("CREATE TABLE x (y)")
        holder.execute("BEGIN EXCLUSIVE")
        journal = HistoryDb(path, "mine", patience=1.0)
        with pytest.raises(HistoryWaits, match="locked"):
            await journal.open()
        began = time.monotonic()
        with pytest.raises(HistoryWaits, match="locked"):
            await journal.add(ENTRY)
        assert await journal.since(0) == (ENTRY,)
        assert time.monotonic() - began < 0.9, "nobody waits for it again so soon"
    await journal.open()
    await journal.close()
    again = HistoryDb(path, "mine")
    assert await again.since(0) == (ENTRY,)
    await again.close()


async def test_whoever_reads_a_history_that_is_not_open_yet_opens_it(
    journal: HistoryDb, tmp_path: Path
) -> None:
    await journal.add(ENTRY)
    again = HistoryDb(journal.path, journal.account)
    assert (await again.search()).total == 1
    await again.close()


def test_names_of_rows_rise_even_within_a_microsecond(tmp_path: Path) -> None:
    journal = HistoryDb(tmp_path / "h.sqlite3", "mine")
    names = [journal.new_id() for _ in range(1000)]
    assert sorted(set(names)) == names


_WRITERS = """
import asyncio, os, sys, time
from pathlib import Path
from tui.engine.agent.history.db import HistoryDb
from tui.port.values import HistoryEntry

async def main():
    journal = HistoryDb(Path(sys.argv[1]), "mine")
    await journal.open()
    while True:
        name = journal.new_id()
        await journal.add(HistoryEntry(id=name, began=time.time(), number="1", outgoing=True))
        print(name, flush=True)

# A process for each pipe that is named: all is loaded once, before the first.
for line in sys.stdin:
    pipe = os.open(line.strip(), os.O_WRONLY)
    if (pid := os.fork()) == 0:
        os.dup2(pipe, 1)
        os.close(pipe)
        print(os.getpid(), flush=True)
        asyncio.run(main())
    os.close(pipe)
    os.waitpid(pid, 0)
"""


@pytest.mark.timeout(240)
async def test_kill_9_at_a_random_moment_fifty_times_loses_no_committed_call(
    tmp_path: Path,
) -> None:
    path, rng, written = tmp_path / "h.sqlite3", Random(5), set()
    command = [sys.executable, "-c", _WRITERS, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as writers:  # noqa: ASYNC220
        assert writers.stdin is not None
        for number in range(50):
            pipe = tmp_path / f"pipe-{number}"
            os.mkfifo(pipe)
            writers.stdin.write(f"{pipe}\n".encode())
            writers.stdin.flush()
            with pipe.open("rb") as heard:
                writer = int(heard.readline())
                said = heard.readline()  # it writes: now the moment is random
                time.sleep(rng.uniform(0, 0.05))  # noqa: ASYNC251
                os.kill(writer, signal.SIGKILL)
                said += heard.read()
            written |= {int(each) for each in said.splitlines(keepends=True) if each[-1:] == b"\n"}
    journal = HistoryDb(path, "mine")
    await journal.open()
    kept = {entry.id for entry in await journal.since(0)}
    assert len(written) >= 50
    assert written <= kept
    assert not any("broken" in name for name in os.listdir(tmp_path))
    await journal.close()

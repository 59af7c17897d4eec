"""The call history on disk: one SQLite file in the state directory, shared by this user's engines.

Every write is committed before it counts (WAL, `synchronous=FULL`), so that a process which is
killed loses nothing that was said to be kept. All work is done in one thread; the engine's loop
never waits for a disk.
"""

from __future__ import annotations

import asyncio
import csv
import os
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from tui.engine import sounded
from tui.engine.core import log
from tui.engine.state import HistoryEntry, HistoryPage
from tui.text import mask_number

T = TypeVar("T")

PAGE: Final = 50
_VERSION: Final = 2
_COLUMNS: Final = (
    *("id", "began", "number", "outgoing", "grp", "ring_time", "talk_time", "hold_time"),
    *("reason", "outcome", "note", "missed", "ccnumber"),
    *sounded.COLUMNS,
)
_SCHEMA: Final = """
CREATE TABLE calls (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, began REAL NOT NULL, number TEXT NOT NULL,
    outgoing INTEGER NOT NULL, grp TEXT NOT NULL, ring_time REAL NOT NULL, talk_time REAL,
    hold_time REAL NOT NULL, reason TEXT NOT NULL, outcome TEXT NOT NULL, note TEXT NOT NULL,
    missed INTEGER NOT NULL, ccnumber TEXT NOT NULL
);
CREATE INDEX calls_of_account ON calls (account, began DESC);
"""
_STEPS: Final = {0: _SCHEMA, 1: sounded.SCHEMA}
"""What brings a file from that version to the next."""
CSV_HEAD: Final = (
    *("began", "direction", "number", "group", "ring_seconds", "talk_seconds", "hold_seconds"),
    *("reason", "outcome", "note", "missed"),
    *sounded.CSV_HEAD,
)


class JournalError(Exception):
    """The history cannot be used; the text is a sentence for the log."""


class Journal:
    """One account's view of the history. `mask` hides numbers in everything that is read."""

    def __init__(
        self, path: Path, account: str, *, mask: bool = False, keep_days: int = 90
    ) -> None:
        self.path = path
        self.account = account
        self.mask = mask
        self.keep_days = keep_days
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._database: sqlite3.Connection | None = None
        self._last_id = 0

    def new_id(self) -> int:
        """A row's name, known before it is written: microseconds since 1970, rising."""
        self._last_id = max(self._last_id + 1, time.time_ns() // 1000)
        return self._last_id

    # ------------------------------------------------------------ what the engine asks

    async def open(self) -> None:
        """Open or make the file, and forget what is older than the config wants."""
        await self._run(self._open)

    async def add(self, entry: HistoryEntry) -> None:
        """Write a call. The same id again replaces it."""
        await self._run(lambda: self._add(entry))

    async def write_up(self, entry: int, outcome: str, note: str) -> None:
        """Outcome and note of a call that is there."""
        await self._run(lambda: self._write_up(entry, outcome, note))

    async def search(self, text: str = "", page: int = 1) -> HistoryPage:
        """One page of what holds the text, newest first. A masked history is searched by what is
        shown, so that a search cannot find out what the mask hides."""
        return await self._run(lambda: self._search(text, max(1, page)))

    async def since(self, began: float) -> tuple[HistoryEntry, ...]:
        """All calls since that time (Unix seconds), newest first."""
        return await self._run(lambda: self._since(began))

    async def export(self, path: Path, text: str = "") -> int:
        """Write what matches as CSV (UTF-8, RFC 4180); the number of rows. OSError as `open`."""
        return await self._run(lambda: self._export(path, text))

    async def close(self) -> None:
        """Finish what is being written, and close the file."""
        await self._run(self._close)
        self._thread.shutdown(wait=False)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    # ------------------------------------------------------------ in the thread

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._database = self._connect()
        except sqlite3.DatabaseError as error:
            aside = self.path.with_suffix(f".broken-{int(time.time())}")
            log.error("the history cannot be read (%s): kept as %s", error, aside.name)
            self.path.replace(aside)
            self._database = self._connect()
        if self.keep_days:
            oldest = time.time() - self.keep_days * 86400
            with self._database:
                self._database.execute("DELETE FROM calls WHERE began < ?", (oldest,))

    def _connect(self) -> sqlite3.Connection:
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        database = sqlite3.connect(self.path, timeout=10, check_same_thread=False)
        try:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=FULL")
            database.execute("BEGIN IMMEDIATE")
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version > _VERSION:
                raise JournalError(f"the history is of a newer version ({version})")
            for step in range(version, _VERSION):
                for statement in _STEPS[step].split(";"):
                    if statement.strip():
                        database.execute(statement)
            database.execute(f"PRAGMA user_version={_VERSION}")
            database.commit()
        except BaseException:
            database.close()
            raise
        return database

    def _open_database(self) -> sqlite3.Connection:
        if self._database is None:
            raise JournalError("the history is not open")
        return self._database

    def _add(self, entry: HistoryEntry) -> None:
        values = (
            *(entry.id, entry.began, entry.number, int(entry.outgoing), entry.group),
            *(entry.ring_time, entry.talk_time, entry.hold_time, entry.reason, entry.outcome),
            *(entry.note, int(entry.missed), entry.ccnumber),
            *sounded.values(entry),
        )
        marks = ", ".join("?" * (len(_COLUMNS) + 1))
        names = ", ".join(_COLUMNS)
        with self._open_database() as database:
            database.execute(
                f"INSERT OR REPLACE INTO calls ({names}, account) VALUES ({marks})",  # noqa: S608
                (*values, self.account),
            )

    def _write_up(self, entry: int, outcome: str, note: str) -> None:
        with self._open_database() as database:
            database.execute(
                "UPDATE calls SET outcome = ?, note = ? WHERE id = ? AND account = ?",
                (outcome, note, entry, self.account),
            )

    def _rows(self, began: float = 0.0) -> list[HistoryEntry]:
        rows = self._open_database().execute(
            f"SELECT {', '.join(_COLUMNS)} FROM calls"  # noqa: S608
            " WHERE account = ? AND began >= ? ORDER BY began DESC, id DESC",
            (self.account, began),
        )
        return [self._entry(row) for row in rows]

    def _entry(self, row: tuple[object, ...]) -> HistoryEntry:
        row_id, began, number, outgoing, group, ring, talk, hold, *rest = row
        reason, outcome, note, missed, ccnumber, *figures = rest
        quality, worst = sounded.read(figures)
        return HistoryEntry(
            id=int(str(row_id)),
            began=float(str(began)),
            number=mask_number(str(number)) if self.mask else str(number),
            outgoing=bool(outgoing),
            group=str(group),
            ring_time=float(str(ring)),
            talk_time=None if talk is None else float(str(talk)),
            hold_time=float(str(hold)),
            reason=str(reason),
            outcome=str(outcome),
            note=str(note),
            missed=bool(missed),
            ccnumber=str(ccnumber),
            quality=quality,
            worst_mos=worst,
        )

    def _matching(self, text: str) -> list[HistoryEntry]:
        wanted = text.casefold().split()
        return [
            entry
            for entry in self._rows()
            if all(
                word in f"{entry.number} {entry.group} {entry.outcome} {entry.note}".casefold()
                for word in wanted
            )
        ]

    def _search(self, text: str, page: int) -> HistoryPage:
        found = self._matching(text)
        start = (page - 1) * PAGE
        return HistoryPage(tuple(found[start : start + PAGE]), len(found), page)

    def _since(self, began: float) -> tuple[HistoryEntry, ...]:
        return tuple(self._rows(began))

    def _export(self, path: Path, text: str) -> int:
        found = self._matching(text)
        handle = os.open(path.expanduser(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(CSV_HEAD)
            for entry in found:
                writer.writerow(_line(entry))
        return len(found)

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None


def _line(entry: HistoryEntry) -> tuple[str, ...]:
    """One row of the CSV. A text that a spreadsheet would run as a formula is quoted for it."""
    began = datetime.fromtimestamp(entry.began).astimezone().isoformat(timespec="seconds")
    talk = "" if entry.talk_time is None else f"{entry.talk_time:.0f}"
    return (
        began,
        "out" if entry.outgoing else "in",
        entry.number,
        _harmless(entry.group),
        f"{entry.ring_time:.0f}",
        talk,
        f"{entry.hold_time:.0f}",
        entry.reason,
        _harmless(entry.outcome),
        _harmless(entry.note),
        "1" if entry.missed else "0",
        *sounded.written(entry),
    )


def _harmless(text: str) -> str:
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t") else text

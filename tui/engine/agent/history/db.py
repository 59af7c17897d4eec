"""The call history on disk: one SQLite file in the state directory, shared by this user's engines.

Every write is committed before it counts (WAL, `synchronous=FULL`), so that a process which is
killed loses nothing that was said to be kept. All work is done in one thread; the engine's loop
never waits for a disk.

What a disk does not take now (full, locked by another, read-only) waits here, in order, and goes
out with the next write. The file itself, and what becomes of a damaged one: `history_file`.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Final, TypeVar

from tui.engine.agent.callbacks import table as callbacks
from tui.engine.agent.history import columns as sounded
from tui.engine.agent.history import csv_export as history_csv
from tui.engine.agent.history.file import COLUMNS, HistoryFile, HistoryWaits, why
from tui.engine.context import log
from tui.port import replace
from tui.port.values import HistoryEntry, HistoryPage, SearchTerm
from tui.port.work import Callback
from tui.text import csv_file, mask_number
from tui.text.finding import folded, found_in, words_of
from tui.text.typed_path import typed_path

T = TypeVar("T")
_Row = HistoryEntry | tuple[str, str] | Callback
"""What is written of one row: a call, its outcome and note, or a call-back."""

_Searched = tuple[Any, ...]
"""What a search looks at of one call: id, began, reason, missed; then what its words may be found
in, which is number (as it is shown), name, group, outcome, note."""
_OUTCOME: Final = 3
"""The place of the outcome among those."""
_UNREADABLE: Final = (ValueError, TypeError, OverflowError, RecursionError)
"""What a row is that something else than this wrote."""
PAGE: Final = 50
MOST_WAITING: Final = 10_000
"""Calls that wait to be written; of more the oldest is lost, and that is logged."""
TOGETHER: Final = 500
"""Rows in one transaction."""


class HistoryDb:
    """One account's view of the history. `mask` hides numbers in everything that is read."""

    def __init__(
        self,
        path: Path,
        account: str,
        *,
        mask: bool = False,
        keep_days: int = 90,
        patience: float = 10.0,
        also: str = "",
    ) -> None:
        """`also` is another name that the account had: what is kept under it is this one's."""
        self.path = path
        self.account = account
        self.mask = mask
        self.keep_days = keep_days
        self._also = also if also != account else ""
        self._file = HistoryFile(path, keep_days, patience)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="history")
        self._last_id = 0
        self._waiting: dict[int, _Row] = {}
        """By row: a call or a call-back that is not on the disk yet, or the write-up of a call
        that is."""

    def take_salvaged(self) -> int | None:
        """How many calls were taken over from a damaged file, told once; None: there was none."""
        count, self._file.salvaged = self._file.salvaged, None
        return count

    @property
    def waiting(self) -> int:
        """How many calls and write-ups are not on the disk yet."""
        return len(self._waiting)

    def new_id(self) -> int:
        """A row's name, known before it is written: microseconds since 1970, rising."""
        self._last_id = max(self._last_id + 1, time.time_ns() // 1000)
        return self._last_id

    # ------------------------------------------------------------ what the engine asks

    async def open(self) -> None:
        """Open or make the file, and forget what is older than the config wants. Raises
        HistoryWaits when the disk does not let us now: each write tries again."""
        await self._run(self._open)

    async def add(self, entry: HistoryEntry) -> None:
        """Write a call. The same id again replaces it. Raises HistoryWaits; the call is kept."""
        self._wait_for(entry.id, entry)
        await self.flush()

    async def write_up(self, entry: int, outcome: str, note: str) -> None:
        """Outcome and note of a call. Raises HistoryWaits; they are kept."""
        known = self._waiting.get(entry)
        if isinstance(known, HistoryEntry):
            self._wait_for(entry, replace(known, outcome=outcome, note=note))
        else:
            self._wait_for(entry, (outcome, note))
        await self.flush()

    async def flush(self) -> None:
        """Write all that waits. Raises HistoryWaits when the disk still does not take it."""
        await self._run(self._flush)

    async def put_callbacks(self, *rows: Callback) -> None:
        """Write these, in one go. Raises HistoryWaits; they are kept."""
        for row in rows:
            self._wait_for(row.id, row)
        await self.flush()

    async def open_callbacks(self) -> tuple[Callback, ...]:
        """All that are to be called, the oldest first."""
        return await self._run(self._callbacks)

    def _wait_for(self, row: int, what: _Row) -> None:
        self._waiting[row] = what
        if len(self._waiting) > MOST_WAITING:
            log.error("call %d is lost: %d others wait to be written", row, MOST_WAITING)
            del self._waiting[next(iter(self._waiting))]

    async def search(
        self, text: str = "", page: int = 1, terms: Sequence[SearchTerm] = ()
    ) -> HistoryPage:
        """One page of what holds the text, newest first. A masked history is searched by what is
        shown, so that a search cannot find out what the mask hides."""
        return await self._run(lambda: self._search(text, max(1, page), terms))

    async def mend(self, entry: int, note: str) -> bool:
        """Another note for a call; whether there is that call. Raises HistoryWaits; it is kept."""
        known = await self._run(lambda: self._entries([entry]))
        if known:
            await self.write_up(entry, known[0].outcome, note)
        return bool(known)

    async def since(self, began: float) -> tuple[HistoryEntry, ...]:
        """All calls since that time (Unix seconds), newest first."""
        return await self._run(lambda: self._since(began))

    async def export(
        self,
        path: Path,
        text: str = "",
        words: Mapping[str, str] | None = None,
        *,
        bom: bool = False,
        terms: Sequence[SearchTerm] = (),
    ) -> tuple[int, Path]:
        """Write what matches as CSV (UTF-8, RFC 4180), into a file that was not there: where one of
        that name is, into `NAME-2.csv` beside it. `words` are sentences by id, for what is kept as
        a code. The number of rows, and the file. OSError as `open`."""
        return await self._run(lambda: self._export(path, text, words or {}, bom, terms))

    async def close(self) -> None:
        """Write what waits if the disk takes it now, and close the file. Raises HistoryWaits when
        it does not: that is lost with this process."""
        try:
            if self._waiting:
                await self.flush()
        finally:
            await self._run(self._file.close)
            self._thread.shutdown(wait=False)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    # ------------------------------------------------------------ in the thread

    def _open(self) -> None:
        self._file.open()
        if self._also:
            try:
                self._take_over()
            except sqlite3.OperationalError as error:  # the next sign-in does it
                log.warning("calls of before are under another name still: %s", why(error))

    def _take_over(self) -> None:
        with self._file.connection() as database:
            for table in ("calls", "callbacks"):
                database.execute(
                    f"UPDATE {table} SET account = ? WHERE account = ?",  # noqa: S608
                    (self.account, self._also),
                )

    def _flush(self) -> None:
        waiting = list(self._waiting.items())
        for first in range(0, len(waiting), TOGETHER):
            rows = waiting[first : first + TOGETHER]
            try:
                self._file.mending(partial(self._write, rows))
            except (OSError, sqlite3.OperationalError) as error:
                raise HistoryWaits(why(error)) from None
            for row, what in rows:
                if self._waiting.get(row) is what:  # else it was changed meanwhile: written again
                    del self._waiting[row]

    def _write(self, rows: list[tuple[int, _Row]]) -> None:
        """All of them in one transaction."""
        with self._file.connection() as database:
            for row, what in rows:
                if isinstance(what, HistoryEntry):
                    self._add(database, what)
                elif isinstance(what, Callback):
                    callbacks.write(database, self.account, what)
                else:
                    self._write_up(database, row, *what)

    def _open_callbacks(self) -> tuple[Callback, ...]:
        return callbacks.open_rows(self._file.connection(), self.account)

    def _callbacks(self) -> tuple[Callback, ...]:
        try:
            found = self._file.mending(
                lambda: callbacks.open_rows(self._file.connection(), self.account)
            )
        except (OSError, sqlite3.OperationalError, HistoryWaits):
            found = ()
        rows = {row.id: row for row in found}
        rows |= {id: each for id, each in self._waiting.items() if isinstance(each, Callback)}
        return tuple(rows[id] for id in sorted(rows) if rows[id].closed is None)

    def _add(self, database: sqlite3.Connection, entry: HistoryEntry) -> None:
        values = (
            *(entry.id, entry.began, entry.number, int(entry.outgoing), entry.group),
            *(entry.ring_time, entry.talk_time, entry.hold_time, entry.reason, entry.outcome),
            *(entry.note, int(entry.missed), entry.ccnumber),
            *sounded.values(entry),
            *(json.dumps(entry.reason_values), entry.name, entry.kind),
        )
        marks = ", ".join("?" * (len(COLUMNS) + 1))
        names = ", ".join(COLUMNS)
        database.execute(
            f"INSERT OR REPLACE INTO calls ({names}, account) VALUES ({marks})",  # noqa: S608
            (*values, self.account),
        )

    def _write_up(self, database: sqlite3.Connection, row: int, outcome: str, note: str) -> None:
        database.execute(
            "UPDATE calls SET outcome = ?, note = ? WHERE id = ? AND account = ?",
            (outcome, note, row, self.account),
        )

    def _rows(self, began: float) -> list[HistoryEntry]:
        """All since then, newest first, what waits to be written included."""
        found = self._with_waiting(self._found("began >= ?", (began,)))
        kept = (entry for entry in found.values() if entry.began >= began)
        return sorted(kept, key=lambda entry: (entry.began, entry.id), reverse=True)

    def _entries(self, ids: Sequence[int]) -> list[HistoryEntry]:
        """Those calls, in that order, as far as there are such and they can be read."""
        found: dict[int, HistoryEntry] = {}
        for first in range(0, len(ids), TOGETHER):
            some = ids[first : first + TOGETHER]
            found |= self._found(f"id IN ({', '.join('?' * len(some))})", some)
        found = self._with_waiting(found)
        return [found[id] for id in ids if id in found]

    def _with_waiting(self, found: dict[int, HistoryEntry]) -> dict[int, HistoryEntry]:
        """What waits to be written stands over what is written."""
        for row, what in dict(self._waiting).items():
            if isinstance(what, HistoryEntry):
                found[row] = replace(what, number=self._shown(what.number))
            elif isinstance(what, tuple) and row in found:
                found[row] = replace(found[row], outcome=what[0], note=what[1])
        return found

    def _shown(self, number: str) -> str:
        return mask_number(number) if self.mask else number

    def _found(self, where: str, values: Sequence[object]) -> dict[int, HistoryEntry]:
        """The calls on the disk of which that is so; none where it does not let us read."""
        try:
            return self._file.mending(partial(self._read, where, values))
        except (OSError, sqlite3.OperationalError, HistoryWaits):
            return {}  # what waits is all there is to show

    def _read(self, where: str, values: Sequence[object]) -> dict[int, HistoryEntry]:
        rows = self._file.connection().execute(
            f"SELECT {', '.join(COLUMNS)} FROM calls WHERE account = ? AND {where}",  # noqa: S608
            (self.account, *values),
        )
        found: dict[int, HistoryEntry] = {}
        for row in rows:
            try:
                entry = self._entry(row)
            except _UNREADABLE as error:
                log.warning("a call of the history cannot be read: %s", type(error).__name__)
                continue
            found[entry.id] = entry
        return found

    def _entry(self, row: tuple[object, ...]) -> HistoryEntry:
        row_id, began, number, outgoing, group, ring, talk, hold, *rest = row
        reason, outcome, note, missed, ccnumber, *figures, words, name, kind = rest
        quality, worst = sounded.read(figures)
        return HistoryEntry(
            id=int(str(row_id)),
            began=float(str(began)),
            number=self._shown(str(number)),
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
            reason_values=tuple((str(key), str(value)) for key, value in json.loads(str(words))),
            name=str(name),
            kind=str(kind),
        )

    def _matching(self, text: str, terms: Sequence[SearchTerm]) -> list[int]:
        """The ids of the calls that hold the text, newest first. Of a long history no more is read
        than what is searched, and no call is made of it: that is nine tenths of the time."""
        meant = {term.word: term for term in terms}
        wanted = [(word, meant.get(word)) for word in words_of(text)]
        matching: list[tuple[float, int]] = []
        for id, began, reason, missed, *where in self._searchable():
            text = folded(" ".join(where))
            if all(
                found_in(word, text, where)
                or (term is not None and _meant(term, began, where[_OUTCOME], reason, missed))
                for word, term in wanted
            ):
                matching.append((began, id))
        return [id for _, id in sorted(matching, reverse=True)]

    def _searchable(self) -> Iterator[_Searched]:
        """What is searched of every call, what waits to be written included."""
        waiting = dict(self._waiting)
        try:
            rows = self._file.mending(self._read_searchable)
        except (OSError, sqlite3.OperationalError, HistoryWaits):
            rows = []
        for row in rows:
            what = waiting.get(row[0]) if waiting else None
            if isinstance(what, tuple):
                row = (*row[:-2], *what)
            if what is None or isinstance(what, tuple):
                yield (*row[:4], self._shown(row[4]), *row[5:]) if self.mask else row
        for id, what in waiting.items():
            if isinstance(what, HistoryEntry):
                number = self._shown(what.number)
                facts = (id, what.began, what.reason, what.missed)
                yield (*facts, number, what.name, what.group, what.outcome, what.note)

    def _read_searchable(self) -> list[_Searched]:
        """What another hand wrote there and is no text is none here either."""
        names = ("number", "name", "grp", "outcome", "note")
        texts = ", ".join(f"iif(typeof({each}) = 'text', {each}, '')" for each in names)
        return (
            self._file.connection()
            .execute(
                f"SELECT id, began, reason, missed, {texts} FROM calls"  # noqa: S608
                " WHERE account = ? AND typeof(began) IN ('real', 'integer')",
                (self.account,),
            )
            .fetchall()
        )

    def _search(self, text: str, page: int, terms: Sequence[SearchTerm]) -> HistoryPage:
        if not words_of(text) and not self._waiting:
            with suppress(OSError, sqlite3.OperationalError, HistoryWaits, *_UNREADABLE):
                return self._file.mending(partial(self._page, page))
        found = self._matching(text, terms)
        start = (page - 1) * PAGE
        return HistoryPage(tuple(self._entries(found[start : start + PAGE])), len(found), page)

    def _page(self, page: int) -> HistoryPage:
        """A page of all there is: no more of a long history is read, beside a call that is up.
        Raises what is raised of a row that cannot be read."""
        database, mine = self._file.connection(), "FROM calls WHERE account = ?"
        (total,) = database.execute(f"SELECT COUNT(*) {mine}", (self.account,)).fetchone()
        rows = database.execute(
            f"SELECT {', '.join(COLUMNS)} {mine} ORDER BY began DESC, id DESC LIMIT ? OFFSET ?",
            (self.account, PAGE, (page - 1) * PAGE),
        )
        return HistoryPage(tuple(map(self._entry, rows)), total, page)

    def _since(self, began: float) -> tuple[HistoryEntry, ...]:
        return tuple(self._rows(began))

    def _export(
        self,
        path: Path,
        text: str,
        words: Mapping[str, str],
        bom: bool,
        terms: Sequence[SearchTerm],
    ) -> tuple[int, Path]:
        found = self._entries(self._matching(text, terms))
        file, written = csv_file.create(typed_path(path), beside=True)
        with file:
            rows = (history_csv.line(entry, words) for entry in found)
            csv_file.write(file, chain([history_csv.head(words)], rows), bom=bom)
        return len(found), written


def _meant(term: SearchTerm, began: float, outcome: str, reason: str, missed: object) -> bool:
    """Whether the call is what the word stands for."""
    return (
        (term.missed and bool(missed))
        or term.since <= began < term.until
        or outcome in term.outcomes
        or (not outcome and reason in term.reasons)
    )

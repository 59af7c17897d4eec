"""The file of the history: one SQLite file in the state directory, shared by this user's engines.

A disk fails in two ways, and they must not be taken for one another. *Passing*: full, locked by
another, read-only, no descriptor left. Then nothing on the disk is touched. *Damage*: SQLite itself
says that the file is corrupt or no database. Then the file goes aside with its companions, a new
one begins, and what can still be read of the old one is taken over.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from tui.engine.agent.callbacks import table as callbacks
from tui.engine.agent.history import columns as sounded
from tui.engine.context import log

T = TypeVar("T")

_VERSION: Final = 4
COLUMNS: Final = (
    *("id", "began", "number", "outgoing", "grp", "ring_time", "talk_time", "hold_time"),
    *("reason", "outcome", "note", "missed", "ccnumber"),
    *sounded.COLUMNS,
    *("reason_values", "name", "kind"),
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
_WORDS_SCHEMA: Final = """
ALTER TABLE calls ADD COLUMN reason_values TEXT NOT NULL DEFAULT '[]';
ALTER TABLE calls ADD COLUMN name TEXT NOT NULL DEFAULT '';
"""
_KIND_SCHEMA: Final = "ALTER TABLE calls ADD COLUMN kind TEXT NOT NULL DEFAULT 'call';"
_STEPS: Final = {
    0: _SCHEMA,
    1: sounded.SCHEMA,
    2: _WORDS_SCHEMA,
    3: _KIND_SCHEMA + callbacks.SCHEMA,
}
"""What brings a file from that version to the next."""
_COMPANIONS: Final = ("", "-wal", "-shm")
"""The endings of the files that are one database."""
_DAMAGE: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_NO_SHARED_MEMORY: Final = (
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_IOERR_SHMOPEN,
    sqlite3.SQLITE_IOERR_SHMMAP,
    sqlite3.SQLITE_IOERR_SHMLOCK,
)
_NO_LOCKS: Final = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
"""What a disk of the network says that has no locks."""


class HistoryDbError(Exception):
    """The history cannot be used; the text is a sentence for the log."""


class HistoryNewer(HistoryDbError):
    """A newer version has written it: it is left alone."""


class HistoryWaits(Exception):
    """The disk does not take it now. What was to be written is kept, and is written with the next
    write that succeeds; the text is the system's own word for why."""


class HistoryFile:
    """The file, opened when it is first wanted. All of it runs in the history's own thread."""

    def __init__(self, path: Path, keep_days: int, patience: float) -> None:
        """`keep_days`: what is older is forgotten when the file is opened; 0 keeps all.
        `patience`: seconds to wait for another engine that has the file."""
        self.path = path
        self._keep_days = keep_days
        self._patience = patience
        self._connection: sqlite3.Connection | None = None
        self._opened = (0, 0)
        """Device and inode of the file that is open."""
        self._waited_until = float("-inf")
        """Until when nobody waits again for a file that another holds (monotonic)."""
        self.salvaged: int | None = None
        """How many calls were taken over from a damaged file; None when there was none."""

    def open(self) -> None:
        """Open or make the file, and forget what is too old. Raises HistoryWaits when the disk
        does not let us now."""
        began = time.monotonic()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._alone():
                try:
                    self._connection = self._connect()
                except sqlite3.DatabaseError as error:
                    if not damaged(error):
                        raise
                    self._begin_anew(error)
            if self._keep_days:
                oldest = time.time() - self._keep_days * 86400
                with self.connection() as database:
                    database.execute("DELETE FROM calls WHERE began < ?", (oldest,))
                    callbacks.forget(database, oldest)
        except (OSError, sqlite3.OperationalError) as error:
            now = time.monotonic()
            if now - began >= self._patience:
                self._waited_until = now + self._patience  # for those who come next: tried, no more
            raise HistoryWaits(why(error)) from None

    def connection(self) -> sqlite3.Connection:
        """The database; opened, where it is not yet, or is gone. Raises HistoryDbError,
        HistoryWaits."""
        if self._connection is not None and not self._in_place():
            self._put_back(self._connection)
        if self._connection is None:
            self.open()
        if self._connection is None:
            raise HistoryDbError("the history is not open")
        return self._connection

    def close(self) -> None:
        """Close it; it can be opened again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _in_place(self) -> bool:
        """Whether the open file still is the one at its path."""
        try:
            return identity(self.path) == self._opened
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True  # what cannot be looked at now is not said to be gone

    def _put_back(self, lost: sqlite3.Connection) -> None:
        """Somebody deleted the file, or put another in its place: what it holds goes there, as long
        as it is open here."""
        log.warning("the file of the history is another than before: all is written there again")
        opened, self._connection = self._opened, None
        try:
            self.open()
            self._copy(lost, "calls", COLUMNS)
            self._copy(lost, "callbacks", callbacks.COLUMNS)
            self.connection().commit()
        except BaseException:
            self.close()
            self._connection, self._opened = lost, opened  # until it can be done
            raise
        lost.close()

    def _seconds(self) -> float:
        """How long to wait for another engine now."""
        return 0.0 if time.monotonic() < self._waited_until else self._patience

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other engine opens, or puts aside, the same file meanwhile. The lock is on a file
        beside it, since the file itself may be replaced."""
        lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            for _ in range(max(1, round(self._seconds() / 0.05))):
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(0.05)
                except OSError as error:
                    if error.errno not in _NO_LOCKS:
                        raise
                    break  # SQLite's own locks have to do
            else:
                raise BlockingIOError(errno.EAGAIN, "another phone of this user holds it")
            yield
        finally:
            os.close(lock)

    def _begin_anew(self, error: Exception) -> None:
        """A new file in the place of a damaged one, with what could be read of it."""
        self.close()
        aside = self._put_aside(error)
        self._connection = self._connect()
        self.salvaged = self._salvage(aside)

    def _put_aside(self, error: Exception) -> Path:
        """The damaged file and its companions under another name."""
        aside = self.path.with_name(f"{self.path.name}.broken-{time.time_ns() // 1_000_000}")
        log.error("the history is damaged (%s): kept as %s", error, aside.name)
        for ending in _COMPANIONS:
            with suppress(FileNotFoundError):
                Path(f"{self.path}{ending}").replace(f"{aside}{ending}")
        return aside

    def _salvage(self, aside: Path) -> int:
        """Take over what can still be read, whosever it is; the number of calls."""
        saved = self._take_over(aside, "calls", COLUMNS)
        self._take_over(aside, "callbacks", callbacks.COLUMNS)
        self.connection().commit()
        return saved

    def _take_over(self, aside: Path, table: str, columns: tuple[str, ...]) -> int:
        """A table's rows, from the oldest up to the damage, and from the newest down to it."""
        saved = 0
        for order in ("ASC", "DESC"):
            with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(aside)) as broken:
                saved += self._copy(broken, table, columns, order)
        return saved

    def _copy(
        self, source: sqlite3.Connection, table: str, columns: tuple[str, ...], order: str = "ASC"
    ) -> int:
        """The rows of a table that are not here yet, up to what cannot be read."""
        database, saved = self.connection(), 0
        for names, row in _readable(source, table, ("account", *columns), order):
            marks = ", ".join("?" * len(row))
            write = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})"  # noqa: S608
            saved += database.execute(write, row).rowcount
        return saved

    def _connect(self) -> sqlite3.Connection:
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        database = sqlite3.connect(self.path, timeout=self._seconds(), check_same_thread=False)
        try:
            _choose_journal(database)
            database.execute("PRAGMA synchronous=FULL")
            database.execute("BEGIN IMMEDIATE")
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version > _VERSION:
                raise HistoryNewer(f"the history is of a newer version ({version})")
            for step in range(version, _VERSION):
                for statement in _STEPS[step].split(";"):
                    if statement.strip():
                        database.execute(statement)
            database.execute(f"PRAGMA user_version={_VERSION}")
            database.commit()
            database.execute(f"PRAGMA busy_timeout={round(self._patience * 1000)}")
            self._opened = identity(self.path)
        except BaseException:
            database.close()
            raise
        return database

    def mending(self, work: Callable[[], T]) -> T:
        """Do it; where the file turns out to be damaged, begin anew and do it once more."""
        try:
            return work()
        except sqlite3.DatabaseError as error:
            if not damaged(error):
                raise
            with self._alone():
                self._begin_anew(error)
            return work()


def _readable(
    source: sqlite3.Connection, table: str, columns: tuple[str, ...], order: str
) -> Iterator[tuple[str, tuple[object, ...]]]:
    """The names of those columns that there are, and each row, up to the damage."""
    with suppress(sqlite3.DatabaseError):
        there = {str(row[1]) for row in source.execute(f"PRAGMA table_info({table})")}
        names = ", ".join(name for name in columns if name in there)
        if "id" in there:
            for row in source.execute(f"SELECT {names} FROM {table} ORDER BY id {order}"):  # noqa: S608
                yield names, row


def _choose_journal(database: sqlite3.Connection) -> None:
    """A write-ahead log; where processes have no memory in common, as on many a disk of the
    network, a journal that is rolled back: as safe, and slower."""
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA user_version").fetchone()
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) not in _NO_SHARED_MEMORY:
            raise
        log.warning("the history's disk has no shared memory (%s): it has another journal", error)
        # A file that was made elsewhere has such a log: only who has it alone can end that.
        database.execute("PRAGMA locking_mode=EXCLUSIVE")
        database.execute("PRAGMA journal_mode=TRUNCATE")
        database.execute("PRAGMA locking_mode=NORMAL")
        database.execute("PRAGMA user_version").fetchone()


def identity(path: Path) -> tuple[int, int]:
    """Device and inode of a file."""
    found = path.stat()
    return found.st_dev, found.st_ino


def damaged(error: sqlite3.DatabaseError) -> bool:
    """Whether the file itself is broken. A full disk, a lock, a missing descriptor or a disk that
    cannot be written are OperationalErrors too, and pass."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return (code & 0xFF) in _DAMAGE  # the extended codes keep the kind in their last byte


def why(error: Exception) -> str:
    """The system's own word for what went wrong."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__

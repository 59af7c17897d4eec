"""Call-backs as the history's file keeps them: one row each, as long as the calls are kept."""

from __future__ import annotations

import sqlite3
from typing import Final

from tui.port.work import Callback, CallbackSource

SCHEMA: Final = """
CREATE TABLE callbacks (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, number TEXT NOT NULL, source TEXT NOT NULL,
    due REAL, name TEXT NOT NULL, note TEXT NOT NULL, made REAL NOT NULL, tries INTEGER NOT NULL,
    entry INTEGER NOT NULL, list TEXT NOT NULL, closed REAL, outcome TEXT NOT NULL
);
CREATE INDEX callbacks_of_account ON callbacks (account, closed);
"""
COLUMNS: Final = (
    *("id", "number", "source", "due", "name", "note", "made", "tries", "entry", "list"),
    *("closed", "outcome"),
)
_NAMES: Final = ", ".join(COLUMNS)


def write(database: sqlite3.Connection, account: str, row: Callback) -> None:
    """Put the row in, or in place of the one of its id."""
    values = [getattr(row, name) for name in COLUMNS]
    values[COLUMNS.index("source")] = row.source.value
    marks = ", ".join("?" * (len(COLUMNS) + 1))
    database.execute(
        f"INSERT OR REPLACE INTO callbacks ({_NAMES}, account) VALUES ({marks})",  # noqa: S608
        (*values, account),
    )


def open_rows(database: sqlite3.Connection, account: str) -> tuple[Callback, ...]:
    """All that are not closed, the oldest first."""
    rows = database.execute(
        f"SELECT {_NAMES} FROM callbacks"  # noqa: S608
        " WHERE account = ? AND closed IS NULL ORDER BY id",
        (account,),
    )
    return tuple(_row(each) for each in rows)


def forget(database: sqlite3.Connection, oldest: float) -> None:
    """Forget what was made before that time (Unix seconds) and is not planned for later."""
    database.execute(
        "DELETE FROM callbacks WHERE made < ? AND (closed IS NOT NULL OR due IS NULL OR due < ?)",
        (oldest, oldest),
    )


def _row(columns: tuple[object, ...]) -> Callback:
    given = dict(zip(COLUMNS, columns, strict=True))
    return Callback(
        id=int(str(given["id"])),
        number=str(given["number"]),
        source=CallbackSource(str(given["source"])),
        due=None if given["due"] is None else float(str(given["due"])),
        name=str(given["name"]),
        note=str(given["note"]),
        made=float(str(given["made"])),
        tries=int(str(given["tries"])),
        entry=int(str(given["entry"])),
        list=str(given["list"]),
    )

"""CSV files for people who open them in a spreadsheet: no formulas, and nothing written over.

RFC 4180, in UTF-8; Excel knows that only by a byte-order mark, so there can be one.
"""

from __future__ import annotations

import csv
import errno
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, TextIO

BOM: Final = "\ufeff"
MOST_BESIDE: Final = 999
"""How many files of one name stand beside one another."""
_FORMULAS: Final = ("=", "+", "-", "@", "|", "%", "＝", "＋", "－", "＠")
_CONTROLS: Final = ("\t", "\r", "\n")


def cell(text: str) -> str:
    """The text as no spreadsheet runs it: what begins like a formula stands behind a quote."""
    begins = text.lstrip(" \u3000")
    return "'" + text if begins.startswith(_FORMULAS) or text.startswith(_CONTROLS) else text


def write(file: TextIO, rows: Iterable[Sequence[str]], *, bom: bool = False) -> None:
    """Write the rows; every cell of every column is made harmless."""
    if bom:
        file.write(BOM)
    writer = csv.writer(file)
    for row in rows:
        writer.writerow([cell(each) for each in row])


def create(path: Path, *, over: bool = False, beside: bool = False) -> tuple[TextIO, Path]:
    """A file to write into, and its name: one that nobody had, never through a link. `over`: one
    that is there is written anew; `beside`: then it is `NAME-2.csv`. OSError; FileExistsError where
    neither is wanted, IsADirectoryError."""
    if os.path.isdir(path):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    flags |= os.O_TRUNC if over else os.O_EXCL
    for number in range(1, MOST_BESIDE + 1 if beside else 2):
        name = path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
        with suppress(FileExistsError):
            handle = os.open(name, flags, 0o600)
            return os.fdopen(handle, "w", encoding="utf-8", newline=""), name
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))

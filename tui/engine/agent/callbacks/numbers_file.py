"""A CSV of numbers to call, as spreadsheets write it: any separator, with a head or without."""

from __future__ import annotations

import codecs
import csv
import errno
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tui.engine.numbers import NumberError, parse_number
from tui.text import clean_text
from tui.text.typed_path import typed_path

MOST_BYTES: Final = 4_000_000
_NUMBER_HEADS: Final = frozenset(
    ("number", "phone", "telephone", "tel", "mobile", "号码", "电话", "手机", "手机号", "电话号码")
)
_NAME_HEADS: Final = frozenset(("name", "customer", "姓名", "名称", "客户", "客户姓名"))
_WHEN_HEADS: Final = frozenset(("when", "due", "time", "时间", "回访时间"))


class NumbersFileError(Exception):
    """The file cannot be used; `message_id` names the sentence, `why` the system's own word."""

    def __init__(self, message_id: str, why: str = "") -> None:
        super().__init__(message_id)
        self.message_id, self.why = message_id, why


@dataclass(frozen=True, slots=True)
class NumberRow:
    """One number with what stands beside it. `when` as it is written."""

    number: str
    name: str = ""
    note: str = ""
    when: str = ""


@dataclass(frozen=True, slots=True)
class NumbersFile:
    """What a file has: lines in its order, and how many were skipped because of their number, with
    the first of them (its line in the file, from 1)."""

    lines: tuple[NumberRow, ...]
    skipped: int = 0
    first_skipped: int = 0


def read(path: Path) -> NumbersFile:
    """Read it; blocks. UTF-16 by its byte-order mark, UTF-8 with one or without, else GB 18030.
    Raises NumbersFileError."""
    path = typed_path(path)
    try:
        if path.is_dir():
            raise NumbersFileError("callbacks.unreadable", os.strerror(errno.EISDIR))
        if not path.is_file():
            raise NumbersFileError("callbacks.no_file")
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise NumbersFileError("callbacks.unreadable", error.strerror or "?") from None
    if len(data) > MOST_BYTES:
        raise NumbersFileError("callbacks.too_big")
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16" if wide else "utf-8-sig", "gb18030"):
        try:
            return parse(data.decode(encoding))
        except UnicodeDecodeError:
            continue
    raise NumbersFileError("callbacks.no_text")


def parse(text: str) -> NumbersFile:
    """The lines of a text. Raises NumbersFileError when no line has a number."""
    try:
        rows = [
            (number, [clean_text(each, 500) for each in row])
            for number, row in enumerate(_rows(text), 1)
            if any(each.strip() for each in row)
        ]
    except csv.Error as error:
        raise NumbersFileError("callbacks.unreadable", str(error)) from None
    columns = _columns(rows[0][1]) if rows else {}
    if columns:
        rows = rows[1:]
    lines: list[NumberRow] = []
    wrong: list[int] = []
    for at, row in rows:
        try:
            lines.append(_line(row, columns))
        except NumberError:
            wrong.append(at)
    if not lines:
        raise NumbersFileError("callbacks.no_numbers")
    return NumbersFile(tuple(lines), len(wrong), wrong[0] if wrong else 0)


def _rows(text: str) -> list[list[str]]:
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count) if any(each in head for each in ",;\t") else ","
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))


def _columns(head: list[str]) -> dict[str, int]:
    """Which column is what, where the first row says so; else nothing."""
    found: dict[str, int] = {}
    for at, title in enumerate(head):
        for name, heads in (
            ("number", _NUMBER_HEADS),
            ("name", _NAME_HEADS),
            ("when", _WHEN_HEADS),
        ):
            if title.casefold().strip() in heads:
                found.setdefault(name, at)
    return found if "number" in found else {}


def _line(row: list[str], columns: dict[str, int]) -> NumberRow:
    """Without a head the first column is the number and the second the name."""
    places = columns or {"number": 0, "name": 1}

    def at(name: str) -> str:
        place = places.get(name, -1)
        return row[place] if 0 <= place < len(row) else ""

    rest = [each for place, each in enumerate(row) if place not in places.values() and each]
    # A spreadsheet keeps a number from being a sum by a quote, or loses its plus.
    number = at("number").lstrip("'").removeprefix("+86").removeprefix("+")
    return NumberRow(parse_number(number), at("name"), ", ".join(rest), at("when"))

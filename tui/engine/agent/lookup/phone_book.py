"""Numbers with names, from a CSV or a vCard file, compared as telephone numbers are.

`phonenumbers` (Google's library) says whether two numbers are the same however they are written; it
takes a tenth of a second to import and is imported when a book is read. It is asked only about
numbers that end alike, which an index finds: a book of ten thousand is read in a moment.
"""

from __future__ import annotations

import csv
import io
import quopri
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tui.text import clean_text

MOST_BYTES: Final = 20_000_000
TAIL: Final = 7
"""Last digits by which the book is looked up; shorter numbers are compared as a whole."""
_NUMBER_HEADS: Final = re.compile(r"(phone|tel|mobile|cell|number|号码|电话|手机)", re.IGNORECASE)
_NAME_HEADS: Final = re.compile(
    r"(^name$|full.?name|customer|contact|姓名|名称|客户)", re.IGNORECASE
)
_DIGIT: Final = re.compile(r"[0-9]")

Entry = tuple[str, str]
"""A number as it is written, and the words about it."""


class PhoneBook:
    """Read once; `find` asks it. Both block: they belong into a thread."""

    def __init__(self, entries: Iterator[Entry], region: str) -> None:
        import phonenumbers

        self._phonenumbers = phonenumbers
        self._region = region
        self._by_tail: dict[str, list[Entry]] = {}
        for number, words in entries:
            digits = _digits(number)
            if digits and words:
                self._by_tail.setdefault(digits[-TAIL:], []).append((number, words))

    def __len__(self) -> int:
        return sum(map(len, self._by_tail.values()))

    def find(self, number: str) -> str:
        """The words about this number; "" when it is not there."""
        digits = _digits(number)
        found = self._by_tail.get(digits[-TAIL:], ()) if digits else ()
        return next((words for known, words in found if self._same(known, number)), "")

    def _same(self, one: str, other: str) -> bool:
        if _digits(one) == _digits(other):
            return True
        if min(len(_digits(one)), len(_digits(other))) <= TAIL:
            return False  # an extension, or a number without its area: nobody can tell
        library = self._phonenumbers
        try:
            numbers = [library.parse(_plain(each), self._region) for each in (one, other)]
        except library.NumberParseException:
            return False
        match = library.is_number_match(*numbers)
        return match in (library.MatchType.EXACT_MATCH, library.MatchType.NSN_MATCH)


def of_csv(path: Path, region: str) -> PhoneBook:
    """A CSV with a head: the first column that is called number, phone … and the one that is called
    name; all others stand behind the name. OSError, ValueError."""
    return PhoneBook(_csv_entries(_text(path)), region)


def of_vcard(path: Path, region: str) -> PhoneBook:
    """A vCard file (RFC 6350, and the older ones): FN, ORG, every TEL. OSError, ValueError."""
    return PhoneBook(_cards(_text(path)), region)


def _text(path: Path) -> str:
    if not path.is_file():
        raise ValueError("it is no file")
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError("it is longer than 20 MB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030", errors="replace")


def _csv_entries(text: str) -> Iterator[Entry]:
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    head = [each.strip() for each in next(rows, [])]
    numbers = [at for at, title in enumerate(head) if _NUMBER_HEADS.search(title)]
    names = [at for at, title in enumerate(head) if _NAME_HEADS.search(title) and at not in numbers]
    if not numbers or not names:
        raise ValueError("its first line names no number and no name")
    order = [names[0], *(at for at in range(len(head)) if at != names[0] and at not in numbers)]
    for row in rows:
        words = _words(row[at] for at in order if at < len(row))
        for at in numbers:
            if at < len(row):
                yield row[at], words


def _cards(text: str) -> Iterator[Entry]:
    unfolded = re.sub(r"\r?\n[ \t]", "", text.replace("=\r\n=", "=").replace("=\n=", "="))
    found: dict[str, str] = {}
    numbers: list[str] = []
    for line in unfolded.splitlines():
        head, _, value = line.partition(":")
        name, *parameters = head.upper().split(";")
        name = name.rpartition(".")[2]
        if name == "BEGIN":
            found, numbers = {}, []
        elif name in ("FN", "ORG", "N"):
            found.setdefault(name, _unescaped(_decoded(value, parameters)))
        elif name == "TEL":
            numbers.append(value.removeprefix("tel:").partition(";")[0])
        elif name == "END":
            given = found.get("FN") or found.get("N", "")
            words = _words((given, found.get("ORG", "")))
            yield from ((number, words) for number in numbers)


def _decoded(value: str, parameters: list[str]) -> str:
    if "ENCODING=QUOTED-PRINTABLE" not in parameters and "QUOTED-PRINTABLE" not in parameters:
        return value
    return quopri.decodestring(value.encode("ascii", "replace")).decode("utf-8", "replace")


def _unescaped(value: str) -> str:
    plain = re.sub(r"\\([,;\\])", r"\1", value.replace("\\n", " ").replace("\\N", " "))
    return " ".join(part for part in plain.split(";") if part)


def _words(parts: object) -> str:
    given = (clean_text(str(each), 80) for each in parts)  # type: ignore[attr-defined]
    return clean_text(", ".join(each for each in given if each), 160)


def _plain(number: str) -> str:
    return unicodedata.normalize("NFKC", number)


def _digits(number: str) -> str:
    return "".join(_DIGIT.findall(_plain(number)))

"""Single values out of the platform's JSON, of whose shape nothing is certain.

What must be there and is not raises PlatformError with the `code` of its kind of data and `what` is
missing; nothing else is ever raised. Ids and numbers end up as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

from tui.log import get_logger
from tui.platform import codes
from tui.platform.base import PlatformError
from tui.platform.json_paths import at
from tui.text import clean_text

log = get_logger("platform")

T = TypeVar("T")
Skipped = Callable[[PlatformError], None]
"""Hears what was wrong with an entry that is left out."""

MAX_ENTRIES: Final = 10_000
"""Entries read from one list."""


def object_of(data: Any, code: int, what: str) -> dict[str, Any]:
    """A JSON object."""
    if not isinstance(data, dict):
        raise PlatformError(code, what)
    return data


def list_of(data: Any, code: int, what: str, entry: str) -> list[Any]:
    """A list; some write it as an object whose keys are numbers, and a list of one as that one,
    which is known by the path `entry` that each entry has."""
    if isinstance(data, dict) and all(_is_index(key) for key in data):
        data = list(data.values())
    if isinstance(data, dict) and at(data, entry) is not None:
        data = [data]
    if not isinstance(data, list):
        raise PlatformError(code, what)
    return data


def each_of(rows: list[Any], read: Callable[[Any], T], skipped: Skipped) -> tuple[T, ...]:
    """Every entry that can be read, of the first `MAX_ENTRIES`. One that cannot is one entry less;
    raises its PlatformError where there is nothing else in the list."""
    found: list[T] = []
    errors: list[PlatformError] = []
    if len(rows) > MAX_ENTRIES:
        info = f"{len(rows) - MAX_ENTRIES} entries beyond the first {MAX_ENTRIES}"
        skipped(PlatformError(codes.SERVER_ERROR, info))
    for row in rows[:MAX_ENTRIES]:
        try:
            found.append(read(row))
        except PlatformError as error:
            errors.append(error)
    if errors and not found:
        raise errors[0]
    for each in errors:
        skipped(each)
    return tuple(found)


def left_out(error: PlatformError) -> None:
    """Where nobody else hears of it: a line in the log."""
    log.warning("an entry of a list is left out: %s", error.info)


def _is_index(key: str) -> bool:
    return key.isascii() and key.isdigit()


def text_of(data: Any) -> str:
    """Text to show; a number as its digits, anything else as nothing."""
    if isinstance(data, str):
        return clean_text(data)
    number = integer_of(data)
    return "" if number is None else str(number)


def digits_of(data: Any, code: int, what: str) -> str:
    """An id or a number: digits, as text."""
    text = optional_digits(data)
    if not text:
        raise PlatformError(code, what)
    return text


def optional_digits(data: Any) -> str:
    """The same, "" where it is not there."""
    text = text_of(data)
    return text if text.isascii() and text.isdigit() and len(text) <= 19 else ""


def count_of(data: Any, default: int, unread: Callable[[], None]) -> int:
    """A number of pages or rows. One that cannot be read costs nothing of the list that it counts:
    `unread` is told, and `default` counts."""
    if data is None or data == "":
        return default
    number = integer_of(data)
    if number is None or number < 0:
        unread()
        return default
    return number


_INTEGER: Final = re.compile(r"\s*[+-]?[0-9]{1,18}\s*", re.ASCII)
_FLAGS: Final = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def flag_of(data: Any) -> bool | None:
    """A yes or a no, as a word, a number or what JSON has for it; None for anything else."""
    if isinstance(data, bool):
        return data
    if isinstance(data, str):
        data = _FLAGS.get(data.strip().casefold(), data.strip())
    if isinstance(data, bool):
        return data
    number = integer_of(data)
    return None if number is None else number != 0


def parsed_json(text: str | bytes) -> Any:
    """JSON in which control characters may stand. A number of more digits than Python reads (4,300)
    stays text, and costs nothing of the rest. Raises ValueError and RecursionError."""
    try:
        return json.loads(text, strict=False)
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise
    except ValueError:  # so many digits
        return json.loads(text, strict=False, parse_int=_integer_in)


_is_page = re.compile(r"<(?:!doctype|html|head|body)\b", re.I).search


def json_among_words(text: str) -> tuple[dict[str, Any], str]:
    """The JSON object that stands among other text, as the notices of a language of the web, or a
    name to call it by, and that text. ValueError where there is none, where it may be a piece of
    something that is cut off, where another stands behind it that is not the same, and for a web
    page, in which there may be any. RecursionError."""
    before, brace, _ = text.partition("{")
    if not brace or _is_page(text) or before.rstrip().endswith(("[", ":")):
        raise ValueError("no JSON object alone")
    decoder = json.JSONDecoder(strict=False)
    found, ends = decoder.raw_decode(text, len(before))
    behind = text[ends:]
    words, brace, _ = behind.partition("{")
    if brace and decoder.raw_decode(behind, len(words))[0] != found:
        raise ValueError("several JSON objects")
    return found, before + behind


def _integer_in(digits: str) -> int | str:
    try:
        return int(digits)
    except ValueError:
        return digits


def integer_of(data: Any) -> int | None:
    """An integer (7.0 is one too), or one in a string; None for anything else, and for more than
    18 digits."""
    if isinstance(data, float) and data.is_integer():
        data = int(data)
    if isinstance(data, str) and _INTEGER.fullmatch(data):
        return int(data)
    if isinstance(data, int) and not isinstance(data, bool) and abs(data) < 10**18:
        return data
    return None

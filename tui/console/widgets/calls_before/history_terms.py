"""What the words of a search of the history stand for: what the screen shows as words, the journal
has as days, marks and ids."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Final

from tui.console.i18n import ids_saying, tr
from tui.console.widgets.formats import outcomes_saying
from tui.port.values import SearchTerm
from tui.text.finding import folded, words_of

_MISSED: Final = frozenset({"missed", "未接", "未接来电", "漏接"})
_DAYS: Final = {"today": 0, "今天": 0, "今日": 0, "yesterday": -1, "昨天": -1, "昨日": -1}
_DATE: Final = re.compile(r"(?:(\d{4})[-/.年])?(\d{1,2})[-/.月](\d{1,2})日?")
_REASONS: Final = (
    *("ended.", "cancelled.", "line.", "refused.", "transfer.", "unusable.", "unconfirmed."),
)
"""What the ids of the reasons of an end begin with."""


def terms_of(text: str, wall: float) -> tuple[SearchTerm, ...]:
    """The words that mean more than their letters; `wall` is the time now."""
    return tuple(term for word in words_of(text) if (term := _term(word, wall)) is not None)


def _term(word: str, wall: float) -> SearchTerm | None:
    since, until = next(_day(word, wall), (0.0, 0.0))
    missed = word in _MISSED or word == folded(tr("recent.missed"))
    telling = not word.isascii() or (len(word) > 2 and not word.isdecimal())
    outcomes = outcomes_saying(word) if telling else ()
    reasons = ids_saying(word, _REASONS) if telling and not missed else ()
    if not (until or missed or outcomes or reasons):
        return None
    return SearchTerm(word, missed, since, until, outcomes, reasons)


def _day(word: str, wall: float) -> Iterator[tuple[float, float]]:
    """From when to when, in Unix time: a day of the local calendar."""
    now = time.localtime(wall)
    if word in _DAYS:
        yield _span(now.tm_year, now.tm_mon, now.tm_mday + _DAYS[word])
    elif date := _DATE.fullmatch(word):
        year, month, day = int(date[1] or now.tm_year), int(date[2]), int(date[3])
        if 1 <= month <= 12 and 1 <= day <= 31 and year > 1970:
            # Without a year it is the last day of that date, not one to come.
            early = not date[1] and (month, day) > (now.tm_mon, now.tm_mday)
            yield _span(year - early, month, day)


def _span(year: int, month: int, day: int) -> tuple[float, float]:
    """mktime takes days beyond the month, and knows days of 23 hours."""
    begin = time.mktime((year, month, day, 0, 0, 0, 0, 0, -1))
    return begin, time.mktime((year, month, day + 1, 0, 0, 0, 0, 0, -1))

"""The words of a search, and what they stand for in the journal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.terminal import scripted_port as s
from tui.console import i18n
from tui.console.widgets.calls_before.history_terms import terms_of
from tui.port.values import SearchTerm


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def day(*date: int) -> tuple[float, float]:
    begin = datetime(*date).timestamp()  # type: ignore[arg-type]
    return begin, begin + 86400


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("today", (2026, 1, 2)),
        ("今天", (2026, 1, 2)),
        ("yesterday", (2026, 1, 1)),
        ("昨天", (2026, 1, 1)),
        ("01-02", (2026, 1, 2)),
        ("1-2", (2026, 1, 2)),
        ("11-29", (2025, 11, 29)),  # the last one, not one to come
        ("2026-11-29", (2026, 11, 29)),
        ("２０２５－１２－３１", (2025, 12, 31)),
        ("12月31日", (2025, 12, 31)),
    ],
)
def test_a_day_is_from_midnight_to_midnight(text: str, date: tuple[int, ...]) -> None:
    (term,) = terms_of(text, s.WALL)
    assert (term.since, term.until) == day(*date)


@pytest.mark.parametrize("text", ["13-40", "0-1", "0110", "120", "1200-0000"])
def test_numbers_are_no_days(text: str) -> None:
    assert terms_of(text, s.WALL) == ()


@pytest.mark.parametrize("word", ["missed", "MISSED", "未接"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_missed_is_a_mark_in_either_language(word: str, language: str) -> None:
    i18n.set_language(language)
    (term,) = terms_of(word, s.WALL)
    assert term.missed


def test_an_outcome_is_found_by_the_word_that_is_shown() -> None:
    i18n.set_language("zh")
    (term,) = terms_of("回访", s.WALL)
    assert term.outcomes == ("Call back",)


def test_the_reason_of_an_end_is_found_by_its_words() -> None:
    (term,) = terms_of("hung", s.WALL)
    assert {"ended.25", "ended.26"} <= set(term.reasons)
    assert terms_of("zzzz", s.WALL) == ()


def test_each_word_has_its_own_meaning() -> None:
    terms = terms_of("missed today invoice", s.WALL)
    assert [term.word for term in terms] == ["missed", "today"]
    assert terms[0] == SearchTerm("missed", missed=True)

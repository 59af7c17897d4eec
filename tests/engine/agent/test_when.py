"""When to call back, as people type it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.agent.callbacks.when import WhenError, parse_when

NOW = datetime(2026, 1, 2, 14, 2)
"""A Friday."""


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("+30", "01-02 14:32"),
        ("+ 30 min", "01-02 14:32"),
        ("45", "01-02 14:47"),
        ("in 30 minutes", "01-02 14:32"),
        ("half an hour", "01-02 14:32"),
        ("+2h", "01-02 16:02"),
        ("1h30", "01-02 15:32"),
        ("1.5 hours", "01-02 15:32"),
        ("+1d", "01-03 14:02"),
        ("半小时后", "01-02 14:32"),
        ("30分钟后", "01-02 14:32"),
        ("2个小时后", "01-02 16:02"),
        ("3天后", "01-05 14:02"),
        ("16", "01-02 16:00"),
        ("10", "01-03 10:00"),
        ("15:30", "01-02 15:30"),
        ("15.30", "01-02 15:30"),
        ("1530", "01-02 15:30"),
        ("3pm", "01-02 15:00"),
        ("3:15 p.m.", "01-02 15:15"),
        ("noon", "01-03 12:00"),
        ("下午3点半", "01-02 15:30"),
        ("10点一刻", "01-03 10:15"),
        ("１６：３０", "01-02 16:30"),
        ("tomorrow", "01-03 09:00"),
        ("Tomorrow at 9:30", "01-03 09:30"),
        ("明天10点", "01-03 10:00"),
        ("明天，下午3点", "01-03 15:00"),
        ("后天", "01-04 09:00"),
        ("今晚8点", "01-02 20:00"),
        ("mon", "01-05 09:00"),
        ("Monday 9:30", "01-05 09:30"),
        ("fri", "01-09 09:00"),
        ("15:00 monday", "01-05 15:00"),
        ("周一", "01-05 09:00"),
        ("下周三 9点", "01-07 09:00"),
        ("星期日", "01-04 09:00"),
        ("2026-12-03 10:00", "12-03 10:00"),
        ("2026-12-03T10:00", "12-03 10:00"),
        ("12/3 8:15", "12-03 08:15"),
        ("3.12. 10", "12-03 10:00"),
        ("12月3日 10点", "12-03 10:00"),
    ],
)
def test_what_people_type_is_understood(text: str, meant: str) -> None:
    assert parse_when(text, NOW).strftime("%m-%d %H:%M") == meant


def test_a_date_without_a_year_that_is_past_is_of_the_next_year() -> None:
    assert parse_when("1月1日", NOW) == datetime(2027, 1, 1, 9)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "when.empty"),
        ("soon", "when.unclear"),
        ("25:00", "when.unclear"),
        ("10:61", "when.unclear"),
        ("周八", "when.unclear"),
        ("13/45", "when.unclear"),
        ("2026-02-30", "when.unclear"),
        ("2025-01-01", "when.past"),
        ("today 9", "when.past"),
        ("2030-01-01", "when.far"),
        ("+9999999999d", "when.far"),
    ],
)
def test_what_cannot_be_meant_says_why(text: str, why: str) -> None:
    with pytest.raises(WhenError) as caught:
        parse_when(text, NOW)
    assert caught.value.message_id == why


@given(
    st.text(alphabet="0123456789:+-/. hdmwapintomrw今明后天周一下午点半分钟小时月日", max_size=20)
)
def test_any_text_is_a_later_time_or_a_sentence(text: str) -> None:
    try:
        found = parse_when(text, NOW)
    except WhenError:
        return
    assert found > NOW


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A place whose clocks are put on and back."""
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    "now",
    [
        *(datetime(2026, 3, 29, 1, 50), datetime(2026, 10, 25, 1, 50)),
        *(datetime(2026, 10, 25, 2, 50), datetime(2026, 10, 25, 2, 50, fold=1)),
    ],
    ids=str,
)
@pytest.mark.parametrize(("text", "minutes"), [("+30", 30), ("in 2 hours", 120), ("半小时后", 30)])
def test_so_many_minutes_from_now_are_that_in_a_night_of_other_clocks(
    berlin: None, now: datetime, text: str, minutes: int
) -> None:
    assert parse_when(text, now).timestamp() - now.timestamp() == minutes * 60


def test_the_same_time_tomorrow_is_that_on_the_clock(berlin: None) -> None:
    assert parse_when("in 1 day", datetime(2026, 3, 28, 14, 2)) == datetime(2026, 3, 29, 14, 2)

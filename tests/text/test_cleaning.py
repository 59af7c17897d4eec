"""The border for strings from the wire."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.text import MARKS_PER_BASE, clean_text, mask_number


@pytest.mark.parametrize(
    ("wire", "shown"),
    [
        ("Li Ming", "Li Ming"),
        ("", ""),
        ("李明 · 售前", "李明 · 售前"),
        ("Bob [/] x", "Bob [/] x"),
        ("[@click=app.quit]Boss[/]", "[@click=app.quit]Boss[/]"),
        ("\x1b]52;c;aGVsbG8=\x07Bob", "Bob"),
        ("\x1b]52;c;aGVsbG8=\x1b\\Bob", "Bob"),
        ("\x9d52;c;aGVsbG8=\x9cBob", "Bob"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1bcBob\x1b", "Bob"),
        ("\x1b(0Bob", "Bob"),
        ("a\x00b\x07c\x7fd\x9fe", "abcde"),
        ("evil\u202etxt.exe", "eviltxt.exe"),
        ("\u2066a\u2069\u200f\u061c", "a"),
        ("z\u200be\u200dr\ufeffo\u00ad", "zero"),
        ("\ud800a\udfff", "a"),
        ("\ue000p\U000f0000", "p"),
        ("u\u0378\uffff", "u"),
        ("line\r\nForged: yes\u2028x", "line Forged: yes x"),
        ("  a \t\u3000 b\u00a0", "a b"),
        ("e\u0301", "é"),
        ("\u0301a", "a"),
        ("a \u0301b", "a b"),
        ("a\u3164\u2800\ufe0fb", "ab"),
    ],
)
def test_what_a_wire_says_is_shown_as(wire: str, shown: str) -> None:
    assert clean_text(wire) == shown


def test_no_more_than_two_marks_stay_on_a_base() -> None:
    shown = clean_text("q" + "\u0300" * 4096 + "z")
    assert shown == "q\u0300\u0300z"


def test_marks_that_composition_takes_apart_are_counted_again() -> None:
    shown = clean_text("q\u0344\u0344")
    assert shown == "q\u0308\u0301"


def test_a_long_text_is_cut_where_the_reader_can_see_it() -> None:
    assert clean_text("x" * 300, 10) == "x" * 9 + "…"
    assert clean_text("李" * 300, 10) == "李" * 9 + "…"
    assert clean_text("x" * 10, 10) == "x" * 10
    assert clean_text("xyz", 0) == ""
    assert clean_text("abc def", 5) == "abc…"


def test_the_work_grows_with_the_length_and_not_with_its_square() -> None:
    for piece in ("\u0300\u0316", "\x1b]", "\x1b[0", "\x9d", "\x9b0", "\x1b", " ", "\u200b", "李"):
        short, long = (min(_work(piece, length) for _ in range(5)) for length in (8192, 65536))
        assert long < 24 * short, (
            f"{piece!r}: 8 times the length, {long / short:.0f} times the work"
        )


def _work(piece: str, length: int) -> float:
    """CPU seconds of this thread: what runs beside it does not count."""
    text = (piece * length)[:length]
    began = time.thread_time()
    clean_text(text)
    return time.thread_time() - began


@settings(max_examples=400, deadline=None)
@given(
    st.text(
        st.one_of(
            st.characters(codec=None),
            st.sampled_from("\x1b[]\x07\x9b\x9c\x9d \u0300\u0344\u0958\u1100\u1161\u11a8\u200d"),
        )
    ),
    st.integers(1, 60),
)
def test_what_comes_out_is_clean_and_stays_as_it_is(text: str, limit: int) -> None:
    shown = clean_text(text, limit)
    assert len(shown) <= limit
    assert unicodedata.is_normalized("NFC", shown)
    assert not any(unicodedata.category(c)[0] == "C" for c in shown)
    assert not any(c.isspace() and c != " " for c in shown)
    assert shown == shown.strip()
    assert "  " not in shown
    run = 0
    for character in shown:
        run = run + 1 if unicodedata.category(character)[0] == "M" else 0
        assert run <= MARKS_PER_BASE
    assert clean_text(shown, limit) == shown


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("1001", "1001"),
        ("12000000001", "120••••0001"),
        ("02500009999", "025••••9999"),
        ("1234567", "1••••67"),
        ("", ""),
        ("\x1b[2J12000000001", "120••••0001"),
    ],
)
def test_a_number_in_a_log_keeps_only_its_ends(number: str, masked: str) -> None:
    assert mask_number(number) == masked

"""Rows repaint what differs and nothing else; widths are cells, not characters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.console.widgets.formats import duration, fit, ordinal, spaced
from tui.console.widgets.rows import (
    Row,
    changed_span,
    cut,
    flowing,
    folded,
    row,
    two_sided,
    width_of,
)

TEXT = st.text(alphabet="ab 1王小明é", max_size=12)
PIECES = st.lists(st.tuples(TEXT, st.sampled_from(["", "bold"])), max_size=4).map(tuple)


def test_a_clock_that_ticks_repaints_one_cell() -> None:
    assert changed_span(row("TALKING 3:21"), row("TALKING 3:22")) == (11, 12)


def test_a_change_of_style_is_a_change() -> None:
    assert changed_span(row(("ab", "bold")), row(("a", "bold"), ("b", ""))) == (1, 2)


def test_the_same_text_in_other_pieces_is_no_change() -> None:
    assert changed_span(row("a", "b"), row("ab")) is None


def test_a_wide_character_is_repainted_whole() -> None:
    assert changed_span(row("王"), row("ab")) == (0, 2)
    assert changed_span(row("a王b"), row("a明b")) == (1, 3)


@given(PIECES, PIECES)
def test_the_span_holds_every_difference(old: Row, new: Row) -> None:
    span = changed_span(old, new)
    width = max(width_of(old), width_of(new), 1)
    before = fit("".join(text for text, _ in old), width)
    after = fit("".join(text for text, _ in new), width)
    if span is None:
        assert before == after
    else:
        assert 0 <= span[0] < span[1] <= width


@given(PIECES, PIECES, st.integers(0, 40))
def test_two_sides_fill_the_line_and_never_more(left: Row, right: Row, cells: int) -> None:
    assert width_of(two_sided(left, right, cells)) == cells


@given(PIECES, st.integers(0, 40))
def test_a_cut_row_fits(pieces: Row, cells: int) -> None:
    assert width_of(cut(pieces, cells)) <= cells


@given(PIECES, st.integers(1, 40))
def test_what_was_cut_off_shows(pieces: Row, cells: int) -> None:
    text = "".join(text for text, _ in pieces)
    shown = "".join(text for text, _ in cut(pieces, cells))
    assert shown.endswith("…") or shown.rstrip() == text.rstrip()


@given(PIECES, st.integers(2, 40))
def test_what_is_folded_is_all_there(pieces: Row, cells: int) -> None:
    lines = folded(pieces, cells)
    assert all(width_of(line) <= cells for line in lines)
    text = "".join("".join(text for text, _ in line) for line in lines)
    assert "".join(text.split()) == "".join("".join(text for text, _ in pieces).split())


@given(PIECES, st.integers(-9, 1))
def test_what_has_no_room_at_all_is_folded_all_the_same(pieces: Row, cells: int) -> None:
    lines = folded(pieces, cells)
    assert lines == folded(pieces, 1)
    assert flowing([pieces], cells) == lines


def test_groups_flow_on_as_many_lines_as_they_need() -> None:
    groups = [row("F5 Answer"), row("F8 Decline"), row("F12 Later")]
    assert flowing(groups, 22) == [row("F5 Answer", "   ", "F8 Decline"), row("F12 Later")]


def test_words() -> None:
    assert [duration(s) for s in (0, 7.9, 728, 6130)] == ["0:00", "0:07", "12:08", "1:42:10"]
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 22)] == [
        "1st",
        "2nd",
        "3rd",
        "4th",
        "11th",
        "22nd",
    ]
    assert spaced("12000000001") == "120 0000 0001"
    assert spaced("1002") == "1002"
    assert spaced("１２０００００００１x") == "１２０００００００１x"

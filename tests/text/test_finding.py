"""What a search finds: any width, any case, Chinese names by their initials."""

from __future__ import annotations

import pytest

from tui.text.finding import all_found, found, initials


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("王芳", "wf"),
        ("王小明", "wxm"),
        ("李鑫婷", "lxt"),
        ("赵睿", "zr"),
        ("阿丽", "al"),
        ("坐席 张三", "zxzs"),
        ("Wang Fang", ""),
    ],
)
def test_the_initials_of_a_name(name: str, letters: str) -> None:
    assert initials(name) == ((letters,) if letters else ())


def test_a_name_that_is_read_in_two_ways_is_found_by_both() -> None:
    assert set(initials("单娜")) == {"dn", "sn"}


def test_what_has_no_initial_stops_nobody() -> None:
    assert initials("曉") == ()
    assert found("曉", "王曉明")


def test_widths_and_case_are_folded() -> None:
    assert all_found("１２０ ＷANG", "12000000001", "Wang Fang")
    assert all_found("120", "１２００")


def test_letters_are_initials_only_of_chinese() -> None:
    assert all_found("wf 1007", "1007", "王芳")
    assert not all_found("wf", "Wang Fang")
    assert not all_found("fw", "王芳")

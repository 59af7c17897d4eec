"""Numbers as people type them, and the extension range."""

from __future__ import annotations

import pytest

from tui.engine.numbers import (
    MAX_DIGITS,
    NumberError,
    parse_number,
    parse_phone,
)
from tui.port.values import is_extension


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("12000000001", "12000000001"),
        ("120 0000-0001", "12000000001"),
        ("０２５ 0000１２３４", "02500001234"),
        ("(025) 0000.1234", "02500001234"),
        ("120—0000–0001", "12000000001"),
        ("\u30001001 ", "1001"),
    ],
)
def test_full_width_digits_spaces_and_dashes_are_understood(typed: str, digits: str) -> None:
    assert parse_number(typed) == digits


@pytest.mark.parametrize("typed", ["10a1", "+861", "١٢٣", "1001;ext", "12²3x", "1\x1b2"])
def test_anything_but_digits_is_refused_and_named(typed: str) -> None:
    with pytest.raises(NumberError) as caught:
        parse_number(typed)
    assert caught.value.message_id == "dial.not_digits"
    assert caught.value.found


@pytest.mark.parametrize("typed", ["", "  ", "--"])
def test_a_number_without_a_digit_is_refused(typed: str) -> None:
    with pytest.raises(NumberError, match=r"dial\.empty"):
        parse_number(typed)


def test_a_number_that_no_network_carries_is_refused() -> None:
    assert parse_number("1" * MAX_DIGITS)
    with pytest.raises(NumberError, match=r"dial\.too_long"):
        parse_number("1" * (MAX_DIGITS + 1))


@pytest.mark.parametrize(
    ("number", "start", "end", "inside"),
    [
        ("1000", "1000", "1999", True),
        ("1999", "1000", "1999", True),
        ("2000", "1000", "1999", False),
        ("01001", "1000", "1999", False),
        ("0101", "0100", "0199", True),
        ("101", "0100", "0199", False),
        ("900", "800", "1200", True),
        ("0900", "800", "1200", False),
        ("1201", "800", "1200", False),
        ("1001", "", "", False),
        ("1001", "1000", "x", False),
    ],
)
def test_a_number_is_an_extension_only_inside_the_range(
    number: str, start: str, end: str, inside: bool
) -> None:
    assert is_extension(number, start, end) is inside


@pytest.mark.parametrize(
    ("typed", "number"),
    [("120 0000 0001", "12000000001"), ("A12000000001Z", "A12000000001Z"), ("a１２z", "A12Z")],
)
def test_a_phone_that_is_written_a_to_z_is_kept_so(typed: str, number: str) -> None:
    assert parse_phone(typed) == number


@pytest.mark.parametrize("typed", ["AZ", "AxZ", "A12", "12Z"])
def test_half_of_an_a_to_z_is_no_phone(typed: str) -> None:
    with pytest.raises(NumberError):
        parse_phone(typed)

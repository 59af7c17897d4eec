"""JSON of any shape is a value or a PlatformError; numbers inside the platform."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.platform.base import PlatformError
from tui.platform.extensions import eid16, internal_number, split_number
from tui.platform.gen2 import shapes
from tui.text import clean_text

KEYS = (
    *("token", "expires_in", "userInfo", "groupInfo", "enterprise", "sip", "number", "eid", "gid"),
    *(
        "displayname",
        "name",
        "data",
        "seats",
        "current_page",
        "last_page",
        "total",
        "domain",
        "url",
    ),
    *("group_real_time_state", "seat_real_time_state", "state_id", "state_name", "pbx"),
)
LEAF = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    st.sampled_from(["1001", "70000", "pbx.invalid", "ws://127.0.0.1/", "\x1b[2J\u202e", "²"]),
)
JSON = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=20,
)
READERS: list[Callable[[Any], object]] = [
    shapes.read_token,
    shapes.read_user,
    lambda data: shapes.read_groups(data, 1),
    lambda data: shapes.read_members(data, "1", 1),
]


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_any_shape_is_read_or_refused(data: Any) -> None:
    for read in READERS:
        with suppress(PlatformError):
            read(data)


@given(st.dictionaries(st.sampled_from(["number", "displayname", "work_number", "id"]), LEAF))
def test_every_string_of_a_seat_is_clean(seat: dict[str, Any]) -> None:
    (found,) = shapes.read_members({"data": [{"seats": [seat]}]}, "1", 1).seats
    for text in (found.number, found.displayname, found.work_number, found.id):
        assert text == clean_text(text)


def test_an_enterprise_id_is_eight_hexadecimal_digits() -> None:
    assert eid16("70000") == eid16(70000) == "00011170"
    assert eid16("0") == "00000000"
    assert eid16(2**32) == "100000000"
    for wrong in ("", "-1", "1.5", "x", "²", "9" * 20):
        with pytest.raises(ValueError, match=r"decimal"):
            eid16(wrong)


def test_leading_zeros_of_an_extension_count() -> None:
    assert internal_number("0101", "70000") == "0101_00011170"
    assert split_number("0101_00011170") == ("0101", "70000")
    assert split_number("0101_0001117") == ("0101", "")
    assert split_number("12000000001") == ("12000000001", "")


@pytest.mark.parametrize("text", ["a_" + "b" * 20, "a_" + "b" * 20 + "==", "_" * 43 + "="])
def test_an_encrypted_number_is_not_cut_at_its_underscores(text: str) -> None:
    assert split_number(text) == (text, "")


@given(st.from_regex(r"[0-9]{1,8}", fullmatch=True), st.integers(0, 2**63))
def test_an_internal_number_comes_back_whole(extension: str, eid: int) -> None:
    assert split_number(internal_number(extension, eid)) == (extension, str(eid))

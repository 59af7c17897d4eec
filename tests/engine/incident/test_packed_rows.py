"""A queue that packs what is older: it gives back what it was given, in that order."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.incident.packed_rows import PackedRows


@given(st.lists(st.booleans(), max_size=80), st.integers(1, 9))
def test_it_is_a_queue(steps: list[bool], together: int) -> None:
    packed, plain = PackedRows[tuple[int, str]](together), deque[tuple[int, str]]()
    for number, puts in enumerate(steps):
        if puts or not plain:
            packed.append((number, "x" * number))
            plain.append((number, "x" * number))
        else:
            assert packed.first() == plain[0]
            assert packed.popleft() == plain.popleft()
        assert len(packed) == len(plain)
    assert list(packed) == list(plain)


def test_what_cannot_be_packed_is_kept_as_it_is() -> None:
    odd = PackedRows[object](2)
    values = [lambda: 1, "two", lambda: 3, lambda: 4, "five"]
    for value in values:
        odd.append(value)
    assert list(odd) == values
    assert [odd.popleft() for _ in values] == values
    with pytest.raises(IndexError):
        odd.first()

"""docs/faults.md is held to the tree: each row names tests, and all that it names exist."""

from __future__ import annotations

import pytest

from tests.tables import missing_tests, rows

ROWS = [row for section in rows("faults.md").values() for row in section]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_every_fault_names_tests_that_exist(row: tuple[str, str, str]) -> None:
    what, done, tests = row
    assert done, what
    assert missing_tests(tests) == []

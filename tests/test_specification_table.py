"""The table of the specification is held to the tree, and to the specification's own lists."""

from __future__ import annotations

import re

import pytest

from tests.tables import assert_row_holds, rows
from tui.platform import codes

CALLS = (
    *("getUser", "getUser2", "init", "answerPBXCall", "call", "terminate", "hold", "unhold"),
    *("threewayCall", "transferPBXCall", "changeStaus", "checkLogin", "checkSeatState"),
    *("getGroups", "getGroupMembers", "logout"),
)
EVENTS = (
    *("register", "newPBXCall", "cancelPBXCall", "calloutResponse", "callinResponse"),
    *("callinFaieldResponse", "answeredPBXCall", "endPBXCall", "kickedOffLine", "statusChanged"),
    *("threewayCall", "transferCallSuccess", "transferCallFaield"),
)
FIELDS = (
    *("un", "callTime", "info", "groupInfo", "userInfo", "enterprise", "current_page"),
    *("last_page", "total", "group_real_time_state", "seat_real_time_state", "seats"),
    *("displayname", "number", "work_number", "gid", "eid", "extension_start", "extension_end"),
)


TABLE = rows("specification.md")
ROWS = [row for section in TABLE.values() for row in section]


@pytest.mark.parametrize(("what", "where", "tests"), ROWS, ids=[row[0] for row in ROWS])
def test_every_row_names_modules_and_tests_that_exist(what: str, where: str, tests: str) -> None:
    assert_row_holds(where, tests)


def test_nothing_stands_in_the_table_twice() -> None:
    for section in TABLE.values():
        names = [what for what, _, _ in section]
        assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("heading", "names"), [("Calls", CALLS), ("Events", EVENTS), ("Fields", FIELDS)]
)
def test_every_name_of_the_specification_has_its_row(heading: str, names: tuple[str, ...]) -> None:
    text = " ".join(what for what, _, _ in TABLE[heading])
    assert [name for name in names if not re.search(rf"\b{name}\b", text)] == []


def test_every_code_has_its_row() -> None:
    listed = " ".join(what for what, _, _ in TABLE["Codes"])
    plain = [code for code in codes.LOGIN if code not in range(52000, 52013)]
    for kind, known in (
        ("login", plain),
        ("refused", codes.REFUSED),
        ("ended", codes.ENDED),
        ("kicked", codes.KICKED),
    ):
        assert [code for code in known if f"{kind} {code}:" not in listed] == []
    assert "login 52000–52012:" in listed

"""The table of the specification is held to the tree, and to the specification's own lists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tui.platform import codes

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "docs" / "specification.md"
_MODULE = re.compile(r"`([a-z0-9_/]+\.py)`")
_TEST = re.compile(r"`([a-z0-9_/]+\.py)::(\w+)`")

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


def rows() -> dict[str, list[tuple[str, str, str]]]:
    """By heading: what, where, and which tests."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    heading = ""
    for line in TABLE.read_text("utf-8").splitlines():
        if line.startswith("## "):
            heading = line[3:]
        elif line.startswith("| ") and not line.startswith(("| what", "|---")):
            what, where, tests = (cell.strip() for cell in line.strip("|").split(" | "))
            found.setdefault(heading, []).append((what, where, tests))
    return found


ROWS = [row for section in rows().values() for row in section]


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / "tests" / path).read_text("utf-8"))
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


@pytest.mark.parametrize(("what", "where", "tests"), ROWS, ids=[row[0] for row in ROWS])
def test_every_row_names_modules_and_tests_that_exist(what, where, tests) -> None:
    modules, named = _MODULE.findall(where), _TEST.findall(tests)
    assert modules
    assert named
    assert [each for each in modules if not (ROOT / "tui" / each).is_file()] == []
    assert [f"{path}::{name}" for path, name in named if name not in names_in(path)] == []


def test_nothing_stands_in_the_table_twice() -> None:
    for section in rows().values():
        names = [what for what, _, _ in section]
        assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("heading", "names"), [("Calls", CALLS), ("Events", EVENTS), ("Fields", FIELDS)]
)
def test_every_name_of_the_specification_has_its_row(heading, names) -> None:
    text = " ".join(what for what, _, _ in rows()[heading])
    assert [name for name in names if not re.search(rf"\b{name}\b", text)] == []


def test_every_code_has_its_row() -> None:
    listed = " ".join(what for what, _, _ in rows()["Codes"])
    plain = [code for code in codes.LOGIN if code not in range(52000, 52013)]
    for kind, known in (
        ("login", plain),
        ("refused", codes.REFUSED),
        ("ended", codes.ENDED),
        ("kicked", codes.KICKED),
    ):
        assert [code for code in known if f"{kind} {code}:" not in listed] == []
    assert "login 52000–52012:" in listed

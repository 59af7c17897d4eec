"""Tables in docs/ that are held to the tree: each row names what it is about, the modules where it
lives, and the tests that show it."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
_MODULE = re.compile(r"`([a-z0-9_/]+\.py)`")
_TEST = re.compile(r"`([a-z0-9_/]+\.py)::(\w+)`")

Row = tuple[str, str, str]
"""What, where, and which tests."""


def rows(table: str) -> dict[str, list[Row]]:
    """The rows of a file of docs/, by the heading that they stand under."""
    found: dict[str, list[Row]] = {}
    heading = ""
    for line in (ROOT / "docs" / table).read_text("utf-8").splitlines():
        if line.startswith("## "):
            heading = line[3:]
        elif line.startswith("| ") and not line.startswith(("| what", "| row", "|---")):
            what, where, tests = (cell.strip() for cell in line.strip("|").split(" | "))
            found.setdefault(heading, []).append((what, where, tests))
    return found


@cache
def _names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / "tests" / path).read_text("utf-8"))
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


def assert_row_holds(where: str, tests: str) -> None:
    """At least one module and one test are named, and all that are named exist."""
    modules = _MODULE.findall(where)
    assert modules
    assert [each for each in modules if not (ROOT / "tui" / each).is_file()] == []
    assert missing_tests(tests) == []


def missing_tests(tests: str) -> list[str]:
    """Those of the tests named there that do not exist. At least one is named."""
    named = _TEST.findall(tests)
    assert named
    return [f"{path}::{name}" for path, name in named if name not in _names_in(path)]

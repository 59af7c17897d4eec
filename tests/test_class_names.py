"""The glossary's rule: a class name means one thing, but for the specification's own words."""

from __future__ import annotations

import re
from collections import defaultdict

from tests.tables import ROOT

BORDER = {
    "tui/platform/messages.py",
    "tui/port/commands.py",
    "tui/port/events.py",
    "tui/port/values.py",
}


def test_a_class_name_means_one_thing() -> None:
    places: defaultdict[str, set[str]] = defaultdict(set)
    for path in sorted((ROOT / "tui").rglob("*.py")):
        for name in re.findall(r"^class (\w+)", path.read_text("utf-8"), re.MULTILINE):
            places[name].add(path.relative_to(ROOT).as_posix())
    twice = {name: where for name, where in places.items() if len(where) > 1}
    assert all(where <= BORDER and "tui/platform/messages.py" in where for where in twice.values())
    glossary = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    said = glossary[glossary.index("They are Answer") :]
    assert sorted(twice) == sorted(set(re.findall(r"\b[A-Z]\w+", said)) - {"They"})

"""What is used of aioice and asyncio that they keep to themselves is still there."""

from __future__ import annotations

import ast
import asyncio
import importlib.metadata
import re
from pathlib import Path
from typing import Any

import pytest
from aioice import Connection, turn

from tui.media.transport import ice_transport

ROOT = Path(__file__).parents[3]
NAMED = list(ice_transport.NAMES.items())


async def test_the_private_names_are_where_the_file_looks_for_them() -> None:
    inner = turn.TurnClientUdpProtocol(("127.0.0.1", 9), "", "", 600, 500)
    connection: Any = Connection(ice_controlling=False)
    await connection.get_component_candidates(1, ["127.0.0.1"])
    try:
        protocol = connection._protocols[0]
        objects = {
            "connection": connection,
            "protocol": protocol,
            "transport": protocol.transport,
            "loop": asyncio.get_running_loop(),
            "turn": inner,
            "relay": turn.TurnTransport(inner),
        }
        moved = [
            f"{type(objects[kind]).__module__}.{type(objects[kind]).__qualname__}.{name}"
            for kind, names in NAMED
            for name in names
            if not hasattr(objects[kind], name)
        ]
    finally:
        await connection.close()
    assert not moved, f"these have moved, so ice_transport.py must follow: {', '.join(moved)}"


def test_every_private_name_that_the_file_uses_is_on_its_list() -> None:
    tree = ast.parse(Path(ice_transport.__file__).read_text("utf-8"))
    own = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and re.match(r"_(?!_)|__.*[^_]$", node.attr)
    }
    listed = {name for _, names in NAMED for name in names}
    assert used - own - listed == set()


def test_no_other_file_of_the_room_uses_a_private_name_of_the_libraries() -> None:
    listed = {name for _, names in NAMED for name in names if name.startswith("_")}
    pattern = re.compile(r"(?<!self)\.(" + "|".join(map(re.escape, sorted(listed))) + r")\b")
    others = set((ROOT / "tui/media").rglob("*.py")) - {Path(ice_transport.__file__)}
    found = {
        path.name: match[0]
        for path in sorted(others)
        if str(path) != ice_transport.__file__
        and (match := pattern.search(path.read_text("utf-8")))
    }
    assert not found


@pytest.mark.parametrize(("name", "series"), [("aiortc", "1.16."), ("aioice", "0.13.")])
def test_the_libraries_are_pinned_to_the_series_that_was_read(name: str, series: str) -> None:
    assert importlib.metadata.version(name).startswith(series)
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    major, minor = (int(part) for part in series.rstrip(".").split("."))
    assert f'"{name}>={major}.{minor},<{major}.{minor + 1}"' in project

"""Where in a text of TOML a key or a value stands, and how a value is written there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def line_of(text: str, path: tuple[str, ...]) -> int:
    """The line of a key as people write TOML, 0 when it is written in another way."""
    section: tuple[str, ...] = ()
    for number, raw in enumerate(text.split("\n"), 1):  # as TOML and editors count them
        line = raw.strip()
        if line.startswith("["):
            section = _dotted(line.strip("[]").partition("]")[0])
            if section[: len(path)] == path:
                return number
        elif "=" in line and not line.startswith("#"):
            key = (*section, *_dotted(line.partition("=")[0]))
            if key[: len(path)] == path:
                return number
    return 0


def _dotted(text: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in text.split("."))


def texts(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text in the file's tables and lists, and where it stands."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from texts(each, (*path, key))
    elif isinstance(value, list):
        for each in value:
            yield from texts(each, path)


def written(value: object, limit: int = 60) -> str:
    """A value as TOML has it, shortened to `limit` characters; of a section the id of its words."""
    if isinstance(value, dict):
        return "config.table"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    elif isinstance(value, (list, tuple)):
        parts = ("{…}" if isinstance(each, dict) else written(each, limit) for each in value)
        text = "[" + ", ".join(parts) + "]"
    else:
        text = str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"

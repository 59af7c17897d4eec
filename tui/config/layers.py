"""The administrator's file below the user's: what it says counts until the user says otherwise, and
what it locks cannot be said otherwise."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final

SYSTEM: Final = Path("/etc/yimi/config.toml")
SYSTEM_VARIABLE: Final = "YIMI_SYSTEM_CONFIG"
"""Puts it somewhere else."""
LOCKED: Final = "locked"
"""The key of the administrator's file that lists what is locked."""


def system_file(environ: Mapping[str, str] | None = None) -> Path:
    """The administrator's file."""
    given = os.environ if environ is None else environ
    return Path(given.get(SYSTEM_VARIABLE, "") or SYSTEM).absolute()


def is_locked(locked: tuple[str, ...], *path: str) -> bool:
    """Whether the setting at `path`, or a section that it is in, is locked."""
    return any(path[: len(parts)] == parts for parts in map(_parts, locked))


def broken_locks(table: Mapping[str, Any], locked: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Where a file's tables say what is locked."""
    return [parts for parts in map(_parts, locked) if _is_in(table, parts)]


def unknown_lock(config: Any, lock: str) -> tuple[str, str, tuple[str, ...]] | None:
    """What is wrong with an entry of `locked`: the name that is not known, where, and which are.
    Names that people give (profiles, keys, breaks) are not looked at."""
    section, _, name = lock.partition(".")
    sections = tuple(each.name for each in fields(config) if each.name != LOCKED)
    if section not in sections:
        return section, "", sections
    held = getattr(config, section)
    if not name or not is_dataclass(held):
        return None
    known = tuple(each.name for each in fields(held))
    return None if name in known else (name, section, known)


def _parts(lock: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in lock.split("."))


def _is_in(table: Any, parts: tuple[str, ...]) -> bool:
    for part in parts:
        if not isinstance(table, Mapping) or part not in table:
            return False
        table = table[part]
    return True

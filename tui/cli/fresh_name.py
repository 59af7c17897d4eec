"""A name for a file that is written here: the day is in it, and no file has it yet."""

from __future__ import annotations

import time
from pathlib import Path


def fresh_name(folder: Path, pattern: str) -> Path:
    """`pattern` with the day in place of its `*`, and a number behind it where that is taken."""
    stem, suffix = pattern.replace("*", time.strftime("%Y-%m-%d")).rsplit(".", 1)
    path, number = folder / f"{stem}.{suffix}", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.{suffix}"
    return path

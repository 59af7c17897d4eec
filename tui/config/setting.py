"""How one setting is written down: its default, its meaning, and what it may be."""

from __future__ import annotations

from dataclasses import field
from typing import TypeVar

T = TypeVar("T")


def setting(
    default: T,
    doc: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[object, ...] = (),
    like: str = "",
    shown: bool = True,
) -> T:
    """One setting: its default, its meaning, and what it may be; `like` is a regular expression
    for a text, or for each text of a list. What is not `shown` is kept out of logs and errors."""
    metadata = {"doc": doc, "low": low, "high": high, "choices": choices, "like": like}
    return field(default=default, metadata=metadata, repr=shown)

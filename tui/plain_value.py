"""What the values are made of that cross from one process to another.

A `msgspec.Struct` is defined in a thirtieth of the time of a dataclass, and there are eighty of
them before the first frame; and msgspec reads and writes them without a walker of ours.
"""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class PlainValue(msgspec.Struct, frozen=True, tag=True, tag_field="$", forbid_unknown_fields=True):
    """A frozen value of plain fields, equal and hashed by them. Its form (`tui.port.wire.codec`) is
    an object in which `"$"` names the class; fields that the class does not have are refused."""


def replace(value: T, /, **changes: Any) -> T:
    """The same value with these fields changed, whether a PlainValue or a dataclass (as
    `copy.replace` from Python 3.13 on). Raises TypeError for a field that it does not have."""
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.replace(value, **changes)
    return dataclasses.replace(value, **changes)  # type: ignore[type-var]

"""Where a platform has its values in its JSON: dotted paths, each of which can be said otherwise.

`data.userInfo.number` goes from the top of an answer, one key after the other; digits count into a
list (`data.0.seats`). Settings of one entry of a list (`group_gid`) go from that entry.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Final, Self

from tui.platform.bad_setting import BadSetting

_PATH: Final = re.compile(r"[^\s.\x00-\x1f]{1,60}(\.[^\s.\x00-\x1f]{1,60}){0,9}")
_FREE: Final = ("success", "supervisor_duty")
"""Settings that hold values, separated by spaces, in place of a path."""


@dataclass(frozen=True, slots=True)
class JsonPaths:
    """A table of paths; generations have tables of their own."""

    status: str = "status"
    info: str = "info"
    section: ClassVar[str] = "fields"
    """Of the config: where these are set."""
    success: str = "200 0"
    """Values of `status`, separated by spaces, that are a yes; true and false as JSON has them."""

    def overridden(self, values: Mapping[str, str]) -> Self:
        """The same with some values changed. Raises BadSetting."""
        names = {each.name for each in fields(self)}
        for name, value in values.items():
            if name not in names:
                raise BadSetting(name, "config.no_name", name=repr(name))
            fits = bool(value.split()) if name in _FREE else _PATH.fullmatch(value)
            if not fits:
                raise BadSetting(name, "config.json_path", given=repr(value))
        return replace(self, **values)

    def is_success(self, status: object) -> bool:
        """Whether a `status` is a yes: however a number is written, and a word in any case."""
        if isinstance(status, bool):
            status = "true" if status else "false"
        if isinstance(status, float) and status.is_integer():
            status = int(status)
        said = str(status).strip().casefold() if isinstance(status, str | int) else None
        return said in self.success.casefold().split()


PATHS: Final = JsonPaths()


def at(data: Any, path: str) -> Any:
    """What stands at a path; None where there is nothing. A list of one stands for that one, and
    that one for a list of it, where the path says the other."""
    for step in path.split("."):
        while isinstance(data, list) and len(data) == 1 and not step.isdecimal():
            data = data[0]
        if isinstance(data, dict):
            data = data if data and step == "0" and step not in data else data.get(step)
        elif isinstance(data, list) and step.isdecimal() and len(step) < 5:
            data = data[int(step)] if int(step) < len(data) else None
        else:
            return None
    return data


def list_at(data: Any, path: str) -> Any:
    """The same of a list: a null that stands there is one of nothing, as Go and Java write it."""
    found = at(data, path)
    if found is None:
        where, _, last = path.rpartition(".")
        around = at(data, where) if where else data
        return [] if isinstance(around, dict) and last in around else None
    return found

"""What `yimi events` writes, as the code has it: `python -m tui.cli.agent.event_fields` prints the
tables of docs/scripts.md, and a test compares."""

from __future__ import annotations

from typing import Any, Final, get_args, get_type_hints

from tui.plain_value import PlainValue
from tui.port.events import Change, Fact

BEGIN: Final = "<!-- python -m tui.cli.agent.event_fields -->"
END: Final = "<!-- end -->"


def tables() -> str:
    """Facts, changes, and the values in them, a row each."""
    values: dict[str, type[Any]] = {}
    for kind in (*get_args(Fact), *get_args(Change)):
        _gather(kind, values)
    events = {kind.__name__ for kind in (*get_args(Fact), *get_args(Change))}
    lines = ["| fact | fields |", "|---|---|", *map(_row, get_args(Fact)), ""]
    lines += ["| change | fields |", "|---|---|", *map(_row, get_args(Change)), ""]
    lines += ["| value | fields |", "|---|---|"]
    lines += [_row(values[name]) for name in sorted(values) if name not in events]
    return "\n".join(lines)


def _row(kind: type[Any]) -> str:
    fields = ", ".join(f"`{name}`" for name in kind.__struct_fields__)
    return f"| `{kind.__name__}` | {fields} |"


def _gather(kind: Any, found: dict[str, type[Any]]) -> None:
    """Every plain value that stands in a type."""
    if isinstance(kind, type) and issubclass(kind, PlainValue):
        if kind.__name__ not in found:
            found[kind.__name__] = kind
            for inner in get_type_hints(kind).values():
                _gather(inner, found)
        return
    for inner in get_args(kind):
        _gather(inner, found)


if __name__ == "__main__":
    print(tables())

"""What may go when there is too little room, in one order for all screens.

What stands last in a table goes last. From `NEVER` on nothing goes at any size from 40×12: it is
folded instead, and all else makes way. What is cut shows as "…".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tui.console.widgets.rows import Row, row, two_sided, width_of

CALL: Final = (
    *("blank", "recovered", "earlier", "bars", "tones", "how", "figures", "asks", "pick up"),
    *("sound", "hearing", "failure", "held there", "doing", "countdown"),
    *("choices", "other call", "stays", "third", "who"),
)
"""The rows of the call panel."""
HEADING: Final = (
    *(
        "nothing missed",
        "no next",
        "voice",
        "queues",
        "group",
        "line",
        "why",
        "missed",
        "parked",
        "mail",
        "due",
        "next",
        "asking",
    ),
    *("bad voice", "agent", "sandbox", "bad line"),
    *("watched", "muted", "state"),
)
"""The words of the two lines on top."""
SCREEN: Final = (
    *("spare notice", "rule lines", "rest of call", "rest of write-up", "second line of notice"),
    *("list", "notice"),
    *("field", "write-up", "call", "lines"),
)
"""The parts of the console, by the rows that each gets (`share`)."""
SHORT: Final = 18
"""Rows of a terminal below which dialogs and forms have no border and no blank rows."""
NEVER: Final = {
    *("choices", "other call", "stays", "third", "who"),
    *("watched", "muted", "state"),
    *("field", "write-up", "call", "lines"),
}

Ranked = tuple[str, Row]
"""A name of one of the tables, and what it is about."""


def fitting(rows: Sequence[Ranked], height: int) -> list[Row]:
    """The rows of `CALL` that there is room for, in their own order; empty ones are left out
    unless they are blank on purpose. The last figure of those that remain tells that some went;
    one level bar alone would mislead."""
    kept = [(name, pieces) for name, pieces in rows if pieces or name == "blank"]
    goes = sorted(range(len(kept)), key=lambda at: (CALL.index(kept[at][0]), -at))
    gone = set(goes[: max(0, len(kept) - height)])
    names = [name for at, (name, _) in enumerate(kept) if at in gone]
    if "bars" in names:
        gone |= {at for at, (name, _) in enumerate(kept) if name == "bars"}
    left = [at for at in range(len(kept)) if at not in gone]
    shown = [kept[at][1] for at in left]
    for name in {"failure", "figures", "asks"} & set(names):
        last = max((n for n, at in enumerate(left) if kept[at][0] == name), default=-1)
        if last >= 0:
            shown[last] = (*shown[last], (" …", "$dim"))
    return shown


def needed(rows: Sequence[Ranked]) -> int:
    """How many of the rows never go."""
    return sum(name in NEVER and bool(pieces) for name, pieces in rows)


def one_line(left: Sequence[Ranked], right: Sequence[Ranked], cells: int) -> Row:
    """One line of `HEADING`: what stands left and right, without what there is no room for."""
    every = sorted((*left, *right), key=lambda each: HEADING.index(each[0]))
    gone: set[str] = set()

    def made(parts: Sequence[Ranked]) -> Row:
        return tuple(piece for name, pieces in parts if name not in gone for piece in pieces)

    for name, _ in every:
        if width_of(made(left)) + width_of(made(right)) + 1 <= cells or name in NEVER:
            break
        gone.add(name)
    return two_sided(made(left), made(right), cells)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Rows that the parts of the console would like, and those that never go."""

    lines: int = 0
    call: int = 0
    call_needs: int = 0
    field: int = 0
    writeup: int = 0
    writeup_needs: int = 0
    list: int = 0
    """Of the list that is open: what it is of use with."""
    notice: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """Rows that the parts get; the list takes what is left."""

    call: int
    writeup: int
    notice: int
    rules: bool
    """Lines stand above and below the call and the write-up."""


NOTICE: Final = 2
"""Rows of a notice, kept free while there is none, so that nothing jumps."""


def share(rows: int, wanted: Wanted) -> Share:
    """Part so many rows between heading and key bar: what stands last in `SCREEN` gets first."""
    panels = bool(wanted.call or wanted.field) + bool(wanted.writeup)
    notice = min(wanted.notice, NOTICE)
    wishes = {
        "lines": wanted.lines,
        "call": wanted.call_needs,
        "write-up": wanted.writeup_needs,
        "field": wanted.field,
        "notice": min(notice, 1),
        "list": wanted.list,
        "second line of notice": max(0, notice - 1),
        "rest of write-up": max(0, wanted.writeup - wanted.writeup_needs),
        "rest of call": max(0, wanted.call - wanted.call_needs),
        "rule lines": 2 * panels,
        "spare notice": NOTICE - notice,
    }
    got: dict[str, int] = {}
    left = max(0, rows)
    for name in reversed(SCREEN):
        got[name] = min(wishes[name], left)
        if name == "rule lines" and got[name] < wishes[name]:
            got[name] = 0
        left -= got[name]
    return Share(
        call=got["call"] + got["rest of call"],
        writeup=got["write-up"] + got["rest of write-up"],
        notice=got["notice"] + got["second line of notice"] + got["spare notice"],
        rules=bool(panels) and got["rule lines"] > 0,
    )


def gap() -> Ranked:
    """A row that is blank on purpose."""
    return "blank", row(" ")

"""The history as a CSV: words where there are some, codes where nobody gave any."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from tui.engine.agent.history import columns as sounded
from tui.port.values import BREAK, HistoryEntry

CSV_HEAD: Final = (
    *("began", "direction", "number", "group", "ring_seconds", "talk_seconds", "hold_seconds"),
    *("reason", "outcome", "note", "missed"),
    *sounded.CSV_HEAD,
    "name",
)
_PLACE: Final = re.compile(r"\{(\w+)\}")


def head(words: Mapping[str, str]) -> tuple[str, ...]:
    """The titles of the columns."""
    return tuple(words.get(f"csv.{name}", name) for name in CSV_HEAD)


def line(entry: HistoryEntry, words: Mapping[str, str]) -> tuple[str, ...]:
    """One row. `words` are sentences by id, and outcomes by their names in the config; what is not
    among them stands as it is kept."""
    try:
        began = datetime.fromtimestamp(entry.began).astimezone().isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):  # of a clock that was wrong
        began = ""
    talk = "" if entry.talk_time is None else f"{entry.talk_time:.0f}"
    direction = BREAK if entry.kind == BREAK else "out" if entry.outgoing else "in"
    missed = "1" if entry.missed else "0"
    return (
        began,
        words.get(f"csv.{direction}", direction),
        entry.number,
        entry.group,
        f"{entry.ring_time:.0f}",
        talk,
        f"{entry.hold_time:.0f}",
        _said(entry, words),
        words.get(entry.outcome, entry.outcome),
        entry.note,
        words.get("csv.yes" if entry.missed else "csv.no", missed),
        *sounded.written(entry),
        entry.name,
    )


def _said(entry: HistoryEntry, words: Mapping[str, str]) -> str:
    """Why it ended."""
    values = dict(entry.reason_values)
    sentence = words.get(entry.reason)
    if sentence is None:
        return entry.reason
    return _PLACE.sub(lambda found: values.get(found[1], ""), sentence).strip()

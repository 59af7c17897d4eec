"""The figures of a shift by group, outcome and break, from what the history has."""

from __future__ import annotations

from collections.abc import Iterable

from tui.port import replace
from tui.port.values import BREAK, HistoryEntry
from tui.port.work import BreakFigures, CallFigures, ShiftReport


def report(entries: Iterable[HistoryEntry], began: float, until: float) -> ShiftReport:
    """All that began between the two (Unix seconds). A break that goes on counts until now."""
    total = CallFigures("")
    groups: dict[str, CallFigures] = {}
    outcomes: dict[str, CallFigures] = {}
    breaks: dict[str, BreakFigures] = {}
    for entry in entries:
        if entry.kind == BREAK:
            known = breaks.get(entry.name, BreakFigures(entry.name))
            lasted = until - entry.began if entry.talk_time is None else entry.talk_time
            breaks[entry.name] = replace(
                known,
                count=known.count + 1,
                time=known.time + max(0.0, lasted),
                too_long=known.too_long + (entry.reason == "break.too_long"),
            )
            continue
        total = _with(total, entry)
        groups[entry.group] = _with(groups.get(entry.group, CallFigures(entry.group)), entry)
        if entry.talk_time is not None:
            was = outcomes.get(entry.outcome, CallFigures(entry.outcome))
            outcomes[entry.outcome] = _with(was, entry)
    return ShiftReport(
        began,
        until,
        total,
        tuple(sorted(groups.values(), key=lambda each: each.name)),
        tuple(sorted(outcomes.values(), key=lambda each: (-each.answered, each.name))),
        tuple(sorted(breaks.values(), key=lambda each: each.name)),
    )


def _with(figures: CallFigures, entry: HistoryEntry) -> CallFigures:
    """The figures with one more call in them."""
    if entry.talk_time is None:
        return replace(figures, missed=figures.missed + 1) if entry.missed else figures
    way = "outgoing" if entry.outgoing else "incoming"
    figures = replace(figures, **{way: getattr(figures, way) + 1})
    return replace(
        figures,
        talk_time=figures.talk_time + entry.talk_time,
        longest=max(figures.longest, entry.talk_time),
        hold_time=figures.hold_time + entry.hold_time,
    )

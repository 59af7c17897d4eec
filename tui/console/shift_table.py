"""The figures of a shift in words: rows for a screen, rows for a spreadsheet."""

from __future__ import annotations

from datetime import datetime

from tui.console.i18n import tr
from tui.console.widgets.formats import duration, outcome_word
from tui.port.work import CallFigures, ShiftReport

Cells = tuple[str, ...]
"""A name and its figures, as they are read."""


def call_head() -> Cells:
    """The titles of what `call_cells` gives."""
    ids = ("answered_in", "answered_out", "missed", "talk", "longest", "hold")
    return tuple(tr(f"shift.{id}") for id in ids)


def call_cells(figures: CallFigures) -> Cells:
    """The figures of some calls."""
    return (
        str(figures.incoming),
        str(figures.outgoing),
        str(figures.missed),
        duration(figures.talk_time),
        duration(figures.longest),
        duration(figures.hold_time),
    )


def group_name(name: str) -> str:
    """What a group is called here."""
    return name or tr("shift.no_group")


def outcome_name(name: str) -> str:
    """What an outcome is called here."""
    return outcome_word(name) if name else tr("shift.no_outcome")


def csv_rows(report: ShiftReport) -> list[Cells]:
    """A head, then a row for the whole, each group, each outcome and each break. Times in whole
    seconds: a spreadsheet adds them."""
    ids = (
        *("from", "to", "kind", "name", "answered_in", "answered_out", "missed", "talk_seconds"),
        *("longest_seconds", "hold_seconds", "count", "break_seconds", "too_long"),
    )
    span = (_stamp(report.began), _stamp(report.until))
    rows: list[Cells] = [tuple(tr(f"shift.csv_{id}") for id in ids)]
    rows.append((*span, tr("shift.kind_total"), "", *_figures(report.total)))
    for kind, figures, name in (
        ("group", report.groups, group_name),
        ("outcome", report.outcomes, outcome_name),
    ):
        rows += [
            (*span, tr(f"shift.kind_{kind}"), name(each.name), *_figures(each)) for each in figures
        ]
    for pause in report.breaks:
        lasted = (str(pause.count), f"{pause.time:.0f}", str(pause.too_long))
        rows.append((*span, tr("shift.kind_break"), pause.name, *("",) * 6, *lasted))
    return rows


def _figures(each: CallFigures) -> Cells:
    return (
        str(each.incoming),
        str(each.outgoing),
        str(each.missed),
        f"{each.talk_time:.0f}",
        f"{each.longest:.0f}",
        f"{each.hold_time:.0f}",
        *("",) * 3,
    )


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().isoformat(timespec="seconds")

"""The calls of the last hours, the newest first."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll

from tui.actions import View
from tui.engine.state import CallRecord, Snapshot
from tui.i18n import render, tr
from tui.widgets.glyphs import glyphs
from tui.widgets.rows import Row, Rows, cut, row
from tui.widgets.words import Clocks, duration, fit, outcome_word, spaced


class RecentRows(Rows):
    """All rows; the list around them scrolls."""

    DEFAULT_CSS = "RecentRows { height: auto; }"


class RecentCalls(VerticalScroll, can_focus=True):
    """A list that PgUp and PgDn scroll."""

    DEFAULT_CSS = """
    RecentCalls { padding: 0 2; height: 1fr; scrollbar-size-vertical: 1; }
    """

    def __init__(self, clocks: Clocks) -> None:
        super().__init__(id="recent")
        self._clocks = clocks
        self._rows = RecentRows()
        self._shown: tuple[object, object, int] | None = None

    def compose(self) -> ComposeResult:
        yield self._rows

    def retranslate(self) -> None:
        """The language has changed."""
        self._shown = None

    def show(self, view: View) -> None:
        """Draw the view's recent calls; laid out again only when their number changed."""
        width = self.content_size.width
        recent = view.snapshot.recent
        drawn = (recent, view.snapshot.shift, width)
        if not width or self._shown == drawn:
            return
        self._shown = drawn
        rows = [self._summary(view.snapshot), *(self._record(record) for record in recent)]
        self._rows.styles.height = len(rows)
        self._rows.draw(cut(line, width) for line in rows)

    def _summary(self, snapshot: Snapshot) -> Row:
        if not snapshot.recent:
            return row((tr("recent.none"), "$dim"))
        shift = snapshot.shift
        return row(
            (tr("recent.today"), "bold"),
            ("   " + tr("recent.answered", n=shift.talked), "$dim"),
            ("   " + tr("missed", n=shift.missed), "$dim"),
            ("   " + tr("recent.time", time=duration(shift.talk_time)), "$dim"),
            ("   " + tr("recent.longest", time=duration(shift.longest)), "$dim"),
        )

    def _record(self, record: CallRecord) -> Row:
        arrow = glyphs().out if record.outgoing else glyphs().into
        length = duration(record.talk_time) if record.talk_time is not None else "–"
        why = render(record.outcome) if record.outcome is not None else ""
        number = spaced(record.number) or tr("call.no_number")
        return row(
            ("  " + self._clocks.time_of_day(record.ended) + "  ", "$dim"),
            (arrow + " ", "$dim"),
            (fit(number, 16), ""),
            (f"{length:>8}  ", ""),
            (tr("recent.missed") + "  " if record.missed else "", "bold $ring"),
            (outcome_word(record.result) or why, "$dim"),
            ("   " + tr("recent.note") if record.note else "", "$dim"),
        )

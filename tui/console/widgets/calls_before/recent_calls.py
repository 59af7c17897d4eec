"""The queues of a PBX, where there are any, and the calls of the last hours, the newest first."""

from __future__ import annotations

from typing import Final

from textual.app import ComposeResult
from textual.containers import VerticalScroll

from tui.console import queue_words
from tui.console.i18n import render, tr
from tui.console.view import View
from tui.console.widgets.formats import Clocks, duration, fit, outcome_word, spaced
from tui.console.widgets.glyphs import glyphs
from tui.console.widgets.rows import Row, Rows, cut, row, width_of
from tui.port.queues import AgentQueue
from tui.port.snapshot import Snapshot
from tui.port.values import CallRecord

ROOMY: Final = 90
"""Cells from which on a row has the name, and the note itself."""
NAME_CELLS: Final = 14
QUEUE_CELLS: Final = 18
"""Cells for the state of a queue, in words."""


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
        self._shown: tuple[object, object, object, int] | None = None

    def compose(self) -> ComposeResult:
        yield self._rows

    def retranslate(self) -> None:
        """The language has changed."""
        self._shown = None

    def show(self, view: View) -> None:
        """Draw the view's recent calls; laid out again only when their number changed."""
        width = self.content_size.width
        recent = view.snapshot.recent
        queues = view.snapshot.queues
        drawn = (recent, view.snapshot.shift, queues, width)
        if not width or self._shown == drawn:
            return
        self._shown = drawn
        roomy = width >= ROOMY
        rows = [
            *(line for each in queues for line in self._queue(each, width)),
            *([row(" ")] if queues else []),
            self._summary(view.snapshot),
            *(self._record(each, roomy) for each in recent),
        ]
        self._rows.styles.height = len(rows)
        self._rows.draw(cut(line, width) for line in rows)

    def _queue(self, queue: AgentQueue, width: int) -> list[Row]:
        """A queue of the PBX: its state and since when; why, beside it or below."""
        since = self._clocks.time_of_day(queue.since) if queue.since else ""
        state = fit(queue_words.state_word(queue), QUEUE_CELLS)
        said = [each for each in (queue_words.why(queue), queue_words.lamp(queue)) if each]
        more = (glyphs().between.join(said), "$dim")
        head = row(
            (fit(queue.name, NAME_CELLS) + " ", "$strong"),
            (state, queue_words.state_style(queue)),
            (f"{since:>6}  ", "$dim"),
        )
        beside = row(*head, more)
        if width_of(beside) <= width:
            return [beside]
        return [head, row(("  ", ""), more)]

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

    def _record(self, record: CallRecord, roomy: bool) -> Row:
        arrow = glyphs().out if record.outgoing else glyphs().into
        length = duration(record.talk_time) if record.talk_time is not None else "–"
        why = render(record.outcome) if record.outcome is not None else ""
        number = spaced(record.number) or tr("call.no_number")
        return row(
            ("  " + self._clocks.time_of_day(record.ended) + "  ", "$dim"),
            (arrow + " ", "$dim"),
            (fit(number, 16), ""),
            (fit(record.name, NAME_CELLS) + " " if roomy else "", "$dim"),
            (f"{length:>8}  ", ""),
            (tr("recent.missed") + "  " if record.missed else "", "bold $ring"),
            (outcome_word(record.result) or why, "$dim"),
            ("   " + (record.note if roomy else tr("recent.note")) if record.note else "", "$dim"),
        )

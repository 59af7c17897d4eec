"""The lines of a phone of one's own: one row each, as soon as there are two. The mark says which
one the keys act on; it is moved by the agent, never by a call that comes in."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len

from tui.console.i18n import tr
from tui.console.view import View
from tui.console.widgets.formats import Clocks, by_the_minute, duration, fit, spaced
from tui.console.widgets.glyphs import glyphs
from tui.console.widgets.heading import call_start
from tui.console.widgets.laid_out import when_laid_out
from tui.console.widgets.rows import Row, Rows, row, two_sided, who_first, width_of
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Call

STATE_CELLS: Final = 13
TIME_CELLS: Final = 7
NUMBER_CELLS: Final = 16
_STATES: Final = {
    CallState.RINGING: ("lines.ringing", "bold $ring"),
    CallState.DIALING: ("lines.calling", "$strong"),
    CallState.PROCEEDING: ("lines.ringing_there", "$strong"),
    CallState.ANSWERING: ("lines.answering", "$strong"),
    CallState.TALKING: ("lines.talking", "bold $good"),
    CallState.HOLDING: ("lines.held", "$ring"),
    CallState.DECLINING: ("lines.ending", "$dim"),
    CallState.ENDING: ("lines.ending", "$dim"),
}


def live_lines(view: View) -> list[Call]:
    """The calls that there are, by line."""
    return sorted((call for call in view.snapshot.calls if call.live), key=lambda c: c.line)


def word_of(call: Call) -> tuple[str, str]:
    """Message id and style of a line's state."""
    if call.state is CallState.TALKING and call.peer_holds:
        return "lines.peer_holds", "$ring"
    if call.state is CallState.TALKING and call.joined:
        return "lines.joined", "bold $good"
    if call.state is CallState.PROCEEDING and call.early:
        return "lines.early", "$strong"
    return _STATES.get(call.state, ("lines.ending", "$dim"))


def line_row(call: Call, marked: bool, clocks: Clocks, width: int, *, calm: bool = False) -> Row:
    """One line: mark, number of the line, state, time in it, who; and what is to be known."""
    id, style = word_of(call)
    since = clocks.monotonic() - call_start(call)
    elapsed = by_the_minute(since) if calm else duration(since)
    aside = []
    if call.transfer:
        aside.append((glyphs().out + " " + call.transfer, "$ring"))
    if call.muted:
        aside.append((tr("lines.muted"), "bold $bad"))
    if not call.verified and not call.outgoing:
        aside.append((tr("lines.unverified"), "$ring"))
    right = tuple(piece for each in aside for piece in (("  ", ""), each))
    rings = call.state is CallState.RINGING

    def left(states: int, times: int, name: str) -> Row:
        time = (f"{elapsed:>{times}}  ", style if rings else "$dim")
        return row(
            (glyphs().folded if marked else " ", "bold $key"),
            (f" {call.line}  ", "bold $key" if marked else "$dim"),
            (fit(tr(id), states), style),
            time if times else "",
            (name, "$strong" if marked else ""),
        )

    number = spaced(call.number) or tr("call.no_number")
    word = cell_len(tr(id)) + 1
    for made in (
        left(STATE_CELLS, TIME_CELLS, who(call, NUMBER_CELLS)),
        left(word, cell_len(elapsed), who(call)),
        left(word, 0, who(call)),  # the time goes first, then the name
    ):
        if width_of(made) + width_of(right) < width:
            return two_sided(made, right, width)
    return who_first(left(word, 0, number), right, width)


def who(call: Call, cells: int = 0) -> str:
    """Number and name, as far as they are known; the number in so many cells at least."""
    number = spaced(call.number) or tr("call.no_number")
    if not call.name or call.name == call.number:
        return number
    return number + " " * max(2, cells + 2 - cell_len(number)) + call.name


def waiting(view: View, key: str) -> Row:
    """Another call rings while the marked one goes on; `key` goes there."""
    current = view.snapshot.call
    for call in live_lines(view):
        if call.state is CallState.RINGING and call is not current:
            return row((tr("lines.waiting", line=call.line, key=key), "bold $ring"))
    return ()


class LineRows(Rows):
    """As high as there are lines, and not there for a single one: the panel tells all of it."""

    DEFAULT_CSS = "LineRows { height: 0; padding: 0 1; display: none; }"

    def __init__(self, clocks: Clocks) -> None:
        super().__init__(id="lines")
        self._clocks = clocks
        self._high = 0
        self._view: View | None = None

    def on_mount(self) -> None:
        when_laid_out(self, self._fit)

    def _fit(self) -> None:
        """Its room is known only once there is something in it."""
        if self._view is not None:
            self.show(self._view)

    def show(self, view: View) -> None:
        """Draw the view."""
        self._view = view
        lines = live_lines(view)
        high = len(lines) if len(lines) > 1 else 0
        if high != self._high:
            self._high = high
            self.styles.height = high
            self.display = high > 0
        width = self.content_size.width
        if not high or not width:
            self.draw([])
            return
        current = view.snapshot.call
        key = current.key if current is not None else ""
        self.draw(
            line_row(call, call.key == key, self._clocks, width, calm=view.calm) for call in lines
        )

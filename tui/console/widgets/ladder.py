"""A ladder of messages: one a line, between the rail of us and the rail of the other side."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len, set_cell_size

from tui.console.i18n import tr
from tui.console.widgets.formats import Clocks
from tui.console.widgets.glyphs import glyphs
from tui.console.widgets.laid_out import when_laid_out
from tui.console.widgets.rows import Rows, row
from tui.port.ladder import Ladder, Rung, RungKind

FINE: Final = 56
"""Cells from which on the time has its milliseconds."""
_LEAST: Final = 12
"""Cells between the rails, however narrow it is."""
_SIGNS: Final = {
    False: {RungKind.SIP: ("│", "─", "◀", "▶"), RungKind.CONTROL: ("│", "═", "◀", "▶")},
    True: {RungKind.SIP: ("|", "-", "<", ">"), RungKind.CONTROL: ("|", "=", "<", ">")},
}
"""By whether it is to be ASCII: rail, line, arrows."""


def lines_of(rungs: Sequence[Rung], width: int, clocks: Clocks) -> list[str]:
    """Each in exactly `width` cells. SIP is drawn with a single line, control messages with a
    double one."""
    return [_line(rung, width, clocks) for rung in rungs]


def head_of(width: int) -> str:
    """Whose rails they are."""
    us, them = tr("ladder.us"), tr("ladder.them")
    before = _time_cells(width)
    gap = width - before - cell_len(us) - cell_len(them)
    return " " * before + us + " " * max(1, gap) + them


class LadderPane(Rows):
    """As many of the newest as there is room for; what came within a second is bright."""

    SCOPED_CSS = False
    DEFAULT_CSS = """
    LadderPane { width: 1fr; height: 100%; padding: 0 1; border-top: solid $rule; }
    ConsoleScreen.-narrow LadderPane { display: none; }
    """

    def __init__(self, clocks: Clocks) -> None:
        super().__init__(id="ladder")
        self._clocks = clocks
        self._ladder = Ladder()

    def show(self, ladder: Ladder) -> None:
        """Draw it."""
        self._ladder = ladder
        width, height = self.content_size
        if not width or height < 2:
            return
        newest = ladder.rungs[-(height - 1) :]
        lines = lines_of(newest, width, self._clocks)
        since = self._clocks.monotonic() - 1
        styles = ("$strong" if rung.at > since else "$dim" for rung in newest)
        drawn = [row((line, style)) for line, style in zip(lines, styles, strict=True)]
        self.draw([row((head_of(width), "$dim")), *drawn])

    def on_mount(self) -> None:
        # Another width, other lines.
        when_laid_out(self, lambda: self.show(self._ladder))


def _time_cells(width: int) -> int:
    return 13 if width >= FINE else 9


def _line(rung: Rung, width: int, clocks: Clocks) -> str:
    then = clocks.wall() - (clocks.monotonic() - rung.at)
    stamp = time.strftime("%H:%M:%S", time.localtime(then))
    if width >= FINE:
        stamp += f".{int(then * 1000) % 1000:03}"
    rail, line, left, right = _SIGNS[glyphs().full == "#"][rung.kind]
    room = max(_LEAST, width - _time_cells(width) - 2)
    text = rung.text
    if cell_len(text) > room - 5:
        text = set_cell_size(text, room - 6).rstrip() + "…"
    rest = line * (room - 4 - cell_len(text))
    drawn = f"{line} {text} {rest}{right}" if rung.sent else f"{left}{rest} {text} {line}"
    return f"{stamp} {rail}{drawn}{rail}"

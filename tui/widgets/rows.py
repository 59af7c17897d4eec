"""Rows: a few lines of styled text that repaint only the cells that changed.

Textual repaints a whole widget, and `Static.update` lays out the screen again: over a slow line
a clock costs 2.6 kB a second that way. Here a new set of rows is compared with the last, cell by
cell, and only the span that differs is sent.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget

from tui.widgets.words import fit

Piece = tuple[str, str]
"""Text, and its style ("" for the widget's own). The text is never read as markup."""
Row = tuple[Piece, ...]


def row(*pieces: str | Piece) -> Row:
    """A row of pieces; plain strings have the widget's own style."""
    return tuple((piece, "") if isinstance(piece, str) else piece for piece in pieces if piece)


def width_of(pieces: Iterable[Piece]) -> int:
    """Cells."""
    return sum(cell_len(text) for text, _ in pieces)


def cut(pieces: Row, cells: int) -> Row:
    """The row, no wider than so many cells."""
    kept: list[Piece] = []
    left = cells
    for text, style in pieces:
        width = cell_len(text)
        if width > left:
            if left > 0:
                kept.append((fit(text, left), style))
            break
        kept.append((text, style))
        left -= width
    return tuple(kept)


def two_sided(left: Row, right: Row, cells: int) -> Row:
    """Left and right parts with the space between; the left one is cut when there is no room."""
    right = cut(right, cells)
    room = cells - width_of(right)
    left = cut(left, max(0, room - 1))
    return (*left, (" " * (room - width_of(left)), ""), *right)


def _cells(pieces: Row) -> list[tuple[str, str]]:
    """One entry for each cell: the character that begins there ("" for a second half)."""
    cells: list[tuple[str, str]] = []
    for text, style in pieces:
        for character in text:
            width = cell_len(character)
            if width == 0 and cells:
                cells[-1] = (cells[-1][0] + character, style)
                continue
            cells.append((character, style))
            cells.extend([("", style)] * (width - 1))
    return cells


def changed_span(old: Row, new: Row) -> tuple[int, int] | None:
    """First and past-the-last cell that differ; None when nothing does."""
    if old == new:
        return None
    before, after = _cells(old), _cells(new)
    length = max(len(before), len(after))
    blank = (" ", "")
    before += [blank] * (length - len(before))
    after += [blank] * (length - len(after))
    differing = [index for index in range(length) if before[index] != after[index]]
    if not differing:
        return None
    # A wide character is drawn whole: neither begin nor end between its halves.
    first = differing[0]
    while first > 0 and ("" in (before[first][0], after[first][0])):
        first -= 1
    end = differing[-1] + 1
    while end < length and "" in (before[end][0], after[end][0]):
        end += 1
    return first, end


class Rows(Widget):
    """A widget of rows. Subclasses compute them; `draw` puts them on the screen."""

    DEFAULT_CSS = """
    Rows { height: 1; text-wrap: nowrap; text-overflow: clip; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._drawn: tuple[Row, ...] = ()

    def draw(self, rows: Iterable[Row]) -> None:
        """Show these rows; repaints only what differs from those shown."""
        new = tuple(rows)
        old, self._drawn = self._drawn, new
        count = max(len(old), len(new))
        regions = []
        for line in range(count):
            span = changed_span(
                old[line] if line < len(old) else (), new[line] if line < len(new) else ()
            )
            if span is not None:
                regions.append(Region(span[0], line, span[1] - span[0], 1))
        if regions:
            self.refresh(*regions)

    @property
    def text(self) -> str:
        """What is shown, as plain text: for tests and screen readers."""
        return "\n".join("".join(text for text, _ in pieces) for pieces in self._drawn)

    def render(self) -> Content:
        return Content("\n").join(Content.assemble(*pieces) for pieces in self._drawn)

"""Rows: a few lines of styled text that repaint only the cells that changed.

Textual repaints a whole widget, and `Static.update` lays out the screen again: over a slow line
a clock costs 2.6 kB a second that way. Here a new set of rows is compared with the last, cell by
cell, and only the span that differs is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from itertools import groupby
from operator import itemgetter

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style as Pen
from textual.content import Content
from textual.geometry import Offset, Region
from textual.message import Message as TextualMessage
from textual.strip import Strip
from textual.style import Style
from textual.widget import Widget

from tui.console.widgets.formats import fit

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
    """The row, no wider than so many cells; what was cut off shows as "…"."""
    if width_of(pieces) <= cells:
        return pieces
    while pieces and (not pieces[-1][0] or pieces[-1][0].endswith(" ")):
        text, style = pieces[-1]  # blanks at the end are no loss
        text = text.rstrip()
        spare = cells - width_of(pieces[:-1]) - cell_len(text)
        if spare >= 0:
            return (*pieces[:-1], (text + " " * spare, style))
        pieces = (*pieces[:-1], (text, style)) if text else pieces[:-1]
    kept: list[Piece] = []
    left = cells
    for text, style in pieces:
        width = cell_len(text)
        if width >= left:  # something follows: the last cell tells so
            if left > 0:
                kept.append((fit(text + "  ", left), style))
            break
        kept.append((text, style))
        left -= width
    return tuple(kept)


@cache
def _words() -> re.Pattern[str]:
    """What a line is broken between; a closing sign stays with what it closes. Python takes 5 ms to
    compile it, which the first frame does not wait for."""
    return re.compile(
        r"\s+|[^\s\u2e80-\uffef]+[，。、；：！？）”]*|[\u2e80-\uffef][，。、；：！？）”]*"
    )


def folded(pieces: Row, cells: int, most: int = 0) -> list[Row]:
    """The row in lines of so many cells: broken at spaces, else anywhere (Chinese has none). With
    `most`, that many lines at most; what was cut off shows as "…". In a terminal that is narrower
    than what stands beside the row there may be less than no room: a line has a cell then."""
    cells = max(1, cells)
    lines: list[Row] = []
    line: list[Piece] = []
    used = 0
    for text, style in pieces:
        for word in _words().findall(text):
            width = cell_len(word)
            if used + width > cells and used:
                lines.append(tuple(line))
                line, used = [], 0
            if not used and lines and word.isspace():
                continue
            while width > cells:
                head = set_cell_size(word, cells)
                lines.append(((head, style),))
                word = word[max(1, len(head.rstrip(" "))) :]
                width = cell_len(word)
            line.append((word, style))
            used += width
    lines.append(tuple(line))
    if most and len(lines) > most:
        rest = tuple(piece for each in lines[most - 1 :] for piece in (*each, (" ", "")))
        lines[most - 1 :] = [cut(rest, cells)]
    return [_joined(each) for each in lines]


def flowing(groups: Sequence[Row], cells: int, gap: str = "   ") -> list[Row]:
    """Groups of pieces side by side, on as many lines as they need; a group is parted only where
    it is wider than a line."""
    lines: list[Row] = []
    for group in groups:
        together = (*lines[-1], (gap, ""), *group) if lines else group
        if lines and width_of(together) <= cells:
            lines[-1] = together
        else:
            lines += folded(group, cells)
    return lines


def _joined(pieces: Row) -> Row:
    """Neighbours of one style as one piece."""
    joined: list[Piece] = []
    for text, style in pieces:
        if joined and joined[-1][1] == style:
            joined[-1] = (joined[-1][0] + text, style)
        else:
            joined.append((text, style))
    return tuple(joined)


def two_sided(left: Row, right: Row, cells: int) -> Row:
    """Left and right parts with the space between; the left one is cut when there is no room."""
    right = cut(right, cells)
    room = cells - width_of(right)
    left = cut(left, max(0, room - 1))
    return (*left, (" " * (room - width_of(left)), ""), *right)


def who_first(left: Row, right: Row, cells: int) -> Row:
    """As `two_sided`, but the right part makes way for the left one."""
    return two_sided(left, cut(right, max(0, cells - width_of(left) - 1)), cells)


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


@lru_cache(maxsize=512)
def _pen(base: Style, style: Style) -> Pen:
    return (base + style).rich_style


def strip_of(widget: Widget, pieces: Row, cells: int) -> Strip:
    """The row as one line of the widget, so many cells at most; the rest has its background.

    Textual's way there (a `Content`, wrapped, measured and given the place of every piece as part
    of its style, for a selection that is the terminal's here) takes ten times as long."""
    base = widget.visual_style
    segments: list[Segment] = []
    for style, together in groupby(filter(itemgetter(0), pieces), itemgetter(1)):
        texts = [text for text, _ in together]
        if style:
            pen = _pen(base, Style.parse(style))
            segments += (Segment(text, pen) for text in texts)
        else:
            segments.append(Segment("".join(texts), base.rich_style))
    strip = Strip(segments)
    return strip if strip.cell_length <= cells else strip.crop(0, cells)


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
        old, self._drawn = self._fitted(self._drawn), new
        new = self._fitted(new)
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

    def place_of(self, text: str) -> Offset | None:
        """The cell of the terminal at which this text begins; None where it is not shown."""
        for y, pieces in enumerate(self._fitted(self._drawn)):
            before, found, _ = "".join(each for each, _ in pieces).partition(text)
            if found:
                return self.content_region.offset + Offset(cell_len(before), y)
        return None

    class Pressed(TextualMessage):
        """A click on what may be a printed key: the words of the piece, and of the one before."""

        def __init__(self, words: tuple[str, ...]) -> None:
            super().__init__()
            self.words = words

    def press(self, x: int, y: int) -> None:
        """A click in that cell of the widget's content."""
        rows = self._fitted(self._drawn)
        end = 0
        before = ""
        for text, _ in rows[y] if 0 <= y < len(rows) else ():
            end += cell_len(text)
            if x < end:
                self.post_message(self.Pressed((text.strip(), before.strip())))
                return
            before = text

    @property
    def text(self) -> str:
        """What is shown, as plain text: for tests and screen readers."""
        return "\n".join("".join(text for text, _ in pieces) for pieces in self._drawn)

    def _fitted(self, rows: tuple[Row, ...]) -> tuple[Row, ...]:
        """As they are drawn: a line that does not wrap is cut where one can see it."""
        width = self.content_size.width
        if not width or self.styles.text_wrap == "wrap":
            return rows
        return tuple(cut(pieces, width) for pieces in rows)

    def render_line(self, y: int) -> Strip:
        if self.styles.text_wrap == "wrap":
            return super().render_line(y)
        width = self.content_size.width
        pieces = self._drawn[y] if y < len(self._drawn) else ()
        return strip_of(self, cut(pieces, width), width)

    def render(self) -> Content:
        rows = self._fitted(self._drawn)
        return Content("\n").join(Content.assemble(*pieces) for pieces in rows)

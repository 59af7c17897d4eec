"""What is on the terminal, cell by cell, and the least that makes it what it should be.

Textual sends each region that was asked to repaint, however little of it differs, and the whole
screen for whatever moves below a dialog. Here only the difference is written, and a frame that
the terminal had no time for is never written: the next one holds what is true by then.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate

from tui.text import is_control

NEAR: Final = 6
"""Cells that are written again rather than stepped over: a step costs about as many bytes."""


class Pen(NamedTuple):
    """SGR parameters, each without its separator: attributes, foreground, background."""

    attributes: str
    foreground: str
    background: str


PLAIN: Final = Pen("", "", "")


class Cell(NamedTuple):
    """What begins in a cell. The cells that a wide character goes on into hold `REST`."""

    text: str
    pen: Pen


BLANK: Final = Cell(" ", PLAIN)
REST: Final = Cell("", PLAIN)


class Frames:
    """`want` takes Textual's updates; `difference` gives what to write, and takes it for written.

    `colours`: what the terminal has, as rich names it; None: no colours."""

    def __init__(self, colours: ColorSystem | None) -> None:
        self._colours = colours
        self._wanted: list[list[Cell]] = []
        self._shown: list[list[Cell]] = []
        self._cleared = True
        self._cursor = (-1, -1)

    def reset(self) -> None:
        """Nothing is known of what the terminal shows."""
        self._cleared = True

    def want(self, update: CompositorUpdate, width: int, height: int) -> None:
        """Take an update of a screen of that size, in cells."""
        if len(self._wanted) != height or len(self._wanted[0]) != width:
            self._wanted = [[BLANK] * width for _ in range(height)]
            self.reset()
        if isinstance(update, LayoutUpdate):
            for y, strips in enumerate(update.strips, update.region.y):
                if y < height:
                    segments = (segment for strip in strips for segment in strip)
                    self._put(y, update.region.x, segments)
        elif isinstance(update, ChopsUpdate):
            for y, x1, x2 in update.spans:
                ends = update.chop_ends[y]
                for end, (x, strip) in zip(ends, update.chops[y].items(), strict=False):
                    if y < height and strip is not None and x < x2 and end > x1:
                        self._put(y, x, strip, x1, x2)

    def _put(
        self, y: int, x: int, segments: Iterable[Segment], left: int = 0, right: int | None = None
    ) -> None:
        """Put the segments from column x on; only what is from `left` to `right` is valid."""
        row, width = self._wanted[y], len(self._wanted[y])
        right = width if right is None else min(right, width)
        for text, style, control in segments:
            if control:
                continue
            pen = _pen(style, self._colours) if style is not None else PLAIN
            if text.isascii() and text.isprintable():  # nearly all of it: in one piece
                start, end = max(x, left), min(x + len(text), right)
                if start < end:
                    _part(row, start)
                    _part(row, end)
                    row[start:end] = [Cell(each, pen) for each in text[start - x : end - x]]
                x += len(text)
                continue
            for piece, size in _pieces(text):
                if x >= right + (not size) or x + size > width:
                    return
                if x + size <= left:
                    x += size
                    continue
                if not size:
                    if x:
                        at = _head(row, x - 1)
                        row[at] = row[at]._replace(text=row[at].text + piece)
                    continue
                _part(row, x)
                _part(row, x + size)
                row[x] = Cell(piece, pen)
                for rest in range(x + 1, x + size):
                    row[rest] = REST
                x += size

    def difference(self, cursor: tuple[int, int]) -> str:
        """What makes the terminal show what is wanted, with its cursor at (column, row)."""
        out: list[str] = []
        if self._cleared:
            out.append("\x1b[0m\x1b[2J")
            self._shown = [[BLANK] * len(row) for row in self._wanted]
            self._cleared, self._cursor = False, (-1, -1)
        pen = PLAIN
        for y, (wanted, shown) in enumerate(zip(self._wanted, self._shown, strict=True)):
            if wanted == shown:
                continue
            for start, end in _runs(wanted, shown):
                out.append(f"\x1b[{y + 1};{start + 1}H")
                for cell in wanted[start:end]:
                    if cell.text:
                        out += (_change(pen, cell.pen), cell.text)
                        pen = cell.pen
            self._shown[y] = wanted.copy()
        if pen != PLAIN:
            out.append("\x1b[0m")
        if out or cursor != self._cursor:
            out.append(f"\x1b[{cursor[1] + 1};{cursor[0] + 1}H")
            self._cursor = cursor
        return "".join(out)


def _runs(wanted: list[Cell], shown: list[Cell]) -> list[tuple[int, int]]:
    """Where a row differs: from and to, whole characters, near ones as one."""
    runs: list[tuple[int, int]] = []
    # Characters whose width terminals disagree on: what follows gets a place of its own.
    odd = [x for x, cell in enumerate(wanted) if len(cell.text) > 1]
    for x, (new, old) in enumerate(zip(wanted, shown, strict=True)):
        if new == old or (runs and x < runs[-1][1]):
            continue
        start, end = _head(wanted, x), x + 1
        while end < len(wanted) and wanted[end] is REST:
            end += 1
        joins = bool(runs) and start - runs[-1][1] <= NEAR
        if joins and not any(runs[-1][0] <= each < start for each in odd):
            runs[-1] = runs[-1][0], end
        else:
            runs.append((start, end))
    return runs


def _head(row: list[Cell], x: int) -> int:
    while x and row[x] is REST:
        x -= 1
    return x


def _part(row: list[Cell], x: int) -> None:
    """A wide character that lies across this border is written over in part: blanks stay."""
    if x < len(row) and row[x] is REST:
        at = _head(row, x)
        blank = Cell(" ", row[at].pen)
        row[at] = blank
        while at + 1 < len(row) and row[at + 1] is REST:
            at += 1
            row[at] = blank


def _change(old: Pen, new: Pen) -> str:
    """From one pen to another."""
    if old == new:
        return ""
    if old.attributes != new.attributes or _left(old, new):
        return f"\x1b[{';'.join(('0', *filter(None, new)))}m"
    parts = [now for was, now in zip(old[1:], new[1:], strict=True) if was != now]
    return f"\x1b[{';'.join(parts)}m"


def _left(old: Pen, new: Pen) -> bool:
    """A colour goes back to the terminal's own."""
    return any(was and not now for was, now in zip(old[1:], new[1:], strict=True))


@lru_cache(maxsize=1024)
def _pieces(text: str) -> tuple[tuple[str, int], ...]:
    """The characters of a text, each with its cells. What a terminal would act on is no part of a
    screen, wherever it came from."""
    if not text.isprintable():
        text = "".join(each for each in text if not is_control(each))
    if text.isascii():
        return tuple((character, 1) for character in text)
    sizes = [(character, cell_len(character)) for character in text]
    if (whole := cell_len(text)) != sum(size for _, size in sizes):
        return ((text, whole),)  # characters that are drawn as one
    return tuple(sizes)


@lru_cache(maxsize=1024)
def _pen(style: Style, colours: ColorSystem | None) -> Pen:
    if colours is None:
        return Pen(style.without_color._make_ansi_codes(ColorSystem.STANDARD), "", "")
    ground = ("", "")
    if style.color is not None:
        ground = (";".join(style.color.downgrade(colours).get_ansi_codes()), "")
    if style.bgcolor is not None:
        back = style.bgcolor.downgrade(colours).get_ansi_codes(foreground=False)
        ground = (ground[0], ";".join(back))
    return Pen(style.without_color._make_ansi_codes(colours), *ground)

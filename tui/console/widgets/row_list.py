"""A list of any length that draws only what is on the screen.

A DataTable takes 80 µs a row before its first frame, and repaints every visible row when one cell
changes. Here a row is made when it comes into sight, and what is sent to the terminal is the
cells that differ: a mark that moves, a state that changes. The list keeps its own place instead
of Textual's scrolling, which repaints the whole widget for each step.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

from textual import events
from textual.geometry import Offset, Region, Size
from textual.message import Message as TextualMessage
from textual.strip import Strip
from textual.widget import Widget

from tui.console.widgets.glyphs import glyphs
from tui.console.widgets.rows import Row, changed_span, cut, strip_of

T = TypeVar("T")
MARK_CELLS = 2


class RowList(Widget, Generic[T], can_focus=True):
    """One row for each item; one of them is marked. `row` makes the row of an item for a width
    in cells; `key` tells which item is which, so that the mark stays on it."""

    auto_links = False
    DEFAULT_CSS = """
    RowList { height: 1fr; width: 1fr; }
    """

    class Marked(TextualMessage):
        """The mark went to another item."""

        def __init__(self, rows: RowList[Any]) -> None:
            super().__init__()
            self.rows = rows

        @property
        def control(self) -> RowList[Any]:
            return self.rows

    class RowChosen(Marked):
        """Enter on the marked item."""

    class Beyond(TextualMessage):
        """A page key at the end of what the list has: +1 down, −1 up."""

        def __init__(self, rows: RowList[Any], way: int) -> None:
            super().__init__()
            self.rows, self.way = rows, way

        @property
        def control(self) -> RowList[Any]:
            return self.rows

    def __init__(
        self,
        row: Callable[[T, int], Row],
        key: Callable[[T], Hashable],
        *,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._row_of, self._key = row, key
        self._items: Sequence[T] = ()
        self._cursor = 0
        self._top = 0
        self._window: list[Row] = []
        """The rows that are on the screen."""
        self._made_for = Size(0, 0)
        """The size that they were made for."""

    # ------------------------------------------------------------ what it holds

    @property
    def items(self) -> Sequence[T]:
        return self._items

    @property
    def marked(self) -> T | None:
        """The item under the mark."""
        return self._items[self._cursor] if self._items else None

    def show(self, items: Sequence[T], *, cursor: int | None = None) -> None:
        """Hold these items. The mark stays on the item of its key, else at its place; `cursor`
        puts it elsewhere, and begins to count from there. Repaints the rows that differ."""
        before = self.marked
        self._items = items
        if cursor is not None:
            self._top = 0
            self._cursor = cursor
        elif before is not None:
            self._cursor = self._find(self._key(before), self._cursor)
        self._cursor = max(0, min(self._cursor, len(items) - 1))
        self.redraw()
        after = self.marked
        if after is not None and (before is None or self._key(before) != self._key(after)):
            self.post_message(self.Marked(self))

    def _find(self, key: Hashable, near: int) -> int:
        items = self._items
        if near < len(items) and self._key(items[near]) == key:
            return near
        return next((at for at, item in enumerate(items) if self._key(item) == key), near)

    def move(self, to: int) -> None:
        """Put the mark on that row, as far as there is one."""
        to = max(0, min(to, len(self._items) - 1))
        if to != self._cursor and self._items:
            self._cursor = to
            self.redraw()
            self.post_message(self.Marked(self))

    # ------------------------------------------------------------ drawing

    def redraw(self) -> None:
        """Make the visible rows again and repaint what differs."""
        old, size = self._window, self._made_for
        if not self.content_size.area:
            return
        self._make()
        if size != self._made_for:
            self.refresh()
            return
        regions = []
        for y, new in enumerate(self._window):
            span = changed_span(old[y] if y < len(old) else (), new)
            if span is not None:
                regions.append(Region(span[0], y, span[1] - span[0], 1))
        if regions:
            self.refresh(*regions)

    def _make(self) -> None:
        """Make the rows that fit."""
        self._made_for = self.content_size
        width, height = self._made_for
        if not self._top <= self._cursor < self._top + height:
            # By half a view: each step in between moves only the mark.
            self._top = self._cursor - height // 2
        self._top = max(0, min(self._top, len(self._items) - height))
        self._window = [
            self._row(at, width) if at < len(self._items) else ()
            for at in range(self._top, self._top + height)
        ]

    def _row(self, at: int, width: int) -> Row:
        line = cut(self._row_of(self._items[at], width - MARK_CELLS), width - MARK_CELLS)
        if at != self._cursor:
            return ((" " * MARK_CELLS, ""), *line)
        mark = glyphs().folded + " "
        return ((mark, "bold $ring" if self.has_focus else "$dim"), *line)

    def render_lines(self, crop: Region) -> list[Strip]:
        # The size is known before the event that tells of it: the frame that first shows the list
        # has its rows in it, and not the one after.
        if self.content_size != self._made_for:
            self._make()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        pieces = self._window[y] if y < len(self._window) else ()
        return strip_of(self, pieces, self.content_size.width)

    def cursor_place(self) -> Offset:
        """The row that is marked."""
        return self.content_region.offset + Offset(MARK_CELLS, self._cursor - self._top)

    def seen_keys(self) -> list[Hashable]:
        """The keys of the items that are on the screen."""
        seen = self._items[self._top : self._top + len(self._window)]
        return [self._key(item) for item in seen]

    @property
    def text(self) -> str:
        """The visible rows as plain text."""
        return "\n".join("".join(text for text, _ in pieces).rstrip() for pieces in self._window)

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self.redraw()

    # ------------------------------------------------------------ keys and mouse

    def on_key(self, event: events.Key) -> None:
        view = max(1, self.content_size.height - 1)
        last = len(self._items) - 1
        match event.key:
            case "up":
                self.move(self._cursor - 1)
            case "down":
                self.move(self._cursor + 1)
            case "home":
                self.move(0)
            case "end":
                self.move(last)
            case "pagedown":
                self._page(1, view, self._cursor >= last)
            case "pageup":
                self._page(-1, view, self._cursor <= 0)
            case "enter":
                if self._items:
                    self.post_message(self.RowChosen(self))
            case _:
                return
        event.stop()
        event.prevent_default()

    def _page(self, way: int, view: int, at_end: bool) -> None:
        fits = len(self._items) <= self.content_size.height
        if at_end or fits:
            self.post_message(self.Beyond(self, way))
        else:
            self.move(self._cursor + way * view)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.move(self._cursor + 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.move(self._cursor - 1)

    def on_click(self, event: events.Click) -> None:
        at = self._top + event.y
        if at < len(self._items):
            self.move(at)
            if event.chain > 1:
                self.post_message(self.RowChosen(self))

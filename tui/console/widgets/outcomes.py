"""What came of the call, chosen by a digit or the arrows. More than one page holds: 0 turns it."""

from __future__ import annotations

from rich.cells import cell_len
from textual import events
from textual.geometry import Offset
from textual.message import Message as TextualMessage

from tui.console.i18n import tr
from tui.console.widgets.formats import outcome_word
from tui.console.widgets.glyphs import glyphs
from tui.console.widgets.rows import Rows

OUTCOME_ROWS = 3
"""Rows that the outcomes may take."""
PAGE = 9
"""Outcomes of a page at most: as many as there are digits."""
_GAP = 3
"""Cells between two outcomes."""
Line = list[tuple[str, str, int]]
"""A row: text, style, and the digit that it stands for."""


class Outcomes(Rows, can_focus=True):
    """Delete takes the choice back."""

    DEFAULT_CSS = """
    Outcomes { height: 1; }
    Outcomes:focus { background: $field-focus; }
    Outcomes:ansi:focus { text-style: reverse; }
    """

    class OutcomeChosen(TextualMessage):
        """Another outcome was chosen; "" for none."""

        def __init__(self, outcome: str) -> None:
            super().__init__()
            self.outcome = outcome

    class Left(TextualMessage):
        """Down or Enter: on to the note."""

    class Settled(TextualMessage):
        """The outcome that is chosen is meant: it was chosen by its digit, or left."""

    def __init__(self) -> None:
        super().__init__(id="outcomes")
        self.options: tuple[str, ...] = ()
        self.chosen = ""
        self.most = OUTCOME_ROWS
        """Rows that they may take now."""
        self._page: int | None = None
        """The page that was turned to; None: that of the one chosen."""

    def show(self, options: tuple[str, ...], chosen: str) -> None:
        """Draw these outcomes and the one chosen. Where none is the page stays: a choice that is
        not confirmed yet comes as none, and the next digit is meant for what is in sight."""
        if options != self.options:
            self._page = None
        elif chosen != self.chosen:
            self._page = None if chosen else self._at(self._pages())
        self.options, self.chosen = options, chosen
        self._draw()

    @property
    def rows(self) -> int:
        """Rows that they would take, all of them."""
        return _rows(self.options, "", self._width) if self.options else 0

    @property
    def _width(self) -> int:
        return max(10, self.content_size.width)

    def _at(self, pages: list[tuple[str, ...]]) -> int:
        if self._page is not None:
            return min(self._page, len(pages) - 1)
        return next((at for at, page in enumerate(pages) if self.chosen in page), 0)

    def _pages(self) -> list[tuple[str, ...]]:
        """The outcomes page by page, as many as fit: digits name those that are in sight."""
        width = self._width
        pages: list[tuple[str, ...]] = []
        left = self.options
        while left:
            # Room for the key that turns the page is kept wherever there is more than one.
            whole = not pages and len(left) <= PAGE and _rows(left, "", width) <= self.most
            most = len(left) if whole else min(PAGE, len(left))
            more = "" if whole else _more(8, 8)
            while most > 1 and _rows(left[:most], more, width) > self.most:
                most -= 1
            pages.append(left[:most])
            left = left[most:]
        return pages or [()]

    def _draw(self) -> None:
        rows = self._lines()
        self.styles.height = max(1, len(rows))
        self.draw(tuple((text, style) for text, style, _ in line) for line in rows)

    def _lines(self) -> list[Line]:
        pages = self._pages()
        at = self._at(pages)
        more = _more(at + 1, len(pages)) if len(pages) > 1 else ""
        return _wrapped(pages[at], self.chosen, more, self._width)

    def cursor_place(self) -> Offset | None:
        """The outcome that is chosen."""
        return self.place_of(glyphs().folded) if self.chosen else None

    def on_click(self, event: events.Click) -> None:
        """A click on an outcome chooses it; on what turns the page, it turns."""
        rows = self._lines()
        end = 0
        for text, _, number in rows[min(event.y, len(rows) - 1)]:
            end += cell_len(text)
            if event.x < end:
                self._digit(number)
                return

    def choose(self, outcome: str) -> None:
        """Take this one."""
        if outcome != self.chosen:
            self.show(self.options, outcome)
            self.post_message(self.OutcomeChosen(outcome))

    def key(self, key: str, character: str | None) -> bool:
        """A key pressed here, or where no field has the focus; whether it meant something."""
        if character is not None and character.isascii() and character.isdecimal():
            self._digit(int(character))
            return bool(self.options)
        step = {"left": -1, "right": 1}.get(key)
        if step is not None and self.options:
            at = self.options.index(self.chosen) + step if self.chosen in self.options else 0
            self.choose(self.options[at % len(self.options)])
        elif key in ("delete", "backspace"):
            self.choose("")
        elif key in ("down", "enter"):
            self.post_message(self.Left())
            self.post_message(self.Settled())
        else:
            return False
        return True

    def _digit(self, digit: int) -> None:
        pages = self._pages()
        at = self._at(pages)
        if digit == 0:
            self._page = (at + 1) % len(pages)
            self._draw()
        elif digit <= len(pages[at]):
            self.choose(pages[at][digit - 1])
            self.post_message(self.Settled())

    def on_key(self, event: events.Key) -> None:
        # The screen asks first whether a digit was meant for what was here a moment ago.
        if not (event.character or "").isdecimal() and self.key(event.key, event.character):
            event.stop()


def _more(page: int, pages: int) -> str:
    return " " + tr("wrapup.more", page=page, pages=pages)


def _rows(options: tuple[str, ...], more: str, width: int) -> int:
    return len(_wrapped(options, "", more, width))


def _wrapped(options: tuple[str, ...], chosen: str, more: str, width: int) -> list[Line]:
    """The outcomes with their digits, over as many rows as they need."""
    rows: list[Line] = []
    line: Line = []
    used = 0
    parts = [(number, _text(number, each, chosen)) for number, each in enumerate(options, 1)]
    for number, text in (*parts, *([(0, more)] if more else [])):
        room = cell_len(text) + _GAP
        if line and used + room > width:
            rows.append(line)
            line, used = [], 0
        here = number > 0 and options[number - 1] == chosen
        style = "bold $strong" if here else ("" if number else "$dim")
        line += [(text, style, number), (" " * _GAP, "", number)]
        used += room
    return [*rows, line]


def _text(number: int, outcome: str, chosen: str) -> str:
    mark = glyphs().folded if outcome == chosen else " "
    return f"{mark}{number} {outcome_word(outcome)}"

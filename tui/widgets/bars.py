"""The lines at the bottom: the last failure in words, and the keys that work now."""

from __future__ import annotations

from typing import Final

from tui.actions import Action, View, key_name, with_keys
from tui.i18n import render, tr
from tui.widgets.rows import Piece, Row, Rows, cut, row, width_of


class NoticeLine(Rows):
    """The last failure in words. Empty while there is none; it keeps its line, so that nothing
    jumps."""

    DEFAULT_CSS = "NoticeLine { height: 2; padding: 0 2; text-wrap: wrap; }"

    def __init__(self) -> None:
        super().__init__(id="notice")

    def show(self, view: View) -> None:
        """Draw the view's notice, over two lines when it is long."""
        if view.notice is None:
            self.draw([])
        else:
            said = render(with_keys(view.notice))
            self.draw([row(("! ", "bold $ring"), (said, "$ring"))])
            self.refresh()  # it may wrap


FIRST_TO_GO: Final = (
    *("debug", "settings", "figures", "rebuild", "check", "history", "dismiss", "leave", "tones"),
    *("page", "help", "directory", "after", "join", "line_next", "digits", "export"),
    *("filter", "keep_open", "let_ring", "mute", "hold"),
)
"""Which keys leave the bar first when not all fit. They go on working, and More has them all."""


NEVER_SHOWN: Final = ("debug",)
"""Wanted once a year: under Help and More."""


class KeyBar(Rows):
    """The keys that work now, in one line. When they do not all fit, those of a call stay."""

    DEFAULT_CSS = """
    KeyBar { height: 1; padding: 0 1; background: $panel; }
    """

    def __init__(self) -> None:
        super().__init__(id="keys")

    def show(self, view: View, works: tuple[Action, ...]) -> None:
        """Draw the keys of those actions."""
        width = self.content_size.width
        if not width:
            return
        shown = [action for action in works if action.key and action.id not in NEVER_SHOWN]
        bar = _bar(view, shown)
        for id in FIRST_TO_GO:
            if width_of(bar) <= width:
                break
            shown = [action for action in shown if action.id != id]
            bar = _bar(view, shown)
        self.draw([cut(bar, width)])


def _bar(view: View, shown: list[Action]) -> Row:
    pieces: list[Piece] = []
    for action in shown:
        pieces += [
            ("  " if pieces else "", ""),
            (key_name(action.key), "bold $key"),
            (f" {tr(action.label_of(view))}", ""),
        ]
    return tuple(pieces)

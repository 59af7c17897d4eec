"""The lines at the bottom: the last failure in words, and the keys that work now."""

from __future__ import annotations

from tui.actions import Action, View, key_name
from tui.i18n import render, tr
from tui.widgets.rows import Rows, row, width_of


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
            self.draw([row(("! ", "bold $ring"), (render(view.notice), "$ring"))])
            self.refresh()  # it may wrap


class KeyBar(Rows):
    """The keys that work now, in one line; what does not fit is found under Help."""

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
        pieces: list[tuple[str, str]] = []
        for action in works:
            entry = [
                (key_name(action.key), "bold $key"),
                (f" {tr(action.label_of(view))}", ""),
            ]
            gap = [("  ", "")] if pieces else []
            if width_of(pieces + gap + entry) > width:
                break
            pieces += gap + entry
        self.draw([tuple(pieces)])

"""The help: every action with its keys."""

from __future__ import annotations

from typing import Final

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.console.actions.action import key_name
from tui.console.actions.registry import registry
from tui.console.desk import Desk
from tui.console.i18n import tr
from tui.console.screens.dialogs.dialog import MOST_CELLS
from tui.console.widgets.formats import fit
from tui.console.widgets.rows import folded, row

KEY_CELLS: Final = 12
AROUND: Final = 2 + 4 + 1
"""Cells of a line that are border, padding and scroll bar."""


class HelpScreen(ModalScreen[None]):
    """Every action with its keys: first those that work here and now."""

    MAKES_WAY = True
    """Nobody types here: it goes when a call begins to ring."""
    DEFAULT_CSS = """
    HelpScreen { align: center bottom; background: $background 0%; }
    HelpScreen #box {
        width: 72; max-width: 100%; height: auto; max-height: 100%; padding: 0 2;
        margin: 2 0 1 0; background: $surface; border: solid $key; scrollbar-size-vertical: 1;
    }
    HelpScreen Static { height: auto; }
    """
    BINDINGS = [  # noqa: RUF012
        Binding("escape,q,f1", "dismiss", show=False),
        Binding("t", "tour", show=False),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk, self._view = desk, desk.view
        self._said = Static(markup=False)

    def action_tour(self) -> None:
        """T: the tour, from its beginning."""
        self.dismiss()
        self._desk.do("tour")

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="box"):
            yield self._said

    def on_resize(self) -> None:
        self._said.update(self._content())

    def _words(self, text: str) -> str:
        """What a key does, in a column of its own however many lines it takes."""
        cells = min(self.app.size.width, MOST_CELLS) - AROUND - KEY_CELLS
        lines = ["".join(piece for piece, _ in line) for line in folded(row((text, "")), cells)]
        return ("\n" + " " * KEY_CELLS).join(lines) + "\n"

    def _content(self) -> Content:
        parts: list[str | tuple[str, str]] = [(tr("help.title") + "\n", "bold $strong")]
        now = [action for action in registry() if action.available(self._view) and action.key]
        rest = [action for action in registry() if action not in now]
        for title, actions in (("help.now", now), ("help.rest", rest)):
            parts.append(("\n" + tr(title) + "\n", "bold"))
            for action in actions:
                keys = "  ".join(key_name(key) for key in (action.key, action.alias) if key)
                parts.append((fit(keys, KEY_CELLS), "bold $key" if action in now else "$dim"))
                words = self._words(tr(f"help.{action.id}"))
                parts.append((words, "" if action in now else "$dim"))
        parts.append(("\n" + tr("help.foot"), "$dim"))
        return Content.assemble(*parts)

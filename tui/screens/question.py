"""What a peer wants and only the agent decides: to be called elsewhere (REFER), or that a number
has moved (3xx). Nobody is called before the agent says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual import events, on
from textual.widgets import OptionList

from tui.actions import View
from tui.engine.state import Question, message
from tui.i18n import tr
from tui.screens.base import LiveDialog
from tui.screens.dialogs import Dialog
from tui.widgets.words import Clocks, spaced

MOOT: Final = "moot"
"""How it ends when there is nothing to be answered any more."""
DEAF: Final = 0.6
"""Seconds after it came in which Enter is not for it: a finger may have been on its way."""


class QuestionDialog(LiveDialog, Dialog):
    """Yes or no; no is marked, and what Esc says."""

    def __init__(self, question: Question, clocks: Clocks) -> None:
        self.question = question
        self._clocks, self._since = clocks, clocks.monotonic()
        target = spaced(question.target)
        name = spaced(question.name) or tr("call.no_number")
        what = [message(f"question.{question.kind}", name=name, target=target)]
        ways: Sequence[tuple[str, str]] = (("no", "question.no"), ("yes", "question.yes"))
        title = f"question.{question.kind}_title"
        super().__init__(title, what, "question.todo", ways, "no")
        self._target = target

    def words(self, label: str) -> str:
        """A way out, with whom it is about."""
        return tr(label, target=self._target)

    def show(self, view: View) -> None:
        """Answered elsewhere, or the peer is gone: nothing is left to decide."""
        if view.snapshot.question != self.question:
            self.dismiss(MOOT)

    @on(OptionList.OptionSelected)
    def _too_soon(self, event: OptionList.OptionSelected) -> None:
        if self._clocks.monotonic() - self._since < DEAF:
            event.prevent_default()
            event.stop()

    def action_way_out(self) -> None:
        """Esc: no, unless it was pressed before anybody could read what is asked."""
        if self._clocks.monotonic() - self._since >= DEAF:
            super().action_way_out()

    def on_key(self, event: events.Key) -> None:
        """Y and N answer as well."""
        way = {"y": "yes", "n": "no"}.get(event.character or "")
        if way is not None:
            event.stop()
            if self._clocks.monotonic() - self._since >= DEAF:
                self.dismiss(way)

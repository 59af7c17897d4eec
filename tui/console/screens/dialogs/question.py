"""What a peer wants and only the agent decides: to be called elsewhere (REFER), or that a number
has moved (3xx). Nobody is called before the agent says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tui.console.i18n import tr
from tui.console.screens.base import LiveDialog
from tui.console.screens.dialogs.dialog import ChoiceDialog
from tui.console.view import View
from tui.console.widgets.formats import Clocks, spaced
from tui.port.values import Question, message

MOOT: Final = "moot"
"""How it ends when there is nothing to be answered any more."""


class QuestionDialog(LiveDialog, ChoiceDialog):
    """Yes or no; no is marked, and what Esc says."""

    def __init__(self, question: Question, clocks: Clocks) -> None:
        self.question = question
        target = spaced(question.target)
        name = spaced(question.name) or tr("call.no_number")
        what = [message(f"question.{question.kind}", name=name, target=target)]
        ways: Sequence[tuple[str, str]] = (("no", "question.no"), ("yes", "question.yes"))
        title = f"question.{question.kind}_title"
        self._target = target
        super().__init__(title, what, "question.todo", ways, "no", clocks=clocks)

    def words(self, label: str) -> str:
        """A way out, with whom it is about."""
        return tr(label, target=self._target)

    def show(self, view: View) -> None:
        """Answered elsewhere, or the peer is gone: nothing is left to decide."""
        if view.snapshot.question != self.question:
            self.dismiss(MOOT)

"""The rows of a form besides its fields: title, a label before a choice, what went wrong."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal

from tui.console.widgets.form.fields import Label
from tui.console.widgets.rows import Rows


class Title(Rows):
    """The program's name, and what kind of platform this is."""

    DEFAULT_CSS = "Title { height: 1; padding: 0 1; }"


class Said(Rows):
    """What went wrong, or what goes on: under the form, over as many lines as it needs."""

    DEFAULT_CSS = "Said { height: 5; margin: 1 0 0 0; text-wrap: wrap; }"


class FormRow(Horizontal):
    """A label and a widget."""

    DEFAULT_CSS = "FormRow { height: 1; }"

    def __init__(self, label: str, widget: Rows, *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._parts = (Label(label), widget)

    def compose(self) -> ComposeResult:
        yield from self._parts

"""A dialog that asks for one line of text."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.console.i18n import render, tr
from tui.console.widgets.form.fields import Field
from tui.console.widgets.room import SHORT
from tui.port.values import Message


class TextPrompt(ModalScreen[str]):
    """Its result is the line, or "" when it was not wanted after all."""

    DEFAULT_CSS = """
    TextPrompt { align: center bottom; background: $background 0%; }
    TextPrompt #box {
        width: 72; max-width: 100%; height: auto; max-height: 100%; padding: 1 2; margin: 0 0 2 0;
        background: $surface; border: solid $key;
    }
    TextPrompt Static { height: auto; }
    TextPrompt .title { text-style: bold; color: $strong; margin: 0 0 1 0; }
    TextPrompt .todo { color: $dim; margin: 1 0 0 0; }
    TextPrompt Field { margin: 1 0 0 0; }
    TextPrompt Complaint { display: none; }
    TextPrompt.-short #box { padding: 0 1; margin: 2 0 0 0; border: none; }
    TextPrompt.-short .title, TextPrompt.-short .todo, TextPrompt.-short Field { margin: 0; }
    TextPrompt Field TextInput { width: 1fr; }
    """
    VERTICAL_BREAKPOINTS = [(0, "-short"), (SHORT, "-tall")]  # noqa: RUF012
    BINDINGS = [Binding("escape", "way_out", show=False)]  # noqa: RUF012

    def __init__(
        self, title: str, what: Message, label: str, value: str, *, hidden: bool = False
    ) -> None:
        super().__init__()
        self._title_id, self._what = title, what
        self.field = Field(label, value, password=hidden, id="line", classes="-long")

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static(tr(self._title_id), classes="title", markup=False)
            yield Static(render(self._what), markup=False)
            yield self.field
            yield Static(tr("line.todo"), classes="todo", markup=False)

    def on_mount(self) -> None:
        self.field.focus_input()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value.strip())

    def action_way_out(self) -> None:
        """Esc."""
        self.dismiss("")

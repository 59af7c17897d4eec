"""When to call somebody back: asked until what is typed is a time, or it is left without one."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.console.desk import Desk
from tui.console.i18n import render, tr
from tui.console.widgets.form.fields import Field
from tui.port.values import Message
from tui.port.work_commands import PlanCallback


class WhenDialog(ModalScreen[Message]):
    """One line; its result is the sentence that says what was planned, None when nothing was."""

    DEFAULT_CSS = """
    WhenDialog { align: center bottom; background: $background 0%; }
    WhenDialog #box {
        width: 72; max-width: 100%; height: auto; max-height: 100%; padding: 0 2; margin: 0 0 2 0;
        background: $surface; border: solid $key;
    }
    WhenDialog Static { height: auto; }
    WhenDialog .title { text-style: bold; color: $strong; }
    WhenDialog .todo { color: $dim; }
    WhenDialog .wrong { color: $ring; display: none; }
    WhenDialog Complaint { display: none; }
    """
    BINDINGS = [Binding("escape", "way_out", show=False)]  # noqa: RUF012

    def __init__(self, desk: Desk, who: str, id: int = 0) -> None:
        """`who` is the number, as it is shown; `id` the call-back that is moved."""
        super().__init__()
        self._desk, self._who, self._row = desk, who, id
        self.field = Field("when.field", id="when", classes="-long")
        self._wrong = Static("", classes="wrong", markup=False)

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static(tr("when.title", number=self._who), classes="title", markup=False)
            yield self.field
            yield self._wrong
            yield Static(tr("when.todo"), classes="todo", markup=False)

    def on_mount(self) -> None:
        self.field.focus_input()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.run_worker(self._plan(event.value.strip()), name="plan", exclusive=True)

    async def _plan(self, when: str) -> None:
        result = await self._desk.ask(PlanCallback(when, id=self._row))
        if result.ok:
            self.dismiss(result.message)
        elif result.message is not None:
            self._wrong.update(render(result.message))
            self._wrong.styles.display = "block"

    def action_way_out(self) -> None:
        """Esc: no time."""
        self.dismiss(None)

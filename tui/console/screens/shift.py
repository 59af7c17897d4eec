"""The figures of the shift: all calls, by group, by outcome, and the breaks."""

from __future__ import annotations

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.console.desk import Desk
from tui.console.i18n import render, tr
from tui.console.shift_table import Cells, call_cells, call_head, group_name, outcome_name
from tui.console.widgets.formats import duration, fit
from tui.port.work import ShiftReport
from tui.port.work_commands import GetShift
from tui.text import clean_text

NAME_CELLS = 18
_GAP = 2


class ShiftScreen(ModalScreen[None]):
    """1 writes it as CSV, 2 shows seven days, Esc closes."""

    MAKES_WAY = True
    """Nobody types here: it goes when a call begins to ring."""
    DEFAULT_CSS = """
    ShiftScreen { align: center bottom; background: $background 0%; }
    ShiftScreen #box {
        width: 100%; max-width: 100; height: auto; max-height: 100%; padding: 0 1;
        margin: 2 0 1 0; background: $surface; border: solid $key; scrollbar-size-vertical: 1;
    }
    ShiftScreen Static { height: auto; }
    """
    BINDINGS = [  # noqa: RUF012
        Binding("escape,q", "dismiss", show=False),
        Binding("1", "write", show=False),
        Binding("2", "week", show=False),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._table = Static(tr("shift.reading"), markup=False)
        self._days_before = 0
        self._report: ShiftReport | None = None

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="box"):
            yield self._table

    def on_mount(self) -> None:
        self._ask()

    def _ask(self) -> None:
        self.run_worker(self._load(), name="shift", exclusive=True)

    async def _load(self) -> None:
        result = await self._desk.ask(GetShift(self._days_before))
        if isinstance(result.value, ShiftReport):
            self._report = result.value
            self._table.update(self._content(result.value))
        elif result.message is not None:
            self._table.update(render(result.message))

    def _content(self, report: ShiftReport) -> Content:
        id = "shift.title_days" if self._days_before else "shift.title"
        parts: list[tuple[str, str]] = [(tr(id, n=self._days_before + 1) + "\n\n", "bold $strong")]
        head = call_head()
        widths = [max(8, cell_len(title)) for title in head]

        def line(name: str, cells: Cells, style: str) -> None:
            numbers = (
                " " * (width - cell_len(text)) + text
                for text, width in zip(cells, widths, strict=False)
            )
            shown = fit(clean_text(name), NAME_CELLS) + (" " * _GAP).join(numbers)
            parts.append((shown.rstrip() + "\n", style))

        line("", head, "$dim")
        line(tr("shift.kind_total"), call_cells(report.total), "bold")
        for title, figures, name in (
            ("shift.by_group", report.groups, group_name),
            ("shift.by_outcome", report.outcomes, outcome_name),
        ):
            if figures:
                parts.append(("\n" + tr(title) + "\n", "bold $strong"))
            for each in figures:
                line(name(each.name), call_cells(each), "")
        if report.breaks:
            parts.append(("\n" + tr("shift.by_break") + "\n", "bold $strong"))
        for pause in report.breaks:
            title = fit(clean_text(pause.name), NAME_CELLS)
            times = tr("shift.break_line", n=pause.count, time=duration(pause.time))
            parts.append((f"{title}{times}", ""))
            late = "  " + tr("shift.too_long", n=pause.too_long) if pause.too_long else ""
            parts.append((late + "\n", "$ring"))
        foot = "shift.todo_today" if self._days_before else "shift.todo"
        parts.append(("\n" + tr(foot), "$dim"))
        return Content.assemble(*parts)

    def action_write(self) -> None:
        """1: as a CSV file."""
        if self._report is not None:
            self._desk.work.export_shift(self._report)

    def action_week(self) -> None:
        """2: seven days, or today again."""
        self._days_before = 0 if self._days_before else 6
        self._ask()

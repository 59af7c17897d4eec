"""Whom to call: agreed, missed, or of a list. Enter calls the marked one; the outcome of that call
closes it, and the list comes back with the next."""

from __future__ import annotations

from typing import Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui.console.desk import Desk
from tui.console.i18n import render, tr
from tui.console.screens.base import LiveDialog
from tui.console.view import View
from tui.console.widgets.formats import fit, spaced
from tui.console.widgets.glyphs import glyphs
from tui.console.widgets.row_list import RowList
from tui.console.widgets.rows import Row, Rows, cut, row, two_sided
from tui.port.values import Message
from tui.port.work import Callback, CallbackPage, CallbackSource
from tui.port.work_commands import CloseCallback, GetCallbacks
from tui.text import clean_text

NEAR_THE_END: Final = 10
"""Rows before the last one at which the next page is asked for."""
_NUMBER: Final = 15
_WHEN: Final = 16


class CallbacksScreen(LiveDialog, ModalScreen[None]):
    """Asks again whenever the list changes. It goes when a call begins to ring."""

    MAKES_WAY = True
    """Nobody types here."""
    DEFAULT_CSS = """
    CallbacksScreen { align: center bottom; background: $background 0%; }
    CallbacksScreen #box {
        width: 100%; height: 100%; padding: 0 1; margin: 2 0 0 0;
        background: $surface; border: solid $key;
    }
    CallbacksScreen #callbacks-keys { height: 1; }
    """
    BINDINGS = [  # noqa: RUF012
        Binding("escape", "dismiss", show=False),
        Binding("1", "call", show=False),
        Binding("2", "move", show=False),
        Binding("3", "close_row", show=False),
        Binding("4", "read_in", show=False),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._head = Rows()
        self.list: RowList[Callback] = RowList(self._row, lambda each: each.id, id="callbacks")
        self._about = Rows()
        self._keys = Rows(id="callbacks-keys")
        self._total = 0
        self._pages = 1
        self._changes = -1
        self._failure: Message | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield self._head
            yield self.list
            yield self._about
            yield self._keys

    def on_mount(self) -> None:
        self.list.focus()
        self.call_after_refresh(lambda: self.show(self._desk.view))

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def show(self, view: View) -> None:
        """Look again when the list has changed."""
        if not self.is_mounted:
            return
        if view.snapshot.callbacks.changes != self._changes:
            self._changes = view.snapshot.callbacks.changes
            self._ask()
        self._draw()

    def _ask(self) -> None:
        self.run_worker(self._load(), name="callbacks", exclusive=True, group="callbacks")

    async def _load(self) -> None:
        rows: list[Callback] = []
        for page in range(1, self._pages + 1):
            result = await self._desk.ask(GetCallbacks("", page))
            self._failure = None if result.ok else result.message
            if not isinstance(result.value, CallbackPage):
                break
            self._total = result.value.total
            rows += result.value.rows
            if len(rows) >= self._total:
                break
        self.list.show(rows)
        self._draw()

    # ------------------------------------------------------------ drawing

    def _draw(self) -> None:
        width = self._head.content_size.width
        if not width:
            return
        due = self._desk.view.snapshot.callbacks.due
        counts = tr("callbacks.count", n=self._total)
        if due:
            counts = f"{tr('callbacks.due', n=due)}   {counts}"
        title = row((tr("callbacks.title"), "bold $strong"))
        self._head.draw([two_sided(title, row((counts, "$dim")), width)])
        self._about.draw([cut(self._details(), width)])
        keys = ("1", "call"), ("2", "move"), ("3", "close"), ("4", "read_in"), ("Esc", "back")
        pieces: list[tuple[str, str]] = []
        for key, what in keys if self.list.items else keys[3:]:
            pieces += [(key, "bold $key"), (f" {tr(f'callbacks.{what}')}  ", "")]
        self._keys.draw([cut(tuple(pieces), width)])

    def _details(self) -> Row:
        if self._failure is not None:
            return row((render(self._failure), "$bad"))
        if (notice := self._desk.view.notice) is not None:
            return row(("! ", "bold $ring"), (render(notice), "$ring"))
        marked = self.list.marked
        if marked is None:
            return row((tr("callbacks.none"), "$dim"))
        parts = [each for each in (marked.note, marked.list) if each]
        return row((glyphs().between.join(clean_text(each) for each in parts), "$dim"))

    def _row(self, each: Callback, width: int) -> Row:
        now = self._desk.clocks.wall()
        due = each.due is not None and each.due <= now
        when = self._when(each)
        tried = tr("callbacks.tried", n=each.tries) + "  " if each.tries else ""
        return row(
            (fit(when, _WHEN), "bold $ring" if due else "$dim"),
            (fit(spaced(each.number), _NUMBER) + "  ", ""),
            (tried, "$dim"),
            (each.name, ""),
            ("  " + each.note if each.note else "", "$dim"),
        )

    def _when(self, each: Callback) -> str:
        if each.due is None:
            if each.source is not CallbackSource.MISSED:
                return tr("callbacks.any_time")
            return tr("callbacks.missed", time=self._desk.clocks.moment(each.made))
        return self._desk.clocks.moment(each.due)

    # ------------------------------------------------------------ keys

    @on(RowList.Marked)
    def _marked(self) -> None:
        items = self.list.items
        seen = items.index(self.list.marked) if self.list.marked in items else 0
        if seen >= len(items) - NEAR_THE_END and len(items) < self._total:
            self._pages += 1
            self._ask()
        self._draw()

    @on(RowList.RowChosen)
    def action_call(self) -> None:
        """1 or Enter."""
        if (marked := self.list.marked) is not None:
            self._desk.work.dial_callback(marked)

    def action_move(self) -> None:
        """2: another time."""
        if (marked := self.list.marked) is not None:
            self._desk.work.ask_when(spaced(marked.number), marked.id)

    def action_close_row(self) -> None:
        """3: it is done with."""
        if (marked := self.list.marked) is not None:
            self._desk.send(CloseCallback(marked.id))

    def action_read_in(self) -> None:
        """4: a CSV of numbers."""
        self._desk.work.read_in_callbacks()

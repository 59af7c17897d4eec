"""The last messages between this phone and the other side, as a page."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.console.desk import Desk
from tui.console.i18n import render, tr
from tui.console.screens.base import LiveDialog
from tui.console.view import View
from tui.console.widgets.ladder import head_of, lines_of
from tui.port.commands import GetLadder
from tui.port.ladder import Ladder
from tui.port.snapshot import Snapshot


class LadderPage(LiveDialog, ModalScreen[None]):
    """Arrows scroll, Esc closes. It is read again when a call or the line changes."""

    MAKES_WAY = True
    """Nobody types here: it goes when a call begins to ring."""
    DEFAULT_CSS = """
    LadderPage { align: center bottom; background: $background 0%; }
    LadderPage #box {
        width: 100%; height: 100%; max-height: 100%; padding: 0 1; margin: 2 0 1 0;
        background: $surface; border: solid $key; scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
    }
    LadderPage Static { height: auto; }
    LadderPage #ladder-head { color: $dim; }
    """
    BINDINGS = [Binding("escape,q", "dismiss", show=False)]  # noqa: RUF012

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._ladder: Ladder | None = None
        self._read: object = None
        """What was there when it was read."""
        self._head = Static(id="ladder-head", markup=False)
        self._rungs = Static(tr("ladder.reading"), markup=False)
        self._box = VerticalScroll(id="box")

    def compose(self) -> ComposeResult:
        with self._box:
            yield self._head
            yield self._rungs

    def on_mount(self) -> None:
        self._box.focus()
        self.show(self._desk.view)

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def show(self, view: View) -> None:
        """Read it again when there may be more."""
        there = _told(view.snapshot), view.replay
        if there != self._read:
            self._read = there
            self.run_worker(self._load(), name="ladder", exclusive=True)

    async def _load(self) -> None:
        result = await self._desk.ask(GetLadder())
        if isinstance(result.value, Ladder):
            self._ladder = result.value
            self._draw()
            self.call_after_refresh(lambda: self._box.scroll_end(animate=False))
        elif result.message is not None:
            self._rungs.update(render(result.message))

    def _draw(self) -> None:
        width = self._rungs.content_size.width
        if self._ladder is None or not width:
            return
        self._head.update(head_of(width))
        lines = lines_of(self._ladder.rungs, width, self._desk.clocks)
        self._rungs.update("\n".join(lines) or tr("ladder.none"))


def _told(snapshot: Snapshot) -> tuple[object, ...]:
    """What changes by a message."""
    calls = tuple((call.key, call.state, call.leg, call.third) for call in snapshot.calls)
    return calls, snapshot.connection.state, snapshot.seat

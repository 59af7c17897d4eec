"""The console: heading, call panel, recent calls, the last failure, keys."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Container

from tui.actions import Place, View
from tui.screens.base import YimiScreen
from tui.widgets.bars import KeyBar, NoticeLine
from tui.widgets.call_panel import CallPanel
from tui.widgets.heading import Heading
from tui.widgets.recent import RecentCalls
from tui.widgets.words import Clocks


class ConsoleScreen(YimiScreen):
    """All widgets are there from the start; an incoming call only fills one of them."""

    PLACE = Place.CONSOLE
    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    ConsoleScreen #body { height: 1fr; layout: vertical; }
    ConsoleScreen.-wide #body { layout: horizontal; }
    ConsoleScreen.-wide CallPanel { width: 60; height: 100%; max-height: 12; }
    ConsoleScreen.-wide RecentCalls { width: 1fr; border-top: solid $rule; height: 100%; }
    ConsoleScreen.-narrow RecentCalls { margin: 1 0 0 0; }
    """

    def __init__(self, clocks: Clocks) -> None:
        super().__init__()
        self.heading = Heading(clocks)
        self.panel = CallPanel(clocks)
        self.recent = RecentCalls(clocks)
        self.notice = NoticeLine()
        self.keys = KeyBar()

    def compose(self) -> ComposeResult:
        yield self.heading
        with Container(id="body"):
            yield self.panel
            yield self.recent
        yield self.notice
        yield self.keys

    def show(self, view: View) -> None:
        self.heading.show(view)
        self.panel.show(view, self.yimi.works)
        self.recent.show(view)
        self.notice.show(view)
        self.keys.show(view, self.yimi.works)

    def tick(self, view: View) -> None:
        """A second has gone by: only the clock moves."""
        self.heading.show(view)

    def open_dial(self) -> None:
        """Put the cursor into the dial field."""
        self.panel.dial.focus_input()

    def close_dial(self) -> None:
        """Empty the dial field and leave it."""
        self.panel.dial.value = ""
        self.set_focus(None)

    @on(CallPanel.Dialled)
    def _dialled(self, event: CallPanel.Dialled) -> None:
        self.yimi.dial(event.number)

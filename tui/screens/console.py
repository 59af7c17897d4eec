"""The console: heading, call panel, recent calls, the last failure, keys."""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container

from tui.actions import Place, View
from tui.screens.base import YimiScreen
from tui.widgets.bars import KeyBar, NoticeLine
from tui.widgets.call_panel import CallPanel
from tui.widgets.heading import Heading
from tui.widgets.recent import RecentCalls
from tui.widgets.words import Clocks
from tui.widgets.wrapup import WrapUpPanel


class ConsoleScreen(YimiScreen):
    """All widgets are there from the start; an incoming call only fills one of them."""

    PLACE = Place.CONSOLE
    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    ConsoleScreen #body { height: 1fr; layout: vertical; }
    ConsoleScreen.-wide #body { layout: horizontal; }
    ConsoleScreen #call-side { height: auto; layout: vertical; }
    ConsoleScreen.-wide #call-side { width: 60; height: 100%; }
    /* Not display: none, which would leave it without a size to be drawn for. */
    ConsoleScreen CallPanel.-away { height: 0; border: none; }
    ConsoleScreen.-wide RecentCalls { width: 1fr; border-top: solid $rule; height: 100%; }
    ConsoleScreen.-narrow RecentCalls { margin: 1 0 0 0; }
    """

    def __init__(self, clocks: Clocks) -> None:
        super().__init__()
        self.heading = Heading(clocks)
        self.panel = CallPanel(clocks)
        self.wrapup = WrapUpPanel(clocks)
        self.recent = RecentCalls(clocks)
        self.notice = NoticeLine()
        self.keys = KeyBar()

    def compose(self) -> ComposeResult:
        yield self.heading
        with Container(id="body"):
            with Container(id="call-side"):
                yield self.panel
                yield self.wrapup
            yield self.recent
        yield self.notice
        yield self.keys

    def show(self, view: View) -> None:
        self.heading.show(view)
        call = view.snapshot.call
        over = view.snapshot.wrapup is not None and not (call is not None and call.live)
        # The write-up takes the panel's place, until there is a call, or a number to type.
        self.panel.set_class(over and not view.dialling, "-away")
        self.panel.show(view, self.yimi.works)
        self.wrapup.show(view)
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

    def on_key(self, event: events.Key) -> None:
        """Digits and arrows where no field has the focus: the outcome of the write-up."""
        if self.focused is None and self.wrapup.is_open and self.panel.has_class("-away"):
            if self.wrapup.outcomes.key(event.key, event.character):
                event.stop()

    @on(WrapUpPanel.Edited)
    def _edited(self, event: WrapUpPanel.Edited) -> None:
        self.yimi.send(event.command)

    @on(CallPanel.Dialled)
    def _dialled(self, event: CallPanel.Dialled) -> None:
        self.yimi.dial(event.number)

"""The console: heading, call panel, recent calls, the last failure, keys."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget
from textual.widgets import Input

from tui import day
from tui.actions import Place, View, find
from tui.engine.commands import MarkLine
from tui.engine.state import message
from tui.screens.base import YimiScreen
from tui.screens.book import Book, Target
from tui.widgets.bars import KeyBar, NoticeLine
from tui.widgets.call_panel import CallPanel
from tui.widgets.heading import Heading
from tui.widgets.history import HistoryPane
from tui.widgets.lines import LineRows, live_lines
from tui.widgets.recent import RecentCalls
from tui.widgets.words import Clocks
from tui.widgets.wrapup import WrapUpPanel

if TYPE_CHECKING:
    from tui.screens.directory import DirectoryPane

AT_REST = 1.5
"""Seconds after which what may be opened next is built."""
_KEYPAD = frozenset("0123456789*#")


class ConsoleScreen(YimiScreen):
    """All widgets are there from the start; an incoming call only fills one of them."""

    PLACE = Place.CONSOLE
    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    ConsoleScreen #body { height: 1fr; layout: vertical; }
    ConsoleScreen.-wide #body { layout: horizontal; }
    ConsoleScreen.-history HistoryPane { display: block; }
    ConsoleScreen.-history RecentCalls { display: none; }
    ConsoleScreen.-wide HistoryPane { width: 1fr; border-top: solid $rule; height: 100%; }
    ConsoleScreen.-narrow HistoryPane { margin: 1 0 0 0; }
    ConsoleScreen #call-side { height: auto; layout: vertical; }
    ConsoleScreen.-wide #call-side { width: 60; height: 100%; }
    /* Not display: none, which would leave it without a size to be drawn for. */
    ConsoleScreen CallPanel.-away { height: 0; border: none; }
    ConsoleScreen.-wide RecentCalls { width: 1fr; border-top: solid $rule; height: 100%; }
    ConsoleScreen.-wide DirectoryPane #groups { width: 1fr; }
    ConsoleScreen.-wide DirectoryPane #members { width: 1fr; }
    ConsoleScreen.-narrow RecentCalls { margin: 1 0 0 0; }
    """

    def __init__(self, clocks: Clocks) -> None:
        super().__init__()
        self.heading = Heading(clocks)
        self.lines = LineRows(clocks)
        self.panel = CallPanel(clocks)
        self.wrapup = WrapUpPanel(clocks)
        self.recent = RecentCalls(clocks)
        self.history = HistoryPane(clocks)
        self.notice = NoticeLine()
        self.keys = KeyBar()
        self.book = Book(lambda command: self.yimi.ask(command))
        """What the directory and the search for a third party have read."""
        self.directory: DirectoryPane | None = None
        """Built when the console has come to rest, or when it is first opened."""
        self._side = Container(id="call-side")

    def compose(self) -> ComposeResult:
        yield self.heading
        with Container(id="body"):
            with self._side:
                yield self.lines
                yield self.panel
                yield self.wrapup
            yield self.recent
            yield self.history
        yield self.notice
        yield self.keys

    def show(self, view: View) -> None:
        self.heading.show(view)
        call = view.snapshot.call
        over = view.snapshot.wrapup is not None and not (call is not None and call.live)
        # The write-up takes the panel's place, until there is a call, or a number to type.
        self.panel.set_class(over and not view.dialling, "-away")
        self.panel.show(view, self.yimi.works)
        self.lines.show(view)
        self.wrapup.show(view)
        self._show_directory(view)
        self.set_class(view.history, "-history")
        self.recent.show(view)
        self.history.show(view)
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
        self._rest()

    def open_tones(self) -> None:
        """Put the cursor into the field for a row of tones."""
        self.panel.tones.focus_input()

    def close_tones(self) -> None:
        """Empty that field and leave it."""
        self.panel.tones.value = ""
        self._rest()

    def _rest(self) -> None:
        """No field is typed in any more: the keys go to the directory if it is open."""
        if self.directory is not None and self.directory.is_open:
            self.directory.open()
        else:
            self.set_focus(None)

    # ------------------------------------------------------------ the directory

    def _show_directory(self, view: View) -> None:
        call, typing = view.snapshot.call, view.dialling or view.typing
        quiet = call is None and not typing and view.snapshot.wrapup is None
        # Not by classes, after which Textual works out the style of every widget below again.
        _rule(self.recent, "display", "none" if view.directory else None)
        # In a small terminal the directory has the room of the call panel until there is a call.
        folded = quiet and view.directory and self.has_class("-narrow")
        _rule(self._side, "height", 0 if folded else None)
        if self.directory is not None and not view.directory:
            self.directory.shut()

    def open_directory(self, on: bool) -> None:
        """Open the directory with the keys in it, or shut it."""
        if not on:
            self.set_focus(None)
        elif self.directory is not None:
            self.directory.open()
        else:
            self._build_directory().call_after_refresh(self._open_built)

    def _open_built(self) -> None:
        if self.directory is not None and self.yimi.view.directory:
            self.directory.open()

    def _build_directory(self) -> DirectoryPane:
        if self.directory is None:
            from tui.screens.directory import DirectoryPane

            self.directory = DirectoryPane(self.book)
            self.query_one("#body").mount(self.directory)
        return self.directory

    def on_mount(self) -> None:
        super().on_mount()
        self.set_timer(AT_REST, self._build_directory)

    def marked(self) -> Target | None:
        """Who is marked in the directory, if it has the keys."""
        return self.directory.marked() if self.directory is not None else None

    # ------------------------------------------------------------ keys

    def on_key(self, event: events.Key) -> None:
        """Where no field has the focus: digits are tones in a call; digits and arrows choose the
        outcome of the write-up."""
        if isinstance(self.focused, Input):
            return
        digit = unicodedata.normalize("NFKC", event.character or "")
        if digit in _KEYPAD and digit and find("digits").available(self.yimi.view):
            event.stop()
            self.yimi.type_tones(digit)
            return
        if event.key in ("up", "down") and self.focused is None and self._mark(event.key):
            event.stop()
            return
        writing_up = self.wrapup.is_open and self.panel.has_class("-away")
        if self.focused is None and writing_up:
            outcomes = self.wrapup.outcomes
            if outcomes.key(event.key, event.character):
                event.stop()
                return
        if event.character and event.character.isprintable() and not event.character.isascii():
            # An input method is on: what it composed was meant for a key.
            event.stop()
            self.yimi.change(notice=message("keys.composed"))

    def _mark(self, key: str) -> bool:
        """The arrows move the mark among the lines; whether there are any."""
        if not find("line_next").available(self.yimi.view):
            return False
        lines = live_lines(self.yimi.view)
        current = self.yimi.view.snapshot.call
        at = next((n for n, call in enumerate(lines) if call is current), 0)
        to = at + (1 if key == "down" else -1)
        if 0 <= to < len(lines):
            self.yimi.send(MarkLine(lines[to].key))
        return True

    @on(HistoryPane.Asked)
    def _history_asked(self, event: HistoryPane.Asked) -> None:
        day.load_history(self.yimi, event.command)

    @on(HistoryPane.Redial)
    def _redial(self, event: HistoryPane.Redial) -> None:
        day.redial(self.yimi, event.entry)

    @on(HistoryPane.Closed)
    def _history_closed(self) -> None:
        self.yimi.change(history=False)

    @on(WrapUpPanel.Edited)
    def _edited(self, event: WrapUpPanel.Edited) -> None:
        self.yimi.send(event.command)

    @on(CallPanel.Typed)
    def _typed(self, event: CallPanel.Typed) -> None:
        self.yimi.type_tones(event.tones)
        self.yimi.close_tones()

    @on(CallPanel.Dialled)
    def _dialled(self, event: CallPanel.Dialled) -> None:
        self.yimi.dial(event.number)


def _rule(widget: Widget, name: str, value: object) -> None:
    """A style of the widget itself; None gives it back to the stylesheet."""
    styles = widget.styles.inline
    if value is None:
        if styles.clear_rule(name):
            widget.refresh(layout=True)
    else:
        setattr(styles, name, value)

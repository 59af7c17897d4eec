"""The console: heading, call panel, recent calls, the last failure, keys."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container
from textual.geometry import Offset
from textual.widget import Widget
from textual.widgets import Input

from tui.console.actions.conditions import can_dial, can_note
from tui.console.actions.registry import acts, available, find
from tui.console.desk import Desk
from tui.console.i18n import tr
from tui.console.screens.base import YimiScreen, reachable
from tui.console.screens.directory.model import DirectoryEntry, DirectoryModel
from tui.console.screens.script import ScriptPane
from tui.console.view import ScreenName, View
from tui.console.widgets.bars import KeyBar, NoticeRow
from tui.console.widgets.call.line_rows import LineRows, live_lines
from tui.console.widgets.call.panel import HEIGHT, CallPanel
from tui.console.widgets.calls_before.history_pane import HistoryPane
from tui.console.widgets.calls_before.recent_calls import RecentCalls
from tui.console.widgets.form.dial_field import is_number
from tui.console.widgets.form.fields import in_one_line
from tui.console.widgets.formats import spaced
from tui.console.widgets.heading import Heading
from tui.console.widgets.laid_out import when_laid_out
from tui.console.widgets.own_class import set_own_class
from tui.console.widgets.room import Ranked, Share, Wanted, needed
from tui.console.widgets.room import share as part
from tui.console.widgets.wrapup import WrapUpPanel
from tui.port.commands import MarkLine
from tui.port.machines.call_machine import CallState
from tui.port.values import message

if TYPE_CHECKING:
    from tui.console.screens.directory.pane import DirectoryPane

AROUND: Final = 3
"""Rows of the heading and of the key bar."""
TALL: Final = 20
"""Rows of a terminal from which on the panel keeps its height whatever is in it."""
LEAST_LIST: Final = 4
"""Rows with which a list that was opened is of use."""
AT_REST = 1.5
"""Seconds after which what may be opened next is built."""
_KEYPAD = frozenset("0123456789*#")


class ConsoleScreen(YimiScreen):
    """All widgets are there from the start; an incoming call only fills one of them."""

    PLACE = ScreenName.CONSOLE
    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    ConsoleScreen #body { height: 1fr; layout: vertical; }
    ConsoleScreen.-wide #body { layout: horizontal; }
    ConsoleScreen.-history HistoryPane { display: block; }
    ConsoleScreen.-history RecentCalls { display: none; }
    ConsoleScreen.-wide HistoryPane { width: 1fr; border-top: solid $rule; height: 100%; }
    ConsoleScreen.-narrow HistoryPane { margin: 1 0 0 0; }
    ConsoleScreen #call-side { height: auto; layout: vertical; }
    ConsoleScreen.-wide #call-side { width: 50%; min-width: 60; max-width: 96; height: 100%; }
    /* Not display: none, which would leave it without a size to be drawn for. */
    ConsoleScreen CallPanel.-away { height: 0; border: none; }
    ConsoleScreen.-wide RecentCalls { width: 1fr; border-top: solid $rule; height: 100%; }
    ConsoleScreen.-wide DirectoryPane #groups { width: 1fr; }
    ConsoleScreen.-wide DirectoryPane #members { width: 1fr; }
    ConsoleScreen.-narrow RecentCalls { margin: 1 0 0 0; }
    ConsoleScreen.-wide.-replayed RecentCalls { display: none; }
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        clocks = desk.clocks
        self.heading = Heading(clocks)
        self.lines = LineRows(clocks)
        self.panel = CallPanel(clocks)
        self.wrapup = WrapUpPanel(clocks, desk.send)
        self.recent = RecentCalls(clocks)
        self.history = HistoryPane(clocks)
        self.script = ScriptPane()
        self.notice = NoticeRow()
        self.keys = KeyBar()
        self.model = DirectoryModel(desk.ask)
        """What the directory and the search for a third party have read."""
        self.directory: DirectoryPane | None = None
        """Built when the console has come to rest, or when it is first opened."""
        self._drawn_for: tuple[int, ...] = ()
        """The widths of the parts when they were drawn."""
        self._opening = False
        """The directory is opened, and has not got the keys yet."""
        self._side = Container(id="call-side")
        self._body = Container(id="body")

    def compose(self) -> ComposeResult:
        yield self.heading
        with self._body:
            with self._side:
                yield self.lines
                yield self.panel
                yield self.wrapup
            yield self.recent
            yield self.history
            yield self.script
        yield self.notice
        yield self.keys

    def show(self, view: View) -> None:
        works = available(view)
        self.heading.show(view)
        if self.model.follow(view.snapshot.colleagues) and self.directory is not None:
            self.directory.lamps_changed()
        call = view.snapshot.call
        over = view.snapshot.wrapup is not None and not (call is not None and call.live)
        # The write-up takes the panel's place, until there is a call, or a number to type.
        away = over and not view.dialling
        set_own_class(self.panel, away, "-away")
        self.lines.show(view)
        self.wrapup.follow(view)
        rows = self.panel.rows(view, works)
        share = self._share(view, rows, away=away)
        self.panel.show(view, rows, share.call, rules=share.rules)
        self.wrapup.fit(share.writeup, rules=share.rules)
        self.wrapup.show(view)
        beside = self.has_class("-wide") and not (view.history or view.directory)
        scripted = self.script.show(view, self.desk.work.script_file() if beside else "")
        self._show_directory(view, scripted=scripted)
        self.set_class(view.history, "-history")
        self.recent.show(view)
        self.history.show(view)
        self.notice.show(view, share.notice)
        self.keys.show(view, reachable(self, works))
        if text := self.desk.calls.typed_ahead.due(view):
            self.wrapup.begin_note(text)

    def _share(self, view: View, rows: list[Ranked], *, away: bool) -> Share:
        """Part the rows of the terminal among what stands on it, and give each its height."""
        typing = view.dialling or view.typing
        field, note = int(typing and not away), self.wrapup.note_rows
        lines = len(live_lines(view))
        height = self.size.height - AROUND
        quiet = view.snapshot.call is None and not field
        call = len([pieces for _, pieces in rows if pieces])
        if self.size.height >= TALL and not (quiet and self._narrow_list(view)):
            # As high as ever, so that nothing below it jumps; what was opened is on top.
            call = max(HEIGHT + 1 - field - note, call if view.figures else 0)
        writeup, writeup_needs = self.wrapup.wants()
        share = part(
            height,
            Wanted(
                lines=lines if lines > 1 else 0,
                call=0 if away else call,
                call_needs=0 if away else needed(rows),
                field=field + note,
                writeup=writeup,
                writeup_needs=writeup_needs,
                list=LEAST_LIST if view.directory or view.history else 0,
                notice=len(self.notice.rows(view)),
            ),
        )
        _rule(self.panel, "height", 0 if away else share.call + field + 2 * share.rules)
        _rule(self.wrapup, "max_height", note or share.writeup + 2 * share.rules)
        _rule(self.notice, "height", share.notice)
        return share

    def _narrow_list(self, view: View) -> bool:
        """The directory stands below, and has the room of the panel until there is a call."""
        return view.directory and self.has_class("-narrow")

    def cursor_place(self) -> Offset | None:
        """While nobody types: who rings, who one speaks to, else the state."""
        if isinstance(self.focused, Input):
            return None
        view = self.desk.view
        ringing = next((c for c in view.snapshot.calls if c.state is CallState.RINGING), None)
        if self.focused is not None and ringing is None:
            return None
        call = ringing or view.snapshot.call
        if call is not None and call.live:
            number = spaced(call.number) or tr("call.no_number")
            there = self.panel.card.place_of(number) if call is view.snapshot.call else None
            there = there or self.lines.place_of(number)
            if there is not None:
                return there
        return self.heading.content_region.offset + Offset(0, 1)

    def open_dial(self, text: str = "") -> None:
        """Put the cursor into the dial field, behind this text."""
        if text:
            self.panel.dial.value = text
            self.panel.dial.input.cursor_position = len(text)
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

    def _show_directory(self, view: View, *, scripted: bool) -> None:
        call, typing = view.snapshot.call, view.dialling or view.typing
        quiet = call is None and not typing and view.snapshot.wrapup is None
        # Not by classes, after which Textual works out the style of every widget below again.
        _rule(self.recent, "display", "none" if view.directory or scripted else None)
        # In a small terminal the directory has the room of the call panel until there is a call.
        folded = quiet and view.directory and self.has_class("-narrow")
        _rule(self._side, "height", 0 if folded else None)
        if self.directory is not None and not view.directory:
            self.directory.shut()

    def open_directory(self, on: bool) -> None:
        """Open the directory with the keys in it, or shut it."""
        if not on:
            self.set_focus(None)
        elif self.directory is not None and self.directory.is_mounted:
            self.directory.open()
        else:
            self._opening = True
            self._build_directory().call_after_refresh(self._open_built)

    def _open_built(self) -> None:
        if self.directory is not None and self.desk.view.directory:
            self.directory.open()
        self.app.call_later(self._opened)  # behind the focus, which goes the same way

    def _opened(self) -> None:
        self._opening = False

    @property
    def keys_under_way(self) -> bool:
        return self._opening or self.history.opening

    def _build_directory(self) -> DirectoryPane:
        if self.directory is None:
            from tui.console.screens.directory.pane import DirectoryPane

            self.directory = DirectoryPane(self.desk, self.model)
            self._body.mount(self.directory)
        return self.directory

    def on_mount(self) -> None:
        super().on_mount()
        self.set_timer(AT_REST, self._build_directory)
        for each in self._parts():
            when_laid_out(each, self._laid_out)

    def _parts(self) -> tuple[Widget, ...]:
        """What is drawn for its width, and shares the width of the terminal with others."""
        return self.panel, self.wrapup, self.recent

    def _laid_out(self) -> None:
        """A layout has given one of them another width. Under a dialog that comes after the look
        that a new size of the terminal asks for: what was drawn then is for the width before."""
        widths = tuple(each.outer_size.width for each in self._parts())
        if widths != self._drawn_for:
            self._drawn_for = widths
            self.show(self.desk.view)

    def marked(self) -> DirectoryEntry | None:
        """Who is marked in the directory, if it has the keys."""
        return self.directory.marked() if self.directory is not None else None

    # ------------------------------------------------------------ keys

    def on_key(self, event: events.Key) -> None:
        """Where no field has the focus. In a call digits are tones, in a write-up they and the
        arrows choose the outcome; else they begin a number. All other text is the note's."""
        if event.key in ("tab", "shift+tab") and self._turn():
            event.stop()
            return
        if isinstance(self.focused, Input):
            return
        marks = event.key in ("up", "down") and self.focused is None and self._mark(event.key)
        if marks or self._digit(event) or self._outcome(event) or self._text(event):
            event.stop()

    def on_paste(self, event: events.Paste) -> None:
        """What an input method commits may come like this. No tones: it was not typed."""
        text = in_one_line(event.text)
        if text and not isinstance(self.focused, Input) and self._take(text):
            event.stop()

    def _turn(self) -> bool:
        """Tab goes between the note and the outcomes, where there is a note."""
        resting = (None, self.recent, self.wrapup.outcomes, self.wrapup.note.input)
        if not can_note(self.desk.view) or self.focused not in resting:
            return False
        self.wrapup.turn()
        return True

    def _digit(self, event: events.Key) -> bool:
        """A tone, or a digit that was meant for what went by itself a moment ago."""
        digit = unicodedata.normalize("NFKC", event.character or "")
        if not digit or digit not in _KEYPAD:
            return False
        if self.desk.calls.typed_ahead.waits:
            return False
        if self.desk.calls.too_late():
            return True
        if find("digits").available(self.desk.view):
            self.desk.calls.type_tones(digit)
            return True
        # Tones and outcomes a moment ago: what they mean now was not in sight.
        return self.desk.guarded or bool(live_lines(self.desk.view))

    def _outcome(self, event: events.Key) -> bool:
        writing_up = self.wrapup.is_open and self.panel.has_class("-away")
        return writing_up and self.wrapup.outcomes.key(event.key, event.character)

    def _text(self, event: events.Key) -> bool:
        """Letters are text, unless one was given to an action that works now."""
        text = event.character or ""
        if not text.isprintable() or not text:
            return False
        if acts(self.desk.view, event.key):
            return False
        letters = self.desk.appearance.config.ui.letters
        if letters and text.isascii() and not text.isdecimal():
            return False
        return self._take(text)

    def _take(self, text: str) -> bool:
        """Into the note; where there is none, a number begins. Else it is nothing's."""
        view = self.desk.view
        if can_note(view):
            self.wrapup.begin_note(text)
        elif self.desk.calls.typed_ahead.take(text, view):
            return True
        elif is_number(text) and can_dial(view) and not live_lines(view):
            self.desk.calls.open_dial(unicodedata.normalize("NFKC", text))
        elif not text.isascii():
            # An input method is on: what it composed was meant for a key.
            self.desk.change(notice=message("keys.composed"))
        else:
            return False
        return True

    def _mark(self, key: str) -> bool:
        """The arrows move the mark among the lines; whether there are any."""
        if not find("line_next").available(self.desk.view):
            return False
        lines = live_lines(self.desk.view)
        current = self.desk.view.snapshot.call
        at = next((n for n, call in enumerate(lines) if call is current), 0)
        to = at + (1 if key == "down" else -1)
        if 0 <= to < len(lines):
            self.desk.send(MarkLine(lines[to].key))
        return True

    @on(HistoryPane.PageWanted)
    def _history_asked(self, event: HistoryPane.PageWanted) -> None:
        self.desk.pages.load_history(event.command)

    @on(HistoryPane.Redial)
    def _redial(self, event: HistoryPane.Redial) -> None:
        self.desk.pages.redial(event.entry)

    @on(HistoryPane.Closed)
    def _history_closed(self) -> None:
        self.desk.change(history=False)

    @on(WrapUpPanel.WhenWanted)
    def _when_wanted(self) -> None:
        self.desk.work.plan()

    @on(WrapUpPanel.NoteBegun)
    def _note_begun(self, event: WrapUpPanel.NoteBegun) -> None:
        event.stop()
        self.show(self.desk.view)

    @on(CallPanel.TonesEntered)
    def _typed(self, event: CallPanel.TonesEntered) -> None:
        self.desk.calls.type_tones(event.tones)
        self.desk.calls.close_tones()

    @on(CallPanel.NumberEntered)
    def _dialled(self, event: CallPanel.NumberEntered) -> None:
        self.desk.calls.dial(event.number)


def _rule(widget: Widget, name: str, value: object) -> None:
    """A style of the widget itself; None gives it back to the stylesheet."""
    styles = widget.styles.inline
    if value is None:
        if styles.clear_rule(name):
            widget.refresh(layout=True)
    else:
        if getattr(styles, name) != value:
            setattr(styles, name, value)

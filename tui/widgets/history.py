"""The history of calls: a page of it, searched while one types, one line marked.

The cursor stays in the search line; arrows and page keys move the mark. Stands where the recent
calls are, so that a call that comes in never covers it.
"""

from __future__ import annotations

import math
import time

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.message import Message as TextualMessage
from textual.timer import Timer
from textual.widgets import Input

from tui.actions import View
from tui.engine.commands import GetHistory
from tui.engine.state import CallRecord, HistoryEntry, HistoryPage, Message
from tui.i18n import render, tr
from tui.widgets import sounding
from tui.widgets.fields import Field
from tui.widgets.glyphs import glyphs
from tui.widgets.rows import Row, Rows, cut, row, two_sided
from tui.widgets.words import Clocks, duration, fit, outcome_word, spaced

PAGE = 50
"""Calls of a page (`GetHistory`)."""
LAG = 0.15
"""Seconds after the last key of a search before it is asked."""


class HistoryList(Rows):
    """The lines in sight."""

    DEFAULT_CSS = "HistoryList { height: 1fr; }"


class HistoryPane(Vertical):
    """Search line, list, what is known of the marked call."""

    DEFAULT_CSS = """
    HistoryPane { display: none; height: 1fr; padding: 0 2; }
    HistoryPane #history-head { height: 1; }
    HistoryPane #history-head Field { width: 1fr; }
    HistoryPane Label { width: 10; }
    HistoryPane #history-head Field TextInput { width: 1fr; }
    HistoryPane Complaint { display: none; }
    HistoryPane #history-count { width: 26; padding: 0 0 0 2; }
    """
    BINDINGS = [Binding("escape", "close", show=False)]  # noqa: RUF012

    class Asked(TextualMessage):
        """A page is wanted."""

        def __init__(self, command: GetHistory) -> None:
            super().__init__()
            self.command = command

    class Redial(TextualMessage):
        """Enter on a call."""

        def __init__(self, entry: HistoryEntry) -> None:
            super().__init__()
            self.entry = entry

    class Closed(TextualMessage):
        """Esc."""

    def __init__(self, clocks: Clocks) -> None:
        super().__init__(id="history")
        self._clocks = clocks
        self.search = Field("history.search", id="history-search")
        self._count = Rows(id="history-count")
        self._list = HistoryList()
        self._detail = Rows()
        self._open = False
        self._failure: Message | None = None
        self._page = HistoryPage((), 0)
        self._text = ""
        """What the page shown was searched by."""
        self._at = 0
        self._first = 0
        self._seen: tuple[CallRecord, ...] = ()
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        with Horizontal(id="history-head"):
            yield self.search
            yield self._count
        yield self._list
        yield self._detail

    # ------------------------------------------------------------ what is shown

    @property
    def text(self) -> str:
        """What is searched for."""
        return self.search.value.strip() if self._open else ""

    @property
    def entry(self) -> HistoryEntry | None:
        """The marked call."""
        entries = self._page.entries
        return entries[self._at] if self._at < len(entries) else None

    def show(self, view: View) -> None:
        """Open, close, or look again after a call."""
        if view.history and not self._open:
            self._open = True
            self._seen = view.snapshot.recent
            self._ask(1)
            self.call_after_refresh(self.search.focus_input)
        elif self._open and not view.history:
            self._open = False
            self.search.value = ""
            if self.screen.focused in self.walk_children():
                self.screen.set_focus(None)
        elif self._open and view.snapshot.recent != self._seen:
            self._seen = view.snapshot.recent
            self._ask(self._page.page)
        if self._open:
            self._draw()

    def fill(self, command: GetHistory, page: HistoryPage | None, failure: Message | None) -> None:
        """The answer to what was asked; an older one than the last is not wanted any more."""
        if command.text != self.text:
            return
        self._failure = failure
        if page is not None:
            if (page.page, command.text) != (self._page.page, self._text):
                self._at = self._first = 0
            self._page, self._text = page, command.text
            self._at = min(self._at, max(0, len(page.entries) - 1))
        self._draw()

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        width, height = self._list.content_size
        if not width or not height:
            return
        self._first = max(min(self._first, self._at), self._at - height + 1, 0)
        entries = self._page.entries[self._first : self._first + height]
        pages = max(1, math.ceil(self._page.total / PAGE))
        count = tr("history.count", n=self._page.total)
        where = tr("history.page", page=self._page.page, pages=pages) if pages > 1 else ""
        self._count.draw([two_sided((), row((f"{count}  {where}".rstrip(), "$dim")), 24)])
        if self._failure is not None:
            self._list.draw([row((render(self._failure), "$bad"))])
        elif not entries:
            self._list.draw([row((tr("history.nothing" if self._text else "recent.none"), "$dim"))])
        else:
            self._list.draw(
                cut(self._line(entry, at == self._at), width)
                for at, entry in enumerate(entries, self._first)
            )
        self._detail.draw([cut(self._about(self.entry), width)])

    def _line(self, entry: HistoryEntry, marked: bool) -> Row:
        arrow = glyphs().out if entry.outgoing else glyphs().into
        length = duration(entry.talk_time) if entry.talk_time is not None else "–"
        number = spaced(entry.number) or tr("call.no_number")
        style = "bold $strong" if marked else ""
        dim = style or "$dim"
        what = outcome_word(entry.outcome) or (tr(entry.reason) if entry.reason else "")
        return row(
            (f"{glyphs().folded if marked else ' '} ", "bold $key"),
            (fit(self._when(entry.began), 12), dim),
            (arrow + " ", dim),
            (fit(number, 15), style),
            (f"{length:>8}  ", style),
            (tr("recent.missed") + "  " if entry.missed else "", "bold $ring"),
            (what, dim),
        )

    def _when(self, began: float) -> str:
        then, now = time.localtime(began), time.localtime(self._clocks.wall())
        if then[:3] == now[:3]:
            return time.strftime("%H:%M", then)
        return time.strftime("%m-%d %H:%M" if then[0] == now[0] else "%Y-%m-%d", then)

    def _about(self, entry: HistoryEntry | None) -> Row:
        if entry is None:
            return ()
        parts = [entry.group] if entry.group else []
        parts.append(tr("history.rang", time=duration(entry.ring_time)))
        if entry.hold_time:
            parts.append(tr("history.held", time=duration(entry.hold_time)))
        if sounded := sounding.summary(entry):
            parts.append(sounded)
        if entry.outcome and entry.reason:
            parts.append(tr(entry.reason))
        if entry.note:
            parts.append(entry.note)
        return row(("  " + glyphs().between.join(parts), "$dim"))

    # ------------------------------------------------------------ keys

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._timer is not None:
            self._timer.stop()
        if self._open and self.text != self._text:
            self._timer = self.set_timer(LAG, lambda: self._ask(1))

    def _ask(self, page: int) -> None:
        self.post_message(self.Asked(GetHistory(self.text, page)))

    @on(Input.Submitted)
    def _enter(self, event: Input.Submitted) -> None:
        event.stop()
        if (entry := self.entry) is not None and self._text == self.text:
            self.post_message(self.Redial(entry))

    def on_key(self, event: events.Key) -> None:
        height = max(1, self._list.content_size.height)
        step = {"up": -1, "down": 1, "pageup": -height, "pagedown": height}.get(event.key)
        if step is None:
            return
        event.stop()
        last = len(self._page.entries) - 1
        pages = math.ceil(self._page.total / PAGE)
        if step > 0 and self._at >= last and self._page.page < pages:
            self._ask(self._page.page + 1)
        elif step < 0 and self._at == 0 and self._page.page > 1:
            self._ask(self._page.page - 1)
        else:
            self._at = max(0, min(last, self._at + step))
            self._draw()

    def action_close(self) -> None:
        """Esc."""
        self.post_message(self.Closed())

"""The history of calls: a page of it, searched while one types, one line marked.

The cursor stays in the search line; arrows and page keys move the mark. Stands where the recent
calls are, so that a call that comes in never covers it.
"""

from __future__ import annotations

import math

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.geometry import Offset
from textual.message import Message as TextualMessage
from textual.timer import Timer
from textual.widgets import Input

from tui.console.i18n import render, tr
from tui.console.view import View
from tui.console.widgets.call import sound_quality as sounding
from tui.console.widgets.calls_before.history_terms import terms_of
from tui.console.widgets.form.fields import Field
from tui.console.widgets.formats import Clocks, duration, fit, outcome_word, spaced
from tui.console.widgets.glyphs import glyphs
from tui.console.widgets.laid_out import when_laid_out
from tui.console.widgets.rows import Row, Rows, cut, row, two_sided
from tui.port.commands import GetHistory
from tui.port.values import BREAK, CallRecord, HistoryEntry, HistoryPage, Message, message

PAGE = 50
"""Calls of a page (`GetHistory`)."""
ROOMY = 90
"""Cells from which on a row has who it was, and the note."""
NAME_CELLS = 14
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

    class PageWanted(TextualMessage):
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
        self.opening = False
        """It is opened, and has not got the keys yet."""
        self._failure: Message | None = None
        self._page = HistoryPage((), 0)
        self._text = ""
        """What the page shown was searched by."""
        self._at = 0
        self._first = 0
        self._seen: tuple[CallRecord, ...] = ()
        self._timer: Timer | None = None
        self._moved = False
        """The mark was moved since anything was typed."""

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
            self.opening = True
            self.call_after_refresh(self._take_keys)
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

    def _take_keys(self) -> None:
        if self._open:
            self.search.focus_input()
        self.app.call_later(self._opened)  # behind the focus, which goes the same way

    def _opened(self) -> None:
        self.opening = False

    def look_for(self, words: str) -> None:
        """Search for these words, once it is open."""
        self.search.value = words

    def again(self) -> None:
        """Look again: something of what is shown was changed."""
        self._ask(self._page.page)

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

    def on_mount(self) -> None:
        when_laid_out(self, lambda: self.call_after_refresh(self._draw))

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
                cut(self._entry_row(entry, at == self._at), width)
                for at, entry in enumerate(entries, self._first)
            )
        self._detail.draw([cut(self._about(self.entry), width)])

    def cursor_place(self) -> Offset | None:
        """The mark, once it was moved; the field, once something is typed."""
        if not self._moved:
            return None
        return self._list.content_region.offset + Offset(2, self._at - self._first)

    @on(events.Click)
    def _clicked(self, event: events.Click) -> None:
        """A click marks a call, a second one is as Enter."""
        if event.widget is not self._list:
            return
        at = self._first + event.y
        if at < len(self._page.entries):
            self._at, self._moved = at, True
            self._draw()
            if event.chain > 1 and (entry := self.entry) is not None:
                self.post_message(self.Redial(entry))

    def _entry_row(self, entry: HistoryEntry, marked: bool) -> Row:
        if entry.kind == BREAK:
            return self._break_row(entry, marked)
        arrow = glyphs().out if entry.outgoing else glyphs().into
        length = duration(entry.talk_time) if entry.talk_time is not None else "–"
        number = spaced(entry.number) or tr("call.no_number")
        style = "bold $strong" if marked else ""
        dim = style or "$dim"
        what = outcome_word(entry.outcome) or _reason(entry)
        roomy = self._list.content_size.width >= ROOMY
        name = fit(entry.name or entry.group, NAME_CELLS) + " " if roomy else ""
        note = "   " + entry.note if roomy and entry.note else ""
        return row(
            (f"{glyphs().folded if marked else ' '} ", "bold $key"),
            (fit(self._when(entry.began), 12), dim),
            (arrow + " ", dim),
            (fit(number, 15), style),
            (name, dim),
            (f"{length:>8}  ", style),
            (tr("recent.missed") + "  " if entry.missed else "", "bold $ring"),
            (what, dim),
            (note, dim),
        )

    def _break_row(self, entry: HistoryEntry, marked: bool) -> Row:
        length = duration(entry.talk_time) if entry.talk_time is not None else "–"
        style = "bold $strong" if marked else "$dim"
        return row(
            (f"{glyphs().folded if marked else ' '} ", "bold $key"),
            (fit(self._when(entry.began), 12), style),
            ("  ", ""),
            (fit(tr("history.break"), 15), style),
            (f"{length:>8}  ", style),
            (entry.name, style),
            ("   " + render(message(entry.reason)) if entry.reason else "", "$ring"),
        )

    def _when(self, began: float) -> str:
        return self._clocks.moment(began)

    def _about(self, entry: HistoryEntry | None) -> Row:
        if entry is None or entry.kind == BREAK:
            return ()
        parts = [each for each in (entry.name, entry.group) if each]
        parts.append(tr("history.rang", time=duration(entry.ring_time)))
        if entry.hold_time:
            parts.append(tr("history.held", time=duration(entry.hold_time)))
        if sounded := sounding.summary(entry):
            parts.append(sounded)
        if entry.outcome and entry.reason:
            parts.append(_reason(entry))
        if entry.note:
            parts.append(entry.note)
        return row(("  " + glyphs().between.join(parts), "$dim"))

    # ------------------------------------------------------------ keys

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._moved = False
        if self._timer is not None:
            self._timer.stop()
        if self._open and self.text != self._text:
            self._timer = self.set_timer(LAG, lambda: self._ask(1))

    def _ask(self, page: int) -> None:
        terms = terms_of(self.text, self._clocks.wall())
        self.post_message(self.PageWanted(GetHistory(self.text, page, terms)))

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
        self._moved = True
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


def _reason(entry: HistoryEntry) -> str:
    """Why the call ended, in words; "" where nothing was kept."""
    return render(Message(entry.reason, entry.reason_values)) if entry.reason else ""

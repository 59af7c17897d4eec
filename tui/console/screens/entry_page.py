"""A call of the history in full: what is known of it, and its note, which can be mended."""

from __future__ import annotations

import time
from typing import Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.geometry import Offset
from textual.message import Message as TextualMessage
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from tui.console.desk import Desk
from tui.console.i18n import render, tr
from tui.console.widgets.call import sound_quality as sounding
from tui.console.widgets.formats import duration, outcome_word, spaced
from tui.console.widgets.glyphs import glyphs
from tui.console.widgets.room import SHORT
from tui.port.commands import MendNote
from tui.port.values import HistoryEntry, Message

NOTE_LIMIT: Final = 2000
"""Characters of a note that the engine keeps."""


class NoteArea(TextArea):
    """The note over as many lines as it takes. It is one line of text, so Enter saves it."""

    DEFAULT_CSS = """
    NoteArea, NoteArea:focus {
        height: auto; min-height: 3; max-height: 12; border: none; padding: 0 1;
        background: $field;
    }
    NoteArea:focus { background: $field-focus; }
    """

    class Entered(TextualMessage):
        """Enter: the note is as it should be."""

    def __init__(self, note: str) -> None:
        super().__init__(note, soft_wrap=True, tab_behavior="focus", compact=True)
        self.cursor_blink = False

    def cursor_place(self) -> Offset:
        """Where it is typed."""
        return self.cursor_screen_offset

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self.post_message(self.Entered())
            return
        if event.character == "\u3000":  # the space of Chinese text, which Python cannot print
            event.stop()
            event.prevent_default()
            self.insert("\u3000")
            return
        await super()._on_key(event)


class EntryPage(ModalScreen[MendNote]):
    """Its result is the note as it was mended; None when it was left as it was."""

    DEFAULT_CSS = """
    EntryPage { align: center bottom; background: $background 0%; }
    EntryPage #box {
        width: 72; max-width: 100%; height: auto; max-height: 100%; padding: 0 2;
        margin: 2 0 1 0; background: $surface; border: solid $key; scrollbar-size-vertical: 1;
    }
    EntryPage Static { height: auto; }
    EntryPage .title { text-style: bold; color: $strong; margin: 0 0 1 0; }
    EntryPage .todo { color: $dim; margin: 1 0 0 0; }
    EntryPage NoteArea { margin: 1 0 0 0; }
    EntryPage.-short #box { padding: 0 1; margin: 2 0 0 0; border: none; }
    EntryPage.-short .title, EntryPage.-short .todo, EntryPage.-short NoteArea { margin: 0; }
    """
    VERTICAL_BREAKPOINTS = [(0, "-short"), (SHORT, "-tall")]  # noqa: RUF012
    BINDINGS = [Binding("escape", "leave", show=False)]  # noqa: RUF012

    def __init__(self, desk: Desk, entry: HistoryEntry) -> None:
        super().__init__()
        self._desk, self._entry = desk, entry
        self.note = NoteArea(entry.note)

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="box", can_focus=False):
            yield Static(self._title(), classes="title", markup=False)
            yield Static("\n".join(self._facts()), markup=False)
            yield self.note
            yield Static(tr("entry.todo"), classes="todo", markup=False)

    def on_mount(self) -> None:
        self.note.move_cursor(self.note.document.end)
        self.note.focus()

    def _title(self) -> str:
        entry = self._entry
        number = spaced(entry.number) or tr("call.no_number")
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.began))
        mark = glyphs().out if entry.outgoing else glyphs().into
        return f"{mark} " + tr("entry.title", number=number, when=when)

    def _facts(self) -> list[str]:
        entry = self._entry
        times = [tr("history.rang", time=duration(entry.ring_time))]
        if entry.talk_time is not None:
            times.append(tr("recent.time", time=duration(entry.talk_time)))
        if entry.hold_time:
            times.append(tr("history.held", time=duration(entry.hold_time)))
        why = render(Message(entry.reason, entry.reason_values)) if entry.reason else ""
        missed = tr("recent.missed") if entry.missed else ""
        lines = (
            (entry.name, entry.group),
            times,
            (missed, outcome_word(entry.outcome), why),
            (sounding.summary(entry),),
        )
        joined = (glyphs().between.join(filter(None, each)) for each in lines)
        return [line for line in joined if line]

    def action_leave(self) -> None:
        """Esc."""
        self.dismiss(None)

    @on(NoteArea.Entered)
    def _keep(self) -> None:
        note = " ".join(self.note.text.split("\n")).strip()[:NOTE_LIMIT]
        self.dismiss(MendNote(self._entry.id, note) if note != self._entry.note else None)

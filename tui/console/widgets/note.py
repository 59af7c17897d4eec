"""The note of a call: one field from the first letter in the call to the end of its write-up.

The engine keeps it; this is where it is typed. What is typed is sent 300 ms after a key at the
latest, and at once where waiting could lose it. What the engine says never overwrites what is being
typed, and nothing takes the keys away from a note that somebody types in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual import events, on
from textual.app import ComposeResult
from textual.message import Message as TextualMessage
from textual.timer import Timer
from textual.widgets import Input

from tui.console.actions.conditions import can_note
from tui.console.view import View
from tui.console.widgets.form.fields import Field
from tui.console.widgets.formats import Clocks
from tui.port.commands import Command, EditNote, EditWrapUp
from tui.text import clean_text

NOTE_LIMIT = 2000
"""Characters of a note that the engine keeps."""
LAG = 0.3
"""Seconds after a key by which it is sent."""
NEAR_THE_END = 2.0
"""Seconds before the countdown ends in which every key is sent at once."""
FLYING = 20
"""Sent notes to remember. Should the engine refuse one, the oldest goes first."""


@dataclass(frozen=True, slots=True)
class NoteSubject:
    """What the note is about: a call by its key, then its write-up."""

    key: str
    note: str
    written_up: bool = False
    until: float | None = None
    """When the write-up ends by itself."""


def subject_of(view: View) -> NoteSubject | None:
    """What is typed now is about this; None where it would be about nothing."""
    wrapup, call = view.snapshot.wrapup, view.snapshot.call
    if not can_note(view):
        return None
    if wrapup is not None:
        key = wrapup.call or f"entry {wrapup.entry}"
        return NoteSubject(key, wrapup.note, True, wrapup.until)
    return None if call is None else NoteSubject(call.key, call.note)


class NoteField(Field):
    """`begun`: somebody types here, or has typed something."""

    class Left(TextualMessage):
        """Esc or Enter: the digits are tones and outcomes again."""

    def __init__(self, clocks: Clocks, send: Callable[[Command], None]) -> None:
        """`send` takes what is for the engine: at once, so that no key that acts overtakes it."""
        super().__init__("wrapup.note", id="wrapup-note", joins=True)
        self._clocks, self._send = clocks, send
        self._subject: NoteSubject | None = None
        self._busy = False
        """Another call is there: every key is sent at once."""
        self._began = False
        self._unsent: str | None = None
        """The note as typed, not sent yet."""
        self._sent = ""
        self._flying: list[str] = []
        """Notes that were sent and have not come back from the engine."""
        self._timer: Timer | None = None

    @property
    def begun(self) -> bool:
        """Whether there is anything to show of it."""
        return self._subject is not None and (self._began or bool(self.value))

    def compose(self) -> ComposeResult:
        yield from super().compose()
        self.input.max_length = NOTE_LIMIT

    # ------------------------------------------------------------ what the engine says

    def show(self, view: View) -> None:
        """Follow the view: the same note, another one, or none."""
        if not view.connected:
            return  # an engine comes back, with the note
        call, before, now = view.snapshot.call, self._subject, subject_of(view)
        self._busy = now is not None and now.written_up and call is not None and call.live
        if now is None:
            if before is not None and not self._typed_on(before):
                self._turn_to(None)
        elif before is None or before.key != now.key:
            self._turn_to(now)
        else:
            self._subject = now
            if now.note != before.note:
                self._heard(now.note)

    def _typed_on(self, subject: NoteSubject) -> bool:
        """Whether a call that is over, and is not written up, is still typed about."""
        return self._began and not subject.written_up

    def _turn_to(self, subject: NoteSubject | None) -> None:
        self.flush()
        if self._subject is not None:
            self._leave()
        self._subject = subject
        self._unsent, self._flying = None, []
        self._sent = self.value = "" if subject is None else subject.note

    def _heard(self, note: str) -> None:
        """The engine has a new note: one that was sent from here, or that of another screen."""
        if note in self._flying:
            del self._flying[: self._flying.index(note) + 1]
        elif self._unsent is None and not self._flying:
            self._sent = self.value = note

    # ------------------------------------------------------------ typing

    def begin(self, text: str = "") -> None:
        """Type here from now on; `text` stands behind what is there."""
        taken_up = self.value and not self._began
        self._began = True
        if text:
            apart = self.value.endswith(" ") or text.startswith(" ")
            between = " " if taken_up and not apart else ""
            self.value = f"{self.value}{between}{text if self.value else text.lstrip()}"
        self.input.cursor_position = len(self.value)
        self.focus_input()

    def _leave(self) -> None:
        self._began = False
        if self.input.has_focus:
            self.screen.set_focus(None)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        subject = self._subject
        if subject is None or clean_text(event.value, NOTE_LIMIT) == self._sent:
            self._unsent = None
            return
        self._unsent = event.value
        # The first key holds the countdown, so that none comes too late.
        near = subject.until is not None and (
            not self._flying or subject.until - self._clocks.monotonic() < NEAR_THE_END
        )
        if self._busy or near:
            self.flush()
        elif self._timer is None:
            self._timer = self.set_timer(LAG, self.flush)

    def flush(self) -> None:
        """Send what is not sent yet."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if (edit := self.pending()) is not None:
            self._send(edit)

    def pending(self) -> EditNote | EditWrapUp | None:
        """What is not sent yet, for a caller that sends it itself before something else."""
        subject = self._subject
        if self._unsent is None or subject is None:
            return None
        # As the engine will keep it: what comes back is then known as our own.
        self._sent, self._unsent = clean_text(self._unsent, NOTE_LIMIT), None
        self._flying = [*self._flying, self._sent][-FLYING:]
        if subject.written_up:
            return EditWrapUp(note=self._sent)
        return EditNote(self._sent, subject.key)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self._began = True

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        self._began = False
        self.flush()

    @on(Input.Submitted)
    def _saved(self, event: Input.Submitted) -> None:
        event.stop()
        self.go()

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.stop()
            self.go()

    def go(self) -> None:
        """Esc, Enter: send it, and give the keys back."""
        self.flush()
        self._leave()
        self.post_message(self.Left())

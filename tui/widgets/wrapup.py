"""The write-up of the last call: outcome, note, and when it ends.

The engine keeps it; this widget is where it is typed. What is typed is sent 300 ms after a key at
the latest, and at once where waiting could lose it: near the end of the countdown, while another
call is there, on leaving the field. What the engine says never overwrites what is being typed.
"""

from __future__ import annotations

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message as TextualMessage
from textual.timer import Timer
from textual.widgets import Input

from tui.actions import View
from tui.engine.commands import EditWrapUp
from tui.engine.state import WrapUp, WrapUpMode
from tui.i18n import render, tr
from tui.text import clean_text
from tui.widgets.fields import Field
from tui.widgets.glyphs import glyphs
from tui.widgets.rows import Row, Rows, row, two_sided
from tui.widgets.words import Clocks, duration, outcome_word, spaced

NOTE_LIMIT = 2000
"""Characters of a note that the engine keeps."""
LAG = 0.3
"""Seconds after a key by which it is sent."""
NEAR_THE_END = 2.0
"""Seconds before the countdown ends in which every key is sent at once."""
FLYING = 20
"""Sent notes to remember. Should the engine refuse one, the oldest goes first."""
OUTCOME_ROWS = 3
"""Rows that the outcomes may take; more of them scroll by the one that is chosen."""


class Outcomes(Rows, can_focus=True):
    """What came of the call: arrows or a digit choose, Delete takes it back."""

    DEFAULT_CSS = """
    Outcomes { height: 1; }
    Outcomes:focus { background: $field-focus; }
    Outcomes:ansi:focus { text-style: reverse; }
    """

    class Chosen(TextualMessage):
        """Another outcome was chosen; "" for none."""

        def __init__(self, outcome: str) -> None:
            super().__init__()
            self.outcome = outcome

    class Left(TextualMessage):
        """Down or Enter: on to the note."""

    def __init__(self) -> None:
        super().__init__(id="outcomes")
        self.options: tuple[str, ...] = ()
        self.chosen = ""

    def show(self, options: tuple[str, ...], chosen: str) -> None:
        """Draw these outcomes and the one chosen."""
        self.options, self.chosen = options, chosen
        rows = self._wrapped(max(10, self.content_size.width))
        at = next((i for i, (_, names) in enumerate(rows) if chosen in names), 0)
        first = max(0, min(at - OUTCOME_ROWS + 1, len(rows) - OUTCOME_ROWS))
        shown = rows[first : first + OUTCOME_ROWS]
        self.styles.height = max(1, len(shown))
        self.draw([pieces for pieces, _ in shown])

    def _wrapped(self, width: int) -> list[tuple[Row, tuple[str, ...]]]:
        rows: list[tuple[Row, tuple[str, ...]]] = []
        pieces: list[tuple[str, str]] = []
        names: list[str] = []
        used = 0
        for number, option in enumerate(self.options, 1):
            here = option == self.chosen
            mark = glyphs().folded if here else " "
            digit = str(number) if number < 10 else " "
            text = f"{mark}{digit} {outcome_word(option)}"
            room = cell_len(text) + 3
            if pieces and used + room > width:
                rows.append((tuple(pieces), tuple(names)))
                pieces, names, used = [], [], 0
            pieces += [(text, "bold $strong" if here else ""), ("   ", "")]
            names.append(option)
            used += room
        return [*rows, (tuple(pieces), tuple(names))]

    def choose(self, outcome: str) -> None:
        """Take this one."""
        if outcome != self.chosen:
            self.show(self.options, outcome)
            self.post_message(self.Chosen(outcome))

    def key(self, key: str, character: str | None) -> bool:
        """A key pressed here, or where nothing has the focus; whether it meant something."""
        if character is not None and character.isascii() and character.isdecimal():
            number = int(character)
            if 1 <= number <= len(self.options):
                self.choose(self.options[number - 1])
            return True
        step = {"left": -1, "right": 1}.get(key)
        if step is not None and self.options:
            at = self.options.index(self.chosen) + step if self.chosen in self.options else 0
            self.choose(self.options[at % len(self.options)])
        elif key in ("delete", "backspace"):
            self.choose("")
        elif key in ("down", "enter"):
            self.post_message(self.Left())
        else:
            return False
        return True

    def on_key(self, event: events.Key) -> None:
        if self.key(event.key, event.character):
            event.stop()


class WrapUpCard(Rows):
    """Whose call it was."""


class WrapUpRule(Rows):
    """What the policy wants, and the next status."""


class WrapUpPanel(Vertical):
    """Shown while there is a write-up."""

    DEFAULT_CSS = """
    WrapUpPanel {
        height: auto; max-height: 9; padding: 0 2;
        border-top: solid $rule; border-bottom: solid $rule; display: none;
    }
    WrapUpPanel.-open { display: block; }
    WrapUpPanel Field TextInput { width: 1fr; }
    WrapUpPanel Field Complaint { display: none; }
    """

    class Edited(TextualMessage):
        """What was typed or chosen, for the engine."""

        def __init__(self, command: EditWrapUp) -> None:
            super().__init__()
            self.command = command

    def __init__(self, clocks: Clocks) -> None:
        super().__init__(id="wrapup")
        self._clocks = clocks
        self.card = WrapUpCard()
        self.outcomes = Outcomes()
        self.note = Field("wrapup.note", id="wrapup-note")
        self.rule = WrapUpRule()
        self._wrapup: WrapUp | None = None
        self._call = False
        self._unsent: str | None = None
        """The note as typed, not sent yet."""
        self._sent = ""
        self._flying: list[str] = []
        """Notes that were sent and have not come back from the engine."""
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield self.card
        yield self.outcomes
        yield self.note
        yield self.rule

    # ------------------------------------------------------------ drawing

    def show(self, view: View) -> None:
        """Draw the view's write-up."""
        wrapup = view.snapshot.wrapup
        call = view.snapshot.call
        self._call = call is not None and call.live
        before, self._wrapup = self._wrapup, wrapup
        self.set_class(wrapup is not None, "-open")
        if wrapup is None:
            if before is not None:
                self._close()
            return
        if before is None or before.entry != wrapup.entry:
            self._open(wrapup)
        elif wrapup.note != before.note:
            self._heard(wrapup.note)
        width = self.card.content_size.width
        if not width:
            self.call_after_refresh(self._again, view)
            return
        self.card.draw([self._about(wrapup, width)])
        self.outcomes.show(wrapup.outcomes, wrapup.outcome)
        self.rule.draw([row((tr(f"wrapup.rule_{_rule(wrapup)}"), "$dim"))])

    def _heard(self, note: str) -> None:
        """The engine has a new note: one that was sent from here, or that of another screen."""
        if note in self._flying:
            del self._flying[: self._flying.index(note) + 1]
        elif self._unsent is None and not self._flying:
            self._sent = self.note.value = note

    def _again(self, view: View) -> None:
        if self.card.content_size.width and self._wrapup == view.snapshot.wrapup:
            self.show(view)

    def _about(self, wrapup: WrapUp, width: int) -> Row:
        mark = glyphs().out if wrapup.outgoing else glyphs().into
        number = spaced(wrapup.number) or tr("call.no_number")
        lasted = "" if wrapup.talk_time is None else duration(wrapup.talk_time)
        why = "" if wrapup.ended is None else render(wrapup.ended)
        return two_sided(
            row((f"{mark} {number}", "bold $strong"), (f"   {lasted}", "")),
            row((why, "$dim")),
            width,
        )

    def _open(self, wrapup: WrapUp) -> None:
        self._unsent = None
        self._flying = []
        self._sent = self.note.value = wrapup.note
        self.outcomes.show(wrapup.outcomes, wrapup.outcome)
        self.outcomes.styles.display = "block" if wrapup.outcomes else "none"
        if self.screen.focused is None and self.app.screen is self.screen:
            (self.outcomes if wrapup.outcomes else self.note.input).focus()

    def _close(self) -> None:
        self._unsent = None
        if self.screen.focused is not None and self.screen.focused in self.walk_children():
            self.screen.set_focus(None)

    @property
    def is_open(self) -> bool:
        """Whether there is a write-up."""
        return self._wrapup is not None

    # ------------------------------------------------------------ typing

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        wrapup = self._wrapup
        if wrapup is None or clean_text(event.value, NOTE_LIMIT) == self._sent:
            self._unsent = None
            return
        self._unsent = event.value
        left = None if wrapup.until is None else wrapup.until - self._clocks.monotonic()
        if self._call or (left is not None and left < NEAR_THE_END):
            self.flush()
        elif self._timer is None:
            self._timer = self.set_timer(LAG, self.flush)

    def flush(self) -> None:
        """Send what is not sent yet."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._unsent is not None and self._wrapup is not None:
            edit = self.pending()
            assert edit is not None
            self.post_message(self.Edited(edit))

    def pending(self) -> EditWrapUp | None:
        """What is not sent yet, for a caller that sends it itself before something else."""
        if self._unsent is None or self._wrapup is None:
            return None
        # As the engine will keep it: what comes back is then known as our own.
        self._sent, self._unsent = clean_text(self._unsent, NOTE_LIMIT), None
        self._flying = [*self._flying, self._sent][-FLYING:]
        return EditWrapUp(note=self._sent)

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        self.flush()

    @on(Input.Submitted)
    def _saved(self, event: Input.Submitted) -> None:
        event.stop()
        self.flush()
        self.screen.set_focus(None)

    @on(Outcomes.Chosen)
    def _chosen(self, event: Outcomes.Chosen) -> None:
        event.stop()
        self.post_message(self.Edited(EditWrapUp(outcome=event.outcome)))

    @on(Outcomes.Left)
    def _to_note(self) -> None:
        self.note.focus_input()

    def on_key(self, event: events.Key) -> None:
        if event.key == "up" and self.note.input.has_focus and self.outcomes.options:
            event.stop()
            self.outcomes.focus()


def _rule(wrapup: WrapUp) -> str:
    """Which sentence says how this write-up ends."""
    if wrapup.mode is WrapUpMode.REQUIRED:
        return "required_chosen" if wrapup.outcome else "required"
    if wrapup.mode is WrapUpMode.TIMED_STRICT and wrapup.until is not None:
        return "strict"
    if wrapup.until is not None:
        return "timed"
    return "open"

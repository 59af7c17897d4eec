"""The note of a call, and the write-up that it becomes: outcome, note, and when it ends.

The engine keeps all of it. In a call only the note stands here, once it is begun; when the call is
over the rest comes around it, and the cursor stays where it was.
"""

from __future__ import annotations

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import DescendantBlur, DescendantFocus, Key
from textual.message import Message as TextualMessage

from tui.console.i18n import render, tr
from tui.console.view import View
from tui.console.widgets.formats import Clocks, duration, spaced
from tui.console.widgets.glyphs import glyphs
from tui.console.widgets.note import NoteField
from tui.console.widgets.outcomes import OUTCOME_ROWS, Outcomes
from tui.console.widgets.own_class import set_own_class
from tui.console.widgets.rows import Row, Rows, row, who_first
from tui.port.commands import Command, EditWrapUp
from tui.port.values import WrapUp, WrapUpMode


class WrapUpCard(Rows):
    """Whose call it was."""


class WrapUpRule(Rows):
    """What the policy wants, and the next status."""


class WrapUpPanel(Vertical):
    """Shown while there is a write-up, or a note in a call."""

    DEFAULT_CSS = """
    WrapUpPanel {
        height: auto; max-height: 9; padding: 0 2;
        border-top: solid $rule; border-bottom: solid $rule; display: none;
    }
    WrapUpPanel.-open, WrapUpPanel.-note { display: block; }
    WrapUpPanel.-note, WrapUpPanel.-flat { border: none; }
    WrapUpPanel.-short WrapUpRule { display: none; }
    WrapUpPanel.-note WrapUpCard, WrapUpPanel.-note WrapUpRule, WrapUpPanel.-note Outcomes {
        display: none;
    }
    WrapUpPanel.-plain Outcomes { display: none; }
    WrapUpPanel Field TextInput { width: 1fr; }
    WrapUpPanel Field Complaint { display: none; }
    """

    class WhenWanted(TextualMessage):
        """The outcome asks when to call back."""

    class NoteBegun(TextualMessage):
        """The note of a call has come into sight, or gone out of it: it takes a row."""

    def __init__(self, clocks: Clocks, send: Callable[[Command], None]) -> None:
        """`send` takes what was typed or chosen, for the engine."""
        super().__init__(id="wrapup")
        self._clocks = clocks
        self._send = send
        self.card = WrapUpCard()
        self.outcomes = Outcomes()
        self.note = NoteField(clocks, send)
        self.rule = WrapUpRule()
        self._wrapup: WrapUp | None = None

    def compose(self) -> ComposeResult:
        yield self.card
        yield self.outcomes
        yield self.note
        yield self.rule

    @property
    def is_open(self) -> bool:
        """Whether there is a write-up."""
        return self._wrapup is not None

    # ------------------------------------------------------------ drawing

    def follow(self, view: View) -> None:
        """Take note of what the view is about, before the room on the screen is parted."""
        before, self._wrapup = self._wrapup, view.snapshot.wrapup
        wrapup = self._wrapup
        self.note.show(view)
        self._lay_out()
        if wrapup is None:
            if before is not None and self.outcomes.has_focus:
                self.screen.set_focus(None)
        elif before is None or before.entry != wrapup.entry:
            self._open(wrapup)

    @property
    def note_rows(self) -> int:
        """Rows of a note that is begun in a call."""
        return int(not self.is_open and self.note.begun)

    def wants(self) -> tuple[int, int]:
        """Rows that it would like, and those that it cannot do without."""
        if not self.is_open:
            return 0, 0
        rows = min(OUTCOME_ROWS, self.outcomes.rows)
        return 3 + rows, 2 + min(rows, 1)

    def fit(self, room: int, *, rules: bool) -> None:
        """Make do with so many rows, with lines around them or without."""
        set_own_class(self, not rules, "-flat")
        if self.is_open:
            all_of_it = 3 + min(OUTCOME_ROWS, self.outcomes.rows)
            self.set_class(room < all_of_it, "-short")
            self.outcomes.most = max(1, min(OUTCOME_ROWS, room - (2 if room < all_of_it else 3)))

    def show(self, view: View) -> None:
        """Draw the view's write-up."""
        wrapup = self._wrapup
        if wrapup is None:
            return
        width = self.card.content_size.width
        if not width:
            self.call_after_refresh(self._again, view)
            return
        self.card.draw([_about(wrapup, width)])
        self.outcomes.show(wrapup.outcomes, wrapup.outcome)
        at = ""
        if wrapup.call_at is not None:
            at = tr("wrapup.call_at", time=self._clocks.moment(wrapup.call_at)) + "   "
        rule = tr(f"wrapup.rule_{_rule(wrapup)}")
        self.rule.draw([row((at, "bold $ring"), (rule, "$dim"))])

    def _lay_out(self) -> None:
        set_own_class(self, self.is_open, "-open")
        begun = not self.is_open and self.note.begun
        if begun is not self.has_class("-note"):
            self.set_class(begun, "-note")
            self.post_message(self.NoteBegun())

    def _again(self, view: View) -> None:
        if self.card.content_size.width and self._wrapup == view.snapshot.wrapup:
            self.show(view)

    def _open(self, wrapup: WrapUp) -> None:
        self.outcomes.show(wrapup.outcomes, wrapup.outcome)
        self.set_class(not wrapup.outcomes, "-plain")
        if self.screen.focused is None and self.app.screen is self.screen:
            if wrapup.outcomes:
                self.outcomes.focus()
            else:
                self.note.begin()

    # ------------------------------------------------------------ typing

    def begin_note(self, text: str = "") -> None:
        """Type the note from now on; `text` stands behind what is there."""
        self.note.begin(text)
        self._lay_out()

    def turn(self) -> None:
        """Tab: from the note to the outcomes, or out of it; from anywhere else to the note."""
        if not self.note.input.has_focus:
            self.begin_note()
        elif self.is_open and self.outcomes.options:
            self.outcomes.focus()
        else:
            self.note.go()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        self._lay_out()

    def on_descendant_blur(self, event: DescendantBlur) -> None:
        self._lay_out()

    @on(NoteField.Left)
    def _left(self, event: NoteField.Left) -> None:
        event.stop()
        self._lay_out()

    @on(Outcomes.OutcomeChosen)
    def _chosen(self, event: Outcomes.OutcomeChosen) -> None:
        event.stop()
        self._send(EditWrapUp(outcome=event.outcome))

    @on(Outcomes.Settled)
    def _settled(self) -> None:
        wrapup = self._wrapup
        asks = wrapup is not None and wrapup.call_back and wrapup.call_at is None
        if asks and wrapup is not None and self.outcomes.chosen == wrapup.call_back:
            self.post_message(self.WhenWanted())

    @on(Outcomes.Left)
    def _to_note(self) -> None:
        self.begin_note()

    def on_key(self, event: Key) -> None:
        if event.key == "up" and self.note.input.has_focus and self.is_open:
            event.stop()
            if self.outcomes.options:
                self.outcomes.focus()


def _about(wrapup: WrapUp, width: int) -> Row:
    mark = glyphs().out if wrapup.outgoing else glyphs().into
    number = spaced(wrapup.number) or tr("call.no_number")
    lasted = "" if wrapup.talk_time is None else duration(wrapup.talk_time)
    why = "" if wrapup.ended is None else render(wrapup.ended)
    return who_first(
        row((f"{mark} {number}", "bold $strong"), (f"   {lasted}", "")),
        row((why, "$dim")),
        width,
    )


def _rule(wrapup: WrapUp) -> str:
    """Which sentence says how this write-up ends."""
    if wrapup.mode is WrapUpMode.REQUIRED:
        return "required_chosen" if wrapup.outcome else "required"
    if wrapup.mode is WrapUpMode.TIMED_STRICT and wrapup.until is not None:
        return "strict"
    if wrapup.until is not None:
        return "timed"
    return "open"

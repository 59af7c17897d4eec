"""The field for a number to call: what can be none is refused at once, and the arrows bring back
what was called before."""

from __future__ import annotations

import unicodedata

from textual import events, on
from textual.widgets import Input

from tui.console.i18n import tr
from tui.console.view import View
from tui.console.widgets.form.fields import Field


def redials(view: View) -> list[str]:
    """What was called lately, each number once, the last first; masked ones cannot be called."""
    numbers = [record.number for record in view.snapshot.recent if record.outgoing]
    return [number for number in dict.fromkeys(numbers) if number and "•" not in number]


def is_number(text: str) -> bool:
    """Whether a number begins so: with a digit, a code, or the sign of a country."""
    plain = unicodedata.normalize("NFKC", text).strip()
    signs = all(each.isdecimal() or each in "+*#-()., " for each in plain)
    return bool(plain) and signs and (plain[0].isdecimal() or plain[0] in "+*#(")


class DialField(Field):
    """Part of the call panel, which opens it and takes what is entered."""

    def __init__(self) -> None:
        super().__init__("field.dial", id="dial")
        self.names = False
        """More than numbers can be called: names and addresses, or encrypted numbers."""
        self.before: list[str] = []
        """What was called lately, the last first."""

    @on(Input.Changed)
    def _check(self, event: Input.Changed) -> None:
        # A letter is refused at once; full-width digits and separators are left to the engine.
        # Behind a comma stand tones, of which A to D are four.
        if not self.names and any(character.isalpha() for character in event.value):
            self.complain(tr("dial.letters"))
        else:
            self.complain("")

    def on_key(self, event: events.Key) -> None:
        """Up goes back among what was called before, Down forth again."""
        if event.key not in ("up", "down"):
            return
        event.stop()
        event.prevent_default()
        if not self.before:
            return
        at = self.before.index(self.value) if self.value in self.before else -1
        at = min(max(at + (1 if event.key == "up" else -1), -1), len(self.before) - 1)
        self.value = "" if at < 0 else self.before[at]
        self.input.cursor_position = len(self.value)

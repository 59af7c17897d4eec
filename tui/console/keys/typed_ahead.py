"""What is typed between the key that answers and the call that it answered."""

from __future__ import annotations

from tui.console.actions.conditions import can_note
from tui.console.view import View
from tui.port.machines.call_machine import CallState


class TypedAhead:
    """While a call only rings, text is about nothing. Once the agent has answered it is the note's,
    however late the phone says so: it waits here until then."""

    def __init__(self) -> None:
        self._call, self._text = "", ""

    @property
    def waits(self) -> bool:
        """Whether anything was typed."""
        return bool(self._text)

    def answered(self, view: View) -> None:
        """The agent has answered the call in sight."""
        call = view.snapshot.call
        self._call, self._text = "" if call is None else call.key, ""

    def forget(self) -> None:
        """The answer was refused: the call only rings again."""
        self._call, self._text = "", ""

    def take(self, text: str, view: View) -> bool:
        """Whether the text is for a call that was answered and rings yet; then it is kept."""
        call = view.snapshot.call
        if call is None or call.key != self._call or call.state is not CallState.RINGING:
            return False
        self._text += text
        return True

    def due(self, view: View) -> str:
        """The view has changed: what is to stand in the note now; "" while there is nothing, or the
        call rings yet. Of a call that is gone nothing is left."""
        call = view.snapshot.call
        if call is not None and call.key == self._call and call.state is CallState.RINGING:
            return ""
        text = self._text if call is not None and call.key == self._call and can_note(view) else ""
        self.forget()
        return text

"""What the busy key asks where the config names breaks: which one. A digit takes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual import events

from tui.console.actions.conditions import state_of
from tui.console.i18n import tr
from tui.console.screens.base import LiveDialog
from tui.console.screens.dialogs.dialog import ChoiceDialog
from tui.console.view import View
from tui.port.commands import Command, SetStatus
from tui.port.values import StatusWanted
from tui.port.work import BreakChoice
from tui.port.work_commands import TakeBreak
from tui.text import clean_text

_STAY: Final = "stay"
_PLAIN: Final = "0"


class BreakDialog(LiveDialog, ChoiceDialog):
    """Breaks by digit, 0 for busy without one; the result is the digit, or the place in the list.
    It goes when a call comes."""

    NUMBERED = False
    DEFAULT_CSS = """
    BreakDialog #box { padding: 0 2; }
    BreakDialog OptionList, BreakDialog OptionList:focus { margin: 0; }
    """

    def __init__(self, breaks: Sequence[BreakChoice]) -> None:
        self._breaks = {str(number): each for number, each in enumerate(breaks, 1)}
        ways = [
            (_STAY, "break.stay"),
            *((number, number) for number in self._breaks),
            (_PLAIN, "break.plain"),
        ]
        super().__init__("break.title", [], "", ways, _STAY, "1")

    def words(self, label: str) -> str:
        """A break with its digit and its limit."""
        wanted = self._breaks.get(label)
        if wanted is None:
            return tr(label)
        digit = label if len(label) == 1 else " "
        title = clean_text(wanted.title, 40)
        if not wanted.minutes:
            return f"{digit}  {title}"
        return f"{digit}  {title}   {tr('break.minutes', n=f'{wanted.minutes:g}')}"

    def command_of(self, way: str | None) -> Command | None:
        """What a way out asks of the engine; None for staying."""
        if way == _PLAIN:
            return SetStatus(StatusWanted.BUSY)
        wanted = self._breaks.get(way or "")
        return None if wanted is None else TakeBreak(wanted.name)

    def show(self, view: View) -> None:
        """A call is there: no break can begin."""
        if state_of(view) is not None:
            self.dismiss(_STAY)

    def on_key(self, event: events.Key) -> None:
        digit = event.character or ""
        if digit.isdecimal():
            event.stop()
            event.prevent_default()  # the digits of the words, not those of the places
        if digit in self._breaks or digit == _PLAIN:
            self.dismiss(digit)

"""What the hang-up key asks while three are in the call: who stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tui.console.i18n import tr
from tui.console.screens.base import LiveDialog
from tui.console.screens.dialogs.dialog import ChoiceDialog
from tui.console.view import View
from tui.console.widgets.formats import spaced
from tui.port.commands import Command, DropThird, EndForAll, HangUp
from tui.port.machines.call_machine import ThirdState
from tui.port.snapshot import Call, Third
from tui.port.values import message

MOOT: Final = "moot"
"""How the question ends when it answered itself."""


class WhoStaysDialog(LiveDialog, ChoiceDialog):
    """The hang-up key while a third party is there: who stays? Nothing is done by Esc, and
    only staying is marked beforehand."""

    def __init__(self, call: Call) -> None:
        assert call.third is not None
        self._key = call.key
        name = call.third.name
        self._drop = _drop(call.third)
        number = spaced(call.number) or tr("call.no_number")
        ways: Sequence[tuple[str, str]] = (
            ("stay", "ask.stay"),
            ("end", "ask.end"),
            ("drop", self._drop),
            ("leave", "ask.leave"),
        )
        what = [message("ask.what", number=number, name=name)]
        self._values = {"number": number, "name": name}
        super().__init__("ask.title", what, "", ways, "stay")

    def words(self, label: str) -> str:
        """A way out, with who is meant."""
        return tr(label, **self._values)

    def show(self, view: View) -> None:
        """The third party on its way has come in: the same is asked in other words. When it is
        gone or going, or the call is over, the question is moot."""
        call = view.snapshot.call
        third = call.third if call is not None and call.live and call.key == self._key else None
        if third is None or not third.present or third.state is ThirdState.LEAVING:
            self.dismiss(MOOT)
        elif (drop := _drop(third)) != self._drop:
            self._drop = drop
            self.options.replace_option_prompt("drop", self.way_out("drop", drop))


def _drop(third: Third) -> str:
    """The words for the way without the third party: on its way, or in."""
    return "ask.drop" if third.joined is not None else "ask.cancel"


def command_of_way(way: str | None) -> Command | None:
    """The command of a way; None for staying."""
    match way:
        case "end":
            return EndForAll()
        case "drop":
            return DropThird()
        case "leave":
            return HangUp(leave_them=True)
    return None

"""What the key to leave asks: sign out, leave the phone running, or stay."""

from __future__ import annotations

from collections.abc import Sequence

from tui.console.actions.conditions import leaving, what_is_left
from tui.console.screens.base import LiveDialog
from tui.console.screens.dialogs.dialog import ChoiceDialog
from tui.console.view import View
from tui.console.widgets.formats import duration
from tui.port.snapshot import Snapshot
from tui.port.values import Message, message


class LeaveDialog(LiveDialog, ChoiceDialog):
    """Ctrl+Q on the console. It says what is up at this moment, and what each way does to that."""

    def __init__(self, view: View) -> None:
        self._leaves = not view.kiosk
        title = "leave.title" if self._leaves else "kiosk.leave_title"
        super().__init__(title, _said(view), self._todo_of(view), self._ways_of(view), "stay")

    def _todo_of(self, view: View) -> str:
        return leaving(view, "leave.todo" if self._leaves else "kiosk.leave_todo")

    def _ways_of(self, view: View) -> Sequence[tuple[str, str]]:
        ways = [("stay", "leave.stay")]
        if self._leaves:
            ways.append(("leave", leaving(view, "leave.leave")))
        return (*ways, ("sign-out", leaving(view, "leave.sign_out")))

    def show(self, view: View) -> None:
        """A call has begun, or is over: the same is asked in other words."""
        said = _said(view)
        if said == self._what:
            return
        self._what, self._todo_id, self._ways = (
            said,
            self._todo_of(view),
            tuple(self._ways_of(view)),
        )
        for id, label in self._ways:
            self.options.replace_option_prompt(id, self.way_out(id, label))
        self._fit()


def _said(view: View) -> tuple[Message, ...]:
    said = [message(what_is_left(view))]
    if view.snapshot.shift.talked or view.snapshot.shift.missed:
        said.append(_shift_figures(view.snapshot))
    return tuple(said)


def _shift_figures(snapshot: Snapshot) -> Message:
    """The figures of the shift in one sentence."""
    shift = snapshot.shift
    return message(
        "shift.figures",
        answered=shift.talked,
        missed=shift.missed,
        talk=duration(shift.talk_time),
        longest=duration(shift.longest),
    )

"""What the keys for an agent's work besides the calls do: breaks, call-backs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from tui.console.i18n import tr
from tui.console.widgets.formats import spaced
from tui.port.commands import KeepWrapUpOpen
from tui.port.values import WrapUpMode, message
from tui.port.work_commands import DialCallback, ImportCallbacks, RunAction
from tui.text.typed_path import typed_path

if TYPE_CHECKING:
    from pathlib import Path

    from tui.console.desk import Desk, Stage
    from tui.console.view import View
    from tui.port.commands import Command
    from tui.port.values import Message
    from tui.port.work import Callback, ShiftReport

SOON: Final = 0.3
"""Seconds after a call of the list before the next is shown: its write-up may be on the way."""


class WorkActions:
    """Dialogs and pages are built when they are opened."""

    def __init__(self, stage: Stage, desk: Desk) -> None:
        self._stage, self._desk = stage, desk
        self._in_list = False
        """The call that is on, or is written up, is one of the list."""

    def choose_break(self) -> None:
        """Ask for which break the seat is to be busy."""
        from tui.console.screens.dialogs.breaks import BreakDialog

        if isinstance(self._stage.screen, BreakDialog):
            return
        dialog = BreakDialog(self._desk.view.snapshot.breaks)

        def answered(way: str | None) -> None:
            if (command := dialog.command_of(way)) is not None:
                self._desk.send(command)

        self._stage.push_screen(dialog, answered)

    def follow(self, old: View, new: View) -> None:
        """The view has changed: a call of the list is over and written up, so the next is shown."""
        if self._in_list and _busy(old) and not _busy(new):
            self._stage.set_timer(SOON, self._next)

    def _next(self) -> None:
        view = self._desk.view
        if not self._in_list or _busy(view):
            return
        self._in_list = False
        if view.snapshot.callbacks.open and len(self._stage.screen_stack) == 1:
            self.toggle_callbacks()

    def toggle_callbacks(self) -> None:
        """The list of whom to call, or away with it."""
        from tui.console.screens.callbacks import CallbacksScreen

        if isinstance(self._stage.screen, CallbacksScreen):
            self._stage.pop_screen()
        else:
            self._stage.push_screen(CallbacksScreen(self._desk))

    def dial_callback(self, row: Callback) -> None:
        """Call one of the list; when that call is written up, the list comes back."""
        self._stage.run_worker(self._dial(row), name="callback")

    async def _dial(self, row: Callback) -> None:
        from tui.console.screens.callbacks import CallbacksScreen

        self._in_list = True
        result = await self._desk.ask(DialCallback(row.id))
        if not result.ok:
            self._in_list = False
            self._say(result.message)
        elif isinstance(self._stage.screen, CallbacksScreen):
            self._stage.pop_screen()

    def plan(self) -> None:
        """Ask when to call back whoever is in the call, or was in the last one."""
        wrapup = self._desk.view.snapshot.wrapup
        if wrapup is not None and wrapup.until is not None and wrapup.mode is WrapUpMode.TIMED:
            self._desk.send(KeepWrapUpOpen())  # it does not end under what is being typed
        self.ask_when(spaced(_number(self._desk.view)) or tr("call.no_number"))

    def ask_when(self, who: str, id: int = 0) -> None:
        """Ask when to call back: the call-back of that id, else the last call."""
        from tui.console.screens.dialogs.when import WhenDialog

        if not isinstance(self._stage.screen, WhenDialog):
            self._stage.push_screen(WhenDialog(self._desk, who, id), self._say)

    def run_own(self, name: str) -> None:
        """Run an action of the agent's own, about the call that is marked."""
        from tui.console.actions.engine_actions import which_call

        command = RunAction(name, which_call(self._desk.view))
        self._stage.run_worker(self._tell(command), name="own")

    def script_file(self) -> str:
        """The script of the call that is there; "" when it has none."""
        from tui.console.screens.script import file_for

        return file_for(self._desk.view, self._desk.appearance.config.scripts)

    def toggle_script(self) -> None:
        """What to say in this call, or away with it."""
        from tui.console.screens.script import ScriptScreen

        if isinstance(self._stage.screen, ScriptScreen):
            self._stage.pop_screen()
        elif file := self.script_file():
            self._stage.push_screen(ScriptScreen(self._desk, file))

    def toggle_shift(self) -> None:
        """The figures of the shift, or away with them."""
        from tui.console.screens.shift import ShiftScreen

        if isinstance(self._stage.screen, ShiftScreen):
            self._stage.pop_screen()
        else:
            self._stage.push_screen(ShiftScreen(self._desk))

    def export_shift(self, report: ShiftReport) -> None:
        """Ask for a file name, and write the figures there; over a file that is there only when
        that was asked."""
        from tui.console.screens.dialogs.text_prompt import TextPrompt

        if self._desk.view.kiosk:
            self._say(message("kiosk.stays_here"))
            return
        day = time.strftime("%Y-%m-%d", time.localtime(report.until))

        def answered(path: str | None) -> None:
            if path:
                self._write_shift(report, typed_path(path), over=False)

        what = message("shift.export_what")
        name = f"~/yimi-shift-{day}.csv"
        self._stage.push_screen(
            TextPrompt("shift.export_title", what, "history.export_path", name), answered
        )

    def _write_shift(self, report: ShiftReport, path: Path, *, over: bool) -> None:
        from tui.console.screens.dialogs.dialog import ChoiceDialog
        from tui.console.shift_table import csv_rows
        from tui.text import csv_file

        def asked(way: str | None) -> None:
            if way == "over":
                self._write_shift(report, path, over=True)

        rows = csv_rows(report)
        try:
            file, written = csv_file.create(path, over=over)
            with file:
                csv_file.write(file, rows, bom=self._desk.appearance.config.history.csv_bom)
        except FileExistsError:
            what = [message("shift.exists", path=path)]
            ways = (("stay", "shift.keep"), ("over", "shift.over"))
            self._stage.push_screen(
                ChoiceDialog("shift.export_title", what, "", ways, "stay"), asked
            )
        except OSError as error:
            self._say(message("history.not_exported", path=path, why=error.strerror or "?"))
        else:
            self._say(message("shift.exported", count=len(rows) - 1, path=written))

    def read_in_callbacks(self) -> None:
        """Ask for a CSV of numbers, and have it read in."""
        from tui.console.screens.dialogs.text_prompt import TextPrompt

        def answered(path: str | None) -> None:
            if path:
                command = ImportCallbacks(str(typed_path(path)))
                self._stage.run_worker(self._tell(command), name="import")

        what = message("callbacks.read_in_what")
        self._stage.push_screen(
            TextPrompt("callbacks.read_in_title", what, "history.export_path", "~/"), answered
        )

    async def _tell(self, command: Command) -> None:
        result = await self._desk.ask(command)
        self._say(result.message)

    def _say(self, what: Message | None) -> None:
        if what is not None:
            self._desk.change(notice=what)


def _number(view: View) -> str:
    """Of the call that is written up, is there, or was the last; "" when it is not known."""
    snapshot = view.snapshot
    if snapshot.wrapup is not None:
        return snapshot.wrapup.number
    return snapshot.call.number if snapshot.call is not None else ""


def _busy(view: View) -> bool:
    """Whether a call is there, or is written up."""
    call = view.snapshot.call
    return (call is not None and call.live) or view.snapshot.wrapup is not None

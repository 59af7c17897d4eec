"""What the keys for calls do: dialling, the directory, transfer and third party, tones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tui.console.actions.conditions import (
    can_add,
    can_go_on,
    can_type,
    own_lines,
    third_of,
    transfers_only,
)
from tui.console.actions.engine_actions import hang_up, which_call
from tui.console.keys.typed_ahead import TypedAhead
from tui.console.lowest_screen import lowest
from tui.console.parts.attachment import Attachment
from tui.console.parts.dial_command import command_of
from tui.console.parts.drawing import Drawing
from tui.console.view import View
from tui.console.widgets.formats import Clocks
from tui.port.colleagues import parked, ringing_first
from tui.port.commands import (
    AnswerQuestion,
    Dismiss,
    DropThird,
    FetchParked,
    PickUpCall,
    SendDigits,
)
from tui.port.machines.call_machine import ThirdState
from tui.port.snapshot import Call
from tui.port.values import Message, Question

if TYPE_CHECKING:
    from tui.console.desk import Stage
    from tui.console.screens.console import ConsoleScreen
    from tui.console.screens.dialogs.target import TargetDialog
    from tui.console.screens.directory.model import DirectoryEntry
    from tui.port.commands import Command

DEAF: Final = 1.0
"""Seconds without a key after which a digit is no longer meant for what went by itself: a question,
a dialog, a field."""


class CallActions:
    """What the keys for a first, a second and a third party do."""

    def __init__(
        self,
        stage: Stage,
        drawing: Drawing,
        attachment: Attachment,
        clocks: Clocks,
        *,
        end_tour: Callable[[], None],
    ) -> None:
        """`end_tour`: what is put away first."""
        self._end_tour = end_tour
        self._stage, self._drawing = stage, drawing
        self._attachment, self._clocks = attachment, clocks
        self._deaf_until = 0.0
        self._asked = False
        """A number was entered, and the engine has not answered yet."""
        self.typed_ahead = TypedAhead()

    @property
    def _view(self) -> View:
        return self._drawing.view

    def _console(self) -> ConsoleScreen | None:
        from tui.console.screens.console import ConsoleScreen

        return lowest(self._stage, ConsoleScreen)

    # ------------------------------------------------------------ dialling

    def open_dial(self, text: str = "") -> None:
        """Open the field for a number, which begins with `text`."""
        self._drawing.change(dialling=True)
        if (console := self._console()) is not None:
            console.open_dial(text)

    def dismiss(self) -> None:
        """Close a field, else put away what was said and the call that is over."""
        view, console = self._view, self._console()
        if view.dialling:
            if console is not None:
                console.close_dial()
            self._drawing.change(dialling=False)
            return
        if view.typing:
            self.close_tones()
            return
        if can_go_on(view):
            self._end_tour()
            return
        call = view.snapshot.call
        if view.snapshot.notice is not None or (call is not None and not call.live):
            self._attachment.send(Dismiss())
        self._drawing.change(notice=None)

    def dial(self, number: str) -> None:
        """Call what was typed; Enter pressed twice calls once."""
        if not self._asked:
            self._asked = True
            self._stage.run_worker(self._dial(number), name="dial")

    async def _dial(self, number: str) -> None:
        try:
            await self._call(number)
        finally:
            self._asked = False

    async def _call(self, number: str) -> None:
        port = self._attachment.port
        if port is None:
            return
        command = command_of(number, self._view.snapshot.account)
        if isinstance(command, Message):
            self._drawing.change(notice=command)
            return
        self._drawing.change(notice=None)
        self._drawing.guard()
        console = self._console()
        began = self._stage.run_worker(port.execute(command), name="dialled")
        result = await began.wait()
        if result.ok and console is not None:
            console.close_dial()
            self._drawing.change(dialling=False)
        elif result.message is not None:
            self._drawing.change(notice=result.message)

    # ------------------------------------------------------------ the directory

    def toggle_directory(self) -> None:
        """Open the directory, or close it."""
        if (console := self._console()) is not None:
            # The history stands in the same place.
            self._drawing.change(directory=not self._view.directory, history=False)
            console.open_directory(self._view.directory)

    def speak_to(self, entry: DirectoryEntry) -> None:
        """Call somebody; in a call, ask how to bring them in."""
        call = self._view.snapshot.call
        if call is not None and call.live:
            self._add(entry)
        else:
            self.dial(entry.callee)

    # ------------------------------------------------------------ transfer and third party

    def add_to_call(self) -> None:
        """Ask whom to transfer to or to bring in; call back who is on the way."""
        self._add(None)

    def _add(self, entry: DirectoryEntry | None) -> None:
        from tui.console.screens.dialogs.target import TargetDialog

        console, view = self._console(), self._view
        call = view.snapshot.call
        if not can_add(view) or isinstance(self._stage.screen, TargetDialog):
            return
        if third_of(view) is ThirdState.INVITED:
            self._attachment.send(DropThird())
        elif console is not None and call is not None:
            dialog = self._target_dialog(console, call, entry or console.marked())
            self._stage.push_screen(dialog, lambda command: self._target_over(dialog, command))

    def _target_dialog(
        self, console: ConsoleScreen, call: Call, entry: DirectoryEntry | None
    ) -> TargetDialog:
        """The dialog of what the session can do."""
        from tui.console.screens.dialogs.target import TargetDialog
        from tui.console.screens.dialogs.threeway import ThreewayChoices
        from tui.console.screens.dialogs.transfer import TransferChoices

        account = self._view.snapshot.account
        own = account.un if account is not None else ""
        if own_lines(self._view):
            from tui.console.screens.dialogs.sip_transfer import LineChoices

            return TargetDialog(console.model, LineChoices(own, call, self._view), call, entry)
        if not transfers_only(self._view):
            known = (account.extension_start, account.extension_end) if account else ("", "")
            choices = ThreewayChoices(own, call, known)
            return TargetDialog(console.model, choices, call, entry)
        transfers = TransferChoices(own, call)
        possible = entry is not None and transfers.ways(entry)
        return TargetDialog(console.model, transfers, call, entry if possible else None)

    def _target_over(self, dialog: TargetDialog, command: Command | None) -> None:
        if dialog.moot:
            self._deafen()
        self._carry_out(command)

    def _carry_out(self, command: Command | None) -> None:
        if command is not None:
            self._attachment.send(command)

    # ------------------------------------------------------------ what a PBX tells of others

    def pick_up(self) -> None:
        """Take what rings at the marked colleague, else at whom it rings longest."""
        ringing = [each.number for each in ringing_first(self._view.snapshot.colleagues)]
        if not ringing:
            return
        console = self._console()
        marked = None if console is None else console.marked()
        at = marked.callee if marked is not None and marked.callee in ringing else ringing[0]
        self._attachment.send(PickUpCall(at))

    def fetch(self) -> None:
        """Take the parked call; of several, ask which."""
        from tui.console.screens.dialogs.parked import ParkedDialog

        waiting = parked(self._view.snapshot.parking)
        if len(waiting) == 1:
            self._attachment.send(FetchParked(waiting[0].slot))
        elif waiting and not isinstance(self._stage.screen, ParkedDialog):
            dialog = ParkedDialog(waiting, self._clocks)
            self._stage.push_screen(dialog, lambda way: self._carry_out(dialog.command_of(way)))

    # ------------------------------------------------------------ answer

    def answer(self, command: Command) -> None:
        """Answer; what is typed from now on is the call's note."""
        self.typed_ahead.answered(self._view)
        self._stage.run_worker(self._answer(command), name="Answer")

    async def _answer(self, command: Command) -> None:
        result = await self._attachment.ask(command)
        if not result.ok:
            self.typed_ahead.forget()
            if result.message is not None:
                self._drawing.change(notice=result.message)

    # ------------------------------------------------------------ hang up

    def hang_up(self) -> None:
        """Hang up or decline; ask who stays while three are in the call."""
        call = self._view.snapshot.call
        if call is not None and call.third is not None and call.third.present:
            self._ask_who_stays(call)
        else:
            self._stage.run_worker(self._hang_up(hang_up(self._view)), name="HangUp")

    async def _hang_up(self, command: Command) -> None:
        result = await self._attachment.ask(command)
        call = self._view.snapshot.call
        if result.ok or result.message is None:
            return
        third = call.third if call is not None else None
        if result.message.id == "threeway.ask" and call is not None and third is not None:
            self._ask_who_stays(call)  # somebody came in while the key went down
        else:
            self._drawing.change(notice=result.message)

    def _ask_who_stays(self, call: Call) -> None:
        from tui.console.screens.dialogs.who_stays import MOOT, WhoStaysDialog, command_of_way

        def answered(way: str | None) -> None:
            if way == MOOT:
                # A finger may be on its way to 1, 2 or 3, or to F8: that was for the question.
                self._drawing.guard()
                self._deafen()
            self._carry_out(command_of_way(way))

        if not isinstance(self._stage.screen, WhoStaysDialog):
            self._stage.push_screen(WhoStaysDialog(call), answered)

    # ------------------------------------------------------------ what a peer wants

    def follow(self, old: View, new: View) -> None:
        """The view has changed: put a new question to the agent."""
        if old.typing and not new.typing and not can_type(new):
            self._deafen()
        question = new.snapshot.question
        if question is not None and question != old.snapshot.question:
            self._put_question(question)

    def _put_question(self, question: Question) -> None:
        """Ask the agent; without an answer it is no."""
        from tui.console.screens.dialogs.question import MOOT, QuestionDialog

        def answered(way: str | None) -> None:
            if way == MOOT:
                self._deafen()
            elif self._view.snapshot.question == question:
                self._attachment.send(AnswerQuestion(way == "yes"))

        if self._drawing.drawn_once:
            self._stage.push_screen(QuestionDialog(question, self._clocks), answered)

    # ------------------------------------------------------------ tones

    def open_tones(self) -> None:
        """Open the field for a row of tones."""
        if (console := self._console()) is not None:
            self._drawing.change(typing=True)
            console.open_tones()

    def type_tones(self, digits: str) -> None:
        """Send digits as tones."""
        self._attachment.send(SendDigits(digits, ccnumber=which_call(self._view)))

    def too_late(self) -> bool:
        """Whether a digit or Enter may be meant for what went by itself."""
        late = self._clocks.monotonic() < self._deaf_until
        if late:
            self._deafen()
        return late

    def _deafen(self) -> None:
        self._deaf_until = self._clocks.monotonic() + DEAF

    def close_tones(self) -> None:
        """Close that field."""
        if (console := self._console()) is not None:
            console.close_tones()
        self._drawing.change(typing=False)

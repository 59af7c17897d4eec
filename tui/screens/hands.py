"""The app's part for calls: dialling, the directory, transfer and third party, tones.

A part of the app by inheritance, because keys of the registry end in methods of the app.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tui.actions import find, meant, own_lines, transfers_only
from tui.engine.state import Call, Message, Question, message
from tui.screens.looks import Looks

if TYPE_CHECKING:
    from tui.engine.commands import Command, Result
    from tui.engine.port import EnginePort
    from tui.screens.book import Target
    from tui.screens.console import ConsoleScreen

DEAF: Final = 1.0
"""Seconds in which a digit is no tone after the question that it answers went by itself."""


class Hands(Looks):
    """What the keys for a first, a second and a third party do."""

    _port: EnginePort | None
    _deaf_until: float

    def _console(self) -> ConsoleScreen | None:
        from tui.screens.console import ConsoleScreen

        screen = self.screen_stack[0]
        return screen if isinstance(screen, ConsoleScreen) else None

    # ------------------------------------------------------------ commands, dialling

    def _do_help(self) -> None:
        from tui.screens.dialogs import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.pop_screen()
        else:
            self.push_screen(HelpScreen(self.view))

    def _do_palette(self) -> None:
        from tui.screens.palette import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    def _do_dial(self) -> None:
        from tui.screens.console import ConsoleScreen

        self._update(dialling=True)
        if isinstance(self.screen_stack[0], ConsoleScreen):
            self.screen_stack[0].open_dial()

    def _do_dismiss(self) -> None:
        from tui.engine.commands import Dismiss
        from tui.screens.console import ConsoleScreen

        if self.view.dialling:
            if isinstance(self.screen_stack[0], ConsoleScreen):
                self.screen_stack[0].close_dial()
            self._update(dialling=False)
            return
        if self.view.typing:
            self.close_tones()
            return
        call = self.view.snapshot.call
        if self.view.snapshot.notice is not None or (call is not None and not call.live):
            self.send(Dismiss())
        self._update(notice=None)

    def dial(self, number: str) -> None:
        """Enter in the dial field."""
        self.run_worker(self._dial(number), name="dial")

    async def _dial(self, number: str) -> None:
        from tui.screens.console import ConsoleScreen
        from tui.screens.dialled import command_of

        if self._port is None:
            return
        command = command_of(number, self.view.snapshot.account)
        if isinstance(command, Message):
            self._update(notice=command)
            return
        self._update(notice=None)
        screen = self.screen_stack[0]
        began = self.run_worker(self._port.execute(command), name="dialled")
        result = await began.wait()
        if result.ok and isinstance(screen, ConsoleScreen):
            screen.close_dial()
            self._update(dialling=False)
        elif result.message is not None:
            self._update(notice=result.message)

    async def ask(self, command: Command) -> Result:
        """Carry a command to the engine, for a caller that wants the answer."""
        from tui.engine.commands import Result

        if self._port is None:
            return Result(False, message("engine.lost"))
        return await self._port.execute(command)

    def change(self, **changes: Any) -> None:
        """Change the view, and draw it."""
        self._update(**changes)

    def send(self, command: Command) -> None:
        """Send a command; what it cannot do is said in the notice line."""
        self.run_worker(self._send(command), name=type(command).__name__)

    async def _send(self, command: Command) -> None:
        if self._port is None:
            return
        result = await self._port.execute(command)
        if not result.ok and result.message is not None:
            self._update(notice=result.message)

    # ------------------------------------------------------------ the directory

    def _do_directory(self) -> None:
        if (console := self._console()) is not None:
            # The history stands in the same place.
            self._update(directory=not self.view.directory, history=False)
            console.open_directory(self.view.directory)

    def speak_to(self, target: Target) -> None:
        """Enter in the directory: call; in a call, ask how to bring them in."""
        call = self.view.snapshot.call
        if call is not None and call.live:
            self._do_party(target)
        else:
            self.dial(target.callee)

    # ------------------------------------------------------------ transfer and third party

    def _do_party(self, target: Target | None = None) -> None:
        from tui.screens.party import PartyDialog

        console, view, action = self._console(), self.view, find("party")
        call = view.snapshot.call
        if not action.available(view) or isinstance(self.screen, PartyDialog):
            return
        if (command := action.command(view)) is not None:
            self.send(command)
        elif console is not None and call is not None:
            account = view.snapshot.account
            own = account.un if account is not None else ""
            whom = target or console.marked()
            if own_lines(view):
                self._hand_over(console, own, call, whom)
            elif transfers_only(view):
                self._transfer(console, own, call, whom)
            else:
                self.push_screen(PartyDialog(console.book, own, call, whom), self._carry_out)

    def _transfer(self, console: ConsoleScreen, own: str, call: Call, whom: Target | None) -> None:
        """Where nobody can be brought in: to another agent."""
        from tui.screens.transfer import TransferDialog

        dialog = TransferDialog(console.book, own, call)
        if whom is not None and dialog.ways(whom):
            dialog = TransferDialog(console.book, own, call, whom)
        self.push_screen(dialog, self._carry_out)

    def _hand_over(self, console: ConsoleScreen, own: str, call: Call, whom: Target | None) -> None:
        """With lines of one's own: to another line, or to somebody else."""
        from tui.screens.handover import HandoverDialog
        from tui.widgets.lines import live_lines

        others = [other for other in live_lines(self.view) if other.key != call.key]
        dialog = HandoverDialog(console.book, own, call, others, whom)
        self.push_screen(dialog, self._carry_out)

    def _carry_out(self, command: Command | None) -> None:
        if command is not None:
            self.send(command)

    def _do_hangup(self) -> None:
        call = self.view.snapshot.call
        if call is not None and call.third is not None and call.third.present:
            self._ask_who_stays(call)
        else:
            command = find("hangup").command(self.view)
            if command is not None:
                self.run_worker(self._hang_up(command), name="HangUp")

    async def _hang_up(self, command: Command) -> None:
        result = await self.ask(command)
        call = self.view.snapshot.call
        if result.ok or result.message is None:
            return
        third = call.third if call is not None else None
        if result.message.id == "threeway.ask" and call is not None and third is not None:
            self._ask_who_stays(call)  # somebody came in while the key went down
        else:
            self._update(notice=result.message)

    def _ask_who_stays(self, call: Call) -> None:
        from tui.screens.party import MOOT, AskThree, answer_to_ask

        def answered(way: str | None) -> None:
            if way == MOOT:
                # A finger may be on its way to 1, 2 or 3, or to F8: that was for the question.
                self._changed_at = self.clocks.monotonic()
                self._deaf_until = self._changed_at + DEAF
            self._carry_out(answer_to_ask(way))

        if not isinstance(self.screen, AskThree):
            self.push_screen(AskThree(call), answered)

    # ------------------------------------------------------------ sound

    def _do_figures(self) -> None:
        self._update(figures=not self.view.figures)

    # ------------------------------------------------------------ what a peer wants

    def _put_question(self, question: Question) -> None:
        """Ask the agent; no is what is said when nothing is said."""
        from tui.screens.question import MOOT, QuestionDialog

        def answered(way: str | None) -> None:
            if way != MOOT and self.view.snapshot.question == question:
                from tui.engine.commands import AnswerQuestion

                self.send(AnswerQuestion(way == "yes"))

        if self._drawn_once:
            self.push_screen(QuestionDialog(question, self.clocks), answered)

    # ------------------------------------------------------------ tones

    def _do_tones(self) -> None:
        if (console := self._console()) is not None:
            self._update(typing=True)
            console.open_tones()

    def type_tones(self, digits: str) -> None:
        """Digits in a call, or a row from the field."""
        if len(digits) == 1 and self.clocks.monotonic() < self._deaf_until:
            return
        from tui.engine.commands import SendDigits

        self.send(SendDigits(digits, **meant(self.view)))

    def close_tones(self) -> None:
        """The field for tones is done with."""
        if (console := self._console()) is not None:
            console.close_tones()
        self._update(typing=False)

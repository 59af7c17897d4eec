"""A call that another program wants (a `tel:` link): nobody is called before the agent says so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from tui.engine.context import EngineContext
from tui.port.commands import AskToDial, Dial, Result
from tui.port.events import QuestionChanged
from tui.port.values import Phase, Question, QuestionKind, message
from tui.text import clean_text

ANSWER: Final = 60.0
"""Seconds for the agent to say yes; then it is no."""
LONGEST: Final = 128
"""Characters of a number or an address."""
_TIMER: Final = "asked dial"


class AskedDial:
    """At most one such call is asked about. `dial` calls, once the agent has said yes."""

    def __init__(self, context: EngineContext, dial: Callable[[Dial], Awaitable[Result]]) -> None:
        self._context, self._dial = context, dial

    @property
    def open(self) -> bool:
        """Whether the question that stands is this one's."""
        question = self._context.snapshot.question
        return question is not None and question.kind is QuestionKind.DIAL

    def ask(self, command: AskToDial) -> Result:
        """Put it to the agent; refused where nobody looks, or something else is asked."""
        snapshot = self._context.snapshot
        number = clean_text(command.number, LONGEST)
        if not number:
            return Result(False, message("dial.empty"))
        if snapshot.phase is not Phase.SIGNED_IN:
            return Result(False, message("engine.not_signed_in"))
        if not self._context.attended:
            return Result(False, message("dial.nobody_asked"))
        if snapshot.question is not None and not self.open:
            return Result(False, message("dial.asked_already"))
        self._context.emit(QuestionChanged(Question(QuestionKind.DIAL, "", number)))
        self._context.timers.set(_TIMER, ANSWER, self.forget)
        return Result(True)

    async def answer(self, yes: bool) -> Result:
        """What the agent says."""
        question = self._context.snapshot.question
        assert question is not None
        self.forget()
        return await self._dial(Dial(question.target)) if yes else Result(True)

    def forget(self) -> None:
        """Nobody is asked any more."""
        self._context.timers.cancel(_TIMER)
        if self.open:
            self._context.emit(QuestionChanged(None))

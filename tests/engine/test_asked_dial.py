"""A `tel:` link calls nobody before the agent has said so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random

import pytest

from tui.engine.asked_dial import AskedDial
from tui.engine.context import EngineContext, Limits
from tui.port import replace
from tui.port.commands import AskToDial, Dial, Result
from tui.port.values import Phase, Question, QuestionKind


class Asking:
    """What is asked about, and what was dialled."""

    def __init__(self) -> None:
        self.context = EngineContext(clock=lambda: 1.0, rng=Random(1), limits=Limits())
        self.context.snapshot = replace(self.context.snapshot, phase=Phase.SIGNED_IN)
        self.context.attended = True
        self.dialled: list[Dial] = []
        self.asked = AskedDial(self.context, self._dial)

    async def _dial(self, command: Dial) -> Result:
        self.dialled.append(command)
        return Result(True, code=2)


@pytest.fixture
async def asking() -> AsyncIterator[Asking]:
    found = Asking()
    yield found
    await found.context.close()


async def test_yes_calls_and_no_does_not(asking: Asking) -> None:
    assert asking.asked.ask(AskToDial("12000000001")).ok
    assert asking.context.snapshot.question == Question(QuestionKind.DIAL, "", "12000000001")
    assert (await asking.asked.answer(False)).ok
    assert asking.context.snapshot.question is None
    assert asking.asked.ask(AskToDial("12000000002")).ok
    assert (await asking.asked.answer(True)).code == 2
    assert asking.dialled == [Dial("12000000002")]


async def test_where_nobody_looks_nobody_is_asked(asking: Asking) -> None:
    asking.context.attended = False
    refused = asking.asked.ask(AskToDial("12000000001"))
    assert refused.message is not None
    assert refused.message.id == "dial.nobody_asked"
    assert asking.context.snapshot.question is None


async def test_another_question_stays(asking: Asking) -> None:
    other = Question(QuestionKind.REFER, "1", "1002")
    asking.context.snapshot = replace(asking.context.snapshot, question=other)
    refused = asking.asked.ask(AskToDial("12000000001"))
    assert refused.message is not None
    assert refused.message.id == "dial.asked_already"
    assert asking.context.snapshot.question == other
    assert not asking.asked.open


async def test_a_second_link_takes_the_place_of_the_first(asking: Asking) -> None:
    asking.asked.ask(AskToDial("12000000001"))
    assert asking.asked.ask(AskToDial("12000000002")).ok
    await asking.asked.answer(True)
    assert asking.dialled == [Dial("12000000002")]


async def test_before_a_session_nothing_is_asked(asking: Asking) -> None:
    asking.context.snapshot = replace(asking.context.snapshot, phase=Phase.SIGNED_OUT)
    assert not asking.asked.ask(AskToDial("12000000001")).ok


async def test_without_an_answer_it_is_no(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.waiting import until

    monkeypatch.setattr("tui.engine.asked_dial.ANSWER", 0.01)
    asking.asked.ask(AskToDial("12000000001"))
    await until(lambda: asking.context.snapshot.question is None)
    assert not asking.dialled


async def test_what_a_link_says_is_cleaned(asking: Asking) -> None:
    asking.asked.ask(AskToDial("\x1b[31m1200\u202e0000001\n" + "9" * 500))
    question = asking.context.snapshot.question
    assert question is not None
    assert question.target.isprintable()
    assert len(question.target) <= 128

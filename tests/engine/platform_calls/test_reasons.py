"""What the platform gives as a reason, from its letters to the sentence: each code has its own,
whatever is no code has the general one, and the platform's words go with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.engine.desk import CC, CUSTOMER, Desk
from tests.waiting import until
from tui.engine.context import Limits
from tui.engine.platform_calls.threeway import ThreewayCalls
from tui.platform import control
from tui.platform.codes import ENDED, REFUSED
from tui.port import events as e
from tui.port.machines.call_machine import CallState, ThirdState
from tui.port.values import Message, ThreewayResult

NO_CODES = ["", "0", "1", "999999999", "-1", "25x", "busy", "²"]
"""What stands where a code should be."""


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk(Limits())
    yield desk
    await desk.context.close()


def says(desk: Desk, body: str) -> None:
    message = control.decode(body.encode())
    assert not isinstance(message, control.Unknown)
    desk.says(message)


def outcome(desk: Desk) -> Message:
    assert desk.call.outcome is not None
    return desk.call.outcome


REFUSALS = [(str(r), f"refused.{r}") for r in REFUSED] + [(r, "refused.unknown") for r in NO_CODES]


@pytest.mark.parametrize(("callee", "response"), [(CUSTOMER, "201"), ("1002", "301")])
@pytest.mark.parametrize(("r", "sentence"), REFUSALS)
async def test_the_platforms_words_go_with_each_refusal_to_its_sentence_and_its_event(
    desk: Desk, callee: str, response: str, r: str, sentence: str
) -> None:
    await desk.commands.dial(callee)
    says(desk, f'<cc a="{response}" r="{r}" n="{callee}" info="ask Ms. Wu"/>')
    assert outcome(desk).id == sentence
    assert ("info", "ask Ms. Wu") in outcome(desk).values
    kind = e.CalloutResponded if response == "201" else e.CallinResponded
    (fact,) = desk.facts(kind)
    assert isinstance(fact, kind)
    assert fact.info == "ask Ms. Wu"


@pytest.mark.parametrize(
    ("r", "sentence"),
    [(str(r), f"ended.{r}") for r in ENDED]
    + [(r, "ended.code" if r else "ended.unknown") for r in NO_CODES],
)
async def test_each_end_of_a_call_has_its_own_sentence(desk: Desk, r: str, sentence: str) -> None:
    says(desk, f'<cc a="100" c="{CC}" n="{CUSTOMER}"/>')
    await desk.commands.answer("")
    says(desk, f'<cc a="104" c="{CC}" n="{CUSTOMER}"/>')
    if r == "26":  # "You hung up" is said of nothing else
        await desk.commands.hang_up("")
    says(desk, f'<cc a="105" c="{CC}" r="{r}"/>')
    assert desk.call.state is CallState.ENDED
    assert outcome(desk).id == sentence


@pytest.mark.parametrize(
    ("result", "third", "sentence"),
    [
        ("0", ThirdState.JOINED, ""),
        ("1", ThirdState.FAILED, "threeway.failed"),
        ("2", ThirdState.LEFT, "threeway.left"),
        *((r, None, "") for r in ("", "3", "-1", "²", "no")),
    ],
)
async def test_each_result_of_a_three_way_call_does_its_own_and_no_code_does_nothing(
    desk: Desk, result: str, third: ThirdState | None, sentence: str
) -> None:
    threeway = ThreewayCalls(
        desk.commands, desk.transferred, threeway=True, explained=desk.explained.append
    )
    says(desk, f'<cc a="100" c="{CC}" n="{CUSTOMER}"/>')
    await desk.commands.answer("")
    says(desk, f'<cc a="104" c="{CC}" n="{CUSTOMER}"/>')
    task = asyncio.create_task(threeway.invite(1, "1002", "Wang Fang", ""))
    await until(lambda: any(isinstance(sent, control.Threeway) for sent in desk.sent))
    threeway.handle(control.ThreewayResponse(CC, 0))
    assert (await task).ok
    told = control.decode(f'<cc a="402" c="{CC}" r="{result}" info="so it is"/>'.encode())
    assert isinstance(told, control.ThreewayResult)
    threeway.handle(told)
    assert desk.call.third is not None
    assert desk.call.third.state is (third or ThirdState.INVITED)
    said = desk.call.third.outcome
    assert (said.id if said else "") == sentence
    assert said is None or dict(said.values) == {"info": "so it is"}
    assert bool(desk.facts(e.ThreewayChanged)) is (third is not None)


async def test_the_platforms_words_go_with_a_call_that_nobody_answered(desk: Desk) -> None:
    await desk.commands.dial("1002")
    says(desk, f'<cc a="301" c="{CC}" r="200" n="1002_00011170"/>')
    says(desk, f'<cc a="309" c="{CC}" info="at lunch till one"/>')
    assert outcome(desk) == Message("ended.no_answer", (("info", "at lunch till one"),))


async def test_result_2_after_0_is_the_third_party_who_left(desk: Desk) -> None:
    threeway = ThreewayCalls(
        desk.commands, desk.transferred, threeway=True, explained=desk.explained.append
    )
    says(desk, f'<cc a="100" c="{CC}" n="{CUSTOMER}"/>')
    await desk.commands.answer("")
    says(desk, f'<cc a="104" c="{CC}" n="{CUSTOMER}"/>')
    task = asyncio.create_task(threeway.invite(1, "1002", "Wang Fang", ""))
    await until(lambda: any(isinstance(sent, control.Threeway) for sent in desk.sent))
    threeway.handle(control.ThreewayResponse(CC, 0))
    assert (await task).ok
    for result in ("0", "2"):
        told = control.decode(f'<cc a="402" c="{CC}" r="{result}"/>'.encode())
        assert isinstance(told, control.ThreewayResult)
        threeway.handle(told)
    assert desk.call.third is not None
    assert desk.call.third.state is ThirdState.LEFT
    assert desk.call.third.outcome is not None
    assert desk.call.third.outcome.id == "threeway.left"
    assert desk.facts(e.ThreewayChanged) == [
        e.ThreewayChanged(CC, ThreewayResult.JOINED),
        e.ThreewayChanged(CC, ThreewayResult.LEFT),
    ]

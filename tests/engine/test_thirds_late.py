"""The third party: answers that come late, repeats, and that nothing hangs up by accident."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.engine.desk import CC, CUSTOMER, Desk
from tui.engine.commands import Result
from tui.engine.core import Limits
from tui.engine.state import CallState, ThirdState
from tui.engine.thirds import AGENT, OUTSIDE, Thirds
from tui.platform.control import (
    Answered,
    HangUp,
    NewCall,
    PlatformMessage,
    Threeway,
    ThreewayResponse,
    ThreewayResult,
)

THIRD = "12000000002"


class Party(Desk):
    """A desk with a call that is up, and its third parties."""

    def __init__(self) -> None:
        super().__init__(Limits(threeway=0.05))
        self.thirds = Thirds(self.calls)
        self.reports.handle(NewCall(CC, CUSTOMER))
        self.reports.handle(Answered(CC, CUSTOMER))

    def hears(self, *messages: PlatformMessage) -> None:
        for each in messages:
            assert self.thirds.handle(each)

    async def asked(self, work: asyncio.Task[Result], answer: PlatformMessage) -> Result:
        """Let the request go out, and answer it."""
        before = len(self.sent)
        while len(self.sent) == before:
            await asyncio.sleep(0)
        self.hears(answer)
        return await work

    async def joined(self) -> None:
        work = asyncio.ensure_future(self.thirds.invite(OUTSIDE, THIRD, "", CC))
        assert (await self.asked(work, ThreewayResponse(CC, 0))).ok
        self.hears(ThreewayResult(CC, 0))
        assert self.third is ThirdState.JOINED

    @property
    def third(self) -> ThirdState:
        assert self.call.third is not None
        return self.call.third.state


@pytest.fixture
async def desk() -> AsyncIterator[Party]:
    desk = Party()
    yield desk
    await desk.core.close()


async def test_an_invitation_that_is_taken_too_late_rings_all_the_same(desk: Party) -> None:
    result = await desk.thirds.invite(AGENT, "1002", "Wang Fang", CC)
    assert result.message is not None
    assert result.message.id == "threeway.no_reply"
    assert desk.third is ThirdState.FAILED
    desk.hears(ThreewayResponse(CC, 0))
    assert desk.third is ThirdState.INVITED
    assert desk.call.third is not None
    assert desk.call.third.outcome is None


async def test_a_third_who_joins_after_the_invitation_was_given_up_is_there_and_a_hang_up_asks(
    desk: Party,
) -> None:
    await desk.thirds.invite(AGENT, "1002", "", CC)
    desk.hears(ThreewayResult(CC, 0))
    assert desk.third is ThirdState.JOINED
    result = await desk.calls.hang_up(CC)
    assert result.message is not None
    assert result.message.id == "threeway.ask"
    assert HangUp(CC) not in desk.sent


async def test_a_late_refusal_of_an_invitation_changes_nothing(desk: Party) -> None:
    await desk.thirds.invite(AGENT, "1002", "", CC)
    desk.hears(ThreewayResponse(CC, 1, "agent not idle"))
    assert desk.third is ThirdState.FAILED


async def test_type_4_that_is_answered_too_late_has_taken_the_third_out(desk: Party) -> None:
    await desk.joined()
    result = await desk.thirds.drop(CC)
    assert result.message is not None
    assert result.message.id == "threeway.no_reply"
    assert desk.third is ThirdState.JOINED
    desk.hears(ThreewayResponse(CC, 0))
    assert desk.third is ThirdState.LEFT
    assert (await desk.calls.hang_up(CC)).ok


async def test_an_answer_that_nobody_asked_for_changes_nothing(desk: Party) -> None:
    desk.hears(ThreewayResponse(CC, 0), ThreewayResult(CC, 0), ThreewayResult(CC, 7))
    assert desk.call.third is None
    await desk.joined()
    desk.hears(ThreewayResponse(CC, 0), ThreewayResult(CC, 0))
    assert desk.third is ThirdState.JOINED


async def test_type_4_that_is_refused_leaves_the_third_in_and_says_so(desk: Party) -> None:
    await desk.joined()
    work = asyncio.ensure_future(desk.thirds.end_for_all(CC))
    result = await desk.asked(work, ThreewayResponse(CC, 1, "no"))
    assert result.message is not None
    assert result.message.id == "threeway.not_dropped"
    assert desk.third is ThirdState.JOINED
    assert desk.call.state is CallState.TALKING
    assert HangUp(CC) not in desk.sent


async def test_the_end_for_all_terminates_only_after_the_third_is_out(desk: Party) -> None:
    await desk.joined()
    work = asyncio.ensure_future(desk.thirds.end_for_all(CC))
    assert (await desk.asked(work, ThreewayResult(CC, 2))).ok
    assert desk.sent[-2:] == [Threeway(CC, 4), HangUp(CC)]

"""The third party: answers that come late, repeats, and that nothing hangs up by accident."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.engine.desk import CC, CUSTOMER, Desk
from tests.waiting import until
from tui.engine.context import Limits
from tui.engine.platform_calls.threeway import ThreewayCalls
from tui.platform.control import (
    Answered,
    HangUp,
    NewCall,
    PlatformMessage,
    Threeway,
    ThreewayResponse,
    ThreewayResult,
)
from tui.port.commands import Result
from tui.port.machines.call_machine import CallState, ThirdState
from tui.port.values import ThirdKind

THIRD = "12000000002"


class ThreewayDesk(Desk):
    """A desk with a call that is up, and its third parties."""

    def __init__(self) -> None:
        super().__init__(Limits(threeway=0.05))
        self.threeway = ThreewayCalls(
            self.commands, self.transferred, threeway=True, explained=self.explained.append
        )
        self.reports.handle(NewCall(CC, CUSTOMER))
        self.reports.handle(Answered(CC, CUSTOMER))

    def hears(self, *messages: PlatformMessage) -> None:
        for each in messages:
            assert self.threeway.handle(each)

    async def asked(self, work: asyncio.Task[Result], answer: PlatformMessage) -> Result:
        """Let the request go out, and answer it."""
        before = len(self.sent)
        while len(self.sent) == before:
            await asyncio.sleep(0)
        self.hears(answer)
        return await work

    async def joined(self) -> None:
        work = asyncio.ensure_future(self.threeway.invite(ThirdKind.OUTSIDE, THIRD, "", CC))
        assert (await self.asked(work, ThreewayResponse(CC, 0))).ok
        self.hears(ThreewayResult(CC, 0))
        assert self.third is ThirdState.JOINED

    @property
    def third(self) -> ThirdState:
        assert self.call.third is not None
        return self.call.third.state


@pytest.fixture
async def desk() -> AsyncIterator[ThreewayDesk]:
    desk = ThreewayDesk()
    yield desk
    await desk.context.close()


async def test_an_invitation_that_is_taken_too_late_rings_all_the_same(desk: ThreewayDesk) -> None:
    result = await desk.threeway.invite(ThirdKind.AGENT, "1002", "Wang Fang", CC)
    assert result.message is not None
    assert result.message.id == "threeway.no_reply"
    assert desk.third is ThirdState.FAILED
    desk.hears(ThreewayResponse(CC, 0))
    assert desk.third is ThirdState.INVITED
    assert desk.call.third is not None
    assert desk.call.third.outcome is None


async def test_a_third_who_joins_after_the_invitation_was_given_up_is_there_and_a_hang_up_asks(
    desk: ThreewayDesk,
) -> None:
    await desk.threeway.invite(ThirdKind.AGENT, "1002", "", CC)
    desk.hears(ThreewayResult(CC, 0))
    assert desk.third is ThirdState.JOINED
    result = await desk.commands.hang_up(CC)
    assert result.message is not None
    assert result.message.id == "threeway.ask"
    assert HangUp(CC) not in desk.sent


async def test_a_late_refusal_of_an_invitation_changes_nothing(desk: ThreewayDesk) -> None:
    await desk.threeway.invite(ThirdKind.AGENT, "1002", "", CC)
    desk.hears(ThreewayResponse(CC, 1, "agent not idle"))
    assert desk.third is ThirdState.FAILED


async def test_type_4_that_is_answered_too_late_has_taken_the_third_out(desk: ThreewayDesk) -> None:
    await desk.joined()
    result = await desk.threeway.drop(CC)
    assert result.message is not None
    assert result.message.id == "threeway.no_reply"
    assert desk.third is ThirdState.JOINED
    desk.hears(ThreewayResponse(CC, 0))
    assert desk.third is ThirdState.LEFT
    assert (await desk.commands.hang_up(CC)).ok


async def test_an_answer_about_another_call_is_not_the_answer(desk: ThreewayDesk) -> None:
    inviting = asyncio.create_task(desk.threeway.invite(ThirdKind.OUTSIDE, THIRD, "", CC))
    await until(lambda: desk.sent)
    desk.hears(ThreewayResponse("another", 0))
    assert desk.third is ThirdState.ASKED
    desk.hears(ThreewayResponse(CC, 0))
    assert (await inviting).ok


async def test_an_answer_that_nobody_asked_for_changes_nothing(desk: ThreewayDesk) -> None:
    desk.hears(ThreewayResponse(CC, 0), ThreewayResult(CC, 0), ThreewayResult(CC, 7))
    assert desk.call.third is None
    await desk.joined()
    desk.hears(ThreewayResponse(CC, 0), ThreewayResult(CC, 0))
    assert desk.third is ThirdState.JOINED


async def test_type_4_that_is_refused_leaves_the_third_in_and_says_so(desk: ThreewayDesk) -> None:
    await desk.joined()
    work = asyncio.ensure_future(desk.threeway.end_for_all(CC))
    result = await desk.asked(work, ThreewayResponse(CC, 1, "no"))
    assert result.message is not None
    assert result.message.id == "threeway.not_dropped"
    assert desk.third is ThirdState.JOINED
    assert desk.call.state is CallState.TALKING
    assert HangUp(CC) not in desk.sent


async def test_the_end_for_all_terminates_only_after_the_third_is_out(desk: ThreewayDesk) -> None:
    await desk.joined()
    work = asyncio.ensure_future(desk.threeway.end_for_all(CC))
    assert (await desk.asked(work, ThreewayResult(CC, 2))).ok
    assert desk.sent[-2:] == [Threeway(CC, 4), HangUp(CC)]


# ---------------------------------------------------------------- signing out in a three-way call


async def signing_out(desk: ThreewayDesk) -> asyncio.Task[bool]:
    """Begun; the platform has time enough to answer."""
    desk.context.limits = replace(desk.context.limits, threeway=5.0)
    desk.calls.listen(desk.threeway.call_changed)
    return asyncio.create_task(desk.threeway.all_out(desk.call.key))


async def test_nobody_is_left_where_nobody_can_be_asked_who_stays(desk: ThreewayDesk) -> None:
    await desk.joined()
    work = await signing_out(desk)
    await until(lambda: Threeway(CC, 4) in desk.sent)
    desk.hears(ThreewayResponse(CC, 0))
    assert await work
    assert desk.third is ThirdState.LEFT


async def test_an_invitation_that_is_under_way_is_waited_for_and_taken_back(
    desk: ThreewayDesk,
) -> None:
    desk.context.limits = replace(desk.context.limits, threeway=5.0)
    inviting = asyncio.create_task(desk.threeway.invite(ThirdKind.OUTSIDE, THIRD, "", CC))
    await until(lambda: desk.sent)
    work = await signing_out(desk)
    desk.hears(ThreewayResponse(CC, 0))
    assert (await inviting).ok
    await until(lambda: Threeway(CC, 4) in desk.sent)
    desk.hears(ThreewayResponse(CC, 0))
    assert await work


async def test_a_third_who_cannot_be_taken_out_in_time_is_told(desk: ThreewayDesk) -> None:
    await desk.joined()
    desk.context.limits = replace(desk.context.limits, end_for_all=0.01)
    assert not await (await signing_out(desk))
    assert HangUp(CC) not in desk.sent

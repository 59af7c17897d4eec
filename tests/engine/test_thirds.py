"""Transfer and the three-way call, made safe: nothing terminates a call by accident."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.engine.desk import CC, CUSTOMER, Desk
from tui.engine import events as e
from tui.engine.calls import Outcome
from tui.engine.core import Limits
from tui.engine.state import CallState, ThirdState
from tui.engine.thirds import Thirds
from tui.platform import control as m

Pair = tuple[Desk, Thirds]


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    """A desk with a call that is up; short patience."""
    desk = Desk(Limits(threeway=0.05, transfer=0.05, transfer_close=0.05))
    thirds = Thirds(desk.calls)
    desk.reports.handed_over = thirds.handed_over
    desk.says(m.NewCall(CC, CUSTOMER))
    await desk.calls.answer("")
    desk.says(m.Answered(CC, CUSTOMER))
    yield desk, thirds
    await desk.core.close()


async def asked(desk: Desk, kind: type) -> None:
    async with asyncio.timeout(5):
        while not any(isinstance(sent, kind) for sent in desk.sent):
            await asyncio.sleep(0)


async def invite(pair: Pair, kind: int = 1, callee: str = "1002") -> None:
    desk, thirds = pair
    task = asyncio.create_task(thirds.invite(kind, callee, "Wang Fang", ""))
    await asked(desk, m.Threeway)
    thirds.handle(m.ThreewayResponse(CC, 0))
    assert (await task).ok


async def joined(pair: Pair) -> None:
    await invite(pair)
    pair[1].handle(m.ThreewayResult(CC, 0))


def third_state(desk: Desk) -> ThirdState:
    assert desk.call.third is not None
    return desk.call.third.state


async def test_an_accepted_invitation_rings_and_event_0_brings_the_third_party_in(
    pair: Pair,
) -> None:
    desk, thirds = pair
    await invite(pair)
    assert third_state(desk) is ThirdState.INVITED
    assert desk.sent[-1] == m.Threeway(CC, 1, "1002")
    thirds.handle(m.ThreewayResult(CC, 0))
    assert third_state(desk) is ThirdState.JOINED
    assert desk.call.third is not None
    assert desk.call.third.joined is not None
    assert desk.facts(e.ThreewayChanged) == [e.ThreewayChanged(CC, 0)]


async def test_a_refused_invitation_says_the_platforms_reason_and_the_call_is_still_there(
    pair: Pair,
) -> None:
    desk, thirds = pair
    task = asyncio.create_task(thirds.invite(1, "1002", "", ""))
    await asked(desk, m.Threeway)
    thirds.handle(m.ThreewayResponse(CC, 1, "agent not idle"))
    result = await task
    assert (result.ok, result.code) == (False, 1)
    assert result.message is not None
    assert ("info", "agent not idle") in result.message.values
    assert desk.call.state is CallState.TALKING
    assert third_state(desk) is ThirdState.FAILED


async def test_an_invitation_nobody_answers_is_given_up(pair: Pair) -> None:
    desk, thirds = pair
    result = await thirds.invite(3, CUSTOMER, "", "")
    assert result.message is not None
    assert result.message.id == "threeway.no_reply"
    assert third_state(desk) is ThirdState.FAILED


@pytest.mark.parametrize(
    ("kind", "sentence"), [(1, "threeway.failed"), (3, "threeway.failed_outside")]
)
async def test_event_1_says_that_it_failed_and_hints_at_mobile_phones(
    pair: Pair, kind: int, sentence: str
) -> None:
    desk, thirds = pair
    await invite(pair, kind, "1002" if kind == 1 else CUSTOMER)
    thirds.handle(m.ThreewayResult(CC, 1))
    assert desk.call.third is not None
    assert desk.call.third.outcome is not None
    assert desk.call.third.outcome.id == sentence
    assert desk.call.state is CallState.TALKING


async def test_event_2_leaves_two_in_the_call(pair: Pair) -> None:
    desk, thirds = pair
    await joined(pair)
    thirds.handle(m.ThreewayResult(CC, 2))
    assert third_state(desk) is ThirdState.LEFT
    assert desk.call.state is CallState.TALKING


async def test_a_hang_up_with_a_third_party_there_is_never_sent_by_accident(pair: Pair) -> None:
    desk, _ = pair
    await joined(pair)
    result = await desk.calls.hang_up("")
    assert result.message is not None
    assert result.message.id == "threeway.ask"
    assert not any(isinstance(sent, m.HangUp) for sent in desk.sent)


async def test_leaving_the_others_talking_has_to_be_asked_for(pair: Pair) -> None:
    desk, _ = pair
    await joined(pair)
    assert (await desk.calls.hang_up("", leave_them=True)).ok
    assert desk.sent[-1] == m.HangUp(CC)


async def test_ending_for_all_waits_for_result_0_before_it_terminates(pair: Pair) -> None:
    desk, thirds = pair
    await joined(pair)
    desk.sent.clear()
    task = asyncio.create_task(thirds.end_for_all(""))
    await asked(desk, m.Threeway)
    assert third_state(desk) is ThirdState.LEAVING
    assert not any(isinstance(sent, m.HangUp) for sent in desk.sent)
    thirds.handle(m.ThreewayResponse(CC, 0))
    assert (await task).ok
    assert desk.sent == [m.Threeway(CC, 4), m.HangUp(CC)]


async def test_event_2_counts_as_the_answer_to_type_4_too(pair: Pair) -> None:
    desk, thirds = pair
    await joined(pair)
    desk.sent.clear()
    task = asyncio.create_task(thirds.end_for_all(""))
    await asked(desk, m.Threeway)
    thirds.handle(m.ThreewayResult(CC, 2))
    assert (await task).ok
    assert desk.sent == [m.Threeway(CC, 4), m.HangUp(CC)]


async def test_without_an_answer_to_type_4_nothing_is_terminated_and_it_is_said(
    pair: Pair,
) -> None:
    desk, thirds = pair
    await joined(pair)
    result = await thirds.end_for_all("")
    assert result.message is not None
    assert result.message.id == "threeway.no_reply"
    assert not any(isinstance(sent, m.HangUp) for sent in desk.sent)
    assert third_state(desk) is ThirdState.JOINED
    assert desk.core.snapshot.notice is not None


async def test_a_refused_type_4_puts_back_what_was(pair: Pair) -> None:
    desk, thirds = pair
    await invite(pair)
    desk.sent.clear()
    task = asyncio.create_task(thirds.drop(""))
    await asked(desk, m.Threeway)
    thirds.handle(m.ThreewayResponse(CC, 1))
    assert not (await task).ok
    assert third_state(desk) is ThirdState.INVITED


async def test_type_4_cancels_a_pending_invitation(pair: Pair) -> None:
    desk, thirds = pair
    await invite(pair)
    desk.sent.clear()
    task = asyncio.create_task(thirds.drop(""))
    await asked(desk, m.Threeway)
    thirds.handle(m.ThreewayResponse(CC, 0))
    assert (await task).ok
    assert third_state(desk) is ThirdState.LEFT
    assert desk.call.state is CallState.TALKING


async def test_hold_is_not_offered_in_a_three_way_call(pair: Pair) -> None:
    desk, _ = pair
    await joined(pair)
    result = await desk.calls.hold("", True)
    assert result.message is not None
    assert result.message.id == "hold.in_threeway"


async def test_a_second_third_party_is_refused(pair: Pair) -> None:
    _, thirds = pair
    await joined(pair)
    result = await thirds.invite(1, "1003", "", "")
    assert result.message is not None
    assert result.message.id == "threeway.already"


async def test_the_customer_who_leaves_a_three_way_call_ends_it_for_all(pair: Pair) -> None:
    desk, _ = pair
    await joined(pair)
    desk.says(m.Ended(CC, 25, 5))
    assert desk.call.state is CallState.ENDED


@pytest.mark.parametrize("callee", ["", "12x", "٣"])
async def test_a_bad_number_is_refused_before_it_is_sent(pair: Pair, callee: str) -> None:
    desk, thirds = pair
    desk.sent.clear()
    assert not (await thirds.invite(3, callee, "", "")).ok
    assert desk.sent == []


async def test_without_a_200_to_the_request_it_failed(pair: Pair) -> None:
    desk, thirds = pair
    desk.answer = Outcome(0)
    result = await thirds.invite(1, "1002", "", "")
    assert result.message is not None
    assert result.message.id == "unconfirmed.threeway"


# ---------------------------------------------------------------- transfer


async def test_a_transfer_names_group_and_extension_and_38_says_it_is_done(pair: Pair) -> None:
    desk, thirds = pair
    assert (await thirds.transfer("1000000001", "1002", "Wang Fang", "")).ok
    assert desk.sent[-1] == m.Transfer(CC, "1000000001", "1002", "70000")
    assert desk.call.transfer == "Wang Fang"
    thirds.handle(m.TransferSucceeded(CC))
    desk.says(m.Ended(CC, 26, 9))
    assert desk.call.outcome is not None
    assert desk.call.outcome.id == "transfer.done"
    assert desk.facts(e.TransferSucceeded) == [e.TransferSucceeded(CC)]


async def test_without_a_105_after_38_the_call_is_closed_here(pair: Pair) -> None:
    desk, thirds = pair
    await thirds.transfer("1000000001", "1002", "", "")
    thirds.handle(m.TransferSucceeded(CC))
    async with asyncio.timeout(5):
        while desk.call.state is not CallState.ENDED:
            await asyncio.sleep(0)
    assert desk.call.outcome is not None
    assert desk.call.outcome.id == "transfer.done"


async def test_39_says_why_and_the_call_is_still_there(pair: Pair) -> None:
    desk, thirds = pair
    await thirds.transfer("1000000001", "1002", "Wang Fang", "")
    thirds.handle(m.TransferFailed(CC))
    assert desk.call.state is CallState.TALKING
    assert desk.call.transfer == ""
    assert desk.core.snapshot.notice is not None
    assert desk.core.snapshot.notice.message.id == "transfer.failed"


async def test_a_transfer_that_nothing_is_heard_of_is_said_and_the_call_stays(pair: Pair) -> None:
    desk, thirds = pair
    await thirds.transfer("1000000001", "1002", "", "")
    async with asyncio.timeout(5):
        while desk.call.transfer:
            await asyncio.sleep(0)
    assert desk.core.snapshot.notice is not None
    assert desk.core.snapshot.notice.message.id == "transfer.no_reply"
    assert desk.call.state is CallState.TALKING


@pytest.mark.parametrize("gid", ["", "0"])
async def test_a_transfer_needs_a_group(pair: Pair, gid: str) -> None:
    result = await pair[1].transfer(gid, "1002", "", "")
    assert result.message is not None
    assert result.message.id == "transfer.no_group"


async def test_an_internal_call_is_not_transferred() -> None:
    desk = Desk(Limits())
    thirds = Thirds(desk.calls)
    await desk.calls.dial("1003")
    desk.says(m.CallinResponse(200, CC, "1003"), m.Answered(CC, "1003"))
    result = await thirds.transfer("1000000001", "1002", "", "")
    assert result.message is not None
    assert result.message.id == "transfer.internal"
    await desk.core.close()

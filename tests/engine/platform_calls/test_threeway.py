"""Transfer and the three-way call, made safe: nothing terminates a call by accident."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.engine.desk import CC, CUSTOMER, Desk
from tests.waiting import until
from tui.engine.context import Limits
from tui.engine.outcome import Outcome
from tui.engine.platform_calls.threeway import ThreewayCalls
from tui.platform import control as m
from tui.port import events as e
from tui.port.machines.call_machine import CallState, ThirdState
from tui.port.values import ThreewayResult

Pair = tuple[Desk, ThreewayCalls]


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    """A desk with a call that is up; short patience."""
    desk = Desk(Limits(threeway=0.5, transfer=0.5, transfer_close=0.05))
    threeway = ThreewayCalls(
        desk.commands, desk.transferred, threeway=True, explained=desk.explained.append
    )
    desk.says(m.NewCall(CC, CUSTOMER))
    await desk.commands.answer("")
    desk.says(m.Answered(CC, CUSTOMER))
    yield desk, threeway
    await desk.context.close()


async def asked(desk: Desk, kind: type) -> None:
    await until(lambda: any(isinstance(sent, kind) for sent in desk.sent))


async def invite(pair: Pair, kind: int = 1, callee: str = "1002") -> None:
    desk, threeway = pair
    task = asyncio.create_task(threeway.invite(kind, callee, "Wang Fang", ""))
    await asked(desk, m.Threeway)
    threeway.handle(m.ThreewayResponse(CC, 0))
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
    desk, threeway = pair
    await invite(pair)
    assert third_state(desk) is ThirdState.INVITED
    assert desk.sent[-1] == m.Threeway(CC, 1, "1002")
    threeway.handle(m.ThreewayResult(CC, 0))
    assert third_state(desk) is ThirdState.JOINED
    assert desk.call.third is not None
    assert desk.call.third.joined is not None
    assert desk.facts(e.ThreewayChanged) == [e.ThreewayChanged(CC, ThreewayResult.JOINED)]


async def test_a_refused_invitation_says_the_platforms_reason_and_the_call_is_still_there(
    pair: Pair,
) -> None:
    desk, threeway = pair
    task = asyncio.create_task(threeway.invite(1, "1002", "", ""))
    await asked(desk, m.Threeway)
    threeway.handle(m.ThreewayResponse(CC, 1, "agent not idle"))
    result = await task
    assert (result.ok, result.code) == (False, 1)
    assert result.message is not None
    assert ("info", "agent not idle") in result.message.values
    assert desk.call.state is CallState.TALKING
    assert third_state(desk) is ThirdState.FAILED


async def test_an_invitation_nobody_answers_is_given_up(pair: Pair) -> None:
    desk, threeway = pair
    result = await threeway.invite(3, CUSTOMER, "", "")
    assert result.message is not None
    assert result.message.id == "threeway.no_reply"
    assert third_state(desk) is ThirdState.FAILED


@pytest.mark.parametrize(
    ("kind", "sentence"), [(1, "threeway.failed"), (3, "threeway.failed_outside")]
)
async def test_event_1_says_that_it_failed_and_hints_at_mobile_phones(
    pair: Pair, kind: int, sentence: str
) -> None:
    desk, threeway = pair
    await invite(pair, kind, "1002" if kind == 1 else CUSTOMER)
    threeway.handle(m.ThreewayResult(CC, 1))
    assert desk.call.third is not None
    assert desk.call.third.outcome is not None
    assert desk.call.third.outcome.id == sentence
    assert desk.call.state is CallState.TALKING


async def test_event_2_leaves_two_in_the_call(pair: Pair) -> None:
    desk, threeway = pair
    await joined(pair)
    threeway.handle(m.ThreewayResult(CC, 2))
    assert third_state(desk) is ThirdState.LEFT
    assert desk.call.state is CallState.TALKING


async def test_a_hang_up_with_a_third_party_there_is_never_sent_by_accident(pair: Pair) -> None:
    desk, _ = pair
    await joined(pair)
    result = await desk.commands.hang_up("")
    assert result.message is not None
    assert result.message.id == "threeway.ask"
    assert not any(isinstance(sent, m.HangUp) for sent in desk.sent)


async def test_leaving_the_others_talking_has_to_be_asked_for(pair: Pair) -> None:
    desk, _ = pair
    await joined(pair)
    assert (await desk.commands.hang_up("", leave_them=True)).ok
    assert desk.sent[-1] == m.HangUp(CC)


async def test_ending_for_all_waits_for_result_0_before_it_terminates(pair: Pair) -> None:
    desk, threeway = pair
    await joined(pair)
    desk.sent.clear()
    task = asyncio.create_task(threeway.end_for_all(""))
    await asked(desk, m.Threeway)
    assert third_state(desk) is ThirdState.LEAVING
    assert not any(isinstance(sent, m.HangUp) for sent in desk.sent)
    threeway.handle(m.ThreewayResponse(CC, 0))
    assert (await task).ok
    assert desk.sent == [m.Threeway(CC, 4), m.HangUp(CC)]


async def test_event_2_counts_as_the_answer_to_type_4_too(pair: Pair) -> None:
    desk, threeway = pair
    await joined(pair)
    desk.sent.clear()
    task = asyncio.create_task(threeway.end_for_all(""))
    await asked(desk, m.Threeway)
    threeway.handle(m.ThreewayResult(CC, 2))
    assert (await task).ok
    assert desk.sent == [m.Threeway(CC, 4), m.HangUp(CC)]


async def test_without_an_answer_to_type_4_nothing_is_terminated_and_it_is_said(
    pair: Pair,
) -> None:
    desk, threeway = pair
    await joined(pair)
    result = await threeway.end_for_all("")
    assert result.message is not None
    assert result.message.id == "threeway.no_reply"
    assert not any(isinstance(sent, m.HangUp) for sent in desk.sent)
    assert third_state(desk) is ThirdState.JOINED
    assert desk.context.snapshot.notice is not None


async def test_a_refused_type_4_puts_back_what_was(pair: Pair) -> None:
    desk, threeway = pair
    await invite(pair)
    desk.sent.clear()
    task = asyncio.create_task(threeway.drop(""))
    await asked(desk, m.Threeway)
    threeway.handle(m.ThreewayResponse(CC, 1))
    assert not (await task).ok
    assert third_state(desk) is ThirdState.INVITED


async def test_type_4_cancels_a_pending_invitation(pair: Pair) -> None:
    desk, threeway = pair
    await invite(pair)
    desk.sent.clear()
    task = asyncio.create_task(threeway.drop(""))
    await asked(desk, m.Threeway)
    threeway.handle(m.ThreewayResponse(CC, 0))
    assert (await task).ok
    assert third_state(desk) is ThirdState.LEFT
    assert desk.call.state is CallState.TALKING


async def test_hold_is_not_offered_in_a_three_way_call(pair: Pair) -> None:
    desk, _ = pair
    await joined(pair)
    result = await desk.commands.hold("", True)
    assert result.message is not None
    assert result.message.id == "hold.in_threeway"


async def test_a_second_third_party_is_refused(pair: Pair) -> None:
    _, threeway = pair
    await joined(pair)
    result = await threeway.invite(1, "1003", "", "")
    assert result.message is not None
    assert result.message.id == "threeway.already"


async def test_the_customer_who_leaves_a_three_way_call_ends_it_for_all(pair: Pair) -> None:
    desk, _ = pair
    await joined(pair)
    desk.says(m.Ended(CC, 25, 5))
    assert desk.call.state is CallState.ENDED


@pytest.mark.parametrize("callee", ["", "12x", "٣"])
async def test_a_bad_number_is_refused_before_it_is_sent(pair: Pair, callee: str) -> None:
    desk, threeway = pair
    desk.sent.clear()
    assert not (await threeway.invite(3, callee, "", "")).ok
    assert desk.sent == []


async def test_an_answer_counts_though_the_200_to_its_request_is_lost(pair: Pair) -> None:
    desk, threeway = pair
    desk.answer = Outcome(0)
    task = asyncio.create_task(threeway.invite(1, "1002", "", ""))
    await asked(desk, m.Threeway)
    threeway.handle(m.ThreewayResponse(CC, 0))
    assert (await task).ok
    assert third_state(desk) is ThirdState.INVITED


@pytest.mark.parametrize("told", [m.TransferSucceeded(CC), m.TransferFailed(CC)])
async def test_a_transfer_whose_200_is_lost_waits_for_its_outcome(
    pair: Pair, told: m.PlatformMessage
) -> None:
    desk, threeway = pair
    desk.answer = Outcome(0)
    assert (await threeway.transfer("12", "1002", "", "")).ok
    assert desk.call.transfer
    threeway.handle(told)
    notice = desk.context.snapshot.notice
    assert (notice is None) is isinstance(told, m.TransferSucceeded)


async def test_without_a_200_to_the_request_it_failed(pair: Pair) -> None:
    desk, threeway = pair
    desk.answer = Outcome(0)
    result = await threeway.invite(1, "1002", "", "")
    assert result.message is not None
    assert result.message.id == "unconfirmed.threeway"


# ---------------------------------------------------------------- transfer


async def test_a_transfer_names_group_and_extension_and_38_says_it_is_done(pair: Pair) -> None:
    desk, threeway = pair
    assert (await threeway.transfer("1000000001", "1002", "Wang Fang", "")).ok
    assert desk.sent[-1] == m.Transfer(CC, "1000000001", "1002", "70000")
    assert desk.call.transfer == "Wang Fang"
    threeway.handle(m.TransferSucceeded(CC))
    desk.says(m.Ended(CC, 26, 9))
    assert desk.call.outcome is not None
    assert desk.call.outcome.id == "transfer.done"
    assert desk.facts(e.TransferSucceeded) == [e.TransferSucceeded(CC)]


async def test_without_a_105_after_38_the_call_is_closed_here(pair: Pair) -> None:
    desk, threeway = pair
    await threeway.transfer("1000000001", "1002", "", "")
    threeway.handle(m.TransferSucceeded(CC))
    await until(lambda: desk.call.state is CallState.ENDED)
    assert desk.call.outcome is not None
    assert desk.call.outcome.id == "transfer.done"


async def test_39_says_why_and_the_call_is_still_there(pair: Pair) -> None:
    desk, threeway = pair
    await threeway.transfer("1000000001", "1002", "Wang Fang", "")
    threeway.handle(m.TransferFailed(CC, "no licence for it"))
    assert desk.call.state is CallState.TALKING
    assert desk.call.transfer == ""
    assert desk.context.snapshot.notice is not None
    said = desk.context.snapshot.notice.message
    assert said.id == "transfer.failed"
    assert dict(said.values) == {"name": "Wang Fang", "info": "no licence for it"}


async def test_a_transfer_that_nothing_is_heard_of_is_said_and_the_call_stays(pair: Pair) -> None:
    desk, threeway = pair
    await threeway.transfer("1000000001", "1002", "", "")
    await until(lambda: not desk.call.transfer)
    assert desk.context.snapshot.notice is not None
    assert desk.context.snapshot.notice.message.id == "transfer.no_reply"
    assert desk.call.state is CallState.TALKING


@pytest.mark.parametrize("gid", ["", "0"])
async def test_a_transfer_to_a_colleague_in_no_group_names_group_0(pair: Pair, gid: str) -> None:
    desk, threeway = pair
    assert (await threeway.transfer(gid, "1002", "", "")).ok
    assert desk.sent[-1] == m.Transfer(CC, "0", "1002", "70000")


@pytest.mark.parametrize(("callee", "kind"), [("1004", 1), ("2004", 3), ("12000000002", 3)])
async def test_the_enterprises_range_decides_whether_a_third_is_an_extension(
    pair: Pair, callee: str, kind: int
) -> None:
    desk, threeway = pair
    task = asyncio.create_task(threeway.invite(3, callee, "", ""))
    await asked(desk, m.Threeway)
    assert desk.sent[-1] == m.Threeway(CC, kind, callee)
    threeway.handle(m.ThreewayResponse(CC, 0))
    assert (await task).ok


async def test_an_internal_call_is_not_transferred() -> None:
    desk = Desk(Limits())
    threeway = ThreewayCalls(
        desk.commands, desk.transferred, threeway=True, explained=desk.explained.append
    )
    await desk.commands.dial("1003")
    desk.says(m.CallinResponse(200, CC, "1003"), m.Answered(CC, "1003"))
    result = await threeway.transfer("1000000001", "1002", "", "")
    assert result.message is not None
    assert result.message.id == "transfer.internal"
    await desk.context.close()

"""Three-way calls from end to end: who hears whom, who is left with whom, and every way it fails.

A real engine, a real sandbox process, real audio told apart by frequency: the agent says 700 Hz,
the customer 1300 Hz, the third party 2100 Hz."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.box import AGENT_TONE, CUSTOMER_TONE, Box, Desk
from tests.e2e.talking import (
    GROUP,
    colleague,
    desk_hears,
    desk_stops_hearing,
    end_hears,
    end_stops_hearing,
    talking,
    third,
)
from tests.waiting import until
from tui.engine.context import Limits
from tui.port import commands as c
from tui.port.machines.call_machine import CallState, ThirdState
from tui.port.machines.seat_machine import SeatState
from tui.port.values import ThirdKind

THIRD_TONE = 2100
THIRD = f"1202000{THIRD_TONE}"
RINGBACK = 450
SILENT_LINE = "12000000005"

GENERATIONS = (2,)
"""Generation 1 has no three-way call (platform.md)."""


@pytest.fixture
async def desk(box: Box, tmp_path: Path) -> AsyncIterator[Desk]:
    """Signed in as 1001 at generation 2: the other one has no three-way calls."""
    desk = Desk(box, tmp_path)
    await desk.sign_in()
    yield desk
    await desk.engine.close()


async def joined(box: Box, desk: Desk, number: str = THIRD) -> str:
    """A three-way call with an outside number; the ccNumber."""
    await box.hurry()
    cc = await talking(box, desk)
    assert (await desk.engine.execute(c.Threeway(ThirdKind.OUTSIDE, number))).ok
    await third(desk, ThirdState.JOINED)
    return cc


async def test_an_outside_number_joins_and_all_three_hear_each_other(box: Box, desk: Desk) -> None:
    cc = await joined(box, desk)
    assert desk.call.ccnumber == cc
    await desk_hears(desk, CUSTOMER_TONE, THIRD_TONE)
    await end_hears(box, cc, "customer", AGENT_TONE, THIRD_TONE)
    await end_hears(box, cc, "third", AGENT_TONE, CUSTOMER_TONE)


async def test_while_the_third_is_rung_both_others_hear_ringing(box: Box, desk: Desk) -> None:
    cc = await talking(box, desk)
    assert (await desk.engine.execute(c.Threeway(ThirdKind.OUTSIDE, SILENT_LINE))).ok
    await third(desk, ThirdState.INVITED)
    await desk_hears(desk, RINGBACK)
    await end_hears(box, cc, "customer", RINGBACK)


async def test_an_invitation_that_nobody_answers_fails_with_the_hint_and_the_call_goes_on(
    box: Box, desk: Desk
) -> None:
    await box.post("times", ring=1)
    cc = await talking(box, desk)
    assert (await desk.engine.execute(c.Threeway(ThirdKind.OUTSIDE, SILENT_LINE))).ok
    failed = await third(desk, ThirdState.FAILED)
    assert failed.outcome is not None
    assert failed.outcome.id == "threeway.failed_outside"
    assert desk.call.state is CallState.TALKING
    await end_hears(box, cc, "customer", AGENT_TONE)


async def test_a_third_party_who_hangs_up_leaves_the_two_who_were_there_before(
    box: Box, desk: Desk
) -> None:
    cc = await joined(box, desk)
    await box.post(f"calls/{cc}/third/hang-up")
    left = await third(desk, ThirdState.LEFT)
    assert left.outcome is not None
    assert left.outcome.id == "threeway.left"
    await desk_stops_hearing(desk, THIRD_TONE)
    await desk_hears(desk, CUSTOMER_TONE)
    await end_hears(box, cc, "customer", AGENT_TONE)


async def test_type_4_takes_the_third_out_and_the_call_is_two_way_again(
    box: Box, desk: Desk
) -> None:
    cc = await joined(box, desk)
    assert (await desk.engine.execute(c.DropThird())).ok
    await third(desk, ThirdState.LEFT)
    await desk_stops_hearing(desk, THIRD_TONE)
    await end_stops_hearing(box, cc, "customer", THIRD_TONE)
    await desk_hears(desk, CUSTOMER_TONE)


async def test_type_4_cancels_an_invitation_that_is_still_ringing(box: Box, desk: Desk) -> None:
    cc = await talking(box, desk)
    await desk.engine.execute(c.Threeway(ThirdKind.OUTSIDE, SILENT_LINE))
    await third(desk, ThirdState.INVITED)
    assert (await desk.engine.execute(c.DropThird())).ok
    await third(desk, ThirdState.LEFT)
    assert (await box.control(f"calls/{cc}"))["guest"] is None
    await end_stops_hearing(box, cc, "customer", RINGBACK)


async def test_event_2_alone_counts_as_the_answer_to_type_4(box: Box, desk: Desk) -> None:
    await joined(box, desk)
    desk.engine.context.limits = replace(desk.engine.context.limits, message=0.5, unregister=0.5)
    await box.post("faults", kind="threeway-event")
    assert (await desk.engine.execute(c.DropThird())).ok
    await third(desk, ThirdState.LEFT)


async def test_without_an_answer_to_type_4_it_is_said_offered_again_and_nothing_is_hung_up(
    box: Box, tmp_path: Path
) -> None:
    desk = Desk(box, tmp_path, limits=Limits(threeway=1.0))
    try:
        await desk.sign_in()
        cc = await joined(box, desk)
        await box.post("faults", kind="threeway-end")
        result = await desk.engine.execute(c.EndForAll())
        assert not result.ok
        assert result.message is not None
        assert result.message.id == "threeway.no_reply"
        assert desk.call.state is CallState.TALKING
        await third(desk, ThirdState.JOINED)
        agent = await box.control("agents/1001")
        assert not [each for each in agent["log"] if each["detail"] == "HangUp"]
        await box.control("faults", "DELETE")
        assert (await desk.engine.execute(c.EndForAll())).ok
        await desk.state(CallState.ENDED)
        assert (await box.control(f"calls/{cc}"))["phase"] == "ended"
    finally:
        await desk.engine.close()


async def test_ending_for_all_is_type_4_first_and_terminate_after_it(box: Box, desk: Desk) -> None:
    cc = await joined(box, desk)
    assert (await desk.engine.execute(c.EndForAll())).ok
    over = await desk.state(CallState.ENDED)
    assert over.end.reason == 26
    said = [each["detail"] for each in (await box.control("agents/1001"))["log"]]
    assert [each for each in said if each in ("Threeway", "HangUp")] == [
        "Threeway",
        "Threeway",
        "HangUp",
    ]
    assert (await box.control(f"calls/{cc}"))["phase"] == "ended"


async def test_a_hang_up_in_a_three_way_call_asks_first_and_sends_nothing(
    box: Box, desk: Desk
) -> None:
    await joined(box, desk)
    result = await desk.engine.execute(c.HangUp())
    assert not result.ok
    assert result.message is not None
    assert result.message.id == "threeway.ask"
    assert desk.call.state is CallState.TALKING
    agent = await box.control("agents/1001")
    assert not [each for each in agent["log"] if each["detail"] == "HangUp"]


async def test_terminate_leaves_the_other_two_talking_and_there_is_no_way_back(
    box: Box, desk: Desk
) -> None:
    cc = await joined(box, desk)
    assert (await desk.engine.execute(c.HangUp(leave_them=True))).ok
    over = await desk.state(CallState.ENDED)
    assert over.end.reason == 26
    await desk.seat(SeatState.IDLE)
    await end_stops_hearing(box, cc, "customer", AGENT_TONE)
    await end_hears(box, cc, "customer", THIRD_TONE)
    await end_hears(box, cc, "third", CUSTOMER_TONE)
    assert (await box.control(f"calls/{cc}"))["phase"] == "up"
    again = await desk.engine.execute(c.HangUp(cc))
    assert not again.ok


async def test_the_customer_who_leaves_a_three_way_call_ends_it_for_all_with_25(
    box: Box, desk: Desk
) -> None:
    cc = await joined(box, desk)
    await box.post(f"calls/{cc}/hangup")
    over = await desk.state(CallState.ENDED)
    assert over.end.reason == 25
    assert (await box.control(f"calls/{cc}"))["phase"] == "ended"


@pytest.mark.parametrize(
    ("kind", "callee", "why"),
    [
        (ThirdKind.AGENT, "1002", "agent not idle"),
        (ThirdKind.AGENT, "1099", "agent not idle"),
        (ThirdKind.GROUP, "9999999999", "no such group"),
        (ThirdKind.OUTSIDE, "12999990511", "bad number"),
    ],
)
async def test_a_refused_invitation_says_the_platforms_reason_and_the_call_goes_on(
    box: Box, desk: Desk, kind: ThirdKind, callee: str, why: str
) -> None:
    cc = await talking(box, desk)
    result = await desk.engine.execute(c.Threeway(kind, callee))
    assert (result.ok, result.code) == (False, 1)
    assert result.message is not None
    assert (result.message.id, dict(result.message.values)["info"]) == ("threeway.refused", why)
    assert desk.call.state is CallState.TALKING
    await end_hears(box, cc, "customer", AGENT_TONE)


async def test_an_invitation_that_the_platform_never_answers_says_so_in_time(
    box: Box, tmp_path: Path
) -> None:
    desk = Desk(box, tmp_path, limits=Limits(threeway=1.0))
    try:
        await desk.sign_in()
        await talking(box, desk)
        await box.post("faults", kind="threeway")
        result = await desk.engine.execute(c.Threeway(ThirdKind.OUTSIDE, THIRD))
        assert result.message is not None
        assert result.message.id == "threeway.no_reply"
        assert desk.call.state is CallState.TALKING
    finally:
        await desk.engine.close()


async def test_hold_is_not_offered_in_a_three_way_call(box: Box, desk: Desk) -> None:
    await joined(box, desk)
    result = await desk.engine.execute(c.Hold())
    assert result.message is not None
    assert result.message.id == "hold.in_threeway"
    assert desk.call.state is CallState.TALKING


async def test_a_customer_on_hold_is_fetched_back_before_a_third_is_invited(
    box: Box, desk: Desk
) -> None:
    await box.hurry()
    cc = await talking(box, desk)
    assert (await desk.engine.execute(c.Hold())).ok
    assert desk.call.state is CallState.HOLDING
    assert (await desk.engine.execute(c.Threeway(ThirdKind.OUTSIDE, THIRD))).ok
    assert desk.call.state is CallState.TALKING
    await third(desk, ThirdState.JOINED)
    await end_hears(box, cc, "third", AGENT_TONE, CUSTOMER_TONE)
    await end_hears(box, cc, "customer", AGENT_TONE, THIRD_TONE)


@pytest.mark.parametrize(("kind", "callee"), [(ThirdKind.AGENT, "1002"), (ThirdKind.GROUP, GROUP)])
async def test_another_agent_is_rung_joins_and_is_left_with_the_customer(
    box: Box, desk: Desk, tmp_path: Path, kind: ThirdKind, callee: str
) -> None:
    other = colleague(box, tmp_path, "1002")
    try:
        await other.sign_in()
        cc = await talking(box, desk)
        assert (await desk.engine.execute(c.Threeway(kind, callee, "Wang Fang"))).ok
        ringing = await other.state(CallState.RINGING)
        assert ringing.number == "12000000001"
        assert (await other.engine.execute(c.Answer())).ok
        await third(desk, ThirdState.JOINED)
        await other.audio()
        await other.engine.execute(c.Mute(True))  # both desks say the same tone
        await desk_hears(other, AGENT_TONE, CUSTOMER_TONE)
        await end_hears(box, cc, "customer", AGENT_TONE)
        assert (await desk.engine.execute(c.HangUp(leave_them=True))).ok
        assert (await desk.state(CallState.ENDED)).end.reason == 26
        await desk_stops_hearing(other, AGENT_TONE)
        await other.engine.execute(c.Mute(False))
        await desk_hears(other, CUSTOMER_TONE)
        await end_hears(box, cc, "customer", AGENT_TONE)
        await box.post(f"calls/{cc}/hangup")
        assert (await other.state(CallState.ENDED)).end.reason == 25
    finally:
        await other.engine.close()


async def test_an_agent_who_declines_the_invitation_is_a_failure_here(
    box: Box, desk: Desk, tmp_path: Path
) -> None:
    other = colleague(box, tmp_path, "1002")
    try:
        await other.sign_in()
        await talking(box, desk)
        assert (await desk.engine.execute(c.Threeway(ThirdKind.AGENT, "1002"))).ok
        await other.state(CallState.RINGING)
        assert (await other.engine.execute(c.HangUp())).ok
        failed = await third(desk, ThirdState.FAILED)
        assert failed.outcome is not None
        assert failed.outcome.id == "threeway.failed"
        assert desk.call.state is CallState.TALKING
        await until(lambda: not other.call.live)
    finally:
        await other.engine.close()


async def test_an_invited_agent_who_is_taken_out_again_ends_with_25(
    box: Box, desk: Desk, tmp_path: Path
) -> None:
    other = colleague(box, tmp_path, "1002")
    try:
        await other.sign_in()
        await talking(box, desk)
        await desk.engine.execute(c.Threeway(ThirdKind.AGENT, "1002"))
        await other.state(CallState.RINGING)
        await other.engine.execute(c.Answer())
        await third(desk, ThirdState.JOINED)
        assert (await desk.engine.execute(c.DropThird())).ok
        assert (await other.state(CallState.ENDED)).end.reason == 25
        await other.seat(SeatState.IDLE)
        assert desk.call.state is CallState.TALKING
    finally:
        await other.engine.close()


async def test_generation_1_has_no_three_way_calls_and_says_so(box: Box, tmp_path: Path) -> None:
    desk = Desk(box, tmp_path, generation=1)
    try:
        await desk.sign_in()
        await talking(box, desk)
        result = await desk.engine.execute(c.Threeway(ThirdKind.OUTSIDE, THIRD))
        assert result.message is not None
        assert result.message.id == "threeway.none"
        agent = await box.control("agents/1001")
        assert not [each for each in agent["log"] if each["detail"] == "Threeway"]
        assert desk.call.state is CallState.TALKING
    finally:
        await desk.engine.close()

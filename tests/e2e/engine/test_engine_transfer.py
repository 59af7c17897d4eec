"""Transfers from end to end: the customer's voice goes over to the second agent, or stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.box import AGENT_TONE, CUSTOMER_TONE, Box, Desk
from tests.e2e.hearing import frames_of
from tests.e2e.talking import GROUP, colleague, desk_hears, desk_stops_hearing, end_hears, talking
from tests.waiting import until
from tui.engine.context import Limits
from tui.port import commands as c
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import SeatState
from tui.port.values import ThirdKind

SUPPORT = "1000000002"


async def failed(desk: Desk) -> None:
    """39 came: the call is still there, and it is said."""
    await until(lambda: desk.snapshot.notice is not None)
    assert desk.snapshot.notice is not None
    assert desk.snapshot.notice.message.id == "transfer.failed"
    assert (desk.call.state, desk.call.transfer) == (CallState.TALKING, "")


async def test_an_idle_agent_takes_the_customer_over(box: Box, desk: Desk, tmp_path: Path) -> None:
    other = colleague(box, tmp_path, "1002")
    try:
        await other.sign_in()
        cc = await talking(box, desk)
        assert (await desk.engine.execute(c.Transfer(GROUP, "1002", "Wang Fang"))).ok
        assert desk.call.transfer == "Wang Fang"
        ringing = await other.state(CallState.RINGING)
        assert ringing.number == "12000000001"
        assert desk.call.state is CallState.TALKING
        assert (await other.engine.execute(c.Answer())).ok
        over = await desk.state(CallState.ENDED)
        assert over.end.reason == 26
        assert over.outcome is not None
        assert over.outcome.id == "transfer.done"
        assert dict(over.outcome.values)["name"] == "Wang Fang"
        await desk.seat(SeatState.IDLE)
        ended = frames_of(desk.output)
        await other.audio()
        await desk_hears(other, CUSTOMER_TONE)
        await end_hears(box, cc, "customer", AGENT_TONE)
        await desk_stops_hearing(desk, CUSTOMER_TONE, since=ended)
        assert (await other.engine.execute(c.HangUp())).ok
        await other.state(CallState.ENDED)
        assert (await box.control(f"calls/{cc}"))["reason"] == "26"
    finally:
        await other.engine.close()


async def test_a_transferred_call_can_come_back_to_who_handed_it_over(
    box: Box, desk: Desk, tmp_path: Path
) -> None:
    other = colleague(box, tmp_path, "1002")
    try:
        await other.sign_in()
        await talking(box, desk)
        await desk.engine.execute(c.Transfer(GROUP, "1002"))
        await other.state(CallState.RINGING)
        await other.engine.execute(c.Answer())
        await desk.state(CallState.ENDED)
        await desk.seat(SeatState.IDLE)
        await other.state(CallState.TALKING)
        assert (await other.engine.execute(c.Transfer(GROUP, "1001"))).ok
        await desk.state(CallState.RINGING)
        assert (await desk.engine.execute(c.Answer())).ok
        await other.state(CallState.ENDED)
        await desk.audio()
        await desk_hears(desk, CUSTOMER_TONE)
    finally:
        await other.engine.close()


async def test_38_without_a_105_closes_the_call_here_after_a_while(
    box: Box, tmp_path: Path
) -> None:
    desk = Desk(box, tmp_path, limits=Limits(transfer_close=2.0))
    try:
        await desk.sign_in()
        await talking(box, desk)
        await box.hurry()
        await box.post("faults", kind="transfer-end")
        assert (await desk.engine.execute(c.Transfer(SUPPORT, "1090", "Mei"))).ok
        over = await desk.state(CallState.ENDED)
        assert over.end.reason == 26
        assert over.outcome is not None
        assert over.outcome.id == "transfer.done"
        assert desk.snapshot.notice is None, "audio that ended with the transfer is not lost"
    finally:
        await desk.engine.close()


@pytest.mark.parametrize(
    ("gid", "number"), [(GROUP, "1002"), (SUPPORT, "1099"), (GROUP, "1090"), (SUPPORT, "1999")]
)
async def test_a_transfer_to_nobody_who_is_idle_fails_and_the_call_is_still_there(
    box: Box, desk: Desk, gid: str, number: str
) -> None:
    cc = await talking(box, desk)
    assert (await desk.engine.execute(c.Transfer(gid, number))).ok
    await failed(desk)
    await desk_hears(desk, CUSTOMER_TONE)
    await end_hears(box, cc, "customer", AGENT_TONE)


async def test_a_transfer_that_nobody_answers_fails_and_the_call_is_still_there(
    box: Box, desk: Desk
) -> None:
    await box.post("times", ring_inside=1)
    cc = await talking(box, desk)
    assert (await desk.engine.execute(c.Transfer(SUPPORT, "1091"))).ok
    await failed(desk)
    await desk_hears(desk, CUSTOMER_TONE)
    await end_hears(box, cc, "customer", AGENT_TONE)


async def test_a_transfer_that_the_platform_never_tells_of_is_given_up_in_words(
    box: Box, tmp_path: Path
) -> None:
    desk = Desk(box, tmp_path, limits=Limits(transfer=1.0))
    try:
        await desk.sign_in()
        await talking(box, desk)
        await box.post("faults", kind="transfer")
        assert (await desk.engine.execute(c.Transfer(SUPPORT, "1090"))).ok
        await until(lambda: desk.snapshot.notice is not None)
        assert desk.snapshot.notice is not None
        assert desk.snapshot.notice.message.id == "transfer.no_reply"
        assert desk.call.state is CallState.TALKING
    finally:
        await desk.engine.close()


async def test_a_customer_who_hangs_up_while_the_second_agent_rings_ends_it_for_both(
    box: Box, desk: Desk, tmp_path: Path
) -> None:
    other = colleague(box, tmp_path, "1002")
    try:
        await other.sign_in()
        cc = await talking(box, desk)
        await desk.engine.execute(c.Transfer(GROUP, "1002"))
        await other.state(CallState.RINGING)
        await box.post(f"calls/{cc}/hangup")
        over = await desk.state(CallState.ENDED)
        assert over.end.reason == 25
        assert over.outcome is not None
        assert over.outcome.id == "ended.25"
        await until(lambda: not other.call.live)
        assert other.call.end.missed
    finally:
        await other.engine.close()


async def test_a_second_transfer_or_a_third_party_waits_until_the_first_is_decided(
    box: Box, desk: Desk
) -> None:
    await talking(box, desk)
    assert (await desk.engine.execute(c.Transfer(SUPPORT, "1091"))).ok
    for command in (c.Transfer(SUPPORT, "1090"), c.Threeway(ThirdKind.OUTSIDE, "12000000001")):
        result = await desk.engine.execute(command)
        assert result.message is not None
        assert result.message.id == "threeway.transferring"


async def test_a_call_between_agents_is_not_handed_over(box: Box, desk: Desk) -> None:
    await box.hurry()
    assert (await desk.engine.execute(c.Dial("1090"))).code == 3
    await desk.state(CallState.TALKING)
    result = await desk.engine.execute(c.Transfer(SUPPORT, "1091"))
    assert result.message is not None
    assert result.message.id == "transfer.internal"

"""The console's engine at Asterisk when several desks ring for one call."""

from __future__ import annotations

from pathlib import Path

from tests.interop.asterisk_pbx import Asterisk
from tests.interop.our_desk import OurDesk, seated
from tui.port.commands import Answer
from tui.port.machines.call_machine import CallState

AGENT, COLLEAGUE, CUSTOMER = 1200, 900, 700
"""What they say, in hertz."""


async def _taken_by(colleague: OurDesk, desk: OurDesk) -> None:
    """The colleague takes the call; our desk says so, and counts nothing."""
    await desk.state(CallState.RINGING)
    await colleague.state(CallState.RINGING)
    await colleague.do(Answer())
    await colleague.state(CallState.TALKING)
    ended = await desk.state(CallState.ENDED)
    await colleague.hears(CUSTOMER)
    assert not ended.end.missed
    assert (desk.snapshot.shift.missed, desk.snapshot.shift.missed_in_a_row) == (0, 0)
    assert desk.said() == "line.elsewhere"


async def test_a_call_taken_at_the_other_desk_of_the_same_address_is_not_missed(
    asterisk: Asterisk, tmp_path: Path, desk: OurDesk
) -> None:
    async with seated(asterisk, tmp_path, "alice", COLLEAGUE, "alice-2") as other:
        await asterisk.ring("everywhere", CUSTOMER)
        await _taken_by(other, desk)


async def test_a_call_taken_by_a_colleague_of_the_ring_group_is_not_missed(
    asterisk: Asterisk, tmp_path: Path, desk: OurDesk
) -> None:
    async with seated(asterisk, tmp_path, "bob", COLLEAGUE) as bob:
        await asterisk.ring("group", CUSTOMER)
        await _taken_by(bob, desk)


async def test_a_call_of_the_queue_taken_by_a_colleague_is_not_missed(
    asterisk: Asterisk, tmp_path: Path, desk: OurDesk
) -> None:
    async with seated(asterisk, tmp_path, "bob", COLLEAGUE) as bob:
        await asterisk.ring("support", CUSTOMER)
        await _taken_by(bob, desk)


async def test_a_caller_of_the_queue_is_answered_heard_and_gone(
    asterisk: Asterisk, desk: OurDesk
) -> None:
    await asterisk.ring("support", CUSTOMER)
    await desk.state(CallState.RINGING)
    await desk.do(Answer())
    await desk.state(CallState.TALKING)
    await desk.hears(CUSTOMER)
    await asterisk.hang_up()
    assert (await desk.state(CallState.ENDED)).end.reason == 25


async def test_one_caller_whom_the_queue_offers_three_times_is_one_miss(
    asterisk: Asterisk, desk: OurDesk
) -> None:
    await asterisk.ring("impatient", CUSTOMER)
    for _ in range(3):
        await desk.state(CallState.RINGING)
        await desk.state(CallState.ENDED)
    await asterisk.hang_up()
    assert desk.snapshot.shift.missed == 1

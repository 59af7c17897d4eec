"""Transfers at Asterisk, proved by who hears whom afterwards and by whom the screens name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.interop.asterisk_pbx import Asterisk
from tests.interop.our_desk import OurDesk, seated
from tui.port.commands import Answer, ConnectLines, Dial, Transfer
from tui.port.machines.call_machine import CallState

AGENT, BOB, CAROL, CUSTOMER = 1200, 900, 1500, 700
"""What they say, in hertz."""


@pytest.fixture
async def bob(asterisk: Asterisk, tmp_path: Path) -> AsyncIterator[OurDesk]:
    """A second desk."""
    async with seated(asterisk, tmp_path, "bob", BOB) as desk:
        yield desk


@pytest.fixture
async def carol(asterisk: Asterisk, tmp_path: Path) -> AsyncIterator[OurDesk]:
    """A third one."""
    async with seated(asterisk, tmp_path, "carol", CAROL) as desk:
        yield desk


async def _with_bob(desk: OurDesk, bob: OurDesk) -> None:
    await desk.do(Dial("bob"))
    await bob.state(CallState.RINGING)
    await bob.do(Answer())
    await desk.state(CallState.TALKING)
    await desk.hears(BOB)


async def test_a_blind_transfer_puts_the_other_through_and_lets_us_go(
    desk: OurDesk, bob: OurDesk
) -> None:
    await _with_bob(desk, bob)
    await desk.do(Transfer("", "tone700"))
    await desk.state(CallState.ENDED)
    assert desk.said() == "transfer.done"
    await bob.hears(CUSTOMER)
    assert bob.call.state is CallState.TALKING


async def test_a_blind_transfer_to_nobody_is_said_and_the_call_stays(
    desk: OurDesk, bob: OurDesk
) -> None:
    await _with_bob(desk, bob)
    await desk.do(Transfer("", "nobody-there"))
    notice = await desk.until(lambda: desk.snapshot.notice)
    assert notice.message.id == "line.transfer_failed"
    assert (desk.call.state, desk.call.transfer) == (CallState.TALKING, "")
    await desk.goes_on_hearing(BOB)


async def _attended(desk: OurDesk, bob: OurDesk, carol: OurDesk) -> None:
    await _with_bob(desk, bob)
    first = desk.call
    await desk.do(Dial("carol"))
    await carol.state(CallState.RINGING)
    await carol.do(Answer())
    await desk.until(lambda: desk.call.key != first.key)
    await desk.state(CallState.TALKING)
    await carol.hears(AGENT)
    await desk.do(ConnectLines(first.ccnumber, desk.call.ccnumber))
    await desk.until(lambda: not any(call.live for call in desk.snapshot.calls))


async def test_an_attended_transfer_leaves_the_two_hearing_one_another(
    desk: OurDesk, bob: OurDesk, carol: OurDesk
) -> None:
    await _attended(desk, bob, carol)
    assert desk.said() == "transfer.done"
    await bob.goes_on_hearing(CAROL)
    await carol.goes_on_hearing(BOB)


async def test_after_a_transfer_each_sees_who_is_there_now(
    desk: OurDesk, bob: OurDesk, carol: OurDesk
) -> None:
    await _attended(desk, bob, carol)
    await bob.until(lambda: (bob.call.number, bob.call.name) == ("1003", "Carol"))
    await carol.until(lambda: (carol.call.number, carol.call.name) == ("1002", "Bob"))


async def test_a_connected_line_that_changes_is_followed(desk: OurDesk) -> None:
    await desk.do(Dial("connected"))
    await desk.state(CallState.TALKING)
    await desk.until(lambda: (desk.call.number, desk.call.name) == ("5560", "Dora"))
    await desk.goes_on_hearing(CUSTOMER)

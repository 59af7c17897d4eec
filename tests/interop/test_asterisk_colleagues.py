"""Lamps, pick-up, parking and the mailbox at Asterisk, with the recipe of docs/pbx.md as it stands
there: what the screen shows is what the PBX says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.interop.asterisk_pbx import Asterisk
from tests.interop.our_desk import OurDesk, seated
from tests.interop.programs import started
from tests.interop.recipe import RECIPE, make_certificates
from tui.config.schema import Person
from tui.port.colleagues import Colleague, Lamp, ParkingSlot
from tui.port.commands import (
    Answer,
    CallMailbox,
    Dial,
    FetchParked,
    HangUp,
    ParkCall,
    PickUpCall,
)
from tui.port.events import ColleagueChanged, Event
from tui.port.machines.call_machine import CallState
from tui.port.values import message

ONE, OTHER, CUSTOMER = 700, 1200, 1004
"""What they say, in hertz."""
PROFILE = {
    "people": (Person("Li Na", "1002"), Person("Nobody", "1099"), Person("Wang Fang", "1001")),
    "pick_up": "*8{number}",
    "park": "700",
    "park_slots": ("701", "702"),
    "voicemail": "*97",
}


@pytest.fixture
async def pbx(tmp_path: Path) -> AsyncIterator[Asterisk]:
    """Asterisk with the recipe's files."""
    make_certificates(tmp_path)
    async with started(Asterisk(tmp_path, RECIPE.read_text())) as server:
        yield server


@pytest.fixture
async def desk(pbx: Asterisk, tmp_path: Path) -> AsyncIterator[OurDesk]:
    """Wang Fang's desk, which has the codes of the recipe."""
    async with seated(pbx, tmp_path, "1001", ONE, profile=PROFILE) as ours:
        yield ours


@pytest.fixture
async def other(pbx: Asterisk, tmp_path: Path) -> AsyncIterator[OurDesk]:
    """Li Na's."""
    async with seated(pbx, tmp_path, "1002", OTHER) as ours:
        yield ours


def colleague(desk: OurDesk, number: str = "1002") -> Colleague:
    return next(each for each in desk.snapshot.colleagues if each.number == number)


async def lamp(desk: OurDesk, wanted: Lamp) -> None:
    await desk.until(lambda: desk.snapshot.colleagues and colleague(desk).lamp is wanted)


def slot(desk: OurDesk, name: str) -> ParkingSlot:
    return next(each for each in desk.snapshot.parking if each.slot == name)


async def customer_calls(pbx: Asterisk, number: str) -> None:
    """Somebody calls that number, and is heard as Asterisk's own tone."""
    await pbx.cli(f"channel originate Local/{number}@agents application Milliwatt")


async def test_a_colleagues_lamp_follows_the_phone_and_one_without_a_hint_says_why(
    desk: OurDesk, other: OurDesk
) -> None:
    await lamp(desk, Lamp.IDLE)
    assert [each.number for each in desk.snapshot.colleagues] == ["1002", "1099"]
    no_hint = message("watch.no_such", reason="Not Found", status=404)
    await desk.until(lambda: colleague(desk, "1099").why == no_hint)
    assert colleague(desk, "1099").lamp is Lamp.UNKNOWN
    await other.do(Dial("echo"))
    await lamp(desk, Lamp.TALKING)
    await other.do(HangUp())
    await lamp(desk, Lamp.IDLE)


async def test_a_colleague_whose_phone_is_signed_out_is_away_and_not_free(
    pbx: Asterisk, desk: OurDesk, tmp_path: Path
) -> None:
    await lamp(desk, Lamp.AWAY)
    async with seated(pbx, tmp_path, "1002", OTHER):
        await lamp(desk, Lamp.IDLE)
    await lamp(desk, Lamp.AWAY)


async def test_what_rings_at_a_colleague_is_taken_from_here(
    pbx: Asterisk, desk: OurDesk, other: OurDesk
) -> None:
    await lamp(desk, Lamp.IDLE)
    await customer_calls(pbx, "1002")
    await other.state(CallState.RINGING)
    await lamp(desk, Lamp.RINGING)
    assert colleague(desk).pick_up
    await desk.do(PickUpCall("1002"))
    await desk.state(CallState.TALKING)
    await desk.hears(CUSTOMER)
    await other.state(CallState.ENDED)
    await lamp(desk, Lamp.IDLE)


async def test_a_parked_call_shows_its_slot_and_a_colleague_fetches_it(
    desk: OurDesk, other: OurDesk
) -> None:
    await desk.until(lambda: slot(desk, "701").taken is False)
    await other.do(Dial("1001"))
    await desk.state(CallState.RINGING)
    await desk.do(Answer())
    await desk.hears(OTHER)
    await desk.do(ParkCall())
    await desk.until(lambda: slot(desk, "701").ours)
    assert slot(desk, "701").who == "Li Na"
    assert slot(desk, "702").taken is False
    notice = await desk.until(lambda: desk.snapshot.notice)
    assert notice.message.id == "park.parked"
    await desk.state(CallState.ENDED)
    await desk.do(FetchParked())
    await desk.until(lambda: desk.call.live and desk.call.state is CallState.TALKING)
    await desk.goes_on_hearing(OTHER)
    await desk.until(lambda: slot(desk, "701").taken is False)
    assert not slot(desk, "701").ours


async def test_the_mailbox_is_empty_until_somebody_leaves_a_message(
    pbx: Asterisk, desk: OurDesk
) -> None:
    await desk.until(lambda: desk.snapshot.mailbox and desk.snapshot.mailbox.waiting is False)
    await customer_calls(pbx, "1001")
    await desk.state(CallState.RINGING)
    await desk.do(HangUp())
    await pbx.until_it_says("Recording the message")
    await pbx.hang_up()
    await desk.until(lambda: desk.snapshot.mailbox and desk.snapshot.mailbox.waiting)
    mailbox = desk.snapshot.mailbox
    assert mailbox is not None
    assert (mailbox.new, mailbox.old, mailbox.number) == (1, 0, "*97")
    await desk.do(CallMailbox())
    await desk.calls("*97")


async def test_a_lost_line_costs_every_lamp_and_brings_them_back(
    pbx: Asterisk, desk: OurDesk, other: OurDesk
) -> None:
    await lamp(desk, Lamp.IDLE)
    seen: list[Lamp] = []

    def hear(event: Event) -> None:
        if isinstance(event, ColleagueChanged):
            seen.append(event.colleague.lamp)

    desk.engine.events.listen(hear)
    connection = desk.engine._signalling.connection
    assert connection is not None
    connection.redial("tried")
    await desk.until(lambda: Lamp.UNKNOWN in seen)
    await lamp(desk, Lamp.IDLE)
    await desk.until(lambda: desk.snapshot.mailbox and desk.snapshot.mailbox.waiting is False)


async def test_a_mailbox_that_nobody_subscribed_to_is_told_of_all_the_same(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    async with seated(asterisk, tmp_path, "alice", ONE) as alice:
        await alice.until(
            lambda: (
                alice.snapshot.mailbox
                and alice.snapshot.mailbox.why
                and alice.snapshot.mailbox.why.id == "watch.no_such"
            )
        )
        await asterisk.cli("pjsip send notify voicemail endpoint alice")
        await alice.until(lambda: alice.snapshot.mailbox and alice.snapshot.mailbox.new == 2)


async def test_of_a_pbx_that_starts_anew_nothing_is_believed_until_it_says_it_again(
    pbx: Asterisk, desk: OurDesk, other: OurDesk
) -> None:
    await lamp(desk, Lamp.IDLE)
    await pbx.end()
    await lamp(desk, Lamp.UNKNOWN)
    assert desk.snapshot.mailbox is not None
    assert desk.snapshot.mailbox.waiting is None
    assert slot(desk, "701").taken is None
    await pbx.start()
    await desk.until(lambda: colleague(desk).lamp is Lamp.IDLE, 90)
    await desk.until(lambda: slot(desk, "701").taken is False)
    await desk.until(lambda: desk.snapshot.mailbox and desk.snapshot.mailbox.waiting is False)

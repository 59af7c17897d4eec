"""Line types 4 and 5 from end to end: the agent's own telephone rings, no INVITE comes, and what
is done on the telephone is followed on the screen.

Each test runs at both generations, and with both kinds of telephone: the callback phone at
generation 1, the SIP phone at 2; what everything else rests on, with each at each.

The sandbox says 350 Hz into the agent's telephone, and 1300 Hz at the customer's end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.box import CUSTOMER_TONE, Box, Desk
from tests.e2e.talking import GROUP, end_hears, end_stops_hearing, third
from tests.waiting import until
from tui.port import commands as c
from tui.port.machines.call_machine import CallState, ThirdState
from tui.port.machines.seat_machine import SeatState
from tui.port.values import Leg, ThirdKind, VoiceState

CALLBACK, SIP_PHONE = 4, 5
PHONE_TONE = 350
PHONE = {CALLBACK: "12000007001", SIP_PHONE: "7001"}
BY_HAND = {CALLBACK: "12000000999", SIP_PHONE: "70999"}
ACROSS = [(CALLBACK, 1), (SIP_PHONE, 2)]
"""Line type and generation: each of both, once."""
EVERY = [(line, generation) for line in (CALLBACK, SIP_PHONE) for generation in (1, 2)]


def _name(what: tuple[int, int]) -> str:
    line, generation = what
    return f"{'callback' if line == CALLBACK else 'sip-phone'}-platform{generation}"


async def signed_in(box: Box, folder: Path, line: int, number: str, generation: int) -> Desk:
    desk = Desk(box, folder, generation=generation)
    wanted = desk.sign_in_command(callintype=line, number=number)
    assert (await desk.engine.execute(wanted)).ok
    assert (await desk.engine.execute(c.JoinGroup(GROUP))).ok
    await desk.seat(SeatState.IDLE)
    return desk


@pytest.fixture(params=ACROSS, ids=_name)
async def picked_up(
    request: pytest.FixtureRequest, box: Box, tmp_path: Path
) -> AsyncIterator[Desk]:
    """An agent whose telephone is picked up by itself, soon after it began to ring."""
    line, generation = request.param
    await box.hurry()
    await box.post("times", phone=0.2)
    desk = await signed_in(box, tmp_path, line, PHONE[line], generation)
    yield desk
    await desk.engine.close()


@pytest.fixture(params=ACROSS, ids=_name)
async def by_hand(request: pytest.FixtureRequest, box: Box, tmp_path: Path) -> AsyncIterator[Desk]:
    """An agent whose telephone is picked up by the test alone."""
    line, generation = request.param
    desk = await signed_in(box, tmp_path, line, BY_HAND[line], generation)
    yield desk
    await desk.engine.close()


async def on_the_phone(box: Box, what: str) -> None:
    assert (await box.post(f"agents/1001/phone/{what}"))["done"]


async def telephone(box: Box, state: str) -> None:
    await box.agent_has("1001", "telephone", state)


@pytest.mark.parametrize("picked_up", EVERY, indirect=True, ids=_name)
async def test_an_answered_call_rings_the_agents_telephone_and_no_invite_comes(
    box: Box, picked_up: Desk
) -> None:
    cc = await box.ring("1001")
    await picked_up.state(CallState.RINGING)
    await telephone(box, "ringing")
    assert (await picked_up.engine.execute(c.Answer())).ok
    await picked_up.state(CallState.TALKING)
    await telephone(box, "off-hook")
    await end_hears(box, cc, "customer", PHONE_TONE)
    await end_hears(box, cc, "1001", CUSTOMER_TONE)
    assert picked_up.call.leg is Leg.NONE
    assert picked_up.snapshot.voice.state is VoiceState.OFF, "no audio library is loaded"
    assert "ACK" not in (await box.control("agents/1001"))["counts"]
    assert (await picked_up.engine.execute(c.HangUp())).ok
    assert (await picked_up.state(CallState.ENDED)).end.reason == 26
    await telephone(box, "on-hook")


@pytest.mark.parametrize("by_hand", EVERY, indirect=True, ids=_name)
async def test_a_call_that_is_dialled_rings_the_own_telephone_first_and_then_the_customer(
    box: Box, by_hand: Desk
) -> None:
    await box.hurry()
    assert (await by_hand.engine.execute(c.Dial("12000000003"))).code == 2
    await by_hand.state(CallState.PROCEEDING)
    await telephone(box, "ringing")
    assert (await box.control("calls/last"))["phase"] == "dialing"
    await on_the_phone(box, "pick-up")
    await by_hand.state(CallState.TALKING)
    await end_hears(box, "last", "customer", PHONE_TONE)


async def test_picking_up_the_telephone_answers_the_offer_and_the_screen_follows(
    box: Box, by_hand: Desk
) -> None:
    await box.ring("1001")
    await by_hand.state(CallState.RINGING)
    await on_the_phone(box, "pick-up")
    await by_hand.state(CallState.TALKING)


async def test_declining_on_the_telephone_is_a_decline(box: Box, by_hand: Desk) -> None:
    await box.ring("1001")
    await by_hand.state(CallState.RINGING)
    await on_the_phone(box, "hang-up")
    await until(lambda: by_hand.call.offers == 2 and by_hand.call.state is CallState.RINGING)


async def test_hanging_up_on_the_telephone_ends_the_call_as_the_agents_hang_up(
    box: Box, picked_up: Desk
) -> None:
    await box.ring("1001")
    await picked_up.state(CallState.RINGING)
    await picked_up.engine.execute(c.Answer())
    await picked_up.state(CallState.TALKING)
    await on_the_phone(box, "hang-up")
    assert (await picked_up.state(CallState.ENDED)).end.reason == 26
    await picked_up.seat(SeatState.IDLE)


async def test_hold_and_resume_on_the_telephone_are_shown_on_the_screen(
    box: Box, picked_up: Desk
) -> None:
    cc = await box.ring("1001")
    await picked_up.state(CallState.RINGING)
    await picked_up.engine.execute(c.Answer())
    await picked_up.state(CallState.TALKING)
    await end_hears(box, cc, "customer", PHONE_TONE)
    await on_the_phone(box, "hold")
    await picked_up.state(CallState.HOLDING)
    await end_stops_hearing(box, cc, "customer", PHONE_TONE)
    assert (await box.control(f"calls/{cc}/heard?ms=200"))["level"] > -50, "the prompt"
    await on_the_phone(box, "resume")
    await picked_up.state(CallState.TALKING)
    await end_hears(box, cc, "customer", PHONE_TONE)


async def test_hold_and_resume_on_the_screen_work_with_a_telephone(
    box: Box, picked_up: Desk
) -> None:
    cc = await box.ring("1001")
    await picked_up.state(CallState.RINGING)
    await picked_up.engine.execute(c.Answer())
    await picked_up.state(CallState.TALKING)
    assert (await picked_up.engine.execute(c.Hold())).ok
    assert (await box.control(f"calls/{cc}"))["parties"]["1001"]["holding"]
    assert (await picked_up.engine.execute(c.Resume())).ok
    assert not (await box.control(f"calls/{cc}"))["parties"]["1001"]["holding"]


@pytest.mark.parametrize(("ending", "code"), [("0470", 470), ("0471", 471), ("0486", 486)])
async def test_a_telephone_that_cannot_ring_refuses_the_call_in_words(
    box: Box, tmp_path: Path, generation: int, ending: str, code: int
) -> None:
    desk = await signed_in(box, tmp_path, SIP_PHONE, f"7{ending}", generation)
    try:
        assert (await desk.engine.execute(c.Dial("12000000001"))).ok
        over = await desk.state(CallState.ENDED)
        assert over.outcome is not None
        assert over.outcome.id == f"refused.{code}"
    finally:
        await desk.engine.close()


async def test_a_telephone_that_nobody_picks_up_ends_the_call_unconnected(
    box: Box, by_hand: Desk
) -> None:
    await box.post("times", phone_ring=1)
    await by_hand.engine.execute(c.Dial("12000000001"))
    assert (await by_hand.state(CallState.ENDED)).end.reason == 20


async def test_a_telephone_may_ring_longer_than_audio_would_take(box: Box, by_hand: Desk) -> None:
    """The limit for an audio leg is not one for somebody's way to the telephone."""
    limits = by_hand.engine.context.limits
    assert limits.phone > limits.answered
    await box.ring("1001")
    await by_hand.state(CallState.RINGING)
    assert (await by_hand.engine.execute(c.Answer())).ok
    key = by_hand.call.key
    timer = by_hand.engine.context.timers._handles[f"call {key}"]
    assert timer.when() - by_hand.engine.context.clock() > limits.answered
    await on_the_phone(box, "pick-up")
    await by_hand.state(CallState.TALKING)


async def test_a_transfer_works_with_a_telephone(box: Box, picked_up: Desk) -> None:
    await box.ring("1001")
    await picked_up.state(CallState.RINGING)
    await picked_up.engine.execute(c.Answer())
    await picked_up.state(CallState.TALKING)
    assert (await picked_up.engine.execute(c.Transfer("1000000002", "1090", "Mei"))).ok
    over = await picked_up.state(CallState.ENDED)
    assert over.outcome is not None
    assert over.outcome.id == "transfer.done"
    await telephone(box, "on-hook")


# Generation 1 has no three-way call.
@pytest.mark.parametrize("picked_up", [(CALLBACK, 2), (SIP_PHONE, 2)], indirect=True, ids=_name)
async def test_three_way_works_with_a_telephone(box: Box, picked_up: Desk) -> None:
    cc = await box.ring("1001")
    await picked_up.state(CallState.RINGING)
    await picked_up.engine.execute(c.Answer())
    await picked_up.state(CallState.TALKING)
    assert (await picked_up.engine.execute(c.Threeway(ThirdKind.OUTSIDE, "12020002100"))).ok
    await third(picked_up, ThirdState.JOINED)
    await end_hears(box, cc, "third", PHONE_TONE, CUSTOMER_TONE)
    assert (await picked_up.engine.execute(c.DropThird())).ok

"""The seat's status: confirmed by a 200 or by the platform's word, else failed; and what happens
to an idle seat that nobody looks at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.engine.desk import CC, CUSTOMER, Desk, platform_calls
from tests.waiting import until
from tui.engine.agent.seat import BUSY, IDLE, SeatController
from tui.engine.context import Limits
from tui.engine.outcome import Outcome
from tui.platform import control as m
from tui.port import events as e
from tui.port.machines.seat_machine import SeatState, Status
from tui.port.values import Phase
from tui.port.work import TakenBreak

Pair = tuple[Desk, SeatController]


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    desk = Desk(Limits(status=0.02, unattended_busy=0.01))
    seat = SeatController(desk.context, platform_calls(desk).confirm_status, lambda: None)
    desk.calls.listen(lambda before, after: None if after.live else seat.call_ended())
    yield desk, seat
    await desk.context.close()


async def status(desk: Desk, wanted: Status) -> None:
    await until(lambda: desk.context.snapshot.seat.status is wanted, 10)


async def test_right_after_registering_the_seat_is_offline_until_the_platform_says_online(
    pair: Pair,
) -> None:
    desk, seat = pair
    assert desk.context.snapshot.seat_state is SeatState.OFFLINE
    assert not (await seat.set_status(IDLE)).ok
    seat.platform_says(1)
    assert desk.context.snapshot.seat_state is SeatState.IDLE


async def test_the_200_confirms_a_status(pair: Pair) -> None:
    desk, seat = pair
    seat.platform_says(1)
    assert (await seat.set_status(BUSY)).ok
    assert desk.sent == [m.SetStatus(2)]
    assert desk.context.snapshot.seat.status is Status.BUSY
    assert desk.context.snapshot.seat.pending is None


async def test_a_later_status_of_the_platform_overrides(pair: Pair) -> None:
    desk, seat = pair
    seat.platform_says(1)
    await seat.set_status(BUSY)
    seat.platform_says(1)
    assert desk.context.snapshot.seat.status is Status.ONLINE


async def test_the_platforms_word_confirms_where_no_200_comes(pair: Pair) -> None:
    desk, seat = pair
    seat.platform_says(1)
    desk.gate = asyncio.Event()
    asked = asyncio.create_task(seat.set_status(BUSY))
    await asyncio.sleep(0)
    seat.platform_says(2)
    assert (await asked).ok
    assert desk.context.snapshot.seat.status is Status.BUSY
    desk.gate.set()


async def test_the_platforms_own_busy_does_not_stand_for_a_breaks_code(pair: Pair) -> None:
    desk, seat = pair
    seat.platform_says(1)
    desk.gate = asyncio.Event()
    lunch = TakenBreak("lunch", "Lunch", "L1", 0.0, None)
    asked = asyncio.create_task(seat.set_status(BUSY, taken=lunch))
    await asyncio.sleep(0)
    seat.platform_says(2)
    await asyncio.sleep(0)
    assert desk.waiting, "what carries the code is not taken back"
    desk.gate.set()
    assert (await asked).ok
    assert desk.context.snapshot.seat.taken == lunch


async def test_without_any_confirmation_nothing_changes_and_it_is_said(pair: Pair) -> None:
    desk, seat = pair
    seat.platform_says(1)
    desk.gate = asyncio.Event()
    result = await seat.set_status(BUSY)
    assert not desk.waiting  # given up: whoever sends it takes it out
    assert result.message is not None
    assert result.message.id == "unconfirmed.status"
    assert desk.context.snapshot.seat.status is Status.ONLINE
    assert desk.context.snapshot.seat.pending is None
    assert desk.context.snapshot.notice is not None
    desk.gate.set()


async def test_a_refused_status_says_so(pair: Pair) -> None:
    desk, seat = pair
    seat.platform_says(1)
    desk.answer = Outcome(403, "Forbidden")
    result = await seat.set_status(BUSY)
    assert result.message is not None
    assert result.message.id == "rejected.status"


async def test_a_second_change_waits_for_the_first(pair: Pair) -> None:
    desk, seat = pair
    seat.platform_says(1)
    desk.gate = asyncio.Event()
    first = asyncio.create_task(seat.set_status(BUSY))
    await asyncio.sleep(0)
    result = await seat.set_status(BUSY)
    assert result.message is not None
    assert result.message.id == "status.pending"
    desk.gate.set()
    assert (await first).ok


@pytest.mark.parametrize("value", [0, 3, -1])
async def test_a_status_that_cannot_be_asked_for_is_refused(pair: Pair, value: int) -> None:
    assert not (await pair[1].set_status(value)).ok


async def test_a_status_of_the_platform_that_nobody_listed_changes_nothing(pair: Pair) -> None:
    desk, seat = pair
    seat.platform_says(1)
    seat.platform_says(9)
    assert desk.context.snapshot.seat.status is Status.ONLINE
    assert desk.facts(e.StatusChanged) == [e.StatusChanged(Status.ONLINE)]


async def test_an_idle_seat_that_nobody_looks_at_goes_busy_and_says_why(pair: Pair) -> None:
    desk, seat = pair
    seat.platform_says(1)
    desk.context.attended = False
    seat.attended(False)
    await status(desk, Status.BUSY)
    reason = desk.context.snapshot.seat.reason
    assert reason is not None
    assert reason.id == "seat.unattended"


async def test_an_unattended_seat_stays_busy_after_the_platforms_idle(pair: Pair) -> None:
    desk, seat = pair
    seat.platform_says(1)
    desk.context.attended = False
    seat.attended(False)
    await status(desk, Status.BUSY)
    seat.platform_says(1)
    await status(desk, Status.BUSY)
    assert desk.sent == [m.SetStatus(2), m.SetStatus(2)]


async def test_a_seat_that_is_looked_at_again_in_time_stays_idle(pair: Pair) -> None:
    desk, seat = pair
    seat.platform_says(1)
    desk.context.attended = False
    seat.attended(False)
    desk.context.attended = True
    seat.attended(True)
    assert "unattended busy" not in desk.context.timers
    assert desk.context.snapshot.seat.status is Status.ONLINE


async def test_an_unattended_seat_in_a_call_goes_busy_when_the_call_is_over(pair: Pair) -> None:
    desk, seat = pair
    seat.platform_says(1)
    desk.says(m.NewCall(CC, CUSTOMER))
    await desk.commands.answer("")
    desk.says(m.Answered(CC, CUSTOMER))
    desk.context.attended = False
    seat.attended(False)
    seat._go_busy()
    assert m.SetStatus(2) not in desk.sent
    desk.context.timers.cancel("unattended busy")
    desk.says(m.Ended(CC, 25, 3))
    await status(desk, Status.BUSY)


async def test_a_seat_that_is_told_not_to_stays_idle_unattended(pair: Pair) -> None:
    desk, seat = pair
    seat.go_busy_unattended = False
    seat.platform_says(1)
    desk.context.attended = False
    seat.attended(False)
    assert "unattended busy" not in desk.context.timers


async def test_signing_out_takes_the_status_along(pair: Pair) -> None:
    desk, seat = pair
    seat.platform_says(2)
    seat.signed_out()
    assert desk.context.snapshot.seat.status is Status.OFFLINE


@pytest.mark.parametrize("phase", [Phase.SIGNING_OUT, Phase.KICKED])
async def test_a_status_that_the_end_of_the_session_leaves_unconfirmed_is_told_to_nobody(
    pair: Pair, phase: Phase
) -> None:
    desk, seat = pair
    seat.platform_says(1)
    desk.gate = asyncio.Event()
    asked = asyncio.create_task(seat.set_status(BUSY))
    await until(lambda: desk.waiting)
    desk.context.emit(e.PhaseChanged(phase))
    desk.answer = Outcome(0, "signed out")
    desk.gate.set()
    assert not (await asked).ok
    assert desk.context.snapshot.notice is None

"""The status after a call, asked for ahead, and a busy that comes late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.desk import CC, CUSTOMER
from tests.engine.shop import Shop, opened
from tui.engine.agent.status_ahead import LATE, TRIES
from tui.engine.outcome import Outcome
from tui.platform import control as m
from tui.port.events import ConnectionChanged
from tui.port.machines.seat_machine import Status
from tui.port.values import Connection, ConnectionState, NextStatus, WrapUp, WrapUpMode
from tui.port.work import TakenBreak

BUSY_AFTER = m.StatusAfterCall(CC, True)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with opened(tmp_path / "history.sqlite3") as shop:
        shop.context.limits = replace(shop.context.limits, next_status=5.0)
        yield shop


async def answered(shop: Shop) -> None:
    shop.desk.says(m.NewCall(CC, CUSTOMER))
    await shop.commands.answer("")
    shop.desk.says(m.Answered(CC, CUSTOMER))


async def accepted(shop: Shop) -> None:
    """The platform takes the 87 that was asked."""
    await shop.until(lambda: BUSY_AFTER in shop.desk.sent)
    shop.platform._other(m.StatusAfterCallResponse(200))
    await shop.until(lambda: CC in shop.ahead._known)


async def dialled(shop: Shop) -> None:
    await shop.commands.dial(CUSTOMER)
    shop.desk.says(m.CalloutResponse(200, CC, CUSTOMER))


def wrapup(shop: Shop) -> WrapUp:
    found = shop.context.snapshot.wrapup
    assert found is not None
    return found


# ---------------------------------------------------------------- busy ahead


async def test_busy_is_asked_for_in_the_call_when_it_will_be_written_up(shop: Shop) -> None:
    await answered(shop)
    await accepted(shop)
    assert shop.context.snapshot.next_status == NextStatus.NONE


async def test_without_a_write_up_nothing_is_asked_ahead(shop: Shop) -> None:
    shop.wrapup.mode = WrapUpMode.OFF
    await answered(shop)
    await shop.context.settle()
    assert BUSY_AFTER not in shop.desk.sent


async def test_what_the_agent_sets_ahead_is_not_asked_twice_and_taken_back_here(
    shop: Shop,
) -> None:
    await answered(shop)
    await accepted(shop)
    assert (await shop.ahead.set_next(2)).ok
    assert (await shop.ahead.set_next(1)).ok
    assert shop.context.snapshot.next_status == NextStatus.NONE
    about = [each for each in shop.desk.sent if isinstance(each, m.StatusAfterCall)]
    assert about == [BUSY_AFTER]


async def test_a_platform_that_does_not_take_it_is_told_after_the_call(shop: Shop) -> None:
    await answered(shop)
    await shop.until(lambda: BUSY_AFTER in shop.desk.sent)
    shop.platform._other(m.StatusAfterCallResponse(502))
    shop.desk.says(m.Ended(CC, 25, 30))
    await shop.until(lambda: shop.status is Status.BUSY)
    assert shop.context.snapshot.notice is None


def line(shop: Shop, state: ConnectionState) -> None:
    shop.context.emit(ConnectionChanged(Connection(state)))


async def test_busy_that_was_set_ahead_is_asked_again_when_the_line_is_back(shop: Shop) -> None:
    line(shop, ConnectionState.OK)
    await answered(shop)
    await accepted(shop)
    line(shop, ConnectionState.LOST)
    line(shop, ConnectionState.OK)
    await shop.until(lambda: shop.desk.sent.count(BUSY_AFTER) == 2)
    await accepted(shop)
    line(shop, ConnectionState.OK)  # only its latency is another
    await shop.context.settle()
    assert shop.desk.sent.count(BUSY_AFTER) == 2


async def test_busy_that_was_set_ahead_follows_a_call_that_ended_while_the_line_was_gone(
    shop: Shop,
) -> None:
    shop.wrapup.mode = WrapUpMode.OFF
    line(shop, ConnectionState.OK)
    await answered(shop)
    wished = asyncio.ensure_future(shop.ahead.set_next(2))
    await accepted(shop)
    assert (await wished).ok
    line(shop, ConnectionState.LOST)
    line(shop, ConnectionState.OK)
    shop.desk.says(m.Ended(CC, 25, 30))
    await shop.until(lambda: shop.status is Status.BUSY)
    assert shop.context.snapshot.next_status == NextStatus.NONE


async def test_a_seat_that_was_busy_before_a_call_is_busy_after_it(shop: Shop) -> None:
    await shop.seat.set_status(2)
    await dialled(shop)
    assert shop.context.snapshot.next_status == NextStatus.BUSY
    await accepted(shop)
    shop.desk.says(m.Answered(CC, CUSTOMER), m.Ended(CC, 25, 30))
    assert wrapup(shop).number == CUSTOMER
    await shop.until(lambda: shop.context.snapshot.seat.pending is None)
    await shop.wrapup.finish()
    assert shop.status is Status.BUSY
    assert m.SetStatus(1) not in shop.desk.sent


@pytest.mark.parametrize("taken", [True, False], ids=["taken", "refused"])
async def test_busy_comes_back_after_a_call_that_nobody_answered(shop: Shop, taken: bool) -> None:
    await shop.seat.set_status(2)
    await dialled(shop)
    await shop.until(lambda: BUSY_AFTER in shop.desk.sent)
    shop.platform._other(m.StatusAfterCallResponse(200 if taken else 404))
    await shop.context.settle()
    before = shop.desk.sent.count(m.SetStatus(2))
    shop.seat.platform_says(1)
    shop.desk.says(m.Ended(CC, 20))
    await shop.context.settle()
    assert shop.context.snapshot.next_status == NextStatus.NONE
    assert shop.desk.sent.count(m.SetStatus(2)) == before + (not taken)


async def test_a_call_out_of_the_write_up_does_not_leave_the_seat_busy(shop: Shop) -> None:
    await shop.call()
    await shop.until(lambda: shop.status is Status.BUSY)
    await dialled(shop)
    assert shop.context.snapshot.next_status == NextStatus.NONE


# ---------------------------------------------------------------- a busy that comes late


async def ready(shop: Shop) -> None:
    """A call with busy asked ahead, written up; the agent is ready, the platform has not said
    its busy yet."""
    await answered(shop)
    await accepted(shop)
    shop.desk.says(m.Ended(CC, 25, 30))
    await shop.until(lambda: shop.context.snapshot.seat.status is Status.BUSY)
    assert (await shop.wrapup.finish()).ok
    assert shop.status is Status.ONLINE


async def test_a_busy_that_comes_after_ready_is_answered_with_idle(shop: Shop) -> None:
    await ready(shop)
    for _ in range(3):
        shop.seat.platform_says(2)
        assert shop.status is Status.BUSY
        await shop.context.settle()
        assert shop.status is Status.ONLINE


async def test_a_platform_that_insists_on_busy_has_its_way(shop: Shop) -> None:
    await ready(shop)
    before = shop.desk.sent.count(m.SetStatus(1))
    for _ in range(TRIES + 3):
        shop.seat.platform_says(2)
        await shop.context.settle()
    assert shop.status is Status.BUSY
    assert shop.desk.sent.count(m.SetStatus(1)) == before + TRIES


async def test_a_busy_that_comes_much_later_stands_after_a_new_connection_too(shop: Shop) -> None:
    await ready(shop)
    shop.desk.now += LATE + 1
    for _ in range(2):
        shop.seat.platform_says(2)
        await shop.context.settle()
        assert shop.status is Status.BUSY
        shop.context.emit(ConnectionChanged(Connection(ConnectionState.OK)))
        shop.seat.platform_says(1)


async def test_a_late_busy_does_not_undo_the_busy_that_the_agent_wished_for(shop: Shop) -> None:
    await answered(shop)
    await accepted(shop)
    assert (await shop.ahead.set_next(2)).ok
    shop.desk.gate = asyncio.Event()  # the 200 to the write-up's busy is late
    shop.desk.says(m.Ended(CC, 25, 30))
    finished = asyncio.create_task(shop.wrapup.finish())
    await shop.until(lambda: shop.context.snapshot.wrapup is None)
    shop.seat.platform_says(2)
    shop.desk.gate.set()
    assert (await finished).ok
    await shop.context.settle()
    assert shop.status is Status.BUSY
    assert m.SetStatus(1) not in shop.desk.sent


async def test_a_late_busy_does_not_end_what_followed_the_write_up(shop: Shop) -> None:
    await answered(shop)
    await accepted(shop)
    shop.desk.gate = asyncio.Event()
    shop.desk.says(m.Ended(CC, 25, 30))
    taken = TakenBreak("lunch", "Lunch", "L1", shop.desk.now, None)
    follow = lambda: shop.seat.set_status(2, taken=taken)  # noqa: E731
    asked = asyncio.create_task(shop.wrapup.finish_into(follow))
    await shop.until(lambda: shop.context.snapshot.wrapup is None)
    shop.seat.platform_says(2)
    shop.desk.gate.set()
    assert (await asked).ok
    await shop.context.settle()
    assert shop.context.snapshot.seat.taken == taken
    assert shop.desk.sent[-1] == m.SetStatus(2, "L1")


async def test_a_ready_that_a_restart_swallowed_is_asked_again_when_the_line_is_back(
    shop: Shop,
) -> None:
    await answered(shop)
    await accepted(shop)
    shop.desk.says(m.Ended(CC, 25, 30))
    await shop.until(lambda: shop.status is Status.BUSY)
    shop.desk.answer = Outcome(503, "Service Unavailable")
    assert not (await shop.wrapup.finish()).ok
    assert shop.status is Status.BUSY
    shop.desk.answer = Outcome(200)
    shop.context.emit(ConnectionChanged(Connection(ConnectionState.LOST)))
    shop.context.emit(ConnectionChanged(Connection(ConnectionState.OK)))
    await shop.context.settle()
    assert shop.status is Status.ONLINE
    shop.seat.platform_says(2)  # what was told of us on the new connection, said late
    await shop.context.settle()
    assert shop.status is Status.ONLINE


async def test_a_call_in_the_moment_of_a_late_busy_is_not_followed_by_busy(shop: Shop) -> None:
    await ready(shop)
    shop.seat.platform_says(2)
    await dialled(shop)
    assert shop.context.snapshot.next_status == NextStatus.NONE

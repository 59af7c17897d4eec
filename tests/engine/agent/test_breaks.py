"""Named breaks: begun, told to the platform, announced before they are over, kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.desk import CC, CUSTOMER
from tests.engine.shop import Shop
from tests.waiting import until
from tui.config.work import Break
from tui.engine.agent.breaks import Breaks
from tui.engine.outcome import Outcome
from tui.platform import control as m
from tui.port.events import Reminded
from tui.port.machines.seat_machine import Status
from tui.port.values import BREAK, HistoryEntry, NextStatus, Standing, WrapUpMode, message
from tui.port.work import TakenBreak

LUNCH = Break("lunch", title="Lunch", minutes=45, code="L1")
SHORT = Break("short", minutes=0.002, warning=0.001)


class Kitchen(Shop):
    """A shop with breaks; `beeps` counts the sounds."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.beeps = 0
        self.breaks = Breaks(
            self.context,
            self.seat,
            self.offers._control,
            (LUNCH, SHORT, Break("coffee")),
            keep=self.workday.keep_break,
            new_id=self.workday.new_id,
            beep=self.sounded,
        )

    async def sounded(self) -> None:
        self.beeps += 1

    async def told(self, asked: m.StatusAfterCall) -> None:
        """The platform takes that 87."""
        await until(lambda: asked in self.desk.sent)
        self.platform._other(m.StatusAfterCallResponse(200))

    async def kept(self) -> list[HistoryEntry]:
        """The breaks in the history, newest first."""
        await self.context.settle()
        history = self.workday.history
        assert history is not None
        return [each for each in await history.since(0) if each.kind == BREAK]

    @property
    def reminders(self) -> list[str]:
        return [each.message.id for each in self.desk.facts(Reminded)]


@pytest.fixture
async def kitchen(tmp_path: Path) -> AsyncIterator[Kitchen]:
    kitchen = Kitchen(tmp_path / "history.sqlite3")
    kitchen.context.limits = replace(kitchen.context.limits, next_status=5.0)
    await kitchen.workday.begin(kitchen.journal())
    kitchen.seat.platform_says(1)
    yield kitchen
    kitchen.breaks.session_ended()
    await kitchen.workday.end()
    await kitchen.context.close()


async def test_a_break_is_busy_with_its_name_its_code_and_its_limit(kitchen: Kitchen) -> None:
    assert (await kitchen.breaks.take("lunch")).ok
    seat = kitchen.context.snapshot.seat
    assert seat.status is Status.BUSY
    assert seat.reason is not None
    assert dict(seat.reason.values) == {"name": "Lunch"}
    assert seat.taken is not None
    assert (seat.taken.name, seat.taken.since) == ("lunch", kitchen.desk.now)
    assert seat.taken.until == kitchen.desk.now + 45 * 60
    assert kitchen.desk.sent[-1] == m.SetStatus(2, "L1")


async def test_one_that_is_not_configured_is_refused_and_says_which_there_are(
    kitchen: Kitchen,
) -> None:
    refused = await kitchen.breaks.take("nap")
    assert not refused.ok
    assert refused.message is not None
    assert dict(refused.message.values) == {"name": "nap", "known": "lunch, short, coffee"}
    assert kitchen.status is Status.ONLINE


async def test_one_that_the_platform_does_not_confirm_does_not_begin(kitchen: Kitchen) -> None:
    kitchen.desk.answer = Outcome(503, "no")
    assert not (await kitchen.breaks.take("lunch")).ok
    assert kitchen.context.snapshot.seat.taken is None
    assert await kitchen.kept() == []


async def test_its_limit_is_announced_before_it_is_over_and_again_then(kitchen: Kitchen) -> None:
    await kitchen.breaks.take("short")
    await until(lambda: kitchen.reminders == ["break.ends_soon", "break.over"])
    await until(lambda: kitchen.beeps == 2)
    assert kitchen.context.snapshot.seat.taken is not None, "it goes on until the agent is back"


async def test_a_break_that_is_over_in_time_is_not_announced(kitchen: Kitchen) -> None:
    await kitchen.breaks.take("short")
    await kitchen.seat.set_status(1)
    assert "break warning" not in kitchen.context.timers
    assert "break over" not in kitchen.context.timers


async def test_it_is_in_the_history_with_its_length_and_in_the_figures(kitchen: Kitchen) -> None:
    await kitchen.breaks.take("lunch")
    assert [(each.name, each.talk_time) for each in await kitchen.kept()] == [("Lunch", None)]
    kitchen.desk.now += 50 * 60
    await kitchen.seat.set_status(1)
    (lunch,) = await kitchen.kept()
    assert (lunch.talk_time, lunch.reason) == (3000.0, "break.too_long")
    assert kitchen.context.snapshot.shift.break_time == 3000.0
    assert kitchen.context.snapshot.shift.talked == 0


async def test_another_break_ends_the_one_before(kitchen: Kitchen) -> None:
    await kitchen.breaks.take("lunch")
    kitchen.desk.now += 60
    await kitchen.breaks.take("coffee")
    seat = kitchen.context.snapshot.seat
    assert seat.taken is not None
    assert (seat.taken.name, seat.since) == ("coffee", kitchen.desk.now)
    names = {each.name: each.talk_time for each in await kitchen.kept()}
    assert names == {"Lunch": 60.0, "coffee": None}


async def test_the_platforms_idle_ends_it_and_its_busy_does_not(kitchen: Kitchen) -> None:
    await kitchen.breaks.take("lunch")
    kitchen.seat.platform_says(2)
    assert kitchen.context.snapshot.seat.taken is not None
    kitchen.seat.platform_says(1)
    assert kitchen.context.snapshot.seat.taken is None


async def test_who_signs_out_in_a_break_has_it_in_the_history(kitchen: Kitchen) -> None:
    await kitchen.breaks.take("lunch")
    kitchen.desk.now += 5
    kitchen.breaks.session_ended()
    (lunch,) = await kitchen.kept()
    assert lunch.talk_time == 5.0


async def test_breaks_of_today_count_after_signing_in_again_and_are_no_calls(
    kitchen: Kitchen,
) -> None:
    await kitchen.breaks.take("lunch")
    kitchen.desk.now += 600
    await kitchen.seat.set_status(1)
    await kitchen.workday.end()
    await kitchen.workday.begin(kitchen.journal())
    assert kitchen.context.snapshot.shift.break_time == 600.0
    assert kitchen.context.snapshot.recent == ()


async def test_out_of_a_write_up_that_wants_an_outcome_no_break_begins_without_one(
    kitchen: Kitchen,
) -> None:
    kitchen.wrapup.mode = WrapUpMode.REQUIRED
    await kitchen.call()
    await until(lambda: kitchen.status is Status.BUSY)
    refused = await kitchen.wrapup.finish_into(lambda: kitchen.breaks.take("lunch"))
    assert refused.message is not None
    assert refused.message.id == "wrapup.outcome_required"
    kitchen.wrapup.edit("Resolved", None)
    assert (await kitchen.wrapup.finish_into(lambda: kitchen.breaks.take("lunch"))).ok
    seat = kitchen.context.snapshot.seat
    assert (seat.status, seat.taken is not None) == (Status.BUSY, True)
    assert m.SetStatus(1) not in kitchen.desk.sent


async def answered_in_a_break(kitchen: Kitchen) -> TakenBreak:
    """A call that is up, and found the seat on lunch since a minute; the break."""
    assert (await kitchen.breaks.take("lunch")).ok
    kitchen.desk.now += 60
    kitchen.desk.says(m.NewCall(CC, CUSTOMER))
    await kitchen.commands.answer("")
    kitchen.desk.says(m.Answered(CC, CUSTOMER))
    assert kitchen.context.snapshot.next_status is NextStatus.BUSY
    await kitchen.told(m.StatusAfterCall(CC, True))
    taken = kitchen.context.snapshot.seat.taken
    assert taken is not None
    return taken


@pytest.mark.parametrize("mode", [WrapUpMode.OPTIONAL, WrapUpMode.OFF])
@pytest.mark.parametrize("said", [(), (1,), (1, 2), (2,)], ids=str)
async def test_a_break_goes_on_after_a_call_whatever_the_platform_says_in_between(
    kitchen: Kitchen, mode: WrapUpMode, said: tuple[int, ...]
) -> None:
    kitchen.wrapup.mode = mode
    taken = await answered_in_a_break(kitchen)
    kitchen.desk.now += 30
    kitchen.desk.says(m.Ended(CC, 25, 30))
    for status in said:
        kitchen.seat.platform_says(status)
    if mode is WrapUpMode.OPTIONAL:
        assert kitchen.context.snapshot.wrapup is not None
        assert (await kitchen.wrapup.finish()).ok
    await until(lambda: kitchen.context.snapshot.next_status is NextStatus.NONE)
    await until(lambda: kitchen.context.snapshot.seat.pending is None)
    assert kitchen.desk.sent[-1] == m.SetStatus(2, "L1"), "an 87 says nothing of the break"
    seat = kitchen.context.snapshot.seat
    assert seat.taken == taken, "the same break, with the same limit"
    assert (seat.status, seat.pending) == (Status.BUSY, None)
    assert seat.reason is not None
    assert seat.reason.id == "seat.break"
    assert "break over" in kitchen.context.timers
    (lunch,) = await kitchen.kept()
    assert lunch.talk_time is None, "one break, not over yet"


async def test_a_busy_seat_is_busy_after_a_call_for_the_reason_of_before(kitchen: Kitchen) -> None:
    await kitchen.seat.set_status(2, message("seat.unattended"))
    await kitchen.call()
    await until(lambda: kitchen.context.snapshot.wrapup is not None)
    assert (await kitchen.wrapup.finish()).ok
    assert kitchen.context.snapshot.seat.reason == message("seat.unattended")


async def test_a_break_that_cannot_be_come_back_to_is_not_claimed(kitchen: Kitchen) -> None:
    kitchen.wrapup.mode = WrapUpMode.OFF
    await answered_in_a_break(kitchen)
    kitchen.desk.answer = Outcome(503, "no")
    kitchen.seat.platform_says(1)
    kitchen.desk.says(m.Ended(CC, 25, 30))
    await until(lambda: kitchen.context.snapshot.seat.taken is None)
    assert kitchen.status is Status.ONLINE


async def test_who_set_idle_ahead_has_left_the_break_after_the_call(kitchen: Kitchen) -> None:
    kitchen.wrapup.mode = WrapUpMode.OFF
    await answered_in_a_break(kitchen)
    setting = asyncio.ensure_future(kitchen.ahead.set_next(1))
    await kitchen.told(m.StatusAfterCall(CC, False))
    assert (await setting).ok
    kitchen.desk.says(m.Ended(CC, 25, 30))
    kitchen.seat.platform_says(1)
    await kitchen.context.settle()
    assert (kitchen.status, kitchen.context.snapshot.seat.taken) == (Status.ONLINE, None)


async def test_who_keeps_the_seat_out_ends_no_break(kitchen: Kitchen) -> None:
    await kitchen.breaks.take("lunch")
    kitchen.seat.after_call_work()
    seat = kitchen.context.snapshot.seat
    assert seat.taken is not None
    assert seat.reason is not None
    assert seat.reason.id == "seat.break"


async def test_a_break_that_a_sign_out_ends_is_over_once_whatever_was_unconfirmed(
    kitchen: Kitchen,
) -> None:
    assert (await kitchen.breaks.take("lunch")).ok
    kitchen.seat.unconfirmed((Standing.GROUP,))
    kitchen.desk.now += 600
    kitchen.breaks.session_ended()
    kitchen.seat.signed_out()
    assert kitchen.context.snapshot.shift.break_time == 600
    assert not [name for name in ("break warning", "break over") if name in kitchen.context.timers]

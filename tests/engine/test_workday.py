"""What a call leaves behind: write-up, figures, history, the status set ahead; and offers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.engine.desk import CC, CUSTOMER, Desk
from tui.engine.calls import Outcome
from tui.engine.core import Limits
from tui.engine.journal import Journal
from tui.engine.offers import Offers
from tui.engine.seat import SeatDesk
from tui.engine.state import CallState, Status, WrapUpMode
from tui.engine.workday import Workday
from tui.engine.wrapup import WrapUpDesk
from tui.platform import control as m


class Shop:
    """A desk with everything that a call leaves behind."""

    def __init__(self, path: Path) -> None:
        self.desk = Desk(Limits(next_status=0.05))
        self.core = self.desk.core
        self.calls = self.desk.calls
        self.seat = SeatDesk(self.core, self.desk._send)
        self.offers = Offers(self.calls, self.seat)
        self.wrapup = WrapUpDesk(self.core, self.seat)
        self.wrapup.outcomes = ("Resolved", "Call back")
        self.workday = Workday(self.calls, self.offers, self.wrapup)
        self.seat.on_idle = self.wrapup.hold_seat
        self.calls.on_change = self.workday.call_changed
        self.path = path

    def journal(self, **settings: object) -> Journal:
        return Journal(self.path, "account", **settings)  # type: ignore[arg-type]

    async def call(self, cc: str = CC, talk: int = 30) -> None:
        """One whole call."""
        self.desk.says(m.NewCall(cc, CUSTOMER))
        await self.calls.answer("")
        self.desk.says(m.Answered(cc, CUSTOMER))
        self.desk.now += talk
        self.desk.says(m.Ended(cc, 25, talk))

    async def until(self, what: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not what():
                await asyncio.sleep(0)

    @property
    def status(self) -> Status:
        return self.core.snapshot.seat.status


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    shop = Shop(tmp_path / "history.sqlite3")
    await shop.workday.begin(shop.journal())
    shop.seat.platform_says(1)
    yield shop
    await shop.workday.end()
    await shop.core.close()


# ---------------------------------------------------------------- write-up


async def test_after_a_call_busy_is_sent_at_once_and_a_countdown_runs(shop: Shop) -> None:
    await shop.call()
    wrapup = shop.core.snapshot.wrapup
    assert wrapup is not None
    assert wrapup.until == shop.desk.now + 30
    await shop.until(lambda: shop.status is Status.BUSY)
    assert shop.core.snapshot.seat.reason is not None
    assert shop.core.snapshot.seat.reason.id == "seat.wrapup"


async def test_the_platforms_idle_does_not_end_a_write_up(shop: Shop) -> None:
    await shop.call()
    await shop.until(lambda: shop.status is Status.BUSY)
    shop.seat.platform_says(1)
    assert shop.core.snapshot.wrapup is not None
    await shop.until(lambda: shop.status is Status.BUSY)
    assert shop.desk.sent.count(m.SetStatus(2)) == 2


async def test_a_call_offered_in_the_gap_is_still_an_offer(shop: Shop) -> None:
    await shop.call()
    shop.wrapup.edit(None, "half a note")
    shop.desk.says(m.NewCall("two", "12000000002"))
    assert shop.desk.call.state is CallState.RINGING
    assert shop.core.snapshot.wrapup is not None
    assert shop.core.snapshot.wrapup.note == "half a note"


async def test_answering_the_next_call_keeps_what_was_typed(shop: Shop) -> None:
    await shop.call()
    shop.wrapup.edit("Resolved", "asked for the invoice")
    shop.desk.says(m.NewCall("two", "12000000002"))
    await shop.calls.answer("")
    shop.desk.says(m.Answered("two", "12000000002"))
    assert shop.core.snapshot.wrapup is None
    await shop.core.settle()
    assert shop.workday.journal is not None
    (entry,) = (await shop.workday.journal.search()).entries
    assert (entry.outcome, entry.note) == ("Resolved", "asked for the invoice")


async def test_ready_now_saves_and_goes_idle(shop: Shop) -> None:
    await shop.call()
    await shop.until(lambda: shop.status is Status.BUSY)
    shop.wrapup.edit("Call back", "tomorrow")
    assert (await shop.wrapup.finish()).ok
    assert shop.core.snapshot.wrapup is None
    assert shop.status is Status.ONLINE
    record = shop.core.snapshot.recent[0]
    assert (record.result, record.note) == ("Call back", "tomorrow")
    assert len(shop.core.snapshot.recent) == 1


async def test_the_end_of_the_countdown_saves_and_goes_idle(shop: Shop) -> None:
    shop.wrapup.seconds = 0.02
    await shop.call()
    await shop.until(lambda: shop.core.snapshot.wrapup is None)
    await shop.until(lambda: m.SetStatus(1) in shop.desk.sent)


async def test_nobody_there_at_the_end_of_the_countdown_leaves_the_seat_busy(shop: Shop) -> None:
    shop.wrapup.seconds = 0.02
    await shop.call()
    shop.core.attended = False
    await shop.until(lambda: shop.core.snapshot.wrapup is None)
    await shop.core.settle()
    assert m.SetStatus(1) not in shop.desk.sent


async def test_keep_open_stops_the_countdown(shop: Shop) -> None:
    await shop.call()
    assert shop.wrapup.keep_open().ok
    assert shop.core.snapshot.wrapup is not None
    assert shop.core.snapshot.wrapup.until is None
    assert "wrapup" not in shop.core.timers


async def test_a_required_outcome_must_be_chosen_first(shop: Shop) -> None:
    shop.wrapup.mode = WrapUpMode.REQUIRED
    await shop.call()
    result = await shop.wrapup.finish()
    assert result.message is not None
    assert result.message.id == "wrapup.outcome_required"
    shop.wrapup.edit("Resolved", None)
    assert (await shop.wrapup.finish()).ok


async def test_a_strict_countdown_is_neither_ended_early_nor_kept_open(shop: Shop) -> None:
    shop.wrapup.mode = WrapUpMode.TIMED_STRICT
    await shop.call()
    assert not (await shop.wrapup.finish()).ok
    assert not shop.wrapup.keep_open().ok
    assert shop.core.snapshot.wrapup is not None


@pytest.mark.parametrize("off", ["mode", "seconds"])
async def test_a_write_up_can_be_off(shop: Shop, off: str) -> None:
    if off == "mode":
        shop.wrapup.mode = WrapUpMode.OFF
    else:
        shop.wrapup.seconds = 0
    await shop.call()
    assert shop.core.snapshot.wrapup is None


async def test_an_outcome_that_is_not_in_the_list_is_refused(shop: Shop) -> None:
    await shop.call()
    assert not shop.wrapup.edit("Something else", None).ok


async def test_a_call_that_was_never_up_needs_no_write_up(shop: Shop) -> None:
    shop.desk.says(m.NewCall(CC, CUSTOMER), m.CancelCall(CC))
    assert shop.core.snapshot.wrapup is None


# ---------------------------------------------------------------- the status after this call


async def test_busy_after_this_call_is_asked_of_the_platform_and_shown(shop: Shop) -> None:
    shop.desk.says(m.NewCall(CC, CUSTOMER))
    await shop.calls.answer("")
    shop.desk.says(m.Answered(CC, CUSTOMER))
    task = asyncio.create_task(shop.workday.set_next_status(2))
    await shop.until(lambda: m.StatusAfterCall(CC, True) in shop.desk.sent)
    shop.workday.answered_next_status(200)
    assert (await task).ok
    assert shop.core.snapshot.next_status == 2


@pytest.mark.parametrize("code", [0, 502])
async def test_a_status_ahead_that_the_platform_does_not_take_changes_nothing(
    shop: Shop, code: int
) -> None:
    shop.desk.says(m.NewCall(CC, CUSTOMER))
    await shop.calls.answer("")
    shop.desk.says(m.Answered(CC, CUSTOMER))
    task = asyncio.create_task(shop.workday.set_next_status(2))
    await shop.until(lambda: m.StatusAfterCall(CC, True) in shop.desk.sent)
    if code:
        shop.workday.answered_next_status(code)
    assert not (await task).ok
    assert shop.core.snapshot.next_status == 0


async def test_the_status_set_ahead_is_taken_when_the_write_up_ends(shop: Shop) -> None:
    await shop.call()
    await shop.until(lambda: shop.status is Status.BUSY)
    assert (await shop.workday.set_next_status(2)).ok
    await shop.wrapup.finish()
    assert shop.status is Status.BUSY
    assert shop.core.snapshot.next_status == 0


async def test_without_a_call_nothing_can_be_set_ahead(shop: Shop) -> None:
    assert not (await shop.workday.set_next_status(2)).ok


# ---------------------------------------------------------------- offers


async def test_an_offer_is_answered_by_itself_after_the_countdown(shop: Shop) -> None:
    shop.offers.seconds = 3
    shop.desk.says(m.NewCall(CC, CUSTOMER))
    assert shop.desk.call.auto_answer == shop.desk.now + 3
    shop.offers._answer_now(shop.desk.call.key)
    await shop.until(lambda: m.Answer(CC) in shop.desk.sent)


async def test_the_countdown_of_an_offer_can_be_stopped(shop: Shop) -> None:
    shop.offers.seconds = 3
    shop.desk.says(m.NewCall(CC, CUSTOMER))
    key = shop.desk.call.key
    assert shop.offers.stop_auto_answer("").ok
    shop.offers._answer_now(key)
    await shop.core.settle()
    assert m.Answer(CC) not in shop.desk.sent


async def test_nothing_is_answered_by_itself_when_nobody_is_there(shop: Shop) -> None:
    shop.offers.seconds = 3
    shop.core.attended = False
    shop.desk.says(m.NewCall(CC, CUSTOMER))
    assert shop.desk.call.auto_answer is None


@pytest.mark.parametrize("seconds", [1, 4, -3])
async def test_only_the_enterprises_delays_are_taken(shop: Shop, seconds: int) -> None:
    assert not shop.offers.set_auto_answer(seconds).ok
    assert shop.offers.set_auto_answer(5).ok


async def test_cannot_take_it_goes_busy_first_and_then_declines(shop: Shop) -> None:
    shop.desk.says(m.NewCall(CC, CUSTOMER))
    assert (await shop.offers.cannot_take("")).ok
    assert shop.desk.sent[-2:] == [m.SetStatus(2), m.HangUp(CC)]
    assert shop.status is Status.BUSY


async def test_cannot_take_it_does_not_decline_when_busy_is_not_confirmed(shop: Shop) -> None:
    shop.desk.says(m.NewCall(CC, CUSTOMER))
    shop.desk.answer = Outcome(0)
    assert not (await shop.offers.cannot_take("")).ok
    assert m.HangUp(CC) not in shop.desk.sent


async def test_after_some_missed_offers_in_a_row_the_seat_goes_busy_and_says_why(
    shop: Shop,
) -> None:
    for number in range(3):
        cc = f"missed-{number}"
        shop.desk.says(m.NewCall(cc, f"1200000000{number}"), m.CancelCall(cc))
    await shop.until(lambda: shop.status is Status.BUSY)
    assert shop.core.snapshot.shift.missed == 3
    assert shop.core.snapshot.seat.reason is not None
    assert shop.core.snapshot.seat.reason.id == "seat.missed"


async def test_a_call_that_is_taken_ends_the_row_of_missed_ones(shop: Shop) -> None:
    for number in range(2):
        cc = f"missed-{number}"
        shop.desk.says(m.NewCall(cc, CUSTOMER), m.CancelCall(cc))
    await shop.call("taken")
    assert shop.core.snapshot.shift.missed_in_a_row == 0
    assert shop.core.snapshot.shift.missed == 2


# ---------------------------------------------------------------- history


async def test_the_shift_counts_what_was_talked_and_keeps_the_longest(shop: Shop) -> None:
    await shop.call("one", 30)
    await shop.call("two", 90)
    shift = shop.core.snapshot.shift
    assert (shift.talked, shift.talk_time, shift.longest) == (2, 120, 90)


async def test_another_shift_of_the_same_day_begins_with_todays_calls(shop: Shop) -> None:
    await shop.call()
    shop.wrapup.edit("Resolved", "")
    await shop.workday.end()
    again = Shop(shop.path)
    await again.workday.begin(again.journal())
    assert again.core.snapshot.shift.talked == 1
    (record,) = again.core.snapshot.recent
    assert (record.number, record.talk_time, record.result) == (CUSTOMER, 30, "Resolved")
    await again.workday.end()
    await again.core.close()


async def test_a_history_that_cannot_be_used_is_said_and_calls_go_on(tmp_path: Path) -> None:
    shop = Shop(tmp_path)  # a directory is no file
    await shop.workday.begin(shop.journal())
    assert shop.core.snapshot.notice is not None
    assert shop.core.snapshot.notice.message.id == "history.unusable"
    shop.seat.platform_says(1)
    await shop.call()
    assert shop.core.snapshot.shift.talked == 1
    await shop.core.close()

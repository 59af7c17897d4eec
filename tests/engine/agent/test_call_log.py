"""What a call leaves behind: write-up, figures, history, the status set ahead; and offers."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tests.engine.desk import CC, CUSTOMER
from tests.engine.shop import Shop, opened
from tests.waiting import until
from tui.engine.outcome import Outcome
from tui.platform import control as m
from tui.port import events as e
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import Status
from tui.port.snapshot import RECENT_LIMIT
from tui.port.values import Connection, ConnectionState, HistoryEntry, Message, WrapUpMode
from tui.port.work import ShiftReport


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with opened(tmp_path / "history.sqlite3") as shop:
        yield shop


# ---------------------------------------------------------------- write-up


async def test_after_a_call_busy_is_sent_at_once_and_a_countdown_runs(shop: Shop) -> None:
    await shop.call()
    wrapup = shop.context.snapshot.wrapup
    assert wrapup is not None
    assert wrapup.until == shop.desk.now + 30
    await shop.until(lambda: shop.status is Status.BUSY)
    assert shop.context.snapshot.seat.reason is not None
    assert shop.context.snapshot.seat.reason.id == "seat.wrapup"


async def test_the_platforms_idle_does_not_end_a_write_up(shop: Shop) -> None:
    await shop.call()
    await shop.until(lambda: shop.status is Status.BUSY)
    shop.seat.platform_says(1)
    assert shop.context.snapshot.wrapup is not None
    await shop.until(lambda: shop.status is Status.BUSY)
    assert shop.desk.sent.count(m.SetStatus(2)) == 2


async def test_a_call_offered_in_the_gap_is_still_an_offer(shop: Shop) -> None:
    await shop.call()
    shop.wrapup.edit(None, "half a note")
    shop.desk.says(m.NewCall("two", "12000000002"))
    assert shop.desk.call.state is CallState.RINGING
    assert shop.context.snapshot.wrapup is not None
    assert shop.context.snapshot.wrapup.note == "half a note"


async def test_answering_the_next_call_keeps_what_was_typed(shop: Shop) -> None:
    await shop.call()
    shop.wrapup.edit("Resolved", "asked for the invoice")
    shop.desk.says(m.NewCall("two", "12000000002"))
    await shop.commands.answer("")
    shop.desk.says(m.Answered("two", "12000000002"))
    assert shop.context.snapshot.wrapup is None
    await shop.context.settle()
    assert shop.workday.history is not None
    (entry,) = (await shop.workday.history.search()).entries
    assert (entry.outcome, entry.note) == ("Resolved", "asked for the invoice")


async def test_ready_now_saves_and_goes_idle(shop: Shop) -> None:
    await shop.call()
    await shop.until(lambda: shop.status is Status.BUSY)
    shop.wrapup.edit("Call back", "tomorrow")
    assert (await shop.wrapup.finish()).ok
    assert shop.context.snapshot.wrapup is None
    assert shop.status is Status.ONLINE
    record = shop.context.snapshot.recent[0]
    assert (record.result, record.note) == ("Call back", "tomorrow")
    assert len(shop.context.snapshot.recent) == 1


async def test_the_end_of_the_countdown_saves_and_goes_idle(shop: Shop) -> None:
    shop.wrapup.seconds = 0.02
    await shop.call()
    await shop.until(lambda: shop.context.snapshot.wrapup is None)
    await shop.until(lambda: m.SetStatus(1) in shop.desk.sent)


OVER_UNTAKEN = {
    "missed": lambda shop: shop.desk.says(m.CancelCall("two")),
    "ended": lambda shop: shop.desk.says(m.Ended("two", 20)),
}


@pytest.mark.parametrize("end", OVER_UNTAKEN.values(), ids=OVER_UNTAKEN)
async def test_a_countdown_that_ends_while_an_offer_rings_comes_back_when_it_is_over(
    shop: Shop, end: Callable[[Shop], None]
) -> None:
    await shop.call()
    await shop.until(lambda: shop.status is Status.BUSY)
    shop.desk.says(m.NewCall("two", "12000000002"))
    shop.wrapup._time_is_up()
    await shop.context.settle()
    assert m.SetStatus(1) not in shop.desk.sent
    end(shop)
    await shop.until(lambda: shop.status is Status.ONLINE)


async def test_a_countdown_that_ends_while_the_line_is_gone_comes_back_with_it(shop: Shop) -> None:
    await shop.call()
    await shop.until(lambda: shop.status is Status.BUSY)
    shop.context.emit(e.ConnectionChanged(Connection(ConnectionState.LOST)))
    shop.wrapup._time_is_up()
    await shop.context.settle()
    shop.context.emit(e.ConnectionChanged(Connection(ConnectionState.OK)))
    await shop.until(lambda: shop.status is Status.ONLINE)


async def test_an_idle_after_the_write_up_that_the_line_takes_with_it_comes_back_with_the_line(
    shop: Shop,
) -> None:
    await shop.call()
    await shop.until(lambda: shop.status is Status.BUSY)
    shop.desk.gate = asyncio.Event()
    finishing = asyncio.create_task(shop.wrapup.finish())
    await shop.until(lambda: m.SetStatus(1) in shop.desk.waiting)
    shop.context.emit(e.ConnectionChanged(Connection(ConnectionState.LOST)))
    shop.desk.answer = Outcome(503, "flow lost")
    shop.desk.gate.set()
    assert not (await finishing).ok
    assert shop.status is Status.BUSY
    shop.desk.answer = Outcome(200)
    shop.context.emit(e.ConnectionChanged(Connection(ConnectionState.OK)))
    await shop.until(lambda: shop.status is Status.ONLINE)


async def test_an_agent_who_cannot_take_the_offer_stays_busy(shop: Shop) -> None:
    await shop.call()
    await shop.until(lambda: shop.status is Status.BUSY)
    shop.desk.says(m.NewCall("two", "12000000002"))
    shop.wrapup._time_is_up()
    await shop.seat.set_status(2, Message("seat.cannot_take"), in_call=True)
    shop.desk.says(m.CancelCall("two"))
    await shop.context.settle()
    assert shop.status is Status.BUSY


async def test_the_list_of_calls_keeps_the_values_of_a_reason(shop: Shop) -> None:
    await shop.commands.dial(CUSTOMER)
    shop.desk.says(m.CalloutResponse(777, "", CUSTOMER, "moon phase"))
    entry = next(iter(shop.workday._entries.values()))
    assert (entry.reason, dict(entry.reason_values)) == (
        "refused.unknown",
        {"code": "777", "info": "moon phase"},
    )


async def test_nobody_there_at_the_end_of_the_countdown_leaves_the_seat_busy(shop: Shop) -> None:
    shop.wrapup.seconds = 0.02
    await shop.call()
    shop.context.attended = False
    await shop.until(lambda: shop.context.snapshot.wrapup is None)
    await shop.context.settle()
    assert m.SetStatus(1) not in shop.desk.sent


async def test_keep_open_stops_the_countdown(shop: Shop) -> None:
    await shop.call()
    assert shop.wrapup.keep_open().ok
    assert shop.context.snapshot.wrapup is not None
    assert shop.context.snapshot.wrapup.until is None
    assert "wrapup" not in shop.context.timers


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
    assert shop.context.snapshot.wrapup is not None


@pytest.mark.parametrize("off", ["mode", "seconds"])
async def test_a_write_up_can_be_off(shop: Shop, off: str) -> None:
    if off == "mode":
        shop.wrapup.mode = WrapUpMode.OFF
    else:
        shop.wrapup.seconds = 0
    await shop.call()
    assert shop.context.snapshot.wrapup is None


async def test_an_outcome_that_is_not_in_the_list_is_refused(shop: Shop) -> None:
    await shop.call()
    assert not shop.wrapup.edit("Something else", None).ok


async def test_a_call_that_was_never_up_needs_no_write_up(shop: Shop) -> None:
    shop.desk.says(m.NewCall(CC, CUSTOMER), m.CancelCall(CC))
    assert shop.context.snapshot.wrapup is None


async def test_of_a_day_of_calls_the_log_keeps_those_that_are_listed(shop: Shop) -> None:
    for number in range(RECENT_LIMIT + 5):
        shop.desk.says(m.NewCall(f"{CC}{number}", CUSTOMER), m.CancelCall(f"{CC}{number}"))
    assert len(shop.context.snapshot.recent) == RECENT_LIMIT
    keys = list(shop.workday._entries)
    assert len(keys) == RECENT_LIMIT
    assert not shop.workday.edit_note("late", str(int(keys[0]) - 1)).ok
    assert shop.workday.edit_note("in time", keys[0]).ok
    assert "in time" in [each.note for each in shop.context.snapshot.recent]


# ---------------------------------------------------------------- the status after this call


async def test_busy_after_this_call_is_asked_of_the_platform_and_shown(shop: Shop) -> None:
    shop.desk.says(m.NewCall(CC, CUSTOMER))
    await shop.commands.answer("")
    shop.desk.says(m.Answered(CC, CUSTOMER))
    task = asyncio.create_task(shop.ahead.set_next(2))
    await shop.until(lambda: m.StatusAfterCall(CC, True) in shop.desk.sent)
    shop.platform._other(m.StatusAfterCallResponse(200))
    assert (await task).ok
    assert shop.context.snapshot.next_status == 2


@pytest.mark.parametrize("code", [0, 502])
async def test_a_status_ahead_that_the_platform_does_not_take_changes_nothing(
    shop: Shop, code: int
) -> None:
    shop.desk.says(m.NewCall(CC, CUSTOMER))
    await shop.commands.answer("")
    shop.desk.says(m.Answered(CC, CUSTOMER))
    task = asyncio.create_task(shop.ahead.set_next(2))
    await shop.until(lambda: m.StatusAfterCall(CC, True) in shop.desk.sent)
    if code:
        shop.platform._other(m.StatusAfterCallResponse(code))
    assert not (await task).ok
    assert shop.context.snapshot.next_status == 0


async def test_the_status_set_ahead_is_taken_when_the_write_up_ends(shop: Shop) -> None:
    await shop.call()
    await shop.until(lambda: shop.status is Status.BUSY)
    assert (await shop.ahead.set_next(2)).ok
    await shop.wrapup.finish()
    assert shop.status is Status.BUSY
    assert shop.context.snapshot.next_status == 0


@pytest.mark.parametrize("status", [1, 2])
async def test_an_answer_about_the_status_ahead_that_crosses_the_end_of_the_call_counts_now(
    shop: Shop, status: int
) -> None:
    """What was set ahead of a call that is over would else wait for the end of the next one."""
    shop.wrapup.mode = WrapUpMode.OFF
    shop.desk.says(m.NewCall(CC, CUSTOMER))
    await shop.commands.answer("")
    shop.desk.says(m.Answered(CC, CUSTOMER))
    task = asyncio.create_task(shop.ahead.set_next(status))
    await shop.until(lambda: m.StatusAfterCall(CC, status == 2) in shop.desk.sent)
    shop.desk.says(m.Ended(CC, 25, 30))
    shop.platform._other(m.StatusAfterCallResponse(200, CC))
    assert (await task).ok
    assert shop.context.snapshot.next_status == 0
    assert shop.status is (Status.BUSY if status == 2 else Status.ONLINE)


async def test_without_a_call_nothing_can_be_set_ahead(shop: Shop) -> None:
    assert not (await shop.ahead.set_next(2)).ok


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
    await shop.context.settle()
    assert m.Answer(CC) not in shop.desk.sent


async def test_nothing_is_answered_by_itself_when_nobody_is_there(shop: Shop) -> None:
    shop.offers.seconds = 3
    shop.context.attended = False
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


@pytest.mark.parametrize("meanwhile", ["answered", "on the phone", "over"])
async def test_cannot_take_it_hangs_up_on_nobody_who_was_answered_meanwhile(
    shop: Shop, meanwhile: str
) -> None:
    shop.desk.says(m.NewCall(CC, CUSTOMER))
    shop.desk.gate = asyncio.Event()
    asked = asyncio.create_task(shop.offers.cannot_take(""))
    await shop.until(lambda: m.SetStatus(2) in shop.desk.waiting)
    if meanwhile == "answered":
        answered = asyncio.create_task(shop.commands.answer(""))
        await shop.until(lambda: m.Answer(CC) in shop.desk.waiting)
        shop.desk.says(m.Answered(CC, CUSTOMER))
    elif meanwhile == "on the phone":
        shop.desk.says(m.Answered(CC, CUSTOMER))
    else:
        shop.desk.says(m.CancelCall(CC))
    shop.desk.gate.set()
    result = await asked
    if meanwhile == "answered":
        await answered
    assert not result.ok
    assert result.message is not None
    assert result.message.id == "answer.nothing_rings"
    await shop.context.settle()
    assert m.HangUp(CC) not in shop.desk.sent


@pytest.mark.parametrize("line", ["lost", "silent"])
async def test_an_answer_by_itself_that_fails_is_said_and_promised_no_more(
    shop: Shop, line: str
) -> None:
    shop.offers.seconds = 3
    shop.desk.says(m.NewCall(CC, CUSTOMER))
    if line == "lost":
        shop.context.emit(e.ConnectionChanged(Connection(ConnectionState.LOST)))
    shop.desk.answer = Outcome(0)
    shop.offers._answer_now(shop.desk.call.key)
    await shop.until(lambda: shop.context.snapshot.notice)
    notice = shop.context.snapshot.notice
    assert notice is not None
    wanted = "engine.line_lost" if line == "lost" else "unconfirmed.answer"
    assert notice.message.id == wanted
    assert shop.desk.call.auto_answer is None


async def test_after_some_missed_offers_in_a_row_the_seat_goes_busy_and_says_why(
    shop: Shop,
) -> None:
    for number in range(3):
        cc = f"missed-{number}"
        shop.desk.says(m.NewCall(cc, f"1200000000{number}"), m.CancelCall(cc))
    await shop.until(lambda: shop.status is Status.BUSY)
    assert shop.context.snapshot.shift.missed == 3
    assert shop.context.snapshot.seat.reason is not None
    assert shop.context.snapshot.seat.reason.id == "seat.missed"


async def test_a_call_that_is_taken_ends_the_row_of_missed_ones(shop: Shop) -> None:
    for number in range(2):
        cc = f"missed-{number}"
        shop.desk.says(m.NewCall(cc, CUSTOMER), m.CancelCall(cc))
    await shop.call("taken")
    assert shop.context.snapshot.shift.missed_in_a_row == 0
    assert shop.context.snapshot.shift.missed == 2


# ---------------------------------------------------------------- history


async def test_the_shift_counts_what_was_talked_and_keeps_the_longest(shop: Shop) -> None:
    await shop.call("one", 30)
    await shop.call("two", 90)
    shift = shop.context.snapshot.shift
    assert (shift.talked, shift.talk_time, shift.longest) == (2, 120, 90)


async def test_another_shift_of_the_same_day_begins_with_todays_calls(shop: Shop) -> None:
    await shop.call()
    shop.wrapup.edit("Resolved", "")
    await shop.workday.end()
    again = Shop(shop.path)
    await again.workday.begin(again.journal())
    assert again.context.snapshot.shift.talked == 1
    (record,) = again.context.snapshot.recent
    assert (record.number, record.talk_time, record.result) == (CUSTOMER, 30, "Resolved")
    await again.workday.end()
    await again.context.close()


async def test_a_sign_out_waits_for_what_is_written_and_for_nothing_else(shop: Shop) -> None:
    shop.context.limits = replace(shop.context.limits, message=1e6)

    async def never_answered() -> None:
        await asyncio.Event().wait()

    shop.context.spawn(never_answered())
    await shop.call()
    async with asyncio.timeout(20):
        await shop.workday.end()
    async with opened(shop.path) as again:
        assert again.context.snapshot.shift.talked == 1


async def test_a_history_that_cannot_be_used_is_said_and_calls_go_on(tmp_path: Path) -> None:
    shop = Shop(tmp_path)  # a directory is no file
    await shop.workday.begin(shop.journal())
    assert shop.context.snapshot.notice is not None
    assert shop.context.snapshot.notice.message.id == "history.waits"
    shop.seat.platform_says(1)
    await shop.call()
    assert shop.context.snapshot.shift.talked == 1
    await shop.context.close()


async def test_a_history_of_a_newer_version_is_said_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("PRAGMA user_version=99")
    async with opened(path) as shop:
        notice = shop.context.snapshot.notice
        assert notice is not None
        assert notice.message.id == "history.newer"
        await shop.call()
        assert shop.context.snapshot.recent[0].number == CUSTOMER


# ---------------------------------------------------------------- another day


def at(day: int, hour: int, minute: int = 0) -> Callable[[], float]:
    """That time of a day in March, in which clocks are put on in many places."""
    then = datetime(2027, 3, day, hour, minute).timestamp()
    return lambda: then


@pytest.fixture
async def night(tmp_path: Path) -> AsyncIterator[Shop]:
    shop = Shop(tmp_path / "history.sqlite3")
    shop.time_of_day = at(27, 23, 30)
    await shop.workday.begin(shop.journal())
    shop.seat.platform_says(1)
    yield shop
    await shop.workday.end()
    await shop.context.close()


async def figures(shop: Shop, count: int) -> None:
    """So many calls stand on the screen, and in the report once they are written."""

    async def reported() -> bool:
        report = (await shop.workday.report(0)).value
        assert isinstance(report, ShiftReport)
        written = report.total.incoming + report.total.outgoing
        return written == shop.context.snapshot.shift.talked == count

    await until(reported)


async def test_at_midnight_the_figures_of_the_day_begin_anew(night: Shop) -> None:
    await night.call()
    await figures(night, 1)
    began = night.context.snapshot.shift.began
    night.time_of_day = at(28, 0, 1)
    await night.until(lambda: night.context.snapshot.shift.talked == 0)
    assert night.context.snapshot.shift.began == began, "the shift goes on"
    await night.call("1700000000002conf_2")
    await figures(night, 1)
    night.time_of_day = at(28, 12)
    await figures(night, 1)
    night.time_of_day = at(30, 9)
    await night.until(lambda: night.context.snapshot.shift.talked == 0)


async def test_a_clock_that_is_put_back_over_midnight_brings_the_figures_of_that_day_back(
    night: Shop,
) -> None:
    await night.call()
    night.time_of_day = at(28, 0, 1)
    await night.until(lambda: night.context.snapshot.shift.talked == 0)
    night.time_of_day = at(27, 23, 59)
    await night.until(lambda: night.context.snapshot.shift.talked == 1)


async def test_a_call_over_midnight_counts_on_the_day_on_which_it_began(night: Shop) -> None:
    night.desk.says(m.NewCall(CC, CUSTOMER))
    await night.commands.answer("")
    night.desk.says(m.Answered(CC, CUSTOMER))
    night.desk.now += 3600
    night.time_of_day = at(28, 0, 30)
    night.desk.says(m.Ended(CC, 25, 3600))
    await night.until(lambda: night.workday._day == at(28, 0)())
    await figures(night, 0)
    await night.call("1700000000002conf_2")
    await figures(night, 1)


async def test_a_call_that_ends_while_the_day_is_counted_anew_counts(
    night: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    history, read, go = night.workday.history, asyncio.Event(), asyncio.Event()
    assert history is not None

    async def at_once(day: float) -> Sequence[HistoryEntry]:
        """By a thread that is quicker than all that the loop has to do."""
        rows = history._thread.submit(history._since, day).result()
        read.set()
        await go.wait()
        return rows

    monkeypatch.setattr(history, "since", at_once)
    night.time_of_day = at(28, 0, 1)
    night.desk.says(m.NewCall(CC, CUSTOMER))
    await night.commands.answer("")
    night.desk.says(m.Answered(CC, CUSTOMER))
    night.desk.now += 30
    await night.until(read.is_set)
    go.set()  # what was read is looked at first, and read again before the call is written
    night.desk.says(m.Ended(CC, 25, 30))
    await night.until(lambda: night.context.snapshot.shift.talked)
    await figures(night, 1)


async def test_a_history_that_cannot_be_read_at_midnight_costs_no_more_than_its_figures(
    night: Shop, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    await night.call()
    history = night.workday.history
    assert history is not None

    async def broken(began: float) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(history, "since", broken)
    night.time_of_day = at(28, 0, 1)
    await night.until(lambda: "the figures of this day cannot be read" in caplog.text)
    assert night.context.snapshot.shift.talked == 0
    await night.call("1700000000002conf_2")
    assert night.context.snapshot.shift.talked == 1

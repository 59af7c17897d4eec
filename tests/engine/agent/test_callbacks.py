"""Whom to call back: planned, missed or of a list; due, dialled, closed, and kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.engine.desk import CC, CUSTOMER
from tests.engine.shop import Shop
from tests.waiting import until
from tui.engine.agent.callbacks.book import MOST_OPEN, CallbackBook
from tui.engine.agent.callbacks.numbers_file import NumberRow, NumbersFileError, parse
from tui.platform import control as m
from tui.port import events as e
from tui.port.values import WrapUpMode
from tui.port.work import Callback, CallbackSource

NOW = datetime(2026, 1, 2, 14, 2).timestamp()
OTHER = "12000000002"


class Office(Shop):
    """A shop with a book, whose wall clock a test moves."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.wall = NOW
        self.beeps = 0
        self.wrapup.call_back = "Call back"
        self.book = CallbackBook(
            self.calls,
            self.offers._control,
            keep=self.workday.keep_callbacks,
            new_id=self.workday.new_id,
            beep=self.sounded,
            wall=lambda: self.wall,
        )
        self.calls.listen(self.book.call_changed)

    async def sounded(self) -> None:
        self.beeps += 1

    def plan(self, when: str, number: str = "", name: str = "", id: int = 0) -> str:
        """Plan one; the id of the sentence that says so."""
        result = self.book.plan(when, number=number, name=name, note="", id=id)
        assert result.message is not None
        return result.message.id

    @property
    def rows(self) -> tuple[Callback, ...]:
        return self.book.page("", 1).rows

    @property
    def reminders(self) -> list[str]:
        return [each.message.id for each in self.desk.facts(e.Reminded)]

    async def dialled(self, row: Callback, *, talk: int | None = 30) -> None:
        """Call the one of that row; None: nobody answers."""
        assert (await self.book.dial(row.id)).ok
        said = self.platform.reports.handle
        said(m.CalloutResponse(200, CC, row.number))
        if talk is not None:
            said(m.Answered(CC, row.number))
            self.desk.now += talk
        said(m.Ended(CC, 20 if talk is None else 26, talk))

    async def again(self) -> None:
        """Sign out, and in again."""
        self.wrapup.session_ended()
        self.book.end()
        await self.workday.end()
        history = self.journal(keep_days=0)
        await self.workday.begin(history)
        self.book.begin(await history.open_callbacks())


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    office = Office(tmp_path / "history.sqlite3")
    await office.workday.begin(office.journal(keep_days=0))
    office.seat.platform_says(1)
    yield office
    office.book.end()
    await office.workday.end()
    await office.context.close()


async def missed(office: Office, cc: str = "missed", number: str = CUSTOMER) -> None:
    office.desk.says(m.NewCall(cc, number), m.CancelCall(cc))


# ---------------------------------------------------------------- planned


async def test_a_call_that_is_written_up_is_planned_with_its_number_and_its_note(
    office: Office,
) -> None:
    await office.call()
    assert office.plan("15:00") == "callback.planned"
    wrapup = office.context.snapshot.wrapup
    assert wrapup is not None
    assert (wrapup.outcome, wrapup.call_at) == ("Call back", NOW + 58 * 60)
    office.wrapup.edit(None, "wants a call at three")
    await office.wrapup.finish()
    (row,) = office.rows
    assert (row.number, row.source, row.due) == (CUSTOMER, CallbackSource.AGREED, NOW + 58 * 60)
    assert row.note == "wants a call at three"
    assert office.context.snapshot.callbacks.open == 1
    assert office.context.snapshot.callbacks.due == 0


async def test_the_outcome_alone_keeps_it_without_a_time(office: Office) -> None:
    await office.call()
    office.wrapup.edit("Call back", None)
    await office.wrapup.finish()
    (row,) = office.rows
    assert (row.number, row.due) == (CUSTOMER, None)


async def test_a_time_that_comes_after_the_write_up_is_of_the_same_one(office: Office) -> None:
    await office.call()
    office.wrapup.edit("Call back", None)
    await office.wrapup.finish()
    assert office.plan("15:00") == "callback.planned"
    assert [row.due for row in office.rows] == [NOW + 58 * 60]


async def test_another_outcome_in_the_end_takes_it_back(office: Office) -> None:
    await office.call()
    office.plan("15:00")
    office.wrapup.edit("Resolved", None)
    await office.wrapup.finish()
    assert office.rows == ()


async def test_planning_it_again_moves_it(office: Office) -> None:
    await office.call()
    office.plan("15:00")
    office.plan("16:00")
    (row,) = office.rows
    assert row.due == NOW + 118 * 60
    assert office.plan("17:00", id=row.id) == "callback.planned"
    assert [each.due for each in office.rows] == [NOW + 178 * 60]


async def test_a_time_that_is_not_understood_is_a_sentence_and_changes_nothing(
    office: Office,
) -> None:
    await office.call()
    assert office.plan("soon") == "when.unclear"
    assert office.rows == ()


async def test_a_number_can_be_planned_at_any_time_and_a_wrong_one_says_so(office: Office) -> None:
    assert office.plan("+30") == "callback.no_call"
    assert office.plan("+30", "12x") == "dial.not_digits"
    assert office.plan("+30", OTHER, "Wang Fang") == "callback.planned"
    assert [(row.number, row.name) for row in office.rows] == [(OTHER, "Wang Fang")]


# ---------------------------------------------------------------- due


async def test_what_is_due_is_counted_and_rings_softly_once(office: Office) -> None:
    office.plan("15:00", OTHER)
    office.wall += 3600
    office.book._changed()
    office.book._changed()
    await until(lambda: office.beeps == 1)
    assert office.reminders == ["callback.due"]
    assert office.context.snapshot.callbacks.due == 1


async def test_the_alarm_goes_off_by_itself(office: Office) -> None:
    office.plan("15:00", OTHER)
    office.wall += 58 * 60 - 0.02
    office.book._changed()
    office.wall += 1
    await until(lambda: office.reminders == ["callback.due"])


async def test_it_does_not_ring_into_a_call_but_when_that_is_over(office: Office) -> None:
    office.plan("15:00", OTHER)
    office.desk.says(m.NewCall(CC, CUSTOMER))
    office.wall += 3600
    office.book._changed()
    await office.context.settle()
    assert office.beeps == 0
    office.desk.says(m.CancelCall(CC))
    await until(lambda: office.beeps == 1)


# ---------------------------------------------------------------- missed


async def test_a_missed_call_stands_in_it_once_for_each_number(office: Office) -> None:
    await missed(office)
    await missed(office, "again")
    await missed(office, "other", OTHER)
    assert sorted(row.number for row in office.rows) == [CUSTOMER, OTHER]
    assert {row.source for row in office.rows} == {CallbackSource.MISSED}
    assert office.context.snapshot.callbacks.due == 2


async def test_who_calls_again_and_is_answered_need_not_be_called(office: Office) -> None:
    await missed(office)
    await office.call("two")
    assert office.rows == ()


async def test_a_declined_call_is_not_missed(office: Office) -> None:
    office.desk.says(m.NewCall(CC, CUSTOMER))
    await office.commands.hang_up("")
    office.desk.says(m.CancelCall(CC))
    assert office.rows == ()


# ---------------------------------------------------------------- called


async def test_the_outcome_of_the_call_closes_it_and_the_next_one_stands_first(
    office: Office,
) -> None:
    office.plan("", OTHER)
    office.plan("", "12000000003")
    first, second = office.rows
    await office.dialled(first)
    assert first in office.rows
    office.wrapup.edit("Resolved", None)
    await office.wrapup.finish()
    assert office.rows == (second,)


async def test_nobody_answered_it_stays_behind_those_not_tried(office: Office) -> None:
    office.plan("", OTHER)
    office.plan("", "12000000003")
    await office.dialled(office.rows[0], talk=None)
    assert [(row.number, row.tries) for row in office.rows] == [("12000000003", 0), (OTHER, 1)]


async def test_without_a_write_up_an_answered_call_closes_it(office: Office) -> None:
    office.wrapup.mode = WrapUpMode.OFF
    office.plan("", OTHER)
    await office.dialled(office.rows[0])
    assert office.rows == ()


async def test_call_back_again_moves_the_same_one(office: Office) -> None:
    office.plan("", OTHER)
    await office.dialled(office.rows[0])
    assert office.plan("16:00") == "callback.planned"
    await office.wrapup.finish()
    (row,) = office.rows
    assert row.due == NOW + 118 * 60


async def test_it_is_not_dialled_in_a_call_and_one_that_is_gone_says_so(office: Office) -> None:
    office.plan("", OTHER)
    (row,) = office.rows
    office.desk.says(m.NewCall(CC, CUSTOMER))
    refused = await office.book.dial(row.id)
    assert refused.message is not None
    assert refused.message.id == "history.in_call"
    office.desk.says(m.CancelCall(CC))
    assert office.book.close(row.id, "Wrong number").ok
    gone = await office.book.dial(row.id)
    assert gone.message is not None
    assert gone.message.id == "callback.gone"


# ---------------------------------------------------------------- a list


def test_a_list_is_read_whatever_wrote_it() -> None:
    found = parse("Phone;Name;City\n120 0000-0001;Wang Fang;Wuxi\n\n;none;\n'+8612000000002;Li;\n")
    assert found.lines == (
        NumberRow("12000000001", "Wang Fang", "Wuxi"),
        NumberRow("12000000002", "Li"),
    )
    assert (found.skipped, found.first_skipped) == (1, 4)


def test_without_a_head_the_first_column_is_the_number() -> None:
    assert parse("12000000001,Li,wants a call\n").lines == (
        NumberRow("12000000001", "Li", "wants a call"),
    )
    assert parse("号码,姓名,回访时间\n12000000001,李明,明天10点\n").lines == (
        NumberRow("12000000001", "李明", "", "明天10点"),
    )


def test_a_file_without_numbers_says_so() -> None:
    with pytest.raises(NumbersFileError) as caught:
        parse("name\nLi\n")
    assert caught.value.message_id == "callbacks.no_numbers"


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig", "utf-16"])
async def test_a_list_becomes_rows_in_its_order_and_is_not_read_in_twice(
    office: Office, tmp_path: Path, encoding: str
) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes("号码,姓名\n12000000001,李明\n12000000002,\nx,\n".encode(encoding))
    result = await office.book.take_in(str(file))
    assert result.ok
    assert result.code == 2
    assert result.message is not None
    assert result.message.id == "callbacks.imported_some"
    assert [(row.number, row.name, row.list) for row in office.rows] == [
        ("12000000001", "李明", "list.csv"),
        ("12000000002", "", "list.csv"),
    ]
    assert (await office.book.take_in(str(file))).code == 0
    assert office.context.snapshot.callbacks.due == 0


@pytest.mark.parametrize(
    ("name", "says"), [("none.csv", "callbacks.no_file"), ("", "callbacks.unreadable")]
)
async def test_a_file_that_is_none_says_so_and_where_it_was_looked_for(
    office: Office, tmp_path: Path, name: str, says: str
) -> None:
    result = await office.book.take_in(str(tmp_path / name))
    assert result.message is not None
    assert result.message.id == says
    assert dict(result.message.values)["file"] == str(tmp_path / name)


async def test_a_list_that_is_too_long_is_read_as_far_as_there_is_room(
    office: Office, tmp_path: Path
) -> None:
    file = tmp_path / "long.csv"
    file.write_text("\n".join(f"12{n:09}" for n in range(MOST_OPEN + 10)))
    result = await office.book.take_in(str(file))
    assert result.code == MOST_OPEN
    assert result.message is not None
    assert dict(result.message.values)["left"] == "10"
    assert office.plan("", OTHER) == "callbacks.full"


# ---------------------------------------------------------------- kept


async def test_the_book_survives_signing_out_and_tells_what_is_due_then(office: Office) -> None:
    office.plan("15:00", OTHER)
    await missed(office)
    office.plan("", "12000000003")
    assert office.book.close(office.rows[1].id, "Resolved").ok
    before = office.rows
    await office.again()
    assert office.rows == before
    assert office.reminders[-1] == "callbacks.waiting"


async def test_what_is_masked_is_masked_here_and_is_still_called(office: Office) -> None:
    office.book._mask = True
    office.plan("", OTHER)
    (row,) = office.rows
    assert row.number == "120••••0002"
    assert office.book.page("0000", 1).total == 0
    assert (await office.book.dial(row.id)).ok
    assert isinstance(office.desk.sent[-1], m.DialOutside)
    assert office.desk.sent[-1].number == OTHER


async def test_a_damaged_file_gives_up_the_call_backs_that_can_be_read(office: Office) -> None:
    office.plan("", OTHER)
    await office.context.settle()
    history = office.workday.history
    assert history is not None
    await history._run(lambda: history._file._begin_anew(ValueError("damaged")))
    assert [row.number for row in await history.open_callbacks()] == [OTHER]

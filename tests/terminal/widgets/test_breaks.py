"""The busy key where the config names breaks, and what the console shows of one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.terminal import scripted_port as s
from tui.config.schema import Config, UiSettings
from tui.port import replace
from tui.port.commands import GetHistory, Result, SetStatus
from tui.port.events import CallChanged, SeatChanged
from tui.port.machines.seat_machine import Status
from tui.port.snapshot import SeatStatus
from tui.port.values import (
    BREAK,
    HistoryEntry,
    HistoryPage,
    StatusWanted,
    WrapUp,
    WrapUpMode,
    message,
)
from tui.port.work import BreakChoice, TakenBreak
from tui.port.work_commands import TakeBreak

BREAKS = (BreakChoice("lunch", "Lunch", 45.0), BreakChoice("coffee", "Coffee"))
IDLE = replace(s.IDLE, breaks=BREAKS)
LUNCH = SeatStatus(
    Status.BUSY,
    since=s.NOW,
    reason=message("seat.break", name="Lunch"),
    taken=TakenBreak("lunch", "Lunch", "L1", s.NOW, s.NOW + 2700),
)


async def test_without_breaks_the_key_is_plain_busy(console: Any) -> None:
    async with console() as c:
        await c.press("f9")
        assert c.port.sent == [SetStatus(StatusWanted.BUSY)]


async def test_with_breaks_the_key_asks_which_and_a_digit_takes_one(console: Any) -> None:
    async with console(IDLE) as c:
        await c.press("f9")
        assert "1  Lunch   45 min" in c.screen_text
        assert "2  Coffee" in c.screen_text
        assert c.port.sent == []
        await c.press("2")
        assert c.port.sent == [TakeBreak("coffee")]


async def test_a_digit_that_is_nobodys_takes_nothing(console: Any) -> None:
    async with console(IDLE) as c:
        await c.press("f9", "3", "9")
        assert "2  Coffee" in c.screen_text
        assert c.port.sent == []


async def test_the_key_and_the_digit_in_one_burst_mean_the_break(console: Any) -> None:
    async with console(IDLE) as c:
        await c.burst("f9", "1")
        await c.rest()
        assert c.port.sent == [TakeBreak("lunch")]


@pytest.mark.parametrize(("key", "sent"), [("0", [SetStatus(StatusWanted.BUSY)]), ("escape", [])])
async def test_zero_is_busy_without_a_break_and_escape_is_nothing(
    console: Any, key: str, sent: list[object]
) -> None:
    async with console(IDLE) as c:
        await c.press("f9", key)
        assert c.port.sent == sent


async def test_a_call_takes_the_question_away(console: Any) -> None:
    async with console(IDLE) as c:
        await c.press("f9")
        await c.happen(CallChanged(s.RINGING))
        assert "45 min" not in c.screen_text


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_every_break_can_be_read_in_a_small_terminal(
    console: Any, size: tuple[int, int]
) -> None:
    async with console(IDLE, size=size) as c:
        await c.press("f9")
        assert "1  Lunch" in c.screen_text
        assert "2  Coffee" in c.screen_text


async def test_the_heading_names_the_break_and_until_when_it_may_last(console: Any) -> None:
    async with console(replace(IDLE, seat=LUNCH)) as c:
        assert "Lunch until 14:47" in c.line("BUSY")
        c.clock.now += 2701
        await c.happen(SeatChanged(with_seat(LUNCH)))
        assert "Lunch over since 14:47" in c.line("BUSY")
        await c.press("f9")
        assert c.port.sent == [SetStatus(StatusWanted.IDLE)]


def with_seat(seat: SeatStatus) -> SeatStatus:
    """The same seat, said again."""
    return replace(seat, unconfirmed=())


async def test_it_speaks_chinese(console: Any) -> None:
    config = Config(ui=UiSettings(language="zh"))
    async with console(replace(IDLE, seat=LUNCH), config=config) as c:
        assert "至 14:47" in c.screen_text


async def test_a_break_stands_in_the_history_and_is_never_called(console: Any) -> None:
    entry = HistoryEntry(
        1, s.WALL - 600, "", False, talk_time=300.0, name="Lunch", kind=BREAK,
        reason="break.too_long",
    )  # fmt: skip
    async with console(IDLE) as c:
        c.port.answers[GetHistory] = lambda command: Result(True, value=HistoryPage((entry,), 1))
        await c.press("f10")
        assert "Break" in c.line("Lunch")
        assert "5:00" in c.line("Lunch")
        assert "too long" in c.line("Lunch")
        await c.press("enter")
        assert "withheld" not in c.screen_text


async def test_a_write_up_can_end_in_a_break(console: Any) -> None:
    wrapup = WrapUp(
        entry=1,
        number="12000000001",
        outgoing=False,
        talk_time=1.0,
        ended=None,
        began=s.NOW,
        until=None,
        mode=WrapUpMode.OPTIONAL,
    )
    async with console(replace(IDLE, wrapup=wrapup)) as c:
        c.app.do("break")
        await c.settle()
        await c.press("1")
        assert TakeBreak("lunch") in c.port.sent

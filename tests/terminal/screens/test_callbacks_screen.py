"""The list of whom to call: shown, dialled from, moved, closed, read in; and when to call back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.terminal import scripted_port as s
from tests.waiting import until
from tui.config.schema import Config, UiSettings
from tui.port import replace
from tui.port.commands import EditWrapUp, KeepWrapUpOpen, Result
from tui.port.events import CallbacksChanged, CallChanged, CallRemoved, WrapUpChanged
from tui.port.values import WrapUp, WrapUpMode, message
from tui.port.work import Callback, CallbackPage, Callbacks, CallbackSource
from tui.port.work_commands import (
    CloseCallback,
    DialCallback,
    GetCallbacks,
    ImportCallbacks,
    PlanCallback,
)

ROWS = (
    Callback(1, "12000000001", CallbackSource.AGREED, s.WALL - 60, "Wang Fang", "wants a price"),
    Callback(2, "12000000002", CallbackSource.MISSED, made=s.WALL - 3600),
    Callback(3, "12000000003", CallbackSource.LIST, name="Li", tries=2, list="list.csv"),
    Callback(4, "12000000004", CallbackSource.AGREED, s.WALL + 86400),
)
COUNTS = Callbacks(due=2, open=4, changes=1)
SNAPSHOT = replace(s.IDLE, callbacks=COUNTS)
WRAPUP = WrapUp(
    entry=7,
    number="12000000001",
    outgoing=False,
    talk_time=30.0,
    ended=message("ended.25", code=25),
    began=s.NOW,
    until=None,
    mode=WrapUpMode.OPTIONAL,
    outcomes=("Resolved", "Call back", "Complaint"),
    call_back="Call back",
)


def book(port: s.ScriptedPort, rows: tuple[Callback, ...] = ROWS) -> None:
    """Answer as the engine's book does."""

    def answer(command: GetCallbacks) -> Result:
        start = (command.page - 1) * 50
        return Result(True, value=CallbackPage(rows[start : start + 50], len(rows), command.page))

    port.answers[GetCallbacks] = answer


async def test_the_list_shows_who_when_and_why(console: Any) -> None:
    async with console(SNAPSHOT) as c:
        assert "2 to call back" in c.line("IDLE")
        book(c.port)
        await c.press("ctrl+d")
        await c.rest()
        assert "4 in all" in c.screen_text
        assert "14:01" in c.line("120 0000 0001")
        assert "Wang Fang" in c.line("120 0000 0001")
        assert "missed 13:02" in c.line("120 0000 0002")
        assert "any time" in c.line("120 0000 0003")
        assert "tried 2×" in c.line("120 0000 0003")
        assert "01-03 14:02" in c.line("120 0000 0004")
        await c.press("escape")
        assert "4 in all" not in c.screen_text


async def test_one_key_dials_and_after_the_write_up_the_next_is_shown(console: Any) -> None:
    async with console(SNAPSHOT) as c:
        book(c.port)
        await c.press("ctrl+d")
        await c.rest()
        await c.press("1")
        await c.rest()
        assert c.port.sent[-1] == DialCallback(1)
        assert "4 in all" not in c.screen_text
        call = replace(s.TALKING, number="12000000001", outgoing=True)
        await c.happen(CallChanged(call))
        over = replace(s.ENDED, number="12000000001")
        await c.happen(CallChanged(over), WrapUpChanged(WRAPUP))
        assert "in all" not in c.screen_text
        book(c.port, ROWS[1:])
        await c.happen(
            CallbacksChanged(Callbacks(1, 3, 2)), WrapUpChanged(None), CallRemoved(over.key)
        )
        await c.rest()
        assert "3 in all" in c.screen_text
        assert "120 0000 0002" in c.line("▸")


async def test_a_call_that_could_not_be_made_leaves_the_list_there_and_says_why(
    console: Any,
) -> None:
    async with console(SNAPSHOT) as c:
        book(c.port)
        c.port.answers[DialCallback] = lambda command: Result(False, message("engine.line_lost"))
        await c.press("ctrl+d")
        await c.rest()
        await c.press("enter")
        await c.rest()
        assert "4 in all" in c.screen_text
        assert c.app.view.notice == message("engine.line_lost")


async def test_a_row_is_closed_and_moved_by_digits(console: Any) -> None:
    async with console(SNAPSHOT) as c:
        book(c.port)
        await c.press("ctrl+d")
        await c.rest()
        await c.press("down", "3")
        await c.rest()
        assert CloseCallback(2) in c.port.sent
        await c.press("2", *"+30", "enter")
        await c.rest()
        assert PlanCallback("+30", id=2) in c.port.sent


async def test_a_call_that_rings_takes_the_list_away(console: Any) -> None:
    async with console(SNAPSHOT) as c:
        book(c.port)
        await c.press("ctrl+d")
        await c.rest()
        await c.happen(CallChanged(s.RINGING))
        assert "in all" not in c.screen_text


async def test_a_long_list_is_asked_for_by_pages_as_the_mark_goes_on(console: Any) -> None:
    rows = tuple(Callback(n, f"12{n:09}", CallbackSource.LIST) for n in range(1, 121))
    async with console(SNAPSHOT) as c:
        book(c.port, rows)
        await c.press("ctrl+d")
        await c.rest()
        assert GetCallbacks("", 2) not in c.port.sent
        await c.press("end")
        await c.rest()
        assert GetCallbacks("", 2) in c.port.sent
        await c.press("end")
        await c.rest()
        await c.press("end")
        assert "120 0000 0120" in c.line("▸")


async def test_a_csv_is_read_in(console: Any) -> None:
    async with console(SNAPSHOT) as c:
        book(c.port)
        c.port.answers[ImportCallbacks] = lambda command: Result(
            True, message("callbacks.imported", n=12, file="list.csv"), 12
        )
        await c.press("ctrl+d")
        await c.rest()
        await c.press("4", *"list.csv", "enter")
        await c.rest()
        assert ImportCallbacks(str(Path("~/list.csv").expanduser())) in c.port.sent
        assert "list.csv: 12 numbers read in." in c.screen_text


# ---------------------------------------------------------------- when


async def test_the_outcome_call_back_asks_when(console: Any) -> None:
    async with console(replace(s.IDLE, wrapup=WRAPUP)) as c:
        c.clock.now += 1
        await c.press("2")
        assert EditWrapUp(outcome="Call back") in c.port.sent
        assert "When is 120 0000 0001 to be called back?" in c.screen_text
        c.port.answers[PlanCallback] = lambda command: Result(
            True, message("callback.planned", number="12000000001", name="", when="16:00")
        )
        await c.press(*"16", "enter")
        await c.rest()
        assert PlanCallback("16") in c.port.sent
        assert "to be called back?" not in c.screen_text


async def test_the_countdown_does_not_end_under_the_question(console: Any) -> None:
    timed = replace(WRAPUP, mode=WrapUpMode.TIMED, until=s.NOW + 20)
    async with console(replace(s.IDLE, wrapup=timed)) as c:
        c.clock.now += 1
        await c.press("2")
        await until(lambda: KeepWrapUpOpen() in c.port.sent)


async def test_walking_past_it_with_the_arrows_asks_nothing(console: Any) -> None:
    async with console(replace(s.IDLE, wrapup=WRAPUP)) as c:
        await c.press("right", "right")
        await c.happen(WrapUpChanged(replace(WRAPUP, outcome="Call back")))
        assert "to be called back?" not in c.screen_text
        await c.press("enter")
        assert "to be called back?" in c.screen_text


async def test_a_time_that_is_not_understood_is_said_and_asked_for_again(console: Any) -> None:
    async with console(replace(s.IDLE, wrapup=WRAPUP)) as c:
        c.port.answers[PlanCallback] = lambda command: Result(
            False, message("when.unclear", text=command.when)
        )
        c.clock.now += 1
        await c.press("2", *"soon", "enter")
        await c.rest()
        assert "“soon” is no time" in c.screen_text
        await c.press("escape")
        assert "to be called back?" not in c.screen_text


async def test_when_it_was_agreed_to_be_stands_in_the_write_up(console: Any) -> None:
    wrapup = replace(WRAPUP, outcome="Call back", call_at=s.WALL + 3600)
    async with console(replace(s.IDLE, wrapup=wrapup)) as c:
        assert "Call back 15:02" in c.screen_text
        await c.press("2")
        assert "to be called back?" not in c.screen_text, "it was asked already"


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_keys_of_the_list_and_its_mark_can_be_seen(
    console: Any, size: tuple[int, int], language: str
) -> None:
    config = Config(ui=UiSettings(language=language))
    async with console(SNAPSHOT, size=size, config=config) as c:
        book(c.port)
        await c.press("ctrl+d")
        await c.rest()
        assert "120 0000 0001" in c.line("▸")
        assert ("1 Call" if language == "en" else "1 呼叫") in c.screen_text


async def test_the_key_bar_names_its_key_while_there_is_somebody_to_call(console: Any) -> None:
    async with console(size=(120, 40)) as c:
        assert "Call-backs" not in c.keys
        await c.happen(CallbacksChanged(COUNTS))
        assert "^D Call-backs" in c.keys

"""Breaks, call-backs, actions of the agent's own and supervising, by words."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.plain.conftest import lines
from tests.terminal.scripted_port import IDLE, NOW, RINGING, WALL
from tests.waiting import until
from tui.config.schema import Config, HistorySettings
from tui.config.work import OwnAction
from tui.console.widgets.calls_before.history_terms import terms_of
from tui.port import replace
from tui.port.commands import Dial, ExportHistory, GetHistory, Result, Supervise
from tui.port.events import CallChanged, SeatChanged, SupervisionChanged
from tui.port.machines.seat_machine import Status
from tui.port.snapshot import SeatStatus
from tui.port.supervision import GroupCall, SuperviseHow, SuperviseState, Supervision
from tui.port.values import BREAK, Capability, HistoryEntry, HistoryPage, message
from tui.port.work import BreakChoice, Callback, CallbackPage, CallbackSource
from tui.port.work_commands import (
    CloseCallback,
    DialCallback,
    GetCallbacks,
    ImportCallbacks,
    PlanCallback,
    RunAction,
    TakeBreak,
)

BREAKS = (BreakChoice("lunch", "Lunch", 30), BreakChoice("coffee", "Coffee"))
ROW = Callback(7, "12000000001", CallbackSource.AGREED, name="Wang", note="about the invoice")
SUPERVISOR = replace(IDLE.account, can=(*IDLE.account.can, Capability.SUPERVISE))  # type: ignore[union-attr]
CALL = GroupCall("g1", "12000000009", "1005", NOW - 30, agent="1005")


async def test_a_break_is_chosen_by_its_digit_or_its_title() -> None:
    async with lines(replace(IDLE, breaks=BREAKS)) as desk:
        await desk.asks("idle>")
        desk.say("break")
        await desk.asks("1 Lunch. 2 Coffee. Enter: nothing.")
        desk.say("2")
        await until(lambda: TakeBreak("coffee") in desk.port.sent)
        desk.say("break lunch")
        await until(lambda: TakeBreak("lunch") in desk.port.sent)
        seat = SeatStatus(Status.BUSY, NOW, message("seat.break", name="Lunch"))
        desk.port.happen(SeatChanged(seat))
        await desk.shows("Busy.")
        await desk.shows("Lunch")


async def test_without_breaks_in_the_config_there_is_no_such_word() -> None:
    async with lines() as desk:
        await desk.asks("idle>")
        desk.say("break")
        await desk.shows("Not now: break.")


async def test_a_call_back_is_told_called_closed_and_put_off() -> None:
    async with lines() as desk:
        await desk.asks("idle>")
        page = CallbackPage((ROW,), 1)
        desk.port.answers = {GetCallbacks: lambda _: Result(True, value=page)}
        for digit, command in (("1", DialCallback(7)), ("2", CloseCallback(7))):
            desk.say("call-backs")
            await desk.asks("1 120 0000 0001, Wang. Enter: nothing.")
            desk.say("1")
            await desk.shows("Note: about the invoice.")
            await desk.asks("1 Call. 2 done with. 3 another time. Enter: nothing.")
            desk.say(digit)
            await until(partial(desk.port.sent.__contains__, command))
        desk.say("cb")
        await desk.asks("1 120 0000 0001, Wang. Enter: nothing.")
        desk.say("1")
        await desk.shows("3 another time.")
        desk.say("3")
        await desk.asks("When? +30, 14:30, tomorrow 10. Enter: no time.")
        desk.say("tomorrow 10")
        await until(lambda: PlanCallback("tomorrow 10", id=7) in desk.port.sent)


async def test_an_action_of_ones_own_is_run_by_its_name() -> None:
    config = Config(actions=(OwnAction(name="crm", title="Open the CRM"),))
    async with lines(config=config) as desk:
        await desk.asks("idle>")
        desk.say("do")
        await desk.asks("1 Open the CRM. Enter: nothing.")
        desk.say("1")
        await until(lambda: RunAction("crm", "") in desk.port.sent)


async def test_a_supervisor_listens_joins_and_leaves() -> None:
    snapshot = replace(IDLE, account=SUPERVISOR, group_calls=(CALL,))
    async with lines(snapshot) as desk:
        await desk.asks("idle>")
        desk.say("supervise")
        await desk.asks("1 1005 with 120 0000 0009. Enter: nothing.")
        desk.say("1")
        await desk.asks(
            "1005 with 120 0000 0009: 1 listen, unnoticed. 2 end it for all. Enter: nothing."
        )
        desk.say("1")
        await until(lambda: Supervise(SuperviseHow.LISTEN, "g1") in desk.port.sent)
        heard = Supervision(SuperviseState.LISTENING, "g1", "1005", "12000000009", NOW)
        desk.port.happen(SupervisionChanged(heard))
        await desk.shows("Listening: 1005 with 120 0000 0009. Nobody hears you.\nlistening> ")
        desk.say("supervise")
        await desk.shows("1 join. 2 leave it. 3 end it for all.")
        desk.say("3")
        await desk.asks("End the call for all? 1 yes. Enter: nothing.")
        desk.say("")
        desk.port.happen(SupervisionChanged(Supervision(outcome=message("supervise.over"))))
        await desk.shows("You are out of the call.")


async def test_who_is_calling_by_the_agents_own_list_stands_beside_the_number() -> None:
    async with lines() as desk:
        await desk.asks("idle>")
        desk.port.happen(CallChanged(replace(RINGING, known="Wang Fang, Gold")))
        await desk.shows("CALL from 120 0000 0001 Wang Fang, Gold")


async def test_an_export_has_words_and_goes_to_where_the_agent_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calls.csv").touch()
    config = Config(history=HistorySettings(csv_bom=True))
    async with lines(config=config) as desk:
        await desk.asks("idle>")
        desk.port.answers[ExportHistory] = lambda command: Result(
            True, message("history.exported", count=3, path=command.path)
        )
        desk.say("export calls.csv")
        await desk.shows(f"The history was written to {tmp_path / 'calls.csv'}: 3 calls.")
        (sent,) = (each for each in desk.port.sent if isinstance(each, ExportHistory))
        assert dict(sent.words)["ended.25"] == "The customer hung up."
        assert sent.bom
        desk.say("read in numbers.csv")
        await until(lambda: ImportCallbacks(str(tmp_path / "numbers.csv")) in desk.port.sent)


async def test_a_search_finds_the_missed_and_a_day_as_the_screen_does() -> None:
    async with lines() as desk:
        await desk.asks("idle>")
        desk.port.answers[GetHistory] = lambda command: Result(True, value=HistoryPage((), 0, 1))
        desk.say("history missed today")
        await desk.shows("Nothing found.")
        (sent,) = (each for each in desk.port.sent if isinstance(each, GetHistory))
        assert sent == GetHistory("missed today", 1, terms_of("missed today", WALL))
        assert [term.missed for term in sent.terms] == [True, False]


async def test_a_break_of_the_history_is_said_to_be_one_and_is_no_number_to_call() -> None:
    async with lines() as desk:
        await desk.asks("idle>")
        taken = HistoryEntry(1, WALL - 900, "", False, talk_time=600.0, name="Lunch", kind=BREAK)
        desk.port.answers[GetHistory] = lambda _: Result(True, value=HistoryPage((taken,), 1, 1))
        desk.say("history")
        await desk.shows("1 Break, Lunch, ")
        desk.say("1")
        await desk.asks("idle>")
        assert "number" not in desk.fresh


async def test_a_number_that_is_none_is_for_the_phone_to_refuse_and_not_no_word() -> None:
    async with lines(IDLE) as desk:
        await desk.asks("idle>")
        desk.say("dial abc")
        await until(lambda: Dial("abc") in desk.port.sent)
        desk.say("shift")
        await desk.asks("idle>")
        desk.say("busy now")
        await desk.shows("Not understood: busy now.")


async def test_of_one_choice_no_range_is_named() -> None:
    async with lines(replace(IDLE, breaks=BREAKS[:1])) as desk:
        await desk.asks("idle>")
        desk.say("break")
        await desk.asks("1 Lunch. Enter: nothing.")
        desk.say("9")
        await desk.shows("That is no choice. 1, or Enter.")

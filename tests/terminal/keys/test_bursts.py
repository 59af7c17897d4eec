"""Keys in one burst: each goes to the screen that the one before it led to, none is lost, and none
means what it did not mean when it was pressed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from textual.events import Key
from textual.screen import Screen

from tests.terminal import scripted_port as s
from tests.terminal.scripted_history import history
from tests.terminal.threeway import JOINED, called, three
from tests.waiting import until
from tui.console.keys.key_order import KeyOrder
from tui.console.screens.directory.pane import DirectoryPane
from tui.port import replace
from tui.port.commands import (
    Answer,
    Command,
    Dial,
    DropThird,
    EditNote,
    EndForAll,
    GetGroupMembers,
    GetGroups,
    GetHistory,
    HangUp,
    Hold,
    Mute,
    Result,
    SendDigits,
    SetStatus,
    SignOut,
    Threeway,
    Transfer,
)
from tui.port.events import CallChanged
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Call, Snapshot
from tui.port.values import StatusWanted, ThirdKind, message

READS = (GetGroups, GetGroupMembers, GetHistory)


def sent(c) -> list[Command]:
    """What was sent but the reading of lists; of a note the last."""
    found: list[Command] = []
    for each in c.port.sent:
        if isinstance(each, EditNote) and found and isinstance(found[-1], EditNote):
            found.pop()
        if not isinstance(each, READS):
            found.append(each)
    return found


def named(given: object) -> str:
    """Of a case its keys."""
    keys = [each for each in given if isinstance(each, str)] if isinstance(given, list) else []
    return " ".join(keys)


def shown(call: Call | None) -> Snapshot:
    return s.IDLE if call is None else s.with_call(call)


@pytest.mark.parametrize(
    ("call", "keys", "commands"),
    [
        (s.RINGING, ["f5", "f8"], [Answer()]),
        (s.RINGING, ["f5", *"ok", "f8", "f12"], [Answer()]),
        (s.TALKING, ["f8", "enter", "escape"], [HangUp()]),
        (s.TALKING, ["f7", "f6"], [Mute(True), Hold()]),
        (s.TALKING, ["8", "0", "#"], [SendDigits(each) for each in "80#"]),
        (s.TALKING, [*"tea", "f8"], [EditNote("tea", "1"), HangUp()]),
        (s.TALKING, [*"tea", "escape", "5"], [EditNote("tea", "1"), SendDigits("5")]),
        (s.TALKING, ["comma", *"80", "enter", "5"], [SendDigits("80"), SendDigits("5")]),
        (three(JOINED), ["f8", "2"], [DropThird()]),
        (three(JOINED), ["f8", "1"], [EndForAll()]),
        (three(JOINED), ["f8", "enter", "enter", "f8"], []),
        (None, ["f2", *"1002", "enter"], [Dial("1002")]),
        (None, [*"1002", "enter", "enter"], [Dial("1002")]),
        (None, ["f2", "7", "escape", "8", "enter"], [Dial("8")]),
        (None, ["f10", "down", "escape"], []),
        (None, ["ctrl+q", "enter", "f9"], [SetStatus(StatusWanted.BUSY)]),
        (None, ["ctrl+q", "2"], [SignOut(end=True)]),
    ],
    ids=named,
)
async def test_a_burst_does_what_its_keys_say_in_turn(console, call, keys, commands) -> None:
    async with console(shown(call), port=called(s.ScriptedPort(shown(call)))) as c:
        c.clock.now += 1
        await c.burst(*keys)
        await until(lambda: len(sent(c)) >= len(commands), what=lambda: f"{sent(c)}")
        assert sent(c) == commands


@pytest.mark.parametrize(
    ("keys", "command"),
    [
        (["f4", *"1090", "enter", "1"], Threeway(ThirdKind.AGENT, "1090", "")),
        (["f4", *"1007", "enter", "2"], Threeway(ThirdKind.AGENT, "1007", "Wang Fang")),
        (["f4", *"1007", "enter", "1"], Transfer("1000000002", "1007", "Wang Fang")),
    ],
    ids=["1090", "1007-2", "1007-1"],
)
async def test_a_number_and_its_way_in_one_burst_are_about_that_number(
    console, keys, command
) -> None:
    account = replace(s.ACCOUNT, extension_start="1000", extension_end="1999")
    snapshot = replace(s.with_call(s.TALKING), account=account)
    async with console(port=called(s.ScriptedPort(snapshot))) as c:
        await c.press("f4", "escape")  # the people are known
        await c.burst(*keys)
        await until(lambda: sent(c), what=lambda: c.screen_text)
        assert sent(c) == [command]


async def test_redialling_out_of_the_history_wants_a_digit(console) -> None:
    async with console() as c:
        history(c.port)
        await c.press("f10", "down")
        await c.burst("enter", "enter")
        assert sent(c) == []
        await c.burst("enter", "1")
        assert sent(c) == [Dial("12000000002")]


async def test_hold_twice_in_a_burst_holds(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        await c.burst("f6")
        await c.happen(CallChanged(replace(s.TALKING, state=CallState.HOLDING)))
        await c.burst("f6")
        assert sent(c) == [Hold()]


async def test_text_does_not_overtake_a_key_that_is_on_its_way(console: Any) -> None:
    async with console(s.IDLE) as c:
        given: list[object] = []
        order = KeyOrder(c.app, given.append)
        first, enter, behind = (Key("a", "a"), Key("enter", None), Key("b", "b"))
        assert not order.hold(first, text=True)
        order.handed(text=True)
        assert order.hold(enter, text=False)
        await until(lambda: given == [enter])
        assert order.hold(behind, text=True)
        assert not order.hold(enter, text=False)


def slowly(work: Callable[..., object], seconds: float) -> Callable[..., object]:
    """The same, on a machine that takes so long for it."""

    def late(*given: object, **named: object) -> object:
        time.sleep(seconds)
        return work(*given, **named)

    return late


@pytest.mark.parametrize("seconds", [0.0, 0.05])
@pytest.mark.parametrize("key", ["f3", "f10"])
async def test_what_is_typed_behind_the_key_that_opens_a_list_is_all_in_its_field(
    console: Any, key: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it takes until the list is built, laid out and drawn."""
    monkeypatch.setattr(DirectoryPane, "compose", slowly(DirectoryPane.compose, seconds))
    monkeypatch.setattr(Screen, "_refresh_layout", slowly(Screen._refresh_layout, seconds))
    async with console(port=called(s.ScriptedPort(s.IDLE))) as c:
        history(c.port)
        await c.burst(key, *"wang")
        await c.rest()
        assert getattr(c.app.focused, "value", None) == "wang"


ANSWERING = replace(s.RINGING, state=CallState.ANSWERING)


@pytest.mark.parametrize("typed", ["hello", "wants 2 tickets", "发票"])
@pytest.mark.parametrize("opened", [(), ("f10", "escape"), ("f3", "escape")])
async def test_what_is_typed_behind_the_answer_is_the_note_however_late_that_is_confirmed(
    console: Any, typed: str, opened: tuple[str, ...]
) -> None:
    async with console(port=s.ScriptedPort(s.with_call(s.RINGING))) as c:
        history(c.port)
        await c.press(*opened)
        c.clock.now += 1
        await c.burst("f5", *typed[:3])
        assert sent(c) == [Answer()]
        await c.burst(*typed[3:])
        await c.happen(CallChanged(ANSWERING))
        await c.burst(*" now")
        await c.rest()
        assert sent(c)[-1] == EditNote(f"{typed} now", ANSWERING.key)


async def test_what_is_typed_behind_an_answer_that_is_refused_is_nothings(console: Any) -> None:
    async with console(port=s.ScriptedPort(s.with_call(s.RINGING))) as c:
        c.port.answers[Answer] = lambda _: Result(False, message("engine.refused"))
        c.clock.now += 1
        await c.burst("f5", *"hello")
        await c.happen(CallChanged(ANSWERING))
        await c.burst(*"hi")
        await c.rest()
        assert sent(c)[-1] == EditNote("hi", ANSWERING.key)


async def test_what_is_typed_behind_the_answer_of_a_call_that_went_is_nothings(
    console: Any,
) -> None:
    async with console(port=s.ScriptedPort(s.with_call(s.RINGING))) as c:
        c.clock.now += 1
        await c.burst("f5", *"hello")
        await c.happen(CallChanged(s.ENDED))
        other = replace(s.RINGING, key="2", state=CallState.ANSWERING)
        await c.happen(CallChanged(other))
        await c.rest()
        assert sent(c) == [Answer()]
        assert c.app.screen.wrapup.note.value == ""

"""Keys in one burst: each goes to the screen that the one before it led to, none is lost, and none
means what it did not mean when it was pressed."""

from __future__ import annotations

from typing import Any

import pytest
from textual.events import Key

from tests.terminal import scripted_port as s
from tests.terminal.screens.test_history_screen import history
from tests.terminal.screens.test_threeway_screen import JOINED, called, three
from tests.waiting import until
from tui.console.keys.key_order import KeyOrder
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
    SendDigits,
    SetStatus,
    SignOut,
    Threeway,
    Transfer,
)
from tui.port.events import CallChanged
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Call, Snapshot
from tui.port.values import StatusWanted, ThirdKind

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

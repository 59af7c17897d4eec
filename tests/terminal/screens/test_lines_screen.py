"""Lines of a phone of one's own: what stands where, and which line a key is for."""

from __future__ import annotations

import pytest

from tests.terminal import lines as own
from tests.terminal import scripted_port as s
from tests.terminal.conftest import Console
from tui.console.screens.console import ConsoleScreen
from tui.console.screens.dialogs.question import QuestionDialog
from tui.console.screens.dialogs.sip_transfer import LineChoices
from tui.console.screens.dialogs.target import TargetDialog
from tui.port import commands as c
from tui.port import replace
from tui.port.events import CallChanged, CallRemoved, MarkMoved, QuestionChanged
from tui.port.machines.call_machine import CallState, LineSound
from tui.port.values import Group, GroupPage, MemberPage, Question, QuestionKind, Seat, message


def rows_of(console: Console) -> list[str]:
    screen = console.app.screen_stack[0]
    assert isinstance(screen, ConsoleScreen)
    return str(screen.lines.text).splitlines()


async def test_one_call_needs_no_list_and_two_have_one(console) -> None:
    async with console(own.snapshot(own.TALKING)) as con:
        assert rows_of(con) == []
        assert "1002  Wang Fang" in con.screen_text
        await con.happen(CallChanged(own.WAITING))
        first, second = rows_of(con)
        assert first.split() == ["▸", "1", "talking", "0:10", "1002", "Wang", "Fang"]
        assert second.split()[:3] == ["2", "RINGS", "0:20"]
        assert "120 0000 0001" in second
        assert second.endswith("not verified")
        await con.happen(CallRemoved("2"))
        assert rows_of(con) == []


async def test_a_call_that_waits_moves_no_mark_and_the_keys_stay_with_the_marked_one(
    console,
) -> None:
    async with console(own.snapshot(own.TALKING)) as con:
        await con.happen(CallChanged(own.WAITING))
        con.clock.now += 5
        assert "TALKING" in con.screen_text
        await con.press("f5")
        assert con.port.sent == []  # what is marked does not ring
        await con.press("f8")
        assert con.port.sent == [c.HangUp("line-1")]


async def test_what_is_said_of_a_call_that_rings_there_stands_in_its_panel(console) -> None:
    said = message("line.queued", info="3 ahead")
    calling = replace(own.TALKING, state=CallState.PROCEEDING, answered=None, outcome=said)
    async with console(own.snapshot(calling)) as con:
        assert "It waits in a queue there. (3 ahead)" in con.screen_text
        says = message("line.says", words="[b]5 minutes")
        await con.happen(CallChanged(replace(calling, outcome=says)))
        assert "The other side says: [b]5 minutes" in con.screen_text


@pytest.mark.parametrize("size", [(1, 1), (3, 60), (20, 5), (300, 2)])
async def test_no_terminal_is_too_small_to_come_back_from_with_whatever_is_open(
    console, size: tuple[int, int]
) -> None:
    async with console(own.snapshot(own.TALKING), size=size) as con:
        await con.happen(CallChanged(own.WAITING))
        for key in ("f1", "f4", "ctrl+l", "ctrl+g", "ctrl+q"):
            await con.press(key)
            await con.press("escape")
        await con.pilot.resize_terminal(80, 24)
        await con.press("f1")
        assert "Keys" in con.screen_text


async def test_no_platform_is_said_to_hand_a_line_over(console) -> None:
    handed = replace(own.TALKING, transfer="1007")
    async with console(own.snapshot(handed)) as con:
        assert "The call is being handed to 1007…" in con.screen_text


async def test_on_hold_no_platform_is_said_to_play_a_prompt(console) -> None:
    async with console(own.snapshot(own.HELD, marked="2")) as con:
        assert "On hold: they do not hear you." in con.screen_text
        assert "prompt" not in con.screen_text


async def test_keys_move_the_mark_and_then_act_there(console) -> None:
    async with console(own.snapshot(own.TALKING, own.WAITING)) as con:
        await con.press("down")
        assert con.port.sent.pop() == c.MarkLine("2")
        await con.happen(MarkMoved("2"))
        con.clock.now += 5
        assert rows_of(con)[1].startswith("▸ 2")
        await con.press("down")
        assert con.port.sent == []  # there is no line below
        await con.press("f5")
        assert con.port.sent.pop() == c.Answer("line-2")
        await con.press("f8")
        assert con.port.sent == []  # too soon after F5 to be meant
        con.clock.now += 5
        await con.press("f8")
        assert con.port.sent.pop() == c.HangUp("line-2")
        await con.press("ctrl+k")
        assert con.port.sent.pop() == c.MarkLine("1")
        await con.press("up")
        assert con.port.sent.pop() == c.MarkLine("1")


async def test_hold_mute_and_tones_are_for_the_marked_line(console) -> None:
    async with console(own.snapshot(own.TALKING, own.HELD)) as con:
        await con.press("f6", "f7", "5")
        assert con.port.sent == [
            c.Hold("line-1"),
            c.Mute(True, "line-1"),
            c.SendDigits("5", "line-1"),
        ]
        con.port.sent.clear()
        await con.happen(MarkMoved("2"))
        await con.press("f6")
        assert con.port.sent == [c.Resume("line-2")]


async def test_lines_are_joined_and_parted(console) -> None:
    async with console(own.snapshot(own.TALKING, own.HELD)) as con:
        await con.press("ctrl+u")
        assert con.port.sent.pop() == c.JoinLines(True)
        await con.happen(
            CallChanged(replace(own.TALKING, line_sound=LineSound.JOINED)),
            CallChanged(replace(own.HELD, state=CallState.TALKING, line_sound=LineSound.JOINED)),
        )
        assert "TOGETHER" in con.screen_text
        assert [row.split()[-5] for row in rows_of(con)] == ["together", "together"]
        assert "the others stay with you" in con.screen_text
        con.clock.now += 1
        await con.press("ctrl+u")
        assert con.port.sent.pop() == c.JoinLines(False)


async def test_there_is_nothing_to_mark_or_join_at_a_platform(console) -> None:
    async with console(s.with_call(s.TALKING)) as con:
        await con.press("down", "ctrl+k", "ctrl+u")
        assert con.port.sent == []
        await con.press("f6")
        assert con.port.sent == [c.Hold("")]


async def test_what_the_peer_does_is_said(console) -> None:
    calling = own.call(1, CallState.PROCEEDING, outgoing=True)
    async with console(own.snapshot(calling)) as con:
        assert "It rings there." in con.screen_text
        await con.happen(CallChanged(replace(calling, line_sound=LineSound.EARLY)))
        assert "what you hear comes from the network" in con.screen_text
        await con.happen(CallChanged(replace(own.TALKING, line_sound=LineSound.PEER_HOLDS)))
        assert "They hold you" in con.screen_text
        await con.happen(CallChanged(replace(own.TALKING, verified=False)))
        assert "who it is, is the caller's word" in con.screen_text


async def test_a_second_call_is_dialled_beside_the_first_and_a_fifth_is_not(console) -> None:
    async with console(own.snapshot(own.TALKING)) as con:
        await con.press("f2", *"bob", "enter")
        assert con.port.sent == [c.Dial("bob")]
        for line in (2, 3, 4):
            await con.happen(CallChanged(own.call(line, CallState.HOLDING)))
        await con.press("f2")
        assert not con.app.view.dialling


async def test_the_arrows_bring_back_what_was_called_before(console) -> None:
    recent = tuple(
        replace(s.RECENT[1], number=number, outgoing=number != "1009")
        for number in ("1007", "1009", "1008", "1007", "120••••0001")
    )
    async with console(replace(own.FREE, recent=recent)) as con:
        await con.press("f2", "up")
        field = con.app.screen.panel.dial
        assert field.value == "1007"
        await con.press("up")
        assert field.value == "1008"
        await con.press("up")
        assert field.value == "1008"
        await con.press("down", "down")
        assert field.value == ""
        await con.press("up", "enter")
        assert con.port.sent == [c.Dial("1007")]


# ---------------------------------------------------------------- handing over


def with_people(console_port: s.ScriptedPort) -> s.ScriptedPort:
    group = Group("friends", "After-sales")
    console_port.answers[c.GetGroups] = lambda _: c.Result(True, value=GroupPage(1, 1, 1, (group,)))
    seats = (Seat("1007", "Wu Di"),)
    console_port.answers[c.GetGroupMembers] = lambda _: c.Result(
        True, value=MemberPage("friends", "After-sales", 1, 1, 1, seats)
    )
    return console_port


@pytest.mark.parametrize(
    ("keys", "command"),
    [
        (("enter", "1"), c.ConnectLines("line-1", "line-2")),
        (("enter", "2"), c.JoinLines(True)),
        ((*"wu", "enter", "1"), c.Transfer("", "1007", "Wu Di", "line-1")),
        ((*"wu", "enter", "2"), c.Dial("1007")),
        ((*"12000000007", "enter", "1"), c.Transfer("", "12000000007", "12000000007", "line-1")),
        (
            (*"bob@example.org", "enter", "1"),
            c.Transfer("", "bob@example.org", "bob@example.org", "line-1"),
        ),
    ],
    ids=["connect", "join", "blind", "ask-first", "number", "address"],
)
async def test_a_call_is_handed_to_a_line_a_colleague_or_a_number(console, keys, command) -> None:
    port = with_people(s.ScriptedPort(own.snapshot(own.TALKING, own.HELD)))
    async with console(port=port) as con:
        await con.press("f4")
        assert isinstance(con.app.screen, TargetDialog)
        assert isinstance(con.app.screen.choices, LineChoices)
        assert "line 2" in con.screen_text.split("whom?")[1]
        port.sent.clear()
        await con.press(*keys)
        assert port.sent[-1:] == [command]


async def test_only_a_line_that_is_up_can_be_connected(console) -> None:
    port = with_people(s.ScriptedPort(own.snapshot(own.TALKING, own.WAITING)))
    async with console(port=port) as con:
        await con.press("f4")
        assert "line 2" not in con.screen_text.split("whom?")[1]


async def test_what_will_happen_is_said_before_it_does(console) -> None:
    port = with_people(s.ScriptedPort(own.snapshot(own.TALKING, own.HELD)))
    async with console(port=port) as con:
        await con.press("f4", "enter")
        assert "are put through to each other" in con.screen_text
        assert "All lines become one conversation here" in con.screen_text
        await con.press("down", "down")
        assert "are put through to each other" not in con.screen_text
        assert "All lines become one conversation here" in con.screen_text


# ---------------------------------------------------------------- what a peer wants


REFER = Question(QuestionKind.REFER, "1", "19000000001", "Wang Fang")


@pytest.mark.parametrize(("key", "yes"), [("1", True), ("enter", False), ("escape", False)])
async def test_nobody_is_called_for_a_peer_unless_the_agent_says_so(
    console, key: str, yes: bool
) -> None:
    async with console(own.snapshot(own.TALKING)) as con:
        await con.happen(QuestionChanged(REFER))
        assert "Wang Fang wants you to call 190 0000 0001" in con.screen_text
        assert con.port.sent == []
        con.clock.now += 1
        await con.press(key)
        assert con.port.sent == [c.AnswerQuestion(yes)]
        assert not isinstance(con.app.screen, QuestionDialog)


async def test_a_key_on_its_way_does_not_answer_a_question(console) -> None:
    async with console(own.snapshot(own.TALKING)) as con:
        await con.happen(QuestionChanged(REFER))
        for key in ("enter", "escape", "1"):
            await con.press(key)
        assert con.port.sent == []
        assert isinstance(con.app.screen, QuestionDialog)


async def test_whoever_types_on_does_not_answer_a_question(console) -> None:
    async with console(own.snapshot(own.TALKING)) as con:
        await con.happen(QuestionChanged(REFER))
        for key in "yes, 1 now":
            con.clock.now += 0.3
            await con.press(key)
        con.clock.now += 0.3
        await con.press("enter")
        assert con.port.sent == []
        assert isinstance(con.app.screen, QuestionDialog)


async def test_a_question_that_is_over_goes_unanswered(console) -> None:
    async with console(own.snapshot(own.TALKING)) as con:
        await con.happen(QuestionChanged(replace(REFER, kind="redirect")))
        assert "is said to be at 190 0000 0001 now" in con.screen_text
        await con.happen(QuestionChanged(None))
        assert not isinstance(con.app.screen, QuestionDialog)
        assert con.port.sent == []

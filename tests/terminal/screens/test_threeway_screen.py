"""Transfer and the three-way call by their keys: whom, how, what the panel says, who stays."""

from __future__ import annotations

import pytest

from tests.terminal import scripted_port as s
from tests.terminal.threeway import JOINED, WANG, called, three
from tests.waiting import until
from tui.config.schema import Config, UiSettings
from tui.console.i18n import tr
from tui.console.screens.dialogs.target import TargetDialog
from tui.console.view import View
from tui.console.widgets.call.panel import HEIGHT, describe
from tui.console.widgets.formats import Clocks
from tui.console.widgets.room import fitting
from tui.port import replace
from tui.port.commands import (
    DropThird,
    EndForAll,
    GetGroupMembers,
    GetGroups,
    HangUp,
    Hold,
    Result,
    SendDigits,
    SignOut,
    Threeway,
    Transfer,
)
from tui.port.events import CallChanged, ConnectionChanged
from tui.port.machines.call_machine import ThirdState
from tui.port.snapshot import Call, Tones
from tui.port.values import (
    Capability,
    Connection,
    ConnectionState,
    ThirdKind,
    message,
)


def asked(c) -> list[object]:
    """What was sent but the reading of the directory."""
    return [each for each in c.port.sent if not isinstance(each, GetGroups | GetGroupMembers)]


def people(c) -> list[str]:
    """The lines of the search, top to bottom."""
    return [line.strip("▸ ") for line in c.app.screen.people.text.splitlines() if line.strip()]


async def test_f4_lists_the_idle_first_and_not_oneself(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        called(c.port)
        await c.press("f4")
        lines = people(c)
        assert lines[0].startswith("1007    Wang Fang")
        assert lines[1].startswith("After-sales")
        assert lines[-1].startswith("1002    Zhao Lei")
        assert not [line for line in lines if "Li Ming" in line]


async def test_typing_searches_names_extensions_and_groups(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        called(c.port)
        await c.press("f4", *"wang")
        assert [line[:4] for line in people(c)] == ["1007", "1005"]
        await c.press("ctrl+u", *"1012")
        assert [line[:4] for line in people(c)] == ["1012"]
        await c.press("ctrl+u", *"nobody")
        assert "Nobody is called that" in c.screen_text


async def test_a_transfer_says_what_will_happen_and_needs_group_and_extension(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        called(c.port)
        await c.press("f4", *"wang f", "enter")
        assert "1007 Wang Fang: how?" in c.screen_text
        assert "gets the call from 120 0000 0001, and you are out of it" in c.screen_text
        await c.press("1")
        assert asked(c) == [Transfer("1000000002", "1007", "Wang Fang")]


@pytest.mark.parametrize("who", ["1007", "after-sales", "12000000009"])
async def test_what_is_marked_first_hands_nothing_over_and_calls_nobody(console, who) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        called(c.port)
        await c.press("f4", *who, "enter")
        await c.press("enter")
        assert asked(c) == []
        assert "how?" not in c.screen_text


async def test_keys_of_one_burst_go_each_to_the_screen_that_the_one_before_led_to(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        called(c.port)
        await c.press("f4", "escape")  # the people are known
        await c.burst("f4", *"1007", "enter", "2")
        await until(lambda: not isinstance(c.app.screen, TargetDialog), what=lambda: c.screen_text)
        (command,) = asked(c)
        assert "1007" in str(command)


async def test_an_agent_is_brought_in(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        called(c.port)
        await c.press("f4", *"1007", "enter", "down", "down")
        assert "Then all three talk." in c.screen_text
        await c.press("enter")
        assert asked(c) == [Threeway(ThirdKind.AGENT, "1007", "Wang Fang")]


async def test_a_group_is_only_brought_in(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        called(c.port)
        await c.press("f4", *"after-sales")
        await c.press("down", "enter")
        assert "Transfer the call away" not in c.screen_text
        assert "Only to an agent" in c.screen_text
        await c.press("1")
        assert asked(c) == [Threeway(ThirdKind.GROUP, "1000000002", "After-sales")]


async def test_an_outside_number_is_brought_in_with_the_hint_on_mobile_phones(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        called(c.port)
        await c.press("f4", *"120-0000 0009")
        assert people(c) == ["Outside number 120 0000 0009"]
        await c.press("enter")
        assert "Some mobile phones" in c.screen_text
        await c.press("1")
        assert asked(c) == [Threeway(ThirdKind.OUTSIDE, "12000000009", "12000000009")]


async def test_an_extension_that_the_list_does_not_hold_is_no_outside_number(console) -> None:
    account = replace(s.ACCOUNT, extension_start="1000", extension_end="1999")
    async with console(replace(s.with_call(s.TALKING), account=account)) as c:
        called(c.port)
        await c.press("f4", *"1004", "enter", "1")
        assert asked(c) == [Threeway(ThirdKind.AGENT, "1004", "")]


async def test_an_internal_call_is_not_offered_for_transfer(console) -> None:
    async with console(s.with_call(replace(s.TALKING, internal=True))) as c:
        called(c.port)
        await c.press("f4", *"1007", "enter")
        assert "Transfer the call away" not in c.screen_text
        assert "An internal call cannot be transferred." in c.screen_text


async def test_escape_goes_from_how_to_whom_and_then_out(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        called(c.port)
        await c.press("f4", *"1007", "enter", "escape")
        assert "whom?" in c.screen_text
        await c.press("escape")
        assert "whom?" not in c.screen_text
        assert asked(c) == []


async def test_a_refused_third_party_is_said_and_the_call_is_still_there(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        called(c.port)
        c.port.answers[Threeway] = lambda command: Result(
            False, message("threeway.refused", info="坐席不空闲"), 1
        )
        await c.press("f4", *"1007", "enter", "2")
        assert "The platform refused: 坐席不空闲" in c.screen_text
        assert "TALKING 3:21" in c.screen_text
        failed = replace(WANG, state=ThirdState.FAILED, outcome=message("threeway.failed"))
        await c.happen(CallChanged(three(failed)))
        assert "The third party could not be reached." in c.screen_text
        assert "F4 Transfer/3-way" in c.keys


async def test_the_dialog_goes_when_the_call_does(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        called(c.port)
        await c.press("f4", *"12")
        await c.happen(CallChanged(s.ENDED))
        assert "whom?" not in c.screen_text
        assert "The customer hung up." in c.screen_text


async def test_the_directory_that_cannot_be_read_still_takes_an_outside_number(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        c.port.answers[GetGroups] = lambda command: Result(False, message("login.50008"))
        await c.press("f4", *"12000000009")
        assert "50008" in c.screen_text
        await c.press("enter", "1")
        assert asked(c) == [Threeway(ThirdKind.OUTSIDE, "12000000009", "12000000009")]


@pytest.mark.parametrize(
    ("third", "line", "sentence"),
    [
        (None, "120 0000 0001", "If you hang up now: the call ends."),
        (WANG, "being called since 14:01", "may stay together without you"),
        (JOINED, "joined 14:01", "they stay together, with no way back."),
        (
            replace(WANG, state=ThirdState.FAILED, outcome=message("threeway.failed_outside")),
            "not reached",
            "If you hang up now: the call ends.",
        ),
        (
            replace(JOINED, state=ThirdState.LEFT, since=s.NOW, outcome=message("threeway.left")),
            "left 14:02",
            "If you hang up now: the call ends.",
        ),
    ],
    ids=["two", "invited", "joined", "failed", "left"],
)
async def test_the_panel_always_says_who_stays(console, third, line, sentence) -> None:
    async with console(s.with_call(three(third))) as c:
        assert line in c.screen_text
        assert sentence in c.screen_text
        if third is not None and third.state is ThirdState.FAILED:
            assert "The third party could not be reached." in c.screen_text


async def test_a_transfer_under_way_is_said(console) -> None:
    async with console(s.with_call(replace(s.TALKING, transfer="Wang Fang"))) as c:
        assert "The platform is handing the call to Wang Fang…" in c.screen_text
        assert "F4" not in c.keys


@pytest.mark.parametrize(
    ("key", "command"), [("1", EndForAll()), ("2", DropThird()), ("3", HangUp(leave_them=True))]
)
async def test_f8_asks_who_stays(console, key, command) -> None:
    async with console(s.with_call(three(JOINED))) as c:
        assert "F8 asks: 1 end for all   2 drop Wang Fang   3 leave them talking" in c.screen_text
        c.clock.now += 1
        await c.press("f8")
        assert "Three are in this call. Who stays?" in c.screen_text
        assert asked(c) == []
        await c.press(key)
        assert asked(c) == [command]


@pytest.mark.parametrize(
    ("key", "commands"),
    [
        ("1", [EndForAll(), SignOut(end=True)]),
        ("2", [DropThird(), SignOut(end=True)]),
        ("3", [HangUp(leave_them=True), SignOut(end=True)]),
        ("escape", []),
    ],
)
async def test_signing_out_of_a_three_way_call_asks_who_stays(console, key, commands) -> None:
    async with console(s.with_call(three(JOINED))) as c:
        c.clock.now += 1
        await c.press("ctrl+q", "down", "down", "enter")
        assert "Three are in this call. Who stays?" in c.screen_text
        assert asked(c) == []
        await c.press(key)
        assert asked(c) == commands


async def test_escape_enter_and_f8_again_do_nothing_to_a_three_way_call(console) -> None:
    async with console(s.with_call(three(JOINED))) as c:
        c.clock.now += 1
        await c.press("f8", "f8", "escape")
        assert "Who stays?" not in c.screen_text
        await c.press("f8", "enter")
        assert "Who stays?" not in c.screen_text
        assert asked(c) == []


async def test_the_question_goes_when_the_third_party_leaves(console) -> None:
    async with console(s.with_call(three(JOINED))) as c:
        c.clock.now += 1
        await c.press("f8")
        left = replace(JOINED, state=ThirdState.LEFT, outcome=message("threeway.left"))
        await c.happen(CallChanged(three(left)))
        assert "Who stays?" not in c.screen_text
        await c.press("2", "f8")  # a finger that was on its way to the question
        assert asked(c) == []
        c.clock.now += 1
        await c.press("2", "f8")
        assert asked(c) == [SendDigits("2"), HangUp()]


async def test_the_question_stays_when_the_third_party_comes_in_meanwhile(console) -> None:
    async with console(s.with_call(three(WANG))) as c:
        c.clock.now += 1
        await c.press("f8")
        assert "Stop calling Wang Fang" in c.screen_text
        await c.happen(CallChanged(three(JOINED)))
        assert "Stop calling Wang Fang" not in c.screen_text
        assert "Drop Wang Fang, and talk on" in c.screen_text
        await c.press("2")
        assert asked(c) == [DropThird()]
        assert SendDigits("2") not in c.port.sent


async def test_somebody_who_comes_in_while_the_key_goes_down_is_asked_about(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        c.clock.now += 1

        def refuse(command: HangUp) -> Result:
            c.port.happen(CallChanged(three(JOINED)))
            return Result(False, message("threeway.ask"))

        c.port.answers[HangUp] = refuse
        await c.press("f8")
        await c.settle()
        if "Who stays?" not in c.screen_text:
            await c.press("f8")
        assert "Who stays?" in c.screen_text
        assert asked(c) == [HangUp()]


async def test_an_invitation_is_cancelled_by_f4(console) -> None:
    async with console(s.with_call(three(WANG))) as c:
        assert "F4 Stop calling them" in c.keys
        await c.press("f4")
        assert asked(c) == [DropThird()]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("call", [s.TALKING, three(JOINED), replace(s.TALKING, transfer="Wang")])
@pytest.mark.parametrize("own", [False, True])
async def test_while_nothing_goes_out_no_hang_up_is_promised(
    console, call: Call, own: bool, language: str
) -> None:
    capabilities = (Capability.LINES,) if own else s.ACCOUNT.can
    idle = replace(s.IDLE, account=replace(s.ACCOUNT, can=capabilities))
    lost = "stays.lost_own" if own else "stays.lost"
    promises = ("stays.nobody", "stays.together", "stays.transfer", "leave.what_call")
    config = Config(ui=UiSettings(language=language))
    async with console(s.with_call(call, idle), config=config) as c:
        for state in ConnectionState:
            await c.happen(ConnectionChanged(Connection(state, since=s.NOW)))
            assert (tr(lost) in c.screen_text) is not state.carries
            await c.press("ctrl+q")
            begins = tr("leave.what_call_lost")[:20]  # the dialog folds the rest
            assert (begins in c.screen_text) is not state.carries
            if not state.carries:
                assert not [words for words in promises if tr(words) in c.screen_text]
            await c.press("escape")


async def test_hold_is_not_offered_among_three(console) -> None:
    async with console(s.with_call(three(JOINED))) as c:
        assert "F6" not in c.keys
        await c.press("f6")
        assert Hold() not in c.port.sent


async def test_a_hang_up_that_the_platform_never_confirms_says_so(console) -> None:
    async with console(s.with_call(three(JOINED))) as c:
        c.clock.now += 1
        c.port.answers[EndForAll] = lambda command: Result(False, message("threeway.no_reply"))
        await c.press("f8", "1")
        assert "No reply from the platform about the third party." in c.screen_text
        assert "THREE-WAY" in c.screen_text


async def test_letters_in_the_search_are_no_keys(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        called(c.port)
        c.clock.now += 1
        await c.press("f4", *"xhm5")
        assert asked(c) == []
        assert SendDigits("5") not in c.port.sent
        assert c.app.screen.search.value == "xhm5"


def test_the_weights_keep_what_matters_on_the_panel() -> None:
    failing = replace(JOINED, outcome=message("threeway.not_dropped"))
    call = three(failing, tones=Tones("123"), recovered=True, outcome=message("unconfirmed.hangup"))
    view = View(snapshot=s.with_call(call), connected=True)
    clocks = Clocks(lambda: s.NOW)
    rows = fitting(describe(view, {"hangup": "F8"}, 76, clocks=clocks), HEIGHT)
    text = "\n".join("".join(piece for piece, _ in row) for row in rows)
    assert len(rows) == HEIGHT
    for needed in ("120 0000 0001", "Wang Fang", "did not confirm", "no way back"):
        assert needed in text


GENERATION_1 = replace(s.IDLE, account=replace(s.ACCOUNT, kind="platform1", can=s.ONE_CAN))


async def test_generation_1_hands_over_to_agents_and_brings_nobody_in(console) -> None:
    async with console(GENERATION_1.with_call(s.TALKING)) as c:
        called(c.port)
        c.clock.now += 1
        assert "F4 Transfer  " in c.keys
        await c.press("f4")
        assert "Transfer: to whom?" in c.screen_text
        assert "group " not in c.screen_text
        await c.press(*"12000000009")
        assert "No agent is called that." in c.screen_text
        await c.press(*["backspace"] * 11, *"1007", "enter")
        assert "Bring into the call" not in c.screen_text
        await c.press("1")
        assert asked(c) == [Transfer("1000000002", "1007", "Wang Fang")]


async def test_at_generation_1_an_internal_call_has_no_other_party(console) -> None:
    async with console(GENERATION_1.with_call(replace(s.TALKING, internal=True))) as c:
        c.clock.now += 1
        assert "F4" not in c.keys
        await c.press("f4")
        assert asked(c) == []


async def test_tones_are_typed_on_the_agents_own_phone(console) -> None:
    phone = replace(s.IDLE, account=replace(s.ACCOUNT, callintype=4, number="12000007001"))
    async with console(phone.with_call(s.TALKING)) as c:
        assert "Tones" not in c.keys
        await c.press("5")
        assert asked(c) == []

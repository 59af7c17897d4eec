"""A supervisor's page: the group's calls and members, what is chosen, what is refused, any size."""

from __future__ import annotations

from typing import Any

import pytest

from tests.terminal import scripted_port as s
from tui.config.schema import Config, UiSettings
from tui.console import i18n
from tui.console.screens.supervise.page import DIGITS, SuperviseScreen
from tui.port import replace
from tui.port.colleagues import Colleague, Lamp
from tui.port.commands import GetGroupMembers, Result, Supervise
from tui.port.events import (
    AccountChanged,
    CallChanged,
    GroupCallChanged,
    GroupCallRemoved,
    SupervisionChanged,
)
from tui.port.supervision import GroupCall, SuperviseHow, SuperviseState, Supervision
from tui.port.values import Capability, Leg, MemberPage, Seat, message

FIRST = GroupCall("1conf_1", "12000000001", "1090", s.NOW - 41, "1090")
SECOND = GroupCall("2conf_2", "1091", "12000000002", s.NOW - 7, "1091")
BOSS = replace(
    s.IDLE,
    account=replace(s.ACCOUNT, can=(*s.ONE_CAN, Capability.SUPERVISE)),
    group_calls=(FIRST, SECOND),
)
LISTENING = Supervision(
    SuperviseState.LISTENING, FIRST.key, "1090", "12000000001", s.NOW - 3, leg=Leg.CONNECTED
)
JOINED = replace(LISTENING, state=SuperviseState.JOINED)
MEMBERS = (
    Seat("1090", "Mei", state_id=2, state_message="service.5"),
    Seat("1091", "Tan", state_id=2, state_name="忙碌"),
    Seat("1092", "Bob [/] x", state_id=1, state_message="service.0"),
)


class House:
    """The group's members, as the port tells them."""

    def __init__(self, port: s.ScriptedPort, seats: tuple[Seat, ...] = MEMBERS) -> None:
        self.seats = seats
        self.failure: Result | None = None
        port.answers[GetGroupMembers] = self._members

    def _members(self, command: Any) -> Result:
        if self.failure is not None:
            return self.failure
        page = MemberPage(command.gid, "Pre-sales", 1, 1, len(self.seats), self.seats)
        return Result(True, value=page)


async def opened(c: Any) -> House:
    house = House(c.port)
    await c.press("ctrl+b")
    await look(c)
    return house


async def look(c: Any) -> None:
    """The periodic look at the members, without waiting for it."""
    c.app.screen._look()
    await c.app.workers.wait_for_complete([w for w in c.app.workers if w.name == "members"])
    await c.settle()


def asked(c: Any) -> list[Supervise]:
    return [each for each in c.port.sent if isinstance(each, Supervise)]


async def test_who_has_the_right_sees_the_key_and_nobody_else_does(console) -> None:
    async with console(BOSS) as c:
        assert "^B Group calls" in c.screen_text
    async with console(s.IDLE) as c:
        assert "^B" not in c.screen_text
        await c.press("ctrl+b")
        assert not isinstance(c.app.screen, SuperviseScreen)


async def test_the_groups_calls_stand_with_agent_customer_and_time(console) -> None:
    async with console(BOSS) as c:
        await opened(c)
        assert "Pre-sales  2 live" in c.line("Group calls")
        first, second = c.line("120 0000 0001"), c.line("120 0000 0002")
        assert "▸ 1090  Mei" in first
        assert first.split()[-1] == "0:41"
        assert "1091  Tan" in second
        assert second.split()[-1] == "0:07"
        c.clock.now += 2
        c.app.screen._tick()
        await c.settle()
        assert c.line("120 0000 0001").split()[-1] == "0:43"
        await c.happen(GroupCallRemoved(SECOND.key))
        assert "120 0000 0002" not in c.screen_text
        assert "1 live" in c.screen_text


async def test_calls_from_before_the_sign_in_are_said_to_be_unknown(console) -> None:
    async with console(BOSS) as c:
        await opened(c)
        assert "Calls that began before 13:47, when you signed in, are not known." in c.screen_text
        await c.happen(GroupCallChanged(replace(FIRST, certain=False)))
        assert "The line was lost until" in c.screen_text
        assert "?" in c.line("120 0000 0001")


async def test_the_members_stand_with_their_state_and_the_time_in_it(console) -> None:
    async with console(replace(BOSS, group_calls=(FIRST,))) as c:
        house = await opened(c)
        assert "Members  3" in c.screen_text
        assert c.line("1091").split()[-2:] == ["0+", "min"], "seen first now: it is older"
        c.clock.now += 90
        house.seats = (*MEMBERS[:1], replace(MEMBERS[1], state_name="空闲"), *MEMBERS[2:])
        await look(c)
        c.clock.now += 125
        c.app.screen._tick()
        await c.settle()
        assert c.line("1091").split()[-2:] == ["2", "min"]
        assert c.line("1092").split()[-2:] == ["3+", "min"]
        mei = next(line for line in c.screen_text.splitlines() if "Mei" in line and "min" in line)
        assert mei.split()[-2:] == ["4", "min"], "a call's own time is known"


async def test_members_that_cannot_be_read_say_why_and_the_calls_stand(console) -> None:
    async with console(BOSS) as c:
        house = House(c.port)
        house.failure = Result(False, message("login.50009", code=50009, info="no"))
        await c.press("ctrl+b")
        await look(c)
        assert "50009" in c.screen_text
        assert "120 0000 0001" in c.screen_text


@pytest.mark.parametrize("key", ["enter", "1"])
async def test_enter_or_1_listens_to_the_marked_call(console, key: str) -> None:
    async with console(BOSS) as c:
        await opened(c)
        await c.press("down", key)
        assert asked(c) == [Supervise(SuperviseHow.LISTEN, SECOND.key)]


async def test_while_listening_one_joins_and_leaves_by_digit(console) -> None:
    async with console(replace(BOSS, supervision=LISTENING)) as c:
        await opened(c)
        assert "listening" in c.line("120 0000 0001  ")
        assert "Listening to 1090 Mei and 120 0000 0001. Nobody hears you." in c.screen_text
        assert "2 Join  3 Leave  4 End for all" in c.screen_text
        assert "1 Listen" not in c.screen_text
        await c.press("2")
        await c.happen(SupervisionChanged(JOINED))
        assert "BOTH HEAR YOU" in c.screen_text
        assert "2 Join" not in c.screen_text
        await c.press("2", "3")
        assert asked(c) == [
            Supervise(SuperviseHow.JOIN, FIRST.key),
            Supervise(SuperviseHow.LEAVE, FIRST.key),
        ]


async def test_another_call_can_be_listened_to_while_listening(console) -> None:
    async with console(replace(BOSS, supervision=LISTENING)) as c:
        await opened(c)
        await c.press("down")
        assert "1 Listen" in c.screen_text
        await c.press("1")
        assert asked(c) == [Supervise(SuperviseHow.LISTEN, SECOND.key)]


async def test_ending_for_all_asks_first_and_a_burst_answers_nothing(console) -> None:
    async with console(BOSS) as c:
        await opened(c)
        await c.press("4", "9")
        assert asked(c) == []
        assert "End the call of 1090 Mei and 120 0000 0001 for both?" in c.screen_text
        c.clock.now += 1
        await c.press("2")
        assert asked(c) == [], "no other key answers"
        await c.press("escape")
        assert isinstance(c.app.screen, SuperviseScreen)
        assert "for both?" not in c.screen_text
        await c.press("4")
        c.clock.now += 1
        await c.press("9")
        assert asked(c) == [Supervise(SuperviseHow.END, FIRST.key)]


async def test_the_question_goes_when_the_call_is_over_by_itself(console) -> None:
    async with console(BOSS) as c:
        await opened(c)
        await c.press("4")
        await c.happen(GroupCallRemoved(FIRST.key))
        assert "for both?" not in c.screen_text


async def test_a_refusal_is_said_in_words_until_something_changes(console) -> None:
    async with console(BOSS) as c:
        await opened(c)
        refusal = message("supervise.refused", info="not your group")
        c.port.answers[Supervise] = lambda command: Result(False, refusal, 1)
        await c.press("1")
        assert "! The platform refused: not your group." in c.screen_text
        await c.happen(SupervisionChanged(LISTENING))
        assert "not your group" not in c.screen_text


async def test_why_it_is_over_is_said(console) -> None:
    async with console(replace(BOSS, supervision=LISTENING)) as c:
        await opened(c)
        await c.happen(SupervisionChanged(Supervision(outcome=message("supervise.over"))))
        assert "The call is over." in c.screen_text


async def test_a_call_of_ones_own_that_rings_takes_the_screen(console) -> None:
    async with console(replace(BOSS, supervision=LISTENING)) as c:
        await opened(c)
        await c.happen(CallChanged(s.RINGING))
        assert not isinstance(c.app.screen, SuperviseScreen)
        assert "120 0000 0001" in c.line("▶")


async def test_with_the_page_closed_the_console_says_who_hears(console) -> None:
    async with console(replace(BOSS, supervision=LISTENING)) as c:
        await opened(c)
        await c.press("escape")
        assert "LISTENING since" in c.screen_text
        assert "Listening to 1090 and 120 0000 0001. Nobody hears you." in c.screen_text
        await c.happen(SupervisionChanged(JOINED))
        assert "BOTH HEAR YOU" in c.screen_text
        assert "^B IN A CALL" in c.screen_text


async def test_at_a_pbx_one_whispers_and_ends_nobodys_call(console) -> None:
    ways = (SuperviseHow.LISTEN, SuperviseHow.WHISPER, SuperviseHow.JOIN, SuperviseHow.LEAVE)
    listening = replace(LISTENING, agent="1002", ways=ways)
    pbx = replace(
        BOSS,
        account=replace(s.ACCOUNT, can=(Capability.LINES, Capability.SUPERVISE)),
        supervision=listening,
        colleagues=(Colleague("1002", "Li Na", Lamp.TALKING),),
    )
    async with console(pbx) as c:
        await opened(c)
        assert "Calls as the lamps of your colleagues show them." in c.screen_text
        assert "Listening to 1002 Li Na" in c.screen_text
        assert "End for all" not in c.screen_text
        await c.press("4", "5")
        assert c.port.sent[-1] == Supervise(SuperviseHow.WHISPER, FIRST.key)
        whispering = replace(listening, state=SuperviseState.WHISPERING)
        await c.happen(SupervisionChanged(whispering))
        assert "1002 Li Na HEARS YOU, the other side does not" in c.screen_text
        await c.press("escape")
        assert "WHISPERING since" in c.screen_text


async def test_in_no_group_and_without_calls_it_says_so(console) -> None:
    async with console(replace(BOSS, group_calls=())) as c:
        await c.happen(AccountChanged(replace(BOSS.account, gid="0", group=""), ()))
        await c.press("ctrl+b")
        assert "No call of the group is known now." in c.screen_text
        await c.press("1", "4", "enter")
        assert c.port.sent == []


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
@pytest.mark.parametrize("state", [Supervision(), LISTENING, JOINED], ids=["none", "one", "two"])
async def test_what_must_never_be_cut_is_whole_in_both_languages(
    console, language: str, size: tuple[int, int], state: Supervision
) -> None:
    config = Config(ui=UiSettings(language=language))
    async with console(replace(BOSS, supervision=state), size=size, config=config) as c:
        await opened(c)
        text = "".join(c.screen_text.split())
        for digit, how in DIGITS.items():
            words = f"{digit} {i18n.tr(f'supervise.do.{how.value}')}"
            foot = "\n".join(c.screen_text.splitlines()[-2:])
            assert (words in foot) is (how in state.may_ask)
        assert "12000000001" in text
        assert "12000000002" in text
        if state.call:
            sentence = "supervise.joined" if state is JOINED else "supervise.listening"
            said = i18n.tr(sentence, agent="1090 Mei", number="120 0000 0001")
            assert said.replace(" ", "") in text
        await c.press("4")
        asked = i18n.tr("supervise.end_what", agent="1090 Mei", number="120 0000 0001")
        assert asked.replace(" ", "") in "".join(c.screen_text.split())
        assert "9" in c.screen_text.splitlines()[-1] or "9" in c.screen_text.splitlines()[-2]


async def test_in_a_low_terminal_tab_shows_the_members_in_place_of_the_calls(console) -> None:
    async with console(BOSS, size=(40, 12)) as c:
        await opened(c)
        assert "1092" not in c.screen_text
        await c.press("tab")
        assert "1092" in c.screen_text
        assert "120 0000 0002" not in c.screen_text
        await c.press("tab")
        assert "120 0000 0002" in c.screen_text


async def test_looks(console, kept) -> None:
    found: dict[str, str] = {}
    for language in ("en", "zh"):
        for size in ((80, 24), (40, 12)):
            config = Config(ui=UiSettings(language=language))
            snapshot = replace(BOSS, supervision=LISTENING)
            async with console(snapshot, size=size, config=config) as c:
                await opened(c)
                found[f"supervise/{language}-{size[0]}x{size[1]}"] = c.screen_text + "\n"
    kept(found)

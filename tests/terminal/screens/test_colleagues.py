"""What a PBX tells of others on the console: lamps in the directory and in F4, pick-up, parking,
the mailbox."""

from __future__ import annotations

import pytest

from tests.terminal import lines as own
from tests.terminal import scripted_port as s
from tests.terminal.colleagues import LAMPS, RINGS, SEATS, at_pbx, people
from tests.terminal.conftest import Console
from tui.config.schema import Config, UiSettings
from tui.console.actions.registry import REGISTRY
from tui.console.screens.dialogs.parked import ParkedDialog
from tui.port import commands as c
from tui.port import replace
from tui.port.colleagues import Lamp, Mailbox, ParkingSlot
from tui.port.events import (
    CallChanged,
    ColleagueChanged,
    ColleaguesChanged,
    MailboxChanged,
    ParkingSlotChanged,
)
from tui.port.machines.call_machine import CallState
from tui.port.values import Capability


def order(console: Console) -> list[str]:
    """The numbers of the directory's or the dialog's rows, from the top."""
    wanted = {seat.number for seat in SEATS}
    words = (word for line in console.screen_text.splitlines() for word in line.split())
    return [word for word in words if word in wanted]


async def test_the_directory_shows_the_lamps_the_free_first_and_no_row_moves_after(
    console,
) -> None:
    async with console(at_pbx(colleagues=LAMPS)) as con:
        people(con.port)
        await con.press("f3")
        assert order(con) == ["1004", "1003", "1002"]
        assert con.line("Zhao Lei").rstrip().endswith("idle")
        assert con.line("Wang Fang").rstrip().endswith("–")
        assert con.line("Li Na").rstrip().endswith("in a call")
        await con.happen(ColleagueChanged(replace(LAMPS[0], lamp=Lamp.IDLE)))
        assert con.line("Li Na").rstrip().endswith("idle")
        assert order(con) == ["1004", "1003", "1002"]
        await con.happen(ColleaguesChanged(()))
        assert con.line("Li Na").rstrip().endswith("–")


async def test_the_marked_colleague_says_who_rings_there_or_why_nothing_is_known(console) -> None:
    async with console(at_pbx(colleagues=LAMPS), size=(100, 30)) as con:
        people(con.port)
        await con.press("f3", "right", "down")
        assert "The PBX has no hint for it (404)." in con.screen_text
        await con.press("down")
        assert "hint" not in con.screen_text
        await con.happen(ColleagueChanged(RINGS))
        assert "120 0000 0008 rings here." in con.screen_text
        assert "ringing" in con.line("1002")


async def test_what_rings_at_a_colleague_is_picked_up_by_a_key(console) -> None:
    first = replace(LAMPS[2], lamp=Lamp.RINGING, since=s.NOW - 20, pick_up=True)
    async with console(at_pbx(colleagues=LAMPS), size=(120, 30)) as con:
        people(con.port)
        assert "Pick up" not in con.keys
        await con.press("alt+p")
        assert con.port.sent == []
        await con.happen(ColleagueChanged(RINGS))
        assert "ALT+P Pick up" in con.keys
        con.clock.now += 5
        await con.press("alt+p")
        assert con.port.sent.pop() == c.PickUpCall("1002")
        await con.happen(ColleagueChanged(first))
        await con.press("alt+p")
        assert con.port.sent.pop() == c.PickUpCall("1004")  # it rings longest there
        await con.press("f3", "right", "down")
        con.clock.now += 5
        await con.press("alt+p")
        assert con.port.sent.pop() == c.PickUpCall("1002")  # the marked one


async def test_f4_offers_the_free_first_and_follows_the_lamps(console) -> None:
    async with console(at_pbx(own.TALKING, colleagues=LAMPS)) as con:
        people(con.port)
        await con.press("f4")
        await con.rest()
        assert order(con)[-3:] == ["1004", "1003", "1002"]
        busy = replace(LAMPS[2], lamp=Lamp.TALKING)
        await con.happen(
            ColleagueChanged(busy), ColleagueChanged(replace(LAMPS[1], lamp=Lamp.IDLE))
        )
        await con.rest()
        assert order(con)[-3:][0] == "1003"


async def test_a_call_is_parked_and_fetched_by_keys(console) -> None:
    slots = (ParkingSlot("701", False), ParkingSlot("702", False))
    state = at_pbx(own.TALKING, can=(Capability.PARKING,), parking=slots)
    async with console(state, size=(160, 30)) as con:
        assert "ALT+H Park" in con.keys
        assert "ALT+R" not in con.keys
        await con.press("alt+h")
        assert con.port.sent.pop() == c.ParkCall(ccnumber="line-1")
        waits = ParkingSlot("702", True, s.NOW, "12000000001", True)
        await con.happen(ParkingSlotChanged(waits))
        assert "parked 702" in con.screen_text
        con.clock.now += 5
        await con.press("alt+r")
        assert con.port.sent.pop() == c.FetchParked("702")
        await con.happen(ParkingSlotChanged(ParkingSlot("701", True, s.NOW, "Bob")))
        assert "parked 701, 702" in con.screen_text
        await con.press("alt+r")
        assert isinstance(con.app.screen, ParkedDialog)
        assert "702  120 0000 0001" in con.screen_text
        await con.press("2")
        assert con.port.sent.pop() == c.FetchParked("701")


async def test_the_question_which_goes_when_somebody_else_has_fetched_them(console) -> None:
    slots = (ParkingSlot("701", True, s.NOW), ParkingSlot("702", True, s.NOW))
    async with console(at_pbx(parking=slots)) as con:
        await con.press("alt+r")
        assert isinstance(con.app.screen, ParkedDialog)
        await con.happen(*(ParkingSlotChanged(ParkingSlot(each.slot, False)) for each in slots))
        assert not isinstance(con.app.screen, ParkedDialog)
        assert con.port.sent == []


async def test_the_mailbox_shows_its_count_and_is_called_by_a_key(console) -> None:
    async with console(at_pbx(), size=(160, 30)) as con:
        await con.press("alt+v")
        assert con.port.sent == []
        await con.happen(MailboxChanged(Mailbox(True, 2, 1, "*97")))
        assert "2 new voice messages" in con.screen_text
        assert "ALT+V Voice mail" in con.keys
        await con.press("alt+v")
        assert con.port.sent.pop() == c.CallMailbox()
        await con.happen(MailboxChanged(Mailbox(True, None, None)))
        assert "voice mail" in con.screen_text
        assert "ALT+V" not in con.keys
        await con.happen(MailboxChanged(Mailbox(False, 0, 3)))
        assert "voice mail" not in con.screen_text
        assert "voice message" not in con.screen_text


@pytest.mark.parametrize("state", [CallState.RINGING, CallState.DIALING])
async def test_what_is_not_up_is_not_parked(console, state: CallState) -> None:
    waiting = own.call(1, state)
    async with console(at_pbx(can=(Capability.PARKING,)), size=(160, 30)) as con:
        await con.happen(CallChanged(waiting))
        assert "Park" not in con.keys


async def test_in_chinese_all_of_it_is_chinese(console) -> None:
    slot = ParkingSlot("701", True, s.NOW, "120", True)
    state = at_pbx(colleagues=LAMPS, mailbox=Mailbox(True, 2), parking=(slot,))
    config = Config(ui=UiSettings(language="zh"))
    async with console(state, size=(100, 30), config=config) as con:
        people(con.port)
        await con.press("f3", "right")
        assert con.line("Zhao Lei").rstrip().endswith("空闲")
        assert con.line("Li Na").rstrip().endswith("通话中")
        assert "2 条新语音留言" in con.screen_text
        assert "驻留 701" in con.screen_text
        await con.press("down")
        assert "没有为它设置" in con.screen_text


@pytest.mark.parametrize("size", [(40, 12), (60, 18), (80, 24)])
async def test_the_state_is_never_cut_for_what_waits(console, size: tuple[int, int]) -> None:
    slots = tuple(ParkingSlot(str(701 + n), True, s.NOW) for n in range(12))
    state = at_pbx(own.TALKING, mailbox=Mailbox(True, 25), parking=slots)
    async with console(state, size=size) as con:
        assert "TALKING 0:10" in con.screen_text


def test_no_action_has_a_key_that_arrives_as_another() -> None:
    """Terminals' word keys come as Escape and a letter: Alt+F is Ctrl+Right, Alt+B Ctrl+Left."""
    assert not {"alt+f", "alt+b"} & {action.key for action in REGISTRY}


async def test_a_key_that_does_nothing_now_is_no_letter_for_the_filter(console) -> None:
    async with console(at_pbx(colleagues=LAMPS)) as con:
        people(con.port)
        await con.press("f3", "right", "alt+h")
        assert "Filter  " not in con.line("Li Na")
        assert order(con) == ["1004", "1003", "1002"]
        assert "filter:" not in con.screen_text

"""The write-up on the screen: nothing typed is lost, and the policy is said in words."""

from __future__ import annotations

import pytest

from tests.terminal import scripted_port as s
from tui.port import replace
from tui.port.commands import (
    Answer,
    EditWrapUp,
    FinishWrapUp,
    KeepWrapUpOpen,
    SetNextStatus,
)
from tui.port.events import CallChanged, CallRemoved, NextStatusChanged, WrapUpChanged
from tui.port.machines.seat_machine import Status
from tui.port.snapshot import SeatStatus
from tui.port.values import NextStatus, StatusWanted, WrapUpMode

WRAPUP = s.WRAPUP
BUSY = replace(s.IDLE, seat=SeatStatus(Status.BUSY, since=s.NOW - 9), wrapup=WRAPUP)


async def test_the_countdown_the_call_and_what_is_next_are_said(console) -> None:
    async with console(BUSY) as c:
        assert "WRAP-UP 0:21 left" in c.screen_text.splitlines()[1]
        assert "next: idle" in c.screen_text.splitlines()[1]
        assert "4:10" in c.line("120 0000 0001")
        assert "The customer hung up." in c.line("120 0000 0001")
        assert "It ends by itself" in c.screen_text
        assert {"F9", "F3"} <= set(c.keys.split())
        c.clock.now += 1
        await c.shows("WRAP-UP 0:20 left")


async def test_digits_and_arrows_choose_an_outcome(console) -> None:
    async with console(BUSY) as c:
        await c.press("2")
        assert c.port.sent == []  # it has only just come: the digit was a tone, or a number's
        c.clock.now += 1
        await c.press("2")
        assert c.port.sent == [EditWrapUp(outcome="Call back")]
        await c.happen(WrapUpChanged(replace(WRAPUP, outcome="Call back")))
        assert "▸2 Call back" in c.screen_text
        await c.press("right", "delete")
        assert c.port.sent[1:] == [EditWrapUp(outcome="Complaint"), EditWrapUp(outcome="")]


async def test_a_typed_note_is_sent_soon_after_the_key(console) -> None:
    async with console(BUSY) as c:
        await c.press("down", *"invoice")
        await c.rest()
        assert c.port.sent[-1] == EditWrapUp(note="invoice")
        assert len(c.port.sent) < len("invoice")


async def test_enter_and_every_other_key_send_what_is_typed_first(console) -> None:
    async with console(BUSY) as c:
        await c.press("down", *"again", "enter")
        assert c.port.sent[-1] == EditWrapUp(note="again")
        assert c.app.screen.focused is None
        await c.press("tab", "tab")
        c.app.screen.wrapup.note.focus_input()
        await c.press("x", "f9")
        assert c.port.sent[-2:] == [EditWrapUp(note="againx"), FinishWrapUp()]


async def test_near_the_end_each_key_is_sent_at_once(console) -> None:
    async with console(replace(BUSY, wrapup=replace(WRAPUP, until=s.NOW + 1.5))) as c:
        await c.press("down", "h", "i")
        assert c.port.sent == [EditWrapUp(note="h"), EditWrapUp(note="hi")]


async def test_the_engines_echo_does_not_change_what_is_being_typed(console) -> None:
    async with console(BUSY) as c:
        await c.press("down", *"call ")
        await c.rest()
        await c.happen(WrapUpChanged(replace(WRAPUP, note="call")))
        await c.press("m", "e")
        assert c.app.screen.wrapup.note.value == "call me"


async def test_a_call_in_the_wrap_up_takes_the_call_panel_and_the_note_stays(console) -> None:
    async with console(BUSY) as c:
        await c.press("down", *"asked for")
        await c.happen(CallChanged(s.RINGING))
        assert "120 0000 0001" in c.line("▶")
        assert "F5 Answer" in c.screen_text
        assert "asked for" in c.line("Note")
        await c.press("1", "f5")
        assert c.port.sent[-2:] == [EditWrapUp(note="asked for1"), Answer()]
        await c.happen(CallChanged(s.TALKING), WrapUpChanged(None))
        assert "asked for" not in c.screen_text
        assert not c.app.screen.wrapup.display
        assert c.app.screen.focused is None


async def test_a_new_screen_shows_what_was_typed_before(console) -> None:
    typed = replace(WRAPUP, note="half a sen", outcome="Complaint")
    async with console(replace(BUSY, wrapup=typed)) as c:
        assert "half a sen" in c.line("Note")
        assert "▸3 Complaint" in c.screen_text


async def test_the_countdown_is_stopped_by_f3(console) -> None:
    async with console(BUSY) as c:
        await c.press("f3")
        assert c.port.sent == [KeepWrapUpOpen()]
        await c.happen(WrapUpChanged(replace(WRAPUP, until=None)))
        assert "F3" not in c.keys
        assert "No countdown" in c.screen_text
        assert "left" not in c.screen_text.splitlines()[1]


@pytest.mark.parametrize(
    ("change", "says", "ready", "keep"),
    [
        ({"mode": WrapUpMode.OPTIONAL, "until": None}, "ends when you are ready", True, False),
        ({"mode": WrapUpMode.REQUIRED, "until": None}, "Choose an outcome", True, False),
        ({"mode": WrapUpMode.TIMED}, "ends by itself", True, True),
        ({"mode": WrapUpMode.TIMED_STRICT}, "not earlier", False, False),
    ],
    ids=["optional", "required", "timed", "timed-strict"],
)
async def test_each_policy_is_said_and_offers_only_what_it_lets(
    console, change, says, ready, keep
) -> None:
    async with console(replace(BUSY, wrapup=replace(WRAPUP, **change))) as c:
        assert says in c.screen_text
        assert ("Ready now" in c.keys) is ready
        assert ("Keep open" in c.keys) is keep
        await c.press("f9", "f3")
        wanted = [FinishWrapUp()] * ready + [KeepWrapUpOpen()] * keep
        assert c.port.sent == wanted


async def test_the_status_after_the_call_is_set_in_it_and_stays_in_sight(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        assert "next: –" in c.screen_text.splitlines()[1]
        await c.press("ctrl+n")
        assert c.port.sent == [SetNextStatus(StatusWanted.BUSY)]
        await c.happen(NextStatusChanged(NextStatus.BUSY))
        assert "next: busy" in c.screen_text.splitlines()[1]
        await c.happen(CallRemoved("1"), WrapUpChanged(WRAPUP))
        assert "next: busy" in c.screen_text.splitlines()[1]
        c.clock.now += 1
        await c.press("ctrl+n")
        assert c.port.sent[1:] == [SetNextStatus(StatusWanted.IDLE)]

"""Letters are text: the note of a call from its first letter to the end of its write-up."""

from __future__ import annotations

import pytest
from textual import events
from textual.widgets import Input

from tests.terminal import scripted_port as s
from tui.config.schema import Config, UiSettings, WrapUpSettings
from tui.console import i18n
from tui.console.terminal.input import TerminalInput
from tui.console.widgets.note import NOTE_LIMIT
from tui.port import replace
from tui.port.commands import (
    Answer,
    Dial,
    EditNote,
    EditWrapUp,
    FinishWrapUp,
    Mute,
    SendDigits,
    SetStatus,
)
from tui.port.events import CallChanged, CallRemoved, SeatChanged, WrapUpChanged
from tui.port.machines.call_machine import CallState, ThirdState
from tui.port.machines.seat_machine import Status
from tui.port.snapshot import SeatStatus, Third
from tui.port.values import StatusWanted, ThirdKind, WrapUpMode

OUT = replace(s.TALKING, outgoing=True, state=CallState.PROCEEDING, answered=None)
THREE = replace(
    s.TALKING,
    third=Third(ThirdState.JOINED, ThirdKind.AGENT, "1007", "Wang Fang", s.NOW - 65, s.NOW - 60),
)
HELD = replace(s.TALKING, state=CallState.HOLDING, since=s.NOW - 12)
MINE = replace(s.WRAPUP, call="1")
"""The write-up of the call that the other values are about."""


async def paste(c, text: str) -> None:
    c.app.post_message(events.Paste(text))
    await c.settle()


async def terminal_says(c, data: bytes) -> None:
    """These bytes come from the terminal."""
    for each in TerminalInput().feed(data):
        each.set_sender(c.app)
        c.app.post_message(each)
    await c.settle()


def typing(c) -> bool:
    return isinstance(c.app.screen.focused, Input)


def sent(c) -> list[object]:
    """What was sent; of a note only what it was when something else was done."""
    found: list[object] = []
    for each in c.port.sent:
        if isinstance(each, EditNote) and found and isinstance(found[-1], EditNote):
            found.pop()
        found.append(each)
    return found


# ---------------------------------------------------------------- in a call


@pytest.mark.parametrize("call", [s.TALKING, OUT, THREE, HELD], ids=["up", "out", "three", "held"])
async def test_the_first_letter_begins_the_note_and_no_letter_is_a_key(console, call) -> None:
    async with console(s.with_call(call)) as c:
        c.clock.now += 1
        await c.press(*"max wants tea? ", "b")
        await c.rest()
        assert c.port.sent[-1] == EditNote("max wants tea? b", "1")
        assert {type(each) for each in c.port.sent} == {EditNote}
        assert "max wants tea? b" in c.line("Note")


async def test_what_an_input_method_commits_in_one_burst_is_the_note(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        await c.burst(*"要发票，明天")
        await c.rest()
        assert c.port.sent[-1] == EditNote("要发票，明天", "1")


async def test_what_is_pasted_is_the_note_and_digits_in_it_are_no_tones(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        await paste(c, "王小明\n12000000009\n")
        await c.rest()
        assert c.port.sent == [EditNote("王小明 12000000009", "1")]
        await paste(c, " 要发票")
        await c.rest()
        assert c.port.sent[-1] == EditNote("王小明 12000000009 要发票", "1")


@pytest.mark.parametrize("away", ["escape", "enter"])
async def test_digits_are_tones_until_the_note_is_begun_and_after_it_is_left(console, away) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        await c.press("8", "w", "8", "0", "asterisk", "comma", away)
        assert sent(c) == [SendDigits("8"), EditNote("w80*,", "1")]
        assert not typing(c)
        await c.press("9")
        assert c.port.sent[-1] == SendDigits("9")
        assert "w80*," in c.line("Note")
        await c.press("x", away)
        assert c.port.sent[-1] == EditNote("w80*, x", "1")


async def test_a_digit_on_hold_is_nothing(console) -> None:
    async with console(s.with_call(HELD)) as c:
        c.clock.now += 1
        await c.press("5", "comma")
        await c.rest()
        assert [each for each in c.port.sent if not isinstance(each, EditNote)] == []
        assert "5" not in c.line("Note")


async def test_tab_begins_the_note_with_a_digit(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        await c.press("tab", *"3 boxes", "tab")
        assert sent(c) == [EditNote("3 boxes", "1")]
        assert not typing(c)


async def test_text_while_it_rings_goes_nowhere(console) -> None:
    async with console(s.with_call(s.RINGING)) as c:
        c.clock.now += 1
        await c.press(*"an extra key, 5", "enter", "tab", "space")
        await paste(c, "要发票")
        await paste(c, "12000000009")
        await c.rest()
        assert c.port.sent == []
        await c.press("f5")
        await c.happen(CallChanged(replace(s.RINGING, state=CallState.ANSWERING)))
        await c.press(*"tea")
        await c.rest()
        assert sent(c) == [Answer(), EditNote("tea", "1")]


async def test_a_new_screen_shows_the_note_of_the_call(console) -> None:
    async with console(s.with_call(replace(s.TALKING, note="half a sen"))) as c:
        assert "half a sen" in c.line("Note")
        assert not typing(c)
        await c.press("t", "escape")
        assert sent(c) == [EditNote("half a sen t", "1")]


async def test_an_engine_that_comes_back_finds_the_note_as_it_was(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        await c.press(*"invoice")
        await c.rest()
        c.port.die()
        await c.settle()
        fresh = s.ScriptedPort(s.with_call(replace(s.TALKING, note="invoice")))
        c.app.attach(fresh)
        await c.settle()
        assert "invoice" in c.line("Note")
        await c.press("s")
        await c.rest()
        assert fresh.sent[-1] == EditNote("invoices", "1")


# ---------------------------------------------------------------- into the write-up


async def test_a_note_is_typed_and_pasted_as_far_as_it_is_kept(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        await c.press("a")
        await paste(c, "b" * (NOTE_LIMIT + 50))
        await c.press("c")
        note = c.app.screen.query_one("#wrapup-note TextInput", Input)
        assert note.value == "a" + "b" * (NOTE_LIMIT - 1)


async def test_the_note_of_the_call_is_that_of_its_write_up_and_keeps_the_keys(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        await c.press(*"wants ")
        await c.rest()
        await c.happen(CallChanged(replace(s.TALKING, note="wants")))
        await c.press("2")
        await c.happen(CallChanged(replace(s.ENDED, note="wants")))
        await c.press(" ")
        await c.happen(WrapUpChanged(replace(MINE, note="wants")))
        await c.press(*"3 of them")
        assert "wants 2 3 of them" in c.line("Note")
        await c.rest()
        assert c.port.sent[-1] == EditWrapUp(note="wants 2 3 of them")
        c.clock.now += 1
        await c.press("enter", "2")
        assert c.port.sent[-1] == EditWrapUp(outcome="Call back")


@pytest.mark.parametrize("write_up", [True, False])
async def test_who_looks_into_another_window_comes_back_into_the_note(console, write_up) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        await c.press(*"wants ")
        await terminal_says(c, b"\x1b[O")
        assert "wants" in c.line("Note")
        await c.happen(CallChanged(replace(s.ENDED, note="wants")))
        if write_up:
            await c.happen(WrapUpChanged(replace(MINE, note="wants")))
        await terminal_says(c, b"\x1b[I")
        await c.press(*"2 more")
        assert "wants 2 more" in c.line("Note")


async def test_without_a_write_up_nothing_takes_the_note_away(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        await c.press(*"wants t")
        await c.happen(CallChanged(s.ENDED))
        await c.press(*"ea", "enter")
        assert c.port.sent[-1] == EditNote("wants tea", "1")
        assert not typing(c)
        await c.press(*"more")
        await c.rest()
        assert c.port.sent[-1] == EditNote("wants tea", "1")


async def test_letters_begin_the_note_of_a_write_up(console) -> None:
    async with console(replace(s.IDLE, wrapup=s.WRAPUP)) as c:
        c.clock.now += 1
        await c.press(*"good work")
        await c.rest()
        assert c.port.sent[-1] == EditWrapUp(note="good work")
        assert {type(each) for each in c.port.sent} == {EditWrapUp}


async def test_a_first_key_near_nothing_is_sent_at_once_and_holds_the_countdown(console) -> None:
    async with console(replace(s.IDLE, wrapup=s.WRAPUP)) as c:
        await c.press("g")
        assert c.port.sent == [EditWrapUp(note="g")]
        await c.happen(WrapUpChanged(replace(s.WRAPUP, note="g", until=None)))
        await c.press("o")
        assert c.port.sent == [EditWrapUp(note="g")]
        assert "No countdown" in c.screen_text


async def test_tab_goes_between_outcomes_and_note_and_to_no_other_list(console) -> None:
    async with console(replace(s.IDLE, wrapup=s.WRAPUP)) as c:
        c.clock.now += 1
        panel = c.app.screen.wrapup
        for wanted in (panel.note.input, panel.outcomes, panel.note.input, panel.outcomes):
            await c.press("tab")
            assert c.app.screen.focused is wanted
        c.app.screen.recent.focus()
        await c.press("2", "tab")
        assert c.port.sent == [EditWrapUp(outcome="Call back")]
        assert c.app.screen.focused is panel.note.input


async def test_where_there_are_no_outcomes_digits_are_the_note_too(console) -> None:
    async with console(replace(s.IDLE, wrapup=replace(s.WRAPUP, outcomes=()))) as c:
        c.clock.now += 1
        await c.press("enter")
        await c.press(*"2 boxes", "enter")
        assert c.port.sent[-1] == EditWrapUp(note="2 boxes")


async def test_a_digit_behind_a_choice_that_is_not_confirmed_yet_means_what_is_in_sight(
    console,
) -> None:
    outcomes = tuple(f"Outcome {letter}" for letter in "ABCDEFGHIJKL")
    wrapup = replace(s.WRAPUP, outcomes=outcomes)
    async with console(replace(s.IDLE, wrapup=wrapup)) as c:
        c.clock.now += 1
        while outcomes[-1] not in c.screen_text:
            await c.press("0")
        await c.press("2")
        await c.happen(WrapUpChanged(replace(wrapup, note="g")))  # said before the choice came
        await c.press("1")
        chosen = [each.outcome for each in c.port.sent]
        assert chosen[1] == outcomes[outcomes.index(chosen[0]) - 1]


@pytest.mark.parametrize("size", [(80, 24), (40, 24)], ids=str)
async def test_outcomes_from_the_tenth_on_have_digits_on_their_page(console, size) -> None:
    outcomes = tuple(f"Outcome {letter}" for letter in "ABCDEFGHIJKL")
    async with console(
        replace(s.IDLE, wrapup=replace(s.WRAPUP, outcomes=outcomes)), size=size
    ) as c:
        c.clock.now += 1
        seen: list[str] = []
        while outcomes[-1] not in c.screen_text:
            assert len(seen) < 12, c.screen_text
            assert "0 more" in c.screen_text
            seen.append(c.screen_text)
            await c.press("0")
        await c.press("1")
        (edit,) = c.port.sent
        assert f"1 {edit.outcome}" in c.screen_text
        assert outcomes.index(edit.outcome) > 4
        await c.happen(WrapUpChanged(replace(s.WRAPUP, outcomes=outcomes, outcome=outcomes[0])))
        assert "▸1 Outcome A" in c.screen_text


async def test_outcomes_of_the_config_are_shown_as_they_stand_there(console) -> None:
    own = ("Resolved", "Angry")
    for config, shown in (
        (Config(), "已解决"),
        (Config(wrapup=WrapUpSettings(outcomes=own)), own[0]),
    ):
        wrapup = replace(s.WRAPUP, outcomes=config.wrapup.outcomes)
        async with console(replace(s.IDLE, wrapup=wrapup), config=config) as c:
            c.app.parts.appearance.set_language("zh")
            await c.settle()
            assert f"1 {shown}" in c.screen_text
        i18n.set_language("en")


# ---------------------------------------------------------------- one key, one meaning


async def test_f9_twice_ends_the_write_up_and_does_not_make_the_seat_busy(console) -> None:
    busy = SeatStatus(Status.BUSY, since=s.NOW - 9)
    async with console(replace(s.IDLE, wrapup=s.WRAPUP, seat=busy)) as c:
        await c.press("f9")
        idle = SeatStatus(Status.ONLINE, since=s.NOW)
        await c.happen(WrapUpChanged(None), SeatChanged(idle))
        c.clock.now += 0.29
        await c.press("f9")
        assert c.port.sent == [FinishWrapUp()]
        c.clock.now += 0.02
        await c.press("f9")
        assert c.port.sent == [FinishWrapUp(), SetStatus(StatusWanted.BUSY)]


async def test_f9_pressed_as_the_write_up_comes_does_not_end_it(console) -> None:
    async with console() as c:
        await c.happen(CallChanged(s.TALKING), CallChanged(s.ENDED), WrapUpChanged(MINE))
        await c.press("f9")
        assert c.port.sent == []


@pytest.mark.parametrize("wrapup", [None, MINE], ids=["idle", "write-up"])
async def test_a_tone_that_comes_too_late_is_neither_an_outcome_nor_a_number(
    console, wrapup
) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        c.clock.now += 1
        await c.press("1")
        await c.happen(CallChanged(s.ENDED), WrapUpChanged(wrapup))
        await c.press("2")
        assert c.port.sent == [SendDigits("1")]
        assert c.app.screen.panel.dial.value == ""


async def test_digits_for_a_field_that_went_by_itself_are_for_nothing_else(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        await c.press("comma", *"80")
        await c.happen(CallChanged(s.ENDED))
        for digit in "01#":
            c.clock.now += 0.4  # past what a key is ignored for, but the hand has not rested
            await c.press(digit)
        await c.press("enter")
        assert c.port.sent == []
        c.clock.now += 1.1
        await c.press("5", "enter")
        assert c.port.sent == [Dial("5")]


async def test_a_number_typed_into_a_dialog_that_went_is_not_dialled_by_halves(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        await c.press("f4", *"120000")
        await c.happen(CallChanged(s.ENDED))
        c.clock.now += 0.4
        await c.press(*"00009", "enter")
        assert Dial("00009") not in c.port.sent
        assert c.app.screen.panel.dial.value == ""


# ---------------------------------------------------------------- idle


async def test_letters_are_nothing_while_idle(console) -> None:
    async with console() as c:
        await c.press(*"badge", "space", "question_mark")
        assert c.port.sent == []
        assert not typing(c)


async def test_a_number_is_begun_by_its_first_digit(console) -> None:
    async with console() as c:
        await c.burst(*"12000000001", "enter")
        await c.settle()
        assert c.port.sent == [Dial("12000000001")]
        await c.press("plus", "8", "6")
        assert c.app.screen.panel.dial.value == "+86"


async def test_a_pasted_number_waits_for_enter(console) -> None:
    async with console() as c:
        await paste(c, "120 0000-0001\n")
        assert c.port.sent == []
        await c.press("enter")
        assert c.port.sent == [Dial("120 0000-0001")]
        await paste(c, "good morning")
        assert not typing(c)


# ---------------------------------------------------------------- letters that are keys


async def test_where_letters_are_keys_a_note_begins_with_tab(console) -> None:
    async with console(s.with_call(s.TALKING), config=Config(ui=UiSettings(letters=True))) as c:
        await c.press("m", "z")
        assert c.port.sent == [Mute(True)]
        await c.press("tab", "m", "escape")
        assert c.port.sent[1:] == [EditNote("m", "1")]


async def test_a_letter_that_was_given_to_an_action_acts_and_the_others_are_text(console) -> None:
    async with console(s.with_call(s.TALKING), config=Config(keys={"mute": ("f7", "m")})) as c:
        await c.press("m")
        assert c.port.sent == [Mute(True)]
        await c.press("a", "m", "escape")
        assert sent(c)[1:] == [EditNote("am", "1")]


async def test_the_next_call_has_a_note_of_its_own(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        await c.press(*"first", "enter")
        await c.happen(CallChanged(s.ENDED), CallRemoved("1"))
        await c.happen(CallChanged(replace(s.TALKING, key="2", ccnumber="2conf")))
        assert "first" not in c.screen_text
        await c.press(*"two", "enter")
        edits = [each for each in c.port.sent if each.note in ("first", "two")]
        assert edits == [EditNote("first", "1"), EditNote("two", "2")]


async def test_a_strict_countdown_says_that_it_waits(console) -> None:
    strict = replace(s.WRAPUP, mode=WrapUpMode.TIMED_STRICT)
    async with console(replace(s.IDLE, wrapup=strict)) as c:
        assert "it waits while you type" in c.screen_text

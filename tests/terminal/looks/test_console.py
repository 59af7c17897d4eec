"""The console in an agent's hands: keys, calls, failures, an engine that comes and goes."""

from __future__ import annotations

import string

import pytest

from tests.terminal import scripted_port as s
from tests.waiting import until
from tui.config.schema import Config, UiSettings
from tui.console.actions.registry import REGISTRY
from tui.console.sign_in_defaults import SignInMemory
from tui.port import replace
from tui.port.commands import (
    Answer,
    CannotTake,
    CloseCall,
    Dial,
    Dismiss,
    HangUp,
    Hold,
    JoinGroup,
    Mute,
    Result,
    Resume,
    SetStatus,
    SignIn,
    SignOut,
)
from tui.port.events import (
    AccountChanged,
    CallChanged,
    CallRecorded,
    CallRemoved,
    ConnectionChanged,
    LevelsChanged,
    NoticeChanged,
    PhaseChanged,
    SeatChanged,
    ShiftChanged,
)
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import Status
from tui.port.snapshot import SeatStatus, Snapshot
from tui.port.values import (
    Connection,
    ConnectionState,
    Leg,
    Levels,
    Notice,
    Phase,
    Quality,
    StatusWanted,
    VoiceState,
    message,
)
from tui.secrets import Secret

LETTERS = Config(ui=UiSettings(letters=True))


@pytest.mark.parametrize(
    "state", [ConnectionState.LOST, ConnectionState.REGISTERING, ConnectionState.REFUSED]
)
async def test_while_the_line_is_lost_no_status_and_no_group_are_claimed(console, state) -> None:
    async with console() as c:
        for line, word in (
            (state, "UNCONFIRMED since 14:02"),
            (ConnectionState.OK, "IDLE since 13:47"),
        ):
            await c.happen(ConnectionChanged(Connection(line, s.NOW)))
            lines = c.screen_text.splitlines()
            assert lines[1].strip().startswith(word)
            assert (
                ("IDLE" in c.screen_text)
                is ("Pre-sales" in lines[0])
                is (line is ConnectionState.OK)
            )


async def test_while_the_phone_does_not_answer_nothing_of_it_is_claimed(console) -> None:
    async with console() as c:
        c.app.engine_silent(True)
        await c.settle()
        lines = c.screen_text.splitlines()
        assert "phone silent" in lines[0]
        assert lines[1].strip().startswith("UNCONFIRMED")
        assert "does not answer" in c.screen_text
        c.app.engine_silent(False)
        await c.settle()
        lines = c.screen_text.splitlines()
        assert "line ok" in lines[0]
        assert lines[1].strip().startswith("IDLE since 13:47")
        assert "answers again" in c.screen_text


async def test_while_the_phone_does_not_answer_nothing_is_shown_as_heard(console) -> None:
    snapshot = replace(
        s.with_call(s.TALKING), levels=Levels(you=3, them=7), quality=Quality(mos=4.4)
    )
    async with console(snapshot) as c:
        assert "▮" in c.screen_text
        assert "quality 4.4" in c.screen_text
        c.app.engine_silent(True)
        await c.settle()
        assert "▮" not in c.screen_text
        assert "quality" not in c.screen_text
        c.app.engine_silent(False)
        await c.settle()
        assert "quality 4.4" in c.screen_text


async def test_an_idle_console_says_who_where_what_and_since_when(console) -> None:
    async with console() as c:
        lines = c.screen_text.splitlines()
        assert "1001 Li Ming · Pre-sales" in lines[0]
        assert "line ok  12 ms" in lines[0]
        assert "voice: headset" in lines[0]
        assert lines[1].strip().startswith("IDLE since 13:47")
        assert "missed 1" in lines[1]
        assert "F2 Dial" in c.keys
        assert "F5" not in c.keys
        assert "F8" not in c.keys


async def test_the_key_bar_has_only_keys_that_work_now(console) -> None:
    async with console(s.with_call(s.RINGING)) as c:
        assert "F5 Answer" in c.keys
        assert "F8 Decline" in c.keys
        assert not {"F2", "F6", "F7", "F9"} & set(c.keys.split())
        await c.happen(CallChanged(s.TALKING))
        assert {"F6", "F7", "F8"} <= set(c.keys.split())
        assert not {"F2", "F5", "F9"} & set(c.keys.split())


async def test_an_incoming_call_is_answered_held_muted_and_hung_up(console) -> None:
    async with console() as c:
        await c.happen(CallChanged(s.RINGING))
        assert "RINGING 0:07" in c.line("RINGING")
        assert "120 0000 0001" in c.line("▶")
        assert "for Pre-sales · 2nd offer" in c.line("▶")
        await c.press("f5")
        assert c.port.sent == [Answer()]
        await c.happen(CallChanged(s.TALKING))
        assert "TALKING 3:21" in c.line("TALKING")
        await c.press("f7", "f6")
        assert c.port.sent[1:] == [Mute(True), Hold()]
        await c.happen(CallChanged(replace(s.TALKING, state=CallState.HOLDING, muted=True)))
        assert "ON HOLD" in c.line("MUTED")
        c.clock.now += 1
        await c.press("f6", "f7", "f8")
        assert c.port.sent[3:] == [Resume(), Mute(False), HangUp()]
        await c.happen(CallChanged(s.ENDED))
        assert "The customer hung up." in c.screen_text
        assert "It lasted 3:21." in c.screen_text


async def test_letters_are_keys_again_where_the_agent_wants_them(console) -> None:
    async with console(s.with_call(s.RINGING), config=LETTERS) as c:
        await c.press("question_mark")
        assert "Show the keys" in c.screen_text
        await c.press("escape")
        await c.happen(CallChanged(s.TALKING))
        await c.press("m")
        assert c.port.sent == [Mute(True)]
        await c.happen(CallRemoved("1"))
        await c.press("d", "a", "b")
        assert c.port.sent == [Mute(True)]
        assert c.app.screen.panel.dial.value == "ab"


@pytest.mark.parametrize("config", [Config(), LETTERS], ids=["text", "keys"])
@pytest.mark.parametrize("call", [s.RINGING, s.TALKING, s.ENDED], ids=lambda c: c.state.value)
async def test_no_letter_answers_declines_or_ends_a_call(console, call, config) -> None:
    async with console(s.with_call(call), config=config) as c:
        c.clock.now += 1
        given = "tTdD" if config is LETTERS else ""
        await c.press(*(letter for letter in string.ascii_letters if letter not in given))
        cuts = (Answer, HangUp, CannotTake, CloseCall)
        assert not [each for each in c.port.sent if isinstance(each, cuts)]


async def test_answer_and_hang_up_in_one_burst_answers(console) -> None:
    async with console(s.with_call(s.RINGING)) as c:
        await c.burst("f5", "f8")
        assert c.port.sent == [Answer()]
        c.clock.now += 0.31
        await c.press("f8")
        assert c.port.sent == [Answer(), HangUp()]


async def test_a_letter_can_be_given_back_to_hang_up(console) -> None:
    async with console(s.with_call(s.TALKING), config=Config(keys={"hangup": ("f8", "x")})) as c:
        c.clock.now += 1
        await c.press("x")
        assert c.port.sent == [HangUp()]


async def test_a_destructive_key_is_ignored_just_after_the_call_changed(console) -> None:
    async with console() as c:
        await c.happen(CallChanged(s.RINGING))
        c.clock.now += 0.29
        await c.press("f8")
        assert c.port.sent == []
        c.clock.now += 0.02
        await c.press("f8")
        assert c.port.sent == [HangUp()]


async def test_levels_and_mute_do_not_hold_up_the_hang_up(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        c.clock.now += 1
        await c.happen(LevelsChanged(Levels(3, 3)), CallChanged(replace(s.TALKING, muted=True)))
        await c.press("f8")
        assert c.port.sent == [HangUp()]


@pytest.mark.parametrize("call", [s.RINGING, s.TALKING], ids=["ringing", "talking"])
async def test_escape_neither_hangs_up_nor_declines(console, call) -> None:
    async with console(s.with_call(call)) as c:
        c.clock.now += 1
        await c.press("escape", "escape")
        assert not [each for each in c.port.sent if isinstance(each, HangUp)]


async def test_function_keys_work_in_a_field_and_under_dialogs(console) -> None:
    async with console() as c:
        await c.press("f2", "1", "2")
        await c.happen(CallChanged(s.RINGING))
        await c.press("f5")
        assert c.port.sent == [Answer()]
        for opener in ("ctrl+q", "ctrl+p"):
            await c.press(opener, "f5")
        assert c.port.sent == [Answer()] * 3


async def test_an_incoming_call_never_covers_what_is_typed(console) -> None:
    async with console() as c:
        await c.press("f2", *"12000")
        await c.happen(CallChanged(s.RINGING))
        assert "12000" in c.line("Number")
        assert "120 0000 0001" in c.line("▶")
        await c.press("0", "7")
        assert "1200007" in c.line("Number")


async def test_help_makes_way_for_an_incoming_call(console) -> None:
    async with console() as c:
        await c.press("f1")
        assert "Type a number and call it" in c.screen_text
        await c.happen(CallChanged(s.RINGING))
        assert "Type a number and call it" not in c.screen_text
        assert "120 0000 0001" in c.line("▶")


async def test_control_c_asks_and_kills_nothing(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        await c.press("ctrl+c")
        assert "You are in a call." in c.screen_text
        assert "TALKING" in c.screen_text
        await c.press("escape")
        assert "You are in a call." not in c.screen_text
        assert c.port.sent == []


async def test_leaving_while_it_rings_says_that_it_rings(console) -> None:
    async with console(s.with_call(s.RINGING)) as c:
        await c.press("ctrl+q")
        assert "A call is ringing." in c.screen_text
        assert "You are in a call." not in c.screen_text


async def test_what_leaving_and_signing_out_do_is_said_as_it_is_while_the_question_stands(
    console,
) -> None:
    async with console() as c:
        await c.press("ctrl+q")
        for call in (None, s.TALKING, replace(s.TALKING, state=CallState.ENDED)):
            if call is not None:
                await c.happen(CallChanged(call))
            up = call is s.TALKING
            assert ("You are in a call." in c.screen_text) is up
            assert ("You are signed in." in c.screen_text) is not up
            assert ("Signing out ends the call and the phone." in c.screen_text) is up
            assert ("Signing out ends the phone." in c.screen_text) is not up
            assert ("Sign out: hang up and end the phone" in c.screen_text) is up
            assert ("Leave: the phone goes on" in c.screen_text) is not up


async def test_leaving_lets_the_engine_run(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        await c.press("ctrl+q", "down", "enter")
    assert c.app.return_value == "left"
    assert c.port.sent == []


async def test_a_sign_out_right_after_the_call_changed_is_asked_again_and_not_swallowed(
    console,
) -> None:
    async with console(s.with_call(s.RINGING)) as c:
        c.clock.now += 1
        await c.press("ctrl+q")
        await c.happen(CallChanged(s.TALKING))
        await c.press("2")
        assert "You are in a call." in c.screen_text
        assert c.port.sent == []
        c.clock.now += 1
        await c.press("2")
    assert c.port.sent == [SignOut(end=True)]


async def test_signing_out_ends_the_engine(console) -> None:
    async with console() as c:
        c.clock.now += 1
        await c.press("ctrl+q", "down", "down", "enter")
    assert c.app.return_value == "signed-out"
    assert c.port.sent == [SignOut(end=True)]


async def test_a_letter_in_a_number_is_refused_at_once(console) -> None:
    async with console() as c:
        await c.press("f2", *"12a")
        assert "digits only" in c.line("Number")
        await c.press("enter")
        assert c.port.sent == []
        await c.press("backspace", "enter")
        assert c.port.sent == [Dial("12")]


async def test_full_width_digits_and_separators_go_to_the_engine(console) -> None:
    async with console() as c:
        await c.press("f2")
        c.app.screen.panel.dial.value = "１２０-0000 0001"
        await c.settle()
        assert "digits only" not in c.screen_text
        await c.press("enter")
        assert c.port.sent == [Dial("１２０-0000 0001")]


async def test_a_call_that_cannot_be_made_says_why_and_keeps_the_number(console) -> None:
    async with console() as c:
        c.port.answers[Dial] = lambda command: Result(False, message("refused.503", code=503))
        await c.press("f2", *"1002", "enter")
        assert "Busy." in c.screen_text
        assert "1002" in c.line("Number")
        c.port.answers.clear()
        await c.press("enter")
        assert "1002" not in c.screen_text


async def test_idle_and_busy(console) -> None:
    async with console() as c:
        await c.press("f9")
        await c.happen(
            SeatChanged(SeatStatus(Status.ONLINE, since=s.NOW - 900, pending=Status.BUSY))
        )
        assert "IDLE since 13:47  asking for busy…" in c.screen_text
        await c.press("f9")
        await c.happen(SeatChanged(SeatStatus(Status.BUSY, since=s.NOW)))
        assert "BUSY since 14:02" in c.screen_text
        await c.press("f9")  # it meant busy a moment ago
        assert c.port.sent == [SetStatus(StatusWanted.BUSY)]
        c.clock.now += 1
        await c.press("f9")
        assert c.port.sent == [SetStatus(StatusWanted.BUSY), SetStatus(StatusWanted.IDLE)]


async def test_a_failure_stays_in_words_until_it_is_cleared(console) -> None:
    async with console() as c:
        notice = Notice(message("unconfirmed.status"), s.NOW)
        await c.happen(NoticeChanged(notice))
        assert "The platform did not confirm. Nothing has changed." in c.screen_text
        await c.press("escape")
        assert c.port.sent == [Dismiss()]
        assert "did not confirm" not in c.screen_text


async def test_muted_stands_on_its_own_place_and_says_what_it_means(console) -> None:
    async with console(s.with_call(replace(s.TALKING, muted=True))) as c:
        assert c.line("TALKING").index("MUTED") == 35
        assert "muted: they do not hear you" in c.line("you ")


async def test_level_bars_show_both_ways(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        c.clock.now += 1
        await c.happen(LevelsChanged(Levels(4, 6)))
        assert "▮▮▮▮▯▯▯▯▯▯" in c.line("you ")
        assert "▮▮▮▮▮▮▯▯▯▯" in c.line("them ")


async def test_the_sound_on_ones_own_phone_cannot_be_muted_here(console) -> None:
    async with console(s.with_call(replace(s.TALKING, leg=Leg.NONE))) as c:
        assert "The sound is on your own phone." in c.screen_text
        assert "F7" not in c.keys


@pytest.mark.parametrize("leg", [Leg.FAILED, Leg.LOST])
async def test_a_call_without_sound_says_so(console, leg) -> None:
    async with console(s.with_call(replace(s.TALKING, leg=leg))) as c:
        assert "NO SOUND" in c.screen_text


async def test_no_sound_device_is_said(console) -> None:
    voice = replace(s.IDLE.voice, state=VoiceState.NO_DEVICE)
    async with console(replace(s.IDLE, voice=voice)) as c:
        assert "NO SOUND: no device" in c.screen_text


async def test_a_policy_can_take_away_declining(console) -> None:
    from tui.config.schema import Config, Policies

    config = Config(policies=Policies(decline=False))
    async with console(s.with_call(s.RINGING), config=config) as c:
        c.clock.now += 1
        await c.press("f8")
        assert c.port.sent == []
        assert "F8" not in c.screen_text


async def test_from_a_hundred_columns_on_the_calls_stand_beside(console) -> None:
    async with console(size=(120, 40)) as c:
        assert "Today" in c.line("answered 2")
        assert c.app.screen.recent.region.x >= 60
        await c.pilot.resize_terminal(80, 24)
        await c.settle()
        assert c.app.screen.recent.region.x == 0


async def test_an_engine_that_dies_is_said_and_the_next_one_is_signed_in_again(console) -> None:
    session = SignInMemory(SignIn("1001", Secret("pw"), "02500001234"), "1000000001")
    async with console(s.with_call(s.TALKING), session=session) as c:
        c.port.die()
        await c.settle()
        assert "has stopped" in c.screen_text
        assert "120 0000 0001" in c.screen_text
        assert "F8" not in c.keys
        fresh = s.ScriptedPort(Snapshot())
        c.app.attach(fresh)
        await c.settle()
        assert fresh.sent == [session.sign_in, JoinGroup("1000000001")]
        assert "Sign in" not in c.screen_text
        fresh.happen(AccountChanged(s.ACCOUNT, s.GROUPS), PhaseChanged(Phase.SIGNED_IN))
        fresh.happen(CallChanged(replace(s.TALKING, recovered=True)))
        await c.settle()
        assert "Taken over" in c.screen_text
        assert "TALKING 3:21" in c.screen_text


async def test_events_that_were_lost_are_made_up_for_by_a_fresh_snapshot(console) -> None:
    async with console() as c:
        for step in range(2000):  # more than the bus keeps for one listener
            c.port.happen(LevelsChanged(Levels(step % 10, 0)))
        c.port.happen(CallChanged(s.TALKING))
        await c.settle()
        assert "TALKING 3:21" in c.screen_text
        await c.happen(CallChanged(s.ENDED))
        assert "It lasted 3:21." in c.screen_text


async def test_being_signed_out_elsewhere_is_said_and_not_fought(console) -> None:
    session = SignInMemory(SignIn("1001", Secret("pw"), "02500001234"), "1000000001")
    async with console(session=session) as c:
        await c.happen(PhaseChanged(Phase.KICKED, message("kicked.895", code=895)))
        assert "This extension was signed in elsewhere (895)." in c.screen_text
        assert session.sign_in is None
        c.clock.now += 1
        await c.press("enter")
        assert "Sign in" in c.screen_text
        assert c.app.screen.pwd.value == "pw"  # the form as it was
        assert c.port.sent == []


async def test_the_clock_runs_only_while_a_call_does(console) -> None:
    async with console() as c:
        assert not c.app._timers
        await c.happen(CallChanged(s.RINGING))
        assert len(c.app._timers) == 1
        await c.happen(CallChanged(s.ENDED))
        await until(lambda: not c.app._timers, what="no clock without a call")


def test_no_key_stands_for_two_things_in_one_place() -> None:
    shared = {"enter", "escape", "f3"}  # f3: the write-up's, else the directory's
    keys = [key for a in REGISTRY for key in (a.key, a.alias) if key and key not in shared]
    assert len(keys) == len(set(keys))


async def test_the_figures_of_the_day_count_the_call_that_is_just_over(console) -> None:
    async with console() as c:
        assert "answered 2" in c.line("Today")
        record = replace(s.RECENT[0], ccnumber="9conf_9")
        await c.happen(CallRecorded(record))
        await c.happen(ShiftChanged(replace(c.port.state.shift, talked=3, talk_time=953.0)))
        assert "answered 3" in c.line("Today")


async def test_after_a_kick_the_form_is_as_it_was_typed(console) -> None:
    typed = SignIn("1001", Secret("pw-1"), "02500001234", backend="https://platform.example")
    async with console(s.with_call(s.TALKING), session=SignInMemory(typed, "1000000001")) as c:
        await c.happen(PhaseChanged(Phase.KICKED, message("kicked.897", code=897)))
        c.clock.now += 1
        await c.press("enter")
        form = c.app.screen
        assert (form.un.value, form.pwd.value) == ("1001", "pw-1")
        assert form.switch.value == "02500001234"
        assert form.backend.value == "https://platform.example"


async def test_after_a_kick_the_form_holds_the_account_that_was_signed_in(console) -> None:
    async with console(s.with_call(s.TALKING), resuming=True) as c:
        await c.happen(PhaseChanged(Phase.KICKED, message("kicked.895", code=895)))
        c.clock.now += 1
        await c.press("enter")
        assert c.app.screen.un.value == s.ACCOUNT.un
        assert c.app.screen.switch.value == s.ACCOUNT.switchnumber
        assert c.app.screen.backend.value == s.ACCOUNT.backend
        assert c.app.screen.pwd.value == ""

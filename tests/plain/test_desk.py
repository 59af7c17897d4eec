"""What is said when something happens, what is done when something is said."""

from __future__ import annotations

import pytest

from tests.plain.conftest import Lines, lines
from tests.terminal.scripted_port import ENDED, IDLE, NOW, RINGING, TALKING, with_call
from tests.waiting import until
from tui.config.schema import Config, NoticeSettings, Profile
from tui.console.sign_in_defaults import SignInPrefill
from tui.plain import attention
from tui.plain.talk import DEAF, HOLD
from tui.port import replace
from tui.port.commands import (
    Answer,
    AnswerQuestion,
    ConnectLines,
    DropThird,
    EditNote,
    EditWrapUp,
    HangUp,
    KeepWrapUpOpen,
    MarkLine,
    Result,
    SetStatus,
    SignIn,
    Transfer,
)
from tui.port.events import (
    CallChanged,
    ConnectionChanged,
    NoticeChanged,
    PhaseChanged,
    QuestionChanged,
    SeatChanged,
    WrapUpChanged,
)
from tui.port.machines.call_machine import CallState, ThirdState
from tui.port.machines.seat_machine import Status
from tui.port.snapshot import CallEnd, SeatStatus, Snapshot, Third
from tui.port.values import (
    Capability,
    Connection,
    ConnectionState,
    Notice,
    Phase,
    Question,
    QuestionKind,
    Standing,
    StatusWanted,
    ThirdKind,
    WrapUp,
    WrapUpMode,
    message,
)

THIRD = Third(ThirdState.JOINED, ThirdKind.AGENT, "1002", "Wang Fang", NOW - 9, joined=NOW - 5)
WRAPUP = WrapUp(
    entry=7,
    number="12000000001",
    outgoing=False,
    talk_time=192.0,
    ended=message("ended.25", code=25),
    began=NOW,
    until=NOW + 30,
    mode=WrapUpMode.TIMED,
    outcomes=("Resolved", "Call back"),
)


async def test_a_call_is_said_with_who_for_whom_and_what_to_say() -> None:
    async with lines() as desk:
        await desk.asks("idle>")
        desk.port.happen(CallChanged(replace(RINGING, offers=1, number="12000000077")))
        await desk.shows(
            "CALL from 120 0000 0077, for Pre-sales, first call today."
            " a answers, d declines, c can't take it.\nringing> "
        )


async def test_the_same_number_again_today_is_said() -> None:
    async with lines() as desk:
        await desk.asks("idle>")
        desk.port.happen(CallChanged(replace(RINGING, offers=1, ccnumber="1conf_9")))
        await desk.shows("call number 2 today.")


async def test_what_a_call_ended_by_and_after_how_long_is_one_sentence() -> None:
    async with lines(with_call(TALKING)) as desk:
        await desk.asks("talking>")
        desk.port.happen(CallChanged(replace(ENDED, end=CallEnd(25, 192.0))), WrapUpChanged(WRAPUP))
        await desk.shows(
            "The customer hung up after 3 minutes 12.\n"
            "Write-up, 30 seconds: 1 Resolved 2 Call back. Text is the note. ready ends it.\n"
            "write-up> "
        )


async def test_what_has_happened_waits_for_the_line_and_stands_above_its_answer() -> None:
    async with lines() as desk:
        await desk.asks("idle>")
        desk.type("bus")
        desk.port.happen(CallChanged(RINGING))
        await until(lambda: "\a" in desk.text)
        assert "CALL" not in desk.text
        desk.say("y")
        await desk.shows("Not now: busy.")
        assert desk.fresh.index("CALL from") < desk.fresh.index("Not now: busy.")


async def test_what_is_left_half_typed_comes_again_under_what_has_happened() -> None:
    async with lines() as desk:
        await desk.asks("idle>")
        desk.type("find wa")
        desk.now += HOLD + 1
        desk.port.happen(CallChanged(RINGING))
        await desk.shows("ringing> find wa")
        assert "find wa\nCALL from" in desk.text.replace("\a", "")


async def test_the_prompt_says_the_state_and_a_cut_microphone() -> None:
    async with lines(with_call(replace(TALKING, muted=True))) as desk:
        await desk.asks("talking muted>")
        desk.port.happen(CallChanged(replace(TALKING, muted=True, state=CallState.HOLDING)))
        await desk.shows("On hold: 120 0000 0001.\non hold muted> ")


@pytest.mark.parametrize("said", ["a", "answer", "1", "\x1b[15~"])
async def test_a_call_is_answered_by_letter_word_digit_and_key(said: str) -> None:
    async with lines(with_call(RINGING)) as desk:
        await desk.asks("ringing>")
        desk.type(said if said.startswith("\x1b") else said + "\r")
        await until(lambda: Answer() in desk.port.sent)


async def test_a_digit_that_was_begun_before_it_rang_answers_nothing() -> None:
    async with lines() as desk:
        await desk.asks("idle>")
        desk.type("1")
        desk.now += 5
        desk.port.happen(CallChanged(replace(RINGING, since=desk.now)))
        await until(lambda: "\a" in desk.text)
        desk.say("")
        await desk.shows("A call came in between. Nothing was done.")
        assert not desk.port.sent


async def test_hanging_up_asks_and_enter_is_no() -> None:
    async with lines(with_call(TALKING)) as desk:
        await desk.asks("talking>")
        desk.say("hang")
        await desk.asks("Hang up on 120 0000 0001? 1 yes. Enter: nothing.")
        desk.say("")
        await desk.asks("talking>")
        assert not desk.port.sent
        desk.say("hang 1")
        await until(lambda: HangUp() in desk.port.sent)


async def test_the_key_that_asked_answers_but_not_in_the_same_burst() -> None:
    async with lines(with_call(TALKING)) as desk:
        await desk.asks("talking>")
        desk.type("\x1b[19~\x1b[19~")
        await desk.asks("1 yes. Enter: nothing.")
        assert not desk.port.sent
        desk.now += 1
        desk.type("\x1b[19~")
        await until(lambda: HangUp() in desk.port.sent)


async def test_who_leaves_while_the_line_is_lost_is_told_what_that_cannot_end() -> None:
    async with lines(with_call(TALKING)) as desk:
        await desk.asks("talking>")
        for state in (ConnectionState.LOST, ConnectionState.REGISTERING, ConnectionState.OK):
            desk.port.happen(ConnectionChanged(Connection(state, since=desk.now)))
            desk.say("leave")
            await desk.shows("You are in a call")
            assert ("cannot end it" in desk.fresh) is not state.carries
            desk.say("")
            await desk.asks("talking>")


async def test_a_registration_that_lapses_is_said() -> None:
    async with lines(IDLE) as desk:
        await desk.asks("idle>")
        desk.port.happen(ConnectionChanged(Connection(ConnectionState.REGISTERING, since=desk.now)))
        await desk.shows("Not registered, asking again…")


async def test_while_the_line_is_lost_no_status_is_claimed() -> None:
    async with lines(IDLE) as desk:
        await desk.asks("idle>")
        desk.port.happen(ConnectionChanged(Connection(ConnectionState.LOST, since=desk.now)))
        await desk.asks("unconfirmed>")
        desk.say("=")
        await desk.shows("Unconfirmed.")
        assert "Sales" not in desk.fresh
        desk.port.happen(ConnectionChanged(Connection(ConnectionState.OK, since=desk.now)))
        await desk.asks("idle>")


async def test_while_the_phone_does_not_answer_no_status_is_claimed() -> None:
    async with lines(IDLE) as desk:
        await desk.asks("idle>")
        desk.desk.engine_silent(True)
        await desk.shows("The phone is running but does not answer.")
        await desk.asks("phone silent>")
        desk.desk.engine_silent(False)
        await desk.shows("The phone behind this screen answers again.")
        await desk.asks("idle>")


async def test_a_group_is_said_when_the_platform_has_confirmed_it() -> None:
    async with lines(IDLE) as desk:
        await desk.asks("idle>")
        unsure = SeatStatus(Status.ONLINE, NOW, unconfirmed=(Standing.GROUP,))
        desk.port.happen(SeatChanged(unsure))
        desk.say("=")
        await desk.shows("Idle. Line ok.")
        desk.port.happen(SeatChanged(SeatStatus(Status.ONLINE, NOW)))
        await desk.shows("Your group is Pre-sales now.")


async def test_three_in_a_call_are_asked_about() -> None:
    async with lines(with_call(replace(TALKING, third=THIRD))) as desk:
        await desk.asks("three-way>")
        desk.say("hang")
        await desk.asks(
            "Who stays? 1 end for all. 2 drop Wang Fang. 3 leave them talking."
            " Enter: nobody leaves."
        )
        desk.say("2")
        await until(lambda: desk.port.sent == [DropThird()])


async def test_a_question_that_is_moot_takes_no_digit_that_was_on_its_way() -> None:
    async with lines(with_call(TALKING)) as desk:
        await desk.asks("talking>")
        desk.say("hang")
        await desk.asks("1 yes. Enter: nothing.")
        desk.port.happen(CallChanged(ENDED), WrapUpChanged(WRAPUP))
        await desk.asks("write-up>")
        desk.say("1")
        await desk.shows("That question is over. Nothing was done.")
        assert not [each for each in desk.port.sent if isinstance(each, EditWrapUp | HangUp)]
        desk.now += DEAF + 1
        desk.say("1")
        await until(lambda: EditWrapUp(outcome="Resolved") in desk.port.sent)


async def test_in_a_question_a_word_counts_as_ever() -> None:
    async with lines(with_call(RINGING)) as desk:
        await desk.asks("ringing>")
        desk.say("settings")
        await desk.shows("4 Volume %: 100.")
        desk.say("answer")
        await until(lambda: Answer() in desk.port.sent)


async def test_text_in_a_call_is_its_note_and_goes_on_behind_what_stands_there() -> None:
    async with lines(with_call(TALKING)) as desk:
        await desk.asks("talking>")
        desk.say("wants an invoice")
        await desk.shows("Noted for the write-up.")
        assert desk.port.sent == [EditNote("wants an invoice", key="1")]
        desk.port.happen(CallChanged(replace(TALKING, note="wants an invoice")))
        desk.say("note hold on to it")
        await until(lambda: EditNote("wants an invoice hold on to it", key="1") in desk.port.sent)


async def test_a_terminal_in_another_encoding_is_told_once() -> None:
    async with lines(with_call(TALKING)) as desk:
        await desk.asks("talking>")
        for word in ("你好", "再见"):
            desk.talk.feed(f"{word}\r".encode("gbk"))
        await until(lambda: "is not in utf-8: letters are lost" in desk.text)
        await desk.asks("talking>")
        assert desk.text.count("is not in utf-8") == 1


async def test_a_digit_and_text_are_outcome_and_note_and_stop_the_clock() -> None:
    async with lines(replace(with_call(ENDED), wrapup=WRAPUP)) as desk:
        await desk.asks("write-up>")

        def kept(_: object) -> Result:
            desk.port.happen(WrapUpChanged(replace(WRAPUP, until=None)))
            return Result(True)

        def edited(_: object) -> Result:
            done = replace(WRAPUP, until=None, outcome="Call back", note="at ten")
            desk.port.happen(WrapUpChanged(done))
            return Result(True)

        desk.port.answers = {KeepWrapUpOpen: kept, EditWrapUp: edited}
        desk.say("2 at ten")
        await desk.asks("write-up>")
        assert desk.fresh.count("Call back. Note kept. Countdown stopped.") == 1
        assert EditWrapUp(outcome="Call back", note="at ten") in desk.port.sent
        assert desk.port.sent.count(KeepWrapUpOpen()) == 1


async def test_the_countdown_stops_at_the_first_key() -> None:
    async with lines(replace(with_call(ENDED), wrapup=WRAPUP)) as desk:
        await desk.asks("write-up>")
        desk.type("g")
        await until(lambda: desk.port.sent == [KeepWrapUpOpen()])


async def test_enter_says_the_last_event_again_and_nothing_else_is_repeated() -> None:
    async with lines() as desk:
        await desk.asks("idle>")
        desk.port.happen(NoticeChanged(Notice(message("group.not_now"), NOW)))
        await desk.shows("Sign out first.")
        desk.say("")
        await desk.shows("Sign out first.")
        desk.say("state")
        await desk.shows("Idle. Pre-sales. Line ok. Missed 1.")
        assert "Sign out first." not in desk.fresh


async def test_times_are_said_when_they_are_asked_for() -> None:
    async with lines(with_call(TALKING)) as desk:
        await desk.asks("talking>")
        desk.say("who")
        await desk.shows("Talking to 120 0000 0001. For 3 minutes 21.")
        desk.say("time")
        await desk.shows("For 3 minutes 21.")


async def test_the_bell_rings_at_once_and_again_until_it_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attention, "BELL_APART", 0.01)
    async with lines() as desk:
        await desk.asks("idle>")
        desk.port.happen(CallChanged(RINGING))
        await until(lambda: desk.text.count("\a") >= 3)
        desk.port.happen(CallChanged(TALKING))
        await desk.shows("Talking to")
        rung = desk.text.count("\a")
        desk.say("state")
        await desk.asks("talking>")
        assert desk.text.count("\a") == rung


async def test_without_the_bell_in_the_config_none_rings() -> None:
    config = Config(notices=NoticeSettings(bell=False))
    async with lines(config=config) as desk:
        await desk.asks("idle>")
        desk.port.happen(CallChanged(RINGING))
        await desk.shows("CALL from")
        assert "\a" not in desk.text


async def test_hold_and_a_cut_microphone_are_reminded_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "REMIND_APART", 0.01)
    held = replace(TALKING, state=CallState.HOLDING, muted=True)
    async with lines(with_call(held)) as desk:
        await desk.shows("Still on hold: 120 0000 0001.\nStill MUTED.")


async def test_a_colour_code_in_a_name_never_reaches_the_terminal() -> None:
    async with lines() as desk:
        await desk.asks("idle>")
        desk.port.happen(CallChanged(replace(RINGING, name="\x1b[31mEve\x1b[0m\x9b2J")))
        await desk.shows("CALL from 120 0000 0001 Eve")
        assert not set(desk.text) & {"\x1b", "\x9b"}


async def test_idle_digits_dial_and_a_single_one_is_asked_about() -> None:
    async with lines() as desk:
        await desk.asks("idle>")
        desk.say("7")
        await desk.asks("Call 7? 1 yes. Enter: nothing.")
        desk.say("")
        desk.say("120 0000 0001")
        await until(lambda: len(desk.port.sent) == 1)


async def test_what_is_not_understood_is_said_and_does_nothing() -> None:
    async with lines() as desk:
        await desk.asks("idle>")
        desk.say("hodl")
        await desk.shows("Not understood: hodl. ? lists the words.")
        assert not desk.port.sent


async def test_help_lists_what_can_be_done_now_and_a_digit_does_it() -> None:
    async with lines() as desk:
        await desk.asks("idle>")
        desk.say("?")
        await desk.shows("Words: 1 dial F2.")
        assert "answer" not in desk.fresh
        desk.say(_digit_of(desk, "busy F9"))
        await until(lambda: SetStatus(StatusWanted.BUSY) in desk.port.sent)


def _digit_of(desk: Lines, words: str) -> str:
    return desk.fresh[: desk.fresh.index(words)].split()[-1]


async def test_a_lost_line_and_its_return_are_said_once() -> None:
    async with lines() as desk:
        await desk.asks("idle>")
        desk.port.happen(ConnectionChanged(Connection(ConnectionState.LOST, NOW)))
        await desk.shows("Line lost")
        desk.port.happen(ConnectionChanged(Connection(ConnectionState.CONNECTING, NOW)))
        desk.port.happen(ConnectionChanged(Connection(ConnectionState.OK, NOW)))
        await desk.shows("The line is back.")


async def test_the_seat_is_said_with_its_reason() -> None:
    async with lines() as desk:
        await desk.asks("idle>")
        away = SeatStatus(Status.BUSY, NOW, message("seat.unattended"))
        desk.port.happen(SeatChanged(away))
        await desk.shows("Busy. nobody was at the screen.\nbusy> ")


async def test_lines_of_a_pbx_are_named_by_their_number() -> None:
    account = replace(IDLE.account, can=(Capability.LINES,))
    second = replace(RINGING, key="2", line=2, ccnumber="2", number="12000000055")
    snapshot = replace(IDLE, account=account, calls=(TALKING,), marked="1")
    async with lines(snapshot) as desk:
        await desk.asks("talking>")
        desk.port.happen(CallChanged(second))
        await desk.shows("Line 2. CALL from 120 0000 0055")
        await desk.asks("talking line 1>")
        desk.say("line 2")
        await until(lambda: MarkLine("2") in desk.port.sent)


SIGNED_OUT = Snapshot()
PROFILE = Profile(name="box", un="1001", backend="https://x.invalid", switchnumber="02500001234")


async def test_a_password_is_never_written() -> None:
    config = Config(profiles=(PROFILE,))
    async with lines(SIGNED_OUT, config) as desk:
        await desk.shows("Sign in as 1001, 02500001234")
        desk.say("")
        await desk.asks("Password:")
        desk.say("s3cret words")
        await until(lambda: bool(desk.port.sent))
        command = desk.port.sent[0]
        assert isinstance(command, SignIn)
        assert command.pwd.reveal() == "s3cret words"
        assert "s3cret" not in desk.text


async def test_after_a_refusal_only_the_password_is_asked_for_again() -> None:
    prefill = SignInPrefill(un="1001", backend="https://x.invalid", switchnumber="1234")
    async with lines(SIGNED_OUT, prefill=prefill) as desk:
        desk.port.answers = {SignIn: lambda _: Result(False, message("login.50003", code=50003))}
        await desk.shows("Sign in as 1001, 1234")
        desk.say("")
        await desk.asks("Password:")
        desk.say("wrong")
        await desk.shows("Sign in as 1001, 1234")


async def test_every_field_can_be_asked_for() -> None:
    async with lines(SIGNED_OUT) as desk:
        await desk.shows("Which platform?")
        desk.say("")
        await desk.asks("Extension:")
        desk.say("1001")
        await desk.asks("Switch number:")
        desk.say("02500001234")
        await desk.asks("Address:")
        desk.say("https://x.invalid")
        await desk.shows("Voice: 1 This computer. 2 SIP phone. 3 Callback phone.")
        desk.say("2")
        await desk.asks("Phone:")
        desk.say("8001")
        await desk.shows("Keep the password in the keyring?")
        desk.say("")
        await desk.asks("Password:")
        desk.say("pw")
        await until(lambda: bool(desk.port.sent))
        command = desk.port.sent[0]
        assert isinstance(command, SignIn)
        assert (command.un, int(command.callintype), command.number) == ("1001", 5, "8001")


async def test_who_is_signed_out_by_the_platform_hears_why_and_what_to_do() -> None:
    async with lines() as desk:
        await desk.asks("idle>")
        desk.port.happen(PhaseChanged(Phase.KICKED, message("kicked.895")))
        await desk.shows("This extension was signed in elsewhere (895).")
        await desk.shows("1 Sign in again. 2 Quit.")


async def test_control_c_gives_up_what_is_typed() -> None:
    async with lines() as desk:
        await desk.asks("idle>")
        desk.type("sign out")
        desk.talk.abandon()
        await desk.asks("idle>")
        assert desk.talk.editor.text == ""
        desk.talk.abandon()
        await desk.shows(
            "You are signed in. 1 Leave: the phone goes on. 2 Sign out: end the phone."
        )


async def test_the_view_of_a_prompt_is_the_one_of_the_moment() -> None:
    async with lines() as desk:
        await desk.asks("idle>")
        desk.port.happen(SeatChanged(SeatStatus(Status.BUSY, NOW)))
        await desk.shows("Busy.\nbusy> ")


async def test_a_link_is_asked_about_and_answered_by_a_word() -> None:
    async with lines() as desk:
        await desk.asks("idle>")
        desk.say("yes")
        await desk.shows("Not now: yes.")
        desk.port.happen(QuestionChanged(Question(QuestionKind.DIAL, "", "12000000001")))
        await desk.shows("Another program on this computer wants 120 0000 0001 called. yes or no?")
        desk.say("yes")
        await until(lambda: AnswerQuestion(True) in desk.port.sent)


async def test_at_a_pbx_a_call_is_handed_to_what_was_typed_or_to_another_line() -> None:
    account = replace(IDLE.account, can=(Capability.LINES,))
    held = replace(TALKING, key="2", line=2, ccnumber="2", state=CallState.HOLDING, number="1007")
    snapshot = replace(IDLE, account=account, calls=(TALKING, held), marked="1")
    async with lines(snapshot) as desk:
        await desk.asks("talking line 1>")
        desk.say("transfer")
        await desk.shows("1007: 1 connect the two, and leave. 2 join them here")
        desk.say("1")
        await until(lambda: ConnectLines(TALKING.ccnumber, "2") in desk.port.sent)
        desk.say("transfer wang@pbx.invalid")
        await desk.shows("wang@pbx.invalid: 1 hand the call over. 2 call them first.")
        desk.say("1")
        wanted = Transfer("", "wang@pbx.invalid", "wang@pbx.invalid", ccnumber=TALKING.ccnumber)
        await until(lambda: wanted in desk.port.sent)


async def test_a_fault_in_plain_mode_is_not_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: object) -> list[str]:
        raise RuntimeError("a fault of ours")

    async def fail() -> None:
        async with lines() as desk:
            await desk.asks("idle>")
            monkeypatch.setattr("tui.plain.followed_engine.news", wrong)
            desk.port.happen(CallChanged(RINGING))
            await until(lambda: desk.running.done())

    with pytest.raises(RuntimeError, match="a fault of ours"):
        await fail()


async def test_the_tour_is_six_sentences_with_words_in_the_place_of_keys() -> None:
    async with lines() as desk:
        await desk.asks("idle>")
        desk.say("tour")
        await desk.asks("idle>")
        said = desk.fresh.splitlines()
        assert len(said) == 8  # with the line that was typed, and the prompt
        assert "{" not in desk.fresh
        assert "answer answers, decline declines" in desk.fresh


async def test_a_bell_that_is_turned_off_is_off_at_once() -> None:
    async with lines() as desk:
        await desk.asks("idle>")
        desk.say("settings")
        await desk.shows("7 Bell")
        desk.say("7")
        await desk.shows("The settings are saved.")
        desk.port.happen(CallChanged(RINGING))
        await desk.shows("CALL from")
        assert "\a" not in desk.text


async def test_a_setting_that_is_locked_is_said_to_be() -> None:
    async with lines(config=Config(locked=("audio.volume",))) as desk:
        await desk.asks("idle>")
        desk.say("settings")
        await desk.shows("4 Volume %: 100.")
        desk.say("4")
        await desk.shows("Volume % is locked by the administrator.")

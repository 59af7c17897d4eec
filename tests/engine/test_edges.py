"""The edges that nothing public settles: each row of platform.md's table that calls have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.engine.desk import CC, CUSTOMER, Desk, platform_calls
from tests.waiting import until
from tui.console.i18n import render
from tui.engine.context import Limits
from tui.engine.outcome import Outcome
from tui.platform import control as m
from tui.port import events as e
from tui.port import replace
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import SeatState
from tui.port.values import Leg

SOON = Limits(dial_reply=0.02, answered=0.02, ended=0.02, offer_again=0.02)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk(Limits())
    yield desk
    await desk.context.close()


@pytest.fixture
async def hasty() -> AsyncIterator[Desk]:
    desk = Desk(SOON)
    yield desk
    await desk.context.close()


async def until_state(desk: Desk, state: CallState) -> None:
    await until(lambda: desk.call.state is state, 10)


async def test_a_second_100_while_it_rings_is_a_repeat(desk: Desk) -> None:
    desk.says(m.NewCall(CC, CUSTOMER), m.NewCall(CC, CUSTOMER))
    assert desk.call.offers == 1
    assert len(desk.facts(e.CallOffered)) == 1


@pytest.mark.parametrize("again", [m.NewCall(CC, CUSTOMER), m.Answered(CC, CUSTOMER)])
async def test_who_calls_may_be_told_by_a_later_message_than_the_first(
    desk: Desk, again: m.PlatformMessage
) -> None:
    """`n` comes with answeredPBXCall (specification); of newPBXCall nobody has promised it."""
    desk.says(m.NewCall(CC, ""))
    await desk.commands.answer("")
    desk.says(again, m.Answered(CC, ""))
    assert desk.call.number == CUSTOMER
    assert desk.facts(e.CallAnswered)[-1].number == CUSTOMER
    desk.says(m.Answered(CC, "12000000009"), m.NewCall(CC, "12000000009"))
    assert desk.call.number == CUSTOMER, "who it is said to be first counts"


async def test_a_colleague_may_be_told_by_a_later_message_too(desk: Desk) -> None:
    desk.says(m.NewCall(CC, ""), m.Answered(CC, "1002", "70000"))
    assert (desk.call.number, desk.call.internal) == ("1002", True)


async def test_a_100_while_the_call_is_up_is_a_repeat(desk: Desk) -> None:
    desk.says(m.NewCall(CC, CUSTOMER))
    await desk.commands.answer("")
    desk.says(m.Answered(CC, CUSTOMER), m.NewCall(CC, CUSTOMER))
    assert desk.call.state is CallState.TALKING
    assert desk.call.offers == 1


async def test_a_100_after_its_101_is_another_offer_of_the_same_call_and_counted(
    desk: Desk,
) -> None:
    desk.says(m.NewCall(CC, CUSTOMER), m.CancelCall(CC))
    desk.now += 0.6
    desk.says(m.NewCall(CC, CUSTOMER))
    assert desk.call.state is CallState.RINGING
    assert desk.call.offers == 2
    assert desk.facts(e.CallOffered)[-1] == e.CallOffered(CC, CUSTOMER, 2)


async def test_a_100_right_after_its_101_is_held_back_and_then_shown(hasty: Desk) -> None:
    hasty.says(m.NewCall(CC, CUSTOMER), m.CancelCall(CC), m.NewCall(CC, CUSTOMER))
    assert hasty.call.state is CallState.ENDED
    await until_state(hasty, CallState.RINGING)
    assert hasty.call.offers == 2


async def test_a_100_that_another_101_follows_is_dropped(hasty: Desk) -> None:
    hasty.says(m.NewCall(CC, CUSTOMER), m.CancelCall(CC), m.NewCall(CC, CUSTOMER))
    hasty.says(m.CancelCall(CC))
    assert f"offer {CC}" not in hasty.context.timers
    assert hasty.call.state is CallState.ENDED
    assert len(hasty.facts(e.CallOffered)) == 1


async def test_a_new_ccnumber_from_the_number_just_declined_is_another_offer(desk: Desk) -> None:
    desk.says(m.NewCall(CC, CUSTOMER))
    await desk.commands.hang_up("")
    desk.says(m.CancelCall(CC))
    desk.says(m.NewCall("other", CUSTOMER))
    assert desk.call.ccnumber == "other"
    assert desk.call.offers == 2


async def test_a_new_ccnumber_from_another_number_is_a_first_offer(desk: Desk) -> None:
    desk.says(m.NewCall(CC, CUSTOMER))
    await desk.commands.hang_up("")
    desk.says(m.CancelCall(CC), m.NewCall("other", "12000000002"))
    assert desk.call.offers == 1


async def test_a_number_declined_long_ago_begins_anew(desk: Desk) -> None:
    desk.says(m.NewCall(CC, CUSTOMER))
    await desk.commands.hang_up("")
    desk.says(m.CancelCall(CC))
    desk.now += desk.context.limits.redial_window + 1
    desk.says(m.NewCall("other", CUSTOMER))
    assert desk.call.offers == 1


async def test_a_100_after_the_call_was_up_and_ended_is_a_repeat(desk: Desk) -> None:
    desk.says(m.NewCall(CC, CUSTOMER))
    await desk.commands.answer("")
    desk.says(m.Answered(CC, CUSTOMER), m.Ended(CC, 25, 9), m.NewCall(CC, CUSTOMER))
    assert desk.call.state is CallState.ENDED


async def test_a_100_later_than_that_is_another_offer_of_the_same_call_and_counted(
    desk: Desk,
) -> None:
    for offers in (1, 2, 3):  # invited, dropped, invited again; and handed over at last
        desk.says(m.NewCall(CC, CUSTOMER))
        assert (desk.call.state, desk.call.offers) == (CallState.RINGING, offers)
        await desk.commands.answer("")
        desk.says(m.Answered(CC, CUSTOMER), m.Ended(CC, 25, 9), m.Ended(CC, 25, 9))
        assert desk.call.state is CallState.ENDED
        desk.now += 0.6
    assert len(desk.facts(e.CallFinished)) == 3


async def test_two_callers_who_withhold_their_number_are_two_offers(desk: Desk) -> None:
    desk.says(m.NewCall(CC, ""))
    await desk.commands.hang_up("")
    desk.says(m.CancelCall(CC), m.NewCall("other", ""))
    assert desk.call.offers == 1


async def test_309_ends_the_call_and_a_105_with_20_is_then_a_repeat(desk: Desk) -> None:
    await desk.commands.dial("1002")
    desk.says(m.CallinResponse(200, CC, "1002"), m.CallinFailed(CC), m.Ended(CC, 20))
    assert desk.call.state is CallState.ENDED
    assert desk.call.outcome is not None
    assert desk.call.outcome.id == "ended.no_answer"
    assert not desk.facts(e.CallFinished)
    assert len(desk.facts(e.CallinFailed)) == 1


async def test_hanging_up_before_the_answer_ends_with_105_and_20(desk: Desk) -> None:
    await desk.commands.dial(CUSTOMER)
    desk.says(m.CalloutResponse(200, CC, CUSTOMER))
    await desk.commands.hang_up("")
    assert desk.sent[-1] == m.HangUp(CC)
    assert desk.call.state is CallState.ENDING
    assert desk.context.snapshot.seat_state is SeatState.RINGING
    desk.says(m.Ended(CC, 20))
    assert desk.call.end.reason == 20
    assert desk.call.end.talk_time is None


async def test_no_answer_to_a_call_is_said_and_the_late_reply_is_hung_up(hasty: Desk) -> None:
    await hasty.commands.dial(CUSTOMER)
    await until_state(hasty, CallState.ENDED)
    assert hasty.call.outcome is not None
    assert hasty.call.outcome.id == "dial.no_reply"
    hasty.says(m.CalloutResponse(200, CC, CUSTOMER))
    await until(lambda: m.HangUp(CC) in hasty.sent, 10)
    assert hasty.call.state is CallState.ENDED


LATER = "12000000002"


@pytest.mark.parametrize(
    "late",
    [
        m.CalloutResponse(200, CC, CUSTOMER),
        m.CalloutResponse(200, CC, f"9{CUSTOMER}"),
        m.CallinResponse(200, CC, CUSTOMER),
    ],
)
async def test_a_late_reply_is_not_taken_for_the_reply_to_the_next_dial(
    hasty: Desk, late: m.CalloutResponse | m.CallinResponse
) -> None:
    await hasty.commands.dial(CUSTOMER)
    await until_state(hasty, CallState.ENDED)
    hasty.context.limits = Limits()
    await hasty.commands.dial(LATER)
    hasty.says(late)
    assert (hasty.call.state, hasty.call.number) == (CallState.DIALING, LATER)
    await until(lambda: m.HangUp(CC) in hasty.sent, 10)
    hasty.says(m.CalloutResponse(200, "two", LATER))
    assert (hasty.call.state, hasty.call.ccnumber) == (CallState.PROCEEDING, "two")


async def test_a_reply_with_the_dials_own_id_needs_no_number(hasty: Desk) -> None:
    await hasty.commands.dial(CUSTOMER)
    await until_state(hasty, CallState.ENDED)
    hasty.context.limits = Limits()
    await hasty.commands.dial(CUSTOMER)  # the same number once more
    first, second = (each.id for each in hasty.sent if isinstance(each, m.DialOutside))
    hasty.says(m.CalloutResponse(200, CC, "", "", first))
    assert hasty.call.state is CallState.DIALING
    hasty.says(m.CalloutResponse(200, "two", CUSTOMER, "", second))
    assert (hasty.call.state, hasty.call.ccnumber) == (CallState.PROCEEDING, "two")


@pytest.mark.parametrize("number", ["", "anonymous"])
async def test_a_reply_that_names_no_dial_is_about_the_one_that_waits(
    desk: Desk, number: str
) -> None:
    await desk.commands.dial(CUSTOMER)
    desk.says(m.CalloutResponse(200, CC, number))
    assert desk.call.state is CallState.PROCEEDING


async def test_a_call_hung_up_before_it_had_a_name_is_ended_as_soon_as_it_has_one(
    desk: Desk,
) -> None:
    await desk.commands.dial(CUSTOMER)
    assert (await desk.commands.hang_up("")).ok
    assert not any(isinstance(sent, m.HangUp) for sent in desk.sent)
    desk.says(m.CalloutResponse(200, CC, CUSTOMER))
    await until(lambda: m.HangUp(CC) in desk.sent)


async def test_a_105_after_a_timestamp_has_no_length(desk: Desk) -> None:
    await desk.commands.dial(CUSTOMER)
    desk.says(m.CalloutResponse(200, CC, CUSTOMER), m.Ended(CC, 20, 1700000000))
    assert desk.call.end.talk_time is None


@pytest.mark.parametrize(("r", "outcome"), [(25, "ended.25"), (26, "ended.26")])
async def test_a_call_that_was_up_ends_with_its_reason_and_length(
    desk: Desk, r: int, outcome: str
) -> None:
    desk.says(m.NewCall(CC, CUSTOMER))
    await desk.commands.answer("")
    desk.says(m.Answered(CC, CUSTOMER))
    if r == 26:
        assert (await desk.commands.hang_up("")).ok
    desk.says(m.Ended(CC, r, 42), m.Ended(CC, r, 42))
    assert desk.call.end.talk_time == 42
    assert desk.call.outcome is not None
    assert desk.call.outcome.id == outcome
    assert desk.facts(e.CallFinished) == [e.CallFinished(CC, r, 42)]


@pytest.mark.parametrize(
    ("line", "outcome"), [(2, "ended.26_unasked"), (4, "ended.26"), (5, "ended.26")]
)
async def test_you_hung_up_is_said_only_where_the_agent_may_have_done_so(
    desk: Desk, line: int, outcome: str
) -> None:
    account = desk.context.snapshot.account
    assert account is not None
    desk.context.emit(e.AccountChanged(replace(account, callintype=line)))
    desk.says(m.NewCall(CC, CUSTOMER), m.Answered(CC, CUSTOMER), m.Ended(CC, 26, 42))
    assert desk.call.outcome is not None
    assert desk.call.outcome.id == outcome


async def test_a_hang_up_that_was_not_confirmed_is_the_agents_own_all_the_same(desk: Desk) -> None:
    desk.says(m.NewCall(CC, CUSTOMER), m.Answered(CC, CUSTOMER))
    desk.answer = Outcome(0)
    await desk.commands.hang_up("")
    desk.says(m.Ended(CC, 26, 42))
    assert desk.call.outcome is not None
    assert desk.call.outcome.id == "ended.26"


async def test_an_answer_whose_200_is_lost_keeps_the_audio_that_came_of_it(desk: Desk) -> None:
    desk.says(m.NewCall(CC, CUSTOMER))
    desk.gate = asyncio.Event()
    desk.answer = Outcome(0)
    asked = asyncio.create_task(desk.commands.answer(""))
    await until(lambda: desk.waiting)
    desk.calls.put(desk.call, leg=Leg.CONNECTED)
    desk.gate.set()
    assert (await asked).ok
    assert desk.call.state is CallState.ANSWERING
    assert ("stop", desk.call.key) not in desk.audio.asked


async def test_a_call_that_is_up_and_not_known_is_asked_about_and_then_shown(desk: Desk) -> None:
    """Its offer was lost and she answered on her telephone; or its 201, and the dial was given
    up."""
    desk.says(m.Answered(CC, CUSTOMER))
    await until(lambda: m.QueryCall() in desk.sent)
    assert desk.context.snapshot.calls == ()
    desk.says(m.Answered(CC, CUSTOMER))
    assert (desk.call.state, desk.call.number) == (CallState.TALKING, CUSTOMER)
    await desk.commands.hang_up("")
    assert m.HangUp(CC) in desk.sent


async def test_a_104_behind_its_105_is_not_asked_about(desk: Desk) -> None:
    desk.says(m.NewCall(CC, CUSTOMER))
    await desk.commands.answer("")
    desk.says(m.Answered(CC, CUSTOMER), m.Ended(CC, 25, 5), m.Answered(CC, CUSTOMER))
    assert m.QueryCall() not in desk.sent
    assert not desk.call.live


@pytest.mark.parametrize("internal", [False, True])
async def test_a_response_that_names_the_call_and_no_reason_is_a_yes(
    desk: Desk, internal: bool
) -> None:
    number = "1002" if internal else CUSTOMER
    await desk.commands.dial(number)
    said = m.CallinResponse("", CC, number) if internal else m.CalloutResponse("", CC, number)
    desk.says(said, m.Answered(CC, number))
    assert (desk.call.state, desk.call.ccnumber) == (CallState.TALKING, CC)


@pytest.mark.parametrize("r", ["", 0, 503, "x"])
async def test_a_response_without_a_call_and_without_a_yes_is_a_refusal(
    desk: Desk, r: int | str
) -> None:
    await desk.commands.dial(CUSTOMER)
    desk.says(m.CalloutResponse(r, "", CUSTOMER))
    assert desk.call.state is CallState.ENDED


async def test_a_stray_104_opens_nothing(desk: Desk) -> None:
    desk.says(m.Answered(CC, CUSTOMER))
    assert desk.context.snapshot.calls == ()
    await desk.commands.dial(CUSTOMER)
    desk.says(m.Answered(CC, CUSTOMER))
    assert desk.call.state is CallState.DIALING


async def test_a_104_that_crosses_our_hang_up_waits_for_its_105(desk: Desk) -> None:
    await desk.commands.dial(CUSTOMER)
    desk.says(m.CalloutResponse(200, CC, CUSTOMER))
    await desk.commands.hang_up("")
    desk.says(m.Answered(CC, CUSTOMER))
    assert desk.call.state is CallState.ENDING
    desk.says(m.Ended(CC, 26, 1))
    assert desk.call.state is CallState.ENDED


async def test_without_a_200_to_the_answer_it_rings_on_and_says_so(desk: Desk) -> None:
    desk.says(m.NewCall(CC, CUSTOMER))
    desk.answer = Outcome(0)
    result = await desk.commands.answer("")
    assert not result.ok
    assert result.message is not None
    assert result.message.id == "unconfirmed.answer"
    assert desk.call.state is CallState.RINGING
    assert desk.context.snapshot.notice is not None


async def test_without_a_200_to_the_hang_up_the_call_is_as_it_was(desk: Desk) -> None:
    desk.says(m.NewCall(CC, CUSTOMER))
    await desk.commands.answer("")
    desk.says(m.Answered(CC, CUSTOMER))
    desk.answer = Outcome(503, "Busy")
    result = await desk.commands.hang_up("")
    assert result.message is not None
    assert result.message.id == "rejected.hangup"
    assert desk.call.state is CallState.TALKING


async def test_a_hang_up_that_no_105_follows_is_over_here_and_says_so(hasty: Desk) -> None:
    hasty.says(m.NewCall(CC, CUSTOMER))
    await hasty.commands.answer("")
    hasty.says(m.Answered(CC, CUSTOMER))
    await hasty.commands.hang_up("")
    await until_state(hasty, CallState.ENDED)
    assert hasty.call.outcome is not None
    assert hasty.call.outcome.id == "hangup.no_reply"


async def test_an_answer_that_no_104_follows_is_given_up_and_hung_up(hasty: Desk) -> None:
    hasty.says(m.NewCall(CC, CUSTOMER))
    await hasty.commands.answer("")
    await until_state(hasty, CallState.ENDED)
    await until(lambda: m.HangUp(CC) in hasty.sent, 10)


async def test_hold_changes_only_when_the_200_has_come(desk: Desk) -> None:
    desk.says(m.NewCall(CC, CUSTOMER))
    await desk.commands.answer("")
    desk.says(m.Answered(CC, CUSTOMER))
    desk.gate = asyncio.Event()
    holding = asyncio.create_task(desk.commands.hold("", True))
    await asyncio.sleep(0)
    assert (desk.call.state, desk.call.pending) == (CallState.TALKING, "hold")
    desk.gate.set()
    assert (await holding).ok
    assert (desk.call.state, desk.call.pending) == (CallState.HOLDING, "")
    assert desk.sent[-1] == m.Hold(CC, "1001_00011170")
    assert ("hold", desk.call.key, True) in desk.audio.asked


async def test_hold_cuts_the_sound_before_the_platform_is_asked_and_resume_opens_it_after(
    desk: Desk,
) -> None:
    desk.says(m.NewCall(CC, CUSTOMER))
    await desk.commands.answer("")
    desk.says(m.Answered(CC, CUSTOMER))
    for on, while_asking in ((True, True), (False, True)):
        desk.gate = asyncio.Event()
        asked = asyncio.create_task(desk.commands.hold("", on))
        await asyncio.sleep(0)
        assert desk.audio.asked[-1] == ("hold", desk.call.key, while_asking)
        desk.gate.set()
        assert (await asked).ok
        assert desk.audio.asked[-1] == ("hold", desk.call.key, on)


@pytest.mark.parametrize("on", [True, False])
async def test_without_a_200_hold_and_resume_change_nothing(desk: Desk, on: bool) -> None:
    desk.says(m.NewCall(CC, CUSTOMER))
    await desk.commands.answer("")
    desk.says(m.Answered(CC, CUSTOMER))
    if not on:
        await desk.commands.hold("", True)
    before = desk.call.state
    desk.answer = Outcome(0)
    result = await desk.commands.hold("", on)
    assert not result.ok
    assert (desk.call.state, desk.call.pending) == (before, "")
    assert desk.audio.asked[-1] == ("hold", desk.call.key, before is CallState.HOLDING)


async def test_a_missed_offer_counts_as_missed_and_a_declined_one_does_not(desk: Desk) -> None:
    desk.says(m.NewCall(CC, CUSTOMER), m.CancelCall(CC))
    assert desk.call.end.missed
    desk.says(m.NewCall("two", "12000000002"))
    await desk.commands.hang_up("")
    desk.says(m.CancelCall("two"))
    assert not desk.call.end.missed


@pytest.mark.parametrize("code", [503, 1000, 470, 777])
async def test_a_refusal_keeps_the_platforms_own_words(desk: Desk, code: int) -> None:
    await desk.commands.dial("1002")
    desk.says(m.CallinResponse(code, "", "1002", "the extension is offline"))
    assert desk.call.outcome is not None
    assert render(desk.call.outcome).count("the extension is offline") == 1


async def test_a_colleague_who_hangs_up_is_not_the_customer(desk: Desk) -> None:
    desk.says(m.NewCall(CC, "1002", "70000"), m.Answered(CC, "1002", "70000"), m.Ended(CC, 25, 3))
    assert desk.call.outcome is not None
    assert desk.call.outcome.id == "ended.25_internal"


@pytest.mark.parametrize("code", [503, 507, 508, 512, 1000, 470, 471, 486, 502, 509, 511])
async def test_each_refusal_has_its_own_sentence(desk: Desk, code: int) -> None:
    await desk.commands.dial(CUSTOMER)
    desk.says(m.CalloutResponse(code, "", CUSTOMER, "why"))
    assert desk.call.outcome is not None
    assert desk.call.outcome.id == f"refused.{code}"


async def test_a_refusal_nobody_listed_says_call_failed_with_the_platforms_words(
    desk: Desk,
) -> None:
    await desk.commands.dial(CUSTOMER)
    desk.says(m.CalloutResponse(777, "", CUSTOMER, "moon phase"))
    assert desk.call.outcome is not None
    assert desk.call.outcome.id == "refused.unknown"
    assert ("info", "moon phase") in desk.call.outcome.values


async def test_the_ring_sounds_only_while_something_rings(desk: Desk) -> None:
    desk.says(m.NewCall(CC, CUSTOMER))
    assert desk.audio.ringing
    await desk.commands.answer("")
    assert not desk.audio.ringing


async def test_a_second_call_is_refused_while_one_is_up(desk: Desk) -> None:
    await desk.commands.dial(CUSTOMER)
    result = await desk.commands.dial("1002")
    assert result.message is not None
    assert result.message.id == "dial.in_call"


async def test_dial_says_which_kind_of_line_it_took(desk: Desk) -> None:
    assert (await desk.commands.dial("1002")).code == 3
    assert isinstance(desk.sent[-1], m.DialExtension)
    desk.says(m.CallinResponse(503, "", "1002"))
    assert (await desk.commands.dial("120 0000 0001")).code == 2
    assert desk.sent[-1].number == CUSTOMER


async def test_letters_in_a_number_are_refused_at_once_and_nothing_is_sent(desk: Desk) -> None:
    result = await desk.commands.dial("12o0")
    assert result.message is not None
    assert result.message.id == "dial.not_digits"
    assert desk.sent == []


async def test_an_area_code_goes_with_an_outside_line_and_an_encrypted_number_stays_hidden(
    desk: Desk,
) -> None:
    await desk.commands.dial(CUSTOMER, "320100", shown="q5Xk")
    assert desk.sent[-1].area == "320100"  # type: ignore[union-attr]
    assert desk.sent[-1].number == CUSTOMER  # type: ignore[union-attr]
    assert desk.call.number == "q5Xk"


async def test_an_end_and_an_offer_in_one_body_are_both_acted_on(desk: Desk) -> None:
    calls = platform_calls(desk)
    calls._control(f'<cc a="100" c="{CC}" n="{CUSTOMER}"/>'.encode())
    assert desk.call.state is CallState.RINGING
    calls._control(f'<all><cc a="101" c="{CC}"/><cc a="100" c="two" n="1002"/></all>'.encode())
    assert (desk.call.ccnumber, desk.call.state) == ("two", CallState.RINGING)
    assert len([call for call in desk.context.snapshot.calls if call.live]) == 1

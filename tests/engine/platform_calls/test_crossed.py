"""Messages of the platform that cross one another, lack a name, or come when nobody waits for them
any more: what is true at the platform is shown in the end, and no reason is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.engine.desk import CC, CUSTOMER, Desk, platform_calls
from tests.waiting import until
from tui import sip
from tui.console.i18n import render
from tui.engine.context import Limits
from tui.engine.platform_calls.control import PlatformCalls
from tui.platform import control as m
from tui.port import events as e
from tui.port.machines.call_machine import CallState, ThirdState
from tui.port.values import Message, ThirdKind

OTHER = "1700000000002conf_1"
COLLEAGUE = "1002"


class Shift:
    """A desk with the whole call control of a platform."""

    def __init__(self, limits: Limits) -> None:
        self.desk = Desk(limits)
        self.control: PlatformCalls = platform_calls(self.desk)

    def says(self, *messages: m.PlatformMessage) -> None:
        for message in messages:
            self.control._report(message)

    def hears(self, body: str) -> None:
        self.control._control(body.encode())

    async def talking(self) -> None:
        self.says(m.NewCall(CC, CUSTOMER))
        await self.control.answer("")
        self.says(m.Answered(CC, CUSTOMER))
        assert self.state is CallState.TALKING

    @property
    def state(self) -> CallState:
        return self.desk.call.state

    @property
    def third(self) -> ThirdState | None:
        third = self.desk.call.third
        return None if third is None else third.state

    @property
    def outcome(self) -> Message:
        assert self.desk.call.outcome is not None
        return self.desk.call.outcome

    def asked(self) -> int:
        return self.desk.sent.count(m.QueryCall())


@pytest.fixture
async def shift() -> AsyncIterator[Shift]:
    made = Shift(Limits())
    yield made
    await made.desk.context.close()


@pytest.fixture
async def hasty() -> AsyncIterator[Shift]:
    made = Shift(Limits(dial_reply=0.02, ended=0.02, offer_again=0.02, transfer=0.02, recover=0.1))
    yield made
    await made.desk.context.close()


# ---------------------------------------------------------------- an offer that is held back


async def test_an_offer_that_is_held_back_and_over_meanwhile_does_not_ring(hasty: Shift) -> None:
    hasty.says(m.NewCall(CC, CUSTOMER), m.CancelCall(CC), m.NewCall(CC, CUSTOMER), m.Ended(CC, 20))
    assert f"offer {CC}" not in hasty.desk.context.timers
    assert hasty.state is CallState.ENDED


async def test_an_offer_that_is_held_back_and_taken_meanwhile_is_up(hasty: Shift) -> None:
    hasty.says(m.NewCall(CC, CUSTOMER), m.CancelCall(CC), m.NewCall(CC, CUSTOMER))
    hasty.says(m.Answered(CC, CUSTOMER))
    assert (hasty.state, hasty.desk.call.offers) == (CallState.TALKING, 2)
    assert f"offer {CC}" not in hasty.desk.context.timers


async def test_a_call_that_is_up_though_its_offer_was_over_is_asked_about_and_shown(
    shift: Shift,
) -> None:
    shift.says(m.NewCall(CC, CUSTOMER), m.CancelCall(CC), m.Answered(CC, CUSTOMER))
    await until(lambda: shift.asked() == 1)
    assert shift.state is CallState.ENDED
    shift.says(m.Answered(CC, CUSTOMER))
    assert shift.state is CallState.TALKING
    shift.says(m.Ended(CC, 25, 7))
    assert shift.desk.call.end.talk_time == 7


@pytest.mark.parametrize("rings", [True, False])
async def test_an_offer_right_after_the_end_of_the_same_call_is_asked_about(
    hasty: Shift, rings: bool
) -> None:
    """It may be a repeat that the end has overtaken, or a third party who is called in again."""
    await hasty.talking()
    hasty.says(m.Ended(CC, 25, 7), m.NewCall(CC, CUSTOMER))
    assert hasty.state is CallState.ENDED
    await until(lambda: hasty.asked() == 1)
    hasty.desk.now += 0.02
    hasty.says(m.NewCall(CC, CUSTOMER) if rings else m.NoCall())
    assert hasty.state is (CallState.RINGING if rings else CallState.ENDED)


# ---------------------------------------------------------------- a response without a name


@pytest.mark.parametrize("named_by", ["response", "answered", "leg"])
async def test_a_call_that_is_taken_on_without_a_name_is_known_by_the_next_word_of_it(
    shift: Shift, named_by: str
) -> None:
    await shift.control.dial(CUSTOMER)
    shift.says(m.CalloutResponse(200))
    assert (shift.state, shift.desk.call.ccnumber) == (CallState.PROCEEDING, "")
    if named_by == "response":
        shift.says(m.CalloutResponse(200, CC, f"9{CUSTOMER}"))
    elif named_by == "answered":
        shift.says(m.Answered(CC, CUSTOMER))
    else:
        pbx = sip.parse_name_addr("<sip:PBX@x.invalid>")
        shift.control.sip_event(sip.InviteReceived("leg", pbx, None, None, sip.Headers()))
        shift.control.sip_event(sip.InfoReceived("leg", "", f'<i n="{CC}"/>'.encode()))
    assert shift.desk.call.ccnumber == CC
    shift.says(m.Answered(CC, CUSTOMER))
    assert shift.state is CallState.TALKING
    assert len(shift.desk.context.snapshot.calls) == 1
    await shift.control.hang_up("")
    assert shift.desk.sent[-1] == m.HangUp(CC)


async def test_another_calls_name_is_not_taken_for_it(shift: Shift) -> None:
    await shift.control.dial(CUSTOMER)
    shift.says(m.CalloutResponse(200), m.Answered(OTHER, "12000000009"))
    assert shift.desk.call.ccnumber == ""
    await until(lambda: shift.asked() == 1)


async def test_a_call_without_a_name_is_asked_about_and_over_when_there_is_none(
    hasty: Shift,
) -> None:
    await hasty.control.dial(CUSTOMER)
    hasty.says(m.CalloutResponse(200))
    await until(lambda: hasty.asked() > 0)
    hasty.says(m.NoCall())
    assert hasty.state is CallState.ENDED


async def test_a_call_without_a_name_that_is_hung_up_is_over_within_its_limit_or_when_it_has_one(
    hasty: Shift,
) -> None:
    await hasty.control.dial(CUSTOMER)
    hasty.says(m.CalloutResponse(200))
    assert (await hasty.control.hang_up("")).ok
    await until(lambda: hasty.state is CallState.ENDED)
    assert hasty.outcome.id == "dial.no_reply"
    hasty.says(m.CalloutResponse(200, CC, CUSTOMER))
    await until(lambda: m.HangUp(CC) in hasty.desk.sent)


async def test_a_call_without_a_name_that_is_hung_up_goes_as_soon_as_it_has_one(
    shift: Shift,
) -> None:
    await shift.control.dial(CUSTOMER)
    shift.says(m.CalloutResponse(200))
    assert (await shift.control.hang_up("")).ok
    shift.says(m.Answered(CC, CUSTOMER))
    await until(lambda: m.HangUp(CC) in shift.desk.sent)
    shift.says(m.Ended(CC, 26, 1))
    assert shift.state is CallState.ENDED


# ---------------------------------------------------------------- refused after all


@pytest.mark.parametrize("internal", [False, True])
@pytest.mark.parametrize("hung_up", [False, True])
async def test_a_call_that_was_taken_on_and_is_refused_behind_that_ends_with_the_reason(
    shift: Shift, internal: bool, hung_up: bool
) -> None:
    number = COLLEAGUE if internal else CUSTOMER
    response = m.CallinResponse if internal else m.CalloutResponse
    await shift.control.dial(number)
    shift.says(response(200, CC, number))
    if hung_up:
        await shift.control.hang_up("")
    shift.says(response(503, CC, number, "line engaged"))
    assert shift.state is CallState.ENDED
    assert "line engaged" in render(shift.outcome)
    shift.says(response(503, CC, number, "line engaged"), m.Ended(CC, 20))
    assert [
        (each.code, each.info, isinstance(each, e.CallinResponded))
        for each in shift.desk.heard
        if isinstance(each, e.CallinResponded | e.CalloutResponded)
    ] == [(200, "", internal), (503, "line engaged", internal)]


async def test_a_call_that_was_answered_is_not_refused_any_more(shift: Shift) -> None:
    await shift.control.dial(CUSTOMER)
    shift.says(m.CalloutResponse(200, CC, CUSTOMER), m.Answered(CC, CUSTOMER))
    shift.says(m.CalloutResponse(503, CC, CUSTOMER))
    assert shift.state is CallState.TALKING


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        (m.Ended(CC, 20, None, "no credit"), "ended.20"),
        (m.CallinFailed(CC, "no credit"), "ended.no_answer"),
    ],
)
async def test_an_end_that_overtakes_the_answer_to_its_dial_ends_it_with_the_reason(
    shift: Shift, end: m.Ended | m.CallinFailed, outcome: str
) -> None:
    await shift.control.dial(COLLEAGUE)
    shift.says(m.Ended(OTHER, 25), end, m.CallinResponse(200, CC, COLLEAGUE))
    assert (shift.state, shift.outcome.id) == (CallState.ENDED, outcome)
    assert "no credit" in render(shift.outcome)


@pytest.mark.parametrize("times", [1, 2])
async def test_an_answer_that_overtakes_the_answer_to_its_dial_counts_when_that_comes(
    shift: Shift, times: int
) -> None:
    await shift.control.dial(CUSTOMER)
    for _ in range(times):
        shift.says(m.Answered(CC, CUSTOMER))
        await asyncio.sleep(0)  # the platform is asked
    assert shift.state is CallState.DIALING
    shift.says(m.CalloutResponse(200, CC, f"9{CUSTOMER}"))
    assert [call.state for call in shift.desk.context.snapshot.calls] == [CallState.TALKING]
    assert len(shift.desk.facts(e.CallAnswered)) == 1


async def test_a_call_that_was_up_and_over_before_the_answer_to_its_dial_has_its_length(
    shift: Shift,
) -> None:
    await shift.control.dial(CUSTOMER)
    shift.says(m.Answered(CC, CUSTOMER), m.Ended(CC, 25, 7), m.CalloutResponse(200, CC, CUSTOMER))
    assert (shift.state, shift.outcome.id) == (CallState.ENDED, "ended.25")
    assert shift.desk.call.end.talk_time == 7


# ---------------------------------------------------------------- transfers


async def test_a_39_of_the_transfer_before_does_not_hide_the_38_of_this_one(hasty: Shift) -> None:
    await hasty.talking()
    assert (await hasty.control.transfer("5", "1003", "Li Na", "")).ok
    await until(lambda: not hasty.desk.call.transfer)  # nothing is told in time
    hasty.desk.context.limits = Limits()
    assert (await hasty.control.transfer("5", COLLEAGUE, "Wang Fang", "")).ok
    hasty.says(m.TransferFailed(CC), m.TransferFailed(CC))
    assert len(hasty.desk.facts(e.TransferFailed)) == 1
    hasty.says(m.TransferSucceeded(CC), m.TransferSucceeded(CC), m.Ended(CC, 26, 9))
    assert render(hasty.outcome) == "Transferred to Wang Fang."
    assert len(hasty.desk.facts(e.TransferSucceeded)) == 1


async def test_a_105_before_its_38_is_a_transfer_all_the_same(shift: Shift) -> None:
    await shift.talking()
    assert (await shift.control.transfer("5", COLLEAGUE, "Wang Fang", "")).ok
    shift.says(m.Ended(CC, 26, 9))
    assert shift.outcome.id == "ended.26_unasked"
    shift.says(m.TransferSucceeded(CC), m.TransferSucceeded(CC))
    assert render(shift.outcome) == "Transferred to Wang Fang."
    assert [call.ccnumber for call in shift.desk.explained] == [CC]
    assert len(shift.desk.facts(e.TransferSucceeded)) == 1


@pytest.mark.parametrize("named", [CC, ""])
async def test_a_38_after_its_limit_is_a_transfer_all_the_same(hasty: Shift, named: str) -> None:
    await hasty.talking()
    assert (await hasty.control.transfer("5", COLLEAGUE, "Wang Fang", "")).ok
    await until(lambda: not hasty.desk.call.transfer)
    hasty.says(m.TransferSucceeded(named), m.Ended(CC, 26, 9))
    assert render(hasty.outcome) == "Transferred to Wang Fang."


async def test_a_39_after_its_limit_says_why(hasty: Shift) -> None:
    await hasty.talking()
    assert (await hasty.control.transfer("5", COLLEAGUE, "Wang Fang", "")).ok
    await until(lambda: not hasty.desk.call.transfer)
    hasty.says(m.TransferFailed(CC, "went home"))
    notice = hasty.desk.context.snapshot.notice
    assert notice is not None
    assert "went home" in render(notice.message)
    assert hasty.state is CallState.TALKING


async def test_the_customer_who_leaves_before_a_38_was_not_transferred(shift: Shift) -> None:
    await shift.talking()
    assert (await shift.control.transfer("5", COLLEAGUE, "Wang Fang", "")).ok
    shift.says(m.Ended(CC, 25, 9), m.TransferSucceeded(CC))
    assert shift.outcome.id == "ended.25"
    assert shift.desk.explained == []


async def test_the_outcome_of_another_calls_transfer_is_not_taken_for_it(shift: Shift) -> None:
    await shift.talking()
    assert (await shift.control.transfer("5", COLLEAGUE, "Wang Fang", "")).ok
    shift.says(m.TransferSucceeded(OTHER), m.TransferFailed(OTHER, "x"))
    assert shift.desk.call.transfer == "Wang Fang"


# ---------------------------------------------------------------- a third party


async def _invites(shift: Shift) -> asyncio.Task[object]:
    asked = asyncio.create_task(
        shift.control.invite_third(ThirdKind.OUTSIDE, "12000000009", "", "")
    )
    await until(lambda: any(isinstance(each, m.Threeway) for each in shift.desk.sent))
    return asked


@pytest.mark.parametrize(
    ("result", "stands"),
    [(0, ThirdState.JOINED), (1, ThirdState.FAILED), (2, ThirdState.LEFT)],
)
async def test_an_event_that_overtakes_the_answer_to_its_request_counts(
    shift: Shift, result: int, stands: ThirdState
) -> None:
    await shift.talking()
    asked = await _invites(shift)
    shift.says(m.ThreewayResult(CC, result), m.ThreewayResponse(CC, 0))
    await asked
    assert shift.third is stands


async def test_the_answer_that_comes_after_its_limit_and_its_event_raises_nobody(
    shift: Shift,
) -> None:
    shift.desk.context.limits = Limits(threeway=0.02)
    await shift.talking()
    await (await _invites(shift))
    assert shift.third is ThirdState.FAILED
    shift.says(m.ThreewayResult(CC, 1, "busy"), m.ThreewayResponse(CC, 0))
    assert shift.third is ThirdState.FAILED


async def test_a_third_party_who_comes_in_while_it_is_to_be_taken_out_is_known_to_be_in(
    shift: Shift,
) -> None:
    await shift.talking()
    asked = await _invites(shift)
    shift.says(m.ThreewayResponse(CC, 0))
    await asked
    dropped = asyncio.create_task(shift.control.drop_third(""))
    await until(lambda: shift.third is ThirdState.LEAVING)
    await until(lambda: m.Threeway(CC, 4) in shift.desk.sent)
    shift.says(m.ThreewayResult(CC, 0), m.ThreewayResponse(CC, 1, "too late"))
    assert not (await dropped).ok
    assert shift.third is ThirdState.JOINED


async def _joined(shift: Shift) -> None:
    await shift.talking()
    asked = await _invites(shift)
    shift.says(m.ThreewayResponse(CC, 0), m.ThreewayResult(CC, 0))
    await asked
    assert shift.third is ThirdState.JOINED


async def _is_ended_for_all(shift: Shift) -> bool:
    """The agent ends it for all, and the platform knows of nobody to take out."""
    ended = asyncio.create_task(shift.control.end_for_all(""))
    await until(lambda: m.Threeway(CC, 4) in shift.desk.sent)
    shift.says(m.ThreewayResponse(CC, 1, "no third party"))
    return (await ended).ok


async def test_a_third_party_who_left_while_the_line_was_gone_is_in_nobodys_way(
    shift: Shift,
) -> None:
    await _joined(shift)
    shift.control.flow_is_back()
    assert await _is_ended_for_all(shift)
    assert shift.third is ThirdState.LEFT
    assert shift.desk.sent[-1] == m.HangUp(CC)


@pytest.mark.parametrize("heard", [False, True], ids=["no line was lost", "heard of since"])
async def test_a_refusal_to_take_out_a_third_party_who_is_known_to_be_in_hangs_up_on_nobody(
    shift: Shift, heard: bool
) -> None:
    await _joined(shift)
    if heard:
        shift.control.flow_is_back()
        shift.says(m.ThreewayResult(CC, 0))
    assert not await _is_ended_for_all(shift)
    assert shift.third is ThirdState.JOINED
    assert m.HangUp(CC) not in shift.desk.sent


@pytest.mark.parametrize("r", ["5", "no", "busy"])
async def test_a_refusal_of_a_third_party_keeps_its_code_where_it_has_no_words(
    shift: Shift, r: str
) -> None:
    await shift.talking()
    asked = asyncio.create_task(shift.control.invite_third(ThirdKind.AGENT, COLLEAGUE, "", ""))
    await until(lambda: any(isinstance(each, m.Threeway) for each in shift.desk.sent))
    shift.hears(f'<cc a="401" c="{CC}" r="{r}"/>')
    result = await asked
    assert result.message is not None
    assert render(result.message) == f"The platform refused: {r}"


async def test_a_result_of_a_three_way_call_that_is_not_listed_is_kept(shift: Shift) -> None:
    await shift.talking()
    shift.hears(f'<cc a="402" c="{CC}" r="7"/>')
    (item,) = shift.desk.context.not_understood.items()
    assert (item.kind, item.what, item.where) == ("code", "result 7", "threeway")


# ---------------------------------------------------------------- the status that follows


async def test_an_answer_about_the_status_after_another_call_is_not_the_answer(
    shift: Shift,
) -> None:
    await shift.talking()
    asked = asyncio.create_task(shift.control.status_after_call(CC, True))
    await until(lambda: m.StatusAfterCall(CC) in shift.desk.sent)
    shift.says(m.StatusAfterCallResponse(500, OTHER, "late"), m.StatusAfterCallResponse(200, CC))
    assert await asked is None


@pytest.mark.parametrize("r", ["full", "500"])
async def test_a_refusal_of_the_status_after_a_call_keeps_its_code(shift: Shift, r: str) -> None:
    await shift.talking()
    asked = asyncio.create_task(shift.control.status_after_call(CC, True))
    await until(lambda: m.StatusAfterCall(CC) in shift.desk.sent)
    shift.hears(f'<cc a="87" r="{r}"/>')
    refused = await asked
    assert refused is not None
    assert f"({r})" in render(refused)


# ---------------------------------------------------------------- what could not be read


async def test_after_a_message_that_could_not_be_read_the_platform_is_asked_once_in_a_while(
    hasty: Shift,
) -> None:
    await hasty.talking()
    for _ in range(5):
        hasty.hears(f'<cc a="105" c="{CC}" r="25" r="26"/>')
    await until(lambda: hasty.asked() == 1)
    hasty.says(m.NoCall())
    assert hasty.state is CallState.ENDED
    assert hasty.asked() == 1


@pytest.mark.parametrize(
    ("said", "kept"),
    [("65", 65.0), ("3600", 3600.0), ("65000", 90.0), ("999999999", 90.0), ("1:05", 90.0)],
)
async def test_a_length_that_cannot_be_one_is_ours_and_kept_to_be_shown(
    shift: Shift, said: str, kept: float
) -> None:
    await shift.talking()
    shift.desk.now += 90
    shift.hears(f'<cc a="105" c="{CC}" r="25" callTime="{said}"/>')
    assert shift.desk.call.end.talk_time == kept
    strange = [item.what for item in shift.desk.context.not_understood.items()]
    assert strange == ([f"callTime {said}"] if said.isdigit() and float(said) != kept else [])


@pytest.mark.parametrize(
    "body",
    [
        '<cc a="105" r="25" callTime="9"/>',
        '<cc a="104" n="12000000001"/>',
        '<cc a="101" c=" "/>',
        '<cc a="100" n="12000000001"/>',
    ],
)
async def test_after_word_of_a_call_that_does_not_say_of_which_the_platform_is_asked(
    hasty: Shift, body: str
) -> None:
    await hasty.talking()
    hasty.hears(body)
    hasty.hears(body)
    await until(lambda: hasty.asked() == 1)
    kept = hasty.desk.context.not_understood.items()[0]
    assert (kept.what[3:], kept.setting) == (" without a ccNumber", "[messages] ccnumber")
    hasty.says(m.NoCall())
    assert hasty.state is CallState.ENDED
    assert hasty.asked() == 1


async def test_a_code_that_nobody_knows_asks_for_nothing(hasty: Shift) -> None:
    await hasty.talking()
    hasty.hears('<cc a="7777"/>')
    await asyncio.sleep(0)
    assert hasty.asked() == 0


@pytest.mark.parametrize(
    ("r", "words"),
    [
        ("99", "The call is over (99)."),
        ("gone", "The call is over (gone)."),
        ("", "The call is over."),
    ],
)
async def test_a_reason_that_is_not_listed_stands_in_the_sentence(
    shift: Shift, r: str, words: str
) -> None:
    await shift.talking()
    shift.hears(f'<cc a="105" c="{CC}" r="{r}"/>')
    assert render(shift.outcome) == words

"""Transfers both ways, redirections, and calls that somebody takes over."""

from __future__ import annotations

import asyncio

import pytest

from tests.engine.line_booth import DOMAIN, SDP, Booth, invite
from tui import sip
from tui.port import commands as c
from tui.port.events import ConnectionChanged, NoticeChanged, TransferFailed, TransferSucceeded
from tui.port.machines.call_machine import CallState
from tui.port.values import Connection, ConnectionState, Question, QuestionKind, message

S = CallState
REPLACES = "abc@x;to-tag=1;from-tag=2"


def refer(
    handle: str, target: str = "sip:900123@costly.example", replaces: str | None = None
) -> sip.ReferReceived:
    by = sip.parse_name_addr(f'"Boss" <sip:1007@{DOMAIN};x=y>')
    return sip.ReferReceived(handle, target, replaces, by)


# ---------------------------------------------------------------- we hand over


async def test_a_blind_transfer_asks_the_peer_and_leaves_when_it_worked(booth: Booth) -> None:
    handle = await booth.up()
    assert (await booth.do(c.Transfer("", "1007", "Wang Fang"))).ok
    assert booth.asked("refer") == [(handle, f"sip:1007@{DOMAIN}", "")]
    assert booth.by_number("1002").transfer == "Wang Fang"
    again = await booth.do(c.Transfer("", "1008"))
    assert again.message is not None
    assert again.message.id == "transfer.under_way"
    await booth.says(sip.TransferProgress(handle, 180, "Ringing", False))
    assert booth.state("1002") is S.TALKING
    await booth.says(sip.TransferProgress(handle, 200, "OK", True))
    call = booth.by_number("1002")
    assert call.state is S.ENDED
    assert call.outcome is not None
    assert call.outcome.id == "transfer.done"
    assert booth.asked("bye") == [(handle,)]
    assert [event for event in booth.heard if isinstance(event, TransferSucceeded)]


@pytest.mark.parametrize(("status", "told"), [(486, True), (200, False), (100, False)])
async def test_a_transfer_that_fails_after_its_party_has_left_is_said(
    booth: Booth, status: int, told: bool
) -> None:
    handle = await booth.up()
    await booth.do(c.Transfer("", "1007", "Wang Fang"))
    await booth.says(sip.CallEnded(handle, True, 200, ""))
    outcome = booth.by_number("1002").outcome
    assert outcome is not None
    assert outcome.id == "transfer.done"  # for all that was known
    await booth.says(sip.TransferProgress(handle, status, "Busy", True))
    notice = booth.snapshot.notice
    assert (notice is not None) is told
    if notice is not None:
        values = {"name": "Wang Fang", "status": 486, "reason": "Busy"}
        assert notice.message == message("line.transfer_failed_later", **values)


@pytest.mark.parametrize(
    ("status", "said"), [(486, "line.transfer_failed"), (100, "line.transfer_untold")]
)
async def test_a_transfer_that_fails_leaves_the_call_with_us(
    booth: Booth, status: int, said: str
) -> None:
    handle = await booth.up()
    await booth.do(c.Transfer("", "1007"))
    await booth.says(sip.TransferProgress(handle, status, "\x1bBusy", True))
    call = booth.by_number("1002")
    assert (call.state, call.transfer) == (S.TALKING, "")
    assert booth.snapshot.notice is not None
    assert booth.snapshot.notice.message.id == said
    assert "\x1b" not in str(booth.snapshot.notice)
    assert [event for event in booth.heard if isinstance(event, TransferFailed)]
    assert booth.asked("bye") == []


async def test_why_nobody_says_how_a_transfer_went_stands_behind_that(booth: Booth) -> None:
    handle = await booth.up()
    await booth.do(c.Transfer("", "1007"))
    await booth.says(sip.TransferProgress(handle, 100, "rejected", True))
    assert booth.snapshot.notice is not None
    assert ("info", "rejected") in booth.snapshot.notice.message.values


async def test_a_peer_that_ends_the_call_while_it_is_handed_over_has_been_put_through(
    booth: Booth,
) -> None:
    handle = await booth.up()
    await booth.do(c.Transfer("", "1007"))
    await booth.says(sip.CallEnded(handle, True, 200, ""))
    call = booth.by_number("1002")
    assert call.outcome is not None
    assert call.outcome.id == "transfer.done"
    await booth.says(sip.TransferProgress(handle, 200, "OK", True))  # late: nothing is left


async def test_two_lines_are_put_through_to_each_other(booth: Booth) -> None:
    first = await booth.up("1002")
    second = await booth.up("1003")
    one, two = booth.by_number("1002"), booth.by_number("1003")
    assert (await booth.do(c.ConnectLines(one.ccnumber, two.ccnumber))).ok
    assert booth.asked("refer") == [(first, "", second)]
    await booth.says(sip.TransferProgress(first, 200, "OK", True))
    assert booth.asked("bye") == [(second,), (first,)]
    assert {call.state for call in booth.snapshot.calls} == {S.ENDED}


async def test_putting_through_that_fails_leaves_both_lines(booth: Booth) -> None:
    first = await booth.up("1002")
    await booth.up("1003")
    one, two = booth.by_number("1002"), booth.by_number("1003")
    await booth.do(c.ConnectLines(one.ccnumber, two.ccnumber))
    await booth.says(sip.TransferProgress(first, 603, "Decline", True))
    assert (booth.state("1002"), booth.state("1003")) == (S.HOLDING, S.TALKING)
    assert booth.control.transfers._other == {}


async def test_nothing_is_handed_over_that_is_not_up(booth: Booth) -> None:
    for command in (c.Transfer("", "1007"), c.ConnectLines("", "")):
        result = await booth.do(command)
        assert result.message is not None
        assert result.message.id == "transfer.no_call"
    await booth.up()
    cc = booth.by_number("1002").ccnumber
    assert not (await booth.do(c.ConnectLines(cc, cc))).ok
    assert not (await booth.do(c.Transfer("", "not a number"))).ok
    booth.phone.out_of_place = {"refer"}
    result = await booth.do(c.Transfer("", "1007"))
    assert result.message is not None
    assert result.message.id == "line.transfer_not_sent"
    assert booth.by_number("1002").transfer == ""


# ---------------------------------------------------------------- a peer asks


async def test_a_refer_is_asked_about_and_never_followed_by_itself(booth: Booth) -> None:
    handle = await booth.up()
    await booth.says(refer(handle))
    call = booth.by_number("1002")
    assert booth.question() == Question(
        QuestionKind.REFER, call.key, "900123@costly.example", "1002"
    )
    assert len(booth.asked("invite")) == 1
    assert (await booth.do(c.AnswerQuestion(False))).ok
    assert booth.asked("reject_refer") == [(handle, 603)]
    assert len(booth.asked("invite")) == 1
    assert booth.snapshot.question is None
    assert not (await booth.do(c.AnswerQuestion(True))).ok


async def test_a_browsers_contact_is_shown_as_its_number_and_called_as_it_is(booth: Booth) -> None:
    handle = await booth.up()
    contact = "sip:1003@k2j3.invalid;alias=127.0.0.1~40000~5;transport=ws"
    await booth.says(sip.ReferReceived(handle, contact, REPLACES, None))
    question = booth.question()
    assert question is not None
    assert question.target == "1003"
    assert (await booth.do(c.AnswerQuestion(True))).ok
    assert booth.asked("invite")[1][0] == contact
    assert booth.state("1003") is S.DIALING


async def test_a_refer_that_is_agreed_to_is_followed_and_its_sender_told(booth: Booth) -> None:
    handle = await booth.up()
    await booth.says(refer(handle, replaces=REPLACES))
    assert (await booth.do(c.AnswerQuestion(True))).ok
    assert booth.asked("accept_refer") == [(handle,)]
    assert booth.asked("invite")[1] == (
        "sip:900123@costly.example",
        ("Referred-By", f"<sip:1007@{DOMAIN}>"),
        ("Replaces", REPLACES),
    )
    assert booth.state("1002") is S.HOLDING
    await booth.says(sip.Progress("out2", 180, None), sip.InviteAnswered("out2", SDP))
    assert booth.asked("refer_progress") == [(handle, 180), (handle, 200)]
    await booth.says(sip.CallEnded(handle, True, 200, ""))
    assert booth.state("900123@costly.example") is S.TALKING


@pytest.mark.parametrize("how", ["refused", "hung up", "not sent"])
async def test_a_refer_that_comes_to_nothing_is_told_so(booth: Booth, how: str) -> None:
    handle = await booth.up()
    await booth.says(refer(handle))
    if how == "not sent":
        booth.phone.out_of_place = {"invite"}
    await booth.do(c.AnswerQuestion(True))
    if how == "refused":
        await booth.says(sip.InviteRefused("out2", 486, "Busy"))
    elif how == "hung up":
        await booth.do(c.HangUp(booth.by_number("900123@costly.example").ccnumber))
    status = {"refused": 486, "hung up": 487, "not sent": 503}[how]
    assert booth.asked("refer_progress") == [(handle, status)]
    assert booth.state("1002") is S.HOLDING


async def test_only_one_question_at_a_time_and_none_about_what_cannot_be_called(
    booth: Booth,
) -> None:
    first = await booth.up("1002")
    second = await booth.up("1003")
    await booth.says(refer(second, "mailto:x@y.example"))
    assert booth.snapshot.question is None
    await booth.says(refer(first), refer(second))
    assert booth.asked("reject_refer") == [(second, 603), (second, 603)]
    assert booth.question().key == booth.by_number("1002").key


async def test_a_question_that_nobody_answers_is_a_no(booth: Booth) -> None:
    handle = await booth.up()
    await booth.says(refer(handle))
    await booth.control.transfers._no_answer()
    assert booth.asked("reject_refer") == [(handle, 603)]
    assert "question" not in booth.context.timers


async def test_a_question_ends_with_its_call(booth: Booth) -> None:
    handle = await booth.up()
    await booth.says(refer(handle), sip.CallEnded(handle, True, 200, ""))
    assert booth.snapshot.question is None


async def test_a_redirection_is_asked_about_and_then_called(booth: Booth) -> None:
    handle = await booth.dial("1002")
    targets = ("mailto:x@y.example", "sip:900123@costly.example?Subject=x")
    await booth.says(sip.InviteRefused(handle, 302, "Moved", targets))
    call = booth.by_number("1002")
    assert call.outcome is not None
    assert call.outcome.id == "line.moved"
    assert booth.question() == Question(
        QuestionKind.REDIRECT, call.key, "900123@costly.example", "1002"
    )
    assert len(booth.asked("invite")) == 1
    assert (await booth.do(c.AnswerQuestion(True))).ok
    assert booth.asked("invite")[1] == ("sip:900123@costly.example",)
    assert booth.asked("refer_progress") == []


async def test_a_redirection_can_be_refused(booth: Booth) -> None:
    handle = await booth.dial("1002")
    await booth.says(sip.InviteRefused(handle, 301, "Moved", ("sip:bob@x.example",)))
    assert (await booth.do(c.AnswerQuestion(False))).ok
    assert len(booth.asked("invite")) == 1


def moved(handle: str, *users: str, status: int = 302) -> sip.InviteRefused:
    return sip.InviteRefused(
        handle, status, "Moved", tuple(f"sip:{user}@{DOMAIN}" for user in users)
    )


def busy(handle: str, status: int = 486) -> sip.InviteRefused:
    return sip.InviteRefused(handle, status, "No")


def dialled(booth: Booth) -> list[str]:
    return [uri.partition(":")[2].partition("@")[0] for uri, *_ in booth.asked("invite")]


def notices(booth: Booth) -> list[str]:
    told = (event.notice for event in booth.heard if isinstance(event, NoticeChanged))
    return [notice.message.id for notice in told if notice is not None]


async def test_each_address_of_a_redirection_is_asked_about_and_called_in_turn(
    booth: Booth,
) -> None:
    await booth.says(
        moved(await booth.dial("1002"), "1003", "1004", "1005", "1006", "1007", "1008")
    )
    assert booth.question().target == "1003, 1004, 1005, 1006, 1007"
    await booth.do(c.AnswerQuestion(True))
    for status in (486, 404, 480, 500):
        await booth.says(busy(f"out{len(dialled(booth))}", status))
        assert notices(booth)[-1] == "lines.next_target"
        assert booth.snapshot.question is None
    assert dialled(booth) == ["1002", "1003", "1004", "1005", "1006", "1007"]
    await booth.says(busy("out6"))
    assert len(dialled(booth)) == 6
    assert notices(booth).count("lines.next_target") == 4


@pytest.mark.parametrize("end", ["taken", "declined", "hung up", "line lost"])
async def test_nobody_further_is_called_once_the_call_has_its_end(booth: Booth, end: str) -> None:
    await booth.says(moved(await booth.dial("1002"), "1003", "1004"))
    await booth.do(c.AnswerQuestion(True))
    if end == "taken":
        await booth.says(sip.InviteAnswered("out2", SDP))
        await booth.says(sip.CallEnded("out2", True, 200, ""))
    elif end == "declined":
        await booth.says(busy("out2", 603))
    elif end == "hung up":
        await booth.do(c.HangUp())
        await booth.says(busy("out2", 487))
    else:
        await booth.says(sip.InviteRefused("out2", 503, "flow lost", flow_lost=True))
    assert dialled(booth) == ["1002", "1003"]
    assert "lines.next_target" not in notices(booth)


async def test_who_sends_a_call_back_to_where_it_was_is_not_followed_in_a_circle(
    booth: Booth,
) -> None:
    await booth.says(moved(await booth.dial("1002"), "1003", "1004"))
    await booth.do(c.AnswerQuestion(True))
    await booth.says(moved("out2", "1002", "1003", "1009"))
    assert booth.question().target == "1009, 1004"
    await booth.do(c.AnswerQuestion(True))
    await booth.says(moved("out3", "1002", "1003", "1009"))  # nobody new: 1004 is left
    assert booth.snapshot.question is None
    assert dialled(booth) == ["1002", "1003", "1009", "1004"]
    await booth.says(moved("out4", "1003"))
    outcome = booth.by_number("1004").outcome
    assert outcome is not None
    assert outcome.id == "line.call_refused"


async def test_beside_another_call_the_next_address_is_asked_about_again(booth: Booth) -> None:
    await booth.says(moved(await booth.dial("1002"), "1003", "1004"))
    await booth.do(c.AnswerQuestion(True))
    await booth.rings("in1")
    await booth.says(busy("out2"))
    assert booth.question().target == "1004"
    assert dialled(booth) == ["1002", "1003"]


async def test_an_address_that_cannot_be_called_any_more_is_said(booth: Booth) -> None:
    await booth.says(moved(await booth.dial("1002"), "1003", "1004"))
    await booth.do(c.AnswerQuestion(True))
    booth.context.emit(ConnectionChanged(Connection(ConnectionState.LOST)))
    await booth.says(busy("out2"))
    assert notices(booth)[-2:] == ["lines.next_target", "engine.line_lost"]


@pytest.mark.parametrize("status", [305, 380])
async def test_a_proxy_or_another_service_is_nobody_to_call(booth: Booth, status: int) -> None:
    await booth.says(moved(await booth.dial("1002"), "proxy", status=status))
    assert booth.snapshot.question is None
    outcome = booth.by_number("1002").outcome
    assert outcome is not None
    assert outcome.id == "line.call_refused"


# ---------------------------------------------------------------- taken over


@pytest.mark.parametrize("held", [False, True])
async def test_an_invite_with_replaces_takes_the_call_over_unasked(
    booth: Booth, held: bool
) -> None:
    handle = await booth.up()
    if held:
        await booth.up("1003")
    before = booth.by_number("1002")
    await booth.says(invite("in1", replaces=handle))
    after = booth.by_number("1008")
    assert (after.key, after.name, after.answered) == (before.key, "Zhao Lei", before.answered)
    assert after.state is (S.HOLDING if held else S.TALKING)
    assert booth.asked("accept") == [("in1",)]
    # tui.sip ends the one that was replaced: that is not the end of the call here.
    await booth.says(sip.CallEnded(handle, False, 200, "replaced"))
    assert booth.by_number("1008").live
    assert booth.legs.leg_of(after.key) is not None
    assert booth.legs.leg_of(after.key).handle == "in1"  # type: ignore[union-attr]


async def test_who_cannot_be_answered_takes_no_call_over(booth: Booth) -> None:
    handle = await booth.up()
    before = booth.by_number("1002")
    opened = booth.media[0]
    booth.phone.out_of_place = {"accept"}
    await booth.says(invite("in1", replaces=handle))
    assert booth.asked("reject") == [("in1", 488)]
    call = booth.by_number("1002")
    assert (call.key, call.state, call.outcome) == (before.key, S.TALKING, None)
    assert not opened.closed
    assert booth.legs.leg_of(call.key).handle == handle  # type: ignore[union-attr]
    assert notices(booth)[-1] == "lines.not_taken_over"
    await booth.says(sip.CallEnded(handle, True, 200, ""))
    assert booth.state("1002") is S.ENDED


@pytest.mark.parametrize("end", ["CallEnded", "InviteRefused"])
async def test_who_hangs_up_while_the_next_one_is_put_in_ends_no_call(
    booth: Booth, end: str
) -> None:
    handle = await (booth.up() if end == "CallEnded" else booth.dial())
    key = booth.by_number("1002").key
    booth.gate = asyncio.Event()
    await booth.says(invite("in1", replaces=handle))
    assert booth.by_number("1002").key == key  # whoever was there is, until the other has answered
    if end == "CallEnded":
        await booth.says(sip.CallEnded(handle, True, 200, ""))
    else:
        await booth.says(busy(handle))
    booth.gate.set()
    await booth.until(lambda: booth.asked("accept"))
    await booth.settle()
    assert (booth.by_number("1008").key, booth.state("1008")) == (key, S.TALKING)


@pytest.mark.parametrize("left", [True, False])
async def test_who_gives_up_taking_a_call_over_leaves_it_where_it_was(
    booth: Booth, left: bool
) -> None:
    handle = await booth.up()
    booth.gate = asyncio.Event()
    await booth.says(invite("in1", replaces=handle))
    if left:
        await booth.says(sip.CallEnded(handle, True, 200, ""))
    await booth.says(sip.InviteCancelled("in1"))
    booth.gate.set()
    await booth.settle()
    assert booth.state("1002") is (S.ENDED if left else S.TALKING)
    assert booth.asked("accept") == []


async def test_a_call_that_still_rings_there_is_taken_over_too(booth: Booth) -> None:
    handle = await booth.dial()
    await booth.says(sip.Progress(handle, 180, None))
    await booth.says(invite("in1", replaces=handle), sip.InviteRefused(handle, 487, ""))
    assert booth.state("1008") is S.TALKING


async def test_replacing_a_call_that_is_over_gets_481(booth: Booth) -> None:
    handle = await booth.up()
    leg = booth.legs.entry(handle)
    await booth.do(c.HangUp())
    assert leg is not None
    booth.legs.put(leg)  # as if the end had not come through yet
    await booth.says(invite("in1", replaces=handle))
    assert booth.asked("reject") == [("in1", 481)]

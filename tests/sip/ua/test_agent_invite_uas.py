"""INVITE as UAS: ringing, the repeated 2xx, CANCEL, and requests inside of the call
(RFC 3261 §9.2, §12.2, §13.3, §15)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sip.agents import AGENT, ANSWER, OFFER, PBX, Pair, Side, config
from tests.sip.ua.calls import Called
from tests.sip.ua.requests import ask, give
from tui.sip import (
    AckWithSdp,
    CallEnded,
    Established,
    Ignored,
    InfoReceived,
    InviteCancelled,
    InviteReceived,
    InviteRefused,
    LocalProtocolError,
    MessageReceived,
    Progress,
    ReinviteReceived,
    ReinviteRefused,
    RequestOutcome,
    parse_message,
)
from tui.sip.message.reason import Reason


def test_a_call_is_told_with_who_and_what() -> None:
    callee = Called()
    call = callee.invite(lines=(("P-Asserted-Identity", f"<{PBX}>"), ("Call-Info", "x")))
    event = callee.us.one(InviteReceived)
    assert (event.call, event.sdp, event.request_uri) == (call, OFFER, AGENT)
    assert str(event.from_.uri) == PBX
    assert event.asserted is not None
    assert event.headers.get("Call-Info") == "x"


def test_180_183_and_200_make_one_dialog() -> None:
    callee = Called()
    call = callee.invite(lines=(("Record-Route", "<sip:a.test;lr>, <sip:b.test;lr>"),))
    callee.us.agent.ring(call, 0.0)
    callee.us.agent.ring(call, 0.0, ANSWER)
    callee.us.agent.accept(call, ANSWER, 0.0)
    ringing, early, ok = callee.us.messages()
    assert [ringing.status, early.status, ok.status] == [180, 183, 200]  # type: ignore[union-attr]
    assert len({message.to.tag for message in (ringing, early, ok)}) == 1
    assert early.body == ANSWER
    for message in (ringing, ok):
        assert message.headers.get("Contact") == (
            "<sip:1001_00011170@aaaa.invalid;transport=ws;ob>"
        )
        assert message.headers.get_all("Record-Route") == ["<sip:a.test;lr>", "<sip:b.test;lr>"]
    assert ok.content_type == "application/sdp"
    assert "INVITE" in ok.headers.get_all("Allow")


def test_a_repeated_invite_gets_the_last_provisional_again() -> None:
    callee = Called()
    call = callee.invite()
    callee.us.agent.ring(call, 0.0)
    callee.us.take()
    assert give(callee.us, ask("INVITE")) == [180]
    assert len(callee.us.all(InviteReceived)) == 1


def test_a_2xx_is_repeated_from_t1_to_t2_until_the_ack() -> None:
    pair = Pair()
    pair.drop = lambda side, data: data.startswith(b"ACK")
    pair.call()
    times = []
    for _ in range(6):
        before = len(pair.wire)
        deadline = pair.a.agent.next_deadline()
        assert deadline is not None
        pair.advance(deadline - pair.now)
        if any(line == "a 200" for line in pair.starts()[before:]):
            times.append(pair.now - 1000.0)
    assert times == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5]
    pair.drop = lambda side, data: False
    pair.advance(4.0)
    assert pair.a.one(Established)
    sent = len(pair.wire)
    pair.advance(10.0)
    assert len(pair.wire) == sent


def test_a_2xx_without_an_ack_for_32_seconds_ends_in_a_bye() -> None:
    callee = Called(session_expires=0)
    call = callee.invite()
    callee.us.agent.accept(call, ANSWER, 0.0)
    now = 0.0
    while not callee.us.all(CallEnded):
        deadline = callee.us.agent.next_deadline()
        assert deadline is not None
        now = deadline
        callee.us.agent.handle_timeout(now)
    assert now == 32.0
    assert callee.us.one(CallEnded) == CallEnded(call, False, 408, "no ACK")
    assert callee.us.sent[-1].startswith(b"BYE sip:PBX@pbx.invalid;transport=ws ")


def test_a_lost_flow_does_not_stop_the_wait_for_the_ack() -> None:
    callee = Called(session_expires=0)
    call = callee.invite()
    callee.us.agent.accept(call, ANSWER, 0.0)
    callee.us.agent.connection_lost(0.1)
    callee.us.agent.handle_timeout(0.5)
    assert callee.us.take() == []
    callee.us.agent.handle_timeout(32.0)
    callee.us.agent.handle_timeout(40.0)
    assert callee.us.one(CallEnded).status == 408


def test_an_answer_whose_ack_went_with_the_flow_is_said_again_over_the_next_one() -> None:
    callee = Called()
    call = callee.invite()
    callee.us.agent.accept(call, ANSWER, 0.0)
    said = callee.us.only()
    callee.tag = said.to.tag
    callee.us.agent.connection_lost(0.1)
    callee.us.agent.connection_made(0.6)
    callee.us.agent.handle_timeout(1.5)
    again = callee.us.only()
    assert (again.status, again.branch, again.body) == (200, said.branch, ANSWER)
    callee.inside("ACK", cseq="1", now=1.6)
    callee.us.agent.handle_timeout(40.0)
    assert callee.us.one(Established).call == call
    assert not callee.us.all(CallEnded)


@pytest.mark.parametrize(
    "more",
    [
        {"lines": (("Require", "precondition, x-y"),)},
        {"cseq": "1"},
        {"body": b"x", "content_type": "a/b"},
    ],
)
def test_a_bye_ends_the_call_whatever_else_it_says(more: dict[str, Any]) -> None:
    callee = Called()
    call = callee.up(cseq="7")
    assert callee.inside("BYE", **{"cseq": "8", **more}) == [200]
    assert callee.us.one(CallEnded).call == call
    assert callee.us.one(CallEnded).by_peer


def test_hanging_up_before_the_ack_keeps_the_bye_until_it_came() -> None:
    pair = Pair()
    held: list[bytes] = []

    def hold_back(side: object, data: bytes) -> bool:
        if data.startswith(b"ACK"):
            held.append(data)
        return data.startswith(b"ACK")

    pair.drop = hold_back
    at_a, _ = pair.call()
    pair.a.agent.bye(at_a, pair.now)
    pair.pump()
    assert "a BYE" not in pair.starts()
    assert pair.a.one(CallEnded).call == at_a
    with pytest.raises(LocalProtocolError):
        pair.a.agent.bye(at_a, pair.now)
    pair.a.agent.receive_data(held[0], pair.now)
    pair.pump()
    assert pair.starts()[-2:] == ["a BYE", "b 200"]
    assert len(pair.a.all(CallEnded)) == 1


def test_hanging_up_without_any_ack_sends_the_bye_after_32_seconds() -> None:
    pair = Pair()
    pair.drop = lambda side, data: data.startswith(b"ACK")
    at_a, _ = pair.call()
    pair.a.agent.bye(at_a, pair.now)
    pair.advance(31.9)
    assert "a BYE" not in pair.starts()
    pair.advance(0.2)
    assert "a BYE" in pair.starts()
    assert len(pair.a.all(CallEnded)) == 1


def test_both_hang_up_while_the_ack_is_missing() -> None:
    callee = Called()
    call = callee.invite()
    callee.us.agent.accept(call, ANSWER, 0.0)
    callee.tag = callee.us.only().to.tag
    callee.us.agent.bye(call, 0.0)
    assert callee.inside("INFO") == [481]
    assert callee.inside("BYE") == [200]
    assert callee.us.agent.next_deadline() == 32.0  # the transaction's L alone
    callee.us.agent.handle_timeout(32.0)
    assert callee.us.agent.next_deadline() is None
    assert len(callee.us.all(CallEnded)) == 1


def test_an_invite_without_sdp_gets_our_offer_and_the_ack_brings_the_answer() -> None:
    pair = Pair()
    at_b = pair.b.agent.invite(AGENT, None, pair.now)
    pair.pump()
    event = pair.a.one(InviteReceived)
    assert event.sdp is None
    pair.a.agent.accept(event.call, OFFER, pair.now)
    pair.pump()
    pair.b.agent.acknowledge(at_b, ANSWER, pair.now)
    pair.pump()
    assert pair.a.one(Established).call == event.call
    assert pair.a.one(AckWithSdp) == AckWithSdp(event.call, ANSWER)


def test_an_ack_without_the_answer_ends_the_call() -> None:
    pair = Pair()
    at_b = pair.b.agent.invite(AGENT, None, pair.now)
    pair.pump()
    at_a = pair.a.one(InviteReceived).call
    pair.a.agent.accept(at_a, OFFER, pair.now)
    pair.pump()
    pair.b.agent.acknowledge(at_b, b"", pair.now)
    pair.pump()
    assert pair.a.one(CallEnded).status == 488
    assert pair.b.one(CallEnded).by_peer


def test_an_ack_without_the_answer_to_a_re_invite_leaves_the_call_as_it_was() -> None:
    pair = Pair()
    at_a, at_b = pair.call()
    pair.b.agent.reinvite(at_b, b"", pair.now)  # no offer, and no answer in its ACK
    pair.pump()
    assert pair.a.one(ReinviteReceived).sdp is None
    pair.a.agent.accept_reinvite(at_a, OFFER, pair.now)
    pair.pump()
    assert pair.a.one(ReinviteRefused) == ReinviteRefused(at_a, 488)
    assert not pair.a.all(CallEnded)
    pair.a.agent.reinvite(at_a, OFFER, pair.now)
    pair.pump()
    assert pair.b.last(ReinviteReceived).sdp == OFFER


def test_a_refusal_is_sent_once_and_its_ack_absorbed() -> None:
    pair = Pair()
    at_b = pair.b.agent.invite(AGENT, OFFER, pair.now)
    pair.pump()
    at_a = pair.a.one(InviteReceived).call
    pair.a.agent.reject(at_a, 486, pair.now, "On the other line")
    pair.pump()
    assert pair.starts() == ["b INVITE", "a 100", "a 486", "b ACK"]
    assert pair.b.one(InviteRefused) == InviteRefused(at_b, 486, "On the other line")
    assert not pair.a.all(Ignored)
    pair.advance(40.0)
    assert pair.a.agent.next_deadline() is None


def test_a_refusal_is_300_or_more() -> None:
    callee = Called()
    call = callee.invite()
    with pytest.raises(LocalProtocolError):
        callee.us.agent.reject(call, 200, 0.0)
    with pytest.raises(LocalProtocolError):
        callee.us.agent.reject(call, 486, 0.0, "x\r\ny")
    callee.us.agent.reject(call, 486, 0.0)
    assert callee.us.only().status == 486


def test_a_refusal_whose_ack_never_comes_is_forgotten_after_32_seconds() -> None:
    callee = Called()
    callee.us.agent.reject(callee.invite(), 486, 0.0)
    assert give(callee.us, ask("INVITE")) == [486, 486]
    assert callee.us.agent.next_deadline() == 32.0
    callee.us.agent.handle_timeout(32.0)
    assert callee.us.agent.next_deadline() is None


# ---------------------------------------------------------------- CANCEL


def test_a_cancel_ends_the_invite_with_487() -> None:
    callee = Called()
    call = callee.invite()
    assert give(callee.us, ask("CANCEL")) == [200, 487]
    assert callee.us.one(InviteCancelled).call == call


def test_a_cancel_ends_the_one_call_that_it_is_for() -> None:
    callee = Called()
    first = callee.invite()
    second = callee.invite(call_id="two", branch="z9hG4bKtwo")
    assert give(callee.us, ask("CANCEL", call_id="two", branch="z9hG4bKtwo")) == [200, 487]
    assert callee.us.one(InviteCancelled).call == second
    callee.us.agent.ring(first, 0.0)
    assert callee.us.only().status == 180


def test_a_cancel_of_nothing_is_481() -> None:
    callee = Called()
    callee.invite()
    assert give(callee.us, ask("CANCEL", branch="z9hG4bKguess")) == [481]
    assert give(callee.us, ask("CANCEL", call_id="guess")) == [481]
    assert give(callee.us, ask("CANCEL", from_=f"<{PBX}>;tag=guess")) == [481]
    assert not callee.us.all(InviteCancelled)


def test_a_cancel_after_the_answer_changes_nothing() -> None:
    callee = Called()
    call = callee.invite()
    callee.us.agent.accept(call, ANSWER, 0.0)
    callee.us.take()
    assert give(callee.us, ask("CANCEL")) == [200]
    assert not callee.us.all(InviteCancelled)


def test_a_cancel_after_the_refusal_changes_nothing() -> None:
    callee = Called()
    callee.us.agent.reject(callee.invite(), 486, 0.0)
    callee.us.take()
    assert give(callee.us, ask("CANCEL")) == [200]


def test_a_lost_flow_ends_a_call_that_rings() -> None:
    callee = Called()
    call = callee.invite()
    callee.us.agent.connection_lost(0.0)
    assert callee.us.one(InviteCancelled).call == call


def test_an_early_bye_ends_the_invite_with_487() -> None:
    callee = Called()
    call = callee.invite()
    callee.us.agent.ring(call, 0.0)
    callee.tag = callee.us.only().to.tag
    assert callee.inside("BYE") == [200, 487]
    assert callee.us.one(InviteCancelled).call == call


# ---------------------------------------------------------------- inside of the call


def test_an_info_is_answered_first_and_told_after() -> None:
    callee = Called()
    call = callee.up()
    body = b'<i n="1conf_2"/>'
    assert callee.inside("INFO", body=body, content_type="text/xml; charset=utf-8") == [200]
    assert callee.us.one(InfoReceived) == InfoReceived(call, "text/xml", body)


def test_an_info_of_another_type_is_415_where_there_is_a_list() -> None:
    callee = Called(info_types=("application/dtmf-relay",))
    callee.up()
    assert callee.inside("INFO", content_type="text/xml") == [415]
    assert parse_message(callee.us.sent[-1]).headers.get("Accept") == "application/dtmf-relay"
    assert callee.inside("INFO", content_type="application/dtmf-relay") == [200]


def test_options_and_message_work_inside_of_a_call() -> None:
    callee = Called()
    callee.up()
    assert callee.inside("OPTIONS") == [200]
    assert callee.inside("MESSAGE", body=b"<cc/>") == [200]
    assert callee.us.one(MessageReceived).body == b"<cc/>"
    assert callee.inside("MESSAGE", content_type="text/plain") == [415]


def test_a_notify_is_481_and_a_refer_is_not_acted_on() -> None:
    callee = Called()
    callee.up()
    assert callee.inside("NOTIFY", lines=(("Event", "refer"),)) == [481]
    assert callee.inside("REFER", lines=(("Refer-To", "<sip:premium@far.test>"),)) == [405]
    assert callee.inside("UPDATE") == [405]


def test_a_lower_cseq_is_500_and_a_repeated_one_too() -> None:
    callee = Called()
    callee.up()
    assert callee.inside("INFO", cseq="10") == [200]
    assert callee.inside("INFO", cseq="9") == [500]
    assert callee.inside("INFO", cseq="10") == [500]
    assert callee.inside("INFO", cseq="11") == [200]


@pytest.mark.parametrize(
    "forged",
    [{"to": f"<{AGENT}>;tag=guess"}, {"from_": f"<{PBX}>;tag=guess"}, {"call_id": "guess"}],
)
@pytest.mark.parametrize("method", ["BYE", "INVITE", "INFO"])
def test_a_request_with_one_wrong_tag_or_call_id_is_481(
    method: str, forged: dict[str, Any]
) -> None:
    callee = Called()
    callee.up()
    assert callee.inside(method, **forged) == [481]
    assert not callee.us.all(CallEnded)
    assert not callee.us.all(ReinviteReceived)


def test_a_bye_from_an_identity_that_is_not_the_pbx_is_403() -> None:
    callee = Called()
    callee.up()
    assert callee.inside("BYE", from_="<sip:boss@example.test>;tag=b") == [403]
    asserted = (("P-Asserted-Identity", "<sip:boss@example.test>"),)
    assert callee.inside("BYE", lines=asserted) == [403]
    assert not callee.us.all(CallEnded)
    assert callee.inside("BYE") == [200]


def test_in_a_call_of_our_own_the_other_side_need_not_be_the_pbx() -> None:
    pair = Pair()
    other = "sip:1002_00011170@example.test"
    pair.b = Side(config(aor=other, register=False, trusted=()), 3, "bbbb.invalid")
    pair.b.agent.connection_made(pair.now)
    call = pair.a.agent.invite(other, OFFER, pair.now)
    pair.pump()
    at_b = pair.b.one(InviteReceived).call
    pair.b.agent.accept(at_b, ANSWER, pair.now)
    pair.pump()
    pair.b.agent.bye(at_b, pair.now)
    pair.pump()
    assert pair.a.one(CallEnded) == CallEnded(call, True, 200, "")


def test_a_bye_ends_the_call_and_brings_its_reason() -> None:
    callee = Called()
    call = callee.up()
    assert callee.inside("BYE", lines=(("Reason", 'Q.850;cause=16;text="bye"'),)) == [200]
    assert callee.us.one(CallEnded) == CallEnded(
        call, True, 200, 'Q.850;cause=16;text="bye"', (Reason("Q.850", 16, "bye"),)
    )
    assert callee.inside("BYE") == [481]


def test_a_stray_ack_in_a_call_is_ignored() -> None:
    callee = Called()
    callee.up()
    assert callee.inside("ACK", cseq="1") == []
    assert callee.us.one(Ignored) == Ignored("an ACK to nothing", stray=True)


def test_an_ack_with_another_cseq_does_not_confirm() -> None:
    callee = Called()
    call = callee.invite()
    callee.us.agent.accept(call, ANSWER, 0.0)
    callee.tag = callee.us.only().to.tag
    callee.inside("ACK", cseq="7")
    assert not callee.us.all(Established)
    callee.inside("ACK", cseq="1", branch="z9hG4bKone")  # even by the INVITE's own branch
    assert callee.us.one(Established).call == call


def test_our_info_is_answered_and_a_481_ends_the_call() -> None:
    pair = Pair()
    at_a, at_b = pair.call()
    id = pair.a.agent.info(at_a, "application/dtmf-relay", b"Signal=5", pair.now)
    pair.pump()
    assert pair.b.one(InfoReceived) == InfoReceived(at_b, "application/dtmf-relay", b"Signal=5")
    assert pair.a.one(RequestOutcome).id == id
    pair.b.agent.bye(at_b, pair.now)
    pair.b.take()
    pair.a.agent.info(at_a, "application/dtmf-relay", b"Signal=6", pair.now)
    pair.pump()
    assert pair.a.last(RequestOutcome).status == 481
    said = "Call/Transaction Does Not Exist"
    why = (Reason("SIP", 481, said),)
    assert pair.a.one(CallEnded) == CallEnded(at_a, False, 481, said, why)
    assert pair.starts().count("a BYE") == 0


def test_an_info_without_an_answer_ends_the_call_with_a_bye() -> None:
    pair = Pair()
    at_a, _ = pair.call()
    pair.advance(40.0)
    pair.drop = lambda side, data: data.startswith(b"INFO")
    pair.a.agent.info(at_a, "a/b", b"", pair.now)
    pair.advance(32.0)
    assert pair.a.one(RequestOutcome).status == 408
    assert pair.a.one(CallEnded) == CallEnded(at_a, False, 408, "no answer")
    assert pair.starts()[-2:] == ["a BYE", "b 200"]


def test_an_info_still_under_way_when_the_call_ends_only_tells_its_outcome() -> None:
    pair = Pair()
    at_a, _ = pair.call()
    pair.drop = lambda side, data: b" INFO" in data
    pair.a.agent.info(at_a, "a/b", b"", pair.now)
    pair.pump()
    pair.a.agent.info(at_a, "a/b", b"", pair.now)
    (info,) = pair.a.messages()
    pair.a.agent.bye(at_a, pair.now)
    pair.pump()
    from tests.sip.registrar import answer

    pair.a.agent.receive_data(answer(info, 100), pair.now)  # type: ignore[arg-type]
    pair.a.agent.receive_data(answer(info, 481), pair.now)  # type: ignore[arg-type]
    pair.advance(33.0)
    assert [outcome.status for outcome in pair.a.all(RequestOutcome)] == [481, 408]
    assert len(pair.a.all(CallEnded)) == 1


def test_progress_reaches_the_caller_with_early_media() -> None:
    pair = Pair()
    at_b = pair.b.agent.invite(AGENT, OFFER, pair.now)
    pair.pump()
    pair.a.agent.ring(pair.a.one(InviteReceived).call, pair.now, ANSWER)
    pair.pump()
    progress = pair.b.one(Progress)
    assert (progress.call, progress.status, progress.sdp) == (at_b, 183, ANSWER)
    assert progress.tag

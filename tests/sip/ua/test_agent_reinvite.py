"""re-INVITE both ways and glare (RFC 3261 §14, §12.2.1.2)."""

from __future__ import annotations

import pytest

from tests.sip.agents import ANSWER, OFFER, Pair
from tests.sip.registrar import answer
from tests.sip.ua.calls import CONTACT, HELD, HOLD, SDP, Called, Up
from tui.sip import (
    AckWithSdp,
    CallEnded,
    InviteReceived,
    LocalProtocolError,
    Reason,
    ReinviteAccepted,
    ReinviteReceived,
    ReinviteRefused,
    Request,
    Response,
    parse_message,
)


def test_hold_and_resume_go_both_ways() -> None:
    pair = Pair()
    at_a, at_b = pair.call()
    pair.a.agent.reinvite(at_a, HOLD, pair.now)
    pair.pump()
    assert pair.b.one(ReinviteReceived) == ReinviteReceived(at_b, HOLD)
    pair.b.agent.accept_reinvite(at_b, HELD, pair.now)
    pair.pump()
    assert pair.a.one(ReinviteAccepted) == ReinviteAccepted(at_a, HELD)
    pair.b.agent.reinvite(at_b, OFFER, pair.now)
    pair.pump()
    pair.a.agent.reject_reinvite(at_a, 488, pair.now)
    pair.pump()
    assert pair.b.one(ReinviteRefused) == ReinviteRefused(at_b, 488)
    assert pair.starts()[4:] == [
        "a INVITE", "b 100", "b 200", "a ACK", "b INVITE", "a 100", "a 488", "b ACK",
    ]  # fmt: skip
    pair.b.agent.bye(at_b, pair.now)
    pair.pump()
    assert pair.a.one(CallEnded)


def test_a_reinvite_keeps_the_dialog_and_raises_its_cseq() -> None:
    up = Up()
    request = up.reinvite()
    assert request.uri == "sip:callee@far.invalid;transport=ws"
    assert request.call_id == up.invite.call_id
    assert request.to.tag == "far"
    assert request.cseq.number == up.invite.cseq.number + 1
    assert request.body == HOLD


def test_the_2xx_to_a_reinvite_is_acked_each_time_and_told_once_and_moves_the_target() -> None:
    up = Up()
    request = up.reinvite()
    up.reply(request, 100)
    for _ in range(2):
        up.reply(request, 200, ("Contact", "<sip:new@far.invalid>"), SDP, body=HELD)
    first, second = up.sends()
    assert (first.method, first.uri) == ("ACK", "sip:new@far.invalid")
    assert first.cseq.number == request.cseq.number
    assert first.to_bytes() == second.to_bytes()
    assert up.side.one(ReinviteAccepted) == ReinviteAccepted(up.call, HELD)
    up.side.agent.bye(up.call, up.now)
    assert up.request().uri == "sip:new@far.invalid"


def test_an_accepted_reinvite_moves_the_target_and_a_refused_one_does_not() -> None:
    up = Up()
    up.theirs(1)
    up.side.agent.reject_reinvite(up.call, 488, up.now)
    up.side.take()
    assert up.reinvite().uri == "sip:callee@far.invalid;transport=ws"
    other = Up()
    other.theirs(1)
    other.side.agent.accept_reinvite(other.call, ANSWER, other.now)
    other.side.take()
    other.side.agent.bye(other.call, other.now)
    assert other.side.take() == []  # the ACK is not here yet


def test_one_reinvite_at_a_time() -> None:
    up = Up()
    up.reinvite()
    with pytest.raises(LocalProtocolError):
        up.side.agent.reinvite(up.call, OFFER, up.now)


def test_no_reinvite_while_theirs_waits_or_its_ack_is_missing() -> None:
    up = Up()
    up.theirs()
    with pytest.raises(LocalProtocolError):
        up.side.agent.reinvite(up.call, OFFER, up.now)
    up.side.agent.accept_reinvite(up.call, ANSWER, up.now)
    with pytest.raises(LocalProtocolError):
        up.side.agent.reinvite(up.call, OFFER, up.now)


def test_no_reinvite_without_a_flow() -> None:
    up = Up()
    up.side.agent.connection_lost(up.now)
    with pytest.raises(LocalProtocolError):
        up.side.agent.reinvite(up.call, OFFER, up.now)


def test_nothing_to_accept_is_refused() -> None:
    up = Up()
    with pytest.raises(LocalProtocolError):
        up.side.agent.accept_reinvite(up.call, OFFER, up.now)
    with pytest.raises(LocalProtocolError):
        up.side.agent.reject_reinvite(up.call, 488, up.now)
    up.theirs()
    with pytest.raises(LocalProtocolError):
        up.side.agent.reject_reinvite(up.call, 200, up.now)


# ---------------------------------------------------------------- glare


def test_theirs_while_ours_is_under_way_gets_491_and_nothing_else() -> None:
    up = Up()
    up.reinvite()
    up.theirs()
    assert up.statuses() == [491]
    assert not up.side.all(ReinviteReceived)


def test_theirs_while_theirs_waits_gets_500_with_retry_after() -> None:
    up = Up()
    up.theirs(1)
    assert up.statuses() == [100]
    up.theirs(2)
    (response,) = up.side.messages()
    assert isinstance(response, Response)
    assert response.status == 500
    assert 0 <= int(response.headers.get("Retry-After") or "") <= 10
    assert len(up.side.all(ReinviteReceived)) == 1


def test_a_second_invite_while_the_first_rings_gets_500() -> None:
    callee = Called()
    call = callee.invite()
    callee.us.agent.ring(call, 0.0)
    callee.tag = callee.us.only().to.tag
    assert callee.inside("INVITE") == [500]


def test_theirs_before_the_ack_to_our_2xx_gets_491() -> None:
    callee = Called()
    call = callee.invite()
    callee.us.agent.accept(call, ANSWER, 0.0)
    callee.tag = callee.us.only().to.tag
    assert callee.inside("INVITE") == [491]


def test_after_491_the_owner_of_the_call_id_waits_longer() -> None:
    pauses = []
    up = Up()
    request = up.reinvite()
    for _ in range(30):
        up.reply(request, 491)
        start = up.now
        while not (sent := up.sends()) or sent[-1].method != "INVITE":
            up.wake()
        request = sent[-1]
        assert request.body == HOLD
        pauses.append(round(up.now - start, 6))
    assert all(2.1 <= pause <= 4.0 for pause in pauses)
    assert all(abs(pause * 100 - round(pause * 100)) < 1e-3 for pause in pauses)
    assert len(set(pauses)) > 10
    assert not up.side.all(ReinviteRefused)


def test_a_500_that_says_to_come_again_within_seconds_is_met_three_times() -> None:
    up = Up()
    request = up.reinvite()
    for seconds in ("4", "10", "0"):
        up.reply(request, 500, ("Retry-After", seconds))
        start = up.now
        while not (sent := up.sends()) or sent[-1].method != "INVITE":
            up.wake()
        request = sent[-1]
        assert request.body == HOLD
        assert max(2.1, float(seconds)) <= up.now - start <= max(4.0, float(seconds))
    up.reply(request, 500, ("Retry-After", "5"))
    assert up.side.one(ReinviteRefused).status == 500


@pytest.mark.parametrize(
    ("status", "lines"),
    [(500, ()), (500, (("Retry-After", "60"),)), (503, (("Retry-After", "5"),))],
)
def test_any_other_refusal_is_told_at_once(status: int, lines: tuple[tuple[str, str], ...]) -> None:
    up = Up()
    up.reply(up.reinvite(), status, *lines)
    assert up.side.one(ReinviteRefused).status == status


def test_a_refusal_is_told_with_the_peers_own_words() -> None:
    up = Up()
    up.reply(up.reinvite(), 488, ("Warning", '370 far.test "no bandwidth"'))
    assert up.side.one(ReinviteRefused) == ReinviteRefused(up.call, 488, "Because: no bandwidth")


def test_after_491_the_other_side_waits_up_to_two_seconds() -> None:
    pair = Pair()
    at_a, at_b = pair.call()
    pair.a.agent.reinvite(at_a, HOLD, pair.now)
    pair.b.agent.reinvite(at_b, OFFER, pair.now)
    start = pair.now
    pair.pump()
    assert {"a 491", "b 491"} <= set(pair.starts())
    while not pair.b.all(ReinviteReceived):
        deadline = pair.a.agent.next_deadline()
        assert deadline is not None
        pair.advance(deadline - pair.now)
    assert pair.now - start <= 2.0
    pair.b.agent.accept_reinvite(at_b, HELD, pair.now)
    pair.pump()
    assert pair.a.one(ReinviteAccepted)
    while not pair.a.all(ReinviteReceived):
        deadline = pair.b.agent.next_deadline()
        assert deadline is not None
        pair.advance(deadline - pair.now)
    assert 2.1 <= pair.now - start <= 4.0


def test_while_a_491_is_waited_out_another_offer_is_refused_and_theirs_goes_first() -> None:
    up = Up()
    up.reply(up.reinvite(), 491)
    up.sends()
    with pytest.raises(LocalProtocolError):
        up.side.agent.reinvite(up.call, OFFER, up.now)
    up.theirs()
    assert up.statuses() == [100]
    for _ in range(3):
        up.now += 4.0
        up.side.agent.handle_timeout(up.now)
        assert up.sends() == []
    up.side.agent.reject_reinvite(up.call, 488, up.now)
    up.side.take()
    up.now += 4.0
    up.side.agent.handle_timeout(up.now)
    assert [request.method for request in up.sends()] == ["INVITE"]


def test_a_flow_lost_while_a_491_is_waited_out_refuses_the_offer() -> None:
    up = Up()
    up.reply(up.reinvite(), 491)
    up.side.agent.connection_lost(up.now)
    up.now += 5.0
    up.side.agent.handle_timeout(up.now)
    assert up.side.one(ReinviteRefused) == ReinviteRefused(up.call, 503)


# ---------------------------------------------------------------- failures


def test_a_481_to_a_reinvite_ends_the_call_without_a_bye() -> None:
    up = Up()
    up.reply(up.reinvite(), 481)
    assert up.methods() == ["ACK"]
    why = (Reason("SIP", 481, "Because"),)
    assert up.side.one(CallEnded) == CallEnded(up.call, False, 481, "Because", why)


def test_what_a_peer_says_of_a_call_that_it_knows_no_more_is_told() -> None:
    up = Up()
    up.reply(up.reinvite(), 481, ("Reason", 'Q.850;cause=27;text="trunk down"'))
    words = [reason.own for reason in up.side.one(CallEnded).reasons]
    assert words == ["Because", "trunk down"]


def test_a_408_to_a_reinvite_ends_the_call_with_a_bye() -> None:
    up = Up()
    up.reply(up.reinvite(), 408)
    assert up.methods() == ["ACK", "BYE"]
    assert up.side.one(CallEnded).status == 408


def test_a_reinvite_that_nobody_answers_ends_the_call_with_a_bye() -> None:
    up = Up()
    up.wake()  # the first INVITE's transaction
    up.reinvite()
    assert up.wake() == 32.0
    assert up.methods() == ["BYE"]
    assert up.side.one(CallEnded) == CallEnded(up.call, False, 408, "no answer")


def test_a_flow_lost_under_a_reinvite_leaves_the_call_as_it_was() -> None:
    up = Up()
    up.reinvite()
    up.side.agent.connection_lost(up.now)
    assert up.side.one(ReinviteRefused) == ReinviteRefused(up.call, 503)
    assert not up.side.all(CallEnded)
    up.side.agent.connection_made(up.now)
    assert up.reinvite().method == "INVITE"


@pytest.mark.parametrize("status", [200, 488])
def test_an_answer_to_a_reinvite_after_the_call_is_only_acked(status: int) -> None:
    up = Up()
    request = up.reinvite()
    up.side.agent.bye(up.call, up.now)
    up.sends()
    up.reply(request, status, CONTACT, SDP, body=HELD)
    assert up.methods() == ["ACK"]
    assert not up.side.all(ReinviteAccepted)
    assert not up.side.all(ReinviteRefused)


def test_a_reinvite_unanswered_after_the_call_says_nothing() -> None:
    up = Up()
    up.reinvite()
    up.side.agent.bye(up.call, up.now)
    up.side.agent.connection_lost(up.now)
    assert not up.side.all(ReinviteRefused)


def test_a_reinvite_that_is_cancelled_gets_487_and_is_gone() -> None:
    pair = Pair()
    at_a, at_b = pair.call()
    pair.b.agent.reinvite(at_b, HOLD, pair.now)
    pair.pump()
    invite = parse_message(pair.wire[-2][1])
    cancel = Request(
        "CANCEL",
        invite.uri,  # type: ignore[union-attr]
        [(n, invite.headers.get(n) or "") for n in ("Via", "From", "To", "Call-ID")]
        + [("CSeq", f"{invite.cseq.number} CANCEL")],
    )
    pair.a.agent.receive_data(cancel.to_bytes(), pair.now)
    pair.pump()
    assert pair.b.one(ReinviteRefused).status == 487
    with pytest.raises(LocalProtocolError):
        pair.a.agent.accept_reinvite(at_a, HELD, pair.now)
    assert not pair.a.all(CallEnded)


def test_a_reinvite_that_waits_is_answered_487_when_we_hang_up() -> None:
    up = Up()
    up.theirs()
    up.side.take()
    up.side.agent.bye(up.call, up.now)
    first, second = up.side.messages()
    assert isinstance(first, Response)
    assert isinstance(second, Request)
    assert (first.status, second.method) == (487, "BYE")


def test_a_flow_lost_while_theirs_waits_forgets_it() -> None:
    up = Up()
    up.theirs()
    up.side.agent.connection_lost(up.now)
    with pytest.raises(LocalProtocolError):
        up.side.agent.accept_reinvite(up.call, HELD, up.now)
    up.side.agent.connection_made(up.now)
    assert up.reinvite().method == "INVITE"


def test_a_reinvite_without_sdp_gets_our_offer_and_the_ack_the_answer() -> None:
    up = Up()
    up.theirs(body=b"")
    assert up.side.one(ReinviteReceived) == ReinviteReceived(up.call, None)
    up.side.agent.accept_reinvite(up.call, OFFER, up.now)
    ok = up.side.messages()[-1]
    assert ok.body == OFFER
    ack = Request(
        "ACK",
        "sip:1001_00011170@aaaa.invalid",
        [
            ("Via", "SIP/2.0/WS far.invalid;branch=z9hG4bKack"),
            ("From", "<sip:1002@example.test>;tag=far"),
            ("To", up.invite.headers.get("From") or ""),
            ("Call-ID", up.invite.call_id),
            ("CSeq", "1 ACK"),
            SDP,
        ],
        ANSWER,
    )
    up.side.agent.receive_data(ack.to_bytes(), up.now)
    assert up.side.one(AckWithSdp) == AckWithSdp(up.call, ANSWER)


def test_our_2xx_to_a_reinvite_without_an_ack_ends_the_call() -> None:
    up = Up()
    up.theirs()
    up.side.agent.accept_reinvite(up.call, ANSWER, up.now)
    while not up.side.all(CallEnded):
        up.wake()
    assert up.now == 532.0
    assert up.side.one(CallEnded).reason == "no ACK"


def test_a_reinvite_crossing_the_bye_gets_481() -> None:
    pair = Pair()
    at_a, at_b = pair.call()
    pair.a.agent.bye(at_a, pair.now)
    pair.b.agent.reinvite(at_b, HOLD, pair.now)
    pair.pump()
    assert "a 481" in pair.starts()
    assert len(pair.b.all(CallEnded)) == 1
    assert len(pair.a.all(CallEnded)) == 1


def test_a_broken_answer_leaves_the_event_without_sdp() -> None:
    up = Up()
    request = up.reinvite()
    up.side.agent.receive_data(
        answer(request, 200, CONTACT, ("Content-Type", "text/plain"), body=b"x"), up.now
    )
    assert up.side.one(ReinviteAccepted).sdp is None


def test_an_agent_that_is_called_again_while_up_has_two_calls() -> None:
    pair = Pair()
    first, _ = pair.call()
    second, _ = pair.call()
    assert first != second
    assert len(pair.a.all(InviteReceived)) == 2

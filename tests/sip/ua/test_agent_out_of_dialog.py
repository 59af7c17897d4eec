"""MESSAGE both ways, OPTIONS, and what a registrar is asked (RFC 3428, RFC 3261 §11)."""

from __future__ import annotations

import pytest

from tests.sip.agents import AGENT, PBX, XML, Pair, Side, config, pbx_config
from tests.sip.registrar import Desk, answer
from tui.sip import (
    Ignored,
    LocalProtocolError,
    MessageReceived,
    Request,
    RequestOutcome,
    RequestReceived,
    parse_message,
)


def test_a_message_opens_no_dialog_and_has_no_contact() -> None:
    desk = Desk(config(register=False))
    id = desk.side.agent.send_message(PBX, b'<cc a="1"/>', XML, desk.now)
    request = desk.request()
    assert (request.method, request.uri, request.body) == ("MESSAGE", PBX, b'<cc a="1"/>')
    assert request.content_type == XML
    assert "Contact" not in request.headers
    assert request.to.tag is None
    desk.reply(request, 100)
    desk.quiet()
    desk.reply(request, 200, body=b"body")
    assert desk.side.one(RequestOutcome) == RequestOutcome(id, 200, "Because", b"body")


def test_why_a_message_was_refused_is_told_in_the_peers_words() -> None:
    desk = Desk(config(register=False))
    desk.side.agent.send_message(PBX, b"<a/>", XML, desk.now)
    desk.reply(desk.request(), 403, ("Warning", '399 pbx.test "not in this queue"'))
    assert desk.side.one(RequestOutcome).reason == "Because: not in this queue"


def test_one_message_at_a_time_goes_to_a_peer_in_order() -> None:
    desk = Desk(config(register=False))
    send = desk.side.agent.send_message
    ids = [send(PBX, body, XML, desk.now) for body in (b"1", b"2", b"3")]
    for body in (b"1", b"2", b"3"):
        request = desk.request()
        assert request.body == body
        desk.reply(request, 200)
    desk.quiet()
    assert [outcome.id for outcome in desk.side.all(RequestOutcome)] == ids


def test_messages_to_two_peers_do_not_wait_for_each_other() -> None:
    desk = Desk(config(register=False))
    desk.side.agent.send_message(PBX, b"1", XML, desk.now)
    desk.side.agent.send_message("sip:other@example.test", b"2", XML, desk.now)
    assert [message.body for message in desk.side.messages()] == [b"1", b"2"]


def test_too_many_waiting_messages_are_refused_here() -> None:
    desk = Desk(config(register=False, max_queued_messages=2))
    desk.side.agent.send_message(PBX, b"1", XML, desk.now)
    desk.side.agent.send_message(PBX, b"2", XML, desk.now)
    with pytest.raises(LocalProtocolError):
        desk.side.agent.send_message(PBX, b"3", XML, desk.now)


def test_a_message_without_an_answer_is_408_after_32_seconds_and_the_next_goes() -> None:
    desk = Desk(config(register=False))
    id = desk.side.agent.send_message(PBX, b"1", XML, desk.now)
    desk.side.agent.send_message(PBX, b"2", XML, desk.now)
    desk.request()
    assert desk.wake() == 32.0
    assert desk.request().body == b"2"
    assert desk.side.one(RequestOutcome) == RequestOutcome(
        id, 408, "no answer", b"", answered=False
    )


def test_a_lost_flow_fails_every_message_that_waits() -> None:
    desk = Desk(config(register=False))
    ids = [desk.side.agent.send_message(PBX, body, XML, desk.now) for body in (b"1", b"2")]
    desk.request()
    desk.side.agent.connection_lost(desk.now)
    outcomes = desk.side.all(RequestOutcome)
    assert [(outcome.id, outcome.status) for outcome in outcomes] == [(id, 503) for id in ids]
    assert [(outcome.answered, outcome.sent) for outcome in outcomes] == [
        (False, True),
        (False, False),
    ]
    with pytest.raises(LocalProtocolError):
        desk.side.agent.send_message(PBX, b"3", XML, desk.now)


@pytest.mark.parametrize(
    ("target", "content_type"),
    [("nonsense", XML), ("sip:a@b\r\nEvil: 1", XML), (PBX, "a/b\r\nX: y")],
)
def test_what_cannot_be_said_is_refused_at_once(target: str, content_type: str) -> None:
    desk = Desk(config(register=False))
    with pytest.raises(LocalProtocolError):
        desk.side.agent.send_message(target, b"", content_type, desk.now)
    desk.quiet()
    desk.side.agent.send_message(PBX, b"1", XML, desk.now)
    assert desk.request().body == b"1"


def test_a_challenge_to_a_message_is_answered_only_for_the_pinned_realm() -> None:
    desk = Desk()
    desk.registered()
    desk.side.agent.send_message(PBX, b"1", XML, desk.now)
    first = desk.request()
    desk.reply(first, 407, ("Proxy-Authenticate", desk.challenge(nonce="m1")[1]))
    second = desk.request()
    assert second.cseq.number == first.cseq.number + 1
    assert "Proxy-Authorization" in second.headers
    desk.reply(second, 407, ("Proxy-Authenticate", desk.challenge(nonce="m2")[1]))
    assert desk.side.one(RequestOutcome).status == 407
    desk.side.agent.send_message(PBX, b"2", XML, desk.now)
    desk.reply(desk.request(), 401, desk.challenge(realm="stranger.test"))
    desk.quiet()
    assert desk.side.last(RequestOutcome).status == 401


def test_before_a_realm_is_known_only_register_answers_a_challenge() -> None:
    desk = Desk(config(register=False))
    desk.side.agent.send_message(PBX, b"1", XML, desk.now)
    desk.reply(desk.request(), 401, desk.challenge())
    desk.quiet()
    assert desk.side.one(RequestOutcome).status == 401


def test_a_401_without_a_challenge_is_only_an_answer() -> None:
    desk = Desk()
    desk.registered()
    desk.side.agent.send_message(PBX, b"1", XML, desk.now)
    desk.reply(desk.request(), 401)
    assert desk.side.one(RequestOutcome).status == 401


# ---------------------------------------------------------------- received


def test_a_message_from_the_pbx_is_answered_first_and_told_after() -> None:
    pair = Pair()
    pair.b.agent.send_message(AGENT, b'<cc a="100"/>', XML, pair.now)
    pair.pump()
    assert pair.starts() == ["b MESSAGE", "a 200"]
    event = pair.a.one(MessageReceived)
    assert (event.body, event.content_type, event.request_uri) == (b'<cc a="100"/>', XML, AGENT)
    assert str(event.from_.uri) == PBX
    assert event.asserted is None


def test_our_contact_is_our_address_too() -> None:
    pair = Pair()
    pair.b.agent.send_message("sip:1001_00011170@aaaa.invalid", b"<cc/>", XML, pair.now)
    pair.pump()
    assert pair.a.one(MessageReceived)


def test_a_message_of_another_type_is_415_with_accept() -> None:
    pair = Pair()
    pair.b.agent.send_message(AGENT, b"hello", "text/plain", pair.now)
    pair.pump()
    response = parse_message(pair.a.sent[-1])
    assert pair.starts()[-1] == "a 415"
    assert response.headers.get("Accept") == XML
    assert not pair.a.all(MessageReceived)


def test_options_outside_of_a_call_says_what_we_can() -> None:
    pair = Pair(b=pbx_config(registrar_role=False))
    id = pair.b.agent.options(AGENT, pair.now)
    pair.pump()
    assert pair.b.one(RequestOutcome).id == id
    response = parse_message(pair.a.sent[-1])
    assert response.headers.get_all("Allow") == [
        "INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "PRACK", "MESSAGE",
    ]  # fmt: skip
    assert response.headers.get_all("Accept") == ["application/sdp", XML]
    assert response.headers.get_all("Supported") == ["timer", "outbound", "100rel"]


# ---------------------------------------------------------------- the registrar's role


def test_a_registrar_sees_requests_and_answers_them_itself() -> None:
    pair = Pair(config(register=True))
    request = pair.b.one(RequestReceived)
    assert request.request.method == "REGISTER"
    pair.b.agent.respond(request.id, 100, pair.now)
    pair.b.agent.respond(request.id, 200, pair.now, "Fine", headers=[("Expires", "77")], body=b"")
    pair.pump()
    assert pair.starts() == ["a REGISTER", "b 100", "b 200"]
    with pytest.raises(LocalProtocolError):
        pair.b.agent.respond(request.id, 200, pair.now)


def test_a_registrar_sees_methods_that_nobody_knows() -> None:
    pair = Pair()
    id = pair.a.agent.send_request("PUBLISH", PBX, [("Event", "x")], b"data", pair.now)
    pair.pump()
    request = pair.b.one(RequestReceived)
    assert request.request.method == "PUBLISH"
    assert request.request.headers.get("Event") == "x"
    pair.b.agent.respond(request.id, 489, pair.now)
    pair.pump()
    assert pair.a.one(RequestOutcome) == RequestOutcome(id, 489, "Bad Event", b"")


def test_requests_that_have_a_command_of_their_own_are_not_sent_by_hand() -> None:
    pair = Pair()
    for method in ("INVITE", "ACK", "CANCEL", "BYE", "REGISTER"):
        with pytest.raises(LocalProtocolError):
            pair.a.agent.send_request(method, PBX, [], b"", pair.now)


def test_a_surfaced_request_cannot_be_answered_over_another_flow() -> None:
    pair = Pair()
    pair.a.agent.send_message(PBX, b"1", XML, pair.now)
    pair.pump()
    id = pair.b.one(RequestReceived).id
    pair.b.agent.connection_lost(pair.now)
    pair.b.agent.connection_made(pair.now)
    with pytest.raises(LocalProtocolError):
        pair.b.agent.respond(id, 200, pair.now)


def test_a_surfaced_request_that_nobody_answers_is_forgotten_after_32_seconds() -> None:
    pair = Pair(b=pbx_config(max_server_transactions=1))
    pair.a.agent.send_message(PBX, b"1", XML, pair.now)
    pair.a.agent.send_message("sip:other@example.test", b"2", XML, pair.now)
    pair.pump()
    assert [outcome.status for outcome in pair.a.all(RequestOutcome)] == [503]
    id = pair.b.one(RequestReceived).id
    pair.advance(32.0)
    with pytest.raises(LocalProtocolError):
        pair.b.agent.respond(id, 200, pair.now)
    pair.a.agent.send_message(PBX, b"3", XML, pair.now)
    pair.pump()
    pair.b.agent.respond(pair.b.last(RequestReceived).id, 200, pair.now)
    pair.pump()
    assert pair.a.last(RequestOutcome).status == 200
    assert pair.b.agent.next_deadline() is None


def test_a_repeat_of_a_waiting_request_is_surfaced_once_and_gets_the_last_provisional() -> None:
    side = Side(pbx_config(), via_host="bbbb.invalid")
    side.agent.connection_made(0.0)
    desk = Desk(config(register=False))
    desk.side.agent.send_message(PBX, b"1", XML, 0.0)
    (wire,) = desk.side.take()
    side.agent.receive_data(wire, 0.0)
    side.agent.receive_data(wire, 0.0)
    assert side.take() == []
    side.agent.respond(side.one(RequestReceived).id, 100, 0.0)
    (first,) = side.take()
    side.agent.receive_data(wire, 0.0)
    assert side.take() == [first]


def test_a_response_is_matched_by_call_and_tag_as_well_as_by_branch() -> None:
    desk = Desk(config(register=False))
    desk.side.agent.send_message(PBX, b"1", XML, desk.now)
    request = desk.request()
    forged = Request(request.method, request.uri, request.headers.copy())
    forged.headers.set("Call-ID", "guessed")
    desk.side.agent.receive_data(answer(forged, 200), desk.now)
    assert not desk.side.all(RequestOutcome)
    assert desk.side.one(Ignored) == Ignored(
        "a 200 to a MESSAGE that nothing waits for", stray=True
    )

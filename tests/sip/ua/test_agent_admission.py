"""What strangers and fools send: refused, and nothing acts on it (RFC 3261 §8.2, sip.md)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sip.agents import AGENT, ANSWER, PBX, XML, Pair
from tests.sip.ua.requests import ask, give, side
from tui.sip import (
    Ignored,
    InviteCancelled,
    InviteReceived,
    MessageReceived,
    Response,
    Rule,
    parse_message,
)


@pytest.mark.parametrize(("method", "status"), [("MESSAGE", 403), ("INVITE", 486)])
@pytest.mark.parametrize(
    ("from_", "asserted"),
    [
        ("<sip:PBX@evil.test>;tag=b", None),
        ("<sip:pbx@example.test>;tag=b", None),
        ("<sip:PBX@example.test:5060>;tag=b", None),
        (f"<{PBX}>;tag=b", "<sip:boss@example.test>"),
        (f"<{PBX}>;tag=b", f"<{PBX}>, <tel:+12000000001>"),
        ("<sip:boss@example.test>;tag=b", f"<{PBX}>"),
        ("<tel:12000000001>;tag=b", None),
    ],
)
def test_an_identity_that_is_not_the_pbx_is_refused(
    method: str, status: int, from_: str, asserted: str | None
) -> None:
    us = side()
    lines = (("P-Asserted-Identity", asserted),) if asserted else ()
    assert give(us, ask(method, from_=from_, lines=lines))[-1] == status
    assert "not trusted" in us.one(Ignored).what
    assert not us.all(MessageReceived)
    assert not us.all(InviteReceived)


def test_the_pbx_may_assert_itself_and_write_its_domain_in_capitals() -> None:
    us = side()
    wire = ask(
        from_="PBX <sip:PBX@EXAMPLE.test;transport=ws>;tag=b",
        lines=(("P-Asserted-Identity", f'"PBX" <{PBX}>'),),
    )
    assert give(us, wire) == [200]
    event = us.one(MessageReceived)
    assert event.asserted is not None
    assert str(event.asserted.uri) == PBX


def test_without_a_list_anyone_is_heard() -> None:
    us = side(trusted=())
    assert give(us, ask(from_="<sip:boss@example.test>;tag=b")) == [200]


@pytest.mark.parametrize(("method", "status"), [("MESSAGE", 403), ("INVITE", 486)])
@pytest.mark.parametrize(
    "uri",
    ["sip:1002_00011170@example.test", "sip:1001_00011170@evil.test", "sip:example.test",
     "tel:1001"],
)  # fmt: skip
def test_an_address_that_is_not_ours_is_refused(method: str, status: int, uri: str) -> None:
    us = side()
    assert give(us, ask(method, uri=uri))[-1] == status
    assert "not ours" in us.one(Ignored).what


@pytest.mark.parametrize(("method", "status"), [("MESSAGE", 403), ("INVITE", 486)])
@pytest.mark.parametrize("value", ["<<>>", "<>", "<sip:PBX@example.test", "5550100"])
def test_an_assertion_that_cannot_be_read_is_not_that_of_the_pbx(
    method: str, status: int, value: str
) -> None:
    us = side()
    assert give(us, ask(method, lines=(("P-Asserted-Identity", value),))) == [status]
    assert "not trusted" in us.one(Ignored).what


@pytest.mark.parametrize(
    ("given", "rule", "had", "wanted"),
    [
        ({"from_": "<sip:PBX@evil.test>;tag=b"}, Rule.SENDER, "sip:PBX@evil.test", PBX),
        ({"uri": "sip:1002@evil.test"}, Rule.ADDRESS, "sip:1002@evil.test", "sip:1001_00011170@"),
        (
            {"content_type": "text/xml", "body": b"<cc/>"},
            *(Rule.CONTENT, "text/xml", "application/pidf+xml"),
        ),
    ],
)
def test_a_refusal_says_which_rule_it_was_what_came_and_what_would_pass(
    given: dict[str, Any], rule: Rule, had: str, wanted: str
) -> None:
    us = side()
    assert give(us, ask(**given))[-1] in (403, 415)
    refused = us.one(Ignored).refused
    assert refused is not None
    assert (refused.rule, refused.method) == (rule, "MESSAGE")
    assert had in refused.given
    assert any(each.startswith(wanted) for each in refused.expected)


def test_an_unknown_method_is_405_with_allow() -> None:
    us = side()
    for number, method in enumerate(("UPDATE", "PUBLISH", "REFER", "SUBSCRIBE", "REGISTER", "NEW")):
        us.agent.receive_data(ask(method, branch=f"z9hG4bK{number}", call_id=str(number)), 0.0)
        response = us.only()
        assert response.status == 405
        assert response.headers.get_all("Allow")[0] == "INVITE"
        assert "UPDATE" not in response.headers.get_all("Allow")


@pytest.mark.parametrize("method", ["NOTIFY", "BYE", "INFO"])
def test_requests_of_no_dialog_are_481(method: str) -> None:
    assert give(side(), ask(method)) == [481]
    assert give(side(), ask(method, to=f"<{AGENT}>;tag=guess")) == [481]


def test_an_unknown_extension_is_420_by_name() -> None:
    us = side()
    us.agent.receive_data(ask("INVITE", lines=(("Require", "timer, bar, foo"),)), 0.0)
    response = us.only()
    assert response.status == 420
    assert response.headers.get_all("Unsupported") == ["bar", "foo"]
    assert not us.all(InviteReceived)


def test_require_in_a_cancel_is_ignored() -> None:
    us = side()
    give(us, ask("INVITE"))
    assert give(us, ask("CANCEL", lines=(("Require", "foo"),))) == [200, 487]


def test_the_same_request_by_two_ways_is_482_the_second_time() -> None:
    us = side()
    assert give(us, ask("INVITE")) == [100]
    assert give(us, ask("INVITE", branch="z9hG4bKtwo")) == [100]
    assert us.agent.next_deadline() == 0.5
    us.agent.handle_timeout(0.5)
    assert us.only().status == 482
    assert len(us.all(InviteReceived)) == 1
    assert give(us, ask("OPTIONS", call_id="x"), 1.0) == [200]


def cancel(branch: str) -> bytes:
    return ask("CANCEL", branch=branch)


def test_a_phone_that_is_rung_again_before_its_first_ring_is_cancelled_rings_again() -> None:
    us = side()
    ways = ("z9hG4bKone", "z9hG4bKtwo", "z9hG4bKthree")
    for call_id, branch in (
        *(("other", way) for way in ways[:2]),
        *(("call", way) for way in ways),
    ):
        assert give(us, ask("INVITE", call_id=call_id, branch=branch)) == [100]
    assert give(us, cancel("z9hG4bKone"), 0.1) == [200, 487, 100]
    _, first, second = us.all(InviteReceived)
    assert us.one(InviteCancelled).call == first.call != second.call
    us.agent.handle_timeout(0.5)
    third = [each.status for each in us.messages() if isinstance(each, Response)]
    assert third == [482, 482]  # theirs, and the third way
    us.agent.accept(second.call, ANSWER, 0.6)
    assert us.only().status == 200


def test_a_phone_that_is_rung_again_right_behind_the_cancel_rings_again() -> None:
    us = side()
    give(us, ask("INVITE"))
    assert give(us, cancel("z9hG4bKone"), 0.1) == [200, 487]  # nobody has acknowledged that yet
    assert give(us, ask("INVITE", branch="z9hG4bKtwo"), 0.1) == [100]
    assert len(us.all(InviteReceived)) == 2
    assert give(us, ask("INVITE", branch="z9hG4bKthree"), 0.2) == [100]  # as there is one now
    us.agent.handle_timeout(0.7)
    assert [m.status for m in us.messages() if isinstance(m, Response)] == [482]


def test_who_gives_up_what_waits_to_ring_again_is_heard() -> None:
    us = side()
    give(us, ask("INVITE"))
    give(us, ask("INVITE", branch="z9hG4bKtwo"))
    assert give(us, cancel("z9hG4bKtwo"), 0.1) == [200, 487]
    assert give(us, cancel("z9hG4bKone"), 0.2) == [200, 487]
    assert len(us.all(InviteReceived)) == 1


def test_what_waits_to_ring_again_goes_with_the_flow() -> None:
    us = side()
    give(us, ask("INVITE"))
    give(us, ask("INVITE", branch="z9hG4bKtwo"))
    us.agent.connection_lost(0.1)
    us.agent.handle_timeout(0.5)
    assert us.take() == []
    assert us.agent.next_deadline() is None


@pytest.mark.parametrize(("method", "more"), [("MESSAGE", ()), ("INVITE", (("Require", "x"),))])
def test_another_request_or_one_that_is_refused_does_not_wait(
    method: str, more: tuple[tuple[str, str], ...]
) -> None:
    us = side(registrar_role=method == "MESSAGE")
    give(us, ask(method))
    assert give(us, ask(method, branch="z9hG4bKtwo", lines=more)) == [482]


def test_a_body_that_is_no_sdp_is_415_with_accept() -> None:
    us = side()
    us.agent.receive_data(ask("INVITE", body=b"x", content_type="multipart/mixed"), 0.0)
    response = us.only()
    assert (response.status, response.headers.get("Accept")) == (415, "application/sdp")


def test_an_encoded_body_is_415_with_accept_encoding() -> None:
    us = side()
    us.agent.receive_data(ask(lines=(("Content-Encoding", "gzip"),)), 0.0)
    response = us.only()
    assert (response.status, response.headers.get("Accept-Encoding")) == (415, "identity")


def test_an_invite_without_contact_is_400() -> None:
    us = side()
    wire = ask("INVITE").replace(b"Contact: <sip:PBX@pbx.invalid;transport=ws>\r\n", b"")
    assert give(us, wire) == [400]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Record-Route", "<<>"),
        ("Record-Route", "<sip:near.test;lr>, <"),
    ],
)
def test_a_header_that_routes_and_cannot_be_read_is_400(name: str, value: str) -> None:
    us = side()
    assert give(us, ask("INVITE", lines=((name, value),))) == [400]
    assert give(us, ask("INVITE").replace(b"Contact: <sip:PBX@pbx", b"Contact: <<PBX@pbx")) == [400]
    assert not us.all(InviteReceived)


@pytest.mark.parametrize("odd", ["a=1;a=2", "x=%zz", 'y="z"'])
def test_a_call_rings_whatever_its_caller_and_the_proxies_wrote_for_themselves(odd: str) -> None:
    us = side()
    wire = ask("INVITE", lines=(("Record-Route", f"<sip:near.test;lr;{odd}>"),))
    assert give(us, wire.replace(b"transport=ws>", f"{odd}>".encode())) == [100]
    assert us.one(InviteReceived)


def test_more_calls_than_allowed_get_503() -> None:
    us = side(max_calls=2)
    results = [give(us, ask("INVITE", call_id=f"c{n}", branch=f"z9hG4bK{n}"))[-1] for n in range(3)]
    assert results == [100, 100, 503]


def test_more_transactions_than_allowed_get_503_but_a_bye_is_heard() -> None:
    us = side(max_server_transactions=2)
    for n in range(2):
        assert give(us, ask("INVITE", call_id=f"c{n}", branch=f"z9hG4bK{n}")) == [100]
    us.agent.receive_data(ask("INVITE", call_id="c3", branch="z9hG4bK3"), 0.0)
    response = us.only()
    assert (response.status, response.headers.get("Retry-After")) == (503, "1")
    assert response.to.tag
    assert give(us, ask("BYE", branch="z9hG4bK4")) == [481]


def test_a_flood_gets_503_and_a_pause_is_forgiven() -> None:
    us = side(request_rate=10.0, request_burst=5)
    results = [give(us, ask(call_id=f"c{n}", branch=f"z9hG4bK{n}"))[0] for n in range(8)]
    assert results == [200] * 5 + [503] * 3
    later = [give(us, ask(call_id=f"d{n}", branch=f"z9hG4bKd{n}"), 0.2)[0] for n in range(3)]
    assert later == [200, 200, 503]


def test_an_ack_is_never_answered() -> None:
    us = side()
    assert give(us, ask("ACK")) == []
    assert give(us, ask("ACK", to=f"<{AGENT}>;tag=x", lines=(("P-Asserted-Identity", "<"),))) == []


def test_a_peer_of_rfc_2543_without_a_branch_is_served_and_its_repeat_known() -> None:
    us = side()
    wire = ask("INVITE", branch="")
    assert give(us, wire) == [100]
    us.agent.receive_data(wire, 0.0)
    assert len(us.all(InviteReceived)) == 1
    assert give(us, ask("CANCEL", branch="")) == [200, 487]


def test_what_is_no_sip_is_ignored_and_what_is_half_sip_is_400() -> None:
    us = side()
    assert give(us, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") == []
    assert "malformed" in us.one(Ignored).what
    broken = ask().replace(b"CSeq: 1 MESSAGE", b"CSeq: one MESSAGE")
    us.agent.receive_data(broken, 0.0)
    assert us.take()[-1].startswith(b"SIP/2.0 400 ")


def test_a_to_that_cannot_be_read_is_sent_back_as_it_is() -> None:
    us = side()
    broken = ask().replace(f"To: <{AGENT}>".encode(), b"To: <<")
    us.agent.receive_data(broken, 0.0)
    (wire,) = us.take()
    assert wire.startswith(b"SIP/2.0 400 ")
    assert b"\r\nTo: <<\r\n" in wire


def test_another_sip_version_is_505() -> None:
    us = side()
    assert give(us, ask().replace(b" SIP/2.0\r\n", b" SIP/7.0\r\n", 1)) == [505]


def test_a_text_frame_and_a_binary_frame_are_one() -> None:
    us = side()
    assert give(us, ask()) == [200]
    us.agent.receive_data(ask(call_id="c2", branch="z9hG4bK2").decode(), 0.0)
    assert us.only().status == 200
    us.agent.receive_data("\ud800", 0.0)
    assert us.take() == []


def test_call_ids_and_tags_are_long_and_never_repeat() -> None:
    pair = Pair()
    call_ids = set()
    for _ in range(50):
        pair.b.agent.send_message(AGENT, b"<cc/>", XML, pair.now)
        pair.pump()
    for name, wire in pair.wire:
        message = parse_message(wire)
        if name == "b":
            call_ids.add(message.call_id)
            assert len(message.call_id) == 32
            assert len(message.from_.tag or "") == 20
    assert len(call_ids) == 50


@pytest.mark.parametrize(
    ("callers", "from_", "let_in"),
    [
        (("sip:gateway@example.test",), "<sip:gateway@example.test>;tag=b", True),
        (("sip:gateway@example.test",), f"<{PBX}>;tag=b", True),
        (("sip:gateway@example.test",), "<sip:12000000001@example.test>;tag=b", False),
        (("*",), "<sip:12000000001@example.test>;tag=b", True),
    ],
)
def test_who_may_call_is_told_apart_from_who_may_send_messages(
    callers: tuple[str, ...], from_: str, let_in: bool
) -> None:
    us = side(callers=callers)
    give(us, ask("INVITE", from_=from_))
    assert bool(us.all(InviteReceived)) is let_in
    us = side(callers=callers)
    assert give(us, ask("MESSAGE", from_=from_))[-1] == (200 if PBX in from_ else 403)


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ((("Require", "100rel, sec-agree"),), 420),
        ((("Require", "timer, precondition"),), 420),
        ((("Replaces", "gone;to-tag=a;from-tag=b"),), 481),
    ],
)
def test_each_refusal_of_a_call_is_told(lines: tuple[tuple[str, str], ...], status: int) -> None:
    us = side(transfers=True)
    assert give(us, ask("INVITE", lines=lines))[-1] == status
    assert str(status) in us.one(Ignored).what
    refused = us.one(Ignored).refused
    if status == 420:
        assert refused is not None
        assert refused.rule is Rule.EXTENSION
        assert set(refused.given) <= {"sec-agree", "precondition"}


def test_more_calls_than_may_be_and_one_without_a_contact_are_told() -> None:
    us = side(max_calls=0)
    assert give(us, ask("INVITE"))[-1] == 503
    assert "503" in us.one(Ignored).what
    us = side()
    bare = ask("INVITE").replace(b"Contact: <sip:PBX@pbx.invalid;transport=ws>", b"X: y")
    assert give(us, bare)[-1] == 400
    assert "400" in us.one(Ignored).what


def test_our_user_is_ours_however_it_is_escaped() -> None:
    us = side()
    escaped = AGENT.replace("1001_", "%31001%5F")
    assert give(us, ask("INVITE", uri=escaped)) == [100]
    assert give(side(), ask("INVITE", uri=AGENT.replace("1001_", "1002_"))) == [486]


def test_what_is_no_call_and_no_message_is_refused_without_a_word() -> None:
    us = side()
    assert give(us, ask("OPTIONS", lines=(("Require", "x-y"),))) == [420]
    assert not us.all(Ignored)


@pytest.mark.parametrize("behind", [b"\r\n\r\n", b"\0", b" \n"])
def test_what_stands_behind_a_message_in_its_frame_is_told_and_never_acted_on(
    behind: bytes,
) -> None:
    us = side()
    first, second = ask(body=b"<cc/>"), ask(body=b"<o/>", call_id="two", branch="z9hG4bKtwo")
    assert give(us, first + behind + second) == [200]
    assert us.one(MessageReceived).body == b"<cc/>"
    assert us.one(Ignored).what == f"{len(second)} bytes behind a message in its frame"
    quiet = side()
    assert give(quiet, first + behind) == [200]
    assert not [event for event in quiet.events if isinstance(event, Ignored)]

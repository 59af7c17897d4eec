"""Dialogs as values: what both sides make of an INVITE and its answer (RFC 3261 §12)."""

from __future__ import annotations

import random

import pytest

from tests.sip.agents import config
from tests.sip.registrar import answer
from tui.sip import Request, Response, parse_message
from tui.sip.dialog.dialog import Dialog
from tui.sip.transaction.timers import TimerSet
from tui.sip.transaction.transaction_layer import TransactionLayer, ack_of_failure
from tui.sip.ua.context import AgentContext


def invite(*lines: tuple[str, str], tag: str = "caller") -> Request:
    headers = [
        ("Via", "SIP/2.0/WS near.invalid;branch=z9hG4bKa"),
        ("From", f'"A" <sip:a@example.test>{f";tag={tag}" if tag else ""}'),
        ("To", "<sip:b@example.test>"),
        ("Call-ID", "call"),
        ("CSeq", "5 INVITE"),
        ("Contact", "<sip:a@near.invalid;transport=ws>"),
        *lines,
    ]
    return Request("INVITE", "sip:b@example.test", headers)


def ok(request: Request, *lines: tuple[str, str]) -> Response:
    message = parse_message(answer(request, 200, *lines, tag="callee"))
    assert isinstance(message, Response)
    return message


ROUTES = ("Record-Route", "<sip:one.test;lr>, <sip:two.test;lr>")


def test_both_sides_make_the_same_dialog_with_opposite_routes() -> None:
    request = invite(ROUTES)
    contact = ("Contact", "<sip:b@far.invalid>")
    caller = Dialog.of_uac(request, ok(request, ROUTES, contact))
    callee = Dialog.of_uas(request, "callee", "sip:a@near.invalid;transport=ws")
    assert (caller.local_tag, caller.remote_tag) == ("caller", "callee")
    assert (callee.local_tag, callee.remote_tag) == ("callee", "caller")
    assert caller.routes == tuple(reversed(callee.routes))
    assert caller.target == "sip:b@far.invalid"
    assert (caller.local_cseq, caller.remote_cseq) == (5, None)
    assert (callee.local_cseq, callee.remote_cseq) == (0, 5)
    assert caller.began_it
    assert not callee.began_it


def test_requests_of_one_side_match_the_dialog_of_the_other() -> None:
    core = AgentContext(config(), random.Random(1), "near.invalid")
    request = invite()
    caller = Dialog.of_uac(request, ok(request))
    callee = Dialog.of_uas(request, "callee", "sip:a@near.invalid")
    bye = caller.request(core, "BYE")
    assert bye.cseq.number == 6
    assert callee.matches(bye)
    assert not caller.matches(bye)
    assert caller.matches(callee.request(core, "BYE"))


def test_a_caller_without_a_tag_is_matched_without_one() -> None:
    core = AgentContext(config(), random.Random(1), "near.invalid")
    request = invite(tag="")
    caller = Dialog.of_uac(request, ok(request))
    callee = Dialog.of_uas(request, "callee", "sip:a@near.invalid")
    assert caller.local_tag == ""
    assert callee.remote_tag is None
    assert callee.matches(caller.request(core, "BYE"))


def test_cseq_must_rise() -> None:
    callee = Dialog.of_uas(invite(), "callee", "sip:a@near.invalid")
    assert not callee.take(4)
    assert not callee.take(5)
    assert callee.take(7)
    assert not callee.take(6)
    caller = Dialog.of_uac(invite(), ok(invite()))
    assert caller.take(1)


@pytest.mark.parametrize(
    ("routes", "uri", "sent"),
    [
        ((), "sip:t@x", []),
        (("<sip:p;lr>", "<sip:q>"), "sip:t@x", ["<sip:p;lr>", "<sip:q>"]),
        (("<sip:p>", "<sip:q;lr>"), "sip:p", ["<sip:q;lr>", "<sip:t@x>"]),
        (('"odd < name" <sip:p>',), "sip:p", ["<sip:t@x>"]),
        (("sip:p",), "sip:p", ["<sip:t@x>"]),
    ],
)
def test_the_way_of_a_request_is_loose_or_strict(
    routes: tuple[str, ...], uri: str, sent: list[str]
) -> None:
    core = AgentContext(config(), random.Random(1), "near.invalid")
    dialog = Dialog("c", "l", "r", "<sip:l>;tag=l", "<sip:r>;tag=r", "sip:t@x", routes)
    request = dialog.request(core, "INFO")
    assert request.uri == uri
    assert request.headers.get_all("Route") == sent


def test_the_target_follows_a_contact_that_can_be_read() -> None:
    request = invite()
    caller = Dialog.of_uac(request, ok(request))
    assert caller.target == request.uri
    for contact, target in (("<sip:n@x>", "sip:n@x"), ("<<", "sip:n@x")):
        caller.refresh_target(ok(request, ("Contact", contact)))
        assert caller.target == target
    caller.refresh_target(ok(request))
    assert caller.target == "sip:n@x"


@pytest.mark.parametrize(
    "odd",
    [
        "sip:b@10.0.0.1:5060;alias=1.2.3.4~5060~1;alias=5.6.7.8~5060~2",
        "sip:b@10.0.0.1:",
        "sip:[b]@10.0.0.1;x=%zz",
        'sip:b@10.0.0.1;did="a,b"',
        "sip:\u7528\u6237@10.0.0.1",
        "sip:b@2001:db8::1:5060",
    ],
)
def test_what_a_peer_wrote_for_itself_goes_back_as_it_stands_however_odd(odd: str) -> None:
    core = AgentContext(config(), random.Random(1), "near.invalid")
    proxies = ("Record-Route", f'"near, by" <{odd};lr>, <sip:two.test;LR>')
    for contact in (f"<{odd}>", f'"b" <{odd}>;q=0.5;;'):
        lines = (proxies, ("Contact", contact))
        caller = Dialog.of_uac(invite(), ok(invite(), *lines))
        bye = caller.request(core, "BYE")
        assert bye.uri == odd
        assert bye.headers.get_all("Route") == ["<sip:two.test;LR>", f'"near, by" <{odd};lr>']
        assert f"BYE {odd} SIP/2.0".encode() in bye.to_bytes()


@pytest.mark.parametrize("white", ["\u3000", "\x85", "\u2028", "\t"])
@pytest.mark.parametrize("scheme", ["sip:b@", "tel:", "x:"])
def test_an_address_that_cannot_be_sent_is_none_and_raises_nothing(scheme: str, white: str) -> None:
    core = AgentContext(config(), random.Random(1), "near.invalid")
    contact = ("Contact", f"<{scheme}a{white}b>, <sip:b@10.0.0.2>")
    dialog = Dialog.of_uac(invite(), ok(invite(), contact))
    assert dialog.target == "sip:b@10.0.0.2"
    assert dialog.request(core, "BYE").to_bytes().startswith(b"BYE sip:b@10.0.0.2 ")


def test_a_blank_in_an_address_is_escaped_and_a_hop_without_brackets_gets_them() -> None:
    core = AgentContext(config(), random.Random(1), "near.invalid")
    lines = ("Contact", "<sip:John Doe@10.0.0.1>"), ("Record-Route", "sip:one.test;lr=on")
    bye = Dialog.of_uac(invite(), ok(invite(), *lines)).request(core, "BYE")
    assert (bye.uri, bye.headers.get_all("Route")) == (
        "sip:John%20Doe@10.0.0.1",
        ["<sip:one.test;lr=on>"],
    )


def test_the_ack_to_a_refusal_goes_the_way_of_its_invite() -> None:
    request = invite(("Route", "<sip:one.test;lr>"))
    refusal = parse_message(answer(request, 486, tag="callee"))
    assert isinstance(refusal, Response)
    ack = ack_of_failure(request, refusal)
    assert (ack.uri, ack.branch, str(ack.cseq)) == (request.uri, request.branch, "5 ACK")
    assert ack.headers.get_all("Route") == ["<sip:one.test;lr>"]
    assert ack.to.tag == "callee"


def test_a_repeat_before_any_answer_gets_nothing() -> None:
    sent: list[bytes] = []
    layer = TransactionLayer(sent.append, TimerSet())
    transaction = layer.serve(invite(), 0.0)
    assert layer.find(invite(), "INVITE") is transaction
    assert not transaction.receive(invite(), 0.0)
    assert sent == []


def test_timers_fire_in_order_and_may_be_stopped_by_one_another() -> None:
    timers = TimerSet()
    fired: list[tuple[str, float]] = []
    late = timers.start(3.0, lambda now: fired.append(("late", now)))

    def first(now: float) -> None:
        fired.append(("first", now))
        late.stop()
        late.stop()
        timers.start(now, lambda at: fired.append(("at once", at)))

    timers.start(1.0, first)
    timers.start(1.0, lambda now: fired.append(("second", now)))
    assert timers.next() == 1.0
    timers.run(0.5)
    assert fired == []
    timers.run(5.0)
    assert fired == [("first", 5.0), ("second", 5.0), ("at once", 5.0)]
    assert timers.next() is None

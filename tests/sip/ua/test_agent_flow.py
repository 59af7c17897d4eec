"""What survives a lost flow, and bytes that nobody meant: nothing is ever raised for them."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sip.agents import ANSWER, OFFER, PBX, UUID, XML, Pair, Side, config, pbx_config
from tests.sip.registrar import Desk
from tests.sip.ua.calls import CONTACT, SDP, Called
from tests.sip.ua.requests import ask
from tui.sip import (
    CallEnded,
    Registered,
    ReinviteAccepted,
    Request,
    RequestReceived,
    UserAgent,
)


class Account(Desk):
    """A registered agent in a call of its own."""

    def __init__(self) -> None:
        super().__init__(config(session_expires=0))
        self.registered()
        self.call = self.side.agent.invite("sip:1002@example.test", OFFER, self.now)
        self.reply(self.request(), 200, CONTACT, SDP, body=ANSWER)
        self.side.take()


def test_a_call_survives_and_is_offered_again_after_the_next_register() -> None:
    account = Account()
    account.side.agent.connection_lost(account.now)
    assert not account.side.all(CallEnded)
    account.connect()
    register = account.request()
    assert register.method == "REGISTER"
    account.reply(register, 200)
    account.side.agent.reinvite(account.call, OFFER, account.now)
    request = account.request()
    assert request.method == "INVITE"
    account.reply(request, 200, CONTACT, SDP, body=ANSWER)
    assert account.side.one(ReinviteAccepted).call == account.call


def test_a_bye_without_a_flow_is_said_after_the_next_register() -> None:
    account = Account()
    account.side.agent.connection_lost(account.now)
    account.side.agent.bye(account.call, account.now)
    assert account.side.one(CallEnded).call == account.call
    account.quiet()
    account.connect()
    register = account.request()
    account.reply(register, 200)
    assert account.request().method == "BYE"
    assert len(account.side.all(Registered)) == 2


def test_a_bye_that_the_flow_took_along_is_said_again() -> None:
    account = Account()
    account.side.agent.bye(account.call, account.now)
    first = account.request()
    account.side.agent.connection_lost(account.now)
    account.connect()
    account.reply(account.request(), 200)
    again = account.request()
    assert again.method == "BYE"
    assert again.call_id == first.call_id
    assert again.cseq.number == first.cseq.number + 1
    account.now += 40.0
    account.side.agent.handle_timeout(account.now)
    account.side.agent.connection_lost(account.now)
    account.connect()
    assert [m.method for m in account.side.messages() if isinstance(m, Request)] == ["REGISTER"]


def test_without_registration_a_bye_is_said_as_soon_as_the_flow_is_back() -> None:
    callee = Called(session_expires=0)
    call = callee.up()
    callee.us.agent.connection_lost(0.0)
    callee.us.agent.bye(call, 0.0)
    callee.us.agent.connection_made(1.0)
    assert callee.us.only().method == "BYE"


def test_what_was_queued_for_a_lost_flow_is_not_sent_over_the_next() -> None:
    desk = Desk(config(register=False))
    desk.side.agent.send_message(PBX, b"1", XML, desk.now)
    desk.side.agent.connection_lost(desk.now)
    desk.connect()
    desk.quiet()


def test_what_is_heard_without_a_flow_is_answered_to_nobody() -> None:
    desk = Desk(config(register=False), connect=False)
    desk.side.agent.receive_data(ask("OPTIONS"), desk.now)
    desk.quiet()


def test_losing_a_flow_twice_is_losing_it_once() -> None:
    account = Account()
    account.side.agent.connection_lost(account.now)
    account.side.agent.connection_lost(account.now)
    account.quiet()


def test_the_same_seed_says_the_same_bytes() -> None:
    sent = []
    for _ in range(2):
        pair = Pair(config(register=True))
        pair.b.agent.respond(pair.b.one(RequestReceived).id, 200, pair.now)
        pair.pump()
        pair.call()
        pair.advance(700.0)
        sent.append(pair.wire)
    assert sent[0] == sent[1]


def test_a_via_host_is_made_up_where_none_is_given() -> None:
    agent = UserAgent(config(), rng=random.Random(3))
    agent.connection_made(0.0)
    (wire,) = agent.data_to_send()
    assert wire.split(b"Via: SIP/2.0/WS ")[1].split(b".invalid;")[0].isalnum()
    assert UUID.encode() in wire


def test_an_account_without_a_user_has_a_contact_without_one() -> None:
    agent = UserAgent(config(aor="sip:example.test"), rng=random.Random(3), via_host="v.invalid")
    agent.connection_made(0.0)
    assert b"Contact: <sip:v.invalid;transport=ws>;" in agent.data_to_send()[0]


# ---------------------------------------------------------------- any bytes


def fresh(registrar: bool) -> tuple[Side, list[bytes]]:
    """An agent in the middle of everything, and what was said to and by it."""
    pair = Pair(config(register=True, trusted=()), pbx_config())
    pair.b.agent.respond(pair.b.one(RequestReceived).id, 200, pair.now)
    pair.pump()
    at_a, at_b = pair.call()
    pair.b.agent.info(at_b, "text/xml", b"<i/>", pair.now)
    pair.pump()
    pair.a.agent.send_message(PBX, b"<cc/>", XML, pair.now)
    pair.a.agent.reinvite(at_a, OFFER, pair.now)
    pair.b.agent.invite("sip:1001_00011170@example.test", None, pair.now)
    pair.pump()
    side = pair.b if registrar else pair.a
    return side, [data for _, data in pair.wire]


NOW = 1000.0
CORPUS = fresh(False)[1] + [ask("INVITE"), ask("MESSAGE"), ask("CANCEL"), ask("NOTIFY")]


def survive(side: Side, frame: bytes | str) -> None:
    side.agent.receive_data(frame, NOW)
    side.agent.handle_timeout(NOW)
    side.take()
    assert side.agent.next_deadline() is None or isinstance(side.agent.next_deadline(), float)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400) | st.text(max_size=400), st.booleans())
def test_no_bytes_are_ever_an_exception(frame: bytes | str, registrar: bool) -> None:
    side, _ = fresh(registrar)
    survive(side, frame)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(CORPUS),
    st.integers(0, 2000),
    st.integers(0, 40),
    st.binary(max_size=12) | st.sampled_from([b"<", b'"', b"\\", b";", b",", b"\r\n ", b"%", b":"]),
    st.booleans(),
)
def test_no_mutilated_message_is_ever_an_exception(
    wire: bytes, at: int, cut: int, put: bytes, registrar: bool
) -> None:
    side, _ = fresh(registrar)
    at = at % len(wire)
    survive(side, wire[:at] + put + wire[at + cut :])


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(CORPUS),
    st.sampled_from([100, 180, 200, 202, 302, 400, 401, 407, 408, 422, 423, 481, 487, 491, 503]),
    st.sampled_from(
        [
            b"",
            b"Contact: <<\r\n",
            b"Contact: *\r\n",
            b"Record-Route: ,,<\r\n",
            b"WWW-Authenticate: Digest\r\n",
            b'WWW-Authenticate: Digest realm="example.test", nonce="", qop="auth-int"\r\n',
            b"Proxy-Authenticate: Digest realm=,\r\n",
            b"Session-Expires: -1;refresher\r\n",
            b"Min-SE: 99999999999999999999\r\n",
            b"Min-Expires: 0\r\nExpires: 0\r\nFlow-Timer: 0\r\n",
            b"Retry-After: (never)\r\n",
        ]
    ),
)
def test_no_answer_to_anything_is_ever_an_exception(wire: bytes, status: int, more: bytes) -> None:
    side, _ = fresh(False)
    if wire.startswith(b"SIP/2.0"):
        return
    _, _, body = wire.partition(b"\r\n")
    survive(side, b"SIP/2.0 %d x\r\n" % status + more + body)

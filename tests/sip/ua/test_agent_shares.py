"""Whose room a request takes: the PBX's, or that of strangers; and messages that are too long."""

from __future__ import annotations

import pytest

from tests.sip.agents import AGENT, ANSWER, OFFER, PBX, Side
from tests.sip.ua.calls import Called, Caller
from tests.sip.ua.requests import ask, give, side
from tui.sip import (
    Ignored,
    InfoReceived,
    InviteAnswered,
    InviteReceived,
    InviteRefused,
    MessageReceived,
    Overloaded,
    Progress,
    ReinviteReceived,
    Request,
    Response,
)

STRANGER = "<sip:stranger@evil.test>;tag=s"


def flood(us: Side, method: str, count: int, *, to: str = f"<{AGENT}>", now: float = 0.0) -> None:
    for number in range(count):
        us.agent.receive_data(
            ask(method, from_=STRANGER, to=to, call_id=f"s{number}", branch=f"z9hG4bKs{number}"),
            now + number / 150,
        )
    us.take()


@pytest.mark.parametrize(
    "method", ["MESSAGE", "INVITE", "OPTIONS", "INFO", "NOTIFY", "REFER", "NEW"]
)
@pytest.mark.parametrize("to", [f"<{AGENT}>", f"<{AGENT}>;tag=guess"])
def test_a_flood_of_strangers_takes_nothing_from_the_pbx(method: str, to: str) -> None:
    us = side()
    flood(us, method, 450, to=to)
    for number in range(50):
        wire = ask(call_id=f"p{number}", branch=f"z9hG4bKp{number}")
        assert give(us, wire, 3.0) == [200]
    assert give(us, ask("INVITE", call_id="call2", branch="z9hG4bKcall"), 3.0) == [100]
    assert len(us.all(MessageReceived)) == 50
    assert us.all(Overloaded) == []


def test_strangers_have_a_share_of_their_own_that_fills_again() -> None:
    us = side(stranger_burst=2, stranger_rate=1.0)
    answers = [
        give(us, ask(from_=STRANGER, call_id=f"s{n}", branch=f"z9hG4bK{n}"), now)
        for n, now in enumerate((0.0, 0.0, 0.0, 1.0))
    ]
    assert answers == [[403], [403], [503], [403]]


def test_a_stranger_who_is_refused_leaves_nothing_behind() -> None:
    us = side()
    for number in range(3):
        assert give(us, ask("INVITE", from_=STRANGER)) == [486]
        wire = ask("INVITE", from_=STRANGER, to=f"<{AGENT}>;tag=x", cseq=str(number))
        assert give(us, wire) == [481]
    assert us.agent.next_deadline() is None
    assert us.all(InviteReceived) == []


def test_whom_we_called_is_no_stranger_in_that_call() -> None:
    caller = Caller(stranger_burst=0)
    caller.hear(180)
    caller.hear_ok()
    assert caller.side.one(InviteAnswered)
    caller.side.take()
    tag = caller.invite.from_.tag
    wire = ask(
        "INFO",
        from_="<sip:1002@example.test>;tag=far",
        to=f"<{AGENT}>;tag={tag}",
        call_id=caller.invite.call_id,
    )
    assert give(caller.side, wire) == [200]


def test_what_the_pbx_said_in_vain_is_told_so_that_it_is_asked_for() -> None:
    us = side(request_burst=1, request_rate=1.0)
    assert give(us, ask(call_id="a", branch="z9hG4bK1")) == [200]
    assert give(us, ask(call_id="b", branch="z9hG4bK2")) == [503]
    assert us.one(Overloaded) == Overloaded("MESSAGE")
    assert give(us, ask(call_id="c", branch="z9hG4bK3", from_=STRANGER)) == [403]
    assert us.one(Overloaded)


# ---------------------------------------------------------------- too long


@pytest.mark.parametrize("size", [64 * 1024, 200_000, 2_000_000])
@pytest.mark.parametrize(("method", "from_"), [("MESSAGE", f"<{PBX}>;tag=b"), ("NEW", STRANGER)])
def test_a_request_over_64_kib_is_answered_513_and_the_next_is_heard(
    method: str, from_: str, size: int
) -> None:
    us = side()
    assert give(us, ask(method, from_=from_, body=b"x" * size)) == [513]
    assert us.all(MessageReceived) == []
    assert give(us, ask(call_id="next", branch="z9hG4bKnext")) == [200]


@pytest.mark.parametrize(
    "wire",
    [
        b"x" * 70_000,
        b"MESSAGE sip:a@b SIP/2.0\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        ask("ACK", body=b"x" * 70_000),
        b"NONSENSE\r\n\r\n" + b"x" * 70_000,
        Response(200, "OK", [("Via", "x")], b"x" * 70_000).to_bytes(),
    ],
)
def test_what_is_too_long_and_cannot_be_answered_is_skipped(wire: bytes) -> None:
    us = side()
    assert give(us, wire) == []
    assert "malformed" in us.one(Ignored).what
    assert give(us, ask()) == [200]


# ---------------------------------------------------------------- before and beside calls


@pytest.mark.parametrize(
    ("method", "status"),
    [("INFO", 200), ("OPTIONS", 200), ("MESSAGE", 481), ("BYE", 481), ("UPDATE", 405)],
)
def test_info_and_options_are_answered_while_our_call_rings(method: str, status: int) -> None:
    caller = Caller()
    caller.hear(180)
    wire = ask(
        method,
        from_="<sip:1002@example.test>;tag=far",
        to=f"<{AGENT}>;tag={caller.invite.from_.tag}",
        call_id=caller.invite.call_id,
        branch="z9hG4bKearly",
    )
    assert give(caller.side, wire) == [status]
    assert caller.side.all(InfoReceived) == []
    if status == 200:
        again = wire.replace(b"z9hG4bKearly", b"z9hG4bKagain")
        assert give(caller.side, again) == [500]
        stranger = again.replace(b"tag=far", b"tag=fax").replace(b"again", b"third")
        assert give(caller.side, stranger) == [481]
    caller.hear_ok()
    assert caller.side.one(Progress)
    assert caller.side.one(InviteAnswered)


@pytest.mark.parametrize("event", ["message-summary", "Message-Summary;id=1", "check-sync"])
@pytest.mark.parametrize("to", [f"<{AGENT}>", f"<{AGENT}>;tag=old"])
@pytest.mark.parametrize("transfers", [True, False])
def test_what_a_pbx_tells_unasked_costs_nothing_and_gets_200(
    event: str, to: str, transfers: bool
) -> None:
    us = side(trusted=(), message_types=(), transfers=transfers)
    assert give(us, ask("NOTIFY", to=to, lines=(("Event", event),))) == [200]
    assert us.one(Ignored).what == f"NOTIFY of {event.lower().partition(';')[0]}"


@pytest.mark.parametrize(
    ("changes", "event"),
    [
        ({}, "presence"),
        ({}, ""),
        ({}, "refer"),
        ({"from_": STRANGER}, "message-summary"),
        ({"uri": "sip:other@elsewhere.test"}, "message-summary"),
    ],
)
def test_any_other_news_that_nobody_asked_for_is_481(changes: dict[str, str], event: str) -> None:
    us = side()
    lines = (("Event", event),) if event else ()
    assert give(us, ask("NOTIFY", lines=lines, **changes)) == [481]  # type: ignore[arg-type]


def test_a_message_at_a_pbx_is_refused_since_nobody_would_read_it() -> None:
    us = side(trusted=(), message_types=())
    us.agent.receive_data(ask(content_type="text/plain", body=b"hello"), 0.0)
    refusal = us.only()
    assert refusal.status == 405
    assert "MESSAGE" not in refusal.headers.get_all("Allow")


# ---------------------------------------------------------------- re-INVITEs that nobody ends


def test_a_reinvite_that_only_rings_ends_the_call_after_32_seconds() -> None:
    from tests.sip.registrar import answer
    from tui.sip import CallEnded

    callee = Called(session_expires=0)
    call = callee.up()
    callee.us.agent.reinvite(call, OFFER, 0.0)
    request = callee.us.only()
    for status, now in ((100, 1.0), (180, 2.0)):
        callee.us.agent.receive_data(answer(request, status), now)
    callee.us.agent.handle_timeout(33.0)
    ended = callee.us.one(CallEnded)
    assert (ended.status, callee.us.sent[-1][:3]) == (408, b"BYE")
    callee.us.agent.receive_data(answer(request, 200), 34.0)
    assert isinstance(ended, CallEnded)
    assert isinstance(request, Request)


@pytest.mark.parametrize("heard", [True, False])
def test_a_call_of_ours_that_rings_too_long_is_told_as_not_answered(heard: bool) -> None:
    caller = Caller(longest_ring=30.0)
    caller.hear(180)
    caller.now += 20.0
    caller.hear(180)
    caller.now += 30.0
    caller.side.agent.handle_timeout(caller.now)
    assert caller.methods() == ["CANCEL"]
    if heard:
        caller.hear(487)
    else:
        caller.side.agent.handle_timeout(caller.now + 32.0)
    assert caller.side.one(InviteRefused) == InviteRefused(caller.call, 408, "Request Timeout")


def test_their_reinvite_that_nobody_answers_is_refused_and_the_call_stays() -> None:
    callee = Called(session_expires=0)
    call = callee.up()
    assert callee.inside("INVITE") == [100]
    callee.us.agent.handle_timeout(32.0)
    assert callee.us.only().status == 480
    callee.us.agent.reinvite(call, ANSWER, 33.0)
    assert callee.us.only().method == "INVITE"


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "MESSAGE"])
def test_a_flood_that_a_pbx_lets_through_takes_nothing_from_a_call_that_is_up(method: str) -> None:
    callee = Called(trusted=())
    callee.up()
    for number in range(1500):  # in 3 s; of the INVITEs nobody acknowledges the refusal
        wire = ask(method, from_=STRANGER, call_id=f"s{number}", branch=f"z9hG4bKs{number}")
        callee.us.agent.receive_data(wire, number / 500)
    callee.us.take()
    assert callee.us.all(Overloaded)
    assert callee.inside("INFO", now=3.0, content_type="application/x") == [200]
    assert callee.inside("INVITE", now=3.0) == [100]
    assert callee.us.one(ReinviteReceived).sdp == OFFER


def test_who_only_rings_has_no_part_in_the_share_of_the_call_that_is_up() -> None:
    callee = Called(trusted=())
    callee.up()
    callee.us.agent.receive_data(
        ask("INVITE", from_=STRANGER, call_id="rings", branch="z9hG4bKrings"), 0.0
    )
    callee.us.agent.ring(callee.us.last(InviteReceived).call, 0.0)
    ringing = next(m for m in callee.us.messages() if isinstance(m, Response) and m.status == 180)
    to = f"<{AGENT}>;tag={ringing.to.tag}"
    for number in range(1500):
        wire = ask("INFO", from_=STRANGER, to=to, call_id="rings", branch=f"z9hG4bKs{number}",
                   cseq=str(number + 2), content_type="application/x")  # fmt: skip
        callee.us.agent.receive_data(wire, number / 500)
    callee.us.take()
    assert callee.inside("INVITE", now=3.0) == [100]


@pytest.mark.parametrize("unacknowledged", [True, False])
def test_what_floods_inside_of_a_call_has_an_end_too(unacknowledged: bool) -> None:
    callee = Called(trusted=(), max_server_transactions=1)
    callee.up()
    method, most = ("INVITE", 1) if unacknowledged else ("INFO", 200)
    kind = "application/sdp" if unacknowledged else "application/x"
    answers = [callee.inside(method, content_type=kind) for _ in range(most + 4)]
    assert answers[-1] == [503]
    assert callee.inside("BYE")[:1] == [200]

"""UPDATE of a peer (RFC 3311): in every state of a call, with a description and without."""

from __future__ import annotations

import pytest

from tests.sip.agents import AGENT, ANSWER, OFFER
from tests.sip.ua.calls import CONTACT, HELD, HOLD, SDP, Called, Caller, Up
from tests.sip.ua.requests import ask
from tui.sip import (
    CallEnded,
    DialogUpdated,
    Established,
    InviteAnswered,
    InviteRefused,
    LocalProtocolError,
    ReinviteReceived,
    Response,
)

WHO = ("P-Asserted-Identity", '"Bob" <sip:1003@example.test>')
MOVED = ("Contact", "<sip:moved@pbx.invalid;transport=ws>")
TIMER = ("Supported", "timer")
LONG = ("Session-Expires", "600;refresher=uac")


class Pbx(Called):
    """A PBX that calls us, and sends UPDATEs in that call."""

    def __init__(self, **changes: object) -> None:
        super().__init__(trusted=(), transfers=True, **changes)
        self.tag = ""

    def rings(self, **more: object) -> str:
        """A call that is told to ring."""
        call = self.invite(**more)
        self.us.agent.ring(call, 0.0)
        self.tag = self.us.only().to.tag
        return call

    def sends(
        self, *lines: tuple[str, str], body: bytes = b"", kind: str = "application/sdp"
    ) -> None:
        self.number += 1
        wire = ask(
            "UPDATE",
            to=f"<{AGENT}>;tag={self.tag}",
            cseq=str(self.number + 1),
            branch=f"z9hG4bKup{self.number}",
            content_type=kind if body else "",
            lines=lines,
            body=body,
        )
        self.us.agent.receive_data(wire, 0.0)

    def update(
        self, *lines: tuple[str, str], body: bytes = b"", kind: str = "application/sdp"
    ) -> Response:
        """Its answer."""
        self.sends(*lines, body=body, kind=kind)
        response: Response = self.us.only()
        return response


def early(caller: Caller, cseq: int, *lines: tuple[str, str], body: bytes = b"") -> Response:
    """One in the early dialog of a call of ours; its answer."""
    wire = ask(
        "UPDATE",
        from_="<sip:1002@example.test>;tag=far",
        to=f"<{AGENT}>;tag={caller.invite.from_.tag}",
        call_id=caller.invite.call_id,
        cseq=str(cseq),
        branch=f"z9hG4bKearly{cseq}",
        content_type="application/sdp" if body else "",
        lines=lines,
        body=body,
    )
    caller.side.agent.receive_data(wire, caller.now)
    response: Response = caller.side.only()
    return response


def test_it_is_said_to_be_understood_at_a_pbx_alone() -> None:
    assert "UPDATE" in Caller(trusted=(), transfers=True).invite.headers.get_all("Allow")
    assert "UPDATE" not in Caller().invite.headers.get_all("Allow")


def test_in_a_call_without_a_description_it_says_who_is_there_and_moves_the_target() -> None:
    pbx = Pbx(session_expires=0)
    call = pbx.up()
    answer = pbx.update(WHO, MOVED)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers.get("Contact") == "<sip:1001_00011170@aaaa.invalid;transport=ws;ob>"
    told = pbx.us.one(DialogUpdated)
    assert told.call == call
    assert told.asserted is not None
    assert told.asserted.display_name == "Bob"
    pbx.us.agent.bye(call, 0.0)
    assert pbx.us.only().uri == "sip:moved@pbx.invalid;transport=ws"


def test_while_it_rings_here_it_says_who_really_calls() -> None:
    pbx = Pbx()
    call = pbx.rings()
    answer = pbx.update(WHO, TIMER, LONG)
    assert answer.status == 200
    assert answer.headers.get("Session-Expires") is None  # the 200 to the INVITE agrees on that
    assert pbx.us.one(DialogUpdated).call == call
    pbx.us.agent.accept(call, ANSWER, 0.0)
    assert pbx.us.only().status == 200


def test_while_our_call_rings_there_it_says_who_is_there() -> None:
    caller = Caller(trusted=(), transfers=True)
    caller.hear(180)
    assert early(caller, 1, WHO).status == 200
    told = caller.side.one(DialogUpdated)
    assert told.call == caller.call
    assert told.asserted is not None
    caller.hear_ok()
    assert caller.side.one(InviteAnswered).call == caller.call


def test_an_offer_before_the_call_is_answered_comes_too_early() -> None:
    pbx = Pbx()
    pbx.rings()
    answer = pbx.update(body=OFFER)
    assert answer.status == 500
    assert 0 <= int(answer.headers.get("Retry-After") or "-1") <= 10
    caller = Caller(trusted=(), transfers=True)
    caller.hear(180)
    assert early(caller, 1, body=OFFER).status == 491
    for side in (pbx.us, caller.side):
        assert not side.all(ReinviteReceived)


class Agreed(Caller):
    """Our call rings there, and a 1xx that we have confirmed has answered our offer."""

    def __init__(self) -> None:
        super().__init__(trusted=(), transfers=True)
        self.confirm("far")

    def confirm(self, tag: str) -> None:
        lines = (("Require", "100rel"), ("RSeq", "7"), CONTACT, SDP)
        self.hear(183, *lines, tag=tag, body=ANSWER)
        assert self.methods() == ["PRACK"]

    def offers(self, cseq: int) -> None:
        with pytest.raises(ValueError, match="unpack"):
            early(self, cseq, MOVED, body=HOLD)  # it waits
        assert self.side.last(ReinviteReceived) == ReinviteReceived(self.call, HOLD)


def test_an_offer_after_a_confirmed_answer_is_taken_before_the_call_is_answered() -> None:
    caller = Agreed()
    caller.offers(1)
    caller.side.agent.accept_reinvite(caller.call, HELD, caller.now)
    answer = caller.side.only()
    assert (answer.status, answer.body, answer.headers.get("Session-Expires")) == (200, HELD, None)
    caller.hear(200)  # what the 1xx said is in force no more
    assert caller.side.one(InviteAnswered).sdp is None
    caller.side.take()
    caller.side.agent.reinvite(caller.call, OFFER, caller.now)
    assert caller.side.only().uri == "sip:moved@pbx.invalid;transport=ws"


def test_an_offer_that_is_refused_before_the_call_is_answered_changes_nothing() -> None:
    caller = Agreed()
    caller.offers(1)
    caller.side.agent.reject_reinvite(caller.call, 488, caller.now)
    assert caller.side.only().status == 488
    caller.hear(200, CONTACT)
    assert caller.side.one(InviteAnswered).sdp == ANSWER


def test_an_offer_that_waits_when_our_call_is_answered_is_answered_in_that_call() -> None:
    caller = Agreed()
    caller.offers(1)
    caller.hear(200, CONTACT)
    caller.side.take()
    caller.side.agent.accept_reinvite(caller.call, HELD, caller.now)
    assert caller.side.only().body == HELD
    caller.side.agent.reinvite(caller.call, OFFER, caller.now)
    assert caller.side.only().method == "INVITE"


@pytest.mark.parametrize("end", ["another answers", "refused", "flow lost"])
def test_an_offer_that_waits_when_our_call_comes_to_an_end_has_its_answer(end: str) -> None:
    caller = Agreed()
    caller.confirm("other")
    caller.offers(1)
    if end == "another answers":
        caller.hear(200, CONTACT, tag="other")
    elif end == "refused":
        caller.hear(486)
    else:
        caller.side.agent.connection_lost(caller.now)
        assert caller.side.one(InviteRefused).flow_lost
    said = [m.status for m in caller.side.messages() if isinstance(m, Response)]
    assert said == ([] if end == "flow lost" else [487])
    with pytest.raises(LocalProtocolError):
        caller.side.agent.accept_reinvite(caller.call, HELD, caller.now)


def test_an_offer_in_a_call_is_answered_in_the_200_and_has_no_ack() -> None:
    pbx = Pbx(session_expires=0)
    call = pbx.up()
    pbx.sends(WHO, MOVED, body=HOLD)
    told = pbx.us.one(ReinviteReceived)
    assert (told.call, told.sdp, told.asserted is None) == (call, HOLD, False)
    pbx.us.agent.accept_reinvite(call, HELD, 0.0)
    answer = pbx.us.only()
    assert (answer.status, answer.body, answer.cseq.method) == (200, HELD, "UPDATE")
    pbx.us.agent.handle_timeout(32.0)
    assert pbx.us.take() == []  # nothing is said again
    assert pbx.us.agent.next_deadline() is None
    pbx.us.agent.reinvite(call, OFFER, 0.0)
    assert pbx.us.only().uri == "sip:moved@pbx.invalid;transport=ws"


def test_an_offer_that_is_refused_leaves_the_call_as_it_was() -> None:
    pbx = Pbx(session_expires=0)
    call = pbx.up()
    pbx.sends(MOVED, body=OFFER)
    pbx.us.agent.reject_reinvite(call, 488, 0.0)
    assert pbx.us.only().status == 488
    pbx.us.agent.bye(call, 0.0)
    assert pbx.us.only().uri == "sip:PBX@pbx.invalid;transport=ws"


def test_an_offer_that_nobody_decides_about_is_504_in_time_and_the_call_stays() -> None:
    pbx = Pbx(session_expires=0)
    call = pbx.up()
    pbx.sends(body=OFFER)
    due = pbx.us.agent.next_deadline()
    assert due == 10.0
    pbx.us.agent.handle_timeout(due)
    assert pbx.us.only().status == 504
    with pytest.raises(LocalProtocolError):
        pbx.us.agent.accept_reinvite(call, ANSWER, due)
    assert not pbx.us.all(CallEnded)


def test_a_second_one_while_the_first_waits_is_500_and_so_is_a_reinvite() -> None:
    pbx = Pbx(session_expires=0)
    call = pbx.up()
    pbx.sends(body=OFFER)
    assert pbx.update(body=HOLD).status == 500
    assert pbx.update(WHO).status == 500
    assert pbx.inside("INVITE") == [500]
    with pytest.raises(LocalProtocolError):
        pbx.us.agent.reinvite(call, HOLD, 0.0)
    pbx.us.agent.accept_reinvite(call, ANSWER, 0.0)
    assert pbx.us.only().body == ANSWER


def test_glare_with_an_offer_of_ours_is_491_and_what_only_tells_something_is_heard() -> None:
    up = Up(trusted=(), transfers=True)
    up.reinvite()
    assert early(up, 1, body=OFFER).status == 491
    assert early(up, 2, WHO).status == 200
    assert up.side.one(DialogUpdated).call == up.call


def test_between_our_200_and_its_ack_an_offer_is_taken_unless_ours_waits_for_its_answer() -> None:
    pbx = Pbx(session_expires=0)
    call = pbx.invite()
    pbx.us.agent.accept(call, ANSWER, 0.0)
    pbx.tag = pbx.us.only().to.tag
    pbx.sends(body=HOLD)
    pbx.us.agent.accept_reinvite(call, HELD, 0.0)
    assert pbx.us.only().body == HELD
    pbx.inside("ACK", cseq="1")
    assert pbx.us.one(Established).call == call
    up = Up(trusted=(), transfers=True)
    up.theirs(1, body=b"")
    up.side.agent.accept_reinvite(up.call, OFFER, up.now)
    up.side.take()
    assert early(up, 2, body=HOLD).status == 491


def test_it_refreshes_the_session_of_a_peer_that_refreshes_by_it() -> None:
    pbx = Pbx()
    pbx.up(lines=(TIMER, LONG))
    us = pbx.us.agent
    us.handle_timeout(32.0)  # the INVITE's own time
    assert us.next_deadline() == 568.0
    pbx.number += 1
    wire = ask(
        "UPDATE",
        to=f"<{AGENT}>;tag={pbx.tag}",
        cseq="9",
        branch="z9hG4bKrefresh",
        lines=(TIMER, LONG),
    )
    us.receive_data(wire, 300.0)
    answer = pbx.us.only()
    assert (answer.status, answer.headers.get("Session-Expires")) == (200, "600;refresher=uac")
    assert us.next_deadline() == 868.0
    us.handle_timeout(568.0)
    assert not pbx.us.all(CallEnded)


def test_one_that_says_nothing_of_the_session_changes_nothing_of_it() -> None:
    pbx = Pbx()
    pbx.up(lines=(TIMER, LONG))
    assert pbx.update(WHO).headers.get("Session-Expires") is None
    pbx.us.agent.handle_timeout(32.0)
    assert pbx.us.agent.next_deadline() == 568.0


def test_an_interval_too_short_is_422_with_our_minimum() -> None:
    pbx = Pbx()
    pbx.up()
    answer = pbx.update(TIMER, ("Session-Expires", "60"))
    assert (answer.status, answer.headers.get("Min-SE")) == (422, "90")
    unwanted = Pbx(session_expires=0)
    unwanted.up()
    assert unwanted.update(TIMER, ("Session-Expires", "60")).status == 200


@pytest.mark.parametrize(
    ("lines", "body", "kind", "status"),
    [
        ((), b"x", "text/plain", 415),
        ((("Content-Encoding", "gzip"),), OFFER, "application/sdp", 415),
        ((("Content-Encoding", "gzip"),), b"", "", 200),
        ((("Require", "precondition"),), OFFER, "application/sdp", 420),
    ],
)
def test_what_it_brings_is_judged_as_that_of_an_invite(
    lines: tuple[tuple[str, str], ...], body: bytes, kind: str, status: int
) -> None:
    pbx = Pbx(session_expires=0)
    pbx.up()
    assert pbx.update(*lines, body=body, kind=kind).status == status
    assert not pbx.us.all(ReinviteReceived)


def test_one_that_waits_when_the_peer_hangs_up_has_its_answer() -> None:
    pbx = Pbx(session_expires=0)
    call = pbx.up()
    pbx.sends(body=OFFER)
    assert pbx.inside("BYE") == [200, 487]
    assert pbx.us.one(CallEnded).call == call


def test_one_that_waits_is_gone_with_the_flow() -> None:
    pbx = Pbx(session_expires=0)
    call = pbx.up()
    pbx.sends(body=OFFER)
    pbx.us.agent.connection_lost(1.0)
    pbx.us.agent.connection_made(2.0)
    pbx.us.take()
    pbx.us.agent.reinvite(call, HOLD, 2.0)
    assert pbx.us.only().method == "INVITE"

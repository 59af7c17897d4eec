"""Session timers (RFC 4028) by re-INVITE: as refresher and not, both ways round."""

from __future__ import annotations

import pytest

from tests.sip.agents import AGENT, ANSWER, OFFER, Pair, config, pbx_config
from tests.sip.registrar import Desk
from tests.sip.ua.calls import CONTACT, SDP
from tests.sip.ua.requests import ask, side
from tui.sip import (
    CallEnded,
    InviteAnswered,
    InviteReceived,
    InviteRefused,
    LocalProtocolError,
    ReinviteAccepted,
    ReinviteReceived,
    ReinviteRefused,
    Request,
)
from tui.sip.dialog.session_timer import SessionTimer


class Ours(Desk):
    """A call of ours that is up; `session` is what the 2xx says of the timer."""

    def __init__(self, session: str | None = "1800;refresher=uac", **changes: object) -> None:
        super().__init__(config(register=False, **changes))
        self.call = self.side.agent.invite("sip:1002@example.test", OFFER, self.now)
        self.invite = self.request()
        lines = [CONTACT, SDP] + ([("Session-Expires", session)] if session else [])
        self.reply(self.invite, 200, *lines, body=ANSWER)
        self.side.take()
        self.start = self.now
        self.pass_transaction()

    def pass_transaction(self) -> None:
        """The first INVITE's own 32 s are over."""
        self.side.agent.handle_timeout(self.now + 32.0)

    def sends(self) -> list[Request]:
        return [message for message in self.side.messages() if isinstance(message, Request)]

    def elapsed(self) -> float:
        return self.now - self.start


def test_the_refresher_sends_a_reinvite_with_its_last_sdp_at_half_of_the_interval() -> None:
    ours = Ours()
    ours.wake()
    assert ours.elapsed() == 900.0
    (request,) = ours.sends()
    assert (request.method, request.body) == ("INVITE", OFFER)
    assert request.headers.get("Session-Expires") == "1800;refresher=uac"
    ours.reply(request, 200, CONTACT, SDP, ("Session-Expires", "1800;refresher=uac"), body=ANSWER)
    assert [ack.method for ack in ours.sends()] == ["ACK"]
    assert not ours.side.all(ReinviteAccepted)
    ours.side.agent.handle_timeout(ours.now + 32.0)
    ours.wake()
    assert ours.elapsed() == 1800.0
    assert len(ours.sends()) == 1


@pytest.mark.parametrize(("interval", "ends"), [(1800, 1768.0), (90, 60.0)])
def test_who_does_not_refresh_ends_the_call_shortly_before_the_interval_does(
    interval: int, ends: float
) -> None:
    ours = Ours(f"{interval};refresher=uas")
    ours.wake()
    assert ours.elapsed() == ends
    (bye,) = ours.sends()
    assert bye.method == "BYE"
    assert ours.side.one(CallEnded) == CallEnded(ours.call, False, 408, "session expired")


def test_a_refresher_whom_nobody_hears_ends_the_call_too() -> None:
    ours = Ours("90;refresher=uac")
    ours.wake()
    assert ours.elapsed() == 45.0
    (request,) = ours.sends()
    ours.reply(request, 503)
    assert [ack.method for ack in ours.sends()] == ["ACK"]
    assert not ours.side.all(ReinviteRefused)
    ours.wake()
    assert ours.elapsed() == 55.0
    (again,) = ours.sends()
    assert again.cseq.number == request.cseq.number + 1
    ours.wake()
    assert ours.elapsed() == 60.0
    assert [bye.method for bye in ours.sends()] == ["BYE"]


def test_a_peer_that_says_nothing_of_timers_gets_none() -> None:
    for session in (None, "soon;refresher=uac"):
        ours = Ours(session)
        assert ours.side.agent.next_deadline() is None
        assert ours.side.one(InviteAnswered)


def test_a_2xx_without_a_refresher_leaves_it_to_us() -> None:
    ours = Ours("120")
    ours.wake()
    assert ours.elapsed() == 60.0
    assert [request.method for request in ours.sends()] == ["INVITE"]


def test_timers_can_be_switched_off() -> None:
    ours = Ours("1800;refresher=uac", session_expires=0)
    assert "Session-Expires" not in ours.invite.headers
    assert "timer" not in ours.invite.headers.get_all("Supported")  # so nobody counts on us
    assert ours.side.agent.next_deadline() is None


def test_a_refresh_that_is_too_short_is_sent_again_with_the_peers_minimum() -> None:
    ours = Ours("100;refresher=uac", session_expires=100)
    ours.wake()
    (request,) = ours.sends()
    ours.reply(request, 422, ("Min-SE", "300"))
    ack, again = ours.sends()
    assert ack.method == "ACK"
    assert again.headers.get("Session-Expires") == "300;refresher=uac"
    assert again.headers.get("Min-SE") == "300"
    assert again.cseq.number == request.cseq.number + 1


@pytest.mark.parametrize("lines", [(), (("Min-SE", "90"),)])
def test_a_422_that_does_not_say_more_refuses_the_refresh(
    lines: tuple[tuple[str, str], ...],
) -> None:
    ours = Ours("100;refresher=uac", session_expires=100)
    ours.wake()
    (request,) = ours.sends()
    ours.reply(request, 422, *lines)
    assert [ack.method for ack in ours.sends()] == ["ACK"]


def test_an_invite_that_is_too_short_is_sent_again_with_the_peers_minimum() -> None:
    desk = Desk(config(register=False, session_expires=120))
    desk.side.agent.invite("sip:1002@example.test", OFFER, desk.now)
    first = desk.request()
    desk.reply(first, 422, ("Min-SE", "600"))
    ack, second = desk.side.messages()
    assert isinstance(second, Request)
    assert second.headers.get("Session-Expires") == "600"
    assert second.headers.get("Min-SE") == "600"
    assert second.call_id == first.call_id
    assert second.from_.tag == first.from_.tag
    assert second.cseq.number == first.cseq.number + 1
    assert ack.cseq.number == first.cseq.number
    desk.reply(second, 422, ("Min-SE", "600"))
    assert desk.side.one(InviteRefused).status == 422


def test_a_refresh_after_491_waits_and_goes_again() -> None:
    ours = Ours("100;refresher=uac")
    ours.wake()
    (request,) = ours.sends()
    ours.reply(request, 491)
    ours.sends()
    ours.wake()
    assert [again.method for again in ours.sends()] == ["INVITE"]


def test_what_is_offered_during_a_refresh_goes_right_after_it() -> None:
    ours = Ours("100;refresher=uac")
    ours.wake()
    (refresh,) = ours.sends()
    ours.side.agent.reinvite(ours.call, b"hold", ours.now)
    assert ours.sends() == []
    with pytest.raises(LocalProtocolError):
        ours.side.agent.reinvite(ours.call, b"again", ours.now)
    ours.reply(refresh, 200, CONTACT, SDP, body=ANSWER)
    ack, request = ours.sends()
    assert (ack.method, request.method, request.body) == ("ACK", "INVITE", b"hold")
    ours.reply(request, 200, CONTACT, SDP, body=ANSWER)
    assert len(ours.side.all(ReinviteAccepted)) == 1


def test_what_is_offered_during_a_refresh_fails_with_the_flow() -> None:
    ours = Ours("100;refresher=uac")
    ours.wake()
    ours.side.agent.reinvite(ours.call, b"hold", ours.now)
    ours.side.agent.connection_lost(ours.now)
    assert ours.side.one(ReinviteRefused) == ReinviteRefused(ours.call, 503)


def test_no_refresh_without_a_flow_and_the_end_comes_in_time() -> None:
    ours = Ours("90;refresher=uac")
    ours.side.agent.connection_lost(ours.now)
    for elapsed in (45.0, 55.0, 60.0):
        ours.wake()
        assert ours.elapsed() == elapsed
        assert ours.sends() == []
    assert ours.side.one(CallEnded).reason == "session expired"
    ours.side.agent.connection_made(ours.now)
    assert [request.method for request in ours.sends()] == ["BYE"]


def test_a_refresh_missed_without_a_flow_is_made_up_for() -> None:
    ours = Ours("90;refresher=uac")
    ours.side.agent.connection_lost(ours.now)
    ours.wake()
    ours.side.agent.connection_made(ours.now)
    ours.wake()
    assert ours.elapsed() == 55.0
    assert [request.method for request in ours.sends()] == ["INVITE"]


def test_a_reinvite_of_our_own_renews_the_session() -> None:
    ours = Ours("90;refresher=uas")
    ours.now += 50.0
    ours.side.agent.reinvite(ours.call, OFFER, ours.now)
    (request,) = ours.sends()
    assert request.headers.get("Session-Expires") == "1800;refresher=uas"
    ours.reply(request, 200, CONTACT, SDP, ("Session-Expires", "90;refresher=uas"), body=ANSWER)
    ours.side.agent.handle_timeout(ours.now + 32.0)
    assert ours.side.agent.next_deadline() == ours.now + 60.0


def test_after_a_lost_flow_we_refresh_whoever_did_before() -> None:
    """FreeSWITCH sends its refreshes over the flow that is gone, and hangs up: nobody hears it."""
    ours = Ours("120;refresher=uas")
    ours.side.agent.connection_lost(ours.now)
    ours.side.agent.connection_made(ours.now)
    ours.side.agent.reinvite(ours.call, OFFER, ours.now)
    (request,) = ours.sends()
    assert request.headers.get("Session-Expires") == "1800;refresher=uac"
    ours.reply(request, 200, CONTACT, SDP, ("Session-Expires", "120;refresher=uac"), body=ANSWER)
    assert [ack.method for ack in ours.sends()] == ["ACK"]
    ours.side.agent.handle_timeout(ours.now + 32.0)
    began = ours.now
    ours.wake()
    assert ours.now == began + 60.0
    (refresh,) = ours.sends()
    assert refresh.headers.get("Session-Expires") == "1800;refresher=uac"
    assert ours.side.all(CallEnded) == []


# ---------------------------------------------------------------- as the one who is called


def accepted(
    *lines: tuple[str, str], **changes: object
) -> tuple[str, str | None, list[str], list[float]]:
    """Answer an INVITE with these lines: the handle, what our 2xx says, and our deadlines."""
    us = side(**changes)
    us.agent.receive_data(ask("INVITE", lines=lines), 0.0)
    call = us.one(InviteReceived).call
    us.agent.accept(call, ANSWER, 0.0)
    ok = us.messages()[-1]
    us.agent.receive_data(ask("ACK", to=f"<{AGENT}>;tag={ok.to.tag}", branch="z9hG4bKack"), 0.0)
    us.agent.handle_timeout(32.0)
    deadlines = []
    if (deadline := us.agent.next_deadline()) is not None:
        deadlines.append(deadline)
    return call, ok.headers.get("Session-Expires"), ok.headers.get_all("Require"), deadlines


TIMER = ("Supported", "timer")


def test_no_interval_of_ours_is_shorter_than_their_way_can_bear() -> None:
    _, says, _, deadlines = accepted(TIMER, ("Min-SE", "7200"))
    assert (says, deadlines) == ("7200;refresher=uas", [3600.0])
    assert accepted(TIMER, ("Min-SE", "soon"))[1] == "1800;refresher=uas"


def test_a_caller_who_leaves_it_to_us_gets_us_as_refresher() -> None:
    _, says, require, deadlines = accepted(TIMER, ("Session-Expires", "600"))
    assert (says, require, deadlines) == ("600;refresher=uas", [], [300.0])


def test_a_caller_who_wants_to_refresh_may() -> None:
    _, says, require, deadlines = accepted(TIMER, ("Session-Expires", "600;refresher=uac"))
    assert (says, require, deadlines) == ("600;refresher=uac", ["timer"], [568.0])


def test_other_parameters_of_the_interval_are_passed_over() -> None:
    _, says, _, _ = accepted(TIMER, ("Session-Expires", "600;x=y; refresher = UAC ;z"))
    assert says == "600;refresher=uac"


def test_a_caller_who_can_but_does_not_ask_gets_our_interval() -> None:
    _, says, _, deadlines = accepted(TIMER)
    assert (says, deadlines) == ("1800;refresher=uas", [900.0])


def test_a_caller_who_cannot_gets_no_timer() -> None:
    _, says, _, deadlines = accepted()
    assert (says, deadlines) == (None, [])


def test_an_interval_that_a_proxy_put_in_is_refreshed_by_us() -> None:
    _, says, require, deadlines = accepted(("Session-Expires", "600;refresher=uac"))
    assert (says, require, deadlines) == ("600;refresher=uas", [], [300.0])


def test_an_interval_too_short_of_a_caller_who_cannot_is_raised() -> None:
    _, says, _, _ = accepted(("Session-Expires", "10"))
    assert says == "90;refresher=uas"


def test_an_interval_too_short_is_422_with_our_minimum() -> None:
    us = side()
    us.agent.receive_data(ask("INVITE", lines=(TIMER, ("Session-Expires", "60"))), 0.0)
    response = us.only()
    assert (response.status, response.headers.get("Min-SE")) == (422, "90")
    assert not us.all(InviteReceived)


def test_we_want_no_timer_and_say_none() -> None:
    _, says, _, deadlines = accepted(TIMER, ("Session-Expires", "60"), session_expires=0)
    assert (says, deadlines) == (None, [])


def test_a_reinvite_too_short_is_422() -> None:
    pair = Pair(b=pbx_config(session_expires=60, min_se=60))
    at_b = pair.b.agent.invite(AGENT, OFFER, pair.now)
    pair.pump()
    assert "a 422" in pair.starts()
    at_a = pair.a.one(InviteReceived).call
    pair.a.agent.accept(at_a, ANSWER, pair.now)
    pair.pump()
    assert pair.b.one(InviteAnswered).call == at_b
    other = Pair(config(register=False, session_expires=0), pbx_config(session_expires=60))
    at_a, at_b = other.call()
    other.b.agent.reinvite(at_b, OFFER, other.now)
    other.pump()
    assert other.a.one(ReinviteReceived)


def test_a_reinvite_with_a_shorter_interval_than_ours_is_422() -> None:
    us = side()
    us.agent.receive_data(ask("INVITE", lines=(TIMER, ("Session-Expires", "600"))), 0.0)
    us.agent.accept(us.one(InviteReceived).call, ANSWER, 0.0)
    tag = us.messages()[-1].to.tag
    inside = {"to": f"<{AGENT}>;tag={tag}"}
    us.agent.receive_data(ask("ACK", branch="z9hG4bKa", **inside), 0.0)  # type: ignore[arg-type]
    lines = (TIMER, ("Session-Expires", "60"))
    wire = ask("INVITE", cseq="2", branch="z9hG4bKb", lines=lines, **inside)  # type: ignore[arg-type]
    us.agent.receive_data(wire, 0.0)
    response = us.only()
    assert (response.status, response.headers.get("Min-SE")) == (422, "90")


def test_a_refresh_of_theirs_keeps_the_call_alive_for_hours() -> None:
    pair = Pair()
    _, at_b = pair.call()
    for _ in range(8):
        pair.advance(905.0)
        waiting = len(pair.b.all(ReinviteReceived))
        if waiting:
            pair.b.agent.accept_reinvite(at_b, OFFER, pair.now)
            pair.pump()
    assert len(pair.b.all(ReinviteReceived)) >= 7
    assert not pair.a.all(CallEnded)
    assert not pair.b.all(CallEnded)


def test_half_and_the_end_are_those_of_the_rfc() -> None:
    assert SessionTimer(1800, True).refresh_after == 900.0
    assert SessionTimer(1800, True).ends_after == 1768.0
    assert SessionTimer(90, True).ends_after == 60.0


@pytest.mark.parametrize("seconds", [0, 1, 10, 89])
@pytest.mark.parametrize("refresher", ["uac", "uas", ""])
def test_an_interval_that_may_not_be_ends_no_call_and_is_no_storm(
    seconds: int, refresher: str
) -> None:
    ours = Ours(f"{seconds};refresher={refresher}", session_expires=1800)
    for _ in range(3):
        if (at := ours.side.agent.next_deadline()) is None or at > ours.start + 59.0:
            break
        ours.wake()
        for request in ours.sends():
            ours.reply(request, 200, CONTACT, SDP, body=ANSWER)
    assert ours.elapsed() == 0.0 or ours.elapsed() >= 5.0
    assert not ours.side.all(CallEnded)

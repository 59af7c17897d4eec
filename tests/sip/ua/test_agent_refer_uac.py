"""Transfers that we ask for: REFER as its sender, and what NOTIFYs say (RFC 3515, 3892, 6665)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sip.agents import AGENT, ANSWER, OFFER, PBX, config
from tests.sip.registrar import REALM, Desk, answer
from tests.sip.ua.calls import Called, pair
from tests.sip.ua.requests import ask
from tui.sip import (
    CallEnded,
    InviteReceived,
    LocalProtocolError,
    ReferReceived,
    Request,
    RequestOutcome,
    TransferProgress,
)

TARGET = "sip:1002@example.test"
FRAGMENT = "message/sipfrag;version=2.0"


class Referrer(Called):
    """We are called, and send the caller on; the test plays the caller."""

    def __init__(self, **changes: object) -> None:
        super().__init__(session_expires=0, transfers=True, **changes)
        self.call = self.up()
        self.dialog_tag = self.tag
        self.us.agent.refer(self.call, TARGET, 0.0)
        self.refer = self.us.only()

    def hear(self, status: int, *lines: tuple[str, str], now: float = 0.0) -> None:
        self.us.agent.receive_data(answer(self.refer, status, *lines), now)

    def notify(
        self,
        body: bytes,
        state: str | None = "active;expires=60",
        *,
        event: str = "refer",
        kind: str = FRAGMENT,
        now: float = 0.0,
        **more: object,
    ) -> int:
        lines = (("Event", event), *((("Subscription-State", state),) if state else ()))
        values: dict[str, Any] = {"lines": lines, "body": body, "content_type": kind, **more}
        (status,) = self.inside("NOTIFY", now=now, **values)
        return status

    def news(self) -> list[tuple[int, str, bool]]:
        return [(each.status, each.reason, each.final) for each in self.us.all(TransferProgress)]


def test_a_refer_says_where_to_and_by_whom_inside_of_the_call() -> None:
    refer = Referrer().refer
    assert isinstance(refer, Request)
    assert refer.method == "REFER"
    assert refer.uri == "sip:PBX@pbx.invalid;transport=ws"
    assert refer.headers.get("Refer-To") == f"<{TARGET}>"
    assert refer.headers.get("Referred-By") == f"<{AGENT}>"
    assert refer.contact is not None
    assert "REFER" in refer.headers.get_all("Allow")
    assert "replaces" in refer.headers.get_all("Supported")


def test_another_may_be_named_as_who_wants_it_and_headers_of_the_target_are_left_out() -> None:
    us = Called(transfers=True)
    call = us.up()
    us.us.agent.refer(call, f"{TARGET}?Subject=x", 0.0, referred_by="sip:boss@example.test")
    refer = us.us.only()
    assert refer.headers.get("Refer-To") == f"<{TARGET}>"
    assert refer.headers.get("Referred-By") == "<sip:boss@example.test>"


def test_the_news_come_until_the_final_one_and_the_call_stays() -> None:
    us = Referrer()
    us.hear(202)
    assert us.notify(b"SIP/2.0 100 Trying\r\n") == 200
    assert us.notify(b"SIP/2.0 180 Ringing\r\n") == 200
    assert us.notify(b"SIP/2.0 200 OK\r\n", "terminated;reason=noresource") == 200
    assert us.news() == [
        (100, "Because", False),
        (100, "Trying", False),
        (180, "Ringing", False),
        (200, "OK", True),
    ]
    assert us.notify(b"SIP/2.0 200 OK\r\n", "terminated") == 481
    assert not us.us.all(CallEnded)
    us.us.agent.bye(us.call, 1.0)


def test_a_notify_may_overtake_the_202_and_a_final_status_may_come_while_still_active() -> None:
    us = Referrer()
    assert us.notify(b"SIP/2.0 183\r\n") == 200
    us.hear(100)
    us.hear(202)
    assert us.notify(b"\r\nSIP/2.0 486 Busy Here\r\n") == 200
    assert us.notify(b"SIP/2.0 486 Busy Here\r\n", "terminated") == 200
    assert us.news() == [(183, "", False), (486, "Busy Here", True)]


def test_the_news_come_after_the_end_of_the_call_too() -> None:
    us = Referrer()
    us.hear(202)
    assert us.inside("BYE") == [200]
    assert us.notify(b"SIP/2.0 200 OK", "terminated") == 200
    assert us.news()[-1] == (200, "OK", True)


def test_a_peer_that_calls_every_notify_the_last_is_heard_until_it_says_how_it_went() -> None:
    us = Referrer()
    us.hear(202)
    for said in (b"SIP/2.0 100 Trying", b"SIP/2.0 180 Ringing", b"SIP/2.0 200 OK"):
        assert us.notify(said, "terminated") == 200
    assert us.news()[1:] == [
        (100, "Trying", False),
        (180, "Ringing", False),
        (200, "OK", True),
    ]
    assert us.notify(b"SIP/2.0 200 OK", "terminated") == 481


def test_a_last_notify_that_says_only_how_it_began_is_the_last_when_nothing_more_comes() -> None:
    us = Referrer()
    us.hear(202)
    assert us.notify(b"SIP/2.0 180 Ringing", "terminated", now=10.0) == 200
    us.us.agent.handle_timeout(69.0)
    assert us.news()[1:] == [(180, "Ringing", False)]
    us.us.agent.handle_timeout(70.0)
    assert us.news()[2:] == [(100, "", True)]


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"", FRAGMENT), (b"X: SIP/2.0 200 OK", "text/plain"), (b"no fragment", FRAGMENT)],
)
def test_a_notify_that_cannot_be_read_says_nothing_new(body: bytes, kind: str) -> None:
    us = Referrer()
    us.hear(202)
    assert us.notify(body, None, kind=kind) == 200
    assert us.notify(body, "TERMINATED ; reason=gone", kind=kind) == 200
    assert us.news()[1:] == [(100, "", False), (100, "gone", True)]


@pytest.mark.parametrize("body", [b"", b"SIP/2.0 100 Trying\r\n", b"SIP/2.0 180 Ringing\r\n"])
@pytest.mark.parametrize("why", ["rejected", "noresource", "timeout", "giveup;retry-after=9"])
def test_why_nobody_tells_any_more_how_a_transfer_goes_is_told(body: bytes, why: str) -> None:
    us = Referrer()
    us.hear(202)
    assert us.notify(body, f"terminated;reason={why}") == 200
    (_, reason, final) = us.news()[-1]
    assert (reason, final) == (why.partition(";")[0], True)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (b"", "Service Unavailable"),
        (b'Reason: Q.850;cause=34;text="no trunk"\r\n', "Service Unavailable: no trunk"),
        (b'warning : 399 gw "paid up?"\n', "Service Unavailable: paid up?"),
        (b'Reason: Q.850;cause=17;text="User busy"\r\n', "Service Unavailable"),
        (b'To: <sip:a@b>\r\nnonsense\r\n\r\nReason: SIP;cause=1;text="z"\r\n', None),
    ],
)
def test_what_stands_in_a_fragment_of_why_a_transfer_failed_is_told(
    more: bytes, said: str | None
) -> None:
    us = Referrer()
    us.hear(202)
    us.notify(b"SIP/2.0 503 Service Unavailable\r\n" + more, "terminated;reason=noresource")
    status, reason, _ = us.news()[-1]
    assert (status, reason) == (503, said or "Service Unavailable: z")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"SIP/2.0 200 OK", ""),
        (b"SIP/2.0 200 OK\r\n", "text/plain"),
        (b"\xef\xbb\xbfsip/2.0 200  OK", "application/sipfrag"),
        (
            b"--b\r\nContent-Type: message/sipfrag\r\n\r\nSIP/2.0 200 OK\r\n--b--",
            "multipart/mixed;boundary=b",
        ),
    ],
)
def test_how_a_transfer_went_is_read_whatever_stands_around_it(body: bytes, kind: str) -> None:
    us = Referrer()
    us.hear(202)
    assert us.notify(body, "terminated;reason=noresource", kind=kind) == 200
    assert us.news()[-1] == (200, "OK", True)


@pytest.mark.parametrize("event", ["", "refer;id=99"])
def test_a_notify_for_a_subscription_that_we_have_not_is_481(event: str) -> None:
    us = Referrer()
    us.hear(202)
    assert us.notify(b"SIP/2.0 200 OK", event=event) == 481
    assert len(us.news()) == 1


def test_a_notify_names_the_refer_by_its_number() -> None:
    us = Referrer()
    us.hear(202)
    number = us.refer.cseq.number
    assert us.notify(b"SIP/2.0 200 OK", event=f"refer;id={number}") == 200
    assert us.news()[-1] == (200, "OK", True)


def test_a_notify_in_no_dialog_or_in_a_call_without_refer_is_481() -> None:
    us = Called()
    us.up()
    assert us.inside("NOTIFY", lines=(("Event", "refer"),)) == [481]
    assert us.inside("NOTIFY", lines=(("Event", "refer"),), to=f"<{AGENT}>;tag=x") == [481]
    assert us.inside("NOTIFY", lines=(("Event", "refer"),), to=f"<{AGENT}>") == [481]
    other = Referrer()
    lines = (("Event", "refer"),)
    assert other.inside("NOTIFY", lines=lines, from_=f"<{PBX}>;tag=forged") == [481]


@pytest.mark.parametrize("event", ["talk", "hold;id=1", "conference", "presence", "referral-x"])
def test_news_in_a_call_of_what_we_have_no_package_for_are_about_the_package_alone(
    event: str,
) -> None:
    us = Called()
    us.up()
    assert us.inside("NOTIFY", lines=(("Event", event),)) == [489]
    (refusal,) = us.us.sent[-1:]
    assert b"\r\nAllow-Events: refer, message-summary\r\n" in refusal
    assert us.inside("NOTIFY", lines=(("Event", event),), to=f"<{AGENT}>;tag=x") == [481]
    assert us.inside("OPTIONS") == [200]
    assert not us.us.all(CallEnded)


def test_a_notify_out_of_order_is_500() -> None:
    us = Referrer()
    us.hear(202)
    assert us.notify(b"SIP/2.0 180 Ringing", cseq="40") == 200
    assert us.notify(b"SIP/2.0 200 OK", cseq="39") == 500
    assert us.news()[-1][0] == 180


def test_without_any_notify_the_transfer_counts_as_failed() -> None:
    us = Referrer()
    us.hear(202, now=1.0)
    us.us.agent.handle_timeout(32.9)
    assert len(us.news()) == 1
    us.us.agent.handle_timeout(33.0)
    assert us.news()[-1] == (408, "nothing more was heard", True)
    assert us.notify(b"SIP/2.0 200 OK") == 481


@pytest.mark.parametrize(
    ("state", "seconds"),
    [("active;expires=60", 60), ("active", 180), (None, 180), ("pending;expires=99999", 3600)],
)
def test_a_subscription_lives_as_long_as_its_last_notify_said(
    state: str | None, seconds: int
) -> None:
    us = Referrer()
    us.hear(202)
    us.notify(b"SIP/2.0 180 Ringing", state, now=2.0)
    us.us.agent.handle_timeout(1.9 + seconds)
    assert not us.news()[-1][2]
    us.us.agent.handle_timeout(2.0 + seconds)
    assert us.news()[-1] == (408, "nothing more was heard", True)


def test_a_refused_refer_is_told_and_the_call_stays() -> None:
    us = Referrer()
    us.hear(603)
    assert us.news() == [(603, "Because", True)]
    us.us.agent.refer(us.call, TARGET, 1.0)
    assert us.us.only().cseq.number == us.refer.cseq.number + 1


def test_why_a_refer_was_refused_is_told_in_the_peers_words() -> None:
    us = Referrer()
    us.hear(403, ("Warning", '399 pbx.test "no transfers from here"'))
    assert us.news() == [(403, "Because: no transfers from here", True)]


@pytest.mark.parametrize(("status", "bye"), [(481, False), (408, True)])
def test_a_refer_that_the_peer_knows_no_call_for_ends_the_call(status: int, bye: bool) -> None:
    us = Referrer()
    us.hear(status)
    assert us.news() == [(status, "Because", True)]
    assert us.us.one(CallEnded).status == status
    assert any(data.startswith(b"BYE") for data in us.us.sent) is bye


def test_a_refused_refer_after_the_end_of_the_call_is_only_told() -> None:
    us = Referrer()
    us.inside("BYE")
    us.hear(481)
    assert us.news() == [(481, "Because", True)]
    assert len(us.us.all(CallEnded)) == 1


def test_a_refer_that_nobody_answers_ends_the_call_and_a_lost_flow_does_not() -> None:
    silent = Referrer()
    silent.us.agent.handle_timeout(32.0)
    assert silent.news() == [(408, "no answer", True)]
    assert silent.us.one(CallEnded).status == 408
    lost = Referrer()
    lost.us.agent.connection_lost(1.0)
    assert lost.news() == [(503, "flow lost", True)]
    assert not lost.us.all(CallEnded)
    with pytest.raises(LocalProtocolError):
        lost.us.agent.refer(lost.call, TARGET, 1.0)


def test_a_refer_that_nobody_answers_after_the_end_of_the_call_is_only_told() -> None:
    us = Referrer()
    us.inside("BYE")
    us.us.agent.handle_timeout(32.0)
    assert us.news() == [(408, "no answer", True)]
    assert len(us.us.all(CallEnded)) == 1


def test_one_transfer_of_a_call_at_a_time() -> None:
    us = Referrer()
    with pytest.raises(LocalProtocolError, match="under way"):
        us.us.agent.refer(us.call, TARGET, 0.0)
    us.hear(202)
    us.notify(b"SIP/2.0 486 Busy Here")
    us.us.agent.refer(us.call, TARGET, 1.0)
    again = us.us.only()
    us.us.agent.receive_data(answer(again, 202), 1.0)
    first = us.refer.cseq.number
    assert us.notify(b"SIP/2.0 486 Busy Here", "terminated", event=f"refer;id={first}") == 481
    assert us.notify(b"SIP/2.0 200 OK", "terminated") == 200
    assert us.news()[-1] == (200, "OK", True)


def test_a_late_answer_to_an_older_refer_does_not_touch_the_newer() -> None:
    us = Referrer()
    us.notify(b"SIP/2.0 486 Busy Here")
    us.us.agent.refer(us.call, TARGET, 1.0)
    us.us.take()
    us.hear(500)
    assert us.news() == [(486, "Busy Here", True)]
    assert us.notify(b"SIP/2.0 180 Ringing") == 200
    assert us.news()[-1] == (180, "Ringing", False)


def test_a_challenged_refer_is_sent_again_under_its_new_number() -> None:
    desk = Desk(config(trusted=(), transfers=True, session_expires=0))
    desk.registered()
    call = desk.side.agent.invite("sip:1003@example.test", OFFER, desk.now)
    contact = ("Contact", "<sip:1003@10.1.1.1>")
    kind = ("Content-Type", "application/sdp")
    desk.reply(desk.request(), 200, contact, kind, body=ANSWER)
    assert desk.request().method == "ACK"
    desk.side.agent.refer(call, TARGET, desk.now)
    first = desk.request()
    desk.reply(first, 407, ("Proxy-Authenticate", desk.challenge(realm=REALM)[1]))
    second = desk.request()
    assert second.cseq.number == first.cseq.number + 1
    assert "Proxy-Authorization" in second.headers
    wire = ask(
        "NOTIFY",
        from_=second.headers.get("To") or "",
        to=second.headers.get("From") or "",
        call_id=second.call_id,
        lines=(("Event", f"refer;id={second.cseq.number}"),),
        body=b"SIP/2.0 200 OK",
        content_type=FRAGMENT,
    )
    desk.side.agent.receive_data(wire, desk.now)
    assert desk.side.last(TransferProgress).status == 200


# ---------------------------------------------------------------- with a second call


def test_the_target_of_a_consultation_is_the_other_peer_with_replaces() -> None:
    both = pair()
    at_a, at_b = both.call()
    second = both.a.agent.invite(PBX, OFFER, both.now)
    both.pump()
    at_b2 = both.b.last(InviteReceived).call
    both.b.agent.accept(at_b2, ANSWER, both.now)
    both.pump()
    both.a.agent.refer(at_a, "", both.now, replaces=second)
    both.pump()
    asked = both.b.one(ReferReceived)
    assert asked.call == at_b
    assert asked.target == PBX  # its Contact is .invalid, which leads nowhere
    assert asked.replaces == both.a.agent.replaces_header(second)
    mine = both.b.agent.replaces_header(at_b2)
    call_id, to_tag, from_tag = (part.split("=")[-1] for part in mine.split(";"))
    assert asked.replaces == f"{call_id};to-tag={from_tag};from-tag={to_tag}"


def test_a_peer_with_an_address_of_its_own_is_the_target_by_its_contact() -> None:
    desk = Desk(config(register=False, trusted=(), transfers=True, session_expires=0))
    calls = []
    for number in (1, 2):
        calls.append(desk.side.agent.invite(f"sip:{number}@example.test", OFFER, desk.now))
        contact = ("Contact", f"<sip:{number}@10.0.0.{number}:5070>")
        kind = ("Content-Type", "application/sdp")
        desk.reply(desk.request(), 200, contact, kind, body=ANSWER)
        desk.side.take()
    desk.side.agent.refer(calls[0], "", desk.now, replaces=calls[1])
    refer_to = desk.request().headers.get("Refer-To") or ""
    assert refer_to.startswith("<sip:2@10.0.0.2:5070?Replaces=")
    assert "%3Bto-tag%3Dsrv%3Bfrom-tag%3D" in refer_to
    desk.side.agent.refer(calls[1], TARGET, desk.now, replaces=calls[0])
    refer_to = desk.request().headers.get("Refer-To") or ""
    assert refer_to.startswith(f"<{TARGET}?Replaces=")


def test_a_peer_whose_contact_only_it_can_read_is_the_target_by_its_address() -> None:
    desk = Desk(config(register=False, trusted=(), transfers=True, session_expires=0))
    calls = []
    for number in (1, 2):
        calls.append(desk.side.agent.invite(f"sip:{number}@example.test", OFFER, desk.now))
        contact = ("Contact", f"<sip:{number}@10.0.0.{number};alias=1;alias=2>")
        kind = ("Content-Type", "application/sdp")
        desk.reply(desk.request(), 200, contact, kind, body=ANSWER)
        desk.side.take()
    desk.side.agent.refer(calls[0], "", desk.now, replaces=calls[1])
    (refer,) = desk.side.take()
    assert refer.startswith(b"REFER sip:1@10.0.0.1;alias=1;alias=2 SIP/2.0\r\n")
    assert b"\r\nRefer-To: <sip:2@example.test?Replaces=" in refer


def test_there_is_no_transfer_to_nobody_nor_of_a_call_that_is_not_up() -> None:
    us = Called(transfers=True)
    call = us.invite()
    with pytest.raises(LocalProtocolError):
        us.us.agent.refer(call, TARGET, 0.0)
    with pytest.raises(LocalProtocolError):
        us.us.agent.replaces_header(call)
    us.us.agent.accept(call, ANSWER, 0.0)
    us.tag = us.us.only().to.tag
    for target in ("", "no uri", "sip:a@b\r\nX: y"):
        with pytest.raises(LocalProtocolError):
            us.us.agent.refer(call, target, 0.0)
    with pytest.raises(LocalProtocolError):
        us.us.agent.refer(call, TARGET, 0.0, replaces="nobody")
    with pytest.raises(LocalProtocolError):
        us.us.agent.refer(call, TARGET, 0.0, referred_by="no uri")
    assert us.us.take() == []
    assert not us.us.all(RequestOutcome)


def test_a_peer_that_cannot_be_named_cannot_be_handed_to_anybody() -> None:
    callee = Called(transfers=True, session_expires=0, trusted=())
    first = callee.up(from_="<sip:no body@example.test>;tag=b")
    second = callee.invite(call_id="second", branch="z9hG4bKsecond")
    callee.us.agent.accept(second, ANSWER, 0.0)
    with pytest.raises(LocalProtocolError, match="named"):
        callee.us.agent.refer(second, "", 0.0, replaces=first)

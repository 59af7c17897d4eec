"""Transfers that a peer asks of us: nothing is followed by itself, and all is told (RFC 3515)."""

from __future__ import annotations

import pytest

from tests.sip.registrar import answer
from tests.sip.ua.calls import Called, pair
from tests.sip.ua.requests import ask, give, side
from tui.sip import (
    CallEnded,
    Ignored,
    InviteReceived,
    LocalProtocolError,
    ReferReceived,
    Request,
    Response,
    TransferProgress,
    parse_message,
)

TARGET = "sip:1002@example.test"


class Referee(Called):
    """We are in a call; the test asks us to go elsewhere."""

    def __init__(self, **changes: object) -> None:
        super().__init__(session_expires=0, transfers=True, **changes)
        self.call = self.up()

    def refer(self, to: str = f"<{TARGET}>", *more: tuple[str, str], now: float = 0.0) -> list[int]:
        return self.inside("REFER", lines=(("Refer-To", to), *more), now=now)

    def notifies(self) -> list[tuple[str, str, str]]:
        """What is sent now: event, state, first line of the body. Each is answered 200."""
        found = []
        for message in self.us.messages():
            if isinstance(message, Request) and message.method == "NOTIFY":
                assert message.headers.get("Content-Type") == "message/sipfrag;version=2.0"
                self.us.agent.receive_data(answer(message, 200), 0.0)
                found.append(
                    (
                        message.headers.get("Event") or "",
                        message.headers.get("Subscription-State") or "",
                        message.body.decode().strip(),
                    )
                )
        return found


def test_a_refer_is_asked_first_and_not_answered_before_somebody_decides() -> None:
    us = Referee()
    assert us.refer(f"<{TARGET}>", ("Referred-By", '"Boss" <sip:boss@example.test>')) == []
    event = us.us.one(ReferReceived)
    assert (event.call, event.target, event.replaces) == (us.call, TARGET, None)
    assert event.referred_by is not None
    assert event.referred_by.uri.user == "boss"
    assert us.us.agent.data_to_send() == []


def test_an_accepted_refer_gets_202_and_the_news_until_the_last() -> None:
    us = Referee()
    us.refer()
    us.us.agent.accept_refer(us.call, 1.0)
    sent = us.us.messages()
    assert [type(message) for message in sent] == [Response, Request]
    assert isinstance(sent[0], Response)
    assert sent[0].status == 202
    assert sent[0].contact is not None
    notify = sent[1]
    assert isinstance(notify, Request)
    assert notify.uri == "sip:PBX@pbx.invalid;transport=ws"
    assert notify.body == b"SIP/2.0 100 Trying\r\n"
    assert notify.headers.get("Subscription-State") == "active;expires=300"
    us.us.agent.receive_data(answer(notify, 200), 1.0)
    us.us.agent.refer_progress(us.call, 180, 2.0)
    us.us.agent.refer_progress(us.call, 200, 3.0, "Fine")
    assert us.notifies() == [
        ("refer", "active;expires=300", "SIP/2.0 180 Ringing"),
        ("refer", "terminated;reason=noresource", "SIP/2.0 200 Fine"),
    ]
    with pytest.raises(LocalProtocolError):
        us.us.agent.refer_progress(us.call, 200, 3.0)


@pytest.mark.parametrize("more", [(), (("Require", "norefersub"),)])
def test_who_wants_no_news_of_a_transfer_gets_none(more: tuple[tuple[str, str], ...]) -> None:
    us = Referee()
    us.refer(f"<{TARGET}>", ("Refer-Sub", "false"), *more)
    us.us.agent.accept_refer(us.call, 1.0)
    (accepted,) = us.us.messages()
    assert isinstance(accepted, Response)
    assert (accepted.status, accepted.headers.get("Refer-Sub")) == (202, "false")
    us.us.agent.refer_progress(us.call, 180, 2.0)
    us.us.agent.refer_progress(us.call, 200, 3.0)
    assert us.us.take() == []
    us.refer(f"<{TARGET}>")  # the next one may


def test_a_rejected_refer_gets_603_and_no_notify() -> None:
    us = Referee()
    us.refer()
    with pytest.raises(LocalProtocolError):
        us.us.agent.reject_refer(us.call, 202, 1.0)
    us.us.agent.reject_refer(us.call, 603, 1.0)
    assert us.us.only().status == 603
    with pytest.raises(LocalProtocolError):
        us.us.agent.accept_refer(us.call, 1.0)


def test_the_second_refer_of_a_call_names_itself_in_its_news() -> None:
    us = Referee()
    us.refer()
    us.us.agent.reject_refer(us.call, 603, 1.0)
    us.us.take()
    us.refer()
    us.us.agent.accept_refer(us.call, 1.0)
    ((event, _, _),) = us.notifies()
    asked = [parse_message(data) for data in us.us.sent if data.startswith(b"SIP/2.0 202")]
    assert event == f"refer;id={asked[-1].cseq.number}"


def test_who_does_not_decide_in_time_has_202_said_for_him_and_may_still_refuse() -> None:
    us = Referee()
    us.refer()
    us.us.agent.handle_timeout(10.0)
    assert us.notifies() == [("refer", "active;expires=300", "SIP/2.0 100 Trying")]
    assert us.us.sent[-2].startswith(b"SIP/2.0 202")
    with pytest.raises(LocalProtocolError):
        us.us.agent.refer_progress(us.call, 180, 11.0)
    us.us.agent.reject_refer(us.call, 603, 20.0)
    assert us.notifies() == [("refer", "terminated;reason=noresource", "SIP/2.0 603 Decline")]


def test_who_decides_late_is_not_answered_twice() -> None:
    us = Referee()
    us.refer()
    us.us.agent.handle_timeout(10.0)
    us.us.take()
    us.us.agent.accept_refer(us.call, 20.0)
    assert us.us.take() == []
    us.us.agent.refer_progress(us.call, 200, 21.0)
    assert us.notifies()[-1][2] == "SIP/2.0 200 OK"


def test_after_five_minutes_nothing_more_is_told() -> None:
    us = Referee()
    us.refer()
    us.us.agent.accept_refer(us.call, 0.0)
    us.us.agent.refer_progress(us.call, 180, 1.0)
    us.notifies()
    us.us.agent.handle_timeout(300.0)
    assert us.notifies() == [("refer", "terminated;reason=timeout", "SIP/2.0 180 Ringing")]
    with pytest.raises(LocalProtocolError):
        us.us.agent.refer_progress(us.call, 200, 301.0)


def test_a_481_to_a_notify_ends_the_telling_and_other_answers_do_not() -> None:
    us = Referee()
    us.refer()
    us.us.agent.accept_refer(us.call, 0.0)
    _, notify = us.us.messages()
    us.us.agent.receive_data(answer(notify, 500), 0.0)  # type: ignore[arg-type]
    us.us.agent.refer_progress(us.call, 180, 1.0)
    notify = us.us.only()
    us.us.agent.receive_data(answer(notify, 481), 0.0)
    with pytest.raises(LocalProtocolError):
        us.us.agent.refer_progress(us.call, 200, 1.0)
    assert not us.us.all(CallEnded)


@pytest.mark.parametrize("status", [403, 491, 500])
def test_the_last_news_is_told_again_where_a_peer_refuses_it_for_the_moment(status: int) -> None:
    us = Referee()
    us.refer()
    us.us.agent.accept_refer(us.call, 0.0)
    assert us.notifies() == [("refer", "active;expires=300", "SIP/2.0 100 Trying")]
    us.us.agent.refer_progress(us.call, 200, 1.0)
    told = us.us.only()
    us.us.agent.receive_data(answer(told, status), 1.0)
    us.us.agent.handle_timeout(1.4)
    assert us.notifies() == []
    us.us.agent.handle_timeout(1.5)
    assert us.notifies() == [("refer", "terminated;reason=noresource", "SIP/2.0 200 OK")]
    us.us.agent.handle_timeout(60.0)
    assert us.notifies() == []  # it was taken


@pytest.mark.parametrize(("status", "times"), [(403, 4), (481, 1), (489, 1)])
def test_the_last_news_is_told_four_times_at_most_and_once_to_who_wants_none(
    status: int, times: int
) -> None:
    us = Referee()
    us.refer()
    us.us.agent.accept_refer(us.call, 0.0)
    us.notifies()
    us.us.agent.refer_progress(us.call, 486, 0.0)
    told = 0
    for second in range(60):
        us.us.agent.handle_timeout(float(second))
        for message in us.us.messages():
            if isinstance(message, Request) and message.method == "NOTIFY":
                told += 1
                us.us.agent.receive_data(answer(message, status), float(second))
    assert told == times


def test_a_late_481_does_not_touch_the_next_refer() -> None:
    us = Referee()
    us.refer()
    us.us.agent.accept_refer(us.call, 0.0)
    us.us.agent.refer_progress(us.call, 486, 1.0)
    _, _, last = us.us.messages()
    us.refer()
    us.us.agent.receive_data(answer(last, 481), 2.0)  # type: ignore[arg-type]
    us.us.agent.accept_refer(us.call, 3.0)
    assert us.notifies()[-1][2] == "SIP/2.0 100 Trying"


def test_a_notify_that_nobody_answers_changes_nothing() -> None:
    us = Referee()
    us.refer()
    us.us.agent.accept_refer(us.call, 0.0)
    us.us.take()
    us.us.agent.handle_timeout(32.0)
    us.us.agent.refer_progress(us.call, 200, 33.0)
    assert us.notifies()[-1][2] == "SIP/2.0 200 OK"


def test_the_news_go_on_after_the_end_of_the_call() -> None:
    us = Referee()
    us.refer()
    us.us.agent.accept_refer(us.call, 0.0)
    us.us.take()
    assert us.inside("BYE") == [200]
    us.us.agent.refer_progress(us.call, 200, 1.0)
    assert us.notifies()[-1][2] == "SIP/2.0 200 OK"


def test_a_call_that_ends_takes_its_undecided_refer_with_it() -> None:
    us = Referee()
    us.refer()
    assert sorted(us.inside("BYE")) == [200, 487]
    with pytest.raises(LocalProtocolError):
        us.us.agent.accept_refer(us.call, 1.0)
    us.us.agent.handle_timeout(10.0)
    assert not any(data.startswith(b"NOTIFY") for data in us.us.sent)


def test_without_a_flow_nothing_waits_for_a_decision_and_no_news_are_told() -> None:
    us = Referee()
    us.refer()
    us.us.agent.connection_lost(1.0)
    with pytest.raises(LocalProtocolError):
        us.us.agent.accept_refer(us.call, 1.0)
    other = Referee()
    other.refer()
    other.us.agent.accept_refer(other.call, 0.0)
    other.us.take()
    other.us.agent.connection_lost(1.0)
    other.us.agent.refer_progress(other.call, 200, 2.0)
    assert other.us.take() == []
    with pytest.raises(LocalProtocolError):
        other.us.agent.refer_progress(other.call, 200, 2.0)


def test_every_header_of_the_target_but_replaces_is_stripped() -> None:
    us = Referee()
    us.refer(
        "<sip:1002@example.test;method=INVITE;user=phone?Replaces=a%40b%3Bto-tag%3D1%3B"
        "from-tag%3D2%3Bearly-only&Route=%3Csip%3Aevil.test%3E&Authorization=x&body=y>"
    )
    event = us.us.one(ReferReceived)
    assert event.target == "sip:1002@example.test;user=phone"
    assert event.replaces == "a@b;to-tag=1;from-tag=2;early-only"


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([], 400),
        ([("Refer-To", f"<{TARGET}>"), ("Refer-To", "<sip:x@y>")], 400),
        ([("Refer-To", "<<>>")], 400),
        ([("Refer-To", f"<{TARGET}?Replaces=nonsense>")], 400),
        ([("Refer-To", f"<{TARGET}?Replaces=a%3Bto-tag%3D1>")], 400),
        ([("Refer-To", f"<{TARGET}?Replaces=a%3Bfrom-tag%3D1>")], 400),
        ([("Refer-To", f"<{TARGET}?Replaces=a@b;to-tag=1>")], 400),
        ([("Refer-To", "<https://example.test/>")], 416),
        ([("Refer-To", f"<{TARGET};method=BYE>")], 603),
    ],
)
def test_a_refer_that_asks_for_something_else_is_refused(
    lines: list[tuple[str, str]], status: int
) -> None:
    us = Referee()
    assert us.inside("REFER", lines=tuple(lines)) == [status]
    assert not us.us.all(ReferReceived)


def test_a_refer_to_a_number_is_asked_too_and_an_unreadable_referred_by_is_nobody() -> None:
    us = Referee()
    us.refer("<tel:+12000000001>", ("Referred-By", "<<>>"))
    event = us.us.one(ReferReceived)
    assert (event.target, event.referred_by) == ("tel:+12000000001", None)


@pytest.mark.parametrize("more", ["", "?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2"])
def test_a_target_without_brackets_is_one(more: str) -> None:
    us = Referee()
    us.refer(f"sip:1002@example.test;user=phone{more}")
    event = us.us.one(ReferReceived)
    assert event.target == "sip:1002@example.test;user=phone"
    assert event.replaces == ("a@b;to-tag=1;from-tag=2" if more else None)


@pytest.mark.parametrize(
    "said",
    [
        "Replaces=a@b;to-tag=1;from-tag=2",
        "Replaces=a%40b;to-tag=1;from-tag=2&Require=replaces",
        "Route=%3Csip:evil.test%3E&replaces=a@b;to-tag=1;from-tag=2",
        "body=a=b&Replaces=a@b%3Bto-tag=1;from-tag%3D2",
    ],
)
@pytest.mark.parametrize("form", ["<{}>", '"B, Jr." <{}>', "{}"])
def test_a_consultation_is_one_whoever_forgot_to_escape_its_replaces(said: str, form: str) -> None:
    us = Referee()
    us.refer(form.format(f"{TARGET};method=invite?{said}"))
    event = us.us.one(ReferReceived)
    assert (event.target, event.replaces) == (TARGET, "a@b;to-tag=1;from-tag=2")


def test_a_replaces_that_says_nothing_is_none() -> None:
    us = Referee()
    us.refer(f"<{TARGET}?Replaces=>")
    assert us.us.one(ReferReceived).replaces is None


def test_a_second_refer_while_one_is_open_and_one_in_a_call_that_rings_are_491() -> None:
    us = Referee()
    us.refer()
    assert us.refer() == [491]
    early = Called(transfers=True)
    call = early.invite()
    early.us.agent.ring(call, 0.0)
    early.tag = early.us.only().to.tag
    assert early.inside("REFER", lines=(("Refer-To", f"<{TARGET}>"),)) == [491]


def test_a_refer_outside_of_a_call_is_forbidden() -> None:
    us = side(transfers=True, trusted=())
    assert give(us, ask("REFER", lines=(("Refer-To", f"<{TARGET}>"),))) == [403]
    assert "REFER" in us.one(Ignored).what


def test_who_is_told_of_no_transfers_neither_lists_refer_nor_takes_it() -> None:
    us = Called()
    us.up()
    assert us.inside("REFER", lines=(("Refer-To", f"<{TARGET}>"),)) == [405]
    options = us.inside("OPTIONS")
    assert options == [200]
    allow = parse_message(us.us.sent[-1]).headers.get_all("Allow")
    assert "REFER" not in allow
    assert "NOTIFY" not in allow


def test_both_ends_of_a_transfer_agree_on_its_news() -> None:
    both = pair()
    at_a, at_b = both.call()
    both.b.agent.refer(at_b, TARGET, both.now)
    both.pump()
    both.a.agent.accept_refer(at_a, both.now)
    both.pump()
    both.a.agent.refer_progress(at_a, 180, both.now)
    both.a.agent.refer_progress(at_a, 200, both.now)
    both.pump()
    news = [(each.status, each.final) for each in both.b.all(TransferProgress)]
    assert news == [(100, False), (100, False), (180, False), (200, True)]
    both.b.agent.bye(at_b, both.now)
    both.pump()
    assert both.a.one(CallEnded).by_peer
    assert len(both.a.all(InviteReceived)) == 1

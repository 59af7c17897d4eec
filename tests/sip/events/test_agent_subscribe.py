"""SUBSCRIBE and NOTIFY as the subscriber (RFC 6665), packages of any name."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.sip.agents import AGENT, config
from tests.sip.notifier import COLLEAGUE, CONTACT, Notifier
from tests.sip.registrar import Desk, answer
from tests.sip.ua.requests import ask, give, side
from tui.sip import (
    Ignored,
    LocalProtocolError,
    Notified,
    Request,
    SubscriptionActive,
    SubscriptionEnded,
    Unregistered,
    parse_message,
)

INFO = "application/dialog-info+xml"
BODY = b"<dialog-info/>"


def test_a_subscribe_says_what_for_how_long_and_where_to_tell() -> None:
    desk = Desk(config(register=False, outbound_proxy="sip:edge.example.test"))
    desk.side.agent.subscribe(
        COLLEAGUE, "dialog", desk.now, accept=(INFO, "text/plain"), expires=300
    )
    asked = desk.request()
    assert (asked.method, asked.uri) == ("SUBSCRIBE", COLLEAGUE)
    assert asked.headers.get("To") == f"<{COLLEAGUE}>"
    assert asked.headers.get("Event") == "dialog"
    assert asked.headers.get("Accept") == f"{INFO}, text/plain"
    assert asked.headers.get("Expires") == "300"
    assert asked.headers.get("Contact") == "<sip:1001_00011170@aaaa.invalid;transport=ws;ob>"
    assert asked.headers.get("Route") == "<sip:edge.example.test;lr>"
    assert asked.headers.get_all("Allow").count("NOTIFY") == 1
    assert asked.from_.tag


def test_without_accept_the_packages_own_type_is_meant() -> None:
    assert "Accept" not in Notifier().hear().headers


@pytest.mark.parametrize(
    ("target", "package", "expires"),
    [("no uri at all", "dialog", 60), (COLLEAGUE, "a b", 60), (COLLEAGUE, "dialog", 0)],
)
def test_what_cannot_be_asked_for_is_refused_and_leaves_nothing(
    target: str, package: str, expires: int
) -> None:
    desk = Desk(config(register=False))
    with pytest.raises(LocalProtocolError):
        desk.side.agent.subscribe(target, package, desk.now, expires=expires)
    with pytest.raises(LocalProtocolError):
        desk.side.agent.subscribe(COLLEAGUE, "dialog", desk.now, accept=("a\r\nb",))
    desk.quiet()
    assert desk.side.agent._subscriptions._all == {}


def test_it_is_active_by_its_notify_and_tells_the_news() -> None:
    us = Notifier()
    us.hear()
    us.say(100)
    us.say(200, ("Expires", "600"))
    assert not us.times_active()
    assert us.notify("active;expires=599", BODY, kind=f"{INFO};charset=utf-8") == 200
    assert us.notify("active", BODY, kind=INFO) == 200
    active = us.desk.side.one(SubscriptionActive)
    assert active == SubscriptionActive(us.handle, "dialog", 599)
    assert us.desk.side.all(Notified) == [Notified(us.handle, "dialog", INFO, BODY)] * 2


def test_a_notify_may_come_before_the_200() -> None:
    us = Notifier()
    us.hear()
    assert us.notify("active;expires=500", BODY, kind=INFO) == 200
    us.say(200, ("Expires", "500"))
    assert us.times_active() == 1
    assert 250 <= us.desk.wake() <= 450
    assert us.hear().cseq.number == 2


def test_a_notify_makes_up_for_a_200_that_never_came() -> None:
    us = Notifier()
    us.hear()
    assert us.notify("active;expires=500") == 200
    us.go(32)
    assert us.ends() == []
    us.desk.wake()
    assert us.hear().to.tag == "srv"


def test_pending_is_told_and_so_is_its_end() -> None:
    us = Notifier()
    us.hear()
    us.say(202)
    for state in ("pending", "PENDING;expires=90", "active", "nobody knows this"):
        assert us.notify(state) == 200
    assert [each.pending for each in us.desk.side.all(SubscriptionActive)] == [True, False]


def test_a_notify_without_a_state_counts_as_active() -> None:
    us = Notifier()
    us.hear()
    assert us.notify(None, BODY) == 200
    assert us.times_active() == 1


def test_the_dialog_is_that_of_the_notify_with_its_route_and_contact() -> None:
    us = Notifier()
    first = us.hear()
    us.say(200, ("Expires", "600"))
    route = ("Record-Route", "<sip:a.test;lr>, <sip:b.test;lr>")
    assert us.notify(lines=(("Contact", "<sip:n1@pbx.invalid>"), route)) == 200
    assert us.notify(lines=(("Contact", "<sip:n2@pbx.invalid>"),)) == 200
    us.agent.refresh_subscription(us.handle, us.desk.now)
    again = us.hear()
    assert again.uri == "sip:n2@pbx.invalid"
    assert again.headers.get_all("Route") == ["<sip:a.test;lr>", "<sip:b.test;lr>"]
    assert (again.call_id, again.from_.tag, again.to.tag) == (
        first.call_id,
        first.from_.tag,
        "srv",
    )
    assert again.headers.get("Expires") == "600"


def test_a_notify_without_a_contact_leaves_the_target_where_we_asked() -> None:
    us = Notifier()
    us.hear()
    assert us.notify(lines=()) == 200
    us.say(200, ("Expires", "600"), to=None)
    us.agent.refresh_subscription(us.handle, us.desk.now)
    assert us.hear().uri == "sip:notifier@pbx.invalid;transport=ws"


# ---------------------------------------------------------------- refresh


def test_it_is_refreshed_before_its_time_is_over_and_again() -> None:
    us = Notifier(expires=600)
    us.active(100)
    for number in (2, 3, 4):
        before = us.desk.now
        us.desk.wake()
        assert 50 <= us.desk.now - before <= 90
        assert us.hear().cseq.number == number
        us.say(200, ("Expires", "100"))
        assert us.notify("active;expires=100") == 200
    assert us.times_active() == 1
    assert us.ends() == []


def test_a_notifier_may_shorten_the_time_and_never_lengthen_it() -> None:
    us = Notifier(expires=600)
    us.hear()
    us.say(200, ("Expires", "9999"))
    assert us.notify("active;expires=7777") == 200
    assert us.desk.side.one(SubscriptionActive).expires == 600
    assert us.notify("active;expires=20") == 200
    us.go(18.1)
    us.hear()


def test_a_stream_of_news_does_not_put_the_refresh_off() -> None:
    us = Notifier(expires=60)
    us.active(60)
    for second in range(60, 0, -1):
        us.go(1)
        if any(data.startswith(b"SUBSCRIBE") for data in us.desk.side.take()):
            break
        assert us.notify(f"active;expires={second}") == 200
    assert 6 <= second <= 31


def test_news_that_cross_the_refresh_do_not_start_another() -> None:
    us = Notifier()
    us.active()
    us.agent.refresh_subscription(us.handle, us.desk.now)
    us.agent.refresh_subscription(us.handle, us.desk.now)
    us.hear()
    assert us.notify("active;expires=600") == 200
    us.say(200, ("Expires", "600"))
    us.desk.quiet()


def test_a_refresh_may_say_that_no_notify_follows() -> None:
    us = Notifier()
    us.active()
    us.agent.refresh_subscription(us.handle, us.desk.now)
    us.hear()
    us.say(204, ("Expires", "600"))
    us.go(40)
    assert us.ends() == []


@pytest.mark.parametrize("answered", [True, False])
def test_a_refresh_without_a_notify_in_32_seconds_is_the_end_of_it(answered: bool) -> None:
    us = Notifier()
    us.active()
    us.agent.refresh_subscription(us.handle, us.desk.now)
    us.hear()
    if answered:
        us.say(200, ("Expires", "600"))
    us.go(31.9)
    assert us.ends() == []
    us.go(0.1)
    assert us.ends() == [("no NOTIFY" if answered else "no answer", 408, False)]
    assert us.notify() == 481
    us.go(30)
    assert us.hear().to.tag is None


@pytest.mark.parametrize("where", ["200", "NOTIFY", "both"])
def test_a_granted_time_of_nothing_is_no_flood(where: str) -> None:
    us = Notifier()
    us.hear()
    for _ in range(3):
        us.say(200, ("Expires", "600" if where == "NOTIFY" else "0"))
        assert us.notify("active;expires=0" if where != "200" else "active") == 200
        assert 30 <= us.desk.wake() <= 54
        us.hear()
    assert us.ends() == []


def test_a_refresh_that_is_refused_for_now_is_tried_again_within_its_time() -> None:
    us = Notifier()
    us.active(600)
    us.agent.refresh_subscription(us.handle, us.desk.now)
    us.hear()
    us.say(503)
    assert us.notify("active", BODY) == 200
    us.go(300)
    us.hear()
    us.say(500, ("Retry-After", "7"))
    us.go(6.9)
    us.desk.quiet()
    us.go(0.1)
    us.hear()
    us.say(200, ("Expires", "600"))
    assert us.notify() == 200
    assert us.ends() == []
    assert us.desk.side.all(Ignored)


def test_a_refresh_that_is_refused_when_its_time_is_over_is_the_end() -> None:
    us = Notifier()
    us.active(10)
    us.go(9)
    us.hear()
    us.say(503)
    assert us.ends() == [("Because", 503, False)]


def test_a_refresh_of_what_the_notifier_has_lost_begins_anew_at_once() -> None:
    us = Notifier()
    us.active()
    us.agent.refresh_subscription(us.handle, us.desk.now)
    first = us.hear()
    us.say(481)
    end = us.desk.side.one(SubscriptionEnded)
    assert (end.status, end.final) == (481, False)
    assert end.retry_in is not None
    assert end.retry_in <= 1
    us.go(1)
    again = us.hear()
    assert again.call_id != first.call_id
    assert again.to.tag is None
    us.say(200, ("Expires", "600"))
    assert us.notify() == 200
    assert us.times_active() == 2


def test_news_that_there_was_no_room_for_are_asked_for_soon_and_once() -> None:
    us = Notifier(request_rate=0.001, request_burst=1)
    us.active()
    assert us.notify("active", BODY) == 503
    us.go(4)
    assert us.notify("active", BODY) == 503
    us.go(3.9)
    us.desk.quiet()
    us.go(0.1)
    us.hear()
    us.say(200, ("Expires", "600"))
    us.go(20)
    us.desk.quiet()


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("status", [401, 403, 404, 489, 603])
def test_the_first_refusal_is_final(status: int) -> None:
    us = Notifier()
    us.hear()
    us.say(status)
    assert us.ends() == [("Because", status, True)]
    assert us.left() == 0
    assert us.agent.next_deadline() is None
    with pytest.raises(LocalProtocolError):
        us.agent.unsubscribe(us.handle, us.desk.now)


def test_why_a_subscription_is_refused_is_told_in_the_notifiers_words() -> None:
    us = Notifier()
    us.hear()
    us.say(403, ("Warning", '399 pbx.test "no lamps for you"'))
    assert us.ends() == [("Because: no lamps for you", 403, True)]


@pytest.mark.parametrize("status", [408, 480, 500, 502, 503, 504])
def test_a_refusal_that_passes_is_tried_again_ever_slower(status: int) -> None:
    us = Notifier()
    waits = []
    for _ in range(8):
        us.hear()
        us.say(status)
        wait = us.desk.side.last(SubscriptionEnded).retry_in
        assert wait is not None
        waits.append(wait)
        us.go(wait)
    assert 15 <= waits[0] <= 30
    assert 300 <= waits[-1] <= 600


@pytest.mark.parametrize(("said", "wait"), [("90", 90), ("0", 1), ("99999999", 3600)])
def test_retry_after_is_obeyed_within_limits_whatever_the_status(said: str, wait: float) -> None:
    us = Notifier()
    us.hear()
    us.say(403, ("Retry-After", said))
    assert us.desk.side.one(SubscriptionEnded).retry_in == wait
    us.go(wait)
    us.hear()


@pytest.mark.parametrize(("status", "final"), [(404, False), (489, False), (407, True)])
def test_a_refusal_of_what_has_worked_is_the_servers_trouble(status: int, final: bool) -> None:
    us = Notifier()
    us.active()
    us.agent.refresh_subscription(us.handle, us.desk.now)
    us.hear()
    us.say(status)
    while not us.ends():  # a 407 ends it only when its time is over
        us.desk.wake()
        us.hear()
        us.say(status)
    assert us.ends()[-1] == ("Because", status, final)


def test_no_answer_and_no_notify_end_in_32_seconds() -> None:
    us = Notifier()
    us.hear()
    us.go(32)
    assert us.ends() == [("no answer", 408, False)]
    us.go(30)
    us.hear()
    us.say(200)
    us.go(32)
    assert us.ends()[1:] == [("no NOTIFY", 408, False)]
    assert us.notify() == 481


def test_an_interval_too_brief_is_asked_for_again_once_with_the_least() -> None:
    us = Notifier(expires=60)
    us.hear()
    us.say(423, ("Min-Expires", "300"))
    assert us.hear().headers.get("Expires") == "300"
    us.say(423, ("Min-Expires", "900"))
    assert us.ends() == [("Because", 423, True)]


@pytest.mark.parametrize("lines", [(), (("Min-Expires", "60"),)])
def test_an_interval_too_brief_that_names_no_longer_one_is_a_refusal(
    lines: tuple[tuple[str, str], ...],
) -> None:
    us = Notifier(expires=60)
    us.hear()
    us.say(423, *lines)
    assert us.ends() == [("Because", 423, True)]


def test_a_refresh_too_brief_is_asked_for_again_too() -> None:
    us = Notifier(expires=60)
    us.active(60)
    us.agent.refresh_subscription(us.handle, us.desk.now)
    us.hear()
    us.say(423, ("Min-Expires", "120"))
    assert us.hear().headers.get("Expires") == "120"
    us.say(200, ("Expires", "120"))
    assert us.notify() == 200
    assert us.ends() == []


def test_a_challenge_is_met_and_the_proof_is_sent_along_from_then_on() -> None:
    us = Notifier(register=True)
    us.desk.registered()
    us.hear()
    us.say(401, us.desk.challenge())
    assert us.hear().headers.get("Authorization")
    us.say(200, ("Expires", "600"))
    assert us.notify() == 200
    us.agent.refresh_subscription(us.handle, us.desk.now)
    again = us.hear()
    assert again.cseq.number == 3
    assert again.headers.get("Authorization")


def test_a_401_that_asks_for_nothing_is_met_by_asking_without_the_proof_of_before() -> None:
    """FreeSWITCH, to a Proxy-Authorization whose nonce it has forgotten."""
    us = Notifier(register=True)
    us.desk.registered()
    us.hear()
    us.say(407, ("Proxy-Authenticate", 'Digest realm="example.test", nonce="one", qop="auth"'))
    assert us.hear().headers.get("Proxy-Authorization")
    us.say(200, ("Expires", "600"))
    assert us.notify() == 200
    us.agent.refresh_subscription(us.handle, us.desk.now)
    assert 'nonce="one"' in (us.hear().headers.get("Proxy-Authorization") or "")
    us.say(401)
    assert us.hear().headers.get("Proxy-Authorization") is None
    us.say(407, ("Proxy-Authenticate", 'Digest realm="example.test", nonce="two", qop="auth"'))
    assert 'nonce="two"' in (us.hear().headers.get("Proxy-Authorization") or "")
    us.say(401)  # what it did ask for is not left out again
    assert us.desk.side.take() == []
    assert us.ends() == []


# ---------------------------------------------------------------- the notifier ends it


@pytest.mark.parametrize("reason", ["rejected", "noresource", "invariant"])
def test_some_ends_are_for_good(reason: str) -> None:
    us = Notifier()
    us.active()
    assert us.notify(f"terminated;reason={reason};retry-after=5", BODY) == 200
    assert us.ends() == [(reason, 0, True)]
    assert us.desk.side.last(Notified).body == BODY
    assert us.left() == 0
    assert us.agent.next_deadline() is None


@pytest.mark.parametrize("reason", ["deactivated", "timeout"])
def test_some_ends_begin_anew_at_once_and_ever_slower_when_they_repeat(reason: str) -> None:
    us = Notifier()
    waits = []
    for _ in range(7):
        us.active()
        assert us.notify(f"terminated;reason={reason}") == 200
        wait = us.desk.side.last(SubscriptionEnded).retry_in
        assert wait is not None
        waits.append(wait)
        us.go(wait)
    assert waits[0] <= 1
    assert all(2 <= wait <= 30 for wait in waits[1:])
    assert us.times_active() == 7


def test_a_refresh_that_worked_forgives_the_ends_before() -> None:
    us = Notifier()
    for _ in range(3):
        us.active()
        us.agent.refresh_subscription(us.handle, us.desk.now)
        us.hear()
        us.say(200, ("Expires", "600"))
        assert us.notify() == 200
        assert us.notify("terminated;reason=deactivated") == 200
        us.go(1)
    us.hear()


@pytest.mark.parametrize(
    ("state", "reason", "least", "most"),
    [
        ("terminated;reason=probation;retry-after=44", "probation", 44, 44),
        ("terminated;reason=giveup;retry-after=45", "giveup", 45, 45),
        ("terminated;reason=probation", "probation", 15, 30),
        ("terminated;reason=giveup", "giveup", 15, 30),
        ("Terminated ; Reason = Lunch ; expires=9", "lunch", 15, 30),
        ("terminated", "terminated", 15, 30),
    ],
)
def test_other_ends_begin_anew_after_a_while(
    state: str, reason: str, least: float, most: float
) -> None:
    us = Notifier()
    us.active()
    assert us.notify(state) == 200
    assert us.ends() == [(reason, 0, False)]
    assert us.notify() == 481
    wait = us.desk.side.one(SubscriptionEnded).retry_in
    assert wait is not None
    assert least <= wait <= most
    us.go(wait)
    us.hear()


def test_the_first_notify_may_be_the_last() -> None:
    us = Notifier()
    us.hear()
    assert us.notify("terminated;reason=rejected") == 200
    us.say(200)
    assert us.ends() == [("rejected", 0, True)]
    assert us.times_active() == 0


# ---------------------------------------------------------------- NOTIFYs that are none of ours


def test_the_second_dialog_of_a_fork_is_ended() -> None:
    us = Notifier()
    us.hear()
    us.say(200, ("Expires", "600"))
    assert us.notify(tag="one") == 200
    assert us.notify("active", BODY, tag="two") == 481
    assert us.notify("terminated;reason=rejected", tag="two") == 481
    assert us.notify("active", BODY, tag="one") == 200
    assert len(us.desk.side.all(Notified)) == 1
    assert us.ends() == []


def test_a_notifier_that_counts_anew_freezes_nothing() -> None:
    us = Notifier()
    us.number = 1000
    us.active()
    us.number = 0  # restarted, with its subscriptions
    assert us.notify("active", BODY, kind=INFO) == 500
    assert us.notify("active", BODY, kind=INFO) == 500
    us.go(8)
    us.hear()  # once, however many were out of order
    us.say(200, ("Expires", "600"))
    assert us.ends() == []
    us.go(0)
    assert us.notify("active", BODY, kind=INFO) == 500
    assert us.ends() == [("CSeq out of order", 500, False)]
    us.desk.wake()
    assert us.hear().cseq.number == 1
    us.say(200, ("Expires", "600"))
    assert us.notify("active", BODY, kind=INFO) == 200
    assert us.desk.side.one(Notified).body == BODY


def test_a_notify_that_was_overtaken_is_asked_about_once() -> None:
    us = Notifier()
    us.active()
    us.number = 8
    assert us.notify("active", BODY, kind=INFO) == 200
    us.number = 7
    assert us.notify("active", b"<older/>", kind=INFO) == 500
    us.go(8)
    us.hear()
    us.say(200, ("Expires", "600"))
    us.number = 9
    assert us.notify("active", BODY, kind=INFO) == 200
    assert us.ends() == []
    us.go(60)
    us.desk.quiet()


def test_a_notify_out_of_order_is_500() -> None:
    us = Notifier()
    us.hear()
    us.say(200)
    assert us.notify(cseq="40") == 200
    assert us.notify("terminated", cseq="39") == 500
    assert us.notify("active", BODY, cseq="41") == 200
    assert us.ends() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"call_id": "another"},
        {"to": f"<{AGENT}>;tag=another"},
        {"to": f"<{AGENT}>"},
        {"event": "presence"},
    ],
)
def test_a_notify_that_matches_nothing_is_481(wrong: dict[str, str]) -> None:
    us = Notifier()
    us.active()
    assert us.notify("terminated;reason=rejected", BODY, **wrong) == 481  # type: ignore[arg-type]
    assert us.ends() == []
    assert not us.desk.side.all(Notified)


def test_a_body_that_is_too_long_or_packed_is_refused_and_changes_nothing() -> None:
    us = Notifier(max_notify_body=20)
    us.active()
    packed = (CONTACT, ("Content-Encoding", "gzip"))
    assert us.notify("active", b"x" * 21) == 413
    assert us.notify("active", b"x", lines=packed) == 415
    assert us.notify("active", b"", lines=packed) == 200
    assert us.notify("active", b"x" * 20) == 200
    assert [each.body for each in us.desk.side.all(Notified)] == [b"x" * 20]


def test_where_only_some_are_trusted_a_notifier_of_ours_is_heard_as_one_of_them() -> None:
    us = Notifier(trusted=("sip:PBX@example.test",), stranger_rate=0.001, stranger_burst=1)
    us.active()
    for _ in range(5):
        assert us.notify("active", BODY) == 200
    assert us.notify(call_id="another") == 481
    assert us.notify(call_id="another") == 503


# ---------------------------------------------------------------- unasked


@pytest.mark.parametrize("to", [f"<{AGENT}>", f"<{AGENT}>;tag=old"])
def test_a_mailbox_that_is_told_of_unasked_is_heard(to: str) -> None:
    us = side(trusted=())
    kind = "application/simple-message-summary"
    body = b"Messages-Waiting: yes\r\n"
    lines = (("Event", "Message-Summary"),)
    assert give(us, ask("NOTIFY", to=to, lines=lines, body=body, content_type=kind)) == [200]
    assert us.one(Notified) == Notified("", "message-summary", kind, body)
    long = ask("NOTIFY", branch="z9hG4bKtwo", cseq="2", lines=lines, body=b"x" * 20000)
    assert give(us, long) == [413]


# ---------------------------------------------------------------- our end of it


def test_an_unsubscribe_is_said_and_told_and_waits_for_the_last_notify() -> None:
    us = Notifier()
    us.active()
    us.agent.unsubscribe(us.handle, us.desk.now)
    assert us.hear().headers.get("Expires") == "0"
    assert us.ends() == [("unsubscribed", 200, True)]
    for command in (us.agent.unsubscribe, us.agent.refresh_subscription):
        with pytest.raises(LocalProtocolError):
            command(us.handle, us.desk.now)
    us.say(200, ("Expires", "0"))
    assert us.notify("active", BODY) == 200
    assert us.notify("terminated;reason=timeout", BODY) == 200
    assert us.left() == 0
    assert us.notify("terminated;reason=timeout") == 481
    assert not us.desk.side.all(Notified)
    assert len(us.ends()) == 1
    assert us.agent.next_deadline() is None


@pytest.mark.parametrize("status", [0, 200, 481])
def test_an_unsubscribe_that_nobody_confirms_ends_by_itself(status: int) -> None:
    us = Notifier()
    us.active()
    us.agent.unsubscribe(us.handle, us.desk.now)
    us.hear()
    if status:
        us.say(status)
    us.go(32)
    assert us.left() == 0
    assert us.agent.next_deadline() is None


def test_an_unsubscribe_takes_the_place_of_a_refresh_under_way() -> None:
    us = Notifier()
    us.active()
    us.agent.refresh_subscription(us.handle, us.desk.now)
    refresh = us.hear()
    us.agent.unsubscribe(us.handle, us.desk.now)
    assert us.hear().cseq.number == refresh.cseq.number + 1
    us.say(200, to=refresh)
    assert us.notify("terminated") == 200
    assert us.left() == 0


@pytest.mark.parametrize("answered", [True, False])
def test_an_unsubscribe_before_the_first_notify_answers_that_with_481(answered: bool) -> None:
    us = Notifier()
    us.hear()
    if answered:
        us.say(200)
    us.agent.unsubscribe(us.handle, us.desk.now)
    us.desk.quiet()
    assert us.notify() == 481
    assert us.left() == 0
    assert us.agent.next_deadline() is None


def test_to_unregister_ends_every_subscription() -> None:
    us = Notifier(register=True)
    us.desk.registered()
    us.active()
    us.agent.subscribe("sip:1003@example.test", "dialog", us.desk.now)
    us.agent.unsubscribe(us.handle, us.desk.now)
    us.agent.unregister(us.desk.now)
    wires = us.desk.side.take()
    requests = [each for each in map(parse_message, wires) if isinstance(each, Request)]
    methods = [request.method for request in requests]
    assert methods[-1] == "REGISTER"
    for request in requests:
        us.desk.reply(request, 200)
    us.go(33)
    assert us.desk.side.one(Unregistered)
    assert [final for _, _, final in us.ends()] == [True, True]
    assert us.left() == 0


# ---------------------------------------------------------------- flows, turns, numbers


def test_before_the_registration_nothing_is_asked_and_after_it_at_once() -> None:
    us = Notifier(register=True)
    assert us.desk.request().method == "REGISTER"
    us.agent.connection_lost(us.desk.now)
    us.desk.side.take()
    us.agent.connection_made(us.desk.now)
    us.desk.registered()
    us.hear()


def test_a_lost_flow_ends_what_was_known_and_the_next_registration_asks_again() -> None:
    us = Notifier(register=True)
    us.desk.registered()
    us.active()
    first = us.asked
    us.agent.connection_lost(us.desk.now)
    assert us.desk.side.one(SubscriptionEnded) == SubscriptionEnded(
        us.handle, "dialog", "flow lost", 503, False, None
    )
    us.agent.connection_made(us.desk.now)
    register = us.desk.request()
    assert us.notify(about=first) == 481
    us.desk.reply(register, 200, ("Expires", "600"))
    again = us.hear()
    assert again.call_id != first.call_id
    us.say(200, ("Expires", "600"))
    assert us.notify() == 200
    assert us.times_active() == 2


@pytest.mark.parametrize("told", [True, False])
def test_a_flow_that_is_lost_in_between_leaves_nothing_waiting(told: bool) -> None:
    us = Notifier()
    us.hear()
    if told:
        us.say(503)
    us.agent.connection_lost(us.desk.now)
    assert us.agent.next_deadline() is None
    assert len(us.ends()) == int(told)
    us.agent.connection_made(us.desk.now)
    us.hear()


def test_a_flow_that_is_lost_ends_an_unsubscribe() -> None:
    us = Notifier()
    us.active()
    us.agent.unsubscribe(us.handle, us.desk.now)
    us.agent.connection_lost(us.desk.now)
    assert us.left() == 0
    assert us.agent.next_deadline() is None


def test_a_registration_that_came_back_on_the_same_flow_asks_for_nothing_twice() -> None:
    us = Notifier(register=True)
    us.desk.registered()
    us.active()
    us.agent._flow_up(us.desk.now)
    us.desk.quiet()


def test_several_packages_and_targets_are_told_apart() -> None:
    us = Notifier()
    first = us.hear()
    us.desk.now += 1
    other = us.agent.subscribe(COLLEAGUE, "Presence", us.desk.now)
    second = us.desk.request()
    assert us.notify("active", b"1", about=first) == 200
    assert us.notify("active", b"2", about=second, event="presence") == 200
    assert us.notify("active", b"3", about=second, event="dialog") == 481
    told = [(each.subscription, each.package, each.body) for each in us.desk.side.all(Notified)]
    assert told == [(us.handle, "dialog", b"1"), (other, "Presence", b"2")]


def test_many_have_their_turn_one_after_another() -> None:
    desk = Desk(config(register=True, trusted=()))
    for number in range(20):
        desk.side.agent.subscribe(f"sip:{number}@example.test", "dialog", desk.now)
    desk.registered()
    times: list[float] = []
    while len(times) < 20:
        for data in desk.side.take():
            request = parse_message(data)
            assert isinstance(request, Request)
            times.append(desk.now)
            desk.side.agent.receive_data(answer(request, 404), desk.now)
        if len(times) < 20:
            desk.wake()
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps == pytest.approx([0.05] * 19)


def test_more_than_the_limit_is_refused_until_one_is_over() -> None:
    us = Notifier(max_subscriptions=1)
    with pytest.raises(LocalProtocolError, match="too many"):
        us.agent.subscribe(COLLEAGUE, "dialog", us.desk.now)
    us.agent.unsubscribe(us.handle, us.desk.now)
    us.agent.subscribe(COLLEAGUE, "dialog", us.desk.now)

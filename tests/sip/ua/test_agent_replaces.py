"""Replaces in an INVITE (RFC 3891), forks told apart, and 3xx that are never followed."""

from __future__ import annotations

import pytest

from tests.sip.agents import ANSWER, OFFER, PBX, config
from tests.sip.registrar import Desk
from tests.sip.ua.calls import CONTACT, SDP, Called, Caller
from tests.sip.ua.requests import ask, give, side
from tui.sip import (
    CallEnded,
    Ignored,
    InviteAnswered,
    InviteReceived,
    InviteRefused,
    LocalProtocolError,
    Progress,
    Response,
)


class Replaced(Called):
    """We are in a call; the test sends an INVITE that shall take its place."""

    def __init__(self) -> None:
        super().__init__(session_expires=0, transfers=True, trusted=())

    def second(self, value: str | None, *more: tuple[str, str], branch: str = "two") -> list[int]:
        lines = (("Replaces", value), *more) if value else more
        wire = ask(
            "INVITE",
            call_id=f"call-{branch}",
            from_="<sip:1003@example.test>;tag=third",
            branch=f"z9hG4bK{branch}",
            lines=lines,
        )
        return give(self.us, wire)

    def names(self, suffix: str = "") -> str:
        return f"call;to-tag={self.tag};from-tag=b{suffix}"


def test_an_invite_with_replaces_names_the_call_whose_place_it_takes() -> None:
    us = Replaced()
    old = us.up()
    assert us.second(us.names(), ("Require", "replaces")) == [100]
    event = us.us.last(InviteReceived)
    assert event.replaces == old
    assert us.us.all(InviteReceived)[0].replaces is None
    assert not us.us.all(CallEnded)
    us.us.agent.accept(event.call, ANSWER, 1.0)
    assert us.us.one(CallEnded) == CallEnded(old, False, 200, "replaced")
    sent = us.us.sent[-2:]
    assert sent[0].startswith(b"SIP/2.0 200")
    assert sent[1].startswith(b"BYE ")


def test_a_replacing_call_that_is_refused_leaves_the_old_one_alone() -> None:
    us = Replaced()
    us.up()
    us.second(us.names())
    us.us.agent.reject(us.us.last(InviteReceived).call, 486, 1.0)
    assert us.us.only().status == 486
    assert not us.us.all(CallEnded)


def test_a_call_that_ended_meanwhile_is_not_ended_again() -> None:
    us = Replaced()
    us.up()
    us.second(us.names())
    us.inside("BYE")
    us.us.agent.accept(us.us.last(InviteReceived).call, ANSWER, 1.0)
    assert us.us.only().status == 200
    assert len(us.us.all(CallEnded)) == 1


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("call;to-tag=other;from-tag=b", 481),
        ("call;to-tag={tag};from-tag=other", 481),
        ("other;to-tag={tag};from-tag=b", 481),
        ("call;to-tag={tag};from-tag=b;early-only", 486),
        ("call;to-tag={tag}", 400),
        ("nonsense", 400),
        ("call;to-tag={tag};from-tag=b;to-tag=z", 400),
    ],
)
def test_a_replaces_that_names_no_call_that_is_up_is_refused(value: str, status: int) -> None:
    us = Replaced()
    us.up()
    assert us.second(value.format(tag=us.tag))[-1] == status
    assert len(us.us.all(InviteReceived)) == 1


def test_two_replaces_are_400() -> None:
    us = Replaced()
    us.up()
    assert us.second(us.names(), ("Replaces", us.names())) == [400]


def test_a_call_that_rings_here_cannot_be_taken_away() -> None:
    us = Replaced()
    call = us.invite()
    us.us.agent.ring(call, 0.0)
    us.tag = us.us.only().to.tag
    assert us.second(us.names()) == [481]


def test_a_call_that_is_over_is_declined() -> None:
    us = Replaced()
    us.up()
    us.inside("BYE")
    assert us.second(us.names()) == [603]
    assert us.second("call;to-tag=x;from-tag=b", branch="three") == [481]


def test_a_call_of_ours_that_still_rings_there_may_be_replaced_and_is_cancelled() -> None:
    caller = Caller(transfers=True, trusted=())
    caller.hear(180, CONTACT)
    value = f"{caller.invite.call_id};to-tag={caller.invite.from_.tag};from-tag=far;early-only"
    agent = caller.side.agent
    agent.receive_data(ask("INVITE", lines=(("Replaces", value),)), caller.now)
    event = caller.side.one(InviteReceived)
    assert event.replaces == caller.call
    agent.accept(event.call, ANSWER, caller.now)
    caller.side.take()
    assert b"CANCEL " in b"".join(caller.side.sent)
    caller.hear(487)
    assert caller.side.one(InviteRefused).status == 487


def test_a_call_of_ours_that_is_being_cancelled_already_is_not_cancelled_twice() -> None:
    caller = Caller(transfers=True, trusted=())
    caller.hear(180, CONTACT)
    agent = caller.side.agent
    agent.cancel(caller.call, caller.now)
    value = f"{caller.invite.call_id};to-tag={caller.invite.from_.tag};from-tag=far"
    agent.receive_data(ask("INVITE", lines=(("Replaces", value),)), caller.now)
    agent.accept(caller.side.one(InviteReceived).call, ANSWER, caller.now)
    caller.side.take()
    assert sum(data.startswith(b"CANCEL ") for data in caller.side.sent) == 1


def test_a_replaced_call_whose_ack_waited_for_an_answer_is_acked_before_its_bye() -> None:
    desk = Desk(config(register=False, transfers=True, trusted=(), session_expires=0))
    call = desk.side.agent.invite("sip:1002@example.test", None, desk.now)
    invite = desk.request()
    desk.reply(invite, 200, CONTACT, SDP, body=OFFER)
    value = f"{invite.call_id};to-tag={invite.from_.tag};from-tag=srv"
    desk.side.agent.receive_data(ask("INVITE", lines=(("Replaces", value),)), desk.now)
    desk.side.take()
    desk.side.agent.accept(desk.side.one(InviteReceived).call, ANSWER, desk.now)
    sent = [message for message in desk.side.messages() if not isinstance(message, Response)]
    assert [message.method for message in sent] == ["ACK", "BYE"]
    assert desk.side.one(CallEnded).call == call


def test_who_is_told_of_no_transfers_refuses_to_require_replaces() -> None:
    us = side()
    wire = ask("INVITE", lines=(("Require", "replaces"), ("Replaces", "a;to-tag=1;from-tag=2")))
    us.agent.receive_data(wire, 0.0)
    response = us.only()
    assert response.status == 420
    assert response.headers.get("Unsupported") == "replaces"
    plain = ask("INVITE", branch="z9hG4bKtwo", call_id="2", lines=(("Replaces", "nonsense"),))
    assert give(us, plain) == [100]
    assert us.one(InviteReceived).replaces is None


# ---------------------------------------------------------------- forking


def test_each_phone_that_rings_is_told_apart_and_the_one_that_answered_is_named() -> None:
    caller = Caller()
    caller.hear(180, CONTACT, tag="one")
    caller.hear(183, CONTACT, SDP, tag="two", body=ANSWER)
    caller.hear(180, tag="")
    caller.hear(200, CONTACT, SDP, tag="two", body=ANSWER)
    told = [(each.status, each.sdp, each.tag) for each in caller.side.all(Progress)]
    assert told == [(180, None, "one"), (183, ANSWER, "two"), (180, None, "")]
    assert caller.side.one(InviteAnswered).tag == "two"


def test_a_fork_without_end_is_told_but_not_kept() -> None:
    caller = Caller(transfers=True, trusted=())
    for number in range(20):
        caller.hear(180, CONTACT, tag=f"far{number}")
    caller.hear(180, CONTACT, tag="far1")
    assert len(caller.side.all(Progress)) == 21
    own = caller.invite.from_.tag
    for number, status in ((1, 100), (19, 481)):
        value = f"{caller.invite.call_id};to-tag={own};from-tag=far{number}"
        wire = ask("INVITE", lines=(("Replaces", value),), branch=f"z9hG4bK{number}",
                   call_id=str(number))  # fmt: skip
        assert give(caller.side, wire, caller.now) == [status]


# ---------------------------------------------------------------- 3xx


def test_a_302_is_told_with_where_it_leads_the_most_wanted_first_and_never_followed() -> None:
    caller = Caller()
    caller.hear(
        302,
        ("Contact", "<sip:low@example.test?Replaces=x>;q=0.1, <tel:+12000000001>;q=0.5"),
        ("Contact", "<sip:best@example.test;method=BYE?Route=y>, <mailto:a@example.test>"),
        ("Contact", "<sip:odd@example.test>;q=much"),
    )
    refused = caller.side.one(InviteRefused)
    assert refused.status == 302
    assert refused.targets == (
        "sip:best@example.test",
        "sip:odd@example.test",
        "tel:+12000000001",
        "sip:low@example.test",
    )
    assert caller.methods() == []  # the ACK went with the response
    assert [data.split()[0] for data in caller.side.sent] == [b"INVITE", b"ACK"]


@pytest.mark.parametrize(("status", "contact"), [(302, "<<>>"), (302, "*"), (486, "<sip:a@b>")])
def test_a_refusal_that_leads_nowhere_has_no_targets(status: int, contact: str) -> None:
    caller = Caller()
    caller.hear(status, ("Contact", contact))
    assert caller.side.one(InviteRefused).targets == ()


# ---------------------------------------------------------------- an ordinary PBX


@pytest.mark.parametrize(
    "uri",
    ["sip:1001_00011170@10.0.0.5", "sip:02500001234@aaaa.invalid;transport=ws",
     "sip:aaaa.invalid", "sip:1001_00011170@example.test", "tel:+1-555-0100",
     "sip:+15550100@example.test;user=phone", "sip:%2B15550100;npdi@192.0.2.1"],
)  # fmt: skip
def test_an_ordinary_pbx_may_name_us_in_its_own_way(uri: str) -> None:
    us = side(trusted=())
    stranger = "<sip:anybody@elsewhere.test>;tag=b"
    assert give(us, ask("INVITE", uri=uri, from_=stranger)) == [100]


@pytest.mark.parametrize("uri", ["sip:1002@example.test", "tel:1001", "sip:example.test"])
def test_an_ordinary_pbx_does_not_reach_us_by_anothers_name(uri: str) -> None:
    assert give(side(trusted=()), ask("INVITE", uri=uri))[-1] == 486


def test_a_number_of_the_world_is_ours_for_calls_at_a_pbx_alone() -> None:
    number = "sip:+15550100@example.test"
    assert give(side(), ask("INVITE", uri=number)) == [486]
    us = side(trusted=(), message_types=("text/plain",))
    assert give(us, ask("MESSAGE", uri=number, content_type="text/plain", body=b"x")) == [403]


def test_who_reads_no_message_leaves_it_out_of_allow() -> None:
    us = side(trusted=(), message_types=())
    assert give(us, ask("MESSAGE", content_type="text/plain")) == [405]
    assert us.one(Ignored).what == "MESSAGE, which nothing here is for: 405"


def test_what_a_pbx_says_of_a_call_beside_its_sdp_is_surfaced() -> None:
    us = side(trusted=())
    lines = (
        ("P-Asserted-Identity", '"Boss" <sip:1009@example.test>, <tel:+12000000001>'),
        ("Alert-Info", "<http://example.test/ring>;info=alert-external"),
        ("Call-Info", "<sip:example.test>;answer-after=0"),
        ("Answer-Mode", "Auto;require"),
        ("Referred-By", f"<{PBX}>"),
    )
    us.agent.receive_data(ask("INVITE", lines=lines), 0.0)
    event = us.one(InviteReceived)
    assert event.asserted is not None
    assert event.asserted.uri.user == "1009"
    for name, value in lines[1:]:
        assert event.headers.get(name) == value
    with pytest.raises(LocalProtocolError):
        us.agent.accept_refer(event.call, 0.0)

"""INVITE as UAC: provisionals, CANCEL, forks, challenges, the ACK (RFC 3261 §9, §13.2, §17.1)."""

from __future__ import annotations

import pytest

from tests.sip.agents import AGENT, ANSWER, OFFER, PBX, Pair, config, pbx_config
from tests.sip.registrar import Desk, answer, field
from tests.sip.ua.calls import CONTACT, SDP, Caller
from tui.sip import (
    CallEnded,
    HangUpRefused,
    Ignored,
    InviteAnswered,
    InviteCancelled,
    InviteReceived,
    InviteRefused,
    LocalProtocolError,
    Progress,
    Request,
)


def test_an_invite_carries_contact_allow_supported_and_the_offer() -> None:
    desk = Desk(config(register=False))
    extra = [("Alert-Info", "<urn:alert:service:normal>")]
    desk.side.agent.invite("sip:1002@example.test", OFFER, desk.now, extra)
    invite = desk.request()
    assert invite.headers.get("Contact") == "<sip:1001_00011170@aaaa.invalid;transport=ws;ob>"
    assert invite.content_type == "application/sdp"
    assert invite.body == OFFER
    assert invite.headers.get("Session-Expires") == "1800"
    assert invite.headers.get("Min-SE") == "90"
    assert invite.headers.get("Alert-Info") == "<urn:alert:service:normal>"
    assert "UPDATE" not in invite.headers.get_all("Allow")
    assert "P-Asserted-Identity" not in invite.headers


def test_a_phone_that_is_out_of_the_call_has_no_early_dialog_any_more() -> None:
    caller = Caller()
    for tag in ("a", "b"):
        caller.hear(183, SDP, tag=tag, body=ANSWER)
    caller.hear(199, tag="a")
    caller.hear(199, tag="")
    assert [each.status for each in caller.side.all(Progress)] == [183, 183, 199, 199]
    (call,) = caller.side.agent._book
    assert list(call.early) == ["b"]
    caller.hear(200, CONTACT, tag="b")
    assert caller.side.one(InviteAnswered).sdp == ANSWER


def test_our_name_is_quoted() -> None:
    desk = Desk(config(register=False, display_name='A "quoted" \\ name'))
    desk.side.agent.invite("sip:1002@example.test", OFFER, desk.now)
    assert desk.request().from_.display_name == 'A "quoted" \\ name'


@pytest.mark.parametrize(
    "more", [";rport=5066;received=1.2.3.4", ";received=1.2.3.4;received=10.0.0.1;i=1;i=2"]
)
def test_an_answer_counts_whatever_was_written_beside_the_branch_of_our_via(more: str) -> None:
    caller = Caller()
    via = caller.invite.headers.get("Via") or ""
    caller.invite.headers.set("Via", via + more)
    caller.hear_ok()
    assert caller.side.one(InviteAnswered)


def test_an_answer_with_two_branches_is_nobodys() -> None:
    caller = Caller()
    caller.invite.headers.set("Via", f"{caller.invite.headers.get('Via')};branch=z9hG4bKother")
    caller.hear_ok()
    assert not caller.side.all(InviteAnswered)


def test_100_is_silent_and_180_and_183_are_told() -> None:
    caller = Caller()
    caller.hear(100, tag="")
    caller.hear(180)
    caller.hear(183, SDP, body=ANSWER)
    assert caller.side.all(Progress) == [
        Progress(caller.call, 180, None, "far", reason="Because"),
        Progress(caller.call, 183, ANSWER, "far", reason="Because"),
    ]
    assert caller.side.agent.next_deadline() == caller.now + 600.0  # the user's own limit


def test_a_2xx_is_acked_to_its_contact_by_its_route_and_again_for_each_repeat() -> None:
    caller = Caller()
    routes = ("Record-Route", "<sip:near.test;lr>, <sip:far.test;lr>")
    for _ in range(3):
        caller.hear(200, CONTACT, SDP, routes, body=ANSWER)
    acks = caller.sends()
    assert [ack.method for ack in acks] == ["ACK"] * 3
    assert acks[0].to_bytes() == acks[2].to_bytes()
    ack = acks[0]
    assert ack.uri == "sip:callee@far.invalid;transport=ws"
    assert ack.headers.get_all("Route") == ["<sip:far.test;lr>", "<sip:near.test;lr>"]
    assert ack.cseq.number == caller.invite.cseq.number
    assert ack.branch != caller.invite.branch
    assert ack.to.tag == "far"
    assert caller.side.all(object) == [InviteAnswered(caller.call, ANSWER, "far")]


def test_a_refusal_is_acked_by_the_transaction_with_the_invites_own_branch() -> None:
    caller = Caller()
    caller.hear(486)
    (ack,) = caller.sends()
    assert (ack.method, ack.uri, ack.branch) == ("ACK", caller.invite.uri, caller.invite.branch)
    assert ack.to.tag == "far"
    assert caller.side.one(InviteRefused) == InviteRefused(caller.call, 486, "Because")
    with pytest.raises(LocalProtocolError):
        caller.side.agent.cancel(caller.call, caller.now)


def test_a_redirection_is_never_followed() -> None:
    caller = Caller()
    caller.hear(302, ("Contact", "<sip:premium@far.test>"))
    assert caller.methods() == ["ACK"]
    assert caller.side.one(InviteRefused).status == 302


def test_no_answer_at_all_ends_after_32_seconds() -> None:
    caller = Caller()
    assert caller.wake() == 32.0
    assert caller.side.one(InviteRefused).status == 408


def test_a_lost_flow_ends_a_call_that_is_not_answered() -> None:
    caller = Caller()
    caller.hear(180)
    caller.side.agent.connection_lost(caller.now)
    refused = InviteRefused(caller.call, 503, "flow lost", flow_lost=True)
    assert caller.side.one(InviteRefused) == refused


@pytest.mark.parametrize("how", ["asked", "rings", "given up"])
def test_what_rings_there_when_the_flow_is_lost_is_cancelled_over_the_next_one(how: str) -> None:
    caller = Caller()
    if how != "asked":
        caller.hear(180)
    if how == "given up":
        caller.side.agent.cancel(caller.call, caller.now)
        assert caller.methods() == ["CANCEL"]
    caller.side.agent.connection_lost(caller.now)
    assert caller.side.one(InviteRefused).flow_lost
    for more in (["CANCEL"], []):  # once
        caller.side.agent.connection_made(caller.now)
        sent = caller.sends()
        assert [request.method for request in sent] == more
        for cancel in sent:
            assert (cancel.branch, cancel.uri) == (caller.invite.branch, caller.invite.uri)
            assert cancel.cseq.number == caller.invite.cseq.number
            caller.reply(cancel, 200)
        caller.side.agent.connection_lost(caller.now)


# ---------------------------------------------------------------- CANCEL


def test_a_cancel_waits_for_the_first_provisional() -> None:
    caller = Caller()
    caller.side.agent.cancel(caller.call, caller.now)
    caller.quiet()
    caller.hear(100, tag="")
    (cancel,) = caller.sends()
    assert cancel.method == "CANCEL"
    assert cancel.branch == caller.invite.branch
    assert cancel.headers.get("Via") == caller.invite.headers.get("Via")
    assert cancel.cseq.number == caller.invite.cseq.number
    assert cancel.to.tag is None
    caller.hear(180)
    caller.quiet()
    caller.side.agent.receive_data(answer(cancel, 200), caller.now)
    caller.hear(487)
    assert caller.methods() == ["ACK"]
    assert caller.side.all(object) == [InviteRefused(caller.call, 487, "Because")]
    assert caller.side.agent.next_deadline() is None


def test_a_cancel_after_a_provisional_goes_at_once_and_only_once() -> None:
    caller = Caller()
    caller.hear(180)
    caller.side.agent.cancel(caller.call, caller.now)
    assert caller.methods() == ["CANCEL"]
    with pytest.raises(LocalProtocolError):
        caller.side.agent.cancel(caller.call, caller.now)


def test_a_2xx_that_crosses_the_cancel_is_acked_and_then_byed() -> None:
    caller = Caller()
    caller.hear(180)
    caller.side.agent.cancel(caller.call, caller.now)
    caller.sends()
    caller.hear_ok()
    ack, bye = caller.sends()
    assert (ack.method, bye.method) == ("ACK", "BYE")
    assert bye.uri == "sip:callee@far.invalid;transport=ws"
    caller.side.agent.receive_data(answer(bye, 200), caller.now)
    caller.hear_ok()
    assert caller.methods() == ["ACK"]
    assert not caller.side.all(InviteAnswered)
    assert caller.side.one(InviteRefused).status == 487


def test_a_cancel_that_nobody_answers_ends_after_32_seconds() -> None:
    caller = Caller()
    caller.hear(180)
    caller.side.agent.cancel(caller.call, caller.now)
    caller.wake()
    while not caller.side.all(InviteRefused):
        caller.wake()
    assert caller.now == 532.0
    assert caller.side.one(InviteRefused).status == 487


def test_a_challenge_after_a_cancel_is_not_answered() -> None:
    caller = Caller()
    caller.side.agent.cancel(caller.call, caller.now)
    caller.hear(401, caller.challenge())
    assert caller.methods() == ["ACK"]
    assert caller.side.one(InviteRefused).status == 401


def test_a_422_after_a_cancel_is_the_end() -> None:
    caller = Caller()
    caller.side.agent.cancel(caller.call, caller.now)
    caller.hear(422, ("Min-SE", "9000"))
    assert caller.methods() == ["ACK"]
    assert caller.side.one(InviteRefused).status == 422


# ---------------------------------------------------------------- forks


def test_every_fork_that_answers_is_acked_and_all_but_the_first_byed() -> None:
    caller = Caller()
    caller.hear(180, tag="one")
    caller.hear(180, tag="two")
    caller.hear_ok("one")
    assert caller.methods() == ["ACK"]
    caller.hear_ok("two")
    ack, bye = caller.sends()
    assert (ack.method, ack.to.tag) == ("ACK", "two")
    assert (bye.method, bye.to.tag) == ("BYE", "two")
    caller.hear_ok("two")
    caller.hear_ok("one")
    assert [(r.method, r.to.tag) for r in caller.sends()] == [("ACK", "two"), ("ACK", "one")]
    assert len(caller.side.all(InviteAnswered)) == 1
    caller.hear(183, tag="three")
    assert len(caller.side.all(Progress)) == 2


def test_a_fork_that_answers_after_the_call_is_over_is_byed_too() -> None:
    caller = Caller()
    caller.hear_ok("one")
    caller.side.agent.bye(caller.call, caller.now)
    caller.sends()
    caller.hear_ok("two")
    assert caller.methods() == ["ACK", "BYE"]


def test_forks_that_cross_a_cancel_are_all_byed_and_the_end_is_told_once() -> None:
    caller = Caller()
    caller.hear(180)
    caller.side.agent.cancel(caller.call, caller.now)
    caller.sends()
    for tag in ("one", "two"):
        caller.hear_ok(tag)
        assert caller.methods() == ["ACK", "BYE"]
    assert len(caller.side.all(InviteRefused)) == 1


def test_a_2xx_after_32_seconds_is_nothing_that_we_asked() -> None:
    caller = Caller()
    caller.hear_ok()
    caller.sends()
    caller.wake()
    caller.hear_ok()
    assert caller.methods() == []
    assert caller.side.one(Ignored)


# ---------------------------------------------------------------- offer in the 2xx


def test_an_invite_without_sdp_gets_its_answer_into_the_ack() -> None:
    desk = Desk(config(register=False))
    call = desk.side.agent.invite("sip:1002@example.test", None, desk.now)
    invite = desk.request()
    assert invite.body == b""
    assert invite.content_type == ""
    for _ in range(2):
        desk.reply(invite, 200, CONTACT, SDP, body=OFFER)
    desk.quiet()
    assert desk.side.one(InviteAnswered) == InviteAnswered(call, OFFER, "srv")
    with pytest.raises(LocalProtocolError):
        desk.side.agent.reinvite(call, OFFER, desk.now)
    desk.side.agent.acknowledge(call, ANSWER, desk.now)
    ack = desk.request()
    assert (ack.method, ack.body, ack.content_type) == ("ACK", ANSWER, "application/sdp")
    desk.reply(invite, 200, CONTACT, SDP, body=OFFER)
    assert desk.request().to_bytes() == ack.to_bytes()
    with pytest.raises(LocalProtocolError):
        desk.side.agent.acknowledge(call, ANSWER, desk.now)


def test_hanging_up_before_the_answer_acks_first() -> None:
    desk = Desk(config(register=False))
    call = desk.side.agent.invite("sip:1002@example.test", None, desk.now)
    desk.reply(desk.request(), 200, CONTACT, SDP, body=OFFER)
    desk.side.agent.bye(call, desk.now)
    sent = desk.side.messages()
    requests = [message for message in sent if isinstance(message, Request)]
    assert len(requests) == len(sent)
    assert [message.method for message in requests] == ["ACK", "BYE"]


def test_an_incoming_call_is_not_acknowledged_by_hand() -> None:
    pair = Pair()
    at_a, _ = pair.call()
    with pytest.raises(LocalProtocolError):
        pair.a.agent.acknowledge(at_a, ANSWER, pair.now)


# ---------------------------------------------------------------- odd answers


def test_a_2xx_without_contact_or_with_a_broken_one_is_acked_to_the_first_target() -> None:
    for contact in ((), (("Contact", "<<"),), (("Record-Route", "<<"), CONTACT)):
        caller = Caller()
        caller.hear(200, *contact, SDP, body=ANSWER)
        (ack,) = caller.sends()
        assert ack.method == "ACK"
        assert "Route" not in ack.headers


def test_a_challenge_to_an_invite_is_answered_for_the_pinned_realm() -> None:
    desk = Desk(config(session_expires=0))
    desk.registered()
    call = desk.side.agent.invite("sip:1002@example.test", OFFER, desk.now)
    first = desk.request()
    desk.reply(first, 100)
    desk.reply(first, 407, ("Proxy-Authenticate", desk.challenge(nonce="i1")[1]))
    ack, second = desk.side.messages()
    assert isinstance(ack, Request)
    assert isinstance(second, Request)
    assert (ack.method, second.method) == ("ACK", "INVITE")
    assert second.call_id == first.call_id
    assert second.from_.tag == first.from_.tag
    assert second.cseq.number == first.cseq.number + 1
    assert "Proxy-Authorization" in second.headers
    desk.side.agent.cancel(call, desk.now)
    desk.quiet()  # the 1xx before the challenge was for another INVITE
    desk.reply(second, 100)
    cancel = desk.request()
    assert cancel.branch == second.branch


def dialled(desk: Desk) -> Request:
    """The INVITE of a call of ours."""
    desk.side.agent.invite("sip:1002@example.test", OFFER, desk.now)
    return desk.request()


def proofs(request: object) -> list[str]:
    """The realms that a request has a proof of the password for."""
    assert isinstance(request, Request)
    values = (*request.headers.get_all("Authorization"),)
    return [field(each, "realm") for each in values]


@pytest.mark.parametrize("registered", [True, False])
def test_a_realm_that_the_sign_in_did_not_meet_is_told_by_its_name(registered: bool) -> None:
    desk = Desk(config(register=registered, session_expires=0))
    if registered:
        desk.registered()
    desk.reply(dialled(desk), 401, desk.challenge(realm="asterisk"))
    (ack,) = desk.side.messages()
    assert isinstance(ack, Request)
    assert ack.method == "ACK"
    refused = desk.side.one(InviteRefused)
    assert (refused.status, refused.realm) == (401, "asterisk")
    assert refused.reason == "Because: a realm that is not ours (asterisk)"


@pytest.mark.parametrize("registered", [True, False])
def test_a_realm_that_is_named_besides_is_answered_and_no_other(registered: bool) -> None:
    desk = Desk(config(register=registered, session_expires=0, realms=("asterisk",)))
    if registered:
        desk.registered()
    desk.reply(dialled(desk), 401, desk.challenge(realm="asterisk"))
    _, invite = desk.side.messages()
    assert proofs(invite) == ["asterisk"]
    assert isinstance(invite, Request)
    desk.reply(invite, 401, desk.challenge(realm="stranger.test"))
    (ack,) = desk.side.messages()
    assert isinstance(ack, Request)
    assert ack.method == "ACK"
    assert desk.side.one(InviteRefused).realm == "stranger.test"


def test_who_is_named_besides_keeps_nobody_from_asking_at_the_sign_in() -> None:
    desk = Desk(config(session_expires=0, realms=("asterisk",)))
    assert proofs(desk.registered()) == ["example.test"]
    desk.reply(dialled(desk), 401, desk.challenge(realm="asterisk"))
    assert proofs(desk.side.messages()[-1]) == ["asterisk"]


def test_an_ack_has_the_credentials_of_its_invite() -> None:
    desk = Desk(config(session_expires=0))
    desk.registered()
    call = desk.side.agent.invite("sip:1002@example.test", OFFER, desk.now)
    proxy = "Proxy-Authenticate", desk.challenge(nonce="i1")[1]
    desk.reply(desk.request(), 407, proxy)
    invite = desk.side.messages()[-1]
    assert isinstance(invite, Request)
    desk.reply(invite, 200, CONTACT, SDP, body=ANSWER)
    ack = desk.request()
    proof = invite.headers.get("Proxy-Authorization")
    assert (ack.method, ack.headers.get("Proxy-Authorization")) == ("ACK", proof)
    desk.side.agent.reinvite(call, OFFER, desk.now)
    desk.reply(desk.request(), 401, desk.challenge(nonce="i2"))
    again = desk.side.messages()[-1]
    assert isinstance(again, Request)
    desk.reply(again, 200, CONTACT, SDP, body=ANSWER)
    ack = desk.request()
    assert ack.headers.get("Authorization") == again.headers.get("Authorization") != proof
    assert "Proxy-Authorization" not in ack.headers


def test_a_stranger_who_challenges_our_bye_gets_no_credentials() -> None:
    desk = Desk(config(session_expires=0))
    desk.registered()
    call = desk.side.agent.invite("sip:1002@example.test", OFFER, desk.now)
    desk.reply(desk.request(), 200, CONTACT, SDP, body=ANSWER)
    desk.side.take()
    desk.side.agent.bye(call, desk.now)
    desk.reply(desk.request(), 401, desk.challenge(realm="stranger.test"))
    desk.quiet()


def hung_up(desk: Desk) -> Request:
    """A call of ours that was answered, hung up; its BYE."""
    call = desk.side.agent.invite("sip:1002@example.test", OFFER, desk.now)
    desk.reply(desk.request(), 200, CONTACT, SDP, body=ANSWER)
    desk.side.take()
    desk.wake()  # nothing of the INVITE is alive any more
    desk.side.agent.bye(call, desk.now)
    return desk.request()


@pytest.mark.parametrize(
    ("status", "after", "pauses"),
    [
        *((status, None, (1.0, 4.0, 10.0)) for status in (491, 500, 502, 503, 504)),
        (503, "2", (2.0, 4.0, 10.0)),
        (480, "0", (1.0, 4.0, 10.0)),
        (503, "86400", (32.0, 32.0, 32.0)),
    ],
)
def test_a_hang_up_that_is_refused_for_the_moment_is_said_again_three_times(
    status: int, after: str | None, pauses: tuple[float, ...]
) -> None:
    desk = Desk(config(register=False, session_expires=0))
    bye = hung_up(desk)
    lines = [("Retry-After", after)] if after else []
    for pause in pauses:
        desk.reply(bye, status, *lines)
        assert desk.wake() == pause
        last, bye = bye, desk.request()
        assert (bye.method, bye.cseq.number) == ("BYE", last.cseq.number + 1)
    assert not desk.side.all(HangUpRefused)
    desk.reply(bye, status, *lines)
    desk.quiet()
    assert desk.side.one(HangUpRefused).status == status
    assert desk.side.agent.next_deadline() is None


@pytest.mark.parametrize("status", [200, 408, 481])
def test_a_hang_up_that_finds_no_call_there_any_more_is_said_once(status: int) -> None:
    desk = Desk(config(register=False, session_expires=0))
    desk.reply(hung_up(desk), status)
    desk.quiet()
    assert not desk.side.all(HangUpRefused)


def test_a_hang_up_that_is_refused_for_good_is_told_with_its_words() -> None:
    desk = Desk(config(register=False, session_expires=0))
    desk.reply(hung_up(desk), 403, ("Warning", '399 pbx "the customer stays"'))
    told = desk.side.one(HangUpRefused)
    assert (told.status, told.reason) == (403, "Because: the customer stays")
    assert "sip:1002@example.test" in told.peer


def test_a_hang_up_that_waits_to_be_said_again_goes_out_with_the_next_flow() -> None:
    desk = Desk(config(register=False, session_expires=0))
    desk.reply(hung_up(desk), 503)
    desk.side.agent.connection_lost(desk.now)
    desk.wake()
    desk.quiet()
    desk.connect()
    assert desk.request().method == "BYE"


def test_who_picked_up_as_we_gave_up_and_is_not_to_be_hung_up_on_is_told_of() -> None:
    caller = Caller()
    caller.hear(180)
    caller.side.agent.cancel(caller.call, caller.now)
    caller.hear_ok()
    bye = caller.sends()[-1]
    assert bye.method == "BYE"
    caller.reply(bye, 403)
    assert caller.side.one(HangUpRefused).call == caller.call


def test_a_fork_that_refuses_its_bye_is_no_call_of_ours_to_tell_of() -> None:
    caller = Caller()
    caller.hear_ok("far")
    caller.hear_ok("other")
    caller.reply(caller.sends()[-1], 403)
    assert not caller.side.all(HangUpRefused)


def given_up(caller: Caller) -> Request:
    """A call that rings there, given up; its CANCEL."""
    caller.hear(180)
    caller.side.agent.cancel(caller.call, caller.now)
    return caller.request()


def test_a_cancel_that_is_refused_is_said_again_while_it_rings_there() -> None:
    caller = Caller()
    cancel = given_up(caller)
    for pause in (1.0, 4.0, 10.0):
        caller.reply(cancel, 503)
        assert caller.wake() == pause
        last, cancel = cancel, caller.request()
        assert (cancel.method, cancel.branch) == ("CANCEL", last.branch)
    caller.reply(cancel, 503)
    caller.hear(487)
    caller.side.take()
    assert caller.side.one(InviteRefused).status == 487
    assert caller.side.agent.next_deadline() is None


@pytest.mark.parametrize("status", [200, 481])
def test_a_cancel_that_was_taken_or_finds_nothing_is_said_once(status: int) -> None:
    caller = Caller()
    caller.reply(given_up(caller), status)
    assert caller.wake() == 32.0
    caller.quiet()


def test_a_cancel_is_not_said_again_of_what_has_its_end() -> None:
    caller = Caller()
    cancel = given_up(caller)
    caller.reply(cancel, 503)
    caller.hear(486)
    caller.side.take()
    caller.wake()
    caller.quiet()


def test_the_call_limit_holds_for_our_calls_too() -> None:
    desk = Desk(config(register=False, max_calls=1))
    desk.side.agent.invite("sip:1002@example.test", OFFER, desk.now)
    with pytest.raises(LocalProtocolError):
        desk.side.agent.invite("sip:1002@example.test", OFFER, desk.now)


@pytest.mark.parametrize("target", ["", "nobody", "sip:a b@c", "sip:a@b\r\nX: y"])
def test_a_target_that_is_no_uri_is_refused_and_leaves_no_call(target: str) -> None:
    desk = Desk(config(register=False, max_calls=1))
    with pytest.raises(LocalProtocolError):
        desk.side.agent.invite(target, OFFER, desk.now)
    desk.side.agent.invite("sip:1002@example.test", OFFER, desk.now)


def test_a_header_that_cannot_be_said_is_refused_and_leaves_nothing() -> None:
    desk = Desk(config(register=False, max_calls=1))
    with pytest.raises(LocalProtocolError):
        desk.side.agent.invite("sip:1@example.test", OFFER, desk.now, [("X", "a\r\nY: b")])
    desk.quiet()
    assert desk.side.agent.next_deadline() is None


def test_commands_out_of_place_are_refused() -> None:
    agent = Desk(config(register=False), connect=False).side.agent
    with pytest.raises(LocalProtocolError):
        agent.invite(PBX, OFFER, 0.0)
    for command in (
        lambda: agent.cancel("none", 0.0),
        lambda: agent.bye("none", 0.0),
        lambda: agent.ring("none", 0.0),
        lambda: agent.accept("none", b"", 0.0),
        lambda: agent.reject("none", 486, 0.0),
        lambda: agent.reinvite("none", b"", 0.0),
        lambda: agent.info("none", "a/b", b"", 0.0),
    ):
        with pytest.raises(LocalProtocolError):
            command()
    up = Caller()
    up.hear_ok()
    with pytest.raises(LocalProtocolError):
        up.side.agent.cancel(up.call, 0.0)
    caller = Caller()
    for command in (
        lambda: caller.side.agent.bye(caller.call, 0.0),
        lambda: caller.side.agent.accept(caller.call, b"", 0.0),
        lambda: caller.side.agent.info(caller.call, "a/b", b"", 0.0),
        lambda: caller.side.agent.acknowledge(caller.call, b"", 0.0),
    ):
        with pytest.raises(LocalProtocolError):
            command()


# ---------------------------------------------------------------- both ends


def test_a_cancel_reaches_the_other_side_and_both_agree() -> None:
    pair = Pair()
    at_b = pair.b.agent.invite(AGENT, OFFER, pair.now)
    pair.pump()
    at_a = pair.a.one(InviteReceived).call
    pair.a.agent.ring(at_a, pair.now)
    pair.pump()
    pair.b.agent.cancel(at_b, pair.now)
    pair.pump()
    assert pair.starts() == [
        "b INVITE", "a 100", "a 180", "b CANCEL", "a 200", "a 487", "b ACK",
    ]  # fmt: skip
    assert pair.a.one(InviteCancelled).call == at_a
    assert pair.b.one(InviteRefused).status == 487
    with pytest.raises(LocalProtocolError):
        pair.a.agent.accept(at_a, ANSWER, pair.now)


def test_a_call_between_two_agents_of_the_same_make() -> None:
    pair = Pair(b=pbx_config(outbound=True))
    at_a, at_b = pair.call()
    pair.b.agent.bye(at_b, pair.now)
    pair.pump()
    assert pair.a.one(CallEnded) == CallEnded(at_a, True, 200, "")
    assert pair.b.one(CallEnded) == CallEnded(at_b, False, 200, "")
    pair.advance(40.0)
    assert pair.a.agent.next_deadline() is None
    assert pair.b.agent.next_deadline() is None


def test_a_strict_router_gets_its_own_address_as_request_uri() -> None:
    caller = Caller()
    caller.hear(200, CONTACT, SDP, ("Record-Route", "<sip:far.test;lr>, <sip:old.test>"), body=b"v")
    (ack,) = caller.sends()
    assert ack.uri == "sip:old.test"
    assert ack.headers.get_all("Route") == [
        "<sip:far.test;lr>",
        "<sip:callee@far.invalid;transport=ws>",
    ]

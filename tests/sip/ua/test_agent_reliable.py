"""Provisional responses that are confirmed (RFC 3262): ours that ring, theirs that we PRACK, and
the 421 that asks for it."""

from __future__ import annotations

import pytest

from tests.sip.agents import AGENT, ANSWER, OFFER, Pair, pbx_config
from tests.sip.registrar import Desk, answer
from tests.sip.ua.calls import CONTACT, SDP, Called, Caller
from tests.sip.ua.requests import ask
from tui.sip import (
    CallEnded,
    Established,
    InviteAnswered,
    InviteCancelled,
    InviteReceived,
    InviteRefused,
    LocalProtocolError,
    Progress,
    Response,
    parse_message,
)

CONFIRMED = ("Require", "100rel")


def number(rseq: object) -> tuple[str, str]:
    return "RSeq", str(rseq)


# ------------------------------------------------------------ we call


def test_an_invite_with_an_offer_says_that_we_confirm_and_one_without_does_not() -> None:
    caller = Caller()
    assert "100rel" in caller.invite.headers.get_all("Supported")
    assert "PRACK" in caller.invite.headers.get_all("Allow")
    desk = Desk(caller.side.agent.config)
    desk.side.agent.invite("sip:1002@example.test", None, desk.now)
    assert "100rel" not in desk.request().headers.get_all("Supported")


def test_a_1xx_that_requires_it_is_confirmed_in_its_own_dialog() -> None:
    caller = Caller()
    routes = ("Record-Route", "<sip:near.test;lr>, <sip:far.test;lr>")
    caller.hear(183, CONFIRMED, number(7), CONTACT, routes, SDP, body=ANSWER)
    (prack,) = caller.sends()
    assert (prack.method, prack.uri) == ("PRACK", "sip:callee@far.invalid;transport=ws")
    assert prack.headers.get_all("Route") == ["<sip:far.test;lr>", "<sip:near.test;lr>"]
    first = caller.invite.cseq.number
    assert prack.headers.get("RAck") == f"7 {first} INVITE"
    assert (prack.cseq.number, prack.to.tag, prack.body) == (first + 1, "far", b"")
    assert caller.side.one(Progress).sdp == ANSWER


def test_each_is_confirmed_once_and_in_turn_and_any_other_counts_for_nothing() -> None:
    caller = Caller()
    for rseq in (7, 7, 9, 6, 8):
        caller.hear(180, CONFIRMED, number(rseq), CONTACT)
    confirmed = [prack.headers.get("RAck") for prack in caller.sends()]
    first = caller.invite.cseq.number
    assert confirmed == [f"7 {first} INVITE", f"8 {first} INVITE"]
    assert len(caller.side.all(Progress)) == 2


@pytest.mark.parametrize("rseq", ["", "seven", "7 8", "-1", "99999999999"])
def test_a_number_that_cannot_be_read_is_not_confirmed_and_is_heard_all_the_same(
    rseq: str,
) -> None:
    caller = Caller()
    caller.hear(180, CONFIRMED, number(rseq), CONTACT)
    caller.hear(180, number(3), CONTACT)  # nothing requires it
    assert caller.methods() == []
    assert len(caller.side.all(Progress)) == 2


def test_each_phone_of_a_fork_has_numbers_of_its_own_and_its_bye_comes_after_its_prack() -> None:
    caller = Caller()
    caller.hear(180, CONFIRMED, number(7), CONTACT, tag="one")
    caller.hear(180, CONFIRMED, number(70), CONTACT, tag="two")
    caller.hear(180, CONFIRMED, number(71), CONTACT, tag="two")
    first = caller.invite.cseq.number
    assert [(each.to.tag, each.cseq.number) for each in caller.sends()] == [
        ("one", first + 1),
        ("two", first + 1),
        ("two", first + 2),
    ]
    caller.hear_ok("one")
    caller.hear_ok("two")
    caller.side.agent.bye(caller.call, caller.now)
    said = [(each.method, each.to.tag, each.cseq.number) for each in caller.sends()]
    assert said == [
        ("ACK", "one", first),
        ("ACK", "two", first),
        ("BYE", "two", first + 3),
        ("BYE", "one", first + 2),
    ]


def test_a_1xx_from_nobody_in_particular_or_of_a_fork_too_many_is_heard_and_not_confirmed() -> None:
    caller = Caller()
    caller.hear(180, CONFIRMED, number(7), tag="")
    for fork in range(17):
        caller.hear(180, CONFIRMED, number(7), CONTACT, tag=f"fork{fork}")
    assert len(caller.methods()) == 16
    assert len(caller.side.all(Progress)) == 18


def test_without_an_offer_of_ours_nothing_is_confirmed() -> None:
    desk = Desk(Caller().side.agent.config)
    desk.side.agent.invite("sip:1002@example.test", None, desk.now)
    invite = desk.request()
    ringing = answer(invite, 183, CONFIRMED, number(7), CONTACT, SDP, tag="far", body=OFFER)
    desk.side.agent.receive_data(ringing, desk.now)
    assert desk.side.messages() == []
    desk.side.agent.receive_data(answer(invite, 200, CONTACT, tag="far"), desk.now)
    assert desk.side.one(InviteAnswered).sdp is None


def test_what_is_being_given_up_is_not_confirmed() -> None:
    caller = Caller()
    caller.side.agent.cancel(caller.call, caller.now)
    caller.hear(180, CONFIRMED, number(7), CONTACT)
    assert caller.methods() == ["CANCEL"]


@pytest.mark.parametrize("outcome", [200, 481, None])
def test_what_becomes_of_a_prack_changes_nothing(outcome: int | None) -> None:
    caller = Caller()
    caller.hear(180, CONFIRMED, number(7), CONTACT)
    (prack,) = caller.sends()
    if outcome is None:
        caller.now += 32.0
        caller.side.agent.handle_timeout(caller.now)
    else:
        caller.side.agent.receive_data(answer(prack, outcome), caller.now)
    caller.hear_ok()
    assert caller.methods() == ["ACK"]
    assert caller.side.one(InviteAnswered).sdp == ANSWER


def test_a_200_without_an_answer_has_that_of_the_1xx_of_the_same_phone() -> None:
    caller = Caller()
    caller.hear(183, CONFIRMED, number(7), CONTACT, SDP, tag="one", body=OFFER)
    caller.hear(183, CONFIRMED, number(7), CONTACT, SDP, tag="two", body=ANSWER)
    caller.hear(200, CONTACT, tag="two")
    answered = caller.side.one(InviteAnswered)
    assert (answered.tag, answered.sdp) == ("two", ANSWER)


@pytest.mark.parametrize("wants", ["100rel", "timer, 100rel"])
def test_a_421_for_what_we_have_is_asked_again_with_that_required_once(wants: str) -> None:
    caller = Caller()
    caller.hear(421, ("Require", wants))
    ack, again = caller.sends()
    assert ack.method == "ACK"
    assert again.headers.get_all("Require") == wants.split(", ")
    assert again.cseq.number == caller.invite.cseq.number + 1
    caller.invite = again
    caller.hear(421, ("Require", wants))
    refused = caller.side.one(InviteRefused)
    assert (refused.status, refused.reason) == (421, f"Because: {wants}")


@pytest.mark.parametrize("lines", [(), (("Require", "precondition"),)])
def test_a_421_for_what_we_have_not_is_told_with_what_it_wants(
    lines: tuple[tuple[str, str], ...],
) -> None:
    caller = Caller()
    caller.hear(421, *lines)
    assert caller.methods() == ["ACK"]
    said = ["Because", *(value for _, value in lines)]
    assert caller.side.one(InviteRefused).reason == ": ".join(said)


def test_a_421_to_an_invite_without_an_offer_or_one_given_up_is_told() -> None:
    desk = Desk(Caller().side.agent.config)
    desk.side.agent.invite("sip:1002@example.test", None, desk.now)
    refusal = answer(desk.request(), 421, CONFIRMED, tag="far")
    desk.side.agent.receive_data(refusal, desk.now)
    assert desk.side.one(InviteRefused).status == 421
    caller = Caller()
    caller.hear(180)
    caller.side.agent.cancel(caller.call, caller.now)
    caller.hear(421, CONFIRMED)
    assert caller.methods() == ["CANCEL", "ACK"]
    assert caller.side.one(InviteRefused).status == 421


# ------------------------------------------------------------ they call


class Confirming(Called):
    """A caller who requires that each 1xx be confirmed."""

    def __init__(self) -> None:
        super().__init__(session_expires=0)
        self.call = self.invite(lines=(CONFIRMED,))
        self.us.agent.ring(self.call, 0.0)
        self.ringing = self.us.only()
        self.tag = self.ringing.to.tag
        self.rseq = int(self.ringing.headers.get("RSeq"))

    def prack(self, rack: str = "", now: float = 0.0) -> list[int]:
        lines = (("RAck", rack or f"{self.rseq} 1 INVITE"),)
        return self.inside("PRACK", now=now, lines=lines)

    def rings(self, until: float) -> list[float]:
        """When the 180 was said again, up to that time."""
        times = []
        while (due := self.us.agent.next_deadline()) is not None and due <= until:
            self.us.agent.handle_timeout(due)
            times += [due for data in self.us.take() if b" 180 " in data]
        return times


def test_a_call_that_requires_it_rings_until_its_prack() -> None:
    caller = Confirming()
    headers = caller.ringing.headers
    assert caller.ringing.status == 180
    assert headers.get_all("Require") == ["100rel"]
    assert 1 <= caller.rseq < 2**31
    assert caller.rings(4.0) == [0.5, 1.5, 3.5]
    assert caller.prack() == [200]
    assert caller.rings(59.0) == []
    assert caller.prack() == [481]  # it is confirmed already


def test_what_nobody_confirms_is_said_for_64_t1_and_refused_then() -> None:
    caller = Confirming()
    assert caller.rings(31.9) == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert caller.us.agent.next_deadline() == 32.0
    caller.us.agent.handle_timeout(32.0)
    refused = caller.us.only()
    assert (refused.status, refused.reason, refused.to.tag) == (504, "No PRACK", caller.tag)
    assert caller.us.one(InviteCancelled) == InviteCancelled(caller.call, unconfirmed=True)
    assert caller.prack(now=32.1) == [481]
    assert caller.us.agent.next_deadline() == 64.0  # the wait for the ACK to the refusal
    with pytest.raises(LocalProtocolError):
        caller.us.agent.accept(caller.call, ANSWER, 33.0)


def test_who_has_confirmed_that_it_rings_is_not_refused_for_a_later_one() -> None:
    caller = Confirming()
    assert caller.prack() == [200]
    assert caller.rings(300.0) == [60.0, 60.5, 61.5, 63.5, 67.5, 75.5, 91.5]
    caller.us.agent.accept(caller.call, ANSWER, 300.0)
    assert caller.us.only().status == 200


def test_a_call_that_is_taken_before_its_prack_is_not_refused_for_that() -> None:
    caller = Confirming()
    assert caller.rings(20.0)
    caller.us.agent.accept(caller.call, ANSWER, 20.0)
    assert caller.us.only().status == 200
    assert caller.prack(now=31.0) == [200]  # late, and no fault
    caller.inside("ACK", cseq="1", now=31.0)
    assert caller.us.one(Established).call == caller.call
    assert caller.rings(60.0) == []
    assert not caller.us.all(CallEnded)


def test_a_minute_later_it_is_said_again_under_the_next_number() -> None:
    caller = Confirming()
    assert caller.prack() == [200]
    assert caller.rings(60.0) == [60.0]
    again = parse_message(caller.us.sent[-1])
    assert isinstance(again, Response)
    assert again.headers.get("RSeq") == str(caller.rseq + 1)
    assert caller.prack() == [481]
    assert caller.prack(f"{caller.rseq + 1} 1 INVITE") == [200]


@pytest.mark.parametrize("rack", ["1 1 INVITE", "{n} 2 INVITE", "{n} 1 BYE", "{n}", "x y z"])
def test_a_prack_of_anything_else_is_481_and_it_rings_on(rack: str) -> None:
    caller = Confirming()
    caller.rseq = 5 if caller.rseq == 1 else caller.rseq
    assert caller.prack(rack.format(n=caller.rseq)) == [481]
    assert caller.rings(1.0) == [0.5]


@pytest.mark.parametrize("end", ["accept", "reject", "cancel"])
def test_it_is_not_said_again_once_the_call_has_its_answer(end: str) -> None:
    caller = Confirming()
    if end == "accept":
        caller.us.agent.accept(caller.call, ANSWER, 0.0)
    elif end == "reject":
        caller.us.agent.reject(caller.call, 486, 0.0)
    else:
        caller.us.agent.receive_data(ask("CANCEL", cseq="1"), 0.0)
        assert caller.us.one(InviteCancelled).call == caller.call
    assert caller.rings(40.0) == []


def test_to_an_invite_without_an_offer_nothing_is_said_until_the_answer() -> None:
    pair = Pair(b=pbx_config(session_expires=0))
    at_b = pair.b.agent.invite(AGENT, None, pair.now, (CONFIRMED,))
    pair.pump()
    at_a = pair.a.one(InviteReceived).call
    pair.a.agent.ring(at_a, pair.now)
    pair.pump()
    assert pair.starts()[-1] == "a 100"
    pair.a.agent.accept(at_a, OFFER, pair.now)
    with pytest.raises(LocalProtocolError):
        pair.a.agent.ring(at_a, pair.now)
    pair.pump()
    assert pair.b.one(InviteAnswered).call == at_b


def test_a_prack_of_no_call_or_of_one_that_asked_for_none_is_481() -> None:
    caller = Called(session_expires=0)
    caller.us.agent.receive_data(ask("PRACK", branch="z9hG4bKnone"), 0.0)
    assert caller.us.only().status == 481
    caller.up()
    assert caller.inside("PRACK", lines=(("RAck", "1 1 INVITE"),)) == [481]


@pytest.mark.parametrize("lost", ["", "PRACK"])
def test_two_of_us_confirm_to_each_other_and_talk(lost: str) -> None:
    pair = Pair(b=pbx_config(session_expires=0))
    pair.drop = lambda side, data: bool(lost) and data.startswith(lost.encode())
    at_b = pair.b.agent.invite(AGENT, OFFER, pair.now, (CONFIRMED,))
    pair.pump()
    at_a = pair.a.last(InviteReceived).call
    pair.a.agent.ring(at_a, pair.now)
    pair.pump()
    pair.advance(2.0)
    assert pair.starts().count("b PRACK") == 1
    assert pair.starts().count("a 180") == (3 if lost else 1)
    pair.a.agent.accept(at_a, ANSWER, pair.now)
    pair.pump()
    assert pair.b.one(InviteAnswered).call == at_b
    assert pair.a.one(Established).call == at_a
    pair.b.agent.bye(at_b, pair.now)
    pair.pump()
    assert pair.a.one(CallEnded).by_peer

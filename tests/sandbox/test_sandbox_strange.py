"""The platform at its most unlike: each strangeness is on the wire, and comes again by its seed."""

from __future__ import annotations

import random
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.sandbox.conftest import Console
from tests.waiting import until
from tui.platform import control
from tui.platform import messages as m
from tui.sandbox.fixtures import SALES, Fixtures
from tui.sandbox.options import SandboxOptions
from tui.sandbox.pbx.dialplan import Behaviour
from tui.sandbox.pbx.pbx import Pbx
from tui.sandbox.pbx.timers import Times
from tui.sandbox.server import Sandbox
from tui.sandbox.strange.bodies import dress, not_for_the_agent
from tui.sandbox.strange.contacts import LONGEST, OTHERS, SHORTEST, contact_lines, granted
from tui.sandbox.strange.delivery import AFTER_AN_END, StrangeDelivery
from tui.sandbox.strange.dice import Dice
from tui.sandbox.strange.headers import dress_frame, from_the_edge
from tui.sandbox.strange.replies import LATE, StrangeReplies
from tui.sandbox.strange.unrest import Unrest
from tui.sandbox.strange.web import MORE, OPTIONAL, vary
from tui.sip import Request, Response, parse_message
from tui.sip import events as sip
from tui.sip.message.header_values import parse_name_addr

CC = "18000000000000001conf_1800000000000"
EID = "61234"
SEEDS = range(200)
SAID: list[m.PlatformMessage] = [
    m.StatusChanged(1),
    m.NewCall(CC, "12000000001"),
    m.NewCall(CC, "1002", EID),
    m.CancelCall(CC),
    m.Answered(CC, "12000000001"),
    m.Ended(CC, "26", 7),
    m.CalloutResponse("503", CC, "12000000001", 'busy, "now"'),
    m.CallinResponse("200", CC, "1002", "", EID),
    m.CallinFailed(CC),
    m.TransferSucceeded(CC),
    m.TransferFailed(CC),
    m.StatusAfterCallResponse("200", CC),
    m.ThreewayResponse(CC, "1", "agent not idle"),
    m.ThreewayResult(CC, "0"),
    m.Held(CC, "1001_0000ef32"),
]


def root_of(body: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(body)


# ---------------------------------------------------------------- control messages


@pytest.mark.parametrize("message", SAID, ids=lambda each: type(each).__name__)
def test_a_dressed_message_keeps_all_that_it_says_in_its_root(message: m.PlatformMessage) -> None:
    plain = control.encode(message)
    said = root_of(plain).attrib
    for seed in SEEDS:
        root = root_of(dress(plain, random.Random(seed)))
        assert said.items() <= root.attrib.items()
        assert root.tag == root_of(plain).tag


def test_declarations_orders_quotes_attributes_and_children_vary() -> None:
    plain = control.encode(m.NewCall(CC, "12000000001"))
    bodies = [dress(plain, random.Random(seed)).decode() for seed in SEEDS]
    for form in (r"^<\?xml", r"^<cc", r"a='100'", r'a="100"', r"<cc\s[^>]*/>", r"</cc>\s*$"):
        assert any(re.search(form, body) for body in bodies), form
    roots = [root_of(body.encode()) for body in bodies]
    orders = {tuple(key for key in root.attrib if key in "acn") for root in roots}
    assert len(orders) == 6
    assert {len(root) for root in roots} == {0, 1, 2}
    more = {key for root in roots for key in root.attrib}
    assert {"b", "f", "v", "ts", "trace-id"} <= more


def test_a_dressed_kick_still_names_one_agent_in_its_place() -> None:
    plain = control.encode(m.Kicked("1001", "Li Ming", "895", EID))
    tags = set()
    for seed in SEEDS:
        root = root_of(dress(plain, random.Random(seed)))
        (u,) = root.findall("./a/u")
        assert (u.get("n"), u.get("r"), u.get("nm")) == ("1001_0000ef32", "895", "Li Ming")
        tags |= {each.tag for each in root}
        assert u.get("a") == "o"
    assert tags == {"a", "m", "b"}


def test_what_is_not_for_the_agent_never_signs_this_agent_out() -> None:
    kicks = 0
    for seed in SEEDS:
        body = not_for_the_agent("1001", CC, "0000ef32", random.Random(seed))
        for u in root_of(body).findall("./a/u"):
            kicks += 1
            assert u.get("n") != "1001_0000ef32"
    assert kicks


def test_the_same_seed_dresses_alike_and_another_does_not() -> None:
    plain = control.encode(m.NewCall(CC, "12000000001"))
    one, again, other = (
        [dress(plain, Dice(seed).once("dress", str(n))) for n in range(20)] for seed in (5, 5, 6)
    )
    assert one == again
    assert one != other


# ---------------------------------------------------------------- SIP messages

INVITE = (
    b"INVITE sip:1001_0000ef32@203.0.113.5;transport=ws SIP/2.0\r\n"
    b"Via: SIP/2.0/WS sandbox.invalid;branch=z9hG4bKabc;rport\r\n"
    b"Max-Forwards: 70\r\n"
    b'From: "Sandbox, Trading" <sip:PBX@sandbox.invalid>;tag=aa\r\n'
    b"To: <sip:1001_0000ef32@sandbox.invalid>\r\n"
    b"Call-ID: 77@sandbox.invalid\r\nCSeq: 3 INVITE\r\n"
    b"Contact: <sip:PBX@sandbox.invalid;transport=ws>\r\n"
    b"Supported: outbound, path\r\nSupported: replaces\r\n"
    b"Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"
)
OK = (
    b"SIP/2.0 200 OK\r\nVia: SIP/2.0/WS 1.invalid;branch=z9hG4bKdef\r\n"
    b"From: <sip:1001@sandbox.invalid>;tag=bb\r\nTo: <sip:1001@sandbox.invalid>;tag=cc\r\n"
    b"Call-ID: 78@sandbox.invalid\r\nCSeq: 4 REGISTER\r\n"
    b"Contact: <sip:a@192.0.2.1;transport=ws>;expires=20\r\n"
    b"Contact: <sip:b@192.0.2.2;transport=ws>;expires=30\r\nContent-Length: 0\r\n\r\n"
)


def test_a_dressed_sip_message_says_the_same() -> None:
    plain = parse_message(INVITE)
    for seed in SEEDS:
        (frame,) = dress_frame(INVITE, random.Random(seed))
        told = parse_message(frame)
        assert isinstance(told, Request)
        assert (told.method, told.body, told.call_id) == ("INVITE", plain.body, plain.call_id)
        assert (told.cseq, told.from_.tag, told.to.tag) == (plain.cseq, "aa", None)
        assert [each.branch for each in told.via] == ["z9hG4bKedgeabc", "z9hG4bKabc"]
        supported = ",".join(told.headers.get_all("supported")).replace(" ", "")
        assert supported == "outbound,path,replaces"
        assert told.content_type == plain.content_type
        assert told.contacts == plain.contacts
    for seed in SEEDS:
        *before, last = dress_frame(OK, random.Random(seed))
        for each in map(parse_message, before):
            assert isinstance(each, Response)
            assert 100 <= each.status < 200
        told = parse_message(last)
        assert isinstance(told, Response)
        assert (told.status, told.to.tag) == (200, "cc")
        assert [each.uri.user for each in told.contacts] == ["a", "b"]


def test_forms_folds_spaces_orders_phrases_and_unknown_codes_vary() -> None:
    frames = [each for seed in SEEDS for each in dress_frame(INVITE, random.Random(seed))]
    frames += [each for seed in SEEDS for each in dress_frame(OK, random.Random(seed))]
    for form in (
        *(rb"\r\nv:", rb"\r\nV ?:", rb"\r\nCALL-ID", rb"\r\ni:", rb"\r\nl\s*:", rb"\r\nReason"),
        *(rb"\r\n[ \t]+\S", rb" \t:", rb"INVITE [^\r]+\r\n(?!Via|VIA|via|v|V)", rb"SIP/2.0 175 "),
        *(rb"SIP/2.0 200 \r\n", rb"30\r\n|30, *<", rb"edge[^\r]+,\s*SIP/2.0", rb"note=", rb"19\d "),
    ):
        assert any(re.search(form, frame) for frame in frames), form


def test_the_edge_takes_its_own_via_off_an_answer() -> None:
    above = b"Via: SIP/2.0/WS edge.invalid:443;branch=z9hG4bKedgeabc"
    below = b"Via: SIP/2.0/WS sandbox.invalid;branch=z9hG4bKabc"
    rest = b"\r\nCSeq: 3 INVITE\r\n\r\nbody"
    for first in (above + b"\r\n" + below, above + b", " + below[5:]):
        handed = from_the_edge(b"SIP/2.0 200 OK\r\n" + first + rest)
        assert handed.replace(b"Via:  ", b"Via: ") == b"SIP/2.0 200 OK\r\n" + below + rest
    assert from_the_edge(INVITE) == INVITE


# ---------------------------------------------------------------- when they come


Sent = list[tuple[str, bytes, str]]


async def delivered(seed: int, *messages: m.PlatformMessage) -> tuple[Sent, StrangeDelivery]:
    """What is sent when a platform says these at once."""
    sent: Sent = []

    def send(un: str, body: bytes, content_type: str) -> bool:
        sent.append((un, body, content_type))
        return True

    fixtures = Fixtures()
    pbx = Pbx(fixtures, rng=random.Random(1))
    delivery = StrangeDelivery(Dice(seed), fixtures, pbx, send)
    for each in messages:
        delivery.say("1001", each, 2 if isinstance(each, m.NewCall | m.CancelCall) else 1)
    await until(lambda: not any(box.parcels for box in delivery._outboxes.values()))
    return sent, delivery


def codes(sent: Sent) -> list[str]:
    """The code of each message in it, where it is one of the call's."""
    roots = [root_of(body) for _, body, _ in sent]
    return [root.get("a", "") for root in roots if root.tag == "cc"]


async def test_everything_is_said_one_to_three_times_and_in_order() -> None:
    counts = set()
    for seed in range(12):
        sent, _ = await delivered(seed, m.NewCall(CC, "1"), m.CancelCall(CC))
        said = [code for code in codes(sent) if code in ("100", "101")]
        assert said == sorted(said)
        counts |= {said.count("100"), said.count("101")}
    assert counts == {1, 2, 3}


async def test_an_end_and_the_status_after_it_change_places_at_some_seeds() -> None:
    orders = set()
    for seed in range(12):
        sent, _ = await delivered(seed, m.Ended(CC, "26", 1), m.StatusChanged(1))
        said = [code for code in codes(sent) if code in ("1", "105")]
        assert set(said) == {"1", "105"}
        orders.add(said[0])
    assert orders == {"1", "105"}


async def test_an_answer_and_the_end_never_change_places() -> None:
    for seed in range(12):
        sent, _ = await delivered(seed, m.Answered(CC, "1"), m.Ended(CC, "26", 1))
        said = [code for code in codes(sent) if code in ("104", "105")]
        assert said == sorted(said)


async def test_messages_that_are_nobodys_come_among_the_others() -> None:
    tags, content_types = set(), set()
    for seed in range(16):
        sent, _ = await delivered(seed, m.StatusChanged(1))
        tags |= {root_of(body).tag for _, body, _ in sent}
        content_types |= {content_type for _, _, content_type in sent}
    assert tags & {"o", "mn", "notice", "sync"}
    assert len(content_types) == 3


async def test_deliveries_of_the_same_seed_are_the_same() -> None:
    script = (m.NewCall(CC, "1"), m.Answered(CC, "1"), m.Ended(CC, "26", 1), m.StatusChanged(1))
    one, again, other = [(await delivered(seed, *script))[0] for seed in (4, 4, 5)]
    assert one == again
    assert one != other


async def test_a_call_that_is_over_here_rings_again_only_after_a_while() -> None:
    sent, delivery = await delivered(1, m.Ended(CC, "26", 1))
    over = time.monotonic()
    delivery.say("1001", m.NewCall(CC, "1"), 2)
    await until(lambda: "100" in codes(sent))
    assert time.monotonic() - over > AFTER_AN_END - 0.1
    delivery.forget_all()


# ---------------------------------------------------------------- 200s


def test_a_200_is_late_or_lost_and_never_where_nothing_else_tells() -> None:
    late = lost = 0
    for seed in SEEDS:
        replies = StrangeReplies(Dice(seed))
        for message in (
            m.Hold(CC, "x"),
            m.Resume(CC, "x"),
            m.JoinGroup(SALES, EID),
            m.JoinGroup(SALES, EID),
            m.Answer(CC),
        ):
            delay = replies.delay("1001", message)
            late += bool(delay)
            lost += delay is None and isinstance(message, m.Answer)
            if isinstance(message, m.Hold | m.Resume):
                assert delay is not None
            assert delay is None or 0 <= delay <= LATE
    assert late
    assert lost


def test_the_200_to_a_group_is_lost_at_the_first_time_at_most() -> None:
    firsts = []
    for seed in SEEDS:
        replies = StrangeReplies(Dice(seed))
        firsts.append(replies.delay("1001", m.JoinGroup(SALES, EID)))
        for _ in range(3):
            assert replies.delay("1001", m.JoinGroup(SALES, EID)) is not None
    assert None in firsts


def test_a_status_whose_200_is_lost_is_said_instead() -> None:
    replies = StrangeReplies(Dice(1))
    assert replies.instead(m.SetStatus(2)) == m.StatusChanged(2)
    assert replies.instead(m.SetStatus(1)) == m.StatusChanged(1)
    assert replies.instead(m.Answer(CC)) is None


# ---------------------------------------------------------------- REGISTER


INSTANCE = "<urn:uuid:00000000-0000-4000-8000-000000000001>"
OURS = parse_name_addr(
    f'<sip:1001_0000ef32@a1b2.invalid;transport=ws>;+sip.instance="{INSTANCE}";reg-id=1'
)


def test_our_binding_is_rewritten_among_others_and_can_still_be_found() -> None:
    hosts, counts, malformed = set(), set(), False
    for seed in SEEDS:
        lines = contact_lines(Dice(seed), "1001", OURS, 20)
        contacts = [value for name, value in lines if name == "Contact"]
        (ours,) = [parse_name_addr(each) for each in contacts if INSTANCE in each]
        assert ours.params["expires"] == "20"
        assert ours.uri.user == "1001_0000ef32"
        hosts.add(ours.uri.host == "a1b2.invalid")
        counts.add(len(contacts))
        malformed |= any("5060transport" in each or each == "sip:;;;" for each in contacts)
    assert hosts == {True, False}
    assert counts == {1, 2, 3, 4}
    assert malformed
    assert len(OTHERS) > 3


def test_a_binding_lives_shortly_but_not_too_shortly() -> None:
    lives = {granted(Dice(seed), "1001", 600) for seed in SEEDS}
    assert min(lives) >= SHORTEST
    assert max(lives) <= LONGEST
    assert granted(Dice(1), "1001", 10) == 10


# ---------------------------------------------------------------- web


ANSWER: dict[str, Any] = {
    "status": 200,
    "info": "",
    "data": [{"gid": 1000000001, "name": "Sales", "seats": [{"number": "0101", "seid": 134}]}],
}


def test_an_answer_has_more_fields_and_lacks_optional_ones_alone() -> None:
    more, without, kinds = set(), set(), set()
    for seed in SEEDS:
        found = vary(ANSWER, random.Random(seed))
        group = found["data"][0]
        assert (found["status"], group["name"], group["seats"][0]["number"]) == (
            200,
            "Sales",
            "0101",
        )
        more |= found.keys() - ANSWER.keys()
        without |= ANSWER.keys() - found.keys()
        without |= {"seid"} - group["seats"][0].keys()
        kinds.add(type(group["gid"]))
        assert str(group["gid"]) == "1000000001"
    assert more == {name for name, _ in MORE}
    assert without == {"info", "seid"}
    assert without <= OPTIONAL
    assert kinds == {int, str}


def test_an_answer_of_the_same_seed_is_the_same() -> None:
    assert vary(ANSWER, Dice(3).once("web")) == vary(ANSWER, Dice(3).once("web"))


# ---------------------------------------------------------------- on the wire


@asynccontextmanager
async def strange(seed: int | None) -> AsyncIterator[Sandbox]:
    options = SandboxOptions(auto_call=None, strange=seed)
    box = Sandbox(options, times=Times(online=0.05))
    await box.start()
    try:
        yield box
    finally:
        await box.close()


@asynccontextmanager
async def console_at(box: Sandbox, un: str = "1001") -> AsyncIterator[Console]:
    one = Console(box, un, hz=880)
    try:
        yield one
    finally:
        await one.close()


def bodies(one: Console) -> list[bytes]:
    return [each.body for each in one.sip if isinstance(each, sip.MessageReceived)]


def heard(one: Console) -> list[str]:
    """The codes of what came, whatever stands beside them."""
    roots = [root_of(body) for body in bodies(one)]
    return [root.get("a", "") for root in roots if root.tag == "cc"]


async def signed_in(one: Console) -> None:
    """Web and registration, as far as a console that reads strictly can go."""
    await one.web_sign_in()
    await one.web("POST", "/seat/check-in", json={"gid": SALES, "callintype": 2, "number": ""})
    await one.connect()
    await one.until(lambda: "1" in heard(one))


def waiting(seed: int) -> bool:
    return Dice(seed).once("waits", "1001").random() < 0.3


def restarting(seed: int) -> list[int]:
    fixtures = Fixtures()
    pbx = Pbx(fixtures, rng=random.Random(1))
    return Unrest(Dice(seed), pbx, lambda: None, lambda since: True).after


def loses_none(seed: int) -> bool:
    """The 200s to an answer and a hang-up come: the tests' console, as every other that keeps its
    messages in order, waits for them."""
    replies = StrangeReplies(Dice(seed))
    return None not in (replies.delay("1001", m.Answer(CC)), replies.delay("1001", m.HangUp(CC)))


async def test_a_customer_waits_before_the_agent_has_registered() -> None:
    seed = next(each for each in SEEDS if waiting(each))
    async with strange(seed) as box, console_at(box) as one:
        ringing = box.pbx.queue.ring
        registered = []

        def ring(*given: Any, **more: Any) -> str:
            registered.append(box.pbx.seats["1001"].registered)
            return ringing(*given, **more)

        box.pbx.queue.ring = ring  # type: ignore[method-assign]
        await signed_in(one)
        (call,) = box.pbx.calls.values()
        assert (call.number, registered) == ("12000000031", [False])
        await one.until(lambda: "100" in heard(one))


async def test_a_whole_call_goes_through_and_is_dressed_on_the_wire() -> None:
    quiet = (each for each in SEEDS if not waiting(each) and not restarting(each))
    seed = next(each for each in quiet if loses_none(each))
    async with strange(seed) as box, console_at(box) as one:
        await signed_in(one)
        cc = box.pbx.queue.ring("12000000001", Behaviour(), time.monotonic(), target="1001")
        box.board.step()
        await one.until(lambda: "100" in heard(one))
        one.say(m.Answer(cc))
        await one.until(lambda: "104" in heard(one))
        one.say(m.HangUp(cc))
        await one.until(lambda: "105" in heard(one))
        plain = {control.encode(m.NewCall(cc, "12000000001")), control.encode(m.StatusChanged(1))}
        assert set(bodies(one)) - plain
        registered = next(each for each in one.sip if isinstance(each, sip.Registered))
        (ours,) = [each for each in registered.headers.get_all("Contact") if "00001001" in each]
        assert SHORTEST <= int(parse_name_addr(ours).params["expires"]) <= LONGEST


async def test_a_status_whose_200_is_lost_is_said_on_the_wire() -> None:
    quiet = (each for each in SEEDS if not waiting(each))
    seed = next(
        each for each in quiet if StrangeReplies(Dice(each)).delay("1001", m.SetStatus(2)) is None
    )
    async with strange(seed) as box, console_at(box) as one:
        await signed_in(one)
        id = one.say(m.SetStatus(2))
        await one.until(lambda: "2" in heard(one))
        assert box.pbx.seats["1001"].status == 2
        assert not any(isinstance(each, sip.RequestOutcome) and each.id == id for each in one.sip)


async def test_the_platform_restarts_by_itself_after_the_calls_that_the_seed_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tui.sandbox.strange.unrest.QUIET", 0.0)
    restless = (each for each in SEEDS if not waiting(each) and restarting(each)[:1] == [1])
    seed = next(each for each in restless if loses_none(each))
    async with strange(seed) as box, console_at(box) as one:
        await signed_in(one)
        cc = box.pbx.queue.ring("12000000001", Behaviour(), time.monotonic(), target="1001")
        box.board.step()
        one.say(m.Answer(cc))
        await one.until(lambda: "104" in heard(one))
        assert box.pbx.seats["1001"].registered
        one.say(m.HangUp(cc))
        await one.until(lambda: not box.pbx.seats["1001"].registered)
        assert box.pbx.calls == {}
        assert not box.tokens.checked_in("1001")


# ---------------------------------------------------------------- restarts on request


Make = Callable[..., Awaitable[Console]]


async def test_a_restart_forgets_registrations_calls_and_check_ins_but_not_tokens(
    sandbox: Sandbox, console: Make
) -> None:
    one = await console()
    cc = (await one.control("POST", "/ring", json={"un": "1001"}))["cc"]
    one.say(m.Answer((await one.until_told(m.NewCall)).ccnumber))
    await one.until_told(m.Answered)
    one.say(m.SetStatus(2))
    assert sandbox.tokens.checked_in("1001")
    await one.control("POST", "/restart")
    seat = sandbox.pbx.seats["1001"]
    assert (seat.registered, seat.status, seat.gid, seat.call) == (False, 0, "0", "")
    assert cc not in sandbox.pbx.calls
    assert not sandbox.board.registrar.bindings
    assert not sandbox.board.switching.legs
    assert not sandbox.tokens.checked_in("1001")
    assert sandbox.tokens.find(one.token) is not None


async def test_a_restart_can_end_the_tokens_too(sandbox: Sandbox, console: Make) -> None:
    one = await console()
    await one.control("POST", "/restart", json={"tokens": True})
    assert sandbox.tokens.find(one.token) is None


async def test_after_a_restart_the_same_console_registers_anew_with_a_fresh_nonce(
    sandbox: Sandbox, console: Make
) -> None:
    one = await console()
    await one.control("POST", "/restart")
    await one.until(lambda: not sandbox.board.registrar.bindings)
    await one.drop()
    await one.connect()
    await one.until(lambda: sandbox.pbx.seats["1001"].registered)
    await one.until(lambda: sandbox.pbx.seats["1001"].status == 1)

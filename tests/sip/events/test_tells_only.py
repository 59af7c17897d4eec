"""Headers that only tell something decide about no call: what cannot be read is not there. What
routes and matches stays strict (tests of messages and of admission)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sip.agents import AGENT, ANSWER, OFFER
from tests.sip.registrar import answer
from tests.sip.ua.calls import CONTACT, SDP, Called, Caller
from tests.sip.ua.requests import ask, give, side
from tui.sip import (
    AckWithSdp,
    CallEnded,
    DialogUpdated,
    Established,
    Headers,
    InfoReceived,
    InviteAnswered,
    InviteReceived,
    InviteRefused,
    NameAddr,
    Progress,
    ReinviteAccepted,
    ReinviteReceived,
    RemoteProtocolError,
    parse_name_addr,
)
from tui.sip.message.header_values import parse_party
from tui.sip.message.identity import asserted_all, is_withheld

TELLING = (
    *("P-Asserted-Identity", "Remote-Party-ID", "P-Preferred-Identity", "Session-Expires"),
    *("Min-SE", "Alert-Info", "Call-Info", "History-Info", "Diversion", "User-Agent", "Reason"),
    *("Answer-Mode", "Referred-By", "Expires", "Subject", "Privacy", "Date", "Timestamp"),
    *("Allow", "Supported", "Accept", "Organization", "Warning", "Server", "P-Charging-Vector"),
)
ODD = (
    *("<sip:@host>", "5550100", "1800;refresher", "soon", "<", "<<>>", '"', ";", ",", "*", "/"),
    *(
        '""unknown"" <sip:x@h>',
        "Smith & Sons <sip:x@h>",
        "=?utf-8?q?x?=",
        "\t",
        "<sip:a@b>;x=1;x=2",
    ),
)


@pytest.mark.parametrize("name", TELLING)
@pytest.mark.parametrize("value", ODD)
def test_a_call_rings_whatever_a_telling_header_says(name: str, value: str) -> None:
    us = side(trusted=())
    assert give(us, ask("INVITE", lines=((name, value),))) == [100]
    assert us.one(InviteReceived).sdp == OFFER


ANY_TEXT = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f"), max_size=60
)


@given(st.sampled_from(TELLING), ANY_TEXT)
def test_no_text_in_a_telling_header_refuses_a_call(name: str, value: str) -> None:
    us = side(trusted=())
    assert give(us, ask("INVITE", lines=((name, value),))) == [100]


NAMES = (
    ("Smith & Sons <sip:1001@h>", "Smith & Sons", "1001"),
    ("Sales (EU) <sip:1001@h>", "Sales (EU)", "1001"),
    ("Doe, Jane <sip:1001@h>", "Doe, Jane", "1001"),
    ("A/B <sip:1001@h>", "A/B", "1001"),
    ("jane@home <sip:1001@h>", "jane@home", "1001"),
    ("Line: 3 [new] <sip:1001@h>", "Line: 3 [new]", "1001"),
    ('""unknown"" <sip:1001@h>', "unknown", "1001"),
    ("<sip:@h>", "", ""),
    ('"Anonymous" <sip:@h>', "Anonymous", ""),
)


@pytest.mark.parametrize(("text", "name", "user"), NAMES)
def test_display_names_are_read_as_pbxs_write_them(text: str, name: str, user: str) -> None:
    found = parse_name_addr(f"{text};tag=x")
    assert (found.display_name, found.uri.user, found.tag) == (name, user, "x")
    assert parse_name_addr(str(found)) == found


@pytest.mark.parametrize(("text", "name", "user"), NAMES)
def test_a_caller_rings_whatever_his_name_is(text: str, name: str, user: str) -> None:
    us = side(trusted=())
    assert give(us, ask("INVITE", from_=f"{text};tag=b")) == [100]
    who = us.one(InviteReceived).from_
    assert (who.display_name, who.uri.user) == (name, user)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("<anonymous>", ""),
        ('"No number" <sip:an onymous@h>', "No number"),
        ("<sip:a@h:99999>", ""),
        ('"a" "b" <x y>', "a b"),
        ("< sip:bob@h >", ""),
    ],
)
def test_who_cannot_be_read_is_nobody_and_still_rings(text: str, name: str) -> None:
    us = side(trusted=())
    assert give(us, ask("INVITE", from_=f"{text};tag=b")) == [100]
    who = us.one(InviteReceived).from_
    assert who.display_name == name
    assert who.uri.user in ("anonymous", "bob")
    assert who.tag == "b"


@pytest.mark.parametrize("text", ["", ";tag=b", "<sip:a@h", '"x <sip:a@h>', "<a>;tag=1;tag=2"])
def test_a_from_whose_tag_is_not_sure_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_party(text)


def test_a_caller_who_cannot_be_read_is_never_the_pbx() -> None:
    us = side()
    assert give(us, ask("INVITE", from_="<sip:PB X@example.test>;tag=b")) == [486]
    assert us.all(InviteReceived) == []


@pytest.mark.parametrize(
    "to",
    [
        "Smith & Sons <sip:1002@example.test>;tag=far",
        '"a" "b" <sip:1002@example.test>;tag=far',
        "<sip:10 02@example.test>;tag=far",
        '"never closed <sip:1002@example.test>;tag=far',
        "sip:1002@example.test,x;tag=far",
        "<>;tag=far",
        ";tag=far",
    ],
)
def test_a_200_to_our_invite_is_acked_whatever_its_to_reads(to: str) -> None:
    caller = Caller()
    wire = answer(caller.invite, 200, CONTACT, SDP, body=ANSWER, tag="")
    line = next(each for each in wire.split(b"\r\n") if each.startswith(b"To:"))
    caller.side.agent.receive_data(wire.replace(line, f"To: {to}".encode()), caller.now)
    (ack,) = caller.side.take()
    assert ack.startswith(b"ACK ")
    assert f"\r\nTo: {to}\r\n".encode() in ack
    assert caller.side.one(InviteAnswered).tag == "far"


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40))
def test_a_200_is_acked_unless_its_tag_could_be_two(text: str) -> None:
    caller = Caller()
    wire = answer(caller.invite, 200, CONTACT, SDP, body=ANSWER, tag="")
    line = next(each for each in wire.split(b"\r\n") if each.startswith(b"To:"))
    to = text.replace("tag", "TXG").replace("\\", "").replace('"', "")
    caller.side.agent.receive_data(
        wire.replace(line, f"To: {to}<sip:a@b>;tag=far".encode()), caller.now
    )
    (ack,) = caller.side.take()
    assert ack.startswith(b"ACK ")


@pytest.mark.parametrize(
    ("lines", "user"),
    [
        ((), None),
        ((("P-Asserted-Identity", "5550100"),), None),
        ((("P-Asserted-Identity", "5550100, <sip:x@h>"),), "x"),
        ((("P-Asserted-Identity", "<sip:x@h>, <<>>"),), "x"),
        ((("P-Asserted-Identity", "<<>>"), ("P-Asserted-Identity", "<tel:+12>")), "+12"),
        ((("Remote-Party-ID", '"J" <sip:y@h>;party=calling;screen=yes'),), "y"),
        ((("Remote-Party-ID", "<sip:y@h>;screen=no"),), None),
        ((("Remote-Party-ID", "nonsense"), ("Remote-Party-ID", "<sip:z@h>")), "z"),
        ((("P-Asserted-Identity", "<sip:x@h>"), ("Remote-Party-ID", "<sip:y@h>")), "x"),
    ],
)
def test_who_the_server_says_is_there_is_the_first_that_can_be_read(
    lines: tuple[tuple[str, str], ...], user: str | None
) -> None:
    us = side(trusted=())
    assert give(us, ask("INVITE", lines=lines)) == [100]
    found = us.one(InviteReceived).asserted
    assert (found.uri.user if found else None) == user


def test_a_comma_in_a_name_without_quotes_stays_in_it() -> None:
    headers = Headers([("P-Asserted-Identity", "Smith, John <sip:x@h>, 55, <sip:y@h>")])
    assert [each.display_name for each in asserted_all(headers)] == ["Smith, John", ""]


@pytest.mark.parametrize(
    ("text", "withheld"),
    [
        ('"Anonymous" <sip:anonymous@anonymous.invalid>', True),
        ("<sip:Anonymous@pbx.test>", True),
        ("<sip:1234@anonymous.invalid>", True),
        ("<sip:@pbx.test>", True),
        ("<what is this>", True),
        ('"Anonymous" <sip:1001@pbx.test>', False),
        ("<tel:+12>", False),
        ("<urn:service:sos>", False),
    ],
)
def test_a_caller_who_does_not_say_who_he_is_is_known_as_such(text: str, withheld: bool) -> None:
    assert is_withheld(parse_party(text)) is withheld


# ---------------------------------------------------------------- who is there now

NEW = ("P-Asserted-Identity", '"Ann" <sip:2002@vm>')


def name(found: NameAddr | None) -> str:
    return found.display_name if found else ""


def test_every_answer_to_our_invite_says_who_took_it() -> None:
    caller = Caller()
    caller.hear(180, NEW)
    caller.hear(200, CONTACT, SDP, NEW, body=ANSWER)
    assert name(caller.side.one(Progress).asserted) == "Ann"
    assert name(caller.side.one(InviteAnswered).asserted) == "Ann"


def test_an_ack_and_a_reinvite_say_who_is_there_now() -> None:
    callee = Called(trusted=(), session_expires=0)
    call = callee.invite()
    callee.us.agent.accept(call, ANSWER, 0.0)
    callee.tag = callee.us.only().to.tag
    callee.inside("ACK", cseq="1", lines=(NEW,))
    assert name(callee.us.one(Established).asserted) == "Ann"
    callee.inside("INVITE", lines=(("Remote-Party-ID", "Bob <sip:2003@vm>"),))
    assert name(callee.us.one(ReinviteReceived).asserted) == "Bob"


def test_the_answer_to_our_reinvite_says_who_is_there_now() -> None:
    callee = Called(trusted=(), session_expires=0)
    call = callee.up()
    callee.us.agent.reinvite(call, OFFER, 0.0)
    ok = answer(callee.us.only(), 200, SDP, NEW, body=ANSWER)
    callee.us.agent.receive_data(ok, 0.0)
    accepted = callee.us.one(ReinviteAccepted)
    assert (accepted.sdp, name(accepted.asserted)) == (ANSWER, "Ann")


UNSCREENED = '"Carol" <sip:1003@vm>;party=called;privacy={};screen=no'
"""What Asterisk writes of whoever is there with `send_rpid`."""


@pytest.mark.parametrize(("privacy", "told"), [("off", "Carol"), ("full", ""), ("id", "")])
def test_who_took_our_call_is_told_though_nobody_screened_it_unless_it_is_private(
    privacy: str, told: str
) -> None:
    caller = Caller()
    said = "Remote-Party-ID", UNSCREENED.format(privacy)
    caller.hear(180, said)
    caller.hear(200, CONTACT, SDP, said, body=ANSWER)
    assert name(caller.side.one(Progress).asserted) == told
    assert name(caller.side.one(InviteAnswered).asserted) == told


def test_who_is_put_in_is_told_though_nobody_screened_it_and_a_screened_one_first() -> None:
    callee = Called(trusted=(), session_expires=0)
    callee.up()
    said = UNSCREENED.format("off")
    callee.inside("INVITE", lines=(("Remote-Party-ID", f"{said}, Bob <sip:2003@vm>;screen=yes"),))
    assert name(callee.us.last(ReinviteReceived).asserted) == "Bob"
    callee.us.agent.reject_reinvite(callee.us.last(ReinviteReceived).call, 488, 0.0)
    callee.us.take()
    callee.inside("INVITE", lines=(("Remote-Party-ID", said),))
    assert name(callee.us.last(ReinviteReceived).asserted) == "Carol"


# ---------------------------------------------------------------- FreeSWITCH


def displayed(number: str, who: str) -> tuple[tuple[str, str], ...]:
    """What FreeSWITCH writes of who is there, to a phone that has said that it reads it."""
    said = f'"{who}" <{number}>;party=calling;privacy=off;screen=no'
    theirs = ("X-FS-Display-Name", who), ("X-FS-Display-Number", number)
    return ("Remote-Party-ID", said), *theirs


@pytest.mark.parametrize(
    ("number", "who", "told"),
    [
        ("sip:1002@192.0.2.1", "Li Na", ("1002", "192.0.2.1", "Li Na")),
        ("1002", "Li Na", ("1002", "", "Li Na")),
        ("sip:1002", "_undef_", ("1002", "", "")),
        ("1002@pbx.test", "Outbound Call", ("1002", "pbx.test", "")),
        ("_undef_", "Li Na", None),
        ("", "Li Na", None),
        ("10 02", "Li Na", None),
    ],
)
def test_who_took_our_call_is_read_in_freeswitchs_own_headers(
    number: str, who: str, told: tuple[str, str, str] | None
) -> None:
    caller = Caller(transfers=True)
    assert caller.invite.headers.get("X-FS-Support") == "update_display"
    caller.hear(200, CONTACT, SDP, *displayed(number, who), body=ANSWER)
    found = caller.side.one(InviteAnswered).asserted
    assert (found and (found.uri.user, found.uri.host, found.display_name)) == told


def test_an_info_says_who_is_there_now() -> None:
    callee = Called(trusted=(), session_expires=0, transfers=True)
    call = callee.invite()
    callee.us.agent.ring(call, 0.0)
    ringing = callee.us.only()
    assert ringing.headers.get("X-FS-Support") == "update_display"
    callee.us.agent.accept(call, ANSWER, 0.0)
    callee.tag = callee.us.only().to.tag
    callee.inside("ACK", cseq="1")
    lines = ("X-FS-Display-Name", "Chen Wei"), ("X-FS-Display-Number", "1003")
    kind = "message/update_display"
    assert callee.inside("INFO", lines=lines, content_type=kind) == [200]
    told = callee.us.one(InfoReceived)
    assert told.content_type == kind
    assert told.asserted is not None
    assert (told.asserted.uri.user, told.asserted.display_name) == ("1003", "Chen Wei")


def test_an_info_says_who_rings_there_now() -> None:
    caller = Caller(trusted=(), transfers=True)
    caller.hear(180)
    wire = ask(
        "INFO",
        from_="<sip:1002@example.test>;tag=far",
        to=f"<{AGENT}>;tag={caller.invite.from_.tag}",
        call_id=caller.invite.call_id,
        lines=(("X-FS-Display-Name", "Chen Wei"), ("X-FS-Display-Number", "1003")),
    )
    assert give(caller.side, wire) == [200]
    told = caller.side.one(DialogUpdated)
    assert (told.call, told.asserted and told.asserted.uri.user) == (caller.call, "1003")


def test_where_there_are_no_transfers_nothing_of_it_is_said() -> None:
    assert Caller().invite.headers.get("X-FS-Support") is None


# ---------------------------------------------------------------- whose word it is


@pytest.mark.parametrize(
    ("vias", "ours"), [((), True), (("SIP/2.0/UDP far;branch=z9hG4bKx",), False)]
)
def test_what_the_registrar_itself_begins_over_our_registered_flow_is_its_own_word(
    vias: tuple[str, ...], ours: bool
) -> None:
    us = side(trusted=())
    lines = tuple(("Via", via) for via in vias)
    give(us, ask("INVITE", lines=lines))
    assert not us.one(InviteReceived).of_registrar
    us.agent.register(0.0)
    us.agent.receive_data(answer(us.only(), 200), 0.0)
    give(us, ask("INVITE", lines=lines, call_id="second", branch="z9hG4bKtwo"))
    assert us.last(InviteReceived).of_registrar is ours
    us.agent.connection_lost(0.0)
    us.agent.connection_made(0.0)
    us.take()
    give(us, ask("INVITE", lines=lines, call_id="third", branch="z9hG4bKthree"))
    assert not us.last(InviteReceived).of_registrar


@pytest.mark.parametrize(
    ("value", "interval"),
    [("1800;refresher", 1800), ("120;refresher=me", 120), ("120", 120), ("soon", 1800), ("", 1800)],
)
def test_a_session_timer_is_read_as_far_as_it_goes(value: str, interval: int) -> None:
    callee = Called(trusted=())
    call = callee.invite(lines=(("Session-Expires", value), ("Supported", "timer")))
    callee.us.agent.accept(call, ANSWER, 0.0)
    assert callee.us.only().headers.get("Session-Expires") == f"{interval};refresher=uas"


OPTIONAL = "session;handling=optional"


def test_a_multipart_ack_answers_our_offer() -> None:
    callee = Called(trusted=(), session_expires=0)
    wire = ask("INVITE", content_type="text/plain", lines=(("Content-Disposition", OPTIONAL),))
    callee.us.agent.receive_data(wire, 0.0)
    callee.us.take()
    call = callee.us.one(InviteReceived).call
    assert callee.us.one(InviteReceived).sdp is None
    callee.us.agent.accept(call, OFFER, 0.0)
    callee.tag = callee.us.only().to.tag
    body = b"--x\r\nContent-Type: application/sdp\r\n\r\n" + ANSWER + b"\r\n--x--\r\n"
    callee.inside("ACK", cseq="1", body=body, content_type="multipart/mixed;boundary=x")
    assert callee.us.one(AckWithSdp).sdp == ANSWER


LISTED = ("Contact", "Record-Route", "Session-Expires", "P-Asserted-Identity", "Reason", "Min-SE")
ODD_ITEMS = st.one_of(
    st.sampled_from([*ODD, "<sip:far.test;lr>", "<sip:callee@far.invalid;transport=ws>"]), ANY_TEXT
)


@given(st.lists(st.tuples(st.sampled_from(LISTED), ODD_ITEMS), max_size=6))
def test_a_200_to_our_invite_is_acked_whatever_its_lists_hold(lines: list[tuple[str, str]]) -> None:
    caller = Caller()
    caller.hear(180, *lines)
    caller.hear(200, *lines, SDP, body=ANSWER)
    assert [data[:4] for data in caller.side.take()] == [b"ACK "]
    assert caller.side.one(InviteAnswered).sdp == ANSWER


@given(st.lists(st.tuples(st.sampled_from(LISTED), ODD_ITEMS), max_size=6))
def test_a_refusal_of_our_invite_is_told_whatever_its_lists_hold(
    lines: list[tuple[str, str]],
) -> None:
    caller = Caller()
    caller.hear(302, *lines)
    assert caller.methods() == ["ACK"]
    assert caller.side.one(InviteRefused).status == 302


@given(st.lists(st.tuples(st.sampled_from(LISTED), ODD_ITEMS), max_size=6))
def test_a_200_to_our_reinvite_is_acked_whatever_its_lists_hold(
    lines: list[tuple[str, str]],
) -> None:
    callee = Called(trusted=(), session_expires=0)
    call = callee.up()
    callee.us.agent.reinvite(call, OFFER, 0.0)
    ok = answer(callee.us.only(), 200, *lines, SDP, body=ANSWER)
    callee.us.agent.receive_data(ok, 0.0)
    assert [data[:4] for data in callee.us.take()] == [b"ACK "]
    assert callee.us.one(ReinviteAccepted).sdp == ANSWER


def test_one_bad_contact_of_a_redirection_is_one_bad_contact() -> None:
    caller = Caller()
    caller.hear(302, ("Contact", "<sip:a b@h>, <sip:2@h>;q=0.1, Jane & Co <sip:1@h>;q=0.9, <"))
    assert caller.side.one(InviteRefused).targets == ("sip:1@h", "sip:2@h")


def test_a_hop_behind_the_first_is_nobody_elses_business() -> None:
    us = side(trusted=())
    assert give(us, ask("INVITE", lines=(("Via", "SIP/2.0/UDP <odd>"),))) == [100]


BAD_LINES = (
    b'Reason: SIP;text="\x07\x1b[2J"',
    b"no header at all",
    b"Two words: x",
    b": x",
    b"X\xff: y",
    b"Identity: " + b"e" * 9000,
    b"\r\n".join(b"X-%d: y" % number for number in range(300)),
)


def _with(wire: bytes, line: bytes) -> bytes:
    start, _, rest = wire.partition(b"\r\n")
    return start + b"\r\n" + line + b"\r\n" + rest


@pytest.mark.parametrize("line", BAD_LINES, ids=range(len(BAD_LINES)))
def test_a_line_that_is_no_header_keeps_nothing_from_happening(line: bytes) -> None:
    us = side(trusted=())
    assert give(us, _with(ask("INVITE"), line)) == [100]
    callee = Called(trusted=())
    callee.up()
    bye = ask("BYE", to=f"<{AGENT}>;tag={callee.tag}", cseq="9", branch="z9hG4bKbye")
    assert give(callee.us, _with(bye, line)) == [200]
    assert callee.us.one(CallEnded).by_peer
    caller = Caller()
    wire = answer(caller.invite, 200, CONTACT, SDP, tag="far", body=ANSWER)
    caller.side.agent.receive_data(_with(wire, line), caller.now)
    assert caller.methods() == ["ACK"]
    assert caller.side.one(InviteAnswered).sdp == ANSWER

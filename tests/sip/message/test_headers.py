"""The header multi-dict, and what single headers say."""

from __future__ import annotations

import pytest

from tui.sip import (
    CSeq,
    Headers,
    NameAddr,
    RemoteProtocolError,
    Uri,
    Via,
    parse_cseq,
    parse_name_addr,
    parse_via,
)
from tui.sip.message.grammar import quote, split_list, unescape


def test_names_know_no_case_and_no_compact_form() -> None:
    headers = Headers([("v", "a"), ("VIA", "b, c"), ("X-One", "1"), ("x-ONE", "2, 3")])
    assert headers.get("via") == "a"
    assert headers.get_all("V") == ["a", "b", "c"]
    assert headers.get_all("x-one") == ["1", "2, 3"]
    assert headers.get("none") is None
    assert headers.get("none", "x") == "x"
    assert headers.get_all("none") == []
    assert "Via" in headers
    assert "v" in headers
    assert "To" not in headers
    assert 1 not in headers
    assert len(headers) == 4


def test_items_have_the_names_that_we_write() -> None:
    headers = Headers([("i", "1"), ("cseq", "2"), ("www-authenticate", "3"), ("X-oNe", "4")])
    expected = [("Call-ID", "1"), ("CSeq", "2"), ("WWW-Authenticate", "3"), ("X-oNe", "4")]
    assert headers.items() == expected
    assert list(headers) == expected


def test_set_takes_the_first_place_and_remove_takes_all() -> None:
    headers = Headers([("To", "1"), ("m", "2"), ("X-A", "3"), ("Contact", "4")])
    headers.set("Contact", "5")
    headers.set("New", "6")
    assert headers.items() == [("To", "1"), ("Contact", "5"), ("X-A", "3"), ("New", "6")]
    assert headers.get_all("m") == ["5"]
    headers.add("m", "7")
    headers.remove("contact")
    headers.remove("contact")
    assert headers.items() == [("To", "1"), ("X-A", "3"), ("New", "6")]
    assert "Contact" not in headers


def test_a_copy_changes_apart_and_equality_is_by_name_and_value() -> None:
    headers = Headers([("To", "1")])
    copy = headers.copy()
    assert copy == Headers([("t", "1")])
    copy.add("X", "2")
    assert copy != headers
    assert headers != [("To", "1")]
    assert headers.items() == [("To", "1")]


def test_no_value_shows_in_a_repr() -> None:
    assert (
        repr(Headers([("Authorization", "Digest x"), ("t", "y")])) == "<Headers Authorization, To>"
    )


def test_a_header_that_is_not_there_cannot_be_parsed() -> None:
    with pytest.raises(RemoteProtocolError, match="no CSeq header"):
        Headers().parsed("cseq", parse_cseq)


def test_challenges_and_dates_are_not_split() -> None:
    headers = Headers([("WWW-Authenticate", 'Digest realm="a", nonce="b"'), ("Date", "Sat, 13 N")])
    assert len(headers.get_all("WWW-Authenticate")) == 1
    assert headers.get_all("date") == ["Sat, 13 N"]


@pytest.mark.parametrize(
    ("value", "items"),
    [
        ("", []),
        (" ", []),
        ("a", ["a"]),
        (" a ,\tb,, c,", ["a", "b", "c"]),
        (",", []),
        ('"a,b" <sip:c,d@e>;x="f,\\",g", <sip:h>', ['"a,b" <sip:c,d@e>;x="f,\\",g"', "<sip:h>"]),
        ('a, "b, c', ["a", '"b, c']),
        ("a, <b, c", ["a", "<b, c"]),
        ("<a, <b,c>;x, <d>", ["<a", "<b,c>;x", "<d>"]),
        ('a, x"\\', ["a", 'x"\\']),
    ],
)
def test_lists_are_split_at_commas_outside_quotes_and_brackets(
    value: str, items: list[str]
) -> None:
    assert split_list(value) == items


@pytest.mark.parametrize("text", ["", "plain", 'a "b" \\c\\', "\\", '"'])
def test_quoting_and_unescaping_are_each_others_inverse(text: str) -> None:
    assert unescape(quote(text)[1:-1]) == text


@pytest.mark.parametrize(
    ("text", "name", "user", "params"),
    [
        ('"A \\"q\\" \\\\" <sip:bob@h>;tag=1', 'A "q" \\', "bob", {"tag": "1"}),
        ("Bob  the Builder<sip:bob@h;x=1>", "Bob  the Builder", "bob", {}),
        ("<sip:bob@h> ; TAG = 1 ;q=0.5;\tflag", "", "bob", {"tag": "1", "q": "0.5", "flag": ""}),
        ("sip:bob@h;tag=1", "", "bob", {"tag": "1"}),
        (" tel:+12;tag=x== ", "", "+12", {"tag": "x=="}),
        ("王小明 <sip:bob@h>", "王小明", "bob", {}),
        ('""<sip:bob@h>', "", "bob", {}),
        ('<sip:bob@h>;+sip.instance="<urn:uuid:1>"', "", "bob", {"+sip.instance": "<urn:uuid:1>"}),
        ('<sip:bob@h>;a="b\\"c;d,e"', "", "bob", {"a": 'b"c;d,e'}),
        ("<sip:bob@h>;tag=", "", "bob", {"tag": ""}),
        ("<sip:bob@h>;a=1;a=1", "", "bob", {"a": "1"}),
    ],
)
def test_addresses_are_read(text: str, name: str, user: str, params: dict[str, str]) -> None:
    address = parse_name_addr(text)
    assert (address.display_name, address.uri.user, address.params) == (name, user, params)
    assert parse_name_addr(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";",
        "/",
        "*",
        "<>",
        "<;>",
        "</>",
        "bob",
        "<sip:bob@h",
        "sip:bob@h>",
        "<sip:a@h> x",
        "<sip:a@h>;",
        "<sip:a@h>;;",
        "<sip:a@h>;=x",
        '<sip:a@h>;x="y',
        '<sip:a@h>;x="y\\"',
        "<sip:a@h>;a=1;A=2",
        '"bob <sip:a@h>',
        '"bob\\" <sip:a@h>',
        "bob\\ <sip:a@h>",
        "< sip:a@h>",
        "<<sip:a@h>>",
        "sip:a@h?x=y",
        "sip:a,b@h",
        "<sip:a@h>,<sip:b@h>",
        '"a" "b" <sip:a@h>',
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_name_addr(text)


def test_an_address_is_written_so_that_it_reads_back() -> None:
    address = NameAddr(
        Uri("sip", "a", host="h", params={"lr": ""}), 'x "y" \\', {"tag": "1", "z": "a b", "f": ""}
    )
    assert str(address) == '"x \\"y\\" \\\\" <sip:a@h;lr>;tag=1;z="a b";f'
    assert parse_name_addr(str(address)) == address
    assert hash(parse_name_addr(str(address))) == hash(address)
    assert address.tag == "1"
    assert parse_name_addr("<sip:a@h>;tag=").tag is None


@pytest.mark.parametrize(
    ("text", "via"),
    [
        ("SIP/2.0/wss h", Via("WSS", "h")),
        ("sip / 2.0 / UDP  [::1] : 5060", Via("UDP", "[::1]", 5060)),
        (
            'SIP/2.0/TCP h.e:1 ; branch = z9hG4bK.a; received=::1;rport;x="a,b"',
            Via(
                "TCP", "h.e", 1, {"branch": "z9hG4bK.a", "received": "::1", "rport": "", "x": "a,b"}
            ),
        ),
        ("SIP/2.0/UNKNOWN 192.0.2.1;branch=1", Via("UNKNOWN", "192.0.2.1", None, {"branch": "1"})),
    ],
)
def test_vias_are_read(text: str, via: Via) -> None:
    assert parse_via(text) == via
    assert parse_via(str(via)) == via
    assert hash(parse_via(str(via))) == hash(via)


def test_sent_by_is_one_spelling_for_comparing() -> None:
    assert parse_via("SIP/2.0/WS H.Invalid:80").sent_by == "h.invalid:80"
    assert parse_via("SIP/2.0/WS H.Invalid").sent_by == "h.invalid"
    assert parse_via("SIP/2.0/WS h;branch=").branch is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";",
        "SIP/2.0/UDP",
        "SIP/2.0/UDPh",
        "SIP/3.0/UDP h",
        "SIP/2.0/UDP h;",
        "SIP/2.0/UDP h;;branch=1",
        "SIP/2.0/UDP h:65536",
        "SIP/2.0/UDP h:x",
        "SIP/2.0/UDP h;branch=1;branch=2",
        "SIP/2.0/UDP h h",
        "SIP/2.0/UDP h,",
        "SIP/2.0/UDP <h>",
    ],
)
def test_what_is_no_via_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_via(text)


def test_cseq_reads_and_writes() -> None:
    assert parse_cseq("0001 \t ACK") == CSeq(1, "ACK")
    assert str(CSeq(2147483647, "BYE")) == "2147483647 BYE"
    assert parse_cseq("2147483647 BYE").number == 2147483647


@pytest.mark.parametrize(
    "text",
    ["", "1", "1BYE", "BYE 1", "-1 BYE", "1 B YE", "2147483648 BYE", "٣ BYE", "9" * 5000 + " A"],
)
def test_what_is_no_cseq_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_cseq(text)

"""Reading and writing whole messages."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tui.sip import (
    CSeq,
    Headers,
    LocalProtocolError,
    RemoteProtocolError,
    Request,
    Response,
    Uri,
    parse_message,
)
from tui.sip.message.message import answerable

LINES = {
    "Via": "SIP/2.0/WSS edge.example.com:9060;branch=z9hG4bKx1;rport",
    "Max-Forwards": "70",
    "From": '"Bob" <sip:bob@example.com>;tag=f1',
    "To": "<sip:1001@example.com>",
    "Call-ID": "c1@example.com",
    "CSeq": "7 MESSAGE",
}


def wire(
    start: str = "MESSAGE sip:1001@example.com SIP/2.0",
    body: bytes = b"",
    end: str = "\r\n",
    extra: tuple[str, ...] = (),
    **changes: str | None,
) -> bytes:
    """A message; keyword `call_id=None` leaves Call-ID out, any other value replaces it."""
    lines = dict(LINES)
    for key, value in changes.items():
        name = next(n for n in LINES if n.lower().replace("-", "_") == key.rstrip("_"))
        if value is None:
            del lines[name]
        else:
            lines[name] = value
    head = [start, *(f"{name}: {value}" for name, value in lines.items()), *extra]
    return (end.join(head) + end * 2).encode("utf-8", "surrogateescape") + body


def request(data: bytes) -> Request:
    message = parse_message(data)
    assert isinstance(message, Request)
    return message


def refusal(data: bytes, **limits: int) -> RemoteProtocolError:
    with pytest.raises(RemoteProtocolError) as caught:
        parse_message(data, **limits)
    return caught.value


def test_a_request_is_taken_apart() -> None:
    message = request(wire(body=b"<x/>", extra=("Content-Type: Application/SDP ; a=b",)))
    assert (message.method, message.uri) == ("MESSAGE", "sip:1001@example.com")
    assert message.request_uri == Uri("sip", "1001", host="example.com")
    assert message.call_id == "c1@example.com"
    assert message.cseq == CSeq(7, "MESSAGE")
    assert (message.from_.display_name, message.from_.tag) == ("Bob", "f1")
    assert message.to.tag is None
    assert message.branch == "z9hG4bKx1"
    assert message.via == (message.top_via,)
    assert message.content_type == "application/sdp"
    assert message.body == b"<x/>"
    assert message.contact is None
    assert repr(message) == "<Request MESSAGE>"


def test_a_response_is_taken_apart() -> None:
    message = parse_message(
        wire(
            "SIP/2.0 200 All right then",
            cseq="9 REGISTER",
            extra=(
                "Contact: <sip:a@b>;expires=60, <sip:c@d>",
                "Record-Route: <sip:p1;lr>,<sip:p2>",
            ),
        )
    )
    assert isinstance(message, Response)
    assert (message.status, message.reason) == (200, "All right then")
    assert [c.uri.user for c in message.contacts] == ["a", "c"]
    assert message.contact == message.contacts[0]
    assert [r.uri.host for r in message.record_route] == ["p1", "p2"]
    assert message.route == ()
    assert message.content_type == ""
    assert repr(message) == "<Response 200>"


@pytest.mark.parametrize(
    ("line", "reason"), [("SIP/2.0 100 ", ""), ("SIP/2.0 100", ""), ("sip/2.0 699 ±", "±")]
)
def test_a_reason_may_be_empty_or_any_text(line: str, reason: str) -> None:
    message = parse_message(wire(line))
    assert isinstance(message, Response)
    assert message.reason == reason


def test_a_contact_star_counts_as_no_contact() -> None:
    message = request(wire(extra=("Contact: *",)))
    assert message.contact is None
    assert message.headers.get("contact") == "*"


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_folded_lines_are_one_line(end: str) -> None:
    data = wire(end=end, from_=f"Bob{end}  <sip:bob@example.com>{end}\t;tag{end} = f1  ")
    message = request(data)
    assert message.from_.tag == "f1"
    assert message.headers.get("From") == "Bob <sip:bob@example.com> ;tag = f1"


def test_line_feeds_alone_end_lines_and_the_body_keeps_its_own() -> None:
    message = request(wire(end="\n", body=b"a\nb\r\n\r\n"))
    assert message.body == b"a\nb\r\n\r\n"


def test_a_lone_empty_line_ends_the_head_before_a_later_crlf_pair() -> None:
    message = request(wire(end="\n", body=b"x\r\n\r\ny"))
    assert message.body == b"x\r\n\r\ny"


@pytest.mark.parametrize("front", [b"\r\n", b"\r\n\r\n", b"\n"])
def test_empty_lines_in_front_are_skipped(front: bytes) -> None:
    assert request(front + wire()).method == "MESSAGE"


def test_compact_names_and_white_space_around_colons_are_understood() -> None:
    data = (
        b"INVITE sip:1001@example.com SIP/2.0\r\nv :SIP / 2.0/ WSS h\t: 1 ;branch= z9hG4bKa\r\n"
        b"f:sip:bob@example.com ; tag = f1\r\nT \t:  <sip:1001@example.com>\r\ni:c1\r\n"
        b"CSEQ: 0009   INVITE\r\nm: <sip:b@h>\r\nc: application/sdp\r\nl: 2\r\nk: timer,path\r\n"
        b"\r\nok"
    )
    message = request(data)
    assert message.branch == "z9hG4bKa"
    assert message.top_via.sent_by == "h:1"
    assert message.from_.tag == "f1"
    assert message.call_id == "c1"
    assert message.cseq == CSeq(9, "INVITE")
    assert message.content_type == "application/sdp"
    assert message.headers.get_all("Supported") == ["timer", "path"]
    assert message.contact is not None
    assert b"\r\nContent-Length: 2\r\n" in message.to_bytes()
    assert message.to_bytes().count(b"ontent-Length") == 1


def test_white_space_behind_a_value_is_not_part_of_it() -> None:
    message = request(wire(call_id="c1 \t", extra=("Subject: x  ",)))
    assert message.call_id == "c1"
    assert ("Subject", "x") in message.headers.items()


def test_a_peer_of_rfc_2543_is_read_without_branch_and_tags() -> None:
    message = request(wire(via="SIP/2.0/UDP 192.0.2.1", from_="<sip:bob@example.com;user=phone>"))
    assert message.branch is None
    assert message.from_.tag is None


def test_bytes_that_are_no_utf8_come_back_as_they_were() -> None:
    data = wire().replace(b"Bob", b"\xc4\xe3")
    message = request(data)
    assert b'From: "\xc4\xe3" <sip:bob@example.com>;tag=f1\r\n' in message.to_bytes()


def test_an_escaped_control_character_in_a_name_becomes_a_space() -> None:
    message = request(wire(from_='"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:bob@example.com>'))
    assert message.from_.display_name == "BEL:  NUL:  DEL: "
    message.to_bytes()


@pytest.mark.parametrize("bad", ["\x00", "\x07", "\x1b[2J", "\x7f", "a\rb", "\rVia: x", "\x0b"])
def test_a_bare_control_character_is_a_space_and_ends_no_line(bad: str) -> None:
    message = request(
        wire(extra=(f"Subject: a{bad}b",), from_=f'"Bob{bad}" <sip:bob@example.com>;tag=f1')
    )
    assert message.headers.get("Subject") == "a" + re.sub(r"[\x00-\x1f\x7f]", " ", bad) + "b"
    assert (message.from_.uri.user, message.from_.tag, len(message.via)) == ("bob", "f1", 1)
    message.to_bytes()


@pytest.mark.parametrize("key", ["via", "to", "call_id", "cseq"])
@pytest.mark.parametrize("bad", ["\x00", "\x1b", "\r", "\x7f"])
def test_a_control_character_where_a_message_is_routed_is_refused(key: str, bad: str) -> None:
    name = next(each for each in LINES if each.lower().replace("-", "_") == key)
    value = LINES[name].replace("example", f"exa{bad}mple").replace("7 ", f"7{bad}")
    broken: dict[str, Any] = {key: value}
    if key == "cseq":
        assert request(wire(**broken)).cseq.number == 7  # white space as any other
    else:
        refusal(wire(**broken))


def test_bytes_beyond_content_length_are_dropped_and_too_few_refused() -> None:
    assert request(wire(body=b"abcdef", extra=("Content-Length: 3",))).body == b"abc"
    assert request(wire(body=b"abc", extra=("Content-Length: 3",))).body == b"abc"
    assert answerable(refusal(wire(body=b"ab", extra=("Content-Length: 3",)))) is not None


@pytest.mark.parametrize("value", ["-1", "x", "", "99999999999", "1 2", "٣"])
def test_a_content_length_that_is_no_number_is_refused(value: str) -> None:
    refusal(wire(body=b"abc", extra=(f"Content-Length: {value}",)))


def test_content_length_may_stand_twice_only_with_one_value() -> None:
    assert request(wire(body=b"ab", extra=("Content-Length: 2", "l: 2"))).body == b"ab"
    refusal(wire(body=b"ab", extra=("Content-Length: 2", "l: 1")))


@pytest.mark.parametrize("key", ["via", "from", "to", "call_id", "cseq"])
def test_without_a_header_that_a_response_copies_there_is_nothing_to_answer(key: str) -> None:
    left_out: dict[str, Any] = {key: None}
    assert answerable(refusal(wire(**left_out))) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("from", ";"),
        ("from", '"unterminated <sip:a@b>'),
        ("from", '"ends in a backslash\\" <sip:a@b>'),
        ("to", "<sip:a@b"),
        ("to", "/"),
        ("to", "<sip:a@b>;tag=1;tag=2"),
        ("call_id", ""),
        ("call_id", "a b"),
        ("call_id", "a\tb"),
        ("cseq", "7"),
        ("cseq", "MESSAGE 7"),
        ("cseq", "2147483648 MESSAGE"),
        ("cseq", "36893488147419103232 MESSAGE"),
        ("cseq", "7 INVITE"),
    ],
)
def test_a_bad_header_is_answerable_while_the_top_via_is_good(key: str, value: str) -> None:
    bad: dict[str, Any] = {key: value}
    error = refusal(wire(**bad))
    assert error.status == 400
    request = answerable(error)
    assert request is not None
    assert request.branch == "z9hG4bKx1"
    assert request.headers.get(key.replace("_", "-")) == value


@pytest.mark.parametrize("value", ["", ";", ",", "SIP/2.0/UDP", "SIP/2.0/UDP h:70000", "HTTP/1 h"])
def test_a_bad_top_via_leaves_nobody_to_answer(value: str) -> None:
    assert answerable(refusal(wire(via=value))) is None


def test_a_star_is_no_contact() -> None:
    message = request(wire(extra=("Contact: *",)))
    assert (message.contacts, message.contact) == ((), None)


def test_an_ack_is_never_answered() -> None:
    assert answerable(refusal(wire("ACK sip:1001@example.com SIP/2.0"))) is None


@pytest.mark.parametrize("name", ["From", "t", "Call-ID", "CSeq"])
def test_a_header_that_may_stand_once_is_refused_twice(name: str) -> None:
    key = {"t": "To"}.get(name, name)
    refusal(wire(extra=(f"{name}: {LINES[key]}",)))


@pytest.mark.parametrize(
    "line",
    [
        "MESSAGE / SIP/2.0",
        "MESSAGE <sip:1001@example.com> SIP/2.0",
        "MESSAGE sip:1001@example.com;x= y SIP/2.0",
        "MESSAGE  sip:1001@example.com SIP/2.0",
        "MESSAGE sip:1001@example.com SIP/2.0 ",
        "MESSAGE sip:1001@example.com",
        "MES@AGE sip:1001@example.com SIP/2.0",
        "SIP/2.0 99 Low",
        "SIP/2.0 700 High",
        "SIP/2.0 4294967301 Higher",
        "SIP/3.0 200 OK",
        " ",
        "",
    ],
)
def test_a_bad_start_line_is_refused(line: str) -> None:
    refusal(wire(line))


def test_another_version_is_refused_with_505() -> None:
    error = refusal(wire("MESSAGE sip:1001@example.com SIP/7.0"))
    assert error.status == 505
    assert answerable(error) is not None
    assert refusal(wire("SIP/7.0 200 OK")).status == 505


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"\0", wire()[:-2], wire()[:40], b"\n" * 9])
def test_what_is_no_message_or_cut_off_is_refused(data: bytes) -> None:
    assert answerable(refusal(data)) is None


@pytest.mark.parametrize("line", ["no colon", ": no name", "a b: c", "na(me: c", "ü: c"])
def test_a_line_that_is_no_header_is_skipped(line: str) -> None:
    message = request(wire(extra=(line, "Subject: x", line)))
    assert message.headers == request(wire(extra=("Subject: x",))).headers
    assert message.headers.get("Subject") == "x"
    message.to_bytes()


def test_the_limits_hold_and_can_be_changed() -> None:
    data = wire(body=b"x" * (65536 - len(wire())))
    assert len(request(data).body) > 60000
    assert refusal(data + b"x").status == 513
    assert refusal(wire(), max_size=100).status == 513
    many = tuple(f"X: {n}" for n in range(200 - len(LINES)))
    assert len(request(wire(extra=many)).headers) == 200
    longest = "S: " + "x" * (8192 - 3)
    assert request(wire(extra=(longest,))).headers.get("Subject")
    too_long = wire(extra=(longest + "x",))
    assert parse_message(too_long, max_line=9000).headers.get("Subject")


ROUTING = ("Via", "Contact", "Record-Route", "Route", "Content-Type", "Require", "From", "m")


@pytest.mark.parametrize("long", ["x" * 8190, "x" * 5000 + "\r\n " + "x" * 5000])
def test_what_only_tells_something_and_is_too_long_is_skipped(long: str) -> None:
    message = request(wire(extra=(f"S: {long}", f"Identity: {long}", "X: y")))
    assert [name for name in ("Subject", "Identity", "X") if name in message.headers] == ["X"]
    for name in ROUTING:
        refusal(wire(extra=(f"{name}: {long}",)))


@pytest.mark.parametrize("place", [0, 1])
def test_of_what_only_tells_something_no_more_is_kept_than_the_limit(place: int) -> None:
    many = tuple(f"X-{n}: y" for n in range(1000))
    parts = wire().split(b"\r\n", 1) if place == 0 else wire(body=b"").rsplit(b"\r\n\r\n", 1)
    data = parts[0] + b"\r\n" + "\r\n".join(many).encode() + b"\r\n" + (parts[1] or b"\r\n")
    message = request(data)
    assert 200 <= len(message.headers) <= 200 + len(LINES)
    assert message.call_id == "c1@example.com"
    refusal(wire(extra=tuple(f"Via: SIP/2.0/WS h{n};branch=x" for n in range(200))))


@pytest.mark.parametrize("text", ["李明", "é", "😀 x", ""])
def test_a_length_that_counts_characters_is_understood(text: str) -> None:
    body = f'<cc nm="{text}"/>'
    for length in (len(body), len(body.encode("utf-16-le")) // 2, len(body.encode())):
        data = wire(body=body.encode(), extra=(f"Content-Length: {length}",))
        assert request(data).body == body.encode()


def test_many_lines_within_the_limits_are_fine() -> None:
    request(wire(extra=tuple(f"X-{n}: {'x' * 100}" for n in range(150))))


def test_numbers_are_read_with_what_stands_behind_them() -> None:
    headers = ("Expires: 600", "Retry-After: 5 (busy);duration=3", "Min-SE: abc")
    message = request(wire(extra=(*headers, "Session-Expires: 99999999999999;refresher=uac")))
    assert message.number("Expires") == 600
    assert message.number("Retry-After") == 5
    assert message.number("Session-Expires") == 2**32 - 1
    assert message.number("Min-Expires") is None
    with pytest.raises(RemoteProtocolError):
        message.number("Min-SE")
    with pytest.raises(RemoteProtocolError):
        request(wire(extra=("Expires: " + "1" * 5000,))).number("Expires")


def test_an_accessor_of_a_bad_header_raises_our_error_only_when_asked() -> None:
    message = request(wire(extra=("Contact: ;", "Route: <", "Record-Route: /")))
    for name in ("contact", "contacts", "route", "record_route"):
        with pytest.raises(RemoteProtocolError):
            getattr(message, name)


def test_what_is_written_reads_back_the_same() -> None:
    headers = Headers([*LINES.items(), ("Content-Type", "text/plain"), ("content-length", "99")])
    written = Request("MESSAGE", Uri("sip", "1001", host="example.com"), headers, b"hi").to_bytes()
    message = request(written)
    assert message.body == b"hi"
    assert message.headers.get("Content-Length") == "2"
    assert message.to_bytes() == written
    response = Response(200, "OK", list(LINES.items())).to_bytes()
    assert response.startswith(b"SIP/2.0 200 OK\r\nVia: ")
    assert response.endswith(b"\r\nContent-Length: 0\r\n\r\n")
    assert parse_message(response).to_bytes() == response


def test_a_message_made_here_reads_its_headers_as_they_are_now() -> None:
    message = Request("INVITE", "sip:a@b", LINES.items())
    assert message.from_.tag == "f1"
    assert message.request_uri.host == "b"
    message.headers.set("From", "<sip:x@y>;tag=new")
    assert message.from_.tag == "new"
    message.headers.remove("From")
    with pytest.raises(RemoteProtocolError):
        message.from_  # noqa: B018


@pytest.mark.parametrize("bad", ["a\r\nEvil: 1", "a\nb", "a\rb", "a\0b", "\x1b", "\x7f", "\ud800"])
@pytest.mark.parametrize("place", ["method", "uri", "name", "value", "reason"])
def test_nothing_with_control_characters_is_ever_written(place: str, bad: str) -> None:
    method = bad if place == "method" else "INFO"
    uri = f"sip:{bad}" if place == "uri" else "sip:a@b"
    lines = [(bad if place == "name" else "X", bad if place == "value" else "x")]
    message: Request | Response = Request(method, uri, lines)
    if place == "reason":
        message = Response(200, bad, lines)
    with pytest.raises(LocalProtocolError):
        message.to_bytes()


@pytest.mark.parametrize("uri", ["", "sip:a b", " sip:a", "sip:a "])
def test_a_request_uri_with_white_space_is_not_written(uri: str) -> None:
    with pytest.raises(LocalProtocolError):
        Request("INFO", uri).to_bytes()


@pytest.mark.parametrize("status", [0, 99, 700, -1])
def test_an_impossible_status_is_not_written(status: int) -> None:
    with pytest.raises(LocalProtocolError):
        Response(status).to_bytes()


def test_whatever_was_read_can_be_echoed() -> None:
    message = request(wire(from_='"\\\x01\\"" <sip:a@b>;x="\\\x02"', extra=("X: \t a\t", "Y:")))
    copied = [(name, value) for name, value in message.headers.items()]
    assert parse_message(Response(200, "OK", copied).to_bytes())

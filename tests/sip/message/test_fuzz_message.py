"""Whatever comes in, `parse_message` gives a message or RemoteProtocolError, and soon."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.growth import LINEAR, growth
from tests.sip.message.hostile import SIZE, UNITS, frames, read_all, touch
from tui.sip import (
    DigestRefused,
    ProtocolError,
    RemoteProtocolError,
    Request,
    Response,
    parse_message,
    parse_name_addr,
    parse_uri,
    parse_via,
)
from tui.sip.auth.credentials import read_credentials
from tui.sip.message.grammar import split_list
from tui.sip.message.message import answerable

SEEDS = (
    b"INVITE sip:1001@h.invalid;transport=ws SIP/2.0\r\n"
    b"Via: SIP/2.0/WSS edge.example.com:9060;branch=z9hG4bK1;rport, SIP / 2.0 / UDP h ;x\r\n"
    b"Record-Route: <sip:192.0.2.10:9060;transport=ws;lr>,<sip:p2;lr>\r\n"
    b'From: "A \\"b\\" \\\\" <sip:12000000001@example.com>;tag=1\r\n'
    b"To:\r\n <sip:1001@example.com>\r\n"
    b'i: call1\r\nCSeq: 1 INVITE\r\nm: <sip:mod@192.0.2.11:5080>;q=0.5;+sip.instance="<urn:x>"\r\n'
    b"Session-Expires: 1800;refresher=uac\r\nc: application/sdp\r\nl: 5\r\n\r\nv=0\r\n",
    b"SIP/2.0 401 Unauthorized\r\nv: SIP/2.0/WSS x.invalid;rport=5;branch=z9hG4bK2\r\n"
    b"f: <sip:1001@example.com>;tag=2\r\nt: sip:1001@example.com;tag=3\r\nCall-ID: a@b\r\n"
    b'CSeq: 2 REGISTER\r\nWWW-Authenticate: Digest realm="r", nonce="n", qop="auth,auth-int"\r\n'
    b"Contact: *\r\nContent-Length: 0\r\n\r\n",
    b"\r\nMESSAGE tel:110 SIP/2.0\nVia: SIP/2.0/WS [::1]:80\nFrom: x <urn:y>\nTo: <sip:a@b?c=d>\n"
    b"Call-ID: z\nCSeq: 9 MESSAGE\nRoute: <sip:a;lr>\nExpires: 60\n\n<x/>",
)
PIECES = (
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b"\r\n ",
        b"\r\n\r\n",
        b"\0",
        b"\\",
        b'"',
        b"<",
        b">",
        b";",
        b",",
        b":",
    ),
    *(
        b"=",
        b" ",
        b"\t",
        b"@",
        b"%",
        b"%00",
        b"?",
        b"/",
        b"*",
        b"\xff",
        b"\xc3\xa9",
        b"\x1b",
        b"[::1]",
    ),
    *(
        b"Via: ",
        b"From: ;\r\n",
        b"sip:",
        b"SIP/2.0",
        b"9" * 40,
        b"z9hG4bK",
        b"Content-Length: 3\r\n",
    ),
)


def refuse(request: Request, status: int) -> None:
    """A refusal can be written for every request that is said to be answerable."""
    copied = [
        (name, value)
        for name in ("Via", "From", "To", "Call-ID", "CSeq")
        for value in request.headers.get_all(name)
    ]
    assert Response(status, "", copied).to_bytes()


def survive(data: bytes) -> bool:
    """Parse; a message that comes out can be read, echoed and read again. Whether one did."""
    try:
        message = parse_message(data)
    except RemoteProtocolError as error:
        if (request := answerable(error)) is not None:
            refuse(request, error.status)
        return False
    assert isinstance(message, Request | Response)
    touch(message)
    again = parse_message(message.to_bytes(), max_size=10**6, max_headers=10**6, max_line=10**6)
    assert again.to_bytes() == message.to_bytes()
    assert again.body == message.body
    return True


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    survive(data)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(SEEDS),
    st.lists(
        st.tuples(st.integers(0, 2**16), st.sampled_from(PIECES), st.integers(0, 8)), max_size=6
    ),
)
def test_messages_with_pieces_put_in_and_taken_out(
    seed: bytes, cuts: list[tuple[int, bytes, int]]
) -> None:
    for place, piece, length in cuts:
        at = place % (len(seed) + 1)
        seed = seed[:at] + piece + seed[at + length :]
    survive(seed)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(("via", "from", "to", "call-id", "cseq", "contact", "x")), max_size=9),
    st.text(max_size=80),
)
def test_any_text_in_any_header(names: list[str], value: str) -> None:
    head = SEEDS[0].decode().split("\r\n\r\n")[0]
    lines = "".join(f"\r\n{name}: {value}" for name in names)
    survive((head + lines + "\r\n\r\nv=0\r\n").encode("utf-8", "surrogatepass"))


def test_ten_thousand_mutations() -> None:
    rng = random.Random(4475)
    read = 0
    for _ in range(10_000):
        data = bytearray(rng.choice(SEEDS))
        for _ in range(rng.randrange(1, 6)):
            at = rng.randrange(len(data) + 1)
            if rng.random() < 0.5:
                data[at : at + rng.randrange(4)] = rng.choice(PIECES)
            else:
                data[at : at + 1] = bytes([rng.randrange(256)])
        read += survive(bytes(data))
    assert 1000 < read < 9000  # both ways are walked often


@pytest.mark.parametrize("parse", [parse_uri, parse_name_addr, parse_via, read_credentials])
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_small_parsers_raise_only_our_error(parse: object, data: st.DataObject) -> None:
    assert callable(parse)
    alphabet = st.sampled_from(
        [*'sip:tel@;,=<>"\\ \t/%?[]*.1aZ-', "SIP/2.0/UDP ", "Digest ", "\n", "ü"]
    )
    text = "".join(data.draw(st.lists(alphabet, max_size=40)))
    try:
        parse(text)
    except RemoteProtocolError:
        return


@given(st.text(alphabet='a,"\\<> ', max_size=40))
def test_splitting_a_list_loses_nothing_but_commas_and_space(text: str) -> None:
    kept = "".join("".join(split_list(text)).split())
    assert kept.replace(",", "") == "".join(text.split()).replace(",", "")


@pytest.mark.parametrize(
    "limits", [{}, {"max_line": SIZE, "max_headers": SIZE}], ids=["", "lifted"]
)
@pytest.mark.parametrize("unit", UNITS, ids=repr)
def test_64_kib_of_anything_are_read_or_refused_in_linear_time(
    unit: bytes, limits: dict[str, int]
) -> None:
    for small, large in zip(frames(unit, SIZE // 8), frames(unit, SIZE), strict=True):
        took = growth(lambda data: read_all(data, **limits), small, large, 8)
        assert took < LINEAR, (large[:120], large[-20:])


def test_a_refused_digest_is_a_protocol_error() -> None:
    assert issubclass(DigestRefused, ProtocolError)

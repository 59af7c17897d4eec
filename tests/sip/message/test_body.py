"""The session description of a message, alone or in a multipart body (RFC 5621)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sip.agents import OFFER
from tests.sip.ua.calls import CONTACT, Called, Caller
from tests.sip.ua.requests import ask, give, side
from tui.sip import InviteAnswered, InviteReceived, Progress, ReinviteReceived, Request, read_sdp
from tui.sip.message.body import is_session

SDP = ("application/sdp", "")
ISUP = ("application/isup;version=itu-t92+", "signal;handling=optional")
NEEDED = ("application/isup", "signal;handling=required")
TEXT = ("text/plain", "")


def mixed(*parts: tuple[str, str], boundary: str = "b1", end: str = "\r\n") -> bytes:
    lines = ["what stands in front is nobody's"]
    for content_type, disposition in parts:
        body = OFFER.decode() if content_type == SDP[0] else "x"
        head = [f"Content-Type: {content_type}"] if content_type else []
        head += [f"Content-Disposition: {disposition}"] if disposition else []
        lines += [f"--{boundary}", *head, "", body]
    return end.join([*lines, f"--{boundary}--", "nor what follows"]).encode()


def message(body: bytes, content_type: str = "multipart/mixed;boundary=b1") -> Request:
    return Request(
        "INVITE", "sip:a@b", [("Content-Type", content_type)] if content_type else [], body
    )


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("parts", [(SDP,), (ISUP, SDP), (SDP, ISUP), (TEXT, SDP), (("", ""), SDP)])
@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/mixed;boundary=b1",
        'Multipart/Mixed; charset=x; Boundary = "b1"',
        "multipart/alternative;boundary=b1",
        "multipart/related;boundary=b1;type=x",
    ],
)
def test_the_description_is_taken_from_among_the_parts(
    parts: tuple[tuple[str, str], ...], content_type: str, end: str
) -> None:
    found = message(mixed(*parts, end=end), content_type)
    sdp = read_sdp(found)
    assert sdp is not None
    assert sdp.replace(b"\r\n", b"\n") == OFFER.replace(b"\r\n", b"\n")
    assert is_session(found)


def nest(depth: int) -> tuple[bytes, str]:
    """A description under so many multiparts: the body, and its type."""
    body, kind = OFFER, "application/sdp"
    for level in range(depth):
        head = f"--in{level}\r\nContent-Type: {kind}\r\n\r\n".encode()
        body = head + body + f"\r\n--in{level}--".encode()
        kind = f"multipart/mixed; boundary=in{level}"
    return body, kind


@pytest.mark.parametrize("depth", range(6))
def test_multiparts_are_read_three_deep(depth: int) -> None:
    assert (read_sdp(message(*nest(depth))) == OFFER) is (depth <= 3)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (mixed(ISUP, TEXT), "multipart/mixed;boundary=b1"),
        (mixed(SDP), "multipart/mixed"),
        (mixed(SDP), "multipart/mixed;boundary=other"),
        (mixed(SDP, NEEDED), "multipart/mixed;boundary=b1"),
        (mixed(TEXT), "text/plain"),
        (b"--b1\r\nno header and no empty line", "multipart/mixed;boundary=b1"),
        (b"x", ""),
    ],
)
def test_what_holds_no_description_or_needs_what_we_do_not_read_is_415(
    body: bytes, content_type: str
) -> None:
    assert not is_session(message(body, content_type))
    us = side(trusted=())
    if content_type:
        assert give(us, ask("INVITE", body=body, content_type=content_type)) == [415]


@pytest.mark.parametrize("front", [b"", b"\r\n"])
def test_a_description_whose_type_nobody_says_is_one(front: bytes) -> None:
    found = message(front + OFFER, "")
    assert is_session(found)
    assert read_sdp(found) == front + OFFER


def test_a_body_of_which_all_may_be_left_out_is_none() -> None:
    us = side(trusted=())
    kind = "multipart/mixed;boundary=b1"
    assert give(us, ask("INVITE", body=mixed(ISUP, ISUP), content_type=kind)) == [100]
    assert us.one(InviteReceived).sdp is None


def test_an_encoded_part_is_no_description() -> None:
    part = b"--b1\r\nContent-Type: application/sdp\r\nContent-Transfer-Encoding: base64\r\n\r\ndj0w"
    assert read_sdp(message(part)) is None


def test_no_more_than_32_parts_are_read() -> None:
    assert read_sdp(message(mixed(*[TEXT] * 31, SDP))) is not None
    assert read_sdp(message(mixed(*[TEXT] * 32, SDP))) is None


def test_offers_and_answers_in_multipart_are_heard_everywhere() -> None:
    kind = "multipart/mixed;boundary=b1"
    body = mixed(ISUP, SDP)
    caller = Caller()
    caller.hear(183, ("Content-Type", kind), body=body)
    caller.hear(200, CONTACT, ("Content-Type", kind), body=body)
    assert caller.side.one(Progress).sdp == OFFER
    assert caller.side.one(InviteAnswered).sdp == OFFER
    callee = Called(trusted=(), session_expires=0)
    callee.up(body=body, content_type=kind)
    assert callee.us.one(InviteReceived).sdp == OFFER
    callee.inside("INVITE", body=body, content_type=kind)
    assert callee.us.one(ReinviteReceived).sdp == OFFER


@given(
    st.binary(max_size=200),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
)
def test_any_body_is_read_without_an_error(body: bytes, boundary: str) -> None:
    for kind in (f"multipart/mixed;boundary={boundary}", "multipart/mixed;boundary=b"):
        found = message(body.replace(b"a", b"\r\n--b"), kind)
        assert is_session(found) in (True, False)
        read_sdp(found)

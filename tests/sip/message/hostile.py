"""Hostile messages, made of much of one thing."""

from __future__ import annotations

from tui.sip import (
    RemoteProtocolError,
    SipMessage,
    parse_challenge,
    parse_message,
)


def touch(message: SipMessage) -> None:
    """Read everything that can be read; only RemoteProtocolError may come of it."""
    for name in dir(type(message)):
        if isinstance(getattr(type(message), name), property):
            try:
                str(getattr(message, name))
            except RemoteProtocolError:
                assert name in {"via", "contact", "contacts", "route", "record_route"}
    for name in {name for name, _ in message.headers.items()}:
        message.headers.get_all(name)
        try:
            message.number(name)
        except RemoteProtocolError:
            continue
    for value in message.headers.get_all("WWW-Authenticate"):
        parse_challenge(value)


SIZE = 64 * 1024
HEAD = (
    b"MESSAGE sip:a@b SIP/2.0\r\nVia: SIP/2.0/WS h;branch=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\n"
    b"CSeq: 1 MESSAGE\r\n"
)
UNITS = (
    *(
        b" ",
        b"\t",
        b"\r",
        b"\n",
        b"\r\n",
        b"\r\n ",
        b" \r\n",
        b":",
        b";",
        b",",
        b"=",
        b'"',
        b"\\",
        b"<",
    ),
    *(
        b">",
        b"@",
        b"%",
        b"%4",
        b"%41",
        b"?",
        b"&a",
        b"a",
        b"1",
        b"[",
        b"/",
        b"\0",
        b"\\\0",
        b"\xff",
    ),
    *(
        b"a:",
        b"a: b\r\n",
        b";a=b",
        b";a=",
        b"; a ",
        b';a="',
        b';a="b"',
        b'\\"',
        b'"\\',
        b"<a>",
        b'"a"',
    ),
    *(
        b"a ",
        b"a,",
        b",,",
        b"sip:",
        b"sip:a@b,",
        b"SIP/2.0/UDP h,",
        b"\r\n\t",
        b" \r\n ",
        b"Via: x\r\n",
    ),
    *(
        b"v:SIP/2.0/UDP h\r\n",
        b"a=b,",
        b'a="',
        b"\r\n\r",
        b"\n\r",
        b"?a=b",
        b"=;",
        b" ;",
        b" =",
        b"\xc3\xa9",
    ),
)


def frames(unit: bytes, size: int) -> list[bytes]:
    """So many bytes of one thing, alone and in every place of a message."""
    much = unit * (size // len(unit))
    places = [
        b"",
        b"MESSAGE ",
        b"SIP/2.0 200 ",
        HEAD,
        HEAD + b"From: ",
        HEAD + b'From: "',
        HEAD + b"From: <sip:",
        HEAD + b"From: <sip:a@b>",
        HEAD + b"From: <sip:a@b>;tag=1\r\nVia: ",
        HEAD + b"From: <sip:a@b>;tag=1\r\nContact: ",
        HEAD + b"From: <sip:a@b>;tag=1\r\n\r\n",
    ]
    ends = (b"", b"\r\n\r\n", b'" x\r\n\r\n')
    return [(place + much)[: size - len(end)] + end for place in places for end in ends]


def read_all(data: bytes, **limits: int) -> None:
    """Parse; within the real limits, read all that can be read, too."""
    try:
        message = parse_message(data, **limits)
    except RemoteProtocolError:
        return
    if not limits:
        touch(message)

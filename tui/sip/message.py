"""Requests and responses, and `parse_message()`, which reads them from bytes.

RFC 3261 §7. `frame.py` says what is forgiven on the way; the grammar also allows white space
around `;` `=` `,` `/`. Bytes beyond Content-Length are dropped (§18.3); a body shorter than it is
refused, and so is a message whose Via, From, To, Call-ID or CSeq cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from tui.sip.errors import LocalProtocolError, RemoteProtocolError
from tui.sip.fields import (
    CSeq,
    NameAddr,
    Via,
    parse_cseq,
    parse_name_addr,
    parse_top_via,
    parse_via,
)
from tui.sip.frame import cut_frame
from tui.sip.grammar import TCHAR, is_token
from tui.sip.headers import Headers
from tui.sip.uri import Uri, parse_uri

MAX_SIZE: Final = 64 * 1024
MAX_HEADERS: Final = 200
MAX_LINE: Final = 8 * 1024

_status_line = re.compile(
    r"[Ss][Ii][Pp]/([0-9]+\.[0-9]+) ([1-6][0-9][0-9])(?: ([^\r]*))?"
).fullmatch
_request_line = re.compile(rf"([{TCHAR}]++) ([^\s]++) [Ss][Ii][Pp]/([0-9]+\.[0-9]+)").fullmatch
_forbidden = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search
_digits = re.compile(r"[0-9]{1,10}").fullmatch
_leading_number = re.compile(r"[0-9]{1,20}(?![0-9])").match
_COPIED: Final = ("via", "from", "to", "call-id", "cseq")


class Message:
    """What requests and responses share. Every accessor may raise RemoteProtocolError."""

    __slots__ = ("body", "headers")

    def __init__(self, headers: Headers | Iterable[tuple[str, str]], body: bytes) -> None:
        self.headers = headers if isinstance(headers, Headers) else Headers(headers)
        self.body = body

    @property
    def call_id(self) -> str:
        return self.headers.parsed("call-id", _parse_call_id)

    @property
    def cseq(self) -> CSeq:
        return self.headers.parsed("cseq", parse_cseq)

    @property
    def from_(self) -> NameAddr:
        return self.headers.parsed("from", parse_name_addr)

    @property
    def to(self) -> NameAddr:
        return self.headers.parsed("to", parse_name_addr)

    @property
    def top_via(self) -> Via:
        """The hop that sent this to us (a request), or ours (a response)."""
        return self.headers.parsed("via", parse_top_via)

    @property
    def via(self) -> tuple[Via, ...]:
        """Every hop, the nearest first."""
        return self.headers.parsed_all("via", parse_via)

    @property
    def branch(self) -> str | None:
        """The branch of the top Via; None for a peer of RFC 2543."""
        return self.top_via.branch

    @property
    def contacts(self) -> tuple[NameAddr, ...]:
        """Every Contact. `*` (un-REGISTER everything, §10.2.2) counts as none."""
        if self.headers.get("Contact") == "*":
            return ()
        return self.headers.parsed_all("contact", parse_name_addr)

    @property
    def contact(self) -> NameAddr | None:
        """The first Contact."""
        contacts = self.contacts
        return contacts[0] if contacts else None

    @property
    def record_route(self) -> tuple[NameAddr, ...]:
        return self.headers.parsed_all("record-route", parse_name_addr)

    @property
    def route(self) -> tuple[NameAddr, ...]:
        return self.headers.parsed_all("route", parse_name_addr)

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters; `""` where there is none."""
        value = self.headers.get("Content-Type")
        return value.partition(";")[0].strip(" \t").lower() if value else ""

    def number(self, name: str) -> int | None:
        """A header of delta-seconds or a count (Expires, Min-SE, Retry-After …).

        Parameters and comments behind the number are left out. None where there is none;
        a number above 2³²−1 is 2³²−1 (§20.19).
        """
        value = self.headers.get(name)
        if value is None:
            return None
        digits = _leading_number(value)
        if digits is None:
            raise RemoteProtocolError("a header that is no number")
        return min(int(digits[0]), 2**32 - 1)

    def _to_bytes(self, start: str) -> bytes:
        lines = [start]
        for name, value in self.headers.items():
            if not is_token(name):
                raise LocalProtocolError("a header name that is no token")
            if name.lower() != "content-length":
                lines.append(f"{name}: {value}")
        lines.append(f"Content-Length: {len(self.body)}")
        if _forbidden("\t".join(lines)):
            raise LocalProtocolError("a control character in a message")
        try:
            head = "\r\n".join(lines).encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raise LocalProtocolError("a lone surrogate in a message") from None
        return head + b"\r\n\r\n" + self.body


class Request(Message):
    """`METHOD uri SIP/2.0`. The method knows case; `uri` is the Request-URI as it stands."""

    __slots__ = ("_target", "method", "uri")

    def __init__(
        self,
        method: str,
        uri: str | Uri,
        headers: Headers | Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> None:
        super().__init__(headers, body)
        self.method = method
        self.uri = str(uri)
        self._target: Uri | None = None

    @property
    def request_uri(self) -> Uri:
        """`uri` taken apart."""
        if self._target is None:
            self._target = parse_uri(self.uri)
        return self._target

    def to_bytes(self) -> bytes:
        """The wire form, with the true Content-Length. LocalProtocolError when it has none."""
        if not is_token(self.method):
            raise LocalProtocolError("a method that is no token")
        if self.uri.split() != [self.uri]:
            raise LocalProtocolError("a Request-URI with white space")
        return self._to_bytes(f"{self.method} {self.uri} SIP/2.0")

    def __repr__(self) -> str:
        return f"<Request {self.method}>"


class Response(Message):
    """`SIP/2.0 status reason`."""

    __slots__ = ("reason", "status")

    def __init__(
        self,
        status: int,
        reason: str = "",
        headers: Headers | Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> None:
        super().__init__(headers, body)
        self.status = status
        self.reason = reason

    def to_bytes(self) -> bytes:
        """The wire form, with the true Content-Length. LocalProtocolError when it has none."""
        if not 100 <= self.status <= 699:
            raise LocalProtocolError("an impossible status")
        return self._to_bytes(f"SIP/2.0 {self.status} {self.reason}")

    def __repr__(self) -> str:
        return f"<Response {self.status}>"


def parse_message(
    data: bytes,
    *,
    max_size: int = MAX_SIZE,
    max_headers: int = MAX_HEADERS,
    max_line: int = MAX_LINE,
) -> Request | Response:
    """One message out of one frame, or RemoteProtocolError, and nothing else.

    Limits: `max_size` bytes in all, `max_headers` lines, `max_line` characters in a line once
    it is unfolded. What comes back has a readable top Via, From, To, Call-ID and CSeq (with
    the request's own method in it) and, for a request, a readable Request-URI.
    """
    start, headers, body = cut_frame(data, max_size, max_headers, max_line)
    found = _status_line(start)
    if found is not None:
        version, status, reason = found.groups()
        if version != "2.0":
            raise RemoteProtocolError("not SIP/2.0", status=505)
        response = Response(int(status), reason or "", headers, body)
        _check(response)
        return response
    found = _request_line(start)
    if found is None:
        raise RemoteProtocolError("a malformed start line")
    method, uri, version = found.groups()
    request = Request(method, uri, headers, body)
    try:
        _check(request)
        if version != "2.0":
            raise RemoteProtocolError("not SIP/2.0", status=505)
        if request.cseq.method != method:
            raise RemoteProtocolError("a CSeq of another method")
        request._target = parse_uri(uri)
    except RemoteProtocolError as error:
        if method != "ACK" and _answerable(request):
            error.request_hint = request
        raise
    return request


def _check(message: Request | Response) -> None:
    """Read all that the core needs to route and answer this message, and fit the body."""
    index = message.headers._index
    for key in ("from", "to", "call-id", "cseq"):
        if len(index.get(key, ())) > 1:
            raise RemoteProtocolError("a header that may stand once stands twice")
    message.top_via  # noqa: B018
    message.from_  # noqa: B018
    message.to  # noqa: B018
    message.call_id  # noqa: B018
    message.cseq  # noqa: B018
    lengths = index.get("content-length")
    if lengths is None:
        return
    if len(set(lengths)) > 1 or _digits(lengths[0]) is None:
        raise RemoteProtocolError("a malformed Content-Length header")
    length = int(lengths[0])
    if length > len(message.body):
        raise RemoteProtocolError("a body shorter than its Content-Length")
    if length < len(message.body):
        message.body = message.body[:length]


def _answerable(request: Request) -> bool:
    """Whether a 400 can be sent: a hop to send it to, and every header that it copies."""
    if any(key not in request.headers for key in _COPIED):
        return False
    try:
        return bool(request.top_via)
    except RemoteProtocolError:
        return False


def _parse_call_id(value: str) -> str:
    if not value or " " in value or "\t" in value:
        raise RemoteProtocolError("a malformed Call-ID header")
    return value

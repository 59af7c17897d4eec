"""Requests and responses, and `parse_message()`, which reads them from bytes.

RFC 3261 §7. `frame.py` says what is forgiven on the way; the grammar also allows white space
around `;` `=` `,` `/`. Bytes beyond Content-Length are dropped (§18.3), unless it counts the body's
characters, as clients in browsers do; a body shorter than it is refused, and so is a message whose
Via, From, To, Call-ID or CSeq cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, TypeAlias

from tui.sip.errors import LocalProtocolError, RemoteProtocolError
from tui.sip.message.frame import cut_frame, head_of
from tui.sip.message.grammar import TCHAR, is_token
from tui.sip.message.header_values import (
    CSeq,
    NameAddr,
    Via,
    parse_answered_party,
    parse_cseq,
    parse_name_addr,
    parse_party,
    parse_top_via,
    parse_via,
)
from tui.sip.message.headers import Headers
from tui.sip.message.uri import Uri, parse_uri
from tui.text import decoded

Lines: TypeAlias = Iterable[tuple[str, str]]
"""Header lines to write: (name, value)."""

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


class SipMessage:
    """What requests and responses share. Every accessor may raise RemoteProtocolError."""

    __slots__ = ("body", "headers", "surplus")

    def __init__(self, headers: Headers | Iterable[tuple[str, str]], body: bytes) -> None:
        self.headers = headers if isinstance(headers, Headers) else Headers(headers)
        self.body = body
        self.surplus = 0
        """Bytes that stood behind the body in its frame, other than blanks and line ends."""

    @property
    def call_id(self) -> str:
        """What its dialog, or its registrations, are known by (§8.1.1.4)."""
        return self.headers.parsed("call-id", _parse_call_id)

    @property
    def cseq(self) -> CSeq:
        """Its number and method (§8.1.1.5)."""
        return self.headers.parsed("cseq", parse_cseq)

    @property
    def from_(self) -> NameAddr:
        """Who began the dialog, with the tag, in the strict form (§8.1.1.3)."""
        return self.headers.parsed("from", parse_party)

    @property
    def to(self) -> NameAddr:
        """Whom it is for (§8.1.1.2)."""
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
        """The first Contact: a target, so it is read strictly; those behind it are not read."""
        values = self.headers.get_all("Contact")
        return parse_name_addr(values[0]) if values and values != ["*"] else None

    @property
    def record_route(self) -> tuple[NameAddr, ...]:
        """The proxies that want to stay on the way, as they stand (§20.30)."""
        return self.headers.parsed_all("record-route", parse_name_addr)

    @property
    def route(self) -> tuple[NameAddr, ...]:
        """The proxies that it still goes by, the next first (§20.34)."""
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


class Request(SipMessage):
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


class Response(SipMessage):
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

    @property
    def from_(self) -> NameAddr:
        """What we said in the request, and the peer repeats (§8.2.6.2)."""
        return self.headers.parsed("from", parse_answered_party)

    @property
    def to(self) -> NameAddr:
        """What we said in the request, with the peer's tag."""
        return self.headers.parsed("to", parse_answered_party)

    def to_bytes(self) -> bytes:
        """The wire form, with the true Content-Length. LocalProtocolError when it has none."""
        if not 100 <= self.status <= 699:
            raise LocalProtocolError("an impossible status")
        return self._to_bytes(f"SIP/2.0 {self.status} {self.reason}")

    def __repr__(self) -> str:
        return f"<Response {self.status}>"


class MalformedRequest(RemoteProtocolError):
    """A request that breaks the protocol and can be told so.

    `request` is what could be read of it: all that a response must copy (Via, From, To,
    Call-ID, CSeq: RFC 3261 §8.2.6.2) is there.
    """

    def __init__(self, message: str, request: Request, *, status: int = 400) -> None:
        super().__init__(message, status=status)
        self.request = request


def answerable(error: RemoteProtocolError) -> Request | None:
    """The request to answer with `error.status`; None: drop the message."""
    return error.request if isinstance(error, MalformedRequest) else None


def parse_message(
    data: bytes,
    *,
    max_size: int = MAX_SIZE,
    max_headers: int = MAX_HEADERS,
    max_line: int = MAX_LINE,
) -> Request | Response:
    """One message out of one frame, or RemoteProtocolError, and nothing else.

    Limits: `max_size` bytes in all (of a longer one the head alone is read, for the 513),
    `max_headers` lines, `max_line` characters in a line once it is unfolded. What comes back has a
    readable top Via, From, To, Call-ID and CSeq (with the request's own method in it) and, for a
    request, a readable Request-URI.
    """
    too_large = len(data) > max_size
    if too_large:
        data = head_of(data, max_size)
    start, headers, body = cut_frame(data, max_headers, max_line)
    found = _status_line(start)
    if found is not None:
        version, status, reason = found.groups()
        if version != "2.0":
            raise RemoteProtocolError("not SIP/2.0", status=505)
        response = Response(int(status), reason or "", headers, body)
        if too_large:
            raise RemoteProtocolError("a message over the size limit", status=513)
        _check(response)
        return response
    found = _request_line(start)
    if found is None:
        raise RemoteProtocolError("a malformed start line")
    method, uri, version = found.groups()
    request = Request(method, uri, headers, body)
    try:
        if too_large:
            raise RemoteProtocolError("a message over the size limit", status=513)
        _check(request)
        if version != "2.0":
            raise RemoteProtocolError("not SIP/2.0", status=505)
        if request.cseq.method != method:
            raise RemoteProtocolError("a CSeq of another method")
        request._target = parse_uri(uri)
    except RemoteProtocolError as error:
        if method != "ACK" and _answerable(request):
            raise MalformedRequest(str(error), request, status=error.status) from None
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
    if length < len(message.body) and not _counts_characters(length, message.body):
        message.surplus = len(message.body[length:].strip(b"\r\n\t \0"))
        message.body = message.body[:length]


def _counts_characters(length: int, body: bytes) -> bool:
    """Whether somebody counted the body's characters, or its UTF-16 units, for its bytes."""
    text = decoded(body)
    return length in (len(text), len(text.encode("utf-16-le", "surrogatepass")) // 2)


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

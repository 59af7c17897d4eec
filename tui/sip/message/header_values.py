"""What the headers that route a message say: addresses, Via and CSeq as values.

RFC 3261 §20, §25.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from tui.sip.errors import RemoteProtocolError
from tui.sip.message.grammar import (
    HOST,
    LWS,
    PARAMS,
    QUOTED,
    TCHAR,
    quote,
    read_params,
    split_list,
    unescape,
    write_params,
)
from tui.sip.message.headers import Headers
from tui.sip.message.uri import Uri, parse_uri

_name_addr = re.compile(
    rf'{LWS}(?:"([^"\\]*+(?:\\.[^"\\]*+)*)"{LWS}|([{TCHAR} \t\x80-\U0010ffff]*+))'
    rf"<([^<>]++)>{PARAMS}{LWS}"
).fullmatch
_odd_name_addr = re.compile(
    rf'{LWS}(?:""([^"<>\\]*+)""{LWS}|([^"<>\\]*+))<([^<>]++)>{PARAMS}{LWS}'
).fullmatch
"""A name with marks that want quotes (`Smith & Sons`), or that is quoted twice (`""unknown""`)."""
_any_name_addr = re.compile(rf'((?:{QUOTED}|[^"<>\\]++)*)<([^<>]++)>{PARAMS}{LWS}').fullmatch
_bracketed = re.compile(rf'(?:{QUOTED}|[^"<>\\]++)*<([^<>]++)>').match
_sent_back = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*+:[^\x00-\x1f\x7f]++").fullmatch
_addr_spec = re.compile(rf'{LWS}([A-Za-z][A-Za-z0-9+.\-]*+:[^\s;,?<>"]++){PARAMS}{LWS}').fullmatch
_via = re.compile(
    rf"{LWS}[Ss][Ii][Pp]{LWS}/{LWS}2\.0{LWS}/{LWS}([{TCHAR}]++)[ \t]++({HOST})"
    rf"(?:{LWS}:{LWS}([0-9]{{1,5}}))?{PARAMS}{LWS}"
).fullmatch
_cseq = re.compile(rf"([0-9]{{1,20}})[ \t]++([{TCHAR}]++)").fullmatch

_tags = re.compile(rf";{LWS}[Tt][Aa][Gg]{LWS}={LWS}([{TCHAR}]++)").findall
_seconds = re.compile(r"[ \t]*+([0-9]{1,10}+)[ \t]*+(?:[;(].*+)?", re.DOTALL).fullmatch

MAX_CSEQ = 2**31 - 1
NOBODY: Final = Uri("sip", "anonymous", host="anonymous.invalid")
"""What RFC 3323 writes where it is not said who it is."""


@dataclass(frozen=True, slots=True)
class NameAddr:
    """An address with the name and the parameters that a header gives it.

    `display_name` comes without quotes and backslashes, straight from the wire.
    """

    uri: Uri
    display_name: str = ""
    params: dict[str, str] = field(default_factory=dict)

    @property
    def tag(self) -> str | None:
        """The dialog tag; None where there is none (RFC 2543 peers) or an empty one."""
        return self.params.get("tag") or None

    def __str__(self) -> str:
        name = f"{quote(self.display_name)} " if self.display_name else ""
        return f"{name}<{self.uri}>{write_params(self.params)}"

    def __hash__(self) -> int:
        return hash((self.uri, self.display_name))


@dataclass(frozen=True, slots=True)
class Via:
    """One hop. `transport` is upper-case (`WSS`); `host`, `port` are the sent-by."""

    transport: str
    host: str
    port: int | None = None
    params: dict[str, str] = field(default_factory=dict)

    @property
    def branch(self) -> str | None:
        """The branch; without `z9hG4bK` at its head the peer speaks RFC 2543 (§17.2.3)."""
        return self.params.get("branch") or None

    @property
    def sent_by(self) -> str:
        """`host` or `host:port`, in lower case, for comparing."""
        return f"{self.host}:{self.port}".lower() if self.port is not None else self.host.lower()

    def __str__(self) -> str:
        port = f":{self.port}" if self.port is not None else ""
        return f"SIP/2.0/{self.transport} {self.host}{port}{write_params(self.params)}"

    def __hash__(self) -> int:
        return hash((self.transport, self.sent_by, self.branch))


@dataclass(frozen=True, slots=True)
class CSeq:
    """A sequence number (0 … 2³¹−1) and the method that it counts."""

    number: int
    method: str

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


def _cut(text: str) -> tuple[str, str, str] | None:
    """Display name, URI and parameters of an address, the last two not yet understood."""
    if found := _name_addr(text):
        quoted, plain, uri, params = found.groups()
        return unescape(quoted) if quoted is not None else plain.strip(" \t"), uri, params
    if found := _addr_spec(text):
        return "", found[1], found[2]
    if found := _odd_name_addr(text):
        doubled, plain, uri, params = found.groups()
        return (plain if doubled is None else doubled).strip(" \t"), uri, params
    return None


def parse_name_addr(text: str) -> NameAddr:
    """One address of From, To, Contact, Route …; RemoteProtocolError when it is none.

    Without angle brackets, parameters belong to the header (§20). Letters beyond ASCII and any
    marks but `"` `<` `>` may stand unquoted in a display name: the grammar forbids it, PBXs do it.
    """
    pieces = _cut(text)
    if pieces is None:
        raise RemoteProtocolError("a malformed address")
    name, uri, params = pieces
    return NameAddr(parse_uri(uri), name, read_params(params) if params else {})


def parse_party(text: str) -> NameAddr:
    """From. What matches is strict: brackets that close, and the parameters with the tag. A URI in
    brackets that cannot be read only tells who it is, so it is `NOBODY` instead."""
    pieces = _cut(text)
    if pieces is None:
        found = _any_name_addr(text)
        if found is None:
            raise RemoteProtocolError("a malformed address")
        quoted, address, params = found.groups()
        pieces = unescape(quoted.replace('"', "")).strip(" \t"), address.strip(" \t"), params
    name, address, params = pieces
    values = read_params(params) if params else {}
    try:
        uri = parse_uri(address)
    except RemoteProtocolError:
        uri = NOBODY
    return NameAddr(uri, name, values)


def parse_answered_party(text: str) -> NameAddr:
    """From or To of a response. It is matched by branch and tag, and a 2xx has to be ACKed
    whatever stands in front of the tag."""
    try:
        return parse_party(text)
    except RemoteProtocolError:
        tags = _tags(text)
        if len(tags) > 1:
            raise
        return NameAddr(NOBODY, "", {"tag": tags[0]} if tags else {})


def readable(values: Iterable[str]) -> Iterator[NameAddr]:
    """The addresses among the items of a list header: one bad item is one bad item."""
    for value in values:
        try:
            yield parse_name_addr(value)
        except RemoteProtocolError:
            continue


def sent_back(value: str) -> str:
    """The URI of a Contact or a Record-Route as it goes back to who wrote it, however odd: nobody
    but they reads it (RFC 3261 §12.2.1.1). RemoteProtocolError where nothing stands there that
    could be sent."""
    try:
        uri = str(parse_name_addr(value).uri)
    except RemoteProtocolError:
        found = _bracketed(value)
        uri = (found[1] if found else "").strip(" \t").replace(" ", "%20")
    if not _sent_back(uri) or uri.split() != [uri]:  # any white space: it would end the URI
        raise RemoteProtocolError("an address that cannot be sent back")
    return uri


def parse_via(text: str) -> Via:
    """One hop of a Via header; RemoteProtocolError when it is none. Of its parameters the branch
    alone is what a response is found by: what a NAT's helper wrote beside it (`rport` or `received`
    again) takes no answer away."""
    found = _via(text)
    if found is None:
        raise RemoteProtocolError("a malformed Via header")
    transport, host, port, params = found.groups()
    number = None
    if port is not None:
        number = int(port)
        if number > 65535:
            raise RemoteProtocolError("a Via header with an impossible port")
    return Via(transport.upper(), host, number, read_params(params, "branch") if params else {})


def parse_top_via(value: str) -> Via:
    """The first hop of one Via line (§7.3.1). RemoteProtocolError when there is none."""
    if "," not in value:
        return parse_via(value)
    hops = split_list(value)
    if not hops:
        raise RemoteProtocolError("an empty Via header")
    return parse_via(hops[0])


def parse_cseq(text: str) -> CSeq:
    """`314159 INVITE`; RemoteProtocolError for anything else (§8.1.1.5)."""
    found = _cseq(text)
    if found is None or (number := int(found[1])) > MAX_CSEQ:
        raise RemoteProtocolError("a malformed CSeq header")
    return CSeq(number, found[2])


def read_seconds(headers: Headers, name: str) -> int | None:
    """The number of seconds in Min-SE, Min-Expires, Retry-After, Flow-Timer …; None when the
    header is missing or is no number (a hint that cannot be read is no hint)."""
    found = _seconds(headers.get(name) or "")
    return int(found[1]) if found else None

"""One frame cut into start line, headers and body; nothing in them is understood yet.

RFC 3261 §7. One message is one WebSocket message (RFC 7118 §5): there is no stream to cut.

What is read liberally: empty lines in front, a bare LF for CRLF (nothing else ends a line
here, so nothing can be smuggled), folding, white space around a header's colon and at its end,
bytes that are no UTF-8 (kept, and written back as they were), control characters (each becomes a
space, so that none ends or begins a line). A line that is no header, or is over a limit and only
tells something, is skipped: it decides nothing. What is refused: a missing empty line, and a line
over a limit that routes or matches.
"""

from __future__ import annotations

import re
from typing import Final

from tui.sip.errors import RemoteProtocolError
from tui.sip.message.grammar import is_token
from tui.sip.message.headers import KEYS, Headers

_CONTROLS: Final = bytes([*range(9), 11, 12, *range(14, 32), 127])
_AS_SPACES: Final = bytes.maketrans(_CONTROLS + b"\r", b" " * (len(_CONTROLS) + 1))
_ROUTES: Final = frozenset(
    (
        *("via", "from", "to", "call-id", "cseq", "contact", "route", "record-route"),
        *("content-length", "content-type", "content-encoding", "require", "replaces"),
        *("www-authenticate", "proxy-authenticate", "authorization", "proxy-authorization"),
    )
)
"""What routes, matches or says how to read the rest: never left out in silence."""
_end_of_head = re.compile(rb"\r?\n\r?\n").search
_fold = re.compile(rb"\n[ \t]+").sub
_header_lines = re.compile(r"\r\n([^:\s]++)[ \t]*+:[ \t]*+([^\r]*+)").findall


def head_of(data: bytes, max_size: int) -> bytes:
    """Start line and headers of a message over the size limit, with the empty line. 513 when they
    alone are over it."""
    found = _end_of_head(data, 0, max_size)
    if found is None:
        raise RemoteProtocolError("a message over the size limit", status=513)
    return data[: found.end()]


def cut_frame(data: bytes, max_headers: int, max_line: int) -> tuple[str, Headers, bytes]:
    """(start line, headers, all that stands behind the empty line), or RemoteProtocolError."""
    if data[:1] in (b"\r", b"\n"):
        data = data.lstrip(b"\r\n")
    end = data.find(b"\r\n\r\n")
    raw = data[:end]
    count = raw.count(b"\r\n")
    if (
        end < 0
        or raw.count(b"\n") != count
        or raw.count(b"\r") != count
        or b"\r\n " in raw
        or b"\r\n\t" in raw
        or b" \r\n" in raw
        or b"\t\r\n" in raw
        or raw[-1:] in (b" ", b"\t")
        or len(raw.translate(None, _CONTROLS)) != len(raw)
    ):
        raw, body = _repair(data)
        count = raw.count(b"\r\n")
    else:
        body = data[end + 4 :]
    head = raw.decode("utf-8", "surrogateescape")
    items = _header_lines(head)
    long = len(head) > max_line and max(map(len, head.split("\r\n"))) > max_line
    if len(items) != count or count > max_headers or long:
        items = _within(head, max_headers, max_line)
    index: dict[str, list[str]] = {}
    skipped = False
    for name, value in items:
        key = KEYS.get(name)
        if key is None:
            if not is_token(name):
                skipped = True
                continue
            key = name.lower()
        values = index.get(key)
        if values is None:
            index[key] = [value]
        else:
            values.append(value)
    if skipped:
        items = [item for item in items if is_token(item[0])]
    return head.partition("\r\n")[0], Headers.of_wire(items, index), body


def _within(head: str, max_headers: int, max_line: int) -> list[tuple[str, str]]:
    """The lines that are headers and within the limits. RemoteProtocolError where one that is not
    routes or matches; those that only tell something are left out."""
    start, *lines = head.split("\r\n")
    if len(start) > max_line:
        raise RemoteProtocolError("a line over the length limit")
    routing, told = 0, 0
    items: list[tuple[str, str]] = []
    for line in lines:
        found = _header_lines("\r\n" + line)
        if not found:
            continue
        name = found[0][0]
        if (KEYS.get(name) or name.lower()) in _ROUTES:
            routing += 1
            if len(line) > max_line or routing > max_headers:
                raise RemoteProtocolError("a header that routes is over a limit")
            items += found
        elif len(line) <= max_line and told < max_headers:
            told += 1
            items += found
    return items


def _repair(data: bytes) -> tuple[bytes, bytes]:
    """Head and body of a message that is not plain: LF alone, folding, trailing white space,
    control characters."""
    found = _end_of_head(data)
    if found is None:
        raise RemoteProtocolError("no empty line behind the headers")
    head = data[: found.start()].replace(b"\r\n", b"\n").translate(_AS_SPACES)
    start, *lines = _fold(b" ", head).split(b"\n")
    return b"\r\n".join([start, *[line.rstrip(b" \t") for line in lines]]), data[found.end() :]

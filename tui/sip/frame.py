"""One frame cut into start line, headers and body; nothing in them is understood yet.

RFC 3261 §7. One message is one WebSocket message (RFC 7118 §5): there is no stream to cut.

What is read liberally: empty lines in front, a bare LF for CRLF (nothing else ends a line
here, so nothing can be smuggled), folding, white space around a header's colon and at its end,
bytes that are no UTF-8 (kept, and written back as they were), an escaped control character in a
quoted string (becomes an escaped space). What is refused: any other control character, a line
that is no header, a missing empty line, and whatever is over a limit.
"""

from __future__ import annotations

import re
from typing import Final

from tui.sip.errors import RemoteProtocolError
from tui.sip.headers import KEYS, Headers, rare_key

_CONTROLS: Final = bytes([*range(9), 11, 12, *range(14, 32), 127])
_end_of_head = re.compile(rb"\r?\n\r?\n").search
_escaped_control = re.compile(rb"\\[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]").sub
_fold = re.compile(rb"\n[ \t]+").sub
_header_lines = re.compile(r"\r\n([^:\s]++)[ \t]*+:[ \t]*+([^\r]*+)").findall


def cut_frame(
    data: bytes, max_size: int, max_headers: int, max_line: int
) -> tuple[str, Headers, bytes]:
    """(start line, headers, all that stands behind the empty line), or RemoteProtocolError."""
    if len(data) > max_size:
        raise RemoteProtocolError("a message over the size limit", status=513)
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
    if count > max_headers:
        raise RemoteProtocolError("too many headers")
    if len(head) > max_line and max(map(len, head.split("\r\n"))) > max_line:
        raise RemoteProtocolError("a line over the length limit")
    items = _header_lines(head)
    if len(items) != count:
        raise RemoteProtocolError("a malformed header line")
    index: dict[str, list[str]] = {}
    for name, value in items:
        key = KEYS.get(name) or rare_key(name)
        values = index.get(key)
        if values is None:
            index[key] = [value]
        else:
            values.append(value)
    return head.partition("\r\n")[0], Headers.of_wire(items, index), body


def _repair(data: bytes) -> tuple[bytes, bytes]:
    """Head and body of a message that is not plain: LF alone, folding, trailing white space."""
    found = _end_of_head(data)
    if found is None:
        raise RemoteProtocolError("no empty line behind the headers")
    head = data[: found.start()].replace(b"\r\n", b"\n")
    head = _escaped_control(rb"\\ ", head)
    if b"\r" in head or len(head.translate(None, _CONTROLS)) != len(head):
        raise RemoteProtocolError("a control character in a header")
    start, *lines = _fold(b" ", head).split(b"\n")
    return b"\r\n".join([start, *[line.rstrip(b" \t") for line in lines]]), data[found.end() :]

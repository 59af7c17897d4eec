"""The session description of a message, alone or as one part of a multipart body.

RFC 3261 §7.4, RFC 5621, RFC 2046 §5.1. What a peer adds beside the description (ISUP, a place, a
picture) is its own business: a part that we do not read refuses the whole only where it says
`handling=required`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tui.sip.message.message import SipMessage

SDP: Final = "application/sdp"
_DEEPEST: Final = 3
"""Multiparts within multiparts that are still read."""
_MOST: Final = 32
"""Parts of one body that are still read."""
_boundary = re.compile(
    r';[ \t]*+boundary[ \t]*+=[ \t]*+(?:"([^"\\]{1,70}+)"|([^\s;",]{1,70}+))', re.I
)
_handling = re.compile(r";[ \t]*+handling[ \t]*+=[ \t]*+\"?([A-Za-z]++)", re.I)
_end_of_head = re.compile(rb"\r?\n\r?\n")
_fold = re.compile(r"\r?\n[ \t]++")
_version = re.compile(rb"\s*v=0\r?\n").match
"""How every description begins, whether its type is said or not."""
_identity: Final = ("", "7bit", "8bit", "binary")


@dataclass(frozen=True, slots=True)
class _Part:
    content_type: str
    disposition: str
    encoding: str
    body: bytes

    @property
    def media(self) -> str:
        return self.content_type.partition(";")[0].strip().lower()

    @property
    def handling(self) -> str:
        """`required` or `optional` as it says itself, else `""`."""
        found = _handling.search(self.disposition)
        return found[1].lower() if found else ""


def read_sdp(message: SipMessage) -> bytes | None:
    """The session description, or None: the first `application/sdp` part that is not empty."""
    for part in _leaves(_whole(message)):
        if part.media == SDP and part.body and part.encoding in _identity:
            return part.body
    return None


def is_session(message: SipMessage) -> bool:
    """Whether the body can be read as that of an INVITE: there is none, it holds a description, or
    all that it holds may be left out."""
    if not message.body:
        return True
    parts = list(_leaves(_whole(message)))
    if any(part.handling == "required" and part.media != SDP for part in parts):
        return False
    if read_sdp(message) is not None:
        return True
    return bool(parts) and all(part.handling == "optional" for part in parts)


def _whole(message: SipMessage) -> _Part:
    headers = message.headers
    said = headers.get("Content-Type") or ""
    return _Part(
        said or (SDP if _version(message.body) else ""),
        headers.get("Content-Disposition") or "",
        "",  # Content-Encoding is refused before anything is read
        message.body,
    )


def _leaves(part: _Part, depth: int = 0) -> Iterator[_Part]:
    """The part itself, or what a multipart holds, in order."""
    if not part.media.startswith("multipart/"):
        yield part
        return
    found = _boundary.search(part.content_type)
    if found is None or depth >= _DEEPEST:
        return
    for piece in _cut(part.body, (found[1] or found[2]).encode("utf-8", "surrogateescape")):
        yield from _leaves(_read(piece), depth + 1)


def _cut(body: bytes, boundary: bytes) -> list[bytes]:
    """What stands between the boundary lines (RFC 2046 §5.1.1); a last one may be missing."""
    line = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*+(?=\r?\n|\Z)")
    marks = list(line.finditer(body))[: _MOST + 1]
    pieces = []
    for number, mark in enumerate(marks):
        if mark[1]:
            break
        end = marks[number + 1].start() if number + 1 < len(marks) else len(body)
        pieces.append(body[mark.end() : end])
    return pieces[:_MOST]


def _read(piece: bytes) -> _Part:
    """One part: its headers, an empty line, its body. It begins with the end of the boundary's
    line, so a part without headers begins with an empty line."""
    found = _end_of_head.search(piece)
    head, body = (piece[: found.start()], piece[found.end() :]) if found else (piece, b"")
    lines = _fold.sub(" ", head.decode("utf-8", "surrogateescape")).splitlines()
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        fields.setdefault(name.strip().lower(), value.strip())
    return _Part(
        fields.get("content-type", "text/plain"),
        fields.get("content-disposition", ""),
        fields.get("content-transfer-encoding", "").lower(),
        body,
    )

"""SIP messages in another dress, as edge proxies and other stacks write them: the same to whoever
reads RFC 3261, and unlike in every spelling that it leaves open."""

from __future__ import annotations

import random
import re
from typing import Final

from tui.sip.message.headers import COMPACT

EDGE: Final = "edge.invalid"
"""The proxy that the platform's requests come through."""
_BRANCH: Final = re.compile(rb"branch=([^;,\s]+)")
_SHORT: Final = {name: short for short, name in COMPACT.items()}
_ONE_LINE: Final = ("via", "contact")
"""Lists that are written in one line now and then."""
_WITH_PARAMETERS: Final = ("from", "to")
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"|<[^>]*>')
MORE_HEADERS: Final = (
    "X-Trace-ID: 5f0c-77; hop=2",
    "P-Charging-Vector: icid-value=5f0c77;icid-generated-at=192.0.2.1",
    "P-Asserted-Service: urn:urn-7:3gpp-service.ims.icsi.mmtel",
    "History-Info: <sip:501@platform.invalid>;index=1, <sip:502@platform.invalid>;index=1.1",
    'Reason: Q.850;cause=16;text="Normal, clearing", X.int;reasoncode=0x00000000;add-info=0',
    "Session-ID: 00000000000000000000000000000077;remote=00000000000000000000000000000000",
    "Timestamp: 54.21 0.3",
    'Organization: "Sandbox, Trading" <none>',
    "Feature-Caps: *;+sip.608",
    "X-Empty:",
    "x-zeichen: Grüße 你好",
)
"""Nobody has to know them. None says anything about a call that it could be acted on."""
MORE_PARAMETERS: Final = (";x-hop=2", ';note="a;b, c"', ";flag", ";isup-oli=00")
PROVISIONAL: Final = ("100 Trying", "101 One Moment", "175 Somebody Is Looking", "199 Ended Early")
COLONS: Final = (": ", ": ", ":", " : ", " \t:", ":   ")
PHRASES: Final = ("", "Alles in Ordnung", "好的", "OK; really")


def dress_frame(frame: bytes, rng: random.Random) -> list[bytes]:
    """What goes out in the place of this message: itself in another dress, a provisional answer to
    another request than INVITE before it now and then."""
    head, _, body = frame.partition(b"\r\n\r\n")
    start, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    headers = [
        (name.strip(), value.strip()) for name, _, value in (x.partition(":") for x in lines)
    ]
    frames = []
    if start.startswith("SIP/2.0 "):
        status = start.split(" ", 2)[1]
        if status == "200" and rng.random() < 0.2:
            start = f"SIP/2.0 200 {rng.choice(PHRASES)}"
        cseq = next((value for name, value in headers if name.lower() == "cseq"), "")
        if status >= "2" and not cseq.endswith("INVITE") and rng.random() < 0.3:
            kept = ("via", "from", "to", "call-id", "cseq")
            echoed = [each for each in headers if each[0].lower() in kept]
            first = f"SIP/2.0 {rng.choice(PROVISIONAL)}"
            frames.append(_written(first, [*echoed, ("Content-Length", "0")], b"", rng))
    else:
        headers = _through_the_edge(headers)
    return [*frames, _written(start, headers, body, rng)]


def from_the_edge(frame: bytes) -> bytes:
    """What the platform gets of an agent's message: of an answer, without the edge's own Via."""
    if not frame.startswith(b"SIP/2.0 "):
        return frame
    head, gap, body = frame.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    at = next((i for i, line in enumerate(lines) if re.match(rb"(?i)(via|v)\s*:", line)), 0)
    name, _, value = lines[at].partition(b":")
    first, _, others = value.partition(b",")
    if at and EDGE.encode() in first:
        lines[at : at + 1] = [name + b":" + others] if others else []
    return b"\r\n".join(lines) + gap + body


def _through_the_edge(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """With the edge's Via on top. Its branch follows from the one below, so that an ACK and a
    CANCEL have that of their INVITE."""
    at = next(i for i, (name, _) in enumerate(headers) if name.lower() == "via")
    found = _BRANCH.search(headers[at][1].encode())
    below = found[1].decode() if found else "none"
    via = f"SIP/2.0/WS {EDGE}:443;branch=z9hG4bKedge{below.removeprefix('z9hG4bK')};x-in=wss"
    return [*headers[:at], ("Via", via), *headers[at:]]


def _written(start: str, headers: list[tuple[str, str]], body: bytes, rng: random.Random) -> bytes:
    told = [
        (name, value + rng.choice(("", "", *MORE_PARAMETERS)))
        if name.lower() in _WITH_PARAMETERS
        else (name, value)
        for name, value in headers
    ]
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, value in told:
        groups.setdefault(name.lower(), []).append((name, value))
    for key in _ONE_LINE:
        if len(group := groups.get(key, [])) > 1 and rng.random() < 0.5:
            comma = rng.choice((",", ", ", " , ", ",\r\n "))
            groups[key] = [(group[0][0], comma.join(value for _, value in group))]
    for line in rng.sample(MORE_HEADERS, rng.randint(0, 4)):
        name, _, value = line.partition(":")
        groups.setdefault(f"more {name}", []).append((name, value.strip()))
    order = list(groups)
    if rng.random() < 0.7:
        rng.shuffle(order)  # lines of one name keep theirs
    lines = [_line(name, value, rng) for key in order for name, value in groups[key]]
    head = "\r\n".join((start, *lines))
    return head.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


def _line(name: str, value: str, rng: random.Random) -> str:
    key = name.lower()
    if key in _SHORT and rng.random() < 0.4:
        name = rng.choice((_SHORT[key], _SHORT[key].upper()))
    else:
        name = rng.choice((name, name, name.lower(), name.upper()))
    if rng.random() < 0.3:
        value = _folded(value, rng)
    return name + rng.choice(COLONS) + value


def _folded(value: str, rng: random.Random) -> str:
    """Cut into two lines at a space that is in no quotes and no address."""
    hidden = _QUOTED.sub(lambda found: "x" * len(found[0]), value)
    spaces = [i for i, each in enumerate(hidden) if each == " " and "\r" not in hidden]
    if not spaces:
        return value
    at = rng.choice(spaces)
    return f"{value[:at]}\r\n{rng.choice((' ', chr(9), '    '))}{value[at + 1 :]}"

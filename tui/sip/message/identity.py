"""Who a message says is there, and whether it asks to be answered by itself: what PBXs write
beside From. Nothing here decides whether a call exists: what cannot be read is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from tui.sip.errors import RemoteProtocolError
from tui.sip.message.header_values import NameAddr, parse_name_addr
from tui.sip.message.headers import Headers
from tui.sip.message.message import Request, SipMessage
from tui.sip.message.uri import Uri, parse_uri

DISPLAYS: Final = ("X-FS-Support", "update_display")
"""Has FreeSWITCH tell in each answer, and by INFO when it changes, who is there now."""
_NOBODY: Final = ("", "_undef_", "Outbound Call")
"""What it writes where it has no number, or no name."""
_has_letter = re.compile(r"[^\W\d_]").search


def asserted_all(headers: Headers) -> tuple[NameAddr, ...]:
    """Every P-Asserted-Identity (RFC 3325) that can be read."""
    return tuple(_read(headers.get_all("P-Asserted-Identity")))


def asserted(message: SipMessage) -> NameAddr | None:
    """Who the server says is there: the first P-Asserted-Identity that can be read, else the first
    Remote-Party-ID that does not say `screen=no`, else what FreeSWITCH says in headers of its own
    (it marks each Remote-Party-ID of an answer so), else, once there is a dialog, what `screen=no`
    stands behind: Asterisk's `send_rpid` marks each so, and an answer has no From of the other side
    that would say as much. Worth what the flow is worth; see `is_unscreened`."""
    headers = message.headers
    found = asserted_all(headers)
    if found:
        return found[0]
    parties = tuple(_read(headers.get_all("Remote-Party-ID")))
    for party in parties:
        if not is_unscreened(party):
            return party
    if "X-FS-Display-Number" in headers:
        return _displayed(headers)
    begins = isinstance(message, Request) and message.to.tag is None
    open_ones = (each for each in parties if each.params.get("privacy", "off").lower() == "off")
    return None if begins else next(open_ones, None)


def is_unscreened(party: NameAddr) -> bool:
    """Whether a Remote-Party-ID says of itself that nobody has verified it."""
    return party.params.get("screen", "").lower() == "no"


def _displayed(headers: Headers) -> NameAddr | None:
    """The party of X-FS-Display-Number, a number or an address, and X-FS-Display-Name."""
    number = (headers.get("X-FS-Display-Number") or "").strip()
    name = (headers.get("X-FS-Display-Name") or "").strip()
    if number in _NOBODY:
        return None
    try:
        uri = parse_uri(number if ":" in number else f"sip:{number}")
    except RemoteProtocolError:
        return None
    if "@" not in number:  # `sip:1002` is a host
        uri = Uri("sip", uri.host)
    return NameAddr(uri, "" if name in _NOBODY else name)


def _read(values: Iterable[str]) -> Iterator[NameAddr]:
    """The addresses among the items. A comma in a name without quotes cuts it in two: a piece with
    letters and no address belongs to the name of the next one."""
    name = ""
    for value in values:
        try:
            found = parse_name_addr(f"{name}, {value}" if name else value)
        except RemoteProtocolError:
            name = value if _has_letter(value) and not set(value) & set('<>:;"') else ""
            continue
        name = ""
        yield found


def is_withheld(party: NameAddr) -> bool:
    """Whether an address says that nobody shall know whose it is: what RFC 3323 §4.1.1.3 writes, or
    no user at all."""
    uri = party.uri
    if uri.opaque:
        return False
    return uri.host.lower() == "anonymous.invalid" or uri.user.lower() in ("", "anonymous")


_AUTO_ANSWER: Final = {
    "answer-mode": (r"auto\b",),
    "priv-answer-mode": (r"auto\b",),
    "p-auto-answer": (r"(?!no\b|none\b|false\b|0|$)",),
    "x-auto-answer": (r"(?!no\b|none\b|false\b|0|$)",),
    "alert-info": (
        r".*\banswer-after\s*=",
        r".*\balert-auto-?answer\b",
        r".*\bauto[ _-]?answer\b",
        r".*\bring[ _-]?answer\b",
        r".*\bintercom\s*=\s*true\b",
    ),
    "call-info": (
        r".*\banswer-after\s*=",
        r".*\balert-auto-?answer\b",
        r".*\bauto[ _-]?answer\b",
        r".*\bring[ _-]?answer\b",
    ),
}
"""How PBXs ask a phone to answer by itself: the header, and how its value begins, in any case.
Answer-Mode is RFC 5373; the others are what vendors write."""
_asks = {
    name: re.compile("|".join(forms), re.I | re.S).match for name, forms in _AUTO_ANSWER.items()
}


def wants_auto_answer(headers: Headers) -> bool:
    """Whether a call asks to be answered by itself. Whether it may, the user's policy says."""
    return any(
        asks(value.strip()) is not None
        for name, asks in _asks.items()
        for value in headers.get_all(name)
    )

"""Session timers (RFC 4028): ours are refreshed by re-INVITE, which every peer has; a peer may
refresh by UPDATE.

Theory of operation. A call whose peer vanished would stay up for ever. So both sides agree with
each INVITE and its 2xx on an interval SE and on who refreshes it. The refresher sends a re-INVITE
at SE/2. Whoever has seen no successful INVITE by SE − min(32, SE/3) ends the call with BYE. Each
success begins the interval anew.

Who refreshes, as the answer to an INVITE says it (§9; "uac" is whoever sent this INVITE):

    the request asks for    and supports timer    the 2xx says
    no timer                no                    nothing: no session timer
    no timer                yes                   ours;refresher=uas
    an interval             no                    that interval;refresher=uas
    an interval             yes                   that interval;refresher=as asked, else uas

An interval under our Min-SE is refused with 422, but only to a peer that understands 422; from any
other it is raised to Min-SE. In a request an unreadable header counts as none.

This file is values only; `ua/reinvite.py` runs the timers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tui.sip.message.header_values import read_seconds
from tui.sip.message.headers import Headers
from tui.sip.message.message import Request, Response

SHORTEST: Final = 90
"""Seconds: no interval may be shorter (RFC 4028 §4)."""
_REFRESH_PAUSE: Final = 5.0
"""Seconds at least between two refreshes of ours, whatever interval a peer names."""
_is_number = re.compile(r"[0-9]{1,10}+").fullmatch


@dataclass(frozen=True, slots=True)
class SessionTimer:
    """What was agreed: the interval in seconds, and whether we refresh."""

    interval: int
    we_refresh: bool

    @property
    def refresh_after(self) -> float:
        """Seconds after the last renewal at which the refresher renews (§7.4)."""
        return max(self.interval / 2, _REFRESH_PAUSE)

    @property
    def ends_after(self) -> float:
        """Seconds after the last renewal at which the call is given up (§10): never by an interval
        that may not be."""
        patience = max(self.interval, SHORTEST)
        return patience - min(32.0, patience / 3)


def read_session_expires(headers: Headers) -> tuple[int, str | None] | None:
    """The interval and the refresher (`uac`, `uas` or None). None without the header, and where
    its number cannot be read or is 0: no call depends on a hint. A refresher that is neither is
    None."""
    value = headers.get("Session-Expires")
    if value is None:
        return None
    number, *params = (part.strip() for part in value.split(";"))
    refresher: str | None = None
    for param in params:
        name, _, what = param.partition("=")
        if name.strip().lower() == "refresher":
            refresher = what.strip().lower()
    if not _is_number(number) or not int(number):
        return None
    return int(number), refresher if refresher in ("uac", "uas") else None


def supports_timer(headers: Headers) -> bool:
    """Whether the sender named `timer` in Supported or Require."""
    names = [*headers.get_all("Supported"), *headers.get_all("Require")]
    return "timer" in (name.lower() for name in names)


def offer_lines(interval: int, min_se: int, refresher: str | None = None) -> list[tuple[str, str]]:
    """The headers of an INVITE that asks for session timers; none when `interval` is 0."""
    if not interval:
        return []
    value = f"{interval};refresher={refresher}" if refresher else str(interval)
    return [("Session-Expires", value), ("Min-SE", str(min_se))]


def agreed_by_response(response: Response) -> SessionTimer | None:
    """The session after a 2xx to our INVITE; None when the peer wants no timer (§7.2)."""
    found = read_session_expires(response.headers)
    if found is None:
        return None
    interval, refresher = found
    return SessionTimer(interval, refresher != "uas")


def too_small(request: Request, min_se: int) -> bool:
    """Whether an INVITE asks for less than we take, by a peer that understands 422 (§9)."""
    found = read_session_expires(request.headers)
    return found is not None and found[0] < min_se and supports_timer(request.headers)


def says_nothing(request: Request) -> bool:
    """Whether an UPDATE is not about the session timer: whatever was agreed goes on."""
    return read_session_expires(request.headers) is None and not supports_timer(request.headers)


def answer_to_request(
    request: Request, interval: int, min_se: int
) -> tuple[SessionTimer | None, list[tuple[str, str]]]:
    """What we agree to as the UAS of an INVITE, and the lines of our 2xx that say so (§9).

    `interval` is what we would ask for ourselves; 0 = we want no timer.
    """
    found = read_session_expires(request.headers)
    peer_can = supports_timer(request.headers)
    if not interval or (found is None and not peer_can):
        return None, []
    seconds, refresher = found or (interval, None)
    # §9: nothing shorter than the sender, and the proxies on its way, can bear.
    seconds = max(seconds, read_seconds(request.headers, "Min-SE") or 0)
    # Who cannot do timers cannot refresh; who leaves the choice to us gets us.
    who = refresher if refresher and peer_can else "uas"
    session = SessionTimer(max(seconds, min_se), who == "uas")
    lines = [("Session-Expires", f"{session.interval};refresher={who}")]
    if who == "uac":
        lines.append(("Require", "timer"))
    return session, lines

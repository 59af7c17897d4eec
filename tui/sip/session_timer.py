"""Session timers (RFC 4028), refreshed by re-INVITE only: the platform does not want UPDATE.

The refresher sends a re-INVITE at half of the interval. Whoever hears nothing that renews the
session by SE − min(32, SE/3) ends the call.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tui.sip.errors import RemoteProtocolError
from tui.sip.headers import Headers
from tui.sip.message import Request, Response

_is_number = re.compile(r"[0-9]{1,10}+").fullmatch
_seconds = re.compile(r"[ \t]*+([0-9]{1,10}+)[ \t]*+(?:[;(].*+)?", re.DOTALL).fullmatch


@dataclass(frozen=True, slots=True)
class Session:
    """What was agreed: the interval in seconds, and whether we refresh."""

    interval: int
    we_refresh: bool

    @property
    def refresh_after(self) -> float:
        """Seconds after the last renewal at which the refresher renews (§7.4)."""
        return self.interval / 2

    @property
    def ends_after(self) -> float:
        """Seconds after the last renewal at which the call is given up (§10)."""
        return self.interval - min(32.0, self.interval / 3)


def read_session_expires(headers: Headers) -> tuple[int, str | None] | None:
    """The interval and the refresher (`uac`, `uas` or None), or None without the header.

    RemoteProtocolError when it is malformed.
    """
    value = headers.get("Session-Expires")
    if value is None:
        return None
    number, *params = (part.strip() for part in value.split(";"))
    refresher: str | None = None
    for param in params:
        name, _, what = param.partition("=")
        if name.strip().lower() == "refresher":
            refresher = what.strip().lower()
    if not _is_number(number) or refresher not in (None, "uac", "uas"):
        raise RemoteProtocolError("a malformed Session-Expires")
    return int(number), refresher


def read_seconds(headers: Headers, name: str) -> int | None:
    """The number of seconds in Min-SE, Min-Expires, Retry-After, Flow-Timer …; None when the
    header is missing or is no number (a hint that cannot be read is no hint)."""
    found = _seconds(headers.get(name) or "")
    return int(found[1]) if found else None


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


def agreed_by_response(response: Response) -> Session | None:
    """The session after a 2xx to our INVITE; None when the peer wants no timer (§7.2), or says
    so in a way that cannot be read: the 2xx has to be ACKed all the same."""
    try:
        found = read_session_expires(response.headers)
    except RemoteProtocolError:
        return None
    if found is None:
        return None
    interval, refresher = found
    return Session(interval, refresher != "uas")


def too_small(request: Request, min_se: int) -> bool:
    """Whether an INVITE asks for less than we take, by a peer that understands 422 (§9)."""
    found = read_session_expires(request.headers)
    return found is not None and found[0] < min_se and supports_timer(request.headers)


def answer_to_request(
    request: Request, interval: int, min_se: int
) -> tuple[Session | None, list[tuple[str, str]]]:
    """What we agree to as the UAS of an INVITE, and the lines of our 2xx that say so (§9).

    `interval` is what we would ask for ourselves; 0 = we want no timer.
    """
    found = read_session_expires(request.headers)
    peer_can = supports_timer(request.headers)
    if not interval or (found is None and not peer_can):
        return None, []
    seconds, refresher = found or (interval, None)
    # Who cannot do timers cannot refresh; who leaves the choice to us gets us.
    who = refresher if refresher and peer_can else "uas"
    session = Session(max(seconds, min_se), who == "uas")
    lines = [("Session-Expires", f"{session.interval};refresher={who}")]
    if who == "uac":
        lines.append(("Require", "timer"))
    return session, lines

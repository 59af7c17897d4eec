"""Checks of the way to the servers: names, certificates, the WebSocket, the clock."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from tui.engine.checks.runner import Finding, fail, ok, warn, worst
from tui.sip.transport.address import is_local

EXPIRES_SOON: Final = 14 * 86400.0
"""Seconds before a certificate's end at which it is time to say so."""
SLOW: Final = 0.4
"""Seconds of a round trip that are felt in every answer of the console."""
CLOCK_APART: Final = 30.0
"""Seconds by which this clock may differ from the server's without a word."""
_PORTS: Final = {"https": 443, "wss": 443, "http": 80, "ws": 80}

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses of a name; OSError when it has none."""
Handshake = Callable[[str, int], Awaitable[float]]
"""A verified TLS handshake; the certificate's end in Unix time. OSError (and ssl's) when not."""
Dial = Callable[[str], Awaitable["Dialled"]]
"""A WebSocket opened, tried and closed; CannotDial when not."""


class CannotDial(Exception):
    """The WebSocket cannot be opened; the text is in our own words."""


@dataclass(frozen=True, slots=True)
class Dialled:
    """A WebSocket that was opened: the round trip of a ping in seconds, and the server's clock
    (Unix time) when it told."""

    round_trip: float
    date: float | None = None


def host_of(address: str) -> str:
    """The host of a URL or of an ICE server's address, "" where there is none."""
    scheme, _, rest = address.partition(":")
    if scheme in ("stun", "stuns", "turn", "turns") and not rest.startswith("//"):
        address = f"{scheme}://{rest}"
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


async def names(addresses: Iterable[str], resolve: Resolve) -> Finding:
    """Every host that the settings name has an address."""
    hosts = list(dict.fromkeys(filter(None, map(host_of, addresses))))
    if not hosts:
        return warn("check.names.nothing")
    missing = []
    for host in hosts:
        try:
            found = await resolve(host)
        except OSError:
            found = ()
        if not found:
            missing.append(host)
    if missing:
        return fail("check.names.missing", hosts=", ".join(missing))
    return ok("check.names.ok", n=len(hosts), hosts=", ".join(hosts))


async def certificates(addresses: Iterable[str], handshake: Handshake, now: float) -> Finding:
    """Every `https` and `wss` address shows a certificate that this machine trusts."""
    found = [await _certificate(each, handshake, now) for each in dict.fromkeys(addresses) if each]
    return worst(found) if found else warn("check.tls.nothing")


async def _certificate(address: str, handshake: Handshake, now: float) -> Finding:
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme not in ("https", "wss"):
        if is_local(address):
            return ok("check.tls.local", host=host)
        return fail("check.tls.plain", host=host)
    try:
        end = await handshake(host, parts.port or _PORTS[parts.scheme])
    except ssl.SSLCertVerificationError as error:
        return fail("check.tls.refused", host=host, why=error.verify_message)
    except ssl.SSLError as error:
        return fail("check.tls.broken", host=host, why=getattr(error, "reason", None) or "TLS")
    except (OSError, EOFError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        return fail("check.tls.unreachable", host=host, why=why)
    days = int((end - now) // 86400)
    if end - now < EXPIRES_SOON:
        return warn("check.tls.soon", host=host, n=days)
    return ok("check.tls.ok", host=host, n=days)


async def websocket(url: str, dial: Dial) -> tuple[Finding, Dialled | None]:
    """The SIP line can be opened, and how long a round trip on it takes."""
    if not url:
        return warn("check.websocket.unknown"), None
    try:
        dialled = await dial(url)
    except CannotDial as error:
        return fail("check.websocket.failed", host=host_of(url), why=str(error)), None
    milliseconds = round(dialled.round_trip * 1000)
    if dialled.round_trip > SLOW:
        return warn("check.websocket.slow", ms=milliseconds), dialled
    return ok("check.websocket.ok", ms=milliseconds), dialled


async def clock(
    server: Callable[[], Awaitable[float | None]],
    wall: Callable[[], float],
    monotonic: Callable[[], float],
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Finding:
    """This machine's clock runs evenly, and agrees with the server's where that is told."""
    began, at = monotonic(), wall()
    await pause(0.05)
    lasted, shown = monotonic() - began, wall() - at
    if lasted <= 0 or abs(shown - lasted) > 1.0:
        return warn("check.clock.jumps")
    theirs = await server()
    if theirs is None:
        return ok("check.clock.alone")
    apart = wall() - theirs
    if abs(apart) > CLOCK_APART:
        return warn("check.clock.apart", seconds=f"{apart:+.0f}")
    return ok("check.clock.ok", seconds=f"{abs(apart):.0f}")


def http_date(text: str | None) -> float | None:
    """The Unix time of a `Date` header (RFC 9110 §5.6.7, RFC 3261 §20.17), None when it is none."""
    try:
        then = parsedate_to_datetime(text or "")
        return (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None

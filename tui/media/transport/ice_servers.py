"""STUN and TURN servers, as a config or a platform names them."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

log = logging.getLogger(__name__)

_STUN: Final = re.compile(r"stuns?:(?P<rest>[^\s?@]{1,255})")
_TURN: Final = re.compile(
    r"(?P<scheme>turns?):(?:(?P<user>[^:@\s]+):(?P<password>[^@\s]+)@)?"
    r"(?P<rest>[^\s@]{1,255})"
)
_PLACE: Final = re.compile(
    r"(?P<host>[^?:]+)(?::(?P<port>[0-9]{1,5}))?(?:\?transport=(?P<transport>.*))?"
)
"""RFC 7064 §3.1, RFC 7065 §3.1."""
_PORT: Final = {"stun": 3478, "turn": 3478, "stuns": 5349, "turns": 5349}
_CARRIED: Final = {"turn": ("udp", "tcp"), "turns": ("tcp",)}
"""What can carry them; the first where nothing is said."""


@dataclass(frozen=True, slots=True)
class IceServer:
    """A server with its credentials apart, as a platform hands them out: they may hold any
    character."""

    urls: str
    username: str = ""
    credential: str = field(default="", repr=False)


class _Place(NamedTuple):
    scheme: str
    host: str
    port: int
    transport: str


def servers(given: Sequence[str | IceServer]) -> list[IceServer]:
    """`stun:HOST[:PORT]`, `turn:USER:PASSWORD@HOST[:PORT][?transport=tcp]`, with the credentials
    taken out of the address.

    ValueError for another form (the text is not repeated in it: it may hold a password).
    """
    return [_server(one if isinstance(one, IceServer) else IceServer(one)) for one in given]


def usable(given: Sequence[str | IceServer]) -> list[IceServer]:
    """As `servers`, without those that it refuses: a list of a platform's may hold what this
    machine does not know, and the rest of it serves."""
    found: list[IceServer] = []
    for one in given:
        try:
            found += servers([one])
        except ValueError as problem:
            log.warning("an ICE server is left out: %s", problem)
    return found


def options(given: Sequence[IceServer]) -> dict[str, Any]:
    """What `aioice.Connection` takes of them: the first STUN and the first TURN server that it can
    speak to. Without one there is none: no public server on the internet is asked."""
    found: dict[str, Any] = {}
    for one in given:
        scheme, host, port, transport = _place(one.urls)
        if scheme.startswith("stun"):
            found.setdefault("stun_server", (host, port))
        elif "turn_server" not in found and transport in _CARRIED[scheme]:
            found |= {
                "turn_server": (host, port),
                "turn_ssl": scheme == "turns",
                "turn_transport": transport,
                "turn_username": one.username or None,
                "turn_password": one.credential or None,
            }
    return found


def _server(one: IceServer) -> IceServer:
    if _STUN.fullmatch(one.urls):
        _place(one.urls)
        return IceServer(one.urls)
    match = _TURN.fullmatch(one.urls)
    if match is None:
        raise ValueError("an ICE server is stun:HOST or turn:USER:PASSWORD@HOST")
    urls = f"{match['scheme']}:{match['rest']}"
    _place(urls)
    return IceServer(
        urls, one.username or match["user"] or "", one.credential or match["password"] or ""
    )


def _place(urls: str) -> _Place:
    """Where a server is. ValueError for an address that says no such place."""
    scheme, _, rest = urls.partition(":")
    match = _PLACE.fullmatch(rest)
    if match is None or (match["transport"] and scheme not in _CARRIED):
        raise ValueError("an ICE server has no such address")
    transport = match["transport"] or next(iter(_CARRIED.get(scheme, ("",))))
    return _Place(scheme, match["host"], int(match["port"] or _PORT[scheme]), transport)

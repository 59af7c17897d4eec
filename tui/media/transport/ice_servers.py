"""STUN and TURN servers, as a config or a platform names them."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiortc import RTCIceServer
from aiortc.rtcicetransport import parse_stun_turn_uri

log = logging.getLogger(__name__)

_STUN = re.compile(r"stuns?:[^\s?@]{1,255}")
_TURN = re.compile(
    r"(?P<scheme>turns?):(?:(?P<user>[^:@\s]+):(?P<password>[^@\s]+)@)?"
    r"(?P<rest>[^\s@]{1,255})"
)


@dataclass(frozen=True, slots=True)
class IceServer:
    """A server with its credentials apart, as a platform hands them out: they may hold any
    character."""

    urls: str
    username: str = ""
    credential: str = field(default="", repr=False)


def servers(given: Sequence[str | IceServer]) -> list[RTCIceServer]:
    """`stun:HOST[:PORT]`, `turn:USER:PASSWORD@HOST[:PORT][?transport=tcp]` for aiortc, which uses
    the first STUN and the first TURN server.

    Never None, which would mean a public server on the internet. ValueError for another form
    (the text is not repeated in it: it may hold a password).
    """
    return [_server(one if isinstance(one, IceServer) else IceServer(one)) for one in given]


def usable(given: Sequence[str | IceServer]) -> list[RTCIceServer]:
    """As `servers`, without those that it refuses: a list of a platform's may hold what this
    machine does not know, and the rest of it serves."""
    found: list[RTCIceServer] = []
    for one in given:
        try:
            found += servers([one])
        except ValueError as problem:
            log.warning("an ICE server is left out: %s", problem)
    return found


def _server(one: IceServer) -> RTCIceServer:
    if _STUN.fullmatch(one.urls):
        parse_stun_turn_uri(one.urls)
        return RTCIceServer(urls=one.urls)
    match = _TURN.fullmatch(one.urls)
    if match is None:
        raise ValueError("an ICE server is stun:HOST or turn:USER:PASSWORD@HOST")
    urls = f"{match['scheme']}:{match['rest']}"
    parse_stun_turn_uri(urls)  # or aiortc refuses the whole list when it gathers
    return RTCIceServer(
        urls=urls,
        username=one.username or match["user"],
        credential=one.credential or match["password"],
    )

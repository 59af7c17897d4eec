"""ICE as a phone behind a PBX needs it: gathering that ends, loopback on request, a doorman.

aioice hands every datagram that is no STUN to DTLS, from any address: one plaintext alert, or
an empty datagram, from a stranger ends a call. `guard()` puts a doorman before each socket.
Private names of aioice are used here and nowhere else (0.10 to 0.13).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from typing import Any

from aiortc import RTCIceServer

log = logging.getLogger(__name__)

GATHER_LIMIT = 2
"""Seconds for STUN and TURN servers to answer; what has not come by then is left out."""
MAX_QUEUED = 512
"""Datagrams waiting for DTLS; more are dropped."""

_STUN = re.compile(r"stuns?:[^\s?@]{1,255}")
_TURN = re.compile(
    r"(?P<scheme>turns?):(?:(?P<user>[^:@\s]+):(?P<password>[^@\s]+)@)?"
    r"(?P<rest>[^\s@]{1,255})"
)


def servers(urls: Sequence[str]) -> list[RTCIceServer]:
    """`stun:HOST[:PORT]`, `turn:USER:PASSWORD@HOST[:PORT][?transport=tcp]` for aiortc.

    Never None, which would mean a public server on the internet. ValueError for another form
    (the text is not repeated in it: it may hold a password).
    """
    found = []
    for url in urls:
        if _STUN.fullmatch(url):
            found.append(RTCIceServer(urls=url))
        elif match := _TURN.fullmatch(url):
            found.append(
                RTCIceServer(
                    urls=f"{match['scheme']}:{match['rest']}",
                    username=match["user"],
                    credential=match["password"],
                )
            )
        else:
            raise ValueError("an ICE server is stun:HOST or turn:USER:PASSWORD@HOST")
    return found


def prepare(connection: Any, *, loopback: bool) -> None:
    """Before gathering: cap its time, and add 127.0.0.1 where the server is on loopback."""
    gather = connection.get_component_candidates

    async def capped(component: int, addresses: list[str], timeout: int = GATHER_LIMIT) -> Any:
        wanted = [*addresses]
        if loopback and "127.0.0.1" not in wanted:
            wanted.append("127.0.0.1")
        return await gather(component=component, addresses=wanted, timeout=GATHER_LIMIT)

    connection.get_component_candidates = capped


class Doorman:
    """Lets a datagram to DTLS only from an address that ICE has checked.

    Checked is an address that sent a STUN request with our password (RFC 8445 §7.3), or that
    answered one of ours.
    """

    def __init__(self, connection: Any, on_data: Callable[[bytes], None] | None = None) -> None:
        self.dropped = 0
        self._standing = False
        self._connection = connection
        self._on_data = on_data
        self._checked: set[tuple[str, int]] = set()
        incoming = connection.check_incoming
        self._to_dtls = connection.data_received
        connection.data_received = self._no_stun

        def check_incoming(message: Any, addr: tuple[str, int], protocol: Any) -> Any:
            self._checked.add((addr[0], addr[1]))
            return incoming(message, addr, protocol)

        connection.check_incoming = check_incoming

    def stand(self) -> None:
        """After gathering: stand before each socket, and empty what strangers have queued. Once;
        later calls do nothing."""
        if self._standing:
            return
        self._standing = bool(self._connection._protocols)
        queue = self._connection._queue
        while not queue.empty():
            queue.get_nowait()
        for protocol in self._connection._protocols:
            self._stand_before(protocol)

    def _stand_before(self, protocol: Any) -> None:
        passed = protocol.datagram_received

        def datagram_received(data: bytes, addr: tuple[Any, ...]) -> None:
            if not data:
                self.dropped += 1
                return
            if data[0] > 3:  # RFC 7983 §7: 0..3 is STUN
                if not self._knows((addr[0], addr[1])) or (
                    self._connection._queue.qsize() >= MAX_QUEUED
                ):
                    self.dropped += 1
                    return
                if self._on_data is not None:
                    self._on_data(data)
                self._to_dtls(data, protocol.local_candidate.component)
                return
            try:
                passed(data, addr)
            except Exception as problem:
                self.dropped += 1
                log.debug("a STUN datagram was left out: %s", type(problem).__name__)

        protocol.datagram_received = datagram_received

    def _no_stun(self, data: bytes, component: int) -> None:
        """What looked like STUN and is none, from anywhere: aioice would queue it for DTLS."""
        self.dropped += 1

    def _knows(self, addr: tuple[str, int]) -> bool:
        if addr in self._checked:
            return True
        for pair in self._connection._check_list:
            if pair.remote_addr == addr and pair.state is type(pair).State.SUCCEEDED:
                self._checked.add(addr)
                return True
        return False

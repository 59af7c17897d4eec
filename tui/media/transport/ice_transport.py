"""The datagrams of one ICE session, below everything: the only file that uses private names.

aioice 0.13 does ICE and TURN; what an RTP session needs besides (the nominated pair's socket, the
role) it keeps to itself; a test looks for all of `NAMES`. asyncio's own
socket is borrowed as well, where its loop has it: a call's datagrams are then read once per tick
and not one wake-up each.

aioice hands every datagram that is no STUN to DTLS, from any address: one plaintext alert from a
stranger ends a call. Here one comes further only from an address that ICE has checked: one that
sent a STUN request with our password (RFC 8445 §7.3), or that answered one of ours.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import aioice

from tui.media.transport.arrival import NOTES, arrival, ask_for_stamps

log = logging.getLogger(__name__)

Address = tuple[str, int]
Datagram = tuple[bytes, float]
"""What came, and when (seconds, monotonic)."""

GATHER_LIMIT: Final = 2
"""Seconds for STUN and TURN servers to answer; what has not come by then is left out."""
MAX_WAITING: Final = 256
"""Datagrams waiting for the tick, or for DTLS; more are dropped."""
PERMISSION: Final = 240.0
"""Seconds after which a TURN channel is bound anew: a permission lasts 300 (RFC 8656 §9), and
aioice would wait for 500."""
NAMES: Final = {
    "connection": (
        *("_nominated", "_protocols", "_check_list", "_queue", "_closing", "ice_controlling"),
        "_early_checks",
        *("get_component_candidates", "check_incoming", "data_received", "send"),
        "protocol_lost",
    ),
    "protocol": ("datagram_received", "error_received", "transport", "local_candidate"),
    "transport": ("_sock", "_sock_fd", "_read_ready"),
    "loop": ("_add_reader", "_remove_reader"),
    "turn": (
        *("_send", "peer_to_channel", "channel_refresh_at", "channel_refresh_time"),
        *("send_data", "delete"),
    ),
    "relay": ("_TurnTransport__inner_protocol", "_TurnTransport__close_task"),
}
"""What is used of whom; tests/media/transport/test_ice_transport.py looks for all of it."""


class IceTransport:
    """The sockets of one ICE session: what comes goes to ICE, to DTLS, or to the RTP session."""

    def __init__(self, connection: aioice.Connection, *, loopback: bool) -> None:
        self.dropped = 0
        """Datagrams from strangers, broken ones, and what was too much."""
        self.heard_at = 0.0
        """When the peer last sent anything over the pair in force: sound, a report, a check of ICE
        or the answer to one of ours (seconds, monotonic); 0 = never."""
        self.failures = 0
        """Errors of the network while sending ("unreachable")."""
        self.hello: Callable[[], None] | None = None
        """Called when the peer begins the DTLS handshake itself."""
        self.on_lost: Callable[[], None] = lambda: None
        """Called when the socket of the nominated pair was shut by somebody else."""
        self.local: Address | None = None
        self.remote: Address | None = None
        """The nominated pair, as of the last `drain`."""
        self._connection: Any = connection
        self._checked: set[Address] = set()
        self._standing = False
        self._inbox: deque[Datagram] = deque(maxlen=MAX_WAITING)
        self._for_dtls: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._pair: Any = None
        self._transport: Any = None
        self._turn: Any = None
        self._bound = 0.0
        self._source: Address | None = None
        self._heard_at: Any = None
        """Where the peer sends from, and at which of our sockets that comes in by the loop: it
        need not be that of the pair over which we send."""
        self._borrowed: Any = None
        self._socket: socket.socket | None = None
        self._prepare(loopback)

    def _prepare(self, loopback: bool) -> None:
        """Before gathering: cap its time, add 127.0.0.1 where the server is on this machine."""
        connection = self._connection
        gather, incoming = connection.get_component_candidates, connection.check_incoming

        async def capped(component: int, addresses: list[str], timeout: int = 5) -> Any:
            wanted = [*addresses]
            if loopback and "127.0.0.1" not in wanted:
                wanted.append("127.0.0.1")
            return await gather(component=component, addresses=wanted, timeout=GATHER_LIMIT)

        def check_incoming(message: Any, addr: Address, protocol: Any) -> Any:
            self._checked.add((addr[0], addr[1]))
            return incoming(message, addr, protocol)

        def no_stun(data: bytes, component: int) -> None:
            self.dropped += 1  # looked like STUN and is none: aioice would queue it for DTLS

        def protocol_lost(protocol: Any) -> None:
            if any(pair.protocol is protocol for pair in connection._nominated.values()):
                self.on_lost()

        connection.protocol_lost = protocol_lost
        connection.ice_controlling = True  # until `set_controlling`: only an offer is checked early
        connection.get_component_candidates = capped
        connection.check_incoming = check_incoming
        connection.data_received = no_stun

    # ------------------------------------------------------------ set-up

    def stand(self) -> None:
        """After gathering: stand before each socket, and empty what strangers have queued."""
        connection = self._connection
        while not self._standing and not connection._queue.empty():
            connection._queue.get_nowait()
        for protocol in () if self._standing else connection._protocols:
            self._stand_before(protocol)
        self._standing = True

    def _stand_before(self, protocol: Any) -> None:
        stun, failed = protocol.datagram_received, protocol.error_received

        def datagram_received(data: bytes, addr: tuple[Any, ...]) -> None:
            first = data[0] if data else 255
            if first <= 3:  # RFC 7983 §7: STUN
                if addr[:2] == self.remote:
                    self.heard_at = time.monotonic()
                try:
                    stun(data, addr)
                except Exception as problem:
                    self.dropped += 1
                    log.debug("a STUN datagram was left out: %s", type(problem).__name__)
            elif not 20 <= first <= 191 or 63 < first < 128 or not self._knows(addr[:2]):
                self.dropped += 1
            elif first >= 128:
                self._inbox.append((data, time.monotonic()))
                self._source, self._heard_at = (addr[0], addr[1]), protocol
            elif self._for_dtls.qsize() < MAX_WAITING:
                if self.hello is not None and first == 22 and len(data) > 13 and data[13] == 1:
                    self.hello()
                self._for_dtls.put_nowait(data)

        def error_received(problem: Exception) -> None:
            self.failures += 1
            failed(problem)

        protocol.datagram_received = datagram_received
        protocol.error_received = error_received
        ask_for_stamps(protocol.transport.get_extra_info("socket"))

    def _knows(self, addr: tuple[Any, ...]) -> bool:
        if addr in self._checked:
            return True
        # Who was asked by an offer of ours may check, and begin DTLS, before the answer is here.
        if any(early[1][:2] == addr for early in self._connection._early_checks):
            self._checked.add((addr[0], addr[1]))
            return True
        for pair in self._connection._check_list:
            if pair.remote_addr == addr and pair.state is type(pair).State.SUCCEEDED:
                self._checked.add((addr[0], addr[1]))
                return True
        return False

    @property
    def controlling(self) -> bool:
        """Whether we nominate: as it was set, or as a conflict of roles has left it since."""
        return bool(self._connection.ice_controlling)

    def set_controlling(self, on: bool) -> None:
        """Whether we nominate; before ICE starts."""
        self._connection.ice_controlling = on

    @property
    def gone(self) -> bool:
        """Whether ICE has given up: consent has expired, or it was closed."""
        return bool(self._connection._closing)

    # ------------------------------------------------------------ for DTLS

    async def receive_dtls(self) -> bytes | None:
        """The next datagram of DTLS; None when `wake_dtls` was called."""
        return await self._for_dtls.get()

    async def send_dtls(self, data: bytes) -> None:
        """One datagram of DTLS over the nominated pair. Raises ConnectionError where there is
        none."""
        await self._connection.send(data)

    def wake_dtls(self) -> None:
        """Whoever waits for a datagram of DTLS has to look elsewhere."""
        self._for_dtls.put_nowait(None)

    # ------------------------------------------------------------ datagrams

    def send(self, data: bytes) -> None:
        """One datagram over the nominated pair; nothing where there is none."""
        if self._turn is not None:
            self._send_by_turn(data)
        elif self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(data, self.remote)

    def _send_by_turn(self, data: bytes) -> None:
        channel = self._turn.peer_to_channel.get(self.remote)
        now = time.monotonic()
        if channel is None or now - self._bound > PERMISSION:
            self._bound = now
            if channel is not None:
                self._turn.channel_refresh_at[channel] = 0.0
            self._transport.sendto(data, self.remote)  # a task, which binds the channel first
        elif not self._turn.transport.is_closing():
            self._turn._send(struct.pack("!HH", channel, len(data)) + data)

    def drain(self) -> list[Datagram]:
        """What has come for the RTP path since the last time: SRTP and SRTCP. The rest goes its
        way to ICE and DTLS."""
        pair = self._connection._nominated.get(1)
        if pair is not self._pair:
            self._follow(pair)
        if self._heard_at is not None:
            self._borrow(self._heard_at)
        if self._socket is not None:
            self._empty(self._socket)
        if not self._inbox:
            return []
        self.heard_at = self._inbox[-1][1]
        taken = list(self._inbox)
        self._inbox.clear()
        return taken

    def _empty(self, sock: socket.socket) -> None:
        if self._borrowed.transport.is_closing():
            self.release()
            return
        for _ in range(MAX_WAITING):
            try:
                data, notes, _, addr = sock.recvmsg(2048, NOTES)
            except OSError:  # most often that there is no more
                return
            if data and 128 <= data[0] <= 191 and (addr[0], addr[1]) == self._source:
                self._inbox.append((data, arrival(notes)))
            else:
                self._borrowed.datagram_received(data, addr)

    def _follow(self, pair: Any) -> None:
        """Another pair carries the call."""
        self._pair = pair
        self._transport = self._turn = self.local = self.remote = None
        if pair is not None:
            self.local, self.remote = pair.local_addr, pair.remote_addr
            self._transport = pair.protocol.transport
            self._turn = getattr(self._transport, "_TurnTransport__inner_protocol", None)

    def _borrow(self, protocol: Any) -> None:
        """The socket that the peer's sound comes to is read by the tick, and the last one by the
        loop again. Not one of TURN, and not of a loop that is no selector's."""
        self._heard_at = None
        if protocol is self._borrowed:
            return
        self.release()
        transport, loop = protocol.transport, asyncio.get_running_loop()
        names = ((transport, NAMES["transport"]), (loop, NAMES["loop"]))
        if hasattr(socket.socket, "recvmsg") and all(
            hasattr(one, name) for one, wanted in names for name in wanted
        ):
            loop._remove_reader(transport._sock_fd)  # type: ignore[attr-defined]
            self._borrowed, self._socket = protocol, transport._sock

    def release(self) -> None:
        """Give the borrowed socket back to the loop, before closing."""
        protocol, self._borrowed, self._socket = self._borrowed, None, None
        if protocol is not None and not protocol.transport.is_closing():
            loop: Any = asyncio.get_running_loop()
            loop._add_reader(protocol.transport._sock_fd, protocol.transport._read_ready)

    # ------------------------------------------------------------ the end

    def abort(self) -> None:
        """Shut every socket at once: what hung is left behind without one."""
        for protocol in list(self._connection._protocols):
            protocol.transport.close()
            deleting = getattr(protocol.transport, "_TurnTransport__close_task", None)
            if deleting is not None:
                deleting.cancel()  # shuts the socket to the TURN server

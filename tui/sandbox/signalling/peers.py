"""One end of SIP over WebSocket: a user agent of the platform's, and the socket it speaks over.

A peer outlives its socket: when an agent comes back over a new connection with the same instance
id, the peer, its dialogs and its queue move to the new socket.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from tui.sandbox.faults import FaultKind, Faults
from tui.secrets import Secret
from tui.sip import AgentConfig, UserAgent
from tui.sip.events import Event

log = logging.getLogger(__name__)

MAX_FRAME = 65_536


@dataclass(slots=True, eq=False)
class Peer:
    """`un`, `instance` and `contact` are known once a registration succeeded; `expires_at` is by
    time.monotonic()."""

    ua: UserAgent
    number: int
    socket: Socket | None = None
    un: str = ""
    instance: str = ""
    contact: str = ""
    expires_at: float = 0.0
    expiry: asyncio.TimerHandle | None = None
    timer: asyncio.TimerHandle | None = None
    pumping: bool = False
    moved: bool = False
    """It has a new socket, over which nobody has registered yet."""
    verified: set[tuple[str, str]] = field(default_factory=set)
    """Call-ID and CSeq of a REGISTER whose digest another peer has verified already."""


class Socket:
    """One WebSocket: reads frames into `on_frame`, writes through a queue, answers pings."""

    def __init__(
        self,
        ws: web.WebSocketResponse,
        transport: asyncio.BaseTransport | None,
        faults: Faults,
    ) -> None:
        self.ws = ws
        self._transport = transport
        self.peer: Peer | None = None
        self._faults = faults
        self._out: asyncio.Queue[bytes] = asyncio.Queue()

    @property
    def un(self) -> str:
        """Whose it is, "" before a registration."""
        return self.peer.un if self.peer else ""

    def send(self, frame: bytes) -> None:
        """Queue one message."""
        if not self._faults.hits(FaultKind.FREEZE, self.un):
            self._out.put_nowait(frame)

    async def _write(self) -> None:
        while True:
            frame = await self._out.get()
            try:
                # A text frame, as most PBXs send; the rare body that is not UTF-8 goes as binary.
                try:
                    await self.ws.send_str(frame.decode())
                except UnicodeDecodeError:
                    await self.ws.send_bytes(frame)
            except ConnectionError:
                return

    async def run(self, on_frame: Callable[[Socket, bytes], None]) -> None:
        """Until the connection is over."""
        writer = asyncio.get_running_loop().create_task(self._write())
        try:
            async for message in self.ws:
                if self._faults.hits(FaultKind.FREEZE, self.un):
                    continue
                if message.type is WSMsgType.TEXT:
                    on_frame(self, message.data.encode())
                elif message.type is WSMsgType.BINARY:
                    on_frame(self, message.data)
                elif message.type is WSMsgType.PING:
                    await self.ws.pong(message.data)
        finally:
            writer.cancel()

    def drop(self) -> None:
        """Cut the connection without a closing handshake, as a network does."""
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.abort()


class Peers:
    """Makes peers, and drives each one's clock and output. `on_event` hears what they say."""

    def __init__(
        self,
        pbx_uri: str,
        registrar: str,
        rng: random.Random,
        on_event: Callable[[Peer, Event], None],
        *,
        outgoing: Callable[[str, bytes], list[bytes]],
        incoming: Callable[[bytes], bytes],
    ) -> None:
        """`outgoing(un, frame)` is what goes out in a frame's place, `incoming` what comes in."""
        self.all: list[Peer] = []
        self._on_event = on_event
        self._outgoing, self._incoming = outgoing, incoming
        self._config = AgentConfig(
            aor=pbx_uri,
            username="",
            password=Secret(),
            registrar=registrar,
            instance_id="",
            user_agent="yimi-sandbox",
            register=False,
            outbound=False,
            registrar_role=True,
        )
        self._rng = rng
        self._count = 0

    def new(self, socket: Socket) -> Peer:
        """A peer for a fresh connection."""
        self._count += 1
        peer = Peer(UserAgent(self._config, rng=self._rng), self._count)
        self.all.append(peer)
        self.attach(peer, socket)
        return peer

    def attach(self, peer: Peer, socket: Socket) -> None:
        """The peer speaks over this socket from now on."""
        if peer.socket is not None and peer.socket is not socket:
            old, peer.socket = peer.socket, None
            old.peer = None
            peer.ua.connection_lost(time.monotonic())
            self.pump(peer)
            old.drop()
        peer.socket, socket.peer = socket, peer
        peer.ua.connection_made(time.monotonic())
        self.pump(peer)

    def detach(self, socket: Socket) -> Peer | None:
        """The socket is gone; its peer, if it still has one."""
        peer, socket.peer = socket.peer, None
        if peer is not None:
            peer.socket = None
            peer.ua.connection_lost(time.monotonic())
            self.pump(peer)
            if not peer.un:
                self.discard(peer)
        return peer

    def discard(self, peer: Peer) -> None:
        """Forget a peer that nobody is registered with."""
        if peer in self.all:
            self.all.remove(peer)
        for handle in (peer.timer, peer.expiry):
            if handle is not None:
                handle.cancel()

    def receive(self, peer: Peer, frame: bytes) -> None:
        """A frame from the peer's socket."""
        peer.ua.receive_data(self._incoming(frame), time.monotonic())
        self.pump(peer)

    def pump(self, peer: Peer) -> None:
        """Hand out what the user agent has: events, frames, its next deadline."""
        if peer.pumping:
            # Called by the handler of an event: the loop below goes on with what is new.
            return
        peer.pumping = True
        try:
            while events := peer.ua.events():
                for event in events:
                    self._on_event(peer, event)
        finally:
            peer.pumping = False
        for frame in peer.ua.data_to_send():
            if peer.socket is not None:
                for each in self._outgoing(peer.un, frame):
                    peer.socket.send(each)
        if peer.timer is not None:
            peer.timer.cancel()
            peer.timer = None
        deadline = peer.ua.next_deadline()
        if deadline is not None and peer in self.all:
            wait = max(0.0, deadline - time.monotonic())
            peer.timer = asyncio.get_running_loop().call_later(wait, self._tick, peer)

    def _tick(self, peer: Peer) -> None:
        peer.timer = None
        peer.ua.handle_timeout(time.monotonic())
        self.pump(peer)

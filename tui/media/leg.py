"""One audio leg: offers and answers in, sound both ways, and an end that always comes.

Lives in the engine's event loop. What can go wrong on the way is a state with a reason, never
an exception out of a callback; a description that cannot be used is an UnacceptableOffer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from tui.media import ice, localsdp
from tui.media.levels import Meter
from tui.media.life import LegState, Life
from tui.media.peer import Peer
from tui.media.sdp import (
    DIRECTIONS,
    Transport,
    UnacceptableOffer,
    normalise,
    transport_of,
)
from tui.media.sinks import Sink
from tui.media.sources import Source
from tui.media.statistics import Statistics, added
from tui.media.tracks import SourceTrack

__all__ = ["Leg", "LegState", "Statistics", "UnacceptableOffer"]

log = logging.getLogger(__name__)


class Leg:
    """One audio leg over ICE and DTLS-SRTP.

    `ice_servers`: see `ice.servers`. `loopback` adds 127.0.0.1 to the candidates, for a server
    on this machine. `setup_timeout` (seconds) runs from the moment both sides have been
    described. `on_state` is called in the event loop.
    """

    def __init__(
        self,
        *,
        source: Source,
        sink: Sink,
        ice_servers: Sequence[str] = (),
        loopback: bool = False,
        setup_timeout: float = 15.0,
        on_state: Callable[[LegState], None] | None = None,
    ) -> None:
        self.muted = False
        self.held = False
        """Cut here, both ways, whatever was negotiated."""
        self._source, self._sink = source, sink
        self._servers = ice.servers(ice_servers)
        self._loopback = loopback
        self._setup_timeout = setup_timeout
        self._life = Life(on_state)
        self._origin = localsdp.Origin()
        self._you, self._them = Meter(), Meter()
        self._direction = "sendrecv"
        self._peer: Peer | None = None
        self._remote: Transport | None = None
        self._local = ""
        """Our audio section as it was last agreed."""
        self._pending: tuple[str, str] | None = None
        self._closers: set[asyncio.Task[None]] = set()
        self._past = Statistics()
        self._sink_failed = False

    @property
    def state(self) -> LegState:
        """Where the leg is."""
        return self._life.state

    @property
    def reason(self) -> str:
        """Why it failed or was lost: "setup-timeout", "transport", "peer-closed"; else ""."""
        return self._life.reason

    # ------------------------------------------------------------ negotiation

    async def answer(self, offer: str) -> str:
        """The answer to the peer's offer or re-offer. UnacceptableOffer for anything bad: the
        call, if there is one, is as before."""
        self._assert_open()
        try:
            return await self._answer(offer)
        except (UnacceptableOffer, asyncio.CancelledError):
            raise
        except Exception as problem:
            log.exception("aiortc refused an offer")
            raise UnacceptableOffer(f"the media library refused it: {problem}") from problem

    async def _answer(self, offer: str) -> str:
        remote = transport_of(offer)
        fresh = self._peer is None or self._remote is None or not remote.same_peer(self._remote)
        running = None if fresh else self._peer
        in_force = None
        if running is not None:
            in_force = {"active": "passive", "passive": "active"}.get(running.dtls_role)
        mid = None if running is None else str(running.transceiver.mid)
        clean = normalise(offer, role="offer", mid=mid, setup=in_force, agreed=self._agreed())
        peer = running or self._new_peer(self._direction)
        try:
            peer.may_turn_server = remote.setup is None
            await peer.set_remote("offer", clean)
            made = await peer.set_local("answer", await peer.create_answer())
            local = localsdp.without_refused(made)
            answer = self._origin.stamp(localsdp.as_answer(local, offer))
        except BaseException:
            if peer is not self._peer:
                self._retire(peer)
            raise
        self._adopt(peer, remote, local)
        return answer

    async def offer(self) -> str:
        """The first offer: opus is 111. Apply the answer with `accept`."""
        self._assert_open()
        if self._peer is not None:
            raise RuntimeError("the leg is described already; use reoffer()")
        peer = self._peer = self._new_peer(self._direction)
        made = localsdp.first_offer(await peer.create_offer())
        local = localsdp.first_offer(await peer.set_local("offer", made))
        self._local = local
        return self._origin.stamp(local)

    async def accept(self, answer: str) -> None:
        """The peer's answer to `offer()`. UnacceptableOffer when it cannot be used. A second one
        (a 183 came before the 200) may change the direction, not the peer."""
        self._assert_open()
        if self._peer is None:
            raise RuntimeError("there is no offer to accept an answer to")
        remote = transport_of(answer)
        again = self._remote is not None
        if self._remote is not None and not remote.same_peer(self._remote):
            raise UnacceptableOffer("a second answer comes from another peer")
        clean = normalise(answer, role="answer", mid=str(self._peer.transceiver.mid))
        self._peer.may_turn_server = remote.setup is None
        await self._apply(self._peer, self._local if again else "", clean)
        if not again:
            self._adopt(self._peer, remote, self._local)

    async def reoffer(self, direction: str) -> str:
        """A re-offer for a re-INVITE. Nothing is changed before `apply`: a refusal needs no
        undoing, only no `apply`."""
        self._assert_open()
        if direction not in DIRECTIONS:
            raise ValueError("no direction")
        if self._peer is None or not self._local or self._remote is None:
            raise RuntimeError("there is nothing to change yet")
        text = localsdp.with_direction(self._local, direction, setup="actpass")
        self._pending = (direction, text)
        return self._origin.stamp(text)

    async def apply(self, answer: str) -> None:
        """The 200 to `reoffer()`: both sides take effect now."""
        self._assert_open()
        pending, self._pending = self._pending, None
        if pending is None or self._peer is None:
            raise RuntimeError("there is no re-offer to apply an answer to")
        direction, text = pending
        remote = transport_of(answer)
        in_force = {"active": "passive", "passive": "active"}.get(self._peer.dtls_role)
        mid = str(self._peer.transceiver.mid)
        clean = normalise(answer, role="answer", mid=mid, setup=in_force)
        if self._remote is not None and not remote.same_peer(self._remote):
            # We kept our user and password, so ICE may not restart (RFC 8445 §9).
            raise UnacceptableOffer("the answer restarts ICE, which the offer did not ask for")
        self._peer.transceiver.direction = direction
        await self._apply(self._peer, text, clean)
        self._direction = direction
        self._local = text

    async def _apply(self, peer: Peer, local: str, remote: str) -> None:
        try:
            if local:
                await peer.set_local("offer", local)
            await peer.set_remote("answer", remote)
        except asyncio.CancelledError:
            raise
        except Exception as problem:
            log.exception("aiortc refused an answer")
            raise UnacceptableOffer(f"the media library refused it: {problem}") from problem

    # ------------------------------------------------------------ controls

    def mute(self, on: bool) -> None:
        """Send silence from the next 20 ms on, whatever the platform does."""
        self.muted = on

    def hold(self, on: bool) -> None:
        """Cut both ways here: silence is sent, and what comes is not heard."""
        self.held = on

    def levels(self) -> tuple[float, float]:
        """How loud (you, them), 0.0 to 1.0; you after mute, as it is sent."""
        now = asyncio.get_running_loop().time()
        return self._you.read(now), self._them.read(now)

    def statistics(self) -> Statistics:
        """The numbers of the whole leg, over all its connections."""
        if self._peer is None:
            return self._past
        return added(self._past, self._peer)

    @property
    def direction(self) -> str:
        """What is negotiated, from our side: "sendrecv", "sendonly", "recvonly", "inactive";
        "" before."""
        current = self._peer.transceiver.currentDirection if self._peer else None
        return str(current or "")

    async def close(self) -> None:
        """End the leg; at most about three seconds, and never an exception."""
        self._life.close()
        peer, self._peer = self._peer, None
        if peer is not None:
            self._past = added(self._past, peer)
            self._retire(peer)
        while self._closers:
            await asyncio.wait(set(self._closers))

    # ------------------------------------------------------------ inside

    def _new_peer(self, direction: str) -> Peer:
        track = SourceTrack(self._source, self._said)
        track.cut = lambda: self.muted or self.held
        return Peer(
            track,
            servers=self._servers,
            loopback=self._loopback,
            direction=direction,
            heard=self._heard,
            on_state=self._peer_state,
        )

    def _adopt(self, peer: Peer, remote: Transport, local: str) -> None:
        """This connection is the leg's from now on."""
        old, self._peer = self._peer, peer
        self._remote, self._local = remote, local
        if old is not None and old is not peer:
            self._past = added(self._past, old)
            self._retire(old)
        if peer.pc.connectionState == "connected":
            self._life.connected()
        elif peer is not old or not self._life.waiting:
            self._life.begin(self._setup_timeout)
        if peer.pc.connectionState == "failed":
            self._life.give_up("transport")

    def _agreed(self) -> dict[str, int] | None:
        """The codec in use, which a re-offer does not change while the peer still has it."""
        if self._peer is None or not self._peer.track.codec:
            return None
        return {self._peer.track.codec: self._peer.transceiver._codecs[0].payloadType}

    def _peer_state(self, peer: Peer, state: str) -> None:
        if peer is not self._peer or self.state is LegState.CLOSED:
            return
        if state == "connected":
            self._life.connected()
        elif state == "failed":
            self._life.give_up("transport")
        elif state == "closed":
            self._life.give_up("peer-closed")

    def _retire(self, peer: Peer) -> None:
        task = asyncio.ensure_future(peer.close())
        self._closers.add(task)
        task.add_done_callback(self._closers.discard)

    def _assert_open(self) -> None:
        if self.state is LegState.CLOSED:
            raise RuntimeError("the leg is closed")

    def _said(self, pcm: bytes) -> None:
        self._you.feed(pcm, asyncio.get_running_loop().time())

    def _heard(self, pcm: bytes) -> None:
        if self.held:
            return
        self._them.feed(pcm, asyncio.get_running_loop().time())
        try:
            self._sink.write(pcm)
        except Exception:
            if not self._sink_failed:
                self._sink_failed = True
                log.exception("the sink failed; the call goes on")

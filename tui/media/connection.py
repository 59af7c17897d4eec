"""One ICE and DTLS connection from its first candidate to its end. A leg has one, and for a
moment two: when it is moved, the old one carries the call until the new one is up.

aiortc's own objects for ICE and DTLS, without its peer connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Literal

from aiortc import (
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    RTCIceCandidate,
    RTCIceGatherer,
    RTCIceParameters,
    RTCIceServer,
    RTCIceTransport,
)
from aiortc.rtcconfiguration import RTCIceTransportPolicy

from tui.media.localsdp import Ends
from tui.media.remote import Remote
from tui.media.wire import Wire

log = logging.getLogger(__name__)

CLOSE_LIMIT = 3.0
"""Seconds that closing may take; what hangs longer is left behind with its sockets shut."""
HELLO_WAIT = 0.5
"""Seconds in which a peer that named no DTLS role may begin the handshake; then we do."""

State = Literal["new", "connecting", "connected", "failed", "closed"]
Setup = Literal["active", "passive"]


class Connection:
    """ICE, DTLS and SRTP with one peer. `on_state` is told each change of `state`: "failed" when
    the path never came up or is gone, "closed" when the peer ended it."""

    def __init__(
        self,
        *,
        servers: Sequence[RTCIceServer],
        loopback: bool,
        relay_only: bool,
        on_state: Callable[[Connection], None],
    ) -> None:
        self.state: State = "new"
        self.setup: Setup | None = None
        """Our DTLS role (`a=setup`), once it is decided."""
        self.remote: Remote | None = None
        self._on_state = on_state
        policy = RTCIceTransportPolicy.RELAY if relay_only else RTCIceTransportPolicy.ALL
        self._gatherer = RTCIceGatherer(list(servers), policy)
        self._ice = RTCIceTransport(self._gatherer)
        # A certificate of its own: with another fingerprint a new ICE session is a new DTLS
        # session as well (RFC 8842 §4), which is what it is here.
        self._dtls = RTCDtlsTransport(self._ice, [RTCCertificate.generateCertificate()])
        self.wire = Wire(self._gatherer, self._dtls, loopback=loopback and not relay_only)
        self._gathering: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._ice.on("statechange", self._changed)
        self._dtls.on("statechange", self._changed)

    # ------------------------------------------------------------ set-up

    async def gather(self) -> Ends:
        """Our end, with its candidates: about two seconds at most."""
        if self._gathering is None:
            self._gathering = asyncio.ensure_future(self._gatherer.gather())
        # aioice forgets sockets that it has opened when it is stopped half-way: `close` lets it
        # come to its end.
        await asyncio.shield(self._gathering)
        self.wire.stand()
        return self.ends

    @property
    def ends(self) -> Ends:
        """Our end as it is described."""
        ice = self._gatherer.getLocalParameters()
        prints = self._dtls.getLocalParameters().fingerprints
        candidates = sorted(self._gatherer.getLocalCandidates(), key=lambda c: c.priority)
        return Ends(
            ufrag=str(ice.usernameFragment),
            password=str(ice.password),
            fingerprint=next(p.value for p in prints if p.algorithm == "sha-256"),
            candidates=tuple(_line(c) for c in reversed(candidates)),
            # The one that reaches furthest is the default (RFC 8445 §5.1.3).
            host=candidates[0].ip if candidates else "0.0.0.0",  # noqa: S104
            port=candidates[0].port if candidates else 9,
        )

    def start(self, remote: Remote, *, offerer: bool, setup: Setup) -> None:
        """Both sides are described: begin. Our role is `setup`; a peer that offered none may
        still turn it round by beginning the handshake itself."""
        if self._task is not None or self._closing is not None:
            return
        self.remote, self.setup = remote, setup
        self.wire.set_controlling(offerer or remote.lite)
        self._set("connecting")
        self._task = asyncio.ensure_future(self._run(remote))

    async def _run(self, remote: Remote) -> None:
        peer = remote.transport
        hello = asyncio.Event()
        unnamed = self.setup == "active" and peer.setup is None
        if unnamed:
            self.wire.hello = hello.set
        try:
            candidates = [self._ice.addRemoteCandidate(_candidate(c)) for c in remote.candidates]
            await asyncio.gather(*candidates)  # a name.local of one is asked for on the network
            await self._ice.addRemoteCandidate(None)
            await self._ice.start(RTCIceParameters(peer.ufrag, peer.password, remote.lite))
            if self._ice.state != "completed":
                return
            if unnamed:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(hello.wait(), HELLO_WAIT)
                if hello.is_set():
                    self.setup = "passive"
            self.wire.hello = None
            self.wire.set_role("client" if self.setup == "active" else "server")
            prints = [RTCDtlsFingerprint(name, value) for name, value in peer.fingerprints]
            await self._dtls.start(RTCDtlsParameters(prints))
        except Exception as problem:
            log.warning("the connection did not start: %s", type(problem).__name__)
            self._set("failed")

    def _changed(self) -> None:
        ice, dtls = self._ice.state, self._dtls.state
        if "failed" in (ice, dtls):
            self._set("failed")
        elif dtls == "closed":
            self._set("failed" if self.wire.gone else "closed")
        elif dtls == "connected":
            self._set("connected")

    def _set(self, state: State) -> None:
        if state == self.state or self.state in ("failed", "closed") or self._closing is not None:
            return
        self.state = state
        self._on_state(self)

    # ------------------------------------------------------------ the end

    async def close(self) -> None:
        """Close within CLOSE_LIMIT, whatever the libraries do."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        if self._gathering is not None:
            await asyncio.gather(self._gathering, return_exceptions=True)
        self.wire.release()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        stopping = asyncio.ensure_future(self._stop())
        done, _ = await asyncio.wait({stopping}, timeout=CLOSE_LIMIT)
        if not done:
            log.warning("a connection did not close in time")
            stopping.cancel()
            self.wire.abort()
            await asyncio.wait({stopping})
        elif (problem := stopping.exception()) is not None:
            log.warning("a connection failed to close: %s", type(problem).__name__)
            self.wire.abort()

    async def _stop(self) -> None:
        await self._dtls.stop()
        await self.wire.ended()
        await self._ice.stop()
        self._dtls.remove_all_listeners()


def _line(candidate: RTCIceCandidate) -> str:
    """One of ours, as it stands behind `a=candidate:`."""
    related = ""
    if candidate.relatedAddress is not None:
        related = f" raddr {candidate.relatedAddress} rport {candidate.relatedPort}"
    return (
        f"{candidate.foundation} {candidate.component} {candidate.protocol} "
        f"{candidate.priority} {candidate.ip} {candidate.port} typ {candidate.type}{related}"
    )


def _candidate(text: str) -> RTCIceCandidate:
    """One of the peer's, which `sdp.candidates_of` has checked."""
    foundation, component, protocol, priority, host, port, _, kind = text.split()
    return RTCIceCandidate(
        component=int(component),
        foundation=foundation,
        ip=host,
        port=int(port),
        priority=int(priority),
        protocol=protocol,
        type=kind,
    )

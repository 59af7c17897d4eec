"""One ICE session from its first candidate to its end, and the DTLS association over it. A leg has
one, and for a moment two: when it is moved, the old one carries the call until the new one is up.

How it works. A connection is given the association that there is, or a new one. Once both sides
are described, it is known whether that is kept (RFC 8842 §3.2): it is where it is alive, and the
peer neither shows another certificate nor asks for a new association. Then the connection is up as
soon as ICE is; else DTLS shakes hands first, under the certificate that was described.

ICE is aioice's, which `ice_transport` stands before; DTLS is `dtls_association`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Literal

import aioice

from tui.media.sdp.local import Ends
from tui.media.sdp.remote import Remote
from tui.media.transport.dtls_association import DtlsAssociation, Setup
from tui.media.transport.ice_servers import IceServer, options
from tui.media.transport.ice_transport import IceTransport
from tui.media.transport.shortage import check_for_sockets

log = logging.getLogger(__name__)

CLOSE_LIMIT = 3.0
"""Seconds that closing may take; what hangs longer is left behind with its sockets shut."""
HELLO_WAIT = 0.5
"""Seconds in which a peer that named no DTLS role may begin the handshake; then we do."""

State = Literal["new", "connecting", "connected", "failed", "closed"]


class MediaConnection:
    """ICE and DTLS with one peer. `association` is the one in force, or a new one; `certificate` is
    its. `beside` is the connection that our offer described, where another phone than its peer
    answers the same offer: this one has its user and password, sockets of its own, and an
    association of its own under the same certificate. `on_state` is told each change of `state`:
    "failed" when the path never came up or is gone, "closed" when the peer ended it."""

    def __init__(
        self,
        *,
        association: DtlsAssociation,
        servers: Sequence[IceServer],
        loopback: bool,
        relay_only: bool,
        on_state: Callable[[MediaConnection], None],
        beside: MediaConnection | None = None,
    ) -> None:
        self.state: State = "new"
        self.setup: Setup | None = None
        """Our DTLS role (`a=setup`), once it is decided."""
        self.remote: Remote | None = None
        self._on_state = on_state
        policy = aioice.TransportPolicy.RELAY if relay_only else aioice.TransportPolicy.ALL
        self._aioice = aioice.Connection(
            ice_controlling=False,
            transport_policy=policy,
            local_username=None if beside is None else beside.ends.ufrag,
            local_password=None if beside is None else beside.ends.password,
            **options(servers),
        )
        self.association = association
        self.ice = IceTransport(self._aioice, loopback=loopback and not relay_only)
        self._gathering: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self.ice.on_lost = lambda: self._set("failed")

    # ------------------------------------------------------------ set-up

    async def gather(self) -> Ends:
        """Our end, with its candidates: about two seconds at most. ShortageError where there is
        none because the machine has no socket left."""
        if self._gathering is None:
            self._gathering = asyncio.ensure_future(self._aioice.gather_candidates())
        # aioice forgets sockets that it has opened when it is stopped half-way: `close` lets it
        # come to its end.
        await asyncio.shield(self._gathering)
        self.ice.stand()
        if not self._aioice.local_candidates:
            check_for_sockets()
        return self.ends

    @property
    def ends(self) -> Ends:
        """Our end as it is described."""
        candidates = sorted(self._aioice.local_candidates, key=lambda c: c.priority)
        return Ends(
            ufrag=self._aioice.local_username,
            password=self._aioice.local_password,
            fingerprint=self.association.fingerprint,
            candidates=tuple(c.to_sdp() for c in reversed(candidates)),
            # The one that reaches furthest is the default (RFC 8445 §5.1.3).
            host=candidates[0].host if candidates else "0.0.0.0",  # noqa: S104
            port=candidates[0].port if candidates else 9,
        )

    def start(self, remote: Remote, *, offerer: bool, controlling: bool, setup: Setup) -> None:
        """Both sides are described: begin. In ICE we are `controlling`, and always towards a lite
        peer (RFC 8445 §6.1.1); in DTLS our role is `setup`; a peer that named none of its own
        may still turn it round by beginning the handshake itself. Where the association is kept, so
        is its role."""
        if self._task is not None or self._closing is not None:
            return
        kept = self.association.serves(remote.transport)
        if not kept and self.association.over is not None:
            self.association = self.association.successor()
        self.remote, self.setup = remote, self.association.setup if kept else setup
        self.ice.set_controlling(controlling or remote.lite)
        self._set("connecting")
        # A role that is none ("holdconn"), or in an answer no choice ("actpass"), says nothing.
        plain = ("active", "passive") if offerer else ("active", "passive", "actpass")
        self._task = asyncio.ensure_future(self._run(remote, remote.transport.setup in plain))

    def restarts_with(self, remote: Remote) -> bool:
        """Whether that is the peer of this connection in a new session of ICE: with the certificate
        that it had, and another user or password."""
        if self.remote is None:
            return False
        known, peer = self.remote.transport, remote.transport
        return known.fingerprints == peer.fingerprints and not known.same_peer(peer)

    async def _run(self, remote: Remote, named: bool) -> None:
        peer, association = remote.transport, self.association
        kept = association.over is not None
        hello = asyncio.Event()
        unnamed = not kept and self.setup == "active" and not named
        if unnamed:
            self.ice.hello = hello.set
        try:
            add = self._aioice.add_remote_candidate
            candidates = [add(aioice.Candidate.from_sdp(c)) for c in remote.candidates]
            # A name.local of one is asked for on the network; one that fails does not fail others.
            for found in await asyncio.gather(*candidates, return_exceptions=True):
                if isinstance(found, BaseException):
                    log.warning("a candidate is left out: %s", type(found).__name__)
            if self._aioice.remote_candidates:
                await add(None)
            # Else the peer finds us, or nobody does: the set-up has a limit of its own.
            self._aioice.remote_is_lite = remote.lite
            self._aioice.remote_username = peer.ufrag
            self._aioice.remote_password = peer.password
            try:
                await self._aioice.connect()
            except ConnectionError:
                self._set("failed")
                return
            self._watching = asyncio.ensure_future(self._watch())
            if kept:
                association.move(self.ice)
                association.on_change = self._changed
                self._changed()
                return
            if unnamed:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(hello.wait(), HELLO_WAIT)
                if hello.is_set():
                    self.setup = "passive"
            self.ice.hello = None
            association.on_change = self._changed
            await association.start(self.ice, self.setup or "active", peer)
        except Exception as problem:
            log.warning("the connection did not start: %s", type(problem).__name__)
            self._set("failed")

    async def _watch(self) -> None:
        """The path is up; the peer's consent to it may end (RFC 7675)."""
        await self._aioice.get_event()  # there is no event but the end
        self._set("failed")

    def _changed(self) -> None:
        if self.association.over is self.ice:
            dtls = self.association.state
            if dtls == "connected":
                self._set("connected")
            elif dtls in ("failed", "closed"):
                self._set("failed" if self.ice.gone or dtls == "failed" else "closed")

    def _set(self, state: State) -> None:
        if state == self.state or self.state in ("failed", "closed") or self._closing is not None:
            return
        self.state = state
        self._on_state(self)

    @property
    def dropped(self) -> int:
        """Datagrams from strangers, and broken ones."""
        return self.ice.dropped + self.association.noise

    # ------------------------------------------------------------ the end

    async def close(self) -> None:
        """Close within CLOSE_LIMIT, whatever the libraries do."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        if self._gathering is not None:
            await asyncio.gather(self._gathering, return_exceptions=True)
        self.ice.release()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        stopping = asyncio.ensure_future(self._stop())
        done, _ = await asyncio.wait({stopping}, timeout=CLOSE_LIMIT)
        if not done:
            log.warning("a connection did not close in time")
            stopping.cancel()
            self.ice.abort()
            await asyncio.wait({stopping})
        elif (problem := stopping.exception()) is not None:
            log.warning("a connection failed to close: %s", type(problem).__name__)
            self.ice.abort()
        if self._watching is not None:
            self._watching.cancel()

    async def _stop(self) -> None:
        if self.association.over is self.ice:  # it may have moved on
            await self.association.close()
        await self._aioice.close()

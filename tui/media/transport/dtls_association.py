"""DTLS with one peer, and the SRTP keys that it made, over whichever ICE session is in force.

How it works. OpenSSL shakes hands in memory; what it reads and writes goes through the ICE session
that the association is `over`. So a restart of ICE moves the association and keeps its keys, as
browsers do (RFC 8842 §3.2), and an ICE session whose consent has ended (RFC 7675) does not end it.
It is over when the peer says so by an alert, when a handshake failed, or when it is closed here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final, Literal

from OpenSSL import SSL

from tui.media.sdp.parse import Transport
from tui.media.transport.certificate import Certificate, is_named
from tui.media.transport.ice_transport import IceTransport
from tui.media.transport.srtp import Srtp, agreed

log = logging.getLogger(__name__)

Setup = Literal["active", "passive"]
State = Literal["new", "connecting", "connected", "failed", "closed"]
_MOST: Final = 1500
"""Bytes of one datagram: a whole flight of a handshake fits, with certificates such as these."""


class DtlsAssociation:
    """`certificate` is ours: it may serve several associations, one after the other."""

    def __init__(self, certificate: Certificate | None = None) -> None:
        self.certificate = certificate or Certificate()
        self.setup: Setup | None = None
        """Our role (`a=setup`), once it has begun."""
        self.state: State = "new"
        self._peer: Transport | None = None
        """The peer's end, as it was described when it began."""
        self.over: IceTransport | None = None
        """The ICE session that carries it."""
        self.on_change: Callable[[], None] = lambda: None
        """Told when `state` has changed."""
        self._srtp: Srtp | None = None
        self._tls: SSL.Connection | None = None
        self._reading: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def fingerprint(self) -> str:
        """The SHA-256 fingerprint of our certificate."""
        return self.certificate.fingerprint

    @property
    def alive(self) -> bool:
        """Whether there are keys, and the peer has not ended it."""
        return self.state == "connected" and not self._closed

    def successor(self) -> DtlsAssociation:
        """A new association under the same certificate."""
        return DtlsAssociation(self.certificate)

    def serves(self, peer: Transport) -> bool:
        """Whether it goes on with a peer that describes itself so, or a new one is needed
        (RFC 8842 §3.2): for another certificate, another `a=tls-id`, or `a=connection:new`."""
        known = self._peer
        return (
            self.alive
            and known is not None
            and peer.fingerprints == known.fingerprints
            and peer.tls_id in (None, known.tls_id)
            and peer.connection != "new"
        )

    async def start(self, over: IceTransport, setup: Setup, peer: Transport) -> None:
        """Shake hands over this ICE session; the peer's certificate must have the fingerprints
        that it described (RFC 8122 §6.2)."""
        self.over, self.setup, self._peer = over, setup, peer
        tls = self._tls = SSL.Connection(self.certificate.context())
        if setup == "active":
            tls.set_connect_state()
        else:
            tls.set_accept_state()
        self._set("connecting")
        if not await self._shaken_hands(tls):
            why = "the handshake failed"
        elif not is_named(tls, peer.fingerprints):
            why = "the peer is not the one that was described"
        elif (srtp := agreed(tls, client=setup == "active")) is None:
            why = "no way to protect the sound was agreed"
        else:
            self._srtp = srtp
            self._reading = asyncio.ensure_future(self._read(tls))
            self._set("connected")
            return
        log.info("DTLS: %s", why)
        self._set("failed")

    async def _shaken_hands(self, tls: SSL.Connection) -> bool:
        while True:
            try:
                tls.do_handshake()
                done = True
            except SSL.WantReadError:
                done = False
            except SSL.Error:
                await self._send(tls)  # the alert that says why
                return False
            await self._send(tls)
            if done:
                return True
            await self._receive(tls)

    async def _read(self, tls: SSL.Connection) -> None:
        """What comes after the handshake: a last flight again, or the peer's end of it. Data that
        are not sound, nobody asked for."""
        ended = False
        while not ended:
            await self._receive(tls)
            try:
                tls.recv(_MOST)
            except SSL.ZeroReturnError:
                ended = True
            except SSL.Error:  # most often that there is nothing
                pass
            await self._send(tls)
        self._set("closed")

    def _set(self, state: State) -> None:
        self.state = state
        self.on_change()

    def move(self, over: IceTransport) -> None:
        """Go on over another ICE session, with the keys that there are."""
        old, self.over = self.over, over
        if old is not None:
            old.wake_dtls()

    def srtp(self) -> Srtp:
        """What protects and unprotects, once it is connected."""
        assert self._srtp is not None
        return self._srtp

    @property
    def noise(self) -> int:
        """Packets that were not the peer's, or broken."""
        return 0 if self._srtp is None else self._srtp.noise

    async def close(self) -> None:
        """Tell the peer, and end."""
        self._closed = True
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})
        if self._tls is not None and self.state in ("connecting", "connected"):
            with contextlib.suppress(SSL.Error):  # in the middle of a handshake
                self._tls.shutdown()
            await self._send(self._tls)
            self._set("closed")
        self.on_change = lambda: None

    # ------------------------------------------------------------ datagrams

    async def _receive(self, tls: SSL.Connection) -> None:
        """Hand OpenSSL the next datagram, or tell it that the time for one is over: then it has
        something to send again."""
        try:
            async with asyncio.timeout(tls.DTLSv1_get_timeout()):
                tls.bio_write(await self._next())
        except TimeoutError:
            with contextlib.suppress(SSL.Error):
                tls.DTLSv1_handle_timeout()

    async def _next(self) -> bytes:
        while True:
            assert self.over is not None
            data = await self.over.receive_dtls()
            if data is not None:
                return data

    async def _send(self, tls: SSL.Connection) -> None:
        """Send what OpenSSL has written, if anything."""
        assert self.over is not None
        with contextlib.suppress(SSL.WantReadError):
            data = tls.bio_read(_MOST)
            with contextlib.suppress(ConnectionError):  # lost, as any datagram may be
                await self.over.send_dtls(data)

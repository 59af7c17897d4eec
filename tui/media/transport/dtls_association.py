"""DTLS with one peer, and the SRTP keys that it made, over whichever ICE session is in force.

How it works. aiortc ties a DTLS transport to one ICE transport and ends it with that. Here it
reads from, and writes to, this object instead, which hands on to the ICE session that it is `over`.
So a restart of ICE moves the association and keeps its keys, as browsers do (RFC 8842 §3.2), and
an ICE session whose consent has ended (RFC 7675) does not end it. It is over when the peer says so
by an alert, when a handshake failed, or when it is closed here.

Beside `ice_transport` the only file that uses private names of aiortc.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final, Literal

from aiortc import (
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
)

from tui.media.sdp.parse import Transport
from tui.media.transport.ice_transport import IceTransport
from tui.media.transport.srtp import Srtp

Setup = Literal["active", "passive"]
NAMES: Final = {
    "dtls": ("_set_role", "_rx_srtp", "_tx_srtp", "_task"),
    "ice": ("_recv", "_send", "role"),
}
"""What is used of whom, and what aiortc uses of us; tests/media/test_ice_transport.py looks for
all of it."""


class DtlsAssociation:
    """`certificate` is ours: it may serve several associations, one after the other."""

    role = "controlled"
    """Read by aiortc where no DTLS role is set; here one always is."""

    def __init__(self, certificate: RTCCertificate | None = None) -> None:
        self.certificate = certificate or RTCCertificate.generateCertificate()
        self.setup: Setup | None = None
        """Our role (`a=setup`), once it has begun."""
        self._peer: Transport | None = None
        """The peer's end, as it was described when it began."""
        self.over: IceTransport | None = None
        """The ICE session that carries it."""
        self.on_change: Callable[[], None] = lambda: None
        """Told when `state` has changed."""
        self._srtp: Srtp | None = None
        self._closed = False
        dtls: Any = RTCDtlsTransport(self, [self.certificate])  # type: ignore[arg-type]
        self._dtls = dtls
        dtls.on("statechange", lambda: self.on_change())

    @property
    def fingerprint(self) -> str:
        """The SHA-256 fingerprint of our certificate."""
        prints = self.certificate.getFingerprints()
        return next(one.value for one in prints if one.algorithm == "sha-256")

    @property
    def state(self) -> str:
        """ "new", "connecting", "connected", "failed" or "closed"."""
        return str(self._dtls.state)

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
        self._dtls._set_role("client" if setup == "active" else "server")
        prints = [RTCDtlsFingerprint(name, value) for name, value in peer.fingerprints]
        await self._dtls.start(RTCDtlsParameters(prints))

    def move(self, over: IceTransport) -> None:
        """Go on over another ICE session, with the keys that there are."""
        old, self.over = self.over, over
        if old is not None:
            old.wake_dtls()

    def srtp(self) -> Srtp:
        """What protects and unprotects, once it is connected."""
        if self._srtp is None:
            self._srtp = Srtp(self._dtls._tx_srtp, self._dtls._rx_srtp)
        return self._srtp

    @property
    def noise(self) -> int:
        """Packets that were not the peer's, or broken."""
        return 0 if self._srtp is None else self._srtp.noise

    async def close(self) -> None:
        """Tell the peer, and end. Waits for the reader, which aiortc only cancels."""
        self._closed = True
        task = self._dtls._task
        await self._dtls.stop()
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
        self._dtls.remove_all_listeners()

    # ------------------------------------------------------------ what aiortc calls

    async def _recv(self) -> bytes:
        while True:
            assert self.over is not None
            data = await self.over.receive_dtls()
            if data is not None:
                return data

    async def _send(self, data: bytes) -> None:
        assert self.over is not None
        with contextlib.suppress(ConnectionError):  # lost, as any datagram may be
            await self.over.send_dtls(data)

"""One audio leg: offers and answers in, sound both ways, and an end that always comes.

A leg is made of four parts: `AgreedSession` says what was offered and agreed, `Connections` hold
ICE and DTLS, `RtpSession` carries the sound, `Life` is the state. This file ties them together.

Lives in the engine's event loop. What can go wrong on the way is a state with a reason, never
an exception out of a callback; a description that cannot be used is an UnacceptableOffer.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from functools import partial

from tui.media.codec import codecs as known_codecs
from tui.media.leg.agreed_session import AgreedSession
from tui.media.leg.connections import Connections
from tui.media.leg.life import AudioLegState, Life
from tui.media.pcm.sinks import Sink
from tui.media.pcm.sources import Source
from tui.media.rtp.session import RtpSession
from tui.media.rtp.statistics import Statistics
from tui.media.sdp.direction import Direction
from tui.media.sdp.parse import UnacceptableOffer, Unusable
from tui.media.sdp.remote import Remote, read
from tui.media.transport.connection import MediaConnection
from tui.media.transport.dtls_association import DtlsAssociation, Setup
from tui.media.transport.ice_servers import IceServer, usable
from tui.media.transport.ice_transport import Address
from tui.media.transport.shortage import Shortage, ShortageError, shortage_of

__all__ = [
    "AudioLeg",
    "AudioLegState",
    "IceServer",
    "Shortage",
    "ShortageError",
    "Statistics",
    "UnacceptableOffer",
    "Unusable",
]


class AudioLeg:
    """One audio leg over ICE and DTLS-SRTP.

    `codecs` are those offered and taken, best first. `ice_servers`: see `ice_servers.usable`;
    `relay_only` sends everything through the TURN server. `loopback` adds 127.0.0.1 to the
    candidates, for a server on this machine. `setup_timeout` (seconds) runs from the moment both
    sides have been described. `on_state` and `on_digit` (a key that the peer pressed) are called
    in the event loop. `dtx`: send nothing while the source is silent.
    """

    def __init__(
        self,
        *,
        source: Source,
        sink: Sink,
        codecs: Sequence[str] = ("opus", "G722", "PCMU", "PCMA"),
        ice_servers: Sequence[str | IceServer] = (),
        relay_only: bool = False,
        loopback: bool = False,
        setup_timeout: float = 15.0,
        on_state: Callable[[AudioLegState], None] | None = None,
        on_digit: Callable[[str], None] | None = None,
        dtx: bool = False,
    ) -> None:
        self._servers = usable(ice_servers)
        self._relay_only, self._loopback = relay_only, loopback
        self._setup_timeout = setup_timeout
        self._loading = asyncio.Lock()
        self._session = RtpSession(source, sink, on_key=on_digit or _nobody, dtx=dtx)
        self._agreed = AgreedSession(
            codecs,
            ssrc=self._session.sent.ssrc,
            cname=self._session.cname,
            on_agreed=self._session.adopt,
        )
        self._life = Life(on_state)
        self._connections = Connections(
            self._new_connection,
            self._life,
            setup_timeout=setup_timeout,
            on_up=self._session.carry,
            on_end=self._session.stop,
        )

    # ------------------------------------------------------------ negotiation

    async def answer(self, offer: str) -> str:
        """The answer to the peer's offer or re-offer. UnacceptableOffer for anything bad,
        ShortageError where the machine is out of something: the call, if there is one, is as
        before."""
        await self._codec_loaded(offer)
        remote = read(offer)
        current = self._connections.described
        agreement = self._agreed.common(remote, keep=True)
        if current is None or not _same_peer(current, remote):
            current = await self._gathered()
            setup: Setup = "passive" if remote.transport.setup == "active" else "active"
            self._connections.adopt(current, remote, offerer=False, setup=setup)
        return self._agreed.answer(
            offer, remote, agreement, current.ends, current.setup or "active"
        )

    async def offer(self) -> str:
        """The first offer: opus is 111. Apply the answer with `accept`. RuntimeError when the leg
        is described already, or closed."""
        self._assert_open()
        if self._connections.current is not None:
            raise RuntimeError("the leg is described already; use reoffer()")
        connection = self._connections.current = await self._gathered()
        return self._agreed.offer(connection.ends)

    async def accept(self, answer: str) -> None:
        """The peer's answer to `offer()`. UnacceptableOffer when it cannot be used: a leg that gets
        no usable one within its `setup_timeout` has failed, with the id of that as its reason. A
        second one (a 183 came before the 200, or our last description was sent again) may change
        formats and direction, not the peer."""
        await self._codec_loaded(answer)
        current = self._connections.described or self._connections.current
        if current is None:
            raise RuntimeError("there is no offer to accept an answer to")
        try:
            remote = read(answer)
            agreement = self._agreed.common(remote)
        except UnacceptableOffer as problem:
            if current.remote is None:  # nothing else bounds the wait for a usable one
                self._life.limit(self._setup_timeout, str(problem.why))
            raise
        if current.remote is not None and not _same_peer(current, remote):
            raise UnacceptableOffer("a second answer comes from another peer", Unusable.OTHER_PEER)
        if current.remote is None:
            self._connections.adopt(current, remote, offerer=True, setup=_answerers(remote))
        self._agreed.accept(remote, agreement)

    async def follow(self, answer: str) -> None:
        """Another phone's answer to `offer()`, where a call forks (RFC 3261 §13.2.2.4): it is heard
        in the place of the one before once its own connection is up, and until then that one is.
        It finds us by its checks of addresses that our offer did not name (RFC 8445 §7.3.1.3).
        UnacceptableOffer and ShortageError: what was heard is heard on."""
        await self._codec_loaded(answer)
        first = self._connections.described
        if first is None:
            raise RuntimeError("nobody has answered the offer yet")
        remote = read(answer)
        agreement = self._agreed.common(remote)
        if not _same_peer(first, remote):
            connection = await self._gathered(beside=first)
            self._connections.adopt(connection, remote, offerer=True, setup=_answerers(remote))
        self._agreed.accept(remote, agreement)

    async def reoffer(self, direction: Direction) -> str:
        """A re-offer for a re-INVITE. Nothing is changed before `apply`: a refusal needs no
        undoing, only no `apply`."""
        self._assert_open()
        current = self._connections.described
        if current is None:
            raise RuntimeError("there is nothing to change yet")
        self.withdraw()
        return self._agreed.reoffer(current.ends, direction)

    async def restart(self, ice_servers: Sequence[str | IceServer] | None = None) -> str:
        """A re-offer with a new ICE user and password, and the addresses that the machine has now
        (RFC 8445 §2.4, RFC 8839 §4.4). The certificate is the same while DTLS lives: the peer
        keeps the association. The old path serves until the new one is up; `apply` or `withdraw`
        it. A leg that is lost, or failed, may be restarted as well. `ice_servers` take the place
        of those that the leg was made with: credentials for a relay may have ended since.
        RuntimeError before there is anything to restart."""
        self._assert_open()
        if self._connections.current is None:
            raise RuntimeError("there is nothing to restart yet")
        if ice_servers is not None:
            self._servers = usable(ice_servers)
        connection = await self._gathered()
        if (known := self._connections.described) is not None:  # its checks may overtake its answer
            connection.ice.set_controlling(known.ice.controlling)
        # First the new one, then away with an older one: what is alone would be given up.
        older, self._connections.offered = self._connections.offered, connection
        if older is not None:
            self._connections.retire(older)
        return self._agreed.reoffer(connection.ends)

    def withdraw(self) -> None:
        """Our re-offer was refused, or is not wanted any more."""
        self._agreed.withdraw()
        self._connections.withdraw()

    async def apply(self, answer: str) -> None:
        """The 200 to `reoffer()` or `restart()`: both sides take effect now. A peer may take the
        restart and keep its own user and password, as FreeSWITCH does, whatever RFC 8445 §9 says:
        whether it has taken it the new path shows. The old one serves until that is up.
        UnacceptableOffer when it cannot be used; RuntimeError when no re-offer waits."""
        await self._codec_loaded(answer)
        if not self._agreed.pending:
            raise RuntimeError("there is no re-offer to apply an answer to")
        current, fresh = self._connections.described, self._connections.offered
        try:
            remote = read(answer)
            agreement = self._agreed.common(remote)
            if fresh is None and not (current is not None and _same_peer(current, remote)):
                # We kept our user and password, so ICE may not restart (RFC 8445 §9).
                raise UnacceptableOffer(
                    "the answer restarts ICE, which the offer did not ask for", Unusable.OTHER_PEER
                )
        except UnacceptableOffer:
            self.withdraw()
            raise
        if fresh is not None:
            self._connections.adopt(fresh, remote, offerer=True, setup=_answerers(remote))
        self._agreed.apply(remote, agreement)

    @property
    def decrypted(self) -> bool:
        """Whether a packet of the peer's has been decrypted over the path in force, and no other is
        being set up: only then is a restart known to have worked. A peer that sends nothing gives
        no such proof."""
        return self._session.decrypted and self._connections.next is None

    @property
    def direction(self) -> Direction | None:
        """What is negotiated, from our side; None before anything is."""
        return self._agreed.direction

    # ------------------------------------------------------------ controls

    @property
    def muted(self) -> bool:
        """Silence is sent, whatever is negotiated."""
        return self._session.muted

    @property
    def held(self) -> bool:
        """Cut here, both ways, whatever is negotiated."""
        return self._session.held

    def mute(self, on: bool) -> None:
        """Send silence from the next 20 ms on, whatever the platform does."""
        self._session.muted = on

    def hold(self, on: bool) -> None:
        """Cut both ways here: silence is sent, and what comes is not heard."""
        self._session.held = on

    def set_source(self, source: Source) -> None:
        """Speak with another voice from the next 20 ms on."""
        self._session.source = source

    def set_sink(self, sink: Sink) -> None:
        """Hear with another ear from the next 20 ms on."""
        self._session.sink = sink

    @property
    def settling(self) -> bool:
        """Whether what was agreed is being set up yet: within `setup_timeout` it is up, or not."""
        return self.state is AudioLegState.CONNECTING

    @property
    def awaits_digits(self) -> bool:
        """Whether the peer takes keys as telephone-event, and has none before the leg is up."""
        return self.settling and self._session.sent.has_keys

    @property
    def can_send_digits(self) -> bool:
        """Whether keys can be sent as telephone-event now: the peer takes them, and we may send."""
        up = self.state is AudioLegState.CONNECTED
        return up and self._session.sends and self._session.sent.has_keys

    def send_digit(self, digit: str, duration: float = 0.16) -> None:
        """Send one key for so many seconds (RFC 4733); keys wait for one another. ValueError for
        no key; RuntimeError when `can_send_digits` is false."""
        if not self.can_send_digits:
            raise RuntimeError("the peer takes no keys here")
        self._session.sent.keys.add(digit, duration)

    # ------------------------------------------------------------ state and numbers

    @property
    def state(self) -> AudioLegState:
        """Where the leg is."""
        return self._life.state

    @property
    def reason(self) -> str:
        """Why it failed or was lost: "setup-timeout", "transport", "peer-closed", an id of
        `Unusable` or of `Shortage`; else ""."""
        return self._life.reason

    def levels(self) -> tuple[float, float]:
        """How loud (you, them), 0.0 to 1.0; you after mute, as it is sent."""
        now = time.monotonic()
        return self._session.you.read(now), self._session.them.read(now)

    def spoken(self) -> float:
        """How loud the source is before the mute, 0.0 to 1.0."""
        return self._session.microphone.read(time.monotonic())

    @property
    def local_address(self) -> Address | None:
        """Our end of the nominated pair; None before it is up."""
        return self._session.local_address

    @property
    def remote_address(self) -> Address | None:
        """The peer's end of the nominated pair; None before it is up."""
        return self._session.remote_address

    @property
    def ssrc(self) -> int:
        """Of the stream that we send."""
        return self._session.sent.ssrc

    @property
    def remote_ssrc(self) -> int | None:
        """Of the stream that the peer sends; None before its first sound."""
        return self._session.received.ssrc

    def statistics(self) -> Statistics:
        """The numbers of the whole leg, over all its connections."""
        return self._session.statistics(self._connections.current)

    # ------------------------------------------------------------ the end

    async def close(self) -> None:
        """End the leg; at most about three seconds, and never an exception."""
        self._life.close()
        self._session.stop()
        self._agreed.withdraw()
        await self._connections.close()

    async def _codec_loaded(self, description: str) -> None:
        """What will be spoken is there: a library is loaded in a thread, once for the process, and
        descriptions are taken in the order in which they came."""
        self._assert_open()
        async with self._loading:
            with contextlib.suppress(UnacceptableOffer):  # said by whoever takes it
                name = self._agreed.common(read(description)).codec.name
                if not known_codecs.is_loaded(name):
                    await asyncio.to_thread(known_codecs.load, name)
        self._assert_open()

    async def _gathered(self, beside: MediaConnection | None = None) -> MediaConnection:
        """A fresh connection that knows its own end; `beside` another that answers the same offer.
        ShortageError where this machine cannot have one: a leg that has no other has failed."""
        try:
            make = None if beside is None else partial(self._new_connection, beside=beside)
            return await self._connections.gathered(make)
        except (ShortageError, MemoryError, OSError) as problem:
            why = problem.why if isinstance(problem, ShortageError) else shortage_of(problem)
            if why is None:
                raise
            if self._connections.current is None:
                self._life.give_up(str(why))
            raise ShortageError(why) from problem

    def _new_connection(
        self, on_state: Callable[[MediaConnection], None], beside: MediaConnection | None = None
    ) -> MediaConnection:
        association = self._connections.association or DtlsAssociation()
        return MediaConnection(
            association=association if beside is None else beside.association.successor(),
            beside=beside,
            servers=self._servers,
            loopback=self._loopback,
            relay_only=self._relay_only,
            on_state=on_state,
        )

    def _assert_open(self) -> None:
        if self.state is AudioLegState.CLOSED:
            raise RuntimeError("the leg is closed")


def _nobody(key: str) -> None:
    """Takes keys that nobody asked for."""


def _same_peer(connection: MediaConnection, remote: Remote) -> bool:
    known = connection.remote
    return known is not None and remote.transport.same_peer(known.transport)


def _answerers(remote: Remote) -> Setup:
    """Our role when the peer has answered: it chooses (RFC 5763 §5); silent, it is passive."""
    return "passive" if remote.transport.setup == "active" else "active"

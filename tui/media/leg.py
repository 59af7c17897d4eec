"""One audio leg: offers and answers in, sound both ways, and an end that always comes.

Lives in the engine's event loop. What can go wrong on the way is a state with a reason, never
an exception out of a callback; a description that cannot be used is an UnacceptableOffer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from tui.media import ice, localsdp, negotiation
from tui.media.connection import Connection, Setup
from tui.media.description import Codec
from tui.media.ice import IceServer
from tui.media.life import LegState, Life
from tui.media.path import Path
from tui.media.remote import Remote, read
from tui.media.sdp import DIRECTIONS, UnacceptableOffer
from tui.media.sinks import Sink
from tui.media.sources import Source
from tui.media.statistics import Statistics
from tui.media.wire import Address

__all__ = ["IceServer", "Leg", "LegState", "Statistics", "UnacceptableOffer"]


class Leg:
    """One audio leg over ICE and DTLS-SRTP.

    `codecs` are those offered and taken, best first. `ice_servers`: see `ice.servers`;
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
        on_state: Callable[[LegState], None] | None = None,
        on_digit: Callable[[str], None] | None = None,
        dtx: bool = False,
    ) -> None:
        self._codecs = negotiation.known(codecs)
        self._servers = ice.servers(ice_servers)
        self._relay_only, self._loopback = relay_only, loopback
        self._setup_timeout = setup_timeout
        self._life = Life(on_state)
        self._origin = localsdp.Origin()
        self._path = Path(source, sink, on_key=on_digit or _nobody, dtx=dtx)
        self._wanted = "sendrecv"
        self._direction = ""
        self._local: tuple[tuple[Codec, ...], str] = ((), "sendrecv")
        """Formats and direction as we last described them, and the peer agreed."""
        self._connection: Connection | None = None
        """In force, or the first one that is being set up."""
        self._next: Connection | None = None
        """Described, and in force once it is up: the peer, or we, restarted ICE."""
        self._pending: tuple[str, tuple[Codec, ...], Connection | None] | None = None
        """Direction, formats and, for a restart, the connection of our re-offer."""
        self._orphaned = ""
        """The connection in force has gone, for this reason, and another is on its way."""
        self._limit: asyncio.TimerHandle | None = None
        self._closers: set[asyncio.Task[None]] = set()

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
        remote = read(offer)
        current = self._described
        agreement = negotiation.agree(remote, self._codecs, self._in_use)
        if current is None or not _same_peer(current, remote):
            current = await self._gathered()
            setup: Setup = "passive" if remote.transport.setup == "active" else "active"
            self._adopt(current, remote, offerer=False, setup=setup)
        direction = negotiation.common_direction(
            self._wanted, negotiation.reversed_direction(remote.direction)
        )
        formats = negotiation.answered(agreement)
        self._agree(agreement, remote, formats, direction)
        text = self._describe(current, formats, direction, current.setup or "active", agreement)
        return self._origin.stamp(localsdp.as_answer(text, offer))

    async def offer(self) -> str:
        """The first offer: opus is 111. Apply the answer with `accept`."""
        self._assert_open()
        if self._connection is not None:
            raise RuntimeError("the leg is described already; use reoffer()")
        connection = await self._gathered()
        self._connection = connection
        self._local = (negotiation.offered(self._codecs), self._wanted)
        return self._origin.stamp(self._describe(connection, *self._local, "actpass"))

    async def accept(self, answer: str) -> None:
        """The peer's answer to `offer()`. UnacceptableOffer when it cannot be used. A second one
        (a 183 came before the 200, or our last description was sent again) may change formats and
        direction, not the peer."""
        self._assert_open()
        current = self._described or self._connection
        if current is None:
            raise RuntimeError("there is no offer to accept an answer to")
        remote = read(answer)
        if current.remote is not None and not _same_peer(current, remote):
            raise UnacceptableOffer("a second answer comes from another peer")
        agreement = negotiation.agree(remote, self._codecs)
        if current.remote is None:
            self._adopt(current, remote, offerer=True, setup=_answerers(remote))
        self._agree(agreement, remote, *self._local)

    async def reoffer(self, direction: str) -> str:
        """A re-offer for a re-INVITE. Nothing is changed before `apply`: a refusal needs no
        undoing, only no `apply`."""
        self._assert_open()
        if direction not in DIRECTIONS:
            raise ValueError("no direction")
        current = self._described
        if current is None:
            raise RuntimeError("there is nothing to change yet")
        self.withdraw()
        formats = negotiation.offered(self._codecs, self._local[0])
        self._pending = (direction, formats, None)
        return self._origin.stamp(self._describe(current, formats, direction, "actpass"))

    async def restart(self) -> str:
        """A re-offer with a new ICE user and password, a new certificate and the addresses that
        the machine has now. The old path serves until the new one is up; `apply` or `withdraw`
        it."""
        self._assert_open()
        if self._connection is None:
            raise RuntimeError("there is nothing to restart yet")
        connection = await self._gathered()
        self.withdraw()
        formats = negotiation.offered(self._codecs, self._local[0])
        self._pending = (self._wanted, formats, connection)
        return self._origin.stamp(self._describe(connection, formats, self._wanted, "actpass"))

    def withdraw(self) -> None:
        """Our re-offer was refused, or is not wanted any more."""
        pending, self._pending = self._pending, None
        if pending is not None and pending[2] is not None:
            self._retire(pending[2])
            self._give_up_if_alone()

    async def apply(self, answer: str) -> None:
        """The 200 to `reoffer()` or `restart()`: both sides take effect now."""
        self._assert_open()
        if self._pending is None:
            raise RuntimeError("there is no re-offer to apply an answer to")
        direction, formats, fresh = self._pending
        current = self._described
        try:
            remote = read(answer)
            agreement = negotiation.agree(remote, self._codecs)
            same = current is not None and _same_peer(current, remote)
            if fresh is None and not same:
                # We kept our user and password, so ICE may not restart (RFC 8445 §9).
                raise UnacceptableOffer("the answer restarts ICE, which the offer did not ask for")
            if fresh is not None and same:
                raise UnacceptableOffer("the answer does not restart ICE as it was asked to")
        except UnacceptableOffer:
            self.withdraw()
            raise
        self._pending = None
        if fresh is not None:
            self._adopt(fresh, remote, offerer=True, setup=_answerers(remote))
        self._wanted = direction
        self._agree(agreement, remote, formats, direction)

    @property
    def _described(self) -> Connection | None:
        """The newest connection of which both ends are known."""
        for connection in (self._next, self._connection):
            if connection is not None and connection.remote is not None:
                return connection
        return None

    @property
    def _in_use(self) -> str:
        """The codec in use, which a re-offer does not change while the peer still has it."""
        return self._path.outgoing.codec.lower()

    def _agree(
        self,
        agreement: negotiation.Agreement,
        remote: Remote,
        formats: tuple[Codec, ...],
        direction: str,
    ) -> None:
        self._local = (formats, direction)
        self._direction = negotiation.common_direction(
            direction, negotiation.reversed_direction(remote.direction)
        )
        may_come = negotiation.payload_names(agreement.formats, formats)
        self._path.adopt(agreement, may_come, self._direction)

    def _describe(
        self,
        connection: Connection,
        formats: tuple[Codec, ...],
        direction: str,
        setup: str,
        agreement: negotiation.Agreement | None = None,
    ) -> str:
        return localsdp.describe(
            connection.ends,
            formats,
            direction=direction,
            setup=setup,
            ssrc=self._path.outgoing.ssrc,
            cname=self._path.cname,
            ptime=20 if agreement is None else agreement.ptime,
        )

    # ------------------------------------------------------------ controls

    @property
    def muted(self) -> bool:
        """Silence is sent, whatever is negotiated."""
        return self._path.muted

    @property
    def held(self) -> bool:
        """Cut here, both ways, whatever is negotiated."""
        return self._path.held

    def mute(self, on: bool) -> None:
        """Send silence from the next 20 ms on, whatever the platform does."""
        self._path.muted = on

    def hold(self, on: bool) -> None:
        """Cut both ways here: silence is sent, and what comes is not heard."""
        self._path.held = on

    def set_source(self, source: Source) -> None:
        """Speak with another voice from the next 20 ms on."""
        self._path.source = source

    def set_sink(self, sink: Sink) -> None:
        """Hear with another ear from the next 20 ms on."""
        self._path.sink = sink

    @property
    def can_send_digits(self) -> bool:
        """Whether keys can be sent as telephone-event now: the peer takes them, and we may send."""
        up = self.state is LegState.CONNECTED
        return up and self._path.sends and self._path.outgoing.has_keys

    def send_digit(self, digit: str, duration: float = 0.16) -> None:
        """Send one key for so many seconds (RFC 4733); keys wait for one another. ValueError for
        no key; RuntimeError when `can_send_digits` is false."""
        if not self.can_send_digits:
            raise RuntimeError("the peer takes no keys here")
        self._path.outgoing.keys.add(digit, duration)

    # ------------------------------------------------------------ numbers

    def levels(self) -> tuple[float, float]:
        """How loud (you, them), 0.0 to 1.0; you after mute, as it is sent."""
        now = time.monotonic()
        return self._path.you.read(now), self._path.them.read(now)

    def spoken(self) -> float:
        """How loud the source is before the mute, 0.0 to 1.0."""
        return self._path.microphone.read(time.monotonic())

    def statistics(self) -> Statistics:
        """The numbers of the whole leg, over all its connections."""
        return self._path.statistics(self._connection)

    @property
    def direction(self) -> str:
        """What is negotiated, from our side: "sendrecv", "sendonly", "recvonly", "inactive";
        "" before."""
        return self._direction

    @property
    def local_address(self) -> Address | None:
        """Our end of the nominated pair; None before it is up."""
        return self._path.local_address

    @property
    def remote_address(self) -> Address | None:
        """The peer's end of the nominated pair; None before it is up."""
        return self._path.remote_address

    # ------------------------------------------------------------ connections

    async def _gathered(self) -> Connection:
        connection = Connection(
            servers=self._servers,
            loopback=self._loopback,
            relay_only=self._relay_only,
            on_state=self._changed,
        )
        try:
            await connection.gather()
            self._assert_open()
        except BaseException:
            self._retire(connection)
            raise
        return connection

    def _adopt(
        self, connection: Connection, remote: Remote, *, offerer: bool, setup: Setup
    ) -> None:
        """Both sides are described: begin, and let it take over when it is up."""
        old = self._connection
        if self._next is not None:
            self._retire(self._next)
            self._next = None
        if old is None or old is connection or old.remote is None:
            self._connection = connection
            if old is not None and old is not connection:
                self._retire(old)
            self._life.begin(self._setup_timeout)
        else:
            self._next = connection
            self._start_limit()
        connection.start(remote, offerer=offerer, setup=setup)

    def _changed(self, connection: Connection) -> None:
        if self.state is LegState.CLOSED or connection.state == "connecting":
            return
        if connection.state == "connected":
            if connection is self._next:
                self._stop_limit()
                old, self._connection, self._next = self._connection, connection, None
                if old is not None:
                    self._retire(old)
            if connection is self._connection:
                self._orphaned = ""
                self._path.carry(connection)
                self._life.connected()
        elif connection is self._next:
            self._drop_next()
        elif connection is self._connection:
            self._orphaned = "peer-closed" if connection.state == "closed" else "transport"
            self._give_up_if_alone()

    def _give_up_if_alone(self) -> None:
        """The connection in force is gone: that is the end, unless another is on its way."""
        pending = self._pending is not None and self._pending[2] is not None
        if not self._orphaned:
            return
        if self._next is None and not pending:
            reason, self._orphaned = self._orphaned, ""
            self._path.stop()
            self._life.give_up(reason)
        elif self._limit is None:
            self._start_limit()

    def _start_limit(self) -> None:
        self._stop_limit()
        loop = asyncio.get_running_loop()
        self._limit = loop.call_later(self._setup_timeout, self._too_late)

    def _stop_limit(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _too_late(self) -> None:
        self._limit = None
        self.withdraw()
        self._drop_next()

    def _drop_next(self) -> None:
        self._stop_limit()
        if self._next is not None:
            self._retire(self._next)
            self._next = None
        self._give_up_if_alone()

    def _retire(self, connection: Connection) -> None:
        task = asyncio.ensure_future(connection.close())
        self._closers.add(task)
        task.add_done_callback(self._closers.discard)

    async def close(self) -> None:
        """End the leg; at most about three seconds, and never an exception."""
        self._life.close()
        self._path.stop()
        self._stop_limit()
        self.withdraw()
        for connection in (self._next, self._connection):
            if connection is not None:
                self._retire(connection)
        self._next = None
        while self._closers:
            await asyncio.wait(set(self._closers))

    def _assert_open(self) -> None:
        if self.state is LegState.CLOSED:
            raise RuntimeError("the leg is closed")


def _nobody(key: str) -> None:
    """Takes keys that nobody asked for."""


def _same_peer(connection: Connection, remote: Remote) -> bool:
    known = connection.remote
    return known is not None and remote.transport.same_peer(known.transport)


def _answerers(remote: Remote) -> Setup:
    """Our role when the peer has answered: it chooses (RFC 5763 §5); silent, it is passive."""
    return "passive" if remote.transport.setup == "active" else "active"

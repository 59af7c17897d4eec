"""One audio leg: offers and answers in, sound both ways, and an end that always comes.

Lives in the engine's event loop. What can go wrong on the way is a state with a reason, never
an exception out of a callback; a description that cannot be used is an UnacceptableOffer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tui.media import ice, localsdp, negotiation
from tui.media.connection import Connection, Setup
from tui.media.controls import Controls
from tui.media.description import Codec
from tui.media.ice import IceServer
from tui.media.life import LegState, Life
from tui.media.links import Links
from tui.media.path import Path
from tui.media.remote import Remote, read
from tui.media.sdp import DIRECTIONS, UnacceptableOffer
from tui.media.sinks import Sink
from tui.media.sources import Source
from tui.media.statistics import Statistics

__all__ = ["IceServer", "Leg", "LegState", "Statistics", "UnacceptableOffer"]


class Leg(Controls):
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
        super().__init__(Path(source, sink, on_key=on_digit or _nobody, dtx=dtx), Life(on_state))
        self._origin = localsdp.Origin()
        self._wanted = "sendrecv"
        self._local: tuple[tuple[Codec, ...], str] = ((), "sendrecv")
        """Formats and direction as we last described them, and the peer agreed."""
        self._pending: tuple[str, tuple[Codec, ...]] | None = None
        """Direction and formats of our re-offer."""
        self._links = Links(
            self._new_connection,
            self._life,
            setup_timeout=setup_timeout,
            on_up=self._path.carry,
            on_end=self._path.stop,
        )

    # ------------------------------------------------------------ negotiation

    async def answer(self, offer: str) -> str:
        """The answer to the peer's offer or re-offer. UnacceptableOffer for anything bad: the
        call, if there is one, is as before."""
        self._assert_open()
        remote = read(offer)
        current = self._links.described
        agreement = negotiation.agree(remote, self._codecs, self._in_use)
        if current is None or not _same_peer(current, remote):
            current = await self._links.gathered()
            setup: Setup = "passive" if remote.transport.setup == "active" else "active"
            self._links.adopt(current, remote, offerer=False, setup=setup)
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
        if self._links.current is not None:
            raise RuntimeError("the leg is described already; use reoffer()")
        connection = self._links.current = await self._links.gathered()
        self._local = (negotiation.offered(self._codecs), self._wanted)
        return self._origin.stamp(self._describe(connection, *self._local, "actpass"))

    async def accept(self, answer: str) -> None:
        """The peer's answer to `offer()`. UnacceptableOffer when it cannot be used. A second one
        (a 183 came before the 200, or our last description was sent again) may change formats and
        direction, not the peer."""
        self._assert_open()
        current = self._links.described or self._links.current
        if current is None:
            raise RuntimeError("there is no offer to accept an answer to")
        remote = read(answer)
        if current.remote is not None and not _same_peer(current, remote):
            raise UnacceptableOffer("a second answer comes from another peer")
        agreement = negotiation.agree(remote, self._codecs)
        if current.remote is None:
            self._links.adopt(current, remote, offerer=True, setup=_answerers(remote))
        self._agree(agreement, remote, *self._local)

    async def reoffer(self, direction: str) -> str:
        """A re-offer for a re-INVITE. Nothing is changed before `apply`: a refusal needs no
        undoing, only no `apply`."""
        self._assert_open()
        if direction not in DIRECTIONS:
            raise ValueError("no direction")
        current = self._links.described
        if current is None:
            raise RuntimeError("there is nothing to change yet")
        self.withdraw()
        formats = negotiation.offered(self._codecs, self._local[0])
        self._pending = (direction, formats)
        return self._origin.stamp(self._describe(current, formats, direction, "actpass"))

    async def restart(self, ice_servers: Sequence[str | IceServer] | None = None) -> str:
        """A re-offer with a new ICE user and password, a new certificate and the addresses that
        the machine has now. The old path serves until the new one is up; `apply` or `withdraw`
        it. `ice_servers` take the place of those that the leg was made with: credentials for a
        relay may have ended since."""
        self._assert_open()
        if self._links.current is None:
            raise RuntimeError("there is nothing to restart yet")
        if ice_servers is not None:
            self._servers = ice.servers(ice_servers)
        connection = await self._links.gathered()
        # First the new one, then away with an older one: what is alone would be given up.
        older, self._links.offered = self._links.offered, connection
        if older is not None:
            self._links.retire(older)
        formats = negotiation.offered(self._codecs, self._local[0])
        self._pending = (self._wanted, formats)
        return self._origin.stamp(self._describe(connection, formats, self._wanted, "actpass"))

    def withdraw(self) -> None:
        """Our re-offer was refused, or is not wanted any more."""
        self._pending = None
        self._links.withdraw()

    async def apply(self, answer: str) -> None:
        """The 200 to `reoffer()` or `restart()`: both sides take effect now."""
        self._assert_open()
        if self._pending is None:
            raise RuntimeError("there is no re-offer to apply an answer to")
        direction, formats = self._pending
        current, fresh = self._links.described, self._links.offered
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
            self._links.adopt(fresh, remote, offerer=True, setup=_answerers(remote))
        self._wanted = direction
        self._agree(agreement, remote, formats, direction)

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

    def statistics(self) -> Statistics:
        """The numbers of the whole leg, over all its connections."""
        return self._path.statistics(self._links.current)

    # ------------------------------------------------------------ the end

    async def close(self) -> None:
        """End the leg; at most about three seconds, and never an exception."""
        self._life.close()
        self._path.stop()
        self._pending = None
        await self._links.close()

    def _new_connection(self, on_state: Callable[[Connection], None]) -> Connection:
        return Connection(
            servers=self._servers,
            loopback=self._loopback,
            relay_only=self._relay_only,
            on_state=on_state,
        )

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

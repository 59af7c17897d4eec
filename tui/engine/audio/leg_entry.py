"""One audio leg as SIP and the call see it, and what is done with one alone."""

from __future__ import annotations

import asyncio
import importlib
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from tui.engine.audio.leg_machine import (
    MOVE_WANTED,
    MOVES,
    WAITS,
    LegInput,
    LegPhase,
    OfferInput,
    OfferState,
    step_leg,
    step_offer,
)
from tui.media.sdp.direction import Direction
from tui.port.values import Leg

if TYPE_CHECKING:
    from tui.media.leg import leg as media_leg

OTHER_PEER: Final = "other-peer"
"""Why a description is of no use, where it is not that of the peer whom we know."""
_QUIET_DB, _LOUD_DB = -54.0, -6.0


class LegOwner(Protocol):
    """Whose leg it is: the legs of a call control, told what becomes of one."""

    @property
    def lasting(self) -> bool:
        """The leg is the call itself (SIP alone): when its sound fails, the call stays."""

    def renegotiated(self, leg: LegEntry) -> None:
        """An offer and an answer are in force."""

    def leg_gone(self, leg: LegEntry, state: Leg) -> None:
        """The leg's media is FAILED or LOST."""


class Apart(LegOwner, Protocol):
    """Whose leg is no call of the agent's: it has sound, and nothing else of a call."""

    @property
    def key(self) -> str:
        """The leg's key, which no call has."""

    @property
    def muted(self) -> bool:
        """Whether nothing of the microphone may leave by it."""

    def is_of(self, ccnumber: str) -> bool:
        """Whether a leg that says that it is this call's is the one wanted."""

    def sounds(self, state: Leg) -> None:
        """The leg is CONNECTING or CONNECTED."""


@dataclass(slots=True, eq=False)
class LegEntry:
    """One audio leg in SIP's eyes (`handle`) and in the call's (`key`)."""

    handle: str
    key: str
    owner: LegOwner
    apart: Apart | None = None
    """The owner, where the leg is no call's."""
    media: media_leg.AudioLeg | None = None
    phase: LegPhase = LegPhase.INVITED
    offers: OfferState = OfferState.STEADY
    """Our offers inside the call."""
    answering: asyncio.Task[None] | None = None
    direction: Direction = Direction.SENDRECV
    """What our re-offers say."""
    plug: Any = None
    """Where it is plugged in when several share the sound (`tui.media.leg.mixer.Plug`)."""
    offer: bytes | None = None
    """What their INVITE offered, until it is answered."""
    of_registrar: bool = True
    """The other end is the server that we are registered at, so what it says of the party is its
    own word: always where the call is ours, else where the INVITE came from itself."""
    succeeds: LegEntry | None = None
    """The leg whose place it takes once it is answered (RFC 3891); until then that one goes on."""
    rings: bool = False
    """A phone there has said that it rings."""
    early: tuple[str, bytes] = "", b""
    """Of the sound before the answer: the tag of the phone that brings it, and its description."""
    others: dict[str, bytes] = field(default_factory=dict)
    """What other phones there describe of such sound, by their tags; empty where one had its
    turn."""
    mute: float = 0.0
    """For how many seconds, as often as it was looked at, nothing was heard of that sound."""
    out: bool = False
    """The phone that brought the sound is out of the call."""
    why: str = ""
    """Why it has no sound, as an id (`tui.media.leg.leg`): of a description, or of this machine."""
    replaces: str = ""
    """The handle of a call that an engine left up, whose place our INVITE takes."""
    refusal: str = ""
    """Why the peer refused our last re-offer, in words of its own."""
    farewell: str = ""
    """The Reason header of its BYE (RFC 3326); "" for none."""
    outcome: asyncio.Future[int] | None = None
    """Waits for what becomes of our re-offer, as a status."""

    def changes(self, tag: str, description: bytes) -> bool:
        """Whether the phone that brings the sound before the answer describes it otherwise now."""
        return tag == self.early[0] and description != self.early[1]

    @property
    def lasting(self) -> bool:
        """Whether the call stays when this leg's sound fails."""
        return self.owner.lasting

    @property
    def up(self) -> bool:
        """Whether its INVITE was answered."""
        return self.phase is LegPhase.UP

    @property
    def waits(self) -> bool:
        """Whether an offer of ours waits for its answer: that goes to `apply`, else to `accept`."""
        return self.offers in WAITS

    @property
    def moves(self) -> bool:
        """Whether a new connection is under way, from where this machine is now."""
        return self.offers in MOVES

    @property
    def move_wanted(self) -> bool:
        """Whether our next offer is to ask for one."""
        return self.offers in MOVE_WANTED

    @property
    def agreed(self) -> bool:
        """Whether an offer and an answer were ever in force: without, there is no sound to mend."""
        return self.media is not None and self.media.direction is not None

    def answered(self) -> None:
        """The 200 to the INVITE, from either side."""
        self.phase = step_leg(self.phase, LegInput.ANSWERED)

    def step(self, given: OfferInput) -> None:
        """Something happened to our offers. Of a new connection that came to nothing the media
        takes back what it made ready."""
        came_to_nothing = given in (OfferInput.REFUSED, OfferInput.FAILED)
        if came_to_nothing and self.moves and self.media is not None:
            self.media.withdraw()
        self.offers = step_offer(self.offers, given)


def bar(level: float) -> int:
    """A level of 0..1 (root mean square of full scale) as 0..10 cells, in equal steps of dB."""
    if level <= 0:
        return 0
    decibels = 20 * math.log10(level)
    return max(0, min(10, math.ceil((decibels - _QUIET_DB) / (_LOUD_DB - _QUIET_DB) * 10)))


def as_ice(server: Any) -> Any:
    """A server as the leg takes it: credentials apart from the address (`platform.relays`)."""
    if isinstance(server, str):
        return server
    if not server.username:
        return server.url
    made = importlib.import_module("tui.media.transport.ice_servers").IceServer
    return made(server.url, server.username, server.credential.reveal())


def why_of(error: BaseException) -> str:
    """Why an exception of the media room keeps a leg from being one, as an id; "" where it is
    about nothing that has a name."""
    why = getattr(error, "why", None)
    if why is None:
        why = importlib.import_module("tui.media.transport.shortage").shortage_of(error)
    return "" if why is None else str(why)


def tell(leg: LegEntry, status: int) -> None:
    """Say what became of our re-offer to whoever waits for it."""
    if leg.outcome is not None and not leg.outcome.done():
        leg.outcome.set_result(status)


async def close(leg: LegEntry) -> None:
    """End a leg: first what still answers it, which may be about to open its sockets."""
    if leg.answering is not None and leg.answering is not asyncio.current_task():
        leg.answering.cancel()
        await asyncio.gather(leg.answering, return_exceptions=True)
    if leg.media is not None:
        await leg.media.close()
    if leg.plug is not None:
        leg.plug.close()

"""One audio leg as SIP and the call see it, and what is done with one alone."""

from __future__ import annotations

import asyncio
import importlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from tui import sip

if TYPE_CHECKING:
    from tui.media import leg as media_leg

_QUIET_DB, _LOUD_DB = -54.0, -6.0


class Phone(Protocol):
    """The SIP side that audio needs: the user agent, and a push to send what it has."""

    agent: sip.UserAgent

    def now(self) -> float: ...
    def flush(self) -> None: ...
    async def info(self, handle: str, content_type: str, body: bytes) -> bool: ...


@dataclass(slots=True, eq=False)
class LegEntry:
    """One audio leg in SIP's eyes (`handle`) and in the call's (`key`)."""

    handle: str
    key: str
    media: media_leg.Leg | None = None
    answered: bool = False
    answering: asyncio.Task[None] | None = None
    offered_again: bool = False
    """Our re-offer is on its way: what answers it goes to `apply`, else to `accept`."""
    direction: str = "sendrecv"
    """What our re-offers say."""
    restart: bool = False
    """Our next re-offer asks for a new connection, from where this machine is now."""
    moving: bool = False
    """Such an offer is on its way."""
    plug: Any = None
    """Where it is plugged in when several share the sound (`tui.media.mixer.Plug`)."""
    offer: bytes | None = None
    """What their INVITE offered, until it is answered."""
    calling: bool = False
    """It began with an INVITE of ours."""
    lasting: bool = False
    """The leg is the call itself (plain SIP): when its sound fails, the call stays."""
    outcome: asyncio.Future[int] | None = None
    """Waits for what becomes of our re-offer, as a status."""


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
    made = importlib.import_module("tui.media.ice").IceServer
    return made(server.url, server.username, server.credential.reveal())


def tell(leg: LegEntry, status: int) -> None:
    """Say what became of our re-offer to whoever waits for it."""
    if leg.outcome is not None and not leg.outcome.done():
        leg.outcome.set_result(status)


def not_moved(leg: LegEntry) -> None:
    """What was to be a new connection did not come about: it is still wanted."""
    if leg.moving and leg.media is not None:
        leg.media.withdraw()
    leg.restart, leg.moving = leg.restart or leg.moving, False


async def close(leg: LegEntry) -> None:
    """End a leg: first what still answers it, which may be about to open its sockets."""
    if leg.answering is not None and leg.answering is not asyncio.current_task():
        leg.answering.cancel()
        await asyncio.gather(leg.answering, return_exceptions=True)
    if leg.media is not None:
        await leg.media.close()
    if leg.plug is not None:
        leg.plug.close()

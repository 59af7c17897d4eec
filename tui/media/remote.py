"""A peer's description as a leg reads it: what it can do, where it is, and what it wants."""

from __future__ import annotations

from dataclasses import dataclass

from tui.media.description import (
    KNOWN_CODECS,
    Codec,
    Transport,
    UnacceptableOffer,
    codecs_of,
    direction,
    host_of,
    number,
    parse,
    transport,
)
from tui.media.sdp import candidates_of

EVENT_CLOCKS = (48_000, 8_000)
_HASHES = ("sha-256", "sha-384", "sha-512")


@dataclass(frozen=True, slots=True)
class Remote:
    """One audio section. `codecs` are those this phone knows, in the peer's order; `events` its
    telephone-events. `ptime` and `maxptime` are milliseconds, None where nothing is said."""

    transport: Transport
    direction: str
    codecs: tuple[Codec, ...]
    events: tuple[Codec, ...]
    candidates: tuple[str, ...]
    lite: bool
    ptime: int | None
    maxptime: int | None


def read(sdp: str) -> Remote:
    """Read an offer or an answer. UnacceptableOffer for everything no leg can be made of."""
    description = parse(sdp)
    section = description.media[description.audio_index()]
    peer = transport(description, section)
    if not any(name in _HASHES for name, _ in peer.fingerprints):
        raise UnacceptableOffer("there is no fingerprint of a hash that counts today")
    if section.first("rtcp-mux") is None:
        raise UnacceptableOffer("RTCP multiplexing is not offered")
    known = codecs_of(section)
    codecs = tuple(codec for codec in known if codec.name.lower() in KNOWN_CODECS)
    if not codecs:
        raise UnacceptableOffer("there is no codec that this phone knows")
    host = host_of(section.connection or description.session.connection)
    return Remote(
        transport=peer,
        direction=direction(description, section),
        codecs=codecs,
        events=tuple(
            codec
            for codec in known
            if codec.name.lower() == "telephone-event" and codec.rate in EVENT_CLOCKS
        ),
        candidates=tuple(candidates_of(section, host)),
        lite=description.session.first("ice-lite") is not None,
        ptime=number(section.first("ptime") or "", 200),
        maxptime=number(section.first("maxptime") or "", 200),
    )


def parameters(fmtp: str) -> dict[str, str]:
    """Format parameters by their name in lower case; a bare word has the value ""."""
    pairs = (part.partition("=") for part in fmtp.split(";") if part.strip())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}

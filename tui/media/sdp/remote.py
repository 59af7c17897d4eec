"""A peer's description as a leg reads it: what it can do, where it is, and what it wants."""

from __future__ import annotations

from dataclasses import dataclass

from tui.media.sdp.direction import Direction
from tui.media.sdp.normalise import candidates_of
from tui.media.sdp.parse import (
    KNOWN_CODECS,
    RED,
    TELEPHONE_EVENT,
    Codec,
    Transport,
    UnacceptableOffer,
    Unusable,
    codecs_of,
    direction,
    host_of,
    number,
    parse,
    transport,
)

EVENT_CLOCKS = (48_000, 8_000)
_HASHES = ("sha-256", "sha-384", "sha-512")


@dataclass(frozen=True, slots=True)
class Remote:
    """One audio section. `codecs` are those this phone knows, in the peer's order; `events` its
    telephone-events. `ptime` and `maxptime` are milliseconds, None where nothing is said. `red` is
    how it takes redundant copies of opus, None where it does not; `red_first`, that it would rather
    send with copies than without (RFC 3264 §5.1: what is preferred stands first)."""

    transport: Transport
    direction: Direction
    codecs: tuple[Codec, ...]
    events: tuple[Codec, ...]
    candidates: tuple[str, ...]
    lite: bool
    ptime: int | None
    maxptime: int | None
    red: Codec | None = None
    red_first: bool = False


def read(sdp: str) -> Remote:
    """Read an offer or an answer. UnacceptableOffer for everything no leg can be made of."""
    description = parse(sdp)
    section = description.media[description.audio_index()]
    peer = transport(description, section)
    if not any(name in _HASHES for name, _ in peer.fingerprints):
        raise UnacceptableOffer(
            "there is no fingerprint of a hash that counts today", Unusable.WEAK_FINGERPRINT
        )
    if all(description.value(section, each) is None for each in ("rtcp-mux", "rtcp-mux-only")):
        raise UnacceptableOffer("RTCP multiplexing is not offered", Unusable.NO_MUX)
    known = codecs_of(section)
    codecs = tuple(codec for codec in known if codec.name.lower() in KNOWN_CODECS)
    if not codecs:
        raise UnacceptableOffer("there is no codec that this phone knows", Unusable.NO_CODEC)
    host = host_of(section.connection or description.session.connection)
    red = _red(known)
    return Remote(
        transport=peer,
        direction=direction(description, section),
        codecs=codecs,
        events=tuple(
            codec
            for codec in known
            if codec.name.lower() == TELEPHONE_EVENT and codec.rate in EVENT_CLOCKS
        ),
        candidates=tuple(candidates_of(description, section, host)),
        # Of the session (RFC 8839 §5.3), where some write it beside the candidates.
        lite=any(part.first("ice-lite") is not None for part in (description.session, section)),
        ptime=number(section.first("ptime") or "", 200),
        maxptime=number(section.first("maxptime") or "", 200),
        red=red,
        red_first=red is not None and red is known[0],
    )


def _red(known: list[Codec]) -> Codec | None:
    """The red whose every block is the opus of the same section (RFC 2198 §4: `fmtp` names the
    numbers); one that names others, or none, says nothing that we could go by."""
    numbers = {str(codec.payload) for codec in known if codec.name.lower() == "opus"}
    for codec in known:
        if codec.name.lower() == RED:
            blocks = codec.fmtp.split("/")
            if len(blocks) > 1 and len(set(blocks)) == 1 and blocks[0] in numbers:
                return codec
    return None


def parameters(fmtp: str) -> dict[str, str]:
    """Format parameters by their name in lower case; a bare word has the value ""."""
    pairs = (part.partition("=") for part in fmtp.split(";") if part.strip())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}

"""The normaliser every remote SDP passes, and what can be read out of one.

`normalise()` builds a description anew out of what it understands of the peer's: one audio
section over ICE and DTLS-SRTP in the one spelling that aiortc's parser takes. Lines that are
not understood are left out, so nothing unusual ever reaches that parser. What cannot be made
acceptable is an `UnacceptableOffer`, which the caller answers with 488; no other exception
leaves this module, whatever the text. Nothing here needs aiortc.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Final, Literal

from tui.media.sdp.direction import Direction
from tui.media.sdp.parse import (
    DIRECTIONS,
    ICE_CHARACTERS,
    KNOWN_CODECS,
    PRINTABLE,
    TOKEN,
    Description,
    Section,
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

__all__ = [
    "DIRECTIONS",
    "Role",
    "Transport",
    "UnacceptableOffer",
    "candidates_of",
    "direction_of",
    "normalise",
    "transport_of",
]

Role = Literal["offer", "answer"]
MAX_CANDIDATES: Final = 40

_SETUPS: Final = ("actpass", "active", "passive")


def direction_of(sdp: str) -> Direction:
    """What the sender of this description does with audio. `c=0.0.0.0` means that it does not want
    to hear (RFC 6337 §5.2: the older hold), so with it sendrecv is sendonly, recvonly inactive.
    UnacceptableOffer when there is no audio section at all."""
    description = parse(sdp)
    audio = [m for m in description.media if m.kind == "audio"]
    if not audio:
        raise UnacceptableOffer("there is no audio section", Unusable.NO_AUDIO)
    section = next((m for m in audio if m.port), audio[0])
    return Direction.INACTIVE if section.port == 0 else direction(description, section)


def transport_of(sdp: str) -> Transport:
    """ICE and DTLS of the audio section; UnacceptableOffer when there is none."""
    description = parse(sdp)
    return transport(description, description.media[description.audio_index()])


def normalise(
    sdp: str,
    *,
    role: Role,
    mid: str | None = None,
    setup: str | None = None,
    agreed: Mapping[str, int] | None = None,
) -> str:
    """The peer's description as aiortc can take it: one audio section, CRLF lines.

    `mid` is the name that the section has in our offer, or in the call that a re-offer changes;
    the peer's own name only counts in a first offer. `setup` is the peer's DTLS role in force
    ("active" or "passive"), which `holdconn` stands for. `agreed` (codec name in lower case →
    payload number) moves the codec of a running call to the front of a re-offer, when
    the peer still offers it. UnacceptableOffer for everything that cannot be made to work.
    """
    description = parse(sdp)
    section = description.media[description.audio_index()]
    peer = transport(description, section)
    if description.value(section, "rtcp-mux") is None:
        raise UnacceptableOffer("RTCP multiplexing is not offered", Unusable.NO_MUX)
    codecs = [
        codec
        for codec in codecs_of(section)
        # aiortc takes numbers below 96 that are not static for its own mapping.
        if codec.name.lower() in KNOWN_CODECS and not 35 <= codec.payload <= 63
    ]
    if not codecs:
        raise UnacceptableOffer("there is no codec that this phone knows", Unusable.NO_CODEC)
    if agreed:
        codecs.sort(key=lambda codec: codec.name.lower() not in agreed)
    named = mid or section.first("mid") or "0"
    if not TOKEN.fullmatch(named):
        named = "0"
    host = host_of(section.connection or description.session.connection)
    port = section.port if host else 9  # no address at all is no hold
    host = host or "0.0.0.0"  # noqa: S104
    lines = [
        "v=0",
        "o=- 0 0 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
    ]
    if any(name == "ice-lite" for name, _ in description.session.attributes):
        lines.append("a=ice-lite")
    lines += [
        f"a=group:BUNDLE {named}",
        "a=msid-semantic:WMS *",
        f"m=audio {port} UDP/TLS/RTP/SAVPF {' '.join(str(c.payload) for c in codecs)}",
        f"c=IN IP{6 if ':' in host else 4} {host}",
        f"a={direction(description, section)}",
        f"a=mid:{named}",
        "a=rtcp-mux",
    ]
    lines += _extensions(section)
    for codec in codecs:
        channels = f"/{codec.channels}" if codec.channels > 1 else ""
        lines.append(f"a=rtpmap:{codec.payload} {codec.name}/{codec.rate}{channels}")
        if codec.fmtp:
            lines.append(f"a=fmtp:{codec.payload} {codec.fmtp}")
    lines += [f"a=candidate:{text}" for text in candidates_of(description, section, host)]
    lines += [
        # There is no trickle here: without this line ICE would wait for more, and never fail.
        "a=end-of-candidates",
        f"a=ice-ufrag:{peer.ufrag}",
        f"a=ice-pwd:{peer.password}",
    ]
    lines += [f"a=fingerprint:{name} {value}" for name, value in peer.fingerprints]
    lines.append(f"a=setup:{_setup(peer.setup, role, setup)}")
    return "\r\n".join(lines) + "\r\n"


def _setup(said: str | None, role: Role, in_force: str | None) -> str:
    usable = _SETUPS if role == "offer" else ("active", "passive")
    if said in usable:
        return said or ""
    if in_force in ("active", "passive"):
        return in_force or ""
    return "actpass" if role == "offer" else "passive"


def _extensions(section: Section) -> Iterator[str]:
    seen: set[str] = set()
    for name, value in section.attributes:
        bits = value.split()
        if name != "extmap" or len(bits) != 2 or not PRINTABLE.fullmatch(bits[1]):
            continue
        local = number(bits[0].partition("/")[0], 14)
        if local and bits[0] not in seen:
            seen.add(bits[0])
            yield f"a=extmap:{local} {bits[1]}"


def candidates_of(description: Description, section: Section, host: str) -> list[str]:
    """UDP candidates of component 1, as `foundation 1 udp priority address port typ kind`; the
    default address (`host`, from `c=`; RFC 8839 §4.2) when there is none."""
    found: list[str] = []
    given = (part.attributes for part in description.parts(section, "candidate"))
    own = (some for some in given if any(name == "candidate" for name, _ in some))
    for name, value in next(own, []):
        bits = value.split()
        if name != "candidate" or len(bits) < 8 or bits[2].lower() != "udp":
            continue
        priority, port = number(bits[3], 2**32 - 1), number(bits[5], 65535)
        if (
            not port
            or priority is None
            or bits[1] != "1"
            or bits[6].lower() != "typ"
            or bits[7].lower() not in ("host", "srflx", "relay")
            or not _is_address(bits[4])
        ):
            continue
        # A name for what two candidates have in common, and nothing else: one that is none is ours.
        named = bits[0] if ICE_CHARACTERS.fullmatch(bits[0]) else f"x{len(found)}"
        found.append(f"{named} 1 udp {priority} {bits[4]} {port} typ {bits[7].lower()}")
    if not found and section.port > 9 and host not in ("", "0.0.0.0", "::"):  # noqa: S104
        found.append(f"1 1 udp 2130706431 {host} {section.port} typ host")
    return list(dict.fromkeys(found))[:MAX_CANDIDATES]


def _is_address(text: str) -> bool:
    if re.fullmatch(r"[0-9A-Za-z-]{1,63}\.local", text):
        return True
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_unspecified or address.is_multicast or "%" in text)

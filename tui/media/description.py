"""A session description in sections: reading SDP (RFC 8866) without trusting it.

Linear in the length of the text; what is no description is an `UnacceptableOffer`, and no
other exception comes out, whatever the text.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Final

MAX_LENGTH: Final = 64 * 1024
"""Characters; a longer description is refused unread."""
DIRECTIONS: Final = ("sendrecv", "sendonly", "recvonly", "inactive")
KNOWN_CODECS: Final = {"opus": 48000, "pcmu": 8000, "pcma": 8000, "g722": 8000}
"""Codec names in lower case, and their RTP clock in Hz."""
PROFILES: Final = ("UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "RTP/SAVPF", "RTP/SAVP")
TOKEN: Final = re.compile(r"[!#-'*+.0-9A-Z^-~-]{1,64}")
PRINTABLE: Final = re.compile(r"[!-~]{1,256}")
ICE_CHARACTERS: Final = re.compile(r"[A-Za-z0-9+/=_-]{1,256}")

_STATIC: Final = {0: ("PCMU", 8000, 1), 8: ("PCMA", 8000, 1), 9: ("G722", 8000, 1)}
_FORBIDDEN: Final = range(72, 77)  # RFC 3551 §4: they would look like RTCP
# Parameters that aiortc turns into a number without asking.
_NUMERIC: Final = (
    "apt",
    "max-fr",
    "max-fs",
    "maxplaybackrate",
    "minptime",
    "stereo",
    "useinbandfec",
)
_HEX_PAIRS: Final = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){15,63}")
_HASHES: Final = {"sha-1": 20, "sha-224": 28, "sha-256": 32, "sha-384": 48, "sha-512": 64}


class UnacceptableOffer(Exception):
    """A description that no leg can be made of: answer 488. `reason` is one clear sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Codec:
    """One payload type. `rate` is the RTP clock in Hz, `fmtp` the format's parameters."""

    payload: int
    name: str
    rate: int
    channels: int = 1
    fmtp: str = ""


@dataclass(slots=True)
class Section:
    """One `m=` section as lines; `attributes` keeps order, without the `a=`."""

    kind: str
    port: int
    profile: str
    formats: list[str]
    connection: str = ""
    attributes: list[tuple[str, str]] = field(default_factory=list)

    def first(self, name: str) -> str | None:
        """The value of the first attribute of this name; None when there is none."""
        return next((value for key, value in self.attributes if key == name), None)


@dataclass(slots=True)
class Description:
    """A session in sections; `session` holds what stands before the first `m=`."""

    session: Section
    media: list[Section]

    def audio_index(self) -> int:
        """Which section carries our audio; UnacceptableOffer when none can."""
        wanted = [i for i, m in enumerate(self.media) if m.kind == "audio"]
        if not wanted:
            raise UnacceptableOffer("there is no audio section")
        alive = [i for i in wanted if self.media[i].port != 0]
        if not alive:
            raise UnacceptableOffer("the audio section is refused (port 0)")
        for i in alive:
            if self.media[i].profile in PROFILES:
                return i
        raise UnacceptableOffer(f"audio without DTLS-SRTP ({self.media[alive[0]].profile[:40]})")

    def value(self, section: Section, name: str) -> str | None:
        """An attribute of the section, else of the session (RFC 8866 §6)."""
        found = section.first(name)
        return self.session.first(name) if found is None else found


def parse(sdp: str) -> Description:
    """Split a description into sections. UnacceptableOffer when it is none."""
    if len(sdp) > MAX_LENGTH:
        raise UnacceptableOffer("the description is too long")
    session = Section("session", 0, "", [])
    media: list[Section] = []
    current = session
    for raw in re.split(r"\r\n|\r|\n", sdp):
        line = raw.strip(" \t\0")
        if line.startswith("m="):
            current = _media_line(line[2:])
            media.append(current)
            if len(media) > 16:
                raise UnacceptableOffer("there are too many media sections")
        elif line.startswith("c="):
            current.connection = current.connection or line[2:].strip()
        elif line.startswith("a="):
            name, _, value = line[2:].partition(":")
            current.attributes.append((name.strip().lower(), value.strip()))
    if not media:
        raise UnacceptableOffer("there is no media section")
    return Description(session, media)


def _media_line(text: str) -> Section:
    parts = text.split()
    if len(parts) < 4:
        raise UnacceptableOffer("a media line is incomplete")
    port = number(parts[1].partition("/")[0], 65535)
    if port is None:
        raise UnacceptableOffer("a media line has no port")
    formats = [part[:16] for part in parts[3:99] if TOKEN.fullmatch(part)]
    if not formats or not all(PRINTABLE.fullmatch(p) for p in parts[:3]):
        raise UnacceptableOffer("a media line cannot be read")
    return Section(parts[0].lower()[:32], port, parts[2].upper()[:64], formats)


def number(text: str, most: int) -> int | None:
    """A decimal number of 0..most, else None. ASCII digits only: int() takes more."""
    if not (text.isascii() and text.isdigit()) or len(text) > 12:
        return None
    value = int(text)
    return value if value <= most else None


def codecs_of(section: Section) -> list[Codec]:
    """The payload types of a section that this phone knows, in the peer's order.

    Static numbers get the mapping of RFC 3551; telephone-event is listed too (`rate` says
    which clock), everything else is left out.
    """
    maps: dict[int, tuple[str, int, int]] = {}
    formats: dict[int, str] = {}
    for name, value in section.attributes:
        if name not in ("rtpmap", "fmtp"):
            continue
        text, _, rest = value.partition(" ")
        payload = number(text, 127)
        if payload is None:
            continue
        if name == "fmtp":
            formats.setdefault(payload, rest.strip())
            continue
        bits = rest.strip().split("/")
        rate = number(bits[1].strip(), 999_999) if len(bits) > 1 else None
        channels = number(bits[2].strip(), 8) if len(bits) > 2 else 1
        if rate and TOKEN.fullmatch(bits[0]):
            maps.setdefault(payload, (bits[0], rate, channels or 1))
    found: list[Codec] = []
    for text in section.formats:
        payload = number(text, 127)
        if payload is None or payload in _FORBIDDEN or any(c.payload == payload for c in found):
            continue
        name, rate, channels = maps.get(payload) or _STATIC.get(payload, ("", 0, 0))
        static = _STATIC.get(payload)
        if payload < 96 and (static is None or static[0].lower() != name.lower()):
            continue  # aiortc takes other numbers below 96 for its own mapping
        if KNOWN_CODECS.get(name.lower()) == rate or (name.lower() == "telephone-event" and rate):
            fmtp = formats.get(payload, "")
            found.append(Codec(payload, name, rate, channels, _fmtp(fmtp)))
    return found


def _fmtp(text: str) -> str:
    """Parameters that aiortc can read: `name=value` or a bare word; its numbers are numbers."""
    kept = []
    for part in text.split(";"):
        name, equals, value = (bit.strip() for bit in part.partition("="))
        if not PRINTABLE.fullmatch(name) or (equals and not PRINTABLE.fullmatch(value)):
            continue
        if name in _NUMERIC and (number(value, 1_000_000) is None):
            continue
        kept.append(f"{name}={value}" if value else name)
    return ";".join(kept[:16])


def direction(description: Description, section: Section) -> str:
    """What the sender of the section does; see `sdp.direction_of`."""
    for part in (section, description.session):
        given = [name for name, _ in part.attributes if name in DIRECTIONS]
        if given:
            said = given[0]
            break
    else:
        said = "sendrecv"  # RFC 8866 §6.7
    host = host_of(section.connection or description.session.connection)
    # ICE peers that trickle also write 0.0.0.0, with port 9 (RFC 8840 §4.1.1): no hold there.
    if host in ("0.0.0.0", "::") and section.port != 9:  # noqa: S104
        return {"sendrecv": "sendonly", "recvonly": "inactive"}.get(said, said)
    return said


def host_of(connection: str) -> str:
    """The address of a `c=` value; "" when it holds none."""
    parts = connection.split()
    if len(parts) < 3 or parts[0].upper() != "IN":
        return ""
    try:
        return str(ipaddress.ip_address(parts[2].partition("/")[0]))
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True)
class Transport:
    """The peer's end: a change of it in a re-offer asks for a new connection. `setup` is None
    where the peer said nothing."""

    ufrag: str
    password: str
    fingerprints: tuple[tuple[str, str], ...]
    setup: str | None

    def same_peer(self, other: Transport) -> bool:
        """Whether both describe one ICE session and one certificate."""
        return (self.ufrag, self.password, self.fingerprints) == (
            other.ufrag,
            other.password,
            other.fingerprints,
        )


def transport(description: Description, section: Section) -> Transport:
    """ICE and DTLS of a section; UnacceptableOffer when they are not there."""
    ufrag = description.value(section, "ice-ufrag") or ""
    password = description.value(section, "ice-pwd") or ""
    if not ufrag or not password:
        raise UnacceptableOffer("there is no ICE user and password")
    if not ICE_CHARACTERS.fullmatch(ufrag) or not ICE_CHARACTERS.fullmatch(password):
        raise UnacceptableOffer("the ICE user or password cannot be read")
    prints: list[tuple[str, str]] = []
    for part in (section, description.session):
        for name, value in part.attributes:
            if name == "fingerprint":
                bits = value.split()
                if len(bits) == 2 and _is_fingerprint(bits[0].lower(), bits[1]):
                    prints.append((bits[0].lower(), bits[1].upper()))
        if prints:
            break
    if not prints:
        raise UnacceptableOffer("there is no DTLS fingerprint")
    setup = (description.value(section, "setup") or "").lower()
    return Transport(ufrag, password, tuple(dict.fromkeys(prints)), setup or None)


def _is_fingerprint(name: str, value: str) -> bool:
    length = _HASHES.get(name)
    return length is not None and bool(_HEX_PAIRS.fullmatch(value)) and len(value) == 3 * length - 1

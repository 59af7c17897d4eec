"""A session description in sections: reading SDP (RFC 8866) without trusting it.

Linear in the length of the text; what is no description is an `UnacceptableOffer`, and no
other exception comes out, whatever the text.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tui.media.sdp.direction import Direction

MAX_LENGTH: Final = 64 * 1024
"""Characters; a longer description is refused unread."""
DIRECTIONS: Final = frozenset(Direction)
KNOWN_CODECS: Final = {"opus": 48000, "pcmu": 8000, "pcma": 8000, "g722": 8000}
"""Codec names in lower case, and their RTP clock in Hz."""
TELEPHONE_EVENT: Final = "telephone-event"
"""The format of keys (RFC 4733 §7.1), in lower case."""
RED: Final = "red"
"""The format of redundant copies (RFC 2198 §4), in lower case; here for opus, in its clock."""
PROFILES: Final = (
    *("UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "RTP/SAVPF", "RTP/SAVP"),
    *("TCP/DTLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVP"),
)
"""How audio over DTLS-SRTP is named; the last two where a peer's first address is one of TCP
(RFC 8829 §5.1.2)."""
_PLAIN: Final = ("RTP/AVPF", "RTP/AVP")
"""The same where a fingerprint stands beside it (RFC 8643 §3.1)."""
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
_TRANSPORT: Final = frozenset(
    (
        *("ice-ufrag", "ice-pwd", "candidate", "fingerprint", "setup", "connection", "tls-id"),
        *("rtcp-mux", "rtcp-mux-only"),
    )
)
"""Attributes of the one transport of a BUNDLE group: categories TRANSPORT and IDENTICAL of RFC 8859
§5."""
_HEX_PAIRS: Final = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){15,63}")
_HASHES: Final = {"sha-1": 20, "sha-224": 28, "sha-256": 32, "sha-384": 48, "sha-512": 64}


class Unusable(StrEnum):
    """Why a description is of no use, as an id: the words are a catalogue's."""

    UNREADABLE = "unreadable"
    """It is no description, or too much of one."""
    NO_AUDIO = "no-audio"
    """It has no audio section."""
    REFUSED = "refused"
    """Its audio section has port 0 (RFC 3264 §6)."""
    NO_ENCRYPTION = "no-encryption"
    """Its audio is plain RTP, or names no DTLS fingerprint (RFC 8827 §6.5)."""
    WEAK_FINGERPRINT = "weak-fingerprint"
    """It names its certificate by hashes alone that anybody can forge today (RFC 8122 §5)."""
    NO_ICE = "no-ice"
    """It has no ICE user and password (RFC 8839 §5.4)."""
    NO_MUX = "no-mux"
    """It wants a port of its own for RTCP (RFC 5761 §5.1)."""
    NO_CODEC = "no-codec"
    """There is no codec in common."""
    OTHER_PEER = "other-peer"
    """It is another peer's, or restarts ICE where that was not asked for, or the other way."""


class UnacceptableOffer(Exception):
    """A description, of either side's, that no leg can be made of. An offer is answered with 488;
    to an answer the dialog is ended in words (RFC 3261 §13.2.2.4: ACK, then BYE). `reason` is one
    clear sentence for the log, `why` its id."""

    def __init__(self, reason: str, why: Unusable = Unusable.UNREADABLE) -> None:
        super().__init__(reason)
        self.reason = reason
        self.why = why


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
            raise UnacceptableOffer("there is no audio section", Unusable.NO_AUDIO)
        alive = [i for i in wanted if self.media[i].port != 0 or self._is_bundle_only(i)]
        if not alive:
            raise UnacceptableOffer("the audio section is refused (port 0)", Unusable.REFUSED)
        for i in alive:
            if self.media[i].profile in PROFILES:
                return i
        for i in alive:
            section = self.media[i]
            if section.profile in _PLAIN and self.value(section, "fingerprint") is not None:
                return i
        profile = self.media[alive[0]].profile[:40]
        raise UnacceptableOffer(f"audio without DTLS-SRTP ({profile})", Unusable.NO_ENCRYPTION)

    def value(self, section: Section, name: str) -> str | None:
        """An attribute of the section, else of the section whose transport it shares, else of the
        session (RFC 8866 §6)."""
        found = (part.first(name) for part in self.parts(section, name))
        return next((value for value in found if value is not None), None)

    def parts(self, section: Section, name: str) -> tuple[Section, ...]:
        """Where an attribute that counts for a section may stand, the nearest first. What belongs
        to the transport of a BUNDLE group stands, once the group is agreed, in one of its sections
        alone (RFC 9143 §7.3)."""
        tagged = self.tagged(section) if name in _TRANSPORT else section
        between = () if tagged is section else (tagged,)
        return section, *between, self.session

    def _is_bundle_only(self, index: int) -> bool:
        """Whether a section of port 0 is there all the same, by its group (RFC 9143 §6)."""
        section = self.media[index]
        return section.first("bundle-only") is not None and self.tagged(section) is not section

    def tagged(self, section: Section) -> Section:
        """The section that has the transport of the group: the first that the group names and that
        is there (RFC 9143 §7.3.1); the section itself where it is in no group."""
        mid = section.first("mid")
        for name, value in self.session.attributes:
            words = value.split()
            if name == "group" and words[:1] == ["BUNDLE"] and mid in words[1:]:
                named = {m.first("mid"): m for m in self.media if m.port}
                return next((named[word] for word in words[1:] if word in named), section)
        return section


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
        raise UnacceptableOffer("there is no media section", Unusable.NO_AUDIO)
    return Description(session, media)


def _media_line(text: str) -> Section:
    """One section's own line. What cannot be read of a section that is not audio, or that is
    refused anyway, is filled in: it costs the audio beside it nothing, and keeps its place."""
    parts = text.split()
    kind = parts[0].lower()[:32] if parts and TOKEN.fullmatch(parts[0]) else "application"
    port = number(parts[1].partition("/")[0], 65535) if len(parts) > 1 else None
    formats = [part for part in parts[3:99] if TOKEN.fullmatch(part)]
    readable = len(parts) > 3 and formats and all(PRINTABLE.fullmatch(p) for p in parts[:3])
    if kind == "audio" and port != 0:
        if len(parts) < 4:
            raise UnacceptableOffer("a media line is incomplete")
        if port is None:
            raise UnacceptableOffer("a media line has no port")
        if not readable:
            raise UnacceptableOffer("a media line cannot be read")
    elif not readable:
        port = 0
    profile = parts[2] if len(parts) > 2 and PRINTABLE.fullmatch(parts[2]) else "RTP/AVP"
    return Section(kind, port or 0, profile.upper()[:64], formats or ["0"])


def number(text: str, most: int) -> int | None:
    """A decimal number of 0..most, else None. ASCII digits only: int() takes more."""
    if not (text.isascii() and text.isdigit()) or len(text) > 12:
        return None
    value = int(text)
    return value if value <= most else None


def codecs_of(section: Section) -> list[Codec]:
    """The payload types of a section that this phone knows, in the peer's order.

    Static numbers get the mapping of RFC 3551; telephone-event is listed too (`rate` says
    which clock), and red for opus, which browsers number 63; everything else is left out.
    """
    maps: dict[int, tuple[str, int, int]] = {}
    formats: dict[int, str] = {}
    for name, value in section.attributes:
        if name not in ("rtpmap", "fmtp") or not value:
            continue
        text, *more = value.split(None, 1)
        payload = number(text, 127)
        if payload is None or not more:
            continue
        rest = more[0]
        if name == "fmtp":
            formats.setdefault(payload, rest.strip())
            continue
        bits = rest.strip().split("/")
        rate = number(bits[1].strip(), 999_999) if len(bits) > 1 else None
        channels = number(bits[2].strip(), 8) if len(bits) > 2 else 1
        if bits[0].lower() == "g722":
            rate = 8000  # RFC 3551 §4.5.2; its samples are 16 kHz, and some write that
        if rate and TOKEN.fullmatch(bits[0]):
            maps.setdefault(payload, (bits[0], rate, channels or 1))
    found: list[Codec] = []
    for text in section.formats:
        payload = number(text, 127)
        if payload is None or payload in _FORBIDDEN or any(c.payload == payload for c in found):
            continue
        name, rate, channels = maps.get(payload) or _STATIC.get(payload, ("", 0, 0))
        static = _STATIC.get(payload)
        if name.lower() == RED:  # RFC 3551 §6: 35 to 63 are for who has used up the others
            if rate == KNOWN_CODECS["opus"] and (payload >= 96 or 35 <= payload <= 63):
                found.append(Codec(payload, name, rate, channels, _fmtp(formats.get(payload, ""))))
            continue
        spare = 35 <= payload <= 63  # RFC 3551 §6: for who has used up the others
        known = static is not None and static[0].lower() == name.lower()
        if payload < 96 and not spare and not known:
            continue
        if KNOWN_CODECS.get(name.lower()) == rate or (name.lower() == TELEPHONE_EVENT and rate):
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


def direction(description: Description, section: Section) -> Direction:
    """What the sender of the section does; see `sdp.direction_of`."""
    for part in (section, description.session):
        given = [name for name, _ in part.attributes if name in DIRECTIONS]
        if given:
            said = Direction(given[0])
            break
    else:
        said = Direction.SENDRECV  # RFC 8866 §6.7
    host = host_of(section.connection or description.session.connection)
    # ICE peers that trickle also write 0.0.0.0, with port 9 (RFC 8840 §4.1.1): no hold there.
    if host in ("0.0.0.0", "::") and section.port not in (0, 9):  # noqa: S104
        return said.deaf
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
    """The peer's end: a change of it in a re-offer asks for a new connection. `setup`,
    `connection` ("new" or "existing", RFC 4145 §5) and `tls_id` (RFC 8842 §4) are None where the
    peer said nothing."""

    ufrag: str
    password: str
    fingerprints: tuple[tuple[str, str], ...]
    setup: str | None
    connection: str | None = None
    tls_id: str | None = None

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
        raise UnacceptableOffer("there is no ICE user and password", Unusable.NO_ICE)
    if not ICE_CHARACTERS.fullmatch(ufrag) or not ICE_CHARACTERS.fullmatch(password):
        raise UnacceptableOffer("the ICE user or password cannot be read", Unusable.NO_ICE)
    prints: list[tuple[str, str]] = []
    for part in description.parts(section, "fingerprint"):
        for name, value in part.attributes:
            if name == "fingerprint":
                bits = value.split()
                if len(bits) == 2 and _is_fingerprint(bits[0].lower(), bits[1]):
                    prints.append((bits[0].lower(), bits[1].upper()))
        if prints:
            break
    if not prints:
        raise UnacceptableOffer("there is no DTLS fingerprint", Unusable.NO_ENCRYPTION)
    setup = (description.value(section, "setup") or "").lower()
    return Transport(
        ufrag,
        password,
        tuple(dict.fromkeys(prints)),
        setup or None,
        (description.value(section, "connection") or "").lower() or None,
        description.value(section, "tls-id") or None,
    )


def _is_fingerprint(name: str, value: str) -> bool:
    length = _HASHES.get(name)
    return length is not None and bool(_HEX_PAIRS.fullmatch(value)) and len(value) == 3 * length - 1

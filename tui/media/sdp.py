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
from dataclasses import dataclass, field
from typing import Final, Literal

Role = Literal["offer", "answer"]
DIRECTIONS: Final = ("sendrecv", "sendonly", "recvonly", "inactive")
MAX_LENGTH: Final = 64 * 1024
"""Characters; a longer description is refused unread."""
MAX_CANDIDATES: Final = 40

_STATIC: Final = {0: ("PCMU", 8000, 1), 8: ("PCMA", 8000, 1), 9: ("G722", 8000, 1)}
_KNOWN: Final = {"opus": 48000, "pcmu": 8000, "pcma": 8000, "g722": 8000}
_FORBIDDEN: Final = range(72, 77)  # RFC 3551 §4: they would look like RTCP
_PROFILES: Final = ("UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "RTP/SAVPF", "RTP/SAVP")
_SETUPS: Final = ("actpass", "active", "passive")
_TOKEN: Final = re.compile(r"[!#-'*+.0-9A-Z^-~-]{1,64}")
_ICE: Final = re.compile(r"[A-Za-z0-9+/=_-]{1,256}")
_HEX_PAIRS: Final = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){15,63}")
_PRINTABLE: Final = re.compile(r"[!-~]{1,256}")
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
            if self.media[i].profile in _PROFILES:
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
    port = _number(parts[1].partition("/")[0], 65535)
    if port is None:
        raise UnacceptableOffer("a media line has no port")
    formats = [part[:16] for part in parts[3:99] if _TOKEN.fullmatch(part)]
    if not formats or not all(_PRINTABLE.fullmatch(p) for p in parts[:3]):
        raise UnacceptableOffer("a media line cannot be read")
    return Section(parts[0].lower()[:32], port, parts[2].upper()[:64], formats)


def _number(text: str, most: int) -> int | None:
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
        number, _, rest = value.partition(" ")
        payload = _number(number, 127)
        if payload is None:
            continue
        if name == "fmtp":
            formats.setdefault(payload, rest.strip())
            continue
        bits = rest.strip().split("/")
        rate = _number(bits[1].strip(), 999_999) if len(bits) > 1 else None
        channels = _number(bits[2].strip(), 8) if len(bits) > 2 else 1
        if rate and _TOKEN.fullmatch(bits[0]):
            maps.setdefault(payload, (bits[0], rate, channels or 1))
    found: list[Codec] = []
    for text in section.formats:
        payload = _number(text, 127)
        if payload is None or payload in _FORBIDDEN or any(c.payload == payload for c in found):
            continue
        name, rate, channels = maps.get(payload) or _STATIC.get(payload, ("", 0, 0))
        if _KNOWN.get(name.lower()) == rate or (name.lower() == "telephone-event" and rate):
            fmtp = formats.get(payload, "")
            found.append(Codec(payload, name, rate, channels, _fmtp(fmtp)))
    return found


def _fmtp(text: str) -> str:
    """Parameters that aiortc can read: `name=value` or a bare word; its numbers are numbers."""
    kept = []
    for part in text.split(";"):
        name, equals, value = (bit.strip() for bit in part.partition("="))
        if not _PRINTABLE.fullmatch(name) or (equals and not _PRINTABLE.fullmatch(value)):
            continue
        if name in ("stereo", "useinbandfec", "minptime", "maxplaybackrate", "apt") and (
            _number(value, 1_000_000) is None
        ):
            continue
        kept.append(f"{name}={value}" if value else name)
    return ";".join(kept[:16])


def direction_of(sdp: str) -> str:
    """What the sender of this description does with audio: "sendrecv", "sendonly", "recvonly"
    or "inactive". `c=0.0.0.0` means that it does not want to hear (RFC 6337 §5.2: the older
    hold), so with it "sendrecv" is "sendonly" and "recvonly" is "inactive".
    UnacceptableOffer when there is no audio section at all."""
    description = parse(sdp)
    audio = [m for m in description.media if m.kind == "audio"]
    if not audio:
        raise UnacceptableOffer("there is no audio section")
    section = next((m for m in audio if m.port), audio[0])
    return "inactive" if section.port == 0 else _direction(description, section)


def _direction(description: Description, section: Section) -> str:
    for part in (section, description.session):
        given = [name for name, _ in part.attributes if name in DIRECTIONS]
        if given:
            said = given[0]
            break
    else:
        said = "sendrecv"  # RFC 8866 §6.7
    host = _host(section.connection or description.session.connection)
    # ICE peers that trickle also write 0.0.0.0, with port 9 (RFC 8840 §4.1.1): no hold there.
    if host in ("0.0.0.0", "::") and section.port != 9:  # noqa: S104
        return {"sendrecv": "sendonly", "recvonly": "inactive"}.get(said, said)
    return said


def _host(connection: str) -> str:
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


def transport_of(sdp: str) -> Transport:
    """ICE and DTLS of the audio section; UnacceptableOffer when there is none."""
    description = parse(sdp)
    return _transport(description, description.media[description.audio_index()])


def _transport(description: Description, section: Section) -> Transport:
    ufrag = description.value(section, "ice-ufrag") or ""
    password = description.value(section, "ice-pwd") or ""
    if not ufrag or not password:
        raise UnacceptableOffer("there is no ICE user and password")
    if not _ICE.fullmatch(ufrag) or not _ICE.fullmatch(password):
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


def normalise(
    sdp: str,
    *,
    role: Role,
    mid: str = "0",
    setup: str | None = None,
    agreed: Mapping[str, int] | None = None,
) -> str:
    """The peer's description as aiortc can take it: one audio section, CRLF lines.

    `mid` is the one of our offer, for answers without `a=mid`; `setup` the peer's DTLS role in
    force ("active" or "passive"), which `holdconn` stands for. `agreed` (codec name in lower
    case → payload number) moves the codec of a running call to the front of a re-offer, when
    the peer still offers it. UnacceptableOffer for everything that cannot be made to work.
    """
    description = parse(sdp)
    section = description.media[description.audio_index()]
    transport = _transport(description, section)
    if not any(name == "rtcp-mux" for name, _ in section.attributes):
        raise UnacceptableOffer("RTCP multiplexing is not offered")
    codecs = [c for c in codecs_of(section) if c.name.lower() in _KNOWN]
    if not codecs:
        raise UnacceptableOffer("there is no codec that this phone knows")
    if agreed:
        codecs.sort(key=lambda codec: codec.name.lower() not in agreed)
    # An answer has one answer to our one section, so its name is ours (RFC 5888 §9.1).
    named = mid if role == "answer" else (section.first("mid") or mid)
    if not _TOKEN.fullmatch(named):
        named = mid
    host = _host(section.connection or description.session.connection) or "0.0.0.0"  # noqa: S104
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
        f"m=audio {section.port} UDP/TLS/RTP/SAVPF {' '.join(str(c.payload) for c in codecs)}",
        f"c=IN IP{6 if ':' in host else 4} {host}",
        f"a={_direction(description, section)}",
        f"a=mid:{named}",
        "a=rtcp-mux",
    ]
    lines += _extensions(section)
    for codec in codecs:
        channels = f"/{codec.channels}" if codec.channels > 1 else ""
        lines.append(f"a=rtpmap:{codec.payload} {codec.name}/{codec.rate}{channels}")
        if codec.fmtp:
            lines.append(f"a=fmtp:{codec.payload} {codec.fmtp}")
    lines += [f"a=candidate:{text}" for text in _candidates(section, host)]
    lines += [
        # There is no trickle here: without this line ICE would wait for more, and never fail.
        "a=end-of-candidates",
        f"a=ice-ufrag:{transport.ufrag}",
        f"a=ice-pwd:{transport.password}",
    ]
    lines += [f"a=fingerprint:{name} {value}" for name, value in transport.fingerprints]
    lines.append(f"a=setup:{_setup(transport.setup, role, setup)}")
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
        if name != "extmap" or len(bits) != 2 or not _PRINTABLE.fullmatch(bits[1]):
            continue
        number = _number(bits[0].partition("/")[0], 14)
        if number and bits[0] not in seen:
            seen.add(bits[0])
            yield f"a=extmap:{number} {bits[1]}"


def _candidates(section: Section, host: str) -> list[str]:
    """UDP candidates of component 1; the default address (RFC 8839 §4.2) when there is none."""
    found: list[str] = []
    for name, value in section.attributes:
        bits = value.split()
        if name != "candidate" or len(bits) < 8 or bits[2].lower() != "udp":
            continue
        priority, port = _number(bits[3], 2**32 - 1), _number(bits[5], 65535)
        if (
            not port
            or priority is None
            or bits[1] != "1"
            or bits[6].lower() != "typ"
            or bits[7].lower() not in ("host", "srflx", "relay")
            or not _ICE.fullmatch(bits[0])
            or not _is_address(bits[4])
        ):
            continue
        found.append(f"{bits[0]} 1 udp {priority} {bits[4]} {port} typ {bits[7].lower()}")
    if not found and section.port > 9 and host not in ("0.0.0.0", "::"):  # noqa: S104
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

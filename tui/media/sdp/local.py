"""What we write ourselves: our audio section, our `o=` line, and the layout of sections in which
ours stands. Nothing here needs aiortc."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tui.media.sdp.direction import Direction
from tui.media.sdp.parse import TOKEN, Codec, Description, Section, UnacceptableOffer, parse

_is_plain = re.compile(r"[ -~]{1,256}").fullmatch


@dataclass(frozen=True, slots=True)
class Ends:
    """Our end of a connection: ICE user and password, the SHA-256 fingerprint, candidates as they
    stand behind `a=candidate:`, and the default address for `m=` and `c=`."""

    ufrag: str
    password: str
    fingerprint: str
    candidates: tuple[str, ...] = ()
    host: str = "0.0.0.0"  # noqa: S104
    port: int = 9


class Origin:
    """The `o=` line of one leg: one id for its life, a version that rises with each change
    (RFC 3264 §8)."""

    def __init__(self, rng: random.Random | None = None) -> None:
        self._id = (rng or random.SystemRandom()).getrandbits(62)
        self._version = 0
        self._last = ""

    def stamp(self, sdp: str) -> str:
        """The description with our `o=` line; the version rises only when it has changed."""
        body = re.sub(r"^o=[^\r\n]*\r?\n", "", sdp, count=1, flags=re.MULTILINE)
        if body != self._last:
            self._version += 1
            self._last = body
        line = f"o=- {self._id} {self._version} IN IP4 0.0.0.0\r\n"
        return re.sub(r"^v=0\r?\n", "v=0\r\n" + line, body, count=1)


def describe(
    ends: Ends,
    formats: Sequence[Codec],
    *,
    direction: Direction,
    setup: str,
    ssrc: int,
    cname: str,
    ptime: int = 20,
) -> str:
    """Our description: one audio section, named "0", everything over one port."""
    family = 6 if ":" in ends.host else 4
    lines = [
        "v=0",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "a=msid-semantic:WMS *",
        f"m=audio {ends.port} UDP/TLS/RTP/SAVPF {' '.join(str(f.payload) for f in formats)}",
        f"c=IN IP{family} {ends.host}",
        f"a={direction}",
        "a=mid:0",
        f"a=msid:{cname} audio",
        "a=rtcp-mux",
        f"a=rtcp:{ends.port} IN IP{family} {ends.host}",
        f"a=ssrc:{ssrc} cname:{cname}",
    ]
    for codec in formats:
        channels = f"/{codec.channels}" if codec.channels > 1 else ""
        lines.append(f"a=rtpmap:{codec.payload} {codec.name}/{codec.rate}{channels}")
        if codec.fmtp:
            lines.append(f"a=fmtp:{codec.payload} {codec.fmtp}")
    lines.append(f"a=ptime:{ptime}")
    lines += [f"a=candidate:{candidate}" for candidate in ends.candidates]
    lines += [
        "a=end-of-candidates",
        f"a=ice-ufrag:{ends.ufrag}",
        f"a=ice-pwd:{ends.password}",
        f"a=fingerprint:sha-256 {ends.fingerprint}",
        f"a=setup:{setup}",
    ]
    return "\r\n".join(lines) + "\r\n"


@dataclass(frozen=True, slots=True)
class RefusedSection:
    """A section that is none of ours: it keeps its place with port 0 (RFC 3264 §6). `mid` is None
    where the peer named none."""

    kind: str
    profile: str
    formats: tuple[str, ...]
    mid: str | None = None

    @property
    def lines(self) -> list[str]:
        """As it stands in an offer and in an answer."""
        named = [] if self.mid is None else [f"a=mid:{self.mid}"]
        formats = " ".join(self.formats)
        return [
            f"m={self.kind} 0 {self.profile} {formats}",
            "c=IN IP4 0.0.0.0",
            *named,
            "a=inactive",
        ]


@dataclass(frozen=True, slots=True)
class TaggedSection:
    """A section that is none of ours and has the transport of the group that our audio is in: it is
    taken, and says nothing. Refused it would take the audio with it: browsers that were told to
    bundle all (`max-bundle`) have no other transport. `formats` is one, `maps` says which."""

    kind: str
    profile: str
    formats: tuple[str, ...]
    mid: str
    maps: tuple[str, ...] = ()

    def lines(self, port: str, audio: Sequence[str]) -> list[str]:
        """As it stands in an offer and in an answer, with the transport of our audio."""
        transport = [line for line in audio if line.startswith(_OF_TRANSPORT)]
        head = f"m={self.kind} {port} {self.profile} {' '.join(self.formats)}"
        return [head, *transport, f"a=mid:{self.mid}", "a=inactive", *self.maps]


_OF_TRANSPORT: Final = (
    *("c=", "a=candidate:", "a=end-of-candidates", "a=ice-ufrag:", "a=ice-pwd:"),
    *("a=fingerprint:", "a=setup:", "a=rtcp-mux"),
)
OtherSection = RefusedSection | TaggedSection
"""A section beside ours."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The sections of a session as they were agreed, in their order. Sections are never taken out
    again, and neither their order nor their names change (RFC 3264 §8, RFC 8829 §5.2.2), so this
    is kept for the life of a session. `mid` and `profile` are those of our audio section; a `mid`
    of None: the peer named no section, so we do not (RFC 5888 §9.1)."""

    mid: str | None = "0"
    profile: str = "UDP/TLS/RTP/SAVPF"
    before: tuple[OtherSection, ...] = ()
    after: tuple[OtherSection, ...] = ()

    @property
    def group(self) -> list[str]:
        """The names in our BUNDLE group, the one with the transport first."""
        others = (*self.before, *self.after)
        tagged = [each.mid for each in others if isinstance(each, TaggedSection)]
        return [] if self.mid is None else [*tagged, self.mid]

    def arranged(self, description: str) -> str:
        """A description of one audio section, put into its place. UnacceptableOffer when it has
        another number of sections."""
        session, sections = _split(description)
        if len(sections) != 1:
            raise UnacceptableOffer("the answer has no audio section")
        first, *audio = sections[0]
        kind, port, _, *formats = first.split(" ")
        out = [line for line in session if not line.startswith("a=group:")]
        if self.mid is not None:
            out.append(f"a=group:BUNDLE {' '.join(self.group)}")
        for section in self.before:
            out += _lines(section, port, audio)
        out.append(" ".join([kind, port, self.profile, *formats]))
        for line in audio:
            if not line.startswith("a=mid:"):
                out.append(line)
            elif self.mid is not None:
                out.append(f"a=mid:{self.mid}")
        for section in self.after:
            out += _lines(section, port, audio)
        return "\r\n".join(out) + "\r\n"


def _lines(section: OtherSection, port: str, audio: Sequence[str]) -> list[str]:
    return section.lines if isinstance(section, RefusedSection) else section.lines(port, audio)


def layout_of(offer: str) -> Layout:
    """The layout of the peer's offer, in which the audio that we take is ours and all other
    sections are refused, but for the one without which the audio has no transport.
    UnacceptableOffer when there is no such audio."""
    asked = parse(offer)
    chosen = asked.audio_index()
    ours = asked.media[chosen]
    needed = _needed(asked, ours)
    sections: list[OtherSection] = [
        needed[1] if needed is not None and section is needed[0] else _refused(section)
        for section in asked.media
    ]
    before, after = tuple(sections[:chosen]), tuple(sections[chosen + 1 :])
    return Layout(_mid(ours), ours.profile, before, after)


def _refused(section: Section) -> RefusedSection:
    return RefusedSection(section.kind, section.profile, tuple(section.formats), _mid(section))


def _needed(asked: Description, ours: Section) -> tuple[Section, TaggedSection] | None:
    """The section that has the transport of our audio, where that is video, and the audio has not
    a candidate of its own."""
    tagged = asked.tagged(ours)
    mid = _mid(tagged)
    if tagged is ours or tagged.kind != "video" or mid is None or ours.first("candidate"):
        return None
    if ours.port not in (0, 9, tagged.port):
        return None
    format = tagged.formats[0]
    maps = tuple(
        f"a={name}:{value}"
        for name, value in tagged.attributes
        if name in ("rtpmap", "fmtp") and value.split(" ", 1)[0] == format and _is_plain(value)
    )
    return tagged, TaggedSection(tagged.kind, tagged.profile, (format,), mid, maps)


def _mid(section: Section) -> str | None:
    named = section.first("mid")
    return named if named is not None and TOKEN.fullmatch(named) else None


def _split(sdp: str) -> tuple[list[str], list[list[str]]]:
    session: list[str] = []
    sections: list[list[str]] = []
    for line in re.split(r"\r\n|\r|\n", sdp):
        if line.startswith("m="):
            sections.append([line])
        elif line:
            (sections[-1] if sections else session).append(line)
    return session, sections

"""What we write ourselves: our audio section, our `o=` line, and an answer fitted to its offer.
Nothing here needs aiortc."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tui.media.description import TOKEN, Codec, Description, UnacceptableOffer, parse


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
    direction: str,
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


def as_answer(answer: str, offer: str) -> str:
    """Fit our answer to the peer's offer: as many sections, in its order, all but the audio
    with port 0 (RFC 3264 §6), and the profile it wrote."""
    asked: Description = parse(offer)
    chosen = asked.audio_index()
    session, sections = _split(answer)
    if len(sections) != 1:
        raise UnacceptableOffer("the answer has no audio section")
    audio = sections[0]
    kind, port, _, *formats = audio[0].split(" ")
    audio = [" ".join([kind, port, asked.media[chosen].profile, *formats]), *audio[1:]]
    named = asked.media[chosen].first("mid")
    if named is None:
        # What was not offered is not answered (RFC 5888 §9.1).
        audio = [line for line in audio if not line.startswith("a=mid:")]
        session = [line for line in session if not line.startswith("a=group:")]
    elif TOKEN.fullmatch(named):
        audio = [f"a=mid:{named}" if line.startswith("a=mid:") else line for line in audio]
        session = [
            f"a=group:BUNDLE {named}" if line.startswith("a=group:") else line for line in session
        ]
    out = list(session)
    for index, section in enumerate(asked.media):
        if index == chosen:
            out += audio
            continue
        out.append(f"m={section.kind} 0 {section.profile} {' '.join(section.formats)}")
        out += ["c=IN IP4 0.0.0.0", "a=inactive"]
    return "\r\n".join(out) + "\r\n"


def _split(sdp: str) -> tuple[list[str], list[list[str]]]:
    session: list[str] = []
    sections: list[list[str]] = []
    for line in re.split(r"\r\n|\r|\n", sdp):
        if line.startswith("m="):
            sections.append([line])
        elif line:
            (sections[-1] if sections else session).append(line)
    return session, sections

"""What we write ourselves: the finishing touches to aiortc's descriptions before they go out.

Own `o=` line with a rising version, the payload numbers that were agreed, refused sections
given back with port 0, the profile the peer spelled. Nothing here needs aiortc.
"""

from __future__ import annotations

import random
import re

from tui.media.description import TOKEN, Description, UnacceptableOffer, parse

OPUS: int = 111
"""The payload number of opus in our own offers: what browsers use, so what PBXs expect."""


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


def lines_of(sdp: str) -> list[str]:
    """The lines, without their ends."""
    return [line for line in re.split(r"\r\n|\r|\n", sdp) if line]


def renumber(sdp: str, numbers: dict[int, int]) -> str:
    """Replace payload numbers in `m=`, `rtpmap`, `fmtp` and `rtcp-fb`."""
    out = []
    for line in lines_of(sdp):
        if line.startswith("m=audio "):
            kind, port, profile, *formats = line.split(" ")
            moved = [str(numbers.get(int(text), int(text))) for text in formats]
            line = " ".join([kind, port, profile, *moved])
        elif found := re.match(r"(a=(?:rtpmap|fmtp|rtcp-fb):)(\d+)( .*)", line):
            number = int(found[2])
            line = f"{found[1]}{numbers.get(number, number)}{found[3]}"
        out.append(line)
    return "\r\n".join(out) + "\r\n"


def first_offer(sdp: str) -> str:
    """aiortc's offer with opus as 111 (it says 96), and what it can take of opus."""
    found = re.search(r"^a=rtpmap:(\d+) opus/48000/2\r?$", sdp, flags=re.MULTILINE | re.IGNORECASE)
    if found is None:
        return sdp
    moved = renumber(sdp, {int(found[1]): OPUS})
    if re.search(rf"^a=fmtp:{OPUS} ", moved, flags=re.MULTILINE):
        return moved
    mapped = re.search(rf"^a=rtpmap:{OPUS} .*\r\n", moved, flags=re.MULTILINE)
    if mapped is None:
        return moved
    fmtp = f"a=fmtp:{OPUS} minptime=10;useinbandfec=1\r\n"
    return moved[: mapped.end()] + fmtp + moved[mapped.end() :]


def with_direction(sdp: str, direction: str, *, setup: str | None = None) -> str:
    """Our last description with another direction (and DTLS role): a re-offer. The payload
    numbers, candidates, user and certificate stay as they were agreed."""
    out = []
    for line in lines_of(sdp):
        if line in ("a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"):
            line = f"a={direction}"
        elif setup is not None and line.startswith("a=setup:"):
            line = f"a=setup:{setup}"
        out.append(line)
    return "\r\n".join(out) + "\r\n"


def without_refused(sdp: str) -> str:
    """Only the audio section of our own description."""
    session, sections = _split(sdp)
    kept = [s for s in sections if s[0].startswith("m=audio ") and s[0].split(" ")[1] != "0"]
    return "\r\n".join([*session, *(line for s in kept[:1] for line in s)]) + "\r\n"


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
    for line in lines_of(sdp):
        if line.startswith("m="):
            sections.append([line])
        elif sections:
            sections[-1].append(line)
        else:
            session.append(line)
    return session, sections

"""Offer and answer (RFC 3264) as far as formats and directions go; no text, no network.

Numbers that were once agreed stay: in a re-offer a codec keeps the payload number it has, new
ones get a number that nothing else uses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tui.media.description import Codec, UnacceptableOffer
from tui.media.remote import Remote, parameters

TELEPHONE_EVENT = "telephone-event"
COMFORT_NOISE = 13
PTIMES = {"opus": (10, 20, 40, 60), "pcmu": (10, 20, 30, 40, 60), "pcma": (10, 20, 30, 40, 60)}
PTIMES["g722"] = PTIMES["pcmu"]

# Opus is 111 in browsers, so that is what PBXs expect.
_OURS = {
    "opus": Codec(111, "opus", 48_000, 2, "minptime=10;useinbandfec=1"),
    "g722": Codec(9, "G722", 8_000),
    "pcmu": Codec(0, "PCMU", 8_000),
    "pcma": Codec(8, "PCMA", 8_000),
}
_EVENTS = (
    Codec(110, TELEPHONE_EVENT, 48_000, 1, "0-15"),
    Codec(101, TELEPHONE_EVENT, 8_000, 1, "0-15"),
)


def known(names: Iterable[str]) -> tuple[str, ...]:
    """Codec names in lower case. ValueError for one we do not have, or none at all."""
    found = tuple(dict.fromkeys(name.lower() for name in names))
    if not found or any(name not in _OURS for name in found):
        raise ValueError("codecs are of opus, G722, PCMU, PCMA; at least one")
    return found


@dataclass(frozen=True, slots=True)
class Agreement:
    """What both sides can do. `codec` is what we send, `formats` all that may come (for an answer
    or a re-offer), `event` the telephone-event we send, None where the peer takes none."""

    codec: Codec
    formats: tuple[Codec, ...]
    event: Codec | None
    ptime: int

    @property
    def fmtp(self) -> dict[str, str]:
        """What the peer asks of our encoder."""
        return parameters(self.codec.fmtp)


def agree(remote: Remote, names: Sequence[str], keep: str = "") -> Agreement:
    """What we have in common, in the peer's order; `keep` (a codec in use) goes first while the
    peer still has it. UnacceptableOffer when there is nothing."""
    codecs = [codec for codec in remote.codecs if codec.name.lower() in names]
    if not codecs:
        raise UnacceptableOffer("there is no codec in common")
    codecs.sort(key=lambda codec: codec.name.lower() != keep)
    codec = codecs[0]
    events = sorted(remote.events, key=lambda event: event.rate != codec.rate)
    return Agreement(
        codec=codec,
        formats=(*codecs, *events),
        event=events[0] if events else None,
        ptime=_ptime(codec.name.lower(), remote.ptime, remote.maxptime),
    )


def _ptime(name: str, wanted: int | None, most: int | None) -> int:
    """Milliseconds a packet: as the peer wishes, no longer than it can take."""
    able = PTIMES[name]
    limit = min(able[-1], most or able[-1])
    target = min(wanted or 20, limit)
    return max((p for p in able if p <= target), default=able[0])


def answered(agreement: Agreement) -> tuple[Codec, ...]:
    """The formats of an answer: the peer's numbers, our parameters."""
    return tuple(_with_our_parameters(codec) for codec in agreement.formats)


def offered(names: Sequence[str], agreed: Sequence[Codec] = ()) -> tuple[Codec, ...]:
    """The formats of an offer; those `agreed` before first, with their numbers."""
    found = [_with_our_parameters(codec) for codec in agreed]
    used = {codec.payload for codec in found}
    have = {(codec.name.lower(), codec.rate) for codec in found}
    events = [event for event in _EVENTS if event.rate == 8_000 or "opus" in names]
    for codec in (*(_OURS[name] for name in names), *events):
        if (codec.name.lower(), codec.rate) in have:
            continue
        if codec.payload in used:
            free = next((n for n in range(96, 128) if n not in used), None)
            if free is None:
                continue
            codec = Codec(free, codec.name, codec.rate, codec.channels, codec.fmtp)
        used.add(codec.payload)
        found.append(codec)
    # Sounds before keys, as everybody writes them; the order among them stays.
    return tuple(sorted(found, key=lambda codec: codec.name.lower() == TELEPHONE_EVENT))


def _with_our_parameters(codec: Codec) -> Codec:
    ours = _OURS.get(codec.name.lower())
    fmtp = "0-15" if ours is None else ours.fmtp
    return Codec(codec.payload, codec.name, codec.rate, codec.channels, fmtp)


def reversed_direction(direction: str) -> str:
    """The same from the other side."""
    return {"sendonly": "recvonly", "recvonly": "sendonly"}.get(direction, direction)


def common_direction(one: str, other: str) -> str:
    """What is left where both are from our side."""
    sends = all(d in ("sendrecv", "sendonly") for d in (one, other))
    hears = all(d in ("sendrecv", "recvonly") for d in (one, other))
    return {
        (True, True): "sendrecv",
        (True, False): "sendonly",
        (False, True): "recvonly",
        (False, False): "inactive",
    }[sends, hears]


def payload_names(*formats: Iterable[Codec]) -> Mapping[int, Codec]:
    """By payload number, what may come: by our description's numbers and by the peer's."""
    return {codec.payload: codec for some in formats for codec in some}

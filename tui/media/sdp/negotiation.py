"""Offer and answer (RFC 3264) as far as formats and directions go; no text, no network.

Numbers that were once agreed stay: in a re-offer a codec keeps the payload number it has, new
ones get a number that nothing else uses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tui.media.codec.formats import PTIMES
from tui.media.sdp.parse import RED, TELEPHONE_EVENT, Codec, UnacceptableOffer, Unusable
from tui.media.sdp.remote import Remote, parameters

# Opus is 111 in browsers, so that is what PBXs expect.
_OURS = {
    "opus": Codec(111, "opus", 48_000, 2, "minptime=10;useinbandfec=1"),
    "g722": Codec(9, "G722", 8_000),
    "pcmu": Codec(0, "PCMU", 8_000),
    "pcma": Codec(8, "PCMA", 8_000),
}
# The number of RFC 2198's own example. What it repeats is written when opus has its number.
_RED = Codec(121, RED, 48_000, 2)
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
    or a re-offer), `event` the telephone-event we send, None where the peer takes none. `red` is
    the format in which copies of `codec` may be sent, None where the peer takes none."""

    codec: Codec
    formats: tuple[Codec, ...]
    event: Codec | None
    ptime: int
    red: Codec | None = None

    @property
    def fmtp(self) -> dict[str, str]:
        """What the peer asks of our encoder."""
        return parameters(self.codec.fmtp)


def agree(remote: Remote, names: Sequence[str], keep: str = "") -> Agreement:
    """What we have in common, in the peer's order; `keep` (a codec in use) goes first while the
    peer still has it. UnacceptableOffer when there is nothing."""
    codecs = [codec for codec in remote.codecs if codec.name.lower() in names]
    if not codecs:
        raise UnacceptableOffer("there is no codec in common", Unusable.NO_CODEC)
    codecs.sort(key=lambda codec: codec.name.lower() != keep)
    codec = codecs[0]
    copied = [c for c in codecs if c.name.lower() == "opus" and _repeats(remote.red, c)]
    reds = () if remote.red is None or not copied else (remote.red,)
    events = sorted(remote.events, key=lambda event: event.rate != codec.rate)
    return Agreement(
        codec=codec,
        formats=(*reds, *codecs, *events) if remote.red_first else (*codecs, *reds, *events),
        event=events[0] if events else None,
        ptime=_ptime(codec.name.lower(), remote.ptime, remote.maxptime),
        red=remote.red if codec in copied else None,
    )


def _repeats(red: Codec | None, codec: Codec) -> bool:
    """Whether that red holds copies of that codec."""
    return red is not None and red.fmtp.partition("/")[0] == str(codec.payload)


def _ptime(name: str, wanted: int | None, most: int | None) -> int:
    """Milliseconds a packet: as the peer wishes, no longer than it can take."""
    able = PTIMES[name]
    limit = min(able[-1], most or able[-1])
    target = min(wanted or 20, limit)
    return max((p for p in able if p <= target), default=able[0])


def answered(agreement: Agreement) -> tuple[Codec, ...]:
    """The formats of an answer: the peer's numbers, our parameters."""
    return _red_named(_with_our_parameters(codec) for codec in agreement.formats)


def offered(names: Sequence[str], agreed: Sequence[Codec] = ()) -> tuple[Codec, ...]:
    """The formats of an offer; those `agreed` before first, with their numbers."""
    found = [_with_our_parameters(codec) for codec in agreed]
    used = {codec.payload for codec in found}
    have = {(codec.name.lower(), codec.rate) for codec in found}
    events = [event for event in _EVENTS if event.rate == 8_000 or "opus" in names]
    reds = (_RED,) if "opus" in names else ()
    for codec in (*(_OURS[name] for name in names), *reds, *events):
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
    return _red_named(sorted(found, key=lambda codec: codec.name.lower() == TELEPHONE_EVENT))


def _red_named(formats: Iterable[Codec]) -> tuple[Codec, ...]:
    """The formats, in which red names the number that opus has among them: the one that was
    agreed, whatever we would have chosen. Where that is no longer there, red goes too."""
    found = tuple(formats)
    opus = [codec for codec in found if codec.name.lower() == "opus"]
    named = []
    for codec in found:
        if codec.name.lower() != RED or any(_repeats(codec, one) for one in opus):
            named.append(codec)
        elif opus:
            named.append(replace(codec, fmtp=f"{opus[0].payload}/{opus[0].payload}"))
    return tuple(named)


def _with_our_parameters(codec: Codec) -> Codec:
    if codec.name.lower() == RED:
        return codec
    ours = _OURS.get(codec.name.lower())
    fmtp = "0-15" if ours is None else ours.fmtp
    return Codec(codec.payload, codec.name, codec.rate, codec.channels, fmtp)


def payload_names(*formats: Iterable[Codec]) -> Mapping[int, Codec]:
    """By payload number, what may come: by our description's numbers and by the peer's."""
    return {codec.payload: codec for some in formats for codec in some}

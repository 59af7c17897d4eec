"""What a peer takes, as its SDP says."""

from __future__ import annotations

from tui.media.sdp.direction import Direction
from tui.media.sdp.negotiation import known
from tui.media.sdp.parse import Codec, Transport
from tui.media.sdp.remote import Remote

OPUS, PCMA = Codec(111, "opus", 48_000, 2), Codec(8, "PCMA", 8_000)
KEYS = Codec(101, "telephone-event", 8_000)
NAMES = known(("opus", "G722", "PCMU", "PCMA"))


def remote(*codecs: Codec, events: tuple[Codec, ...] = (), **named: int | None) -> Remote:
    ptime, maxptime = named.get("ptime"), named.get("maxptime")
    peer = Transport("abcd", "x" * 22, (("sha-256", "AB"),), None)
    return Remote(peer, Direction.SENDRECV, codecs, events, (), False, ptime, maxptime)

"""Where each received packet belongs: 16-bit sequence numbers and 32-bit timestamps made into
numbers and positions that only grow (RFC 3550 appendix A.1), and the breaks in them found: another
SSRC, a sequence or a timestamp that begins anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tui.media.codecs import Decoder

RATE = 48_000
JUMP = 1000
"""A sequence number further away than that is a new beginning, once the next one follows it."""
EARLY = RATE // 2
"""A packet that much earlier than any before it has another timestamp's beginning."""
LATE = RATE
"""So has one that late, when nothing came for PAUSE seconds before it."""
PAUSE = 0.5
RETIRED = 0.3
"""Seconds for which what still comes of the stream that was left is dropped."""
REMEMBERED = 256


class Received(Protocol):
    """What is looked at of a packet."""

    sequence: int
    timestamp: int
    payload_type: int
    ssrc: int
    payload: bytes


class Counts(Protocol):
    """Where the jitter is written."""

    jitter: float


@dataclass(slots=True)
class Placed:
    """A packet in its place. Without a decoder, and without samples, it is only a number that
    is not missing."""

    number: int
    position: int
    samples: int
    decoder: Decoder | None
    payload: bytes
    arrival: float
    restart: str = ""
    """ "": it follows; "stream": another SSRC; "jump": the same one begins anew."""


class Sequence:
    """The order of one received stream, and of the one that takes its place."""

    def __init__(self, decoder_of: Callable[[int], Decoder | None], counts: Counts) -> None:
        self._decoder_of = decoder_of
        self._counts = counts
        self._decoders: dict[int, Decoder] = {}
        self._ssrc: int | None = None
        self._left: int | None = None
        self._left_at = 0.0
        self._highest = 0
        self._timestamp = 0
        self.position = 0
        """Of the newest packet."""
        self._arrival = 0.0
        self._scale = 1
        self._probe: int | None = None
        self._seen: dict[int, None] = {}

    def place(self, packet: Received, arrival: float, least: int) -> Placed | None:
        """The packet's place; None for one that is not to be heard at all. `least` is the
        lateness at which a stream that begins anew is put."""
        came = int(arrival * RATE)
        ssrc = packet.ssrc
        if ssrc != self._ssrc:
            if ssrc == self._left and arrival - self._left_at < RETIRED:
                return None
            return self._begin(packet, arrival, came - least, "stream")
        decoder = self._decoder(packet.payload_type)
        if decoder is not None and RATE // decoder.clock != self._scale:
            return self._begin(packet, arrival, came - least, "jump")
        step = ((packet.sequence - self._highest + 0x8000) & 0xFFFF) - 0x8000
        if not -JUMP <= step <= JUMP:
            follows = self._probe == packet.sequence
            self._probe = (packet.sequence + 1) & 0xFFFF
            return self._begin(packet, arrival, came - least, "jump") if follows else None
        moved = ((packet.timestamp - self._timestamp + 2**31) & 0xFFFFFFFF) - 2**31
        position = self.position + moved * self._scale
        if step > 0 and not packet.payload:
            self._highest += step  # a key, or comfort noise: it has a number, but no time
            self._arrival = arrival
        elif step > 0:
            lateness, passed = came - position, arrival - self._arrival
            if lateness < least - EARLY or (passed > PAUSE and lateness > least + LATE):
                return self._begin(packet, arrival, came - least, "jump")
            off = abs(passed - moved * self._scale / RATE)
            if off < 1.0:
                self._counts.jitter += (off - self._counts.jitter) / 16
            self._highest += step
            self._timestamp, self.position, self._arrival = packet.timestamp, position, arrival
        else:
            return self._placed(packet, self._highest + step, position, decoder, arrival)
        return self._placed(packet, self._highest, position, decoder, arrival)

    def _begin(
        self, packet: Received, arrival: float, position: int, restart: str
    ) -> Placed | None:
        if restart == "stream":
            decoder = self._decoder_of(packet.payload_type)
            if decoder is None:
                return None
            self._decoders = {packet.payload_type: decoder}
            self._left, self._left_at, self._ssrc = self._ssrc, arrival, packet.ssrc
        else:
            decoder = self._decoder(packet.payload_type)
            if decoder is None:
                return None
        self._scale = RATE // decoder.clock
        self._highest = 0x10000 + packet.sequence
        self._timestamp, self.position, self._arrival = packet.timestamp, position, arrival
        self._probe = None
        self._seen.clear()
        placed = self._placed(packet, self._highest, position, decoder, arrival)
        placed.restart = restart
        return placed

    def _decoder(self, payload_type: int) -> Decoder | None:
        known = self._decoders.get(payload_type)
        if known is None and (known := self._decoder_of(payload_type)) is not None:
            self._decoders[payload_type] = known
        return known

    @staticmethod
    def _placed(
        packet: Received, number: int, position: int, decoder: Decoder | None, arrival: float
    ) -> Placed:
        payload = packet.payload
        samples = 0 if decoder is None or not payload else decoder.samples(payload)
        return Placed(number, position, samples, decoder, payload, arrival)

    def first(self, number: int) -> bool:
        """Whether that number comes for the first time; it is remembered."""
        if number in self._seen:
            return False
        self._seen[number] = None
        if len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return True

"""Where each received packet belongs: 16-bit sequence numbers and 32-bit timestamps made into
numbers and positions that only grow, and the breaks in them found.

How it works. A packet's sequence number is compared with the highest one so far, modulo 2^16
(RFC 3550 §A.1): a small step forwards or back is the same stream, and its timestamp's step, modulo
2^32 and times the codec's scale, gives its *position* in samples of 48 kHz. Everything else is a
break, after which the stream is placed anew, at the lateness of the quickest packet: another SSRC
(RFC 3550 §5.1), another clock rate (RFC 7160 §4), a sequence that goes on far away (two packets
that follow one another there, as §A.1 asks), a timestamp that has leapt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from tui.media.codec.codecs import Decoder
from tui.media.pcm.levels import RATE

JUMP = 1000
"""A sequence number further away than that is a new beginning, once the next one follows it."""
LEAP = RATE // 50
"""A timestamp that is off by more than 20 ms has leapt, where sequence number and arrival agree."""
STALL = RATE // 5
"""After a leap the stream goes on where it was, unless the packet came later than that by 200 ms:
then nothing was sent for a while, and its arrival says where it belongs."""
FARTHEST_BACK = 10 * RATE
"""How far back in time an older packet may belong."""
PAUSE = 0.5
"""After so many seconds without a packet the sender's clock may have stood still:"""
LATE = RATE
"""then one that is later than any before by a second has a new place."""
RETIRED = 0.3
"""Seconds for which what still comes of the stream that was left is dropped."""
REMEMBERED = 256
MOST_BACK = 32
"""By how many packets a copy may come after its own."""


class Received(Protocol):
    """What is looked at of a packet. `copies`: of packets before it (RFC 2198), by how many ticks
    of the clock, and the payload."""

    sequence: int
    timestamp: int
    payload_type: int
    ssrc: int
    payload: bytes
    copies: tuple[tuple[int, bytes], ...]


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
    copy: bool = False
    """It came as a copy in a later packet."""


class Unwrapper:
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
        self._samples = 0
        """Of the newest packet: where the next one begins."""
        self._arrival = 0.0
        self._scale = 1
        self._probe: int | None = None
        self._seen: dict[int, None] = {}

    def place(self, packet: Received, arrival: float, least: int) -> Placed | None:
        """The packet's place; None for one that is not to be heard at all. `least` is the
        lateness at which a stream that begins anew is put."""
        came = int(arrival * RATE)
        ssrc = packet.ssrc
        # RFC 3550 §5.1: each SSRC has numbers and timestamps of its own.
        if ssrc != self._ssrc:
            if ssrc == self._left and arrival - self._left_at < RETIRED:
                return None
            return self._begin(packet, arrival, came - least, "stream")
        decoder = self._decoder(packet.payload_type)
        # RFC 7160 §4: timestamps of another clock rate do not go on from those of the old one.
        if decoder is not None and RATE // decoder.clock != self._scale:
            return self._begin(packet, arrival, came - least, "jump")
        # RFC 3550 §A.1: a step far away counts only when the next packet follows it.
        step = ((packet.sequence - self._highest + 0x8000) & 0xFFFF) - 0x8000
        if not -JUMP <= step <= JUMP:
            follows = self._probe == packet.sequence
            self._probe = (packet.sequence + 1) & 0xFFFF
            return self._begin(packet, arrival, came - least, "jump") if follows else None
        moved = ((packet.timestamp - self._timestamp + 2**31) & 0xFFFFFFFF) - 2**31
        moved *= self._scale
        position = self.position + moved
        if step <= 0:
            if moved > 0 or moved < -FARTHEST_BACK:  # from before a leap
                position = self.position + step * self._samples
            return self._placed(packet, self._highest + step, position, decoder, arrival)
        if not packet.payload:
            self._highest += step  # a key, or comfort noise: it has a number, but no time
            self._arrival = arrival
            return self._placed(packet, self._highest, position, decoder, arrival)
        passed = arrival - self._arrival
        leapt = self._anchor(moved, step, came, least)
        if leapt is not None:
            position = leapt
        elif passed > PAUSE and came - position > least + LATE:
            return self._begin(packet, arrival, came - least, "jump")
        elif (off := abs(passed - moved / RATE)) < 1.0:
            # RFC 3550 §6.4.1 and §A.8: a sixteenth of each difference.
            self._counts.jitter += (off - self._counts.jitter) / 16
        self._highest += step
        self._timestamp, self.position, self._arrival = packet.timestamp, position, arrival
        placed = self._placed(packet, self._highest, position, decoder, arrival)
        self._samples = placed.samples or self._samples
        return placed

    def _anchor(self, moved: int, step: int, came: int, least: int) -> int | None:
        """Where a packet belongs whose timestamp has leapt while the sequence went on, as with a
        PBX that passes on another source under the SSRC of the last one; None where it has not.

        A silent sender moves its timestamp as well (RFC 3551 §4.1), and jitter its arrival; so it
        is a leap only where both the sequence and the arrival speak against the timestamp."""
        off = moved - step * self._samples
        early = least - (came - self.position - moved)
        if not (off > LEAP and early > LEAP) and not (off < -LEAP and early < -LEAP):
            return None
        follows = self.position + step * self._samples
        return follows if -LEAP <= came - follows - least <= STALL else came - least

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
        self._samples = placed.samples
        placed.restart = restart
        return placed

    def copies(self, packet: Received, placed: Placed) -> Iterator[Placed]:
        """The places of the copies in a packet that has been `placed`. A copy has no number of its
        own (RFC 2198 §3): it is found by its time, which says which packet it was as long as each
        is as long as this one. Those of which it does not are left out."""
        for ticks, payload in packet.copies:
            back = ticks * self._scale
            count, rest = divmod(back, placed.samples or back + 1)
            if placed.decoder is None or rest or count > MOST_BACK:
                continue
            found = self._placed(
                packet,
                placed.number - count,
                placed.position - back,
                placed.decoder,
                placed.arrival,
                payload,
            )
            if found.samples == placed.samples:
                found.copy = True
                yield found

    def _decoder(self, payload_type: int) -> Decoder | None:
        known = self._decoders.get(payload_type)
        if known is None and (known := self._decoder_of(payload_type)) is not None:
            self._decoders[payload_type] = known
        return known

    @staticmethod
    def _placed(
        packet: Received,
        number: int,
        position: int,
        decoder: Decoder | None,
        arrival: float,
        copy: bytes | None = None,
    ) -> Placed:
        payload = packet.payload if copy is None else copy
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

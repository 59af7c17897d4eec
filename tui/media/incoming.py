"""The peer's stream: packets in, 20 ms of sound out. Nothing that comes is ever fatal."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from tui.media import rtp
from tui.media.codecs import Decoder, decoder
from tui.media.description import Codec
from tui.media.events import KeyHearer
from tui.media.negotiation import TELEPHONE_EVENT
from tui.media.playout import Packet, Playout
from tui.media.reception import Reception

log = logging.getLogger(__name__)


class Incoming:
    """Sorts packets: sound to the playout, keys to `on_key`; comfort noise (RFC 3389) and what
    was not agreed is counted and left."""

    def __init__(self, on_key: Callable[[str], None]) -> None:
        self.reception = Reception()
        self.ignored = 0
        """Packets that are neither sound nor a key of ours, and what is no RTP."""
        self._sounds: Mapping[int, Codec] = {}
        self._events: frozenset[int] = frozenset()
        self._keys = KeyHearer(on_key)
        self._last: tuple[int | None, int, int] = (None, 0, 0)
        """SSRC, payload number and timestamp of the last sound."""
        self.playout = Playout(self._decoder_of)

    def adopt(self, formats: Mapping[int, Codec]) -> None:
        """What may come from now on, by payload number."""
        sounds = {n: c for n, c in formats.items() if c.name.lower() != TELEPHONE_EVENT}
        self._events = frozenset(n for n in formats if n not in sounds)
        self._sounds = sounds

    def _decoder_of(self, payload_type: int) -> Decoder | None:
        codec = self._sounds.get(payload_type)
        return None if codec is None else decoder(codec.name)

    def take(self, data: bytes, arrival: float, *, heard: bool = True) -> None:
        """One RTP packet that has come at `arrival` (seconds, monotonic); counted only, where
        nothing is to be `heard`."""
        fields = rtp.unpack(data)
        if fields is None:
            self.ignored += 1
            return
        number, marker, sequence, timestamp, ssrc, payload = fields
        codec = self._sounds.get(number)
        if codec is not None and payload:
            self.reception.take(ssrc, sequence, timestamp, codec.rate, arrival)
            self._last = (ssrc, number, timestamp)
            packet = Packet(sequence, timestamp, number, marker, ssrc, payload)
            if heard:
                self.playout.receive(packet, arrival)
            return
        self.reception.pass_by(ssrc, sequence, arrival)
        if heard and ssrc == self._last[0]:
            # It has a place in the sequence: the playout must not miss it.
            packet = Packet(sequence, self._last[2], self._last[1], False, ssrc, b"")
            self.playout.receive(packet, arrival)
        if number not in self._events:
            self.ignored += 1
            return
        try:
            self._keys.take(ssrc, timestamp, marker, payload)
        except Exception:
            log.exception("the listener for keys failed")

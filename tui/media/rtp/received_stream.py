"""The peer's stream: packets in, 20 ms of sound out. Nothing that comes is ever fatal."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from tui.media.codec.codecs import Decoder, decoder
from tui.media.jitter.playout import Playout, RtpPacket
from tui.media.rtp import redundancy
from tui.media.rtp.packet import unpack
from tui.media.rtp.receiver_report import ReceiverReport
from tui.media.rtp.telephone_event import TelephoneEventReceiver
from tui.media.sdp.parse import RED, TELEPHONE_EVENT, Codec

log = logging.getLogger(__name__)


class ReceivedStream:
    """Sorts packets: sound to the playout, alone or with copies of what came before it (RFC 2198);
    keys to `on_key`; comfort noise (RFC 3389) and what was not agreed is counted and left."""

    def __init__(self, on_key: Callable[[str], None]) -> None:
        self.receiver_report = ReceiverReport()
        self.ignored = 0
        """Packets that are neither sound nor a key of ours, and what is no RTP."""
        self.with_copies = 0
        """Packets that brought copies of others, whether these were needed or not."""
        self._sounds: Mapping[int, Codec] = {}
        self._events: frozenset[int] = frozenset()
        self._reds: frozenset[int] = frozenset()
        self._repeated: tuple[int, ...] = ()
        """Numbers of opus, of which there may be copies."""
        self._keys = TelephoneEventReceiver(on_key)
        self._last: tuple[int | None, int, int] = (None, 0, 0)
        """SSRC, payload number and timestamp of the last sound."""
        self.playout = Playout(self._decoder_of)

    @property
    def ssrc(self) -> int | None:
        """The peer's, of the last sound; None before the first."""
        return self._last[0]

    def adopt(self, formats: Mapping[int, Codec]) -> None:
        """What may come from now on, by payload number."""
        names = {number: codec.name.lower() for number, codec in formats.items()}
        self._events = frozenset(n for n, name in names.items() if name == TELEPHONE_EVENT)
        self._reds = frozenset(n for n, name in names.items() if name == RED)
        others = self._events | self._reds
        self._sounds = {n: c for n, c in formats.items() if n not in others}
        self._repeated = tuple(n for n, name in names.items() if name == "opus")

    def _decoder_of(self, payload_type: int) -> Decoder | None:
        codec = self._sounds.get(payload_type)
        return None if codec is None else decoder(codec.name)

    def take(self, data: bytes, arrival: float, *, heard: bool = True) -> None:
        """One RTP packet that has come at `arrival` (seconds, monotonic); counted only, where
        nothing is to be `heard`."""
        fields = unpack(data)
        if fields is None:
            self.ignored += 1
            return
        number, marker, sequence, timestamp, ssrc, payload = fields
        copies: tuple[redundancy.Copy, ...] = ()
        if number in self._reds and (opened := redundancy.unpack(payload, self._repeated)):
            number, payload, found = opened
            copies = tuple(found)
            self.with_copies += bool(copies)
        codec = self._sounds.get(number)
        if codec is not None and payload:
            self.receiver_report.take(ssrc, sequence, timestamp, codec.rate, arrival)
            self._last = (ssrc, number, timestamp)
            packet = RtpPacket(sequence, timestamp, number, marker, ssrc, payload, copies)
            if heard:
                self.playout.receive(packet, arrival)
            return
        self.receiver_report.pass_by(ssrc, sequence, arrival)
        if heard and ssrc == self._last[0]:
            # It has a place in the sequence: the playout must not miss it.
            packet = RtpPacket(sequence, self._last[2], self._last[1], False, ssrc, b"")
            self.playout.receive(packet, arrival)
        if number not in self._events:
            self.ignored += 1
            return
        try:
            self._keys.take(ssrc, timestamp, marker, payload)
        except Exception:
            log.exception("the listener for keys failed")

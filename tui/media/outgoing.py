"""Our stream: 20 ms of sound in, RTP packets out. No clock and no network of its own.

One SSRC and one unbroken sequence for the life of a leg, through codec changes, keys
(RFC 4733) and new connections. The timestamp runs with the clock of the codec in use and goes on
from where it stood when that changes (RFC 7160 §4.2).
"""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass

from tui.media import rtp
from tui.media.codecs import Encoder, encoder
from tui.media.events import KeySender
from tui.media.levels import FRAME, RATE, WIDTH
from tui.media.negotiation import Agreement

log = logging.getLogger(__name__)

LOSS_AT_FIRST = 10
"""Per cent that the encoder is told before the peer has reported."""
LOSS_LEAST, LOSS_MOST = 5, 30
"""A line that was clean until now may not stay so: the copies cost little."""


@dataclass(slots=True)
class _Format:
    """What the encoder was made for."""

    agreement: Agreement
    clock: int
    samples: int
    """48 kHz samples a packet."""


class Outgoing:
    """Makes the packets of one leg."""

    def __init__(self, *, dtx: bool = False, rng: random.Random | None = None) -> None:
        rng = rng or random.SystemRandom()
        self.ssrc = rng.getrandbits(32)
        self.timestamp = rng.getrandbits(32)
        """Of the next sample."""
        self.packets = 0
        self.octets = 0
        self.keys = KeySender()
        self._sequence = rng.getrandbits(15)
        self._dtx = dtx
        self._format: _Format | None = None
        self._encoder: Encoder | None = None
        self._waiting = b""
        self._marker = True
        self._loss = float(LOSS_AT_FIRST)

    @property
    def codec(self) -> str:
        """The codec in use, as SDP spells it; "" before one is agreed."""
        return "" if self._format is None else self._format.agreement.codec.name

    @property
    def has_keys(self) -> bool:
        """Whether the peer takes telephone-event."""
        return self._format is not None and self._format.agreement.event is not None

    def adopt(self, agreement: Agreement) -> None:
        """From the next block on: another codec, number, packet length or parameter."""
        old = self._format
        new = _Format(agreement, agreement.codec.rate, agreement.ptime * RATE // 1000)
        self._format = new
        if agreement.event is None:
            self.keys.clear()
        if old is None or _encoding(old.agreement) != _encoding(agreement):
            self._drop_waiting(old)
            self._encoder = self._made(agreement)

    def _made(self, agreement: Agreement) -> Encoder:
        return encoder(
            agreement.codec.name,
            fmtp=agreement.fmtp,
            ptime=agreement.ptime,
            packet_loss=round(self._loss),
            dtx=self._dtx,
        )

    def report_loss(self, share: float) -> None:
        """What the peer's report says it lost: believed at once, forgotten slowly."""
        percent = min(100.0, share * 125)
        self._loss = max(percent, self._loss * 0.9, LOSS_LEAST)
        if self._encoder is not None:
            self._encoder.set_packet_loss(min(LOSS_MOST, round(self._loss)))

    def tick(self, pcm: bytes) -> list[bytes]:
        """The next 20 ms (48 kHz mono s16): the packets that are due."""
        form = self._format
        if form is None:
            return []
        event = form.agreement.event
        if event is not None and self.keys.busy:
            key = self.keys.tick(self.timestamp, event.rate)
            if key is not None:
                self._drop_waiting(form)
                self._advance(form, FRAME)
                marker, timestamp, payload = key
                return [self._packet(event.payload, marker, timestamp, payload)]
        self._waiting += pcm
        size = form.samples * WIDTH
        packets = []
        while len(self._waiting) >= size:
            block, self._waiting = self._waiting[:size], self._waiting[size:]
            payload = self._encoded(form, block)
            if payload:
                number = form.agreement.codec.payload
                packets.append(self._packet(number, self._marker, self.timestamp, payload))
                self._marker = False
            else:
                self._marker = True  # nothing is said: what comes next begins a talk spurt
            self._advance(form, form.samples)
        return packets

    def skip(self, ticks: int) -> None:
        """Time goes by without a packet."""
        if self._format is not None:
            self._drop_waiting(self._format)
            self._advance(self._format, ticks * FRAME)
            self._marker = True

    def _encoded(self, form: _Format, block: bytes) -> bytes:
        try:
            if self._encoder is None:
                self._encoder = self._made(form.agreement)
            return self._encoder.encode(block)
        except Exception:
            log.exception("the encoder failed; a new one is made")
            self._encoder = None
            return b""

    def _packet(self, number: int, marker: bool, timestamp: int, payload: bytes) -> bytes:
        self._sequence = (self._sequence + 1) & 0xFFFF
        self.packets += 1
        self.octets += len(payload)
        return rtp.pack(number, marker, self._sequence, timestamp, self.ssrc, payload)

    def _advance(self, form: _Format, samples: int) -> None:
        self.timestamp = (self.timestamp + samples * form.clock // RATE) & 0xFFFFFFFF

    def _drop_waiting(self, form: _Format | None) -> None:
        if form is not None and self._waiting:
            self._advance(form, len(self._waiting) // WIDTH)
        self._waiting = b""


def _encoding(agreement: Agreement) -> tuple[str, str, int]:
    return agreement.codec.name.lower(), agreement.codec.fmtp, agreement.ptime

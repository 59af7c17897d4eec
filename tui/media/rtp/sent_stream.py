"""Our stream: 20 ms of sound in, RTP packets out. No clock and no network of its own.

One SSRC and one unbroken sequence for the life of a leg, through codec changes, keys
(RFC 4733) and new connections. The timestamp runs with the clock of the codec in use and goes on
from where it stood when that changes (RFC 7160 §4.2).
"""

from __future__ import annotations

import logging
import random
from collections import deque
from dataclasses import dataclass

from tui.media.codec.codecs import Encoder, encoder
from tui.media.pcm.levels import FRAME, RATE, WIDTH
from tui.media.rtp import redundancy
from tui.media.rtp.packet import pack
from tui.media.rtp.telephone_event import TelephoneEventSender
from tui.media.sdp.negotiation import Agreement

log = logging.getLogger(__name__)

LOSS_AT_FIRST = 10
"""Per cent that the encoder is told before the peer has reported."""
LOSS_LEAST, LOSS_MOST = 5, 30
"""A line that was clean until now may not stay so: the copies cost little."""
DISTANCES = ((0.3, 1), (2.0, 2), (4.0, 3))
"""From so many per cent of reported loss on, each packet repeats so many before it (RFC 2198)."""


@dataclass(slots=True)
class _Format:
    """What the encoder was made for."""

    agreement: Agreement
    clock: int
    samples: int
    """48 kHz samples a packet."""


class SentStream:
    """Makes the packets of one leg."""

    def __init__(self, *, dtx: bool = False, rng: random.Random | None = None) -> None:
        rng = rng or random.SystemRandom()
        self.ssrc = rng.getrandbits(32)
        self.timestamp = rng.getrandbits(32)
        """Of the next sample."""
        self.packets = 0
        self.octets = 0
        self.keys = TelephoneEventSender()
        self._sequence = rng.getrandbits(15)
        self._dtx = dtx
        self._format: _Format | None = None
        self._encoder: Encoder | None = None
        self._waiting = b""
        self._marker = True
        self._loss = float(LOSS_AT_FIRST)
        self._reported = 0.0
        """Per cent, by the reports alone."""
        self._past: deque[tuple[int, bytes]] = deque(maxlen=DISTANCES[-1][1])
        """Timestamps and payloads of the packets before, oldest first."""

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
            self._past.clear()

    def _made(self, agreement: Agreement) -> Encoder:
        return encoder(
            agreement.codec.name,
            fmtp=agreement.fmtp,
            ptime=agreement.ptime,
            packet_loss=round(self._loss),
            dtx=self._dtx,
        )

    def report_loss(self, share: float) -> None:
        """What the peer's report says it lost: believed at once, forgotten slowly. While whole
        packets are repeated, the encoder's own copies are worth few of its bits."""
        self._reported = max(share * 100, self._reported * 0.9)
        percent = min(100.0, share * 125)
        self._loss = max(percent, self._loss * 0.9, LOSS_LEAST)
        if self._encoder is not None:
            told = LOSS_LEAST if self.distance else min(LOSS_MOST, round(self._loss))
            self._encoder.set_packet_loss(told)

    @property
    def distance(self) -> int:
        """How many packets before it each one repeats: 0 while the peer takes no copies, or
        reports no loss."""
        if self._format is None or self._format.agreement.red is None:
            return 0
        return max((far for least, far in DISTANCES if self._reported >= least), default=0)

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
                packets.append(self._sound(form, payload))
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

    def _sound(self, form: _Format, payload: bytes) -> bytes:
        """A packet of sound, with copies of those before it where they are wanted. These are of
        one unbroken piece: who gets a copy finds its place by its time."""
        agreement, copies, ticks = form.agreement, list[redundancy.Copy](), 0
        number, content = agreement.codec.payload, payload
        if distance := self.distance:
            for timestamp, copy in list(self._past)[: -distance - 1 : -1]:
                ticks += form.samples * form.clock // RATE
                if (self.timestamp - timestamp) & 0xFFFFFFFF != ticks:
                    break
                if len(copy) > redundancy.MOST_LENGTH or ticks > redundancy.MOST_OFFSET:
                    break
                copies.insert(0, (ticks, copy))
        if copies and agreement.red is not None:
            number = agreement.red.payload
            content = redundancy.pack(agreement.codec.payload, payload, copies)
        self._past.append((self.timestamp, payload))
        return self._packet(number, self._marker, self.timestamp, content)

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
        return pack(number, marker, self._sequence, timestamp, self.ssrc, payload)

    def _advance(self, form: _Format, samples: int) -> None:
        self.timestamp = (self.timestamp + samples * form.clock // RATE) & 0xFFFFFFFF

    def _drop_waiting(self, form: _Format | None) -> None:
        if form is not None and self._waiting:
            self._advance(form, len(self._waiting) // WIDTH)
        self._waiting = b""


def _encoding(agreement: Agreement) -> tuple[str, str, int]:
    return agreement.codec.name.lower(), agreement.codec.fmtp, agreement.ptime

"""G.711 (RFC 3551 §4.5.14) and G.722 (§4.5.2): 8,000 in the RTP clock, both of them.

G.711 is `audioop`'s. G.722 is PyAV's: 25 µs for 20 ms, where Python's own loop over two bands of
8,000 samples a second would need a tenth of a core. Rates are changed by `rate_converter`.
"""

from __future__ import annotations

from typing import Any

from av import CodecContext, FFmpegError
from av.packet import Packet

from tui.media.codec.opus import DecodeError
from tui.media.codec.opus_av import block
from tui.media.codec.rate_converter import RateConverter
from tui.media.pcm.levels import RATE, audioop

RATES = {"PCMU": 8_000, "PCMA": 8_000, "G722": 16_000}
"""What is sampled; the RTP clock is 8,000 for each."""
MAX_PAYLOAD = 960
"""120 ms; a packet is no longer than that."""


class G711G722Encoder:
    """48 kHz mono to PCMU, PCMA or G722 packets of `ptime` ms."""

    def __init__(self, name: str, *, ptime: int = 20) -> None:
        self.name = name
        self._samples = ptime * RATE // 1000
        self._down = RateConverter(RATE, RATES[name])
        self._g722 = _g722("w", ptime * 16) if name == "G722" else None

    def set_packet_loss(self, percent: int) -> None:
        """Nothing to set here."""

    def encode(self, pcm: bytes) -> bytes:
        """One ptime of audio (s16, 48 kHz, mono) as a payload. ValueError for another length."""
        if len(pcm) != self._samples * 2:
            raise ValueError(f"{len(pcm)} bytes are not {self._samples} samples")
        low = self._down.feed(pcm)
        if self._g722 is not None:
            return b"".join(bytes(p) for p in self._g722.encode(block(low, 16_000)))
        return audioop.lin2ulaw(low, 2) if self.name == "PCMU" else audioop.lin2alaw(low, 2)


class G711G722Decoder:
    """PCMU, PCMA or G722 packets to 48 kHz mono."""

    clock = 8_000

    def __init__(self, name: str) -> None:
        self.name = name
        self._up = RateConverter(RATES[name], RATE)
        self._g722 = _g722("r") if name == "G722" else None

    def samples(self, payload: bytes) -> int:
        """Every byte is an eighth of a millisecond, whatever it is."""
        return len(payload) * 6 if 0 < len(payload) <= MAX_PAYLOAD else 0

    def decode(self, payload: bytes) -> bytes:
        """The packet's samples; DecodeError for an empty or an endless one."""
        if not self.samples(payload):
            raise DecodeError(f"{len(payload)} bytes are no packet of {self.name}")
        if self._g722 is not None:
            try:
                frames = self._g722.decode(Packet(payload))
            except (FFmpegError, ValueError) as problem:
                raise DecodeError(type(problem).__name__) from None
            low = b"".join(bytes(one.planes[0])[: one.samples * 2] for one in frames)
        else:
            low = (
                audioop.ulaw2lin(payload, 2)
                if self.name == "PCMU"
                else audioop.alaw2lin(payload, 2)
            )
        return self._up.feed(low)

    def copies(self, payload: bytes) -> bool:
        """No: none that could be read here."""
        return False

    def recover(self, next_payload: bytes, samples: int) -> bytes | None:
        """None: there is no copy in these."""
        return None

    def conceal(self, samples: int) -> bytes | None:
        """None: the generic one of `concealment` is to be used."""
        return None


def _g722(mode: Any, samples: int = 0) -> Any:
    codec: Any = CodecContext.create("g722", mode)
    codec.sample_rate, codec.layout = 16_000, "mono"
    if mode == "w":
        codec.format = "s16"
        codec.options = {"frame_size": str(samples)}
        codec.open()
    return codec

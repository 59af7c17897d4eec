"""Opus by PyAV, the last resort where no libopus can be opened: no FEC from the next packet, and
concealment by a trick. A packet that is nothing but the last one's first byte (its TOC) makes
libopus conceal; an empty one would end the decoder."""

from __future__ import annotations

import fractions
from collections.abc import Mapping
from typing import Any

from av import AudioFrame, CodecContext, FFmpegError
from av.packet import Packet

from tui.media.codec.opus import COMPLEXITY, DecodeError, bit_rate, samples_of
from tui.media.pcm.levels import RATE


class AvEncoder:
    """As `opus.OpusEncoder`, with what FFmpeg's wrapper can set; the loss is fixed at the start."""

    name = "opus"

    def __init__(
        self, fmtp: Mapping[str, str], *, ptime: int = 20, packet_loss: int = 10, dtx: bool = False
    ) -> None:
        self._dtx = dtx or fmtp.get("usedtx") == "1"
        codec: Any = CodecContext.create("libopus", "w")
        codec.bit_rate = bit_rate(fmtp)
        codec.format, codec.layout, codec.sample_rate = "s16", "mono", RATE
        codec.time_base = fractions.Fraction(1, RATE)
        codec.options = {
            "application": "voip",
            "frame_duration": str(ptime),
            "compression_level": str(COMPLEXITY),
            "vbr": "off" if fmtp.get("cbr") == "1" else "on",
            "fec": "1" if fmtp.get("useinbandfec") == "1" else "0",
            "packet_loss": str(packet_loss),
            "dtx": "1" if self._dtx else "0",
        }
        self._codec = codec
        self._samples = ptime * RATE // 1000
        self._pts = 0

    def set_packet_loss(self, percent: int) -> None:
        """Not possible here."""

    def encode(self, pcm: bytes) -> bytes:
        """As `opus.OpusEncoder.encode`. ValueError for another length."""
        if len(pcm) != self._samples * 2:
            raise ValueError(f"{len(pcm)} bytes are not {self._samples} samples")
        packets = self._codec.encode(block(pcm, RATE, self._pts))
        self._pts += self._samples
        payload = bytes(packets[-1]) if packets else b""
        return b"" if self._dtx and len(payload) <= 2 else payload


class AvDecoder:
    """As `opus.OpusDecoder`, without FEC."""

    name = "opus"
    clock = RATE

    def __init__(self) -> None:
        codec: Any = CodecContext.create("libopus", "r")
        codec.format, codec.layout, codec.sample_rate = "s16", "mono", RATE
        self._codec = codec
        self._toc = b""

    def samples(self, payload: bytes) -> int:
        """How many samples the payload holds; 0 when it cannot be decoded."""
        return samples_of(payload)

    def decode(self, payload: bytes) -> bytes:
        """The packet's samples; DecodeError for what is none."""
        if not samples_of(payload):
            raise DecodeError("no opus packet")
        pcm = self._decode(payload)
        # The TOC for one frame of the same kind: code 0.
        self._toc = bytes([payload[0] & 0xFC])
        return pcm

    def copies(self, payload: bytes) -> bool:
        """No: none that could be read here."""
        return False

    def recover(self, next_payload: bytes, samples: int) -> bytes | None:
        """None: FFmpeg's wrapper has no way to ask for it."""
        return None

    def conceal(self, samples: int) -> bytes:
        """libopus' own concealment, in whole frames of the last packet's length."""
        out = b""
        while self._toc and len(out) < samples * 2:
            try:
                out += self._decode(self._toc)
            except DecodeError:
                break
        return out[: samples * 2].ljust(samples * 2, b"\0")

    def _decode(self, payload: bytes) -> bytes:
        try:
            frames = self._codec.decode(Packet(payload))
        except (FFmpegError, ValueError) as problem:
            raise DecodeError(type(problem).__name__) from None
        pcm = b"".join(bytes(one.planes[0])[: one.samples * 2] for one in frames)
        if not pcm:
            raise DecodeError("nothing in it")
        return pcm


def block(pcm: bytes, rate: int, pts: int | None = None) -> AudioFrame:
    """Mono s16 samples as a frame of PyAV."""
    frame = AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
    frame.planes[0].update(pcm)
    frame.sample_rate, frame.pts = rate, pts
    return frame

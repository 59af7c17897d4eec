"""The two ends of a call inside this process: what is sent, and what is heard.

`SourceTrack` is the 20 ms clock: each block of the source becomes one opus packet here (mono,
32 kbit/s, in-band FEC), without a thread, an executor or a stereo detour; for other codecs it
hands aiortc the samples. `listen()` reads a received track for as long as it lives.
"""

from __future__ import annotations

import asyncio
import fractions
import logging
from collections.abc import Callable
from typing import Any

from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame, AudioResampler, CodecContext, FFmpegError
from av.packet import Packet

from tui.media.levels import FRAME, RATE, SILENCE, to_mono
from tui.media.sources import Source

log = logging.getLogger(__name__)

TICK = 0.02
TIME_BASE = fractions.Fraction(1, RATE)
MAX_LATE = 0.2
"""Seconds behind which the missed ticks are left out instead of sent in a burst."""


class Encoder:
    """Mono opus as a phone wants it: 32 kbit/s, voip, FEC for one loss in ten."""

    def __init__(self) -> None:
        codec = CodecContext.create("libopus", "w")
        codec.bit_rate = 32_000
        codec.format = "s16"
        codec.layout = "mono"
        codec.sample_rate = RATE
        codec.time_base = TIME_BASE
        codec.options = {
            "application": "voip",
            "frame_duration": "20",
            "compression_level": "5",
            "fec": "1",
            "packet_loss": "10",
        }
        self._codec = codec

    def encode(self, pcm: bytes, pts: int) -> Packet[Any] | None:
        """20 ms of s16 to one packet; None while the encoder still fills up."""
        packets = self._codec.encode(audio_frame(pcm, pts))
        if not packets:
            return None
        packet: Packet[Any] = packets[-1]
        packet.pts = pts
        packet.time_base = TIME_BASE
        return packet


class Decoder:
    """Opus to 48 kHz mono s16 in place: no thread, no queue, no stereo."""

    def __init__(self) -> None:
        codec = CodecContext.create("libopus", "r")
        codec.format = "s16"
        codec.layout = "mono"
        codec.sample_rate = RATE
        self._codec = codec

    def decode(self, data: bytes) -> bytes:
        """One packet's samples; nothing for a packet that cannot be decoded."""
        if not data:  # an empty packet would end the decoder
            return b""
        try:
            frames = self._codec.decode(Packet(data))
        except (FFmpegError, ValueError):
            return b""
        return b"".join(bytes(frame.planes[0])[: frame.samples * 2] for frame in frames)


def audio_frame(pcm: bytes, pts: int) -> AudioFrame:
    """One mono block as a frame of av."""
    frame = AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
    frame.planes[0].update(pcm)
    frame.sample_rate = RATE
    frame.pts = pts
    frame.time_base = TIME_BASE
    return frame


class SourceTrack(MediaStreamTrack):
    """A source as a track that never ends by itself and never raises but at its own stop.

    `tap` hears every block that is sent, for the level. `cut` and `codec` may be changed at any
    time and hold from the next block on.
    """

    kind = "audio"

    def __init__(self, source: Source, tap: Callable[[bytes], None]) -> None:
        super().__init__()
        self.cut: Callable[[], bool] = lambda: False
        self.codec = ""
        """The negotiated codec in lower case: "opus" is encoded here."""
        self.late = 0.0
        """How late the last tick was, in seconds."""
        self._source = source
        self._tap = tap
        self._encoder: Encoder | None = None
        self._next: float | None = None
        self._pts = -FRAME
        self._complained = False

    async def recv(self) -> AudioFrame | Packet[Any]:
        """The next 20 ms, when it is time."""
        while True:
            await self._tick()
            pcm = self._block()
            self._tap(pcm)
            if self.codec != "opus":
                return audio_frame(pcm, self._pts)
            if self._encoder is None:
                self._encoder = Encoder()
            try:
                packet = self._encoder.encode(pcm, self._pts)
            except (FFmpegError, ValueError):
                log.exception("the encoder failed; a new one is made")
                self._encoder = None
                continue
            if packet is not None:
                return packet

    async def _tick(self) -> None:
        """Wait for the next multiple of 20 ms since the start: being late once shifts nothing."""
        if self.readyState != "live":
            raise MediaStreamError
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._next is None:
            self._next = now
        else:
            self._next += TICK
        self._pts += FRAME
        if now - self._next > MAX_LATE:
            missed = int((now - self._next) / TICK)
            self._next += missed * TICK
            self._pts += missed * FRAME
        if self._next > now:
            await asyncio.sleep(self._next - now)
        self.late = max(0.0, loop.time() - self._next)

    def _block(self) -> bytes:
        try:
            pcm = self._source.read(FRAME)  # read in any case: what is cut is not sent later
        except Exception:
            if not self._complained:
                self._complained = True
                log.exception("the source failed; silence is sent")
            return SILENCE
        if self.cut() or len(pcm) != len(SILENCE):
            return SILENCE
        return pcm


async def listen(track: MediaStreamTrack, heard: Callable[[bytes], None]) -> None:
    """Read a received track until it ends; `heard` gets 48 kHz mono s16. Nothing that happens
    to one frame ends the reading: a track that nobody reads grows without bound."""
    resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
    while True:
        try:
            frame = await track.recv()
        except MediaStreamError:
            return
        try:
            if isinstance(frame, AudioFrame):
                for pcm in _samples(frame, resampler):
                    heard(pcm)
        except Exception:
            log.exception("a received frame was left out")


def _samples(frame: AudioFrame, resampler: AudioResampler) -> list[bytes]:
    channels = frame.layout.nb_channels
    if frame.format.name == "s16" and frame.sample_rate == RATE and channels in (1, 2):
        pcm = bytes(frame.planes[0])[: frame.samples * channels * 2]
        return [to_mono(pcm, channels)]
    frame.pts = None
    return [bytes(f.planes[0])[: f.samples * 2] for f in resampler.resample(frame)]

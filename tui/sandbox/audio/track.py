"""What a leg says, as the track that aiortc sends: in step with the clock, 20 ms at a time.

To say the same tone into twenty calls, aiortc would measure, resample and encode it twenty times:
most of a sandbox's processor. So where opus is agreed the track hands over packets, as aiortc takes
them from a recorded file: those of a sound that comes again and again are made once, by aiortc's
encoder; what is new (an echo, a mix, another agent) is encoded here by the same.
"""

from __future__ import annotations

import asyncio
import threading
import time
from array import array
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from aiortc import MediaStreamTrack
from aiortc.codecs.opus import OpusEncoder
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame
from av.packet import Packet

from tui.sandbox.audio.voices import BLOCK, RATE, Block, Sound, Voice, silence, sounds

_PREPARING = threading.Lock()
"""Of many calls that begin at once with one sound, the first makes its packets."""
RUN_UP = 10
"""Blocks after which an encoder has forgotten how it began."""
_TIME_BASE = Fraction(1, RATE)


class VoiceTrack(MediaStreamTrack):
    """Plays a voice. `codec` names what is sent; it is asked once the sending begins."""

    kind = "audio"

    def __init__(self, codec: Callable[[], str]) -> None:
        super().__init__()
        self.voice: Voice = silence
        self._codec = codec
        self._encoder: PacketMaker | None = None
        self._start = 0.0
        self._sent = 0

    async def recv(self) -> AudioFrame | Packet[Any]:
        """The next 20 ms, when they are due."""
        if self.readyState != "live":
            raise MediaStreamError
        now = time.monotonic()
        if not self._sent and self._codec().lower() == "opus":
            self._encoder = PacketMaker()
        if not self._sent or now - (self._start + self._sent * 0.02) > 0.5:
            self._start = now - self._sent * 0.02
        else:
            await asyncio.sleep(max(0.0, self._start + self._sent * 0.02 - now))
        said = self._said(self.voice())
        said.pts, said.time_base = self._sent * BLOCK, _TIME_BASE
        self._sent += 1
        return said

    def _said(self, block: bytes) -> AudioFrame | Packet[Any]:
        if self._encoder is None:
            return frame_of(block)
        if isinstance(block, Block) and block.opus:
            return Packet(block.opus)
        return Packet(self._encoder.encode(block))


class PacketMaker:
    """aiortc's encoder for opus, 20 ms after 20 ms."""

    def __init__(self) -> None:
        self._opus = OpusEncoder()
        self._blocks = 0

    def encode(self, block: bytes) -> bytes:
        """One packet for one block (48 kHz mono)."""
        frame = frame_of(block)
        frame.pts, frame.time_base = self._blocks * BLOCK, _TIME_BASE
        self._blocks += 1
        (packet,), _ = self._opus.encode(frame)
        return packet


def frame_of(block: bytes) -> AudioFrame:
    """20 ms of stereo: aiortc sends opus in stereo, and a mono source would arrive 3 dB low."""
    mono = array("h", block)
    both = array("h", bytes(4 * BLOCK))
    both[0::2] = mono
    both[1::2] = mono
    frame = AudioFrame(format="s16", layout="stereo", samples=BLOCK)
    frame.planes[0].update(both.tobytes())
    frame.sample_rate = RATE
    return frame


def prepare(kind: str) -> None:
    """Make the packets of all that is said in a call with that voice, once. Takes some 0.2 ms a
    block: call it in a thread."""
    with _PREPARING:
        for sound in sounds(kind):
            if not sound[-1].opus:
                _encode(sound)


def _encode(sound: Sound) -> None:
    maker = PacketMaker()
    # An encoder goes by what came before: in a sound that comes round, that is its end.
    for block in sound[-RUN_UP:]:
        maker.encode(block)
    for block in sound:
        block.opus = maker.encode(block)

"""One agent's audio leg on the platform's side: plain aiortc, nothing of the console's own leg.

A leg plays one voice at a time, which can be swapped while it runs, and keeps what comes in as
20 ms blocks of 48 kHz mono in a short queue for whoever listens at the other end.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from array import array
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import aioice.ice
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, AudioResampler

from tui.media.sdp.normalise import normalise, transport_of
from tui.sandbox.audio.arrivals import Arrivals, stamp
from tui.sandbox.audio.track import VoiceTrack
from tui.sandbox.audio.voices import BLOCK, RATE, SILENCE, Voice

log = logging.getLogger(__name__)

PRIME = 3
"""Blocks that must be there before playing begins: a cushion of 60 ms."""
MOST = 25
"""Blocks kept at most: what comes at once after half a second in which this process stood still."""
PLENTY = 8
"""With more blocks than this, two are taken at a time until the delay is gone."""


def bind_to_loopback() -> None:
    """Let ICE gather 127.0.0.1 and nothing else: aioice leaves loopback out by default, and the
    sandbox is nobody's business but this machine's. For the whole process."""
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]


class SandboxLeg:
    """One audio leg. `on_lost` is called once when the path is gone for good; `loss` gives the
    share (0 to 1) of media packets to lose, in each direction."""

    def __init__(
        self, *, on_lost: Callable[[], None], loss: Callable[[], float], rng: random.Random
    ) -> None:
        self._on_lost = on_lost
        self._loss = loss
        self._rng = rng
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._track = VoiceTrack(self._codec)
        self.arrivals = Arrivals()
        """How late the agent's packets came."""
        self._remote = ""
        self._task: asyncio.Task[None] | None = None
        self._gathering: asyncio.Future[None] | None = None
        self._blocks: deque[bytes] = deque(maxlen=MOST)
        self._primed = False
        self._closed = False
        self.packets = 0
        self.last_packet = 0.0
        """When the last RTP or RTCP packet came, by time.monotonic(); 0 = never."""
        self._adopt(self._pc)

    def _adopt(self, pc: RTCPeerConnection) -> None:
        pc.on("track", self._listen)

        async def changed() -> None:
            if pc is self._pc and pc.connectionState == "failed" and not self._closed:
                self._on_lost()

        pc.on("connectionstatechange", changed)

    # ------------------------------------------------------------ SDP

    async def offer(self) -> str:
        """Our offer for the INVITE."""
        self._pc.addTransceiver(self._track, direction="sendrecv")
        await self._describe(await self._pc.createOffer())
        self._count(self._pc)
        return str(self._pc.localDescription.sdp)

    async def accept(self, answer: str) -> None:
        """The agent's answer. UnacceptableOffer or what aiortc raises when it is of no use."""
        sdp = normalise(answer, role="answer")
        await self._pc.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        self._agreed(sdp)

    async def answer(self, offer: str) -> str:
        """Answer a re-offer: on this connection, or on a fresh one for a new ICE session."""
        sdp = normalise(offer, role="offer")
        if self._remote and not transport_of(sdp).same_peer(transport_of(self._remote)):
            await self._start_anew()
        await self._pc.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        if not any(sender.track for sender in self._pc.getSenders()):
            self._pc.addTrack(self._track)
        await self._describe(await self._pc.createAnswer())
        self._count(self._pc)
        self._agreed(sdp)
        return str(self._pc.localDescription.sdp)

    def _agreed(self, remote: str) -> None:
        self._remote = remote
        self.arrivals.clocks = {each.payloadType: each.clockRate for each in self._codecs()}

    def _codecs(self) -> Sequence[Any]:
        """What was agreed on, as aiortc has it: the first is sent."""
        transceiver: Any = self._pc.getTransceivers()[0]
        return list(transceiver._codecs)

    def _codec(self) -> str:
        return str(self._codecs()[0].name)

    async def _describe(self, ours: RTCSessionDescription) -> None:
        """Apply our description. aioice forgets the sockets that it opens when it is stopped or
        closed half-way, so a cancellation waits for it, and so does `close`."""
        self._gathering = work = asyncio.ensure_future(self._pc.setLocalDescription(ours))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.gather(work, return_exceptions=True)
            raise

    async def _start_anew(self) -> None:
        old, self._pc = self._pc, RTCPeerConnection(RTCConfiguration(iceServers=[]))
        if self._task:
            self._task.cancel()
        fresh = VoiceTrack(self._codec)
        fresh.voice, self._track = self._track.voice, fresh
        self._adopt(self._pc)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(old.close(), 5)

    def _count(self, pc: RTCPeerConnection) -> None:
        """Count packets, and lose some when told to: at the DTLS transport, after SRTP. When they
        came is noted at the socket."""
        dtls: Any = pc.getTransceivers()[0].sender.transport
        if dtls is None or hasattr(dtls, "sandbox_counts"):
            return
        dtls.sandbox_counts = True
        take_rtp, take_rtcp, send = (
            dtls._handle_rtp_data,
            dtls._handle_rtcp_data,
            dtls._send_rtp,
        )

        def lost() -> bool:
            return self._rng.random() < self._loss()

        async def rtp(data: bytes, arrival_time_ms: int) -> None:
            if not lost():
                self._arrived()
                await take_rtp(data, arrival_time_ms=arrival_time_ms)

        async def rtcp(data: bytes) -> None:
            if not lost():
                self._arrived()
                await take_rtcp(data)

        async def outgoing(data: bytes) -> None:
            if not lost():
                await send(data)

        dtls._handle_rtp_data, dtls._handle_rtcp_data, dtls._send_rtp = rtp, rtcp, outgoing
        for protocol in dtls.transport._connection._protocols:
            self._note_arrivals(protocol)

    def _note_arrivals(self, protocol: Any) -> None:
        take, handle = protocol.datagram_received, protocol.transport.get_extra_info("socket")
        stamp(handle)

        def datagram_received(data: bytes, addr: tuple[Any, ...]) -> None:
            self.arrivals.put(data, stamp(handle))
            take(data, addr)

        protocol.datagram_received = datagram_received

    def _arrived(self) -> None:
        self.packets += 1
        self.last_packet = time.monotonic()

    # ------------------------------------------------------------ audio

    def play(self, voice: Voice) -> None:
        """What the agent hears from now on."""
        self._track.voice = voice

    def _listen(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio" and not self._closed:
            self._task = asyncio.get_running_loop().create_task(self._take(track))

    async def _take(self, track: MediaStreamTrack) -> None:
        resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
        rest = b""
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if not isinstance(frame, AudioFrame):
                continue
            if frame.layout.nb_channels == 2 and frame.sample_rate == RATE:
                packed = array("h", bytes(frame.planes[0])[: 4 * frame.samples])
                rest += packed[::2].tobytes()
            else:
                frame.pts = None
                for each in resampler.resample(frame):
                    rest += bytes(each.planes[0])[: 2 * each.samples]
            while len(rest) >= 2 * BLOCK:
                self._blocks.append(rest[: 2 * BLOCK])
                rest = rest[2 * BLOCK :]

    def take(self) -> bytes | None:
        """The next 20 ms from the agent; None when nothing has come in time."""
        if not self._primed and len(self._blocks) < PRIME:
            return None
        self._primed = bool(self._blocks)
        return self._blocks.popleft() if self._primed else None

    @property
    def plenty(self) -> bool:
        """More is waiting than the cushion needs."""
        return len(self._blocks) > PLENTY

    def next_block(self) -> bytes | None:
        """As `take`; what is too late is left out."""
        if self.plenty:
            self.take()
        return self.take()

    def relay(self) -> bytes:
        """The same as a voice, for another leg to play."""
        return self.next_block() or SILENCE

    async def close(self) -> None:
        """Close for good; never raises."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._gathering is not None:
                await asyncio.wait({self._gathering}, timeout=5)
            await asyncio.wait_for(self._pc.close(), 5)
        except Exception:
            log.warning("a leg did not close cleanly", exc_info=True)
        if self._task:
            self._task.cancel()

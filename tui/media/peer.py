"""One peer connection of aiortc, made fit for PBXs. A leg has one, or a new one after an ICE
restart.

Private names of aiortc 1.16 are used here and nowhere else of this room. What they are needed
for: an RTCP BYE or a broken packet must not end the received track, a new SSRC must be heard at
once, a re-offer may change payload number and codec, and numbers have to be read.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
from collections.abc import Callable, Sequence
from typing import Any

from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.jitterbuffer import JitterBuffer
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtp import RtcpByePacket

from tui.media import ice
from tui.media.reception import Reception
from tui.media.tracks import Decoder, SourceTrack, listen

log = logging.getLogger(__name__)

CLOSE_LIMIT = 3.0
"""Seconds that closing may take; what hangs longer is left behind with its sockets shut."""
HELLO_WAIT = 0.5
"""Seconds in which a peer that named no DTLS role may begin the handshake; then we do."""
MAX_STREAMS = 8
"""Streams (SSRC) remembered; more reports than 31 would not fit into one RTCP packet."""


class Peer:
    """One RTCPeerConnection with one audio transceiver.

    `on_state` is told "connecting", "connected", "failed" or "closed"; `heard` gets what comes,
    as 48 kHz mono s16.
    """

    def __init__(
        self,
        track: SourceTrack,
        *,
        servers: Sequence[RTCIceServer],
        loopback: bool,
        direction: str,
        heard: Callable[[bytes], None],
        on_state: Callable[[Peer, str], None],
    ) -> None:
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=list(servers)))
        self.track = track
        self.reception = Reception()
        self.may_turn_server = False
        """The peer named no DTLS role: when it turns out to be the client, be the server."""
        self._heard = heard
        self._on_state = on_state
        self._readers: set[asyncio.Task[None]] = set()
        self._send_codec: Any = None
        self._hello = asyncio.Event()
        self._starting: asyncio.Future[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self.transceiver: Any = self.pc.addTransceiver(track, direction=direction)
        self._dtls: Any = self.transceiver.receiver.transport
        self.ice: Any = self._dtls.transport._connection
        ice.prepare(self.ice, loopback=loopback)
        self.doorman = ice.Doorman(self.ice, self._on_datagram)
        self._make_robust()
        self.pc.on("track", self._on_track)
        self.pc.on("connectionstatechange", self._state_changed)

    # ------------------------------------------------------------ negotiation

    async def set_remote(self, kind: str, sdp: str) -> None:
        """Apply the peer's normalised description."""
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp=sdp, type=kind))
        self._adopt_codecs()

    async def set_local(self, kind: str, sdp: str) -> str:
        """Apply ours; gathers the first time. The description with its candidates."""
        description = RTCSessionDescription(sdp=sdp, type=kind)
        gathering = asyncio.ensure_future(self.pc.setLocalDescription(description))
        try:
            await asyncio.shield(gathering)
        except asyncio.CancelledError:
            # aioice forgets sockets that it has opened when it is stopped half-way: let it end.
            await asyncio.gather(gathering, return_exceptions=True)
            raise
        self.doorman.stand()
        self._adopt_codecs()
        return self.pc.localDescription.sdp

    async def create_offer(self) -> str:
        """aiortc's offer, nothing applied."""
        return (await self.pc.createOffer()).sdp

    async def create_answer(self) -> str:
        """aiortc's answer, nothing applied."""
        return (await self.pc.createAnswer()).sdp

    @property
    def dtls_role(self) -> str:
        """Our `a=setup` in force: "active", "passive", or "" before it is decided."""
        return {"client": "active", "server": "passive"}.get(self._dtls._role, "")

    def _adopt_codecs(self) -> None:
        """Let a running call follow the negotiated codecs: aiortc reads them once, at the start."""
        codecs = self.transceiver._codecs
        if not codecs:
            return
        self.track.codec = codecs[0].name.lower()
        receiver = self.transceiver.receiver
        known = receiver._RTCRtpReceiver__codecs
        if known:
            for codec in codecs:
                known[codec.payloadType] = codec
                table = self._dtls._rtp_router.payload_type_table
                table.setdefault(codec.payloadType, set()).add(receiver)
        used, wanted = self._send_codec, codecs[0]
        if used is None or used is wanted:
            return
        if used.name.lower() != wanted.name.lower():
            self.transceiver.sender._RTCRtpSender__encoder = None
        for name in ("mimeType", "clockRate", "channels", "payloadType", "parameters"):
            setattr(used, name, getattr(wanted, name))

    # ------------------------------------------------------------ robustness

    def _make_robust(self) -> None:
        """Stand between aiortc and what a PBX, a relay or noise may send."""
        sender, receiver, dtls = self.transceiver.sender, self.transceiver.receiver, self._dtls
        rtp, rtcp = receiver._handle_rtp_packet, receiver._handle_rtcp_packet
        sending, reporting = sender.send, receiver._send_rtcp

        async def handle_rtp(packet: Any, arrival_time_ms: int) -> None:
            codec = receiver._RTCRtpReceiver__codecs.get(packet.payload_type)
            if codec is None or not packet.payload:
                return  # telephone-event, comfort noise, an empty packet: nothing for a decoder
            taken, changed = self.reception.take(packet, codec.clockRate)
            if not taken:
                return
            if changed:
                receiver._RTCRtpReceiver__jitter_buffer = JitterBuffer(capacity=16, prefetch=4)
            await rtp(packet, arrival_time_ms=arrival_time_ms)
            streams = receiver._RTCRtpReceiver__remote_streams
            while len(streams) > MAX_STREAMS:
                streams.pop(next(iter(streams)))

        async def handle_rtcp(packet: Any) -> None:
            if not isinstance(packet, RtcpByePacket):
                await rtcp(packet)

        async def send_rtcp(packet: Any) -> None:
            # A report that cannot be written would end the reporting task, and with it close().
            try:
                await reporting(packet)
            except Exception:
                log.debug("an RTCP report was left out", exc_info=True)

        async def send(parameters: Any) -> None:
            if self._send_codec is None:
                self._send_codec = parameters.codecs[0]
            await sending(parameters)

        starting = dtls.start

        async def wait_and_start(parameters: Any) -> None:
            if self.may_turn_server and dtls._role == "client":
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._hello.wait(), HELLO_WAIT)
                if self._hello.is_set():
                    dtls._role = "server"
            await starting(parameters)

        async def start(parameters: Any) -> None:
            if self._starting is None:
                self._starting = asyncio.ensure_future(wait_and_start(parameters))
                self._starting.add_done_callback(_noted)
            await asyncio.shield(self._starting)

        dtls.start = start
        receiver._RTCRtpReceiver__decoder_queue = _InPlace(self._heard)
        receiver._handle_rtp_packet = handle_rtp
        receiver._handle_rtcp_packet = handle_rtcp
        receiver._send_rtcp = send_rtcp
        sender.send = send
        for name in ("_handle_rtp_data", "_handle_rtcp_data"):
            setattr(dtls, name, _quiet(getattr(dtls, name)))

    def _on_datagram(self, data: bytes) -> None:
        """Notice a ClientHello although we are the client: the peer named no role in its offer,
        and took RFC 4145's default."""
        if self.may_turn_server and len(data) > 13 and data[0] == 22 and data[13] == 1:
            self._hello.set()

    # ------------------------------------------------------------ events

    def _on_track(self, track: MediaStreamTrack) -> None:
        task = asyncio.ensure_future(listen(track, self._heard))
        self._readers.add(task)
        task.add_done_callback(self._readers.discard)

    def _state_changed(self) -> None:
        self._on_state(self, self.pc.connectionState)

    # ------------------------------------------------------------ numbers

    @property
    def packets_sent(self) -> int:
        """RTP packets sent."""
        return int(self.transceiver.sender._RTCRtpSender__packet_count)

    @property
    def rtt(self) -> float | None:
        """Round trip in seconds from the peer's reports; None before the first."""
        value: float | None = self.transceiver.sender._RTCRtpSender__rtt
        return value

    @property
    def waiting(self) -> int:
        """Decoded frames that nobody has read yet."""
        track = self.transceiver.receiver.track
        return 0 if track is None else int(track._queue.qsize())

    # ------------------------------------------------------------ end

    async def close(self) -> None:
        """Close within CLOSE_LIMIT, whatever aiortc does."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        self.pc.remove_all_listeners()
        # The connection first, the tracks after: the other order can hang.
        closing = asyncio.ensure_future(self.pc.close())
        done, _ = await asyncio.wait({closing}, timeout=CLOSE_LIMIT)
        if not done:
            log.warning("aiortc did not close in time")
            closing.cancel()
            for protocol in list(self.ice._protocols):
                protocol.transport.close()
        elif (problem := closing.exception()) is not None:
            log.warning("aiortc failed to close: %s", type(problem).__name__)
        self.track.stop()
        left: set[asyncio.Future[None]] = {*self._readers}
        if self._starting is not None:
            left.add(self._starting)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=0.5)


class _InPlace(queue.SimpleQueue[Any]):
    """The queue to aiortc's decoder thread, with a short cut: opus is decoded at once, which
    takes less than the way to the thread and back. Other codecs, and the end, go to the thread.
    """

    def __init__(self, heard: Callable[[bytes], None]) -> None:
        super().__init__()
        self._heard = heard
        self._decoder = Decoder()

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Take what aiortc gives its decoder: a codec and a frame, or None at the end."""
        if item is None or item[0].name.lower() != "opus":
            super().put(item)
        elif pcm := self._decoder.decode(item[1].data):
            self._heard(pcm)


def _noted(task: asyncio.Future[None]) -> None:
    """Look at how a task ended, so that the loop does not complain that nobody did."""
    if not task.cancelled() and (problem := task.exception()) is not None:
        log.warning("DTLS did not start: %s", type(problem).__name__)


def _quiet(handler: Callable[..., Any]) -> Callable[..., Any]:
    """The handler, with whatever it raises for one packet logged instead: an exception here
    would end the transport."""

    async def guarded(*args: Any, **named: Any) -> None:
        try:
            await handler(*args, **named)
        except Exception as problem:
            log.debug("a packet was left out: %s", type(problem).__name__)

    return guarded

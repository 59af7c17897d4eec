"""The ticks of a call: two paces of 20 ms on one timer.

At a tick of speaking the source is read, encoded, protected and sent. At one of listening the
socket is drained, what came is unprotected and fed to the playout, and that is read and written to
the sink. The ticks of listening lean after the packets, so that these wait for none of them
(`Playout.lean`). Those of speaking keep to the clock: if they leaned too, our packets would come
to the peer ever later or earlier, and two peers that lean would run after one another. Where
listening has found its place they come there slowly (`SlowFollower`).
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping

from tui.media.gc_pause import GC_PAUSE
from tui.media.pcm.levels import FRAME, SILENCE, SPOKEN, TICK, Meter, rms
from tui.media.pcm.sinks import Sink
from tui.media.pcm.sources import Source
from tui.media.rtp import rtcp
from tui.media.rtp.pace import SlowFollower, TickPace
from tui.media.rtp.packet import is_rtcp
from tui.media.rtp.received_stream import ReceivedStream
from tui.media.rtp.sent_stream import SentStream
from tui.media.rtp.statistics import Statistics
from tui.media.sdp.direction import Direction
from tui.media.sdp.negotiation import Agreement
from tui.media.sdp.parse import Codec
from tui.media.transport.connection import MediaConnection
from tui.media.transport.ice_transport import Address, IceTransport
from tui.media.transport.srtp import Srtp

log = logging.getLogger(__name__)

FIRST_REPORT = 0.3
"""Seconds until the first RTCP report; then one about every second."""


class RtpSession:
    """Carries one leg's sound over the connection in force."""

    def __init__(
        self,
        source: Source,
        sink: Sink,
        *,
        on_key: Callable[[str], None],
        dtx: bool = False,
        rng: random.Random | None = None,
    ) -> None:
        self.source, self.sink = source, sink
        self.muted = False
        self.held = False
        self.sends = True
        self.hears = True
        """What is negotiated."""
        self.sent = SentStream(dtx=dtx, rng=rng)
        self.received = ReceivedStream(on_key)
        self.connection: MediaConnection | None = None
        self._ice: IceTransport
        self._srtp: Srtp
        self.decrypted = False
        """Whether a packet of the peer's has been decrypted over the connection in force."""
        self.you, self.them, self.microphone = Meter(), Meter(), Meter(alive=SPOKEN)
        self.cname = f"{self.sent.ssrc:08x}"
        self._rng = rng or random.SystemRandom()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._speaking = self._listening = TickPace(0.0)
        self._follower = SlowFollower()
        self._next_report = 0.0
        self._reported = 0
        self._epoch = time.time() - time.monotonic()
        self._rtt: float | None = None
        self._remote_loss = 0.0
        self._highest = -1
        self._confirmed = 0.0
        self._last_told = 0.0
        self._dropped = 0
        self._complained: set[str] = set()

    def adopt(
        self, agreement: Agreement, formats: Mapping[int, Codec], direction: Direction
    ) -> None:
        """What both sides have agreed on: from the next tick on."""
        self.sent.adopt(agreement)
        self.received.adopt(formats)
        self.sends = direction.sends
        self.hears = direction.hears

    def carry(self, connection: MediaConnection) -> None:
        """This connection, which is up, is the one in force from now on."""
        if self.connection is not connection:
            if (old := self.connection) is not None:
                self._dropped += old.ice.dropped
                if old.association is not connection.association:
                    self._dropped += old.association.srtp().noise
            self.connection, self._ice = connection, connection.ice
            self._srtp = connection.association.srtp()
            self.decrypted = False
        if self._timer is None:
            self._loop = asyncio.get_running_loop()
            now = self._loop.time()
            if self._speaking.due:  # it stood still, and time did not
                self.sent.skip(int((now - self._speaking.due) / TICK))
            self._speaking, self._listening = TickPace(now), TickPace(now)
            self._next_report = now + FIRST_REPORT
            GC_PAUSE.begin()
            self._timer = self._loop.call_soon(self._tick)  # type: ignore[assignment]

    def stop(self) -> None:
        """No tick any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            GC_PAUSE.end()

    # ------------------------------------------------------------ the tick

    def _tick(self) -> None:
        assert self._loop is not None  # the timer is its own
        now = self._loop.time()
        speak, left_out = self._speaking.passed(now)
        listen, _ = self._listening.passed(now)
        if listen:
            leant = self.received.playout.lean() if self.hears else 0.0
            self._listening.move(leant)
            self._follower.follow(self._speaking, self._listening, ticks=listen, leant=leant != 0.0)
        due = min(self._speaking.due, self._listening.due)
        self._timer = self._loop.call_at(due, self._tick)
        try:
            if left_out:
                self.sent.skip(left_out)
            for _ in range(speak):
                self._say(now)
            if listen:
                self._take()
            for _ in range(listen):
                self._hear(now)
            if now >= self._next_report:
                self._next_report = now + self._rng.uniform(0.8, 1.2)
                self._report(now)
        except Exception:
            self._complain("tick", "a tick failed; the call goes on")

    def _say(self, now: float) -> None:
        if not self.sends:
            self.sent.skip(1)
            return
        pcm = SILENCE if self.held else self._block(now)
        for packet in self.sent.tick(pcm):
            self._ice.send(self._srtp.protect(packet))

    def _block(self, now: float) -> bytes:
        try:
            pcm = self.source.read(FRAME)
        except Exception:
            self._complain("source", "the source failed; silence is sent")
            pcm = SILENCE
        if len(pcm) != len(SILENCE):
            pcm = SILENCE
        level = rms(pcm)
        self.microphone.put(level, now)
        if self.muted:  # read all the same: it must not be sent later
            pcm, level = SILENCE, 0.0
        self.you.put(level, now)
        return pcm

    def _take(self) -> None:
        for data, arrival in self._ice.drain():
            control = is_rtcp(data)
            packet = self._srtp.unprotect(data, rtcp=control)
            if packet is None:
                continue
            self.decrypted = True
            if control:
                self._told(packet, arrival)
            else:
                self.received.take(packet, arrival, heard=self.hears)

    def _hear(self, now: float) -> None:
        if not self.hears:
            return
        pcm = self.received.playout.read(now)
        if self.held:
            return
        self.them.feed(pcm, now)
        try:
            self.sink.write(pcm)
        except Exception:
            self._complain("sink", "the sink failed; the call goes on")

    def _complain(self, what: str, text: str) -> None:
        """Say it once: it would come fifty times a second."""
        if what not in self._complained:
            self._complained.add(what)
            log.exception(text)

    # ------------------------------------------------------------ reports

    def _report(self, now: float) -> None:
        out = self.sent
        sent = None
        if out.packets != self._reported:
            sent = rtcp.SenderInfo(out.timestamp, out.packets, out.octets)
            self._reported = out.packets
        stamp = rtcp.ntp(self._epoch + now)
        block = self.received.receiver_report.block(now)
        packet = rtcp.compose(out.ssrc, self.cname, stamp, sent, block)
        self._ice.send(self._srtp.protect_rtcp(packet))

    def _told(self, data: bytes, now: float) -> None:
        for report in rtcp.parse(data):
            if report.middle is not None:
                self.received.receiver_report.reported(report.ssrc, report.middle, now)
            ours = [block for block in report.blocks if block.ssrc == self.sent.ssrc]
            if ours or not report.blocks:  # one about others alone says nothing of us
                self._last_told = now
                self._confirmed = self._confirmed or now
            for block in ours:
                self._remote_loss = block.lost / 256
                if block.highest != self._highest:
                    self._highest, self._confirmed = block.highest, now
                self.sent.report_loss(self._remote_loss)
                if block.last:
                    here = rtcp.middle(rtcp.ntp(self._epoch + now))
                    trip = (here - block.last - block.delay) & 0xFFFFFFFF
                    if trip < 60 * 65536:
                        self._rtt = trip / 65536

    # ------------------------------------------------------------ numbers

    @property
    def local_address(self) -> Address | None:
        """Our end of the nominated pair."""
        return None if self.connection is None else self.connection.ice.local

    @property
    def remote_address(self) -> Address | None:
        """The peer's end of the nominated pair."""
        return None if self.connection is None else self.connection.ice.remote

    def statistics(self, connection: MediaConnection | None) -> Statistics:
        """The numbers until now; `connection` is the one being set up, before there is one in
        force."""
        now = time.monotonic()
        heard = self.received.playout.figures
        receiver_report = self.received.receiver_report
        current = self.connection or connection

        def since(then: float) -> float | None:
            return now - then if then else None

        return Statistics(
            sent=self.sent.packets,
            received=receiver_report.packets,
            lost=receiver_report.lost,
            jitter=receiver_report.jitter * 1000,
            rtt=None if self._rtt is None else self._rtt * 1000,
            dropped=self._dropped + (0 if current is None else current.dropped),
            repaired=heard.repaired / max(1, heard.played),
            concealed=heard.concealed / max(1, heard.played),
            delay=heard.delay * 1000,
            remote_loss=self._remote_loss,
            codec=self.sent.codec,
            silence_in=since(self.them.audible),
            silence_out=since(self.microphone.audible),
            unheard=self._last_told - self._confirmed if self._last_told else None,
            last_packet_age=since(receiver_report.last),
            path_age=None if current is None else since(current.ice.heard_at),
            failures=0 if current is None else current.ice.failures,
        )

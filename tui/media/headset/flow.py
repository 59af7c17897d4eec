"""The voice on the headset's wire, each way: what is sent of it, and when what came is heard.

A tunnel of SSH is TCP. When the line stalls it keeps everything, and brings it later: sound that
nobody wants any more. So the sender counts what is under way (`Voice.heard`), and sends nothing new
while the oldest of it is overdue; and the receiver leaves out what came too late to be waited
for, before the playout hears of it and takes the line for a slow one. What came a little late the
playout sees to, as in a call.

No I/O, no clock of its own: seconds, monotonic, are arguments.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from tui.media.codec.codecs import decoder, encoder
from tui.media.headset.wire import UNHEARD, HeardUpTo, VoicePacket, ahead
from tui.media.jitter.playout import Playout, PlayoutFigures, RtpPacket
from tui.media.pcm.levels import FRAME, RATE, SILENT, TICK, rms

BIT_RATE: Final = 20_000
"""Of the voice, while somebody speaks. SSH and the frame add 17 kbit/s to each direction at 50
packets a second, and both directions together are to stay below 80."""
OVERDUE: Final = 0.4
"""Seconds, beyond the quickest round trip, after which a packet that is not told of as heard
stops the sending."""
TELL_EVERY: Final = 0.2
"""Seconds after which what has come is told of, where no voice goes back that would say it."""
TOO_LATE: Final = 0.24
"""Seconds beyond the quickest packet: what is later is not heard."""
WORTH: Final = RATE * 5 // 2
"""What waiting for a late packet is worth, in samples: half of what it is in a call. Nothing is
lost on the way, and a line that has become quick again is to be heard so within seconds."""
WINDOW: Final = 5.0
"""The quickest packet is looked for in the last one to two of these, since clocks drift."""
SLOWER: Final = 1.0
"""When all that came in so many seconds was too late, the line is a slower one from now on."""
LOUD: Final = 0.01
"""A level (0..1) from which nothing is taken for silence."""
NOISE: Final = 2.0
"""Up to so many times the noise of the room it is silence."""
RISE: Final = 1.01
"""By which the noise of the room is taken to grow with each packet, until there is less."""
SMOOTH: Final = 16
"""Packets of silence over which the loudness of the room is a mean."""
HANGOVER: Final = 10
"""Packets of silence that are sent after a word."""
REFRESH: Final = 1500
"""After them one in so many is sent: far fewer than would let a position go round unseen. That this
end is there is told by pings; a packet of noise now and then would only tick in the ear."""
_UNDER_WAY: Final = 512
_PAYLOAD: Final = 111
_SSRC: Final = 1


class VoiceOut:
    """One direction, at the end that speaks."""

    def __init__(self) -> None:
        self.left_out = 0
        """Packets that were not sent, since the line had not taken those before."""
        self.room = 0.0
        """How loud (0..1) it is here of late while nobody speaks."""
        self._encoder = encoder("opus", fmtp={"maxaveragebitrate": str(BIT_RATE)}, packet_loss=0)
        self._noise = LOUD
        self._silent = 0
        self._number = 0
        self._position = 0
        self._under_way: deque[tuple[int, float]] = deque()
        self._quickest: float | None = None

    def packet(
        self, pcm: bytes, now: float, heard: int, *, full: bool = False
    ) -> VoicePacket | None:
        """20 ms of voice as what is to be sent; None where nothing is. `full`: the stream has not
        even taken what it was given before."""
        position, self._position = self._position, (self._position + 1) & 0xFFFF
        if self._is_silence(pcm):
            return None
        payload = self._encoder.encode(pcm)
        number, self._number = self._number, (self._number + 1) & 0xFFFF
        if full or self.overdue(now) or len(self._under_way) >= _UNDER_WAY:
            self.left_out += 1
            return None
        self._under_way.append((number, now))
        return VoicePacket(heard, number, position, payload)

    def _is_silence(self, pcm: bytes) -> bool:
        """Whether it need not be sent. Not left to opus: it takes a steady tone for silence, and
        the noise of a plain microphone not."""
        level = rms(pcm)
        self._noise = min(max(level, SILENT), self._noise * RISE, LOUD / NOISE)
        if level >= LOUD or level > self._noise * NOISE:
            self._silent = 0
            return False
        self._silent += 1
        self.room += (level - self.room) / SMOOTH
        return self._silent > HANGOVER and (self._silent - HANGOVER) % REFRESH != 0

    def skip(self, ticks: int) -> None:
        """Time passed in which nothing was read: as if it had been silence."""
        self._position = (self._position + ticks) & 0xFFFF

    def overdue(self, now: float) -> bool:
        """Whether what was sent has not come in its time."""
        if not self._under_way:
            return False
        return now - self._under_way[0][1] > (self._quickest or 0.0) + OVERDUE

    def heard(self, number: int, now: float) -> None:
        """The other end has everything up to that number."""
        under_way = self._under_way
        while under_way and ahead(number, under_way[0][0]) >= 0:
            took = now - under_way.popleft()[1]
            if self._quickest is None or took < self._quickest:
                self._quickest = took


class VoiceIn:
    """One direction, at the end that listens."""

    def __init__(self) -> None:
        self.last = UNHEARD
        """The last number that came."""
        self.too_late = 0
        """Packets that were left out since they came too late."""
        self.playout = Playout(lambda _: decoder("opus"), worth=WORTH)
        self._position: int | None = None
        self._quick = [float("inf"), float("inf")]
        self._turned = 0.0
        self._late_since: float | None = None
        self._late_least = float("inf")
        self._owes = False
        self._told_at = 0.0

    @property
    def figures(self) -> PlayoutFigures:
        """What went on in its playout since the beginning."""
        return self.playout.figures

    def take(self, packet: VoicePacket, now: float) -> None:
        """One that came."""
        self.last, self._owes = packet.number, True
        if self._position is None:
            self._position = packet.position
        else:
            self._position += ahead(packet.position, self._position & 0xFFFF)
        if self._is_too_late(now - self._position * TICK, now):
            self.too_late += 1
            return
        timestamp = self._position * FRAME & 0xFFFFFFFF
        self.playout.receive(
            RtpPacket(packet.number, timestamp, _PAYLOAD, False, _SSRC, packet.payload), now
        )

    def _is_too_late(self, lateness: float, now: float) -> bool:
        if now - self._turned > WINDOW:
            self._quick = [self._quick[1], lateness]
            self._turned = now
        least = min(self._quick)
        if lateness <= least + TOO_LATE:
            self._quick[1] = min(self._quick[1], lateness)
            self._late_since = None
            return False
        if self._late_since is None:
            self._late_since, self._late_least = now, lateness
        self._late_least = min(self._late_least, lateness)
        if now - self._late_since < SLOWER:
            return True
        self._quick = [self._late_least, self._late_least]
        self._turned, self._late_since = now, None
        return lateness > self._late_least + TOO_LATE

    def read(self, now: float) -> bytes:
        """The next 20 ms; silence where there is nothing."""
        return self.playout.read(now)

    def told(self, now: float) -> int:
        """What a packet of voice that goes back is to say."""
        self._owes, self._told_at = False, now
        return self.last

    def to_tell(self, now: float) -> HeardUpTo | None:
        """What is to be told by itself, since no voice goes back."""
        if not self._owes or now - self._told_at < TELL_EVERY:
            return None
        return HeardUpTo(self.told(now))

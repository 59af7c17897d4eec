"""What a receiver's report says of the stream that comes (RFC 3550 §6.4, A.1, A.3, A.8).

A PBX changes the SSRC on a transfer and for music on hold: a new one is counted from its first
packet on, and what was lost of the others stays counted.
"""

from __future__ import annotations

from tui.media.rtp.rtcp import ReportBlock

MAX_GAP = 1000
"""A jump of the sequence by more is a restart, not a loss."""


class ReceiverReport:
    """Counts packets of one leg; `lost` and `packets` over all its streams."""

    def __init__(self) -> None:
        self.packets = 0
        self.last = 0.0
        """When the last one came; 0 = never."""
        self._past_lost = 0
        self._ssrc: int | None = None
        self._first = self._highest = self._received = 0
        self._timestamp = 0
        self._rate = 48_000
        self._jitter = 0.0
        self._sounding = False
        """The last packet was sound: the next one can be told early or late by it."""
        self._said = (0, 0)
        self._report = (0, 0.0)

    @property
    def lost(self) -> int:
        """Packets that are missing now; one that comes late is taken off again."""
        return self._past_lost + max(0, self._missing)

    @property
    def jitter(self) -> float:
        """Inter-arrival jitter (§6.4.1) in seconds."""
        return self._jitter / self._rate

    @property
    def _missing(self) -> int:
        return 0 if self._ssrc is None else self._highest - self._first + 1 - self._received

    def take(self, ssrc: int, sequence: int, timestamp: int, rate: int, arrival: float) -> None:
        """One packet of sound that has come at `arrival` (seconds, monotonic)."""
        self._take(ssrc, sequence, timestamp, rate, arrival)

    def pass_by(self, ssrc: int, sequence: int, arrival: float) -> None:
        """A packet of a stream that is no sound (a key): it has a place in the sequence, and no
        place in time. Those of unknown streams say nothing."""
        if ssrc == self._ssrc:
            self._take(ssrc, sequence, self._timestamp, 0, arrival)

    def _take(self, ssrc: int, sequence: int, timestamp: int, rate: int, arrival: float) -> None:
        self.packets += 1
        if ssrc != self._ssrc:
            self._begin(ssrc, sequence, timestamp, rate, arrival)
            return
        # §A.1: the extended highest number, and what is far away begins anew.
        step = (sequence - self._highest) & 0xFFFF
        if step >= 0x8000:  # late after all, or twice
            if 0x10000 - step < MAX_GAP:
                self._received += self._missing > 0
                return
            self._begin(ssrc, sequence, timestamp, rate, arrival)
            return
        if step > MAX_GAP:
            self._begin(ssrc, sequence, timestamp, rate, arrival)
            return
        if step:
            self._received += 1
            self._highest += step
            if rate and self._sounding and rate == self._rate:
                # §A.8: a sixteenth of each difference in transit.
                moved = ((timestamp - self._timestamp + 2**31) & 0xFFFFFFFF) - 2**31
                late = abs((arrival - self.last) * rate - moved)
                if late < rate:  # a second and more is a pause, not jitter
                    self._jitter += (late - self._jitter) / 16
        self._sounding = rate > 0
        self.last = arrival
        if rate:
            self._timestamp, self._rate = timestamp, rate

    def _begin(self, ssrc: int, sequence: int, timestamp: int, rate: int, arrival: float) -> None:
        self._past_lost = self.lost
        if ssrc != self._ssrc:
            self._report = (0, 0.0)
        self._ssrc, self._first, self._highest, self._received = ssrc, sequence, sequence, 1
        self._timestamp, self._rate, self.last = timestamp, rate or self._rate, arrival
        self._sounding = rate > 0
        self._said = (0, 0)

    def reported(self, ssrc: int, middle: int, now: float) -> None:
        """A sender report of that stream has come: our next one repeats its time."""
        if ssrc == self._ssrc:
            self._report = (middle, now)

    def block(self, now: float) -> ReportBlock | None:
        """What to report; None before the first packet."""
        if self._ssrc is None:
            return None
        # §A.3: what was lost since the last report, as a fraction of 256.
        expected = self._highest - self._first + 1
        before, received = self._said
        self._said = (expected, self._received)
        due, came = expected - before, self._received - received
        share = 0 if due <= 0 or came >= due else (due - came) * 256 // due
        middle, at = self._report
        return ReportBlock(
            ssrc=self._ssrc,
            lost=min(255, share),
            total=expected - self._received,
            highest=self._highest,
            jitter=int(self._jitter),
            last=middle,
            delay=max(0, min(int((now - at) * 65536), 0xFFFFFFFF)) if middle else 0,
        )

"""Counting what arrives, and telling the stream that is heard from one that is over.

A PBX changes the SSRC on a transfer and for music on hold, and comes back to the old one.
Packets of the stream just left may still be under way; mixed into the new one they would throw
its order into confusion.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

RETIRED = 0.3
"""Seconds for which late packets of the stream that was left are dropped."""
MAX_GAP = 1000
"""A jump of the sequence by more is a restart, not a loss."""


class Reception:
    """Statistics of RFC 3550 over all streams of a leg, and the choice of the one heard."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.packets = 0
        self.lost = 0
        """Packets that are missing now; one that comes late is taken off again."""
        self._clock = clock
        self._ssrc: int | None = None
        self._left: int | None = None
        self._left_at = 0.0
        self._highest = 0
        self._timestamp = 0
        self._arrival = 0.0
        self._jitter = 0.0
        self._rate = 48_000

    @property
    def jitter(self) -> float:
        """Inter-arrival jitter (RFC 3550 §6.4.1) in seconds, by the monotonic clock."""
        return self._jitter / self._rate

    def take(self, packet: Any, rate: int) -> tuple[bool, bool]:
        """Whether the packet is to be heard, and whether it begins another stream."""
        now = self._clock()
        ssrc = packet.ssrc
        if ssrc == self._left and now - self._left_at < RETIRED:
            return False, False
        self.packets += 1
        if ssrc != self._ssrc:
            changed = self._ssrc is not None
            self._left, self._left_at = self._ssrc, now
            self._ssrc, self._rate = ssrc, rate
            self._highest, self._timestamp = packet.sequence_number, packet.timestamp
            self._arrival = now
            return True, changed
        step = (packet.sequence_number - self._highest) & 0xFFFF
        if step >= 0x8000:
            self.lost = max(0, self.lost - 1)  # late after all, or twice
            return True, False
        if step > MAX_GAP or rate != self._rate:
            self._rate = rate
        elif step:
            self.lost += step - 1
            moved = ((packet.timestamp - self._timestamp + 2**31) & 0xFFFFFFFF) - 2**31
            late = abs((now - self._arrival) * rate - moved)
            if late < rate:  # a second and more is a pause, not jitter
                self._jitter += (late - self._jitter) / 16
        self._highest, self._timestamp = packet.sequence_number, packet.timestamp
        self._arrival = now
        return True, False

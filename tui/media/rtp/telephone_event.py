"""telephone-event (RFC 4733): keys sent and keys heard. No clock, no I/O: one call per 20 ms.

An event keeps the timestamp of its beginning, its duration grows with each packet, the marker
is on the first packet only, and the end is said three times. Sequence and SSRC are the audio's.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from tui.media.pcm.levels import TICK

KEYS = "0123456789*#ABCD"
VOLUME = 10
"""Of the tone, in dBm0 below zero."""
ENDS = 3
"""How often the end is said (§2.5.1.4)."""
SHORTEST = 0.04
"""Seconds; shorter tones are not recognised everywhere."""
GAP = 0.1
"""Seconds of audio between two events."""
MAX_WAITING = 64
"""Keys in the queue; more are refused."""
_PAYLOAD = struct.Struct("!BBH")


@dataclass(slots=True)
class _Event:
    code: int
    ticks: int
    timestamp: int = 0
    done: int = 0


class TelephoneEventSender:
    """The row of keys still to be sent."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, float]] = deque()
        self._now: _Event | None = None
        self._gap = 0

    @property
    def busy(self) -> bool:
        """Whether a key is being sent or waits."""
        return self._now is not None or bool(self._waiting)

    def add(self, key: str, duration: float) -> None:
        """Queue one key, for `duration` seconds, `SHORTEST` at least. ValueError for no key, or
        when too many wait."""
        code = KEYS.find(key.upper()) if len(key) == 1 else -1
        if code < 0:
            raise ValueError("a key is one of 0-9 * # A B C D")
        if len(self._waiting) >= MAX_WAITING:
            raise ValueError("too many keys wait")
        self._waiting.append((code, max(SHORTEST, duration)))

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
        self._now = None

    def tick(self, timestamp: int, clock: int) -> tuple[bool, int, bytes] | None:
        """Marker, timestamp and payload of this tick's packet; None when it is the audio's
        turn. `timestamp` is where the audio stands, `clock` the event's (Hz)."""
        if self._now is None:
            if self._gap:
                self._gap -= 1
                return None
            if not self._waiting:
                return None
            code, duration = self._waiting.popleft()
            most = min(duration, 0xFFFF / clock)  # no longer than one packet can say
            self._now = _Event(code, max(2, int(most / TICK)), timestamp)
        event = self._now
        event.done += 1
        last = event.done >= event.ticks
        length = min(event.done, event.ticks) * int(clock * TICK)
        payload = _PAYLOAD.pack(event.code, VOLUME | (0x80 if last else 0), length)
        if event.done >= event.ticks + ENDS - 1:
            self._now, self._gap = None, round(GAP / TICK)
        return event.done == 1, event.timestamp, payload


class TelephoneEventReceiver:
    """Tells each key once, whatever is lost, repeated or broken on the way."""

    def __init__(self, on_key: Callable[[str], None]) -> None:
        self._on_key = on_key
        self._known: deque[tuple[int, int]] = deque(maxlen=16)
        self._last: tuple[int, int, int, int, bool] | None = None
        """Source, timestamp, duration and code of the last packet, and whether it was an end."""

    def take(self, ssrc: int, timestamp: int, marker: bool, payload: bytes) -> None:
        """One packet. Never raises."""
        if len(payload) < 4:
            return
        code, flags, duration = _PAYLOAD.unpack_from(payload)
        if code >= len(KEYS):
            return
        ended = bool(flags & 0x80)
        known = (ssrc, timestamp) in self._known
        goes_on = not known and not marker and self._goes_on(ssrc, timestamp, duration, code, ended)
        if not known:
            self._known.append((ssrc, timestamp))
        self._last = ssrc, timestamp, duration, code, ended
        if not known and not goes_on:
            self._on_key(KEYS[code])

    def _goes_on(self, ssrc: int, timestamp: int, duration: int, code: int, ended: bool) -> bool:
        """Whether a packet of a new timestamp is still of the tone before it."""
        if self._last is None:
            return False
        source, began, long, key, over = self._last
        if source != ssrc or key != code:
            return False
        ran = (timestamp - began) & 0xFFFFFFFF
        if not over and long > 0x8000 and (ran - long) & 0xFFFFFFFF < 0x2000:
            return True  # a long one in segments (§2.5.1.3): the next begins where the last ended
        # Some let the timestamp run on inside of a tone, where it has to stand still (§2.5.1.2).
        return ran < duration and (ended or not over) and duration >= long

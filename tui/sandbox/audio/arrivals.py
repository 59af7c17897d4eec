"""How late an agent's packets came, whatever this process was doing then: the kernel stamps each as
it comes, and the packet itself says at which instant of the sound it belongs (RFC 3550 §5.1).
"""

from __future__ import annotations

import fcntl
import struct
import sys
import time
from collections import deque
from typing import Final, Protocol

KEPT: Final = 6_000
"""Packets of which it is known: two minutes."""
MOVES: Final = 0.001
"""Seconds by which a stream may move in a second of sound: no two clocks are the same. One that
stays late has moved, in time."""
_SIOCGSTAMP: Final = 0x8906 if sys.platform == "linux" else 0  # in no module of Python's
_TIMEVAL: Final = struct.Struct("@ll")
_TIMESTAMP_AND_SSRC: Final = struct.Struct("!LL")
_HEADER: Final = 12


class Handle(Protocol):
    """What has a file descriptor."""

    def fileno(self) -> int: ...


def stamp(handle: Handle) -> float:
    """When the datagram that was read last from this socket came (seconds, wall clock); now, where
    the system does not say. The first time it asks the system to note it."""
    if _SIOCGSTAMP:
        try:
            found = fcntl.ioctl(handle.fileno(), _SIOCGSTAMP, bytes(_TIMEVAL.size))
        except OSError:  # nothing has come since it was asked to
            return time.time()
        seconds, micro = _TIMEVAL.unpack(found)
        return float(seconds + micro / 1e6)
    return time.time()


class Arrivals:
    """Of one leg. `clocks`: the payload types that are sound, with the clock rate of each."""

    def __init__(self) -> None:
        self.clocks: dict[int, int] = {}
        self._late: deque[tuple[float, float]] = deque(maxlen=KEPT)
        self._in_time = 0.0
        self._stream: tuple[int, int] | None = None
        self._timestamp = 0
        self._said = 0.0

    def put(self, data: bytes, at: float) -> None:
        """A datagram that came at `at` (seconds). What is no sound is left out."""
        if len(data) < _HEADER or not 128 <= data[0] <= 191:  # RFC 7983 §7
            return
        payload = data[1] & 0x7F
        clock = self.clocks.get(payload)
        if clock is None:
            return
        timestamp, ssrc = _TIMESTAMP_AND_SSRC.unpack_from(data, 4)
        if (ssrc, payload) != self._stream:
            self._stream, self._timestamp = (ssrc, payload), timestamp
            self._in_time = at - self._said
        sound = ((timestamp - self._timestamp + 2**31) % 2**32 - 2**31) / clock
        self._timestamp = timestamp
        self._said += sound
        behind = at - self._said
        self._in_time = min(behind, self._in_time + max(0.0, sound) * MOVES)
        self._late.append((at, behind - self._in_time))

    def late(self, since: float) -> list[float]:
        """How late (seconds) each packet since then came, the oldest first."""
        return [late for at, late in self._late if at >= since]

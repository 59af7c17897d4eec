"""The bounded ring between PortAudio's callback thread and the event loop.

One thread writes, another reads; neither ever waits for the other for longer than it takes to
copy 20 ms. What is too much is dropped from the old end, so that a delay cannot grow.
"""

from __future__ import annotations

import threading


class RingBuffer:
    """Bytes in, bytes out. When more than `most` wait, the oldest go until `keep` are left:
    one audible skip instead of a delay for the rest of the call. With `prime` nothing is given
    before that much waits, at the start and each time the ring has run dry: so that writer and
    reader, 20 ms apart, do not trip over each other with every block."""

    def __init__(self, most: int, keep: int, prime: int = 0) -> None:
        if not 0 < keep <= most or prime > keep or keep % 2 or most % 2:
            raise ValueError("a ring holds whole samples, and keeps no more than it holds")
        self.dropped = 0
        """Bytes that were too much."""
        self.missing = 0
        """Bytes that were asked for and not there."""
        self._most, self._keep, self._prime = most, keep, prime
        self._dry = True
        self._data = bytearray()
        self._lock = threading.Lock()

    def write(self, data: bytes) -> None:
        """Append whole samples."""
        with self._lock:
            self._data += data
            if len(self._data) > self._most:
                excess = len(self._data) - self._keep
                del self._data[:excess]
                self.dropped += excess

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes; zeros for what is not there."""
        with self._lock:
            if self._dry and len(self._data) < self._prime:
                self.missing += size
                return bytes(size)
            found = bytes(self._data[:size])
            del self._data[:size]
            lack = size - len(found)
            self._dry = lack > 0
            self.missing += lack
        return found + bytes(lack) if lack else found

    def clear(self) -> None:
        """Forget what waits."""
        with self._lock:
            self._data.clear()
            self._dry = True

    def __len__(self) -> int:
        return len(self._data)

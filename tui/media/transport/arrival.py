"""When a datagram came, by the kernel's own stamp: a socket that is read once per tick would
otherwise say so to 20 ms."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import time
from collections.abc import Sequence
from typing import Any, Final

_TIMESTAMPNS: Final = 35 if sys.platform == "linux" else 0  # not in `socket`
_TIME = struct.Struct("@ll")
NOTES: Final = 64
"""Bytes of room for the stamp, for `recvmsg`."""


def ask_for_stamps(handle: Any) -> None:
    """Have the kernel stamp what comes to a socket, where it can."""
    if _TIMESTAMPNS and handle is not None:
        with contextlib.suppress(OSError):
            handle.setsockopt(socket.SOL_SOCKET, _TIMESTAMPNS, 1)


def arrival(notes: Sequence[tuple[int, int, bytes]]) -> float:
    """When it came (seconds, monotonic), from what `recvmsg` gave beside it; else now."""
    now = time.monotonic()
    if not notes or len(notes[0][2]) < _TIME.size:
        return now
    seconds, nano = _TIME.unpack_from(notes[0][2])
    # The stamp is wall-clock time, which may be set meanwhile: never ahead, nor long ago.
    ago: float = time.time() - seconds - nano / 1e9
    return now - min(1.0, max(0.0, ago))

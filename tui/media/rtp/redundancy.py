"""Redundant audio (RFC 2198): packets that hold copies of those before them, read and written.
Bytes in, blocks out, nothing kept; what a peer sends is believed in nothing.

A packet is a row of headers, the last of one byte, and the blocks behind them:

    1 | number (7) | timestamp offset (14) | length (10)      a copy, oldest first
    0 | number (7)                                            the packet's own sound
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

MOST_COPIES: Final = 16
"""More in one packet than any sender has a use for."""
MOST_OFFSET: Final = 0x3FFF
"""Of a copy, in ticks of the clock: 341 ms at 48 kHz."""
MOST_LENGTH: Final = 0x3FF
"""Of a copy, in bytes."""
Copy = tuple[int, bytes]
"""How many ticks of the RTP clock before the packet's own sound, and the payload."""


def pack(number: int, payload: bytes, copies: Sequence[Copy]) -> bytes:
    """The payload with copies of packets before it, oldest first, all of one payload number.
    ValueError for a copy that its header cannot describe."""
    heads, blocks = [], []
    for offset, copy in copies:
        if not 0 < offset <= MOST_OFFSET or len(copy) > MOST_LENGTH:
            raise ValueError(f"a copy of {len(copy)} bytes from {offset} ticks ago has no header")
        head = (0x80 | number) << 24 | offset << 10 | len(copy)
        heads.append(head.to_bytes(4))
        blocks.append(copy)
    return b"".join([*heads, bytes([number]), *blocks, payload])


def unpack(data: bytes, numbers: Sequence[int]) -> tuple[int, bytes, list[Copy]] | None:
    """The number and payload of the packet's own sound, and the copies in it, oldest first. Copies
    of other payload `numbers`, empty ones and those that lie in no past are left out; None for
    what cannot be read, or whose own sound has another number."""
    heads: list[tuple[int, int, int]] = []
    at = 0
    while True:
        if at >= len(data):
            return None
        first = data[at]
        if not first & 0x80:
            break
        if at + 4 > len(data) or len(heads) == MOST_COPIES:
            return None
        word = int.from_bytes(data[at : at + 4])
        heads.append((word >> 24 & 0x7F, word >> 10 & MOST_OFFSET, word & MOST_LENGTH))
        at += 4
    own, at = first & 0x7F, at + 1
    copies = []
    for number, offset, length in heads:
        block, at = data[at : at + length], at + length
        if number == own and offset and block:
            copies.append((offset, block))
    if at > len(data) or own not in numbers:
        return None
    return own, data[at:], copies

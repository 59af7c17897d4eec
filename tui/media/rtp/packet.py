"""RTP packets (RFC 3550 §5.1) read and written: bytes in, fields out, nothing kept."""

from __future__ import annotations

import struct
from typing import Final

_HEADER: Final = struct.Struct("!BBHII")
MARKER: Final = 0x80
Fields = tuple[int, bool, int, int, int, bytes]
"""Payload type, marker, sequence, timestamp, SSRC, payload."""


def is_rtcp(data: bytes) -> bool:
    """Whether a datagram of a multiplexed port is RTCP (RFC 5761 §4)."""
    return len(data) > 1 and 192 <= data[1] <= 223


def pack(
    payload_type: int, marker: bool, sequence: int, timestamp: int, ssrc: int, payload: bytes
) -> bytes:
    """One packet without extensions or padding."""
    second = payload_type | MARKER if marker else payload_type
    return _HEADER.pack(0x80, second, sequence, timestamp, ssrc) + payload


def unpack(data: bytes) -> Fields | None:
    """The fields of a packet, contributing sources, extension and padding taken off. None for
    what is no RTP packet."""
    if len(data) < 12:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if first >> 6 != 2:
        return None
    start, end = 12 + 4 * (first & 0x0F), len(data)
    if first & 0x10:
        if end < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4])
    if first & 0x20:
        if not 0 < data[-1] <= end - start:
            return None
        end -= data[-1]
    if start > end:
        return None
    return second & 0x7F, second >= MARKER, sequence, timestamp, ssrc, data[start:end]

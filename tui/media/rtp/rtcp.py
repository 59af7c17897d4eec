"""RTCP as one audio stream each way needs it (RFC 3550 §6): sender and receiver reports with a
CNAME out, report blocks and sender reports in. Everything else that comes, BYE among it, is
skipped: a PBX ends streams that go on."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

SR: Final = 200
RR: Final = 201
SDES: Final = 202
_NTP_EPOCH: Final = 2_208_988_800
"""Seconds from 1900 to 1970."""
_BLOCK: Final = struct.Struct("!IIIIII")


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What one side says of a stream of the other (§6.4.1). `lost` is the share since the last
    report (0..255), `total` the number since the beginning, `jitter` in timestamp units;
    `last` and `delay` are LSR and DLSR in 1/65536 s."""

    ssrc: int
    lost: int
    total: int
    highest: int
    jitter: int
    last: int
    delay: int

    def __bytes__(self) -> bytes:
        total = max(-0x800000, min(0x7FFFFF, self.total)) & 0xFFFFFF
        return _BLOCK.pack(
            self.ssrc,
            min(255, self.lost) << 24 | total,
            self.highest & 0xFFFFFFFF,
            min(self.jitter, 0xFFFFFFFF),
            self.last,
            self.delay,
        )


@dataclass(frozen=True, slots=True)
class RtcpReport:
    """A report that came. `middle` is the middle half of a sender report's NTP time, None in a
    receiver report."""

    ssrc: int
    middle: int | None
    blocks: tuple[ReportBlock, ...]


@dataclass(frozen=True, slots=True)
class SenderInfo:
    """What a sender report says of our stream."""

    timestamp: int
    packets: int
    octets: int


def ntp(seconds: float) -> int:
    """Seconds since 1970 as a 64-bit NTP time."""
    return int((seconds + _NTP_EPOCH) * 2**32) & 0xFFFFFFFFFFFFFFFF


def middle(stamp: int) -> int:
    """The middle 32 bits: what LSR repeats, in 1/65536 s."""
    return stamp >> 16 & 0xFFFFFFFF


def compose(
    ssrc: int, cname: str, stamp: int, sent: SenderInfo | None, block: ReportBlock | None
) -> bytes:
    """A compound packet: SR where something was sent since the last one, else RR; then CNAME."""
    body = struct.pack("!I", ssrc)
    if sent is not None:
        body += struct.pack(
            "!QIII",
            stamp,
            sent.timestamp & 0xFFFFFFFF,
            sent.packets & 0xFFFFFFFF,
            sent.octets & 0xFFFFFFFF,
        )
    if block is not None:
        body += bytes(block)
    name = cname.encode("ascii", "replace")[:255]
    item = struct.pack("!IBB", ssrc, 1, len(name)) + name
    item += bytes(4 - len(item) % 4)  # the null item that ends a chunk
    kind = RR if sent is None else SR
    return _packet(kind, int(block is not None), body) + _packet(SDES, 1, item)


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def parse(data: bytes) -> Iterator[RtcpReport]:
    """The reports in a compound packet, up to the first thing that is broken."""
    at = 0
    while len(data) - at >= 8:
        first, kind, words, ssrc = struct.unpack_from("!BBHI", data, at)
        end = at + 4 + 4 * words
        if first >> 6 != 2 or end > len(data):
            return
        start = at + (28 if kind == SR else 8)
        if kind in (SR, RR) and start <= end:
            stamp = struct.unpack_from("!Q", data, at + 8)[0] if kind == SR else None
            blocks = tuple(
                _block(data, start + 24 * n)
                for n in range(first & 0x1F)
                if start + 24 * (n + 1) <= end
            )
            yield RtcpReport(ssrc, None if stamp is None else middle(stamp), blocks)
        at = end


def _block(data: bytes, at: int) -> ReportBlock:
    ssrc, lost, highest, jitter, last, delay = _BLOCK.unpack_from(data, at)
    total = lost & 0xFFFFFF
    total -= 0x1000000 if total & 0x800000 else 0
    return ReportBlock(ssrc, lost >> 24, total, highest, jitter, last, delay)

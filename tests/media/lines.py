"""A call's one direction in simulated time: a sender, a line, the playout."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from tests.media.conditions import Condition
from tui.media.codec.codecs import Encoder, decoder, encoder
from tui.media.jitter.playout import Playout, RtpPacket

FRAME = 960
TICK = 0.02


def packets(
    pcm: bytes, codec: str = "opus", ptime: int = 20, made: Encoder | None = None
) -> list[RtpPacket]:
    """The sound as RTP packets, one per ptime; what DTX leaves out is left out."""
    one = made or encoder(codec, fmtp={"useinbandfec": "1"}, ptime=ptime)
    size = ptime * 96
    scale = 1 if codec == "opus" else 6
    out: list[RtpPacket] = []
    for index, at in enumerate(range(0, len(pcm) - size + 1, size)):
        payload = one.encode(pcm[at : at + size])
        if payload:
            timestamp = index * ptime * 48 // scale + 160_000
            out.append(RtpPacket((len(out) + 65_500) & 0xFFFF, timestamp, 111, not out, 7, payload))
    return out


@dataclass
class Heard:
    """What came out. `delays`: of each tick, seconds from when the first sample handed out was
    captured; the codec's look-ahead is not in it."""

    playout: Playout
    pcm: bytes = b""
    delays: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def share(self, samples: int) -> float:
        return samples / max(1, self.playout.figures.played)


def run(
    sent: list[RtpPacket],
    condition: Condition,
    *,
    phase: float = 0.011,
    ppm: float = 0.0,
    codec: str = "opus",
    base: int | None = None,
    leans: bool = True,
) -> Heard:
    """Send, carry, play. `phase`: of the receiver's ticks after the sender's, seconds; `ppm`: how
    much faster the sender's clock is than the receiver's; `leans`: these ticks are moved as the
    playout asks for."""
    clock = 1 if codec == "opus" else 6
    first = sent[0].timestamp if base is None else base
    speed = 1 + ppm * 1e-6
    line: list[tuple[float, int, RtpPacket]] = []
    last = 0.0
    for index, packet in enumerate(sent):
        # A packet is sent when its last sample has been captured.
        at = ((packet.timestamp - first) & 0xFFFFFFFF) * clock / 48_000 / speed
        last = max(last, at)
        for late in condition.fate(at):
            heapq.heappush(line, (at + late, index, packet))
    receiver = playout(codec)
    heard = Heard(receiver)
    out: list[bytes] = []
    now, begun = phase, False
    while now < last:
        while line and line[0][0] <= now:
            arrival, _, packet = heapq.heappop(line)
            receiver.receive(packet, arrival)
            begun = True
        out.append(receiver.read(now))
        if begun:
            heard.times.append(now)
            heard.delays.append(now - captured(receiver, first, clock) / speed)
        now += TICK + (receiver.lean() if leans else 0.0)
    heard.pcm = b"".join(out)
    return heard


def playout(codec: str = "opus") -> Playout:
    """One that takes that codec, whatever the payload number."""
    return Playout(lambda _: decoder(codec))


def captured(one: Playout, first: int, clock: int) -> float:
    """When the first sample of what was handed out last began to be captured, in seconds of the
    sender's clock after the first packet was sent (a packet is sent at its end)."""
    order = one._unwrapper
    ahead = ((order._timestamp - first + 2**31) & 0xFFFFFFFF) - 2**31
    begin = order.position - ahead * clock
    position = one._decision.end - len(one._buffer) - FRAME
    return (position - begin) / 48_000 - TICK

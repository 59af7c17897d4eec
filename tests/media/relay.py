"""A bad line of our own: a UDP relay between two ICE ends, by script, the same for the same seed.

    async with Relay(to_a=Condition(loss=0.05), to_b=Condition(jitter=0.03)) as relay:
        answer = await b.answer(relay.from_a(await a.offer()))
        await a.accept(relay.from_b(answer))

Descriptions go through `from_a` and `from_b`, which put the relay's address in place of the
candidates, so that everything that A sends to B goes through here, and the other way round. Only
RTP is made to suffer; STUN, DTLS and RTCP pass at once. A condition's time begins with the first
RTP packet of its direction, or, with `waits=True`, of those after `begin()`; what comes before
passes at once. What was done is in `relay.a_to_b` and `relay.b_to_a`: what was sent, lost, and how
late each packet was, which is what any figure of the receiver's is to be checked against.

Packets that are due at the same time leave in the order in which they came: a stall is delivered
late, and in order.
"""

from __future__ import annotations

import asyncio
import heapq
import re
from dataclasses import dataclass, field
from typing import Any

from tests.media.conditions import Condition

Address = tuple[str, int]


@dataclass
class Direction:
    """What one direction's RTP went through. Seconds; `late` of every packet that arrived."""

    condition: Condition
    sent: int = 0
    lost: int = 0
    late: list[float] = field(default_factory=list)
    began: float | None = None

    @property
    def loss(self) -> float:
        """The share that was lost."""
        return self.lost / self.sent if self.sent else 0.0

    @property
    def delay(self) -> float:
        """The mean lateness of what arrived."""
        return sum(self.late) / len(self.late) if self.late else 0.0


class _Side(asyncio.DatagramProtocol):
    """The socket that one end takes for the other."""

    def __init__(self, relay: Relay, name: str) -> None:
        self.relay, self.name = relay, name
        self.transport: asyncio.DatagramTransport | None = None
        self.end: Address | None = None
        """Where the end is that talks to this socket."""

    def itself(self) -> _Side:
        """What answers, as asyncio asks for it."""
        return self

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.end = (addr[0], addr[1])
        self.relay.carry(self.name, data)


class Relay:
    """Two sockets on loopback, and a script for each direction."""

    def __init__(
        self, to_a: Condition | None = None, to_b: Condition | None = None, *, waits: bool = False
    ) -> None:
        self.a_to_b = Direction(to_b or Condition())
        self.b_to_a = Direction(to_a or Condition())
        self._waits = waits
        """Nothing is done to anything before `begin()`."""
        self._sides = {"a": _Side(self, "a"), "b": _Side(self, "b")}
        self._due: list[tuple[float, int, str, bytes]] = []
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Relay:
        loop = asyncio.get_running_loop()
        for side in self._sides.values():
            await loop.create_datagram_endpoint(side.itself, local_addr=("127.0.0.1", 0))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for side in self._sides.values():
            if side.transport is not None:
                side.transport.close()
        await asyncio.sleep(0)

    def begin(self) -> None:
        """Let the scripts begin now, where the relay was told to wait."""
        self._waits = False

    def from_a(self, sdp: str) -> str:
        """A's description, as B is to see it."""
        return self._through("a", sdp)

    def from_b(self, sdp: str) -> str:
        """B's description, as A is to see it."""
        return self._through("b", sdp)

    def _through(self, end: str, sdp: str) -> str:
        where: Address | None = None
        for found in re.finditer(r"a=candidate:\S+ 1 udp \d+ ([\d.]+) (\d+) typ host", sdp, re.I):
            if found[1] == "127.0.0.1" or where is None:
                where = found[1], int(found[2])
        if where is None:
            raise AssertionError("no candidate of that description is of this machine")
        # The end's packets come to the socket that it takes for the other end.
        self._sides["a" if end == "a" else "b"].end = where
        other = self._sides["b" if end == "a" else "a"]
        assert other.transport is not None
        ours = other.transport.get_extra_info("sockname")[1]
        line = f"a=candidate:1 1 udp 2130706431 127.0.0.1 {ours} typ host"
        lines, put = [], False
        for one in sdp.splitlines():
            if not one.startswith("a=candidate:"):
                lines.append(one)
            elif not put:
                lines.append(line)
                put = True
        return "\r\n".join(lines) + "\r\n"

    # ------------------------------------------------------------ carrying

    def carry(self, end: str, data: bytes) -> None:
        """One datagram from that end."""
        other = "b" if end == "a" else "a"
        rtp = len(data) > 12 and 128 <= data[0] <= 191 and not 192 <= data[1] <= 223
        if not rtp or self._waits:
            self._send(other, data)
            return
        now = asyncio.get_running_loop().time()
        way = self.a_to_b if end == "a" else self.b_to_a
        if way.began is None:
            way.began = now
        fate = way.condition.fate(now - way.began)
        way.sent += 1
        if not fate:
            way.lost += 1
            return
        way.late.append(fate[0])
        for late in fate:
            if late <= 0:
                self._send(other, data)
                continue
            self._count += 1
            heapq.heappush(self._due, (now + late, self._count, other, data))
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._due:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(self._due[0][0], self._deliver)

    def _deliver(self) -> None:
        now = asyncio.get_running_loop().time()
        while self._due and self._due[0][0] <= now + 0.0005:
            _, _, end, data = heapq.heappop(self._due)
            self._send(end, data)
        self._timer = None
        self._arm()

    def _send(self, end: str, data: bytes) -> None:
        # What goes to B leaves from the socket that B takes for A.
        side = self._sides[end]
        if side.transport is not None and side.end is not None:
            side.transport.sendto(data, side.end)

"""The other end of a call: plain aiortc, on loopback, and a way to hear what it got."""

from __future__ import annotations

import asyncio
import contextlib
import fractions
import re
from collections.abc import AsyncIterator, Awaitable, Callable

import aioice.ice
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

from tests.waiting import until
from tui.media.leg.leg import AudioLeg
from tui.media.pcm.levels import FRAME, RATE, to_mono
from tui.media.pcm.sources import Looped, Source, ToneSource
from tui.media.pcm.tones import strength


def renumber(sdp: str, numbers: dict[int, int]) -> str:
    """Replace payload numbers in `m=`, `rtpmap` and `fmtp`."""
    out = []
    for line in sdp.splitlines():
        if line.startswith("m=audio "):
            kind, port, profile, *formats = line.split(" ")
            moved = [str(numbers.get(int(text), int(text))) for text in formats]
            line = " ".join([kind, port, profile, *moved])
        elif found := re.match(r"(a=(?:rtpmap|fmtp|rtcp-fb):)(\d+)( .*)", line):
            number = int(found[2])
            line = f"{found[1]}{numbers.get(number, number)}{found[3]}"
        out.append(line)
    return "\r\n".join(out) + "\r\n"


class Collector:
    """A sink that keeps the last seconds."""

    def __init__(self) -> None:
        self.pcm = bytearray()

    def write(self, pcm: bytes) -> None:
        self.pcm += pcm

    def last(self, seconds: float) -> bytes:
        return bytes(self.pcm[-round(seconds * RATE) * 2 :])


class PlainTrack(MediaStreamTrack):
    """A source as the simplest of tracks, none of our own."""

    kind = "audio"

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source = source
        self.pts = 0
        self.start: float | None = None

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        loop = asyncio.get_running_loop()
        if self.start is None:
            self.start = loop.time()
        await asyncio.sleep(max(0, self.start + self.pts / RATE - loop.time()))
        frame = AudioFrame(format="s16", layout="mono", samples=FRAME)
        frame.planes[0].update(self.source.read(FRAME))
        frame.sample_rate, frame.pts = RATE, self.pts
        frame.time_base = fractions.Fraction(1, RATE)
        self.pts += FRAME
        return frame


class Plain:
    """A plain aiortc peer that speaks a tone."""

    def __init__(self, hz: float) -> None:
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.heard = Collector()
        self.opus = 96
        self.track = PlainTrack(ToneSource(hz) if hz else Looped(b""))
        self.pc.addTrack(self.track)
        self.readers: list[asyncio.Task[None]] = []
        self.pc.on(
            "track", lambda track: self.readers.append(asyncio.ensure_future(self._read(track)))
        )

    async def _read(self, track: MediaStreamTrack) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                assert isinstance(frame, AudioFrame)
                pcm = bytes(frame.planes[0])[: frame.samples * 2 * frame.layout.nb_channels]
                self.heard.write(to_mono(pcm, frame.layout.nb_channels))

    async def offer(self) -> str:
        """Its numbers are those it answered with: plain aiortc offers opus as 96 again, and then
        drops what comes as 96."""
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return renumber(self.pc.localDescription.sdp, {96: self.opus})

    async def accept(self, sdp: str) -> None:
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="answer"))

    async def answer(self, sdp: str) -> str:
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="offer"))
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        number = self.pc.getTransceivers()[0]._codecs[0].payloadType
        assert number is not None
        self.opus = number
        return self.pc.localDescription.sdp

    @property
    def direction(self) -> str:
        return self.pc.getTransceivers()[0].direction

    @direction.setter
    def direction(self, value: str) -> None:
        self.pc.getTransceivers()[0].direction = value

    async def close(self) -> None:
        await asyncio.wait_for(self.pc.close(), 15)
        for reader in self.readers:
            reader.cancel()
        await asyncio.gather(*self.readers, return_exceptions=True)


@pytest.fixture(autouse=True)
def _plain_peers_use_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: ["127.0.0.1"])


@pytest.fixture
async def plain() -> AsyncIterator[Callable[[float], Plain]]:
    """Make plain peers that speak that many Hz; closed afterwards."""
    made: list[Plain] = []

    def make(hz: float) -> Plain:
        made.append(Plain(hz))
        return made[-1]

    yield make
    for peer in made:
        await peer.close()


@pytest.fixture
async def leg() -> AsyncIterator[Callable[..., AudioLeg]]:
    """Make legs; closed afterwards."""
    made: list[AudioLeg] = []

    def make(source: Source, sink: Collector, **named: object) -> AudioLeg:
        made.append(AudioLeg(source=source, sink=sink, loopback=True, **named))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        await asyncio.wait_for(one.close(), 15)


@pytest.fixture
def collector() -> Callable[[], Collector]:
    return Collector


@pytest.fixture
def hears() -> Callable[..., Awaitable[None]]:
    """Wait until 200 ms of a collector's newest sound hold that tone (or, with `absent`, do
    not any more)."""

    async def wait(heard: Collector, hz: float, *, absent: bool = False, limit: float = 15) -> None:
        def there() -> bool:
            block = heard.last(0.2)
            if len(block) < 0.2 * RATE * 2:
                return absent
            level = strength(block, hz)
            return level < 0.003 if absent else level > 0.15

        await until(there, limit, interval=0.02)

    return wait


@pytest.fixture(name="renumber")
def renumber_fixture() -> Callable[[str, dict[int, int]], str]:
    """Give a description other payload numbers."""
    return renumber

"""The tick: in step with the clock, whatever keeps it waiting; and what the reports say."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.media.rtp.peers import KEYS, NAMES, OPUS, PCMA, remote
from tests.waiting import until
from tui.media.pcm.levels import FRAME, TICK
from tui.media.pcm.sources import ToneSource
from tui.media.rtp import rtcp
from tui.media.rtp.pace import BUDGET, MAX_LATE, SLIDE, STEADY, SlowFollower, TickPace
from tui.media.rtp.packet import Fields, is_rtcp, unpack
from tui.media.rtp.session import RtpSession
from tui.media.sdp.direction import Direction
from tui.media.sdp.negotiation import agree, answered, payload_names


class Line:
    """The network below a session: it keeps what was sent, and gives what is put in. No crypto."""

    local = remote = None
    dropped = failures = 0
    heard_at = 0.0

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.waiting: list[tuple[bytes, float]] = []

    def protect(self, packet: bytes) -> bytes:
        return packet

    protect_rtcp = protect

    def unprotect(self, data: bytes, *, rtcp: bool) -> bytes | None:
        return data

    def srtp(self) -> Line:
        return self

    def send(self, data: bytes) -> None:
        self.sent.append(data)

    def drain(self) -> list[tuple[bytes, float]]:
        taken, self.waiting = self.waiting, []
        return taken

    def put(self, data: bytes) -> None:
        self.waiting.append((data, time.monotonic()))

    @property
    def packets(self) -> list[Fields]:
        return [f for d in self.sent if not is_rtcp(d) and (f := unpack(d)) is not None]


class Carrier:
    """A connection that is up."""

    def __init__(self) -> None:
        self.ice = self.association = Line()
        self.dropped = 0


class Counted:
    """A source and a sink that count."""

    def __init__(self) -> None:
        self.read_samples = self.written = 0
        self.times: list[float] = []
        self.tone = ToneSource(440)

    def read(self, samples: int) -> bytes:
        self.read_samples += samples
        self.times.append(time.monotonic())
        return self.tone.read(samples)

    def write(self, pcm: bytes) -> None:
        self.written += len(pcm) // 2


Made = tuple[RtpSession, Line, Counted, list[str]]


@pytest.fixture
async def session() -> AsyncIterator[Callable[..., Made]]:
    """A session that runs, with opus and keys agreed."""
    made: list[RtpSession] = []

    def make(direction: Direction = Direction.SENDRECV) -> Made:
        keys: list[str] = []
        ends, carrier = Counted(), Carrier()
        one = RtpSession(ends, ends, on_key=keys.append)
        agreement = agree(remote(OPUS, PCMA, events=(KEYS,)), NAMES)
        one.adopt(agreement, payload_names(answered(agreement)), direction)
        one.carry(carrier)  # type: ignore[arg-type]
        made.append(one)
        return one, carrier.ice, ends, keys

    yield make
    for one in made:
        one.stop()


async def test_the_stream_keeps_to_the_clock_though_every_tick_takes_its_time(session: Any) -> None:
    one, line, ends, _ = session()
    write = ends.write

    def slow(pcm: bytes) -> None:
        time.sleep(0.005)
        write(pcm)

    ends.write = slow
    first, began = one.sent.timestamp, time.monotonic()
    await until(lambda: (one.sent.timestamp - first) % 2**32 >= 30 * FRAME)

    def apart() -> float:
        """How many ticks the stream and the clock are apart."""
        stream = (one.sent.timestamp - first) % 2**32 / FRAME
        return float(abs(stream - (time.monotonic() - began) / 0.02))

    await until(lambda: apart() < 2)
    assert ends.written == ends.read_samples
    assert len(line.packets) == ends.read_samples / FRAME


async def test_a_short_halt_is_made_up_for_packet_by_packet(session: Any) -> None:
    _, line, ends, _ = session()
    await until(lambda: len(line.packets) >= 3)
    time.sleep(0.1)  # noqa: ASYNC251 - the whole loop stands still
    await until(lambda: len(line.packets) >= 10)
    steps = {(b[3] - a[3]) % 2**32 for a, b in zip(line.packets, line.packets[1:], strict=False)}
    assert steps == {FRAME}
    assert ends.written == ends.read_samples


async def test_a_long_halt_is_made_up_for_in_bounds_and_time_goes_on(session: Any) -> None:
    _, line, ends, _ = session()
    await until(lambda: len(line.packets) >= 3)
    before = len(line.packets)
    time.sleep(0.6)  # noqa: ASYNC251
    while len(line.packets) == before:
        await asyncio.sleep(0)  # until one tick
    burst, halted = len(line.packets) - before, ends.times[-1] - ends.times[before - 1]
    assert burst == MAX_LATE
    first, last = line.packets[before - 1], line.packets[-1]
    assert (last[3] - first[3]) % 2**32 == pytest.approx(halted * 48_000, abs=3 * FRAME)
    assert (last[2] - first[2]) % 2**16 == burst
    assert line.packets[before][1]  # what follows a gap is marked
    assert ends.written == ends.read_samples


async def test_sound_that_comes_is_heard_in_step_and_counted(session: Any) -> None:
    one, line, ends, keys = session()
    other, far, _, _ = session()
    for _ in range(100):
        await asyncio.sleep(0.01)
        for packet in far.sent:
            line.put(packet)
        far.sent.clear()
    numbers = one.statistics(None)
    assert numbers.received > 20
    assert (numbers.lost, numbers.repaired) == (0, 0)
    assert numbers.delay > 0
    assert numbers.codec == "opus"
    assert one.them.audible > 0
    assert numbers.silence_in is not None
    assert numbers.last_packet_age is not None
    other.sent.keys.add("5", 0.1)
    stood = ends.written
    for _ in range(30):
        await asyncio.sleep(0.01)
        for packet in far.sent:
            line.put(packet)
        far.sent.clear()
    assert keys == ["5"]
    assert ends.written > stood
    assert one.statistics(None).lost == 0


async def test_listening_leans_after_the_packets_and_speaking_keeps_to_the_clock(
    session: Any,
) -> None:
    one, line, _, _ = session()
    _, far, _, _ = session()
    listening, speaking = one._listening, one._speaking
    first: float = speaking.due

    def off_the_clock(pace: TickPace) -> float:
        """Seconds to the nearest tick of a pace that never moves."""
        ticks = (pace.due - first) / TICK
        return abs(ticks - round(ticks)) * TICK

    def carried() -> bool:
        for packet in far.sent:
            line.put(packet)
        far.sent.clear()
        return off_the_clock(listening) > 0.002

    await until(carried)
    assert off_the_clock(speaking) < 1e-3  # it has not begun to follow, or slowly


class Ticks:
    """Two paces that begin so many seconds apart, and what brings them together."""

    def __init__(self, apart: float) -> None:
        self.speaking, self.listening = TickPace(100.0), TickPace(100.0 + apart)
        self.follower = SlowFollower()

    def run(self, ticks: int, lean: float = 0.0) -> list[float]:
        """By how much the ticks of speaking were moved each time."""
        moved = []
        for _ in range(ticks):
            before = self.speaking.due
            self.speaking.passed(before)
            self.listening.passed(self.listening.due)
            self.listening.move(lean)
            self.follower.follow(self.speaking, self.listening, ticks=1, leant=lean != 0.0)
            moved.append(self.speaking.due - before - TICK)
        return moved

    @property
    def apart(self) -> float:
        return abs(self.listening.due - self.speaking.due + TICK / 2) % TICK - TICK / 2


@pytest.mark.parametrize("apart", [0.004, -0.009, 0.0125, 0.0])
def test_speaking_comes_slowly_to_where_listening_has_stayed(apart: float) -> None:
    ticks = Ticks(apart)
    assert ticks.run(STEADY - 1) == pytest.approx([0.0] * (STEADY - 1), abs=1e-9)
    moved = ticks.run(1300)
    assert max(map(abs, moved)) <= SLIDE + 1e-9
    assert ticks.apart == pytest.approx(0.0, abs=1e-6)
    assert ticks.run(100) == pytest.approx([0.0] * 100, abs=1e-9)


def test_a_peer_that_runs_after_us_is_not_run_after() -> None:
    ticks = Ticks(0.005)
    moved: list[float] = []
    for _ in range(100):  # each time that we have come there it is elsewhere
        ticks.run(25, lean=0.0004)
        moved += ticks.run(600)
    assert sum(map(abs, moved)) < BUDGET + len(moved) * 25e-6 * TICK * 1.05


async def test_reports_give_round_trip_and_the_loss_at_the_peer(session: Any) -> None:
    one, line, _, _ = session()

    def report() -> bytes | None:
        return next((data for data in line.sent if data[1] == rtcp.SR), None)

    await until(report)
    data = report()
    assert data is not None
    told = next(rtcp.parse(data))
    assert told.middle is not None
    assert told.ssrc == one.sent.ssrc
    await asyncio.sleep(0.1)
    block = rtcp.ReportBlock(one.sent.ssrc, 64, 9, 5, 0, told.middle, int(0.05 * 65536))
    line.put(rtcp.compose(7, "x", 0, None, block))
    await until(lambda: one.statistics(None).rtt is not None)
    numbers = one.statistics(None)
    assert numbers.rtt is not None
    assert 40 < numbers.rtt < 1000
    assert numbers.remote_loss == 0.25
    assert numbers.unheard is not None
    line.put(rtcp.compose(7, "x", 0, None, rtcp.ReportBlock(1, 255, 9, 5, 0, 0, 0)))  # not about us
    line.put(bytes([0x81, 203, 0, 1, 0, 0, 0, 7]))  # BYE
    await asyncio.sleep(0.05)
    assert one.statistics(None).remote_loss == 0.25


@pytest.mark.parametrize(
    ("direction", "sends", "hears"),
    [
        (Direction.SENDONLY, True, False),
        (Direction.RECVONLY, False, True),
        (Direction.INACTIVE, False, False),
    ],
)
async def test_what_is_not_negotiated_is_neither_sent_nor_heard(
    session: Any, direction: Direction, sends: bool, hears: bool
) -> None:
    _, line, ends, _ = session(direction)
    await until(lambda: any(is_rtcp(data) for data in line.sent))  # reports go on
    assert bool(line.packets) is sends
    assert bool(ends.read_samples) is sends  # another leg may need the microphone
    assert bool(ends.written) is hears


async def test_held_the_microphone_is_left_to_others_and_silence_is_sent(session: Any) -> None:
    one, line, ends, _ = session()
    one.held = True
    await until(lambda: len(line.packets) > 5)
    stood = ends.read_samples
    await until(lambda: len(line.packets) > 10)
    assert ends.read_samples == stood == 0
    assert one.you.read(time.monotonic()) == 0
    one.held = False
    one.muted = True
    await until(lambda: ends.read_samples > 5 * FRAME)
    assert one.you.read(time.monotonic()) == 0
    assert one.microphone.read(time.monotonic()) > 0.1
    numbers = one.statistics(None)
    assert numbers.silence_out is not None


def test_what_is_slow_the_first_time_is_done_beforehand_and_does_no_harm_again() -> None:
    from tui.media.warm_up import warm_up

    assert warm_up()
    assert warm_up()

"""How late an agent's packets came, as the platform says it."""

from __future__ import annotations

import select
import socket
import struct
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.waiting import until
from tui.platform import messages as m
from tui.sandbox.audio.arrivals import Arrivals, stamp

OPUS, CLOCK = 96, 48_000
START = 1_000.0


class Stream:
    """A sender of 20 ms a packet, and what is known of its arrivals."""

    def __init__(self, timestamp: int = 5_000, ssrc: int = 1) -> None:
        self.arrivals = Arrivals()
        self.arrivals.clocks = {OPUS: CLOCK}
        self.timestamp, self.ssrc, self.due = timestamp, ssrc, START

    def send(self, late: float = 0.0, payload: int = OPUS) -> None:
        """The next packet, so many seconds late."""
        header = struct.pack("!BBHLL", 0x80, payload, 0, self.timestamp, self.ssrc)
        self.arrivals.put(header, self.due + late)
        self.timestamp = (self.timestamp + 960) % 2**32
        self.due += 0.02

    @property
    def late(self) -> list[float]:
        """In ms."""
        return [round(each * 1000, 3) for each in self.arrivals.late(START)]


def test_a_packet_that_came_late_is_told_with_its_lateness_and_no_other_is() -> None:
    stream = Stream()
    for late in (0.0, 0.0, 0.035, 0.015, 0.0):
        stream.send(late)
    assert stream.late == pytest.approx([0.0, 0.0, 35.0, 15.0, 0.0], abs=1.0)
    assert stream.late[0] == stream.late[1] == stream.late[4] == 0.0


def test_a_stream_of_a_clock_that_is_not_quite_ours_is_in_time() -> None:
    stream = Stream()
    for number in range(300):
        stream.send(number * 0.00001)
    for number in range(300):
        stream.send((300 - number) * 0.00001)
    assert max(stream.late) == 0.0


def test_a_stream_that_stays_late_is_late_until_it_has_moved_there() -> None:
    stream = Stream()
    stream.send()
    for _ in range(100):
        stream.send(0.001)
    assert stream.late[1] == pytest.approx(1 - 0.02)
    assert stream.late[26] == pytest.approx(1 - 26 * 0.02)
    assert stream.late[50:] == [0.0] * 51


def test_a_timestamp_that_comes_round_is_no_lateness() -> None:
    stream = Stream(timestamp=2**32 - 960)
    for _ in range(3):
        stream.send()
    assert stream.late == [0.0, 0.0, 0.0]


def test_another_stream_is_measured_by_itself() -> None:
    stream = Stream()
    stream.send()
    stream.timestamp, stream.ssrc = 77, 2
    stream.send(0.3)
    stream.send(0.31)
    assert stream.late == pytest.approx([0.0, 0.0, 10.0], abs=0.5)


def test_what_is_no_sound_is_left_out() -> None:
    stream = Stream()
    stream.send(payload=200)  # a report
    stream.send(payload=101)  # a key
    for data in (b"", b"\x80" * 11, bytes(20), b"\x16" * 20, b"\xc0" * 20):
        stream.arrivals.put(data, START)
    assert stream.late == []
    stream.send()
    assert stream.late == [0.0]


def test_only_what_came_since_then_is_told() -> None:
    stream = Stream()
    for late in (0.0, 0.005, 0.007):
        stream.send(late)
    assert stream.arrivals.late(START + 0.02) == pytest.approx([0.005, 0.007], abs=0.001)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux stamps what comes")
def test_the_stamp_is_of_the_arrival_and_not_of_the_reading() -> None:
    with (
        socket.socket(type=socket.SOCK_DGRAM) as ours,
        socket.socket(type=socket.SOCK_DGRAM) as theirs,
    ):
        ours.bind(("127.0.0.1", 0))
        ours.settimeout(10)
        before = time.time()
        assert stamp(ours) >= before  # nothing has come yet: now
        theirs.sendto(b"one", ours.getsockname())
        select.select([ours], [], [], 10)
        there = time.time()
        assert ours.recv(10) == b"one"
        assert before - 1e-6 <= stamp(ours) <= there


async def test_the_platform_tells_how_late_an_agents_packets_came(
    console: Callable[..., Awaitable[Any]],
) -> None:
    one = await console(hz=880)
    await one.control("POST", "/ring", json={"un": "1001", "voice": "tone:440"})
    one.say(m.Answer((await one.until_told(m.NewCall)).ccnumber))
    await one.until_customer_hears(880)
    (leg,) = one.legs.values()

    async def told() -> list[float]:
        late: dict[str, list[float]] = await one.control("GET", "/calls/last/late?ms=60000")
        return late["1001"]

    before = await told()
    assert before
    leg.tone.delay(3.0)

    async def seen() -> bool:
        return max((await told())[len(before) :], default=0.0) > 2_000

    await until(seen, what="a packet that was three seconds late")

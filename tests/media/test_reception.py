"""Counting what arrives, with the clock in the hand."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tui.media.reception import RETIRED, Reception

RATE = 48_000


@dataclass
class Packet:
    ssrc: int
    sequence_number: int
    timestamp: int


class Line:
    """A reception, and a clock that goes 20 ms a packet."""

    def __init__(self) -> None:
        self.now = 10.0
        self.reception = Reception(clock=lambda: self.now)

    def take(self, ssrc: int, number: int, late: float = 0.0) -> tuple[bool, bool]:
        self.now = max(self.now, 10.0 + number * 0.02 + late)
        packet = Packet(ssrc, number & 0xFFFF, number * 960 & 0xFFFFFFFF)
        return self.reception.take(packet, RATE)


def test_missing_packets_are_counted_and_late_ones_taken_off_again() -> None:
    line = Line()
    for number in (0, 1, 2, 6, 4, 7):
        assert line.take(1, number) == (True, False)
    assert line.reception.packets == 6
    assert line.reception.lost == 2


def test_the_count_goes_over_the_end_of_the_sequence() -> None:
    line = Line()
    for number in (65534, 65535, 65536, 65538):
        line.take(1, number)
    assert line.reception.lost == 1
    assert line.reception.jitter == pytest.approx(0, abs=1e-6)


def test_jitter_is_in_seconds_and_grows_with_unsteady_arrival() -> None:
    line = Line()
    for number in range(400):
        line.take(1, number, late=0.005 * (number % 2))
    assert line.reception.jitter == pytest.approx(0.005, rel=0.05)


def test_a_pause_of_seconds_is_no_jitter_and_a_restart_no_loss() -> None:
    line = Line()
    line.take(1, 0)
    line.now += 30
    line.reception.take(Packet(1, 1, 960), RATE)
    assert line.reception.jitter < 0.001
    line.reception.take(Packet(1, 20_000, 5), RATE)
    assert line.reception.lost == 0


def test_packets_of_the_stream_just_left_are_dropped_for_a_moment() -> None:
    line = Line()
    assert line.take(1, 0) == (True, False)
    assert line.take(2, 500) == (True, True)
    assert line.take(1, 1) == (False, False)
    assert line.take(2, 501) == (True, False)
    line.now += RETIRED + 0.01
    assert line.reception.take(Packet(1, 30, 30 * 960), RATE) == (True, True)

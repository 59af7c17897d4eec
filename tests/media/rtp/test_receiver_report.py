"""Counting what arrives for our reports, with the clock in the hand."""

from __future__ import annotations

import pytest

from tui.media.rtp.receiver_report import ReceiverReport
from tui.media.rtp.rtcp import ReportBlock

RATE = 48_000


class Line:
    """A receiver_report, and packets of 20 ms."""

    def __init__(self) -> None:
        self.now = 10.0
        self.receiver_report = ReceiverReport()

    def take(self, ssrc: int, number: int, late: float = 0.0) -> None:
        self.now = max(self.now, 10.0 + number * 0.02 + late)
        self.receiver_report.take(
            ssrc, number & 0xFFFF, number * 960 & 0xFFFFFFFF, RATE, 10.0 + number * 0.02 + late
        )

    def block(self) -> ReportBlock:
        block = self.receiver_report.block(self.now)
        assert block is not None
        return block


def test_missing_packets_are_counted_and_late_ones_taken_off_again() -> None:
    line = Line()
    for number in (0, 1, 2, 6, 4, 7):
        line.take(1, number)
    assert line.receiver_report.packets == 6
    assert line.receiver_report.lost == 2


def test_the_count_goes_over_the_end_of_the_sequence() -> None:
    line = Line()
    for number in (65534, 65535, 65536, 65538):
        line.take(1, number)
    assert line.receiver_report.lost == 1
    assert line.receiver_report.jitter == pytest.approx(0, abs=1e-6)
    assert line.block().highest == 65538


def test_jitter_is_in_seconds_and_grows_with_unsteady_arrival() -> None:
    line = Line()
    for number in range(400):
        line.take(1, number, late=0.005 * (number % 2))
    assert line.receiver_report.jitter == pytest.approx(0.005, rel=0.05)
    assert line.block().jitter == pytest.approx(0.005 * RATE, rel=0.05)


def test_a_pause_of_seconds_is_no_jitter_and_a_restart_no_loss() -> None:
    line = Line()
    line.take(1, 0)
    line.receiver_report.take(1, 1, 960, RATE, 40.0)
    assert line.receiver_report.jitter < 0.001
    line.receiver_report.take(1, 20_000, 5, RATE, 40.02)
    assert line.receiver_report.lost == 0


def test_a_report_says_the_share_since_the_last_one_and_the_number_of_all() -> None:
    line = Line()
    for number in (0, 1, 2, 3, 5, 6, 7, 9):
        line.take(1, number)
    first = line.block()
    assert (first.lost, first.total) == (2 * 256 // 10, 2)
    for number in range(10, 20):
        line.take(1, number)
    second = line.block()
    assert (second.lost, second.total) == (0, 2)


def test_a_new_stream_begins_its_own_count_and_what_was_lost_stays_counted() -> None:
    line = Line()
    assert line.receiver_report.block(1.0) is None
    for number in (0, 5):
        line.take(1, number)
    line.take(2, 5000)
    assert line.receiver_report.lost == 4
    assert line.block().total == 0
    assert line.block().ssrc == 2


def test_a_report_repeats_the_peers_time_and_how_long_ago_that_was() -> None:
    line = Line()
    line.take(1, 0)
    line.receiver_report.reported(9, 77, 10.0)  # another stream's
    assert (line.block().last, line.block().delay) == (0, 0)
    line.receiver_report.reported(1, 1234, 10.0)
    line.now = 10.5
    assert (line.block().last, line.block().delay) == (1234, 32768)


def test_a_key_has_a_place_in_the_sequence_and_none_in_time() -> None:
    line = Line()
    line.receiver_report.pass_by(1, 4, 1.0)  # before any sound: of no stream that is known
    assert line.receiver_report.packets == 0
    for number in (0, 1, 2):
        line.take(1, number)
    for number in (3, 4, 5):
        line.receiver_report.pass_by(1, number, 10.0 + number * 0.02)
    line.take(1, 6)
    assert line.receiver_report.lost == 0
    assert line.receiver_report.packets == 7
    assert line.receiver_report.jitter == pytest.approx(0, abs=1e-9)


def test_a_report_that_came_within_the_tick_has_no_negative_age() -> None:
    line = Line()
    line.take(1, 0)
    line.receiver_report.reported(1, 7, line.now + 0.003)
    assert line.block().delay == 0
    assert len(bytes(line.block())) == 24

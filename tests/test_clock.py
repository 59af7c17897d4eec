"""The clock counts sleep, and a watch tells sleep from a clock that was set."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from tui.clock import ClockWatch, Jump, counting_sleep, instant


class Clocks:
    """Three clocks that a test moves."""

    def __init__(self) -> None:
        self.instant = self.awake = 100.0
        self.wall = 1_700_000_000.0
        self.watch = ClockWatch(lambda: self.instant, lambda: self.awake, lambda: self.wall)

    def run(self, seconds: float) -> None:
        self.instant += seconds
        self.awake += seconds
        self.wall += seconds

    def sleep(self, seconds: float) -> None:
        self.instant += seconds
        self.wall += seconds


def test_the_instant_is_never_behind_the_monotonic_clock_of_the_same_boot() -> None:
    before = time.monotonic()
    assert instant() >= before
    assert instant() <= instant()


def test_the_clock_that_counts_sleep_is_the_systems_own() -> None:
    linux = SimpleNamespace(CLOCK_BOOTTIME=7, CLOCK_MONOTONIC=1)
    assert counting_sleep(linux, "linux") == 7
    macos = SimpleNamespace(CLOCK_MONOTONIC=6)
    assert counting_sleep(macos, "darwin") == 6
    assert counting_sleep(macos, "another") is None


def test_time_that_passes_is_no_jump() -> None:
    clocks = Clocks()
    for seconds in (0.0, 1.0, 1.2, 90.0):
        clocks.run(seconds)
        assert clocks.watch.look() is None


def test_sleep_is_told_once_with_its_length() -> None:
    clocks = Clocks()
    clocks.run(0.4)
    clocks.sleep(75)
    assert clocks.watch.look() == Jump(slept=75.0)
    assert clocks.watch.look() is None


@pytest.mark.parametrize("seconds", [3600.0, -3600.0, 2.5])
def test_a_wall_clock_that_is_set_is_told_and_is_no_sleep(seconds: float) -> None:
    clocks = Clocks()
    clocks.wall += seconds
    clocks.run(1)
    jump = clocks.watch.look()
    assert jump is not None
    assert jump == Jump(set_by=jump.set_by)
    assert jump.set_by == pytest.approx(seconds)


def test_both_at_once_are_told_apart() -> None:
    clocks = Clocks()
    clocks.sleep(40)
    clocks.wall += 10
    jump = clocks.watch.look()
    assert jump is not None
    assert jump == Jump(slept=40.0, set_by=jump.set_by)
    assert jump.set_by == pytest.approx(10.0)


@pytest.fixture
def somewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """This machine's settings say that it is in Shanghai; they may be set to say otherwise."""
    monkeypatch.setenv("TZ", "CST-8")
    time.tzset()
    yield monkeypatch
    monkeypatch.undo()
    time.tzset()


def test_another_time_zone_counts_from_the_next_look_on(somewhere: pytest.MonkeyPatch) -> None:
    noon = 1_700_020_800.0
    assert time.localtime(noon).tm_hour == 12
    somewhere.setenv("TZ", "JST-9")
    assert time.localtime(noon).tm_hour == 12, "nobody has looked"
    Clocks().watch.look()
    assert time.localtime(noon).tm_hour == 13

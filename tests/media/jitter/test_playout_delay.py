"""How late the playout is on lines of every kind, in simulated time: the same figures each run.

Delays are from the capture of the first sample handed out to its handing out; 20 ms of them are
the packet, and up to 20 the wait for the receiver's tick.
"""

from __future__ import annotations

from itertools import pairwise
from statistics import mean

import pytest

from tests.media import lines
from tests.media.conditions import CONDITIONS, Condition
from tests.media.speech import speech
from tui.media.jitter.delay import MS, DelayTarget
from tui.media.jitter.losses import COPIED, LOST, Losses
from tui.media.jitter.playout import RtpPacket
from tui.media.pcm.tones import tone

PHASES = (0.001, 0.009, 0.0185)


@pytest.fixture(scope="session")  # tests of other modules come in between
def sent() -> list[RtpPacket]:
    return lines.packets(speech(14, seed=3))


@pytest.fixture(scope="session")  # tests of other modules come in between
def humming() -> list[RtpPacket]:
    """A sound without a pause."""
    return lines.packets(tone((180,), duration=14.0, fade=0), "PCMU")


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize(
    ("name", "most"),
    [("clean", 0.05), ("1 % loss", 0.05), ("5 % loss", 0.065), ("60 ms bursts", 0.065),
     ("30 ms jitter", 0.085), ("60 ms jitter", 0.105)],
)  # fmt: skip
def test_the_delay_on_a_bad_line(
    sent: list[RtpPacket], name: str, most: float, phase: float
) -> None:
    heard = lines.run(sent, CONDITIONS[name](1), phase=phase)
    assert mean(heard.delays) <= most
    assert mean(heard.delays[-50:]) <= most


def test_five_in_a_hundred_lost_are_repaired(sent: list[RtpPacket]) -> None:
    heard = lines.run(sent, CONDITIONS["5 % loss"](1))
    figures = heard.playout.figures
    assert heard.share(figures.repaired) > 2 * heard.share(figures.concealed)
    assert figures.repaired + figures.concealed == pytest.approx(figures.lost * 960, rel=0.2)


@pytest.mark.parametrize("phase", PHASES)
def test_a_line_that_sends_twice_and_in_another_order_is_heard_whole(
    sent: list[RtpPacket], phase: float
) -> None:
    """One packet in twenty comes 30 ms later: the delay goes to it, and no further."""
    heard = lines.run(sent, Condition(duplicate=0.1, reorder=0.05, seed=1), phase=phase)
    figures = heard.playout.figures
    assert figures.duplicate > 50
    assert figures.lost == 0
    assert heard.share(figures.concealed) < 0.005
    assert mean(heard.delays) <= 0.065


def test_a_line_without_copies_is_not_waited_on() -> None:
    """Loss is no jitter: without a copy to wait for, it does not make the delay longer."""
    packets = lines.packets(speech(14, seed=3), "PCMU")
    for name in ("5 % loss", "60 ms bursts"):
        heard = lines.run(packets, CONDITIONS[name](1), codec="PCMU")
        assert mean(heard.delays[-300:]) <= 0.045


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("kind", ["speech", "without a pause"])
def test_after_a_stall_the_delay_comes_back(
    sent: list[RtpPacket], humming: list[RtpPacket], kind: str, phase: float
) -> None:
    packets, codec = (sent, "opus") if kind == "speech" else (humming, "PCMU")
    line = Condition(stalls=((6.0, 0.3),))
    heard = lines.run(packets, line, phase=phase, codec=codec)
    after = [delay for at, delay in zip(heard.times, heard.delays, strict=True) if at >= 6.3 + 4]
    assert max(after) < 0.1
    assert mean(heard.delays[-50:]) < 0.065
    assert heard.playout.figures.lost == heard.playout.figures.late == 0


def test_stalls_again_and_again_are_carried(sent: list[RtpPacket]) -> None:
    """Once is sat out; a line that stalls all the time is cheaper to be late on."""
    stalls = tuple((3.0 + 0.4 * i, 0.12) for i in range(27))
    heard = lines.run(sent, Condition(stalls=stalls))
    first = heard.playout.figures.concealed
    assert mean(heard.delays[-100:]) > 0.1
    once = lines.run(sent, Condition(stalls=stalls[:1])).playout.figures.concealed
    assert first < 27 * once / 3


@pytest.mark.parametrize("ppm", [-200, 200])
def test_minutes_of_drift_are_followed_without_a_gap(ppm: int) -> None:
    """Two simulated minutes: 24 ms apart at the end."""
    block = lines.packets(tone((180,), duration=10.0, fade=0), "PCMU")
    long = [
        RtpPacket(i & 0xFFFF, i * 160, 111, False, 7, block[i % len(block)].payload)
        for i in range(6_000)
    ]
    heard = lines.run(long, Condition(jitter=0.004), ppm=ppm, codec="PCMU")
    figures = heard.playout.figures
    assert max(heard.delays[500:]) < 0.075
    assert figures.concealed <= 6 * 960  # of 6,000
    assert figures.lost == 0
    moved = (figures.inserted - figures.shed) / 48_000
    assert moved == pytest.approx(-ppm * 1e-6 * 120, abs=0.045)


def test_a_line_that_becomes_worse_and_better_is_followed() -> None:
    packets = lines.packets(speech(45, seed=2), "PCMU")

    class Changing(Condition):
        def fate(self, at: float) -> tuple[float, ...]:
            self.jitter = 0.05 if 10 <= at < 25 else 0.0
            return super().fate(at)

    heard = lines.run(packets, Changing(), codec="PCMU")
    at = dict(zip((round(t * 50) for t in heard.times), heard.delays, strict=True))
    assert at[9 * 50] < 0.045
    assert 0.06 < at[20 * 50] < 0.095
    assert at[44 * 50] < 0.045
    assert heard.playout.figures.lost < 15


def test_a_longer_way_is_no_longer_delay_than_it_has_to_be() -> None:
    """Another route in the call, 80 ms longer, and back."""
    packets = lines.packets(speech(40, seed=2), "PCMU")

    class Rerouted(Condition):
        def fate(self, at: float) -> tuple[float, ...]:
            self.delay = 0.08 if 10 <= at < 20 else 0.0
            return super().fate(at)

    heard = lines.run(packets, Rerouted(), codec="PCMU")
    assert mean(heard.delays[18 * 50 : 19 * 50]) < 0.08 + 0.045
    assert mean(heard.delays[-100:]) < 0.045


@pytest.mark.parametrize("leans", [True, False])
def test_ticks_that_are_moved_wait_for_less(sent: list[RtpPacket], leans: bool) -> None:
    ends = [
        mean(lines.run(sent, CONDITIONS["clean"](1), phase=phase, leans=leans).delays[-50:])
        for phase in PHASES
    ]
    assert max(ends) < (0.026 if leans else 0.045)


def test_the_ticks_stay_near_their_own(sent: list[RtpPacket]) -> None:
    """Two minutes of drift, 24 ms in all: the ticks do not go along for more than 12.5 ms."""
    long = [
        RtpPacket(i & 0xFFFF, i * 960, 111, False, 7, sent[i % 600].payload) for i in range(6_000)
    ]
    one, leant, farthest, now = lines.playout(), 0.0, 0.0, 0.0
    for index, packet in enumerate(long):
        one.receive(packet, index * 0.02 * (1 - 200e-6))
        one.read(now + 0.004)
        leant += (lean := one.lean())
        now += 0.02 + lean
        farthest = max(farthest, abs(leant))
    assert 0.005 < farthest < 0.0130
    assert one.figures.concealed == 0


def test_the_delay_moves_in_small_steps(sent: list[RtpPacket]) -> None:
    """No words are cut out: even after a stall what was captured is heard, quicker."""
    heard = lines.run(sent, Condition(stalls=((6.0, 0.3),)))
    for one, other in pairwise(heard.delays[50:]):
        assert other - one > -0.045


# ------------------------------------------------------------ the target for itself


def target(lateness: list[float], repairable: float = 0.0) -> float:
    one = DelayTarget()
    for late in lateness:
        one.add(round(late * 48_000))
    return (one.update(repairable, 960) - one.least) / 48_000


def test_few_late_packets_are_not_worth_a_delay_and_many_are() -> None:
    assert target([0.0] * 499 + [0.02]) == 0
    assert target([0.0] * 480 + [0.02] * 20) == pytest.approx(0.02)


def test_a_stall_is_not_jitter() -> None:
    stall = [0.3 - 0.02 * i for i in range(15)]
    assert target([0.0] * 485 + stall) <= 0.02
    assert target([0.0] * 60 + stall) <= 0.06  # nor at the start of a call


def test_copies_are_waited_for_where_enough_is_lost() -> None:
    assert target([0.0] * 500, repairable=0.04) == pytest.approx(0.02)
    assert target([0.0] * 500, repairable=0.005) == pytest.approx(0.02)
    assert target([0.0] * 500, repairable=0.003) == 0


def test_no_delay_is_longer_than_a_conversation_bears() -> None:
    assert target([0.0] * 100 + [1.0] * 400) <= 0.4


def test_an_empty_window_changes_nothing() -> None:
    one = DelayTarget()
    assert (one.update(0.1, 960), one.least, len(one)) == (0, 0, 0)


def test_the_window_forgets() -> None:
    one = DelayTarget()
    for late in [50 * MS] * 600 + [0] * 500:
        one.add(late)
    assert len(one) == 500
    assert one.update(0.0, 960) == 0


def test_losses_are_counted_in_a_window_and_taken_back() -> None:
    losses = Losses()
    for number in range(1000):
        losses.passed(number, COPIED if number % 10 == 0 else LOST if number % 10 == 1 else 0)
    assert losses.repairable == pytest.approx(0.1)
    assert losses.came(990)
    assert not losses.came(990)
    assert not losses.came(3)
    assert losses.repairable == pytest.approx(0.098)
    losses.passed(991, COPIED)  # said again: once is counted
    assert losses.repairable == pytest.approx(0.1)
    losses.clear()
    assert losses.repairable == 0

"""The relay and its scripts do what they say, and our leg hears through them what a plain peer
says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.media.conditions import Condition
from tests.media.conftest import Collector, Plain
from tests.media.relay import Relay
from tests.waiting import until
from tui.media.leg.leg import AudioLeg, AudioLegState
from tui.media.pcm.sources import ToneSource


def fates(condition: Condition, count: int = 2000) -> list[tuple[float, ...]]:
    return [condition.fate(index * 0.02) for index in range(count)]


def test_the_same_seed_is_the_same_line() -> None:
    def line(seed: int) -> Condition:
        return Condition(loss=0.05, jitter=0.03, duplicate=0.01, reorder=0.01, seed=seed)

    assert fates(line(7)) == fates(line(7))
    assert fates(line(7)) != fates(line(8))


def test_losses_and_delays_are_as_many_as_asked_for() -> None:
    told = fates(Condition(loss=0.05, delay=0.02, jitter=0.03, duplicate=0.1))
    here = [fate for fate in told if fate]
    assert 1 - len(here) / len(told) == pytest.approx(0.05, abs=0.015)
    assert sum(len(fate) == 2 for fate in here) / len(here) == pytest.approx(0.1, abs=0.03)
    assert min(fate[0] for fate in here) >= 0.02
    assert max(fate[0] for fate in here) == pytest.approx(0.05, abs=0.002)


def test_a_burst_is_lost_as_a_whole() -> None:
    told = fates(Condition(burst=0.06))
    assert sum(not fate for fate in told) == pytest.approx(40 * 3, abs=3)
    assert any(not (a or b or c) for a, b, c in zip(told, told[1:], told[2:], strict=False))


def test_a_stall_comes_late_and_in_order() -> None:
    told = fates(Condition(stalls=((1.0, 0.3),)), 100)
    arrivals = [index * 0.02 + fate[0] for index, fate in enumerate(told)]
    assert arrivals == sorted(arrivals)
    assert sum(fate[0] > 0 for fate in told) == 15
    assert max(fate[0] for fate in told) == pytest.approx(0.3)


def test_with_order_nothing_overtakes_and_without_it_may() -> None:
    for order in (True, False):
        told = fates(Condition(jitter=0.06, order=order), 300)
        arrivals = [index * 0.02 + fate[0] for index, fate in enumerate(told)]
        assert (arrivals == sorted(arrivals)) == order


async def test_through_the_relay_a_plain_peer_is_heard_and_what_is_lost_is_counted(
    plain: Callable[[float], Plain],
    leg: Callable[..., AudioLeg],
    collector: Callable[[], Collector],
    hears: Callable[..., Awaitable[None]],
) -> None:
    heard = collector()
    ours, other = leg(ToneSource(440), heard), plain(700)
    async with Relay(to_b=Condition(loss=0.1, delay=0.01, seed=5)) as relay:
        answer = await ours.answer(relay.from_a(await other.offer()))
        await other.accept(relay.from_b(answer))
        await hears(heard, 700)
        await hears(other.heard, 440)
        await until(lambda: relay.a_to_b.sent >= 80)
        assert ours.state is AudioLegState.CONNECTED
        assert 0 < relay.a_to_b.lost < 20
        assert relay.b_to_a.loss == 0
        assert relay.a_to_b.delay == pytest.approx(0.01)
        figures = ours.statistics()
        assert 0 < figures.lost <= relay.a_to_b.lost
        await ours.close()


async def test_a_relay_that_waits_lets_everything_pass_at_first() -> None:
    async with Relay(to_b=Condition(loss=1.0), waits=True) as relay:
        sent: list[bytes] = []
        relay._send = lambda end, data: sent.append(data)  # type: ignore[method-assign]
        packet = bytes([0x80, 111]) + bytes(20)
        relay.carry("a", packet)
        relay.begin()
        relay.carry("a", packet)
        relay.carry("a", bytes([0x80, 200]) + bytes(20))  # RTCP
        assert len(sent) == 2
        assert (relay.a_to_b.sent, relay.a_to_b.lost) == (1, 1)

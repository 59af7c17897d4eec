"""Two of our legs on a line that loses: reports ask for copies, copies bring back what was lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.media.conditions import Condition
from tests.media.conftest import Collector
from tests.media.relay import Relay
from tests.waiting import until
from tui.media.leg.leg import AudioLeg
from tui.media.pcm.levels import FRAME
from tui.media.pcm.sources import ToneSource
from tui.media.pcm.tones import strength


async def test_what_a_line_loses_in_bursts_is_heard_once_the_reports_told_of_it(
    leg: Callable[..., AudioLeg],
) -> None:
    heard = Collector()
    one, other = leg(ToneSource(440), Collector()), leg(ToneSource(1000), heard)
    lossy = Condition(burst=0.06, burst_every=0.3, seed=1)
    async with Relay(to_b=lossy) as relay:
        await one.accept(relay.from_b(await other.answer(relay.from_a(await one.offer()))))
        figures, received = other._session.received.playout.figures, other._session.received
        await until(lambda: received.with_copies > 100, 30, what=other.statistics)
        repaired, concealed, lost = figures.repaired, figures.concealed, figures.lost
        await until(lambda: figures.lost >= lost + 30, 30)
        assert figures.repaired - repaired > 20 * FRAME
        assert figures.concealed - concealed < 10 * FRAME
        assert strength(heard.last(0.5), 440) > 0.05
        # Its own direction is clean, so it repeats nothing; what was lost is reported all the same.
        assert one._session.received.with_copies == 0
        assert other.statistics().lost == pytest.approx(relay.a_to_b.lost, abs=6)


async def test_a_clean_line_carries_every_packet_once(leg: Callable[..., AudioLeg]) -> None:
    heard = Collector()
    one, other = leg(ToneSource(440), Collector()), leg(ToneSource(1000), heard)
    await one.accept(await other.answer(await one.offer()))
    await until(lambda: one._session._last_told and other._session._last_told, 10)
    await until(lambda: strength(heard.last(0.5), 440) > 0.05, 10)
    assert other._session.received.with_copies == one._session.received.with_copies == 0
    assert one._session.sent._format is not None
    assert one._session.sent._format.agreement.red is not None

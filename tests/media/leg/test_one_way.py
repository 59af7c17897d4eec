"""Sound that comes through one way only, found from both ends' counters: the other end is plain
aiortc, the relay between them swallows one direction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.media.conditions import Condition
from tests.media.conftest import Plain
from tests.media.relay import Relay
from tui.engine.audio.quality_judge import Judge
from tui.engine.audio.quality_monitor import measured
from tui.engine.context import Limits
from tui.media.e_model import rate
from tui.media.leg.leg import AudioLeg
from tui.media.pcm.sinks import NullSink
from tui.media.pcm.sources import ToneSource
from tui.port.values import Hearing

SWALLOW = Condition(loss=1.0)
LIMITS = Limits(hears_nothing=1.0, unheard=1.5)


@pytest.mark.parametrize("found", [Hearing.NOT_HEARD, Hearing.HEARS_NOTHING, Hearing.OK])
async def test_one_way_sound_is_found_and_which_way(
    leg: Callable[..., AudioLeg], plain: Callable[[float], Plain], found: Hearing
) -> None:
    ours, other = leg(ToneSource(440), NullSink()), plain(1000)
    judge = Judge(LIMITS, rate)
    to_b = SWALLOW if found is Hearing.NOT_HEARD else None
    to_a = SWALLOW if found is Hearing.HEARS_NOTHING else None
    async with Relay(to_a=to_a, to_b=to_b) as relay:
        answer = await other.answer(relay.from_a(await ours.offer()))
        await ours.accept(relay.from_b(answer))
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(20):
            seen, looks = Hearing.OK, 0
            while seen is Hearing.OK and looks < 20:
                await asyncio.sleep(0.1)
                if ours.state.value == "connected":
                    looks += found is Hearing.OK
                    seen = judge.look(loop.time(), measured(ours)).hearing
    assert seen is found

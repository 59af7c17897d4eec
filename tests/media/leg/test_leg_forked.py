"""Several phones answer one offer of ours, as they do where a call forks: one of them is heard."""

from __future__ import annotations

from typing import Any

import pytest

from tests.waiting import until
from tui.media.leg.leg import AudioLegState, UnacceptableOffer
from tui.media.pcm.sources import ToneSource
from tui.media.sdp.normalise import transport_of

OURS, FIRST, SECOND = 440, 1000, 1500


async def test_another_phone_is_heard_in_the_place_of_the_first_and_hears_us(
    leg: Any, plain: Any, collector: Any, hears: Any
) -> None:
    heard, first, second = collector(), plain(FIRST), plain(SECOND)
    states: list[AudioLegState] = []
    us = leg(ToneSource(OURS), heard, on_state=states.append)
    offer = await us.offer()
    early, later = await first.answer(offer), await second.answer(offer)
    await us.accept(early)
    await hears(heard, FIRST)
    before = us.local_address
    await us.follow(later)
    await hears(heard, SECOND)
    await hears(second.heard, OURS)
    await hears(heard, FIRST, absent=True)
    assert us.local_address != before
    assert us._connections.current.ends.ufrag == transport_of(offer).ufrag
    assert AudioLegState.LOST not in states
    # The 200 is the second phone's: nothing is left to set up.
    await us.accept(later)
    await hears(heard, SECOND)


async def test_who_cannot_be_reached_takes_nothing_from_the_one_that_is_heard(
    leg: Any, plain: Any, collector: Any, hears: Any
) -> None:
    heard, first, second = collector(), plain(FIRST), plain(SECOND)
    us = leg(ToneSource(OURS), heard, setup_timeout=2.0)
    offer = await us.offer()
    early, later = await first.answer(offer), await second.answer(offer)
    await second.close()
    await us.accept(early)
    await hears(heard, FIRST)
    with pytest.raises(UnacceptableOffer):
        await us.follow("v=0\r\n")
    await us.follow(later)
    await until(lambda: us._connections.next is None)
    assert us.state is AudioLegState.CONNECTED
    heard.pcm.clear()
    await hears(heard, FIRST)


async def test_before_anybody_has_answered_there_is_nobody_to_follow(
    leg: Any, plain: Any, collector: Any
) -> None:
    us = leg(ToneSource(OURS), collector())
    answer = await plain(FIRST).answer(await us.offer())
    with pytest.raises(RuntimeError):
        await us.follow(answer)

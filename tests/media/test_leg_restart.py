"""A leg that moves to another address in a call: the old path serves until the new one is up."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from tui.media.leg import Leg, LegState, UnacceptableOffer
from tui.media.sdp import transport_of
from tui.media.sources import NullSource, ToneSource

OURS, THEIRS, ELSEWHERE = 440, 1000, 1500


@pytest.fixture
async def call(leg: Any, plain: Any, collector: Any, hears: Any) -> Any:
    """A call, up, with both tones heard, and the list of its states."""

    async def make(**named: Any) -> tuple[Leg, Any, Any, list[LegState]]:
        heard, peer = collector(), plain(THEIRS)
        states: list[LegState] = []
        us = leg(ToneSource(OURS), heard, on_state=states.append, **named)
        await peer.accept(await us.answer(await peer.offer()))
        await hears(heard, THEIRS)
        await hears(peer.heard, OURS)
        return us, peer, heard, states

    return make


def source_of(offer: str) -> list[str]:
    return re.findall(r"a=ssrc:(\d+) ", offer)


async def test_a_restart_moves_the_call_and_the_sound_never_stops(
    call: Any, plain: Any, hears: Any, until: Any
) -> None:
    us, peer, heard, states = await call()
    old, before = us._links.current, us.local_address
    first = us._origin._last
    offer = await us.restart()
    there, here = transport_of(offer), transport_of(first)
    assert there.ufrag != here.ufrag
    assert there.fingerprints != here.fingerprints
    assert "a=setup:actpass" in offer
    assert source_of(offer) == source_of(first)  # one stream, whatever carries it
    heard.pcm.clear()
    peer.heard.pcm.clear()
    await hears(heard, THEIRS)
    await hears(peer.heard, OURS)  # nothing has changed yet
    other = plain(ELSEWHERE)
    answer = await other.answer(offer)
    await us.apply(answer)
    assert us._links.current is old
    await until(lambda: us._links.current is not old)
    await hears(heard, ELSEWHERE)
    await hears(other.heard, OURS)
    assert states == [LegState.CONNECTING, LegState.CONNECTED]
    assert us.local_address != before
    await until(lambda: not us._links.closers)
    assert old is not None
    assert old.wire.gone
    versions = [
        int(sdp.split("o=- ")[1].split()[1]) for sdp in (offer, await us.reoffer("sendonly"))
    ]
    assert versions == [2, 3]


async def test_a_refused_restart_leaves_the_call_and_no_socket(call: Any, hears: Any) -> None:
    us, _, heard, _ = await call()
    await us.restart()
    fresh = us._links.offered
    assert fresh is not None
    us.withdraw()
    await fresh.close()
    assert fresh.wire.gone
    heard.pcm.clear()
    await hears(heard, THEIRS)
    assert us.state is LegState.CONNECTED


async def test_an_answer_that_does_not_restart_is_refused_and_the_call_goes_on(
    call: Any, hears: Any
) -> None:
    us, peer, heard, _ = await call()
    answer = await peer.answer(await us.reoffer("sendrecv"))
    await us.restart()
    with pytest.raises(UnacceptableOffer):
        await us.apply(answer)
    assert us._pending is None
    heard.pcm.clear()
    await hears(heard, THEIRS)


async def test_the_peer_may_end_the_old_path_before_it_answers(
    call: Any, plain: Any, hears: Any, until: Any
) -> None:
    us, peer, heard, states = await call()
    offer = await us.restart()
    await peer.pc.close()
    await until(lambda: us._links.orphaned)
    other = plain(ELSEWHERE)
    await us.apply(await other.answer(offer))
    await hears(heard, ELSEWHERE)
    assert states == [LegState.CONNECTING, LegState.CONNECTED]


@pytest.mark.parametrize("way", ["never answered", "refused", "answered, never up"])
async def test_a_restart_that_comes_to_nothing_after_the_old_path_ended_is_a_lost_leg(
    call: Any, plain: Any, until: Any, way: str
) -> None:
    us, peer, _, _ = await call(setup_timeout=0.5)
    offer = await us.restart()
    await peer.pc.close()
    await until(lambda: us._links.orphaned)
    if way == "refused":
        us.withdraw()
    elif way == "answered, never up":
        other = plain(ELSEWHERE)
        answer = await other.answer(offer)
        await other.pc.close()
        await us.apply(answer)
    await until(lambda: us.state is LegState.LOST, 3)
    assert us.reason == "peer-closed"
    await until(lambda: not us._links.closers)


async def test_a_second_restart_takes_the_place_of_the_first(
    call: Any, plain: Any, hears: Any, until: Any
) -> None:
    us, _, heard, _ = await call()
    await us.restart()
    offer = await us.restart()
    other = plain(ELSEWHERE)
    await us.apply(await other.answer(offer))
    await hears(heard, ELSEWHERE)
    await until(lambda: not us._links.closers)


@pytest.mark.parametrize("moment", range(4))
async def test_a_leg_closes_in_the_middle_of_a_restart(call: Any, plain: Any, moment: int) -> None:
    us, _, _, _ = await call()
    offering = asyncio.ensure_future(us.restart())
    await asyncio.sleep(0)
    if moment == 0:
        offering.cancel()
    elif moment > 1:
        await us.apply(await plain(ELSEWHERE).answer(await offering))
        await asyncio.sleep(0.02 * (moment - 2))
    async with asyncio.timeout(3):
        await us.close()
        await asyncio.gather(offering, return_exceptions=True)
    while us._links.closers:
        await asyncio.sleep(0.01)
    assert us.state is LegState.CLOSED


async def test_source_and_sink_are_changed_in_the_call(
    call: Any, collector: Any, hears: Any
) -> None:
    us, peer, heard, _ = await call()
    us.set_source(ToneSource(ELSEWHERE))
    await hears(peer.heard, ELSEWHERE)
    ear = collector()
    us.set_sink(ear)
    await hears(ear, THEIRS)
    stood = len(heard.pcm)
    us.set_source(NullSource())
    await hears(peer.heard, ELSEWHERE, absent=True)
    assert len(heard.pcm) == stood

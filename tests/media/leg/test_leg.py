"""A leg of ours in a call with plain aiortc on loopback: what is heard proves it."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest

from tests.waiting import until
from tui.media.leg.leg import AudioLegState, UnacceptableOffer
from tui.media.pcm.sources import ToneSource
from tui.media.sdp.normalise import direction_of, normalise

OURS, THEIRS = 440, 1000


@pytest.fixture
async def call(leg: Any, plain: Any, collector: Any, hears: Any) -> Any:
    """A call that the peer offered, up, with both tones heard."""

    async def make() -> tuple[Any, Any, Any]:
        heard = collector()
        states: list[AudioLegState] = []
        us = leg(ToneSource(OURS), heard, on_state=states.append)
        peer = plain(THEIRS)
        await peer.accept(await us.answer(await peer.offer()))
        await until(lambda: us.state is AudioLegState.CONNECTED)
        assert states == [AudioLegState.CONNECTING, AudioLegState.CONNECTED]
        await hears(heard, THEIRS)
        await hears(peer.heard, OURS)
        return us, peer, heard

    return make


async def test_an_answered_leg_carries_the_tones_both_ways(call: Any) -> None:
    us, _, _ = await call()

    def as_loud_as_it_is() -> bool:
        you, them = us.levels()
        return bool(0.15 < you < 0.3 and 0.1 < them < 0.3)  # a sine of level 0.3 has an rms of 0.21

    await until(as_loud_as_it_is, what=lambda: us.levels())
    numbers = us.statistics()
    assert numbers.sent > 5
    assert numbers.received > 5
    assert numbers.lost == 0
    await until(lambda: us.statistics().rtt is not None and 0 <= us.statistics().rtt < 1000)


async def test_an_offered_leg_carries_the_tones_both_ways(
    leg: Any, plain: Any, collector: Any, hears: Any
) -> None:
    heard, peer = collector(), plain(THEIRS)
    us = leg(ToneSource(OURS), heard)
    offer = await us.offer()
    assert "m=audio" in offer
    assert "UDP/TLS/RTP/SAVPF 111 " in offer  # opus is the first
    assert "a=rtpmap:111 opus/48000/2" in offer
    assert "a=setup:actpass" in offer
    await us.accept(await peer.answer(offer))
    await hears(heard, THEIRS)
    await hears(peer.heard, OURS)


async def test_mute_is_silence_at_the_peer_and_ends(call: Any, hears: Any) -> None:
    us, peer, heard = await call()
    us.mute(True)
    await hears(peer.heard, OURS, absent=True)
    assert us.levels()[0] < 0.15
    await hears(heard, THEIRS)
    us.mute(False)
    await hears(peer.heard, OURS)


async def test_a_local_hold_cuts_both_ways(call: Any, hears: Any) -> None:
    us, peer, heard = await call()
    us.hold(True)
    await hears(peer.heard, OURS, absent=True)
    before, received = len(heard.pcm), us.statistics().received
    await until(lambda: us.statistics().received > received + 5)  # theirs comes, and is not heard
    assert len(heard.pcm) == before
    us.hold(False)
    await hears(peer.heard, OURS)
    await hears(heard, THEIRS)


async def test_the_peer_holds_and_resumes_by_re_offer(call: Any, hears: Any) -> None:
    us, peer, heard = await call()
    peer.direction = "sendonly"
    answer = await us.answer(await peer.offer())
    assert direction_of(answer) == "recvonly"
    await peer.accept(answer)
    sent = us.statistics().sent
    await hears(heard, THEIRS)
    received = us.statistics().received
    await until(lambda: us.statistics().received > received + 10)
    assert us.statistics().sent <= sent + 2
    peer.direction = "sendrecv"
    again = await us.answer(await peer.offer())
    assert direction_of(again) == "sendrecv"
    await peer.accept(again)
    peer.heard.pcm.clear()
    await hears(peer.heard, OURS)
    versions = [int(a.split("o=- ")[1].split()[1]) for a in (answer, again)]
    assert versions == [2, 3]
    assert answer.split("o=- ")[1].split()[0] == again.split("o=- ")[1].split()[0]


async def test_a_bad_offer_is_unacceptable_and_leaves_the_call_as_it_is(
    call: Any, hears: Any
) -> None:
    us, _, heard = await call()
    for bad in ("", "v=0", "m=audio 9 RTP/AVP 0", "\0" * 100):
        with pytest.raises(UnacceptableOffer) as refused:
            await us.answer(bad)
        assert refused.value.reason
    heard.pcm.clear()
    await hears(heard, THEIRS)
    assert us.state is AudioLegState.CONNECTED


async def test_a_path_that_lives_is_told_from_sound_that_is_missing(
    call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On hold no sound comes, and the path lives all the same: ICE checks it."""
    monkeypatch.setattr("aioice.ice.CONSENT_INTERVAL", 0.1)
    monkeypatch.setattr("aioice.ice.CONSENT_FAILURES", sys.maxsize)
    us, peer, _ = await call()
    await until(lambda: us.statistics().path_age < 0.5)
    peer.direction = "inactive"
    await peer.accept(await us.answer(await peer.offer()))
    await until(lambda: us.statistics().last_packet_age > 1.0)
    us._session._ice.heard_at = 0.0
    assert us.statistics().path_age is None
    await until(lambda: us.statistics().path_age is not None)
    await peer.pc.close()
    await until(lambda: us.statistics().path_age > 1.0)


async def test_close_is_quick_and_ends_everything(call: Any) -> None:
    us, _, _ = await call()
    async with asyncio.timeout(2):
        await us.close()
        await us.close()
    assert us.state is AudioLegState.CLOSED
    with pytest.raises(RuntimeError):
        await us.offer()


async def test_a_peer_that_leaves_is_a_lost_leg(call: Any) -> None:
    us, peer, _ = await call()
    await peer.pc.close()
    await until(lambda: us.state is AudioLegState.LOST)
    assert us.reason == "peer-closed"


async def test_the_set_up_has_a_limit_of_its_own(leg: Any, plain: Any, collector: Any) -> None:
    peer = plain(THEIRS)
    us = leg(ToneSource(OURS), collector(), setup_timeout=0.05)
    await us.answer(await peer.offer())  # the answer never reaches the peer
    await until(lambda: us.state is AudioLegState.FAILED, 10)
    assert us.reason == "setup-timeout"


def test_the_normaliser_is_idempotent_on_its_own_output() -> None:
    text = (
        "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-mux\r\n"
        "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n"
        "a=fingerprint:sha-256 " + ":".join(["AB"] * 32) + "\r\n"
    )
    once = normalise(text, role="offer")
    assert normalise(once, role="offer") == once

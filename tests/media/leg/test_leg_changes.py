"""What may change in a running call: holds by us, restarts of ICE, payload numbers, codecs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.waiting import until
from tui.media.leg.leg import AudioLeg, AudioLegState, UnacceptableOffer
from tui.media.pcm.sources import ToneSource
from tui.media.pcm.tones import strength
from tui.media.sdp.direction import Direction
from tui.media.sdp.normalise import direction_of, transport_of

OURS, THEIRS = 440, 1000


@pytest.fixture
async def call(leg: Any, plain: Any, collector: Any, hears: Any) -> Any:
    """A call that we offered, up, with both tones heard."""

    async def make() -> tuple[AudioLeg, Any, Any]:
        heard, peer = collector(), plain(THEIRS)
        us = leg(ToneSource(OURS), heard)
        await us.accept(await peer.answer(await us.offer()))
        await hears(heard, THEIRS)
        await hears(peer.heard, OURS)
        return us, peer, heard

    return make


async def test_our_hold_by_re_offer_silences_and_our_resume_brings_back(
    call: Any, hears: Any
) -> None:
    us, peer, heard = await call()
    offer = await us.reoffer(Direction.INACTIVE)
    assert direction_of(offer) == "inactive"
    assert "SAVPF 111 " in offer
    heard.pcm.clear()
    await hears(heard, THEIRS)  # nothing has changed yet
    await us.apply(await peer.answer(offer))
    assert us.direction == "inactive"
    await asyncio.sleep(0.1)
    before, sent = len(heard.pcm), us.statistics().sent
    await asyncio.sleep(0.2)
    assert len(heard.pcm) - before < 5 * 1920
    assert us.statistics().sent - sent <= 1
    again = await us.reoffer(Direction.SENDRECV)
    versions = [int(sdp.split("o=- ")[1].split()[1]) for sdp in (offer, again)]
    assert versions[1] == versions[0] + 1
    await us.apply(await peer.answer(again))
    heard.pcm.clear()
    peer.heard.pcm.clear()
    await hears(heard, THEIRS)
    await hears(peer.heard, OURS)


async def test_a_refused_re_offer_undoes_nothing(call: Any, hears: Any) -> None:
    us, peer, heard = await call()
    await us.reoffer(Direction.INACTIVE)  # 488: nobody applies it
    heard.pcm.clear()
    peer.heard.pcm.clear()
    await hears(heard, THEIRS)
    await hears(peer.heard, OURS)
    assert us.direction == "sendrecv"
    await us.apply(await peer.answer(await us.reoffer(Direction.SENDONLY)))
    assert us.direction == "sendonly"


async def test_the_peer_may_re_offer_while_ours_is_under_way(call: Any, hears: Any) -> None:
    us, peer, _heard = await call()
    await us.reoffer(Direction.SENDONLY)
    peer.direction = "recvonly"
    answer = await us.answer(await peer.offer())
    assert direction_of(answer) == "sendonly"
    await peer.accept(answer)
    peer.heard.pcm.clear()
    await hears(peer.heard, OURS)


async def test_a_new_ice_user_gets_a_fresh_connection_and_the_sound_goes_on(
    call: Any, plain: Any, hears: Any
) -> None:
    us, _peer, heard = await call()
    before = us._connections.current
    received = us.statistics().received
    other = plain(1500)  # the PBX moved the call to another media server
    offer = await other.offer()
    answer = await us.answer(offer)
    await other.accept(answer)
    assert us._connections.current is before  # it serves until the new one is up
    await until(lambda: us._connections.current is not before)
    heard.pcm.clear()
    await hears(heard, 1500)
    await hears(heard, THEIRS, absent=True)
    await hears(other.heard, OURS)
    await until(lambda: not us._connections.closers)
    assert before.ice.gone
    assert us.state is AudioLegState.CONNECTED
    assert us.statistics().received > received
    assert not transport_of(answer).same_peer(transport_of(offer))


async def test_an_answer_that_restarts_ice_unasked_is_refused(call: Any) -> None:
    us, peer, _heard = await call()
    answer = await peer.answer(await us.reoffer(Direction.SENDONLY))
    ufrag = transport_of(answer).ufrag
    with pytest.raises(UnacceptableOffer):
        await us.apply(answer.replace(f"ufrag:{ufrag}", "ufrag:other"))
    assert us.direction == "sendrecv"


async def test_another_payload_number_in_a_re_offer_is_obeyed_both_ways(
    call: Any, hears: Any, renumber: Any
) -> None:
    us, peer, heard = await call()
    offer = renumber(await peer.offer(), {111: 120})
    receiver = peer.pc.getReceivers()[0]
    transport = receiver.transport
    receiver._RTCRtpReceiver__codecs[120] = receiver._RTCRtpReceiver__codecs[111]
    transport._rtp_router.payload_type_table[120] = {receiver}
    numbers: list[int] = []
    handle, send = receiver._handle_rtp_packet, transport._send_rtp

    async def note(packet: Any, arrival_time_ms: int) -> None:
        numbers.append(packet.payload_type)
        await handle(packet, arrival_time_ms=arrival_time_ms)

    async def as_120(data: bytes) -> None:
        if data[1] & 0x7F == 111:
            data = data[:1] + bytes([data[1] & 0x80 | 120]) + data[2:]
        await send(data)

    receiver._handle_rtp_packet, transport._send_rtp = note, as_120
    answer = await us.answer(offer)
    assert "a=rtpmap:120 opus/48000/2" in answer
    numbers.clear()
    peer.heard.pcm.clear()
    heard.pcm.clear()
    await hears(peer.heard, OURS)
    await hears(heard, THEIRS)
    assert set(numbers[2:]) == {120}


async def test_a_codec_change_in_a_re_offer_is_followed(call: Any, hears: Any) -> None:
    us, peer, _heard = await call()
    offer = await peer.offer()
    g711 = "\r\n".join(
        "m=audio 9 UDP/TLS/RTP/SAVPF 8" if line.startswith("m=audio") else line
        for line in offer.split("\r\n")
        if not line.startswith(("a=rtpmap:111", "a=rtpmap:0", "a=rtpmap:9 ", "a=fmtp"))
    )
    answer = await us.answer(g711)
    assert "UDP/TLS/RTP/SAVPF 8\r\n" in answer
    receiver = peer.pc.getReceivers()[0]
    numbers: list[int] = []
    handle = receiver._handle_rtp_packet

    async def note(packet: Any, arrival_time_ms: int) -> None:
        numbers.append(packet.payload_type)
        await handle(packet, arrival_time_ms=arrival_time_ms)

    receiver._handle_rtp_packet = note
    await until(lambda: numbers and numbers[-1] == 8)
    peer.heard.pcm.clear()  # plain aiortc decodes G.711 to 8 kHz
    await until(lambda: strength(bytes(peer.heard.pcm[-3200:]), OURS, 8000) > 0.2)
    await until(lambda: set(numbers[-10:]) == {8}, what=lambda: numbers[-10:])


async def test_an_answer_in_a_183_and_again_in_the_200_are_one(
    leg: Any, plain: Any, collector: Any, hears: Any
) -> None:
    heard, peer = collector(), plain(THEIRS)
    us = leg(ToneSource(OURS), heard)
    answer = await peer.answer(await us.offer())
    await us.accept(answer)
    await hears(heard, THEIRS)
    await us.accept(answer)
    heard.pcm.clear()
    peer.heard.pcm.clear()
    await hears(heard, THEIRS)
    await hears(peer.heard, OURS)
    ufrag = transport_of(answer).ufrag
    with pytest.raises(UnacceptableOffer):
        await us.accept(answer.replace(f"ufrag:{ufrag}", "ufrag:fork"))


@pytest.mark.parametrize("name", ["PCMA", "PCMU", "G722"])
async def test_a_peer_without_opus_is_heard_and_hears(
    leg: Any, plain: Any, collector: Any, hears: Any, name: str
) -> None:
    heard, peer = collector(), plain(THEIRS)
    transceiver = peer.pc.getTransceivers()[0]
    wanted = [c for c in transceiver.sender.getCapabilities("audio").codecs if c.name == name]
    transceiver.setCodecPreferences(wanted)
    us = leg(ToneSource(OURS), heard)
    answer = await us.answer(await peer.offer())
    assert "opus" not in answer
    await peer.accept(answer)
    await hears(heard, THEIRS)
    rate = 16000 if name == "G722" else 8000
    await until(lambda: strength(bytes(peer.heard.pcm[-rate // 5 * 2 :]), OURS, rate) > 0.2)


async def test_a_close_that_hangs_in_the_library_ends_by_our_limit(
    call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    us, _peer, _heard = await call()
    connection = us._connections.current
    assert connection is not None
    socket = connection.ice._connection._protocols[0].transport
    stop = connection._aioice.close
    monkeypatch.setattr("tui.media.transport.connection.CLOSE_LIMIT", 0.2)
    monkeypatch.setattr(connection._aioice, "close", asyncio.Event().wait)
    async with asyncio.timeout(2):
        await us.close()
    assert socket.is_closing()
    await stop()


async def test_a_leg_closes_while_it_is_being_set_up(leg: Any, plain: Any, collector: Any) -> None:
    for moment in range(6):
        peer = plain(THEIRS)
        us = leg(ToneSource(OURS), collector())
        answer = await us.answer((await peer.offer()).replace("a=setup:actpass\r\n", ""))
        await peer.accept(answer)
        await asyncio.sleep(moment * 0.02)
        async with asyncio.timeout(3):
            await us.close()
        assert us.state is AudioLegState.CLOSED


async def test_the_last_description_may_be_sent_again_as_a_re_offer(
    leg: Any, plain: Any, collector: Any, hears: Any
) -> None:
    """A session timer refreshes with the last local SDP, which was an answer."""
    heard, peer = collector(), plain(THEIRS)
    us = leg(ToneSource(OURS), heard)
    last = await us.answer(await peer.offer())
    await peer.accept(last)
    await hears(heard, THEIRS)
    await us.accept(await peer.answer(last))
    heard.pcm.clear()
    peer.heard.pcm.clear()
    await hears(heard, THEIRS)
    await hears(peer.heard, OURS)
    assert us.direction == "sendrecv"


async def test_many_re_offers_leave_one_doorman_at_the_socket(call: Any, hears: Any) -> None:
    us, peer, heard = await call()
    protocol = us._connections.current.ice._connection._protocols[0]
    before = protocol.datagram_received
    for direction in (Direction.SENDONLY, Direction.SENDRECV):
        await us.apply(await peer.answer(await us.reoffer(direction)))
    assert protocol.datagram_received is before
    heard.pcm.clear()
    await hears(heard, THEIRS)

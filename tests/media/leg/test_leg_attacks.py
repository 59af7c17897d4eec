"""What a PBX, a relay or a stranger may throw at a leg, and that the call goes on."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import sys
from typing import Any

import pytest
from aiortc.rtp import RtcpByePacket, RtpPacket

from tests.waiting import until
from tui.media.leg.leg import AudioLeg, AudioLegState
from tui.media.pcm.sources import ToneSource
from tui.media.transport.srtp import MAX_STREAMS

OURS, THEIRS = 440, 1000
ALERT = bytes.fromhex("15fefd0000000000000000000202 28".replace(" ", ""))
"""A plaintext DTLS alert: fatal, handshake failure."""


STUN = bytes.fromhex("000100082112a442") + bytes(12) + bytes.fromhex("0020000400020000")
"""A binding request whose address attribute is too short."""


@pytest.fixture
async def call(leg: Any, plain: Any, collector: Any, hears: Any) -> Any:
    async def make() -> tuple[AudioLeg, Any, Any]:
        heard, peer = collector(), plain(THEIRS)
        us = leg(ToneSource(OURS), heard)
        await peer.accept(await us.answer(await peer.offer()))
        await hears(heard, THEIRS)
        return us, peer, heard

    return make


def dtls(peer: Any) -> Any:
    return peer.pc.getTransceivers()[0].receiver.transport


def rtp(ssrc: int, sequence: int, payload_type: int, payload: bytes, timestamp: int = 0) -> bytes:
    packet = RtpPacket(
        payload_type=payload_type, sequence_number=sequence, timestamp=timestamp, marker=0
    )
    packet.ssrc, packet.payload = ssrc, payload
    return packet.serialize()


async def still_up(us: AudioLeg, heard: Any, hears: Any) -> None:
    heard.pcm.clear()
    await hears(heard, THEIRS)
    assert us.state is AudioLegState.CONNECTED
    assert us._connections.current is not None
    assert len(us._connections.current.ice._inbox) < 50


@pytest.mark.parametrize("payload_type", [101, 126, 96, 8, 13])
async def test_a_telephone_event_packet_is_swallowed(
    call: Any, hears: Any, payload_type: int
) -> None:
    us, peer, heard = await call()
    send, left = dtls(peer)._send_rtp, 12

    async def event_instead(data: bytes) -> None:
        nonlocal left
        if left and not 200 <= data[1] <= 207:  # not RTCP
            left -= 1
            data = data[:1] + bytes([payload_type]) + data[2:12]
            data = data[:12] + (b"\x05\x0a\x00\xa0" if left % 4 else b"")
            data = bytes([data[0] & 0xEF]) + data[1:]  # no header extension
        await send(data)

    dtls(peer)._send_rtp = event_instead
    await until(lambda: not left)
    await still_up(us, heard, hears)


async def test_an_rtcp_bye_does_not_end_the_sound(call: Any, hears: Any) -> None:
    us, peer, heard = await call()
    sources = [peer.pc.getSenders()[0]._ssrc]
    await dtls(peer)._send_rtp(bytes(RtcpByePacket(sources=sources)))
    received = us.statistics().received
    await until(lambda: us.statistics().received > received + 5)  # the BYE came before these
    await still_up(us, heard, hears)


async def test_a_new_ssrc_is_heard_at_once_and_the_old_one_again_later(
    call: Any, hears: Any
) -> None:
    us, peer, heard = await call()
    sender = peer.pc.getSenders()[0]
    old = sender._ssrc
    for ssrc in (old ^ 0xFFFF, old):
        await asyncio.sleep(0.4)  # a late packet of the stream just left is dropped for 0.3 s
        sender._ssrc = ssrc
        heard.pcm.clear()
        await hears(heard, THEIRS, limit=2)
    await still_up(us, heard, hears)


async def test_a_hundred_ssrcs_end_neither_the_call_nor_its_close(call: Any, hears: Any) -> None:
    us, peer, heard = await call()
    for n in range(100):
        await dtls(peer)._send_rtp(rtp(5000 + n, n, 96, b"\xf8\xff\xfe", n * 960))
    await asyncio.sleep(1.6)  # a report is written meanwhile
    assert us._connections.current is not None
    assert len(us._connections.current.association.srtp()._streams) <= MAX_STREAMS
    await still_up(us, heard, hears)
    async with asyncio.timeout(3):
        await us.close()


async def test_srtp_noise_and_broken_packets_are_left_out(call: Any, hears: Any) -> None:
    us, peer, heard = await call()
    ice = dtls(peer).transport._connection
    for size in (0, 1, 2, 3, 11, 12, 13, 40, 1400):
        for first in (
            b"\x80",
            b"\x80\xc8",
            b"\x90",
            b"\xbf\xff",
            b"\x00",
            b"\x01\x01",
            b"\x14",
            b"\x16",
        ):
            await ice.send((first + os.urandom(size))[: max(size, 0)])
    for body in (b"", b"\x80", b"\x81\xc9\x00\x07" + bytes(3), b"\x9f\xcb\xff\xff"):
        await dtls(peer)._send_rtp(b"\x80\xc8\x00\x01" + bytes(4) + body)
    await still_up(us, heard, hears)


async def test_datagrams_of_strangers_do_not_reach_a_running_call(call: Any, hears: Any) -> None:
    us, _peer, heard = await call()
    assert us._connections.current is not None
    address = us._connections.current.ice._connection._protocols[0].transport.get_extra_info(
        "sockname"
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for data in (
            ALERT,
            b"",
            b"\x80" + bytes(50),
            bytes(20),
            b"\x00\x01\x00\x00" + bytes(16),
            STUN,
        ):
            for _ in range(5):
                stranger.sendto(data, address[:2])
    await until(lambda: us.statistics().dropped >= 15)
    await still_up(us, heard, hears)


async def test_an_alert_of_a_stranger_during_the_handshake_fails_nothing(
    leg: Any, plain: Any, collector: Any, hears: Any
) -> None:
    heard, peer = collector(), plain(THEIRS)
    us = leg(ToneSource(OURS), heard)
    answer = await us.answer(await peer.offer())
    port = int(re.findall(r"candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+)", answer)[0])
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stop = asyncio.Event()

    async def shout() -> None:
        while not stop.is_set():
            stranger.sendto(ALERT, ("127.0.0.1", port))
            stranger.sendto(b"", ("127.0.0.1", port))
            await asyncio.sleep(0.002)

    shouting = asyncio.ensure_future(shout())
    try:
        await asyncio.sleep(0.05)
        await peer.accept(answer)
        await until(lambda: us.state is not AudioLegState.CONNECTING)
    finally:
        stop.set()
        await shouting
        stranger.close()
    assert us.state is AudioLegState.CONNECTED, us.reason
    assert us.statistics().dropped > 10
    await hears(heard, THEIRS)


async def test_a_source_that_fails_is_silence_and_the_call_goes_on(
    leg: Any, plain: Any, collector: Any, hears: Any
) -> None:
    class Broken:
        reads = 0

        def read(self, samples: int) -> bytes:
            self.reads += 1
            if self.reads % 3 == 0:
                return b"short"
            raise OSError("gone")

    class Deaf:
        def write(self, pcm: bytes) -> None:
            raise OSError("gone")

    heard, peer, source = collector(), plain(THEIRS), Broken()
    us = leg(source, Deaf())
    await peer.accept(await us.answer(await peer.offer()))
    await until(lambda: source.reads > 50)
    assert us.state is AudioLegState.CONNECTED
    assert us.levels()[0] == 0
    assert us.levels()[1] > 0.1
    assert heard.pcm == b""
    assert us._connections.current is not None
    assert len(us._connections.current.ice._inbox) < 50


async def test_two_dtls_clients_still_come_together(
    leg: Any, plain: Any, collector: Any, hears: Any
) -> None:
    heard, peer = collector(), plain(THEIRS)
    us = leg(ToneSource(OURS), heard)
    offer = (await peer.offer()).replace("a=setup:actpass\r\n", "")
    answer = await us.answer(offer)
    # A peer without a=setup reads none either, and is active by RFC 4145's default.
    await peer.accept(answer.replace("a=setup:active", "a=setup:passive"))
    await hears(heard, THEIRS)
    await hears(peer.heard, OURS)


async def test_no_server_is_asked_unless_one_is_given(leg: Any, collector: Any) -> None:
    us = leg(ToneSource(OURS), collector())
    await us.offer()
    assert us._connections.current is not None
    ice = us._connections.current.ice._connection
    assert (ice.stun_server, ice.turn_server) == (None, None)


async def test_loopback_is_a_candidate_only_on_request(
    collector: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import aioice.ice

    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: [])
    for loopback in (True, False):
        us = AudioLeg(source=ToneSource(OURS), sink=collector(), loopback=loopback)
        try:
            assert ("127.0.0.1" in await us.offer()) is loopback
        finally:
            await us.close()


async def test_a_leg_without_any_candidate_fails_by_its_own_limit(
    collector: Any, plain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import aioice.ice

    offer = await plain(THEIRS).offer()
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: [])
    us = AudioLeg(source=ToneSource(OURS), sink=collector(), setup_timeout=0.1)
    await us.answer(offer)
    await until(lambda: us.state is AudioLegState.FAILED, 10)
    await us.close()


@pytest.mark.parametrize("bad", ["http://x", "stun: x", "turn:a@b@c", "stun:a b"])
def test_a_server_that_cannot_be_read_is_refused_without_repeating_it(bad: str) -> None:
    from tui.media.transport.ice_servers import servers

    with pytest.raises(ValueError, match="an ICE server is") as refused:
        servers([bad])
    assert bad not in str(refused.value)


def test_turn_credentials_are_taken_out_of_the_address() -> None:
    from tui.media.transport.ice_servers import servers

    one = servers(["turn:user:secret@turn.example.org:3478?transport=tcp"])[0]
    assert one.urls == "turn:turn.example.org:3478?transport=tcp"
    assert (one.username, one.credential) == ("user", "secret")


async def test_a_peer_that_stops_to_answer_checks_is_a_lost_leg(
    call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import aioice.ice

    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.05)
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", sys.maxsize)
    us, peer, _ = await call()
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 1)
    for protocol in dtls(peer).transport._connection._protocols:
        protocol.datagram_received = lambda data, addr: None
    await until(lambda: us.state is AudioLegState.LOST, 20)
    assert us.reason == "transport"


async def test_a_flood_of_noise_is_bounded_and_the_call_goes_on(call: Any, hears: Any) -> None:
    us, peer, heard = await call()
    ice = dtls(peer).transport._connection
    for _ in range(20):
        for _ in range(100):
            await ice.send(b"\x80\x6f" + os.urandom(60))
        await asyncio.sleep(0.02)
    await until(lambda: us.statistics().dropped > 200)
    await still_up(us, heard, hears)

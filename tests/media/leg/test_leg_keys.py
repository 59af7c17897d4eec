"""Keys in a call (RFC 4733), as plain aiortc's transport carries them."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from tests.waiting import until
from tui.media.leg.leg import AudioLeg, AudioLegState
from tui.media.pcm.sources import ToneSource
from tui.media.rtp.packet import Fields, pack, unpack

OURS, THEIRS = 440, 1000


def with_keys(sdp: str, *keys: tuple[int, int]) -> str:
    """The description of a peer that takes keys with these numbers and clocks."""
    head, line, rest = sdp.partition("m=audio ")
    first, _, rest = rest.partition("\r\n")
    numbers = "".join(f" {number}" for number, _ in keys)
    maps = "".join(f"a=rtpmap:{number} telephone-event/{rate}\r\n" for number, rate in keys)
    return f"{head}{line}{first}{numbers}\r\n{rest}{maps}"


def without_keys(sdp: str, *numbers: int) -> str:
    """Our answer, as a peer can read it that knows nothing of keys."""
    lines = []
    for line in sdp.split("\r\n"):
        if line.startswith("m=audio"):
            line = " ".join(part for part in line.split(" ") if part not in map(str, numbers))
        if not any(line.startswith((f"a=rtpmap:{n} ", f"a=fmtp:{n} ")) for n in numbers):
            lines.append(line)
    return "\r\n".join(lines)


def dtls(peer: Any) -> Any:
    return peer.pc.getTransceivers()[0].receiver.transport


@pytest.fixture
async def call(leg: Any, plain: Any, collector: Any) -> Any:
    """A call whose peer takes keys; all RTP packets that it gets, and the keys that we heard."""

    async def make(*keys: tuple[int, int]) -> tuple[AudioLeg, Any, list[Fields], list[str]]:
        heard: list[str] = []
        got: list[Fields] = []
        peer = plain(THEIRS)
        us = leg(ToneSource(OURS), collector(), on_digit=heard.append)
        assert not us.awaits_digits
        answer = await us.answer(with_keys(await peer.offer(), *keys))
        assert (us.awaits_digits, us.can_send_digits) == (bool(keys), False)
        for number, rate in keys:
            assert f"a=rtpmap:{number} telephone-event/{rate}\r\n" in answer
        take = dtls(peer)._handle_rtp_data

        async def note(data: bytes, arrival_time_ms: int) -> None:
            fields = unpack(data)
            assert fields is not None
            got.append(fields)
            await take(data, arrival_time_ms=arrival_time_ms)

        dtls(peer)._handle_rtp_data = note
        await peer.accept(without_keys(answer, *(number for number, _ in keys)))
        await until(lambda: us.state is AudioLegState.CONNECTED and len(got) > 3)
        return us, peer, got, heard

    return make


@pytest.mark.parametrize(
    ("keys", "number", "clock"),
    [
        (((101, 8000),), 101, 8000),
        (((110, 48000), (101, 8000)), 110, 48000),
        (((101, 8000), (110, 48000)), 110, 48000),
    ],
)
async def test_keys_arrive_complete_in_the_clock_that_was_negotiated(
    call: Any, keys: Any, number: int, clock: int
) -> None:
    us, _, got, _ = await call(*keys)
    assert us.can_send_digits
    assert not us.awaits_digits
    us.mute(True)  # cuts the voice, not the keys
    for key in "17#":
        us.send_digit(key, 0.06)
    await until(lambda: sum(p[0] == number and p[5][1] >> 7 for p in got) == 9)
    sent = [p for p in got if p[0] == number]
    assert [p[5][0] for p in sent if p[1]] == [1, 7, 11]
    assert len({p[3] for p in sent}) == 3
    assert {p[5][2:] for p in sent if p[5][1] >> 7} == {(clock * 6 // 100).to_bytes(2)}
    assert len({p[4] for p in got}) == 1
    steps = {(b[2] - a[2]) % 65536 for a, b in itertools.pairwise(got)}
    assert steps == {1}


async def test_without_the_peers_word_there_are_no_keys(call: Any) -> None:
    us, _, _, _ = await call()
    assert not us.can_send_digits
    with pytest.raises(RuntimeError):
        us.send_digit("1")


async def test_keys_of_the_peer_are_told_once_and_nothing_broken_ends_the_call(call: Any) -> None:
    us, peer, _, heard = await call((101, 8000))
    ssrc = peer.pc.getSenders()[0]._ssrc
    sequence = 0

    async def say(payload: bytes, timestamp: int, marker: bool = False) -> None:
        nonlocal sequence
        sequence += 1
        # A stream of its own: plain aiortc's numbers go on beside it.
        packet = pack(101, marker, sequence, timestamp, ssrc ^ 1, payload)
        await dtls(peer)._send_rtp(packet)

    for timestamp, code in ((1000, 4), (9000, 2), (17000, 2)):
        for ticks in range(1, 6):
            duration = (160 * ticks).to_bytes(2)
            await say(bytes([code, 10 | (ticks > 3) << 7]) + duration, timestamp, ticks == 1)
    for broken in (b"", b"\x01", b"\xff\xff\xff\xff", bytes(60)):
        await say(broken, 99)
    await until(lambda: len(heard) >= 4)
    assert heard == ["4", "2", "2", "0"]  # sixty zeros are a key 0
    received = us.statistics().received
    await asyncio.sleep(0.1)
    assert us.statistics().received > received
    assert us.state is AudioLegState.CONNECTED


async def test_a_listener_that_fails_ends_nothing(
    leg: Any, plain: Any, collector: Any, hears: Any
) -> None:
    def fail(key: str) -> None:
        raise OSError(key)

    heard, peer = collector(), plain(THEIRS)
    us = leg(ToneSource(OURS), heard, on_digit=fail)
    answer = await us.answer(with_keys(await peer.offer(), (101, 8000)))
    await peer.accept(without_keys(answer, 101))
    await hears(heard, THEIRS)
    await dtls(peer)._send_rtp(pack(101, True, 1, 1, 77, b"\x05\x0a\x00\xa0"))
    heard.pcm.clear()
    await hears(heard, THEIRS)

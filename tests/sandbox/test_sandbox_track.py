"""What a leg of the sandbox says: packets made once, packets made now, and sound for G.711."""

from __future__ import annotations

import asyncio
import contextlib
import random
from array import array
from collections.abc import AsyncIterator

import pytest
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.codecs.opus import OpusDecoder
from aiortc.jitterbuffer import JitterFrame
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame
from av.packet import Packet

from tests.sandbox.conftest import Tone
from tests.waiting import until
from tui.sandbox.audio.leg import SandboxLeg, bind_to_loopback
from tui.sandbox.audio.recorder import goertzel
from tui.sandbox.audio.track import PacketMaker, VoiceTrack, frame_of, prepare
from tui.sandbox.audio.voices import BLOCK, RATE, SILENCE, Block, ringback, sound_of, voice

HZ = 440
TONE = f"tone:{HZ}"


def heard(packets: list[bytes]) -> list[float]:
    """The share of the tone in each 100 ms of what these packets are decoded to."""
    decoder, samples = OpusDecoder(), array("h")
    for number, packet in enumerate(packets):
        for frame in decoder.decode(JitterFrame(packet, number * BLOCK)):
            assert isinstance(frame, AudioFrame)
            samples.extend(array("h", bytes(frame.planes[0])[: 4 * frame.samples])[::2])
    tenth = RATE // 10
    cuts = (samples[at : at + tenth] for at in range(0, len(samples) - tenth + 1, tenth))
    return [goertzel(cut, HZ, RATE) for cut in cuts]


async def test_a_sound_that_comes_again_is_encoded_once() -> None:
    prepare(TONE)
    first, second, third = sound_of(TONE)[:3]
    one, two = VoiceTrack(lambda: "opus"), VoiceTrack(lambda: "opus")
    one.voice, two.voice = voice(TONE), voice(TONE)
    for track in (one, two):
        said = [await track.recv() for _ in range(3)]
        assert [bytes(each) for each in said if isinstance(each, Packet)] == [
            first.opus,
            second.opus,
            third.opus,
        ]
        assert [each.pts for each in said] == [0, 960, 1920]


def test_a_prepared_tone_is_that_tone_over_its_seams() -> None:
    prepare(TONE)
    found = heard([block.opus for block in sound_of(TONE) * 3])
    assert len(found) >= 29
    assert min(found[1:]) > 0.99  # in the first there is the codec's own delay


def test_prompt_and_ringing_and_silence_are_prepared_with_it() -> None:
    prepare(TONE)
    rings = ringback()
    blocks = [rings() for _ in range(250)]
    assert all(isinstance(block, Block) and block.opus for block in blocks)
    assert SILENCE.opus


def test_packets_made_before_follow_packets_made_now_without_a_break() -> None:
    prepare(TONE)
    maker, sound = PacketMaker(), sound_of(TONE)
    found = heard([maker.encode(block) for block in sound] + [block.opus for block in sound])
    assert min(found[1:]) > 0.99


async def test_what_was_never_said_before_is_encoded_now() -> None:
    track = VoiceTrack(lambda: "opus")
    says = voice("tone:440")
    track.voice = lambda: bytes(says())  # the same, and nobody knows it
    said = [await track.recv() for _ in range(20)]
    packets = [bytes(each) for each in said if isinstance(each, Packet)]
    assert len(packets) == 20
    assert min(heard(packets)[1:]) > 0.99


async def test_what_is_no_opus_leaves_the_encoding_to_aiortc() -> None:
    prepare(TONE)
    track = VoiceTrack(lambda: "PCMU")
    track.voice = voice(TONE)
    said = await track.recv()
    assert isinstance(said, AudioFrame)
    assert bytes(said.planes[0]) == bytes(frame_of(sound_of(TONE)[0]).planes[0])


class Only:
    """An agent whose phone has one codec: what it heard last."""

    def __init__(self, codec: str) -> None:
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.frames: list[AudioFrame] = []
        every = RTCRtpSender.getCapabilities("audio").codecs
        wanted = [each for each in every if each.mimeType.lower() == f"audio/{codec}"]
        self.pc.addTransceiver(Tone(880)).setCodecPreferences(wanted)
        self.pc.on("track", self._listen)

    def _listen(self, track: MediaStreamTrack) -> None:
        self._task = asyncio.get_running_loop().create_task(self._take(track))

    async def _take(self, track: MediaStreamTrack) -> None:
        with contextlib.suppress(MediaStreamError):
            while isinstance(frame := await track.recv(), AudioFrame):
                self.frames.append(frame)

    def share(self, hz: float) -> float:
        """Of the energy of the last 200 ms."""
        last, samples = self.frames[-10:], array("h")
        for frame in last:
            channels = frame.layout.nb_channels
            cut = bytes(frame.planes[0])[: 2 * channels * frame.samples]
            samples.extend(array("h", cut)[::channels])
        return goertzel(samples, hz, last[0].sample_rate) if len(last) == 10 else 0.0

    async def answer(self, offer: str) -> str:
        await self.pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        return str(self.pc.localDescription.sdp)


@pytest.fixture
async def leg() -> AsyncIterator[SandboxLeg]:
    bind_to_loopback()
    one = SandboxLeg(on_lost=lambda: None, loss=lambda: 0.0, rng=random.Random(1))
    yield one
    await one.close()


@pytest.mark.parametrize("codec", ["opus", "pcmu"])
async def test_an_agent_hears_the_voice_in_the_codec_that_was_agreed(
    leg: SandboxLeg, codec: str
) -> None:
    prepare(TONE)
    leg.play(voice(TONE))
    agent = Only(codec)
    try:
        await leg.accept(await agent.answer(await leg.offer()))
        await until(lambda: agent.share(HZ) > 0.9)
        clock = 48_000 if codec == "opus" else 8_000
        assert set(leg.arrivals.clocks.values()) == {clock}
        await until(lambda: leg.arrivals.late(0.0))
    finally:
        await agent.pc.close()

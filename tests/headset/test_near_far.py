"""Both ends of the headset over a real socket: an engine's sound, this computer's devices (files
and tones in their place), and a line between them that stalls and is cut."""

from __future__ import annotations

import asyncio
import time
import wave
from array import array
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

import tui
from tests.headset.stream_relay import StreamRelay
from tests.waiting import until
from tui.config.schema import AudioSettings
from tui.engine.audio.commands import SoundCommands
from tui.engine.audio.devices import SoundDevices
from tui.engine.checks import sound as checks
from tui.engine.context import EngineContext, Limits
from tui.headset.near import ChosenDevices, NearHeadset
from tui.media.device.enumerate import Listing
from tui.media.device.sound import open_sound
from tui.media.headset.proof import fresh_secret
from tui.media.headset.wire import VERSION, Farewell, FrameReader, Greeting, Ping, encoded
from tui.media.pcm.levels import FRAME, SILENCE, SILENT, rms
from tui.media.pcm.sources import ToneSource
from tui.media.pcm.tones import strength
from tui.port import commands as c
from tui.port import replace
from tui.port.commands import Result
from tui.port.events import AccountChanged, CallChanged
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Call
from tui.port.values import HEADSET, Account, Devices, VoiceState
from tui.secrets import Secret

HERE = Listing(True, ("Headset of Anna", "Camera"), ("Headset of Anna",), "Camera", "")


class NearDesk:
    """The computer one sits at: it says a tone of 440 Hz, and keeps what it hears."""

    def __init__(self, folder: Path) -> None:
        self.heard = folder / "heard.wav"
        self.socket = folder / "near"
        self.secret = fresh_secret()
        self.told: list[dict[str, object]] = []
        self.near = NearHeadset(
            lambda chosen, on_state: open_sound(chosen.input, chosen.output, on_state, chosen.ring),
            ChosenDevices("tone:440", f"file:{self.heard}", ""),
            self.secret,
            told=self._told,
            look=lambda: HERE,
        )

    def _told(self, what: str, **values: object) -> None:
        self.told.append({"what": what, **values})

    def words(self) -> list[object]:
        return [told["what"] for told in self.told]

    def tone(self, hertz: int) -> float:
        """The strength of a tone in the last 200 ms that were heard."""
        with wave.open(str(self.heard)) as file:
            frames = file.getnframes()
            file.setpos(max(0, frames - 9600))
            return strength(file.readframes(9600), hertz)


class EngineDesk:
    """An engine's sound, and a call that ticks."""

    def __init__(self) -> None:
        self.context = EngineContext(clock=time.monotonic, rng=Random(1), limits=Limits())
        self.context.emit(AccountChanged(Account("1001", "02500001234", "")))
        self.sounds = SoundDevices(self.context, AudioSettings(input="none", output="none"))
        self.commands = SoundCommands(self.context, self.sounds)
        self.heard = bytearray()
        self._tone = ToneSource(880)
        self.speaks = True
        self._call: asyncio.Task[None] | None = None

    async def use(self, desk: NearDesk, socket: Path | None = None, **other: Any) -> Result:
        secret = other.get("secret", desk.secret)
        return await self.commands.execute(c.UseHeadset(str(socket or desk.socket), secret))

    def call(self, on: bool) -> None:
        if on:
            self._call = asyncio.get_running_loop().create_task(self._tick())
        elif self._call is not None:
            self._call.cancel()

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            assert self.sounds.sound is not None
            self.heard += self.sounds.sound.source.read(FRAME)
            del self.heard[:-19200]
            self.sounds.sound.sink.write(self._tone.read(FRAME) if self.speaks else SILENCE)
            due += 0.02
            await asyncio.sleep(max(0, due - loop.time()))

    @property
    def state(self) -> VoiceState:
        return self.context.snapshot.voice.state

    def tone(self, hertz: int) -> float:
        return strength(bytes(self.heard[-9600:]), hertz) if len(self.heard) >= 9600 else 0.0

    async def close(self) -> None:
        if self._call is not None:
            self._call.cancel()
            await asyncio.gather(self._call, return_exceptions=True)
        await self.sounds.close()
        await self.sounds.remote_headset.close()
        await self.context.close()


@pytest.fixture
async def near(tmp_path: Path) -> AsyncIterator[NearDesk]:
    tmp_path.chmod(0o700)
    made = NearDesk(tmp_path)
    await made.near.serve(made.socket)
    yield made
    await made.near.close()


@pytest.fixture
async def engine() -> AsyncIterator[EngineDesk]:
    made = EngineDesk()
    await made.sounds.loaded()
    yield made
    await made.close()


async def test_the_voice_goes_both_ways_while_it_is_used_and_the_microphone_is_closed_after(
    near: NearDesk, engine: EngineDesk
) -> None:
    used = await engine.use(near)
    assert used.ok
    assert used.message is not None
    assert used.message.id == "headset.ok"
    voice = engine.context.snapshot.voice
    assert (voice.state, voice.server) == (VoiceState.OK, HEADSET)
    assert not near.near.in_use
    engine.call(True)
    await until(lambda: engine.tone(440) > 0.2, what="the agent is heard")
    await until(lambda: near.tone(880) > 0.2, what="the agent hears")
    assert near.near.in_use
    await until(lambda: engine.context.snapshot.voice.delay is not None)
    engine.call(False)
    await until(lambda: not near.near.in_use, what="the microphone is closed")


async def test_after_a_stall_it_is_heard_again_and_what_was_said_meanwhile_is_not(
    near: NearDesk, engine: EngineDesk, tmp_path: Path
) -> None:
    async with StreamRelay(near.socket, at=tmp_path / "line", delay=0.01) as line:
        (tmp_path / "line").chmod(0o600)
        assert (await engine.use(near, tmp_path / "line")).ok
        engine.call(True)
        await until(lambda: engine.tone(440) > 0.2)
        far = engine.sounds.remote_headset.far
        assert far is not None
        line.stall(True)
        await until(lambda: engine.state is VoiceState.HEADSET_GONE, what="it is shown")
        assert engine.tone(440) < 0.01
        assert far.voice_out.left_out > 20
        line.stall(False)
        await until(lambda: engine.state is VoiceState.OK)
        await until(lambda: engine.tone(440) > 0.2)
        await until(lambda: near.tone(880) > 0.2)
        assert far.voice_in.too_late > 0
        delay = far.voice_in.playout._decision.delay(far.voice_in.playout._clock)
        goal = far.voice_in.playout._decision.goal
        assert abs(delay - goal) < 0.1 * 48_000


async def test_a_microphone_that_nobody_speaks_to_any_more_is_closed(
    near: NearDesk, engine: EngineDesk, tmp_path: Path
) -> None:
    async with StreamRelay(near.socket, at=tmp_path / "line") as line:
        (tmp_path / "line").chmod(0o600)
        await engine.use(near, tmp_path / "line")
        engine.call(True)
        await until(lambda: near.near.in_use)
        line.stall(True)
        await until(lambda: "deaf" in near.words())
        line.stall(False)
        await until(lambda: {"what": "deaf", "on": False} in near.told)


async def test_a_connection_that_is_cut_is_made_again_by_itself(
    near: NearDesk, engine: EngineDesk, tmp_path: Path
) -> None:
    async with StreamRelay(near.socket, at=tmp_path / "line") as line:
        (tmp_path / "line").chmod(0o600)
        await engine.use(near, tmp_path / "line")
        engine.call(True)
        await until(lambda: engine.tone(440) > 0.2)
        line.cut()
        await until(lambda: engine.state is VoiceState.HEADSET_GONE)
        await until(lambda: not near.near.in_use)
        await until(lambda: engine.state is VoiceState.OK)
        await until(lambda: engine.tone(440) > 0.2)


async def test_the_next_login_has_another_socket_and_takes_the_voice(
    near: NearDesk, engine: EngineDesk, tmp_path: Path
) -> None:
    await engine.use(near)
    (tmp_path / "next").mkdir(mode=0o700)
    after = NearDesk(tmp_path / "next")
    await after.near.serve(after.socket)
    engine.call(True)
    await until(lambda: engine.tone(440) > 0.2)
    try:
        await near.near.close()
        await until(lambda: engine.state is VoiceState.HEADSET_GONE)
        assert (await engine.use(after)).ok
        await until(lambda: after.tone(880) > 0.2)
        # And back to the engine's own machine.
        assert (await engine.commands.execute(c.UsePulseServer(""))).ok
        assert engine.context.snapshot.voice.server == ""
        assert engine.state is VoiceState.OK
        await until(lambda: engine.tone(440) < 0.01)
        await until(lambda: "lost" in after.words())
    finally:
        await after.near.close()


async def test_who_does_not_know_the_secret_hears_nothing(
    near: NearDesk, engine: EngineDesk
) -> None:
    refused = await engine.use(near, secret=Secret("another"))
    assert (refused.ok, refused.message and refused.message.id) == (False, "headset.secret")
    assert engine.state is VoiceState.HEADSET_GONE
    engine.call(True)
    await until(lambda: len(engine.heard) == 19200)
    assert not near.near.in_use
    assert "connected" not in near.words()


async def test_a_directory_that_is_open_to_others_is_not_used(
    near: NearDesk, engine: EngineDesk, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    refused = await engine.use(near)
    assert (refused.ok, refused.message and refused.message.id) == (False, "headset.gone")


async def test_without_a_login_there_is_nothing_to_use(engine: EngineDesk) -> None:
    refused = await engine.commands.execute(c.UseHeadset("", Secret()))
    assert (refused.ok, refused.message and refused.message.id) == (False, "headset.not_here")
    assert engine.context.snapshot.voice.server == ""


async def test_versions_that_do_not_go_together_are_said_at_both_ends(
    near: NearDesk, engine: EngineDesk, tmp_path: Path
) -> None:
    reader, writer = await asyncio.open_unix_connection(near.socket)
    writer.write(encoded(Greeting(VERSION + 1, "9.9", "00")))
    said = FrameReader().feed(await reader.read())
    assert said == [Farewell("version", tui.__version__)]
    writer.close()
    refusal = {"what": "refused", "why": "version", "version": "9.9"}
    await until(lambda: refusal in near.told)

    async def newer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(encoded(Farewell("version", "9.9")))
        await writer.drain()
        await reader.read()
        writer.close()

    server = await asyncio.start_unix_server(newer, tmp_path / "newer")
    try:
        refused = await engine.use(near, tmp_path / "newer")
        assert refused.message is not None
        assert refused.message.id == "headset.version"
        assert dict(refused.message.values) == {"here": tui.__version__, "there": "9.9"}
    finally:
        server.close()
        await server.wait_closed()


async def test_who_speaks_something_else_is_not_listened_to(
    near: NearDesk, engine: EngineDesk
) -> None:
    for said in (b"GET / HTTP/1.1\r\n\r\n" * 9, b"\x01\xff\xff", encoded(Ping(1)), b"\x07\x00\x00"):
        reader, writer = await asyncio.open_unix_connection(near.socket)
        writer.write(said)
        writer.write_eof()
        with suppress(ConnectionError):
            await reader.read()
        writer.close()
    assert "connected" not in near.words()
    assert (await engine.use(near)).ok


async def test_ring_and_loudness_are_this_computers(near: NearDesk, engine: EngineDesk) -> None:
    await engine.use(near)
    engine.sounds.ring(True)
    await until(lambda: near.near.rings)
    engine.sounds.set_volume(50, 150, 70)
    await until(lambda: near.near.sound.volume == 50)
    assert (near.near.sound.gain, near.near.sound.ring_volume) == (150, 70)
    engine.sounds.ring(False)
    await until(lambda: not near.near.rings)
    # Who comes in the middle of it is told.
    engine.sounds.ring(True)
    await engine.use(near)
    await until(lambda: near.near.rings)


async def test_devices_are_this_computers(near: NearDesk, engine: EngineDesk) -> None:
    await engine.use(near)
    listed = await engine.commands.execute(c.ListDevices())
    assert listed.ok
    assert isinstance(listed.value, Devices)
    assert listed.value.inputs == ("Headset of Anna", "Camera")
    assert (await engine.commands.execute(c.SetDevices(ring="device:Camera"))).ok
    assert near.near.chosen.ring == "device:Camera"
    # A file of this computer's is no business of the other end's.
    refused = await engine.commands.execute(c.SetDevices(input="file:/etc/hostname"))
    assert (refused.ok, refused.message and refused.message.id) == (False, "sound.bad")
    assert near.near.chosen.input == "tone:440"


async def test_the_sound_is_tried_there(near: NearDesk, engine: EngineDesk) -> None:
    await engine.use(near)
    tried = await engine.commands.execute(c.TrySound())
    assert tried.message is not None
    assert tried.message.id in ("sound.not_measured", "sound.measured", "sound.as_said")


async def test_silence_sends_next_to_nothing(
    near: NearDesk, engine: EngineDesk, tmp_path: Path
) -> None:
    async with StreamRelay(near.socket, at=tmp_path / "line") as line:
        (tmp_path / "line").chmod(0o600)
        await engine.use(near, tmp_path / "line")
        near.near.sound.choose("none")
        engine.speaks = False
        engine.call(True)
        far = engine.sounds.remote_headset.far
        assert far is not None
        await until(lambda: far.voice_out._silent > 60 and near.near.voice_out._silent > 60)
        # In five seconds a ping a second and its answer, and what was still to be told.
        begin, silent = line.chunks, far.voice_out._silent
        await until(lambda: far.voice_out._silent > silent + 250)
        assert line.chunks - begin < 20


async def test_a_quiet_room_sounds_as_one_and_a_dead_microphone_as_nothing(
    near: NearDesk, engine: EngineDesk, tmp_path: Path
) -> None:
    """Silence that is not sent is not the silence of a microphone that gives nothing: only of that
    is said that nobody hears the agent."""
    noise, quiet = Random(1), tmp_path / "quiet.wav"
    with wave.open(str(quiet), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        file.writeframes(array("h", (round(noise.gauss(0, 100)) for _ in range(48_000))).tobytes())
    near.near.sound.choose(f"file:{quiet}")
    await engine.use(near)
    engine.call(True)
    far = engine.sounds.remote_headset.far
    assert far is not None
    await until(lambda: near.near.voice_out._silent > 60)
    await until(lambda: SILENT < rms(bytes(engine.heard[-9600:])) < 0.01, what="the room")
    received = far.voice_in.figures.received
    assert received < 30  # the first words of a microphone, and no noise
    assert (await checks.microphone("", engine.sounds.remote_headset.open_sound)).state == "ok"
    near.near.sound.choose("none")
    await until(lambda: rms(bytes(engine.heard[-9600:])) == 0.0, what="a dead microphone")


async def test_the_check_before_the_shift_listens_and_speaks_there(
    near: NearDesk, engine: EngineDesk
) -> None:
    remote = engine.sounds.remote_headset
    without = await checks.voice(HEADSET, here=True)
    assert (without.state, without.message.id) == ("warn", "headset.later")
    await engine.use(near)
    found = await checks.voice(HEADSET, here=True, headset=remote)
    assert (found.state, found.message.id) == ("ok", "headset.ok")
    found = await checks.microphone("", remote.open_sound)
    assert (found.state, found.message.id) == ("ok", "check.microphone.ok")
    found = await checks.speaker("", remote.open_sound)
    assert (found.state, found.message.id) == ("ok", "check.speaker.ok")
    await near.near.close()
    await until(lambda: engine.state is VoiceState.HEADSET_GONE)
    found = await checks.voice(HEADSET, here=True, headset=remote)
    assert (found.state, found.message.id) == ("fail", "headset.gone")
    assert (await checks.microphone("", remote.open_sound)).state == "fail"


async def test_the_lamp_shows_what_nobody_hears(near: NearDesk, engine: EngineDesk) -> None:
    await engine.use(near)
    engine.call(True)
    call = Call("1", CallState.TALKING, False, "12000000002", 0.0, 0.0)
    engine.context.emit(CallChanged(call))
    await until(lambda: near.near.in_use)
    engine.context.emit(CallChanged(replace(call, muted=True)))
    await until(lambda: near.near.muted)
    engine.context.emit(CallChanged(call))
    await until(lambda: not near.near.muted)
    engine.context.emit(CallChanged(replace(call, state=CallState.HOLDING)))
    await until(lambda: near.near.muted)


async def test_a_beep_is_heard_there(near: NearDesk, engine: EngineDesk) -> None:
    await engine.use(near)
    await engine.sounds.beep()
    await until(lambda: near.near.voice_in.figures.received > 5)


async def test_a_later_engine_takes_the_place_of_the_one_before(
    near: NearDesk, engine: EngineDesk
) -> None:
    other = EngineDesk()
    await other.sounds.loaded()
    try:
        await engine.use(near)
        assert (await other.use(near)).ok
        await until(lambda: engine.state is VoiceState.HEADSET_GONE)
        assert engine.sounds.remote_headset.gone().id == "headset.replaced"
        assert other.state is VoiceState.OK
    finally:
        await other.close()

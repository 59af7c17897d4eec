"""Devices listed and changed, the sound tried, the voice led to a PulseAudio far away."""

from __future__ import annotations

import asyncio
import random
import sys
from array import array
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.engine.desk import CC, CUSTOMER, Desk
from tests.waiting import until
from tui.config.schema import AudioSettings
from tui.engine.audio import remote_pulse
from tui.engine.audio.commands import SoundCommands
from tui.engine.audio.devices import SoundDevices
from tui.engine.audio.sound_test import FRAME, RATE, Interrupted, SoundTest
from tui.engine.context import Limits
from tui.media.device import sound
from tui.media.device.enumerate import Listing
from tui.media.device.pulse import PulseCheck
from tui.platform import control as m
from tui.port import commands as c
from tui.port.events import AccountChanged, VoiceChanged
from tui.port.values import Account, Devices, Message, VoiceState

QUIET = AudioSettings(input="none", output="none")


class Room:
    """Sounds without a device, and their desk."""

    def __init__(self, folder: Path, listing: Listing | None = None) -> None:
        self.desk = Desk(Limits())
        self.sounds = SoundDevices(self.desk.context, QUIET, folder)
        self.listing = listing
        self.asked = SoundCommands(self.desk.context, self.sounds, lambda: self.listing)

    @property
    def voice(self) -> object:
        return self.desk.context.snapshot.voice

    async def close(self) -> None:
        await self.sounds.close()
        await self.sounds.remote_pulse.close()
        await self.desk.context.close()
        # What is one for the process goes back to this machine's sound, environment and all.
        sound.LIBRARY.worker.submit(lambda: sound.LIBRARY.carry(""))
        sound.LIBRARY.flush()


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    room = Room(tmp_path)
    yield room
    await room.close()


# ---------------------------------------------------------------- devices


async def test_devices_are_listed_with_those_chosen_and_clean(room: Room) -> None:
    room.listing = Listing(True, ("Headset\x1b[31m", "Mike"), ("Headset",), "Mike", "Headset")
    assert (await room.asked.execute(c.SetDevices(input="device:Mike", ring="device:Box"))).ok
    listed = await room.asked.execute(c.ListDevices())
    assert listed.ok
    assert listed.value == Devices(("Headset", "Mike"), ("Headset",), "Mike", "none", "Box")


@pytest.mark.parametrize(
    ("listing", "says"),
    [(None, "sound.no_list"), (Listing(), "check.sound.no-portaudio")],
)
async def test_what_cannot_be_listed_is_said(room: Room, listing: Listing, says: str) -> None:
    room.listing = listing
    listed = await room.asked.execute(c.ListDevices())
    assert listed.message is not None
    assert (listed.ok, listed.message.id) == (False, says)


async def test_what_is_no_device_is_refused_and_changes_nothing(room: Room) -> None:
    refused = await room.asked.execute(c.SetDevices(output="headset"))
    assert refused.message is not None
    assert refused.message.id == "sound.bad"
    assert room.sounds.settings == QUIET


async def test_devices_are_changed_while_the_sound_is_open(room: Room, tmp_path: Path) -> None:
    await room.sounds.loaded()
    sound = room.sounds.sound
    assert sound is not None
    source = sound.source
    assert (await room.asked.execute(c.SetDevices(input="tone:440"))).ok
    assert sound.source is source
    assert max(array("h", source.read(FRAME))) > 1000
    refused = await room.asked.execute(c.SetDevices(input="none", output="no such kind"))
    assert not refused.ok
    assert max(array("h", source.read(FRAME))) > 1000


async def test_the_rings_volume_counts_at_once_and_nought_is_no_ring(room: Room) -> None:
    await room.sounds.loaded()
    sound = room.sounds.sound
    assert sound is not None
    room.sounds.ring(True)
    room.sounds.set_volume(None, None, 30)
    assert (sound.ring_volume, sound._ringing) == (30, True)
    room.sounds.set_volume(None, None, 0)
    assert not sound._ringing
    room.sounds.set_volume(None, None, 400)
    assert (sound.ring_volume, sound._ringing) == (200, True)
    room.sounds.ring(False)


async def test_a_ring_device_that_is_gone_is_said_once(room: Room) -> None:
    await room.sounds.loaded()
    sound = room.sounds.sound
    assert sound is not None
    state = type(sound.state)
    for each in (state.DEVICE_LOST, state.NO_DEVICE):
        sound.on_ring(each, "Box")
    assert noticed(room).id == "sound.ring_missing"
    room.desk.context.notice(m_other())
    sound.on_ring(state.NO_DEVICE, "Box")
    assert noticed(room) == m_other()
    sound.on_ring(state.OK, "Box")
    sound.on_ring(state.DEVICE_LOST, "Box")
    assert noticed(room).id == "sound.ring_missing"


def noticed(room: Room) -> Message:
    notice = room.desk.context.snapshot.notice
    assert notice is not None
    return notice.message


def m_other() -> Message:
    return Message("sound.in_call")


async def test_echo_cancellation_without_its_package_is_said_and_there_is_sound(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "livekit.rtc", None)
    room.sounds.settings = AudioSettings(input="none", output="none", echo_cancellation=True)
    await room.sounds.loaded()
    assert room.sounds.sound is not None
    assert room.sounds.sound.echo is None
    notice = room.desk.context.snapshot.notice
    assert notice is not None
    assert notice.message.id == "sound.no_echo_cancellation"


async def test_noise_suppression_without_its_package_is_said_and_there_is_sound(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "webrtc_noise_gain", None)
    room.sounds.settings = AudioSettings(input="none", output="none", noise_suppression=True)
    await room.sounds.loaded()
    assert room.sounds.sound is not None
    assert room.sounds.sound.noise is None
    notice = room.desk.context.snapshot.notice
    assert notice is not None
    assert notice.message.id == "sound.no_noise_suppression"


@pytest.mark.parametrize("echo", [False, True])
async def test_noise_is_suppressed_once_whatever_is_on(room: Room, echo: bool) -> None:
    room.sounds.settings = AudioSettings(
        input="none", output="none", noise_suppression=True, echo_cancellation=echo
    )
    await room.sounds.loaded()
    assert room.sounds.sound is not None
    assert (room.sounds.sound.noise is None) is echo


# ---------------------------------------------------------------- a try


class Loop:
    """Ears that lead into the microphone after so many samples, with noise on the way."""

    def __init__(self, delay: int, noise: int = 0, gain: float = 0.5) -> None:
        self._air = array("h", bytes(2 * delay))
        self._noise, self._gain = noise, gain
        self._random = random.Random(7)
        self.played = array("h")

    def write(self, pcm: bytes) -> None:
        samples = array("h", pcm)
        self.played += samples
        self._air += array("h", (round(s * self._gain) for s in samples))

    def read(self, samples: int) -> bytes:
        block, self._air = self._air[:samples], self._air[samples:]
        noise = self._noise
        return array("h", (s + self._random.randint(-noise, noise) for s in block)).tobytes()


async def no_wait() -> None:
    pass


def trial(room: Loop, stages: list[str] | None = None, stop: int = 10**9) -> SoundTest:
    ticks = iter(range(10**9))
    told = [] if stages is None else stages
    return SoundTest(
        room,
        room,
        tick=no_wait,
        stage=told.append,
        level=lambda you, them: None,
        stop=lambda: next(ticks) >= stop,
    )


@pytest.mark.parametrize("delay", [0.0, 0.08, 0.2513, 0.9])
async def test_the_delay_is_that_of_a_click_that_comes_back(delay: float) -> None:
    stages: list[str] = []
    loop = Loop(round(delay * RATE), noise=100)
    tried = await trial(loop, stages).run(lambda: True)
    assert stages == ["record", "play", "measure"]
    assert tried.delay == pytest.approx(delay, abs=0.006)


async def test_what_was_recorded_is_what_is_played() -> None:
    class Speech(Loop):
        n = 0

        def read(self, samples: int) -> bytes:
            super().read(samples)
            self.n += 1
            return array("h", [self.n] * samples).tobytes()

    speech = Speech(0)
    await trial(speech).run(lambda: True)
    begin = 151 * FRAME  # a tick to warm up, three seconds of recording
    said = speech.played[begin : begin + 150 * FRAME]
    assert [said[at] for at in range(0, len(said), FRAME)] == list(range(2, 152))


async def test_without_a_way_back_there_is_no_delay_and_noise_makes_none() -> None:
    assert (await trial(Loop(0, gain=0.0)).run(lambda: True)).delay is None
    noisy = await trial(Loop(0, noise=3000, gain=0.0)).run(lambda: True)
    assert noisy.delay is None
    assert noisy.loudest > 0.02


async def test_devices_that_do_not_begin_are_not_tried() -> None:
    stages: list[str] = []
    tried = await trial(Loop(0), stages).run(lambda: False)
    assert (tried.loudest, tried.delay, stages) == (0.0, None, [])


async def test_a_try_is_broken_off_at_any_moment() -> None:
    for stop in (0, 3, 200, 350):
        with pytest.raises(Interrupted):
            await trial(Loop(0), stop=stop).run(lambda: True)


async def test_a_try_is_refused_in_a_call(room: Room) -> None:
    room.desk.says(m.NewCall(CC, CUSTOMER))
    refused = await room.asked.execute(c.TrySound())
    assert refused.message is not None
    assert refused.message.id == "sound.in_call"


async def test_a_call_ends_a_try_and_there_is_one_at_a_time(room: Room) -> None:
    room.sounds.settings = AudioSettings(input="tone:440", output="none")
    trying = asyncio.create_task(room.asked.try_sound())
    await until(lambda: room.desk.context.snapshot.voice.trial == "record", 20)
    second = await room.asked.try_sound()
    assert second.message is not None
    assert second.message.id == "sound.trying"
    await until(lambda: room.desk.context.snapshot.levels.you, 20)
    room.desk.says(m.NewCall(CC, CUSTOMER))
    async with asyncio.timeout(20):
        ended = await trying
    assert ended.message is not None
    assert ended.message.id == "sound.interrupted"
    assert room.desk.context.snapshot.voice.trial == ""
    assert room.sounds.sound is None  # it was opened for the try alone


@pytest.mark.parametrize(
    ("loudest", "delay", "said", "state", "message"),
    [
        (0.2, 0.085, None, "ok", "sound.measured"),
        (0.2, None, 0.12, "ok", "sound.as_said"),
        (0.2, None, None, "ok", "sound.not_measured"),
        (0.0, None, 0.12, "ok", "sound.silent"),
        (0.0, None, None, "failed", "check.sound.failed"),
        (0.0, None, None, "no-device", "check.sound.nothing"),
    ],
)
async def test_what_a_try_found_is_said(
    room: Room, loudest: float, delay: float, said: float, state: str, message: str
) -> None:
    from tui.engine.audio.sound_test import SoundTestResult
    from tui.media.device.devices import SoundState

    class Sound:
        device = "" if state == "no-device" else "Headset"

    sound = Sound()
    sound.state, sound.delay = SoundState(state), said  # type: ignore[attr-defined]
    told = room.asked._told(sound, SoundTestResult(loudest, delay))
    assert told.message is not None
    assert told.message.id == message
    assert told.ok is (state == "ok" and loudest > 0)


# ---------------------------------------------------------------- PulseAudio


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[PulseCheck]:
    """What checks of the server find, one after the other; the last one for ever."""
    answers = [PulseCheck("ok", "", 0.0214, "pulseaudio 16.1")]

    async def check(address: str) -> PulseCheck:
        return answers.pop(0) if len(answers) > 1 else answers[0]

    monkeypatch.setattr("tui.media.device.pulse.check", check)
    monkeypatch.setattr("tui.media.device.pulse.plugin", lambda: True)
    return answers


async def test_the_voice_goes_to_a_server_and_comes_back(
    room: Room, found: list[PulseCheck]
) -> None:
    used = await room.asked.execute(c.UsePulseServer(" unix:/far/native "))
    assert used.ok
    assert used.message is not None
    assert dict(used.message.values)["delay"] == "21"
    voice = room.desk.context.snapshot.voice
    assert (voice.server, voice.delay) == ("unix:/far/native", 21)
    relay = room.sounds.remote_pulse._relay
    assert relay is not None
    assert relay.path.exists()
    assert (await room.asked.execute(c.UsePulseServer(""))).ok
    assert not relay.path.exists()
    assert room.desk.context.snapshot.voice.server == ""


async def test_another_front_ends_server_takes_the_same_relay(
    room: Room, found: list[PulseCheck]
) -> None:
    await room.asked.execute(c.UsePulseServer("unix:/first"))
    relay = room.sounds.remote_pulse._relay
    await room.asked.execute(c.UsePulseServer("unix:/second"))
    assert room.sounds.remote_pulse._relay is relay
    assert relay is not None
    assert [place.path for place in relay._addresses] == ["/second"]


@pytest.mark.parametrize(
    "verdict", ["nothing-listens", "no-answer", "no-pulse", "refused", "no-plugin"]
)
async def test_what_is_wrong_with_a_server_is_said_and_it_stays_chosen(
    room: Room, found: list[PulseCheck], monkeypatch: pytest.MonkeyPatch, verdict: str
) -> None:
    if verdict == "no-plugin":
        monkeypatch.setattr("tui.media.device.pulse.plugin", lambda: False)
    else:
        found[0] = PulseCheck(verdict)  # type: ignore[arg-type]
    used = await room.asked.execute(c.UsePulseServer("unix:/far"))
    assert used.message is not None
    assert (used.ok, used.message.id) == (False, f"pulse.{verdict}")
    assert room.desk.context.snapshot.voice.server == "unix:/far"


async def test_a_bad_address_leaves_the_voice_where_it_is(room: Room) -> None:
    used = await room.asked.execute(c.UsePulseServer("http://far"))
    assert used.message is not None
    assert used.message.id == "pulse.bad-address"
    assert room.desk.context.snapshot.voice.server == ""


async def test_a_server_that_goes_is_shown_and_so_is_its_return(
    room: Room, found: list[PulseCheck], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_pulse, "LOOK_AGAIN", 0.01)
    account = Account("1001", "02500001234", "")
    room.desk.context.emit(AccountChanged(account))
    await room.sounds.loaded()
    seen: list[VoiceState] = []
    publish = room.desk.context.events.publish

    def heard(event: object) -> None:
        if isinstance(event, VoiceChanged):
            seen.append(event.voice.state)
        publish(event)  # type: ignore[arg-type]

    room.desk.context.events.publish = heard  # type: ignore[method-assign]
    sound = room.sounds.sound
    assert sound is not None
    room.sounds._state_changed(sound.state, "pulse")
    found[:] = [PulseCheck("ok"), PulseCheck("nothing-listens")]
    await room.asked.execute(c.UsePulseServer("unix:/far"))
    await until(lambda: VoiceState.SERVER_GONE in seen)
    looked = asyncio.Event()
    sound.look = looked.set  # type: ignore[method-assign]
    found[:] = [PulseCheck("ok")]
    async with asyncio.timeout(10):
        await looked.wait()  # it is asked whether the device is there again
    # What the device says while a server carries it is said of the server.
    assert room.sounds.remote_pulse.shown(VoiceState.NO_DEVICE) is VoiceState.SERVER_GONE
    assert room.sounds.remote_pulse.shown(VoiceState.NO_PORTAUDIO) is VoiceState.NO_PORTAUDIO

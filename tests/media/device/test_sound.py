"""Files, tones and devices that are not there: the sound without a sound card."""

from __future__ import annotations

import asyncio
import resource
import sys
import wave
from pathlib import Path

import pytest

from tests.media.card import Card, Library, note, settle, stream_on
from tests.waiting import until
from tui.media.device import devices
from tui.media.device import sound as sound_module
from tui.media.device.devices import SoundState
from tui.media.device.ring_buffer import RingBuffer
from tui.media.device.sound import open_sound
from tui.media.pcm.levels import FRAME, RATE, SILENT, SPOKEN, Meter, gain, rms
from tui.media.pcm.sinks import FileSink
from tui.media.pcm.sources import FileSource, read_wav
from tui.media.pcm.tones import BUSY, cadence, loop, pattern, strength, tone


async def test_a_tone_goes_into_a_file_that_can_be_read_while_it_grows(tmp_path: Path) -> None:
    states: list[tuple[SoundState, str]] = []
    path = tmp_path / "out.wav"
    sound = open_sound("tone:440", f"file:{path}", note(states))
    for _ in range(25):
        sound.sink.write(sound.source.read(FRAME))
    assert strength(read_wav(path), 440) == pytest.approx(0.3, abs=0.02)
    sound.close()
    assert len(read_wav(path)) == 25 * FRAME * 2
    await until(lambda: states)
    assert states[-1] == (SoundState.OK, "out.wav")


async def test_volume_and_gain_hold_from_the_next_block_on(tmp_path: Path) -> None:
    sound = open_sound("tone:1000", "none", lambda state, device: None)
    full = rms(sound.source.read(FRAME))
    sound.set_gain(50)
    assert rms(sound.source.read(FRAME)) == pytest.approx(full / 2, rel=0.02)
    sound.set_gain(-5)
    assert rms(sound.source.read(FRAME)) == 0
    sound.set_gain(900)
    assert sound.gain == 200
    path = tmp_path / "loud.wav"
    other = open_sound("none", f"file:{path}", lambda state, device: None)
    other.set_volume(200)
    for _ in range(10):
        other.sink.write(tone((1000,), duration=0.02, level=0.2, fade=0))
    other.close()
    assert strength(read_wav(path), 1000) == pytest.approx(0.4, abs=0.02)


async def test_a_file_that_is_missing_is_a_state_and_silence(tmp_path: Path) -> None:
    states: list[tuple[SoundState, str]] = []
    sound = open_sound(
        f"file:{tmp_path / 'no.wav'}", f"file:{tmp_path / 'no' / 'out.wav'}", note(states)
    )
    assert sound.source.read(FRAME) == bytes(2 * FRAME)
    sound.sink.write(bytes(2 * FRAME))
    await until(lambda: states)
    assert states[-1][0] is SoundState.FAILED
    sound.close()


@pytest.mark.parametrize("bad", ["x", "tone:", "tone:abc", "tone:99999", "files:x"])
async def test_a_sound_that_cannot_be_meant_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        open_sound(bad, "none", lambda state, device: None)


async def test_without_portaudio_there_is_a_state_and_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)  # the import fails
    states: list[tuple[SoundState, str]] = []
    sound = open_sound("", "", note(states))
    await until(lambda: states)
    assert states[-1][0] is SoundState.NO_PORTAUDIO
    assert sound.source.read(FRAME) == bytes(2 * FRAME)
    sound.sink.write(bytes(2 * FRAME))
    sound.ring(True)
    sound.ring(False)
    sound.close()


async def test_a_device_of_an_unknown_name_is_no_device() -> None:
    states: list[tuple[SoundState, str]] = []
    sound = open_sound("device:no such headset", "none", note(states))
    await until(lambda: any(s is not SoundState.OK for s, _ in states))
    assert states[-1] == (SoundState.NO_DEVICE, "no such headset")
    assert sound.source.read(FRAME) == bytes(2 * FRAME)
    sound.close()


def test_a_device_opens_on_use_and_the_microphone_closes_when_idle() -> None:
    states: list[tuple[SoundState, str]] = []
    card, now = Card(), [100.0]
    stream = stream_on(card, "input", states, now)
    settle(stream)
    assert card.streams == []
    stream.use()
    settle(stream)
    opened = card.streams[0]
    assert states == [(SoundState.OK, "headset")]
    named = opened.named
    assert (named["samplerate"], named["channels"], named["dtype"]) == (48000, 1, "int16")
    assert named["blocksize"] == FRAME
    named["callback"](b"\1\0" * FRAME, FRAME, None, None)
    assert stream.ring.read(4) == b"\1\0\1\0"
    now[0] += devices.IDLE + 0.1
    with pytest.raises(Card.CallbackStop):
        named["callback"](b"\1\0" * FRAME, FRAME, None, None)
    named["finished_callback"]()
    settle(stream)
    assert opened.closed
    assert states == [(SoundState.OK, "headset")]  # idle is not lost
    stream.use()
    settle(stream)
    assert len(card.streams) == 2


def test_a_device_that_falls_silent_is_lost_and_tried_again_later() -> None:
    states: list[tuple[SoundState, str]] = []
    card, now = Card(), [100.0]
    stream = stream_on(card, "input", states, now)
    stream.use()
    settle(stream)
    now[0] += devices.DEAF + 0.1
    stream.use()
    settle(stream)
    assert states[-1] == (SoundState.DEVICE_LOST, "headset")
    assert card.streams[0].closed
    card.fails = True
    stream.use()
    settle(stream)
    assert len(states) == 2  # not at once
    now[0] += devices.RETRY + 0.1
    stream.use()
    settle(stream)
    assert states[-1] == (SoundState.FAILED, "headset")
    card.fails = False
    now[0] += devices.RETRY + 0.1
    stream.use()
    settle(stream)
    assert states[-1] == (SoundState.OK, "headset")


def test_a_driver_that_does_not_come_back_is_said_and_that_it_did() -> None:
    states: list[tuple[SoundState, str]] = []
    card, now = Card(), [100.0]
    stream = stream_on(card, "output", states, now)
    card.goes_on.clear()
    stream.use()
    assert card.stands.wait(10)
    now[0] += devices.STUCK - 0.1
    stream.use()
    assert states == []
    now[0] += 0.2
    stream.use()
    stream.use()
    assert [state for state, _ in states] == [SoundState.FAILED]
    card.goes_on.set()
    settle(stream)
    assert states[-1] == (SoundState.OK, "headset")


def test_a_device_whose_driver_hangs_while_it_is_closed_is_lost_all_the_same() -> None:
    states: list[tuple[SoundState, str]] = []
    card, now = Card(), [100.0]
    stream = stream_on(card, "input", states, now)
    stream.use()
    settle(stream)
    card.goes_on.clear()
    now[0] += devices.DEAF + 0.1
    stream.use()
    assert card.stands.wait(10)
    assert states[-1] == (SoundState.DEVICE_LOST, "headset")
    card.goes_on.set()
    settle(stream)


async def test_a_device_of_which_nothing_becomes_known_does_not_load_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sound_module, "STUCK", 0.0)
    card = Card()
    card.goes_on.clear()
    states: list[tuple[SoundState, str]] = []
    sound = open_sound("", "none", note(states), library=Library(card))
    await until(lambda: states[-1:] == [(SoundState.FAILED, "")])
    card.goes_on.set()
    await until(lambda: states[-1] == (SoundState.OK, "headset"))
    sound.close()


def test_a_device_that_had_worked_is_tried_again_soon_and_then_slowly() -> None:
    states: list[tuple[SoundState, str]] = []
    card, now = Card(), [100.0]
    stream = stream_on(card, "output", states, now)
    stream.use()
    settle(stream)
    for _ in range(devices.WORKED + 1):
        card.streams[0].call()
    now[0] += devices.DEAF + 0.1
    stream.use()
    settle(stream)
    assert states[-1][0] is SoundState.DEVICE_LOST
    now[0] += devices.SOON + 0.1
    stream.use()
    settle(stream)
    assert states[-1][0] is SoundState.OK
    now[0] += devices.DEAF + 0.1  # as one that a server has suspended: it opens, and stands still
    stream.use()
    settle(stream)
    now[0] += devices.SOON + 0.1
    stream.use()
    settle(stream)
    assert states[-1][0] is SoundState.DEVICE_LOST
    now[0] += devices.RETRY
    stream.use()
    settle(stream)
    assert states[-1][0] is SoundState.OK


async def test_a_device_that_does_not_keep_up_is_said_once_and_not_for_one_hole() -> None:
    card, now = Card(), [100.0]
    states: list[tuple[SoundState, str]] = []
    sound = open_sound("none", "", note(states), library=Library(card))
    said: list[str] = []
    sound.on_stumbles = said.append
    (stream,) = (one for one in sound._closing if isinstance(one, devices.DeviceStream))
    stream._clock = lambda: now[0]
    sound.sink.write(bytes(2 * FRAME))
    await until(lambda: card.streams)

    def called(times: int, apart: float) -> None:
        for _ in range(times):
            now[0] += apart
            stream.use()
            card.streams[0].call()

    called(devices.WORKED + 1, 0.02)
    for _ in range(devices.STUMBLES - 1):
        called(1, devices.STUMBLE + 0.1)
        called(20, 0.02)
    called(800, 0.02)  # what was so a while ago counts no more
    called(1, devices.STUMBLE + 0.1)
    await asyncio.to_thread(settle, stream)
    assert said == []
    for _ in range(3 * devices.STUMBLES):
        called(1, devices.STUMBLE + 0.1)
    await until(lambda: said)
    await asyncio.to_thread(settle, stream)
    assert said == ["headset"]
    sound.close()


def test_a_stream_that_ends_by_itself_in_use_is_lost() -> None:
    states: list[tuple[SoundState, str]] = []
    card, now = Card(), [100.0]
    stream = stream_on(card, "output", states, now)
    stream.use()
    settle(stream)
    card.streams[0].named["finished_callback"]()
    settle(stream)
    assert states[-1][0] is SoundState.DEVICE_LOST


def test_the_ring_tone_keeps_the_listening_side_open_and_is_mixed_in() -> None:
    states: list[tuple[SoundState, str]] = []
    card, now = Card(), [100.0]
    stream = stream_on(card, "output", states, now)
    stream.tone = loop(tone((660,), duration=1.0, fade=0), FRAME)
    stream.use()
    settle(stream)
    out = bytearray()
    for _ in range(20):
        now[0] += 1.0
        block = bytearray(2 * FRAME)
        card.streams[0].named["callback"](memoryview(block), FRAME, None, None)
        out += block
    assert strength(bytes(out), 660) == pytest.approx(0.3, abs=0.02)
    stream.close()
    settle(stream)
    assert card.streams[0].closed


def test_a_ring_never_grows_and_gives_silence_when_it_is_dry() -> None:
    ring = RingBuffer(most=8, keep=4, prime=4)
    ring.write(b"ab")
    assert ring.read(2) == b"\0\0"  # not primed
    ring.write(b"cd")
    assert ring.read(6) == b"abcd\0\0"
    for _ in range(100):
        ring.write(b"xy")
    assert len(ring) <= 8
    assert ring.dropped > 0


def test_a_wav_of_another_rate_and_two_channels_is_heard_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        mono = tone((500,), 8000, 1.0, fade=0)
        file.writeframes(b"".join(mono[i : i + 2] * 2 for i in range(0, len(mono), 2)))
    source = FileSource(path)
    pcm = b"".join(source.read(FRAME) for _ in range(120))  # looped: more than it holds
    assert strength(pcm, 500) == pytest.approx(0.3, abs=0.05)


def test_a_file_that_is_no_wav_is_a_value_error(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(b"RIFF no")
    with pytest.raises(ValueError, match=r"x\.wav"):
        FileSource(path)


def test_a_full_disk_only_ends_the_recording(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "out.wav")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        for _ in range(100):
            sink.write(bytes(2 * FRAME))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    sink.close()
    assert 0 < len(read_wav(sink.path)) <= 50_000


def test_tones_have_their_frequencies_and_cadences_their_pauses() -> None:
    both = tone((440, 1000), duration=0.5, level=0.4)
    assert strength(both, 440) == pytest.approx(0.2, abs=0.02)
    assert strength(both, 1000) == pytest.approx(0.2, abs=0.02)
    assert strength(both, 700) < 0.01
    one = pattern(BUSY)
    assert len(one) == round(0.7 * RATE) * 2
    assert rms(one[: RATE // 2]) > 0.1
    assert rms(one[-RATE // 2 :]) == 0
    blocks = cadence(BUSY)
    heard = b"".join(next(blocks) for _ in range(70))
    assert heard[: len(one)] == one == heard[len(one) : 2 * len(one)]
    assert next(loop(b"", 10)) == bytes(20)


def test_a_microphone_that_was_spoken_into_is_alive_in_a_quiet_room_too() -> None:
    """It is the microphone of an agent who listens: only nothing at all is nothing."""
    meter = Meter(alive=SPOKEN)
    meter.put(SILENT / 2, 1.0)
    assert meter.audible == 0.0  # nobody knows yet whether it is one
    meter.put(SPOKEN, 2.0)
    meter.put(SILENT / 2, 10.0)
    assert meter.audible == 10.0
    meter.put(0.0, 11.0)
    assert meter.audible == 10.0
    other = Meter()
    other.put(0.5, 1.0)
    other.put(SILENT / 2, 2.0)
    assert other.audible == 1.0  # of what others send the last bits are a codec's


def test_gain_clips_rather_than_wraps_and_a_meter_falls_to_zero() -> None:
    loud = (30000).to_bytes(2, "little", signed=True) * FRAME
    assert gain(loud, 200)[:2] == (32767).to_bytes(2, "little")
    meter = Meter(hold=0.2)
    meter.feed(loud, 1.0)
    assert meter.read(1.1) == pytest.approx(0.915, abs=0.01)
    meter.feed(bytes(2 * FRAME), 1.12)
    assert 0 < meter.read(1.12) < 0.8
    assert meter.read(1.5) == 0

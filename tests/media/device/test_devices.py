"""Devices found by name, changed while they sound, pulled and put back; and one that lies."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.media.card import Card, Library, note
from tui.media.device import devices, portaudio
from tui.media.device import enumerate as devices_of
from tui.media.device.devices import DeviceStream, SoundState
from tui.media.device.enumerate import Listing, bare, best
from tui.media.device.rate_meter import SETTLE, WINDOW, RateMeter
from tui.media.device.sound import SoundIO, open_sound
from tui.media.pcm.levels import FRAME, RATE
from tui.media.pcm.tones import strength, tone

LAPTOP, HEADSET, MOVED = "Laptop: Analog (hw:0,0)", "USB Headset (hw:1,0)", "USB Headset (hw:2,0)"


class Room:
    """A sound on a card driven by hand, and its clock."""

    def __init__(
        self, *there: str, input: str = "", output: str = "", ring: str = "", loop: bool = False
    ) -> None:
        self.card = Card(*there)
        self.now = 100.0
        self.library = Library(self.card, lambda: self.now)
        self.states: list[tuple[SoundState, str]] = []
        self.sound: SoundIO = open_sound(
            input, output, note(self.states), ring, library=self.library
        )
        for stream in self.devices:
            stream._clock = lambda: self.now
        self.settle()

    @property
    def devices(self) -> list[DeviceStream]:
        return [one for one in self.sound._closing if isinstance(one, DeviceStream)]

    def settle(self) -> None:
        for _ in range(3):  # one thread gives the other work
            assert self.library.flush()

    def use(self) -> None:
        """A tick of a call."""
        self.sound.sink.write(tone((440,), duration=0.02, fade=0))
        self.sound.source.read(FRAME)
        self.settle()

    def names(self) -> list[str]:
        return [stream.device for stream in self.card.open]


def test_a_name_is_the_same_wherever_the_headset_is_plugged_in() -> None:
    assert bare("USB Headset: Audio (hw:3,0)") == "USB Headset: Audio"
    assert best([LAPTOP, MOVED], HEADSET) == 1
    assert best([LAPTOP, MOVED], "usb headset") == 1
    assert best(["Headset 2", "Headset"], "Headset") == 1
    assert best([LAPTOP], "USB Headset") is None
    assert best([LAPTOP], "(hw:7,0)") is None


def test_the_process_that_looks_says_what_there_is_and_ends() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tui.media.device.enumerate"],
        capture_output=True,
        timeout=30,
        check=True,
    )
    assert set(json.loads(done.stdout)) == {
        *("portaudio", "inputs", "outputs", "default_input", "default_output", "sources", "sinks")
    }
    assert isinstance(devices_of.ask(), Listing)


def test_a_process_that_cannot_look_is_no_listing(monkeypatch: pytest.MonkeyPatch) -> None:
    for executable, limit in (("/nonexistent/python", 10), ("/bin/false", 10)):
        monkeypatch.setattr(sys, "executable", executable)
        assert devices_of.ask(limit) is None


def test_without_portaudio_the_listing_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert devices_of.look() == Listing()


def test_devices_are_changed_by_name_while_a_call_uses_them() -> None:
    room = Room(LAPTOP, HEADSET)
    room.use()
    assert room.names() == [LAPTOP, LAPTOP]
    source, sink = room.sound.source, room.sound.sink
    room.sound.choose(input="device:usb headset", output="device:USB Headset")
    room.settle()
    room.use()
    assert room.names() == [HEADSET, HEADSET]
    assert (room.sound.source, room.sound.sink) == (source, sink)
    assert room.states[-1] == (SoundState.OK, "USB Headset")
    with pytest.raises(ValueError, match="is no sound output"):
        room.sound.choose(input="", output="headset")
    assert room.names() == [HEADSET, HEADSET]  # a bad one changes nothing
    room.sound.close()
    assert room.names() == []


def test_what_a_device_given_up_says_afterwards_is_not_heard() -> None:
    room = Room(LAPTOP, HEADSET, output="device:USB Headset")
    old = room.sound._output_device
    assert old is not None
    room.sound.choose(output="")
    room.settle()
    old._say(SoundState.DEVICE_LOST)
    assert room.states[-1][0] is SoundState.OK


def test_a_headset_pulled_and_put_back_elsewhere_is_found_while_the_other_side_plays() -> None:
    room = Room(LAPTOP, HEADSET, input="device:USB Headset", output="device:Laptop")
    room.use()
    assert sorted(room.names()) == [LAPTOP, HEADSET]
    room.card.there.remove(HEADSET)
    next(s for s in room.card.open if s.device == HEADSET).close()  # the driver ends it
    room.settle()
    assert room.states[-1] == (SoundState.DEVICE_LOST, "USB Headset")
    room.now += devices.RETRY + 0.1
    for stream in room.devices:
        stream._called = room.now  # the other one goes on
    room.use()
    assert room.names() == [LAPTOP]
    assert room.library.asked == 1
    assert len(room.card.streams) == 2  # nobody stopped the laptop for nothing
    room.card.there.append(MOVED)
    room.now += devices.RETRY + 0.1
    for stream in room.devices:
        stream._called = room.now
    room.use()
    room.now += devices.RETRY + 0.1
    for stream in room.devices:
        stream._called = room.now
    room.use()
    assert sorted(room.names()) == [LAPTOP, MOVED]
    assert room.states[-1][0] is SoundState.OK


def test_a_device_that_is_there_and_does_not_open_stops_the_others_once_a_minute() -> None:
    room = Room(LAPTOP, HEADSET, input="device:USB Headset", output="device:Laptop")
    room.sound.sink.write(bytes(2 * FRAME))
    room.settle()
    room.card.fails = True
    renewals = []
    renew = room.library.renew
    room.library.renew = lambda: renewals.append(room.now)  # type: ignore[method-assign]
    for _ in range(30):
        room.now += devices.RETRY + 0.1
        for stream in room.devices:
            stream._called = room.now
        room.use()
    assert room.library.asked == len(renewals) == 3
    assert renewals[1] - renewals[0] >= portaudio.AGAIN
    room.card.fails = False
    renew()
    room.settle()
    assert room.names() == [LAPTOP]


def test_it_rings_on_its_own_device_and_on_the_listening_one_while_that_is_gone() -> None:
    room = Room(LAPTOP, HEADSET, output="device:USB Headset", ring="device:Laptop")
    told: list[SoundState] = []
    room.sound.on_ring = lambda state, device: told.append(state)
    room.sound.ring(True)
    room.settle()
    assert room.names() == [LAPTOP]
    pcm = b"".join(room.card.open[0].call() for _ in range(10))
    assert strength(pcm, 660) > 0.05
    room.card.there.remove(LAPTOP)
    room.card.open[0].close()
    room.settle()
    room.sound._keep_ringing()
    room.settle()
    assert room.names() == [HEADSET]
    assert strength(b"".join(room.card.open[0].call() for _ in range(10)), 660) > 0.05
    assert told[-1] is SoundState.DEVICE_LOST
    assert room.states[-1][0] is SoundState.OK  # one can hear and speak
    room.sound.ring(False)
    assert strength(b"".join(room.card.open[0].call() for _ in range(10)), 660) < 0.01
    room.sound.close()


def test_all_sound_moves_to_a_pulse_server_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULSE_CLIENTCONFIG", raising=False)
    monkeypatch.setenv("PULSE_SERVER", "unix:/own")
    room = Room(LAPTOP, "pulse", input="device:Laptop", output="")
    room.use()
    assert room.names() == [LAPTOP, LAPTOP]
    room.sound.carry("unix:/far", "/client.conf")
    room.settle()
    assert room.names() == ["pulse", "pulse"]
    assert os.environ["PULSE_SERVER"] == "unix:/far"
    assert os.environ["PULSE_CLIENTCONFIG"] == "/client.conf"
    room.sound.carry("")
    room.settle()
    assert room.names() == [LAPTOP, LAPTOP]
    assert os.environ["PULSE_SERVER"] == "unix:/own"
    assert "PULSE_CLIENTCONFIG" not in os.environ
    room.sound.close()


def test_without_the_plugin_a_pulse_server_is_no_device() -> None:
    room = Room(LAPTOP)
    room.library.server = "unix:/far"
    room.sound.look()
    room.settle()
    assert room.states[-1][0] is SoundState.NO_DEVICE


def run(pace: RateMeter, rate: float, seconds: float, now: float) -> float:
    """Blocks of 20 ms worth of samples, as often as such a device calls."""
    for _ in range(round(seconds * rate / FRAME)):
        now += FRAME / rate
        pace.feed(FRAME, now)
    return now


def test_a_device_that_gives_other_samples_than_it_says_is_found_in_two_windows() -> None:
    pace = RateMeter()
    now = run(pace, 44_100, SETTLE + WINDOW + 1, 0.0)
    assert not pace.lies
    run(pace, 44_100, WINDOW, now)
    assert pace.lies
    assert pace.rate == pytest.approx(44_100, rel=0.01)


def test_a_true_device_that_drifts_starts_in_a_burst_and_stumbles_does_not_lie() -> None:
    pace = RateMeter()
    for _ in range(40):
        pace.feed(FRAME, 0.0)  # it fills its buffers at once
    now = run(pace, RATE * 1.0002, 25, 0.0)
    now = run(pace, RATE * 1.0002, 30, now + 0.4)  # a stall that is not made up for
    assert not pace.lies
    run(pace, RATE * 0.9998, 30, now)
    assert not pace.lies


def test_a_device_that_lies_is_opened_again_and_not_at_every_turn() -> None:
    room = Room(LAPTOP, output="none")
    for _ in range(round(100 * 44_100 / FRAME)):
        room.now += FRAME / 44_100
        if room.card.open:
            room.card.open[0].call()
        room.sound.source.read(FRAME)
        if room.devices[0].rate_meter.lies or not room.card.open:
            room.settle()
    assert 2 <= len(room.card.streams) <= 3
    assert len(room.card.open) == 1

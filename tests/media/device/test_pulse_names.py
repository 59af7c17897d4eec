"""A sound server's devices by name: what they are called, which is opened, and that no server can
hold anything up."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.media.card import Card, Library, note
from tui.media.device import devices, pulse_names
from tui.media.device import enumerate as devices_of
from tui.media.device.devices import DeviceStream, SoundState
from tui.media.device.enumerate import Listing
from tui.media.device.pulse_names import ServerDevices
from tui.media.device.sound import open_sound

SINKS: pulse_names.Named = (("Headset", "usb_out"), ("Loudspeaker", "desk_out"))


def device(description: str | None, name: str) -> Any:
    return SimpleNamespace(description=description, name=name)


def test_two_with_one_description_are_told_apart_by_what_stays_the_same() -> None:
    found = pulse_names.named(
        [device("Headset", "a"), device("Desk", "b"), device("Headset", "c"), device(None, "d")]
    )
    assert found == (("Headset [a]", "a"), ("Desk", "b"), ("Headset [c]", "c"), ("d", "d"))
    assert pulse_names.named([device("x", ""), device("", "y"), device("z", "z\0")]) == (
        ("y", "y"),
    )


def test_a_server_that_is_not_there_or_never_answers_is_no_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/none")
    assert pulse_names.look() == ((), ())
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{tmp_path}/silent")
        silent.listen()
        monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/silent")
        assert pulse_names.look(limit=0.3) == ((), ())


def test_while_one_question_hangs_no_other_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = pulse_names.DeviceNames(limit=0.3)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{tmp_path}/silent")
        silent.listen()
        monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/silent")
        before = set(threading.enumerate())
        assert names() is names() is names() is None
        assert len(set(threading.enumerate()) - before) == 1


def test_without_the_package_there_are_no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pulsectl", None)
    assert pulse_names.look() == ((), ())


def test_a_servers_devices_are_listed_before_portaudios_where_it_can_be_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pulse_names, "look", lambda: ((("Mike", "usb_in"),), SINKS))
    bare = Listing(True, ("hw",), ("hw",), "hw", "hw")
    assert devices_of.with_server(bare) == bare  # ALSA's plugin is missing
    both = devices_of.with_server(Listing(True, ("pulse",), ("hw", "pulse"), "hw", "hw"))
    assert (both.inputs, both.outputs) == (
        ("Mike", "pulse"),
        ("Headset", "Loudspeaker", "hw", "pulse"),
    )
    assert both.has("headset", "output")
    assert both.target("loud", "output") == ("Loudspeaker", "desk_out")
    assert both.target("Mike", "input") == ("Mike", "usb_in")
    assert both.target("", "output") is both.target("hw", "output") is None


class Server(Library):
    """A card with a sound server on it; what it has is `sinks`."""

    def __init__(self, card: Card) -> None:
        super().__init__(card, clock=time.monotonic)
        self.sinks = SINKS
        self.played: tuple[str, ...] = ("usb_out",)
        self.muted = False
        self._names = lambda: ServerDevices(
            sinks=self.sinks, played=self.played, silenced=self.muted
        )
        self.aimed_at: list[str | None] = []

    def _other_process(self) -> Listing:
        self.asked += 1
        names = tuple(shown for shown, _ in self.sinks)
        return Listing(True, ("pulse",), (*names, *self.card.there), "", "", (), self.sinks)


class Heard(Card):
    """A card that notes what libpulse would have read when a stream was opened."""

    def __init__(self, *there: str) -> None:
        super().__init__(*there)
        self.targets: list[str | None] = []
        plain = self.RawOutputStream

        def opened(**named: Any) -> Any:
            self.targets.append(os.environ.get("PULSE_SINK"))
            return plain(**named)

        self.RawOutputStream = opened  # type: ignore[assignment]


def test_the_servers_device_is_opened_by_its_name_and_the_environment_is_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PULSE_SINK", "mine")
    card = Heard("hw", "pulse")
    library = Server(card)
    states: list[tuple[SoundState, str]] = []
    sound = open_sound("none", "device:Headset", note(states), library=library)

    def use() -> None:
        sound.sink.write(bytes(1920))
        for _ in range(3):
            assert library.flush()

    use()
    assert card.targets == ["usb_out"]
    assert os.environ["PULSE_SINK"] == "mine"
    assert states[-1] == (SoundState.OK, "Headset")
    assert library.asked == 1
    sound.choose(output="device:hw")
    use()
    assert card.targets[-1] == "mine"  # PortAudio's own device
    sound.choose(output="device:pulse")
    use()
    assert card.targets[-1] == "mine"  # the server's default
    sound.choose(output="device:Headset")
    use()
    assert card.targets[-1] == "usb_out"
    assert library.asked == 2  # once for each name
    sound.close()


def test_one_that_is_gone_is_not_opened_though_the_server_would() -> None:
    card = Heard("hw", "pulse")
    library = Server(card)
    states: list[tuple[SoundState, str]] = []
    sound = open_sound("none", "device:Headset", note(states), library=library)

    def open_again() -> None:
        stream = sound._output_device
        assert stream is not None
        library.worker.submit(stream.shut)  # as after a call
        assert library.flush()
        stream.hurry()
        sound.sink.write(bytes(1920))
        for _ in range(3):
            assert library.flush()

    open_again()
    assert card.targets == ["usb_out"]
    library.sinks = (("Loudspeaker", "desk_out"),)
    open_again()
    assert card.targets == ["usb_out"]
    assert states[-1][0] is SoundState.NO_DEVICE
    library.sinks = SINKS
    open_again()
    assert card.targets == ["usb_out", "usb_out"]
    # A server that says nothing is no reason to be silent.
    library._names = lambda: None
    asked = library.asked
    open_again()
    assert card.targets == ["usb_out"] * 3
    assert library.asked == asked
    sound.close()


def test_what_nobody_hears_since_the_server_has_it_muted_is_said_at_each_opening() -> None:
    card = Heard("hw", "pulse")
    library = Server(card)
    now, said = [100.0], list[str]()
    stream = DeviceStream(
        "output", "Headset", library=library, on_state=note([]), clock=lambda: now[0]
    )
    stream.on_silenced = said.append

    def used(ticks: int) -> None:
        for _ in range(ticks):
            stream.use()
            assert library.flush()
            card.open[-1].call()
            now[0] += 0.02

    used(2 * devices.WORKED)
    assert said == []
    library.muted = True
    used(2 * devices.WORKED)
    assert said == []  # whoever mutes it in a call knows
    stream.shut()
    now[0] += devices.RETRY
    used(2 * devices.WORKED)
    assert said == ["Headset"]
    stream.close()
    assert library.flush()


def test_what_the_server_moved_is_taken_back_when_the_device_is_there_again() -> None:
    card = Heard("hw", "pulse")
    library = Server(card)
    now = [100.0]
    states: list[tuple[SoundState, str]] = []

    def stream(name: str) -> DeviceStream:
        return DeviceStream(
            "output", name, library=library, on_state=note(states), clock=lambda: now[0]
        )

    def used(one: DeviceStream, seconds: float) -> int:
        """How often it was opened, after so many seconds of use."""
        end = now[0] + seconds
        while now[0] <= end:
            if card.open:
                card.open[-1].call(24_000)
            one.use()
            assert library.flush()
            now[0] += 0.5
        return len(card.streams)

    servers = stream("Headset")
    assert used(servers, 25) == 1
    library.sinks, library.played = (("Loudspeaker", "desk_out"),), ("desk_out",)
    assert used(servers, 25) == 1  # it is gone: the server's choice is better than silence
    assert states[-1][0] is SoundState.OK
    library.sinks = SINKS
    assert used(servers, 10) == 2
    assert card.targets == ["usb_out", "usb_out"]
    library.played = ("usb_out",)
    assert used(servers, 25) == 2
    # The same headset goes over to speech: another device to the server, of the same name.
    library.sinks, library.played = (("Headset", "usb_hsp"), *SINKS[1:]), ("desk_out",)
    assert used(servers, 10) == 3
    assert card.targets[-1] == "usb_hsp"
    library.played = ("usb_hsp",)
    assert used(servers, 25) == 3
    servers.close()
    assert library.flush()
    library.played = ("desk_out",)
    own = stream("hw")
    assert used(own, 25) == 4  # nobody moves that one
    own.close()
    assert library.flush()


def test_one_that_does_not_open_is_asked_for_anew() -> None:
    card = Heard("pulse")
    library = Server(card)
    states: list[tuple[SoundState, str]] = []
    sound = open_sound("none", "device:Headset", note(states), library=library)
    assert library.flush()
    library.sinks = (("Headset", "usb_out_2"),)  # put back elsewhere
    card.fails = True
    sound.sink.write(bytes(1920))
    for _ in range(3):
        assert library.flush()
    assert states[-1][0] is SoundState.FAILED
    card.fails = False
    stream = sound._output_device
    assert stream is not None
    stream.hurry()
    sound.sink.write(bytes(1920))
    for _ in range(3):
        assert library.flush()
    assert card.targets[-1] == "usb_out_2"
    library.sinks = ()
    sound.choose(output="device:Gone")
    for _ in range(3):
        assert library.flush()
    assert states[-1][0] is SoundState.NO_DEVICE
    sound.close()

"""Devices of a sound server by their own names, against a real PulseAudio and a real PipeWire with
two loudspeakers (null sinks) and two microphones (what each of them plays): chosen, heard there and
nowhere else, gone, and found again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.interop.sound_devices import DESK, HEADSET, plug_in
from tests.interop.sound_server import SERVERS, SoundServer

PROBE = """
import asyncio, json, os, sys
from tui.media.device.sound import open_sound
from tui.media.pcm.sources import ToneSource
from tui.media.pcm.tones import strength

async def main():
    states = []
    sound = open_sound("", "", lambda state, device: states.append((str(state), device)))
    tone = ToneSource(440)
    loop = asyncio.get_running_loop()

    async def heard(seconds):
        pcm = bytearray()
        begin, n = loop.time(), 0
        while loop.time() - begin < seconds:
            sound.sink.write(tone.read(960))
            pcm.extend(sound.source.read(960))
            n += 1
            await asyncio.sleep(max(0, begin + n * 0.02 - loop.time()))
        return strength(bytes(pcm[-19200:]), 440)

    for line in iter(sys.stdin.readline, ""):
        asked = json.loads(line)
        if "carry" in asked:
            sound.carry(asked["carry"])
        if "choose" in asked:
            sound.choose(*asked["choose"])
        best, end = 0.0, loop.time() + asked["seconds"]
        while loop.time() < end:
            best = await heard(1.0)
            streams = [one.state for one in sound._closing]
            if (best > 0.2) is asked["heard"] and states and states[-1][0] == asked["state"]:
                break
        print(json.dumps(dict(strength=best, states=states[-3:])), flush=True)
        if {"PULSE_SINK", "PULSE_SOURCE"} & os.environ.keys():
            raise SystemExit("left in the environment")
    sound.close()

asyncio.run(main())
"""


@pytest.fixture(params=SERVERS)
def room(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[SoundServer]:
    """A running server without any device."""
    server: SoundServer = request.param(tmp_path)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def seen(room: SoundServer) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tui.media.device.enumerate"],
        env=room.environment(),
        capture_output=True,
        timeout=30,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def started(environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROBE],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def asked(
    probe: subprocess.Popen[str], heard: bool, state: str = "ok", **more: Any
) -> dict[str, Any]:
    """What the probe tells once the tone is heard, or is not, and the state is that one."""
    assert probe.stdin
    assert probe.stdout
    wanted = {"heard": heard, "state": state, "seconds": 30, **more}
    probe.stdin.write(json.dumps(wanted) + "\n")
    probe.stdin.flush()
    told: dict[str, Any] = json.loads(probe.stdout.readline())
    assert (told["strength"] > 0.2) is heard, told
    assert told["states"][-1][0] == state, told
    return told


def test_each_sink_and_source_is_listed_by_its_own_name_and_no_monitor(room: SoundServer) -> None:
    plug_in(room, *HEADSET)
    plug_in(room, "Headset", "second_out", "Other", "second_in")
    found = seen(room)
    assert found["outputs"][:2] == ["Headset [headset_out]", "Headset [second_out]"]
    assert found["inputs"][:2] == ["Headset-microphone", "Other"]
    assert not any("onitor" in name for name in found["inputs"])
    assert "pulse" in found["outputs"]


def test_a_device_chosen_by_name_is_the_one_and_is_found_again(room: SoundServer) -> None:
    plug_in(room, *DESK)
    plugged = plug_in(room, *HEADSET)
    probe = started(room.environment())

    def ask(heard: bool, state: str = "ok", **more: Any) -> dict[str, Any]:
        return asked(probe, heard, state, **more)

    try:
        told = ask(True, choose=["device:Headset-microphone", "device:Headset"])
        assert told["states"][-1] == ["ok", "Headset"]
        assert room.plays_on("headset_out")  # and not on the default one
        ask(False, choose=["device:Desk-microphone", None])
        ask(True, choose=[None, "device:loudspeaker"])
        # One that is not there is said, and found once it is.
        for module in reversed(plugged):
            room.pactl("unload-module", module)
        ask(False, "no-device", choose=["device:Headset-microphone", "device:Headset"])
        plug_in(room, *HEADSET)
        told = ask(True)
        assert told["states"][-1] == ["ok", "Headset"]
    finally:
        probe.kill()
        probe.communicate(timeout=5)


def test_over_a_tunnel_the_names_are_those_of_the_server_there(room: SoundServer) -> None:
    plug_in(room, *DESK)
    plug_in(room, *HEADSET)
    own = room.environment()
    server = own.pop("PULSE_SERVER")
    own["PULSE_RUNTIME_PATH"] = own["XDG_RUNTIME_DIR"] = str(
        room.room / "none"
    )  # there is none here
    probe = started(own)
    try:
        named = ["device:Headset-microphone", "device:Headset"]
        told = asked(probe, True, carry=server, choose=named)
        assert told["states"][-1] == ["ok", "Headset"]
        assert room.plays_on("headset_out")
        # A name of this machine's is none there: the server's default it is.
        asked(probe, True, choose=["device:Laptop", "device:Laptop"])
    finally:
        probe.kill()
        probe.communicate(timeout=5)

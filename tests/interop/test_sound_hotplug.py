"""Devices pulled and put back in a call, and a ring of its own, against a real PulseAudio: a sink
that is unloaded is a headset that is pulled.

Needs the packages pulseaudio, pulseaudio-utils, libportaudio2 and libasound2-plugins.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
IDLE = 5.0
"""Seconds in which an unused device is closed. An open one PulseAudio itself moves elsewhere."""

PROBE = """
import asyncio, json, sys
from tui.media.device.sound import open_sound
from tui.media.pcm.sources import ToneSource
from tui.media.pcm.tones import strength

async def main():
    now = {}
    sound = open_sound(
        "device:boxmike", "device:ear", lambda state, device: now.update(call=str(state)),
        "device:box",
    )
    sound.on_ring = lambda state, device: now.update(ring=str(state))
    tone, loop = ToneSource(440), asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        what, seconds, until = line.split()
        if what in ("ring", "hush"):
            sound.ring(what == "ring")
        heard, begin, n = bytearray(), loop.time(), 0
        while loop.time() - begin < float(seconds):
            if what == "call":
                sound.sink.write(tone.read(960))
                heard.extend(sound.source.read(960))
            n += 1
            if n > 25 and now.get("call") == until:
                break
            await asyncio.sleep(max(0, begin + n * 0.02 - loop.time()))
        print(json.dumps({**now, "blocks": sound._output_device.blocks}), flush=True)
    sound.close()

asyncio.run(main())
"""

ALSA = """
</usr/share/alsa/alsa.conf>
pcm.ear { type pulse device ear }
pcm.box { type pulse device box }
pcm.boxmike { type pulse device box.monitor }
"""


class Machine:
    """A machine with a headset ("ear") and a loudspeaker with a microphone ("box")."""

    def __init__(self, room: Path) -> None:
        self.room = room
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "VIRTUAL_ENV")}
        (room / "alsa.conf").write_text(ALSA)
        self.environment = {
            **kept,
            "HOME": str(room),
            "XDG_RUNTIME_DIR": str(room),
            "PULSE_SERVER": f"unix:{room}/native",
            "ALSA_CONFIG_PATH": str(room / "alsa.conf"),
            "PYTHONPATH": str(ROOT),
        }
        nothing = subprocess.DEVNULL
        server = {k: v for k, v in self.environment.items() if k != "PULSE_SERVER"}
        self.pulse = subprocess.Popen(
            [
                *("pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no"),
                *("--exit-idle-time=-1", "--log-level=error"),
                *("-L", "module-null-sink sink_name=ear rate=48000"),
                *("-L", f"module-native-protocol-unix auth-anonymous=1 socket={room}/native"),
            ],
            env=server,
            stdout=nothing,
            stderr=nothing,
        )
        limit = time.monotonic() + 10
        while not (room / "native").exists():
            assert time.monotonic() < limit
            time.sleep(0.05)
        self.box = self.plug()
        self.probe = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PROBE],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=nothing,
            text=True,
        )

    def pactl(self, *words: str) -> str:
        done = subprocess.run(
            ["pactl", *words], env=self.environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def plug(self) -> str:
        return self.pactl("load-module", "module-null-sink", "sink_name=box", "rate=48000")

    def unplug(self) -> None:
        self.pactl("unload-module", self.box)

    def begin(self, what: str, seconds: float, until: str = "-") -> None:
        assert self.probe.stdin
        self.probe.stdin.write(f"{what} {seconds} {until}\n")
        self.probe.stdin.flush()

    def report(self) -> dict[str, Any]:
        assert self.probe.stdout
        told: dict[str, Any] = json.loads(self.probe.stdout.readline())
        return told

    def loudest(self, sink: str, seconds: float = 1.5) -> int:
        """The loudest sample that a sink plays for a while."""
        recording = subprocess.Popen(
            ["parec", "-d", f"{sink}.monitor", "--format=s16le", "--rate=8000", "--channels=1"],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(seconds)
        recording.terminate()
        pcm = memoryview(recording.communicate(timeout=5)[0])
        return max(map(abs, pcm[: len(pcm) & ~1].cast("h")), default=0)

    def plays(self, sink: str, limit: float = 20.0) -> bool:
        """Whether a sink begins to play within so many seconds."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if self.loudest(sink) > 1000:
                return True
        return False

    def end(self) -> None:
        assert self.probe.stdin
        self.probe.stdin.close()
        try:
            assert self.probe.wait(15) == 0
        finally:
            self.probe.kill()
            self.probe.wait(5)
            if self.probe.stdout:
                self.probe.stdout.close()
            self.pulse.kill()
            self.pulse.wait(5)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    for program in ("pulseaudio", "pactl", "parec"):
        assert shutil.which(program), f"{program} is missing: pulseaudio, pulseaudio-utils"
    made = Machine(tmp_path)
    yield made
    made.end()


def test_it_rings_on_a_device_of_its_own_and_on_the_headset_while_that_is_gone(
    machine: Machine,
) -> None:
    machine.begin("ring", 0)
    machine.report()
    assert machine.plays("box")
    assert machine.loudest("ear", 0.5) == 0
    machine.begin("hush", IDLE)
    assert machine.report()["ring"] == "ok"
    machine.unplug()
    machine.begin("ring", 0)
    machine.report()
    assert machine.plays("ear")
    machine.begin("hush", 0)
    assert machine.report()["ring"] in ("no-device", "failed")


def test_a_microphone_pulled_and_put_back_in_a_call_is_found_again(machine: Machine) -> None:
    machine.begin("call", 10, "ok")
    assert machine.report()["call"] == "ok"
    machine.begin("wait", IDLE)
    machine.report()
    machine.unplug()
    machine.begin("call", 3)
    told = machine.report()
    assert told["call"] in ("no-device", "failed")
    before = told["blocks"]
    assert before > 0  # the ears have begun without the microphone
    machine.plug()
    machine.begin("call", 40, "ok")
    told = machine.report()
    assert told["call"] == "ok"
    assert told["blocks"] > before

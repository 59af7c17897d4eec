"""The sound servers that a desk may have, each in a folder of its own and without a card:
PulseAudio, and PipeWire with WirePlumber and its server for PulseAudio's protocol."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parents[2]

ALSA: Final = """
</usr/share/alsa/alsa.conf>
pcm.!default { type pulse hint { show on description "default" } }
ctl.!default { type pulse }
"""
_NO_CARDS: Final = "alsa_monitor.enabled = false\n"


class SoundServer:
    """One in `room`, with no device but what it is told to have. Its socket for PulseAudio's
    protocol is `socket`; `loads` are modules, with their arguments, that it always has."""

    def __init__(self, room: Path, *loads: str) -> None:
        for program, package in self.needs().items():
            assert shutil.which(program), f"the package {package} is missing"
        self.room = room
        self.socket = room / "pulse.socket"
        self._loads = loads
        (room / "alsa.conf").write_text(ALSA)
        self._processes: list[subprocess.Popen[bytes]] = []

    @staticmethod
    def needs() -> dict[str, str]:
        """Programs, and the packages that hold them."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """For a program that uses it."""
        return {
            **{k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "VIRTUAL_ENV")},
            "HOME": str(self.room),
            "XDG_RUNTIME_DIR": str(self.room),
            "PULSE_RUNTIME_PATH": str(self.room),
            "PULSE_SERVER": f"unix:{self.socket}",
            "ALSA_CONFIG_PATH": str(self.room / "alsa.conf"),
            "PYTHONPATH": str(ROOT),
        }

    def start(self) -> None:
        """Start it, and wait until it answers."""
        raise NotImplementedError

    def kill(self) -> None:
        """End it at once, as a crash does."""
        for process in reversed(self._processes):
            process.kill()
            process.wait(5)
        self._processes.clear()

    def pactl(self, *words: str) -> str:
        """What PulseAudio's own tool says."""
        done = subprocess.run(
            ["pactl", *words],
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def plays_on(self, sink: str) -> bool:
        """Whether something plays on the sink of that name now."""
        numbers = dict(line.split("\t")[1::-1] for line in self._short("sinks"))
        return numbers[sink] in [line.split("\t")[1] for line in self._short("sink-inputs")]

    def _short(self, what: str) -> list[str]:
        return self.pactl("list", "short", what).splitlines()

    def _spawn(self, *command: str, **more: str) -> None:
        own = {k: v for k, v in self.environment().items() if k != "PULSE_SERVER"}
        nothing = subprocess.DEVNULL
        self._processes.append(
            subprocess.Popen(command, env={**own, **more}, stdout=nothing, stderr=nothing)
        )

    def _wait(self, path: Path) -> None:
        limit = time.monotonic() + 10
        while not path.exists():
            assert self._processes[-1].poll() is None, f"{self._processes[-1].args!r} ended at once"
            assert time.monotonic() < limit, path.name
            time.sleep(0.05)


class PulseAudio(SoundServer):
    """PulseAudio, as `-n` starts it."""

    @staticmethod
    def needs() -> dict[str, str]:
        """See there."""
        return {"pulseaudio": "pulseaudio", "pactl": "pulseaudio-utils"}

    def start(self) -> None:
        """See there."""
        self.socket.unlink(missing_ok=True)
        command = ["pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no"]
        command += ["--exit-idle-time=-1", "--log-level=error"]
        native = f"module-native-protocol-unix socket={self.socket}"
        for load in (*self._loads, native):
            command += ["-L", load]
        self._spawn(*command)
        self._wait(self.socket)


class PipeWire(SoundServer):
    """PipeWire. WirePlumber wants a bus of its own, and sees no card."""

    def __init__(self, room: Path, *loads: str) -> None:
        super().__init__(room, *loads)
        pulse = room / ".config" / "pipewire" / "pipewire-pulse.conf.d"
        policy = room / ".config" / "wireplumber" / "main.lua.d"
        for folder in (pulse, policy):
            folder.mkdir(parents=True, exist_ok=True)
        (policy / "51-no-cards.lua").write_text(_NO_CARDS)
        (pulse / "address.conf").write_text(
            f'pulse.properties = {{ server.address = [ "unix:{self.socket}" ] }}\n'
        )

    @staticmethod
    def needs() -> dict[str, str]:
        """See there."""
        return {
            "pipewire": "pipewire",
            "pipewire-pulse": "pipewire-pulse",
            "wireplumber": "wireplumber",
            "dbus-daemon": "dbus-daemon",
            "pactl": "pulseaudio-utils",
        }

    def start(self) -> None:
        """See there."""
        bus = self.room / "bus"
        for path in (bus, self.room / "pipewire-0", self.socket):
            path.unlink(missing_ok=True)
        address = f"unix:path={bus}"
        self._spawn("dbus-daemon", "--session", "--nofork", f"--address={address}")
        self._wait(bus)
        self._spawn("pipewire", DBUS_SESSION_BUS_ADDRESS=address)
        self._wait(self.room / "pipewire-0")
        self._spawn("wireplumber", DBUS_SESSION_BUS_ADDRESS=address)
        self._spawn("pipewire-pulse", DBUS_SESSION_BUS_ADDRESS=address)
        self._wait(self.socket)
        self._ready()
        for load in self._loads:
            self.pactl("load-module", *load.split())

    def _ready(self) -> None:
        """Until WirePlumber has begun: it makes a sink where there is none."""
        limit = time.monotonic() + 20
        while not self.pactl("list", "short", "sinks"):
            assert time.monotonic() < limit
            time.sleep(0.05)


SERVERS: Final[tuple[type[SoundServer], ...]] = (PulseAudio, PipeWire)

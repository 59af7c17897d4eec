"""Two machines with a tunnel for sound in between."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.interop.programs import free_port
from tests.interop.sound_server import PulseAudio, SoundServer

ROOT = Path(__file__).parents[2]
PROBE = """
import asyncio, json, sys, time
from pathlib import Path
from random import Random
from tui.config.schema import AudioSettings
from tui.port import commands as c
from tui.engine.context import EngineContext, Limits
from tui.port.events import AccountChanged
from tui.engine.audio.commands import SoundCommands
from tui.engine.audio.devices import SoundDevices
from tui.port.values import Account
from tui.media.pcm.sources import ToneSource
from tui.media.pcm.tones import strength

async def main():
    context = EngineContext(clock=time.monotonic, rng=Random(1), limits=Limits())
    context.emit(AccountChanged(Account("1001", "02500001234", "")))
    sounds = SoundDevices(context, AudioSettings(), Path(sys.argv[1]))
    desk = SoundCommands(context, sounds)
    tone = ToneSource(440)
    loop = asyncio.get_running_loop()

    async def call(seconds, until=lambda heard: False):
        '''Tick as a call does; the strength of the tone in what came back at the end.'''
        heard, begin, n, strong = bytearray(), loop.time(), 0, 0.0
        while loop.time() - begin < seconds:
            sounds.sound.sink.write(tone.read(960))
            heard.extend(sounds.sound.source.read(960))
            n += 1
            if len(heard) >= 19200 and n % 10 == 0:
                strong = strength(bytes(heard[-19200:]), 440)
                if until(strong):
                    break
            await asyncio.sleep(max(0, begin + n * 0.02 - loop.time()))
        return strong

    await sounds.loaded()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        what, _, rest = line.strip().partition(" ")
        report = {}
        if what == "use":
            result = await desk.execute(c.UsePulseServer(rest))
            report["ok"], report["id"] = result.ok, result.message and result.message.id
        elif what == "hear":
            report["tone"] = await call(float(rest), lambda strong: strong > 0.1)
        elif what == "silence":
            # What comes between, as "device-lost", may be there for a moment.
            seconds, *states = rest.split()
            there = lambda strong: context.snapshot.voice.state in states
            report["tone"] = await call(float(seconds), there)
        elif what == "try":
            result = await desk.execute(c.TrySound())
            report["ok"], report["id"] = result.ok, result.message.id
            report["values"] = dict(result.message.values)
        elif what == "devices":
            result = await desk.execute(c.ListDevices())
            report["outputs"] = result.value.outputs
        report["state"] = context.snapshot.voice.state
        report["server"] = context.snapshot.voice.server
        print(json.dumps(report), flush=True)
    await sounds.close()
    await sounds.remote_pulse.close()
    await context.close()

asyncio.run(main())
"""
TUNNEL = """
import asyncio, sys

async def copy(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()

async def led(reader, writer):
    try:
        far = await asyncio.open_unix_connection(sys.argv[2])
    except OSError:
        writer.close()
        return
    await asyncio.gather(copy(reader, far[1]), copy(far[0], writer), return_exceptions=True)

async def main():
    server = await asyncio.start_unix_server(led, sys.argv[1])
    await server.serve_forever()

asyncio.run(main())
"""


class Far:
    """The computer at which the agent sits: a sound server, and a tunnel that leads to it."""

    def __init__(self, room: Path, name: str, kind: type[SoundServer] = PulseAudio) -> None:
        self.room = room / name
        self.room.mkdir()
        self.port = free_port()
        self.tunnel = room / f"{name}.tunnel"
        self.server = kind(
            self.room,
            "module-null-sink sink_name=ear rate=48000",
            f"module-native-protocol-tcp listen=127.0.0.1 port={self.port}",
        )
        self.socket = self.server.socket
        self.server.start()
        self._line = subprocess.Popen(
            [sys.executable, "-c", TUNNEL, str(self.tunnel), str(self.socket)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        limit = time.monotonic() + 10
        while not self.tunnel.exists():
            assert time.monotonic() < limit
            time.sleep(0.05)

    @property
    def cookie(self) -> Path:
        return self.room / ".config" / "pulse" / "cookie"

    def stall(self, on: bool) -> None:
        """The way there carries nothing any more, and says nothing; or does again."""
        import signal

        self._line.send_signal(signal.SIGSTOP if on else signal.SIGCONT)

    def end(self) -> None:
        self._line.kill()
        self._line.wait(5)
        self.server.kill()
        self.tunnel.unlink(missing_ok=True)


class Console:
    """The machine on which yimi runs, with no sound of its own."""

    def __init__(self, room: Path) -> None:
        self.room = room
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "VIRTUAL_ENV")}
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PROBE, str(room)],
            env={
                **kept,
                "HOME": str(room),
                "XDG_RUNTIME_DIR": str(room),
                "PYTHONPATH": str(ROOT),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __call__(self, what: str) -> dict[str, Any]:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def cookie_of(self, far: Far) -> None:
        """What README tells one to do when it refuses."""
        own = self.room / ".config" / "pulse"
        own.mkdir(parents=True, exist_ok=True)
        shutil.copy(far.cookie, own / "cookie")

    def end(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        try:
            assert self.process.wait(15) == 0
        finally:
            self.process.kill()
            if self.process.stdout:
                self.process.stdout.close()
            self.process.wait(5)

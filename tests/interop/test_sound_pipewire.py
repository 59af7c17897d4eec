"""A whole call on a machine with PipeWire: heard both ways by frequency, PipeWire killed and there
again in the call, the headset pulled and put back, the default changed.

The engine is a process of its own, as it is at a desk. The customer is the sandbox's. Needs the
packages pipewire-pulse, wireplumber, dbus-daemon, pulseaudio-utils, libportaudio2 and
libasound2-plugins.
"""

from __future__ import annotations

import array
import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e.box import AGENT_TONE, CUSTOMER_TONE, Box, running
from tests.e2e.pty_console import PROJECT, end_engines, environment
from tests.interop.frequencies import share, write_tone
from tests.interop.sound_devices import DESK, HEADSET, plug_in
from tests.interop.sound_server import PipeWire
from tests.waiting import until
from tui.launcher.find_engines import find_running
from tui.port.commands import Answer, HangUp
from tui.port.machines.call_machine import CallState
from tui.port.values import Phase, VoiceState
from tui.port.wire.client import EngineClient

RATE = 16000


class Machine:
    """A desk with a headset and a loudspeaker with a microphone; the agent's voice is a tone at the
    headset's microphone."""

    def __init__(self, room: Path) -> None:
        self.room = room
        self.server = PipeWire(room)
        self.headset: list[str] = []
        self._voice: subprocess.Popen[bytes] | None = None
        write_tone(room / "voice.wav", AGENT_TONE, 300, RATE)

    def start(self) -> None:
        """PipeWire, and what is plugged in."""
        self.server.start()
        plug_in(self.server, *DESK)
        self.plug()

    def plug(self) -> None:
        """The headset is plugged in, and somebody speaks into it."""
        sink, sink_name, source, source_name = HEADSET
        plugged = plug_in(self.server, sink, sink_name, "unused", "unused_in")
        self.headset = [*plugged, *plug_in(self.server, "Mouth", "mouth", source, source_name)]
        self._voice = subprocess.Popen(
            ["paplay", "--device=mouth", str(self.room / "voice.wav")],
            env=self.server.environment(),
            stderr=subprocess.DEVNULL,
        )

    def unplug(self) -> None:
        """It is pulled."""
        self._hush()
        for module in reversed(self.headset):
            self.server.pactl("unload-module", module)

    def kill(self) -> None:
        """PipeWire is ended at once."""
        self._hush()
        self.server.kill()

    def _hush(self) -> None:
        if self._voice is not None:
            self._voice.kill()
            self._voice.wait(5)
            self._voice = None

    def heard(self, sink: str) -> float:
        """How much of the next half second that a sink plays is the customer's tone."""
        recording = subprocess.Popen(
            ["parec", "-d", f"{sink}.monitor", "--format=s16le", f"--rate={RATE}", "--channels=1"],
            env=self.server.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert recording.stdout
        pcm = recording.stdout.read(2 * RATE)[-RATE:]
        recording.kill()
        recording.communicate()
        return share(array.array("h", pcm), RATE, CUSTOMER_TONE)

    async def plays(self, sink: str) -> None:
        """Wait until the customer is heard there."""
        await until(lambda: self.heard(sink) > 0.5, what=f"the customer on {sink}")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    (tmp_path / "machine").mkdir()
    made = Machine(tmp_path / "machine")
    try:
        made.start()
        yield made
    finally:
        made.kill()


@asynccontextmanager
async def signed_in(box: Box, folder: Path, machine: Machine) -> AsyncIterator[EngineClient]:
    """An engine on that machine, signed in and idle."""
    (folder / "credentials").mkdir()
    (folder / "credentials" / "password").write_text(box.agent("1001")["pwd"])
    (folder / "config").mkdir()
    (folder / "config" / "config.toml").write_text(
        f'[audio]\ninput = "device:{HEADSET[2]}"\noutput = "device:{HEADSET[0]}"\n'
        '[wrapup]\nmode = "off"\n'
        f'[profiles.box]\nun = "1001"\nbackend = "{box.http}"\n'
        f'switchnumber = "{box.ready["switchnumber"]}"\n'
    )
    own = environment(folder) | machine.server.environment()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tui.cli.main", "engine", "--profile", "box", "--group", "sales"),
        cwd=PROJECT,
        env=own | {"CREDENTIALS_DIRECTORY": str(folder / "credentials")},
    )
    try:
        found = await until(lambda: _engine(folder), interval=0.2)
        assert found is not None
        client = await EngineClient.connect(found)
        await until(lambda: client.snapshot().phase is Phase.SIGNED_IN)
        yield client
        await client.close()
    finally:
        await end_engines(folder)
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _engine(folder: Path) -> Path | None:
    engines = (await find_running(folder / "runtime")).engines
    return engines[0].path if engines else None


async def answered(box: Box, client: EngineClient) -> str:
    """A customer's call, once it is connected; its ccNumber."""
    cc = await box.ring("1001")

    def state() -> CallState | None:
        return next((c.state for c in client.snapshot().calls if c.ccnumber == cc), None)

    await until(lambda: state() is CallState.RINGING)
    assert (await client.execute(Answer(cc))).ok
    await until(lambda: state() is CallState.TALKING)
    return cc


async def test_a_call_is_heard_both_ways_and_goes_on_after_what_happens_to_pipewire(
    machine: Machine, tmp_path: Path
) -> None:
    async with running(tmp_path) as box, signed_in(box, tmp_path, machine) as client:

        def voice() -> VoiceState:
            return client.snapshot().voice.state

        cc = await answered(box, client)
        await machine.plays("headset_out")
        await box.is_heard(cc, AGENT_TONE)
        assert machine.heard("desk_out") < 0.1
        # Another default is nothing to whoever has chosen.
        machine.server.pactl("set-default-sink", "desk_out")
        machine.server.pactl("set-default-source", "desk_in")
        assert machine.heard("headset_out") > 0.5
        assert machine.heard("desk_out") < 0.1
        # PipeWire crashes. The call is there all the same, and heard again.
        machine.kill()
        await until(lambda: voice() in (VoiceState.DEVICE_LOST, VoiceState.FAILED))
        await box.is_heard_no_more(cc, AGENT_TONE)
        machine.start()
        await machine.plays("headset_out")
        await box.is_heard(cc, AGENT_TONE)
        await until(lambda: voice() is VoiceState.OK)
        # The headset is pulled: PipeWire moves the sound to what is left, and it comes back.
        machine.unplug()
        await machine.plays("desk_out")
        machine.plug()
        await machine.plays("headset_out")
        await box.is_heard(cc, AGENT_TONE)
        assert (await client.execute(HangUp(cc))).ok
        await until(lambda: not machine.server.plays_on("headset_out"), interval=0.2)
        # Pulled between two calls it is missed and said, no other is used, and it comes back.
        machine.unplug()
        cc = await answered(box, client)
        await until(lambda: voice() is VoiceState.NO_DEVICE)
        assert machine.heard("desk_out") < 0.1
        machine.plug()
        await machine.plays("headset_out")
        await box.is_heard(cc, AGENT_TONE)
        await until(lambda: voice() is VoiceState.OK)

"""`yimi engine` as a service: it signs in by itself, and a stopped one comes back with its call."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.box import Box
from tests.e2e.plain_day import configure
from tests.e2e.pty_console import PROJECT, end_engines, environment
from tests.waiting import until
from tui.launcher.find_engines import find_running
from tui.port.commands import Answer, Mute
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Snapshot
from tui.port.values import Phase, VoiceState
from tui.port.wire.client import EngineClient

LIMIT = 30.0
NEEDED_BY_CALLS = ("pylibsrtp", "cryptography", "opus", "avcodec")
"""Native libraries, as a process's map names them."""


class Service:
    """Does as a service manager: starts it, hears it, ends one that is silent, starts it again."""

    def __init__(self, box: Box, folder: Path) -> None:
        self.box, self.folder = box, folder
        self.ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ear.bind(str(folder / "notify"))
        self.ear.setblocking(False)
        (credentials := folder / "credentials").mkdir()
        (credentials / "password").write_text(box.agent("1001")["pwd"] + "\n")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str, password: bool = True) -> subprocess.Popen[bytes]:
        env = environment(self.folder)
        if password:
            env["CREDENTIALS_DIRECTORY"] = str(self.folder / "credentials")
        env |= {"NOTIFY_SOCKET": str(self.folder / "notify"), "WATCHDOG_USEC": "400000"}
        self.process = subprocess.Popen(
            (sys.executable, "-m", "tui.cli.main", "engine", *arguments),
            cwd=PROJECT,
            env=env,
            stderr=subprocess.PIPE,
        )
        return self.process

    async def hears(self, line: str) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(LIMIT):
            while (await loop.sock_recv(self.ear, 4096)).decode() != line:
                pass

    async def hears_nothing(self, seconds: float) -> None:
        """What was on its way is heard, then nothing for so long."""
        loop = asyncio.get_running_loop()
        heard: bytes | None = b""
        while heard is not None:
            try:
                heard = await asyncio.wait_for(loop.sock_recv(self.ear, 4096), seconds)
            except TimeoutError:
                heard = None

    async def client(self) -> EngineClient:
        """Attached to the engine that it is."""
        found = await until(self._engine, LIMIT, interval=0.2)
        assert found is not None
        return await EngineClient.connect(found)

    async def _engine(self) -> Path | None:
        engines = (await find_running(self.folder / "runtime")).engines
        own = [each for each in engines if self.process and each.pid == self.process.pid]
        return own[0].path if own else None


@pytest.fixture
async def service(box: Box, tmp_path: Path) -> AsyncIterator[Service]:
    configure(box, tmp_path)
    service = Service(box, tmp_path)
    yield service
    if service.process is not None:
        service.process.kill()
        _gone(service.process)
    service.ear.close()
    await end_engines(tmp_path)


def _gone(process: subprocess.Popen[bytes]) -> None:
    process.wait()
    assert process.stderr is not None
    process.stderr.close()


async def _is(client: EngineClient, phase: Phase) -> Snapshot:
    await until(lambda: client.snapshot().phase is phase, LIMIT)
    return client.snapshot()


async def test_a_stopped_engine_is_started_again_and_takes_its_call_back(
    box: Box, service: Service
) -> None:
    first = service.start("--profile", "box", "--group", "sales")
    await service.hears("READY=1")
    client = await service.client()
    await _is(client, Phase.SIGNED_IN)
    for what in ("cmdline", "environ"):
        kept = Path(f"/proc/{first.pid}/{what}").read_bytes()
        assert box.agent("1001")["pwd"].encode() not in kept
    cc = await box.ring("1001")
    await until(lambda: client.snapshot().calls, LIMIT)
    assert (await client.execute(Answer(cc))).ok
    await until(lambda: client.snapshot().calls[0].state is CallState.TALKING, LIMIT)
    await client.execute(Mute(True, cc))
    note = next((service.folder / "runtime").glob("*.call"))
    await until(lambda: '"muted": true' in note.read_text(), LIMIT)
    await service.hears("WATCHDOG=1")
    first.send_signal(signal.SIGSTOP)
    await service.hears_nothing(0.4)  # systemd's limit
    first.send_signal(signal.SIGABRT)
    first.send_signal(signal.SIGCONT)
    await until(lambda: first.poll() is not None, LIMIT)
    await client.close()
    _gone(first)

    service.start("--profile", "box", "--group", "sales")
    await service.hears("READY=1")
    client = await service.client()
    await until(lambda: client.snapshot().calls, LIMIT)
    await until(lambda: client.snapshot().calls[0].state is CallState.TALKING, LIMIT)
    call = client.snapshot().calls[0]
    assert (call.ccnumber, call.muted) == (cc, True)
    await client.close()


async def test_a_wrong_password_ends_it_with_an_error_that_holds_none(
    box: Box, service: Service
) -> None:
    (service.folder / "credentials" / "password").write_text("not-the-demo-one")
    process = service.start("--profile", "box")
    await until(lambda: process.poll() is not None, LIMIT)
    assert process.returncode == 77, "the unit's RestartPreventExitStatus"
    log = (service.folder / "state" / "yimi.log").read_text()
    assert "sign-in refused" in log
    assert "not-the-demo-one" not in log


async def test_without_a_profile_it_says_what_it_wants(service: Service) -> None:
    process = service.start()
    await until(lambda: process.poll() is not None, LIMIT)
    assert process.returncode == 2
    assert process.stderr is not None
    assert b"yimi engine --profile NAME" in process.stderr.read()


async def test_what_a_call_needs_to_sound_is_loaded_when_the_first_one_rings(
    box: Box, service: Service
) -> None:
    process = service.start("--profile", "box", "--group", "sales")
    maps = Path(f"/proc/{process.pid}/maps")
    await service.hears("READY=1")
    client = await service.client()
    await until(lambda: client.snapshot().voice.state is VoiceState.OK, LIMIT)
    assert not [name for name in NEEDED_BY_CALLS if name in maps.read_text()]
    await box.ring("1001")
    await until(lambda: client.snapshot().calls, LIMIT)
    await until(lambda: all(name in maps.read_text() for name in ("pylibsrtp", "opus")), LIMIT)
    assert client.snapshot().calls[0].state is CallState.RINGING, "before it is answered"
    await client.close()

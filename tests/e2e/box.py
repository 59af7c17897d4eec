"""A sandbox of our own: a real process on loopback, its control API, and a desk in front of it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp

from tui.config import AudioSettings, Config, Profile, WrapUpSettings
from tui.engine.commands import JoinGroup, SignIn
from tui.engine.core import Limits
from tui.engine.engine import Engine
from tui.engine.state import Call, CallState, Leg, SeatState, Snapshot
from tui.paths import Paths
from tui.secrets import Secret

PATIENCE = 20.0
"""Seconds for what takes as long as it takes on a busy machine."""
AGENT_TONE = 700
CUSTOMER_TONE = 1300


async def until(what: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Wait for something to be true, looking every 20 ms; its value. TimeoutError else."""
    async with asyncio.timeout(seconds):
        while not (value := what()):
            await asyncio.sleep(0.02)
        return value


class Box:
    """A running sandbox."""

    def __init__(self, ready: dict[str, Any], process: subprocess.Popen[bytes]) -> None:
        self.ready = ready
        self.process = process
        self.http = ready["http"]
        self._session: aiohttp.ClientSession | None = None

    def agent(self, un: str) -> dict[str, Any]:
        found: dict[str, Any] = next(a for a in self.ready["agents"] if a["un"] == un)
        return found

    async def control(self, path: str, method: str = "GET", **body: Any) -> Any:
        """One request to the control API; its JSON."""
        if self._session is None:
            self._session = aiohttp.ClientSession()
        data = body or None
        url = f"{self.http}/control/{path}"
        async with self._session.request(method, url, json=data) as response:
            text = await response.text()
            assert response.status == 200, f"{path}: {response.status} {text}"
            return json.loads(text)

    async def post(self, path: str, **body: Any) -> Any:
        return await self.control(path, "POST", **body)

    async def ring(self, un: str, **more: Any) -> str:
        """A customer with a tone of CUSTOMER_TONE calls the agent; the ccNumber."""
        wanted = {"number": "12000000001", "voice": f"tone:{CUSTOMER_TONE}", **more}
        cc: str = (await self.post("ring", un=un, **wanted))["cc"]
        return cc

    async def heard(self, cc: str, hz: int, ms: int = 500) -> float:
        """How strong that tone was in what the customer heard last, 0 to 1 of what was there."""
        found = await self.control(f"calls/{cc}/heard?ms={ms}&hz={hz}")
        return float(next(iter(found["tones"].values())))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


class Starting:
    """The process of a sandbox, with a folder for what it writes."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.ready_file = folder / "sandbox.json"
        command = [sys.executable, "-m", "tui.cli", "sandbox", "--no-auto-call", *options]
        command += ["--port", "0", "--ready-file", str(self.ready_file)]
        with (folder / "sandbox.log").open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    async def ready(self) -> dict[str, Any]:
        """What it says when it can be reached."""
        await until(lambda: self.ready_file.exists() or self.process.poll() is not None)
        assert self.process.poll() is None, (self.folder / "sandbox.log").read_text()
        told: dict[str, Any] = json.loads(self.ready_file.read_text())
        return told

    def end(self) -> None:
        """End it, and all that it started."""
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Spare:
    """The next test's sandbox, which starts while this test runs: each test has one of its own,
    and none waits for it."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._next: Starting | None = None
        self._count = 0

    def take(self) -> Starting:
        """The one that was started ahead, or a new one; the next is started."""
        taken = self._next or self._start()
        self._next = self._start()
        return taken

    def _start(self) -> Starting:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="yimi-e2e-")
        self._count += 1
        folder = Path(self._folder.name) / str(self._count)
        folder.mkdir()
        return Starting(folder)

    def end(self) -> None:
        """After the last test."""
        if self._next is not None:
            self._next.end()
            self._next = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


SPARE = Spare()


@asynccontextmanager
async def running(folder: Path, *options: str) -> AsyncIterator[Box]:
    """A sandbox, ended afterwards; with options it is started now, in `folder`."""
    starting = Starting(folder, *options) if options else SPARE.take()
    try:
        box = Box(await starting.ready(), starting.process)
        try:
            yield box
        finally:
            await box.close()
    finally:
        starting.end()


def paths_in(folder: Path) -> Paths:
    """Directories of our own."""
    paths = Paths(folder / "config", folder / "state", folder / "runtime", folder / "data")
    return paths.prepare()


class Desk:
    """An engine in this process, in front of a sandbox, whose microphone is a tone. `generation` is
    the platform's that it signs in to."""

    def __init__(
        self,
        box: Box,
        folder: Path,
        un: str = "1001",
        limits: Limits | None = None,
        generation: int = 2,
        **sections: Any,
    ) -> None:
        self.box = box
        self.un = un
        self.generation = generation
        if generation == 1:
            one = Profile(name="one", kind="platform1", gateway=box.ready["ws1"])
            servers = {box.ready["switchnumber"][:3]: box.ready["http1"]}
            sections = {"profiles": (one,), "servers": servers, **sections}
        self.output = folder / f"heard-{un}.wav"
        audio = AudioSettings(input=f"tone:{AGENT_TONE}", output=f"file:{self.output}")
        config = replace(Config(audio=audio, wrapup=WrapUpSettings(mode="off")), **sections)
        self.engine = Engine(config, paths=paths_in(folder), limits=limits)

    @property
    def snapshot(self) -> Snapshot:
        return self.engine.snapshot()

    @property
    def call(self) -> Call:
        call = self.snapshot.call
        assert call is not None
        return call

    def sign_in_command(self, **changes: Any) -> SignIn:
        agent = self.box.agent(self.un)
        wanted: dict[str, Any] = {
            "un": self.un,
            "pwd": Secret(agent["pwd"]),
            "switchnumber": self.box.ready["switchnumber"],
            "backend": self.box.http,
        }
        if self.generation == 1:
            wanted |= {"kind": "platform1", "profile": "one", "backend": ""}
        return SignIn(**{**wanted, **changes})

    async def sign_in(self) -> None:
        """Sign in, join the first group, and wait for the platform's "online"."""
        result = await self.engine.execute(self.sign_in_command())
        assert result.ok, result
        groups = self.box.agent(self.un)["groups"]
        joined = await self.engine.execute(JoinGroup(groups[0]["gid"] if groups else "0"))
        assert joined.ok, joined
        await self.seat(SeatState.IDLE)

    async def seat(self, state: SeatState) -> None:
        await until(lambda: self.snapshot.seat_state is state)

    async def state(self, state: CallState) -> Call:
        await until(lambda: self.snapshot.call and self.snapshot.call.state is state)
        return self.call

    async def audio(self) -> None:
        await until(lambda: self.snapshot.call and self.snapshot.call.leg is Leg.CONNECTED)

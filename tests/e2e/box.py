"""A sandbox of our own: a real process on loopback, its control API, and a desk in front of it."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import aiohttp

from tests.waiting import until
from tui.config.paths import Paths
from tui.config.schema import AudioSettings, Config, Profile, WrapUpSettings
from tui.engine.context import Limits
from tui.engine.engine import Engine
from tui.port.commands import GetHistory, JoinGroup, SignIn
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import SeatState
from tui.port.snapshot import Call, Snapshot
from tui.port.values import HistoryEntry, HistoryPage, Leg
from tui.secrets import Secret

PATIENCE = 20.0
"""Seconds for what takes as long as it takes on a busy machine."""
ONLINE = 0.05
"""Seconds from a registration to the platform's own "online"."""
AGENT_TONE = 700
CUSTOMER_TONE = 1300


class Box:
    """A running sandbox, and its process."""

    def __init__(self, ready: dict[str, Any], pid: int) -> None:
        self.ready = ready
        self.pid = pid
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

    async def hurry(self) -> None:
        """Whom a test calls to talk with answers in a tenth of the dial plan's time."""
        await self.post("times", answering=0.1)

    async def ring(self, un: str, **more: Any) -> str:
        """A customer with a tone of CUSTOMER_TONE calls the agent; the ccNumber."""
        wanted = {"number": "12000000001", "voice": f"tone:{CUSTOMER_TONE}", **more}
        cc: str = (await self.post("ring", un=un, **wanted))["cc"]
        return cc

    async def heard(self, cc: str, hz: int, ms: int = 500) -> float:
        """How strong that tone was in what the customer heard last, 0 to 1 of what was there."""
        found = await self.control(f"calls/{cc}/heard?ms={ms}&hz={hz}")
        return float(next(iter(found["tones"].values())))

    async def is_heard(self, cc: str, hz: int, at_least: float = 0.5) -> None:
        """Wait until that much of what the customer hears is that tone."""

        async def so() -> bool:
            return await self.heard(cc, hz) >= at_least

        await until(so, PATIENCE, interval=0.05)

    async def is_heard_no_more(self, cc: str, hz: int, at_most: float = 0.05) -> None:
        """Wait until the customer does not hear that tone."""

        async def so() -> bool:
            return await self.heard(cc, hz) <= at_most

        await until(so, PATIENCE, interval=0.05)

    async def agent_has(self, un: str, name: str, value: object) -> None:
        """Wait until the platform shows this of the agent."""

        async def so() -> bool:
            shown: dict[str, Any] = await self.control(f"agents/{un}")
            return bool(shown[name] == value)

        await until(so, PATIENCE, what=f"{name} of {un} is {value}", interval=0.05)

    async def close(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()


class Starting:
    """The process of a sandbox, with a folder for what it writes."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.ready_file = folder / "sandbox.json"
        command = [sys.executable, "-m", "tui.cli.main", "sandbox", "--no-auto-call", *options]
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


class Shared:
    """One sandbox process for all tests of this worker. After each test it is reset: a fresh
    sandbox takes the place of the one before, at new ports."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._held: IO[str] | None = None
        self._process: Starting | None = None
        self._ready: dict[str, Any] | None = None

    async def take(self) -> Box:
        """A sandbox as after its start."""
        if self._process is None or self._ready is None:
            self._folder = tempfile.TemporaryDirectory(prefix="yimi-e2e-")
            folder = Path(self._folder.name)
            # A worker that is killed lets go of it, and the sandbox ends.
            self._held = (folder / "held").open("w")
            fcntl.flock(self._held, fcntl.LOCK_SH)
            self._process = Starting(folder, "--hold", self._held.name)
            self._ready = await self._process.ready()
        box = Box(self._ready, self._process.process.pid)
        # No test is about how long a platform takes until it says "online" by itself; each that
        # signs in waits for it.
        await box.post("times", online=ONLINE)
        return box

    async def give_back(self, box: Box) -> None:
        """Reset it. Where that fails, so does the test, and the next has a new process."""
        try:
            self._ready = await box.post("reset")
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """After the last test."""
        if self._process is not None:
            self._process.end()
            self._process = self._ready = None
        if self._held is not None:
            self._held.close()
            self._held = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


SHARED = Shared()


@asynccontextmanager
async def running(folder: Path, *options: str) -> AsyncIterator[Box]:
    """A sandbox as after its start; with options it is a process of its own, in `folder`."""
    own = Starting(folder, *options) if options else None
    try:
        box = Box(await own.ready(), own.process.pid) if own else await SHARED.take()
        try:
            yield box
        finally:
            try:
                if own is None:
                    await SHARED.give_back(box)
            finally:
                await box.close()
    finally:
        if own is not None:
            own.end()


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

    async def history(self, count: int, query: str = "") -> tuple[HistoryEntry, ...]:
        """The kept calls that match `query`, once there are `count`.

        A call is written after its end was told, so one look may come too early.
        """

        async def found() -> tuple[HistoryEntry, ...]:
            page = (await self.engine.execute(GetHistory(query))).value
            assert isinstance(page, HistoryPage)
            return page.entries if len(page.entries) == count else ()

        entries: tuple[HistoryEntry, ...] = await until(found)
        return entries

    async def audio(self) -> None:
        await until(lambda: self.snapshot.call and self.snapshot.call.leg is Leg.CONNECTED)

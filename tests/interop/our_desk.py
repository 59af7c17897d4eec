"""The console's engine itself as the agent at a PBX: what the screen sees and does, without it."""

from __future__ import annotations

import array
import asyncio
import wave
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.interop.asterisk_pbx import Asterisk
from tests.interop.frequencies import share
from tests.interop.kamailio import Kamailio
from tests.waiting import until
from tui.config.paths import Paths
from tui.config.schema import (
    AudioSettings,
    Break,
    Config,
    Profile,
    QueueSettings,
    SipSettings,
    TlsSettings,
    WrapUpSettings,
)
from tui.engine.engine import Engine
from tui.engine.incident.flight_recorder import OnWire, Row
from tui.port.commands import Command, JoinGroup, Result, SignIn
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Call, Snapshot
from tui.secrets import Secret

PATIENCE = 20.0
CUSTOMER, EXPERT, AGENT = 700, 900, 1200
"""What they say, in hertz."""
SEATED: list[OurDesk] = []
"""The desks of the test that runs, and those that it has ended."""


class OurDesk:
    """One agent at a PBX, whose microphone is a tone and whose ears are a file."""

    def __init__(
        self,
        ws: str,
        domain: str,
        user: str,
        folder: Path,
        hz: int,
        place: str = "",
        session_expires: int = 1800,
        ca_file: Path | None = None,
        queues: tuple[QueueSettings, ...] = (),
        write_up: str = "off",
        breaks: tuple[Break, ...] = (),
        profile: Mapping[str, Any] | None = None,
    ) -> None:
        """``place`` tells two desks of one user apart; ``session_expires`` in seconds; ``ca_file``
        names CAs that count besides the system's; ``profile`` are settings of its own."""
        self.address = f"{user}@{domain}"
        self._ears = folder / f"heard-{place or user}.wav"
        self._ws = ws
        here = folder / f"desk-{place or user}"
        paths = Paths(here / "config", here / "state", here / "runtime", here / "data").prepare()
        own = Profile(
            name="pbx",
            kind="sip",
            backend=ws,
            un=self.address,
            queues=queues,
            **(profile or {}),
        )
        audio = AudioSettings(input=f"tone:{hz}", output=f"file:{self._ears}")
        config = replace(
            Config(),
            audio=audio,
            profiles=(own,),
            sip=SipSettings(session_expires=session_expires),
            tls=TlsSettings("" if ca_file is None else str(ca_file)),
            wrapup=WrapUpSettings(mode=write_up),
            breaks=breaks,
        )
        self.engine = Engine(config, paths=paths)
        SEATED.append(self)

    def wire(self) -> str:
        """What crossed its connection and became of it, as its own recorder has it."""
        recorder = self.engine._incidents._recorder
        return "\n".join(_written(row) for row in recorder.recording().rows)

    @property
    def snapshot(self) -> Snapshot:
        return self.engine.snapshot()

    @property
    def call(self) -> Call:
        """The call on the marked line."""
        call = self.snapshot.call
        assert call is not None
        return call

    async def sign_in(self, password: str) -> Result:
        """Sign in and register."""
        command = SignIn(
            self.address, Secret(password), "", backend=self._ws, kind="sip", profile="pbx"
        )
        result = await self.engine.execute(command)
        return await self.engine.execute(JoinGroup("0")) if result.ok else result

    async def do(self, command: Command) -> None:
        """A command that has to work."""
        result = await self.engine.execute(command)
        assert result.ok, f"{command}: {result}"

    async def until(self, what: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        """Wait for something to be true; its value."""
        return await until(what, seconds, what=lambda: self.snapshot, interval=0.02)

    async def state(self, state: CallState) -> Call:
        """Wait until the call on the marked line is in that state."""
        await self.until(lambda: self.snapshot.call and self.snapshot.call.state is state)
        return self.call

    async def calls(self, number: str) -> None:
        """Wait until the call on the marked line goes to that number."""
        await self.until(lambda: self.call.number == number)

    async def receives(self, tone: str) -> None:
        """Wait until that is the last tone of the other side."""
        await self.until(lambda: self.call.tones.received.endswith(tone))

    def said(self) -> str:
        """Why the call shown ended."""
        outcome = self.call.outcome
        return outcome.id if outcome is not None else ""

    async def hears(self, hz: float, seconds: float = 0.6) -> None:
        """Wait until the last part of what is heard is that tone and little else."""
        await self.until(lambda: self._last(seconds, hz) > 0.8)

    async def goes_on_hearing(self, hz: float, seconds: float = 1.5) -> None:
        """Wait until that much more was heard, and then until it is that tone and little else:
        what was heard before counts for nothing."""
        enough = self._length() + int(seconds * 48000)
        await self.until(lambda: self._length() >= enough)
        await self.hears(hz, seconds)

    async def hears_nothing(self, seconds: float = 0.8) -> None:
        """Wait until that long nothing but silence, or nothing at all, comes."""
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE
        while loop.time() < end:
            before = self._length()
            await asyncio.sleep(seconds)
            since, _ = self._sound((self._length() - before) / 48000)
            if max(map(abs, since), default=0) < 50:
                return
        raise AssertionError(f"it did not fall silent: {self.snapshot}")

    def part_of(self, hz: float, seconds: float = 0.6) -> float:
        """How much of the last part of what is heard is that tone, from 0 to 1."""
        return self._last(seconds, hz)

    def _last(self, seconds: float, hz: float) -> float:
        sound, rate = self._sound(seconds)
        return share(sound, rate, hz) if len(sound) >= int(seconds * rate) else 0.0

    def _length(self) -> int:
        with wave.open(str(self._ears), "rb") as file:
            return file.getnframes()

    def _sound(self, seconds: float) -> tuple[array.array[int], int]:
        try:
            with wave.open(str(self._ears), "rb") as file:
                rate, total = file.getframerate(), file.getnframes()
                file.setpos(max(0, total - int(seconds * rate)))
                return array.array("h", file.readframes(int(seconds * rate))), rate
        except (OSError, EOFError, wave.Error):
            return array.array("h"), 48000

    async def end(self) -> None:
        """End the engine, and every call with it."""
        await self.engine.close()


def _written(row: Row) -> str:
    match row.what:
        case OnWire(sent, data):
            return f"{row.at:.3f} {'>' if sent else '<'} {data.decode('utf-8', 'replace')}"
        case what:
            return f"{row.at:.3f} {what}"


@asynccontextmanager
async def at_kamailio(proxy: Kamailio, folder: Path, user: str, hz: int) -> AsyncIterator[OurDesk]:
    """That user's desk at Kamailio, registered, with nobody called yet."""
    desk = OurDesk(proxy.ws, proxy.realm, user, folder, hz)
    try:
        result = await desk.sign_in(proxy.password)
        assert result.ok, result
        yield desk
    finally:
        await desk.end()


@asynccontextmanager
async def seated(
    pbx: Asterisk,
    folder: Path,
    user: str,
    hz: int,
    place: str = "",
    session_expires: int = 1800,
    **more: Any,
) -> AsyncIterator[OurDesk]:
    """That user's desk at Asterisk, registered, with nobody called yet."""
    desk = OurDesk(pbx.ws, pbx.domain, user, folder, hz, place, session_expires, **more)
    try:
        result = await desk.sign_in(pbx.password)
        assert result.ok, result
        yield desk
    finally:
        await desk.end()

"""The console's engine itself as the agent at a PBX: what the screen sees and does, without it."""

from __future__ import annotations

import array
import asyncio
import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from frequencies import share

from tui.config import AudioSettings, Config, Profile, WrapUpSettings
from tui.engine.commands import Command, JoinGroup, Result, SignIn
from tui.engine.engine import Engine
from tui.engine.state import Call, CallState, Snapshot
from tui.paths import Paths
from tui.secrets import Secret

PATIENCE = 20.0


class OurDesk:
    """One agent at a PBX, whose microphone is a tone and whose ears are a file."""

    def __init__(self, ws: str, domain: str, user: str, folder: Path, hz: int) -> None:
        self.address = f"{user}@{domain}"
        self._ears = folder / f"heard-{user}.wav"
        self._ws = ws
        here = folder / f"desk-{user}"
        paths = Paths(here / "config", here / "state", here / "runtime", here / "data").prepare()
        profile = Profile(name="pbx", kind="sip", backend=ws, un=self.address)
        audio = AudioSettings(input=f"tone:{hz}", output=f"file:{self._ears}")
        config = replace(
            Config(), audio=audio, profiles=(profile,), wrapup=WrapUpSettings(mode="off")
        )
        self.engine = Engine(config, paths=paths)

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
        try:
            async with asyncio.timeout(seconds):
                while not (value := what()):
                    await asyncio.sleep(0.02)
                return value
        except TimeoutError:
            raise AssertionError(f"not within {seconds} s: {self.snapshot}") from None

    async def state(self, state: CallState) -> Call:
        """Wait until the call on the marked line is in that state."""
        await self.until(lambda: self.snapshot.call and self.snapshot.call.state is state)
        return self.call

    def said(self) -> str:
        """Why the call shown ended."""
        outcome = self.call.outcome
        return outcome.id if outcome is not None else ""

    async def hears(self, hz: float, seconds: float = 0.6) -> None:
        """Wait until the last part of what is heard is that tone and little else."""
        await self.until(lambda: self._last(seconds, hz) > 0.8)

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

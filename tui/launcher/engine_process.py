"""Starting an engine's process from a front end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import tui
from tui.config.paths import PathError, try_to_write
from tui.port.errors import EngineUnavailable
from tui.port.values import Message, message

_MANAGER: Final = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
_LOGIN: Final = ("YIMI_HEADSET", "YIMI_HEADSET_SECRET")
_ENDING: Final = 5.0
"""Seconds for one that does not start to be gone."""
START_LIMIT: Final = 60.0
"""Seconds until a new engine listens: a small machine that has just booted takes half of them."""


def python_module(name: str, *arguments: str | Path) -> list[str]:
    """The command line of a module of ours under this Python."""
    return [sys.executable, "-m", name, *map(str, arguments)]


def home() -> Path:
    """Where `-m tui…` finds the package, and no other directory is kept busy by a process that
    outlives its terminal."""
    return Path(tui.__file__).parent.parent


def as_message(error: PathError) -> Message:
    """What is wrong with a directory, as a front end says it."""
    ((id, values),) = error.parts
    return message(id, **values)


def engine_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """An engine outlives the login that starts it: a PulseAudio or a headset at the other end of
    that login is none of its own. It is told of one by command (`UsePulseServer`, `UseHeadset`).
    Nor is a service manager of whoever starts it."""
    gone = (*_MANAGER, *_LOGIN)
    kept = {name: each for name, each in environment.items() if name not in gone}
    if kept.get("SSH_CONNECTION"):
        kept.pop("PULSE_SERVER", None)
    return kept


class Starting:
    """An engine that was started and does not listen yet."""

    def __init__(
        self,
        runtime: Path,
        *,
        config: Path | None = None,
        profile: str = "",
        hold: Sequence[Path] = (),
    ) -> None:
        """Starts the process. `hold` are files that it keeps a shared lock on as long as it
        lives. Raises EngineUnavailable."""
        arguments: list[str | Path] = ["--runtime", runtime.absolute()]
        if config is not None:
            arguments += ["--config", config.absolute()]
        if profile:
            arguments += ["--profile", profile]
        for file in hold:
            arguments += ["--hold", file.absolute()]
        self._runtime = runtime
        try:
            try_to_write(runtime)
        except PathError as error:
            raise EngineUnavailable(as_message(error)) from None
        self._pipe, writing = os.pipe()
        try:
            self.process = subprocess.Popen(  # noqa: S603 - our own module, our own arguments
                python_module("tui.engine.process", *arguments, "--ready-fd", str(writing)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(writing,),
                start_new_session=True,
                cwd=home(),
                env=engine_environment(os.environ),
            )
        except OSError as error:
            os.close(self._pipe)
            failure = message("engine.start_failed", error=error.strerror)
            raise EngineUnavailable(failure) from None
        finally:
            os.close(writing)

    async def socket(self) -> Path:
        """Wait until it listens; where. Raises EngineUnavailable: its log says why. One that takes
        too long is ended, or each that is started after it finds the machine busier."""
        os.set_blocking(self._pipe, False)
        try:
            async with asyncio.timeout(START_LIMIT):
                name = await _until_newline(self._pipe)
        except TimeoutError:
            self.process.kill()
            await asyncio.to_thread(self.process.wait)
            late = message("engine.start_late", limit=f"{START_LIMIT:g}")
            raise EngineUnavailable(late) from None
        finally:
            os.close(self._pipe)
        if not name:
            with suppress(subprocess.TimeoutExpired):  # it has closed its end: it is ending
                await asyncio.to_thread(self.process.wait, _ENDING)
            raise EngineUnavailable(message("engine.start_failed", error=self.process.returncode))
        return self._runtime / os.fsdecode(name)


async def _until_newline(descriptor: int) -> bytes:
    """What the process says before it closes its end, without the line's end."""
    loop = asyncio.get_running_loop()
    said = b""
    while not said.endswith(b"\n"):
        readable = asyncio.Event()
        loop.add_reader(descriptor, readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(descriptor)
        part = os.read(descriptor, 4096)
        if not part:
            return b""
        said += part
    return said.strip()

"""The sandbox that `yimi --sandbox` starts apart: it outlives the terminal, is shared by all who
want one, and ends with the last process that holds it (front ends and engines alike)."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tui.config.paths import PathError, Paths, try_to_write
from tui.console.sign_in_defaults import SignInPrefill
from tui.launcher.engine_process import as_message, home, python_module
from tui.log import open_to_append
from tui.port import replace
from tui.port.values import Message, message
from tui.secrets import Secret

START_LIMIT: Final = 30.0
"""Seconds until a new sandbox is ready; it loads a media library first."""
_LOOK_AGAIN: Final = 0.02


class SandboxUnavailable(Exception):
    """There is no sandbox and none could be started; `message` says it in words."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.id)
        self.message = message


@dataclass(frozen=True, slots=True)
class RunningSandbox:
    """A sandbox that runs: where, and whom it knows. `hold` is the file to keep it alive by."""

    http: str
    switchnumber: str
    http1: str
    agents: tuple[SignInPrefill, ...]
    hold: Path

    def free_agent(self, taken: frozenset[str], generation: int = 2) -> SignInPrefill:
        """The first agent that is not signed in yet, the first of all when all are; at that
        generation of the platform."""
        agent = next((agent for agent in self.agents if agent.un not in taken), self.agents[0])
        if generation == 1 and agent.other is not None:
            return replace(agent.other, other=agent)
        return agent


class SandboxFinder:
    """Finds the sandbox of this runtime directory, or starts it. Holds it as long as this
    object lives."""

    def __init__(self, paths: Paths, port: int = 0, language: str = "en") -> None:
        """`language` is what a sandbox speaks that is started here."""
        self._paths = paths
        self._port, self._language = port, language
        self.hold_file = paths.runtime / "sandbox.hold"
        self._ready_file = paths.runtime / "sandbox.json"
        self._held = -1

    def look(self) -> RunningSandbox | None:
        """The sandbox that runs already. Takes no time."""
        try:
            self._hold()
            sandbox = self._parse(json.loads(self._ready_file.read_text("utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return sandbox if _answers(sandbox.http) else None

    async def open(self) -> RunningSandbox:
        """The sandbox that runs, or a new one. Raises SandboxUnavailable."""
        try:
            try_to_write(self._paths.runtime)
            lock = os.open(self._paths.runtime / "sandbox.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except PathError as error:
            raise SandboxUnavailable(as_message(error)) from None
        except OSError as error:
            raise SandboxUnavailable(message("sandbox.failed", error=error.strerror)) from None
        try:
            async with asyncio.timeout(START_LIMIT):
                # One at a time: of two that begin at once, one starts it and the other finds it.
                while not _lock(lock):  # noqa: ASYNC110 - a file has no event
                    await asyncio.sleep(_LOOK_AGAIN)
                return self.look() or await self._start()
        except TimeoutError:
            raise SandboxUnavailable(Message("sandbox.timeout")) from None
        finally:
            os.close(lock)

    def close(self) -> None:
        """Let go of it."""
        if self._held >= 0:
            os.close(self._held)
            self._held = -1

    def _hold(self) -> None:
        if self._held < 0:
            # A directory that cannot be written keeps nobody from a call: it is not held then.
            with suppress(OSError):
                self._held = os.open(self.hold_file, os.O_RDWR | os.O_CREAT, 0o600)
                # The sandbox tries an exclusive lock for an instant now and then: wait for that.
                fcntl.flock(self._held, fcntl.LOCK_SH)

    async def _start(self) -> RunningSandbox:
        self._ready_file.unlink(missing_ok=True)
        process = self._spawn()
        while (sandbox := self.look()) is None:
            if process.poll() is not None:
                raise SandboxUnavailable(message("sandbox.failed", error=process.returncode))
            await asyncio.sleep(_LOOK_AGAIN)
        # It is to outlive this process: nobody waits for it.
        process.returncode = 0
        return sandbox

    def _spawn(self) -> subprocess.Popen[bytes]:
        log = open_to_append(self._paths.state / "sandbox.log", anew=True)
        try:
            return subprocess.Popen(  # noqa: S603 - our own module, our own arguments
                python_module(
                    *("tui.cli.main", "sandbox", "--port", str(self._port)),
                    *("--ready-file", self._ready_file, "--hold", self.hold_file),
                    *("--language", self._language),
                ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=home(),
            )
        except OSError as error:
            raise SandboxUnavailable(message("sandbox.failed", error=error.strerror)) from None
        finally:
            os.close(log)

    def _parse(self, ready: dict[str, Any]) -> RunningSandbox:
        http, switchnumber = str(ready["http"]), str(ready["switchnumber"])
        http1, gateway = str(ready["http1"]), str(ready["ws1"])

        def account(agent: dict[str, Any]) -> SignInPrefill:
            un, pwd = str(agent["un"]), Secret(str(agent["pwd"]))
            two = SignInPrefill(un=un, pwd=pwd, switchnumber=switchnumber, backend=http)
            one = replace(two, kind="platform1", backend=http1, gateway=gateway)
            return replace(two, other=one)

        agents = tuple(account(agent) for agent in ready["agents"])
        if not agents:
            raise ValueError("a sandbox without agents")
        return RunningSandbox(http, switchnumber, http1, agents, self.hold_file)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _answers(url: str) -> bool:
    """Whether something listens there. Loopback: it is known at once."""
    where = urlsplit(url)
    try:
        with socket.create_connection((where.hostname or "", where.port or 80), timeout=1.0):
            return True
    except (OSError, ValueError):
        return False

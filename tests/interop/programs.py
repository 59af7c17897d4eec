"""Other people's programs, started for one test and ended with it."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from tests.waiting import until

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


class Stranger(Protocol):
    """Whatever is started for a test and ended with it."""

    async def start(self) -> None: ...

    async def end(self) -> None: ...


Started = TypeVar("Started", bound=Stranger)


@contextlib.asynccontextmanager
async def started(stranger: Started) -> AsyncIterator[Started]:
    """It is started, and ended whatever becomes of the test, or of its start."""
    try:
        await stranger.start()
        yield stranger
    finally:
        await stranger.end()


class Missing(AssertionError):
    """A stranger that these tests need is not on this machine: a failure, never a skip."""


def need(program: str, package: str) -> str:
    """The path of ``program``; fails with the Debian package that holds it."""
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        raise Missing(
            f"{program} is not on this machine: install the Debian package {package} "
            "(bash .ci/run does)."
        )
    return path


_FIRST, _SHARE, _SHARES = 10_000, 2_500, 8
"""The ports that are given: below those that the system gives to whoever asks for any, and a share
for each worker."""


def _mine() -> Iterator[int]:
    """This worker's ports round and round, from anywhere on: each once before any comes again."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first, at = _FIRST + worker % _SHARES * _SHARE, random.randrange(_SHARE)
    while True:
        yield first + at
        at = (at + 1) % _SHARE


_next_ports = _mine()


def free_port(run: int = 1) -> int:
    """The first of ``run`` neighbouring loopback ports that are free for TCP and for UDP. They are
    not given to anybody else before all others were."""
    row: list[int] = []
    for port in itertools.islice(_next_ports, _SHARE):
        follows = not row or port == row[-1] + 1
        row = [*row, port] if follows and _is_free(port) else []
        if len(row) == run:
            return row[0]
    raise AssertionError("no free loopback ports were found")


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def _die_with_the_test_run() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Program:
    """A process with its output in a file, in a process group of its own."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = [str(word) for word in command]
        self._env = dict(os.environ if env is None else env)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._file: BinaryIO | None = None

    def start(self) -> None:
        """Start it; its standard input is empty."""
        self._file = self.log.open("wb")
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=self._file,
            stderr=subprocess.STDOUT,
            cwd=self._folder,
            env=self._env,
            start_new_session=True,
            preexec_fn=_die_with_the_test_run,
        )

    def output(self, last: int = 4000) -> str:
        """The end of what it has written."""
        return self.log.read_text("utf-8", "replace")[-last:] if self.log.exists() else ""

    async def until(self, what: str, ready: Callable[[], bool], timeout: float = 30.0) -> None:
        """Wait until ``ready()``; fails with its output when it ends or is late."""
        process = self._process
        assert process is not None

        def so() -> bool:
            if ready():
                return True
            code = process.poll()
            assert code is None, f"{self.name} ended with {code}:\n{self.output()}"
            return False

        def told() -> str:
            return f"{self.name}: {what}:\n{self.output()}"

        await until(so, timeout, what=told, interval=0.05)

    async def until_it_says(self, words: str, timeout: float = 30.0) -> None:
        """Wait for ``words`` in its output."""
        await self.until(repr(words), lambda: words in self.output(1_000_000), timeout)

    async def until_it_listens(self, port: int, timeout: float = 30.0) -> None:
        """Wait until a TCP connection to ``port`` on loopback is taken."""

        def listens() -> bool:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return True
            return False

        await self.until(f"answer on port {port}", listens, timeout)

    async def end(self) -> None:
        """SIGTERM to it; SIGKILL to all of its group after five seconds, or when some remain."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(process.wait, 5)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            await asyncio.to_thread(process.wait)
        if self._file is not None:
            self._file.close()
            self._file = None

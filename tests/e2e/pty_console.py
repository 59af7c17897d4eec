"""`yimi` as a process in a pseudo-terminal of our own: keys in, text out, and what modes it left
the terminal in."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tests.e2e.box import PATIENCE
from tui.engine import sockets

PROJECT = Path(__file__).parents[2]
_MODE = re.compile(rb"\x1b\[\?([\d;]+)([hl])")
_ESCAPE = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -~])"
)
_COLOUR = re.compile(rb"\x1b\[[\d;:]*m")
CLEAN = {"25": b"h", "7": b"h"}
"""Modes that are on in a terminal that nobody has touched; every other is off."""


def environment(folder: Path) -> dict[str, str]:
    """Directories of our own for a console and all that it starts."""
    names = {f"YIMI_{name.upper()}_DIR": str(folder / name) for name in DIRECTORIES}
    return {**os.environ, **names, "TERM": "xterm-256color", "LANG": "C.UTF-8"}


DIRECTORIES = ("config", "state", "runtime", "data")


class PtyConsole:
    """A running `yimi`. `close` ends it whatever it does."""

    def __init__(self, folder: Path, *arguments: str, rows: int = 24, columns: int = 80) -> None:
        self.began = time.monotonic()
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
        self._slave = slave
        self._modes_before = termios.tcgetattr(slave)
        self.output = bytearray()
        self._changed = asyncio.Event()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tui.cli", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            # The slave becomes the session's terminal, so that closing it hangs up.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            cwd=PROJECT,
            env=environment(folder),
        )
        os.set_blocking(self.master, False)
        self.resume_reading()

    # ------------------------------------------------------------ reading

    def resume_reading(self) -> None:
        asyncio.get_running_loop().add_reader(self.master, self._read)

    def stop_reading(self) -> None:
        """As a connection that hangs: nothing takes what is written."""
        asyncio.get_running_loop().remove_reader(self.master)

    def _read(self) -> None:
        try:
            data = os.read(self.master, 65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.stop_reading()
        self.output += data
        self._changed.set()

    def text(self, mark: int = 0) -> str:
        """What was written since the mark: colours left out, a line for each cursor movement."""
        plain = _COLOUR.sub(b"", bytes(self.output[mark:]))
        return _ESCAPE.sub(b"\n", plain).decode("utf-8", "replace")

    @property
    def screens(self) -> int:
        """How often a screen took the terminal over."""
        return self.output.count(b"\x1b[?1049h")

    def mark(self) -> int:
        """Here, for `see`."""
        return len(self.output)

    async def see(self, pattern: str, mark: int = 0, seconds: float = PATIENCE) -> re.Match[str]:
        """Wait until the pattern was written after the mark."""
        try:
            async with asyncio.timeout(seconds):
                while not (found := re.search(pattern, self.text(mark))):
                    self._changed.clear()
                    await self._changed.wait()
                return found
        except TimeoutError:
            raise AssertionError(f"no {pattern!r} in:\n{self.text(mark)[-3000:]}") from None

    # ------------------------------------------------------------ writing, ending

    def press(self, keys: bytes) -> None:
        """Keys as a terminal sends them."""
        os.write(self.master, keys)

    def hang_up(self) -> None:
        """Close the terminal under it."""
        self.stop_reading()
        os.close(self._slave)
        os.close(self.master)
        self.master = self._slave = -1

    async def ended(self, seconds: float = PATIENCE) -> int:
        """Wait for its end; its exit code (negative: the signal)."""
        async with asyncio.timeout(seconds):
            while self.process.poll() is None:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)  # what it wrote last is read
        return int(self.process.returncode)

    def left_behind(self) -> dict[str, bytes]:
        """Terminal modes that are not as they were: {} for a clean terminal."""
        modes = dict(CLEAN)
        for numbers, switch in _MODE.findall(bytes(self.output)):
            for number in numbers.split(b";"):
                modes[number.decode()] = switch
        left = {
            number: switch for number, switch in modes.items() if switch != CLEAN.get(number, b"l")
        }
        if termios.tcgetattr(self._slave) != self._modes_before:
            left["line discipline"] = b"changed"
        return left

    async def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.master >= 0:
            self.hang_up()


async def end_engines(folder: Path) -> None:
    """End every engine of the folder's runtime directory, and wait until they are gone."""
    pids = set()
    for path in sockets.live(folder / "runtime"):
        with suppress(OSError), sockets.connect(path) as connection:
            found = sockets.peer(connection)
            assert found is not None
            pids.add(found[0])
    await end_processes(pids)


async def end_processes(pids: Iterable[int]) -> None:
    """SIGTERM to each, and wait until they are gone."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    for pid in pids:
        async with asyncio.timeout(20):
            while _runs(pid):
                await asyncio.sleep(0.02)


def processes_with(argument: Path) -> list[int]:
    """The processes that have this path on their command line."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.fsencode(argument) in (process / "cmdline").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found


def _runs(pid: int) -> bool:
    try:
        # A child of ours that was not waited for is a zombie: that is an end too.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False

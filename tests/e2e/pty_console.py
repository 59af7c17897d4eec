"""`yimi` as a process in a pseudo-terminal of our own: keys in, text out, and what modes it left
the terminal in."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import shlex
import signal
import struct
import subprocess
import sys
import termios
import time
import tty
from bisect import bisect_left
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

from rich.cells import cell_len

from tests.e2e.box import PATIENCE
from tests.waiting import until
from tui.port.wire import sockets

PROJECT = Path(__file__).parents[2]
_MODE = re.compile(rb"\x1b\[\?([\d;]+)([hlrs])")
_ESCAPE = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)"
    rb"|[PX^_][^\x1b]*\x1b\\|[ -OQ-WYZ\\`-~])"
)
_CUT = re.compile(rb"(?:[\xc0-\xff]|[\xe0-\xff][\x80-\xbf]|[\xf0-\xff][\x80-\xbf]{2})\Z")
"""A character whose last bytes are still to come."""
CLEAN = {"25": b"h", "7": b"h"}
"""Modes that are on in a terminal that nobody has touched; every other is off."""


def environment(folder: Path) -> dict[str, str]:
    """Directories of our own for a console and all that it starts."""
    names = {f"YIMI_{name.upper()}_DIR": str(folder / name) for name in DIRECTORIES}
    return {**os.environ, **names, "TERM": "xterm-256color", "LANG": "C.UTF-8"}


def _as_from_a_terminal(*, controls: bool) -> None:
    """What a terminal leaves to whom it starts: a shell that runs the suite in the background has
    all in it ignore two signals."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    if controls:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)


DIRECTORIES = ("config", "state", "runtime", "data")


class Shown:
    """The screen that the bytes make, and each line of it as it was after each change."""

    def __init__(self) -> None:
        self.changes: list[tuple[int, str]] = []
        """After how many bytes a piece came, and the whole line that it was written into."""
        self._taken, self._rest = 0, b""
        self._rows: dict[int, dict[int, str]] = {}
        self._x = self._y = 0

    def take(self, data: bytes) -> None:
        data = self._rest + data
        began = data.rfind(b"\x1b")
        whole = began < 0 or _ESCAPE.match(data, began) is not None
        if began >= 0 and not whole and len(data) - began < 200:
            data, self._rest = data[:began], data[began:]
        else:
            self._rest = b""
        if not self._rest and (cut := _CUT.search(data)):
            data, self._rest = data[: cut.start()], cut[0]
        at = 0
        for match in _ESCAPE.finditer(data):
            self._write(data[at : match.start()], self._taken + at)
            self._move(match[0])
            at = match.end()
        self._write(data[at:], self._taken + at)
        self._taken += len(data)

    @property
    def rows(self) -> set[int]:
        """Those that hold anything, counted from 0."""
        return {y for y, row in self._rows.items() if row}

    def text(self) -> str:
        """The screen as it is now, a line a row."""
        lines = ("".join(row.get(x, " ") for x in range(max(row) + 1)) for row in self._in_order())
        return "\n".join(lines)

    def _in_order(self) -> list[dict[int, str]]:
        return [self._rows[y] for y in sorted(self._rows) if self._rows[y]]

    def _move(self, code: bytes) -> None:
        if move := re.fullmatch(rb"\x1b\[(\d*);?(\d*)H", code):
            self._y, self._x = int(move[1] or 1) - 1, int(move[2] or 1) - 1
        elif code == b"\x1b[2J" or code.startswith(b"\x1b[?1049"):
            self._rows.clear()

    def _write(self, data: bytes, offset: int) -> None:
        for n, line in enumerate(data.decode("utf-8", "replace").replace("\r", "").split("\n")):
            if n:
                self._y, self._x = self._y + 1, 0
            row = self._rows.setdefault(self._y, {})
            for character in line:
                row[self._x] = character
                for rest in range(1, cell_len(character)):
                    row[self._x + rest] = ""
                self._x += cell_len(character)
            if line:
                text = "".join(row.get(x, " ") for x in range(max(row) + 1))
                self.changes.append((offset, text))


class PtyConsole:
    """A running `yimi`. `close` ends it whatever it does."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        rows: int = 24,
        columns: int = 80,
        module: str = "tui.cli.main",
        home: Path | None = None,
        term: str = "xterm-256color",
        controls: bool = True,
        shell: bool = False,
    ) -> None:
        """`module` is what runs as `yimi`; `home` is a home directory of its own; `term` is what
        the terminal is said to be; `controls` is whether it is the session's own, so that closing
        it hangs up; with `shell` it is typed at bash, as a job of that."""
        self.began = time.monotonic()
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
        self._slave = slave
        self._modes_before = termios.tcgetattr(slave)
        self.output = bytearray()
        self._shown = Shown()
        command = [sys.executable, "-m", module, *arguments]
        self.process = subprocess.Popen(
            ["bash", "--norc", "--noprofile", "-i"] if shell else command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=partial(_as_from_a_terminal, controls=controls),
            cwd=PROJECT,
            env=environment(folder)
            | {"TERM": term}
            | ({} if home is None else {"HOME": str(home)}),
        )
        os.set_blocking(self.master, False)
        self.resume_reading()
        if shell:
            self.press(shlex.join(command).encode() + b"\r")

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
        self._shown.take(data)

    def text(self, mark: int = 0) -> str:
        """The lines that were written into since the mark, each as it was after that."""
        changes = self._shown.changes
        at = bisect_left(changes, mark, key=lambda change: change[0])
        return "\n".join(text for _, text in changes[at:])

    @property
    def screen(self) -> str:
        """The screen as it is now, a line a row."""
        return self._shown.text()

    @property
    def rows(self) -> set[int]:
        """The rows that hold anything, counted from 0."""
        return self._shown.rows

    @property
    def screens(self) -> int:
        """How often a screen took the terminal over."""
        return self.output.count(b"\x1b[?1049h")

    def mark(self) -> int:
        """Here, for `see`."""
        return len(self.output)

    async def see(self, pattern: str, mark: int = 0, seconds: float = PATIENCE) -> re.Match[str]:
        """Wait until the pattern was written after the mark."""
        looked = -1

        def look() -> re.Match[str] | None:
            nonlocal looked
            if looked == len(self.output):
                return None  # nothing came meanwhile
            looked = len(self.output)
            return re.search(pattern, self.text(mark))

        found = await until(
            look,
            seconds,
            what=lambda: f"{pattern!r} in:\n{self.text(mark)[-3000:]}",
            interval=0.02,
        )
        assert found is not None
        return found

    async def see_bytes(self, data: bytes, mark: int = 0) -> None:
        """Wait until these were written after the mark: what is no text on the screen."""
        await until(
            lambda: data in self.output[mark:],
            PATIENCE,
            what=lambda: f"{data!r} in {bytes(self.output[mark:])[-500:]!r}",
            interval=0.02,
        )

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
        await until(lambda: self.process.poll() is not None, seconds, what="the console's end")
        await asyncio.sleep(0.05)  # what it wrote last is read
        return int(self.process.returncode)

    def left_behind(self) -> dict[str, bytes]:
        """Terminal modes that are not as they were: {} for a clean terminal."""
        modes = dict(CLEAN)
        kept: set[str] = set()
        for numbers, switch in _MODE.findall(bytes(self.output)):
            for number in numbers.split(b";"):
                name = number.decode()
                if switch == b"s":
                    kept.add(name)
                elif switch != b"r":
                    modes[name] = switch
                elif name in kept:
                    modes[name] = CLEAN.get(name, b"l")
        left = {
            number: switch for number, switch in modes.items() if switch != CLEAN.get(number, b"l")
        }
        if termios.tcgetattr(self._slave) != self._modes_before:
            left["line discipline"] = b"changed"
        return left

    def typed_and_not_read(self) -> bytes:
        """What waits for whoever reads the terminal next: the shell."""
        tty.setraw(self._slave, termios.TCSANOW)
        os.set_blocking(self._slave, False)
        with suppress(BlockingIOError):
            return os.read(self._slave, 4096)
        return b""

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
        await until(partial(_is_gone, pid), 20, what=f"the end of {pid}")


def child_of(pid: int) -> int:
    """The one process that this one has started and that is not gone."""
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


def is_stopped(pid: int) -> bool:
    """Whether somebody stopped the process, and nobody let it go on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def _is_gone(pid: int) -> bool:
    return not _runs(pid)


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

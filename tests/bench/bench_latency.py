"""From a key to the wire, and from the platform's message to the screen.

All of it real: a sandbox process, an engine process, `yimi` in a pseudo-terminal of 80×24.
Key to wire: F9 is written into the terminal; the end is the kernel's stamp of the packet in which
the engine sends the MESSAGE, or, where nobody may look at packets (but root on Linux), the entry in
the sandbox's journal, made when it has read it. Message to screen: a customer calls; the call's own
time of beginning is when the platform sent its message, and the caller's number leaving the
terminal ends the count. All read the clocks of this machine. Aims: p99 of 1,000 ≤ 5 ms and ≤ 20 ms;
YIMI_BENCH_ROUNDS takes fewer.

Beside the key stands its anchor: a program in a pseudo-terminal of its own that does nothing but
read, and tells when it has the key. What the anchor's slowest hundredth takes beyond its median is
the kernel's or the machine's, and is taken off before the aim is looked at.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientSession

SMOKE = bool(os.environ.get("YIMI_BENCH_SMOKE"))
ROUNDS = 3 if SMOKE else int(os.environ.get("YIMI_BENCH_ROUNDS", "1000"))
AIMS = {"key to wire": 5.0, "message to screen": 20.0}
UN = "1001"
F9 = b"\x1b[20~"
PATIENCE = 10.0
PAUSE = 0.3
"""Seconds before each key: one that comes while the screen still draws is another measurement."""
CONFIG = """\
[audio]
input = "none"
output = "none"
[offers]
missed_limit = 0
"""
_ESCAPES = re.compile(rb"\x1b\[[0-9;?<>=]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


YIMI = ["-m", "tui.cli.main"]
BARE_READER = """\
import os, time, tty
tty.setraw(0)
print("ready", flush=True)
while os.read(0, 64):
    print(f"<{time.monotonic()}>", flush=True)
"""


class Terminal:
    """A program in a pseudo-terminal; every chunk it writes is kept with its instant."""

    def __init__(self, environment: dict[str, str], command: list[str]) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, *command], stdin=slave, stdout=slave, stderr=slave,
            env={**environment, "TERM": "xterm-256color"}, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self._changed = threading.Condition()
        self._chunks: list[tuple[float, bytes]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def press(self, key: bytes) -> float:
        """Write a key; the instant before."""
        at = time.monotonic()
        os.write(self._master, key)
        return at

    def mark(self) -> int:
        """The place in the output where the next chunk will stand."""
        return len(self._chunks)

    def until_shown(self, text: str, since: int = 0) -> float:
        """Wait for ``text`` among what was written from ``since`` on, spaces (which group a
        number's digits) left out; when it was complete."""
        end = time.monotonic() + PATIENCE
        with self._changed:
            while True:
                written = b""
                for at, chunk in self._chunks[since:]:
                    written += chunk
                    if text.replace(" ", "").encode() in _ESCAPES.sub(b"", written).replace(
                        b" ", b""
                    ):
                        return at
                if not self._changed.wait(end - time.monotonic()):
                    shown = _ESCAPES.sub(b"", written).decode("utf-8", "replace")
                    raise SystemExit(f"the screen never showed {text!r}: {shown[-2000:]!r}")

    def written_since(self, since: int) -> bytes:
        """What was written from ``since`` on."""
        return b"".join(chunk for _, chunk in self._chunks[since:])

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self._master, 65536):
                with self._changed:
                    self._chunks.append((time.monotonic(), data))
                    self._changed.notify_all()

    def close(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.wait()
        self._reader.join(2)
        os.close(self._master)


class Wire:
    """The packets that reach a port of loopback, with the kernel's stamp; looked at afterwards, so
    that looking takes nothing from what is measured. Raises OSError where that is not allowed."""

    _STAMPED = getattr(socket, "SO_TIMESTAMPNS", 35)
    _LEAST = 200
    """Bytes of a packet that holds a request, headers of TCP and IP included: a ping is smaller."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0003))
        self._socket.setsockopt(socket.SOL_SOCKET, self._STAMPED, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**22)
        self._socket.bind(("lo", 0))
        self._socket.setblocking(False)

    def last_within(self, begin: float, end: float) -> float | None:
        """When the last request between these instants (Unix time) was sent; all that waits is
        gone then."""
        found = None
        with contextlib.suppress(BlockingIOError):
            while True:
                packet, stamps, _, _ = self._socket.recvmsg(128, 64)
                (size,) = struct.unpack_from("!H", packet, 2)
                (port,) = struct.unpack_from("!H", packet, (packet[0] & 15) * 4 + 2)
                seconds, nanoseconds = struct.unpack("qq", stamps[0][2][:16])
                stamp = seconds + nanoseconds / 1e9
                if begin < stamp <= end and size > self._LEAST and port == self._port:
                    found = stamp
        return found

    def close(self) -> None:
        """No more."""
        self._socket.close()


class Platform:
    """The sandbox's control API."""

    def __init__(self, session: ClientSession, http: str) -> None:
        self._session = session
        self._http = http

    async def ask(self, path: str, **body: Any) -> Any:
        """POST with a body, GET without; its JSON."""
        method = "POST" if body else "GET"
        url = f"{self._http}/control/{path}"
        async with self._session.request(method, url, json=body or None) as response:
            if response.status != 200:
                raise SystemExit(f"{path}: {await response.text()}")
            return await response.json()

    async def message_after(self, at: float) -> float:
        """When the first MESSAGE after that instant reached the platform."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            await asyncio.sleep(0.05)
            for entry in (await self.ask(f"agents/{UN}"))["log"]:
                if entry["what"] == "MESSAGE" and entry["at"] > at:
                    return float(entry["at"])
        raise SystemExit("the key never became a message")

    async def status_is(self, status: int) -> None:
        """Wait until the platform holds the seat for idle (1) or busy (2)."""
        end = time.monotonic() + PATIENCE
        while (await self.ask(f"agents/{UN}"))["status"] != status:
            if time.monotonic() > end:
                raise SystemExit(f"the seat never became {status}")
            await asyncio.sleep(0.05)


def wire_to(address: str) -> Wire | None:
    """To where the sandbox listens; None, and said, where nobody may look."""
    try:
        return Wire(urlsplit(address).port or 0)
    except (OSError, AttributeError) as error:
        print(f"the end of key to wire is when the sandbox has read it: {error}")
        return None


async def key_to_wire(
    terminal: Terminal, bare: Terminal, platform: Platform, wire: Wire | None
) -> tuple[list[float], list[float]]:
    """F9 again and again, for yimi and for the bare reader; milliseconds each."""
    took, until_read = [], []
    for turn in range(ROUNDS):
        await asyncio.sleep(PAUSE)
        until_read.append(await read_by(bare))
        await asyncio.sleep(PAUSE)
        began, at = time.time(), terminal.press(F9)
        read = await platform.message_after(at) - at  # seconds
        sent = None if wire is None else wire.last_within(began, began + read)
        took.append(1000 * (read if sent is None else sent - began))
        await platform.status_is(1 if turn % 2 else 2)
    return took, until_read


async def read_by(bare: Terminal) -> float:
    """Milliseconds from a key to the bare reader's having it."""
    since = bare.mark()
    at = bare.press(F9)
    await asyncio.to_thread(bare.until_shown, ">", since)
    return (float(bare.written_since(since).strip(b"<>\r\n")) - at) * 1000


async def message_to_screen(terminal: Terminal, platform: Platform) -> list[float]:
    """One caller after the other, each gives up; milliseconds each."""
    took = []
    for turn in range(ROUNDS):
        number = f"1370000{turn:04d}"
        await asyncio.sleep(0.7)  # past the half second that an ended offer is held back
        since = terminal.mark()
        cc = (await platform.ask("ring", un=UN, number=number))["cc"]
        shown = await asyncio.to_thread(terminal.until_shown, number, since)
        took.append((shown - (await platform.ask(f"calls/{cc}"))["began"]) * 1000)
        await platform.ask(f"calls/{cc}/hangup", now=True)
        await platform.status_is(1)
    return took


async def sign_in(http: str, switchnumber: str, agent: dict[str, Any]) -> int:
    """An engine process, signed in and idle; its process id."""
    from tui.config.paths import Paths
    from tui.launcher.engine_process import Starting
    from tui.port.commands import JoinGroup, SignIn
    from tui.port.wire.client import EngineClient
    from tui.secrets import Secret

    paths = Paths.find().prepare()
    starting = Starting(paths.runtime, config=paths.config_file)
    client = await EngineClient.connect(await starting.socket())
    for command in (
        SignIn(un=UN, pwd=Secret(agent["pwd"]), switchnumber=switchnumber, backend=http),
        JoinGroup(agent["groups"][0]["gid"]),
    ):
        result = await client.execute(command)
        if not result.ok:
            raise SystemExit(f"{type(command).__name__}: {result.message}")
    end = time.monotonic() + PATIENCE
    while client.snapshot().seat_state.name != "IDLE" and time.monotonic() < end:
        await asyncio.sleep(0.05)
    await client.close()
    return starting.process.pid


def start_sandbox(ready_file: Path) -> subprocess.Popen[bytes]:
    """A sandbox whose customers call when told to."""
    options = ["--no-auto-call", "--ready-file", str(ready_file)]
    return subprocess.Popen(
        [sys.executable, "-m", "tui.cli.main", "sandbox", *options], start_new_session=True
    )


async def measure(folder: Path) -> dict[str, list[float]]:
    """Start everything, measure, end everything."""
    for name in ("CONFIG", "STATE", "RUNTIME", "DATA"):
        os.environ[f"YIMI_{name}_DIR"] = str(folder / name.lower())
        (folder / name.lower()).mkdir(mode=0o700)
    (folder / "config" / "config.toml").write_text(CONFIG)
    ready_file = folder / "ready.json"
    sandbox = start_sandbox(ready_file)
    engine = 0
    terminal = bare = None
    try:
        end = time.monotonic() + PATIENCE
        while not ready_file.exists() and time.monotonic() < end:
            await asyncio.sleep(0.05)
        ready = json.loads(ready_file.read_text())
        agent = next(one for one in ready["agents"] if one["un"] == UN)
        engine = await sign_in(ready["http"], ready["switchnumber"], agent)
        terminal = Terminal(dict(os.environ), YIMI)
        bare = Terminal(dict(os.environ), ["-c", BARE_READER])
        async with ClientSession() as session:
            platform = Platform(session, ready["http"])
            await asyncio.to_thread(terminal.until_shown, agent["groups"][0]["name"])
            await asyncio.to_thread(bare.until_shown, "ready")
            await asyncio.sleep(1)
            to_screen = await message_to_screen(terminal, platform)
            wire = wire_to(ready["http"])
            to_wire, until_read = await key_to_wire(terminal, bare, platform, wire)
            if wire is not None:
                wire.close()
            return {
                "message to screen": to_screen,
                "key to a bare reader": until_read,
                "key to wire": to_wire,
            }
    finally:
        for each in (terminal, bare):
            if each is not None:
                each.close()
        if engine:
            with contextlib.suppress(ProcessLookupError):
                os.kill(engine, signal.SIGTERM)
                await asyncio.sleep(0.5)
        sandbox.terminate()
        sandbox.wait(10)


def main() -> None:
    """Print both distributions."""
    with tempfile.TemporaryDirectory() as folder:
        results = asyncio.run(measure(Path(folder)))
    report: dict[str, Any] = {"bench": "latency", "rounds": ROUNDS}
    for name, took in results.items():
        ordered = sorted(took)
        p50, p99 = (ordered[min(len(took) - 1, int(len(took) * share))] for share in (0.5, 0.99))
        print(f"{name:20} p50 {p50:.2f}  p99 {p99:.2f}  max {ordered[-1]:.2f} ms")
        report[name] = {"p50": round(p50, 3), "p99": round(p99, 3), "max": round(ordered[-1], 3)}
    kernel = report["key to a bare reader"]["p99"] - report["key to a bare reader"]["p50"]
    ours = {
        "message to screen": report["message to screen"]["p99"],
        "key to wire": report["key to wire"]["p99"] - kernel,
    }
    for name, p99 in ours.items():
        verdict = "met" if p99 <= AIMS[name] else "missed"
        if not SMOKE:
            print(f"{name}: p99 {p99:.2f} ms (aim ≤ {AIMS[name]:g}): {verdict}")
    print(json.dumps(report))
    missed = any(p99 > AIMS[name] * 1.25 for name, p99 in ours.items())
    raise SystemExit(1 if missed and not SMOKE else 0)


if __name__ == "__main__":
    main()

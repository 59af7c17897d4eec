"""An engine under a service manager: a datagram socket of our own stands for systemd's."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.waiting import until
from tui.engine.own_account import OwnAccount
from tui.engine.service_notify import ServiceNotify
from tui.launcher.engine_process import engine_environment, python_module
from tui.port.commands import SignIn
from tui.port.wire import sockets
from tui.port.wire.codec import to_json
from tui.secrets import Secret


class Manager:
    """Hears what a service says, and starts it as systemd does: the socket in its environment."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "notify"
        self.runtime = folder / "runtime"
        self.ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ear.setblocking(False)
        self.ear.bind(str(self.path))
        self.heard: list[str] = []
        self.started: list[subprocess.Popen[bytes]] = []
        asyncio.get_running_loop().add_reader(self.ear, self._hear)

    def _hear(self) -> None:
        self.heard.append(self.ear.recv(4096).decode())

    def fed(self) -> int:
        return self.heard.count("WATCHDOG=1")

    def start(self, *arguments: str, watchdog: float = 0.0) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "NOTIFY_SOCKET": str(self.path)}
        if watchdog:
            environment["WATCHDOG_USEC"] = str(int(watchdog * 1e6))
        runtime = str(self.runtime)
        process = subprocess.Popen(
            python_module("tui.engine.process", "--runtime", runtime, *arguments),
            env=environment,
            stderr=subprocess.PIPE,
        )
        self.started.append(process)
        return process

    async def ended(self, process: subprocess.Popen[bytes]) -> int:
        await until(lambda: process.poll() is not None, 30)
        return int(process.returncode)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.ear)
        self.ear.close()
        for process in self.started:
            process.kill()
            process.communicate()


@pytest.fixture
async def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Manager]:
    for name in ("config", "state", "runtime", "data"):
        monkeypatch.setenv(f"YIMI_{name.upper()}_DIR", str(tmp_path / name))
    manager = Manager(tmp_path)
    yield manager
    manager.close()


async def test_it_says_that_it_is_ready_feeds_the_watchdog_and_says_that_it_ends(
    manager: Manager,
) -> None:
    process = manager.start(watchdog=0.4)
    await until(lambda: manager.fed() >= 3, 30)
    assert manager.heard[0] == "READY=1"
    assert sockets.live(manager.runtime)
    process.send_signal(signal.SIGTERM)
    assert await manager.ended(process) == 0
    assert manager.heard.count("STOPPING=1") == 1
    assert set(manager.heard) == {"READY=1", "WATCHDOG=1", "STOPPING=1"}


async def test_a_process_that_stands_still_feeds_nothing_and_says_where_it_stood(
    manager: Manager, tmp_path: Path
) -> None:
    process = manager.start(watchdog=0.2)
    await until(lambda: manager.fed() >= 2, 30)
    process.send_signal(signal.SIGSTOP)
    await until(lambda: b"\nState:\tT" in Path(f"/proc/{process.pid}/status").read_bytes())
    manager.heard.clear()
    # What systemd sends when its limit is over; nothing was heard in between.
    process.send_signal(signal.SIGABRT)
    process.send_signal(signal.SIGCONT)
    assert await manager.ended(process) == -signal.SIGABRT
    log = tmp_path / "state" / "yimi.log"
    assert "Fatal Python error: Aborted" in log.read_text()
    assert "STOPPING=1" not in manager.heard


def blocked() -> None:
    """Longer than many periods, and the loop does not turn."""
    for _ in range(20):
        subprocess.run(("/bin/true",), timeout=10)


async def test_the_loop_feeds_it_and_not_a_thread_beside_it(manager: Manager) -> None:
    environ = {"NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": "2000", "PATH": "/bin"}
    notify = ServiceNotify(environ)
    assert environ == {"PATH": "/bin"}, "what we start is no part of the service"
    assert notify.period == 0.001
    notify.ready()
    await until(lambda: manager.fed() >= 5)
    while True:
        try:
            manager.ear.recv(4096)
        except BlockingIOError:
            break
    blocked()
    with pytest.raises(BlockingIOError):
        manager.ear.recv(4096)
    notify.close()
    assert manager.heard[0] == "READY=1"


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"WATCHDOG_USEC": "200000"},
        {"NOTIFY_SOCKET": "/none", "WATCHDOG_USEC": "200000", "WATCHDOG_PID": "1"},
        {"NOTIFY_SOCKET": "/none", "WATCHDOG_USEC": "soon"},
    ],
)
async def test_where_no_manager_watches_nothing_ticks(environ: dict[str, str]) -> None:
    notify = ServiceNotify(environ)
    notify.ready()
    notify.stopping()
    assert notify.period == 0
    assert notify._feeding is None


def test_a_front_end_s_manager_is_not_the_engine_s() -> None:
    given = {"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "2", "A": "b"}
    assert engine_environment(given) == {"A": "b"}


def _pipe(text: str) -> int:
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    return reading


@pytest.mark.parametrize("text", ["", "no json", '{"type": "SignOut"}', "[]"])
def test_what_is_no_sign_in_is_refused_without_its_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"^no sign-in came through the descriptor$"):
        OwnAccount.read(_pipe(text), "")


def test_a_sign_in_comes_through_the_descriptor() -> None:
    command = SignIn("1001", Secret("demo-1001"), "02500001234", backend="http://127.0.0.1:9")
    own = OwnAccount.read(_pipe(json.dumps(to_json(command))), "sales")
    assert own == OwnAccount(command, "sales")
    assert "demo" not in repr(own)

"""An engine's process: apart from the terminal, gone in good order, and never started twice for
one account."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.waiting import until
from tui.launcher import engine_process
from tui.launcher.engine_process import Starting, engine_environment
from tui.port.errors import EngineUnavailable
from tui.port.values import Phase
from tui.port.wire import sockets
from tui.port.wire.client import EngineClient


class Engines:
    """Starts engines in directories of this test's own."""

    def __init__(self, folder: Path) -> None:
        self.runtime = folder / "runtime"
        self.log = folder / "state" / "yimi.log"
        self.started: list[Starting] = []

    async def start(self, **options: object) -> tuple[EngineClient, Path]:
        starting = Starting(self.runtime, **options)  # type: ignore[arg-type]
        self.started.append(starting)
        path = await starting.socket()
        return await EngineClient.connect(path), path

    async def end_of(self, number: int = -1) -> int:
        process = self.started[number].process
        await until(lambda: process.poll() is not None, 20)
        return int(process.returncode)


@pytest.fixture
async def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Engines]:
    for name in ("config", "state", "runtime", "data"):
        monkeypatch.setenv(f"YIMI_{name.upper()}_DIR", str(tmp_path / name))
    engines = Engines(tmp_path)
    yield engines
    for starting in engines.started:
        starting.process.kill()
        starting.process.wait()


async def test_it_is_apart_from_the_terminal_and_outlives_a_hang_up(engines: Engines) -> None:
    client, path = await engines.start()
    assert client.snapshot().phase is Phase.SIGNED_OUT
    assert os.getsid(client.pid) == client.pid == engines.started[0].process.pid
    opened = [os.readlink(f"/proc/{client.pid}/fd/{number}") for number in (0, 1, 2)]
    assert opened[0] == os.devnull
    assert opened[1] == opened[2]
    assert opened[2].startswith("pipe:")  # to the log: see test_native_stderr
    printed = os.open(f"/proc/{client.pid}/fd/2", os.O_WRONLY)
    os.write(printed, b"ALSA lib: \x1b[31munderrun\n")
    os.close(printed)
    await until(lambda: "printed: ALSA lib: " in engines.log.read_text(), 20)
    assert "\x1b" not in engines.log.read_text()
    os.kill(client.pid, signal.SIGHUP)
    again = await EngineClient.connect(path)
    assert again.pid == client.pid
    await client.close()
    await again.close()


def test_a_pulse_server_of_the_login_that_starts_it_is_not_the_engines() -> None:
    own = {"PULSE_SERVER": "unix:/mnt/own", "PATH": "/bin"}
    assert engine_environment(own) == own
    assert engine_environment({**own, "SSH_CONNECTION": "a 1 b 22"}) == {
        "PATH": "/bin",
        "SSH_CONNECTION": "a 1 b 22",
    }


async def test_sigterm_ends_it_in_good_order(engines: Engines) -> None:
    client, path = await engines.start()
    lost: list[bool] = []
    client.on_lost = lost.append
    os.kill(client.pid, signal.SIGTERM)
    assert await engines.end_of() == 0
    assert lost == [True]
    assert not path.exists()


async def test_the_socket_of_one_that_was_killed_is_taken_away(engines: Engines) -> None:
    client, path = await engines.start()
    os.kill(client.pid, signal.SIGKILL)
    assert await engines.end_of() == -signal.SIGKILL
    assert path.exists()
    assert sockets.live(engines.runtime) == []
    assert not path.exists()
    await client.close()


async def test_it_holds_a_file_as_long_as_it_lives(engines: Engines, tmp_path: Path) -> None:
    held = tmp_path / "held"
    client, _ = await engines.start(hold=[held])
    file = os.open(held, os.O_RDWR)
    with pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.kill(client.pid, signal.SIGKILL)
    await engines.end_of()
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(file)
    await client.close()


async def test_one_that_cannot_start_is_said_in_words_and_at_once(
    engines: Engines, tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    config.write_text("no toml at all")
    began = time.monotonic()
    with pytest.raises(EngineUnavailable) as caught:
        await engines.start(config=config)
    assert caught.value.message.id == "engine.start_failed"
    assert time.monotonic() - began < 10


async def test_one_that_takes_too_long_is_ended_and_said(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_process, "START_LIMIT", 0.0)
    with pytest.raises(EngineUnavailable) as caught:
        await engines.start()
    assert caught.value.message.id == "engine.start_late"
    assert engines.started[0].process.returncode == -signal.SIGKILL

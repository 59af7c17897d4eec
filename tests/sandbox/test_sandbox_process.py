"""The sandbox as a process: ready file, hold, signals, help."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui.sandbox import main

ROOT = Path(__file__).resolve().parents[2]


class Running:
    def __init__(self, folder: Path, *more: str) -> None:
        self.ready = folder / "ready.json"
        command = [sys.executable, "-m", "tui.sandbox.main", "--port", "0", "--no-auto-call"]
        command += ["--ready-file", str(self.ready), *more]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(os.environ),
        )

    def wait_ready(self) -> dict[str, object]:
        end = time.monotonic() + 30
        while not self.ready.exists():
            assert self.process.poll() is None, self.process.stderr.read()
            assert time.monotonic() < end
            time.sleep(0.05)
        return json.loads(self.ready.read_text())


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Running]]:
    running: list[Running] = []
    yield running
    for each in running:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate()


def test_the_ready_file_is_one_line_that_leads_to_a_running_sandbox(
    started: list[Running], tmp_path: Path
) -> None:
    started.append(one := Running(tmp_path))
    ready = one.wait_ready()
    assert one.ready.read_text().count("\n") == 1
    assert set(ready) == {
        *("http", "ws", "http1", "ws1"),
        *("domain", "switchnumber", "agents"),
    }
    assert set(ready["agents"][0]) == {"un", "pwd", "sip_user", "name", "groups"}
    with urllib.request.urlopen(f"{ready['http']}/control/state") as answer:
        assert "1001" in json.load(answer)["agents"]
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(10) == 0
    assert not one.ready.exists()
    assert one.process.stderr.read() == b""


def test_it_ends_with_its_last_holder(started: list[Running], tmp_path: Path) -> None:
    hold = tmp_path / "hold"
    with hold.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        started.append(one := Running(tmp_path, "--hold", str(hold)))
        one.wait_ready()
        assert one.process.poll() is None
    assert one.process.wait(10) == 0


async def test_a_holder_is_respected_at_every_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main, "HOLD_POLL", 0.01)
    looks: list[bool] = []
    look = main.is_held
    monkeypatch.setattr(main, "is_held", lambda path: looks.append(look(path)) or looks[-1])
    hold = tmp_path / "hold"
    with hold.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        waiting = asyncio.create_task(main.until_released(hold))
        async with asyncio.timeout(10):
            while len(looks) < 4:
                await asyncio.sleep(0)
        assert not waiting.done()
    async with asyncio.timeout(10):
        await waiting
    assert looks[:4] == [True] * 4


def test_a_taken_port_is_said_in_words(started: list[Running], tmp_path: Path) -> None:
    started.append(one := Running(tmp_path))
    port = str(one.wait_ready()["http"]).rpartition(":")[2]
    other = subprocess.run(
        [sys.executable, "-m", "tui.sandbox.main", "--port", port],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert other.returncode == 1
    assert other.stderr.startswith("yimi sandbox: ")
    assert "Traceback" not in other.stderr


def test_help_prints_the_dial_plan() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "tui.sandbox.main", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    ).stdout
    assert "12000000005  never answers" in shown
    assert "1001  password" in shown

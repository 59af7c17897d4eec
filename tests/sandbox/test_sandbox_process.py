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
from typing import Any

import pytest

from tests.waiting import until
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

    def wait_ready(self) -> dict[str, Any]:
        end = time.monotonic() + 30
        while not self.ready.exists():
            assert self.process.poll() is None, self.errors()
            assert time.monotonic() < end
            time.sleep(0.05)
        ready: dict[str, Any] = json.loads(self.ready.read_text())
        return ready

    def errors(self) -> bytes:
        assert self.process.stderr is not None
        return self.process.stderr.read()


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
    assert one.errors() == b""


def test_before_it_is_ready_nothing_heavy_is_loaded() -> None:
    program = "import sys, tui.sandbox.main; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"aiohttp", "aiortc", "av", "tui.sip", "tui.platform"} & set(loaded)


def test_before_it_answers_no_media_library_is_loaded() -> None:
    program = "import sys, tui.sandbox.replay, tui.sandbox.server; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"aiortc", "aioice", "av", "cryptography"} & set(loaded)


def test_a_sandbox_that_is_ended_while_it_starts_ends_well(
    started: list[Running], tmp_path: Path
) -> None:
    started.append(one := Running(tmp_path))
    while not one.ready.exists():
        assert one.process.poll() is None
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(30) == 0
    assert not one.ready.exists()
    assert one.errors() == b""


def test_it_ends_with_its_last_holder(started: list[Running], tmp_path: Path) -> None:
    hold = tmp_path / "hold"
    with hold.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        started.append(one := Running(tmp_path, "--hold", str(hold)))
        one.wait_ready()
        assert one.process.poll() is None
    assert one.process.wait(30) == 0  # it may still be loading what answers


async def test_a_holder_is_respected_at_every_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main, "HOLD_POLL", 0.01)
    looks: list[bool] = []
    look = main.is_held

    def noted(path: Path) -> bool:
        looks.append(look(path))
        return looks[-1]

    monkeypatch.setattr(main, "is_held", noted)
    hold = tmp_path / "hold"
    with hold.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        waiting = asyncio.create_task(main.until_released(hold))
        await until(lambda: len(looks) >= 4, 10)
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


def test_a_strange_platform_is_started_by_its_seed(started: list[Running], tmp_path: Path) -> None:
    started.append(one := Running(tmp_path, "--strange", "7"))
    ready = one.wait_ready()
    request = urllib.request.Request(f"{ready['http1']}/directory?number={ready['switchnumber']}")
    bodies = set()
    for _ in range(8):
        with urllib.request.urlopen(request) as answer:
            found = json.loads(answer.read())
        assert (found["status"], found["data"]["server"]) == (0, ready["http1"])
        bodies.add(tuple(found))
    assert len(bodies) > 1

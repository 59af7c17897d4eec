"""`yimi top`: every engine of this machine in a line, once, as JSON, and again and again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.engine.plain_engine import ACCOUNT, PlainEngine
from tests.terminal import scripted_port as s
from tests.waiting import until
from tui.cli.host import top
from tui.console import i18n
from tui.port import replace
from tui.port.events import AccountChanged, CallChanged, QualityChanged
from tui.port.values import Quality
from tui.port.wire.client import EngineClient
from tui.port.wire.server import Host


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Path]:
    """A directory with an engine of 1001, who talks."""
    engine = PlainEngine()
    host = Host(engine, tmp_path / "run", linger=60.0)
    task = asyncio.create_task(host.serve())
    client = await EngineClient.connect(host.path)
    assert (await client.execute(ACCOUNT)).ok
    account = engine.snapshot().account
    assert account is not None
    engine.publish(AccountChanged(replace(account, displayname="Li \x1b[2JMing")))
    engine.publish(CallChanged(s.TALKING))
    engine.publish(QualityChanged(Quality(mos=4.16)))
    yield host.directory
    await client.close()
    host.end()
    await asyncio.wait_for(task, 10)


async def run(runtime: Path, *options: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tui.cli.main", "top", *options),
        env={**os.environ, "YIMI_RUNTIME_DIR": str(runtime), "LC_ALL": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_each_engine_is_one_object_of_json(runtime: Path) -> None:
    code, out, _ = await run(runtime, "--json")
    assert code == 0
    row = next(each for each in json.loads(out) if each["pid"] == os.getpid())
    assert (row["extension"], row["seat"], row["mos"]) == ("1001", "talking", 4.2)
    assert (row["call"]["number"], row["call"]["state"]) == ("12000000001", "talking")
    assert row["memory"] > 2**20
    assert row["cpu"] >= 0


async def test_once_is_a_heading_and_a_line_each_without_a_single_escape(runtime: Path) -> None:
    code, out, _ = await run(runtime, "--once")
    assert code == 0
    heading, *lines = out.splitlines()
    assert heading.split()[:3] == ["user", "ext.", "name"]
    (line,) = (each for each in lines if each.split()[-1] == str(os.getpid()))
    assert "1001" in line
    assert "12000000001" in line
    assert "4.2" in line
    assert "\x1b" not in out


async def test_without_an_engine_it_says_so(tmp_path: Path) -> None:
    seen, refused = await top.look_everywhere([])
    assert (seen, refused) == ([], [])
    i18n.set_language("en")
    assert top._once([], [], as_json=False) == 3


async def test_another_users_engines_are_looked_at_as_that_user(
    runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, refused = await asyncio.to_thread(
        top._look_as, os.geteuid(), os.getegid(), "li", runtime
    )
    assert refused == []
    assert [(each.user, each.pid) for each in found] == [("li", os.getpid())]


@pytest.mark.parametrize("python", ["/nowhere/python", "/bin/false"])
async def test_who_cannot_be_looked_at_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: str
) -> None:
    monkeypatch.setattr(sys, "executable", python)  # not to be run as that user, or it fails
    found, refused = await asyncio.to_thread(
        top._look_as, os.geteuid(), os.getegid(), "li", tmp_path
    )
    assert found == []
    assert [each.id for each in refused] == ["top.not_seen"]


def test_what_the_kernel_says_of_a_process_is_read_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    tick = os.sysconf("SC_CLK_TCK")
    fields = " ".join(["S", *["0"] * 10, str(3 * tick), str(tick), "0"])
    (tmp_path / "7" / "stat").write_text(f"7 (a) b) {fields}\n")
    (tmp_path / "7" / "smaps_rollup").write_text("head\nRss: 9 kB\nPss:   2048 kB\n")
    assert top.load_of(7, tmp_path) == top.Load(2 * 2**20, 4.0)
    assert top.load_of(8, tmp_path) == top.Load()


def test_the_processor_is_in_per_cent_of_the_time_between_two_looks() -> None:
    seen = top.Seen("li", 7, 1, s.IDLE)
    row = top.row_of(seen, top.Load(1, 3.0), top.Load(1, 2.0), 4.0)
    assert row["cpu"] == 25.0
    assert row["call"] is None
    assert top.row_of(seen, top.Load(), top.Load(), 1.0)["cpu"] is None


def listens_to_interrupts() -> None:
    """A shell that started the tests beside something else has them ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


async def test_on_a_terminal_it_is_drawn_again_until_it_is_left(runtime: Path) -> None:
    ours, theirs = os.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tui.cli.main", "top"),
        env={**os.environ, "YIMI_RUNTIME_DIR": str(runtime), "LC_ALL": "C.UTF-8"},
        stdout=theirs,
        preexec_fn=listens_to_interrupts,
    )
    os.close(theirs)
    os.set_blocking(ours, False)
    read = bytearray()

    def drawn(times: int) -> bool:
        with suppress(OSError):  # nothing more for now, or at all
            read.extend(os.read(ours, 65536))
        return read.count(b"\x1b[H") >= times

    await until(lambda: drawn(2), 60)
    process.send_signal(signal.SIGINT)
    await until(lambda: drawn(1) and process.returncode is not None)
    assert process.returncode == 0
    os.close(ours)
    assert b"1001" in read

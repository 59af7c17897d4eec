"""A command's output: all of it, no more than wanted, and nothing left running."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.waiting import until
from tui.command_output import CommandError, CommandOutput, command_output

ALIVE = "import os,sys,time; open(sys.argv[1],'w').write(str(os.getpid())); time.sleep(600)"


def python(code: str, *more: str) -> list[str]:
    return [sys.executable, "-c", code, *more]


def _gone(pid: str) -> bool:
    try:
        return "\nState:\tZ" in Path("/proc", pid, "status").read_text()
    except FileNotFoundError:
        return True


async def test_what_comes_in_two_writes_is_read_to_its_end() -> None:
    two = "import sys,time; print('Wang', end='', flush=True); time.sleep(0.2); print(' Fang')"
    assert await command_output(python(two), 100) == CommandOutput(0, b"Wang Fang\n")


async def test_what_it_leaves_running_keeps_nobody_waiting(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.touch()
    left = "import os,sys,time\nwhile os.path.exists(sys.argv[1]): time.sleep(0.02)"
    start = "import subprocess,sys; subprocess.Popen([sys.executable, '-c', *sys.argv[1:]])"
    try:
        given = await command_output(python(f"{start}; print('Wang')", left, str(here)), 100)
    finally:
        here.unlink()
    assert given == CommandOutput(0, b"Wang\n")


async def test_whoever_does_not_wait_any_more_ends_what_it_started_too(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    start = "import subprocess,sys; subprocess.Popen([sys.executable, '-c', *sys.argv[1:]]).wait()"
    asking = asyncio.ensure_future(command_output(python(start, ALIVE, str(told)), 100))
    await until(lambda: told.exists() and told.read_text())
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await until(lambda: _gone(told.read_text()))


async def test_its_exit_code_is_told() -> None:
    assert (await command_output(python("raise SystemExit(3)"), 100)).code == 3


async def test_one_that_writes_without_end_is_ended() -> None:
    given = await command_output(python("while True: print('y' * 1000)"), 4096)
    assert (given.cut, given.body) == (True, (b"y" * 1000 + b"\n") * 4 + b"y" * 92)


async def test_one_that_cannot_be_run_is_named_without_its_arguments() -> None:
    with pytest.raises(CommandError) as error:
        await command_output(["/nowhere/at-all", "138 0000 0000"], 100)
    assert str(error.value) == "/nowhere/at-all: FileNotFoundError"


async def test_whoever_does_not_wait_any_more_ends_it(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    asking = asyncio.ensure_future(command_output(python(ALIVE, str(told)), 100))
    await until(lambda: told.exists() and told.read_text())
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert not Path("/proc", told.read_text()).exists()

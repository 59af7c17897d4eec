"""The agent's day by commands: `yimi` from a shell script, without a screen."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.box import PATIENCE, Box
from tests.e2e.plain_day import configure
from tests.e2e.pty_console import PROJECT, end_engines, environment
from tests.waiting import until
from tui.port.machines.call_machine import CallState, ThirdState
from tui.port.machines.seat_machine import SeatState
from tui.port.snapshot import Snapshot
from tui.port.wire import sockets
from tui.port.wire.client import EngineClient


class Shell:
    """Runs commands of `yimi`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def run(self, *arguments: str, given: str = "", code: int = 0) -> str:
        """What it printed; it ended with that code."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tui.cli.main", *arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=PROJECT,
            env=environment(self.folder),
        )
        output, errors = await process.communicate(given.encode())
        assert process.returncode == code, (output, errors)
        return (output or errors).decode()

    async def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(await self.run(*arguments, "--json", code=code))

    async def sign_in(self, box: Box) -> None:
        """Signed in to Sales, and idle."""
        await self.run("signin", "--group", "sales", given=box.agent("1001")["pwd"])
        await self.until(lambda now: now.seat_state is SeatState.IDLE)

    async def until(self, fact: Callable[[Snapshot], bool]) -> None:
        """Wait for something to be so in the engine."""
        (path,) = sockets.live(self.folder / "runtime")
        client = await EngineClient.connect(path, kind="script")
        try:
            await until(lambda: fact(client.snapshot()), PATIENCE)
        finally:
            await client.close()


@pytest.fixture
async def shell(box: Box, tmp_path: Path) -> AsyncIterator[Shell]:
    await box.hurry()
    configure(box, tmp_path, "[policies]\nunattended_busy = false\n")
    yield Shell(tmp_path)
    await end_engines(tmp_path)


async def test_signing_in_takes_two_commands_where_there_are_groups(box: Box, shell: Shell) -> None:
    password = box.agent("1001")["pwd"]
    assert "Sales" in await shell.run("signin", given=password + "\n")
    groups = (await shell.json("group"))["groups"]
    assert [each["name"] for each in groups][:1] == ["Sales"]
    await shell.run("group", "sales")
    await shell.until(lambda now: now.seat_state is SeatState.IDLE)
    again = json.loads(await shell.run("signin", "--json", given=password))
    assert again["already"]
    assert (await shell.run("members", "sales")).startswith("1001\tLi Ming")
    await shell.run("signout")
    await shell.run("status", code=3)


async def test_a_call_by_commands(box: Box, shell: Shell) -> None:
    await shell.sign_in(box)
    cc = await box.ring("1001")
    await shell.until(_call_is(CallState.RINGING))
    assert (await shell.json("answer"))["ok"]
    await shell.until(_call_is(CallState.TALKING))
    await shell.run("tones", "12#")
    assert (await shell.json("threeway", "mei"))["to"] == "1090"
    await shell.until(_third_is(ThirdState.JOINED))
    assert (await shell.json("status"))["calls"][0]["third"]["name"].startswith("Mei")
    assert (await shell.json("hangup", code=1))["message_id"] == "threeway.ask"
    await shell.run("drop")
    await shell.until(_third_is(ThirdState.LEFT))
    await box.post(f"calls/{cc}/hangup")
    await shell.until(_call_is(CallState.ENDED))


async def test_a_write_up_by_commands(box: Box, shell: Shell) -> None:
    await shell.sign_in(box)
    cc = await box.ring("1001")
    await shell.until(_call_is(CallState.RINGING))
    await shell.run("answer")
    await shell.until(_call_is(CallState.TALKING))
    await shell.run("next", "busy")
    await box.post(f"calls/{cc}/hangup")
    await shell.until(lambda now: now.wrapup is not None)
    await shell.run("note", "-", given="at ten")
    await shell.run("note", "--add", "not before")
    assert await shell.run("note") == "at ten not before\n"
    assert (await shell.json("outcome"))["outcomes"][1]["outcome"] == "Call back"
    await shell.run("outcome", "2")
    await shell.run("outcome", "nothing", code=1)
    (found,) = (await shell.json("history", "before"))["calls"]
    assert (found["note"], found["outcome"]) == ("at ten not before", "Call back")
    await shell.run("idle")
    await shell.until(lambda now: now.wrapup is None and now.seat_state is SeatState.BUSY)


async def test_a_call_is_transferred_by_a_command(box: Box, shell: Shell) -> None:
    await shell.sign_in(box)
    await box.ring("1001")
    await shell.until(_call_is(CallState.RINGING))
    await shell.run("answer")
    await shell.until(_call_is(CallState.TALKING))
    assert "several" in await shell.run("transfer", "a", code=1)
    await shell.run("transfer", "1090")
    await shell.until(_call_is(CallState.ENDED))


def _call_is(state: CallState) -> Callable[[Snapshot], bool]:
    return lambda now: now.call is not None and now.call.state is state


def _third_is(state: ThirdState) -> Callable[[Snapshot], bool]:
    def so(now: Snapshot) -> bool:
        third = None if now.call is None else now.call.third
        return third is not None and third.state is state

    return so


@pytest.mark.parametrize(
    ("given", "arguments", "said"),
    [
        ("wrong\n", ["--group", "sales"], "password"),
        ("", [], "No password"),
        ("{pwd}\n", ["--group", "nobody's"], "no group"),
    ],
)
async def test_a_sign_in_that_fails_leaves_no_engine(
    box: Box, shell: Shell, given: str, arguments: list[str], said: str
) -> None:
    given = given.format(pwd=box.agent("1001")["pwd"])
    assert said in await shell.run("signin", *arguments, given=given, code=1)
    await shell.run("status", code=3)

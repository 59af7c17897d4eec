"""The sandbox apart: one for all who ask, alive as long as somebody holds it."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.e2e.pty_console import DIRECTORIES, end_processes, processes_with
from tests.waiting import until
from tui.config.paths import Paths
from tui.launcher.sandbox_process import SandboxFinder, SandboxUnavailable


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    for name in DIRECTORIES:
        monkeypatch.setenv(f"YIMI_{name.upper()}_DIR", str(tmp_path / name))
    return Paths.find().prepare()


async def test_two_that_begin_at_once_get_one_sandbox_and_it_ends_with_the_last(
    paths: Paths,
) -> None:
    first, second = SandboxFinder(paths), SandboxFinder(paths)
    try:
        one, two = await asyncio.gather(first.open(), second.open())
        assert one == two
        first.close()
        assert second.look() == two
    finally:
        first.close()
        second.close()
    await until(lambda: not (paths.runtime / "sandbox.json").exists())


async def test_one_that_was_killed_is_replaced(paths: Paths) -> None:
    door = SandboxFinder(paths)
    try:
        await door.open()
        for pid in processes_with(door.hold_file):
            os.kill(pid, signal.SIGKILL)
        await until(lambda: door.look() is None)
        assert (paths.runtime / "sandbox.json").exists()
        fresh = await door.open()
        assert door.look() == fresh
    finally:
        door.close()
        await end_processes(processes_with(door.hold_file))


async def test_one_that_cannot_start_is_said_in_words(paths: Paths) -> None:
    door = SandboxFinder(paths, port=1 if os.geteuid() else 70000)
    try:
        with pytest.raises(SandboxUnavailable) as caught:
            await door.open()
        assert caught.value.message.id == "sandbox.failed"
    finally:
        door.close()


async def test_without_a_place_for_what_it_is_found_by_there_is_none_in_words(
    paths: Paths,
) -> None:
    paths.runtime.rmdir()
    door = SandboxFinder(paths)
    assert door.look() is None
    with pytest.raises(SandboxUnavailable) as caught:
        await door.open()
    assert caught.value.message.id == "sandbox.failed"
    door.close()


async def test_agents_that_are_signed_in_are_not_offered_while_others_are_free(
    paths: Paths,
) -> None:
    door = SandboxFinder(paths)
    try:
        sandbox = await door.open()
        assert sandbox.free_agent(frozenset()).un == "1001"
        assert sandbox.free_agent(frozenset({"1001", "1003"})).un == "1002"
        everyone = frozenset(agent.un for agent in sandbox.agents)
        assert sandbox.free_agent(everyone).un == "1001"
    finally:
        door.close()
        await end_processes(processes_with(door.hold_file))

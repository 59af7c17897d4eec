"""xterm as it is installed, on a display without a screen: what its keys come to."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.pty_console import end_processes, processes_with
from tests.waiting import until

PROJECT = Path(__file__).parents[2]
NEEDED = ("Xvfb", "xterm", "xdotool", "script")

pytestmark = pytest.mark.skipif(
    any(shutil.which(name) is None for name in NEEDED), reason=f"needs {', '.join(NEEDED)}"
)


@pytest.fixture
def display() -> Iterator[str]:
    """The name of a display of our own."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "800x600x24"],
        pass_fds=(write,),
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as told:
        number = told.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait(10)


@pytest.mark.parametrize("key", ["n", "p", "h"])
async def test_alt_and_a_letter_are_that_key_and_no_other_letter(
    display: str, tmp_path: Path, key: str
) -> None:
    written = tmp_path / "written"
    tester = f"{sys.executable} -m tui.cli.main keys"
    environment = {**os.environ, "DISPLAY": display, "LANG": "C.UTF-8", "SHELL": "/bin/sh"}
    environment["YIMI_CONFIG_DIR"] = str(tmp_path)
    xterm = await asyncio.create_subprocess_exec(
        *("xterm", "-T", "tester", "-e", "script", "-qfc", tester, str(written)),
        cwd=PROJECT,
        env=environment,
        stderr=subprocess.DEVNULL,
    )

    def shown() -> str:
        return written.read_text("utf-8", "replace") if written.exists() else ""

    async def press(*keys: str) -> None:
        hand = await asyncio.create_subprocess_exec(
            *("xdotool", "search", "--sync", "--name", "tester", "windowfocus", "key", *keys),
            env=environment,
        )
        assert await asyncio.wait_for(hand.wait(), 30) == 0

    try:
        await until(lambda: "\x1b[>" in shown(), what=shown)

        await press(f"alt+{key}")
        await until(lambda: f"1b {ord(key):02x} " in shown(), what=shown)
        assert f"ALT+{key.upper()}" in shown()
        await press("ctrl+c", "ctrl+c")
        assert await asyncio.wait_for(xterm.wait(), 30) == 0
        assert "\x1b[?1036;1039r" in shown()
    finally:
        await end_processes(processes_with(written))
        if xterm.returncode is None:
            xterm.terminate()
            await asyncio.wait_for(xterm.wait(), 10)

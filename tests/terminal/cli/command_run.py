"""A command of `yimi` as a script runs it, and an engine that it finds."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.engine.plain_engine import ACCOUNT, PlainEngine
from tui.port import replace
from tui.port.wire.server import Host

PROJECT = Path(__file__).parents[3]


def environment(folder: Path) -> dict[str, str]:
    names = {f"YIMI_{name}_DIR": str(folder / name) for name in ("CONFIG", "STATE", "DATA")}
    return {
        **os.environ,
        **names,
        "YIMI_RUNTIME_DIR": str(folder),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
    }


async def yimi(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Run it: exit code, standard output, standard error."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tui.cli.main", *arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=PROJECT,
        env=environment(folder),
    )
    output, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


@asynccontextmanager
async def signed_in(folder: Path, un: str = "1001") -> AsyncIterator[PlainEngine]:
    """An engine that an agent is signed in to."""
    engine = PlainEngine()
    host = Host(engine, folder)
    task = asyncio.create_task(host.serve())
    await asyncio.sleep(0)
    assert (await engine.execute(replace(ACCOUNT, un=un))).ok
    engine.heard.clear()
    try:
        yield engine
    finally:
        host.end()
        await asyncio.wait_for(task, 10)

"""`yimi bundle`: one file with the last hour, masked. The engine that runs writes it; where none
runs, a process of its own puts the log and the settings into one.

Exit codes as everywhere (`tui.cli.exits`): 3 stands for no engine, and the file is written still.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from argparse import Namespace
from contextlib import suppress
from pathlib import Path
from typing import Final

from tui.cli.agent.answers import print_json, unasked
from tui.cli.exits import NO_ENGINE, OK, REFUSED, SEVERAL, complain
from tui.cli.fresh_name import fresh_name
from tui.config.paths import Paths
from tui.console import i18n
from tui.console.i18n import render, tr
from tui.launcher.engine_process import home, python_module
from tui.launcher.find_engines import find_running
from tui.port.commands import Result, RunChecks, WriteBundle
from tui.port.errors import EngineUnavailable
from tui.port.values import message
from tui.port.wire.client import EngineClient
from tui.port.wire.codec import CodecError, from_json

CHECKS_LIMIT: Final = 30.0
"""Seconds that the checks may take before the bundle goes without them."""


def run(options: Namespace) -> int:
    """Write one; the exit code."""
    i18n.set_language(i18n.from_locale(os.environ))
    paths = Paths.find()
    path = options.file.absolute() if options.file else fresh_name(Path.cwd(), "bundle-*.zip")
    try:
        return asyncio.run(_run(options, paths, path))
    except EngineUnavailable as error:
        return unasked(error.message, REFUSED, options)
    except KeyboardInterrupt:
        return 130


async def _run(options: Namespace, paths: Paths, path: Path) -> int:
    found = await find_running(paths.runtime)
    engines = [each for each in found.engines if each.matches(options.account)]
    if len(engines) > 1:
        accounts = ", ".join(each.account.un for each in engines)
        return unasked(message("cli.several", accounts=accounts), SEVERAL, options)
    if not engines and found.engines:
        others = ", ".join(each.account.un for each in found.engines)
        wanted = message("cli.no_such_account", account=options.account, others=others)
        return unasked(wanted, NO_ENGINE, options)
    if not engines:
        result = await _without_engine(options.config or paths.config_file, paths, path)
    else:
        client = await EngineClient.connect(engines[0].path, kind="script")
        try:
            if not any(call.live for call in client.snapshot().calls):
                with suppress(TimeoutError):
                    async with asyncio.timeout(CHECKS_LIMIT):
                        await client.execute(RunChecks())
            result = await client.execute(WriteBundle(str(path)))
        finally:
            await client.close()
    if not result.ok:
        failed = result.message or message("bundle.not_written", path=path, why="?")
        return unasked(failed, REFUSED, options)
    if options.json:
        print_json({"ok": True, "path": str(path), "bytes": result.code})
    elif result.message is not None:
        print(render(result.message))
    return OK if engines else complain(tr("bundle.no_engine"), NO_ENGINE)


async def _without_engine(config: Path, paths: Paths, path: Path) -> Result:
    process = await asyncio.create_subprocess_exec(
        *python_module("tui.engine.incident.process", config, paths.log_file, path),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        cwd=home(),
    )
    said, _ = await process.communicate()
    try:
        result = from_json(json.loads(said))
    except (CodecError, ValueError):
        result = None
    if isinstance(result, Result):
        return result
    return Result(False, message("bundle.not_written", path=path, why="?"))

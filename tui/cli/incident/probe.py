"""`yimi probe`: sign in, listen, and write down what a platform says, masked.

A process of its own does it (`tui.engine.probe.process`). Exit codes: 0 it went through · 1 it did
not (why: on standard error) · 2 not understood.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from argparse import Namespace
from contextlib import suppress
from pathlib import Path
from typing import Final

from tui.cli.exits import OK, REFUSED, USAGE, complain
from tui.cli.fresh_name import fresh_name
from tui.cli.incident.doctor import password_of, running_engine
from tui.cli.opened import opened
from tui.config.paths import Paths
from tui.config.schema import Profile
from tui.console.i18n import render
from tui.launcher.engine_process import home, python_module
from tui.port.values import Message, message
from tui.port.wire.codec import CodecError, from_json
from tui.secrets import Secret

_FAILED: Final = ("probe.exists", "probe.not_written", "probe.no_call", "probe.put_out")


def run(options: Namespace) -> int:
    """Run it; the exit code."""
    found = opened(options, profile=True)
    if isinstance(found, int):
        return found
    profile = found.profile
    if not profile.un:
        failure = message("probe.no_profile", name=profile.name or "–", path=found.file)
        return complain(render(failure), USAGE)
    output = (
        options.output.absolute() if options.output else fresh_name(Path.cwd(), "probe-*.jsonl")
    )
    if output.exists():
        return complain(render(message("probe.exists", path=output)), REFUSED)
    return asyncio.run(_run(options, found.paths, found.file, profile, output))


async def _run(options: Namespace, paths: Paths, file: Path, profile: Profile, output: Path) -> int:
    options.account = options.account or profile.un
    if await running_engine(options, paths, profile) is not None:
        return complain(render(message("probe.running", account=profile.un)), REFUSED)
    password = await password_of(profile, ask=sys.stdin.isatty())
    if not password and not sys.stdin.isatty():
        password = Secret(sys.stdin.readline().rstrip("\n"))
    if not password:
        return complain(render(message("probe.no_password", account=profile.un)), REFUSED)
    arguments: list[str | Path] = ["--config", file, "--profile", profile.name]
    arguments += ["--output", output, "--gid", options.gid]
    arguments += ["--call"] if options.call else ["--seconds", str(options.seconds)]
    process = await asyncio.create_subprocess_exec(
        *python_module("tui.engine.probe.process", *arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=home(),
        start_new_session=True,
        limit=1024 * 1024,
    )
    assert process.stdin is not None
    assert process.stdout is not None

    def stop() -> None:
        """It signs out, and keeps what it has heard."""
        with suppress(ProcessLookupError):
            process.terminate()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    said: list[Message] = []
    try:
        process.stdin.write(password.reveal().encode() + b"\n")
        process.stdin.close()
        while line := await process.stdout.readline():
            with suppress(CodecError, ValueError):
                said.append(from_json(json.loads(line)))
                if said[-1].id.startswith("probe.") and said[-1].id not in _FAILED:
                    print(render(said[-1]), flush=True)
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code == 0:
        return OK
    why = (
        said[-1]
        if said and said[-1].id != "probe.written"
        else message("probe.no_answer", code=code)
    )
    return complain(render(why), REFUSED)

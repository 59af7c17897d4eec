"""`yimi engine`: an engine in the foreground, signed in by itself, for a service manager.

The password is the manager's credential `password` (systemd's LoadCredential), else the keyring's.
This process becomes the engine's: its id, its end and its watchdog are the service's.
"""

from __future__ import annotations

import asyncio
import json
import os
from argparse import Namespace
from pathlib import Path
from typing import NoReturn

from tui.cli.exits import REFUSED, USAGE, complain
from tui.cli.opened import opened
from tui.console.i18n import render
from tui.console.parts.keyring_access import password_of
from tui.launcher.engine_process import home, python_module
from tui.port import replace
from tui.port.commands import SignIn
from tui.port.values import Message, message
from tui.port.wire.codec import to_json
from tui.secrets import Secret


def run(options: Namespace) -> int:
    """Becomes the engine; the exit code where that cannot be."""
    found = opened(options, fetch=True, profile=True)
    if isinstance(found, int):
        return found
    profile = found.named
    if profile is None or not profile.un:
        return complain(render(message("cli.engine_who")), USAGE)
    command = SignIn.of(profile, Secret())
    password = _credential()
    if password is None:
        kept = asyncio.run(password_of(command))
        if isinstance(kept, Message):
            return complain(render(kept), REFUSED)
        password = kept
    given = _through_a_pipe(replace(command, pwd=password))
    where = ("--runtime", found.paths.runtime, "--config", found.file, "--profile", profile.name)
    who = ("--sign-in-fd", str(given), "--group", options.group)
    return _become(python_module("tui.engine.process", *where, *who))


def _become(line: list[str]) -> NoReturn:
    os.chdir(home())
    os.execv(line[0], line)  # noqa: S606 - our own module, our own arguments


def _credential() -> Secret | None:
    """What systemd holds for this service alone; None where it holds nothing."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if not folder:
        return None
    try:
        text = (Path(folder) / "password").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return Secret(text.rstrip("\r\n"))


def _through_a_pipe(command: SignIn) -> int:
    """The end of a pipe that the engine reads it from: a line that fits into it at once."""
    reading, writing = os.pipe()
    os.write(writing, json.dumps(to_json(command)).encode())
    os.close(writing)
    os.set_inheritable(reading, True)
    return reading

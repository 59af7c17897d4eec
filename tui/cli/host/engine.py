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

from tui.cli.exits import REFUSED, USAGE, complain, complain_config, speak
from tui.cli.host.provision import fetch_first
from tui.config.paths import PathError, Paths
from tui.config.reader import load
from tui.config.schema import ConfigError, Profile
from tui.console.i18n import render
from tui.console.parts.keyring_access import password_of
from tui.launcher.engine_process import home, python_module
from tui.port import replace
from tui.port.commands import SignIn
from tui.port.values import LineType, Message, message
from tui.port.wire.codec import to_json
from tui.secrets import Secret


def run(options: Namespace) -> int:
    """Becomes the engine; the exit code where that cannot be."""
    try:
        paths = Paths.find().prepare()
        file = Path(options.config or paths.config_file).absolute()
        fetch_first()
        config = load(file)
        profile = config.profile(options.profile) if options.profile else None
    except ConfigError as error:
        return complain_config(error)
    except PathError as error:
        return complain(str(error), USAGE)
    speak(config)
    if profile is None or not profile.un:
        return complain(render(message("cli.engine_who")), USAGE)
    command = _command(profile)
    password = _credential()
    if password is None:
        found = asyncio.run(password_of(command))
        if isinstance(found, Message):
            return complain(render(found), REFUSED)
        password = found
    given = _through_a_pipe(replace(command, pwd=password))
    where = ("--runtime", paths.runtime, "--config", file, "--profile", profile.name)
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


def _command(profile: Profile) -> SignIn:
    return SignIn(
        un=profile.un,
        pwd=Secret(),
        switchnumber=profile.switchnumber,
        callintype=LineType(profile.callintype),
        number=profile.number,
        backend=profile.backend,
        kind=profile.kind,
        profile=profile.name,
    )


def _through_a_pipe(command: SignIn) -> int:
    """The end of a pipe that the engine reads it from: a line that fits into it at once."""
    reading, writing = os.pipe()
    os.write(writing, json.dumps(to_json(command)).encode())
    os.close(writing)
    os.set_inheritable(reading, True)
    return reading

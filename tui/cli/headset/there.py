"""What `yimi headset` asks of yimi at the far end. Two steps, each a command over the same login:
`--prepare` makes a directory for the socket, `--there DIR` is yimi with the headset behind it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Final

import tui
from tui.cli.exits import OK, REFUSED, complain
from tui.config.paths import PathError, Paths
from tui.console.i18n import tr
from tui.console.parts.remote_pulse import HEADSET_SECRET, HEADSET_SOCKET
from tui.headset_wire import VERSION
from tui.launcher.headset.socket_folder import make, sweep

_PREFIX: Final = "yimi-far-"
_SOCKET: Final = "s"
_SECRET: Final = re.compile(r"[0-9a-f]{64}")


Yimi = Callable[[list[str]], int]
"""Runs a command line of yimi; its exit code."""


def run(options: Namespace, yimi: Yimi) -> int:
    """One of the two steps; the second runs `yimi`."""
    return _prepare() if options.prepare else _there(options.there, options.arguments, yimi)


def _prepare() -> int:
    try:
        given = sys.stdin.readline().strip()
        if not _SECRET.fullmatch(given):
            return complain(tr("headset.no_secret"), REFUSED)
        runtime = Paths.find().prepare().runtime
        sweep(runtime, _PREFIX, _SOCKET)
        folder = make(runtime, _PREFIX)
        secret = os.open(folder / "secret", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(secret, "w") as file:
            file.write(given)
    except PathError as error:
        return complain(str(error), REFUSED)
    except OSError as error:
        return complain(str(error.strerror or error), REFUSED)
    print(json.dumps({"folder": str(folder), "wire": VERSION, "version": tui.__version__}))
    return OK


def _there(folder: Path, arguments: list[str], yimi: Yimi) -> int:
    file = folder / "secret"
    try:
        status = folder.lstat()
        ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
        if not ours or status.st_mode & 0o077:
            return complain(tr("headset.open", folder=folder), REFUSED)
        secret = file.read_text("ascii").strip()
        file.unlink()
    except (OSError, UnicodeDecodeError):
        return complain(tr("headset.once"), REFUSED)
    os.environ[HEADSET_SOCKET] = str(folder / _SOCKET)
    os.environ[HEADSET_SECRET] = secret
    try:
        return yimi(arguments)
    finally:
        shutil.rmtree(folder, ignore_errors=True)

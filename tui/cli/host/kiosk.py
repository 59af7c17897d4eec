"""`yimi kiosk`: a desk for whoever comes, and `yimi kiosk pin`.

Agent after agent, each in a process of its own: when one has signed out, this one removes what was
kept, clears the terminal and becomes the next. So nothing of the last stays in memory either.
"""

from __future__ import annotations

import os
import shutil
import sys
from argparse import Namespace
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from tui.cli.exits import OK, REFUSED, USAGE, complain
from tui.cli.opened import opened
from tui.config.paths import Paths
from tui.port import replace

if TYPE_CHECKING:
    from tui.config.schema import Config
    from tui.launcher.plain_front import PlainFront
    from tui.launcher.supervisor import Supervisor

_BEFORE: Final = "YIMI_KIOSK_STATE_DIR"
"""Where the state was to be, for the process of the next agent."""
LAST: Final = 10.0
"""Seconds that an engine may take to end after the sign-out."""
DUMB: Final = ("", "dumb", "unknown")
"""Kinds of terminals to which no sequence is sent."""
PAGE: Final = 70
"""Lines of the largest of those."""
CLEAR: Final = "\x1b[!p\x1b[?1049l\x1b[0m\x1b[H\x1b[2J\x1b[3J\x1b]2;\x07"
"""Soft reset, the first screen, no colours, nothing on it nor scrolled off it, no title."""


def run(options: Namespace) -> int:
    """One agent's time at the desk. Only a signal or a fault ends in an exit code."""
    if options.what == "pin":
        return _pin()
    found = opened(options, fetch=True)
    if isinstance(found, int):
        return found
    from tui.console.i18n import tr

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return complain(tr("kiosk.no_terminal"), USAGE)
    from tui.launcher.shut_terminal import shut_terminal

    shut_terminal()
    _clear()
    code = _agent(found.file, found.config, found.paths, plain=options.plain)
    if code != OK:
        return code
    return _next_agent(found.file if options.config else None, plain=options.plain)


def _agent(file: Path, config: Config, paths: Paths, *, plain: bool) -> int:
    """Until the agent has signed out; with `plain` in lines of text."""
    import asyncio

    from tui.console.i18n import render
    from tui.launcher.find_engines import find_running
    from tui.launcher.first_engine import LaunchOptions
    from tui.log import setup
    from tui.port.errors import EngineUnavailable

    kept = paths.runtime / "kiosk"
    if not config.kiosk.keep_history:
        # After a fault an engine may still have the agent, and a call: those are taken up.
        if not asyncio.run(find_running(paths.runtime)).engines:
            shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(mode=0o700, exist_ok=True)
        os.environ[_BEFORE] = os.environ.get("YIMI_STATE_DIR", "")
        os.environ["YIMI_STATE_DIR"] = str(kept)  # the engine's too
        paths = replace(paths, state=kept)
    (paths.state / "tour-seen").touch()
    setup(paths.log_file)
    # The first profile is the desk's.
    profile = config.profiles[0].name if config.profiles else ""
    launch = LaunchOptions(config_file=file, profile=profile)
    config = _nobodys(config.with_profile(profile) if profile else config)
    front: PlainFront | Supervisor
    if plain:
        from tui.launcher.plain_front import PlainFront

        front = PlainFront(launch, config, paths, kiosk=True)
    else:
        from tui.launcher.supervisor import Supervisor

        front = Supervisor(launch, config, paths, kiosk=True)
    try:
        code = asyncio.run(front.run())
    except EngineUnavailable as error:
        return complain(render(error.message), REFUSED)
    finally:
        _clear()
    if code == OK and not config.kiosk.keep_history:
        _wait_for_end(paths.runtime)
        shutil.rmtree(kept, ignore_errors=True)
    return code


def _wait_for_end(runtime: Path) -> None:
    """Until no engine is left that would write again, or takes too long for the next agent."""
    import time

    from tui.port.wire import sockets

    deadline = time.monotonic() + LAST
    while sockets.live(runtime) and time.monotonic() < deadline:
        time.sleep(0.05)


def _nobodys(config: Config) -> Config:
    """The same without whose it may be: no extension stands in the form, no keyring is asked."""
    profiles = tuple(replace(each, un="", number="", keyring=False) for each in config.profiles)
    return replace(config, profiles=profiles)


def _clear() -> None:
    """Nothing of the last agent is in sight: a terminal that knows no sequences is written full of
    empty lines."""
    dumb = os.environ.get("TERM", "") in DUMB
    with suppress(OSError):  # a terminal that is closed
        os.write(1, b"\r\n" * PAGE if dumb else CLEAR.encode())


def _next_agent(file: Path | None, *, plain: bool) -> NoReturn:
    if (before := os.environ.pop(_BEFORE, None)) is not None:
        os.environ["YIMI_STATE_DIR"] = before
    given = [] if file is None else ["--config", str(file)]
    line = [sys.executable, "-m", "tui.cli", *given, "kiosk", *(["--plain"] if plain else [])]
    os.execv(sys.executable, line)  # noqa: S606 - our own module, our own arguments


def _pin() -> int:
    """Ask for a PIN twice, and print the line for the config."""
    from tui.config.kiosk import SHORTEST, hashed
    from tui.console import i18n

    i18n.set_language(i18n.from_locale(os.environ))
    try:
        pin = _typed(i18n.tr("kiosk.pin_new"))
        again = _typed(i18n.tr("kiosk.pin_again"))
    except EOFError:
        return complain(i18n.tr("kiosk.pin_short", least=str(SHORTEST)), USAGE)
    if len(pin) < SHORTEST:
        return complain(i18n.tr("kiosk.pin_short", least=str(SHORTEST)), USAGE)
    if pin != again:
        return complain(i18n.tr("kiosk.pin_differs"), USAGE)
    print(f'[kiosk]\npin = "{hashed(pin, os.urandom(16))}"')
    return OK


def _typed(prompt: str) -> str:
    """Unseen at a terminal; else the next line, without a prompt. Raises EOFError."""
    if not sys.stdin.isatty():
        return input()
    from getpass import getpass

    return getpass(prompt)

"""`yimi watch EXTENSION`: a look at another user's desk on this machine, without a hand in it."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from pathlib import Path

from tui.cli.exits import NO_ENGINE, OK, REFUSED, SEVERAL, USAGE, complain, complain_config, speak
from tui.config.errors import ConfigError
from tui.config.paths import PathError, Paths
from tui.config.reader import load
from tui.config.schema import Config
from tui.console.i18n import render, tr
from tui.log import setup
from tui.port.errors import EngineUnavailable
from tui.port.wire.client import EngineClient
from tui.port.wire.protocol import WATCH
from tui.port.wire.watch import doors


def run(options: Namespace) -> int:
    """Find the desk and look at it until one leaves, or it is gone; the exit code."""
    paths = Paths.find()
    try:
        config = load(options.config or paths.config_file)
    except ConfigError as error:
        return complain_config(error)
    speak(config)
    found = doors(Path(config.watch.directory), options.name)
    if not found:
        return complain(tr("watch.none", name=options.name), NO_ENGINE)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return complain(tr("watch.no_terminal"), USAGE)
    if len(found) > 1:
        several = ", ".join(str(path) for path, _ in found)
        return complain(tr("watch.several", name=options.name, paths=several), SEVERAL)
    try:
        setup(paths.prepare().log_file)
    except PathError as error:
        return complain(str(error), USAGE)
    try:
        return asyncio.run(_look(*found[0], config))
    except EngineUnavailable as error:
        return complain(render(error.message), REFUSED)


async def _look(path: Path, uid: int, config: Config) -> int:
    client = await EngineClient.connect(path, kind=WATCH, of=uid)
    try:
        from tui.launcher.watching_app import watching_app  # Textual: only now

        app = watching_app(client, config, Paths.find().themes)
        lost: list[bool] = []

        def gone(goodbye: bool) -> None:
            lost.append(goodbye)
            app.exit()

        client.on_lost = gone
        await app.run_async()
    finally:
        await client.close()
    return complain(tr("watch.gone"), NO_ENGINE) if lost else OK

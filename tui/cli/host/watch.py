"""`yimi watch EXTENSION`: a look at another user's desk on this machine, without a hand in it."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from pathlib import Path

from tui.cli.exits import NO_ENGINE, OK, REFUSED, SEVERAL, USAGE, complain, complain_config
from tui.cli.opened import opened
from tui.config.paths import PathError, Paths
from tui.config.schema import Config
from tui.console.i18n import render, tr
from tui.log import setup
from tui.port.errors import EngineUnavailable
from tui.port.wire.client import EngineClient
from tui.port.wire.protocol import WATCH
from tui.port.wire.watch import doors


def run(options: Namespace) -> int:
    """Find the desk and look at it until one leaves, or it is gone; the exit code."""
    found = opened(options, prepare=False)
    if isinstance(found, int):
        return found
    config = found.config
    desks = doors(Path(config.watch.directory), options.name)
    if not desks:
        return complain(tr("watch.none", name=options.name), NO_ENGINE)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return complain(tr("watch.no_terminal"), USAGE)
    if len(desks) > 1:
        several = ", ".join(str(path) for path, _ in desks)
        return complain(tr("watch.several", name=options.name, paths=several), SEVERAL)
    try:
        setup(found.paths.prepare().log_file)
    except PathError as error:
        return complain_config(error)
    try:
        return asyncio.run(_look(*desks[0], config))
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

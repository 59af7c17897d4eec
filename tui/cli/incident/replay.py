"""`yimi replay FILE`: the console as the agent saw it, from a bundle (`yimi bundle`)."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace

from tui.cli.exits import OK, REFUSED, USAGE, complain
from tui.cli.opened import opened
from tui.console.i18n import render, tr


def run(options: Namespace) -> int:
    """Show it until one leaves; the exit code."""
    found = opened(options, prepare=False)
    if isinstance(found, int):
        return found
    from tui.console.replay.recorded import NotReplayable, read

    try:
        recorded = read(options.file)
    except NotReplayable as error:
        return complain(render(error.sentence), REFUSED)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return complain(tr("replay.no_terminal"), USAGE)
    from tui.console.replay.app import ReplayApp  # Textual: only now
    from tui.console.replay.player import Player
    from tui.console.theming import suited

    app = ReplayApp(Player(recorded), found.config, found.paths.themes, suits=suited)
    asyncio.run(app.run_async())
    return OK

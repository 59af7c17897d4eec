"""The engine that a command is for."""

from __future__ import annotations

from argparse import Namespace

from tui.cli.exits import NO_ENGINE, REFUSED, SEVERAL, complain
from tui.config.paths import Paths
from tui.console.i18n import render, tr
from tui.launcher.find_engines import RunningEngine, find_running
from tui.port.values import message


async def which_engine(options: Namespace) -> RunningEngine | int:
    """The one that runs, or the one of `--account`; else the exit code, and why is said."""
    found = await find_running(Paths.find().runtime)
    engines = [each for each in found.engines if each.matches(options.account)]
    if not engines:
        if found.refused:
            return complain(render(found.refused[0]), REFUSED)
        if found.engines:
            others = ", ".join(each.account.un for each in found.engines)
            wanted = message("cli.no_such_account", account=options.account, others=others)
            return complain(render(wanted), NO_ENGINE)
        return complain(tr("cli.no_engine"), NO_ENGINE)
    if len(engines) > 1:
        accounts = ", ".join(each.account.un for each in engines)
        return complain(tr("cli.several", accounts=accounts), SEVERAL)
    return engines[0]

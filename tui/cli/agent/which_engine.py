"""The engine that a command is for."""

from __future__ import annotations

from argparse import Namespace

from tui.cli.agent.answers import unasked
from tui.cli.exits import NO_ENGINE, REFUSED, SEVERAL
from tui.config.paths import Paths
from tui.launcher.find_engines import RunningEngine, find_running
from tui.port.values import message


async def which_engine(options: Namespace) -> RunningEngine | int:
    """The one that runs, or the one of `--account`; else the exit code, and why is said."""
    found = await find_running(Paths.find().runtime)
    engines = [each for each in found.engines if each.matches(options.account)]
    if not engines:
        if found.refused:
            return unasked(found.refused[0], REFUSED, options)
        if found.engines:
            others = ", ".join(each.account.un for each in found.engines)
            wanted = message("cli.no_such_account", account=options.account, others=others)
            return unasked(wanted, NO_ENGINE, options)
        return unasked(message("cli.no_engine"), NO_ENGINE, options)
    if len(engines) > 1:
        accounts = ", ".join(each.account.un for each in engines)
        return unasked(message("cli.several", accounts=accounts), SEVERAL, options)
    return engines[0]

"""`yimi` without a command: the console opens, or plain mode.

Nothing heavy is imported up here: the first frame waits for it.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli import interrupts
from tui.cli.exits import REFUSED, USAGE, complain, speak_as_the_system

if TYPE_CHECKING:
    from tui.config.paths import Paths
    from tui.config.schema import Config
    from tui.console.sign_in_defaults import SignInPrefill
    from tui.launcher.plain_front import PlainFront
    from tui.launcher.supervisor import Supervisor


def run(options: Namespace) -> int:
    """Open it, until the agent leaves; the exit code."""
    if not options.plain and (why := _no_screen()):
        from tui.console import i18n

        speak_as_the_system()
        return complain(i18n.tr(why), USAGE)
    from tui.cli.opened import opened

    found = opened(options, fetch=True, profile=True)
    if isinstance(found, int):
        return found
    config = found.config
    if options.profile:
        config = config.with_profile(options.profile)
    own_keys = not options.plain and (config.keys or config.actions)
    if own_keys and not _keys_are_right(config, found.file):
        return USAGE
    return _run(options, found.paths, found.file, config)


def _no_screen() -> str:
    """Why this is no terminal for screens: the id of a sentence, "" where it is one."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return "cli.no_terminal"
    return "cli.dumb_terminal" if os.environ.get("TERM") == "dumb" else ""


def _run(options: Namespace, paths: Paths, file: Path, config: Config) -> int:
    import asyncio

    from tui.console.i18n import render, tr
    from tui.launcher.first_engine import LaunchOptions
    from tui.log import setup
    from tui.port.errors import EngineUnavailable

    setup(paths.log_file)
    launch = LaunchOptions(
        config_file=file,
        profile=options.profile,
        sandbox=_sandbox_account(options.generation) if options.sandbox else None,
        generation=options.generation,
        account=options.account,
    )
    front: PlainFront | Supervisor
    if options.plain:
        from tui.launcher.plain_front import PlainFront

        front = PlainFront(launch, config, paths)
    else:
        from tui.launcher.supervisor import Supervisor

        front = Supervisor(launch, config, paths)
    interrupts.hear()
    try:
        code = asyncio.run(front.run())
    except EngineUnavailable as error:
        return complain(render(error.message), REFUSED)
    if front.left_running:
        print(tr("cli.left_running"))
    return code


def _sandbox_account(generation: int) -> SignInPrefill:
    """Whom a sandbox that is about to start will know first."""
    from tui.console.sign_in_defaults import SignInPrefill
    from tui.sandbox.fixtures import Fixtures
    from tui.secrets import Secret

    fixtures = Fixtures()
    first = fixtures.accounts()[0]
    return SignInPrefill(
        un=first.un,
        pwd=Secret(first.pwd),
        switchnumber=fixtures.switchnumber,
        kind=f"platform{generation}",
    )


def _keys_are_right(config: Config, file: Path) -> bool:
    from tui.console.actions.keymap import check
    from tui.console.actions.own_actions import take
    from tui.console.i18n import render

    wrong = check(take(config))[1]
    for what in wrong:
        complain(f"{file.name}, [keys]: {render(what)}", USAGE)
    return not wrong

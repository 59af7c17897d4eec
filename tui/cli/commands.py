"""What carries each command out. Only its own room is imported."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.cli.exits import OK, speak_as_the_system
from tui.cli.grammar.commands import AGENT, SHELL

if TYPE_CHECKING:
    from tui.cli.headset.there import Yimi


def command(name: str, yimi: Yimi) -> Callable[[Namespace], int]:
    """What carries the command of that name out: it takes the options, and returns an exit code.
    `yimi` runs a whole command line, for a command that is one in front of another."""
    if name == "paths":
        return _paths
    if name == "keys":
        return _keys
    if name == "config":
        from tui.cli.config_check import run as check_config

        return check_config
    if name == "provision":
        from tui.cli.host.provision import run as provision

        return lambda _: provision()
    if name == "doctor":
        from tui.cli.incident.doctor import run as doctor

        return doctor
    if name == "probe":
        from tui.cli.incident.probe import run as probe

        return probe
    if name == "bundle":
        from tui.cli.incident.bundle import run as bundle

        return bundle
    if name == "replay":
        from tui.cli.incident.replay import run as replay

        return replay
    if name == "metrics":
        from tui.cli.host.metrics import run as metrics

        return metrics
    if name == "engine":
        from tui.cli.host.engine import run as engine

        return engine
    if name == "headset":
        from tui.cli.headset.near import run as headset

        return lambda options: headset(options, yimi)
    if name == "kiosk":
        from tui.cli.host.kiosk import run as kiosk

        return kiosk
    if name == "watch":
        from tui.cli.host.watch import run as watch

        return watch
    if name == "top":
        from tui.cli.host.top import run as top

        return top
    if name in SHELL:
        return _shell
    if name in AGENT:
        from tui.cli.agent.run import run as agent

        return agent
    from tui.cli.scripts import run_script

    return run_script


def _shell(options: Namespace) -> int:
    if options.command == "desktop":
        from tui.cli.shell.desktop import run

        return run(options)
    from tui.cli.grammar.parser import grammar
    from tui.cli.shell.described import described
    from tui.cli.shell.translated import translate

    parser = grammar(["man"])
    speak_as_the_system()
    translate(parser)
    if options.command == "man":
        from tui.cli.shell.manual import manual

        print(manual(described(parser)), end="")
    else:
        from tui.cli.shell.completions import completions

        print(completions(options.shell, described(parser)), end="")
    return OK


def _paths(_options: Namespace) -> int:
    from tui.config.layers import system_file
    from tui.config.paths import Paths

    paths = Paths.find()
    print(f"{'system':8} {system_file()}")
    for name in ("config", "state", "runtime", "data"):
        print(f"{name:8} {getattr(paths, name)}")
    print(f"{'log':8} {paths.log_file}")
    return OK


def _keys(options: Namespace) -> int:
    from tui.cli.opened import opened

    found = opened(options, prepare=False)
    if isinstance(found, int):
        return found
    from tui.cli.key_tester import run
    from tui.console.actions.own_actions import take

    return run(take(found.config))

"""The grammar of the command line, as argparse knows it."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tui import __version__
from tui.cli.grammar.command_parser import COMMAND, CommandParser
from tui.cli.grammar.commands import COMMANDS, WHO_STAYS
from tui.cli.grammar.work import COMMANDS as WORK
from tui.cli.grammar.work import options as work_options

_EPILOG: Final = """\
without a command the console opens: a running engine is attached, else you sign in.
commands speak to the engine that runs, for scripts. exit codes: 0 done, 1 refused (why: on
standard error), 2 not understood, 3 no engine runs, 4 several run (say which: --account).
"""
_APART: Final = (
    *("paths", "sandbox", "keys", "top", "watch", "config", "replay", "kiosk", "headset"),
    "provision",
)
"""The commands that ask no engine of this user's, or look for it by themselves."""
_WITH_PROFILE: Final = ("doctor", "engine", "probe")
"""The commands that take a sign-in of the config behind them, too."""


def grammar(given: Sequence[str]) -> ArgumentParser:
    """The whole grammar; without the agent's commands where `given` names no command at all, as for
    the first frame."""
    parser = CommandParser(
        prog="yimi",
        description="A call-centre agent's phone in a terminal.",
        epilog=_EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"yimi {__version__}")
    parser.add_argument("--sandbox", action="store_true", help="try it on a platform in a box")
    parser.add_argument(
        "--plain", action="store_true", help="in lines of text, for who does not see the screen"
    )
    profile = "a sign-in of the config"
    generation = "of the sandbox's platform (2 if not said)"
    parser.add_argument("--generation", type=int, choices=(1, 2), default=2, help=generation)
    parser.add_argument("--profile", default="", metavar="NAME", help=profile)
    parser.add_argument("--config", type=Path, metavar="FILE", help="in place of config.toml")
    account = "the extension, where several engines run"
    parser.add_argument("--account", default="", metavar="EXTENSION", help=account)
    commands = parser.add_subparsers(dest="command", metavar=COMMAND)
    named = any(not each.startswith("--") or each == "--help" for each in given)
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        if name in _APART:
            _apart(name, command, named=named)
            continue
        # SUPPRESS: not given here, the one before the command stays.
        command.add_argument("--account", metavar="EXTENSION", default=SUPPRESS, help=account)
        if name in _WITH_PROFILE:
            command.add_argument("--profile", metavar="NAME", default=SUPPRESS, help=profile)
        _of_an_engine(name, command)
    if named:
        from tui.cli.grammar.agent import add_commands  # the first frame needs none of them

        add_commands(commands)
    return parser


def _apart(name: str, command: ArgumentParser, *, named: bool) -> None:
    """What a command takes that asks no engine of this user's; where no command is `named`, but for
    what is long in coming."""
    match name:
        case "top":
            command.add_argument("--once", action="store_true", help="one look, then end")
            command.add_argument("--json", action="store_true", help="one line of JSON, then end")
        case "watch":
            command.add_argument("name", metavar="EXTENSION", help="the agent's extension")
        case "replay":
            command.add_argument("file", type=Path, metavar="FILE", help="a bundle")
        case "kiosk":
            command.add_argument("what", nargs="?", choices=("pin",), metavar="pin")
            lines = "in lines of text, for who does not see the screen"
            command.add_argument("--plain", action="store_true", default=SUPPRESS, help=lines)
        case "headset" if named:
            from tui.cli.headset.options import options  # the first frame needs none of them

            options(command)
        case "config":
            command.add_argument("what", choices=("check",), metavar="check")


def _of_an_engine(name: str, command: ArgumentParser) -> None:
    """What a command takes that is about the engine of an account."""
    match name:
        case "status" | "doctor":
            command.add_argument("--json", action="store_true", help="one line of JSON")
        case "engine":
            command.add_argument(
                "--group", default="", metavar="GROUP", help="its name or gid (else the only)"
            )
        case "probe":
            _probe_options(command)
        case "bundle":
            command.add_argument(
                "file", nargs="?", type=Path, metavar="FILE", help="else bundle-DATE.zip here"
            )
            command.add_argument("--json", action="store_true", help="one line of JSON")
        case "metrics":
            command.add_argument(
                "--output", type=Path, metavar="FILE", help="into a file, whole or not at all"
            )
        case _ if name in WORK:
            work_options(name, command)
        case "dial":
            command.add_argument("number", metavar="NUMBER")
        case "hangup":
            who = command.add_mutually_exclusive_group()
            for way, meaning in WHO_STAYS.items():
                who.add_argument(
                    f"--{way}", dest="who", action="store_const", const=way, help=meaning
                )
        case "mute":
            command.add_argument("switch", nargs="?", choices=("on", "off"), default="on")


def _probe_options(command: ArgumentParser) -> None:
    command.add_argument("--gid", default="", metavar="GROUP", help="the group (else the first)")
    until = command.add_mutually_exclusive_group()
    until.add_argument(
        "--seconds", type=_seconds, default=60.0, metavar="N", help="how long (60 if not said)"
    )
    until.add_argument(
        "--call", action="store_true", help="through one call, which is answered by itself"
    )
    command.add_argument(
        "--output", type=Path, metavar="FILE", help="where to (else probe-DATE.jsonl here)"
    )


def _seconds(text: str) -> float:
    """From one second to a day."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 86400:
        from tui.cli.exits import speak_as_the_system
        from tui.console.i18n import tr

        speak_as_the_system()
        raise ArgumentTypeError(tr("usage.wrong.seconds"))
    return seconds

"""The command line: `yimi`.

Nothing heavy is imported up here: the first frame waits for it. Exit codes: `tui.cli.exits`.
"""

from __future__ import annotations

import os
import sys
from argparse import (
    SUPPRESS,
    ArgumentParser,
    ArgumentTypeError,
    Namespace,
    RawDescriptionHelpFormatter,
)
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui import __version__
from tui.cli import interrupts
from tui.cli.command_parser import COMMAND, CommandNotUnderstood, CommandParser
from tui.cli.exits import (
    OK,
    REFUSED,
    USAGE,
    complain,
    complain_config,
    speak,
    speak_as_the_system,
    steady_streams,
    written,
)
from tui.cli.work_options import COMMANDS as WORK
from tui.cli.work_options import options as work_options

if TYPE_CHECKING:
    from tui.config.schema import Config
    from tui.console.sign_in_defaults import SignInPrefill
    from tui.launcher.plain_front import PlainFront
    from tui.launcher.supervisor import Supervisor

_EPILOG = """\
without a command the console opens: a running engine is attached, else you sign in.
commands speak to the engine that runs, for scripts. exit codes: 0 done, 1 refused (why: on
standard error), 2 not understood, 3 no engine runs, 4 several run (say which: --account).
"""
COMMANDS = {
    "status": "who is signed in, the seat, the call",
    "events": "what happens, as JSON lines, until the engine ends",
    "dial": "call an extension or an outside line",
    "answer": "answer the call that rings",
    "hangup": "hang up, or decline the call that rings",
    "hold": "put the call on hold",
    "resume": "take the call off hold",
    "mute": "cut the microphone (on, the default) or open it again (off)",
    "idle": "ready for calls",
    "busy": "no calls",
    **WORK,
    "signout": "sign out and end the engine",
    "engine": "an engine in the foreground, for a service manager",
    "doctor": "the check before the shift: line, account, sound, disk",
    "probe": "sign in, listen, and write down what the platform says, masked",
    "bundle": "one file with the last hour, masked, for whoever helps",
    "replay": "the console as it was, from a bundle, forwards and back",
    "metrics": "figures of every engine on this machine, as OpenMetrics text",
    "top": "every engine on this machine: state, call, sound, memory, processor",
    "watch": "look at another user's desk, where the config there permits it",
    "paths": "where files live",
    "config": "check the config: every mistake at once, with its line",
    "headset": "yimi on another machine, with the headset of this one, through ssh",
    "provision": "fetch the administrator's settings now",
    "kiosk": "a desk for whoever comes, without a way out; kiosk pin makes its PIN",
    "keys": "which key does what, and what this terminal really sends",
    "sandbox": "a call platform in a box, alone (yimi sandbox --help)",
}
_APART: Final = (
    *("paths", "sandbox", "keys", "top", "watch", "config", "replay", "kiosk", "headset"),
    "provision",
)
"""The commands that ask no engine of this user's, or look for it by themselves."""
AGENT: Final = (
    *("signin", "group", "transfer", "threeway", "drop", "end-for-all", "tones"),
    *("pickup", "park", "fetch", "voicemail"),
    *("note", "outcome", "next", "history", "members"),
)
"""The commands of `tui.cli.agent`."""
SHELL: Final = ("desktop", "completions", "man")
"""The commands of `tui.cli.shell`."""
WHO_STAYS: Final = {
    "all": "in a three-way call: end it for all",
    "drop": "in a three-way call: take the third party out, and stay",
    "leave": "in a three-way call: leave the other two talking",
}
"""What `yimi hangup` takes where three are in the call."""


_OWN: Final = frozenset(
    ("paths", "sandbox", "keys", "top", "watch", "config", "replay", "kiosk", "provision")
)
"""Commands that are no agent's: they take no account."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    steady_streams()
    given = list(sys.argv[1:] if argv is None else argv)
    return written(lambda: _run(given))


def _run(given: list[str]) -> int:
    from tui.config.paths import settle

    settle()
    if given[:1] == ["sandbox"]:
        from tui.sandbox.main import run

        try:
            return run(given[1:], CommandParser)
        except CommandNotUnderstood as error:
            return _not_understood(error, given)
    parser = _parser(given)
    if not {"-h", "--help"}.isdisjoint(given):
        _translate(parser)
    try:
        options = parser.parse_args(given)
    except CommandNotUnderstood as error:
        return _not_understood(error, given)
    if not options.command:
        return _screen(options)
    command = _command(options.command)
    interrupts.hear()
    return command(options)


def _not_understood(error: CommandNotUnderstood, given: list[str]) -> int:
    """Say why, as it is wanted, and what to do; the exit code."""
    from tui.cli.agent.answers import unasked
    from tui.cli.grammar_errors import sentence

    speak_as_the_system()
    commands = (*COMMANDS, *AGENT, *SHELL)
    wanted = Namespace(json="--json" in given)
    return unasked(sentence(error, given, commands), USAGE, wanted)


def _command(name: str) -> Callable[[Namespace], int]:
    """What carries the command out. Only its own room is imported."""
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

        return lambda options: headset(options, main)
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


def _parser(given: Sequence[str]) -> ArgumentParser:
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
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        if name == "top":
            command.add_argument("--once", action="store_true", help="one look, then end")
            command.add_argument("--json", action="store_true", help="one line of JSON, then end")
        if name == "watch":
            command.add_argument("name", metavar="EXTENSION", help="the agent's extension")
        if name == "replay":
            command.add_argument("file", type=Path, metavar="FILE", help="a bundle")
        if name == "kiosk":
            command.add_argument("what", nargs="?", choices=("pin",), metavar="pin")
            lines = "in lines of text, for who does not see the screen"
            command.add_argument("--plain", action="store_true", default=SUPPRESS, help=lines)
        if name == "headset":
            _headset_options(command, given)
        if name == "config":
            command.add_argument("what", choices=("check",), metavar="check")
        if name in _APART:
            continue
        # SUPPRESS: not given here, the one before the command stays.
        command.add_argument("--account", metavar="EXTENSION", default=SUPPRESS, help=account)
        match name:
            case "status":
                command.add_argument("--json", action="store_true", help="one line of JSON")
            case "doctor":
                command.add_argument("--json", action="store_true", help="one line of JSON")
                command.add_argument("--profile", metavar="NAME", default=SUPPRESS, help=profile)
            case "engine":
                command.add_argument("--profile", metavar="NAME", default=SUPPRESS, help=profile)
                command.add_argument(
                    "--group", default="", metavar="GROUP", help="its name or gid (else the only)"
                )
            case "probe":
                _probe_options(command)
                command.add_argument("--profile", metavar="NAME", default=SUPPRESS, help=profile)
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
    if any(not each.startswith("--") or each == "--help" for each in given):
        from tui.cli.agent.grammar import add_commands  # the first frame needs none of them

        add_commands(commands)
    return parser


def _headset_options(command: ArgumentParser, given: Sequence[str]) -> None:
    if any(not each.startswith("--") or each == "--help" for each in given):
        from tui.cli.headset.options import options  # the first frame needs none of them

        options(command)


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
        from tui.console.i18n import tr

        speak_as_the_system()
        raise ArgumentTypeError(tr("usage.wrong.seconds"))
    return seconds


def _shell(options: Namespace) -> int:
    if options.command == "desktop":
        from tui.cli.shell.desktop import run

        return run(options)
    from tui.cli.shell.described import described

    parser = _parser(["man"])
    _translate(parser)
    if options.command == "man":
        from tui.cli.shell.manual import manual

        print(manual(described(parser)), end="")
    else:
        from tui.cli.shell.completions import completions

        print(completions(options.shell, described(parser)), end="")
    return OK


def _translate(parser: ArgumentParser) -> None:
    """Into the language of the system: the config's is not known yet."""
    from tui.cli.shell.translated import translate

    speak_as_the_system()
    translate(parser)


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


def _screen(options: Namespace) -> int:
    from tui.config.errors import ConfigError
    from tui.config.layers import system_file
    from tui.config.paths import Paths
    from tui.config.reader import load

    if not options.plain and not (sys.stdin.isatty() and sys.stdout.isatty()):
        from tui.console import i18n

        speak_as_the_system()
        return complain(i18n.tr("cli.no_terminal"), USAGE)
    if not options.plain and os.environ.get("TERM") == "dumb":
        from tui.console import i18n

        speak_as_the_system()
        return complain(i18n.tr("cli.dumb_terminal"), USAGE)
    config: Config
    try:
        paths = Paths.find().prepare()
        file = options.config if options.config is not None else paths.config_file
        if os.path.isfile(system_file()):
            from tui.cli.host.provision import fetch_first

            fetch_first()
        config = load(file, wanted=options.config is not None)
        if options.profile:
            config = config.with_profile(options.profile)
    except ConfigError as error:
        return complain_config(error)
    speak(config)
    if (config.keys or config.actions) and not options.plain and not _keys_are_right(config, file):
        return USAGE

    import asyncio

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
    from tui.console.i18n import render, tr

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


if __name__ == "__main__":
    sys.exit(main())

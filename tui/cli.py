"""The command line: `yimi`.

Nothing heavy is imported up here: the first frame waits for it. Exit codes: 0 done · 1 refused by
the platform or the engine, or something failed · 2 not understood · 3 no engine runs · 4 several
engines run and `--account` does not say which.
"""

from __future__ import annotations

import os
import sys
from argparse import SUPPRESS, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tui import __version__

if TYPE_CHECKING:
    from tui.config import Config, ConfigError

OK, REFUSED, USAGE, NO_ENGINE, SEVERAL = 0, 1, 2, 3, 4

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
    "signout": "sign out and end the engine",
    "doctor": "the check before the shift: line, account, sound, disk",
    "paths": "where files live",
    "keys": "which key does what, and what this terminal really sends",
    "sandbox": "a call platform in a box, alone (yimi sandbox --help)",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    if given[:1] == ["sandbox"]:
        from tui.sandbox.main import run

        return run(given[1:])
    options = _parser().parse_args(given)
    if options.command == "paths":
        return _paths()
    if options.command == "keys":
        return _keys(options)
    if options.command == "doctor":
        from tui.cli_doctor import run as doctor

        return doctor(options)
    if options.command:
        from tui.cli_scripts import run_script

        return run_script(options)
    return _screen(options)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="yimi",
        description="A call-centre agent's phone in a terminal.",
        epilog=_EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"yimi {__version__}")
    parser.add_argument("--sandbox", action="store_true", help="try it on a platform in a box")
    profile = "a sign-in of the config"
    generation = "of the sandbox's platform (2 if not said)"
    parser.add_argument("--generation", type=int, choices=(1, 2), default=2, help=generation)
    parser.add_argument("--profile", default="", metavar="NAME", help=profile)
    parser.add_argument("--config", type=Path, metavar="FILE", help="in place of config.toml")
    account = "the extension, where several engines run"
    parser.add_argument("--account", default="", metavar="EXTENSION", help=account)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        if name in ("paths", "sandbox", "keys"):
            continue
        # SUPPRESS: not given here, the one before the command stays.
        command.add_argument("--account", metavar="EXTENSION", default=SUPPRESS, help=account)
        match name:
            case "status":
                command.add_argument("--json", action="store_true", help="one line of JSON")
            case "doctor":
                command.add_argument("--json", action="store_true", help="one object of JSON")
                command.add_argument("--profile", metavar="NAME", default=SUPPRESS, help=profile)
            case "dial":
                command.add_argument("number", metavar="NUMBER")
            case "mute":
                command.add_argument("switch", nargs="?", choices=("on", "off"), default="on")
    return parser


def _paths() -> int:
    from tui.paths import Paths

    paths = Paths.find()
    for name in ("config", "state", "runtime", "data"):
        print(f"{name:8} {getattr(paths, name)}")
    print(f"{'log':8} {paths.log_file}")
    return OK


def _keys(options: Namespace) -> int:
    from tui.config import ConfigError, load
    from tui.paths import Paths

    try:
        config = load(options.config or Paths.find().config_file)
    except ConfigError as error:
        return complain_config(error)
    _speak(config)
    from tui.keytester import run

    return run(config.keys)


def _screen(options: Namespace) -> int:
    from tui.config import ConfigError, load
    from tui.paths import PathError, Paths

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return complain(
            "The console needs a terminal. For scripts: yimi status, yimi dial …", USAGE
        )
    config: Config
    try:
        paths = Paths.find().prepare()
        file = options.config if options.config is not None else paths.config_file
        if options.config is not None and not file.is_file():
            return complain(f"There is no config file {file}.", USAGE)
        config = load(file)
        if options.profile:
            config = config.with_profile(options.profile)
    except ConfigError as error:
        return complain_config(error)
    except PathError as error:
        return complain(str(error), USAGE)
    _speak(config)
    if config.keys and not _keys_are_right(config, file):
        return USAGE

    import asyncio

    from tui.engine.unavailable import EngineUnavailable
    from tui.log import setup
    from tui.supervisor import Options, Supervisor

    setup(paths.log_file)
    supervisor = Supervisor(
        Options(
            config_file=file,
            profile=options.profile,
            sandbox=options.sandbox,
            generation=options.generation,
            account=options.account,
        ),
        config,
        paths,
    )
    from tui.i18n import render, tr

    try:
        code = asyncio.run(supervisor.run())
    except EngineUnavailable as error:
        return complain(render(error.message), REFUSED)
    if supervisor.left_running:
        print(tr("cli.left_running"))
    return code


def complain_config(error: ConfigError) -> int:
    """Say what is wrong with the config, in the system's language: the config's is not known."""
    from tui import i18n

    i18n.set_language(i18n.from_locale(os.environ))
    return complain(i18n.config_sentence(error), USAGE)


def _speak(config: Config) -> None:
    """What is said from here on is in the language of the config, else of the system."""
    from tui import i18n

    i18n.set_language(config.ui.language or i18n.from_locale(os.environ))


def _keys_are_right(config: Config, file: Path) -> bool:
    from tui.i18n import render
    from tui.keymap import check

    wrong = check(config.keys)[1]
    for what in wrong:
        complain(f"{file.name}, [keys]: {render(what)}", USAGE)
    return not wrong


def complain(sentence: str, code: int) -> int:
    """Say it on standard error; the exit code."""
    print(f"yimi: {sentence}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())

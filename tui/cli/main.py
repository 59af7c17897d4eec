"""The command line: `yimi`.

Nothing heavy is imported up here: the first frame waits for it. Exit codes: `tui.cli.exits`.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence

from tui.cli import interrupts
from tui.cli.exits import USAGE, speak_as_the_system, steady_streams, written
from tui.cli.grammar.command_parser import CommandNotUnderstood, CommandParser
from tui.cli.grammar.parser import grammar


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
    parser = grammar(given)
    if not {"-h", "--help"}.isdisjoint(given):
        from tui.cli.shell.translated import translate

        speak_as_the_system()  # the config's language is not known yet
        translate(parser)
    try:
        options = parser.parse_args(given)
    except CommandNotUnderstood as error:
        return _not_understood(error, given)
    if not options.command:
        from tui.cli.console import run as console

        return console(options)
    from tui.cli.commands import command

    carry_out = command(options.command, main)
    interrupts.hear()
    return carry_out(options)


def _not_understood(error: CommandNotUnderstood, given: list[str]) -> int:
    """Say why, as it is wanted, and what to do; the exit code."""
    from tui.cli.agent.answers import unasked
    from tui.cli.grammar.commands import AGENT, COMMANDS, SHELL
    from tui.cli.grammar.errors import sentence

    speak_as_the_system()
    commands = (*COMMANDS, *AGENT, *SHELL)
    wanted = Namespace(json="--json" in given)
    return unasked(sentence(error, given, commands), USAGE, wanted)


if __name__ == "__main__":
    sys.exit(main())

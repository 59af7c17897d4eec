"""The parser of the command line: what it does not understand is for whoever asked to say."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any, Final, NoReturn

COMMAND: Final = "COMMAND"
"""The place of the command itself, as the grammar names it."""


class CommandNotUnderstood(Exception):
    """The command line says nothing that could be done (`tui.cli.grammar.errors` says why)."""

    def __init__(self, prog: str, why: str) -> None:
        """`prog` is whose grammar it was, such as "yimi dial"; `why` argparse's own sentence."""
        super().__init__(why)
        self.prog, self.why = prog, why


class CommandParser(ArgumentParser):
    """Raises CommandNotUnderstood where argparse would end the process."""

    def print_help(self, file: Any = None) -> None:
        """Write the help. What keeps it from being written is raised: argparse says nothing of
        it."""
        print(self.format_help(), end="", file=file or sys.stdout, flush=True)

    def error(self, message: str) -> NoReturn:
        """Called by argparse with its sentence about what cannot be understood."""
        raise CommandNotUnderstood(self.prog, message)

"""The parser as a tree of plain values: what completions and the manual page are made from."""

from __future__ import annotations

from argparse import (
    SUPPRESS,
    Action,
    ArgumentParser,
    _HelpAction,
    _SubParsersAction,
    _VersionAction,
)
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Option:
    """Something that can be typed: a flag with its spellings, or what stands by itself."""

    flags: tuple[str, ...]
    metavar: str
    """What stands behind the flag, or in the place; "" for a flag alone."""
    choices: tuple[str, ...]
    help: str
    optional: bool
    path: bool
    """It is a file."""


@dataclass(frozen=True, slots=True)
class CommandTree:
    """One command: what can be typed behind it."""

    name: str
    help: str
    options: tuple[Option, ...]
    commands: tuple[CommandTree, ...] = ()


def described(parser: ArgumentParser, name: str = "yimi", help: str = "") -> CommandTree:
    """The tree of a parser."""
    options: list[Option] = []
    commands: list[CommandTree] = []
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            helps = {each.dest: each.help or "" for each in action._choices_actions}
            for each, under in action.choices.items():
                commands.append(described(under, each, helps.get(each, "")))
        elif action.help != SUPPRESS:
            options.append(_option(action))
    return CommandTree(name, help or parser.description or "", tuple(options), tuple(commands))


def _option(action: Action) -> Option:
    takes = action.nargs != 0
    choices: Any = action.choices or ()
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    if takes and not metavar:
        metavar = "|".join(map(str, choices)) or action.dest.upper()
    if isinstance(action, _HelpAction | _VersionAction) or not takes:
        metavar = ""
    return Option(
        flags=tuple(action.option_strings),
        metavar=metavar,
        choices=tuple(map(str, choices)),
        help=action.help or "",
        optional=bool(action.option_strings) or action.nargs in ("?", "*"),
        path=getattr(action.type, "__name__", "") == "Path",
    )

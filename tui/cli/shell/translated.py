"""The parser's help in the language of the moment. The English words stand in the code, beside
what they are about; a catalogue has those of other languages, and a test holds both together."""

from __future__ import annotations

from argparse import (
    SUPPRESS,
    Action,
    ArgumentParser,
    RawDescriptionHelpFormatter,
    _SubParsersAction,
)
from collections.abc import Iterator
from typing import Any

from tui.console.i18n import tr

_EVERYWHERE = ("help", "account", "profile", "json")
"""Options that mean the same behind every command."""
_JSON = "one line of JSON"
Words = tuple[str, str]
"""A message id, and the English words."""


def words_of(parser: ArgumentParser) -> Iterator[Words]:
    """Everything that the help says, by id: `usage.COMMAND`, `usage.COMMAND.WHAT`."""
    yield "usage.yimi", parser.description or ""
    yield "usage.epilog", parser.epilog or ""
    for command, action in _actions(parser, "yimi"):
        if isinstance(action, _SubParsersAction):
            for each in action._choices_actions:
                yield f"usage.{each.dest}", each.help or ""
        elif action.help and action.help != SUPPRESS:
            yield _id(command, action), action.help


def translate(parser: ArgumentParser) -> None:
    """Put the words of the language in the place of the English ones, as far as it has them."""
    parser.description = _said("usage.yimi", parser.description)
    parser.epilog = _said("usage.epilog", parser.epilog)
    for command, action in _actions(parser, "yimi"):
        if isinstance(action, _SubParsersAction):
            for each in action._choices_actions:
                each.help = _said(f"usage.{each.dest}", each.help)
            for name, under in action.choices.items():
                under.description = _said(f"usage.{name}", under.description)
        elif action.help and action.help != SUPPRESS:
            action.help = _said(_id(command, action), action.help)
    for one in _parsers(parser):
        one._positionals.title, one._optionals.title = tr("usage.places"), tr("usage.options")
        one.formatter_class = _Formatter


def _id(command: str, action: Action) -> str:
    name = action.option_strings[-1].lstrip("-") if action.option_strings else action.dest
    if name in _EVERYWHERE and (name != "json" or action.help == _JSON):
        command = "any"
    return f"usage.{command}.{name}"


def _said(id: str, english: str | None) -> str:
    found = tr(id)
    return (english or "") if found == id else found


def _actions(parser: ArgumentParser, name: str) -> Iterator[tuple[str, Action]]:
    for action in parser._actions:
        yield name, action
        if isinstance(action, _SubParsersAction):
            for each, under in action.choices.items():
                yield from _actions(under, each)


def _parsers(parser: ArgumentParser) -> Iterator[ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            for under in action.choices.values():
                yield from _parsers(under)


class _Formatter(RawDescriptionHelpFormatter):
    """With our word for "usage:"."""

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, prefix or tr("usage.usage") + " ")

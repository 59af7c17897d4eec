"""What was typed behind `yimi` and is no command of it: argparse's reasons, in the language of the
system, with what to do.

argparse says them in English sentences alone. They are read back here by their form; one that a
newer Python forms otherwise is shown as it is, behind our own words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from tui.cli.grammar.command_parser import COMMAND, CommandNotUnderstood
from tui.port.values import Message, message
from tui.text import clean_text

_Groups = Mapping[str, str]


def sentence(error: CommandNotUnderstood, given: Sequence[str], commands: Sequence[str]) -> Message:
    """Why, and what to do. What is left over is said by the outermost grammar, though it stood
    behind one of the `commands`."""
    said = next((each for each in given if each in commands), "")
    whose = error.prog if " " in error.prog else f"{error.prog} {said}".rstrip()
    for form, say in _FORMS:
        if found := form.fullmatch(error.why):
            values = {name: clean_text(each) for name, each in found.groupdict("").items()}
            return say(values, f"{whose} --help")
    return message("usage.wrong.other", why=clean_text(error.why), help=f"{whose} --help")


def _plain(id: str) -> Callable[[_Groups, str], Message]:
    return lambda values, help: message(id, **values, help=help)


def _choice(values: _Groups, help: str) -> Message:
    """A word that is none of those that can stand there."""
    choices = [each.strip("'\"") for each in values["choices"].split(", ")]
    value = values["value"].strip("'\"")
    like = get_close_matches(value, choices, 1)
    if values["what"] != COMMAND:
        some = ", ".join(choices)
        return message("usage.wrong.choice", value=value, choices=some, help=help)
    everything = f"{help.split()[0]} --help"
    if like:
        return message("usage.wrong.command_like", value=value, like=like[0], help=everything)
    return message("usage.wrong.command", value=value, help=everything)


def _number(values: _Groups, help: str) -> Message:
    value = values["value"].strip("'\"")
    return message("usage.wrong.number", what=values["what"], value=value, help=help)


_ARGUMENT: Final = r"argument (?P<what>\S+): "
_FORMS: Final = tuple(
    (re.compile(form, re.DOTALL), say)
    for form, say in (
        (r"the following arguments are required: (?P<what>.+)", _plain("usage.wrong.missing")),
        (r"unrecognized arguments: (?P<what>.+)", _plain("usage.wrong.left_over")),
        (
            _ARGUMENT + r"invalid choice: (?P<value>.*) \(choose from (?P<choices>.+)\)",
            _choice,
        ),
        (_ARGUMENT + r"invalid \S+ value: (?P<value>.*)", _number),
        (_ARGUMENT + r"expected .+ arguments?", _plain("usage.wrong.bare")),
        (
            _ARGUMENT + r"not allowed with argument (?P<other>\S+)",
            _plain("usage.wrong.together"),
        ),
        (
            _ARGUMENT + r"ignored explicit argument '?(?P<value>.*?)'?",
            _plain("usage.wrong.no_value"),
        ),
        (
            r"ambiguous option: (?P<what>\S+) could match (?P<several>.+)",
            _plain("usage.wrong.several"),
        ),
        (_ARGUMENT + r"(?P<why>.+)", _plain("usage.wrong.argument")),
    )
)
"""argparse's sentences (Python 3.11 to 3.14) and ours; the last is of a check of our own, which
speaks for itself."""

"""What the commands about an agent's work take. Nothing heavy is imported here: `main` needs it."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Final

COMMANDS: Final = {
    "break": "busy for a break that the config names",
    "callbacks": "whom to call back; or read in a CSV of numbers",
    "callback": "plan a call-back; or dial or close one of the list by its id",
    "shift": "the figures of today by group, outcome and break",
}


def from_one(text: str) -> int:
    """A whole number that counts from 1."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        from tui.cli.exits import speak_as_the_system
        from tui.console.i18n import tr

        speak_as_the_system()
        raise ArgumentTypeError(tr("usage.wrong.from_one"))
    return number


def options(name: str, command: ArgumentParser) -> None:
    """What the command of that name takes."""
    match name:
        case "break":
            command.add_argument("name", metavar="NAME")
        case "callbacks":
            command.add_argument("what", nargs="?", choices=("list", "import"), default="list")
            command.add_argument("file", nargs="?", metavar="FILE", help="with import")
            command.add_argument("--json", action="store_true", help="one line of JSON for each")
        case "callback":
            command.add_argument("number", metavar="NUMBER|dial|close")
            command.add_argument(
                "when", nargs="*", default=[], metavar="WHEN|ID", help="+30, tomorrow 10 …"
            )
        case "shift":
            form = command.add_mutually_exclusive_group()
            form.add_argument("--csv", action="store_true", help="as CSV")
            form.add_argument("--json", action="store_true", help="one object of JSON")
            command.add_argument("--days", type=from_one, default=1, metavar="N", help="1 is today")
            command.add_argument("--output", type=Path, metavar="FILE", help="where to")
            command.add_argument("--bom", action="store_true", help="a byte-order mark, for Excel")
            command.add_argument("--force", action="store_true", help="over a file that is there")

"""The grammar of `yimi headset`."""

from __future__ import annotations

from argparse import REMAINDER, SUPPRESS, ArgumentParser
from pathlib import Path


def options(command: ArgumentParser) -> None:
    """The grammar of the command."""
    command.add_argument("--ssh", default="ssh", metavar="COMMAND", help="ssh, with its options")
    command.add_argument(
        "--yimi", default="yimi", metavar="COMMAND", help="what starts yimi at the other end"
    )
    command.add_argument(
        "--status",
        action="store_true",
        help="what the headsets of this computer do now: a line of JSON each",
    )
    command.add_argument("--prepare", action="store_true", help=SUPPRESS)
    command.add_argument("--there", type=Path, metavar="DIR", help=SUPPRESS)
    command.add_argument(
        "where", nargs="?", default="", metavar="[USER@]HOST", help="where yimi is to run"
    )
    command.add_argument(
        "arguments", nargs=REMAINDER, metavar="ARGUMENT", help="what yimi is given there"
    )

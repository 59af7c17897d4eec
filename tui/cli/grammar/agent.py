"""What can be typed behind the agent's commands."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser
from typing import Any, Final

from tui.cli.grammar.work import from_one

COMMANDS: Final = {
    "signin": "sign in without a screen, and start the engine; the password from standard input",
    "group": "the agent's groups; with a name, sign in to one",
    "transfer": "hand the call to an agent, or at a PBX to anybody",
    "threeway": "bring an agent, a group or an outside number into the call",
    "drop": "take the third party out of the call, or stop calling it",
    "end-for-all": "end a three-way call for everybody",
    "tones": "send tones in the call: 0-9 * # A-D, and , for a pause",
    "pickup": "take what rings at a colleague, where a PBX tells of them",
    "park": "have the call wait in a slot of the PBX, until somebody fetches it",
    "fetch": "take a parked call: of that slot, or the one parked here last",
    "voicemail": "call the mailbox, and hear what waits there",
    "note": "the note of the call or its write-up: read it, or write it",
    "outcome": "the outcome of the write-up: what can be chosen, or choose",
    "next": "the status after this call: busy or idle",
    "history": "calls that were, newest first",
    "members": "the members of a group, with their states",
}
"""In the order of the help."""
SHELL: Final = {
    "desktop": "open tel:, sip: and callto: links with yimi, or no longer",
    "completions": "what a shell needs to complete commands and options",
    "man": "the manual page, for man -l -",
}
"""What `tui.cli.shell` does."""
JSON_TOO: Final = (
    *("dial", "answer", "hangup", "hold", "resume", "mute", "idle", "busy", "signout"),
    *("break", "callback"),
)
"""Commands from elsewhere whose answer can be had as JSON as well."""


def add_commands(commands: Any) -> None:
    """Put them behind those that are there; `commands` are argparse's subparsers."""
    account = "the extension, where several engines run"
    for name, text in COMMANDS.items():
        command: ArgumentParser = commands.add_parser(name, help=text, description=text)
        command.add_argument("--account", metavar="EXTENSION", default=SUPPRESS, help=account)
        _arguments(name, command)
    for name, text in SHELL.items():
        command = commands.add_parser(name, help=text, description=text)
        if name == "completions":
            _one_of(command, "shell", ("bash", "zsh", "fish"), "which shell")
        elif name == "desktop":
            _one_of(command, "what", ("install", "remove"), "put it in, or away")
            command.add_argument(
                "--default", action="store_true", help="have it open the links from now on"
            )
    for name in (*COMMANDS, *JSON_TOO):
        commands.choices[name].add_argument("--json", action="store_true", help="one line of JSON")
    commands.choices["dial"].add_argument(
        "--ask", action="store_true", help="ask at the console first, as tel: and its kin do"
    )


def _arguments(name: str, command: ArgumentParser) -> None:
    match name:
        case "signin":
            _sign_in(command)
        case "group":
            command.add_argument("group", nargs="?", metavar="GROUP", help="its name or its gid")
        case "transfer":
            command.add_argument("to", metavar="NUMBER", help="the extension, or a name")
            command.add_argument("--gid", default="", metavar="GID", help="the agent's group")
        case "threeway":
            command.add_argument("to", metavar="NUMBER", help="an extension, a number, or a name")
            command.add_argument("--group", action="store_true", help="it is a group")
        case "pickup":
            command.add_argument(
                "number", nargs="?", default="", metavar="NUMBER", help="whose phone rings"
            )
        case "park" | "fetch":
            command.add_argument(
                "slot", nargs="?", default="", metavar="SLOT", help="which place to wait in"
            )
        case "tones":
            command.add_argument("digits", metavar="TONES", help="such as 12#")
        case "note":
            command.add_argument("text", nargs="?", metavar="TEXT", help="- for standard input")
            command.add_argument("--add", action="store_true", help="behind what stands there")
        case "outcome":
            command.add_argument("outcome", nargs="?", metavar="OUTCOME", help="name or number")
        case "next":
            _one_of(command, "status", ("busy", "idle"), "what follows")
        case "history":
            command.add_argument("text", nargs="?", default="", metavar="TEXT", help="what to find")
            page = "of fifty calls (1 if not said)"
            command.add_argument("--page", type=from_one, default=1, metavar="N", help=page)
        case "members":
            command.add_argument(
                "group", nargs="?", default="", metavar="GROUP", help="its name or its gid"
            )


def _one_of(command: ArgumentParser, name: str, choices: tuple[str, ...], help: str) -> None:
    """One word of several, named by them where it is missing."""
    command.add_argument(name, choices=choices, metavar="|".join(choices), help=help)


def _sign_in(command: ArgumentParser) -> None:
    command.add_argument(
        "--profile", metavar="NAME", default=SUPPRESS, help="a sign-in of the config"
    )
    command.add_argument("--un", default="", metavar="EXTENSION", help="in place of the profile's")
    command.add_argument(
        "--switchnumber", default="", metavar="NUMBER", help="in place of the profile's"
    )
    command.add_argument("--backend", default="", metavar="URL", help="in place of the profile's")
    command.add_argument(
        "--kind", choices=("platform2", "platform1", "sip"), help="in place of the profile's"
    )
    command.add_argument("--group", default="", metavar="GROUP", help="its name or gid, 0 for none")
    command.add_argument("--keyring", action="store_true", help="the password from the keyring")

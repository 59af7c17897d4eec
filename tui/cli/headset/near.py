"""`yimi headset [USER@]HOST`: yimi there, with the headset of the computer one sits at.

This computer's devices are opened by a process of its own, which listens on a socket that only this
user can reach. ssh logs in as it always does; a directory is made at the far end (`--prepare`), a
socket in it led to ours, and yimi started there with its address and this login's secret in its
environment (`--there`). The secret crosses inside the connection, and stands on no command line.
"""

from __future__ import annotations

import json
import shlex
import shutil
import signal
import subprocess
import sys
import termios
from argparse import Namespace
from contextlib import ExitStack, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import tui
from tui.cli.exits import NO_ENGINE, OK, REFUSED, USAGE, complain
from tui.cli.opened import opened
from tui.config.paths import Paths
from tui.console.i18n import render, tr
from tui.headset_wire import VERSION
from tui.launcher.headset.near_sound import NearSound
from tui.launcher.headset.socket_folder import all_of, make, sweep
from tui.launcher.headset.ssh_login import LOST, SshLogin
from tui.launcher.last_moment import end_by_itself
from tui.launcher.terminal import KEEP, give_back
from tui.port.values import Message, message
from tui.port.wire.sockets import answers

if TYPE_CHECKING:
    from tui.cli.headset.there import Yimi
from tui.secrets import Secret
from tui.text import clean_text

_NO_COMMAND: Final = 127
_SOCKET: Final = "s"
_PREFIX: Final = "yimi-near-"


def _status(paths: Paths) -> int:
    """For a lamp in somebody's status bar."""
    found = NO_ENGINE
    for folder in all_of(paths.runtime, _PREFIX):
        if not answers(folder / _SOCKET):
            continue
        with suppress(OSError):
            print((folder / "state").read_text("utf-8").strip())
            found = OK
    return found if found == OK else complain(tr("headset.none"), NO_ENGINE)


class _Refused(Exception):
    def __init__(self, message: Message) -> None:
        super().__init__(message.id)
        self.message = message


def run(options: Namespace, yimi: Yimi) -> int:
    """Log in, and stay until yimi there is left; its exit code, or why it did not come to that. At
    the far end, where this is asked of us, `yimi` runs it."""
    if options.prepare or options.there is not None:
        from tui.cli.headset.there import run as at_the_far_end

        return at_the_far_end(options, yimi)
    if options.status:
        return _status(Paths.find())
    found = opened(options)
    if isinstance(found, int):
        return found
    if not options.where or options.where.startswith("-"):
        return complain(tr("headset.where"), USAGE)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return complain(tr("headset.no_terminal"), USAGE)
    try:
        command = shlex.split(options.ssh)
    except ValueError as error:
        return complain(tr("headset.bad_ssh", why=error), USAGE)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        with ExitStack() as ending:
            return _login(options, command or [""], found.paths, found.file, ending)
    except _Refused as refused:
        return complain(render(refused.message), REFUSED)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _leave(number: int, frame: FrameType | None) -> None:
    end_by_itself(128 + number)  # what is raised in here may be lost in a finalizer
    sys.exit(128 + number)


def _login(
    options: Namespace, command: list[str], paths: Paths, file: Path, ending: ExitStack
) -> int:
    sweep(paths.runtime, _PREFIX, _SOCKET)
    try:
        folder = make(paths.runtime, _PREFIX)
    except OSError as error:
        raise _Refused(message("headset.no_sound", why=error.strerror or "?")) from None
    ending.callback(shutil.rmtree, folder, ignore_errors=True)
    secret = _fresh_secret()
    try:
        sound = NearSound(file, folder / _SOCKET, secret)
    except OSError as error:
        raise _Refused(message("headset.no_sound", why=error.strerror or "?")) from None
    ending.callback(sound.close)
    ssh = SshLogin(command, options.where, folder / "c")
    ending.callback(ssh.close)
    try:
        if (failed := ssh.open()) is not None:
            # ssh has said why, unless its config keeps it quiet.
            raise _Refused(message("headset.no_login", host=options.where, code=failed))
        if not sound.ready():
            why = sound.last.get("failed", {}).get("why", "headset.log")
            raise _Refused(message("headset.no_sound", why=clean_text(str(why))))
        there = _prepared(ssh, options, secret)
        if (why := ssh.forward(f"{there}/{_SOCKET}", folder / _SOCKET)) is not None:
            raise _Refused(message("headset.no_forward", why=clean_text(why)))
        _warn(sound)
        line = shlex.join(["headset", "--there", there, ".", *options.arguments])
        code = _run(ssh, f"{options.yimi} {line}")
    except (subprocess.TimeoutExpired, TimeoutError):
        raise _Refused(message("headset.silent", host=options.where)) from None
    except OSError as error:
        raise _Refused(message("headset.no_ssh", why=error.strerror or "?")) from None
    if code == LOST:
        return complain(tr("headset.lost", host=options.where, line=_again()), REFUSED)
    return code if code >= 0 else 128 - code


def _run(ssh: SshLogin, line: str) -> int:
    """The session. Where it does not end by itself yimi there cannot take back any more what it had
    set on this terminal, nor ssh what it had."""
    modes = termios.tcgetattr(0)
    print(KEEP, end="", flush=True)
    try:
        code = ssh.run(line)
    except BaseException:
        give_back(modes)
        raise
    if code == LOST or code < 0:
        give_back(modes)
    return code


def _fresh_secret() -> Secret:
    import secrets

    return Secret(secrets.token_hex(32))


def _prepared(ssh: SshLogin, options: Namespace, secret: Secret) -> str:
    """The far end's directory, when it can serve us."""
    done = ssh.ask(f"{options.yimi} headset --prepare", secret.reveal() + "\n")
    if done.returncode == _NO_COMMAND:
        raise _Refused(message("headset.no_yimi", host=options.where, command=options.yimi))
    said = _told(done.stdout)
    if said is None:
        silent = render(message("headset.nothing_said", code=done.returncode))
        words = (_last_line(done.stderr) or _last_line(done.stdout) or silent)[:200]
        if done.returncode == USAGE:
            raise _Refused(message("headset.older", host=options.where, here=tui.__version__))
        raise _Refused(message("headset.not_prepared", host=options.where, why=words))
    if said.get("wire") != VERSION:
        theirs = clean_text(str(said.get("version", "?")))[:40]
        raise _Refused(message("headset.version", here=tui.__version__, there=theirs))
    return str(said["folder"])


def _told(output: str) -> dict[str, Any] | None:
    """What the far end told: one JSON object, wherever a login's greeting, a title that is set for
    a terminal or a prompt's last bytes left it room."""
    decoder, at = json.JSONDecoder(), len(output)
    while (at := output.rfind("{", 0, at)) >= 0:
        with suppress(ValueError, RecursionError):
            said, _ = decoder.raw_decode(output, at)
            if isinstance(said.get("folder"), str):
                found: dict[str, Any] = said
                return found
    return None


def _last_line(output: str) -> str:
    return clean_text(output.strip().rpartition("\n")[2]).strip()


def _warn(sound: NearSound) -> None:
    """What is wrong with the devices here is said before the screen covers it; it stops nothing."""
    state = sound.last.get("state", {})
    word = state.get("state", "ok")
    if word in ("no-portaudio", "device-lost", "failed") or (word == "no-device"):
        device = clean_text(str(state.get("device", "")))
        which = "nothing" if word == "no-device" and not device else word
        complain(render(message(f"check.sound.{which}", device=device)), OK)


def _again() -> str:
    return clean_text(shlex.join(["yimi", *sys.argv[1:]]))

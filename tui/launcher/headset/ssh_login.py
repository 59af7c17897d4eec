"""A login by the user's own `ssh`, with its config, keys and agent: one connection, over which a
question is asked, a socket forwarded, and a program run on the terminal.

One connection is shared by all (ssh's ControlMaster), with a control socket of our own, so that
whoever must type a password types it once. The socket is forwarded when the far end has made a
directory for it that nobody else can enter: ssh itself makes none.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from tui.launcher.headset.near_sound import ended

OPENING: Final = 300.0
"""Seconds to log in: somebody may be typing. sshd itself has less patience (LoginGraceTime)."""
ASKING: Final = 60.0
"""Seconds for an answer over the connection."""
LOST: Final = 255
"""ssh's exit code when the connection could not be made, or is gone."""
_LOOK_AGAIN: Final = 0.05
_NO_SESSION: Final = (
    *(
        ("forkafterauthentication", "ForkAfterAuthentication", "no"),
        ("stdinnull", "StdinNull", "no"),
    ),
    ("sessiontype", "SessionType", "default"),
)
"""What a user's config may say of a host that is only a tunnel to them, and what it must be for a
program on a terminal: as `ssh -G` tells it, as it is set. An older ssh tells nothing of these."""
_ALIVE: Final = ("5", "3")
"""Seconds between two questions whether the server is there, and how many may go unanswered, where
the user's config asks none: else a dead line would look like a still one for hours."""


class SshLogin:
    """`command` is ssh and its options; `control` where the control socket may be."""

    def __init__(self, command: Sequence[str], host: str, control: Path) -> None:
        self._command, self._host, self._control = list(command), host, control
        self._master: subprocess.Popen[bytes] | None = None
        self._session: list[str] = []

    def open(self) -> int | None:
        """Log in. None when that worked, else ssh's exit code: it has said why on the terminal, as
        far as its config lets it. Raises OSError when there is no ssh, TimeoutError."""
        found = self._config()
        plain = [f"{name}={to}" for told, name, to in _NO_SESSION if found.get(told, to) != to]
        self._session = _options(plain)
        options = self._options(found) + _options(p for p in plain if "SessionType" not in p)
        self._master = subprocess.Popen(  # noqa: S603 - the user's own ssh
            [*self._command, "-M", "-N", "-S", str(self._control), *options, self._host],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        limit = time.monotonic() + OPENING
        while not self._control.exists():
            if (code := self._master.poll()) is not None:
                return code
            if time.monotonic() > limit:
                raise TimeoutError
            time.sleep(_LOOK_AGAIN)
        return None

    def ask(self, line: str, given: str) -> subprocess.CompletedProcess[str]:
        """Run a command line there, with so much on its standard input. Raises
        subprocess.TimeoutExpired."""
        return _answer([*self._shared("-T"), self._host, line], given)

    def forward(self, far: str, near: Path) -> str | None:
        """Have what connects to the socket `far` there led to `near` here; why not, if not."""
        there = [*self._master_of("-O", "forward", "-R", f"{far}:{near}"), self._host]
        done = _answer(there)
        return None if done.returncode == 0 else done.stderr.strip() or str(done.returncode)

    def run(self, line: str) -> int:
        """Run a command line there on this terminal, until it ends; its exit code, or LOST."""
        return subprocess.call([*self._shared("-t"), self._host, line])  # noqa: S603

    def close(self) -> None:
        """End the connection."""
        master, self._master = self._master, None
        if master is None:
            return
        if master.poll() is None and self._control.exists():
            with suppress(subprocess.TimeoutExpired, OSError):
                subprocess.run(  # noqa: S603
                    [*self._master_of("-O", "exit"), self._host],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    timeout=2,
                    check=False,
                )
        ended(master, 2.0)

    def _shared(self, *options: str) -> list[str]:
        """What is run over the connection that is there, and never makes another. What the config
        forwards is forwarded once, by the connection itself."""
        return self._master_of("-o", "ClearAllForwardings=yes", *self._session, *options)

    def _master_of(self, *options: str) -> list[str]:
        alone = ("-o", "ControlMaster=no", "-o", "RemoteCommand=none")
        return [*self._command, "-S", str(self._control), *alone, *options]

    def _options(self, found: Mapping[str, str]) -> list[str]:
        """What the connection needs besides the user's config: that it is looked after, and that
        the sound travels as what is typed does, and not as a copy of files."""
        wanted = ["RemoteCommand=none", "ControlPersist=no"]
        if found.get("serveraliveinterval", "0") == "0":
            wanted += [f"ServerAliveInterval={_ALIVE[0]}", f"ServerAliveCountMax={_ALIVE[1]}"]
        if len(quality := found.get("ipqos", "").split()) == 2:
            wanted.append(f"IPQoS={quality[0]}")
        return _options(wanted)

    def _config(self) -> dict[str, str]:
        """ssh's settings for the host, as it says itself (`ssh -G`); {} when it does not."""
        try:
            said = _answer([*self._command, "-G", self._host]).stdout
        except (OSError, subprocess.TimeoutExpired):
            return {}
        lines = (line.partition(" ") for line in said.splitlines())
        return {name.lower(): value for name, _, value in lines}


def _options(wanted: Iterable[str]) -> list[str]:
    return [part for option in wanted for part in ("-o", option)]


def _answer(command: list[str], given: str = "") -> subprocess.CompletedProcess[str]:
    """What it says, with so much on its standard input. Raises OSError, TimeoutExpired."""
    return subprocess.run(  # noqa: S603
        command,
        input=given,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=ASKING,
        check=False,
    )

"""A real sshd of the tests' own, on loopback, as the user who runs them, with keys and configs made
for one test; and the line to it, which stalls and is cut (`StreamRelay`)."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e.pty_console import DIRECTORIES, PROJECT
from tests.headset.stream_relay import StreamRelay
from tests.interop.programs import free_port
from tests.waiting import until

SYSTEM = ":/usr/sbin:/sbin"
SEPARATION = Path("/run/sshd")
"""What sshd wants to be there when root starts it; a machine's own start makes it."""


def sshd_program() -> str:
    """Where it is; the test is skipped where it is not."""
    found = shutil.which("sshd", path=os.environ.get("PATH", "") + SYSTEM)
    if found is None or shutil.which("ssh") is None:
        pytest.skip("no sshd on this machine (Debian: openssh-server, which .ci/run installs)")
    return found


class Sshd:
    """`config` is what `ssh -F` takes; the host in it is called `desk`."""

    def __init__(self, folder: Path, relay: StreamRelay, port: int) -> None:
        self.folder, self.line, self.port = folder, relay, port
        self.config = folder / "ssh_config"
        self.log = folder / "sshd.log"
        self.process: subprocess.Popen[bytes] | None = None

    def prepare(self, program: str, extra: str) -> None:
        """Keys, configs, and the process."""
        for name in ("host", "key"):
            key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / name)]
            subprocess.run(key, check=True)
        shutil.copy(self.folder / "key.pub", self.folder / "authorized")
        host = (self.folder / "host.pub").read_text()
        (self.folder / "known").write_text(f"desk {host}")
        (self.folder / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.folder}/host\n"
            f"AuthorizedKeysFile {self.folder}/authorized\nPidFile none\nUsePAM no\n"
            "StrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            f"PermitRootLogin yes\nPrintMotd no\nPrintLastLog no\n{extra}"
        )
        self.config.write_text(
            f"Host desk\n HostName 127.0.0.1\n Port {self.line.port}\n HostKeyAlias desk\n"
            f" User {getpass.getuser()}\n IdentityFile {self.folder}/key\n IdentitiesOnly yes\n"
            f" UserKnownHostsFile {self.folder}/known\n GlobalKnownHostsFile none\n"
            " StrictHostKeyChecking yes\n BatchMode yes\n IdentityAgent none\n"
        )
        self.start(program)

    def start(self, program: str) -> None:
        command = [program, "-D", "-f", str(self.folder / "sshd_config"), "-E", str(self.log)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    async def listens(self) -> None:
        def so() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()
            return self.log.exists() and "listening" in self.log.read_text()

        await until(so)

    def ssh(self, *arguments: str) -> list[str]:
        return ["ssh", "-F", str(self.config), *arguments]

    @property
    def command(self) -> str:
        """For `--ssh`."""
        return f"ssh -F {self.config}"

    def yimi(self, folder: Path) -> str:
        """For `--yimi`: yimi at the far end, with directories of this test's."""
        own = " ".join(f"YIMI_{name.upper()}_DIR={folder / name}" for name in DIRECTORIES)
        where = f"PYTHONPATH={PROJECT} LANG=C.UTF-8 TERM=xterm-256color"
        return f"env {own} {where} {sys.executable} -m tui.cli.main"

    def end(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)


@asynccontextmanager
async def serving(folder: Path, *, delay: float = 0.0, extra: str = "") -> AsyncIterator[Sshd]:
    """An sshd, and the line to it."""
    program = sshd_program()
    if os.geteuid() == 0:
        SEPARATION.mkdir(mode=0o755, exist_ok=True)  # and stays: other workers' sshds need it too
    folder.mkdir(mode=0o700, exist_ok=True)
    port = free_port()
    async with StreamRelay(("127.0.0.1", port), delay=delay) as line:
        sshd = Sshd(folder, line, port)
        try:
            sshd.prepare(program, extra)
            await sshd.listens()
            yield sshd
        finally:
            sshd.end()

"""PulseAudio carried by a real ssh and sshd, as docs/guide.md writes it: a socket forwarded by
`-R`, which the user alone can reach; over a line that stalls, is cut, and is there again.

Needs the packages openssh-server, pulseaudio, libportaudio2 and libasound2-plugins.
"""

from __future__ import annotations

import asyncio
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e.sshd import Sshd, serving
from tests.interop.sound_tunnel import Console, Far
from tests.waiting import until


@pytest.fixture
def room() -> Iterator[Path]:
    """Of our own, for sockets have short paths."""
    made = Path(tempfile.mkdtemp(prefix="yp"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@asynccontextmanager
async def login(sshd: Sshd, there: Path, here: Path) -> AsyncIterator[None]:
    """The line of docs/guide.md, but for what it runs."""
    command = sshd.ssh("-tt", "-R", f"{there}:{here}", "desk", "sleep 600")
    nothing = asyncio.subprocess.DEVNULL
    ssh = await asyncio.create_subprocess_exec(
        *command, stdin=nothing, stdout=nothing, stderr=nothing
    )
    try:
        await until(there.exists, what="the forwarded socket")
        yield
    finally:
        if ssh.returncode is None:
            ssh.terminate()
        await ssh.wait()
        there.unlink(missing_ok=True)


async def test_pulseaudio_goes_through_a_real_sshd(room: Path) -> None:
    (room / "here").mkdir()
    far, console = Far(room, "far"), Console(room / "here")

    async def ask(what: str) -> dict[str, object]:
        return await asyncio.to_thread(console, what)

    try:
        async with serving(room / "ssh", delay=0.01) as sshd:
            async with login(sshd, room / "S", far.socket):
                mode = (room / "S").stat().st_mode
                assert stat.S_ISSOCK(mode)
                assert mode & 0o077 == 0, "sshd makes it for the user alone"
                used = await ask(f"use unix:{room}/S")
                assert (used["ok"], used["id"]) == (True, "pulse.ok")
                heard = await ask("hear 20")
                assert float(str(heard["tone"])) > 0.1
                sshd.line.stall(True)
                assert (await ask("silence 30 server-gone"))["state"] == "server-gone"
                sshd.line.stall(False)
                assert float(str((await ask("hear 30"))["tone"])) > 0.1
                sshd.line.cut()
            assert (await ask("silence 30 server-gone"))["state"] == "server-gone"
            async with login(sshd, room / "again", far.socket):
                assert (await ask(f"use unix:{room}/again"))["ok"] is True
                assert float(str((await ask("hear 20"))["tone"])) > 0.1
    finally:
        await asyncio.to_thread(console.end)
        far.end()

"""`yimi headset` through a real sshd: a call whose voice is this computer's, over a line that
stalls and is cut; and what is said where it cannot be."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import wave
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest

from tests.e2e.box import AGENT_TONE, Box
from tests.e2e.pty_console import (
    PROJECT,
    PtyConsole,
    end_engines,
    environment,
    processes_with,
)
from tests.e2e.sshd import Sshd, serving
from tests.interop.programs import free_port
from tests.waiting import until
from tui.media.pcm.levels import rms

F5, F7, F8, ENTER = b"\x1b[15~", b"\x1b[18~", b"\x1b[19~", b"\r"


class Home:
    """The computer one sits at, and the machine with the desk behind an sshd."""

    def __init__(self, box: Box, sshd: Sshd, folder: Path) -> None:
        self.box, self.sshd = box, sshd
        self.near, self.far = folder / "near", folder / "far"
        self.heard = folder / "heard.wav"
        self.consoles: list[PtyConsole] = []
        for place, audio in (
            (self.near, f'input = "tone:{AGENT_TONE}"\noutput = "file:{self.heard}"'),
            (self.far, 'input = "none"\noutput = "none"'),
        ):
            (place / "config").mkdir(parents=True)
            (place / "config" / "config.toml").write_text(
                f"[audio]\n{audio}\n"
                f'[profiles.box]\nun = "1001"\nbackend = "{box.http}"\n'
                f'switchnumber = "{box.ready["switchnumber"]}"\n'
            )

    def open(self, *arguments: str, yimi: str = "", ssh: str = "") -> PtyConsole:
        console = PtyConsole(
            self.near,
            "headset",
            *("--ssh", ssh or self.sshd.command),
            *("--yimi", yimi or self.sshd.yimi(self.far)),
            *(arguments or ("desk", "--profile", "box")),
        )
        self.consoles.append(console)
        return console

    def loudness(self) -> float:
        """Of the last 200 ms that were heard here."""
        try:
            with wave.open(str(self.heard)) as file:
                file.setpos(max(0, file.getnframes() - 9600))
                return rms(file.readframes(9600))
        except (OSError, EOFError, wave.Error):
            return 0.0

    def status(self) -> list[dict[str, object]]:
        """What `yimi headset --status` says of this user's headsets: other tests may have some."""
        line = [sys.executable, "-m", "tui.cli.main", "headset", "--status"]
        done = subprocess.run(
            line, env=environment(self.near), cwd=PROJECT, stdout=subprocess.PIPE, check=True
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    def says(self, **state: object) -> bool:
        """Whether one of them is in that state."""
        return any(state.items() <= each.items() for each in self.status())

    def rests(self) -> list[Path]:
        """What a login left at either end."""
        places = self.near / "runtime", self.far / "runtime"
        return [path for place in places for path in place.glob("yimi-*") if path.is_dir()]


def command_lines_with(folder: Path) -> list[bytes]:
    """Those of all processes that name a place in this folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            found.append((process / "cmdline").read_bytes())
    return [line for line in found if os.fsencode(folder) in line]


@pytest.fixture
async def folder() -> AsyncIterator[Path]:
    """Of our own, for sockets have short paths, and pytest's directories have not."""
    made = Path(tempfile.mkdtemp(prefix="yh"))
    yield made
    await until(lambda: not command_lines_with(made), what="the end of all that was started")
    shutil.rmtree(made)


@pytest.fixture
async def home(box: Box, folder: Path) -> AsyncIterator[Home]:
    async with AsyncExitStack() as ending:
        sshd = await ending.enter_async_context(serving(folder / "ssh", delay=0.01))
        made = Home(box, sshd, folder)
        yield made
        for console in made.consoles:
            await console.close()
        await end_engines(made.far)


async def talking(home: Home, console: PtyConsole) -> str:
    """Sign in there and take a call; its ccNumber, once the customer hears this end."""
    await console.see("Sign in")
    await console.see("headset of the computer you sit at")
    console.press(home.box.agent("1001")["pwd"].encode() + ENTER)
    await console.see("Which group")
    console.press(ENTER)
    await console.see("IDLE")
    cc = await home.box.ring("1001")
    await console.see("RINGING")
    console.press(F5)
    await console.see("TALKING")
    await home.box.is_heard(cc, AGENT_TONE)
    return cc


@pytest.mark.long
async def test_a_call_is_heard_through_ssh_and_goes_on_with_the_same_command(home: Home) -> None:
    box, console = home.box, home.open()
    cc = await talking(home, console)
    await until(lambda: home.loudness() > 0.01, what="the customer is heard here")
    await console.see(r"voice: headset \d+ ms")

    # The lamp: muted there is muted here.
    assert home.says(in_use=True, muted=False)
    console.press(F7)
    await until(lambda: home.says(in_use=True, muted=True), what="the lamp")
    console.press(F7)
    await until(lambda: home.says(in_use=True, muted=False))
    await box.is_heard(cc, AGENT_TONE)

    # The line stalls, and goes on.
    home.sshd.line.stall(True)
    await until(lambda: home.loudness() < 0.001, what="silence")
    home.sshd.line.stall(False)
    await until(lambda: home.loudness() > 0.01)
    await box.is_heard(cc, AGENT_TONE)

    # It is cut: the call goes on in silence, and the same command is back in it.
    home.sshd.line.cut()
    await console.see("The connection to desk is gone")
    await console.see("yimi headset")
    assert await console.ended() == 1
    assert console.left_behind() == {}
    again = home.open()
    await again.see("TALKING")
    await box.is_heard(cc, AGENT_TONE)
    await until(lambda: home.loudness() > 0.01)

    again.press(F8)
    await again.see("WRAP-UP|write-up|Outcome|outcome")
    again.press(b"\x11")
    await again.see("sign out|Sign out|leave|Leave")


async def test_in_lines_of_text_the_headset_is_used_as_well(home: Home) -> None:
    box, console = home.box, home.open("desk", "--profile", "box", "--plain")
    await console.see("1001")
    console.press(ENTER)
    await console.see("assword")
    console.press(box.agent("1001")["pwd"].encode() + ENTER)
    await console.see("Sales")
    console.press(b"1" + ENTER)
    await console.see("idle>")
    cc = await box.ring("1001")
    await console.see("CALL from")
    console.press(b"a" + ENTER)
    await console.see("Talking to")
    await box.is_heard(cc, AGENT_TONE)
    await until(lambda: home.loudness() > 0.01)


async def test_what_is_left_at_both_ends_is_nothing(home: Home) -> None:
    console = home.open()
    await console.see("Sign in")
    await until(lambda: len(home.rests()) == 2)
    folders = home.rests()
    assert all(folder.stat().st_mode & 0o077 == 0 for folder in folders)
    # The secret was read once, and stands where no other user can see it: on no command line.
    assert not any((folder / "secret").exists() for folder in folders)
    lines = command_lines_with(home.near.parent)
    assert len(lines) >= 3
    assert not any(re.search(rb"[0-9a-f]{32}", line) for line in lines)
    console.press(b"\x11")
    assert await console.ended() == 0
    assert console.left_behind() == {}
    assert home.rests() == []
    assert all(processes_with(folder / "s") == [] for folder in folders)


async def test_who_cannot_log_in_is_told_by_ssh(home: Home) -> None:
    (home.sshd.folder / "authorized").write_text("")
    console = home.open()
    await console.see("Permission denied")
    assert await console.ended() == 1


async def test_a_host_without_yimi_or_with_an_older_one_says_so(home: Home) -> None:
    console = home.open(yimi="no-such-yimi")
    await console.see("desk knows no “no-such-yimi”")
    assert await console.ended() == 1
    older = home.far / "older"
    older.write_text("#!/bin/sh\necho 'invalid choice' >&2\nexit 2\n")
    older.chmod(0o755)
    console = home.open(yimi=str(older))
    await console.see("yimi on desk is older and knows no headset")
    assert await console.ended() == 1
    newer = home.far / "newer"
    newer.write_text('#!/bin/sh\necho \'{"folder": "/x", "wire": 99, "version": "9.9"}\'\n')
    newer.chmod(0o755)
    console = home.open(yimi=str(newer))
    await console.see("do not go together: yimi .* here, 9.9 there")
    assert await console.ended() == 1
    assert home.rests() == []


def script(place: Path, *lines: str) -> str:
    """What stands there as yimi of a far end."""
    place.write_text("\n".join(("#!/bin/sh", *lines, "")))
    place.chmod(0o755)
    return str(place)


async def test_a_shell_that_greets_before_and_behind_is_no_hindrance(home: Home) -> None:
    real = home.sshd.yimi(home.far)
    greets = script(
        home.far / "greets",
        "printf 'Welcome {to} the desk! \\033]0;desk\\007'",
        f'{real} "$@"; code=$?',
        "printf '\\033]0;\\007{bye'",
        "exit $code",
    )
    console = home.open(yimi=greets)
    await console.see("headset of the computer you sit at")
    console.press(b"\x11")
    assert await console.ended() == 0
    assert home.rests() == []


async def test_what_took_the_login_and_is_not_yimi_is_said_in_its_own_words(home: Home) -> None:
    reads = script(home.far / "reads", "read taken", f'exec {home.sshd.yimi(home.far)} "$@"')
    console = home.open(yimi=reads)
    await console.see("what the shell there reads as it starts took what was meant for yimi")
    assert await console.ended() == 1
    forced = script(home.far / "forced", "echo Only backups here.")
    console = home.open(yimi=forced)
    await console.see("could not make way for the headset: Only backups here.")
    assert await console.ended() == 1
    console = home.open(yimi=script(home.far / "mute", "exit 3"))
    await console.see(r"nothing was said there \(exit code: 3\)")
    assert await console.ended() == 1
    assert home.rests() == []


async def test_a_command_line_that_is_none_is_said_to_be(home: Home) -> None:
    console = home.open(ssh='ssh -o "x')
    await console.see("What --ssh says is no command line: No closing quotation")
    assert await console.ended() == 2


async def test_an_ssh_that_is_to_be_quiet_does_not_leave_it_at_nothing(home: Home) -> None:
    (home.sshd.folder / "authorized").write_text("")
    home.sshd.config.write_text(home.sshd.config.read_text() + " LogLevel QUIET\n")
    console = home.open()
    await console.see(r"ssh did not log in to desk \(its exit code: 255\)")
    assert await console.ended() == 1


async def test_a_config_that_makes_the_host_a_tunnel_only_is_no_hindrance(home: Home) -> None:
    asked = await asyncio.create_subprocess_exec(
        *home.sshd.ssh("-G", "desk"), stdout=subprocess.PIPE
    )
    told, _ = await asked.communicate()
    if b"sessiontype" not in told:
        pytest.skip("an OpenSSH before 8.7, which has no such settings")
    own = " SessionType none\n ForkAfterAuthentication yes\n StdinNull yes\n"
    home.sshd.config.write_text(home.sshd.config.read_text() + own)
    console = home.open()
    await console.see("headset of the computer you sit at")
    console.press(b"\x11")
    assert await console.ended() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
async def test_a_signal_leaves_a_clean_terminal(home: Home, number: signal.Signals) -> None:
    console = home.open()
    await console.see("headset of the computer you sit at")
    os.kill(console.process.pid, number)
    assert await console.ended() == 128 + number
    assert console.left_behind() == {}
    await until(lambda: home.rests() == [])


async def test_when_the_process_with_the_devices_dies_another_takes_its_place(home: Home) -> None:
    box, console = home.box, home.open()
    cc = await talking(home, console)
    (near,) = (folder for folder in home.rests() if folder.is_relative_to(home.near))
    (sound,) = processes_with(near / "s")
    os.kill(sound, signal.SIGKILL)
    await console.see("NO SOUND: headset gone")
    await box.is_heard_no_more(cc, AGENT_TONE)
    await box.is_heard(cc, AGENT_TONE)
    assert home.says(in_use=True, muted=False)
    console.press(F8)
    await console.see("WRAP-UP|write-up|Outcome|outcome")
    console.press(b"\x11")
    await console.see("sign out|Sign out|leave|Leave")


async def test_an_sshd_that_forwards_no_sockets_is_named(box: Box, folder: Path) -> None:
    async with serving(folder / "ssh", extra="AllowStreamLocalForwarding no\n") as sshd:
        home = Home(box, sshd, folder)
        console = home.open()
        try:
            await console.see("AllowStreamLocalForwarding")
            assert await console.ended() == 1
        finally:
            await console.close()


async def test_no_host_is_said_and_an_option_is_no_host(home: Home) -> None:
    for where in ("-oProxyCommand=true",):
        console = home.open("--", where)
        await console.see("Where to|unrecognized|usage")
        assert await console.ended() == 2


async def test_a_deep_runtime_directory_is_no_hindrance(box: Box, folder: Path) -> None:
    deep = folder / ("d" * 60)
    deep.mkdir()
    async with serving(folder / "ssh") as sshd:
        home = Home(box, sshd, deep)
        console = home.open()
        try:
            await console.see("Sign in")
            await console.see("headset of the computer you sit at")
            console.press(b"\x11")
            assert await console.ended() == 0
        finally:
            await console.close()
            await end_engines(home.far)


async def test_whatever_the_users_ssh_config_shares_forwards_or_runs_is_no_hindrance(
    home: Home,
) -> None:
    own = (
        f" ControlMaster auto\n ControlPath {home.sshd.folder}/own\n ControlPersist 60\n"
        f" RemoteCommand echo hello\n RequestTTY force\n ServerAliveInterval 60\n"
        f" LocalForward 127.0.0.1:{free_port()} 127.0.0.1:9\n"
    )
    home.sshd.config.write_text(home.sshd.config.read_text() + own)
    console = home.open()
    await console.see("headset of the computer you sit at")
    assert not (home.sshd.folder / "own").exists()
    console.press(b"\x11")
    assert await console.ended() == 0
    assert home.rests() == []

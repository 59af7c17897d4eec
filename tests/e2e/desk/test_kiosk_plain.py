"""`yimi kiosk --plain` in a pseudo-terminal: no way out but sign-out, nothing of the last agent is
left, and on a terminal without sequences not a single one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.box import Box
from tests.e2e.plain_day import configure
from tests.e2e.pty_console import PtyConsole, end_engines
from tests.waiting import until
from tui.cli.host.kiosk import CLEAR, PAGE
from tui.config.kiosk import hashed

PIN = "4711"


class Desk:
    """A desk in lines, and what its agents do."""

    def __init__(self, box: Box, folder: Path, term: str = "xterm-256color") -> None:
        self.box, self.folder, self.term = box, folder, term
        pin = f'[kiosk]\npin = "{hashed(PIN, bytes(16))}"\n'
        configure(box, folder, pin, profile="keyring = true\n")
        self.console = PtyConsole(folder, "kiosk", "--plain", term=term)
        self._mark = 0

    async def see(self, pattern: str) -> str:
        """Wait for it behind what was typed last; the line it stands in."""
        return (await self.console.see(pattern, self._mark))[0]

    def key(self, keys: bytes) -> None:
        self._mark = self.console.mark()
        self.console.press(keys)

    def say(self, line: str) -> None:
        self.key(line.encode() + b"\r")

    async def sign_in(self, un: str) -> None:
        await self.see("Extension")
        self.say(un)
        await self.see("Password")
        self.say(self.box.agent(un)["pwd"])
        await self.see("Sales")
        self.say("1")
        await self.see("idle>")

    async def sign_out(self) -> None:
        self.say("sign out")
        await self.see("Sign out|sign out")
        self.say("1")
        await self.see("Extension")

    def stopped(self) -> bool:
        state = Path(f"/proc/{self.console.process.pid}/status").read_text()
        return "State:\tT" in state


@pytest.fixture
async def guest(box: Box, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    (folder := tmp_path / "desk").mkdir()
    guest = Desk(box, folder, getattr(request, "param", "xterm-256color"))
    yield guest
    await guest.console.close()
    await end_engines(folder)


async def test_no_key_and_no_word_leads_out_of_it(guest: Desk) -> None:
    await guest.see("Extension")
    for key in (b"\x1a", b"\x1c", b"10\x03", b"\x04"):
        guest.key(key)
    await guest.see("Extension")  # Ctrl+D asks anew
    assert guest.console.process.poll() is None
    assert not guest.stopped()
    await guest.sign_in("1001")
    assert "keyring" not in guest.console.text()
    for word in ("export x.csv", "log", "messages", "read in x.csv"):
        guest.say(word)
        await guest.see("Not now|not something")
    for leaves in (b"\x03\x04", b"leave\r"):
        guest.key(leaves)
        assert "2" not in await guest.see("1 Sign out.*")
        guest.say("")
        await guest.see("idle>")
    assert guest.console.process.poll() is None
    assert not guest.stopped()


async def test_the_settings_want_the_pin(guest: Desk) -> None:
    await guest.sign_in("1001")
    guest.say("settings")
    await guest.see("PIN")
    guest.say("0000")
    await guest.see("That is not the PIN.")
    guest.say("settings")
    await guest.see("PIN")
    guest.say(PIN)
    await guest.see("Microphone")
    assert PIN not in guest.console.text()


@pytest.mark.parametrize("guest", ["xterm-256color", "dumb"], indirect=True, ids=["xterm", "dumb"])
async def test_the_next_agent_finds_nothing_of_the_last(box: Box, guest: Desk) -> None:
    pid = guest.console.process.pid
    await guest.sign_in("1001")
    await box.ring("1001")
    await guest.see("CALL from 120 0000 0001")
    guest.say("a")
    await guest.see("Talking to")
    guest.say("a secret wish")
    await guest.see("talking>")
    await guest.sign_out()
    after = bytes(guest.console.output[guest._mark :])
    clear = CLEAR.encode() if guest.term != "dumb" else b"\r\n" * PAGE
    cleared = after.replace(b"\r\r", b"\r").rpartition(clear)
    assert cleared[1], "or else it is still there to be read"
    shown = cleared[2]
    for left in (b"120 0000", b"1001", b"Li Ming", b"secret wish"):
        assert left not in shown
    files = [path for path in guest.folder.rglob("*") if path.is_file()]
    for path in files:
        if "config" in path.parts[len(guest.folder.parts) :]:
            continue
        kept = path.read_bytes()
        for word in (b"12000000001", b"secret wish", b"1001", b"demo-"):
            assert word not in kept, path
    memory = Path(f"/proc/{pid}/cmdline").read_bytes()
    assert memory.endswith(b"kiosk\0--plain\0"), "the same process, a new program"
    await guest.sign_in("1002")
    guest.say("history")
    assert "0000" not in await guest.see("No calls.*|.*nothing.*|.*found.*")


@pytest.mark.parametrize("guest", ["dumb"], indirect=True)
async def test_a_terminal_without_sequences_gets_none(guest: Desk) -> None:
    await guest.sign_in("1001")
    await guest.sign_out()
    assert b"\x1b" not in guest.console.output


async def test_a_terminal_that_is_closed_ends_it(guest: Desk) -> None:
    await guest.see("Extension")
    guest.console.hang_up()
    await until(lambda: guest.console.process.poll() is not None)
    assert guest.console.process.returncode in (129, -1)

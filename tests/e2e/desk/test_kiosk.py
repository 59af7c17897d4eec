"""`yimi kiosk` in a pseudo-terminal: no way out but sign-out, nothing of the last agent left."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.box import Box
from tests.e2e.plain_day import configure
from tests.e2e.pty_console import PtyConsole, end_engines
from tests.waiting import until
from tui.cli.host.kiosk import CLEAR
from tui.config.kiosk import hashed
from tui.console.parts.drawing import GUARD

PIN = "4711"


class Kiosk:
    """A desk, its folder, and what its agents do."""

    def __init__(self, box: Box, folder: Path, more: str = "") -> None:
        self.box, self.folder = box, folder
        pin = f'[kiosk]\npin = "{hashed(PIN, bytes(16))}"\n{more}'
        configure(box, folder, pin, profile="keyring = true\n")
        self.console = PtyConsole(folder, "kiosk", rows=30)

    def shown(self) -> str:
        return self.console._shown.text()

    async def shows(self, text: str) -> None:
        await until(lambda: text in self.shown(), what=lambda: f"{text!r} in {self.shown()}")

    async def gone(self, text: str) -> None:
        await until(lambda: text not in self.shown(), what=lambda: f"no {text!r} in {self.shown()}")

    async def sign_in(self, un: str) -> None:
        await self.shows("Password")
        await until(lambda: "Extension" in self.shown())
        self.console.press(un.encode() + b"\t" + self.box.agent(un)["pwd"].encode() + b"\r")
        await self.shows("Sales")
        self.console.press(b"\r")
        await self.shows("IDLE")

    async def sign_out(self) -> None:
        begins = self.console.output.count(CLEAR.encode())
        pressed = 0.0

        async def cleared() -> bool:  # right after a change of the call no such key does anything
            nonlocal pressed
            if time.monotonic() - pressed > 2 * GUARD:
                self.console.press(b"1" if "Sign out?" in self.shown() else b"\x11")
                pressed = time.monotonic()
            return self.console.output.count(CLEAR.encode()) >= begins + 2

        await until(cleared, what=self.shown)
        await self.shows("Password")

    def files(self) -> list[Path]:
        """All that there is on disk, but the administrator's."""
        found = [path for path in self.folder.rglob("*") if path.is_file()]
        return [path for path in found if "config" not in path.parts[len(self.folder.parts) :]]


@pytest.fixture
async def kiosk(box: Box, tmp_path: Path) -> AsyncIterator[Kiosk]:
    (folder := tmp_path / "desk").mkdir()
    kiosk = Kiosk(box, folder)
    yield kiosk
    await kiosk.console.close()
    await end_engines(folder)


async def test_no_key_leads_out_of_it(kiosk: Kiosk) -> None:
    await kiosk.shows("Password")
    assert "1001" not in kiosk.shown(), "no extension stands there"
    assert "keyring" not in kiosk.shown()
    for key in (b"\x03", b"\x1a", b"\x1c", b"\x11", b"\x13", b"\x0c", b"\x04"):
        kiosk.console.press(key)
    kiosk.console.press(b"seen")
    await kiosk.shows("seen")
    assert kiosk.console.process.poll() is None
    state = Path(f"/proc/{kiosk.console.process.pid}/status").read_text()
    assert "State:\tT" not in state
    kiosk.console.press(b"\x7f" * 4)
    await kiosk.sign_in("1001")
    for key in (b"\x03", b"\x1a", b"\x1c", b"\x0c", b"\x11"):
        kiosk.console.press(key)
    await kiosk.shows("1 Sign out")
    assert "Leav" not in kiosk.shown()
    assert kiosk.console.process.poll() is None


async def test_the_settings_want_the_pin(kiosk: Kiosk) -> None:
    await kiosk.sign_in("1001")
    kiosk.console.press(b"\x07")
    await kiosk.shows("PIN")
    kiosk.console.press(b"0000\r")
    await kiosk.shows("That is not the PIN.")
    kiosk.console.press(b"\x07")
    await kiosk.shows("Whoever looks after this desk")
    kiosk.console.press(PIN.encode() + b"\r")
    await kiosk.shows("Microphone")
    assert PIN not in kiosk.console.text()


async def test_the_next_agent_finds_nothing_of_the_last(box: Box, kiosk: Kiosk) -> None:
    pid = kiosk.console.process.pid
    await kiosk.sign_in("1001")
    await box.ring("1001")
    await kiosk.shows("120 0000 0001")
    kiosk.console.press(b"\x1b[15~")  # F5
    await kiosk.shows("TALKING")
    kiosk.console.press(b"a secret wish")
    await kiosk.shows("secret wish")
    await kiosk.sign_out()
    await kiosk.shows("Password")
    for left in ("120 0000", "1001", "Li Ming", "secret wish"):
        assert left not in kiosk.shown()
    for path in kiosk.files():
        kept = path.read_bytes()
        for word in (b"12000000001", b"secret wish", b"1001", b"demo-"):
            assert word not in kept, path
    memory = Path(f"/proc/{pid}/cmdline").read_bytes()
    assert memory.endswith(b"kiosk\0"), "the same process, a new program"
    await kiosk.sign_in("1002")
    assert "120 0000" not in kiosk.shown()
    assert kiosk.console.process.poll() is None
    assert os.path.isdir(kiosk.folder / "runtime" / "kiosk")

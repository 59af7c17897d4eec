"""A sandbox, and consoles in pseudo-terminals in front of it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.e2e.box import AGENT_TONE, Box
from tests.e2e.pty_console import PROJECT, PtyConsole, environment

F1, F2, F5, F7, F8 = b"\x1bOP", b"\x1bOQ", b"\x1b[15~", b"\x1b[18~", b"\x1b[19~"
ENTER, TAB = b"\r", b"\t"


class Station:
    """A sandbox, and consoles in front of it."""

    def __init__(self, box: Box, folder: Path) -> None:
        self.box, self.folder = box, folder
        self.consoles: list[PtyConsole] = []
        self.module = "tui.cli.main"
        """What runs as `yimi`."""
        config = folder / "config" / "config.toml"
        config.parent.mkdir(exist_ok=True)
        config.write_text(
            f'[audio]\ninput = "tone:{AGENT_TONE}"\noutput = "none"\n'
            f'[profiles.box]\nun = "1001"\nbackend = "{box.http}"\n'
            f'switchnumber = "{box.ready["switchnumber"]}"\n'
        )

    def open(self, *arguments: str, controls: bool = True) -> PtyConsole:
        console = PtyConsole(self.folder, *arguments, module=self.module, controls=controls)
        self.consoles.append(console)
        return console

    async def sign_in(self) -> PtyConsole:
        """A console that was signed in by its keys."""
        console = self.open("--profile", "box")
        await console.see("Sign in")
        console.press(self.box.agent("1001")["pwd"].encode() + ENTER)
        await console.see("Which group")
        console.press(ENTER)
        await console.see("IDLE")
        return console

    async def call(self, console: PtyConsole) -> str:
        """A call that is up and heard; its ccNumber."""
        cc = await self.box.ring("1001")
        await console.see("RINGING")
        console.press(F5)
        await console.see("TALKING")
        await self.box.is_heard(cc, AGENT_TONE)
        return cc

    async def script(self, *arguments: str, code: int = 0) -> str:
        """Run a command of `yimi` for scripts; what it printed."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tui.cli.main", *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=PROJECT,
            env=environment(self.folder),
        )
        output, _ = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == code, output.decode()
        return output.decode()

    async def status(self) -> dict[str, Any]:
        status: dict[str, Any] = json.loads(await self.script("status", "--json"))
        return status

"""A plain-mode desk in a pseudo-terminal of our own: lines said, lines seen."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.box import AGENT_TONE, Box
from tests.e2e.pty_console import PtyConsole

PASSWORD_SHOWN = b"demo-"
"""What no output may hold."""


def configure(box: Box, folder: Path, more: str = "", *, profile: str = "") -> None:
    """A config with one profile, at the box: `more` sections before it, more of the `profile`."""
    config = folder / "config" / "config.toml"
    config.parent.mkdir(exist_ok=True)
    config.write_text(
        f'{more}[audio]\ninput = "tone:{AGENT_TONE}"\noutput = "none"\n'
        f'[profiles.box]\nun = "1001"\nbackend = "{box.http}"\n'
        f'switchnumber = "{box.ready["switchnumber"]}"\n{profile}'
    )


class PlainPty:
    """`yimi --plain`, and where in its output one is."""

    def __init__(self, box: Box, folder: Path, *arguments: str, shell: bool = False) -> None:
        self.box, self.folder = box, folder
        self.console = PtyConsole(folder, "--plain", *arguments, shell=shell)
        self._mark = 0

    async def see(self, pattern: str) -> str:
        """Wait for it behind what was seen last; the line it stands in."""
        found = await self.console.see(pattern, self._mark)
        return found[0]

    def say(self, line: str) -> None:
        """Type a line."""
        self._mark = self.console.mark()
        self.console.press(line.encode() + b"\r")

    def key(self, keys: bytes) -> None:
        """Keys, without the end of a line."""
        self._mark = self.console.mark()
        self.console.press(keys)

    async def sign_in(self, prompt: str = "idle>") -> None:
        """From the first question to the idle seat."""
        await self.see("1001")
        self.say("")
        await self.see("assword|密码")
        self.say(self.box.agent("1001")["pwd"])
        await self.see("Sales")
        self.say("1")
        await self.see(prompt)

    @property
    def written(self) -> bytes:
        return bytes(self.console.output)

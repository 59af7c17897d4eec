"""The project's own call platform in a box, as a stranger's client sees it: sockets only."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from tests.interop.programs import Program
from tests.waiting import until

_COMMAND = ["-m", "tui.sandbox.main", "--port", "0", "--no-auto-call", "--seed", "2", "--verbose"]


class Box:
    """A sandbox process of its own, and its control API."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "sandbox"
        self._folder.mkdir()
        self._program: Program | None = None
        self._session: ClientSession | None = None
        self.ready: dict[str, Any] = {}

    async def start(self) -> None:
        """Start it on a free port and read its ready line."""
        ready = self._folder / "ready.json"
        self._program = Program(
            "sandbox",
            [sys.executable, *_COMMAND, "--ready-file", str(ready)],
            self._folder,
        )
        self._program.start()
        await self._program.until("ready file", ready.exists)
        self.ready = json.loads(ready.read_text())
        self._session = ClientSession()

    @property
    def log(self) -> str:
        """The end of its log."""
        return self._program.output() if self._program else ""

    async def post(self, path: str, **body: Any) -> dict[str, Any]:
        """POST to the control API."""
        assert self._session is not None
        async with self._session.post(f"{self.ready['http']}{path}", json=body) as answer:
            assert answer.status == 200, await answer.text()
            value: dict[str, Any] = await answer.json()
            return value

    async def get(self, path: str) -> Any:
        """GET from the control API."""
        assert self._session is not None
        async with self._session.get(f"{self.ready['http']}{path}") as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def customer_hears(self, cc: str, hz: int, seconds: float = 20) -> None:
        """Wait until most of the customer's last second is that tone."""
        heard: dict[str, Any] = {}

        async def so() -> bool:
            heard.update(await self.get(f"/control/calls/{cc}/heard?ms=1000&hz={hz}"))
            return bool(heard["ms"] >= 1000 and heard["tones"][str(hz)] > 0.8)

        await until(
            so, seconds, what=lambda: f"{hz} Hz at the customer: {heard}\n{self.log}", interval=0.2
        )

    async def end(self) -> None:
        """End the process."""
        if self._session is not None:
            await self._session.close()
        if self._program is not None:
            await self._program.end()

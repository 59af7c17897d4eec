"""JsSIP in Chromium, as a test drives it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from chromium import Page, bundle


class JsSip:
    """A browser's softphone: it answers every call, says one tone and notes what happens."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._page: Page | None = None

    async def start(self) -> None:
        """Bundle the page and open it."""
        script = self._folder / "phone.js"
        await bundle(Path(__file__).parent / "jssip" / "phone.mjs", script)
        self._page = Page(self._folder, script)
        await self._page.start()

    async def register(self, ws: str, uri: str, user: str, password: str, hz: float) -> None:
        """Connect and send REGISTER; ``hz`` is the tone it will say in calls."""
        settings = {"ws": ws, "uri": uri, "user": user, "password": password, "hz": hz}
        await self._call("phone.start", settings)

    async def until(self, what: str, since: int = 0, seconds: float = 20) -> dict[str, Any]:
        """The first entry of the kind ``what`` from position ``since`` of the log on."""
        entry: dict[str, Any] = await self._call("phone.wait", what, since, seconds)
        return entry

    async def until_message(self, needle: str, since: int = 0, seconds: float = 20) -> str:
        """The first MESSAGE or INFO whose body holds ``needle``."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while True:
            log = await self.log()
            for entry in log[since:]:
                if needle in str(entry.get("body", "")):
                    return str(entry["body"])
            assert loop.time() < end, f"no {needle} in {seconds} s; noted: {log}"
            await asyncio.sleep(0.1)

    async def log(self) -> list[dict[str, Any]]:
        """All that was noted."""
        assert self._page is not None
        entries: list[dict[str, Any]] = await self._page.evaluate("phone.log")
        return entries

    async def send(self, target: str, body: str, content_type: str) -> int | str:
        """Send a MESSAGE; the status of the final response."""
        status: int | str = await self._call("phone.send", target, body, content_type)
        return status

    async def hears(self, hz: float, seconds: float = 20) -> None:
        """Wait until ``hz`` is the loudest for five looks in a row, 100 ms apart."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        row = 0
        while row < 5:
            heard = await self._call("phone.hears")
            row = row + 1 if abs(heard["hz"] - hz) < 15 and heard["decibel"] > -70 else 0
            if loop.time() > end:
                raise AssertionError(f"{hz} Hz was not heard: {heard}; {await self.log()}")
            await asyncio.sleep(0.1)

    async def consult(self, target: str) -> None:
        """Call somebody beside the call that there is."""
        await self._call("phone.consult", target)

    async def connect(self) -> None:
        """Put the first call through to the second."""
        await self._call("phone.connect")

    async def hang_up(self) -> None:
        """BYE from the browser."""
        await self._call("phone.hangUp")

    async def _call(self, function: str, *arguments: Any) -> Any:
        assert self._page is not None
        return await self._page.call(function, *arguments)

    async def end(self) -> None:
        """Close the browser."""
        if self._page is not None:
            await self._page.end()

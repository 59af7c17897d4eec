"""A phone in a browser, Chromium or another, on JsSIP or SIP.js, as a test drives it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.interop.browser_page import BrowserPage, bundle
from tests.interop.chromium import Page
from tests.interop.kamailio import Kamailio
from tests.waiting import until


class BrowserPhone:
    """A browser's softphone: it answers every call, says one tone and notes what happens."""

    def __init__(
        self, folder: Path, library: str, browser: Callable[[Path, Path], BrowserPage] = Page
    ) -> None:
        """``library`` is "jssip" or "sipjs", which has no messages outside of calls here.
        ``browser`` is Chromium, or another that opens a script in a folder."""
        self._folder = folder
        self._library = library
        self._browser = browser
        self._page: BrowserPage | None = None

    async def start(self) -> None:
        """Bundle the page and open it."""
        script = self._folder / "phone.js"
        await bundle(Path(__file__).parent / "browser" / f"{self._library}.mjs", script)
        self._page = self._browser(self._folder, script)
        await self._page.start()

    async def register(
        self, ws: str, uri: str, user: str, password: str, hz: float, *, confirms: bool = False
    ) -> None:
        """Connect and send REGISTER; ``hz`` is the tone it will say in calls. ``confirms``: SIP.js
        has each provisional response confirmed (RFC 3262), in calls both ways."""
        settings: dict[str, Any] = {"ws": ws, "uri": uri, "user": user, "password": password}
        await self._call("phone.start", {**settings, "hz": hz, "confirms": confirms})

    async def register_at(
        self, proxy: Kamailio, user: str, hz: float, *, confirms: bool = False
    ) -> None:
        """Register as that user of the proxy, and wait until it is."""
        address = f"sip:{user}@{proxy.realm}"
        await self.register(proxy.ws, address, user, proxy.password, hz, confirms=confirms)
        await self.until("registered")

    async def until(self, what: str, since: int = 0, seconds: float = 20) -> dict[str, Any]:
        """The first entry of the kind ``what`` from position ``since`` of the log on."""
        entry: dict[str, Any] = await self._call("phone.wait", what, since, seconds)
        return entry

    async def until_message(self, needle: str, since: int = 0, seconds: float = 20) -> str:
        """The first MESSAGE or INFO whose body holds ``needle``."""
        log: list[dict[str, Any]] = []

        async def found() -> list[str]:
            log[:] = await self.log()
            bodies = (str(entry.get("body", "")) for entry in log[since:])
            return [body for body in bodies if needle in body]

        return (await until(found, seconds, what=lambda: f"{needle}; noted: {log}", interval=0.1))[
            0
        ]

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
        heard: dict[str, Any] = {}
        row = 0

        async def so() -> bool:
            nonlocal row
            heard.update(await self._call("phone.hears"))
            row = row + 1 if abs(heard["hz"] - hz) < 15 and heard["decibel"] > -70 else 0
            return row == 5

        await until(so, seconds, what=lambda: f"{hz} Hz in the browser: {heard}", interval=0.1)

    async def dial(self, target: str) -> None:
        """Call somebody."""
        await self._call("phone.call", target)

    async def hold(self, on: bool) -> None:
        """Hold the call, or take it up again, and wait until the other side agrees."""
        await self._call("phone.hold", on)

    async def wait_with_the_answer(self) -> None:
        """From now on a call rings until it is answered or refused."""
        assert self._page is not None
        await self._page.evaluate("(phone.patient = true)")

    async def answer(self) -> None:
        """Take the call that rings."""
        await self._call("phone.answer")

    async def refuse(self, status: int) -> None:
        """Refuse it."""
        await self._call("phone.refuse", status)

    async def speak(self, on: bool) -> None:
        """Say the tone, or nothing."""
        await self._call("phone.speak", on)

    async def press(self, keys: str) -> None:
        """Keys, as telephone-event (RFC 4733)."""
        await self._call("phone.press", keys)

    async def hears_key(self, low: float, high: float, seconds: float = 10) -> None:
        """Wait until the two tones of a key are heard: a browser tells of keys no other way."""
        heard: list[float] = []

        async def so() -> bool:
            heard[:] = await self._call("phone.decibels", low, high)
            return min(heard) > -50

        await until(so, seconds, what=lambda: f"{low} and {high} Hz: {heard}", interval=0.05)

    async def renew(self) -> None:
        """Set the path up anew (a restart of ICE), and wait until the other side agrees."""
        await self._call("phone.renew")

    async def consult(self, target: str) -> None:
        """Call somebody beside the call that there is."""
        await self._call("phone.consult", target)

    async def connect(self, target: str = "") -> None:
        """Put the first call through to the second, or to that address."""
        await self._call("phone.connect", target)

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

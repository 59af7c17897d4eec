"""Headless Chromium with one page on loopback, driven over its DevTools protocol."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.interop.browser_page import BrowserPage
from tests.interop.programs import Program, need

_FLAGS = (
    "--headless",
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--remote-debugging-port=0",
)

_LOADED = """new Promise((done) => {
  if (document.readyState === "complete") done();
  else window.addEventListener("load", () => done());
})"""


class Page(BrowserPage):
    """A page of our own in a Chromium of its own."""

    def __init__(self, folder: Path, script: Path) -> None:
        super().__init__(script)
        self._folder = folder / "chromium"
        self._folder.mkdir()
        self._program: Program | None = None
        self._socket: ClientConnection | None = None
        self._numbers = itertools.count(1)
        self._session = ""

    async def start(self) -> None:
        """Serve the page, start the browser and open the page in it."""
        chromium = need("chromium", "chromium")
        address = await self._serve()
        self._program = Program(
            "chromium",
            [chromium, *_FLAGS, f"--user-data-dir={self._folder}", "about:blank"],
            self._folder,
            {**os.environ, "HOME": str(self._folder), "XDG_RUNTIME_DIR": str(self._folder)},
        )
        self._program.start()
        told = self._folder / "DevToolsActivePort"
        await self._program.until(
            "DevTools port", lambda: told.exists() and len(told.read_text().split()) == 2, 60
        )
        port, path = told.read_text().split()
        self._socket = await connect(f"ws://127.0.0.1:{port}{path}", max_size=None, proxy=None)
        target = await self._call("Target.createTarget", {"url": "about:blank"})
        attached = await self._call(
            "Target.attachToTarget", {"targetId": target["targetId"], "flatten": True}
        )
        self._session = attached["sessionId"]
        await self._call("Page.navigate", {"url": address})
        await self.evaluate(_LOADED)

    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, awaited when it is a promise."""
        answer = await self._call(
            "Runtime.evaluate",
            {"expression": expression, "awaitPromise": True, "returnByValue": True},
        )
        if "exceptionDetails" in answer:
            thrown = answer["exceptionDetails"].get("exception", {})
            raise AssertionError(f"in the page: {thrown.get('description', answer)}")
        return answer["result"].get("value")

    async def end(self) -> None:
        """Close the browser and stop serving."""
        if self._socket is not None:
            await self._socket.close()
        if self._program is not None:
            await self._program.end()
        await super().end()

    async def _call(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        assert self._socket is not None
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        await self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(await self._socket.recv())
            if answer.get("id") == number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

"""Headless Chromium with one page on loopback, driven over its DevTools protocol."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from pathlib import Path
from typing import Any

from aiohttp import web
from websockets.asyncio.client import ClientConnection, connect

from tests.interop.programs import Missing, Program, free_port, need

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


class Page:
    """A page of our own in a Chromium of its own."""

    def __init__(self, folder: Path, script: Path) -> None:
        self._folder = folder / "chromium"
        self._folder.mkdir()
        self._script = script
        self._program: Program | None = None
        self._socket: ClientConnection | None = None
        self._server: web.AppRunner | None = None
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

    async def call(self, function: str, *arguments: Any) -> Any:
        """``function(...arguments)`` in the page."""
        return await self.evaluate(f"{function}({', '.join(json.dumps(one) for one in arguments)})")

    async def end(self) -> None:
        """Close the browser and stop serving."""
        if self._socket is not None:
            await self._socket.close()
        if self._program is not None:
            await self._program.end()
        if self._server is not None:
            await self._server.cleanup()

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

    async def _serve(self) -> str:
        script = self._script

        async def page(_request: web.Request) -> web.Response:
            text = '<!doctype html><meta charset="utf-8"><script src="/phone.js"></script>'
            return web.Response(text=text, content_type="text/html")

        async def code(_request: web.Request) -> web.FileResponse:
            return web.FileResponse(script)

        application = web.Application()
        application.add_routes([web.get("/", page), web.get("/phone.js", code)])
        self._server = web.AppRunner(application)
        await self._server.setup()
        port = free_port()
        await web.TCPSite(self._server, "127.0.0.1", port).start()
        return f"http://127.0.0.1:{port}/"


async def bundle(source: Path, target: Path) -> None:
    """``source`` and what it imports from node_modules beside it, as one script for a browser."""
    need("node", "nodejs")
    builder = source.parent / "node_modules" / ".bin" / "esbuild"
    if not builder.exists():
        raise Missing(
            "JsSIP and SIP.js are not installed: run npm ci in tests/interop/browser "
            "(bash .ci/run does)."
        )
    process = await asyncio.create_subprocess_exec(
        str(builder), str(source), "--bundle", "--format=iife", f"--outfile={target}",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()

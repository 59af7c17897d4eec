"""A page of our own in some browser: what a test asks of it, and what serves it on loopback."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.interop.programs import Missing, free_port, need


class BrowserPage:
    """A page with one script. Which browser opens it, and how it is asked, its kinds say."""

    def __init__(self, script: Path) -> None:
        self._script = script
        self._server: web.AppRunner | None = None

    async def start(self) -> None:
        """Serve the page, start the browser and open the page in it."""
        raise NotImplementedError

    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, awaited when it is a promise."""
        raise NotImplementedError

    async def call(self, function: str, *arguments: Any) -> Any:
        """``function(...arguments)`` in the page."""
        return await self.evaluate(f"{function}({', '.join(json.dumps(one) for one in arguments)})")

    async def end(self) -> None:
        """Close the browser and stop serving."""
        if self._server is not None:
            await self._server.cleanup()

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

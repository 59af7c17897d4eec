"""Headless Firefox with one page on loopback, driven over WebDriver BiDi, without a driver."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.interop.browser_page import BrowserPage
from tests.interop.programs import Program, need
from tests.interop.sound_server import PulseAudio

_PREFERENCES: dict[str, Any] = {
    "media.autoplay.default": 0,  # an AudioContext runs without a click
    "media.autoplay.blocking_policy": 0,
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,  # no names of mDNS
    "network.proxy.type": 0,
    "media.gmp-manager.updateEnabled": False,  # nothing is fetched from anywhere
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
}


class FirefoxPage(BrowserPage):
    """A page of our own in a Firefox of its own."""

    def __init__(self, folder: Path, script: Path) -> None:
        super().__init__(script)
        self._folder = folder / "firefox"
        self._folder.mkdir()
        # Without a device its clock of sound stands still.
        self._sound = PulseAudio(self._folder, "module-null-sink")
        self._program: Program | None = None
        self._socket: ClientConnection | None = None
        self._numbers = itertools.count(1)
        self._context = ""

    async def start(self) -> None:
        """Serve the page, start the browser and open the page in it."""
        firefox = need("firefox-esr", "firefox-esr")
        address = await self._serve()
        told = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in _PREFERENCES.items()]
        (self._folder / "user.js").write_text("\n".join(told))
        self._program = Program(
            "firefox",
            [
                *(firefox, "--headless", "--no-remote", "--profile", str(self._folder)),
                *("--remote-debugging-port=0", "about:blank"),
            ],
            self._folder,
            {**os.environ, **self._sound.environment()},
        )
        self._sound.start()
        self._program.start()
        listens = self._folder / "WebDriverBiDiServer.json"
        await self._program.until("its port", lambda: listens.exists() and _port(listens) > 0, 60)
        self._socket = await connect(
            f"ws://127.0.0.1:{_port(listens)}/session", max_size=None, proxy=None
        )
        await self._call("session.new", {"capabilities": {}})
        tree = await self._call("browsingContext.getTree", {})
        self._context = tree["contexts"][0]["context"]
        where = {"context": self._context, "url": address, "wait": "complete"}
        await self._call("browsingContext.navigate", where)

    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, awaited when it is a promise."""
        answer = await self._call(
            "script.evaluate",
            {
                "expression": f"(async () => JSON.stringify((await ({expression})) ?? null))()",
                "target": {"context": self._context},
                "awaitPromise": True,
                "userActivation": True,
            },
        )
        if answer["type"] != "success":
            raise AssertionError(f"in the page: {answer['exceptionDetails']['text']}")
        return json.loads(answer["result"]["value"])

    async def end(self) -> None:
        """Close the browser and stop serving."""
        if self._socket is not None:
            await self._socket.close()
        if self._program is not None:
            await self._program.end()
        self._sound.kill()
        await super().end()

    async def _call(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        assert self._socket is not None
        number = next(self._numbers)
        await self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(await self._socket.recv())
            if answer.get("id") == number:
                if answer["type"] == "error":
                    raise AssertionError(f"{method}: {answer['error']}: {answer['message']}")
                result: dict[str, Any] = answer["result"]
                return result


def _port(told: Path) -> int:
    try:
        return int(json.loads(told.read_text())["ws_port"])
    except (ValueError, KeyError):  # it is being written
        return 0

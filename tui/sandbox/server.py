"""The sandbox as a whole: a port of loopback for the web API, SIP over WebSocket and control, and
one for the web API of generation 1."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tui.sandbox.control_api.base import local_only
from tui.sandbox.control_api.requests import ControlApi
from tui.sandbox.doors import HOST, Doors, ready
from tui.sandbox.faults import Faults
from tui.sandbox.fixtures import Fixtures
from tui.sandbox.journal import AgentJournal
from tui.sandbox.language import message_in_chinese, web_in_chinese
from tui.sandbox.options import SandboxOptions
from tui.sandbox.pbx.pbx import Pbx
from tui.sandbox.pbx.timers import Times
from tui.sandbox.replay import ReplayManner
from tui.sandbox.signalling.manner import Manner, PlainManner, Send
from tui.sandbox.signalling.switchboard import Switchboard
from tui.sandbox.strange.dice import Dice
from tui.sandbox.strange.manner import StrangeManner
from tui.sandbox.strange.web import strange_web
from tui.sandbox.web.generation1 import WebApi1
from tui.sandbox.web.generation2 import WebApi
from tui.sandbox.web.load import LoadGroup
from tui.sandbox.web.tokens import Tokens


class Sandbox:
    """`start`, then `ready` tells where it is; `close` ends every call and socket. `reset` is what
    the control API's request of that name does; None = it is refused."""

    def __init__(
        self,
        options: SandboxOptions | None = None,
        *,
        times: Times | None = None,
        reset: Callable[[], Awaitable[dict[str, Any]]] | None = None,
    ) -> None:
        self.options = options or SandboxOptions()
        self._reset = reset
        strange = self.options.strange
        self._dice = None if strange is None else Dice(strange)
        # Names of calls and tokens need not be secret here, but a seed makes a run repeatable.
        rng = random.Random(self.options.seed)
        self.fixtures = Fixtures()
        self.fixtures.add_agents(self.options.agents)
        self.load_group = LoadGroup(self.fixtures, rng)
        if self.options.big_directory:
            self.load_group.arrive()
        self.faults = Faults()
        self.journal = AgentJournal()
        self.tokens = Tokens(self.options.token_life, rng)
        self.pbx = Pbx(
            self.fixtures,
            rng=rng,
            times=times,
            faults=self.faults,
            auto_call=self.options.auto_call,
        )
        self.board = Switchboard(
            self.fixtures,
            self.pbx,
            rng=rng,
            faults=self.faults,
            journal=self.journal,
            manner=self._manner,
        )
        self._middlewares: list[Any] = [local_only]
        if self.options.language == "zh":
            self.board.spoken = message_in_chinese
            self._middlewares.append(web_in_chinese)
        if self._dice is not None:
            self._middlewares.append(strange_web(self._dice))
        self.port = 0
        self.port1 = 0
        self._runner: web.AppRunner | None = None
        self._runner1: web.AppRunner | None = None

    def _manner(self, send: Send) -> Manner:
        if self.options.replay:
            return ReplayManner(self.options.replay, send)
        if self._dice is None:
            return PlainManner(send)
        return StrangeManner(self._dice, self.fixtures, self.pbx, send=send, restart=self.restart)

    def restart(self) -> None:
        """The platform begins anew: it knows no registration, no call and no check-in."""
        self.tokens.check_out_all()
        self.board.restart()

    async def start(self, doors: Doors | None = None) -> None:
        """Answer at these doors; without any, open them: OSError when the port is taken."""
        doors = doors or Doors.open(self.options.port)
        self.port, self.port1 = doors.port, doors.port1
        app = web.Application(middlewares=self._middlewares, client_max_size=1 << 20)
        api = WebApi(
            self.fixtures,
            self.pbx,
            self.tokens,
            faults=self.faults,
            journal=self.journal,
            address=lambda: (HOST, self.port),
        )
        app.router.add_get("/sip", self.board.serve)
        ControlApi(self.board, self.tokens, self.load_group, self.restart, self._reset).add_routes(
            app
        )
        api.add_routes(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.SockSite(self._runner, doors.main).start()
        await self._start_generation_1(doors.first)

    async def _start_generation_1(self, door: socket.socket) -> None:
        app = web.Application(middlewares=self._middlewares, client_max_size=1 << 20)
        WebApi1(
            self.fixtures,
            self.pbx,
            faults=self.faults,
            journal=self.journal,
            address=lambda: (HOST, self.port1),
        ).add_routes(app)
        self._runner1 = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner1.setup()
        await web.SockSite(self._runner1, door).start()

    @property
    def ready(self) -> dict[str, Any]:
        """What the ready file says: addresses and accounts."""
        return ready(self.fixtures, self.port, self.port1)

    async def close(self) -> None:
        """End everything; takes at most a few seconds."""
        await self.load_group.leave()
        await self.board.close()
        for runner in (self._runner, self._runner1):
            if runner is not None:
                await asyncio.wait_for(runner.cleanup(), 10)


class StandingSandbox:
    """The sandbox that stands now. A reset puts a fresh one in its place, at new ports: whoever
    still holds on to the one before finds nobody there, as after the end of its process."""

    def __init__(self, options: SandboxOptions) -> None:
        # On a port that was asked for, a second one cannot listen beside the first.
        self._reset = self.reset if options.port == 0 else None
        self.sandbox = Sandbox(options, reset=self._reset)
        self.on_ready: Callable[[dict[str, Any]], None] = lambda _ready: None
        self._ending: set[asyncio.Task[None]] = set()

    async def start(self, doors: Doors | None = None) -> None:
        """Start the first one at these doors; OSError when it has to open them and the port is
        taken."""
        await self.sandbox.start(doors)

    async def reset(self) -> dict[str, Any]:
        """Put a fresh one in place, and end the one before; what the ready file says now."""
        fresh = Sandbox(self.sandbox.options, reset=self._reset)
        await fresh.start()
        old, self.sandbox = self.sandbox, fresh
        self.on_ready(fresh.ready)
        ending = asyncio.get_running_loop().create_task(old.close())
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        return fresh.ready

    async def close(self) -> None:
        """End the one that stands, and wait for those before it."""
        await self.sandbox.close()
        await asyncio.gather(*self._ending, return_exceptions=True)

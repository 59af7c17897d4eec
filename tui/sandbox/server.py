"""The sandbox as a whole: a port of loopback for the web API, SIP over WebSocket and control, and
one for the web API of generation 1."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tui.sandbox.audio import bind_to_loopback
from tui.sandbox.calls import Times
from tui.sandbox.crowd import Crowd
from tui.sandbox.desk import local_only
from tui.sandbox.faults import Faults, Journal
from tui.sandbox.pbx import Pbx
from tui.sandbox.switchboard import Switchboard
from tui.sandbox.tokens import Tokens
from tui.sandbox.trainer import Trainer
from tui.sandbox.webapi import WebApi
from tui.sandbox.webapi1 import WebApi1
from tui.sandbox.world import World

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Options:
    """How a sandbox is started. Times in seconds; `auto_call` None = nobody calls by themselves."""

    port: int = 0
    auto_call: float | None = 4.0
    token_life: float = 1800.0
    seed: int | None = None
    big_directory: bool = False
    """A group of ten thousand members."""


class Sandbox:
    """`start`, then `ready` tells where it is; `close` ends every call and socket."""

    def __init__(self, options: Options | None = None, *, times: Times | None = None) -> None:
        self.options = options or Options()
        # Names of calls and tokens need not be secret here, but a seed makes a run repeatable.
        rng = random.Random(self.options.seed)
        self.world = World()
        self.crowd = Crowd(self.world, rng)
        if self.options.big_directory:
            self.crowd.arrive()
        self.faults = Faults()
        self.journal = Journal()
        self.tokens = Tokens(self.options.token_life, rng)
        self.pbx = Pbx(self.world, rng=rng, times=times, auto_call=self.options.auto_call)
        self.board = Switchboard(
            self.world, self.pbx, rng=rng, faults=self.faults, journal=self.journal
        )
        self.port = 0
        self.port1 = 0
        self._runner: web.AppRunner | None = None
        self._runner1: web.AppRunner | None = None

    async def start(self) -> None:
        """Open the port; OSError when it is taken."""
        bind_to_loopback()
        app = web.Application(middlewares=[local_only], client_max_size=1 << 20)
        api = WebApi(
            self.world,
            self.pbx,
            self.tokens,
            faults=self.faults,
            journal=self.journal,
            address=lambda: (HOST, self.port),
        )
        app.router.add_get("/sip", self.board.serve)
        Trainer(self.board, self.tokens, self.crowd).add_routes(app)
        api.add_routes(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self.options.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        await self._start_generation_1()

    async def _start_generation_1(self) -> None:
        """The first generation's web API, on any free port: its paths are not below a backend."""
        app = web.Application(middlewares=[local_only], client_max_size=1 << 20)
        WebApi1(
            self.world,
            self.pbx,
            faults=self.faults,
            journal=self.journal,
            address=lambda: (HOST, self.port1),
        ).add_routes(app)
        self._runner1 = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner1.setup()
        await web.TCPSite(self._runner1, HOST, 0).start()
        self.port1 = self._runner1.addresses[0][1]

    @property
    def ready(self) -> dict[str, Any]:
        """What the ready file says: addresses and accounts."""
        return {
            "http": f"http://{HOST}:{self.port}",
            "ws": f"ws://{HOST}:{self.port}/sip",
            "http1": f"http://{HOST}:{self.port1}",
            # Both generations register at one gateway; the first has to be told of it.
            "ws1": f"ws://{HOST}:{self.port}/sip",
            "domain": self.world.domain,
            "switchnumber": self.world.switchnumber,
            "agents": [
                {
                    "un": seed.un,
                    "pwd": seed.pwd,
                    "sip_user": seed.sip_user,
                    "name": seed.name,
                    "groups": [
                        {"gid": gid, "name": self.world.groups[gid].name} for gid in seed.gids
                    ],
                }
                for seed in self.world.accounts()
            ],
        }

    async def close(self) -> None:
        """End everything; takes at most a few seconds."""
        await self.crowd.leave()
        await self.board.close()
        for runner in (self._runner, self._runner1):
            if runner is not None:
                await asyncio.wait_for(runner.cleanup(), 10)

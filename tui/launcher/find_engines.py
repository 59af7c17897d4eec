"""Which engines run on this machine, and whose they are."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from tui.port.errors import EngineUnavailable
from tui.port.snapshot import Snapshot
from tui.port.values import Account, Message, Phase
from tui.port.wire.sockets import is_claimed, live

_LOOK_LIMIT = 3.0
"""Seconds for an engine to say who it is."""


@dataclass(frozen=True, slots=True)
class RunningEngine:
    """An engine that has an account."""

    path: Path
    pid: int
    screens: int
    """Screens that look at it now."""
    snapshot: Snapshot

    @property
    def account(self) -> Account:
        """Who is signed in."""
        assert self.snapshot.account is not None
        return self.snapshot.account

    def matches(self, un: str = "", switchnumber: str = "", backend: str = "") -> bool:
        """Whether it is that extension, at that enterprise, of that platform; "" = any."""
        account = self.account
        return (
            un in ("", account.un)
            and switchnumber in ("", account.switchnumber)
            and (not backend or backend.rstrip("/") == account.backend.rstrip("/"))
        )


@dataclass(frozen=True, slots=True)
class EnginesFound:
    """What a look into the runtime directory brought."""

    engines: tuple[RunningEngine, ...]
    refused: tuple[Message, ...]
    """Why others that run could not be spoken to."""


async def find_running(runtime: Path) -> EnginesFound:
    """The engines in which somebody is signed in, by extension. Looking makes nobody attended."""
    paths = [path for path in live(runtime) if is_claimed(path)]
    looks = await asyncio.gather(*map(_look, paths))
    engines = sorted(
        (look for look in looks if isinstance(look, RunningEngine)),
        key=lambda each: each.account.un,
    )
    refused = [look for look in looks if isinstance(look, Message)]
    return EnginesFound(tuple(engines), tuple(refused))


async def _look(path: Path) -> RunningEngine | Message | None:
    from tui.port.wire.client import (
        EngineClient,  # only where an engine runs: the first frame waits
    )

    try:
        client = await EngineClient.connect(path, kind="script", limit=_LOOK_LIMIT)
    except EngineUnavailable as error:
        gone = error.message.id in ("engine.none", "engine.gone")
        return None if gone else error.message
    snapshot = client.snapshot()
    await client.close()
    if snapshot.account is None or snapshot.phase in (Phase.SIGNING_OUT, Phase.SIGNED_OUT):
        # Signed out, it has its account a moment longer, until it ends: nobody's desk any more.
        return None
    return RunningEngine(path, client.pid, client.screens, snapshot)

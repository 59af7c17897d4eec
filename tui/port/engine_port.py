"""The port between an engine and those who look at it: three calls, and nothing else crosses.

`LocalPort` puts it on an engine of this process; `tui.port.wire.client.EngineClient` is the same
port over a Unix socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from tui.bus import EventBus, Subscription
from tui.port.commands import Command, Result, SignIn
from tui.port.events import Event
from tui.port.snapshot import Snapshot

Claim = Callable[[SignIn], Awaitable[Result | None]]
"""Asked by the engine in `SignIn`, before the platform is: None = the account is this engine's;
a Result = refused, and `SignIn` returns it."""


class EnginePort(Protocol):
    """What a front end may do."""

    async def execute(self, command: Command) -> Result:
        """Carry a command to the engine. Never raises for what the engine or the platform
        refuses, nor for an engine that is gone: the Result says so in a Message."""

    def subscribe(self) -> Subscription[Event]:
        """Hear every event from now on. `Overflow` means that some were lost: draw again from
        `snapshot()`. The iteration ends when the engine is gone."""

    def snapshot(self) -> Snapshot:
        """All a front end needs to draw itself from nothing, as of the last event."""


class ServedEngine(Protocol):
    """What a `Host` needs of the engine that it serves."""

    claim: Claim | None
    finished: asyncio.Event
    """Set when the engine has nothing left to do: its process ends."""

    @property
    def events(self) -> EventBus[Event]: ...

    async def execute(self, command: Command) -> Result: ...

    def snapshot(self) -> Snapshot: ...

    def attended(self, present: bool) -> None:
        """Whether at least one screen is attached."""

    def watched(self, by: tuple[str, ...]) -> None:
        """Who looks at this desk, by login name."""

    async def close(self) -> None:
        """Sign out as far as it can be done in time, and let go of everything."""


class LocalPort:
    """The port on an engine that lives in this process."""

    def __init__(self, engine: ServedEngine) -> None:
        self._engine = engine

    async def execute(self, command: Command) -> Result:
        return await self._engine.execute(command)

    def subscribe(self) -> Subscription[Event]:
        return self._engine.events.subscribe()

    def snapshot(self) -> Snapshot:
        return self._engine.snapshot()

"""An engine without a phone, for tests of what lies between an engine and its front ends."""

from __future__ import annotations

import asyncio

from tui.bus import EventBus
from tui.port.commands import Command, Dial, GetNotUnderstood, Mute, Result, SignIn, SignOut
from tui.port.engine_port import Claim
from tui.port.events import AccountChanged, Event, PhaseChanged, WatchersChanged, apply
from tui.port.snapshot import Snapshot
from tui.port.values import Account, NotUnderstoodReport, Phase, message
from tui.secrets import Secret

ACCOUNT = SignIn("1001", Secret("open sesame"), "02500001234", backend="http://127.0.0.1:1")


class PlainEngine:
    """An engine without a phone: it keeps a snapshot, and publishes what a test tells it to."""

    def __init__(self) -> None:
        self.events: EventBus[Event] = EventBus()
        self.claim: Claim | None = None
        self.finished = asyncio.Event()
        self.heard: list[Command] = []
        self.not_understood: NotUnderstoodReport | None = None
        self.seen: list[bool] = []
        self.release = asyncio.Event()
        self.closed = False
        self._snapshot = Snapshot()

    def publish(self, event: Event) -> None:
        self._snapshot = apply(self._snapshot, event)
        self.events.publish(event)

    def snapshot(self) -> Snapshot:
        return self._snapshot

    def attended(self, present: bool) -> None:
        self.seen.append(present)

    def watched(self, by: tuple[str, ...]) -> None:
        self.publish(WatchersChanged(by))

    async def execute(self, command: Command) -> Result:
        self.heard.append(command)
        match command:
            case SignIn():
                assert self.claim is not None
                if (refused := await self.claim(command)) is not None:
                    return refused
                account = Account(command.un, command.switchnumber, command.backend)
                self.publish(AccountChanged(account))
                self.publish(PhaseChanged(Phase.SIGNED_IN))
            case SignOut(end):
                self.publish(PhaseChanged(Phase.SIGNED_OUT))
                if end:
                    self.finished.set()
            case Dial():
                await self.release.wait()
                return Result(False, message("refused.503"), 503)
            case GetNotUnderstood():
                return Result(True, value=self.not_understood)
            case Mute():
                raise RuntimeError("a fault in the engine")
        return Result(True)

    async def close(self) -> None:
        self.closed = True
        self.publish(PhaseChanged(Phase.SIGNED_OUT))

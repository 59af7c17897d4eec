"""A desk for tests of calls: the real `Calls` and `CallReports`, a platform that answers when
told to, and a clock that only moves when told to. Timers run on the loop with small limits."""

from __future__ import annotations

import asyncio
from random import Random

from tui.engine.calls import Calls, Outcome
from tui.engine.core import Core, Limits
from tui.engine.events import AccountChanged, Event, LineChanged, PhaseChanged
from tui.engine.reports import CallReports
from tui.engine.state import Account, Call, Line, LineState, Phase
from tui.platform import control

CC = "1700000000001conf_1"
CUSTOMER = "12000000001"


class Audio:
    """What calls asked of the audio, in order."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.ringing = False

    def expect(self, key: str) -> None:
        self.asked.append(("expect", key))

    def stop(self, key: str) -> None:
        self.asked.append(("stop", key))

    def hold(self, key: str, on: bool) -> None:
        self.asked.append(("hold", key, on))

    def mute(self, key: str, on: bool) -> None:
        self.asked.append(("mute", key, on))

    def ring(self, on: bool) -> None:
        self.ringing = on


class Desk:
    """`sent` is what went to the platform; `answer` is what it answers each message with."""

    def __init__(self, limits: Limits) -> None:
        self.now = 100.0
        self.core = Core(clock=lambda: self.now, rng=Random(1), limits=limits)
        self.sent: list[control.AgentMessage] = []
        self.answer = Outcome(200, "OK")
        self.gate: asyncio.Event | None = None
        self.audio = Audio()
        self.calls = Calls(self.core, self._send, self.audio)
        self.reports = CallReports(self.calls)
        self.heard: list[Event] = []
        publish = self.core.events.publish
        self.core.events.publish = lambda event: (self.heard.append(event), publish(event))[1]  # type: ignore[method-assign]
        self.core.emit(PhaseChanged(Phase.SIGNED_IN))
        self.core.emit(LineChanged(Line(LineState.OK)))
        account = Account(
            "1001", "02500001234", "", eid="70000", extension_start="1000", extension_end="1999"
        )
        self.core.emit(AccountChanged(account))

    async def _send(self, message: control.AgentMessage) -> Outcome:
        self.sent.append(message)
        if self.gate is not None:
            await self.gate.wait()
        return self.answer

    def says(self, *messages: control.PlatformMessage) -> None:
        for message in messages:
            assert self.reports.handle(message)

    @property
    def call(self) -> Call:
        call = self.core.snapshot.call
        assert call is not None
        return call

    def facts(self, kind: type) -> list[Event]:
        return [event for event in self.heard if isinstance(event, kind)]

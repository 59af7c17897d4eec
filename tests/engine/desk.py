"""A desk for tests of calls: the real store, commands and reports, a platform that answers when
told to, and a clock that only moves when told to. Timers run on the loop with small limits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, TypeVar

from tui import sip
from tui.config.schema import AudioSettings
from tui.engine.audio.devices import SoundDevices
from tui.engine.audio.legs import Legs, follow
from tui.engine.call_control import SeatKeeper
from tui.engine.calls import Calls
from tui.engine.context import EngineContext, Limits
from tui.engine.outcome import Outcome
from tui.engine.platform_calls.commands import CallCommands
from tui.engine.platform_calls.control import PlatformCalls
from tui.engine.platform_calls.events import CallReports
from tui.engine.platform_calls.recovery import CallQuery
from tui.platform import control
from tui.platform.base import Platform
from tui.platform.gen2.platform import Platform2
from tui.port.commands import Result
from tui.port.events import AccountChanged, ConnectionChanged, Event, PhaseChanged
from tui.port.snapshot import Call
from tui.port.values import Account, Connection, ConnectionState, Phase

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

    def begins(self) -> None:
        """A call has begun."""

    def ring(self, on: bool) -> None:
        self.ringing = on


class Phone:
    """A user agent that notes its commands in `did`, as (method, handle, more…)."""

    connection = None

    def __init__(self) -> None:
        self.did: list[tuple[Any, ...]] = []
        self.out_of_place: set[str] = set()
        """Methods that refuse now, as out of place."""
        self.changed = asyncio.Event()
        self.infos: list[bytes] = []
        self._count = self._subscribed = 0

    def note(self, *what: Any) -> None:
        if what[0] in self.out_of_place:
            raise sip.LocalProtocolError("out of place")
        self.did.append(what)
        self.changed.set()

    def invite(self, target: str, sdp: bytes, headers: Sequence[tuple[str, str]] = ()) -> str:
        self.note("invite", target, *headers)
        self._count += 1
        return f"out{self._count}"

    def refer(self, call: str, target: str, *, replaces: str = "") -> None:
        self.note("refer", call, target, replaces)

    def reinvite(self, call: str, sdp: bytes) -> None:
        self.note("reinvite", call, sdp.decode())

    def accept(self, call: str, sdp: bytes) -> None:
        self.note("accept", call)

    def kept(self, call: str) -> sip.KeptDialog:
        return sip.KeptDialog(call, "ours", "theirs", "<sip:1001@x>", "<sip:1002@x>", "sip:x")

    def restore(self, kept: sip.KeptDialog) -> str:
        self.note("restore", kept.call_id)
        return f"old {kept.call_id}"

    def replaces_header(self, call: str) -> str:
        return f"{call};to-tag=theirs;from-tag=ours"

    def subscribe(
        self, target: str, package: str, *, accept: Sequence[str] = (), expires: int = 3600
    ) -> str:
        self.note("subscribe", target, package, *accept)
        self._subscribed += 1
        return f"s{self._subscribed}"

    def unsubscribe(self, subscription: str) -> None:
        self.note("unsubscribe", subscription)

    def refresh_subscription(self, subscription: str) -> None:
        self.note("refresh", subscription)

    async def info(self, call: str, content_type: str, body: bytes) -> bool:
        self.infos.append(body)
        return True

    def __getattr__(self, name: str) -> Any:
        def command(call: str, *more: Any) -> None:
            self.note(name, call, *more)

        return command


Fact = TypeVar("Fact")


class Desk:
    """`sent` is what went to the platform; `answer` is what it answers each message with."""

    def __init__(self, limits: Limits) -> None:
        self.now = 100.0
        self.context = EngineContext(clock=lambda: self.now, rng=Random(1), limits=limits)
        self.sent: list[control.AgentMessage] = []
        self.answer = Outcome(200, "OK")
        self.gate: asyncio.Event | None = None
        self.waiting: list[control.AgentMessage] = []
        """What somebody waits for, behind the gate."""
        self.audio = Audio()
        self.calls = Calls(self.context)
        self.calls.listen(follow(self.context, self.audio))
        self.query = CallQuery(self.calls, self._send)
        self.type_when_answered: Callable[[str, str], None] = lambda key, tones: None
        """Hears of the tones that stand behind a number that is dialled."""
        self.commands = CallCommands(
            self.calls,
            self._send,
            self.audio,
            lambda key, tones: self.type_when_answered(key, tones),
            self.query.ask,
        )
        self.transferred: set[str] = set()
        self.explained: list[Call] = []
        """Calls of which it became known only after their end why they ended."""
        self.reports = CallReports(self.commands, self.audio, self.query, self.transferred)
        self.heard: list[Event] = []
        publish = self.context.events.publish

        def heard(event: Event) -> None:
            self.heard.append(event)
            publish(event)

        self.context.events.publish = heard  # type: ignore[method-assign]
        self.context.emit(PhaseChanged(Phase.SIGNED_IN))
        self.context.emit(ConnectionChanged(Connection(ConnectionState.OK)))
        account = Account(
            "1001", "02500001234", "", eid="70000", extension_start="1000", extension_end="1999"
        )
        self.context.emit(AccountChanged(account))

    async def _send(self, message: control.AgentMessage) -> Outcome:
        self.sent.append(message)
        if self.gate is not None:
            self.waiting.append(message)
            try:
                await self.gate.wait()
            finally:
                self.waiting.remove(message)
        return self.answer

    def says(self, *messages: control.PlatformMessage) -> None:
        for message in messages:
            assert self.reports.handle(message)

    @property
    def call(self) -> Call:
        call = self.context.snapshot.call
        assert call is not None
        return call

    def facts(self, kind: type[Fact]) -> list[Fact]:
        return [event for event in self.heard if isinstance(event, kind)]


class Nobody:
    """A seat that believes nothing."""

    def platform_says(self, status: int) -> None:
        pass

    def after_call_work(self, info: str = "", /) -> None:
        pass

    def kept_busy(self, reason: object) -> None:
        pass

    def because(self, reason: object) -> None:
        pass

    async def set_status(self, status: int) -> Result:
        return Result(True)

    def unconfirmed(self, what: object) -> None:
        pass

    def confirmed(self, status: int, reason: object) -> None:
        pass


def platform_calls(
    desk: Desk, seat: SeatKeeper | None = None, platform: Platform | None = None
) -> PlatformCalls:
    """The call control of a session at this platform (a generation 2), over the desk's calls."""
    devices = SoundDevices(desk.context, AudioSettings(input="none", output="none", ring=False))
    return PlatformCalls(
        Legs(desk.calls, devices, Phone()),
        desk._send,
        control.ASSUMED,
        platform=platform or Platform2(),
        seat=Nobody() if seat is None else seat,
        type_when_answered=lambda key, tones: None,
        kicked=lambda report: None,
        explained=desk.explained.append,
    )

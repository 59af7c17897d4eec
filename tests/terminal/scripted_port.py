"""An engine's side of the port, played by a test: real snapshots, real events, real results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tui.bus import EventBus, Subscription
from tui.port import replace
from tui.port.commands import Command, Result
from tui.port.events import Event, apply
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import Status
from tui.port.snapshot import Call, CallEnd, SeatStatus, Snapshot
from tui.port.values import (
    Account,
    CallRecord,
    Capability,
    Connection,
    ConnectionState,
    Group,
    Leg,
    Phase,
    Shift,
    Voice,
    VoiceState,
    WrapUp,
    WrapUpMode,
    message,
)

NOW = 50_000.0
"""The monotonic instant at which the tests' clock stands."""
WALL = 1_767_362_520.0
"""2 January 2026, 14:02 UTC."""

GROUPS = (
    Group("1000000001", "Pre-sales", state_id=1),
    Group("1000000002", "After-sales", state_id=2),
    Group("1000000003", "Night desk", state_id=0),
)
ACCOUNT = Account(
    un="1001",
    switchnumber="02500001234",
    backend="http://127.0.0.1:40731",
    displayname="Li Ming",
    eid="70000",
    gid="1000000001",
    group="Pre-sales",
    can=(Capability.THREEWAY, Capability.GROUPS, Capability.PLATFORM_STATUS),
)
ONE_CAN = (
    Capability.GROUPS,
    Capability.PLATFORM_STATUS,
    Capability.PHONE_MODE,
    Capability.AREA_CODE,
)
"""What a session of the platform's first generation can do."""
RECENT = (
    CallRecord("12000000001", False, NOW - 600, 250.0, message("ended.25", code=25)),
    CallRecord("02500009999", True, NOW - 1500, None, message("ended.20", code=20)),
    CallRecord("12000000007", False, NOW - 4000, 453.0, message("ended.26", code=26)),
    CallRecord("12000000008", False, NOW - 4400, None, message("cancelled.missed"), missed=True),
)
IDLE = Snapshot(
    phase=Phase.SIGNED_IN,
    account=ACCOUNT,
    groups=GROUPS,
    seat=SeatStatus(Status.ONLINE, since=NOW - 900),
    connection=Connection(ConnectionState.OK, since=NOW - 900, latency=12),
    voice=Voice(VoiceState.OK, device="headset"),
    recent=RECENT,
    shift=Shift(NOW - 900, talked=2, missed=1, talk_time=703.0, longest=453.0),
)
WRAPUP = WrapUp(
    entry=1,
    number="12000000001",
    outgoing=False,
    talk_time=250.0,
    ended=message("ended.25", code=25),
    began=NOW - 9,
    until=NOW + 21,
    mode=WrapUpMode.TIMED,
    outcomes=("Resolved", "Call back", "Complaint", "Wrong number"),
)
"""After a call of the customer's, with 21 s to go."""
RINGING = Call(
    key="1",
    state=CallState.RINGING,
    outgoing=False,
    number="12000000001",
    since=NOW - 7,
    began=NOW - 20,
    ccnumber="1conf_1",
    offers=2,
)
TALKING = replace(
    RINGING,
    state=CallState.TALKING,
    since=NOW - 201,
    answered=NOW - 201,
    offers=1,
    leg=Leg.CONNECTED,
)
ENDED = replace(
    TALKING,
    state=CallState.ENDED,
    since=NOW,
    end=CallEnd(25, 201.0),
    outcome=message("ended.25", code=25),
)


class ScriptedPort:
    """Keeps a snapshot, publishes what the test says, answers what the test prepared (else ok).
    `sent` is every command, in order."""

    def __init__(self, snapshot: Snapshot = IDLE) -> None:
        self.state = snapshot
        self.bus: EventBus[Event] = EventBus()
        self.subscriptions: list[Subscription[Event]] = []
        self.sent: list[Command] = []
        self.answers: dict[type[Command], Callable[[Any], Result]] = {}

    async def execute(self, command: Command) -> Result:
        self.sent.append(command)
        answer = self.answers.get(type(command))
        return answer(command) if answer else Result(True)

    def subscribe(self) -> Subscription[Event]:
        subscription = self.bus.subscribe()
        self.subscriptions.append(subscription)
        return subscription

    def snapshot(self) -> Snapshot:
        return self.state

    def happen(self, *events: Event) -> None:
        """Let events happen: the snapshot follows, subscribers hear."""
        for event in events:
            self.state = apply(self.state, event)
            self.bus.publish(event)

    def die(self) -> None:
        """The engine's process is gone."""
        for subscription in self.subscriptions:
            subscription.close()


def with_call(call: Call, snapshot: Snapshot = IDLE) -> Snapshot:
    """A snapshot in which this call is shown."""
    return snapshot.with_call(call)

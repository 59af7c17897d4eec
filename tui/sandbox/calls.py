"""What the PBX keeps of seats and calls, and what it asks of the world around it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from tui.platform.messages import PlatformMessage
from tui.sandbox.dialplan import Behaviour
from tui.sandbox.keys import Key

__all__ = [
    "BUSY",
    "CALLBACK_PHONE",
    "IDLE",
    "OFFLINE",
    "THREEWAY",
    "TRANSFER",
    "VOIP",
    "Action",
    "Actions",
    "Call",
    "CloseLeg",
    "Guest",
    "GuestState",
    "LegState",
    "Minter",
    "OpenLeg",
    "Party",
    "Phase",
    "PhoneState",
    "ProbeLeg",
    "Route",
    "Say",
    "Seat",
    "Speak",
    "Timers",
    "Times",
]

VOIP, CALLBACK_PHONE = 2, 4
"""Line types (`callintype`, specification); 5 is a SIP phone."""

OFFLINE, IDLE, BUSY = 0, 1, 2
"""A seat's status, as `statusChanged` says it."""


@dataclass(slots=True)
class Times:
    """The PBX's patience, in seconds."""

    online: float = 0.3
    """From the registration to the platform's own "online"."""
    offer: float = 30.0
    """An offer that nobody answers goes on to the next agent."""
    reoffer: float = 0.2
    """From a decline to the next offer."""
    queue: float = 180.0
    """How long a customer waits in all."""
    ring: float = 30.0
    """An outside line that does not answer."""
    ring_inside: float = 20.0
    """An extension that does not answer."""
    leg: float = 12.0
    """The audio leg's set-up."""
    orphan: float = 60.0
    """A call that is up and whose agent has lost the leg or the registration."""
    phone: float = 1.0
    """After this the agent's own telephone is picked up by itself (line types 4 and 5)."""
    phone_ring: float = 30.0
    """A telephone of an agent's that nobody picks up."""
    handover: float = 0.2
    """From 38, the transfer is done, to the 105 for the agent who handed the call over."""
    left: float = 120.0
    """How long two who were left together talk on when neither is an agent."""


class Phase(StrEnum):
    """Where a call stands."""

    QUEUED = "queued"
    OFFERED = "offered"
    CONNECTING = "connecting"
    """The answer came; the answerer's leg is being built."""
    DIALING = "dialing"
    """An outgoing call whose own leg is being built."""
    RINGING = "ringing"
    UP = "up"
    ENDED = "ended"


class LegState(StrEnum):
    """One agent's audio leg."""

    NONE = "none"
    OPENING = "opening"
    UP = "up"
    LOST = "lost"


class PhoneState(StrEnum):
    """An agent's own telephone (line types 4 and 5)."""

    ON_HOOK = "on-hook"
    RINGING = "ringing"
    OFF_HOOK = "off-hook"


@dataclass(slots=True)
class Party:
    """An agent in a call."""

    un: str
    leg: LegState = LegState.NONE
    phone: PhoneState = PhoneState.ON_HOOK
    holding: bool = False
    """This agent has put the other side on hold."""


class GuestState(StrEnum):
    """Where a further party of a call stands."""

    RINGING = "ringing"
    CONNECTING = "connecting"
    """An agent who answered; the leg is being built."""
    IN = "in"


THREEWAY, TRANSFER = "threeway", "transfer"


@dataclass(slots=True)
class Guest:
    """Who is rung into a call that is up: as the third party, or to take the call over. `un` is
    an agent who is signed in; else `behaviour` says what the simulated party does. `inviter` is ""
    once that agent has left the others to themselves."""

    purpose: str
    inviter: str
    number: str
    un: str = ""
    behaviour: Behaviour | None = None
    state: GuestState = GuestState.RINGING


@dataclass(slots=True)
class Call:
    """One call. `number` is the customer's, or the called extension's; `kind` is "in", "out" or
    "internal" (agent to agent). Instants are the clock's that the PBX is driven with."""

    cc: str
    kind: str
    number: str
    behaviour: Behaviour
    began: float
    phase: Phase = Phase.QUEUED
    target: str = ""
    """The one agent this customer wants, or ""."""
    gid: str = ""
    """The group that may answer instead, or ""."""
    caller: str = ""
    """The agent who dialled, or ""."""
    callee: str = ""
    """The agent it is offered to, or who answered."""
    parties: dict[str, Party] = field(default_factory=dict)
    declined: set[str] = field(default_factory=set)
    offers: int = 0
    up_at: float | None = None
    ended_at: float | None = None
    reason: str = ""
    keys: list[Key] = field(default_factory=list)
    """The digits that agents typed, the dropped ones too."""
    through: bool = False
    """The code that the called party's menu wants was typed."""
    guest: Guest | None = None
    """The third party, or who is to take the call over; None in a call between two."""

    @property
    def third(self) -> str:
        """The guest who is an agent, "" when there is none."""
        return self.guest.un if self.guest is not None else ""

    @property
    def held(self) -> bool:
        """Somebody holds the other side."""
        return any(party.holding for party in self.parties.values())

    def other(self, un: str) -> str:
        """The other agent of an internal call, "" where the other side is a customer."""
        return next((name for name in self.parties if name != un), "")


@dataclass(slots=True)
class Seat:
    """An agent's place, from sign-in to sign-out. `line` is the line type of the web sign-in."""

    un: str
    registered: bool = False
    reachable: bool = False
    """Its WebSocket is there."""
    status: int = OFFLINE
    fixed: bool = True
    gid: str = "0"
    line: int = 2
    phone: str = ""
    """The number of the agent's telephone, with line types 4 and 5."""
    trouble: str = ""
    """What the telephone has: "none", "offline", "busy" or ""."""
    picks_up: bool = True
    """The telephone is picked up by itself."""
    generation: int = 2
    """Of the web sign-in. To the first generation no status is said after a call."""
    call: str = ""
    busy_after: bool = False
    idle_since: float = 0.0
    been_idle: bool = False


@dataclass(frozen=True, slots=True)
class Say:
    """Send a control message to an agent, `copies` times."""

    un: str
    message: PlatformMessage
    copies: int = 1


@dataclass(frozen=True, slots=True)
class OpenLeg:
    """Build the agent's audio leg; report `leg_up` or `leg_failed`."""

    cc: str
    un: str


@dataclass(frozen=True, slots=True)
class CloseLeg:
    """Take the agent's audio leg down; nothing is reported."""

    cc: str
    un: str


@dataclass(frozen=True, slots=True)
class ProbeLeg:
    """Find out whether audio still comes from the agent; if not, report `leg_lost`."""

    cc: str
    un: str


@dataclass(frozen=True, slots=True)
class Route:
    """The call's phase, holds or parties have changed: connect the audio accordingly."""

    cc: str


@dataclass(frozen=True, slots=True)
class Speak:
    """The customer says something else from now on."""

    cc: str
    voice: str


Action = Say | OpenLeg | CloseLeg | ProbeLeg | Route | Speak


class Timers:
    """Named deadlines. `due` takes those that have passed off, in their order."""

    def __init__(self) -> None:
        self._deadlines: dict[tuple[str, ...], float] = {}

    def set(self, when: float, *name: str) -> None:
        """Arm, or arm anew."""
        self._deadlines[name] = when

    def drop(self, *prefix: str) -> None:
        """Disarm every timer whose name begins so."""
        for name in [name for name in self._deadlines if name[: len(prefix)] == prefix]:
            del self._deadlines[name]

    def next(self) -> float | None:
        """The earliest deadline."""
        return min(self._deadlines.values(), default=None)

    def due(self, now: float) -> tuple[str, ...] | None:
        """The earliest timer that has passed, taken off; None when there is none."""
        name = min(self._deadlines, key=self._deadlines.__getitem__, default=None)
        if name is None or self._deadlines[name] > now:
            return None
        del self._deadlines[name]
        return name


Actions = deque[Action]
Minter = Callable[[], str]

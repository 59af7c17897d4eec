"""What the PBX keeps of seats and calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from tui.platform.base import VOIP
from tui.sandbox.pbx.dialplan import Behaviour
from tui.sandbox.pbx.digits import TypedDigit


class PbxSeatStatus(IntEnum):
    """A seat's status, as `statusChanged` says it."""

    OFFLINE = 0
    IDLE = 1
    BUSY = 2


class PbxSeatState(IntEnum):
    """What a seat does, as `checkSeatState` says it."""

    OFFLINE = 0
    IDLE = 1
    BUSY = 2
    """By hand, not in a call."""
    RINGING = 3
    """Its telephone rings, or it has dialled: until the call is up."""
    TALKING = 4
    HOLDING = 5


class EndReason(StrEnum):
    """`r` of 105 (specification)."""

    NOT_CONNECTED = "20"
    CUSTOMER_HUNG_UP = "25"
    AGENT_HUNG_UP = "26"


class KickReason(StrEnum):
    """`r` of a kick (specification)."""

    OTHER_SIGNED_IN = "895"
    EXPIRED = "897"
    ACCOUNT_CHANGED = "898"
    ENTERPRISE_STOPPED = "899"


class CallKind(StrEnum):
    """Who calls whom."""

    IN = "in"
    """A customer calls."""
    OUT = "out"
    """An agent calls a customer."""
    INSIDE = "inside"
    """An agent calls a simulated extension."""
    INTERNAL = "internal"
    """An agent calls another agent."""


class PbxPhase(StrEnum):
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


class PbxLegState(StrEnum):
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


class PhoneTrouble(StrEnum):
    """What an agent's own telephone can have."""

    NONE = ""
    UNBOUND = "none"
    OFFLINE = "offline"
    BUSY = "busy"


@dataclass(slots=True)
class PbxParty:
    """An agent in a call."""

    un: str
    leg: PbxLegState = PbxLegState.NONE
    phone: PhoneState = PhoneState.ON_HOOK
    holding: bool = False
    """This agent has put the other side on hold."""


class GuestState(StrEnum):
    """Where a further party of a call stands."""

    RINGING = "ringing"
    CONNECTING = "connecting"
    """An agent who answered; the leg is being built."""
    IN = "in"


class GuestPurpose(StrEnum):
    """Why a further party is rung into a call."""

    THREEWAY = "threeway"
    TRANSFER = "transfer"


@dataclass(slots=True)
class Guest:
    """Who is rung into a call that is up: as the third party, or to take the call over. `un` is
    an agent who is signed in; else `behaviour` says what the simulated party does. `inviter` is ""
    once that agent has left the others to themselves."""

    purpose: GuestPurpose
    inviter: str
    number: str
    un: str = ""
    behaviour: Behaviour | None = None
    state: GuestState = GuestState.RINGING


@dataclass(slots=True)
class PbxCall:
    """One call. `number` is the customer's, or the called extension's. Instants are those of the
    clock that the PBX is driven with."""

    cc: str
    kind: CallKind
    number: str
    behaviour: Behaviour
    began: float
    phase: PbxPhase = PbxPhase.QUEUED
    target: str = ""
    """The one agent this customer wants, or ""."""
    gid: str = ""
    """The group that may answer instead, or ""."""
    caller: str = ""
    """The agent who dialled, or ""."""
    callee: str = ""
    """The agent it is offered to, or who answered."""
    parties: dict[str, PbxParty] = field(default_factory=dict)
    declined: set[str] = field(default_factory=set)
    offers: int = 0
    up_at: float | None = None
    ended_at: float | None = None
    reason: str = ""
    """An `EndReason`, or the `r` that the dial was refused with."""
    digits: list[TypedDigit] = field(default_factory=list)
    """The digits that agents typed, the dropped ones too."""
    through: bool = False
    """The code that the called party's menu wants was typed."""
    guest: Guest | None = None
    """The third party, or who is to take the call over; None in a call between two."""

    listeners: dict[str, PbxParty] = field(default_factory=dict)
    """Supervisors who listen, or have joined."""
    joined: set[str] = field(default_factory=set)
    """Those of them who are heard."""
    scripted: str = ""
    """The simulated member who talks in it, where none of the agents does."""
    scripted_voice: str = ""

    @property
    def third(self) -> str:
        """The guest who is an agent, "" when there is none."""
        return self.guest.un if self.guest is not None else ""

    @property
    def held(self) -> bool:
        """Somebody holds the other side."""
        return any(party.holding for party in self.parties.values())

    @property
    def inside(self) -> bool:
        """An extension was called."""
        return self.kind in (CallKind.INSIDE, CallKind.INTERNAL)

    def other(self, un: str) -> str:
        """The other agent of an internal call, "" where the other side is a customer."""
        return next((name for name in self.parties if name != un), "")


@dataclass(slots=True)
class PbxSeat:
    """An agent's place, from sign-in to sign-out. `line` is the line type of the web sign-in."""

    un: str
    registered: bool = False
    reachable: bool = False
    """Its WebSocket is there."""
    status: int = PbxSeatStatus.OFFLINE
    fixed: bool = True
    gid: str = "0"
    line: int = VOIP
    phone: str = ""
    """The number of the agent's telephone, with line types 4 and 5."""
    trouble: PhoneTrouble = PhoneTrouble.NONE
    picks_up: bool = True
    """The telephone is picked up by itself."""
    generation: int = 2
    """Of the web sign-in. To the first generation no status is said after a call."""
    call: str = ""
    busy_after: bool = False
    break_reason: str = ""
    """Why it is busy, as the agent said."""
    idle_since: float = 0.0
    been_idle: bool = False

    @property
    def idle(self) -> bool:
        """It can be rung."""
        return (
            self.registered
            and self.reachable
            and self.status == PbxSeatStatus.IDLE
            and self.fixed
            and not self.call
        )

    @property
    def phone_refusal(self) -> str:
        """The code that a call is refused with because the agent's own telephone cannot ring; ""
        when it can, or when there is none."""
        return TROUBLE_CODES.get(self.trouble, "") if self.line != VOIP else ""


TROUBLE_CODES = {
    PhoneTrouble.UNBOUND: "470",
    PhoneTrouble.OFFLINE: "471",
    PhoneTrouble.BUSY: "486",
}
"""The refusal (`r`) of each trouble."""

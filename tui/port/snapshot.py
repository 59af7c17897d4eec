"""The truth that an engine keeps, as values: the seat, the calls, and the snapshot of all.

All instants are `tui.clock.instant()`, which every process of one boot shares; front
ends turn them into wall-clock time for display.
"""

from __future__ import annotations

from typing import Final

from tui.plain_value import PlainValue, replace
from tui.port.colleagues import Colleague, Mailbox, ParkingSlot
from tui.port.machines.call_machine import (
    JOINED_SOUNDS,
    PEER_HOLDS_SOUNDS,
    CallState,
    HoldRequest,
    LineSound,
    ThirdState,
)
from tui.port.machines.seat_machine import SeatState, Status
from tui.port.queues import AgentQueue
from tui.port.supervision import GroupCall, Supervision
from tui.port.values import (
    Account,
    CallRecord,
    Capability,
    Check,
    Connection,
    ConnectionState,
    Group,
    Leg,
    Levels,
    Message,
    NextStatus,
    Notice,
    Phase,
    PhoneMode,
    Quality,
    Question,
    Shift,
    Standing,
    ThirdKind,
    Voice,
    WrapUp,
)
from tui.port.work import BreakChoice, Callbacks, TakenBreak

MOST_LINES: Final = 4
"""How many calls there can be at once, each on a line of its own."""


class SeatStatus(PlainValue, frozen=True):
    """The seat: its status, since when, why (an unattended seat says so), and the status that
    was asked for and is not confirmed yet."""

    status: Status = Status.OFFLINE
    since: float = 0.0
    reason: Message | None = None
    pending: Status | None = None
    unconfirmed: tuple[Standing, ...] = ()
    """What the platform has not confirmed since the last registration on a new flow: nothing of
    this is claimed."""
    taken: TakenBreak | None = None
    """The named break for which it is busy; None: it has no name."""


class Third(PlainValue, frozen=True):
    """The third party of a call. `callee` is the extension, gid or number; `name` what to show."""

    state: ThirdState
    kind: ThirdKind
    callee: str
    name: str
    since: float
    joined: float | None = None
    outcome: Message | None = None
    before: ThirdState | None = None
    """The state to go back to when type 4 is not answered."""

    @property
    def present(self) -> bool:
        """Whether hanging up now would leave the others together: it is in, or on its way."""
        return self.state not in (ThirdState.FAILED, ThirdState.LEFT)


class Tones(PlainValue, frozen=True):
    """The keys pressed in a call, in order."""

    sent: str = ""
    received: str = ""
    """The last that the other side sent (RFC 4733)."""


class CallEnd(PlainValue, frozen=True):
    """How a call ended, in figures; in words it is `Call.outcome`."""

    reason: int | None = None
    """`r` of endPBXCall: 25 the customer hung up, 26 the agent did, 20 not connected."""
    talk_time: float | None = None
    """Seconds; None when it was never up."""
    missed: bool = False
    """An offer that ended unanswered and was not declined."""


class Call(PlainValue, frozen=True):
    """One call. `key` is the engine's own and stays the same while the ccNumber is not known
    yet; `number` is what to show. `offers` counts how often the platform offered it."""

    key: str
    state: CallState
    outgoing: bool
    number: str
    since: float
    """When `state` began."""
    began: float
    """When it was dialled or first offered."""
    ccnumber: str = ""
    internal: bool = False
    offers: int = 1
    answered: float | None = None
    muted: bool = False
    leg: Leg = Leg.NONE
    end: CallEnd = CallEnd()
    outcome: Message | None = None
    """Why it ended, or what went wrong, in words."""
    pending: HoldRequest = HoldRequest.NONE
    before: CallState | None = None
    """Where it stands should its hang-up not be confirmed; None: nobody hung up here."""
    recovered: bool = False
    """Taken over from an engine that died."""
    group: str = ""
    """The skill group it came by, for display; "" when it is not known."""
    third: Third | None = None
    transfer: str = ""
    """Whom the call is being handed to, for display, while the platform has not said 38 or 39."""
    tones: Tones = Tones()
    auto_answer: float | None = None
    """When it will be answered by itself; None = not."""
    hold_time: float = 0.0
    """Seconds on hold, without the hold that is running."""
    name: str = ""
    """Who the peer says it is, where it names itself (kind "sip")."""
    known: str = ""
    """Who has this number by the agent's own lists (config, [lookup]); beside the number, never in
    its place."""
    verified: bool = True
    """Whether the server asserted that name (RFC 3325); the platform always does."""
    line: int = 1
    """1 to `MOST_LINES`; a platform's call is on the first."""
    line_sound: LineSound = LineSound.PLAIN
    note: str = ""
    """What the agent has typed about it so far; the write-up goes on with it."""

    @property
    def live(self) -> bool:
        """Whether it is still a call."""
        return self.state is not CallState.ENDED

    @property
    def early(self) -> bool:
        """Whether what is heard before the answer comes from the network."""
        return self.line_sound is LineSound.EARLY

    @property
    def joined(self) -> bool:
        """Whether it is mixed here with other calls into one conversation."""
        return self.line_sound in JOINED_SOUNDS

    @property
    def peer_holds(self) -> bool:
        """Whether the other side has put it on hold."""
        return self.line_sound in PEER_HOLDS_SOUNDS


_SEAT_OF_CALL: Final = {
    CallState.DIALING: SeatState.RINGING,
    CallState.PROCEEDING: SeatState.RINGING,
    CallState.RINGING: SeatState.RINGING,
    CallState.ANSWERING: SeatState.RINGING,
    CallState.DECLINING: SeatState.RINGING,
    CallState.TALKING: SeatState.TALKING,
    CallState.HOLDING: SeatState.HOLDING,
    CallState.ENDING: SeatState.TALKING,
}
_SEAT_OF_STATUS: Final = {
    Status.OFFLINE: SeatState.OFFLINE,
    Status.ONLINE: SeatState.IDLE,
    Status.BUSY: SeatState.BUSY,
}


def seat_state(status: Status, calls: tuple[Call, ...]) -> SeatState:
    """`checkSeatState`: a live call decides, else the status (dialling counts as 3 until the
    call is up: platform.md, "Edges"). Of several the one that is talked in counts most."""
    states = {
        SeatState.RINGING
        if call.state is CallState.ENDING and call.answered is None
        else _SEAT_OF_CALL[call.state]
        for call in calls
        if call.live
    }
    for state in (SeatState.TALKING, SeatState.RINGING, SeatState.HOLDING):
        if state in states:
            return state
    return _SEAT_OF_STATUS[status]


RECENT_LIMIT: Final = 50
"""Calls in `Snapshot.recent`; the history on disk has the rest."""


class Snapshot(PlainValue, frozen=True):
    """All a front end needs to draw itself from nothing."""

    phase: Phase = Phase.SIGNED_OUT
    account: Account | None = None
    groups: tuple[Group, ...] = ()
    seat: SeatStatus = SeatStatus()
    calls: tuple[Call, ...] = ()
    recent: tuple[CallRecord, ...] = ()
    connection: Connection = Connection()
    voice: Voice = Voice()
    levels: Levels = Levels()
    notice: Notice | None = None
    next_status: NextStatus = NextStatus.NONE
    wrapup: WrapUp | None = None
    shift: Shift = Shift()
    phone_mode: PhoneMode = PhoneMode.FIXED
    failure: Message | None = None
    """Why the last sign-in or registration did not work; shown on the sign-in screen."""

    marked: str = ""
    """The key of the line that keys act on, where there can be several (kind "sip"); "" where
    there is one call at most. A new call never moves it."""
    quality: Quality | None = None
    """Of the call whose audio is active; None without one."""
    question: Question | None = None
    checks: tuple[Check, ...] = ()
    group_calls: tuple[GroupCall, ...] = ()
    """The live calls of the group that were told since sign-in, to a supervisor."""
    supervision: Supervision = Supervision()
    breaks: tuple[BreakChoice, ...] = ()
    """What an agent can be busy for, as the config names it."""
    queues: tuple[AgentQueue, ...] = ()
    """The queues of a PBX that the agent works in, in the order of the config."""
    callbacks: Callbacks = Callbacks()
    colleagues: tuple[Colleague, ...] = ()
    """Whose phones the PBX is asked about (kind "sip")."""
    mailbox: Mailbox | None = None
    """None where no mailbox is asked about, nor told of."""
    parking: tuple[ParkingSlot, ...] = ()
    watchers: tuple[str, ...] = ()
    """The login names of those who look at this desk now, by the door for that (`[watch]`)."""

    @property
    def call(self) -> Call | None:
        """The call to show: the marked one, else the live one, else the last that ended."""
        for call in self.calls:
            if call.key == self.marked:
                return call
        for call in self.calls:
            if call.live:
                return call
        return self.calls[-1] if self.calls else None

    @property
    def can(self) -> frozenset[Capability]:
        """What the session can do; nothing while nobody is signed in."""
        return frozenset() if self.account is None else frozenset(self.account.can)

    @property
    def seat_state(self) -> SeatState:
        """`checkSeatState`."""
        return seat_state(self.seat.status, self.calls)

    def holds(self, what: Standing) -> bool:
        """Whether the other side holds this of us, as far as can be said: it has confirmed it since
        the last registration, and the registration stands."""
        return self.connection.state is ConnectionState.OK and what not in self.seat.unconfirmed

    def with_call(self, call: Call) -> Snapshot:
        """The same with this call put in, or put in place of the one of its key."""
        if any(known.key == call.key for known in self.calls):
            calls = tuple(call if known.key == call.key else known for known in self.calls)
        else:
            calls = (*self.calls, call)
        return replace(self, calls=calls)

    def with_group_call(self, call: GroupCall) -> Snapshot:
        """The same with this call of the group put in, or put in place of the one of its key."""
        if any(known.key == call.key for known in self.group_calls):
            calls = tuple(call if each.key == call.key else each for each in self.group_calls)
        else:
            calls = (*self.group_calls, call)
        return replace(self, group_calls=calls)

"""The truth an engine keeps: seat and call machines as tables, and the snapshot.

The tables are the only place that decides which state follows which. An input that a table
does not list for a state changes nothing: `step_call` and `step_seat` return the state they
were given, and the engine logs it. All instants are `time.monotonic()` of this machine, which
every process of one boot shares; front ends turn them into wall-clock time for display.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import Final

from tui.engine.values import (
    Account,
    CallRecord,
    Check,
    Devices,
    Hearing,
    HistoryEntry,
    HistoryPage,
    Leg,
    Levels,
    Line,
    LineState,
    Message,
    Notice,
    Phase,
    Quality,
    Question,
    Shift,
    Voice,
    VoiceState,
    WrapUp,
    WrapUpMode,
    message,
)
from tui.platform.base import VOIP, Group, GroupPage, MemberPage, Seat, UserData

__all__ = [
    "RECENT_LIMIT",
    "VOIP",
    "Account",
    "Call",
    "CallInput",
    "CallRecord",
    "CallState",
    "Check",
    "Devices",
    "Group",
    "GroupPage",
    "Hearing",
    "HistoryEntry",
    "HistoryPage",
    "Leg",
    "Levels",
    "Line",
    "LineState",
    "MemberPage",
    "Message",
    "Notice",
    "Phase",
    "Quality",
    "Question",
    "Seat",
    "SeatInput",
    "SeatState",
    "SeatStatus",
    "Shift",
    "Snapshot",
    "Status",
    "Third",
    "ThirdInput",
    "ThirdState",
    "UserData",
    "Voice",
    "VoiceState",
    "WrapUp",
    "WrapUpMode",
    "message",
    "seat_state",
    "step_call",
    "step_seat",
    "step_third",
]


# ---------------------------------------------------------------- seat


class Status(IntEnum):
    """`statusChanged`: the seat's status as the platform says it."""

    OFFLINE = 0
    ONLINE = 1
    BUSY = 2


class SeatState(IntEnum):
    """`checkSeatState`."""

    OFFLINE = 0
    IDLE = 1
    BUSY = 2
    RINGING = 3
    TALKING = 4
    HOLDING = 5


class SeatInput(StrEnum):
    """What can move the seat's status."""

    PLATFORM_OFFLINE = "platform says offline"
    PLATFORM_ONLINE = "platform says online"
    PLATFORM_BUSY = "platform says busy"
    IDLE_CONFIRMED = "200 to our idle"
    BUSY_CONFIRMED = "200 to our busy"
    SIGNED_OUT = "signed out, kicked or never in"


SEAT_TABLE: Final[dict[tuple[Status, SeatInput], Status]] = {
    (Status.OFFLINE, SeatInput.PLATFORM_ONLINE): Status.ONLINE,
    (Status.OFFLINE, SeatInput.PLATFORM_BUSY): Status.BUSY,
    # checkLogin stays 0 until the platform's own "online" comes, so a 200 to the idle that
    # registration sends moves nothing: (OFFLINE, IDLE_CONFIRMED) is not listed.
    (Status.ONLINE, SeatInput.PLATFORM_OFFLINE): Status.OFFLINE,
    (Status.ONLINE, SeatInput.PLATFORM_BUSY): Status.BUSY,
    (Status.ONLINE, SeatInput.BUSY_CONFIRMED): Status.BUSY,
    (Status.ONLINE, SeatInput.SIGNED_OUT): Status.OFFLINE,
    (Status.BUSY, SeatInput.PLATFORM_OFFLINE): Status.OFFLINE,
    (Status.BUSY, SeatInput.PLATFORM_ONLINE): Status.ONLINE,
    (Status.BUSY, SeatInput.IDLE_CONFIRMED): Status.ONLINE,
    (Status.BUSY, SeatInput.SIGNED_OUT): Status.OFFLINE,
}


def step_seat(status: Status, given: SeatInput) -> Status:
    """The status that follows; unchanged when the table lists nothing."""
    return SEAT_TABLE.get((status, given), status)


@dataclass(frozen=True, slots=True)
class SeatStatus:
    """The seat: its status, since when, why (an unattended seat says so), and the status that
    was asked for and is not confirmed yet."""

    status: Status = Status.OFFLINE
    since: float = 0.0
    reason: Message | None = None
    pending: Status | None = None


# ---------------------------------------------------------------- calls


class CallState(StrEnum):
    """One call, from the agent's side."""

    DIALING = "dialing"
    """`call` sent; the platform has not replied."""
    PROCEEDING = "proceeding"
    """The platform took the call (201, 301 with 200) and rings the other side."""
    RINGING = "ringing"
    ANSWERING = "answering"
    """`answer` sent; 104 not here yet."""
    TALKING = "talking"
    HOLDING = "holding"
    ENDING = "ending"
    """Hang-up sent; 105 not here yet."""
    DECLINING = "declining"
    """Hang-up of an offer sent; 101 not here yet."""
    ENDED = "ended"


class CallInput(StrEnum):
    """What can move a call. Inputs named after messages carry the message's number."""

    ACCEPTED = "201/301 with 200"
    REFUSED = "201/301 with another r"
    NOT_ANSWERED = "309"
    OFFERED = "100"
    CANCELLED = "101"
    ANSWERED = "104"
    ENDED = "105"
    TRANSFERRED = "38, then 5 s without a 105"
    ANSWER_SENT = "answer sent"
    ANSWER_FAILED = "no 200 to the answer"
    HANGUP_SENT = "hang-up sent"
    HANGUP_FAILED = "no 200 to the decline"
    HOLD_CONFIRMED = "200 to the hold"
    RESUME_CONFIRMED = "200 to the resume"
    NO_REPLY = "nothing came in time"
    SESSION_ENDED = "signed out or kicked"


_S, _I = CallState, CallInput
_ENDINGS: Final = (_I.ENDED, _I.SESSION_ENDED)

CALL_TABLE: Final[dict[tuple[CallState, CallInput], CallState]] = {
    (_S.DIALING, _I.ACCEPTED): _S.PROCEEDING,
    (_S.DIALING, _I.REFUSED): _S.ENDED,
    (_S.DIALING, _I.NOT_ANSWERED): _S.ENDED,
    (_S.DIALING, _I.NO_REPLY): _S.ENDED,
    (_S.DIALING, _I.HANGUP_SENT): _S.ENDING,
    (_S.PROCEEDING, _I.ANSWERED): _S.TALKING,
    (_S.PROCEEDING, _I.NOT_ANSWERED): _S.ENDED,
    (_S.PROCEEDING, _I.REFUSED): _S.ENDED,
    (_S.PROCEEDING, _I.HANGUP_SENT): _S.ENDING,
    (_S.RINGING, _I.CANCELLED): _S.ENDED,
    (_S.RINGING, _I.ANSWER_SENT): _S.ANSWERING,
    (_S.RINGING, _I.ANSWERED): _S.TALKING,
    (_S.RINGING, _I.HANGUP_SENT): _S.DECLINING,
    (_S.ANSWERING, _I.ANSWERED): _S.TALKING,
    (_S.ANSWERING, _I.ANSWER_FAILED): _S.RINGING,
    (_S.ANSWERING, _I.CANCELLED): _S.ENDED,
    (_S.ANSWERING, _I.HANGUP_SENT): _S.ENDING,
    (_S.ANSWERING, _I.NO_REPLY): _S.ENDED,
    (_S.TALKING, _I.HOLD_CONFIRMED): _S.HOLDING,
    (_S.TALKING, _I.HANGUP_SENT): _S.ENDING,
    (_S.TALKING, _I.TRANSFERRED): _S.ENDED,
    (_S.HOLDING, _I.RESUME_CONFIRMED): _S.TALKING,
    (_S.HOLDING, _I.HANGUP_SENT): _S.ENDING,
    (_S.HOLDING, _I.TRANSFERRED): _S.ENDED,
    (_S.ENDING, _I.NO_REPLY): _S.ENDED,
    (_S.ENDING, _I.REFUSED): _S.ENDED,
    (_S.ENDING, _I.NOT_ANSWERED): _S.ENDED,
    (_S.ENDING, _I.CANCELLED): _S.ENDED,
    (_S.DECLINING, _I.CANCELLED): _S.ENDED,
    (_S.DECLINING, _I.NO_REPLY): _S.ENDED,
    (_S.DECLINING, _I.HANGUP_FAILED): _S.RINGING,
    (_S.ENDED, _I.OFFERED): _S.RINGING,
    **{(state, given): _S.ENDED for state in _S if state is not _S.ENDED for given in _ENDINGS},
}
"""A repeated 100 (RINGING, OFFERED) changes nothing, so it is not listed; after its 101 the
same ccNumber is offered again (ENDED, OFFERED): platform.md, "Edges"."""


def step_call(state: CallState, given: CallInput) -> CallState:
    """The state that follows; unchanged when the table lists nothing."""
    return CALL_TABLE.get((state, given), state)


# ---------------------------------------------------------------- the third party


class ThirdState(StrEnum):
    """The third party of a three-way call."""

    ASKED = "asked"
    """The request is sent; the platform has not taken it."""
    INVITED = "invited"
    """The platform rings the third party; both others hear ringing."""
    JOINED = "joined"
    LEAVING = "leaving"
    """Type 4 sent: the platform takes the third party out, or stops calling it."""
    FAILED = "failed"
    LEFT = "left"


class ThirdInput(StrEnum):
    """What can move a third party."""

    ACCEPTED = "result 0"
    REFUSED = "result 1"
    JOINED = "event 0"
    FAILED = "event 1"
    LEFT = "event 2"
    END_SENT = "type 4 sent"
    END_ACCEPTED = "result 0 to type 4"
    NO_REPLY = "nothing came in time"


_T, _N = ThirdState, ThirdInput

THIRD_TABLE: Final[dict[tuple[ThirdState, ThirdInput], ThirdState]] = {
    (_T.ASKED, _N.ACCEPTED): _T.INVITED,
    (_T.ASKED, _N.REFUSED): _T.FAILED,
    (_T.ASKED, _N.NO_REPLY): _T.FAILED,
    (_T.ASKED, _N.JOINED): _T.JOINED,
    (_T.ASKED, _N.FAILED): _T.FAILED,
    (_T.INVITED, _N.JOINED): _T.JOINED,
    (_T.INVITED, _N.FAILED): _T.FAILED,
    (_T.INVITED, _N.LEFT): _T.LEFT,
    (_T.INVITED, _N.END_SENT): _T.LEAVING,
    (_T.JOINED, _N.LEFT): _T.LEFT,
    (_T.JOINED, _N.END_SENT): _T.LEAVING,
    # Result 0 means that the third is out, or no longer called; event 2 in that time counts
    # too (platform.md, "Edges"). Without either the engine puts back what was before.
    (_T.LEAVING, _N.END_ACCEPTED): _T.LEFT,
    (_T.LEAVING, _N.LEFT): _T.LEFT,
    (_T.LEAVING, _N.FAILED): _T.LEFT,
    # An answer that comes after all: the third is rung, or is in, whatever was said here before.
    # To think it absent would let a hang-up leave the others together by accident.
    (_T.FAILED, _N.ACCEPTED): _T.INVITED,
    (_T.FAILED, _N.JOINED): _T.JOINED,
}


def step_third(state: ThirdState, given: ThirdInput) -> ThirdState:
    """The state that follows; unchanged when the table lists nothing."""
    return THIRD_TABLE.get((state, given), state)


@dataclass(frozen=True, slots=True)
class Third:
    """The third party of a call. `kind` is `threewayCall`'s type: 1 agent, 2 group, 3 outside
    number; `callee` the extension, gid or number; `name` what to show."""

    state: ThirdState
    kind: int
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
        return self.state not in (_T.FAILED, _T.LEFT)


@dataclass(frozen=True, slots=True)
class Call:
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
    reason: int | None = None
    """`r` of endPBXCall: 25 the customer hung up, 26 the agent did, 20 not connected."""
    talk_time: float | None = None
    """Seconds, once it has ended; None when it was never up."""
    outcome: Message | None = None
    """Why it ended, or what went wrong, in words."""
    pending: str = ""
    """What waits for the platform's 200: "hold", "resume" or ""."""
    before: CallState | None = None
    """The state to go back to when a hang-up is not confirmed."""
    recovered: bool = False
    """Taken over from an engine that died."""
    group: str = ""
    """The skill group it came by, for display; "" when it is not known."""
    third: Third | None = None
    transfer: str = ""
    """Whom the call is being handed to, for display, while the platform has not said 38 or 39."""
    digits: str = ""
    """The tones sent in this call, in order."""
    auto_answer: float | None = None
    """When it will be answered by itself; None = not."""
    hold_time: float = 0.0
    """Seconds on hold, without the hold that is running."""
    missed: bool = False
    """An offer that ended unanswered and was not declined."""
    name: str = ""
    """Who the peer says it is, where it names itself (kind "sip")."""
    verified: bool = True
    """Whether the server asserted that name (RFC 3325); the platform always does."""
    line: int = 1
    """1 to 4; more than 1 only with kind "sip"."""
    joined: bool = False
    """Mixed here with the other joined lines into one conversation."""
    early: bool = False
    """What is heard before the answer comes from the network (RFC 3960)."""
    peer_holds: bool = False
    """The other side has put this call on hold (kind "sip"); ours is `state`."""
    received: str = ""
    """The last tones that the other side sent (RFC 4733)."""

    @property
    def live(self) -> bool:
        """Whether it is still a call."""
        return self.state is not CallState.ENDED


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
    states = {_SEAT_OF_CALL[call.state] for call in calls if call.live}
    for state in (SeatState.TALKING, SeatState.RINGING, SeatState.HOLDING):
        if state in states:
            return state
    return _SEAT_OF_STATUS[status]


# ---------------------------------------------------------------- the rest


RECENT_LIMIT: Final = 50
"""Calls in `Snapshot.recent`; the history on disk has the rest."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All a front end needs to draw itself from nothing."""

    phase: Phase = Phase.SIGNED_OUT
    account: Account | None = None
    groups: tuple[Group, ...] = ()
    seat: SeatStatus = SeatStatus()
    calls: tuple[Call, ...] = ()
    recent: tuple[CallRecord, ...] = ()
    line: Line = Line()
    voice: Voice = Voice()
    levels: Levels = Levels()
    notice: Notice | None = None
    next_status: int = 0
    """The status after this call, set ahead: 1 idle, 2 busy, 0 none."""
    wrapup: WrapUp | None = None
    shift: Shift = Shift()
    phone_mode: str = "fixed"
    """The seat mode: "fixed", or "mobile" (generation 1: the client then ignores every call)."""
    failure: Message | None = None
    """Why the last sign-in or registration did not work; shown on the sign-in screen."""

    marked: str = ""
    """The key of the line that keys act on, where there can be several (kind "sip"); "" where
    there is one call at most. A new call never moves it."""
    quality: Quality | None = None
    """Of the call whose audio is active; None without one."""
    question: Question | None = None
    checks: tuple[Check, ...] = ()

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
    def seat_state(self) -> SeatState:
        """`checkSeatState`."""
        return seat_state(self.seat.status, self.calls)

    def with_call(self, call: Call) -> Snapshot:
        """The same with this call put in, or put in place of the one of its key."""
        if any(known.key == call.key for known in self.calls):
            calls = tuple(call if known.key == call.key else known for known in self.calls)
        else:
            calls = (*self.calls, call)
        return replace(self, calls=calls)

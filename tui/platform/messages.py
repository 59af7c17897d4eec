"""The control messages as values. How they are written on the wire is `control`'s business alone.

A `ccnumber` names one call on the platform; it is not the SIP Call-ID. Where a message carries a
party's number, `number` is what to show, and `eid` (decimal) is set when the party is an extension
of an enterprise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

Reason = int | str
"""`r`: a string of digits on the wire. What is not digits is kept as it came, cleaned."""

# ---------------------------------------------------------------- from the agent


@dataclass(frozen=True, slots=True)
class SetStatus:
    """1 idle, 2 busy. The 200 is the only confirmation. `reason` is the code of a named break: it
    is said where the platform has a field for it (`[messages] break_reason`)."""

    status: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SetSeatMode:
    """Fixed seat, or mobile. The 200 is the only confirmation."""

    fixed: bool = True


@dataclass(frozen=True, slots=True)
class JoinGroup:
    """Sign in to a group; `gid` "0" for none. The 200 is the only confirmation."""

    gid: str
    eid: str


@dataclass(frozen=True, slots=True)
class QueryCall:
    """What became of my calls? For use after a reconnect. The platform says the last message of
    each call again, or `NoCall`."""


@dataclass(frozen=True, slots=True)
class DialOutside:
    """Call an outside line. `number` without the leading 9 that the wire has; `id` names the
    attempt: milliseconds and three digits. `area` (`call2`, generation 1): the first six digits of
    an identity card; "" for none."""

    switchnumber: str
    id: str
    number: str
    area: str = ""


@dataclass(frozen=True, slots=True)
class DialExtension:
    """Call an extension of the enterprise `eid`."""

    switchnumber: str
    id: str
    number: str
    eid: str


@dataclass(frozen=True, slots=True)
class Answer:
    ccnumber: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """Hang up a call, decline an offer."""

    ccnumber: str


@dataclass(frozen=True, slots=True)
class Hold:
    """`own` is the agent's own line: `EXT_EID16`, or 9 and the phone with line type 4."""

    ccnumber: str
    own: str


@dataclass(frozen=True, slots=True)
class Resume:
    ccnumber: str
    own: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """To the extension `number` of the enterprise `eid`, who sits in the group `gid`."""

    ccnumber: str
    gid: str
    number: str
    eid: str


@dataclass(frozen=True, slots=True)
class StatusAfterCall:
    """Busy once this call has ended, or not after all."""

    ccnumber: str
    busy: bool = True


@dataclass(frozen=True, slots=True)
class Threeway:
    """[A] `type` 1 agent (callee = extension), 2 group (gid), 3 outside number; 4 cancel or end,
    without callee."""

    ccnumber: str
    type: int
    callee: str = ""


class SuperviseAct(IntEnum):
    """[A] What a supervisor asks for."""

    LISTEN = 1
    """From idle: muted, and nobody in the call is told."""
    STOP = 2
    """From listening."""
    JOIN = 3
    """From listening: all three hear one another."""
    LEAVE = 4
    """From joined: the call goes on."""
    END = 5
    """The whole call, for everybody; from idle too."""


@dataclass(frozen=True, slots=True)
class Supervise:
    """[A] About a call of the group; `SuperviseResponse` answers it."""

    ccnumber: str
    act: SuperviseAct


# ---------------------------------------------------------------- from the platform


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """`statusChanged`: 0 offline [A], 1 online, 2 busy. `number` and `eid` where it says whose."""

    status: int
    info: str = ""
    number: str = ""
    eid: str = ""


@dataclass(frozen=True, slots=True)
class AfterCallWork:
    """The seat is in after-call work. `number` and `eid` where it says whose."""

    info: str = ""
    number: str = ""
    eid: str = ""


@dataclass(frozen=True, slots=True)
class CalloutResponse:
    """`calloutResponse`: `r` 200, or why not. `id` is the dial's own, where it comes back."""

    r: Reason
    ccnumber: str = ""
    number: str = ""
    info: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class CallinResponse:
    """`callinResponse`: `r` 200, or why not. `id` is the dial's own, where it comes back."""

    r: Reason
    ccnumber: str = ""
    number: str = ""
    info: str = ""
    eid: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class CallinFailed:
    """`callinFaieldResponse`: the called extension did not answer in time."""

    ccnumber: str
    info: str = ""


@dataclass(frozen=True, slots=True)
class NewCall:
    """`newPBXCall`; may come more than once for one call."""

    ccnumber: str
    number: str = ""
    eid: str = ""
    attributes: tuple[tuple[str, str], ...] = field(default=(), compare=False, repr=False)
    """All that the message had, by the platform's own names; not what makes it this message."""


@dataclass(frozen=True, slots=True)
class CancelCall:
    """`cancelPBXCall`; may come more than once for one call."""

    ccnumber: str
    info: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """`answeredPBXCall`: the call is up."""

    ccnumber: str
    number: str = ""
    eid: str = ""
    attributes: tuple[tuple[str, str], ...] = field(default=(), compare=False, repr=False)
    """All that the message had, by the platform's own names; not what makes it this message."""


@dataclass(frozen=True, slots=True)
class Ended:
    """`endPBXCall`: `r` 25 the customer hung up, 26 the agent, 20 not connected. `call_time` is
    the length in seconds [A], with 25 and 26 only: decoded, it is None otherwise (the wire then
    has a timestamp there)."""

    ccnumber: str
    r: Reason
    call_time: int | None = None
    info: str = ""


@dataclass(frozen=True, slots=True)
class TransferSucceeded:
    ccnumber: str = ""


@dataclass(frozen=True, slots=True)
class TransferFailed:
    ccnumber: str = ""
    info: str = ""


@dataclass(frozen=True, slots=True)
class StatusAfterCallResponse:
    """The answer to `StatusAfterCall`; `r` 200 is yes."""

    r: Reason
    ccnumber: str = ""
    info: str = ""


@dataclass(frozen=True, slots=True)
class ThreewayResponse:
    """[A] What `threewayCall` awaits: `result` 0 accepted, 1 refused with a reason in `info`."""

    ccnumber: str
    result: Reason
    info: str = ""


@dataclass(frozen=True, slots=True)
class ThreewayResult:
    """[A] `threewayCall`, the event: 0 the third party is in, 1 failed, 2 it left."""

    ccnumber: str
    result: Reason
    info: str = ""


@dataclass(frozen=True, slots=True)
class GroupCallReport:
    """`repCallStatus`, to a supervisor: once when a call of the group begins, and once when it is
    over. The names are known, the wire is [A]. `eid`s are set for extensions. The times are the
    platform's own text; `end_time` is "" at the beginning."""

    ccnumber: str
    caller: str
    callee: str
    call_time: str = ""
    end_time: str = ""
    caller_eid: str = ""
    callee_eid: str = ""


@dataclass(frozen=True, slots=True)
class SuperviseResponse:
    """[A] The answer to `Supervise`: `result` 0 done, 1 refused with a reason in `info`."""

    ccnumber: str
    act: SuperviseAct
    result: Reason
    info: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """[A] The agent put the call on hold on the phone itself (line types 4 and 5); `own` as in
    `Hold`, "" where the platform leaves it out."""

    ccnumber: str
    own: str = ""


@dataclass(frozen=True, slots=True)
class Resumed:
    """[A] The agent took the call back from hold on the phone itself."""

    ccnumber: str
    own: str = ""


@dataclass(frozen=True, slots=True)
class Kicked:
    """`kickedOffLine`, meant for us when `number` is our extension (and `eid` our enterprise,
    where it is given). `name` is an agent's name, not who took over; `others` are those whom the
    same message signs out besides."""

    number: str
    name: str
    r: Reason
    eid: str = ""
    others: tuple[Kicked, ...] = ()
    info: str = ""


@dataclass(frozen=True, slots=True)
class CallStateReport:
    """[A] The answer to `QueryCall` of a platform that answers with the query's own code:
    `state` is the number of the call's last message (100, 104)."""

    ccnumber: str
    state: Reason
    number: str = ""
    eid: str = ""


@dataclass(frozen=True, slots=True)
class NoCall:
    """[A] The answer to `QueryCall`: there is none."""


@dataclass(frozen=True, slots=True)
class NotForUs:
    """A message that is not for the agent."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A message nobody told us about: `a` its code, `why` what is unknown in it, `body` the
    cleaned text, for the log. `of_a_call`: it says something of a call, and not of which. It
    changes nothing."""

    a: str
    body: str
    why: str = ""
    of_a_call: bool = False


AgentMessage = (
    SetStatus
    | SetSeatMode
    | JoinGroup
    | QueryCall
    | DialOutside
    | DialExtension
    | Answer
    | HangUp
    | Hold
    | Resume
    | Transfer
    | StatusAfterCall
    | Threeway
    | Supervise
)
PlatformMessage = (
    StatusChanged
    | AfterCallWork
    | CalloutResponse
    | CallinResponse
    | CallinFailed
    | NewCall
    | CancelCall
    | Answered
    | Ended
    | TransferSucceeded
    | TransferFailed
    | StatusAfterCallResponse
    | ThreewayResponse
    | ThreewayResult
    | GroupCallReport
    | SuperviseResponse
    | Held
    | Resumed
    | Kicked
    | CallStateReport
    | NoCall
    | NotForUs
)

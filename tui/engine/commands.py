"""What may be asked of an engine. Commands are verbs; each is answered by one `Result`.

A `ccnumber` of "" means the one call there is. The SDK's own name of each call stands in the
docstring (specification, "API 接口描述").
"""

from __future__ import annotations

from dataclasses import dataclass

from tui.engine.state import GroupPage, MemberPage, Message, UserData
from tui.platform.base import VOIP
from tui.secrets import Secret

Value = UserData | GroupPage | MemberPage | None


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to a command. When not `ok`, `message` says what is wrong and what to do.
    `code` is the platform's (50003, 503 …) or 0; of `CheckLogin` and `CheckSeatState` it is the
    answer; of `Dial` it is 2 for an outside line, 3 for an extension."""

    ok: bool
    message: Message | None = None
    code: int = 0
    value: Value = None


@dataclass(frozen=True, slots=True)
class SignIn:
    """`getUser`, `getUser2`: web sign-in; value UserData. Then `JoinGroup`."""

    un: str
    pwd: Secret
    switchnumber: str
    callintype: int = VOIP
    number: str = ""
    backend: str = ""
    kind: str = "platform2"
    profile: str = ""
    """The profile chosen at sign-in: its policies hold for the session."""


@dataclass(frozen=True, slots=True)
class JoinGroup:
    """`init`: register and sign in to a group; `gid` "0" for none. Answered when registered."""

    gid: str


@dataclass(frozen=True, slots=True)
class SignOut:
    """`logout`: BYE, un-REGISTER, seat check-out, token timer stopped. With `end` the engine's
    process ends afterwards."""

    end: bool = True


@dataclass(frozen=True, slots=True)
class Dial:
    """`call`. Outside line or extension is decided by the enterprise's number range."""

    number: str


@dataclass(frozen=True, slots=True)
class Answer:
    """`answerPBXCall`."""

    ccnumber: str = ""


@dataclass(frozen=True, slots=True)
class HangUp:
    """`terminate`: hangs up a call, declines an offer."""

    ccnumber: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """`hold`."""

    ccnumber: str = ""


@dataclass(frozen=True, slots=True)
class Resume:
    """`unhold`."""

    ccnumber: str = ""


@dataclass(frozen=True, slots=True)
class Mute:
    """Cut the microphone here, whatever the platform does; `on` False opens it again."""

    on: bool = True
    ccnumber: str = ""


@dataclass(frozen=True, slots=True)
class SetStatus:
    """`changeStatus`: 1 idle, 2 busy."""

    status: int


@dataclass(frozen=True, slots=True)
class CheckLogin:
    """`checkLogin`: 0 offline, 1 online, in `Result.code`."""


@dataclass(frozen=True, slots=True)
class CheckSeatState:
    """`checkSeatState`: 0 to 5, in `Result.code`."""


@dataclass(frozen=True, slots=True)
class GetGroups:
    """`getGroups`; value GroupPage."""

    page: int = 1


@dataclass(frozen=True, slots=True)
class GetGroupMembers:
    """`getGroupMembers`; value MemberPage."""

    gid: str
    page: int = 1


@dataclass(frozen=True, slots=True)
class SetVolume:
    """Listening volume and microphone gain in per cent, 0 to 200; None leaves one as it is."""

    volume: int | None = None
    gain: int | None = None


@dataclass(frozen=True, slots=True)
class Dismiss:
    """The agent has seen the notice, or an ended call: take it off the snapshot."""


Command = (
    SignIn
    | JoinGroup
    | SignOut
    | Dial
    | Answer
    | HangUp
    | Hold
    | Resume
    | Mute
    | SetStatus
    | CheckLogin
    | CheckSeatState
    | GetGroups
    | GetGroupMembers
    | SetVolume
    | Dismiss
)

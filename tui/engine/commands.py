"""What may be asked of an engine. Commands are verbs; each is answered by one `Result`.

A `ccnumber` of "" means the one call there is. The SDK's own name of each call stands in the
docstring (specification, "API 接口描述").
"""

from __future__ import annotations

from dataclasses import dataclass

from tui.engine.state import Devices, GroupPage, HistoryPage, MemberPage, Message, UserData
from tui.platform.base import VOIP
from tui.secrets import Secret

Value = UserData | GroupPage | MemberPage | HistoryPage | Devices | None


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
    gateway: str = ""
    """Generation 1's, in place of the profile's: the sandbox's, which no config names."""


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
    """`call`, `call2`. Outside line or extension is decided by the enterprise's number range.
    `encrypted` (`call(number, type)`, generation 1): the text is decrypted first; when that gives
    anything but digits nothing is called, and the Result returns the text. `area`: the first six
    digits of an identity card, for an outside line."""

    number: str
    encrypted: bool = False
    area: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """`answerPBXCall`."""

    ccnumber: str = ""


@dataclass(frozen=True, slots=True)
class HangUp:
    """`terminate`: hangs up a call, declines an offer. While a third party is in the call, or on
    its way, `terminate` would leave the others talking with no way back: refused with
    `threeway.ask` unless `leave_them` says that this is wanted."""

    ccnumber: str = ""
    leave_them: bool = False


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
    """Listening volume, microphone gain and the ring tone's volume in per cent, 0 to 200; None
    leaves one as it is. A ring volume of 0 does not ring."""

    volume: int | None = None
    gain: int | None = None
    ring: int | None = None


@dataclass(frozen=True, slots=True)
class Dismiss:
    """The agent has seen the notice, or an ended call: take it off the snapshot."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """`transferPBXCall`: hand the call to the agent `number`, who sits in the group `gid`.
    Answered when the platform took the request; 38 or 39 follows as an event. `name` is shown."""

    gid: str
    number: str
    name: str = ""
    ccnumber: str = ""


@dataclass(frozen=True, slots=True)
class Threeway:
    """`threewayCall` with type 1 (agent: `callee` is the extension), 2 (group: gid) or 3 (outside
    number). Answered when the platform took or refused it; `name` is shown."""

    type: int
    callee: str
    name: str = ""
    ccnumber: str = ""


@dataclass(frozen=True, slots=True)
class DropThird:
    """`threewayCall` with type 4: take the third party out, or stop calling it."""

    ccnumber: str = ""


@dataclass(frozen=True, slots=True)
class EndForAll:
    """End a three-way call for everybody: type 4, wait until the call is two-way again, then
    `terminate`. When the platform does not answer, nothing is terminated and it says so."""

    ccnumber: str = ""


@dataclass(frozen=True, slots=True)
class SetNextStatus:
    """The status after this call: 2 busy (87), 1 takes it back."""

    status: int


@dataclass(frozen=True, slots=True)
class CannotTake:
    """ "Can't take it": busy first, then decline the offer."""

    ccnumber: str = ""


@dataclass(frozen=True, slots=True)
class SendDigits:
    """Tones in a call: 0-9 * # A-D, and `,` for a pause. Sent one by one, paced; the digits sent
    so far stand in `Call.digits`."""

    digits: str
    ccnumber: str = ""


@dataclass(frozen=True, slots=True)
class StopAutoAnswer:
    """Do not answer the offer by itself after all."""

    ccnumber: str = ""


@dataclass(frozen=True, slots=True)
class SetAutoAnswer:
    """Answer offers by itself after so many seconds (3, 5 or 8; 0 = not)."""

    seconds: int


@dataclass(frozen=True, slots=True)
class EditWrapUp:
    """What is typed and chosen so far: kept by the engine. None leaves one as it is."""

    outcome: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class KeepWrapUpOpen:
    """Stop the countdown; the write-up ends when the agent is ready."""


@dataclass(frozen=True, slots=True)
class FinishWrapUp:
    """Save the write-up and be ready: the seat takes the status that was set ahead, else idle.
    Refused where the policy wants an outcome first, or no early end."""


@dataclass(frozen=True, slots=True)
class GetHistory:
    """Calls of the history that hold `text` (number, group, outcome, note), newest first, 50 a
    page from 1; value HistoryPage."""

    text: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class ExportHistory:
    """Write the matching history as CSV into the file `path`; `Result.code` is the rows."""

    path: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class SetPhoneMode:
    """Generation 1: "fixed" or "mobile"; `number` is the mobile phone with the latter."""

    mode: str
    number: str = ""


@dataclass(frozen=True, slots=True)
class MarkLine:
    """The line that commands without a ccNumber act on, by its key (kind "sip")."""

    key: str


@dataclass(frozen=True, slots=True)
class ConnectLines:
    """Attended transfer (RFC 3515, RFC 3891): the call `ccnumber` is put through to the call
    `other`; this phone is out of both when it worked."""

    ccnumber: str
    other: str


@dataclass(frozen=True, slots=True)
class JoinLines:
    """Mix all lines that are up into one conversation, here in this phone; `on` False parts
    them again: the marked one stays active, the others are held."""

    on: bool = True


@dataclass(frozen=True, slots=True)
class AnswerQuestion:
    """What the agent says to `Snapshot.question`."""

    yes: bool


@dataclass(frozen=True, slots=True)
class RebuildAudio:
    """Set up the call's audio anew: new candidates, a re-INVITE; the call stays."""

    ccnumber: str = ""


@dataclass(frozen=True, slots=True)
class CloseCall:
    """Take a call off whose media and signalling are both gone, without waiting for the peer."""

    ccnumber: str = ""


@dataclass(frozen=True, slots=True)
class ListDevices:
    """What sound devices there are now; value Devices."""


@dataclass(frozen=True, slots=True)
class SetDevices:
    """Choose devices, as the config names them ("", "device:NAME" …), in a call as well; None
    leaves one as it is."""

    input: str | None = None
    output: str | None = None
    ring: str | None = None


@dataclass(frozen=True, slots=True)
class TrySound:
    """Record three seconds, play them back, measure the delay: the Result's message says it."""


@dataclass(frozen=True, slots=True)
class UsePulseServer:
    """Carry the sound to the PulseAudio server at `address` (the front end's own); "" goes back
    to this machine's sound."""

    address: str


@dataclass(frozen=True, slots=True)
class RunChecks:
    """The check before the shift; `ChecksChanged` tells how far it is. `Result.ok` when nothing
    failed. Nobody signed in: `sign_in` is what would be signed in with, as far as it is known;
    with a password it is tried, and taken back; `server` the PulseAudio that would carry the
    voice. In a session neither counts."""

    sign_in: SignIn | None = None
    server: str = ""


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
    | Transfer
    | Threeway
    | DropThird
    | EndForAll
    | SetNextStatus
    | CannotTake
    | SendDigits
    | StopAutoAnswer
    | SetAutoAnswer
    | EditWrapUp
    | KeepWrapUpOpen
    | FinishWrapUp
    | GetHistory
    | ExportHistory
    | SetPhoneMode
    | MarkLine
    | ConnectLines
    | JoinLines
    | AnswerQuestion
    | RebuildAudio
    | CloseCall
    | ListDevices
    | SetDevices
    | TrySound
    | UsePulseServer
    | RunChecks
)

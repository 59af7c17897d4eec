"""What may be asked of an engine. Commands are verbs; each is answered by one `Result`.

A `ccnumber` of "" means the one call there is. The SDK's own name of each call stands in the
docstring (specification, "API 接口描述").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.plain_value import PlainValue
from tui.platform.base import Credentials
from tui.port.ladder import Ladder
from tui.port.supervision import SuperviseHow
from tui.port.values import (
    VOIP,
    Devices,
    GroupPage,
    HistoryPage,
    LineType,
    MemberPage,
    Message,
    NotUnderstoodReport,
    PhoneMode,
    SearchTerm,
    StatusWanted,
    ThirdKind,
    UserData,
)
from tui.port.work import CallbackPage, ShiftReport
from tui.port.work_commands import WorkCommand
from tui.secrets import Secret

if TYPE_CHECKING:
    from tui.config.schema import Profile

ResultValue = (
    UserData
    | GroupPage
    | MemberPage
    | HistoryPage
    | Devices
    | NotUnderstoodReport
    | Ladder
    | CallbackPage
    | ShiftReport
    | None
)


class Result(PlainValue, frozen=True):
    """The answer to a command. When not `ok`, `message` says what is wrong and what to do.
    `code` is the platform's (50003, 503 …) or 0; of `CheckLogin` and `CheckSeatState` it is the
    answer; of `Dial` it is 2 for an outside line, 3 for an extension."""

    ok: bool
    message: Message | None = None
    code: int = 0
    value: ResultValue = None


class SignIn(PlainValue, frozen=True):
    """`getUser`, `getUser2`: web sign-in; value UserData. Then `JoinGroup`."""

    un: str
    pwd: Secret
    switchnumber: str
    callintype: LineType = VOIP
    number: str = ""
    backend: str = ""
    kind: str = "platform2"
    profile: str = ""
    """The profile chosen at sign-in: its policies hold for the session."""
    gateway: str = ""
    """Generation 1's, in place of the profile's: the sandbox's, which no config names."""

    @classmethod
    def of(cls, profile: Profile, pwd: Secret) -> SignIn:
        """Signing in as a profile of the config says."""
        return cls(
            un=profile.un,
            pwd=pwd,
            switchnumber=profile.switchnumber,
            callintype=LineType(profile.callintype),
            number=profile.number,
            backend=profile.backend,
            kind=profile.kind,
            profile=profile.name,
        )

    @property
    def credentials(self) -> Credentials:
        """What the platform is told of it."""
        return Credentials(
            self.un, self.pwd, self.switchnumber, self.callintype, self.number, self.backend
        )


class JoinGroup(PlainValue, frozen=True):
    """`init`: register and sign in to a group; `gid` "0" for none. Answered when registered."""

    gid: str


class SignOut(PlainValue, frozen=True):
    """`logout`: BYE, un-REGISTER, seat check-out, token timer stopped. A three-way call ends for
    all; the Result says so when it could not. With `end` the engine's process ends afterwards."""

    end: bool = True


class Dial(PlainValue, frozen=True):
    """`call`, `call2`. Outside line or extension is decided by the enterprise's number range.
    `encrypted` (`call(number, type)`, generation 1): the text is decrypted first; when that gives
    anything but digits nothing is called, and the Result returns the text. `area`: the first six
    digits of an identity card, for an outside line."""

    number: str
    encrypted: bool = False
    area: str = ""


class AskToDial(PlainValue, frozen=True):
    """Another program wants the number called (a `tel:` link): the agent is asked by
    `Snapshot.question`, and answers with AnswerQuestion. Refused where no screen is attached."""

    number: str


class Answer(PlainValue, frozen=True):
    """`answerPBXCall`."""

    ccnumber: str = ""


class HangUp(PlainValue, frozen=True):
    """`terminate`: hangs up a call, declines an offer. While a third party is in the call, or on
    its way, `terminate` would leave the others talking with no way back: refused with
    `threeway.ask` unless `leave_them` says that this is wanted."""

    ccnumber: str = ""
    leave_them: bool = False


class Hold(PlainValue, frozen=True):
    """`hold`."""

    ccnumber: str = ""


class Resume(PlainValue, frozen=True):
    """`unhold`."""

    ccnumber: str = ""


class Mute(PlainValue, frozen=True):
    """Cut the microphone here, whatever the platform does; `on` False opens it again."""

    on: bool = True
    ccnumber: str = ""


class SetStatus(PlainValue, frozen=True):
    """`changeStatus`."""

    status: StatusWanted


class CheckLogin(PlainValue, frozen=True):
    """`checkLogin`: 0 offline, 1 online, in `Result.code`."""


class CheckSeatState(PlainValue, frozen=True):
    """`checkSeatState`: 0 to 5, in `Result.code`."""


class GetGroups(PlainValue, frozen=True):
    """`getGroups`; value GroupPage."""

    page: int = 1


class GetGroupMembers(PlainValue, frozen=True):
    """`getGroupMembers`; value MemberPage."""

    gid: str
    page: int = 1


class GetNotUnderstood(PlainValue, frozen=True):
    """What the platform said and was not understood; value NotUnderstoodReport."""


class SetVolume(PlainValue, frozen=True):
    """Listening volume, microphone gain and the ring tone's volume in per cent, 0 to 200; None
    leaves one as it is. A ring volume of 0 does not ring."""

    volume: int | None = None
    gain: int | None = None
    ring: int | None = None


class Dismiss(PlainValue, frozen=True):
    """The agent has seen the notice, or an ended call: take it off the snapshot."""


class Transfer(PlainValue, frozen=True):
    """`transferPBXCall`: hand the call to the agent `number`, who sits in the group `gid`.
    Answered when the platform took the request; 38 or 39 follows as an event. `name` is shown."""

    gid: str
    number: str
    name: str = ""
    ccnumber: str = ""


class Threeway(PlainValue, frozen=True):
    """`threewayCall` with type 1, 2 or 3: `callee` is the extension, the gid or the outside number.
    Answered when the platform took or refused it; `name` is shown."""

    type: ThirdKind
    callee: str
    name: str = ""
    ccnumber: str = ""


class DropThird(PlainValue, frozen=True):
    """`threewayCall` with type 4: take the third party out, or stop calling it."""

    ccnumber: str = ""


class EndForAll(PlainValue, frozen=True):
    """End a three-way call for everybody: type 4, wait until the call is two-way again, then
    `terminate`. When the platform does not answer, nothing is terminated and it says so."""

    ccnumber: str = ""


class SetNextStatus(PlainValue, frozen=True):
    """The status after this call: BUSY (87); IDLE takes it back."""

    status: StatusWanted


class CannotTake(PlainValue, frozen=True):
    """ "Can't take it": busy first, then decline the offer."""

    ccnumber: str = ""


class SendDigits(PlainValue, frozen=True):
    """Tones in a call: 0-9 * # A-D, and `,` for a pause. Sent one by one, paced; the digits sent
    so far stand in `Call.digits`."""

    digits: str
    ccnumber: str = ""


class StopAutoAnswer(PlainValue, frozen=True):
    """Do not answer the offer by itself after all."""

    ccnumber: str = ""


class SetAutoAnswer(PlainValue, frozen=True):
    """Answer offers by itself after so many seconds (3, 5 or 8; 0 = not)."""

    seconds: int


class EditWrapUp(PlainValue, frozen=True):
    """What is typed and chosen so far: kept by the engine. None leaves one as it is."""

    outcome: str | None = None
    note: str | None = None


class EditNote(PlainValue, frozen=True):
    """What is typed about a call while it goes on, kept by the engine (`Call.note`); the write-up
    begins with it. `key` is the call's, "" the marked one or the one there is. For a call that is
    over it changes the note in its write-up, else in the history."""

    note: str
    key: str = ""


class KeepWrapUpOpen(PlainValue, frozen=True):
    """Stop the countdown; the write-up ends when the agent is ready."""


class FinishWrapUp(PlainValue, frozen=True):
    """Save the write-up and be ready: the seat takes the status that was set ahead, else idle.
    Refused where the policy wants an outcome first, or no early end."""


class GetHistory(PlainValue, frozen=True):
    """Calls of the history that hold `text` (number, name, group, outcome, note), newest first, 50
    a page from 1; value HistoryPage. `terms`: what words of the text stand for besides."""

    text: str = ""
    page: int = 1
    terms: tuple[SearchTerm, ...] = ()


class ExportHistory(PlainValue, frozen=True):
    """Write the matching history as CSV into the file `path`; `Result.code` is the rows. `words`
    are the sentences of whoever asks, by id, and the outcomes by their names: without them codes
    are written. `bom`: with a byte-order mark."""

    path: str
    text: str = ""
    words: tuple[tuple[str, str], ...] = ()
    bom: bool = False
    terms: tuple[SearchTerm, ...] = ()


class MendNote(PlainValue, frozen=True):
    """Another note for a call of the history; `entry` is its id."""

    entry: int
    note: str


class SetPhoneMode(PlainValue, frozen=True):
    """Generation 1; `number` is the mobile phone with MOBILE."""

    mode: PhoneMode
    number: str = ""


class Supervise(PlainValue, frozen=True):
    """A supervisor's wish about a call of the group: `call` is the key of a `GroupCall`; "" means
    the one that is supervised."""

    how: SuperviseHow
    call: str = ""


class MarkLine(PlainValue, frozen=True):
    """The line that commands without a ccNumber act on, by its key (kind "sip")."""

    key: str


class ConnectLines(PlainValue, frozen=True):
    """Attended transfer (RFC 3515, RFC 3891): the call `ccnumber` is put through to the call
    `other`; this phone is out of both when it worked."""

    ccnumber: str
    other: str


class JoinLines(PlainValue, frozen=True):
    """Mix all lines that are up into one conversation, here in this phone; `on` False parts
    them again: the marked one stays active, the others are held."""

    on: bool = True


class AnswerQuestion(PlainValue, frozen=True):
    """What the agent says to `Snapshot.question`."""

    yes: bool


class PickUpCall(PlainValue, frozen=True):
    """Take the call that rings at the colleague of this number ("sip")."""

    number: str


class ParkCall(PlainValue, frozen=True):
    """Transfer the call to where it waits until somebody fetches it ("sip"); which slot it got
    stands in `Snapshot.parking` when the PBX has said so. `slot` "": a free one."""

    slot: str = ""
    ccnumber: str = ""


class FetchParked(PlainValue, frozen=True):
    """Take the call that waits in that slot ("sip"); "" the one that this phone parked last, else
    the one there is."""

    slot: str = ""


class CallMailbox(PlainValue, frozen=True):
    """Call the mailbox to hear what waits there ("sip")."""


PbxFeature = PickUpCall | ParkCall | FetchParked | CallMailbox
"""What only an ordinary PBX has."""


class RebuildAudio(PlainValue, frozen=True):
    """Set up the call's audio anew: new candidates, a re-INVITE; the call stays."""

    ccnumber: str = ""


class CloseCall(PlainValue, frozen=True):
    """Take a call off whose media and signalling are both gone, without waiting for the peer."""

    ccnumber: str = ""


class ListDevices(PlainValue, frozen=True):
    """What sound devices there are now; value Devices."""


class SetDevices(PlainValue, frozen=True):
    """Choose devices, as the config names them ("", "device:NAME" …), in a call as well; None
    leaves one as it is."""

    input: str | None = None
    output: str | None = None
    ring: str | None = None


class TrySound(PlainValue, frozen=True):
    """Record three seconds, play them back, measure the delay: the Result's message says it."""


class UsePulseServer(PlainValue, frozen=True):
    """Carry the sound to the PulseAudio server at `address` (the front end's own); "" goes back
    to this machine's sound."""

    address: str


class UseHeadset(PlainValue, frozen=True):
    """Carry the sound to the headset behind the socket at `path`, by the secret of the login that
    made it (`yimi headset`). `UsePulseServer("")` goes back to this machine's sound."""

    path: str
    secret: Secret


class RunChecks(PlainValue, frozen=True):
    """The check before the shift; `ChecksChanged` tells how far it is. `Result.ok` when nothing
    failed. Nobody signed in: `sign_in` is what would be signed in with, as far as it is known;
    with a password it is tried, and taken back; `server` the PulseAudio that would carry the
    voice, or `HEADSET`. In a session neither counts."""

    sign_in: SignIn | None = None
    server: str = ""


class WriteBundle(PlainValue, frozen=True):
    """Write the last hour, masked, into a new file of this absolute path. `Result.code`: bytes."""

    path: str


class GetLadder(PlainValue, frozen=True):
    """The last messages between this phone and the other side, masked; value Ladder."""


Command = (
    SignIn
    | JoinGroup
    | SignOut
    | Dial
    | AskToDial
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
    | GetNotUnderstood
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
    | EditNote
    | KeepWrapUpOpen
    | FinishWrapUp
    | GetHistory
    | ExportHistory
    | MendNote
    | SetPhoneMode
    | Supervise
    | MarkLine
    | ConnectLines
    | JoinLines
    | AnswerQuestion
    | PbxFeature
    | RebuildAudio
    | CloseCall
    | ListDevices
    | SetDevices
    | TrySound
    | UsePulseServer
    | UseHeadset
    | RunChecks
    | WriteBundle
    | GetLadder
    | WorkCommand
)

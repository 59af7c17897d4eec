"""The plain values that the snapshot is made of, besides the seat and the calls.

All instants are `tui.clock.instant()`, which every process of one boot shares; only
the history on disk, which outlives a boot, has wall-clock times (`HistoryEntry`).
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Final

from tui.plain_value import PlainValue
from tui.platform.base import VOIP as VOIP
from tui.platform.base import Group as Group
from tui.platform.base import GroupPage as GroupPage
from tui.platform.base import LineType as LineType
from tui.platform.base import MemberPage as MemberPage
from tui.platform.base import Seat as Seat
from tui.platform.base import UserData as UserData
from tui.platform.not_understood import NotUnderstood as NotUnderstood
from tui.platform.not_understood import NotUnderstoodReport as NotUnderstoodReport

# The platform's values cross the port as they are: whoever looks at an engine takes them from here.


class Message(PlainValue, frozen=True):
    """A sentence by its id in the catalogues, with the values that go into it."""

    id: str
    values: tuple[tuple[str, str], ...] = ()


def message(id: str, **values: object) -> Message:
    """Build a Message: `message("login.50003", code=50003)`."""
    return Message(id, tuple((name, str(value)) for name, value in sorted(values.items())))


class StatusWanted(IntEnum):
    """`changeStatus`: the seat's status that the agent asks for."""

    IDLE = 1
    BUSY = 2


class NextStatus(IntEnum):
    """The seat's status after the call, set ahead (87)."""

    NONE = 0
    IDLE = 1
    BUSY = 2


class ThirdKind(IntEnum):
    """`threewayCall`'s type: who the third party is."""

    AGENT = 1
    """By the extension."""
    GROUP = 2
    """By the gid."""
    OUTSIDE = 3
    """By the number."""


class ThreewayResult(IntEnum):
    """`threewayCall`, the event: what became of the third party."""

    JOINED = 0
    FAILED = 1
    LEFT = 2


class Standing(StrEnum):
    """What a platform holds of us besides the registration, and has to confirm."""

    CHECK_IN = "check-in"
    STATUS = "status"
    MODE = "mode"
    GROUP = "group"


class PhoneMode(StrEnum):
    """The seat mode, which only generation 1 has."""

    FIXED = "fixed"
    MOBILE = "mobile"
    """Calls go to a mobile phone: the client ignores every call."""


class SoundTrial(StrEnum):
    """What a try of the sound is doing."""

    NONE = ""
    RECORD = "record"
    PLAY = "play"
    MEASURE = "measure"


class QuestionKind(StrEnum):
    """What a peer wants that only the agent decides."""

    REFER = "refer"
    """The call taken to another target."""
    REDIRECT = "redirect"
    """The number called is said to have moved: the target called in its place."""
    DIAL = "dial"
    """Another program on this machine wants the target called."""


class CheckState(StrEnum):
    """How far one line of the check before the shift is."""

    WAITING = "waiting"
    RUNNING = "running"
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Phase(StrEnum):
    """Where the session is: it decides which screen is shown."""

    SIGNED_OUT = "signed-out"
    SIGNING_IN = "signing-in"
    CHOOSING_GROUP = "choosing-group"
    REGISTERING = "registering"
    SIGNED_IN = "signed-in"
    SIGNING_OUT = "signing-out"
    KICKED = "kicked"
    """Signed out by the platform; the reason is in `Snapshot.notice`. Never left by itself."""


class Leg(StrEnum):
    """The audio of a call."""

    NONE = "none"
    """No audio here: a phone rings instead (line types 4 and 5), or no leg was asked for yet."""
    AWAITED = "awaited"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    FAILED = "failed"
    LOST = "lost"


class ConnectionState(StrEnum):
    """The connection to the platform or PBX, and whether we are registered over it."""

    OFF = "off"
    CONNECTING = "connecting"
    REGISTERING = "registering"
    """The connection is up and a registration that was there is not held any more: it was refused,
    or ran out. No call reaches us; it is asked for again by itself. Calls that are up go on."""
    OK = "ok"
    LOST = "lost"
    """Signalling is gone; a call's audio may go on. Reconnecting by itself."""
    REFUSED = "refused"

    @property
    def carries(self) -> bool:
        """Whether what we say goes out: a hang-up reaches the other side."""
        return self in (ConnectionState.OK, ConnectionState.REGISTERING)


class Connection(PlainValue, frozen=True):
    """`latency` is the last WebSocket round trip in milliseconds, None before the first."""

    state: ConnectionState = ConnectionState.OFF
    since: float = 0.0
    latency: int | None = None


class VoiceState(StrEnum):
    """The sound of this computer."""

    OFF = "off"
    """Not loaded: not registered yet, or the line carries no audio here."""
    LOADING = "loading"
    OK = "ok"
    NO_PORTAUDIO = "no-portaudio"
    NO_DEVICE = "no-device"
    DEVICE_LOST = "device-lost"
    FAILED = "failed"
    SERVER_GONE = "server-gone"
    """The PulseAudio server that carries the sound does not answer: silence until it does."""
    HEADSET_GONE = "headset-gone"
    """The computer that carries the sound by `yimi headset` does not answer: silence until it does,
    or until the same command is given again."""


HEADSET: Final = "headset"
"""In `Voice.server`, in place of a PulseAudio server's address: the headset of whoever logged in by
`yimi headset`."""


class Voice(PlainValue, frozen=True):
    """`device` is what carries the sound now, for display. `volume` and `gain` in per cent."""

    state: VoiceState = VoiceState.OFF
    device: str = ""
    volume: int = 100
    gain: int = 100
    server: str = ""
    """The PulseAudio server that carries the sound, as the front end named it; `HEADSET`; or "",
    this machine."""
    delay: int | None = None
    """Milliseconds to that server and back, as measured last."""
    trial: SoundTrial = SoundTrial.NONE


class Levels(PlainValue, frozen=True):
    """Level bars, 0 to 10 each: the agent's microphone, and what is heard."""

    you: int = 0
    them: int = 0


class Capability(StrEnum):
    """What a session can do. Screens and scripts ask for these, never for its kind."""

    LINES = "lines"
    """Several calls at once, each marked, held and joined by the agent; names and addresses can be
    dialled, and a call is handed over to anybody, or to another line (REFER)."""
    THREEWAY = "threeway"
    """The platform brings a third party into the call (`threewayCall`)."""
    GROUPS = "groups"
    """Skill groups are joined, listed, and transferred to."""
    PLATFORM_STATUS = "platform-status"
    """The platform sets the seat's status after a call; without it the status is ours alone."""
    PHONE_MODE = "phone-mode"
    """Calls can go to a mobile phone (seat mode 51)."""
    AREA_CODE = "area-code"
    """A call may carry an area code (`call2`)."""
    SUPERVISE = "supervise"
    """The group's calls are told, and can be listened to, joined and ended (`Supervise`)."""
    PARKING = "parking"
    """A call can be parked, and fetched by anybody (`ParkCall`, `FetchParked`)."""
    ENCRYPTED_NUMBERS = "encrypted-numbers"
    """Encrypted numbers can be dialled: the config has a seed."""


class Account(PlainValue, frozen=True):
    """Who is signed in, without the password."""

    un: str
    switchnumber: str
    backend: str
    kind: str = "platform2"
    callintype: LineType = VOIP
    number: str = ""
    displayname: str = ""
    eid: str = ""
    gid: str = ""
    group: str = ""
    extension_start: str = ""
    extension_end: str = ""
    can: tuple[Capability, ...] = ()
    """What the session can do, as its call control and its platform say."""


class Notice(PlainValue, frozen=True):
    """The last failure, or what happened while nobody looked."""

    message: Message
    at: float
    serious: bool = True


class CallRecord(PlainValue, frozen=True):
    """A call that is over, for the list under the console."""

    number: str
    outgoing: bool
    ended: float
    talk_time: float | None
    outcome: Message | None
    missed: bool = False
    ccnumber: str = ""
    result: str = ""
    """The outcome that the agent chose in the write-up."""
    note: str = ""
    name: str = ""
    """Who it was, where that is known."""


class Shift(PlainValue, frozen=True):
    """The figures since sign-in (of today, where the history has more). Times in seconds."""

    began: float = 0.0
    talked: int = 0
    """Calls that were up, in and out."""
    missed: int = 0
    """Offers that ended unanswered without being declined."""
    declined: int = 0
    """Offers that were declined here."""
    elsewhere: int = 0
    """Offers that somebody else took."""
    line_lost: int = 0
    """Offers that went with our line."""
    missed_in_a_row: int = 0
    talk_time: float = 0.0
    longest: float = 0.0
    hold_time: float = 0.0
    break_time: float = 0.0
    """In named breaks that are over."""


class WrapUpMode(StrEnum):
    """What the enterprise wants after a call (config, [wrapup])."""

    OFF = "off"
    OPTIONAL = "optional"
    """No countdown; the agent ends it when ready."""
    REQUIRED = "required"
    """An outcome must be chosen before the agent is ready again."""
    TIMED = "timed"
    """Ends by itself when the time is up, or earlier by the agent."""
    TIMED_STRICT = "timed-strict"
    """Ends when the time is up, not earlier."""


class WrapUp(PlainValue, frozen=True):
    """The write-up of the last call. It lives in the engine, so that a terminal that dies loses
    neither the countdown nor what was typed. `until` None: no countdown (kept open, or untimed).
    """

    entry: int
    """The call's row in the history."""
    number: str
    outgoing: bool
    talk_time: float | None
    ended: Message | None
    began: float
    until: float | None
    mode: WrapUpMode
    outcome: str = ""
    note: str = ""
    outcomes: tuple[str, ...] = ()
    """What can be chosen (config)."""
    call_back: str = ""
    """The outcome that asks when to call (config); "" when none does."""
    call_at: float | None = None
    """When that was agreed to be (Unix time)."""
    call: str = ""
    """The call's key: what was typed in it stands here in `note`."""


BREAK = "break"
"""`HistoryEntry.kind` of a named break: `name` is the break, `talk_time` how long it was."""


class HistoryEntry(PlainValue, frozen=True):
    """One call of the history on disk. `began` is Unix time; other times in seconds. `reason` is
    the message id of why it ended. `number` is masked when the config says so."""

    id: int
    began: float
    number: str
    outgoing: bool
    group: str = ""
    ring_time: float = 0.0
    talk_time: float | None = None
    hold_time: float = 0.0
    reason: str = ""
    outcome: str = ""
    note: str = ""
    missed: bool = False
    ccnumber: str = ""
    quality: Quality | None = None
    """Means over the call; None where nothing was measured (another phone, too short)."""
    worst_mos: float | None = None
    reason_values: tuple[tuple[str, str], ...] = ()
    """The values of the message `reason`: a name, a code, the platform's own words."""
    name: str = ""
    """Who the other side was said to be; "" when nobody said it."""
    kind: str = "call"
    """Or BREAK."""


class SearchTerm(PlainValue, frozen=True):
    """What a word of a search stands for besides its letters. Days in Unix time, from `since` to
    before `until`, 0 for none; `reasons` are message ids of why a call ended."""

    word: str
    """As it is compared: folded (`tui.text.finding`)."""
    missed: bool = False
    since: float = 0.0
    until: float = 0.0
    outcomes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


class HistoryPage(PlainValue, frozen=True):
    """Newest first; `total` counts all that match."""

    entries: tuple[HistoryEntry, ...]
    total: int
    page: int = 1


# ---------------------------------------------------------------- lines and quality


class Hearing(StrEnum):
    """Whether both sides hear one another, from counters and levels."""

    OK = "ok"
    NOT_HEARD = "not-heard"
    """The peer receives nothing of us, or the microphone gives nothing."""
    HEARS_NOTHING = "hears-nothing"
    """Nothing comes, or nothing but silence."""
    MUTED_SPEAKING = "muted-speaking"
    """The agent speaks while muted."""
    GONE = "gone"
    """Media and signalling are both gone: the call is offered for closing."""


class Quality(PlainValue, frozen=True):
    """How the active call sounds. Shares 0 to 1, times in milliseconds; `mos` 1.0 to 4.5 by the
    E-model (ITU-T G.107), None before there is enough to tell."""

    mos: float | None = None
    codec: str = ""
    loss: float = 0.0
    remote_loss: float = 0.0
    """Of what we send, as the peer reports it."""
    jitter: float = 0.0
    rtt: float | None = None
    delay: float = 0.0
    """What the playout holds back."""
    repaired: float = 0.0
    concealed: float = 0.0
    hearing: Hearing = Hearing.OK


class Question(PlainValue, frozen=True):
    """Something that a peer wants and that only the agent decides."""

    kind: QuestionKind
    key: str
    """The call it is about."""
    target: str
    name: str = ""


class Devices(PlainValue, frozen=True):
    """The sound devices there are, by name, and those chosen ("" is the system's default)."""

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    input: str = ""
    output: str = ""
    ring: str = ""


class Check(PlainValue, frozen=True):
    """One line of the check before the shift. `message` says what was found and, when not ok,
    what to do."""

    id: str
    state: CheckState = CheckState.WAITING
    message: Message | None = None


def is_extension(number: str, start: str, end: str) -> bool:
    """Whether the number lies in the enterprise's extension range (inclusive).

    Leading zeros count, so digits are compared with bounds of their own length first; a range
    whose bounds differ in length ("800" to "1200") is compared as numbers, and then a number
    with a leading zero lies outside.
    """
    if not (start.isdecimal() and end.isdecimal()):
        return False
    if len(start) == len(end):
        return len(number) == len(start) and start <= number <= end
    if number.startswith("0"):
        return False
    return int(start) <= int(number) <= int(end)

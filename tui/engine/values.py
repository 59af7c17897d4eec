"""The plain values that the snapshot is made of, besides the seat and the calls (state.py).

All instants are `time.monotonic()` of this machine, which every process of one boot shares; only
the history on disk, which outlives a boot, has wall-clock times (`HistoryEntry`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tui.platform.base import VOIP


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence by its id in the catalogues, with the values that go into it."""

    id: str
    values: tuple[tuple[str, str], ...] = ()


def message(id: str, **values: object) -> Message:
    """Build a Message: `message("login.50003", code=50003)`."""
    return Message(id, tuple((name, str(value)) for name, value in sorted(values.items())))


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


class LineState(StrEnum):
    """The signalling line to the platform."""

    OFF = "off"
    CONNECTING = "connecting"
    REGISTERING = "registering"
    OK = "ok"
    LOST = "lost"
    """Signalling is gone; a call's audio may go on. Reconnecting by itself."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Line:
    """`latency` is the last WebSocket round trip in milliseconds, None before the first."""

    state: LineState = LineState.OFF
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


@dataclass(frozen=True, slots=True)
class Voice:
    """`device` is what carries the sound now, for display. `volume` and `gain` in per cent."""

    state: VoiceState = VoiceState.OFF
    device: str = ""
    volume: int = 100
    gain: int = 100
    server: str = ""
    """The PulseAudio server that carries the sound, as the front end named it; "" this machine."""
    delay: int | None = None
    """Milliseconds to that server and back, as measured last."""
    trial: str = ""
    """What a try of the sound is doing: "record", "play", "measure"; "" while there is none."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Level bars, 0 to 10 each: the agent's microphone, and what is heard."""

    you: int = 0
    them: int = 0


@dataclass(frozen=True, slots=True)
class Account:
    """Who is signed in, without the password."""

    un: str
    switchnumber: str
    backend: str
    kind: str = "platform2"
    callintype: int = VOIP
    number: str = ""
    displayname: str = ""
    eid: str = ""
    gid: str = ""
    group: str = ""
    extension_start: str = ""
    extension_end: str = ""
    encrypts: bool = False
    """Encrypted numbers can be dialled: generation 1, and the config has a seed."""


@dataclass(frozen=True, slots=True)
class Notice:
    """The last failure, or what happened while nobody looked."""

    message: Message
    at: float
    serious: bool = True


@dataclass(frozen=True, slots=True)
class CallRecord:
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


@dataclass(frozen=True, slots=True)
class Shift:
    """The figures since sign-in (of today, where the history has more). Times in seconds."""

    began: float = 0.0
    talked: int = 0
    """Calls that were up, in and out."""
    missed: int = 0
    """Offers that ended unanswered without being declined."""
    missed_in_a_row: int = 0
    talk_time: float = 0.0
    longest: float = 0.0
    hold_time: float = 0.0


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


@dataclass(frozen=True, slots=True)
class WrapUp:
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


@dataclass(frozen=True, slots=True)
class HistoryEntry:
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


@dataclass(frozen=True, slots=True)
class HistoryPage:
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


@dataclass(frozen=True, slots=True)
class Quality:
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


@dataclass(frozen=True, slots=True)
class Question:
    """Something that a peer wants and that only the agent decides: `kind` is "refer" (the peer
    wants this call taken to `target`) or "redirect" (the number called is said to have moved)."""

    kind: str
    key: str
    """The call it is about."""
    target: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Devices:
    """The sound devices there are, by name, and those chosen ("" is the system's default)."""

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    input: str = ""
    output: str = ""
    ring: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the check before the shift. `state`: "waiting", "running", "ok", "warn" or
    "fail"; `message` says what was found and, when not ok, what to do."""

    id: str
    state: str = "waiting"
    message: Message | None = None

"""What an engine asks of a session's calls, whoever controls them: a contact-centre platform
(platform_calls/) or SIP alone (sip_calls/)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tui import sip
from tui.port import commands as c
from tui.port.commands import Command, Result
from tui.port.snapshot import Call
from tui.port.supervision import SuperviseHow
from tui.port.values import Capability, Message, Standing

if TYPE_CHECKING:
    from tui.engine.session.crash_note import Remembered


class SeatKeeper(Protocol):
    """Who keeps the seat, told by a call control what is said of it (`SeatController`)."""

    def platform_says(self, status: int) -> None: ...
    def after_call_work(self, info: str = ..., /) -> None: ...
    def kept_busy(self, reason: Message) -> None: ...
    def because(self, reason: Message) -> None: ...
    async def set_status(self, status: int) -> Result: ...
    def unconfirmed(self, what: tuple[Standing, ...]) -> None: ...
    def confirmed(self, status: int, reason: Message | None) -> None: ...


class CallControl(Protocol):
    """The calls of one session. A call is named by its ccNumber; "" means the marked one, else the
    one there is. Commands tell in their Result why nothing was done."""

    @property
    def capabilities(self) -> tuple[Capability, ...]:
        """What a session with this control can do."""

    @property
    def status_seconds(self) -> float:
        """How long a status may take to be confirmed."""

    # ------------------------------------------------------------ one call

    async def dial(self, number: str, *, encrypted: bool = False, area: str = "") -> Result: ...
    async def answer(self, ccnumber: str) -> Result: ...
    async def hang_up(self, ccnumber: str, *, leave_them: bool = False) -> Result: ...

    async def decline_for_others(self, ccnumber: str) -> Result:
        """Decline an incoming call so that others may be rung."""

    async def hold(self, ccnumber: str) -> Result: ...
    async def resume(self, ccnumber: str) -> Result: ...
    def mute(self, ccnumber: str, on: bool) -> Result: ...

    async def transfer(self, gid: str, number: str, name: str, ccnumber: str) -> Result:
        """Hand the call to somebody else. `gid` is the group of that extension, "" for none."""

    # ------------------------------------------------------------ several in one call

    async def invite_third(self, kind: int, callee: str, name: str, ccnumber: str) -> Result: ...
    async def drop_third(self, ccnumber: str) -> Result: ...
    async def end_for_all(self, ccnumber: str) -> Result: ...

    async def supervise(self, how: SuperviseHow, call: str) -> Result:
        """A supervisor's wish about a call of the group, by its key."""

    async def feature(self, command: c.PbxFeature) -> Result:
        """What only an ordinary PBX has: pick-up, parking, the mailbox."""

    # ------------------------------------------------------------ several calls

    def mark(self, key: str) -> Result:
        """Mark the call with this key."""

    async def join(self, on: bool) -> Result:
        """Mix all calls into one conversation, or part them again."""

    async def connect(self, ccnumber: str, other: str) -> Result:
        """Put the peers of two calls through to each other."""

    async def answer_question(self, yes: bool) -> Result:
        """What the agent says to `Snapshot.question`."""

    # ------------------------------------------------------------ the seat

    async def confirm_status(self, status: int, reason: str = "", /) -> Message | None:
        """Ask for a status (1 idle, 2 busy): None when it counts, else why it is not confirmed.
        `reason` is the code of a named break, for whoever has a field for it."""

    async def status_after_call(self, ccnumber: str, busy: bool) -> Message | None:
        """Set the status ahead that follows this call: None when it is set, else why not."""

    # ------------------------------------------------------------ what happens

    def sip_event(self, event: sip.Event) -> None:
        """Take what the signalling does not keep for itself."""

    def call_changed(self, before: Call | None, call: Call) -> None:
        """Take note of a change in the store of calls."""

    def begin(self, status: int) -> None:
        """The line is registered: `status` is what the seat is to be first."""

    async def hang_up_all(self) -> Message | None:
        """The agent signs out: tell whoever must be told that her calls end, for all who are in
        them. Who was left in a call all the same; None: nobody."""

    async def end(self) -> None:
        """The session is over, and its legs are closed."""

    # ------------------------------------------------------------ recovery

    def engine_died(self, remembered: Remembered) -> None:
        """Take over the call that an engine left behind when it was killed."""

    def flow_is_back(self) -> None:
        """Signalling was lost and is back."""

    def renew_leg(self, key: str) -> None:
        """A call that is up has no audio: ask for a new leg."""


class ActiveControl:
    """The call control of the session that is on. The parts that outlive a session ask here."""

    def __init__(self) -> None:
        self._control: CallControl | None = None

    @property
    def now(self) -> CallControl:
        """The control in force. One is put in before anybody can ask."""
        if self._control is None:
            raise RuntimeError("no call control was put in")
        return self._control

    def put(self, control: CallControl) -> None:
        """Put this control in force."""
        self._control = control

    def call_changed(self, before: Call | None, call: Call) -> None:
        """Tell the control in force of a change in the store of calls."""
        self.now.call_changed(before, call)


async def carry_out(calls: CallControl, command: Command) -> Result | None:
    """Have the control carry out a command about calls. None: the command is about something
    else."""
    match command:
        case c.Dial(number=number, encrypted=encrypted, area=area):
            return await calls.dial(number, encrypted=encrypted, area=area)
        case c.Answer(ccnumber):
            return await calls.answer(ccnumber)
        case c.HangUp(ccnumber, leave_them):
            return await calls.hang_up(ccnumber, leave_them=leave_them)
        case c.Hold(ccnumber):
            return await calls.hold(ccnumber)
        case c.Resume(ccnumber):
            return await calls.resume(ccnumber)
        case c.Mute(on, ccnumber):
            return calls.mute(ccnumber, on)
        case c.Transfer(gid, number, name, ccnumber):
            return await calls.transfer(gid, number, name, ccnumber)
        case c.Threeway(kind, callee, name, ccnumber):
            return await calls.invite_third(kind, callee, name, ccnumber)
        case c.DropThird(ccnumber):
            return await calls.drop_third(ccnumber)
        case c.EndForAll(ccnumber):
            return await calls.end_for_all(ccnumber)
        case c.Supervise(how, call):
            return await calls.supervise(how, call)
        case c.PickUpCall() | c.ParkCall() | c.FetchParked() | c.CallMailbox():
            return await calls.feature(command)
        case c.MarkLine(key):
            return calls.mark(key)
        case c.JoinLines(on):
            return await calls.join(on)
        case c.ConnectLines(ccnumber, other):
            return await calls.connect(ccnumber, other)
        case c.AnswerQuestion(yes):
            return await calls.answer_question(yes)
    return None

"""What has happened, in the past tense. Two kinds, both frozen and plain:

*Facts* are the SDK's events, each with one correctly spelled name (the SDK's own stands in the
docstring). *Changes* carry a new value of one part of the snapshot; `apply` puts it there, and
engine and front end use the same `apply`, so that neither can drift from the other.
"""

from __future__ import annotations

from tui.plain_value import PlainValue, replace
from tui.port.colleagues import Colleague, Mailbox, ParkingSlot, with_colleague, with_slot
from tui.port.machines.seat_machine import Status
from tui.port.queues import AgentQueue
from tui.port.snapshot import RECENT_LIMIT, Call, SeatStatus, Snapshot
from tui.port.supervision import GroupCall, Supervision
from tui.port.values import (
    Account,
    CallRecord,
    Check,
    Connection,
    Group,
    Levels,
    Message,
    NextStatus,
    Notice,
    Phase,
    PhoneMode,
    Quality,
    Question,
    Shift,
    ThreewayResult,
    Voice,
    WrapUp,
)
from tui.port.work import Callbacks

# ---------------------------------------------------------------- facts


class RegistrationFinished(PlainValue, frozen=True):
    """`register`: `code` 200 is success."""

    code: int
    info: str = ""
    cause: str = ""


class CallOffered(PlainValue, frozen=True):
    """`newPBXCall`; `offers` from 1."""

    ccnumber: str
    number: str
    offers: int = 1


class OfferCancelled(PlainValue, frozen=True):
    """`cancelPBXCall`: declined, given up or timed out."""

    ccnumber: str


class CalloutResponded(PlainValue, frozen=True):
    """`calloutResponse`: the platform's answer to a call to an outside line."""

    code: int
    ccnumber: str
    number: str
    info: str = ""


class CallinResponded(PlainValue, frozen=True):
    """`callinResponse`: the platform's answer to a call to an extension."""

    code: int
    ccnumber: str
    number: str
    info: str = ""


class CallinFailed(PlainValue, frozen=True):
    """`callinFaieldResponse`: the called extension did not answer in time."""

    ccnumber: str


class CallAnswered(PlainValue, frozen=True):
    """`answeredPBXCall`."""

    ccnumber: str
    number: str


class CallFinished(PlainValue, frozen=True):
    """`endPBXCall`. `talk_time` in seconds with reasons 25 and 26, else None."""

    ccnumber: str
    reason: int
    talk_time: float | None = None


class KickedOffline(PlainValue, frozen=True):
    """`kickedOffLine`: 895, 897, 898, 899."""

    reason: int


class StatusChanged(PlainValue, frozen=True):
    """`statusChanged`."""

    status: Status


class ThreewayChanged(PlainValue, frozen=True):
    """`threewayCall`, the event."""

    ccnumber: str
    result: ThreewayResult


class TransferSucceeded(PlainValue, frozen=True):
    """`transferCallSuccess`."""

    ccnumber: str


class TransferFailed(PlainValue, frozen=True):
    """`transferCallFaield`."""

    ccnumber: str


class Reminded(PlainValue, frozen=True):
    """Something is due that the agent planned or agreed to: a break ends, somebody is to be called
    back. Said once."""

    message: Message


Fact = (
    RegistrationFinished
    | CallOffered
    | OfferCancelled
    | CalloutResponded
    | CallinResponded
    | CallinFailed
    | CallAnswered
    | CallFinished
    | KickedOffline
    | StatusChanged
    | ThreewayChanged
    | TransferSucceeded
    | TransferFailed
    | Reminded
)

# ---------------------------------------------------------------- changes


class PhaseChanged(PlainValue, frozen=True):
    phase: Phase
    failure: Message | None = None


class AccountChanged(PlainValue, frozen=True):
    account: Account | None
    groups: tuple[Group, ...] = ()


class SeatChanged(PlainValue, frozen=True):
    seat: SeatStatus


class CallChanged(PlainValue, frozen=True):
    call: Call


class CallRemoved(PlainValue, frozen=True):
    key: str


class CallRecorded(PlainValue, frozen=True):
    record: CallRecord


class ConnectionChanged(PlainValue, frozen=True):
    connection: Connection


class VoiceChanged(PlainValue, frozen=True):
    voice: Voice


class LevelsChanged(PlainValue, frozen=True):
    levels: Levels


class NoticeChanged(PlainValue, frozen=True):
    notice: Notice | None


class NextStatusChanged(PlainValue, frozen=True):
    status: NextStatus


class WrapUpChanged(PlainValue, frozen=True):
    wrapup: WrapUp | None


class ShiftChanged(PlainValue, frozen=True):
    shift: Shift


class PhoneModeChanged(PlainValue, frozen=True):
    mode: PhoneMode


class MarkMoved(PlainValue, frozen=True):
    key: str


class QualityChanged(PlainValue, frozen=True):
    quality: Quality | None


class QuestionChanged(PlainValue, frozen=True):
    question: Question | None


class ChecksChanged(PlainValue, frozen=True):
    checks: tuple[Check, ...]


class GroupCallChanged(PlainValue, frozen=True):
    """A call of the group began, or is another than it was."""

    call: GroupCall


class GroupCallRemoved(PlainValue, frozen=True):
    """A call of the group is over."""

    key: str


class WatchersChanged(PlainValue, frozen=True):
    """Who looks at this desk, by login name."""

    watchers: tuple[str, ...]


class SupervisionChanged(PlainValue, frozen=True):
    supervision: Supervision


class QueuesChanged(PlainValue, frozen=True):
    """A queue says something else than before, or something is asked of one."""

    queues: tuple[AgentQueue, ...]


class ColleaguesChanged(PlainValue, frozen=True):
    """Other people are asked about."""

    colleagues: tuple[Colleague, ...]


class ColleagueChanged(PlainValue, frozen=True):
    """The phone of one of them is otherwise than it was."""

    colleague: Colleague


class MailboxChanged(PlainValue, frozen=True):
    mailbox: Mailbox | None


class ParkingChanged(PlainValue, frozen=True):
    """Other slots are asked about."""

    slots: tuple[ParkingSlot, ...]


class ParkingSlotChanged(PlainValue, frozen=True):
    """One of them is otherwise than it was."""

    slot: ParkingSlot


class CallbacksChanged(PlainValue, frozen=True):
    callbacks: Callbacks


Change = (
    PhaseChanged
    | AccountChanged
    | SeatChanged
    | CallChanged
    | CallRemoved
    | CallRecorded
    | ConnectionChanged
    | VoiceChanged
    | LevelsChanged
    | NoticeChanged
    | NextStatusChanged
    | WrapUpChanged
    | ShiftChanged
    | PhoneModeChanged
    | MarkMoved
    | QualityChanged
    | QuestionChanged
    | ChecksChanged
    | GroupCallChanged
    | GroupCallRemoved
    | SupervisionChanged
    | QueuesChanged
    | ColleaguesChanged
    | ColleagueChanged
    | MailboxChanged
    | ParkingChanged
    | ParkingSlotChanged
    | CallbacksChanged
    | WatchersChanged
)
Event = Fact | Change


def apply(snapshot: Snapshot, event: Event) -> Snapshot:
    """The snapshot after the event. Facts leave it as it is."""
    match event:
        case PhaseChanged(phase, failure):
            return replace(snapshot, phase=phase, failure=failure)
        case AccountChanged(account, groups):
            if _is_another(snapshot.account, account):  # whose calls are nobody else's business
                snapshot = replace(snapshot, calls=(), recent=())
            return replace(snapshot, account=account, groups=groups)
        case SeatChanged(seat):
            return replace(snapshot, seat=seat)
        case CallChanged(call):
            return snapshot.with_call(call)
        case CallRemoved(key):
            return replace(snapshot, calls=tuple(c for c in snapshot.calls if c.key != key))
        case CallRecorded(record):
            # A call that was offered again has one line in the list: its last.
            older = (r for r in snapshot.recent if not r.ccnumber or r.ccnumber != record.ccnumber)
            return replace(snapshot, recent=(record, *older)[:RECENT_LIMIT])
        case ConnectionChanged(connection):
            return replace(snapshot, connection=connection)
        case VoiceChanged(voice):
            return replace(snapshot, voice=voice)
        case LevelsChanged(levels):
            return replace(snapshot, levels=levels)
        case NoticeChanged(notice):
            return replace(snapshot, notice=notice)
        case NextStatusChanged(status):
            return replace(snapshot, next_status=status)
        case WrapUpChanged(wrapup):
            return replace(snapshot, wrapup=wrapup)
        case ShiftChanged(shift):
            return replace(snapshot, shift=shift)
        case PhoneModeChanged(mode):
            return replace(snapshot, phone_mode=mode)
        case MarkMoved(key):
            return replace(snapshot, marked=key)
        case QualityChanged(quality):
            return replace(snapshot, quality=quality)
        case QuestionChanged(question):
            return replace(snapshot, question=question)
        case ChecksChanged(checks):
            return replace(snapshot, checks=checks)
        case GroupCallChanged(call):
            return snapshot.with_group_call(call)
        case GroupCallRemoved(key):
            left = tuple(each for each in snapshot.group_calls if each.key != key)
            return replace(snapshot, group_calls=left)
        case WatchersChanged(watchers):
            return replace(snapshot, watchers=watchers)
        case SupervisionChanged(supervision):
            return replace(snapshot, supervision=supervision)
        case QueuesChanged(queues):
            return replace(snapshot, queues=queues)
        case ColleaguesChanged(colleagues):
            return replace(snapshot, colleagues=colleagues)
        case ColleagueChanged(colleague):
            return replace(snapshot, colleagues=with_colleague(snapshot.colleagues, colleague))
        case MailboxChanged(mailbox):
            return replace(snapshot, mailbox=mailbox)
        case ParkingChanged(slots):
            return replace(snapshot, parking=slots)
        case ParkingSlotChanged(slot):
            return replace(snapshot, parking=with_slot(snapshot.parking, slot))
        case CallbacksChanged(callbacks):
            return replace(snapshot, callbacks=callbacks)
        case _:
            return snapshot


def _is_another(before: Account | None, now: Account | None) -> bool:
    """Whether somebody else is signed in than before."""
    if before is None or now is None:
        return False
    names = ("kind", "backend", "switchnumber", "un")
    return any(getattr(before, name) != getattr(now, name) for name in names)

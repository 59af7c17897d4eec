"""What has happened, in the past tense. Two kinds, both frozen and plain:

*Facts* are the SDK's events, each with one correctly spelled name (the SDK's own stands in the
docstring). *Changes* carry a new value of one part of the snapshot; `apply` puts it there, and
engine and front end use the same `apply`, so that neither can drift from the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tui.engine.state import (
    RECENT_LIMIT,
    Account,
    Call,
    CallRecord,
    Check,
    Group,
    Levels,
    Line,
    Message,
    Notice,
    Phase,
    Quality,
    Question,
    SeatStatus,
    Shift,
    Snapshot,
    Voice,
    WrapUp,
)

# ---------------------------------------------------------------- facts


@dataclass(frozen=True, slots=True)
class RegistrationFinished:
    """`register`: `code` 200 is success."""

    code: int
    info: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class CallOffered:
    """`newPBXCall`; `offers` from 1."""

    ccnumber: str
    number: str
    offers: int = 1


@dataclass(frozen=True, slots=True)
class OfferCancelled:
    """`cancelPBXCall`: declined, given up or timed out."""

    ccnumber: str


@dataclass(frozen=True, slots=True)
class CalloutResponded:
    """`calloutResponse`: the platform's answer to a call to an outside line."""

    code: int
    ccnumber: str
    number: str
    info: str = ""


@dataclass(frozen=True, slots=True)
class CallinResponded:
    """`callinResponse`: the platform's answer to a call to an extension."""

    code: int
    ccnumber: str
    number: str
    info: str = ""


@dataclass(frozen=True, slots=True)
class CallinFailed:
    """`callinFaieldResponse`: the called extension did not answer in time."""

    ccnumber: str


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """`answeredPBXCall`."""

    ccnumber: str
    number: str


@dataclass(frozen=True, slots=True)
class CallEnded:
    """`endPBXCall`. `talk_time` in seconds with reasons 25 and 26, else None."""

    ccnumber: str
    reason: int
    talk_time: float | None = None


@dataclass(frozen=True, slots=True)
class KickedOffline:
    """`kickedOffLine`: 895, 897, 898, 899."""

    reason: int


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """`statusChanged`: 0 offline, 1 online, 2 busy."""

    status: int


@dataclass(frozen=True, slots=True)
class ThreewayChanged:
    """`threewayCall`, the event: `result` 0 the third party is in, 1 failed, 2 it left."""

    ccnumber: str
    result: int


@dataclass(frozen=True, slots=True)
class TransferSucceeded:
    """`transferCallSuccess`."""

    ccnumber: str


@dataclass(frozen=True, slots=True)
class TransferFailed:
    """`transferCallFaield`."""

    ccnumber: str


Fact = (
    RegistrationFinished
    | CallOffered
    | OfferCancelled
    | CalloutResponded
    | CallinResponded
    | CallinFailed
    | CallAnswered
    | CallEnded
    | KickedOffline
    | StatusChanged
    | ThreewayChanged
    | TransferSucceeded
    | TransferFailed
)

# ---------------------------------------------------------------- changes


@dataclass(frozen=True, slots=True)
class PhaseChanged:
    phase: Phase
    failure: Message | None = None


@dataclass(frozen=True, slots=True)
class AccountChanged:
    account: Account | None
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True, slots=True)
class SeatChanged:
    seat: SeatStatus


@dataclass(frozen=True, slots=True)
class CallChanged:
    call: Call


@dataclass(frozen=True, slots=True)
class CallRemoved:
    key: str


@dataclass(frozen=True, slots=True)
class CallRecorded:
    record: CallRecord


@dataclass(frozen=True, slots=True)
class LineChanged:
    line: Line


@dataclass(frozen=True, slots=True)
class VoiceChanged:
    voice: Voice


@dataclass(frozen=True, slots=True)
class LevelsChanged:
    levels: Levels


@dataclass(frozen=True, slots=True)
class NoticeChanged:
    notice: Notice | None


@dataclass(frozen=True, slots=True)
class NextStatusChanged:
    status: int


@dataclass(frozen=True, slots=True)
class WrapUpChanged:
    wrapup: WrapUp | None


@dataclass(frozen=True, slots=True)
class ShiftChanged:
    shift: Shift


@dataclass(frozen=True, slots=True)
class PhoneModeChanged:
    mode: str


@dataclass(frozen=True, slots=True)
class MarkMoved:
    key: str


@dataclass(frozen=True, slots=True)
class QualityChanged:
    quality: Quality | None


@dataclass(frozen=True, slots=True)
class QuestionChanged:
    question: Question | None


@dataclass(frozen=True, slots=True)
class ChecksChanged:
    checks: tuple[Check, ...]


Change = (
    PhaseChanged
    | AccountChanged
    | SeatChanged
    | CallChanged
    | CallRemoved
    | CallRecorded
    | LineChanged
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
)
Event = Fact | Change


def apply(snapshot: Snapshot, event: Event) -> Snapshot:
    """The snapshot after the event. Facts leave it as it is."""
    match event:
        case PhaseChanged(phase, failure):
            return replace(snapshot, phase=phase, failure=failure)
        case AccountChanged(account, groups):
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
        case LineChanged(line):
            return replace(snapshot, line=line)
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
        case _:
            return snapshot

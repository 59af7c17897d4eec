"""What is said about a call: answer, hold, hang up, tones, lines, dial; and about the seat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tui.console.actions import conditions as when
from tui.console.i18n import render, tr
from tui.console.parts.dial_command import command_of
from tui.plain import sentences as say
from tui.plain.topics.parties import who_stays
from tui.plain.words import names_of
from tui.port.commands import (
    Answer,
    AnswerQuestion,
    CannotTake,
    CloseCall,
    DropThird,
    EndForAll,
    HangUp,
    Hold,
    JoinLines,
    MarkLine,
    Mute,
    RebuildAudio,
    Resume,
    SendDigits,
    SetNextStatus,
    SetPhoneMode,
    SetStatus,
    StopAutoAnswer,
)
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Call
from tui.port.values import Message, NextStatus, PhoneMode, StatusWanted

if TYPE_CHECKING:
    from tui.plain.desk import PlainDesk

SHORT: Final = 3
"""A number of fewer digits is asked about before it is called: it may be an answer that came late.
"""


def which(desk: PlainDesk) -> str:
    """The ccNumber of the call that a command is about; "" where there is one call at most."""
    call = desk.view.snapshot.call
    return call.ccnumber if call is not None and when.own_lines(desk.view) else ""


# ---------------------------------------------------------------- ringing


async def answer(desk: PlainDesk, rest: str) -> None:
    await desk.send(Answer(ccnumber=which(desk)))


async def decline(desk: PlainDesk, rest: str) -> None:
    await desk.send(HangUp(ccnumber=which(desk)))


async def cannot_take(desk: PlainDesk, rest: str) -> None:
    await desk.send(CannotTake(ccnumber=which(desk)))


async def let_ring(desk: PlainDesk, rest: str) -> None:
    result = await desk.send(StopAutoAnswer(ccnumber=which(desk)))
    if result is not None and result.ok:
        desk.talk.say(tr("plain.rings_on"))


async def yes(desk: PlainDesk, rest: str) -> None:
    await desk.send(AnswerQuestion(True))


async def no(desk: PlainDesk, rest: str) -> None:
    await desk.send(AnswerQuestion(False))


# ---------------------------------------------------------------- up


async def hold(desk: PlainDesk, rest: str) -> None:
    await desk.send(Hold(ccnumber=which(desk)))


async def resume(desk: PlainDesk, rest: str) -> None:
    await desk.send(Resume(ccnumber=which(desk)))


async def mute(desk: PlainDesk, rest: str) -> None:
    await desk.send(Mute(True, ccnumber=which(desk)))


async def unmute(desk: PlainDesk, rest: str) -> None:
    await desk.send(Mute(False, ccnumber=which(desk)))


async def tones(desk: PlainDesk, rest: str) -> None:
    digits = rest or await desk.talk.words(say.asked(tr("field.tones")))
    if digits:
        result = await desk.send(SendDigits(digits.replace(" ", ""), ccnumber=which(desk)))
        if result is not None and result.ok:
            desk.talk.say(tr("plain.sent_tones", tones=digits))


async def rebuild(desk: PlainDesk, rest: str) -> None:
    await desk.send(RebuildAudio(ccnumber=which(desk)))


async def close_call(desk: PlainDesk, rest: str) -> None:
    if await sure(desk, tr("plain.close_call"), rest):
        await desk.send(CloseCall(ccnumber=which(desk)))


# ---------------------------------------------------------------- ending


async def sure(desk: PlainDesk, question: str, rest: str = "", key: str = "") -> bool:
    """Ask before something that cannot be taken back; `rest` "1" is the answer ahead. The question
    goes with the call that it is about."""
    call = desk.view.snapshot.call

    def still() -> bool:
        now = desk.view.snapshot.call
        over = call is None or not call.live
        return over or (now is not None and call is not None and now.key == call.key and now.live)

    if rest == "1":
        return True
    return await desk.talk.choose(question, [tr("plain.yes")], valid=still, key=key) is not None


async def hang_up(desk: PlainDesk, rest: str) -> None:
    """Hang up; ask first where somebody is spoken to, and who stays where three are in the call."""
    call = desk.view.snapshot.call
    assert call is not None
    if when.third_of(desk.view) is not None:
        await _three_way_end(desk, call)
        return
    question = tr("plain.hang_up", who=say.who(call))
    if call.state in when.UP and not await sure(desk, question, rest, key="f8"):
        return
    result = await desk.engine.ask(HangUp(ccnumber=which(desk)))
    third = desk.view.snapshot.call
    asks = not result.ok and result.message is not None and result.message.id == "threeway.ask"
    if asks and third is not None and third.third is not None:
        await _three_way_end(desk, third)  # somebody came in while it was said
    else:
        desk.engine.refused(result)
        await desk.settle()


async def _three_way_end(desk: PlainDesk, call: Call) -> None:
    command = await who_stays(desk, call)
    if command is not None:
        await desk.send(command)


async def drop(desk: PlainDesk, rest: str) -> None:
    call = desk.view.snapshot.call
    assert call is not None
    assert call.third is not None
    name = say.third_name(call.third)
    if call.third.joined is None or await sure(desk, tr("plain.drop", name=name), rest):
        await desk.send(DropThird())


async def end_for_all(desk: PlainDesk, rest: str) -> None:
    if await sure(desk, tr("plain.end_for_all"), rest):
        await desk.send(EndForAll())


# ---------------------------------------------------------------- lines of a PBX


async def line(desk: PlainDesk, rest: str) -> None:
    """Mark a line by its number; without one the next."""
    live = sorted((each for each in desk.view.snapshot.calls if each.live), key=_line_of)
    if rest:
        found = next((each for each in live if str(each.line) == rest), None)
    else:
        marked = desk.view.snapshot.call
        at = next((n for n, each in enumerate(live) if each is marked), -1)
        found = live[(at + 1) % len(live)] if live else None
    if found is None:
        numbers = ", ".join(str(each.line) for each in live)
        desk.talk.say(tr("plain.no_line", lines=numbers))
    else:
        await desk.send(MarkLine(found.key))


def _line_of(call: Call) -> int:
    return call.line


async def join(desk: PlainDesk, rest: str) -> None:
    await desk.send(JoinLines(True))


async def part(desk: PlainDesk, rest: str) -> None:
    await desk.send(JoinLines(False))


# ---------------------------------------------------------------- dialling


async def dial(desk: PlainDesk, rest: str) -> None:
    number = rest or await desk.talk.words(say.asked(tr("field.dial")))
    if not number:
        return
    if number.isdecimal() and len(number) < SHORT:
        question = tr("plain.dial_short", number=number)
        if await desk.talk.choose(question, [tr("plain.yes")]) is None:
            return
    command = command_of(number, desk.view.snapshot.account)
    if isinstance(command, Message):
        desk.talk.say(say.dotted(render(command)))
    else:
        await desk.send(command)


async def redial(desk: PlainDesk, rest: str) -> None:
    last = next(record for record in desk.view.snapshot.recent if record.outgoing)
    if not last.number or "•" in last.number:
        desk.talk.say(tr("history.masked"))
        return
    await dial(desk, last.number)


# ---------------------------------------------------------------- the seat


async def idle(desk: PlainDesk, rest: str) -> None:
    await desk.send(SetStatus(StatusWanted.IDLE))


async def busy(desk: PlainDesk, rest: str) -> None:
    """Busy now; in a write-up, once it is over."""
    if when.writing_up(desk.view):
        await desk.send(SetNextStatus(StatusWanted.BUSY))
    else:
        await desk.send(SetStatus(StatusWanted.BUSY))


async def after(desk: PlainDesk, rest: str) -> None:
    """The status after this call: as it is said, or the other one."""
    wanted = desk.view.snapshot.next_status is not NextStatus.BUSY
    if rest:
        wanted = rest.casefold() in names_of("busy")
    await desk.send(SetNextStatus(StatusWanted.BUSY if wanted else StatusWanted.IDLE))


async def phone_mode(desk: PlainDesk, rest: str) -> None:
    """Calls go to a mobile phone, or come here again."""
    snapshot = desk.view.snapshot
    if snapshot.phone_mode == PhoneMode.MOBILE:
        await desk.send(SetPhoneMode(PhoneMode.FIXED))
        return
    known = snapshot.account.number if snapshot.account is not None else ""
    number = await desk.talk.words(say.asked(tr("field.phone")), before=known)
    if number:
        await desk.send(SetPhoneMode(PhoneMode.MOBILE, number))


def choices_of_ringing(desk: PlainDesk) -> list[str]:
    """The words that a digit says while a call rings, in order."""
    view = desk.view
    found = ["answer"] if when.can_answer(view) else []
    if when.can_refuse(view):
        found += ["decline", "cannot_take"]
    if when.can_let_ring(view):
        found.append("let_ring")
    return found


def rings_since(desk: PlainDesk) -> float:
    """When the call that rings began to."""
    call = desk.view.snapshot.call
    return call.since if call is not None and call.state is CallState.RINGING else 0.0

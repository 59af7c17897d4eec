"""What each word does, and what a line is that is no word."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from tui.console.actions import conditions as when
from tui.console.i18n import tr
from tui.plain.topics import calls, colleagues, pages, parties, session, settings, work, writing
from tui.plain.words import WORDS, name_of
from tui.port.machines.call_machine import CallState

if TYPE_CHECKING:
    from tui.plain.desk import PlainDesk

Verb = Callable[["PlainDesk", str], Awaitable[None]]
TONES: Final = frozenset("0123456789*#, ")
DIALLED: Final = frozenset("0123456789*#+@ -()")


async def _sign_out(desk: PlainDesk, rest: str) -> None:
    call = desk.view.snapshot.call
    three = call is not None and call.live and when.third_of(desk.view) is not None
    if three or await calls.sure(desk, tr("plain.sign_out"), rest):
        await session.end_session(desk)


async def _leave(desk: PlainDesk, rest: str) -> None:
    await session.leave(desk)


async def _help(desk: PlainDesk, rest: str) -> None:
    """The words that do something now, with their keys; a digit says one."""
    works = [word for word in WORDS if word.when(desk.view) and word.id != "help"]
    options = [f"{name_of(word.id)} {desk.words.key_of(word)}".strip() for word in works]
    at = await desk.talk.choose(tr("plain.words"), options)
    if at is not None and works[at].when(desk.view):
        await VERBS[works[at].id](desk, "")


VERBS: Final[dict[str, Verb]] = {
    "answer": calls.answer,
    "decline": calls.decline,
    "cannot_take": calls.cannot_take,
    "let_ring": calls.let_ring,
    "yes": calls.yes,
    "no": calls.no,
    "hangup": calls.hang_up,
    "hold": calls.hold,
    "resume": calls.resume,
    "mute": calls.mute,
    "unmute": calls.unmute,
    "transfer": parties.transfer,
    "threeway": parties.three_way,
    "drop": calls.drop,
    "end_for_all": calls.end_for_all,
    "tones": calls.tones,
    "note": writing.note,
    "outcome": writing.outcome,
    "ready": writing.ready,
    "keep_open": writing.keep_open,
    "next": calls.after,
    "pick_up": colleagues.pick_up,
    "park": colleagues.park,
    "fetch": colleagues.fetch,
    "voicemail": colleagues.voicemail,
    "dial": calls.dial,
    "redial": calls.redial,
    "line": calls.line,
    "join": calls.join,
    "part": calls.part,
    "idle": calls.idle,
    "busy": calls.busy,
    "break": work.take_break,
    "callbacks": work.callbacks,
    "later": work.plan,
    "read_in": work.read_in,
    "own": work.own_action,
    "supervise": work.supervise,
    "find": parties.find,
    "members": parties.members,
    "history": pages.history,
    "export": pages.export,
    "rebuild": calls.rebuild,
    "close_call": calls.close_call,
    "phone_mode": calls.phone_mode,
    "sound": pages.sound,
    "check": pages.check,
    "settings": settings.settings,
    "state": pages.state,
    "who": pages.who,
    "queues": pages.queues,
    "again": pages.again,
    "time": pages.clock,
    "shift": pages.shift,
    "why": pages.why,
    "log": pages.log,
    "messages": pages.messages,
    "tour": pages.tour,
    "help": _help,
    "sign_out": _sign_out,
    "leave": _leave,
}


async def other_text(desk: PlainDesk, line: str, text: str, began: float) -> None:
    """A line that is no word: a choice while it rings, an outcome or a note, tones, a number.
    `line` is the text with its full-width signs as others, `began` when its first key came."""
    view = desk.view
    if when.state_of(view) is CallState.RINGING:
        await _while_ringing(desk, line, began)
    elif when.writing_up(view):
        await writing.written(desk, text)
    elif when.can_type(view) and set(line) <= TONES:
        await calls.tones(desk, line)
    elif when.state_of(view) in when.UP and not set(line) <= TONES:
        await writing.add_note(desk, text)
    elif when.can_dial(view) and set(line) <= DIALLED:
        await calls.dial(desk, line)
    else:
        desk.talk.say(tr("plain.unknown", text=text))


async def _while_ringing(desk: PlainDesk, line: str, began: float) -> None:
    choices = calls.choices_of_ringing(desk)
    if not (line.isdecimal() and 1 <= int(line) <= len(choices)):
        desk.talk.say(tr("plain.unknown", text=line))
    elif began < calls.rings_since(desk):
        # The digit was typed for something else: the call came in between.
        desk.talk.say(tr("plain.rang_between"))
    else:
        await VERBS[choices[int(line) - 1]](desk, "")

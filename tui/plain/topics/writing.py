"""The note and the outcome of a call, and the end of its write-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.console.actions import conditions as when
from tui.console.i18n import render, tr
from tui.console.widgets.formats import outcome_word
from tui.plain import sentences as say
from tui.plain.talk import plain
from tui.port.commands import EditNote, EditWrapUp, FinishWrapUp, KeepWrapUpOpen

if TYPE_CHECKING:
    from tui.plain.desk import PlainDesk


async def note(desk: PlainDesk, rest: str) -> None:
    """Add to the note; without words read it, and take another in its place."""
    if rest:
        await add_note(desk, rest)
        return
    wrapup = desk.view.snapshot.wrapup if when.writing_up(desk.view) else None
    call = desk.view.snapshot.call
    known = (call.note if call is not None else "") if wrapup is None else wrapup.note
    question = tr("plain.note_now", note=known) if known else say.asked(tr("wrapup.note"))
    text = await desk.talk.words(question)
    if not text:
        return
    if wrapup is None:
        await _note_call(desk, text)
    else:
        await _write(desk, note=text)


async def add_note(desk: PlainDesk, text: str, outcome: str | None = None) -> None:
    """Put it behind the note that is there."""
    wrapup = desk.view.snapshot.wrapup
    if wrapup is None or not when.writing_up(desk.view):
        call = desk.view.snapshot.call
        await _note_call(desk, f"{call.note if call is not None else ''} {text}".strip())
        return
    await _write(desk, outcome=outcome, note=f"{wrapup.note} {text}".strip() if text else None)


async def _note_call(desk: PlainDesk, text: str) -> None:
    """The note of the call that is up; its write-up begins with it."""
    call = desk.view.snapshot.call
    result = await desk.send(EditNote(text, key="" if call is None else call.key))
    if result is not None and result.ok:
        desk.talk.say(tr("plain.noted"), "" if result.message is None else render(result.message))


async def outcome(desk: PlainDesk, rest: str) -> None:
    """Choose an outcome by its digit or its name; without one they are told."""
    wrapup = desk.view.snapshot.wrapup
    assert wrapup is not None
    names = [outcome_word(each) for each in wrapup.outcomes]
    if not rest:
        at = await desk.talk.choose("", names, valid=lambda: when.writing_up(desk.view))
        if at is not None:
            await _write(desk, outcome=wrapup.outcomes[at])
        return
    for at, name in enumerate(names):
        if rest.casefold() in (str(at + 1), name.casefold(), wrapup.outcomes[at].casefold()):
            await _write(desk, outcome=wrapup.outcomes[at])
            return
    desk.talk.say(tr("wrapup.no_such_outcome"))


async def written(desk: PlainDesk, text: str) -> None:
    """A line in the write-up: an outcome by its digit, with a note behind it, or a note."""
    wrapup = desk.view.snapshot.wrapup
    assert wrapup is not None
    first, _, rest = text.partition(" ")
    number = plain(first)
    if number.isdecimal() and 1 <= int(number) <= len(wrapup.outcomes):
        await add_note(desk, rest.strip(), wrapup.outcomes[int(number) - 1])
    else:
        await add_note(desk, text)


async def _write(desk: PlainDesk, *, outcome: str | None = None, note: str | None = None) -> None:
    """Have it kept, the countdown stopped, and say so in one line."""
    said = []
    stops = when.can_keep_open(desk.view)
    if stops:
        desk.engine.wrote(kept_open=True)
        stops = (await desk.engine.ask(KeepWrapUpOpen())).ok
    desk.engine.wrote(outcome=outcome, note=note)
    result = await desk.engine.ask(EditWrapUp(outcome=outcome, note=note))
    if not result.ok:
        desk.engine.refused(result)
        return
    if outcome is not None:
        said.append(tr("plain.chosen", outcome=outcome_word(outcome)))
    if note is not None:
        said.append(tr("plain.note_kept"))
    if result.message is not None:
        said.append(render(result.message))
    if stops or desk.engine.stopped:
        desk.engine.stopped = False
        said.append(tr("plain.countdown_stopped"))
    desk.talk.say(" ".join(said))


async def keep_open(desk: PlainDesk, rest: str) -> None:
    await desk.send(KeepWrapUpOpen())


async def ready(desk: PlainDesk, rest: str) -> None:
    await desk.send(FinishWrapUp())

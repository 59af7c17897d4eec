"""Whom to call, to hand the call to, or to bring in; who stays; what a peer asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from tui.console.actions import conditions as when
from tui.console.i18n import render, tr
from tui.console.screens.directory.candidates import candidates, outside_number
from tui.console.screens.directory.model import (
    AGENT,
    GROUP,
    MOST_PAGES,
    OUTSIDE,
    DirectoryEntry,
    agent_entry,
    group_entry,
    matches,
)
from tui.console.widgets.formats import spaced
from tui.plain import sentences as say
from tui.port.commands import (
    Command,
    ConnectLines,
    Dial,
    DropThird,
    EndForAll,
    HangUp,
    JoinLines,
    Threeway,
    Transfer,
)
from tui.port.machines.call_machine import ThirdState
from tui.port.snapshot import MOST_LINES, Call
from tui.port.values import Message, ThirdKind

if TYPE_CHECKING:
    from tui.plain.desk import PlainDesk

READ_MOST: Final = 200
"""Pages of members that a search reads."""
LINE: Final = 4
"""The kind of an entry that is another line; its `callee` is the call's ccNumber."""
SOON: Final = 1.0
"""Seconds of reading after which it is said that it goes on."""
Way = tuple[str, Command]
"""What will happen, and the command for it."""


# ---------------------------------------------------------------- who stays


async def who_stays(desk: PlainDesk, call: Call) -> Command | None:
    """Hanging up while three are in the call: who stays? None: nobody leaves."""
    assert call.third is not None
    name = say.third_name(call.third)
    joined = call.third.joined is not None
    options = [
        tr("plain.stays_end"),
        tr("plain.stays_drop" if joined else "plain.stays_cancel", name=name),
        tr("plain.stays_leave"),
    ]

    def still() -> bool:
        now = desk.view.snapshot.call
        here = now is not None and now.key == call.key and now.live
        there = when.third_of(desk.view)
        return here and there is not None and there is not ThirdState.LEAVING

    way = await desk.talk.choose(
        tr("plain.who_stays"), options, otherwise=tr("plain.enter_all_stay"), valid=still
    )
    commands: tuple[Command, ...] = (EndForAll(), DropThird(), HangUp(leave_them=True))
    return None if way is None else commands[way]


# ---------------------------------------------------------------- finding somebody


async def find(desk: PlainDesk, rest: str) -> None:
    """Somebody of the directory: to call, or in a call to bring in."""
    found = await _found(desk, rest, _everybody)
    entry = await _whom(desk, rest, found, always=True)
    if entry is not None:
        await speak_to(desk, entry)


async def members(desk: PlainDesk, rest: str) -> None:
    """A group, then its members."""
    answer = await _groups(desk)
    if answer is not None:
        desk.talk.say(answer)
    groups = [each for each in desk.directory.all_groups() if matches(rest, each.name, each.gid)]
    if not groups:
        desk.talk.say(tr("history.nothing"))
        return
    group = groups[0]
    if len(groups) > 1:
        options = [_said(group_entry(each)) for each in groups]
        at = await desk.talk.choose(tr("plain.which"), options)
        if at is None:
            return
        group = groups[at]
    failure = await desk.directory.read_all_members(group.gid, lambda: None, again=True)
    if failure is not None:
        desk.talk.say(say.dotted(render(failure)))
    seats = desk.directory.seats(group.gid)
    entries = [agent_entry(seat, group.gid, "") for seat in seats]
    entry = await _whom(desk, "", entries, always=True)
    if entry is not None:
        await speak_to(desk, entry)


async def speak_to(desk: PlainDesk, entry: DirectoryEntry) -> None:
    """Call somebody; in a call, ask how to bring them in."""
    if when.can_add(desk.view):
        await _how(desk, entry)
    elif entry.kind == GROUP:
        desk.talk.say(tr("plain.no_group_call"))
    elif when.can_dial(desk.view):
        await desk.send(Dial(entry.callee))
    else:
        desk.talk.say(tr("plain.not_now", word=_said(entry)))


async def transfer(desk: PlainDesk, rest: str) -> None:
    """Whom, then how; somebody on the way is called back."""
    if when.third_of(desk.view) is ThirdState.INVITED:
        await desk.send(DropThird())
        return
    entry = await _choose(desk, rest)
    if entry is not None:
        await _how(desk, entry)


async def three_way(desk: PlainDesk, rest: str) -> None:
    """Bring somebody in."""
    entry = await _choose(desk, rest)
    if entry is None:
        return
    ways = [way for way in _ways(desk, entry) if isinstance(way[1], Threeway | Dial | JoinLines)]
    if ways:
        await desk.send(ways[0][1])
    else:
        desk.talk.say(tr("plain.no_way", name=_label(entry)))


async def _choose(desk: PlainDesk, rest: str) -> DirectoryEntry | None:
    words = rest
    if not words and not when.own_lines(desk.view):
        words = await desk.talk.words(tr("plain.whom"))
        if not words:
            return None
    return await _whom(desk, words, await _found(desk, words, _possible))


async def _whom(
    desk: PlainDesk, words: str, found: Sequence[DirectoryEntry], *, always: bool = False
) -> DirectoryEntry | None:
    """Which of those found; the only one needs no question."""
    if not found:
        desk.talk.say(tr("plain.nobody_called", text=words))
        return None
    if len(found) == 1 and not always:
        return found[0]
    at = await desk.talk.choose("", [_said(entry) for entry in found], otherwise=tr("plain.which"))
    return None if at is None else found[at]


async def _how(desk: PlainDesk, entry: DirectoryEntry) -> None:
    """What is to be done with the entry."""
    call = desk.view.snapshot.call
    ways = _ways(desk, entry)
    if not ways or call is None:
        desk.talk.say(tr("plain.no_way", name=_label(entry)))
        return

    def still() -> bool:
        return when.can_add(desk.view) and desk.view.snapshot.call is not None

    way = await desk.talk.choose(say.asked(_label(entry)), [said for said, _ in ways], valid=still)
    if way is not None:
        await desk.send(ways[way][1])


def _ways(desk: PlainDesk, entry: DirectoryEntry) -> list[Way]:
    """What can be done with the entry: at a PBX lines are connected and calls handed over, at a
    platform agents are given the call, and anybody is brought in."""
    call, view = desk.view.snapshot.call, desk.view
    if call is None:
        return []
    if when.own_lines(view):
        here = call.ccnumber
        if entry.kind == LINE:
            both = (tr("party.connect"), ConnectLines(here, entry.callee))
            return [both, (tr("party.join"), JoinLines(True))]
        over = Transfer("", entry.callee, entry.name, ccnumber=here)
        ways: list[Way] = [(tr("party.hand"), over)]
        if sum(each.live for each in view.snapshot.calls) < MOST_LINES:
            ways.append((tr("party.ask_first"), Dial(entry.callee)))
        return ways
    found: list[Way] = []
    if entry.kind == AGENT and entry.gid and not call.internal:
        found.append((tr("plain.way_transfer"), Transfer(entry.gid, entry.callee, entry.name)))
    if not when.transfers_only(view):
        kind = ThirdKind(entry.kind)
        found.append((tr("plain.way_bring"), Threeway(kind, entry.callee, entry.name)))
    return found


# ---------------------------------------------------------------- reading the directory


def _everybody(desk: PlainDesk, words: str) -> list[DirectoryEntry]:
    account = desk.view.snapshot.account
    own = account.un if account is not None else ""
    known = (account.extension_start, account.extension_end) if account is not None else ("", "")
    found = candidates(desk.directory, words, own, known)
    return [entry for entry in found if entry.kind != GROUP or when.can_add(desk.view)]


def _possible(desk: PlainDesk, words: str) -> list[DirectoryEntry]:
    """Those with whom something can be done in this call."""
    found = [entry for entry in _everybody(desk, words) if _ways(desk, entry)]
    if not when.own_lines(desk.view):
        return found
    call = desk.view.snapshot.call
    others = [
        DirectoryEntry(
            LINE, each.ccnumber, say.who(each), group=tr("party.line", line=each.line), rank=-1
        )
        for each in desk.view.snapshot.calls
        if each.live and each is not call and each.state in when.UP
    ]
    lines = [each for each in others if matches(words, each.callee, each.name, each.group)]
    agents = [each for each in found if each.kind == AGENT]
    typed = words.strip()
    number = outside_number(typed) or (typed if typed and " " not in typed else "")
    if number and all(entry.callee != number for entry in agents):
        agents.append(DirectoryEntry(OUTSIDE, number, number))
    return [*lines, *agents]


async def _found(
    desk: PlainDesk, words: str, which: Callable[[PlainDesk, str], list[DirectoryEntry]]
) -> list[DirectoryEntry]:
    """Those who match, once the directory is read; that it takes long is said."""
    reading = desk.engine.begin(_read(desk))
    done, _ = await asyncio.wait((reading,), timeout=SOON)
    if not done:
        desk.talk.say(tr("directory.reading"))
        await asyncio.wait((reading,))
    found = which(desk, words)
    failure = reading.result()
    if failure is not None and not found:
        desk.talk.say(say.dotted(render(failure)))
    return found


async def _read(desk: PlainDesk) -> Message | None:
    """Groups first, then their members, page by page; what went wrong, if something did."""
    desk.directory.follow(desk.view.snapshot.colleagues)
    failure: Message | None = None
    model, page, last = desk.directory, 1, 1
    while page <= min(last, MOST_PAGES):
        answer = await model.read_groups(page)
        if isinstance(answer, Message):
            return answer
        page, last = page + 1, answer.last_page
    left = READ_MOST
    for group in model.all_groups():
        page, last = 1, 1
        while page <= last and left > 0:
            found = await model.read_members(group.gid, page)
            if isinstance(found, Message):
                failure = found
                break
            page, last, left = page + 1, found.last_page, left - 1
    return failure


async def _groups(desk: PlainDesk) -> str | None:
    page, last = 1, 1
    while page <= min(last, MOST_PAGES):
        answer = await desk.directory.read_groups(page)
        if isinstance(answer, Message):
            return say.dotted(render(answer))
        page, last = page + 1, answer.last_page
    return None


def _label(entry: DirectoryEntry) -> str:
    return spaced(entry.label)


def _said(entry: DirectoryEntry) -> str:
    """Number and name, group, state."""
    if entry.kind == OUTSIDE:
        return tr("party.outside", number=spaced(entry.callee))
    where = tr("third.group") if entry.kind == GROUP else entry.group
    state = "" if entry.state == "–" else entry.state
    return tr("plain.comma").join(each for each in (_label(entry), where, state) if each)

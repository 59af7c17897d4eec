"""The agent's commands: each is asked of the engine, and its answer said."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from argparse import Namespace
from collections.abc import Awaitable, Callable
from typing import Any, Final

from tui.cli.agent.answers import answer, plain, print_json, unasked
from tui.cli.agent.which_engine import which_engine
from tui.cli.agent.which_group import group_of
from tui.cli.exits import OK, REFUSED
from tui.console import i18n
from tui.console.i18n import render, tr
from tui.console.screens.directory.model import (
    MOST_PAGES,
    DirectoryModel,
    group_state,
    matches,
    seat_state,
)
from tui.console.widgets.calls_before.history_terms import terms_of
from tui.console.widgets.formats import outcome_word
from tui.port.colleagues import ringing_first
from tui.port.commands import (
    CallMailbox,
    Command,
    DropThird,
    EditNote,
    EditWrapUp,
    EndForAll,
    FetchParked,
    GetHistory,
    JoinGroup,
    ParkCall,
    PickUpCall,
    Result,
    SendDigits,
    SetNextStatus,
    Threeway,
    Transfer,
)
from tui.port.errors import EngineUnavailable
from tui.port.values import (
    BREAK,
    Capability,
    Group,
    HistoryPage,
    Message,
    Seat,
    StatusWanted,
    ThirdKind,
    is_extension,
    message,
)
from tui.port.wire.client import EngineClient
from tui.port.wire.codec import to_json

_MOST_READ: Final = 4_000
"""Characters of a note that are read: more than are kept, fewer than the engine takes at once."""
Work = Callable[[Namespace, EngineClient], Awaitable[int]]


def run(options: Namespace) -> int:
    """Run `options.command`; the exit code."""
    i18n.set_language(i18n.from_locale(os.environ))
    try:
        if options.command == "signin":
            from tui.cli.agent.sign_in import run as sign_in

            return sign_in(options)
        return asyncio.run(_run(options))
    except EngineUnavailable as error:
        return unasked(error.message, REFUSED, options)
    except KeyboardInterrupt:
        return 130


async def _run(options: Namespace) -> int:
    engine = await which_engine(options)
    if isinstance(engine, int):
        return engine
    client = await EngineClient.connect(engine.path, kind="script")
    try:
        return await _WORK[options.command](options, client)
    finally:
        await client.close()


# ---------------------------------------------------------------- groups and members


async def group(options: Namespace, client: EngineClient) -> int:
    """The groups to choose from; or sign in to one."""
    groups = client.snapshot().groups
    if options.group is None:
        account = client.snapshot().account
        joined = account.gid if account is not None else ""
        model = DirectoryModel(client.execute)
        await _read_groups(model)  # the sign-in names the groups, not how they are
        fresh = {each.gid: each for each in model.all_groups()}
        rows = [_group_row(fresh.get(each.gid, each), joined) for each in groups]
        return _rows(options, "groups", rows, ("gid", "name", "state", "joined"))
    found = group_of(groups, options.group)
    if isinstance(found, Message):
        return answer(Result(False, found), as_json=options.json)
    return answer(await client.execute(JoinGroup(found)), as_json=options.json, gid=found)


def _group_row(each: Group, joined: str) -> dict[str, Any]:
    state = group_state(each)[0]
    return {"gid": each.gid, "name": each.name, "state": state, "joined": each.gid == joined}


async def members(options: Namespace, client: EngineClient) -> int:
    """The members of the group of that name; without one, of the agent's own."""
    model = DirectoryModel(client.execute)
    model.follow(client.snapshot().colleagues)
    account = client.snapshot().account
    wanted = options.group or (account.gid if account is not None else "")
    failure = await _read_groups(model)
    found = group_of(tuple(model.all_groups()), wanted)
    if failure is not None or isinstance(found, Message):
        why = found if isinstance(found, Message) else failure
        return answer(Result(False, failure or why), as_json=options.json)
    failure = await model.read_all_members(found, lambda: None)
    if failure is not None:
        return answer(Result(False, failure), as_json=options.json)
    rows = [_seat_row(seat) for seat in model.seats(found)]
    return _rows(options, "members", rows, ("number", "name", "state"))


def _seat_row(seat: Seat) -> dict[str, Any]:
    return {"number": seat.number, "name": seat.displayname, "state": seat_state(seat)[0]}


async def _read_groups(model: DirectoryModel) -> Message | None:
    page, last = 1, 1
    while page <= min(last, MOST_PAGES):
        found = await model.read_groups(page)
        if isinstance(found, Message):
            return found
        page, last = page + 1, found.last_page
    return None


# ---------------------------------------------------------------- who else


async def transfer(options: Namespace, client: EngineClient) -> int:
    """To an agent by number or name; at a PBX to any address."""
    if Capability.LINES in client.snapshot().can:
        command = Transfer("", options.to)
    elif options.gid:
        command = Transfer(options.gid, options.to)
    else:
        found = await _agent(client, options.to)
        if isinstance(found, Message):
            return answer(Result(False, found), as_json=options.json)
        gid, seat = found
        command = Transfer(gid, seat.number, seat.displayname)
    return answer(await client.execute(command), as_json=options.json, to=command.number)


async def threeway(options: Namespace, client: EngineClient) -> int:
    """An extension or a number as it stands; a name is looked for."""
    account = client.snapshot().account
    first, last = (
        (account.extension_start, account.extension_end) if account is not None else ("", "")
    )
    command: Threeway
    if options.group:
        model = DirectoryModel(client.execute)
        failure = await _read_groups(model)
        found = group_of(tuple(model.all_groups()), options.to)
        if failure is not None or isinstance(found, Message):
            why = failure or (found if isinstance(found, Message) else None)
            return answer(Result(False, why), as_json=options.json)
        command = Threeway(ThirdKind.GROUP, found)
    elif options.to.isdecimal():
        inside = is_extension(options.to, first, last)
        kind = ThirdKind.AGENT if inside else ThirdKind.OUTSIDE
        command = Threeway(kind, options.to, options.to)
    else:
        agent = await _agent(client, options.to)
        if isinstance(agent, Message):
            return answer(Result(False, agent), as_json=options.json)
        command = Threeway(ThirdKind.AGENT, agent[1].number, agent[1].displayname)
    return answer(await client.execute(command), as_json=options.json, to=command.callee)


async def _agent(client: EngineClient, wanted: str) -> tuple[str, Seat] | Message:
    """Gid and seat of the one agent with that extension or name."""
    model = DirectoryModel(client.execute)
    failure = await _read_groups(model)
    if failure is not None:
        return failure
    found: dict[str, tuple[str, Seat]] = {}
    for each in model.all_groups():
        failure = await model.read_all_members(each.gid, lambda: None)
        if failure is not None:
            continue
        for seat in model.seats(each.gid):
            if wanted == seat.number:
                return each.gid, seat
            if matches(wanted, seat.displayname):
                found.setdefault(seat.number, (each.gid, seat))
    if len(found) == 1:
        return next(iter(found.values()))
    names = ", ".join(f"{seat.number} {seat.displayname}" for _, seat in found.values())
    return message("cli.which_agent", agent=wanted, agents=names or "–")


async def drop(options: Namespace, client: EngineClient) -> int:
    """Take the third party out."""
    return answer(await client.execute(DropThird()), as_json=options.json)


async def end_for_all(options: Namespace, client: EngineClient) -> int:
    """End the call for everybody."""
    return answer(await client.execute(EndForAll()), as_json=options.json)


async def tones(options: Namespace, client: EngineClient) -> int:
    """Tones, one by one."""
    result = await client.execute(SendDigits(options.digits))
    return answer(result, as_json=options.json)


# ---------------------------------------------------------------- what a PBX tells of others


async def pick_up(options: Namespace, client: EngineClient) -> int:
    """What rings at that colleague; without a number, at whom it rings longest."""
    ringing = ringing_first(client.snapshot().colleagues)
    number = options.number or (ringing[0].number if ringing else "")
    if not number:
        return answer(Result(False, message("pickup.nothing")), as_json=options.json)
    return answer(await client.execute(PickUpCall(number)), as_json=options.json, number=number)


async def park(options: Namespace, client: EngineClient) -> int:
    """Where it waits stands in `status` once the PBX has said so."""
    return answer(await client.execute(ParkCall(options.slot)), as_json=options.json)


async def fetch(options: Namespace, client: EngineClient) -> int:
    """A parked call."""
    return answer(await client.execute(FetchParked(options.slot)), as_json=options.json)


async def voicemail(options: Namespace, client: EngineClient) -> int:
    """The mailbox."""
    return answer(await client.execute(CallMailbox()), as_json=options.json)


# ---------------------------------------------------------------- the write-up


async def note(options: Namespace, client: EngineClient) -> int:
    """Read the note of the write-up, or of the call that is up, or write it."""
    wrapup, call = client.snapshot().wrapup, client.snapshot().call
    if wrapup is not None:
        known, outcome = wrapup.note, wrapup.outcome
    elif call is not None and call.live:
        known, outcome = call.note, ""
    else:
        return answer(Result(False, message("wrapup.none")), as_json=options.json)
    if options.text is None:
        if options.json:
            print_json({"ok": True, "note": known, "outcome": outcome})
        elif known:
            print(known)
        return OK
    text = sys.stdin.read(_MOST_READ) if options.text == "-" else options.text
    if options.add:
        text = f"{known} {text}".strip()
    text = text[:_MOST_READ]
    written: Command = EditWrapUp(note=text)
    if wrapup is None and call is not None:
        written = EditNote(text, call.key)
    return answer(await client.execute(written), as_json=options.json)


async def outcome(options: Namespace, client: EngineClient) -> int:
    """What can be chosen; or choose by name or number."""
    wrapup = client.snapshot().wrapup
    if wrapup is None:
        return answer(Result(False, message("wrapup.none")), as_json=options.json)
    if options.outcome is None:
        rows = [
            {"number": n, "outcome": each, "name": outcome_word(each), "chosen": each == chosen}
            for chosen in (wrapup.outcome,)
            for n, each in enumerate(wrapup.outcomes, 1)
        ]
        return _rows(options, "outcomes", rows, ("number", "name", "chosen"))
    wanted = options.outcome.casefold()
    for n, each in enumerate(wrapup.outcomes, 1):
        if wanted in (str(n), each.casefold(), outcome_word(each).casefold()):
            result = await client.execute(EditWrapUp(outcome=each))
            return answer(result, as_json=options.json, outcome=each)
    return answer(Result(False, message("wrapup.no_such_outcome")), as_json=options.json)


async def next_status(options: Namespace, client: EngineClient) -> int:
    """The status after this call."""
    wanted = StatusWanted.BUSY if options.status == "busy" else StatusWanted.IDLE
    return answer(await client.execute(SetNextStatus(wanted)), as_json=options.json)


# ---------------------------------------------------------------- calls that were


async def history(options: Namespace, client: EngineClient) -> int:
    """A page of the history."""
    terms = terms_of(options.text, time.time())
    result = await client.execute(GetHistory(options.text, options.page, terms))
    if not result.ok or not isinstance(result.value, HistoryPage):
        return answer(result, as_json=options.json)
    page = result.value
    if options.json:
        entries = [plain(to_json(entry)) for entry in page.entries]
        for shown, entry in zip(entries, page.entries, strict=True):
            why = Message(entry.reason, entry.reason_values)
            shown["ended"] = render(why) if entry.reason else None
        print_json({"ok": True, "total": page.total, "page": page.page, "calls": entries})
        return OK
    for entry in page.entries:
        began = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.began))
        talk = "–" if entry.talk_time is None else f"{int(entry.talk_time)} s"
        way = "out" if entry.outgoing else "missed" if entry.missed else "in"
        who = entry.number or tr("call.no_number")
        if entry.kind == BREAK:
            way, who = BREAK, entry.name
        cells = (began, f"{way:6}", f"{who:16}", f"{talk:>7}")
        ended = Message(entry.reason, entry.reason_values)
        what = outcome_word(entry.outcome) or (render(ended) if entry.reason else "")
        rest = " ".join(each for each in (what, entry.note) if each)
        print("  ".join((*cells, rest)).rstrip())
    return OK


def _rows(
    options: Namespace, name: str, rows: list[dict[str, Any]], columns: tuple[str, ...]
) -> int:
    """A list: as JSON whole, as text a line each, `*` for what is chosen."""
    if options.json:
        print_json({"ok": True, name: rows})
        return OK
    for row in rows:
        cells = [_cell(row[column]) for column in columns]
        print("\t".join(cells).rstrip())
    return OK


def _cell(value: Any) -> str:
    return ("*" if value else "") if isinstance(value, bool) else str(value)


_WORK: Final[dict[str, Work]] = {
    "group": group,
    "transfer": transfer,
    "threeway": threeway,
    "drop": drop,
    "end-for-all": end_for_all,
    "tones": tones,
    "pickup": pick_up,
    "park": park,
    "fetch": fetch,
    "voicemail": voicemail,
    "note": note,
    "outcome": outcome,
    "next": next_status,
    "history": history,
    "members": members,
}

"""A phone for scripts: one command to the engine that runs, its answer, an exit code."""

from __future__ import annotations

import asyncio
import os
import time
from argparse import Namespace
from typing import Any, Final

from tui.bus import Overflow
from tui.cli.agent.answers import answer, plain, print_json, said, unasked
from tui.cli.agent.call_uri import is_uri, number_of
from tui.cli.agent.which_engine import which_engine
from tui.cli.exits import NO_ENGINE, OK, REFUSED, complain
from tui.cli.grammar.work import COMMANDS as WORK
from tui.clock import instant
from tui.console import i18n
from tui.console.i18n import tr
from tui.launcher.find_engines import RunningEngine
from tui.port.colleagues import Colleague, Mailbox, ParkingSlot
from tui.port.commands import (
    Answer,
    AskToDial,
    Command,
    Dial,
    DropThird,
    EndForAll,
    HangUp,
    Hold,
    Mute,
    Result,
    Resume,
    SetStatus,
    SignOut,
)
from tui.port.errors import EngineUnavailable
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import SeatState
from tui.port.queues import AgentQueue
from tui.port.snapshot import Call, Snapshot, Third
from tui.port.values import Capability, Message, Standing, StatusWanted, WrapUp
from tui.port.wire.client import EngineClient
from tui.port.wire.codec import TAG, to_json

_COMMANDS: Final[dict[str, Command]] = {
    "answer": Answer(),
    "hold": Hold(),
    "resume": Resume(),
    "idle": SetStatus(StatusWanted.IDLE),
    "busy": SetStatus(StatusWanted.BUSY),
    "signout": SignOut(end=True),
}
_WHO_STAYS: Final[dict[str | None, Command]] = {
    None: HangUp(),
    "all": EndForAll(),
    "drop": DropThird(),
    "leave": HangUp(leave_them=True),
}


def run_script(options: Namespace) -> int:
    """Run `options.command`; the exit code."""
    i18n.set_language(i18n.from_locale(os.environ))
    try:
        return asyncio.run(_run(options))
    except EngineUnavailable as error:
        return unasked(error.message, REFUSED, options)
    except KeyboardInterrupt:
        return OK if options.command == "events" else 130


async def _run(options: Namespace) -> int:
    engine = await which_engine(options)
    if isinstance(engine, int):
        return engine
    if options.command == "status":
        return _status(engine, as_json=options.json)
    client = await EngineClient.connect(engine.path, kind="script")
    try:
        if options.command == "events":
            return await _events(engine, client)
        if options.command in WORK:
            from tui.cli import work

            return await work.run(options, client)
        command = _command(options, client.snapshot())
        if isinstance(command, Message):
            return answer(Result(False, command), as_json=options.json)
        result = await client.execute(command)
        return answer(result, as_json=options.json)
    finally:
        await client.close()


def _command(options: Namespace, snapshot: Snapshot) -> Command | Message:
    match options.command:
        case "dial" if options.ask or is_uri(options.number):
            if not is_uri(options.number):
                return AskToDial(options.number)
            number = number_of(options.number, addresses=Capability.LINES in snapshot.can)
            return number if isinstance(number, Message) else AskToDial(number)
        case "dial":
            return Dial(options.number)
        case "mute":
            return Mute(options.switch == "on")
        case "hangup":
            return _WHO_STAYS[options.who]
        case name:
            return _COMMANDS[name]


# ---------------------------------------------------------------- status


def status_of(snapshot: Snapshot, pid: int) -> dict[str, Any]:
    """The state as plain values for scripts. Times are in seconds of the system's clock
    (Unix time), durations in seconds; sentences are in the language of the moment."""
    account = snapshot.account
    return {
        "pid": pid,
        "phase": snapshot.phase.value,
        "account": None
        if account is None
        else {
            "extension": account.un,
            "name": account.displayname,
            "switchnumber": account.switchnumber,
            "backend": account.backend,
            "gid": account.gid,
            "group": account.group,
        },
        "seat": {
            "state": snapshot.seat_state.name.lower(),
            "code": int(snapshot.seat_state),
            "confirmed": snapshot.holds(Standing.STATUS),
            "since": _wall(snapshot.seat.since) if snapshot.seat.since else None,
            "reason": _words(snapshot.seat.reason),
            "break": snapshot.seat.taken.name if snapshot.seat.taken is not None else None,
        },
        "line": {
            "state": snapshot.connection.state.value,
            "latency_ms": snapshot.connection.latency,
        },
        "voice": {"state": snapshot.voice.state.value, "device": snapshot.voice.device},
        "calls": [_call(call) for call in snapshot.calls],
        "callbacks": {"due": snapshot.callbacks.due, "open": snapshot.callbacks.open},
        "queues": [_queue(queue) for queue in snapshot.queues],
        "mailbox": None if snapshot.mailbox is None else _mailbox(snapshot.mailbox),
        "colleagues": [_colleague(each) for each in snapshot.colleagues],
        "parking": [_slot(each) for each in snapshot.parking],
        "next": snapshot.next_status.name.lower(),
        "wrapup": None if snapshot.wrapup is None else _write_up(snapshot.wrapup),
        "notice": _words(snapshot.notice.message if snapshot.notice else None),
    }


def _call(call: Call) -> dict[str, Any]:
    talk = call.end.talk_time
    if talk is None and call.answered is not None and call.live:
        talk = instant() - call.answered
    return {
        "ccnumber": call.ccnumber,
        "number": call.number,
        "known": call.known,
        "direction": "out" if call.outgoing else "in",
        "internal": call.internal,
        "state": call.state.value,
        "began": _wall(call.began),
        "talk_time": None if talk is None else round(talk, 1),
        "muted": call.muted,
        "audio": call.leg.value,
        "offers": call.offers,
        "reason": call.end.reason,
        "outcome": _words(call.outcome),
        "third": None if call.third is None else _third(call.third),
    }


def _queue(queue: AgentQueue) -> dict[str, Any]:
    return {
        "name": queue.name,
        "state": queue.state.value,
        "asked": queue.ask.value,
        "since": _wall(queue.since) if queue.since else None,
        "cause": queue.cause.value,
        "reason": _words(queue.reason),
        "free": queue.free,
        "failure": _words(queue.failure),
    }


def _third(third: Third) -> dict[str, Any]:
    return {"callee": third.callee, "name": third.name, "state": third.state.value}


def _mailbox(mailbox: Mailbox) -> dict[str, Any]:
    return {
        "waiting": mailbox.waiting,
        "new": mailbox.new,
        "old": mailbox.old,
        "number": mailbox.number,
        "why": _words(mailbox.why),
    }


def _colleague(colleague: Colleague) -> dict[str, Any]:
    return {
        "number": colleague.number,
        "name": colleague.name,
        "lamp": colleague.lamp.value,
        "since": _wall(colleague.since) if colleague.since else None,
        "who": colleague.who,
        "pick_up": colleague.pick_up,
        "why": _words(colleague.why),
    }


def _slot(slot: ParkingSlot) -> dict[str, Any]:
    return {
        "slot": slot.slot,
        "taken": slot.taken,
        "since": _wall(slot.since) if slot.since else None,
        "who": slot.who,
        "ours": slot.ours,
        "why": _words(slot.why),
    }


def _write_up(wrapup: WrapUp) -> dict[str, Any]:
    return {
        "until": None if wrapup.until is None else _wall(wrapup.until),
        "outcomes": list(wrapup.outcomes),
        "outcome": wrapup.outcome,
        "note": wrapup.note,
    }


def _wall(then: float) -> float:
    return round(time.time() - instant() + then, 3)


def _words(sentence: Message | None) -> str | None:
    return None if sentence is None else said(sentence)


def _status(engine: RunningEngine, *, as_json: bool) -> int:
    status = status_of(engine.snapshot, engine.pid)
    if as_json:
        print_json(status)
        return OK
    account, seat = engine.account, engine.snapshot.seat_state.name.lower()
    known = engine.snapshot.seat_state in (SeatState.IDLE, SeatState.BUSY)
    if known and not engine.snapshot.holds(Standing.STATUS):
        seat += ", unconfirmed"
    rows = [("account", f"{account.un} {account.displayname}".strip())]
    if account.group and engine.snapshot.holds(Standing.GROUP):
        rows.append(("group", account.group))
    rows += [("seat", seat), ("line", status["line"]["state"])]
    for queue in engine.snapshot.queues:
        shown = _queue(queue)
        why = shown["failure"] or shown["reason"] or shown["cause"]
        asked = f" → {queue.ask.value}" if queue.ask else ""
        rows.append(("queue", f"{queue.name} {shown['state']}{asked} {why}".rstrip()))
    call = engine.snapshot.call
    if call is not None and call.state is not CallState.ENDED:
        shown = _call(call)
        talk = "" if shown["talk_time"] is None else f", {int(shown['talk_time'])} s"
        muted = ", muted" if call.muted else ""
        rows.append(("call", f"{call.number} {call.state.value}{talk}{muted}"))
    mailbox = engine.snapshot.mailbox
    if mailbox is not None and mailbox.waiting:
        rows.append(("mailbox", "waits" if mailbox.new is None else f"{mailbox.new} new"))
    taken = [f"{each.slot} {each.who}".strip() for each in engine.snapshot.parking if each.taken]
    if taken:
        rows.append(("parked", ", ".join(taken)))
    if status["notice"]:
        rows.append(("notice", status["notice"]))
    for name, value in rows:
        print(f"{name:8} {value}")
    return OK


# ---------------------------------------------------------------- events


async def _events(engine: RunningEngine, client: EngineClient) -> int:
    """A line with the status first, then one for each event; after a gap the status again."""
    died: list[bool] = []
    client.on_lost = lambda goodbye: died.append(not goodbye)
    events = client.subscribe()
    print_json({"event": "Status", **status_of(client.snapshot(), engine.pid)})
    while True:
        try:
            event = await events.get()
        except Overflow:
            print_json({"event": "Status", **status_of(client.snapshot(), engine.pid)})
        except StopAsyncIteration:
            return complain(tr("engine.gone"), NO_ENGINE) if died == [True] else OK
        else:
            fields = {key: plain(value) for key, value in to_json(event).items() if key != TAG}
            print_json({"event": type(event).__name__, **fields})

"""A phone for scripts: one command to the engine that runs, its answer, an exit code."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from argparse import Namespace
from typing import Any, Final

from tui import i18n
from tui.bus import Overflow
from tui.cli import NO_ENGINE, OK, REFUSED, SEVERAL, complain
from tui.engine.client import EngineClient
from tui.engine.codec import TAG, to_json
from tui.engine.commands import (
    Answer,
    Command,
    Dial,
    HangUp,
    Hold,
    Mute,
    Result,
    Resume,
    SetStatus,
    SignOut,
)
from tui.engine.state import Call, CallState, Message, Snapshot, message
from tui.engine.unavailable import EngineUnavailable
from tui.i18n import render, tr
from tui.paths import Paths
from tui.running import Running, find_running

_COMMANDS: Final[dict[str, Command]] = {
    "answer": Answer(),
    "hangup": HangUp(),
    "hold": Hold(),
    "resume": Resume(),
    "idle": SetStatus(1),
    "busy": SetStatus(2),
    "signout": SignOut(end=True),
}


def run_script(options: Namespace) -> int:
    """Run `options.command`; the exit code."""
    i18n.set_language(i18n.from_locale(os.environ))
    try:
        return asyncio.run(_run(options))
    except EngineUnavailable as error:
        return complain(render(error.message), REFUSED)
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing more is written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        return OK if options.command == "events" else 130


async def _run(options: Namespace) -> int:
    found = await find_running(Paths.find().runtime)
    engines = [each for each in found.engines if each.matches(options.account)]
    if not engines:
        if found.refused:
            return complain(render(found.refused[0]), REFUSED)
        if found.engines:
            others = ", ".join(each.account.un for each in found.engines)
            wanted = message("cli.no_such_account", account=options.account, others=others)
            return complain(render(wanted), NO_ENGINE)
        return complain(tr("cli.no_engine"), NO_ENGINE)
    if len(engines) > 1:
        accounts = ", ".join(each.account.un for each in engines)
        return complain(tr("cli.several", accounts=accounts), SEVERAL)
    engine = engines[0]
    if options.command == "status":
        return _status(engine, as_json=options.json)
    client = await EngineClient.connect(engine.path, kind="script")
    try:
        if options.command == "events":
            return await _events(engine, client)
        return _answer(await client.execute(_command(options)))
    finally:
        await client.close()


def _command(options: Namespace) -> Command:
    match options.command:
        case "dial":
            return Dial(options.number)
        case "mute":
            return Mute(options.switch == "on")
        case name:
            return _COMMANDS[name]


def _answer(result: Result) -> int:
    if result.ok:
        return OK
    return complain(_said(result.message or Message("engine.refused")), REFUSED)


def _said(sentence: Message) -> str:
    """In words; where the console would name a key, the command that does the same."""
    if sentence.id.startswith("check.demanded"):
        sentence = Message(sentence.id, (("key", "yimi doctor"),))
    return render(sentence)


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
            "since": _wall(snapshot.seat.since) if snapshot.seat.since else None,
            "reason": _words(snapshot.seat.reason),
        },
        "line": {"state": snapshot.line.state.value, "latency_ms": snapshot.line.latency},
        "voice": {"state": snapshot.voice.state.value, "device": snapshot.voice.device},
        "calls": [_call(call) for call in snapshot.calls],
        "notice": _words(snapshot.notice.message if snapshot.notice else None),
    }


def _call(call: Call) -> dict[str, Any]:
    talk = call.talk_time
    if talk is None and call.answered is not None and call.live:
        talk = time.monotonic() - call.answered
    return {
        "ccnumber": call.ccnumber,
        "number": call.number,
        "direction": "out" if call.outgoing else "in",
        "internal": call.internal,
        "state": call.state.value,
        "began": _wall(call.began),
        "talk_time": None if talk is None else round(talk, 1),
        "muted": call.muted,
        "audio": call.leg.value,
        "offers": call.offers,
        "reason": call.reason,
        "outcome": _words(call.outcome),
    }


def _wall(instant: float) -> float:
    return round(time.time() - time.monotonic() + instant, 3)


def _words(sentence: Message | None) -> str | None:
    return None if sentence is None else _said(sentence)


def _status(engine: Running, *, as_json: bool) -> int:
    status = status_of(engine.snapshot, engine.pid)
    if as_json:
        _print(status)
        return OK
    account, seat = engine.account, engine.snapshot.seat_state.name.lower()
    rows = [("account", f"{account.un} {account.displayname}".strip())]
    if account.group:
        rows.append(("group", account.group))
    rows += [("seat", seat), ("line", status["line"]["state"])]
    call = engine.snapshot.call
    if call is not None and call.state is not CallState.ENDED:
        shown = _call(call)
        talk = "" if shown["talk_time"] is None else f", {int(shown['talk_time'])} s"
        muted = ", muted" if call.muted else ""
        rows.append(("call", f"{call.number} {call.state.value}{talk}{muted}"))
    if status["notice"]:
        rows.append(("notice", status["notice"]))
    for name, value in rows:
        print(f"{name:8} {value}")
    return OK


# ---------------------------------------------------------------- events


async def _events(engine: Running, client: EngineClient) -> int:
    """A line with the status first, then one for each event; after a gap the status again."""
    died: list[bool] = []
    client.on_lost = lambda goodbye: died.append(not goodbye)
    events = client.subscribe()
    _print({"event": "Status", **status_of(client.snapshot(), engine.pid)})
    while True:
        try:
            event = await events.get()
        except Overflow:
            _print({"event": "Status", **status_of(client.snapshot(), engine.pid)})
        except StopAsyncIteration:
            return complain(tr("engine.gone"), NO_ENGINE) if died == [True] else OK
        else:
            fields = {key: _plain(value) for key, value in to_json(event).items() if key != TAG}
            _print({"event": type(event).__name__, **fields})


def _plain(value: Any) -> Any:
    """The port's JSON without the names of its types."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if key != TAG}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _print(value: dict[str, Any]) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)

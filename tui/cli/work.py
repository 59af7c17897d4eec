"""Commands for scripts about an agent's work besides the calls: breaks, call-backs, the shift."""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace

from tui.cli.agent.answers import answer, plain, unasked
from tui.cli.exits import OK, REFUSED, USAGE, complain
from tui.console.i18n import tr
from tui.console.shift_table import csv_rows
from tui.console.widgets.formats import duration
from tui.port.commands import Command
from tui.port.values import message
from tui.port.wire.client import EngineClient
from tui.port.wire.codec import to_json
from tui.port.work import CallbackPage, ShiftReport
from tui.port.work_commands import (
    CloseCallback,
    DialCallback,
    GetCallbacks,
    GetShift,
    ImportCallbacks,
    PlanCallback,
    TakeBreak,
)
from tui.text.typed_path import typed_path


async def run(given: Namespace, client: EngineClient) -> int:
    """Run `given.command`; the exit code."""
    match given.command:
        case "break":
            return answer(await client.execute(TakeBreak(given.name)), as_json=given.json)
        case "callbacks" if given.what == "import":
            if not given.file:
                return unasked(message("callbacks.say_file"), USAGE, given)
            result = await client.execute(ImportCallbacks(str(typed_path(given.file))))
            return answer(result, as_json=given.json)
        case "callbacks":
            return await _list(client, as_json=given.json)
        case "callback":
            command = _callback(given.number, given.when)
            if command is None:
                return unasked(message("callbacks.say_id"), USAGE, given)
            return answer(await client.execute(command), as_json=given.json)
    return await _shift(given, client)


def _callback(number: str, words: list[str]) -> Command | None:
    if number not in ("dial", "close"):
        return PlanCallback(" ".join(words), number=number)
    if not words or not words[0].isdecimal():
        return None
    id = int(words[0])
    return DialCallback(id) if number == "dial" else CloseCallback(id, " ".join(words[1:]))


async def _list(client: EngineClient, *, as_json: bool) -> int:
    page = last = 1
    while page <= last:
        result = await client.execute(GetCallbacks("", page))
        if not isinstance(result.value, CallbackPage):
            return answer(result, as_json=as_json)
        for row in result.value.rows:
            if as_json:
                form = plain(to_json(row))
                print(json.dumps(form, ensure_ascii=False))
                continue
            when = "-" if row.due is None else _moment(row.due)
            print("\t".join((str(row.id), row.source.value, when, row.number, row.name, row.note)))
        page, last = page + 1, -(-result.value.total // 50)
    return OK


def _moment(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


async def _shift(given: Namespace, client: EngineClient) -> int:
    from tui.text import csv_file

    result = await client.execute(GetShift(max(0, given.days - 1)))
    report = result.value
    if not isinstance(report, ShiftReport):
        return answer(result, as_json=given.json)
    if given.json:
        print(json.dumps(plain(to_json(report)), ensure_ascii=False))
        return OK
    if not given.csv and given.output is None:
        _print(report)
        return OK
    rows = csv_rows(report)
    if given.output is None:
        csv_file.write(sys.stdout, rows, bom=given.bom)
        return OK
    try:
        file, written = csv_file.create(typed_path(given.output), over=given.force)
        with file:
            csv_file.write(file, rows, bom=given.bom)
    except FileExistsError:
        return complain(tr("shift.exists_script", path=given.output), REFUSED)
    except OSError as error:
        why = error.strerror or "?"
        return complain(tr("history.not_exported", path=given.output, why=why), REFUSED)
    return complain(tr("shift.exported", count=len(rows) - 1, path=written), OK)


def _print(report: ShiftReport) -> None:
    for row in csv_rows(report)[1:]:
        kind, name, incoming, outgoing, missed, talk = row[2:8]
        count, lasted = row[10:12]
        figures = f"{count}\t{duration(float(lasted))}" if count else ""
        if not count:
            figures = f"{incoming}\t{outgoing}\t{missed}\t{duration(float(talk))}"
        print(f"{kind}\t{name}\t{figures}")

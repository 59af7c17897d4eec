"""`yimi doctor`: the check before the shift on the command line.

Where an engine runs for the account, it checks its own session: a second sign-in would put the
first one out. Else a process of its own does it (`tui.engine.checks.process`), which ends with it.
Exit codes: 0 nothing failed · 1 something did · 2 not understood.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Final, TextIO

from rich.cells import cell_len

from tui.bus import Overflow
from tui.cli.agent.answers import unasked
from tui.cli.exits import OK, REFUSED, coloured
from tui.cli.opened import opened
from tui.config.paths import Paths
from tui.config.schema import Profile
from tui.console.i18n import render, tr
from tui.console.keyring_store import KeyringUnavailable, account_name
from tui.console.keyring_store import load as from_keyring
from tui.launcher.engine_process import home, python_module
from tui.launcher.find_engines import RunningEngine, find_running
from tui.port.commands import GetNotUnderstood, RunChecks
from tui.port.errors import EngineUnavailable
from tui.port.events import ChecksChanged
from tui.port.values import Check, CheckState, Message, NotUnderstoodReport, message
from tui.port.wire.client import EngineClient
from tui.port.wire.codec import CodecError, from_json
from tui.secrets import Secret

DONE: Final = ("ok", "warn", "fail")
_COLOURS: Final = {"ok": "32", "warn": "33", "fail": "31"}
Tell = Callable[[tuple[Check, ...]], None]


class CheckReport:
    """What is printed: on a terminal a line as soon as its check begins, elsewhere when it ends.
    With `as_json` one object at the end."""

    def __init__(self, out: TextIO, *, as_json: bool) -> None:
        self.checks: tuple[Check, ...] = ()
        self._out, self._json = out, as_json
        self._live = not as_json and out.isatty()
        self._printed = 0
        self._open = ""

    def tell(self, checks: tuple[Check, ...]) -> None:
        """The checks as they are now."""
        self.checks = checks
        if self._json:
            return
        while self._printed < len(checks) and checks[self._printed].state in DONE:
            self._print_check(checks[self._printed])
            self._printed += 1
        if self._live and self._printed < len(checks):
            check = checks[self._printed]
            if check.state == "running" and check.id != self._open:
                self._open = check.id
                print(f"{_title(check)} …", end="", file=self._out, flush=True)

    def _print_check(self, check: Check) -> None:
        said = "" if check.message is None else render(check.message)
        word = _filled(tr(f"check.state.{check.state}"), 6)
        if self._live:
            if coloured():
                word = f"\x1b[{_COLOURS[check.state]}m{word}\x1b[0m"
            if self._open == check.id:
                print("\r\x1b[K", end="", file=self._out)
        print(f"{_title(check)} {word} {said}", file=self._out, flush=True)

    def end(self) -> int:
        """The last words; the exit code."""
        failed = [check for check in self.checks if check.state not in ("ok", "warn")]
        if self._json:
            print(json.dumps(as_plain(self.checks), ensure_ascii=False), file=self._out)
        elif self.checks:
            print(render(verdict(self.checks)), file=self._out)
        return REFUSED if failed or not self.checks else OK


def verdict(checks: tuple[Check, ...]) -> Message:
    """All of it in one sentence."""
    failed = sum(check.state not in ("ok", "warn") for check in checks)
    warned = sum(check.state == "warn" for check in checks)
    if failed:
        return message("check.with_failures", n=failed)
    return message("check.with_warnings", n=warned) if warned else message("check.all_ok")


def as_plain(checks: tuple[Check, ...]) -> dict[str, object]:
    """For scripts: each check by its id, with its sentence in the language of the moment."""
    lines = [
        {
            "check": check.id,
            "state": check.state,
            "message": None if check.message is None else render(check.message),
            "message_id": None if check.message is None else check.message.id,
            "values": {} if check.message is None else dict(check.message.values),
        }
        for check in checks
    ]
    return {"ok": bool(checks) and all(c.state in ("ok", "warn") for c in checks), "checks": lines}


def run(options: Namespace) -> int:
    """Run it; the exit code."""
    found = opened(options, prepare=False, profile=True)
    if isinstance(found, int):
        return found
    report = CheckReport(sys.stdout, as_json=options.json)
    try:
        return asyncio.run(_run(options, found.paths, found.file, found.profile, report))
    except KeyboardInterrupt:
        return 130


async def _run(
    options: Namespace, paths: Paths, file: Path, profile: Profile, report: CheckReport
) -> int:
    engine = await running_engine(options, paths, profile)
    if engine is not None:
        if not options.json:
            print(tr("check.cli.engine", account=engine.account.un))
        refused = await _ask_engine(engine, report)
    else:
        password = await password_of(profile, ask=not options.json and sys.stdin.isatty())
        refused = await _ask_process(file, profile, password, report)
    if refused is not None:
        return unasked(refused, REFUSED, options, checks=[])
    return report.end()


# ---------------------------------------------------------------- an engine that runs


async def running_engine(
    options: Namespace, paths: Paths, profile: Profile
) -> RunningEngine | None:
    """The engine whose session it is about, if one runs."""
    try:
        found = await find_running(paths.runtime)
    except OSError:
        return None
    wanted = options.account or profile.un
    fitting = [each for each in found.engines if each.matches(wanted)]
    return fitting[0] if len(fitting) == 1 else None


async def _ask_engine(engine: RunningEngine, report: CheckReport) -> Message | None:
    try:
        client = await EngineClient.connect(engine.path, kind="script")
    except EngineUnavailable as error:
        return error.message
    try:
        events = client.subscribe()
        asked = asyncio.ensure_future(client.execute(RunChecks()))
        listening = asyncio.ensure_future(_listen(events, client, report.tell))
        result = await asked
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        if not result.ok and result.message is not None and result.message.id != "check.failed":
            return result.message
        known = await client.execute(GetNotUnderstood())
        checks = client.snapshot().checks
        if isinstance(known.value, NotUnderstoodReport):
            checks = (*checks, understood(known.value))
        report.tell(checks)
    finally:
        await client.close()
    return None


def understood(report: NotUnderstoodReport) -> Check:
    """The line about what the platform said and was not understood. A refusal is a warning: the
    log page and `yimi probe` say which setting would let it in."""
    counts = [(kind, count) for kind, count in report.counts if count and kind != "stray"]
    if not counts:
        stray = sum(count for _, count in report.counts)
        all_of_it = message("check.understood.all")
        found = message("check.understood.stray", n=stray) if stray else all_of_it
        return Check("understood", CheckState.OK, found)
    said = ", ".join(f"{count} {kind}" for kind, count in counts)
    refused = any(kind == "refused" for kind, _ in counts)
    found = message(
        "check.understood.refused" if refused else "check.understood.skipped", what=said
    )
    return Check("understood", CheckState.WARN if refused else CheckState.OK, found)


async def _listen(events: object, client: EngineClient, tell: Tell) -> None:
    while True:
        try:
            event = await events.get()  # type: ignore[attr-defined]
        except Overflow:
            tell(client.snapshot().checks)
        except StopAsyncIteration:
            return
        else:
            if isinstance(event, ChecksChanged):
                tell(event.checks)


# ---------------------------------------------------------------- a process of its own


async def password_of(profile: Profile, *, ask: bool) -> Secret:
    """From the keyring, else asked for; empty where neither has it."""
    if not profile.un:
        return Secret()
    if profile.keyring:
        name = account_name(profile.un, profile.switchnumber, profile.backend)
        try:
            if (found := await from_keyring(name)) is not None:
                return found
        except KeyringUnavailable:
            pass  # asked for instead
    if not ask:
        return Secret()
    from getpass import getpass

    try:
        return Secret(getpass(tr("check.cli.password", account=profile.un)))
    except EOFError:
        return Secret()


async def _ask_process(
    file: Path, profile: Profile, password: Secret, report: CheckReport
) -> Message | None:
    arguments: list[str | Path] = ["--config", file]
    if profile.name:
        arguments += ["--profile", profile.name]
    process = await asyncio.create_subprocess_exec(
        *python_module("tui.engine.checks.process", *arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=home(),
        limit=1024 * 1024,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(password.reveal().encode() + b"\n")
        process.stdin.close()
        while line := await process.stdout.readline():
            try:
                event = from_json(json.loads(line))
            except (CodecError, ValueError):
                continue
            if isinstance(event, ChecksChanged):
                report.tell(event.checks)
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return None if report.checks else message("check.no_answer")


# ---------------------------------------------------------------- cells


def _title(check: Check) -> str:
    return _filled(tr(f"check.title.{check.id}"), 14)


def _filled(text: str, cells: int) -> str:
    return text + " " * max(0, cells - cell_len(text))

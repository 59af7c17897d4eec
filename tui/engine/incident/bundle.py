"""One file with the last hour, masked: what whoever helps will ask for.

A zip, for its owner only. `about.json` says who wrote it and when `at` 0 was; every other file that
has an `at` counts seconds from there.

    begin.json            the snapshot at 0            events.jsonl    what happened
    messages.jsonl        control messages, in the form of a probe: `yimi sandbox --replay` plays it
    sip.jsonl             SIP messages both ways       quality.csv     each call, second by second
    not-understood.json   what was skipped or refused  checks.json     the check before the shift
    config.toml           the settings                 log.txt         the log of that time
"""

from __future__ import annotations

import csv
import io
import json
import os
import platform
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import tomli_w

from tui import __version__, sip
from tui.engine.incident.flight_recorder import OnWire, Recording, Row, Sound
from tui.engine.incident.masked import Mask
from tui.engine.probe.masking import HIDDEN
from tui.engine.probe.record import Record
from tui.engine.session.control_messages import Sent
from tui.log import BACKUPS
from tui.platform import control
from tui.platform.not_understood import NotUnderstoodReport
from tui.port.commands import Result
from tui.port.values import Check, Quality, message
from tui.port.wire.codec import to_json

FORM: Final = 1
"""The number of this form of a bundle."""
LOG_BYTES: Final = 2 * 1024 * 1024
"""Of the log, at the end."""
_PACKAGES: Final = (
    *("textual", "aioice", "pyOpenSSL", "pylibsrtp", "av"),
    *("h11", "websockets", "sounddevice", "msgspec"),
)
_SECRET_SETTING: Final = ("password", "pwd", "secret", "token", "credential", "key", "pin")
_FIGURES: Final = tuple(Quality.__struct_fields__)
_BREATH: Final = 25
"""Rows after which the writing thread lets the sound's thread run."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What goes into a bundle. Wall and engine's clock are of the same moment; `secrets` are never
    written."""

    recording: Recording
    now: float
    wall: float
    checks: tuple[Check, ...]
    not_understood: NotUnderstoodReport
    assumed: control.Assumed
    config_file: Path
    log_file: Path
    secrets: tuple[str, ...] = ()


def written(path: Path, contents: Contents) -> Result:
    """Write it; what became of it, in words. Blocking."""
    try:
        size = write(path, contents)
    except FileExistsError:
        return Result(False, message("bundle.exists", path=path))
    except OSError as error:
        why = error.strerror or type(error).__name__
        return Result(False, message("bundle.not_written", path=path, why=why))
    return Result(True, message("bundle.written", path=path, kb=-(-size // 1024)), size)


def write(path: Path, contents: Contents) -> int:
    """Write it; bytes. Blocking. FileExistsError: nothing is written over; OSError: the disk."""
    mask = Mask(contents.secrets)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with (
            os.fdopen(descriptor, "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle,
        ):
            for name, text in _files(contents, mask):
                bundle.writestr(name, text)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path.stat().st_size


def _files(contents: Contents, mask: Mask) -> Iterator[tuple[str, str]]:
    recording = contents.recording
    yield "about.json", _json(_about(contents))
    yield "begin.json", _json(mask.plain(to_json(recording.begin)))
    yield "events.jsonl", _lines(recording, _event, mask)
    yield "messages.jsonl", _messages(contents, mask)
    yield "sip.jsonl", _lines(recording, _sip, mask)
    yield "quality.csv", _quality(recording)
    yield "not-understood.json", _json(mask.plain(to_json(contents.not_understood)))
    yield "checks.json", _json([mask.plain(to_json(check)) for check in contents.checks])
    yield "config.toml", config_text(contents.config_file, mask)
    yield "log.txt", log_text(contents.log_file, mask)


def about() -> dict[str, Any]:
    """The versions of this machine that matter."""
    return {
        "bundle": FORM,
        "yimi": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def _about(contents: Contents) -> dict[str, Any]:
    recording = contents.recording
    zero = contents.wall - (contents.now - recording.began)
    return {
        **about(),
        "began": recording.began,
        "began_at": time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(zero)),
        "began_unix": round(zero, 3),
        "seconds": round(contents.now - recording.began, 3),
        "rows": len(recording.rows),
    }


def _lines(recording: Recording, form: Any, mask: Mask) -> str:
    out = []
    for number, row in enumerate(recording.rows):
        if number % _BREATH == 0:
            time.sleep(0.0005)
        line = form(row, mask)
        if line is not None:
            out.append(json.dumps({"at": _at(row, recording), **line}, ensure_ascii=False))
    return "".join(f"{line}\n" for line in out)


def _event(row: Row, mask: Mask) -> dict[str, Any] | None:
    if isinstance(row.what, OnWire | Sound | Sent | sip.MessageReceived | sip.Ignored):
        return None
    return {"event": mask.plain(to_json(row.what))}


def _sip(row: Row, mask: Mask) -> dict[str, Any] | None:
    if not isinstance(row.what, OnWire):
        return None
    who = "us" if row.what.sent else "them"
    return {"from": who, "message": mask.sip(row.what.data), "cut": row.what.cut}


def _messages(contents: Contents, mask: Mask) -> str:
    recording, out = contents.recording, io.StringIO()
    moment = recording.began
    record = Record(out, mask.masker, contents.assumed, lambda: moment)
    record.begin(version=__version__)
    account = recording.begin.account or next(
        (row.what.account for row in recording.rows if hasattr(row.what, "account")), None
    )
    if account is not None:
        record.agent(account.un, account.eid)
    for row in recording.rows:
        if isinstance(row.what, Sent | sip.MessageReceived | sip.Ignored):
            moment = row.at
            record.overhear(row.what)
    record.end()
    return "".join(_nameless(line, mask) for line in out.getvalue().splitlines())


def _nameless(line: str, mask: Mask) -> str:
    said = json.loads(line)
    said["body"] = mask.text(said["body"])
    return json.dumps(said, ensure_ascii=False) + "\n"


def _quality(recording: Recording) -> str:
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(("at", "call", *_FIGURES))
    for row in recording.rows:
        if isinstance(row.what, Sound):
            figures = (getattr(row.what.quality, name) for name in _FIGURES)
            table.writerow((_at(row, recording), row.what.call, *figures))
    return out.getvalue()


def config_text(file: Path, mask: Mask) -> str:
    """The settings without secrets, as TOML; one that cannot be read is a comment that says so."""
    import tomllib

    try:
        settings = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return "# there is no config file\n"
    except (OSError, ValueError) as error:
        return f"# it cannot be read: {type(error).__name__}\n"
    return tomli_w.dumps(_settings(settings, mask))


def _settings(value: Any, mask: Mask, name: str = "") -> Any:
    match value:
        case dict():
            return {key: _settings(item, mask, key) for key, item in value.items()}
        case list():
            return [_settings(item, mask, name) for item in value]
        case str() if value and any(part in name.lower() for part in _SECRET_SETTING):
            return HIDDEN
        case str():
            return mask.text(value)
        case int() if not isinstance(value, bool) and value >= 100_000:
            return mask.number(str(value))  # a telephone number that was written without quotes
    return value


def log_text(file: Path, mask: Mask) -> str:
    """The end of the log, the older files with it."""
    lines: list[str] = []
    room = LOG_BYTES
    for path in (file, *(file.with_name(f"{file.name}.{n}") for n in range(1, BACKUPS + 1))):
        try:
            with path.open("rb") as log:
                log.seek(max(0, os.fstat(log.fileno()).st_size - room))
                found = log.read(room)
        except OSError:
            break
        room -= len(found)
        lines[:0] = found.decode("utf-8", "replace").splitlines()
        if room <= 0:
            break
    out = []
    for number, line in enumerate(lines):
        if number % _BREATH == 0:
            time.sleep(0.0005)
        out.append(mask.log_line(line) + "\n")
    return "".join(out)


def _at(row: Row, recording: Recording) -> float:
    return round(row.at - recording.began, 3)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""

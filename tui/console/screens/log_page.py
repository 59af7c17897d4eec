"""The log page: what whoever helps will ask for, in one text that can be copied.

No password and no token is in it (the log is redacted when it is written), and numbers are masked.
"""

from __future__ import annotations

import asyncio
import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tui import __version__
from tui.console.desk import Desk
from tui.console.i18n import language, render, tr
from tui.console.widgets.formats import Clocks, duration
from tui.port.commands import GetNotUnderstood, WriteBundle
from tui.port.snapshot import Snapshot
from tui.port.values import NotUnderstoodReport
from tui.text import clean_text, mask_number

if TYPE_CHECKING:
    from tui.config.paths import Paths

LINES = 60
"""Of the log, the last ones."""
ITEMS = 20
"""Of what was not understood, the newest."""
TAIL = 64 * 1024
"""Bytes of the log that are looked at."""
_PACKAGES = ("textual", "aioice", "pyOpenSSL", "h11", "websockets", "sounddevice")


def report(desk: Desk, paths: Paths | None, app: App[Any]) -> str:
    """Everything but the log, a fact a line. In English: it is for whoever helps."""
    snapshot, clocks = desk.view.snapshot, desk.clocks
    facts = [
        ("yimi", __version__),
        ("python", f"{platform.python_version()} on {platform.system()} {platform.release()}"),
        ("packages", "  ".join(f"{name} {_version(name)}" for name in _PACKAGES)),
        ("terminal", _terminal(app)),
        ("theme, language", f"{app.theme}, {language()}"),
    ]
    if paths is not None:
        facts += [
            (name, str(getattr(paths, name))) for name in ("config", "state", "runtime", "data")
        ]
    facts += _session(snapshot, clocks)
    return "\n".join(f"{name:16} {clean_text(value)}" for name, value in facts)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "–"


def _terminal(app: App[Any]) -> str:
    names = [os.environ.get(name, "") for name in ("TERM", "COLORTERM", "TERM_PROGRAM")]
    inside = [name for name in ("TMUX", "STY", "SSH_TTY") if os.environ.get(name)]
    return f"{app.size.width}x{app.size.height} " + " ".join(filter(None, (*names, *inside)))


def _session(snapshot: Snapshot, clocks: Clocks) -> list[tuple[str, str]]:
    now = clocks.monotonic()
    line, voice, shift, call = snapshot.connection, snapshot.voice, snapshot.shift, snapshot.call
    facts = [
        ("session", f"{snapshot.phase} seat {snapshot.seat.status.name.lower()}"),
        ("line", f"{line.state}{_for(line.since, now)}, {_round_trip(line.latency)}"),
        (
            "voice",
            f"{voice.state} {voice.device} volume {voice.volume} gain {voice.gain}"
            + (f" carried by {voice.server}, {voice.delay} ms" if voice.server else ""),
        ),
        (
            "shift",
            f"{_for(shift.began, now).strip() or 'not begun'}:"
            f" {shift.talked} talked, {shift.missed} missed,"
            f" {shift.declined} declined, {shift.elsewhere} taken elsewhere,"
            f" {shift.line_lost} lost with the line,"
            f" {duration(shift.talk_time)} talk, {duration(shift.hold_time)} hold",
        ),
    ]
    account = snapshot.account
    if account is not None:
        can = " ".join(account.can) or "–"
        where = f"line type {account.callintype} switch {mask_number(account.switchnumber)}"
        facts += [("account", where), ("can", can)]
    if call is not None:
        about = f"{call.state} for {duration(now - call.since)}, leg {call.leg}"
        facts.append(("call", f"{about}, offers {call.offers}, reason {call.end.reason}"))
    return facts


def _for(since: float, now: float) -> str:
    """How long something is so; "" where it never began."""
    return f" for {duration(now - since)}" if since else ""


def _round_trip(latency: int | None) -> str:
    return "no round trip measured" if latency is None else f"round trip {latency} ms"


def not_understood(report: NotUnderstoodReport) -> list[str]:
    """What the platform said that was skipped or refused, with the setting that lets it in."""
    counts = ", ".join(f"{count} {kind}" for kind, count in report.counts if count)
    lines = [f"{'not understood':16} {counts or '–'}"]
    for item in report.items[:ITEMS]:
        where = f" in {item.where}" if item.where else ""
        setting = f", set {item.setting}" if item.setting else ""
        said = f"{item.kind} {item.what}{where}{setting}: {item.body}"
        lines.append(
            clean_text(f"{time.strftime('%H:%M:%S', time.localtime(item.at))} {said}", 400)
        )
    return lines


def log_tail(path: Path) -> list[str]:
    """The last lines of the log; blocking. What cannot be read is a line that says so."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
            lines = file.read(TAIL).decode("utf-8", "replace").splitlines()
    except OSError as error:
        return [error.strerror or type(error).__name__]
    return [clean_text(line, 400) for line in lines[-LINES:]]


class LogPage(ModalScreen[None]):
    """Scrolls; C copies all of it (OSC 52), B writes a bundle."""

    MAKES_WAY = True
    """Nobody types here: it goes when a call begins to ring."""
    DEFAULT_CSS = """
    LogPage { align: center bottom; background: $background 0%; }
    LogPage #box {
        width: 100%; height: 100%; max-height: 100%; padding: 0 1; margin: 2 0 1 0;
        background: $surface; border: solid $key; scrollbar-size-vertical: 1;
    }
    LogPage Static { height: auto; }
    LogPage #debug-head { color: $dim; }
    """
    BINDINGS = [  # noqa: RUF012
        Binding("escape,q", "dismiss", show=False),
        Binding("c", "copy", show=False),
        Binding("b", "bundle", show=False),
    ]

    def __init__(self, desk: Desk, paths: Paths | None) -> None:
        super().__init__()
        self._desk, self._paths = desk, paths
        self.text = ""
        """What C copies."""
        self._head = Static(id="debug-head", markup=False)
        self._body = Static(id="debug-body", markup=False)

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="box"):
            yield self._head
            yield self._body

    async def on_mount(self) -> None:
        self._head.update(tr("debug.head") + "\n")
        self.text = report(self._desk, self._paths, self.app)
        self._body.update(self.text)
        known = await self._desk.ask(GetNotUnderstood())
        if isinstance(known.value, NotUnderstoodReport):
            self.text += "\n\n" + "\n".join(not_understood(known.value))
            self._body.update(self.text)
        if self._paths is not None:
            lines = await asyncio.to_thread(log_tail, self._paths.log_file)
            self.text += "\n\n" + "\n".join(lines)
            self._body.update(self.text)

    async def action_bundle(self) -> None:
        """B: the last hour into a file of the state directory, for whoever helps."""
        if self._paths is None:
            return
        name = time.strftime("bundle-%Y-%m-%d-%H%M%S.zip")
        done = await self._desk.ask(WriteBundle(str(self._paths.state / name)))
        if done.message is not None:
            self._head.update(render(done.message) + "\n")

    def action_copy(self) -> None:
        """C."""
        self.app.copy_to_clipboard(self.text)
        self._head.update(tr("copied") + "\n")

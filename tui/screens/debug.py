"""The log page: what whoever helps will ask for, in one text that can be copied.

No password and no token is in it (the log is redacted when it is written), and numbers are masked.
"""

from __future__ import annotations

import asyncio
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tui import __version__
from tui.engine.state import Snapshot
from tui.i18n import language, tr
from tui.text import clean_text, mask_number
from tui.widgets.words import Clocks, duration

if TYPE_CHECKING:
    from tui.app import YimiApp

LINES = 60
"""Of the log, the last ones."""
TAIL = 64 * 1024
"""Bytes of the log that are looked at."""
_PACKAGES = ("textual", "aiortc", "aiohttp", "websockets", "sounddevice")


def report(app: YimiApp) -> str:
    """Everything but the log, a fact a line. In English: it is for whoever helps."""
    snapshot, clocks = app.view.snapshot, app.clocks
    facts = [
        ("yimi", __version__),
        ("python", f"{platform.python_version()} on {platform.system()} {platform.release()}"),
        ("packages", "  ".join(f"{name} {_version(name)}" for name in _PACKAGES)),
        ("terminal", _terminal(app)),
        ("theme, language", f"{app.theme}, {language()}"),
    ]
    if app.paths is not None:
        facts += [
            (name, str(getattr(app.paths, name))) for name in ("config", "state", "runtime", "data")
        ]
    facts += _session(snapshot, clocks)
    return "\n".join(f"{name:16} {clean_text(value)}" for name, value in facts)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "–"


def _terminal(app: YimiApp) -> str:
    names = [os.environ.get(name, "") for name in ("TERM", "COLORTERM", "TERM_PROGRAM")]
    inside = [name for name in ("TMUX", "STY", "SSH_TTY") if os.environ.get(name)]
    return f"{app.size.width}x{app.size.height} " + " ".join(filter(None, (*names, *inside)))


def _session(snapshot: Snapshot, clocks: Clocks) -> list[tuple[str, str]]:
    now = clocks.monotonic()
    line, voice, shift, call = snapshot.line, snapshot.voice, snapshot.shift, snapshot.call
    facts = [
        ("session", f"{snapshot.phase} seat {snapshot.seat.status.name.lower()}"),
        ("line", f"{line.state} for {duration(now - line.since)}, round trip {line.latency} ms"),
        (
            "voice",
            f"{voice.state} {voice.device} volume {voice.volume} gain {voice.gain}"
            + (f" carried by {voice.server}, {voice.delay} ms" if voice.server else ""),
        ),
        (
            "shift",
            f"{duration(now - shift.began)}: {shift.talked} talked, {shift.missed} missed,"
            f" {duration(shift.talk_time)} talk, {duration(shift.hold_time)} hold",
        ),
    ]
    account = snapshot.account
    if account is not None:
        where = f"{account.kind} line {account.callintype} switch "
        facts.append(("account", where + mask_number(account.switchnumber)))
    if call is not None:
        about = f"{call.state} for {duration(now - call.since)}, leg {call.leg}"
        facts.append(("call", f"{about}, offers {call.offers}, reason {call.reason}"))
    return facts


def log_tail(path: Path) -> list[str]:
    """The last lines of the log; blocking. What cannot be read is a line that says so."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
            lines = file.read(TAIL).decode("utf-8", "replace").splitlines()
    except OSError as error:
        return [error.strerror or type(error).__name__]
    return [clean_text(line, 400) for line in lines[-LINES:]]


class DebugScreen(ModalScreen[None]):
    """Scrolls; C copies all of it (OSC 52)."""

    MAKES_WAY = True
    """Nobody types here: it goes when a call begins to ring."""
    DEFAULT_CSS = """
    DebugScreen { align: center bottom; background: $background 0%; }
    DebugScreen #box {
        width: 100%; height: 100%; max-height: 100%; padding: 0 1; margin: 2 0 1 0;
        background: $surface; border: solid $key; scrollbar-size-vertical: 1;
    }
    DebugScreen Static { height: auto; }
    DebugScreen #debug-head { color: $dim; }
    """
    BINDINGS = [  # noqa: RUF012
        Binding("escape,q", "dismiss", show=False),
        Binding("c", "copy", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        """What C copies."""
        self._head = Static(id="debug-head", markup=False)
        self._body = Static(id="debug-body", markup=False)

    @property
    def yimi(self) -> YimiApp:
        """The app, by its own type."""
        return cast("YimiApp", self.app)

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="box"):
            yield self._head
            yield self._body

    async def on_mount(self) -> None:
        self._head.update(tr("debug.head") + "\n")
        self.text = report(self.yimi)
        self._body.update(self.text)
        if self.yimi.paths is not None:
            lines = await asyncio.to_thread(log_tail, self.yimi.paths.log_file)
            self.text += "\n\n" + "\n".join(lines)
            self._body.update(self.text)

    def action_copy(self) -> None:
        """C."""
        self.app.copy_to_clipboard(self.text)
        self._head.update(tr("copied") + "\n")

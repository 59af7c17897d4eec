"""What each screen and dialog costs, and how late the truth is on a line of 2 kB/s.

Run it: `python tests/bench/bench_thin_line.py [name …]`. The console runs as a process in a
pseudo-terminal of 80×24; the engine's side is played in it. For each: bytes to open it; bytes a
second while it is open; and, with all that it writes taken at 2 kB/s and answered as a terminal
does, seconds from a change (a call ends, a call rings) to its words on the screen, the dialog
opened 4 s before and closed at that moment. Prints one line of JSON for each; exits with 1 when
an aim is missed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Final

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench.terminal import Terminal  # noqa: E402

SMOKE = bool(os.environ.get("YIMI_BENCH_SMOKE"))
THIN: Final = 2000
"""Bytes a second."""
OPENED: Final = 8000
"""Bytes to open one, at most."""
OPEN: Final = 700.0
"""Bytes a second while it is open, at most; in a call both bars move at 2 Hz."""
LATE: Final = 2.0
"""Seconds, at most."""
F1, F2, F3, F4, F8, F10 = b"\x1bOP", b"\x1bOQ", b"\x1bOR", b"\x1bOS", b"\x1b[19~", b"\x1b[21~"
ENTER, ESCAPE = b"\r", b"\x1b[27u"
SCREENS: Final[dict[str, tuple[str, bytes]]] = {
    "F1 help, idle": ("idle", F1),
    "F1 help, in a call": ("talking", F1),
    "F2 dial": ("idle", F2),
    "F3 directory": ("idle", F3),
    "F4 transfer": ("talking", F4),
    "F4 transfer, with whom": ("talking", F4 + b"1101" + ENTER),
    "F8 who stays": ("three", F8),
    "F10 history": ("idle", F10),
    "F10 history, in a call": ("talking", F10),
    "^F figures": ("talking", b"\x06"),
    "^G settings": ("talking", b"\x07"),
    "^L log": ("talking", b"\x0c"),
    "^P palette": ("talking", b"\x10"),
    "^Q leave": ("talking", b"\x11"),
    "^T check": ("idle", b"\x14"),
    "row of tones": ("talking", b","),
    "write-up": ("end", b""),
    "kicked": ("kick", b""),
    "nothing": ("talking", b""),
}
"""The state before it, and the keys that open it. Where there are none, the change itself does."""
FIGURES: Final = ("bytes to open", "bytes a second", "late, s")
WORDS: Final = {"idle": "RINGING", "end": "WRAP-UP", "kick": "Signed out"}

CONSOLE: Final = """
import asyncio, signal, sys, time
sys.path[:0] = ["tests/terminal", "."]
import scripted_port as script
from tests.terminal.scripted_directory import House
from tests.terminal.scripted_history import history
from tests.terminal.threeway import WANG
from tui.clock import instant
from tui.port import replace
from tui.console.app import YimiApp
from tui.config.schema import Config
from tui.port.machines.call_machine import ThirdState
from tui.port.events import CallChanged, LevelsChanged, PhaseChanged, WrapUpChanged
from tui.port.values import Levels, Phase, message
mode = sys.argv[1]
now = instant()
call = replace(script.TALKING, since=now - 201, answered=now - 201)
if mode == "three":
    call = replace(call, third=replace(WANG, state=ThirdState.JOINED, joined=now - 9))
port = script.ScriptedPort(script.IDLE if mode in ("idle", "kick") else script.with_call(call))
House(port)
history(port)
wrapup = replace(script.WRAPUP, began=now, until=now + 60)
changes = {
    "idle": [CallChanged(replace(script.RINGING, since=now, began=now))],
    "end": [CallChanged(replace(script.ENDED, since=now)), WrapUpChanged(wrapup)],
    "kick": [PhaseChanged(Phase.KICKED, message("kicked.895", code=895))],
}.get(mode, [CallChanged(replace(script.ENDED, since=now))])
async def main():
    app = YimiApp(port, Config())
    async def levels():
        step = 0
        while True:
            await asyncio.sleep(0.5)
            step += 1
            if port.state.call is not None and port.state.call.live:
                port.happen(LevelsChanged(Levels(2 + step * 3 % 8, 1 + step * 5 % 9)))
    task = asyncio.create_task(levels())
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, lambda: port.happen(*changes))
    await app.run_async()
asyncio.run(main())
"""


def _open(terminal: Terminal, keys: bytes) -> None:
    if keys:
        os.write(terminal.master, keys)
    else:
        os.kill(terminal.process.pid, signal.SIGUSR1)


def costs(mode: str, keys: bytes, seconds: float) -> tuple[int, float]:
    """Bytes to open it, bytes a second while it is open."""
    terminal = Terminal(CONSOLE, mode)
    try:
        terminal.until(b"Li Ming", 60.0)
        terminal.read(2.0)
        before = len(terminal.read(1.0))
        _open(terminal, keys)
        return max(0, len(terminal.read(2.0)) - 2 * before), len(terminal.read(seconds)) / seconds
    finally:
        terminal.end()


def late(mode: str, keys: bytes, words: str) -> float:
    """Seconds from the change to its words on the screen, a dialog closed at that moment."""
    terminal = Terminal(CONSOLE, mode)
    try:
        terminal.read_thin(60.0, THIN, lambda: "Li Ming" in terminal.text())
        terminal.read_thin(4.0, THIN)
        if keys:
            os.write(terminal.master, keys)
            terminal.read_thin(4.0, THIN)
            os.write(terminal.master, ESCAPE)
        assert words not in terminal.text()
        os.kill(terminal.process.pid, signal.SIGUSR1)
        return terminal.read_thin(30.0, THIN, lambda: words in terminal.text())
    finally:
        terminal.end()


def attached() -> int:
    """Bytes of a console that is opened in a call, until only its bars move."""
    terminal = Terminal(CONSOLE, "talking")
    try:
        written = 0
        while (more := len(terminal.read(2.0))) > OPEN * 2.0 or not written:
            written += more
        return written
    finally:
        terminal.end()


def main() -> int:
    wanted = sys.argv[1:] or list(SCREENS)[: 2 if SMOKE else None]
    costs("idle", F1, 1.0)  # compiles
    first = attached()
    print(json.dumps({"first attach: bytes": first, "aim": OPENED}), flush=True)
    missed = first > OPENED
    for name in wanted:
        mode, keys = SCREENS[name]
        opened, second = costs(mode, keys, 2.0 if SMOKE else 3.0)
        waited = late(mode, keys, WORDS.get(mode, "IDLE"))
        row = {
            "bytes to open": opened,
            "bytes a second": round(second),
            "late, s": round(waited, 2),
        }
        print(json.dumps({name: row}), flush=True)
        missed |= opened > OPENED or second > OPEN or waited > LATE
    print(json.dumps({"aims": dict(zip(FIGURES, (OPENED, OPEN, LATE), strict=True))}))
    return int(missed and not SMOKE)


if __name__ == "__main__":
    sys.exit(main())

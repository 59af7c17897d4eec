"""What the screen costs: time to the first frame beside an empty Textual app, and bytes a second.

Run it: `python tests/bench/bench_screen.py [runs]`. Everything goes through a pseudo-terminal of
80×24, as processes, as it is used. Prints one line of JSON for each figure; exits with 1 when an
aim is missed by more than a quarter.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

SMOKE = bool(os.environ.get("YIMI_BENCH_SMOKE"))
ROOT = Path(__file__).resolve().parents[2]
AIMS = {
    "first frame, times an empty app": 1.15,
    "idle, bytes a second": 0.0,
    "in a call, bars still, bytes a second": 200.0,
    "in a call, both bars at 2 Hz, bytes a second": 700.0,
}

EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("FRAME")
Empty().run()
"""
SIGN_IN = """
from tui.app import YimiApp
from tui.config import Config
YimiApp(None, Config()).run()
"""
CONSOLE = """
import asyncio, sys, time
sys.path.insert(0, "tests/terminal")
import scripted_port as script
from dataclasses import replace
from tui.app import YimiApp
from tui.config import Config
from tui.engine.events import LevelsChanged
from tui.engine.state import Levels
mode = sys.argv[1]
now = time.monotonic()
call = replace(script.TALKING, since=now - 201, answered=now - 201)
port = script.ScriptedPort(script.IDLE if mode == "idle" else script.with_call(call))
async def main():
    app = YimiApp(port, Config())
    async def levels():
        step = 0
        while True:
            await asyncio.sleep(0.5)
            step += 1
            port.happen(LevelsChanged(Levels(2 + step * 3 % 8, 1 + step * 5 % 9)))
    task = asyncio.create_task(levels()) if mode == "bars" else None
    await app.run_async()
asyncio.run(main())
"""


class Terminal:
    """A child process in a pseudo-terminal of 80×24."""

    def __init__(self, program: str, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
        environment.pop("COLORTERM", None)
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,  # Textual draws on standard error
            cwd=ROOT,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)
        self.output = b""

    def read(self, seconds: float) -> bytes:
        """What comes within so many seconds."""
        end, got = time.perf_counter() + seconds, b""
        while (left := end - time.perf_counter()) > 0:
            if select.select([self.master], [], [], left)[0]:
                got += os.read(self.master, 65536)
        return got

    def until(self, word: bytes, seconds: float = 20.0) -> float:
        """Seconds from the start until the word is on the screen."""
        seen, end = b"", time.perf_counter() + seconds
        while time.perf_counter() < end:
            if select.select([self.master], [], [], 0.5)[0]:
                seen += os.read(self.master, 65536)
                if word in seen:
                    return time.perf_counter() - self.started
        raise TimeoutError(f"{word!r} never came")

    def end(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.master)


def first_frame(program: str, word: bytes) -> float:
    terminal = Terminal(program)
    try:
        return terminal.until(word)
    finally:
        terminal.end()


def bytes_a_second(mode: str, seconds: float = 2.0 if SMOKE else 10.0) -> float:
    terminal = Terminal(CONSOLE, mode)
    try:
        terminal.until(b"Li Ming")
        terminal.read(2.0)  # what still settles after the first frame
        return len(terminal.read(seconds)) / seconds
    finally:
        terminal.end()


def main() -> int:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 2 if SMOKE else 15
    for program, word in ((EMPTY, b"FRAME"), (SIGN_IN, b"Extension")):
        first_frame(program, word)  # compiles what is to be compiled
    empty, ours = [], []
    for _ in range(runs):  # in turns, so that both meet the same noise
        empty.append(first_frame(EMPTY, b"FRAME"))
        ours.append(first_frame(SIGN_IN, b"Extension"))
    ratio = statistics.median(ours) / statistics.median(empty)
    figures = {
        "first frame, times an empty app": ratio,
        "idle, bytes a second": bytes_a_second("idle"),
        "in a call, bars still, bytes a second": bytes_a_second("still"),
        "in a call, both bars at 2 Hz, bytes a second": bytes_a_second("bars"),
    }
    print(json.dumps({"empty app, median seconds": round(statistics.median(empty), 4)}))
    print(json.dumps({"yimi, median seconds": round(statistics.median(ours), 4)}))
    print(json.dumps({"fastest, times an empty app": round(min(ours) / min(empty), 3)}))
    missed = False
    for name, value in figures.items():
        aim = AIMS[name]
        missed |= value > aim * 1.25
        print(json.dumps({name: round(value, 3), "aim": aim}))
    return int(missed and not SMOKE)


if __name__ == "__main__":
    sys.exit(main())

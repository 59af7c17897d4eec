"""What the screen costs: time to the first frame beside an empty Textual app, and bytes a second.

Run it: `python tests/bench/bench_screen.py [runs]`. Everything goes through a pseudo-terminal of
80×24, as processes, as it is used. Prints one line of JSON for each figure; exits with 1 when an
aim is missed by more than a quarter. What dialogs cost, and a thin line: `bench_thin_line.py`.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench.terminal import COMPILED, Terminal  # noqa: E402

SMOKE = bool(os.environ.get("YIMI_BENCH_SMOKE"))
AIMS = {
    "first frame, times an empty app": 1.15,
    "sandbox, seconds to its first answer": 0.5,
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
from tui.launcher import collector
collector.hold_off()  # as the supervisor does
from tui.console.app import YimiApp
from tui.config.schema import Config
YimiApp(None, Config()).run()
"""
CONSOLE = """
import asyncio, sys, time
sys.path.insert(0, "tests/terminal")
import scripted_port as script
from tui.port import replace
from tui.console.app import YimiApp
from tui.config.schema import Config
from tui.port.events import LevelsChanged
from tui.port.values import Levels
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


def first_frame(program: str, word: bytes) -> float:
    terminal = Terminal(program)
    try:
        return terminal.until(word)
    finally:
        terminal.end()


def sandbox_answers() -> tuple[float, float]:
    """Seconds from the start of a sandbox until it listens, and until it has answered."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready.json"
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "tui.cli.main", "sandbox", "--ready-file", str(ready)],
            cwd=ROOT,
            env=COMPILED,
            start_new_session=True,
        )
        try:
            while not ready.exists():
                time.sleep(0.002)
            listens = time.perf_counter() - started
            where = json.loads(ready.read_text())["http"]
            urllib.request.urlopen(f"{where}/control/plan").read()
            return listens, time.perf_counter() - started
        finally:
            process.terminate()
            process.wait()


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
    sandbox_answers()  # compiles
    boxes = [sandbox_answers() for _ in range(2 if SMOKE else 5)]
    ratio = statistics.median(ours) / statistics.median(empty)
    figures = {
        "first frame, times an empty app": ratio,
        "sandbox, seconds to its first answer": min(answers for _, answers in boxes),
        "idle, bytes a second": bytes_a_second("idle"),
        "in a call, bars still, bytes a second": bytes_a_second("still"),
        "in a call, both bars at 2 Hz, bytes a second": bytes_a_second("bars"),
    }
    print(json.dumps({"empty app, median seconds": round(statistics.median(empty), 4)}))
    print(json.dumps({"yimi, median seconds": round(statistics.median(ours), 4)}))
    print(json.dumps({"fastest, times an empty app": round(min(ours) / min(empty), 3)}))
    print(json.dumps({"sandbox, seconds until it listens": round(min(boxes)[0], 3)}))
    missed = False
    for name, value in figures.items():
        aim = AIMS[name]
        missed |= value > aim * 1.25
        print(json.dumps({name: round(value, 3), "aim": aim}))
    return int(missed and not SMOKE)


if __name__ == "__main__":
    sys.exit(main())

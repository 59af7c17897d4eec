"""What the directory costs with 10,000 members: time to the first page, and bytes to the terminal.

Run it: `python tests/bench/bench_directory.py [runs]`. The console runs as a process in a
pseudo-terminal of 80×24 and is worked by its keys; the platform's answers are played in it. The
first page is timed from the F3 that opens the directory for the first time to its tenth line, in
turns with a directory of 10 members. Prints one line of JSON for each figure; exits with 1 when
an aim is missed by more than a quarter.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.terminal import Terminal

SMOKE = bool(os.environ.get("YIMI_BENCH_SMOKE"))
AIMS = {
    "10,000 members: first page, milliseconds": 35.0,
    "10,000 members: one scroll step, bytes": 300.0,
    "50 of 10,000 change each second, bytes a second": 2000.0,
    "50 on the screen change each second, bytes a second": 2000.0,
}
ROWS = 24

DIRECTORY = """
import asyncio, random, sys, time
sys.path.insert(0, "tests/terminal")
import scripted_port as script
from tui.port import replace
from tui.console.app import YimiApp
from tui.config.schema import Config
from tui.port.commands import GetGroupMembers, GetGroups, Result
from tui.port.values import Group, GroupPage, MemberPage, Seat
import tui.console.screens.directory.pane as directory
members, changes = int(sys.argv[1]), sys.argv[2]
rng = random.Random(1)
WORDS = ("空闲", "忙碌", "通话中", "离线")
seats = [
    Seat(str(10000 + at), f"Agent {at:05}", state_id=2, state_name=WORDS[at % 4])
    for at in range(members)
]
port = script.ScriptedPort()
group = Group("1000000001", "Pre-sales", state_id=1)
port.answers[GetGroups] = lambda command: Result(True, value=GroupPage(1, 1, 1, (group,)))
def page(command):
    return Result(True, value=MemberPage(command.gid, "", 1, 1, members, tuple(seats)))
port.answers[GetGroupMembers] = page
seen = 20 if changes == "screen" else members
async def main():
    app = YimiApp(port, Config())
    async def change():
        while True:
            await asyncio.sleep(1)
            for _ in range(50):
                at = rng.randrange(seen)
                seats[at] = replace(seats[at], state_name=rng.choice(WORDS))
    task = asyncio.create_task(change()) if changes != "none" else None
    await app.run_async()
asyncio.run(main())
"""


def cpu(terminal: Terminal) -> float:
    """Seconds that the console's main thread has computed."""
    return int(Path(f"/proc/{terminal.process.pid}/schedstat").read_text().split()[0]) / 1e9


def opened(members: int, changes: str = "none") -> tuple[Terminal, float, float]:
    """A console with the directory open, the seconds from the key to its first page, and how
    many of them it computed."""
    terminal = Terminal(DIRECTORY, str(members), changes)
    terminal.until(b"Li Ming")
    terminal.read(3.0)  # what still settles after the first frame
    began, computed = time.perf_counter(), cpu(terminal)
    os.write(terminal.master, b"\x1bOR")
    seen = b""
    while b"Agent 00009" not in seen and time.perf_counter() - began < 10:
        seen += terminal.read(0.002)
    took, computed = time.perf_counter() - began, cpu(terminal) - computed
    terminal.read(1.0)
    os.write(terminal.master, b"\x1b[C")  # to the members
    terminal.read(0.7)
    return terminal, took, computed


def first_page(members: int) -> tuple[float, float]:
    terminal, *times = opened(members)
    terminal.end()
    return times[0], times[1]


def scroll_steps(steps: int) -> list[int]:
    """Bytes of each step down."""
    terminal, *_ = opened(10_000)
    try:
        sizes = []
        for _ in range(steps):
            os.write(terminal.master, b"\x1b[B")
            sizes.append(len(terminal.read(0.15)))
        return sizes
    finally:
        terminal.end()


def bytes_a_second(changes: str, seconds: float) -> float:
    terminal, *_ = opened(10_000, changes)
    try:
        return len(terminal.read(seconds)) / seconds
    finally:
        terminal.end()


def main() -> int:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1 if SMOKE else 7
    few, many = [], []
    for _ in range(runs):  # in turns, so that both meet the same noise
        few.append(first_page(10))
        many.append(first_page(10_000))
    steps = scroll_steps(8 if SMOKE else 60)
    seconds = 3.0 if SMOKE else 20.0
    figures = {
        "10,000 members: first page, milliseconds": statistics.median(t for t, _ in many) * 1000,
        "10,000 members: one scroll step, bytes": statistics.mean(steps),
        "50 of 10,000 change each second, bytes a second": bytes_a_second("all", seconds),
        "50 on the screen change each second, bytes a second": bytes_a_second("screen", seconds),
    }
    for name, times in (("10 members", few), ("10,000 members", many)):
        waited, computed = (statistics.median(column) * 1000 for column in zip(*times, strict=True))
        print(json.dumps({f"{name}: first page, milliseconds": round(waited, 1)}))
        print(json.dumps({f"{name}: of which the console computed": round(computed, 1)}))
    print(json.dumps({"scroll step, median bytes": statistics.median(steps), "most": max(steps)}))
    missed = False
    for name, value in figures.items():
        missed |= value > AIMS[name] * 1.25
        print(json.dumps({name: round(value, 1), "aim": AIMS[name]}))
    return int(missed and not SMOKE)


if __name__ == "__main__":
    sys.exit(main())

"""Many short calls, one after the other: what of them an engine keeps.

    python tests/bench/bench_calls.py [--calls 2000]

The engine, its platform's sandbox in another process, real sound on loopback (a tone, no ears).
Each call rings, is answered, sounds and is hung up, by the agent and by the customer in turns; then
the next. A phone takes 64 requests under way at once, and an INVITE is kept for 32 s (RFC 6026), so
that there are no more than two calls in a second.

Memory is that of the process with the engine, after a full collection: its own alone, for what it
shares counts more or less as others come and go. What is there in the end (tasks, timers,
transactions, calls, legs, sockets) is compared with what was there after the first 64 calls: they
load what a call needs, and fill what SIP remembers at once, which calls so close together do. Aims:
5 MB more for 2000 calls, and nothing left behind.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.e2e.box import Desk, running  # noqa: E402
from tests.e2e.left_behind import at_rest, one_call  # noqa: E402
from tests.waiting import until  # noqa: E402
from tui.config.schema import AudioSettings  # noqa: E402

SMOKE = bool(os.environ.get("YIMI_BENCH_SMOKE"))
FIRST = 5 if SMOKE else 64
LEAST_LOOK = 100
SERVED = 56
"""Requests under way, of the 64 that a phone takes."""
AIM = 5.0


def memory() -> float:
    """Megabytes of this process's own (proc(5))."""
    gc.collect()
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Anonymous:")).split()[1]) / 1024


def serving(desk: Desk) -> int:
    connection = desk.engine._signalling.connection
    assert connection is not None
    return connection.agent._context.transactions.serving


async def measure(calls: int) -> bool:
    look = max(LEAST_LOOK, calls // 20)
    with tempfile.TemporaryDirectory(prefix="yimi-calls-") as place:
        folder = Path(place)
        (folder / "box").mkdir()
        audio = AudioSettings(input="tone:700", output="none", ring=False)
        async with running(folder / "box", "--agents", "2") as box:
            desk = Desk(box, folder, audio=audio)
            await desk.sign_in()
            for number in range(FIRST):
                await until(lambda: serving(desk) < SERVED, 60)
                await one_call(desk, by_customer=bool(number % 2))
            before = await at_rest(desk)
            base, began = memory(), time.perf_counter()
            print(json.dumps({"calls": FIRST, "own memory, MB": round(base, 1)}), flush=True)
            for number in range(FIRST, calls):
                await until(lambda: serving(desk) < SERVED, 60)
                await one_call(desk, by_customer=bool(number % 2))
                if (number + 1) % look == 0:
                    now = {"calls": number + 1, "own memory, MB": round(memory(), 1)}
                    print(json.dumps(now), flush=True)
            took = time.perf_counter() - began
            left = await at_rest(desk) - before
            for _ in range(0 if SMOKE else 40):  # longer than anything in SIP takes
                if left:
                    await asyncio.sleep(1)
                    left = await at_rest(desk) - before
            more = memory() - base
            await desk.engine.close()
    print(
        json.dumps(
            {
                "calls": calls,
                "s a call": round(took / (calls - FIRST), 2),
                "MB more": round(more, 1),
                "left behind": dict(left),
            }
        )
    )
    return not left and more <= AIM * 1.25


def main() -> int:
    parser = argparse.ArgumentParser(description="What an engine keeps of many calls.")
    parser.add_argument("--calls", type=int, default=8 if SMOKE else 2000)
    options = parser.parse_args()
    return 0 if asyncio.run(measure(options.calls)) or SMOKE else 1


if __name__ == "__main__":
    sys.exit(main())

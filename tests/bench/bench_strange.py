"""The day of an agent in front of a hundred platforms, each as unlike as its seed makes it.

Run it: `python tests/bench/bench_strange.py [first [last]]`; without numbers the seeds 1 to 100.
Each day is a process of its own, one after the other, twenty seconds each; what the platform saw
of one that failed is printed. Prints one line of JSON for each seed and one for all; exits with 1
when a day did not end with console and platform in the same state.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

SMOKE = bool(os.environ.get("YIMI_BENCH_SMOKE"))
LIMIT: Final = 300.0
"""Seconds that a day may take on a busy machine."""


async def live(seed: int) -> None:
    """One day. Raises AssertionError, TimeoutError or what else went wrong."""
    from tests.e2e.strange_day import strange_day

    with tempfile.TemporaryDirectory(prefix="yimi-strange-") as folder:
        async with strange_day(Path(folder), seed) as day:
            await day.whole()


def day(seed: int) -> tuple[bool, float, str]:
    """Whether it ended well, how many seconds it took, and what it printed."""
    began = time.perf_counter()
    command = [sys.executable, __file__, "--live", str(seed)]
    try:
        run = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT, check=False
        )
        well, said = run.returncode == 0, run.stdout + run.stderr
    except subprocess.TimeoutExpired as error:
        well, said = False, f"not over after {error.timeout} s"
    return well, time.perf_counter() - began, said


def main() -> int:
    given = [int(each) for each in sys.argv[1:]] or ([1, 2] if SMOKE else [1, 100])
    failed, lived = [], 0
    for seed in range(given[0], given[-1] + 1):
        well, seconds, said = day(seed)
        lived += 1
        if not well:
            failed.append(seed)
            print(said)
        print(json.dumps({"seed": seed, "well": well, "seconds": round(seconds, 1)}), flush=True)
    print(json.dumps({"days": lived, "failed": failed, "aim": []}))
    return int(bool(failed))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--live"]:
        asyncio.run(live(int(sys.argv[2])))
    else:
        sys.exit(main())

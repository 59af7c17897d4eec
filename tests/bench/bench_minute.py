"""A minute of sound as a phone in use has it: plain aiortc speaks by the relay, our leg listens,
a screen scrolls as fast as it can, and one core is loaded besides. Real pacing.

What must hold: no gap of more than 20 ms that the line did not cause, no lasting delay, and as many
samples as the clock says, within 0.1 %. The first second is not looked at: sound has to begin.

    python tests/bench/bench_minute.py [--seconds 60]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from array import array
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import aioice.ice  # noqa: E402

from tests.bench import line_delay  # noqa: E402
from tests.bench.bench_line import Child, Spoken  # noqa: E402
from tests.bench.bench_tick import busy_screen  # noqa: E402
from tests.media.conftest import Plain  # noqa: E402
from tests.media.relay import Relay  # noqa: E402
from tui.media.pcm.levels import audioop  # noqa: E402

RATE = 48_000
GAP = 20.0
CLOCK = 0.1
LASTING = 20.0
"""Milliseconds; per cent; milliseconds by which the end may be later than the beginning."""
_BLOCK = 240
BUSY = "while True: pass"


def sweep(seconds: float) -> bytes:
    """A tone that rises from 300 to 1,500 Hz within two seconds, again and again: as loud at every
    moment, and at every moment another."""
    period, phase, out = 2 * RATE, 0.0, array("h")
    for index in range(period):
        phase += math.tau * (300 + 1200 * index / period) / RATE
        out.append(round(8000 * math.sin(phase)))
    return out.tobytes() * math.ceil(seconds / 2)


def longest_gap(pcm: bytes) -> float:
    """Milliseconds."""
    longest = run = 0
    for at in range(0, len(pcm) - _BLOCK * 2 + 1, _BLOCK * 2):
        run = run + 1 if audioop.rms(pcm[at : at + _BLOCK * 2], 2) < 600 else 0
        longest = max(longest, run)
    return longest * _BLOCK / RATE * 1000


async def call(seconds: float, folder: Path) -> dict[str, Any]:
    """One call: what was heard, after its first second."""
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
    end, peer = Child("ours", folder), Plain(0)
    said = Spoken(sweep(seconds + 5))
    peer.track.source = said
    async with Relay() as relay:
        try:
            await end.start()
            await peer.accept(relay.from_b(await end.listen(relay.from_a(await peer.offer()))))
            async with asyncio.timeout(20):
                while not relay.a_to_b.sent:
                    await asyncio.sleep(0.02)
            await asyncio.sleep(seconds + 1.5)
            await end.stop()
        finally:
            await peer.close()
            await end.end()
    times, sizes, pcm = end.raw["times"], end.raw["sizes"], end.file.read_bytes()
    first = next(at for at in range(0, len(pcm), 1920) if any(pcm[at : at + 1920])) // 1920 + 50
    last = first + round(seconds * 50)
    times, sizes, pcm = times[first:last], sizes[first:last], pcm[first * 1920 : last * 1920]
    elapsed = times[-1] - times[0]
    delays = line_delay.delays(said.pcm, said.ticks, pcm, times, sizes)
    early = [late for at, late in delays if at < times[0] + seconds / 4] or [0.0]
    late = [late for at, late in delays if at > times[-1] - seconds / 4] or [math.inf]
    return {
        "gap_ms": longest_gap(pcm),
        "clock_per_cent": abs(sum(sizes[:-1]) / RATE / elapsed - 1) * 100,
        "early_ms": statistics.mean(early) * 1000,
        "end_ms": statistics.mean(late) * 1000,
        "concealed_ms": end.raw["counted"]["concealed"] / 48,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60.0)
    seconds = parser.parse_args().seconds
    smoke = bool(os.environ.get("YIMI_BENCH_SMOKE"))
    if smoke:
        seconds = 3.0
    drawn = [0]
    with (
        tempfile.TemporaryDirectory() as folder,
        busy_screen(drawn),
        subprocess.Popen([sys.executable, "-c", BUSY]) as busy,
    ):
        try:
            while drawn[0] < 50_000:
                time.sleep(0.05)
            row = asyncio.run(call(seconds, Path(folder)))
        finally:
            busy.kill()
    row = {key: round(value, 3) for key, value in row.items()}
    missed = [
        name
        for name, off in (
            ("a gap", row["gap_ms"] > GAP),
            ("another clock", row["clock_per_cent"] > CLOCK),
            ("a lasting delay", row["end_ms"] > row["early_ms"] + LASTING),
        )
        if off and not smoke
    ]
    for key, value in row.items():
        print(f"  {key:16} {value}")
    for one in missed:
        print(f"missed: {one}")
    print(json.dumps(row))
    raise SystemExit(bool(missed))


if __name__ == "__main__":
    main()

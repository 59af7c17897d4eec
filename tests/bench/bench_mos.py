"""The score that is shown beside what the E-model says of the line's script.

Our Leg talks to a plain aiortc peer (no error correction from there) through a relay that loses
and delays by script, both ways alike, RTCP too. The score comes from what the leg counts; the
model is given what the relay did: the share it lost, in bursts or not, and its delay. Every
receiver holds back a packet's length; nothing else of ours goes into the model.

`python tests/bench/bench_mos.py [--seconds 30]`; prints one JSON line at the end. Aim: within 0.3.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import aioice.ice

from tests.media.conditions import Condition
from tests.media.conftest import Plain
from tests.media.relay import Relay
from tui.engine.audio.quality_judge import Judge
from tui.engine.audio.quality_monitor import measured
from tui.engine.context import Limits
from tui.media import e_model
from tui.media.leg.leg import AudioLeg
from tui.media.pcm.sinks import NullSink
from tui.media.pcm.sources import ToneSource

NEAR = 0.3
SMOKE = bool(os.environ.get("YIMI_BENCH_SMOKE"))
LINES: dict[str, dict[str, float]] = {
    "clean": {},
    "1 % loss, 20 ms": {"loss": 0.01, "delay": 0.02},
    "5 % loss, 60 ms": {"loss": 0.05, "delay": 0.06},
    "10 % loss, 20 ms": {"loss": 0.10, "delay": 0.02},
    "60 ms bursts": {"burst": 0.06, "delay": 0.02},
    "250 ms": {"delay": 0.25},
    "400 ms, 3 % loss": {"loss": 0.03, "delay": 0.4},
}


class SlowRelay(Relay):
    """Reports take as long as sound does: round trips are measured by them."""

    def carry(self, end: str, data: bytes) -> None:
        report = len(data) > 1 and 128 <= data[0] <= 191 and 192 <= data[1] <= 223
        late = (self.a_to_b if end == "a" else self.b_to_a).condition.delay
        if not report or not late:
            super().carry(end, data)
            return
        self._count += 1
        due = asyncio.get_running_loop().time() + late
        heapq.heappush(self._due, (due, self._count, "b" if end == "a" else "a", data))
        self._arm()


async def call(script: dict[str, Any], seconds: float) -> dict[str, Any]:
    """One call over such a line: the score shown, and the model's."""
    leg, plain = AudioLeg(source=ToneSource(440), sink=NullSink(), loopback=True), Plain(1000)
    judge = Judge(Limits(quality_begin=min(3.0, seconds / 2)), e_model.rate)
    try:
        there, back = (Condition(**script, seed=seed) for seed in (11, 12))
        async with SlowRelay(to_a=there, to_b=back) as relay:
            answer = await plain.answer(relay.from_a(await leg.offer()))
            await leg.accept(relay.from_b(answer))
            loop = asyncio.get_running_loop()
            began = loop.time()
            while loop.time() - began < seconds:
                await asyncio.sleep(1)
                if leg.state.value == "connected":
                    judge.look(loop.time(), measured(leg))
            done = relay.b_to_a
            shown = judge.summary().quality
            length = 1 / 50
            bursts = done.lost * length / script["burst"] if "burst" in script else done.lost
            burst = e_model.burst_ratio(done.lost, round(bursts), done.sent)
            delay = e_model.one_way_delay(2000 * script.get("delay", 0.0), 20, name="opus")
            expected = e_model.mos(e_model.rating(delay, done.loss, "opus", burst=burst))
    finally:
        await leg.close()
        await plain.close()
    mos = None if shown is None else shown.mos
    return {
        "shown": mos,
        "model": round(expected, 2),
        "scripted_loss": round(done.loss, 4),
        "apart": None if mos is None else round(abs(mos - expected), 2),
        "rtt": None if shown is None else shown.rtt,
        "playout": None if shown is None else shown.delay,
        "concealed": None if shown is None else shown.concealed,
    }


async def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5.0 if SMOKE else 30.0)
    seconds = parser.parse_args().seconds
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
    lines = dict(list(LINES.items())[2:3]) if SMOKE else LINES
    found = {}
    for name, script in lines.items():
        found[name] = await call(script, seconds)
        print(f"{name:20} shown {found[name]['shown']}  model {found[name]['model']}", flush=True)
    missed = [n for n, each in found.items() if each["apart"] is None or each["apart"] > NEAR]
    print(json.dumps({"bench": "mos", "seconds": seconds, "lines": found, "missed": missed}))
    return int(bool(missed) and not SMOKE)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

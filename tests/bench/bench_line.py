"""How late, and how whole, sound is on a bad line: our leg, plain aiortc and Chromium's NetEq, each
behind a relay of its own with the same script, at the same time.

First in simulated time: our playout at every phase between the sender's ticks and the
receiver's (seconds of CPU). Then for real: our Leg speaks (it sends FEC where the other end asks
for it), three ends listen; and where nothing is lost plain aiortc speaks to ours as well. Delays
are from the capture of the first sample of what is handed out to its handing out: for ours and
plain found by the sound itself (`line_delay`), for Chromium what its statistics say, and 20 ms for
the packet, and the line's own. The codec's look-ahead (6.5 ms) is not in any of them.

    python tests/bench/bench_line.py [--seconds 20] [--only NAME] [--simulated] [--recordings DIR]

A recording of each condition, ours and plain aiortc's, is written to the directory. The last line
is JSON. Where there is no Chromium, its column is empty.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
import wave
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "interop")]

import aioice.ice  # noqa: E402

from tests.bench import line_delay  # noqa: E402
from tests.media import lines  # noqa: E402
from tests.media.conditions import CONDITIONS  # noqa: E402
from tests.media.conftest import Plain  # noqa: E402
from tests.media.relay import Relay  # noqa: E402
from tests.media.speech import speech  # noqa: E402

AIMS = {
    "clean": {"mean": 50},
    "1 % loss": {"mean": 50},
    "5 % loss": {"mean": 65, "concealed": 1.0},
    "60 ms bursts": {"mean": 60},
    "30 ms jitter": {"mean": 85},
    "60 ms jitter": {},
    "300 ms stall": {"end": 65, "under_100_after": 4.0},
}
"""Milliseconds, per cent, seconds."""
WHOLE = ("clean", "30 ms jitter", "60 ms jitter", "300 ms stall")
"""Lines that lose nothing, where a sender without FEC is as good as one with it."""
PHASES = (0.001, 0.0045, 0.008, 0.0115, 0.015, 0.0185)
STALLED = 8.3
"""When the one stall of the script ends."""
SEED = 3
"""With it, 5 % of 1,000 packets are 50."""


# ------------------------------------------------------------ simulated


def simulated(name: str, pcm: bytes) -> dict[str, float]:
    """Our playout, the mean over all phases of the ticks."""
    sent, rows = lines.packets(pcm), []
    for seed, phase in enumerate(PHASES):
        heard = lines.run(sent, CONDITIONS[name](seed % 3 + 1), phase=phase)
        found = list(zip(heard.times, heard.delays, strict=True))
        row = line_delay.summary(found, STALLED if "stall" in name else None)
        figures = heard.playout.figures
        row["concealed"] = 100 * figures.concealed / figures.played
        row["repaired"] = 100 * figures.repaired / figures.played
        rows.append(row)
    told = {key: statistics.mean(row[key] for row in rows) for key in rows[0]}
    told["worst_mean"] = max(row["mean"] for row in rows)
    return told


# ------------------------------------------------------------ for real


class Spoken:
    """A source that says when each of its blocks was complete."""

    def __init__(self, pcm: bytes) -> None:
        self.pcm, self.at, self.ticks = pcm, 0, list[float]()

    def read(self, samples: int) -> bytes:
        if self.at >= len(self.pcm):
            return bytes(samples * 2)
        self.ticks.append(time.monotonic())
        block = self.pcm[self.at : self.at + samples * 2]
        self.at += samples * 2
        return block


class Nobody:
    def write(self, pcm: bytes) -> None:
        """Nothing is listened to at this end."""


class Child:
    """`line_ends.py`, one of the kinds."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind, self.file = kind, folder / f"{kind}.pcm"
        self.process: asyncio.subprocess.Process | None = None
        self.raw: dict[str, Any] = {}

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(Path(__file__).with_name("line_ends.py")), self.kind, self.file),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**24,
        )

    async def ask(self, value: Any) -> Any:
        assert self.process is not None
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write((json.dumps(value) + "\n").encode())
        await self.process.stdin.drain()
        return json.loads(await asyncio.wait_for(self.process.stdout.readline(), 30))

    async def listen(self, offer: str) -> str:
        answer: str = await self.ask(offer)
        return answer

    async def look(self) -> None:
        """Nothing to look at before the end."""

    async def stop(self) -> None:
        self.raw = await self.ask("end")

    def told(self, said: Spoken, relay: Relay, stalled: float | None) -> dict[str, Any]:
        told, pcm = self.raw, self.file.read_bytes()
        found = line_delay.delays(said.pcm, said.ticks, pcm, told["times"], told["sizes"])
        row: dict[str, Any] = line_delay.summary(found, stalled)
        if counted := told["counted"]:
            row["concealed"] = 100 * counted["concealed"] / max(1, counted["played"])
            row["repaired"] = 100 * counted["repaired"] / max(1, counted["played"])
        else:  # plain aiortc conceals nothing: what it lacks is left out
            row["concealed"] = 100 * _missing(told["times"], told["sizes"])
        return row

    async def end(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


def _missing(times: list[float], sizes: list[int]) -> float:
    """The share of the time, from the first block to the last, for which none was handed out."""
    if len(times) < 2:
        return 1.0
    return max(0.0, 1 - sum(sizes[:-1]) / 48_000 / (times[-1] - times[0]))


class Browser:
    """Chromium, listening; a page for each run."""

    def __init__(self, folder: Path) -> None:
        from chromium import Page

        self.kind = "chromium"
        folder.mkdir()
        self.page = Page(folder, Path(__file__).with_name("listener.js"))
        self.looks: list[dict[str, float]] = []
        self.times: list[float] = []

    async def start(self) -> None:
        await self.page.start()

    async def listen(self, offer: str) -> str:
        answer: str = await self.page.call("listen", offer)
        return answer

    async def look(self) -> None:
        if (seen := await self.page.call("figures")) is not None:
            self.looks.append(seen)
            self.times.append(time.monotonic())

    async def stop(self) -> None:
        await self.look()

    def told(self, said: Spoken, relay: Relay, stalled: float | None) -> dict[str, Any]:
        own = 0.02 + relay.a_to_b.delay
        found = []
        for at, one, other in zip(self.times[1:], self.looks, self.looks[1:], strict=False):
            count = other["jitterBufferEmittedCount"] - one["jitterBufferEmittedCount"]
            if count:
                late = (other["jitterBufferDelay"] - one["jitterBufferDelay"]) / count
                found.append((at, late + own))
        row: dict[str, Any] = line_delay.summary(found[1:], stalled)
        if found:
            row["end"] = 1000 * statistics.mean(late for _, late in found[-4:])
        last = self.looks[-1]
        share = last["concealedSamples"] / max(1, last["totalSamplesReceived"])
        row["concealed"] = 100 * share
        return row

    async def end(self) -> None:
        await self.page.end()


def _speaker(said: Spoken, *, plain: bool) -> Any:
    """Who speaks: our Leg, or plain aiortc."""
    from tui.media.leg import Leg

    if not plain:
        return Leg(source=said, sink=Nobody(), loopback=True)
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
    peer = Plain(0)
    peer.track.source = said
    return peer


async def call(
    end: Child | Browser, name: str, seconds: float, *, from_plain: bool = False
) -> tuple[Spoken, Relay, float | None]:
    """One call to that end over a line of that kind. What is to be told of it is found out when
    all calls are over: that takes a core."""
    said = Spoken(speech(seconds, seed=3))
    leg = _speaker(said, plain=from_plain)
    async with Relay(to_b=CONDITIONS[name](SEED)) as relay:
        try:
            await end.start()
            await leg.accept(relay.from_b(await end.listen(relay.from_a(await leg.offer()))))
            limit = time.monotonic() + 20
            while not relay.a_to_b.sent:
                if time.monotonic() > limit:
                    raise SystemExit(f"the call to {end.kind} did not come up")
                await asyncio.sleep(0.02)
            stop = time.monotonic() + seconds
            while time.monotonic() < stop:
                await end.look()
                await asyncio.sleep(0.5)
            began = relay.a_to_b.began or 0.0
            stalled = began + STALLED if "stall" in name else None
            await end.stop()
        finally:
            await leg.close()
            await end.end()
    return said, relay, stalled


async def real(name: str, seconds: float, recordings: Path | None, browser: bool) -> dict[str, Any]:
    """All ends at the same time; then ours alone, with plain aiortc at the other end."""
    with tempfile.TemporaryDirectory() as folder:
        ends: list[Child | Browser] = [Child(kind, Path(folder)) for kind in ("ours", "plain")]
        if browser:
            ends.append(Browser(Path(folder) / "browser"))
        calls = await asyncio.gather(*(call(end, name, seconds) for end in ends))
        rows = {}
        for end, (said, relay, stalled) in zip(ends, calls, strict=True):
            rows[end.kind] = end.told(said, relay, stalled)
            rows[end.kind]["lost"] = 100 * relay.a_to_b.loss
            if recordings is not None and isinstance(end, Child):
                _record(recordings / f"{name.replace(' ', '-')}-{end.kind}.wav", end.file)
        if name in WHOLE:
            end = Child("ours", Path(folder))
            said, relay, stalled = await call(end, name, seconds, from_plain=True)
            rows["from plain"] = end.told(said, relay, stalled)
    return rows


def _record(path: Path, pcm: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        file.writeframes(pcm.read_bytes())


# ------------------------------------------------------------ told


def shown(kind: str, row: dict[str, Any]) -> str:
    """A row for people."""
    parts = [f"  {kind:10}"]
    for key, form in (
        ("mean", "{:4.0f}"),
        ("p95", "{:4.0f}"),
        ("end", "{:4.0f} ms"),
        ("worst_mean", "{:3.0f} ms"),
        ("concealed", "{:4.1f} %"),
        ("repaired", "{:4.1f} %"),
        ("under_100_after", "{:.1f} s"),
        ("under_65_after", "{:.1f} s"),
    ):
        if key in row:
            parts.append(f"{key.replace('_', ' ')} {form.format(row[key])}")
    return "  ".join(parts)


def missed(name: str, row: dict[str, Any]) -> list[str]:
    """The aims that this row of ours does not reach."""
    return [
        f"{name}: {key} {row.get(key, float('inf')):.1f} > {most}"
        for key, most in AIMS.get(name, {}).items()
        if row.get(key, float("inf")) > most
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--only", choices=sorted(CONDITIONS))
    parser.add_argument("--simulated", action="store_true", help="no call, no socket")
    parser.add_argument("--recordings", type=Path, default=Path(__file__).parent / "recordings")
    given = parser.parse_args()
    smoke = bool(os.environ.get("YIMI_BENCH_SMOKE"))
    names = [given.only] if given.only else list(CONDITIONS)
    seconds, recordings = given.seconds, given.recordings
    if smoke:
        names, seconds, recordings = ["5 % loss"], 3.0, None
    elif not given.simulated:
        recordings.mkdir(exist_ok=True)
    result: dict[str, Any] = {"simulated": {}, "real": {}}
    pcm = speech(seconds, seed=3)
    for name in names:
        row = result["simulated"][name] = simulated(name, pcm)
        print(f"{name}, simulated\n{shown('ours', row)}", flush=True)
    if not given.simulated:
        browser = not smoke and _has_chromium()
        for name in names:
            rows = result["real"][name] = asyncio.run(real(name, seconds, recordings, browser))
            print(f"{name}, for real")
            for kind, row in rows.items():
                print(shown(kind, row), flush=True)
    off = []
    if not smoke:
        for kind in ("simulated", "real"):
            for name, rows in result[kind].items():
                if kind == "simulated":
                    off += missed(name, rows)
                    continue
                for heard in {"ours", "from plain"} & rows.keys():
                    off += missed(name, rows[heard])
        for one in off:
            print(f"missed: {one}")
    print(json.dumps(_rounded(result)))
    raise SystemExit(bool(off))


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return round(value, 2) if isinstance(value, float) else value


def _has_chromium() -> bool:
    from programs import Missing, need

    try:
        need("chromium", "chromium")
    except Missing:
        print("there is no Chromium here: its column stays empty")
        return False
    return True


if __name__ == "__main__":
    main()

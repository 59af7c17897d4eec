"""How late, how whole and how good sound is on a bad line: our leg, plain aiortc and Chromium's
NetEq, each behind a relay of its own with the same script.

First in simulated time: our playout without copies at every phase between the sender's ticks and
the receiver's, the losses at other places of the speech each time. Then for real: our Leg speaks
(it sends FEC where the other end asks for it, and redundant copies where that takes them and
reports loss), three ends listen; "bare" is our leg once more, to which no copies are offered; and
where nothing is lost plain aiortc speaks to ours as well. What is said is recorded speech, and how
it is heard is PESQ-WB (`recorded_speech`); where either is missing it is speech that is made here,
and no PESQ. Delays are from the capture of the first sample of what is handed out to its handing
out: for ours and plain found by the sound itself (`line_delay`), for Chromium what its statistics
say, and 20 ms for the packet, and the line's own. The codec's look-ahead (6.5 ms) is not in any of
them.

    python tests/bench/bench_line.py [--seconds 27] [--only NAME] [--simulated] [--recordings DIR]

A recording of each condition is written to the directory. The last line is JSON. Where there is no
Chromium, its column is empty.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import re
import statistics
import sys
import tempfile
import time
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import aioice.ice  # noqa: E402

from tests.bench import line_delay, recorded_speech  # noqa: E402
from tests.media import lines  # noqa: E402
from tests.media.conditions import CONDITIONS  # noqa: E402
from tests.media.conftest import Plain  # noqa: E402
from tests.media.relay import Relay  # noqa: E402
from tests.media.speech import speech  # noqa: E402
from tui.media.codec.codecs import opus_is_deep, opus_source  # noqa: E402

AIMS: dict[str, dict[str, float]] = {
    "clean": {"mean": 50},
    "1 % loss": {"mean": 50},
    "5 % loss": {"mean": 65, "concealed": 1.0},
    "60 ms bursts": {"mean": 60},
    "30 ms jitter": {"mean": 85},
    "60 ms jitter": {},
    "300 ms stall": {"end": 65, "under_100_after": 4.0},
}
"""Milliseconds, per cent, seconds; of ours without copies. What is concealed is in simulated time,
whose speech has no pauses: opus makes no copies of those."""
HEARD: dict[str, float] = {"60 ms bursts": 3.6, "10 % bursts": 3.0}
"""PESQ, at least, of ours for real."""
HEARD_BARE: dict[str, float] = {"60 ms bursts": 3.0, "10 % bursts": 2.6}
"""The same without copies, by a libopus that conceals by its net: in simulated time, since which
sounds a few bursts fall on makes a third of a point between two runs of half a minute."""
WHOLE = ("clean", "30 ms jitter", "60 ms jitter", "300 ms stall")
"""Lines that lose nothing, where a sender without FEC is as good as one with it."""
PHASES = (0.001, 0.0045, 0.008, 0.0115, 0.015, 0.0185)
STALLED = 8.3
"""When the one stall of the script ends."""
SAME = 0.1
"""PESQ that is no difference: two runs of one line differ by as much."""
LEAD = 3.0
"""Seconds of silence before anything is said: a browser takes both cores to set up its sound."""
SEED = 3
"""With it, 5 % of 1,000 packets are 50."""


# ------------------------------------------------------------ simulated


def simulated(name: str, pcm: bytes, parts: Sequence[bytes]) -> dict[str, float]:
    """Our playout, the mean over all phases of the ticks: the figures of `pcm`, and how well
    `parts` are heard, which are recordings as in `Spoken`."""
    sent, rows = lines.packets(pcm), []
    led = bytes(round(LEAD * 48_000) * 2) + recorded_speech.said(parts) + bytes(96_000)
    clips = lines.packets(led) if parts else []
    for seed, phase in enumerate(PHASES):
        heard = lines.run(sent, CONDITIONS[name](seed % 3 + 1), phase=phase)
        found = list(zip(heard.times, heard.delays, strict=True))
        row = line_delay.summary(found, STALLED if "stall" in name else None)
        figures = heard.playout.figures
        row["concealed"] = 100 * figures.concealed / figures.played
        row["repaired"] = 100 * figures.repaired / figures.played
        if parts:
            heard = lines.run(clips, CONDITIONS[name](seed + 1), phase=phase)
            row["pesq"] = recorded_speech.pesq(parts, heard.pcm, late=LEAD)
        rows.append(row)
    told = {key: statistics.mean(row[key] for row in rows) for key in rows[0]}
    told["worst_mean"] = max(row["mean"] for row in rows)
    return told


# ------------------------------------------------------------ for real


def _recordings(seconds: float) -> list[bytes]:
    """What is said, at 16 kHz; none where there are none."""
    return [] if recorded_speech.missing() else recorded_speech.clips(seconds)


class Spoken:
    """A source that says when each of its blocks was complete."""

    def __init__(self, pcm: bytes, parts: Sequence[bytes] = ()) -> None:
        self.pcm, self.at, self.ticks = pcm, 0, list[float]()
        self.parts = parts
        """The recordings that it is made of, at 16 kHz; none where it is none of them."""

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

    def __init__(self, kind: str, folder: Path, copies: bool = True) -> None:
        self.kind = kind if copies else "bare"
        self._end, self._copies = kind, copies
        self.file = folder / f"{self.kind}.pcm"
        self.process: asyncio.subprocess.Process | None = None
        self.raw: dict[str, Any] = {}

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(Path(__file__).with_name("line_ends.py")), self._end, self.file),
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
        answer: str = await self.ask(offer if self._copies else _without_copies(offer))
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
        if said.parts:
            before = [size for at, size in zip(told["times"], told["sizes"], strict=True)
                      if at < said.ticks[0] - 0.02]  # fmt: skip
            row["pesq"] = recorded_speech.pesq(said.parts, pcm, late=LEAD + sum(before) / 48_000)
        return row

    async def end(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


def _without_copies(sdp: str) -> str:
    """The offer without its redundant format."""
    found = re.search(r"a=rtpmap:(\d+) red/", sdp)
    if found is None:
        return sdp
    sdp = re.sub(rf"a=(rtpmap|fmtp):{found[1]} .*\r\n", "", sdp)
    return re.sub(rf"(m=audio .*) {found[1]}\b", r"\1", sdp)


def _missing(times: list[float], sizes: list[int]) -> float:
    """The share of the time, from the first block to the last, for which none was handed out."""
    if len(times) < 2:
        return 1.0
    return max(0.0, 1 - sum(sizes[:-1]) / 48_000 / (times[-1] - times[0]))


class Browser:
    """Chromium, listening; a page for each run."""

    def __init__(self, folder: Path) -> None:
        from tests.interop.chromium import Page

        self.kind = "chromium"
        folder.mkdir()
        self.file = folder / "heard.pcm"
        self.raw: dict[str, Any] = {}
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
        self.raw = await self.page.call("recorded")
        self.raw["now"] = time.time() - time.monotonic()
        self.file.write_bytes(base64.b64decode(self.raw.pop("pcm")))

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
        if said.parts and self.raw["rate"] == 48_000:
            began = self.raw["began"] / 1000 - self.raw["now"]
            late = LEAD + said.ticks[0] - 0.02 - began
            row["pesq"] = recorded_speech.pesq(said.parts, self.file.read_bytes(), late=late)
        return row

    async def end(self) -> None:
        await self.page.end()


def _speaker(said: Spoken, *, plain: bool) -> Any:
    """Who speaks: our Leg, or plain aiortc."""
    from tui.media.leg.leg import AudioLeg

    if not plain:
        return AudioLeg(source=said, sink=Nobody(), loopback=True)
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
    peer = Plain(0)
    peer.track.source = said
    return peer


async def call(
    end: Child | Browser, name: str, seconds: float, *, from_plain: bool = False
) -> tuple[Spoken, Relay, float | None]:
    """One call over a line of that kind to that end, which has been started, and is ended here.
    What is to be told of it is found out when all calls are over: that takes a core."""
    parts = _recordings(seconds)
    pcm = recorded_speech.said(parts) if parts else speech(seconds, seed=3)
    said = Spoken(bytes(round(LEAD * 48_000) * 2) + pcm, parts)
    leg = _speaker(said, plain=from_plain)
    async with Relay(to_b=CONDITIONS[name](SEED)) as relay:
        try:
            await leg.accept(relay.from_b(await end.listen(relay.from_a(await leg.offer()))))
            limit = time.monotonic() + 20
            while not relay.a_to_b.sent:
                if time.monotonic() > limit:
                    raise SystemExit(f"the call to {end.kind} did not come up")
                await asyncio.sleep(0.02)
            stop = time.monotonic() + LEAD + seconds
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
    """Ours and Chromium at the same time, then plain aiortc and ours without copies; then ours
    alone, with plain aiortc at the other end."""
    with tempfile.TemporaryDirectory() as folder:
        ends: list[Child | Browser] = [Child("ours", Path(folder))]
        if browser:
            ends.append(Browser(Path(folder) / "browser"))
        ends += [Child("plain", Path(folder)), Child("ours", Path(folder), copies=False)]
        calls = []
        for pair in (ends[:2], ends[2:]):  # two cores do not carry all of them on time
            await asyncio.gather(*(end.start() for end in pair))  # a browser takes both for it
            calls += await asyncio.gather(*(call(end, name, seconds) for end in pair))
        rows = {}
        for end, (said, relay, stalled) in zip(ends, calls, strict=True):
            rows[end.kind] = end.told(said, relay, stalled)
            rows[end.kind]["lost"] = 100 * relay.a_to_b.loss
            if recordings is not None:
                _record(recordings / f"{name.replace(' ', '-')}-{end.kind}.wav", end.file)
        if name in WHOLE:
            end = Child("ours", Path(folder))
            await end.start()
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
        ("pesq", "{:.2f}"),
        ("under_100_after", "{:.1f} s"),
        ("under_65_after", "{:.1f} s"),
    ):
        if key in row:
            parts.append(f"{key.replace('_', ' ')} {form.format(row[key])}")
    return "  ".join(parts)


def missed(name: str, row: dict[str, Any], apart: str = "") -> list[str]:
    """The aims that this row of ours does not reach, but for the one that stands `apart`."""
    return [
        f"{name}: {key} {row.get(key, float('inf')):.1f} > {most}"
        for key, most in AIMS.get(name, {}).items()
        if row.get(key, float("inf")) > most and key != apart
    ]


def behind(name: str, rows: dict[str, dict[str, Any]]) -> list[str]:
    """Where ours is not heard as well as it should be, or later or less well than Chromium."""
    off = unheard(name, rows["ours"], HEARD)
    ours, other = rows["ours"], rows.get("chromium", {})
    if "pesq" in ours and ours["pesq"] < other.get("pesq", 0.0) - SAME:
        off.append(f"{name}: pesq {ours['pesq']:.2f} < Chromium's {other['pesq']:.2f}")
    if ours["mean"] > other.get("mean", float("inf")):
        off.append(f"{name}: mean {ours['mean']:.0f} > Chromium's {other['mean']:.0f}")
    return off


def unheard(name: str, row: dict[str, Any], least: dict[str, float]) -> list[str]:
    """Where it is not heard as well as it should be."""
    heard = row.get("pesq", 5.0)
    return [f"{name}: pesq {heard:.2f} < {least[name]}"] if heard < least.get(name, 0.0) else []


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=27.0)
    parser.add_argument("--only", choices=sorted(CONDITIONS))
    parser.add_argument("--simulated", action="store_true", help="no call, no socket")
    parser.add_argument("--recordings", type=Path, default=Path(__file__).parent / "recordings")
    given = parser.parse_args()
    smoke = bool(os.environ.get("YIMI_BENCH_SMOKE"))
    names = [given.only] if given.only else list(CONDITIONS)
    seconds, recordings = given.seconds, given.recordings
    if smoke:
        names, seconds, recordings = ["5 % loss"], 4.0, None
    elif not given.simulated:
        recordings.mkdir(exist_ok=True)
    result: dict[str, Any] = {"simulated": {}, "real": {}}
    pcm, parts = speech(seconds, seed=3), _recordings(seconds)
    for name in names:
        row = result["simulated"][name] = simulated(name, pcm, parts)
        print(f"{name}, simulated\n{shown('ours', row)}", flush=True)
    if lacks := recorded_speech.missing():
        print(f"there is no PESQ here: {lacks} is missing (tests/bench/README.md)")
    deep = opus_is_deep()
    print(f"opus: {opus_source()}, {'with' if deep else 'without'} a net for what is lost")
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
                    off += unheard(name, rows, HEARD_BARE) if deep else []
                    continue
                off += behind(name, rows)
                for heard in {"bare", "from plain"} & rows.keys():
                    off += missed(name, rows[heard], apart="concealed")
        for one in off:
            print(f"missed: {one}")
    print(json.dumps(_rounded(result)))
    raise SystemExit(bool(off))


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return round(value, 2) if isinstance(value, float) else value


def _has_chromium() -> bool:
    from tests.interop.programs import Missing, need

    try:
        need("chromium", "chromium")
    except Missing:
        print("there is no Chromium here: its column stays empty")
        return False
    return True


if __name__ == "__main__":
    main()

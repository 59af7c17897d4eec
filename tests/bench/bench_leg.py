"""What a call costs: our Leg beside a bare aiortc call, same machine, same run, as a ratio.

Each side is measured in a process of its own that carries one call (a tone both ways, on
loopback) with a bare aiortc peer in a third process. Numbers: milliseconds of CPU per second
of call, proportional memory (PSS) in MiB, and milliseconds from the moment the answer exists
to the first sound heard (the way of the answer to the peer is in it). Taken in turns, so that a
busy machine is busy for both. `python tests/bench/bench_leg.py [--seconds 10] [--rounds 3]`;
prints one JSON line at the end. Aims: CPU ≤ 0.45 × bare; answer to first sound ≤ 100 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import fractions
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
AIMS = {"CPU beside bare": 0.45, "answer to first sound, ms": 100.0}
"""Missed by more than a quarter, the bench fails."""
sys.path.insert(0, str(ROOT))


def pss() -> float:
    """Proportional set size of this process, in MiB."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


async def readline() -> str:
    return await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


def say(value: Any) -> None:
    print(json.dumps(value), flush=True)


def bare_track() -> Any:
    """A tone as the simplest of tracks."""
    from aiortc.mediastreams import MediaStreamTrack
    from av import AudioFrame

    from tui.media.pcm.tones import tone

    pcm = tone((440,), duration=1.0, fade=0)

    class Track(MediaStreamTrack):
        kind = "audio"
        pts = 0
        start = 0.0

        async def recv(self) -> AudioFrame:
            loop = asyncio.get_running_loop()
            self.start = self.start or loop.time()
            await asyncio.sleep(max(0, self.start + self.pts / 48000 - loop.time()))
            frame = AudioFrame(format="s16", layout="mono", samples=960)
            at = self.pts % 48000 * 2
            frame.planes[0].update(pcm[at : at + 1920])
            frame.sample_rate, frame.pts = 48000, self.pts
            frame.time_base = fractions.Fraction(1, 48000)
            self.pts += 960
            return frame

    return Track()


async def bare(offering: bool) -> tuple[Any, Any, Any]:
    """A bare aiortc end; its signalling goes over standard input and output."""
    import aioice.ice
    from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
    from aiortc.mediastreams import MediaStreamError

    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    pc.addTrack(bare_track())
    frames = [0]
    first = [0.0]
    tasks = []

    async def read(track: Any) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if any(bytes(frame.planes[0])):
                first[0] = first[0] or time.monotonic()
            frames[0] += 1

    pc.on("track", lambda track: tasks.append(asyncio.ensure_future(read(track))))
    if offering:
        await pc.setLocalDescription(await pc.createOffer())
        say(pc.localDescription.sdp)
        answer = json.loads(await readline())
        await pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    else:
        offer = json.loads(await readline())
        await pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await pc.setLocalDescription(await pc.createAnswer())
        say(pc.localDescription.sdp)
    return pc, lambda: frames[0], lambda: first[0]


async def ours() -> tuple[Any, Any, Any]:
    """Our leg as the answering end."""
    from tui.media.leg.leg import AudioLeg
    from tui.media.pcm.sources import ToneSource
    from tui.media.warm_up import warm_up

    warm_up()  # as the engine does while its first call rings

    class Count:
        samples = 0
        first = 0.0

        def write(self, pcm: bytes) -> None:
            self.samples += len(pcm) // 2
            if not self.first and any(pcm):
                self.first = time.monotonic()

    count = Count()
    leg = AudioLeg(source=ToneSource(440), sink=count, loopback=True)
    say(await leg.answer(json.loads(await readline())))
    return leg, lambda: count.samples // 960, lambda: count.first


async def end(kind: str, seconds: float) -> None:
    """One end of a call; all but the peer measure themselves."""
    one, heard, first = await (ours() if kind == "ours" else bare(offering=kind == "peer"))
    answered = time.monotonic()
    if kind == "peer":
        await readline()
    else:
        limit = time.monotonic() + 20
        while heard() < 50:
            if time.monotonic() > limit:
                raise SystemExit("the call did not come up")
            await asyncio.sleep(0.1)
        before, began, frames = time.process_time(), time.monotonic(), heard()
        await asyncio.sleep(seconds)
        took = time.monotonic() - began
        cpu = (time.process_time() - before) / took * 1000
        began = (first() - answered) * 1000
        say({"cpu": cpu, "pss": pss(), "frames": (heard() - frames) / took, "first": began})
        await readline()
    await one.close()


def measure(kind: str, seconds: float) -> dict[str, float]:
    """One call of a bare peer with that end."""
    command = [sys.executable, __file__, "--seconds", str(seconds), "--end"]
    options: dict[str, Any] = {
        "stdin": subprocess.PIPE,
        "stdout": subprocess.PIPE,
        "text": True,
        "env": {**os.environ, "PYTHONPATH": str(ROOT)},
    }
    with (
        subprocess.Popen([*command, "peer"], **options) as peer,
        subprocess.Popen([*command, kind], **options) as other,
    ):
        assert peer.stdin
        assert peer.stdout
        assert other.stdin
        assert other.stdout
        try:
            other.stdin.write(peer.stdout.readline())
            other.stdin.flush()
            peer.stdin.write(other.stdout.readline())
            peer.stdin.flush()
            result: dict[str, float] = json.loads(other.stdout.readline())
            for process in (other, peer):
                process.communicate("\n", timeout=10)
        finally:
            for process in (other, peer):
                process.kill()
    return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--end", choices=["peer", "ours", "bare"])
    given = parser.parse_args()
    if given.end:
        asyncio.run(end(given.end, given.seconds))
        return
    if os.environ.get("YIMI_BENCH_SMOKE"):
        given.seconds, given.rounds = 1.0, 1
    results: dict[str, list[dict[str, float]]] = {"ours": [], "bare": []}
    for _ in range(given.rounds):
        for kind, taken in results.items():
            taken.append(measure(kind, given.seconds))
            print(f"{kind:5}", {k: round(v, 1) for k, v in taken[-1].items()}, flush=True)
    middle = {
        kind: {
            name: statistics.median(r[name] for r in taken)
            for name in ("cpu", "pss", "frames", "first")
        }
        for kind, taken in results.items()
    }
    found = {
        "CPU beside bare": middle["ours"]["cpu"] / middle["bare"]["cpu"],
        "answer to first sound, ms": middle["ours"]["first"],
    }
    for name, value in found.items():
        verdict = "met" if value <= AIMS[name] else "missed"
        print(f"{name}: {value:.3g} (aim: ≤ {AIMS[name]:g}: {verdict})")
    say(
        {
            "cpu_ms_per_s": {kind: round(values["cpu"], 1) for kind, values in middle.items()},
            "pss_mib": {kind: round(values["pss"], 1) for kind, values in middle.items()},
            "cpu_ratio": round(middle["ours"]["cpu"] / middle["bare"]["cpu"], 3),
            "answer_to_first_ms": {k: round(v["first"], 1) for k, v in middle.items()},
            "pss_ratio": round(middle["ours"]["pss"] / middle["bare"]["pss"], 3),
        }
    )
    smoke = "YIMI_BENCH_SMOKE" in os.environ
    raise SystemExit(not smoke and any(value > AIMS[name] * 1.25 for name, value in found.items()))


if __name__ == "__main__":
    main()

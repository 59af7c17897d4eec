"""The receiving ends of `bench_line.py`, each in a process of its own: our Leg, and plain aiortc.

    python tests/bench/line_ends.py ours|plain FILE

The offer comes as a line of JSON, the answer goes as one; at the next line the end writes what it
heard to FILE (48 kHz mono s16) and says when each block was handed out, and what it counted.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))


class Heard:
    """A sink that keeps everything, with the times (monotonic, the same in every process)."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.blocks: list[bytes] = []

    def write(self, pcm: bytes) -> None:
        self.times.append(time.monotonic())
        self.blocks.append(pcm)


async def line() -> str:
    return await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


def say(value: Any) -> None:
    print(json.dumps(value), flush=True)


async def ours(heard: Heard) -> dict[str, Any]:
    from tui.media.leg.leg import AudioLeg
    from tui.media.pcm.sources import Looped

    leg = AudioLeg(source=Looped(bytes(1920)), sink=heard, loopback=True)
    say(await leg.answer(json.loads(await line())))
    await line()
    figures = leg._session.received.playout.figures
    counted = {name: getattr(figures, name) for name in type(figures).__slots__}
    await leg.close()
    return counted


async def plain(heard: Heard) -> dict[str, Any]:
    import aioice.ice
    from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
    from aiortc.mediastreams import AudioStreamTrack, MediaStreamError

    from tui.media.pcm.levels import to_mono

    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    pc.addTrack(AudioStreamTrack())
    tasks = []

    async def read(track: Any) -> None:
        due = 0.0
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            # A sound device takes no more than 20 ms in 20 ms, whatever waits.
            due = max(due + 0.02, time.monotonic())
            await asyncio.sleep(due - time.monotonic())
            channels = frame.layout.nb_channels
            heard.write(to_mono(bytes(frame.planes[0])[: frame.samples * 2 * channels], channels))

    pc.on("track", lambda track: tasks.append(asyncio.ensure_future(read(track))))
    await pc.setRemoteDescription(RTCSessionDescription(json.loads(await line()), "offer"))
    await pc.setLocalDescription(await pc.createAnswer())
    say(pc.localDescription.sdp)
    await line()
    await pc.close()
    return {}


async def main(kind: str, path: str) -> None:
    heard = Heard()
    counted = await {"ours": ours, "plain": plain}[kind](heard)
    Path(path).write_bytes(b"".join(heard.blocks))
    sizes = [len(block) // 2 for block in heard.blocks]
    say({"times": heard.times, "sizes": sizes, "counted": counted})


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))

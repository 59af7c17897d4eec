"""How late the engine's 20 ms tick is while a screen scrolls a table as fast as it can.

Three processes, as in life: one with our audio leg in a call, one with its peer (plain aiortc), and
a Textual screen in a pseudo-terminal of its own. The tick is taken where the leg asks its source
for the next 20 ms. Aim: p99 at most 3 ms late.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import multiprocessing
import os
import pty
import subprocess
import sys
import threading
import time
from multiprocessing.connection import Connection

TICK = 0.02
LEAN = 0.0004
AIM = 3.0
SMOKE = bool(os.environ.get("YIMI_BENCH_SMOKE"))
SECONDS = 3.0 if SMOKE else 20.0


class Watched:
    """A source that notes when it is asked."""

    def __init__(self) -> None:
        from tui.media.pcm.sources import ToneSource

        self._tone = ToneSource(440)
        self.times: list[float] = []

    def read(self, samples: int) -> bytes:
        """The tone; the instant is kept."""
        self.times.append(time.monotonic())
        return self._tone.read(samples)


def lateness(times: list[float]) -> list[float]:
    """Milliseconds behind a grid of 20 ms that starts at the earliest tick.

    The playout moves the ticks by up to LEAN each (12.5 ms in all), to where packets wait for none
    of them: the grid goes along. After a stall of more than 200 ms the missed ticks are left out:
    so does the grid.
    """
    late: list[float] = []
    start = min(at - i * TICK for i, at in enumerate(times[:50]))
    index = 0
    for at in times:
        behind = at - start - index * TICK
        late.append(max(0.0, behind) * 1000)
        start += min(behind, LEAN)
        if behind > 0.2:
            index += int(behind / TICK)
        index += 1
    return late


def engine(line: Connection) -> None:
    """The process with our leg: offers, then sends for as long as it is told."""

    async def run() -> None:
        from tui.media.leg.leg import AudioLeg
        from tui.media.pcm.sinks import NullSink

        source = Watched()
        leg = AudioLeg(source=source, sink=NullSink(), loopback=True)
        line.send(await leg.offer())
        await leg.accept(await asyncio.to_thread(line.recv))
        while leg.state != "connected":
            await asyncio.sleep(0.01)
        gc.collect()
        gc.freeze()  # as the engine does for the time of a call
        line.send("connected")
        while (command := await asyncio.to_thread(line.recv)) != "end":
            if command == "start":
                source.times.clear()
            else:
                line.send(list(source.times))
        await leg.close()

    asyncio.run(run())


def peer(line: Connection) -> None:
    """Plain aiortc at the other end, which says a tone as well."""

    async def run() -> None:
        import aioice.ice
        from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
        from aiortc.contrib.media import MediaBlackhole
        from aiortc.mediastreams import AudioStreamTrack

        aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        hole = MediaBlackhole()
        connection.on("track", hole.addTrack)
        offer = await asyncio.to_thread(line.recv)
        await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        connection.addTrack(AudioStreamTrack())
        await connection.setLocalDescription(await connection.createAnswer())
        await hole.start()
        line.send(connection.localDescription.sdp)
        await asyncio.to_thread(line.recv)
        await connection.close()

    asyncio.run(run())


def screen() -> None:
    """A table of 5,000 rows, scrolled one page at every turn of the event loop."""
    from textual.app import App, ComposeResult
    from textual.widgets import DataTable

    class Busy(App[None]):
        def compose(self) -> ComposeResult:
            yield DataTable()

        def on_mount(self) -> None:
            table = self.query_one(DataTable)
            table.add_columns(*(f"column {n}" for n in range(8)))
            table.add_rows([f"{row} {n}" for n in range(8)] for row in range(5000))
            self.turn()

        def turn(self) -> None:
            table = self.query_one(DataTable)
            here = table.scroll_offset.y
            table.scroll_to(y=0 if here >= table.max_scroll_y else here + 20, animate=False)
            self.call_after_refresh(self.turn)

    Busy().run()


@contextlib.contextmanager
def busy_screen(drawn: list[int]):  # type: ignore[no-untyped-def]
    """The screen in a process and a pseudo-terminal of its own; ``drawn`` counts its bytes."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"}
    process = subprocess.Popen(
        [sys.executable, __file__, "--screen"], stdin=theirs, stdout=theirs, stderr=theirs,
        env=environment, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)

    def drain() -> None:
        with contextlib.suppress(OSError):
            while data := os.read(ours, 65536):
                drawn[0] += len(data)

    reader = threading.Thread(target=drain, daemon=True)
    reader.start()
    try:
        yield
    finally:
        process.kill()
        process.wait()
        reader.join(2)
        os.close(ours)


def at(values: list[float], share: float) -> float:
    """That quantile."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main() -> None:
    """Measure beside nothing, then beside the screen, and print both."""
    spawn = multiprocessing.get_context("spawn")
    to_engine, engine_end = spawn.Pipe()
    to_peer, peer_end = spawn.Pipe()
    ends = [
        spawn.Process(target=engine, args=(engine_end,)),
        spawn.Process(target=peer, args=(peer_end,)),
    ]
    for end in ends:
        end.start()
    results = {}
    drawn = [0]
    try:
        to_peer.send(to_engine.recv())
        to_engine.send(to_peer.recv())
        if not to_engine.poll(20):
            raise SystemExit("the call did not come up")
        to_engine.recv()
        for name in ("alone", "beside the screen"):
            with contextlib.ExitStack() as stack:
                if name != "alone":
                    stack.enter_context(busy_screen(drawn))
                    while drawn[0] < 50_000:  # it draws for certain before the count begins
                        time.sleep(0.05)
                to_engine.send("start")
                time.sleep(SECONDS)
                to_engine.send("tell")
                results[name] = lateness(to_engine.recv())
    finally:
        for line, end in zip((to_engine, to_peer), ends, strict=True):
            with contextlib.suppress(OSError):
                line.send("end")
            end.join(5)
            if end.is_alive():
                end.kill()
                end.join()
    report = {"bench": "tick", "seconds": SECONDS, "screen_bytes": drawn[0]}
    for name, late in results.items():
        p50, p99 = at(late, 0.5), at(late, 0.99)
        print(f"{name:18} {len(late):5} ticks, late by p50 {p50:.2f}  p99 {p99:.2f}  "
              f"max {max(late):.2f} ms")  # fmt: skip
        report[name] = {"p50": round(p50, 3), "p99": round(p99, 3), "max": round(max(late), 3)}
    if not SMOKE:
        p99 = at(results["beside the screen"], 0.99)
        print(f"aim: p99 ≤ {AIM} ms beside the screen: {'met' if p99 <= AIM else 'missed'}")
    print(json.dumps(report))


if __name__ == "__main__":
    if "--screen" in sys.argv:
        screen()
    else:
        main()

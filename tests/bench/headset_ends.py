"""The processes of `bench_headset.py`: the engine's sound at the far end, and the computer one sits
at, whose ears are its microphone.

    python headset_ends.py far         commands on standard input, an answer each as JSON
    python headset_ends.py near PATH   the secret on standard input; until that ends

A burst of one of eight frequencies every half second is what is timed: which one came back says
when it went.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from collections import deque
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.media.speech import speech
from tui.config.schema import AudioSettings
from tui.engine.audio.commands import SoundCommands
from tui.engine.audio.devices import SoundDevices
from tui.engine.context import EngineContext, Limits
from tui.media.pcm.levels import FRAME, SILENCE
from tui.media.pcm.tones import strength, tone
from tui.port import commands as c
from tui.port.events import AccountChanged
from tui.port.values import Account
from tui.secrets import Secret

TONES = (500, 700, 900, 1100, 1300, 1500, 1700, 1900)
EVERY = 0.5
BURST = 0.1
HOP, LOOK = 240 * 2, 1920 * 2
"""Bytes between two looks (5 ms), and of one (40 ms)."""


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Bursts:
    """What is said, and when it comes back."""

    def __init__(self) -> None:
        self._tones = [tone((hz,), 48_000, BURST, level=0.3) for hz in TONES]
        self._sent: deque[tuple[float, int]] = deque(maxlen=len(TONES) - 1)
        self._out = bytearray()
        self._heard = bytearray()
        self._next = 0.0
        self._count = 0
        self._found: set[float] = set()
        self.delays: list[tuple[float, float]] = []
        """When it was sent, and seconds until it was heard."""

    def say(self, now: float) -> bytes:
        if now >= self._next:
            self._next = max(self._next + EVERY, now)
            which = self._count % len(TONES)
            self._count += 1
            self._sent.append((now, which))
            self._out = bytearray(self._tones[which])
        block = bytes(self._out[: len(SILENCE)])
        del self._out[: len(block)]
        return block.ljust(len(SILENCE), b"\0")

    def hear(self, pcm: bytes, now: float) -> None:
        """20 ms that are read at this time: the last of them was said now."""
        self._heard += pcm
        while len(self._heard) >= LOOK:
            window = bytes(self._heard[:LOOK])
            # The first of the window was read so long before now.
            at = now - (len(self._heard) - HOP) / 96_000
            for sent, which in self._sent:
                if sent not in self._found and strength(window, TONES[which]) > 0.05:
                    self._found.add(sent)
                    self.delays.append((sent, at - sent + 0.02))
            del self._heard[:HOP]


class Far:
    """An engine's sound, read and written as a call does."""

    def __init__(self, runtime: Path) -> None:
        self.context = EngineContext(clock=time.monotonic, rng=Random(1), limits=Limits())
        self.context.emit(AccountChanged(Account("1001", "02500001234", "")))
        self.sounds = SoundDevices(self.context, AudioSettings(), runtime)
        self.commands = SoundCommands(self.context, self.sounds)
        self.talk = speech(20.5)[: 20 * 96_000]
        self._at = 0

    async def use(self, what: str, rest: list[str]) -> dict[str, Any]:
        command = c.UseHeadset(rest[0], Secret(rest[1])) if what == "headset" else None
        result = await self.commands.execute(command or c.UsePulseServer(" ".join(rest)))
        return {"ok": result.ok, "id": result.message and result.message.id}

    async def run(self, what: str, seconds: float) -> dict[str, Any]:
        """So long a call: "talk", "silence" or "bursts"."""
        sound, loop, bursts = self.sounds.sound, asyncio.get_running_loop(), Bursts()
        assert sound is not None
        began = due = loop.time()
        before, loud = cpu(), 0
        while loop.time() - began < seconds:
            heard = sound.source.read(FRAME)
            loud += max(heard) > 3
            if what == "bursts":
                bursts.hear(heard, loop.time())
                sound.sink.write(bursts.say(loop.time()))
            elif what == "talk":
                sound.sink.write(self.talk[self._at : self._at + FRAME * 2])
                self._at = (self._at + FRAME * 2) % len(self.talk)
            else:
                sound.sink.write(SILENCE)
            due += 0.02
            await asyncio.sleep(max(0, due - loop.time()))
        return {"cpu": cpu() - before, "loud": loud * 0.02, "delays": bursts.delays}


async def far() -> None:
    end = Far(Path(os.environ["XDG_RUNTIME_DIR"]))
    await end.sounds.loaded()
    if os.environ.get("BENCH_BARE") and end.sounds.sound is not None:
        loop_back = Loop()
        end.sounds.sound._input = end.sounds.sound._output = loop_back
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        what, *rest = line.split()
        if what == "run":
            answer = await end.run(rest[0], float(rest[1]))
        else:
            answer = await end.use(what, rest)
        print(json.dumps(answer), flush=True)
    await end.sounds.close()
    await end.sounds.remote_headset.close()
    await end.sounds.remote_pulse.close()
    await end.context.close()


class Loop:
    """Ears that are a microphone, with no device between them."""

    def __init__(self) -> None:
        self._blocks: deque[bytes] = deque(maxlen=3)

    def write(self, pcm: bytes) -> None:
        self._blocks.append(pcm)

    def read(self, samples: int) -> bytes:
        return self._blocks.popleft() if self._blocks else bytes(samples * 2)


async def near(path: Path) -> None:
    from tui.headset.near import ChosenDevices, NearHeadset
    from tui.media.device.sound import open_sound

    secret = Secret(sys.stdin.readline().strip())
    device = "none" if os.environ.get("BENCH_BARE") else ""

    def opened(chosen: ChosenDevices, on_state: Any) -> Any:
        sound = open_sound(device, device, on_state)
        if device:
            loop = Loop()
            sound._input, sound._output = loop, loop
        return sound

    end = NearHeadset(opened, ChosenDevices(device, device, ""), secret)
    await end.serve(path)
    print(json.dumps({"ready": True}), flush=True)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        figures = {"cpu": cpu(), "late": end.voice_in.too_late, "left_out": end.voice_out.left_out}
        print(json.dumps(figures), flush=True)
    await end.close()


if __name__ == "__main__":
    asyncio.run(far() if sys.argv[1] == "far" else near(Path(sys.argv[2])))

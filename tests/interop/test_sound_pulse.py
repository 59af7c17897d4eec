"""The sound card side against a real PulseAudio and a real PipeWire with a null sink, in a process
of its own.

The null sink's monitor is the microphone, so what is played is what is recorded. Needs the
packages pulseaudio, pipewire-pulse, wireplumber, libportaudio2 and libasound2-plugins.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.interop.sound_server import SERVERS, SoundServer

PROBE = """
import asyncio, json, os, sys, time
from tui.media.device.sound import open_sound
from tui.media.pcm.sources import ToneSource
from tui.media.pcm.tones import strength

async def main():
    states = []
    sound = open_sound("", "", lambda state, device: states.append((str(state), device)))
    tone, heard, played = ToneSource(440), bytearray(), 0
    loop = asyncio.get_running_loop()

    async def tick(seconds):
        nonlocal played
        begin, n = loop.time(), 0
        while loop.time() - begin < seconds:
            sound.sink.write(tone.read(960))
            heard.extend(sound.source.read(960))
            played, n = played + 960, n + 1
            await asyncio.sleep(max(0, begin + n * 0.02 - loop.time()))

    streams = sound._closing
    while not all(s.blocks for s in streams):
        await tick(0.1)
    await tick(1.0)
    first, at = [s.blocks for s in streams], time.monotonic()
    heard.clear()
    # At the end of a stretch up to a few blocks are late, the more the busier the machine is. They
    # weigh less the longer the stretch.
    took, rates = 0.0, [0.0]
    while took < 20 and not all(abs(rate - 48_000) < 0.05 * 48_000 for rate in rates):
        await tick(4.0)
        took = time.monotonic() - at
        rates = [(s.blocks - b) * 960 / took for s, b in zip(streams, first)]
    tones = [strength(bytes(heard[i:i + 19200]), 440) for i in range(0, len(heard) - 19200, 19200)]
    report = dict(rates=rates, tones=tones, states=states[:])
    sound.ring(True)
    heard.clear()
    begin = loop.time()
    while loop.time() - begin < 1.5:
        heard.extend(sound.source.read(960))
        await asyncio.sleep(0.02)
    report["ring"] = max(
        strength(bytes(heard[i:i + 9600]), 660) for i in range(0, len(heard) - 9600, 9600))
    sound.ring(False)
    print(json.dumps(report), flush=True)
    sys.stdin.readline()
    begin = time.monotonic()
    while states[-1][0] == "ok" and time.monotonic() - begin < 20:
        await tick(0.2)
    print(json.dumps(dict(lost=states[-1], ticks=played)), flush=True)
    sys.stdin.readline()
    begin = time.monotonic()
    while states[-1][0] != "ok" and time.monotonic() - begin < 25:
        await tick(0.2)
    heard.clear()
    await tick(2.0)
    print(json.dumps(dict(back=states[-1], tone=strength(bytes(heard[-19200:]), 440))), flush=True)
    sound.close()

asyncio.run(main())
"""


@pytest.mark.parametrize("kind", SERVERS)
def test_a_device_carries_sound_both_ways_is_lost_and_comes_back(
    kind: type[SoundServer], tmp_path: Path
) -> None:
    server = kind(tmp_path, "module-null-sink sink_name=ear rate=48000")
    server.start()
    probe = subprocess.Popen(
        [sys.executable, "-c", PROBE],
        env=server.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert probe.stdin
    assert probe.stdout
    try:
        report = json.loads(probe.stdout.readline())
        assert report["states"][-1][0] == "ok"
        for rate in report["rates"]:
            assert abs(rate - 48_000) < 0.05 * 48_000, report
        assert sum(tone > 0.2 for tone in report["tones"]) >= 0.8 * len(report["tones"]), report
        assert report["ring"] > 0.05
        server.kill()
        probe.stdin.write("\n")
        probe.stdin.flush()
        lost = json.loads(probe.stdout.readline())
        assert lost["lost"][0] in ("device-lost", "failed", "no-device")
        server.start()
        probe.stdin.write("\n")
        probe.stdin.flush()
        back = json.loads(probe.stdout.readline())
        assert back["back"][0] == "ok"
        assert back["tone"] > 0.2
        assert probe.wait(10) == 0
    finally:
        probe.kill()
        server.kill()
        probe.communicate(timeout=5)

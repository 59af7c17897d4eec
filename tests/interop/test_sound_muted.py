"""A device that PulseAudio or PipeWire lets nobody hear: muted, or the program's own stream at
nothing, as a desktop's mixer leaves them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.interop.sound_server import SERVERS, SoundServer

PROBE = """
import asyncio
from tui.media.device.sound import open_sound

async def main():
    sound = open_sound("none", "", lambda state, device: None)
    said = asyncio.Event()
    sound.on_silenced = lambda device: said.set()
    sound.ring(True)
    try:
        async with asyncio.timeout(20):
            await said.wait()
        print("muted")
    except TimeoutError:
        print("heard")
    sound.close()

asyncio.run(main())
"""


@pytest.mark.parametrize("kind", SERVERS)
def test_what_is_muted_in_the_sound_settings_is_said(
    kind: type[SoundServer], tmp_path: Path
) -> None:
    server = kind(tmp_path, "module-null-sink sink_name=ear rate=48000")
    server.start()
    try:
        server.pactl("set-sink-mute", "ear", "1")
        done = subprocess.run(
            [sys.executable, "-c", PROBE],
            env=server.environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert done.stdout == "muted\n"
    finally:
        server.kill()

"""Sound carried to a PulseAudio somewhere else, through our relay: over a Unix socket that passes
no file descriptors on (as ssh forwards it), over TCP, and away and back in the middle.

PulseAudio, PipeWire, PortAudio and ALSA's plugin are the real ones. The far machine's microphone is
its null sink's monitor, so what is played is what is recorded. Needs the packages pulseaudio,
pipewire-pulse, wireplumber, libportaudio2 and libasound2-plugins.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.sound_server import SERVERS, SoundServer
from tests.interop.sound_tunnel import Console, Far

NOTHING = ("no-device", "failed")
"""What a machine without sound says."""


@pytest.fixture
def far(tmp_path: Path) -> Iterator[Far]:
    made = Far(tmp_path, "far")
    yield made
    made.end()


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    (tmp_path / "here").mkdir()
    made = Console(tmp_path / "here")
    yield made
    made.end()


@pytest.mark.parametrize("kind", SERVERS)
def test_the_voice_goes_through_a_tunnel_and_on_when_it_stalls(
    kind: type[SoundServer], tmp_path: Path, console: Console
) -> None:
    far = Far(tmp_path, "far", kind)
    try:
        _through_a_tunnel(far, console)
    finally:
        far.end()


def _through_a_tunnel(far: Far, console: Console) -> None:
    assert console("hear 0.2")["state"] != "ok"
    used = console(f"use unix:{far.tunnel}")
    assert (used["ok"], used["id"]) == (True, "pulse.ok")
    assert console("hear 15")["tone"] > 0.1
    assert "pulse" in console("devices")["outputs"]
    # What came was a try as well: the click comes back from the null sink's monitor.
    tried = console("try")
    assert tried["id"] == "sound.measured"
    assert 20 < int(tried["values"]["delay"]) < 1200
    # A tunnel whose other end is gone says nothing: silence, and it is shown.
    far.stall(True)
    assert console("silence 30 server-gone")["state"] == "server-gone"
    far.stall(False)
    assert console("hear 30")["tone"] > 0.1
    # The next login has another tunnel, to another computer.
    far.end()
    other = Far(far.room.parent, "other", type(far.server))
    try:
        used = console(f"use unix:{other.tunnel}")
        assert (used["ok"], used["server"]) == (True, f"unix:{other.tunnel}")
        assert console("hear 20")["tone"] > 0.1
    finally:
        other.end()


def test_over_tcp_the_cookie_decides_and_it_says_so(far: Far, console: Console) -> None:
    address = f"tcp:127.0.0.1:{far.port}"
    refused = console(f"use {address}")
    assert (refused["ok"], refused["id"]) == (False, "pulse.refused")
    console.cookie_of(far)
    used = console(f"use {address}")
    assert (used["ok"], used["id"]) == (True, "pulse.ok")
    assert console("hear 20")["tone"] > 0.1
    back = console("use ")
    assert (back["ok"], back["server"]) == (True, "")
    assert console(f"silence 20 {' '.join(NOTHING)}")["state"] in NOTHING
    nobody = console("use tcp:127.0.0.1:1")
    assert (nobody["ok"], nobody["id"]) == (False, "pulse.nothing-listens")

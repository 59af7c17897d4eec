"""`yimi watch` as a process in a terminal of its own, at the desk of another console."""

from __future__ import annotations

import os
import pwd
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.box import Box
from tests.e2e.desk.station import F5, F8, Station
from tests.e2e.pty_console import end_engines

US = pwd.getpwuid(os.geteuid()).pw_name
LEAVE = b"\x11"


@pytest.fixture
async def station(box: Box, tmp_path: Path) -> AsyncIterator[Station]:
    """One at which we may be looked at by ourselves."""
    station = Station(box, tmp_path)
    config = tmp_path / "config" / "config.toml"
    watch = f'[watch]\nallow = ["{US}"]\ndirectory = "{tmp_path}"\n'
    config.write_text(config.read_text() + watch)
    yield station
    for console in station.consoles:
        await console.close()
    await end_engines(tmp_path)


async def test_a_desk_is_seen_live_by_who_can_do_nothing_there_and_its_agent_knows(
    station: Station,
) -> None:
    desk = await station.sign_in()
    look = station.open("watch", "1001")
    await look.see("You look at the desk of 1001 Li Ming")
    await desk.see(f"watched by {US}")
    await station.box.ring("1001")
    await look.see("120 0000 0001")
    look.press(F5 + F8)
    look.press(LEAVE)
    assert await look.ended(20) == 0
    assert look.left_behind() == {}
    status = await station.status()
    assert status["calls"][0]["state"] == "ringing"


async def test_with_the_agents_sign_out_the_look_is_over_in_words(station: Station) -> None:
    await station.sign_in()
    look = station.open("watch", "1001")
    await look.see("You look at the desk of 1001")
    await station.script("signout")
    await look.see("The desk is gone")
    assert await look.ended(20) == 3
    assert look.left_behind() == {}

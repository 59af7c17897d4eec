"""Calls that are up between agents, customers and third parties, and who hears whom in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.box import PATIENCE, Box, Desk
from tests.e2e.hearing import gone_from, heard_in
from tests.waiting import until
from tui.port import commands as c
from tui.port.machines.call_machine import CallState, ThirdState
from tui.port.snapshot import Third

HEARD, GONE = 0.12, 0.02
"""Shares of the energy at one frequency: of a tone among others, and of one that is not there."""
GROUP = "1000000001"
ONLY_2 = pytest.mark.parametrize("generation", [2], indirect=True, ids=["platform2"])
"""For a test of what generation 1 does not have."""


def colleague(box: Box, folder: Path, un: str, **sections: Any) -> Desk:
    """A second desk at the same sandbox, with directories of its own."""
    home = folder / un
    home.mkdir()
    return Desk(box, home, un=un, **sections)


async def talking(box: Box, desk: Desk, **more: object) -> str:
    """A customer's call to the desk that is up, with audio; the ccNumber."""
    cc = await box.ring(desk.un, **more)
    await desk.state(CallState.RINGING)
    assert (await desk.engine.execute(c.Answer())).ok
    await desk.state(CallState.TALKING)
    await desk.audio()
    return cc


async def third(desk: Desk, state: ThirdState) -> Third:
    """Wait until the desk's third party is in that state."""
    await until(lambda: desk.call.third is not None and desk.call.third.state is state)
    assert desk.call.third is not None
    return desk.call.third


async def heard_at(box: Box, cc: str, who: str, hz: int, is_so: Callable[[float], bool]) -> None:
    """Wait until a simulated end ("customer" or "third") hears a tone as wanted."""

    async def so() -> bool:
        found = await box.control(f"calls/{cc}/heard?ms=500&hz={hz}&who={who}")
        return is_so(float(next(iter(found["tones"].values()))))

    await until(so, PATIENCE, what=f"{who} hears {hz} Hz as wanted", interval=0.05)


async def end_hears(box: Box, cc: str, who: str, *hz: int) -> None:
    for each in hz:
        await heard_at(box, cc, who, each, lambda share: share >= HEARD)


async def end_stops_hearing(box: Box, cc: str, who: str, hz: int) -> None:
    await heard_at(box, cc, who, hz, lambda share: share <= GONE)


async def desk_hears(desk: Desk, *hz: int) -> None:
    for each in hz:
        await heard_in(desk.output, each, HEARD)


async def desk_stops_hearing(desk: Desk, hz: int, since: int = 0) -> None:
    await gone_from(desk.output, hz, GONE, since)

"""Calls that are up between agents, customers and third parties, and who hears whom in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.box import Box, Desk, until
from tests.e2e.hearing import share_of
from tui.engine import commands as c
from tui.engine.state import CallState, Third, ThirdState

HEARD, GONE = 0.12, 0.02
"""Shares of the energy at one frequency: of a tone among others, and of one that is not there."""
GROUP = "1000000001"
ONLY_2 = pytest.mark.parametrize("generation", [2], indirect=True, ids=["platform2"])
"""For a test of what generation 1 does not have."""


def colleague(box: Box, folder: Path, un: str, **sections: object) -> Desk:
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
    async with asyncio.timeout(15):
        while True:
            found = await box.control(f"calls/{cc}/heard?ms=500&hz={hz}&who={who}")
            if is_so(float(next(iter(found["tones"].values())))):
                return
            await asyncio.sleep(0.1)


async def end_hears(box: Box, cc: str, who: str, *hz: int) -> None:
    for each in hz:
        await heard_at(box, cc, who, each, lambda share: share >= HEARD)


async def end_stops_hearing(box: Box, cc: str, who: str, hz: int) -> None:
    await heard_at(box, cc, who, hz, lambda share: share <= GONE)


async def desk_hears(desk: Desk, *hz: int) -> None:
    for each in hz:
        await until(lambda each=each: share_of(desk.output, each, 0.5) >= HEARD)  # type: ignore[misc]


async def desk_stops_hearing(desk: Desk, hz: int) -> None:
    await until(lambda: share_of(desk.output, hz, 0.5) <= GONE)

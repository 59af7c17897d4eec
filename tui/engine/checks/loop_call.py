"""A real call from this machine to itself: two legs, ICE, DTLS, SRTP and the codec, and what it
would be worth to an ear."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from tui.engine.checks.runner import Finding, fail, ok, warn

SECONDS: Final = 3.0
"""How long it lasts once it is up."""
SETUP: Final = 8.0
GOOD: Final = 4.0
"""The mean opinion score (ITU-T P.800.1) from which it is as it should be on one machine."""
POOR: Final = 3.1

MakeLeg = Callable[[], Any]
"""A leg of ours (`tui.media.leg.leg.AudioLeg`) with a tone to send, on loopback."""
Rate = Callable[[Any], float | None]
"""The MOS of a leg's statistics, None when it cannot be told."""


async def loop_call(
    make_leg: MakeLeg, rate: Rate, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> Finding:
    """Set it up, let it run, judge it by what came."""
    here, there = make_leg(), make_leg()
    try:
        await here.accept(await there.answer(await here.offer()))
        for _ in range(int(SETUP / 0.05)):
            if here.state == there.state == "connected":
                break
            await pause(0.05)
        else:
            return fail("check.call.no_media", why=here.reason or there.reason or str(here.state))
        await pause(SECONDS)
        heard = min(here.levels()[1], there.levels()[1])
        statistics = here.statistics()
        mos = rate(statistics)
    finally:
        await asyncio.gather(here.close(), there.close())
    if not statistics.received:
        return fail("check.call.no_packets", seconds=f"{SECONDS:g}")
    if heard <= 0:
        return fail("check.call.silent", received=statistics.received)
    if mos is None:
        return ok("check.call.unrated")
    values = {"mos": f"{mos:.1f}"}
    if mos < POOR:
        return fail("check.call.poor", **values)
    return (ok if mos >= GOOD else warn)(
        "check.call.ok" if mos >= GOOD else "check.call.fair", **values
    )

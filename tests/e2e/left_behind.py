"""What there is in a process with an engine that calls come and go in: whatever is there after
many of them, and was not there after the first, is left behind."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from pathlib import Path
from typing import Any

from tests.e2e.box import Desk
from tui.engine.engine import Engine
from tui.port import commands as c
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import SeatState


def there(engine: Engine) -> Counter[str]:
    """How many there are of each: tasks and timers of the loop, named timers of the engine,
    transactions, timers and calls of SIP, legs, and sockets of the process."""
    loop: Any = asyncio.get_running_loop()
    found: Counter[str] = Counter()
    for task in asyncio.all_tasks():
        found[f"task {getattr(task.get_coro(), '__qualname__', '?')}"] += 1
    for handle in loop._scheduled:
        if not handle.cancelled():
            found[f"timer {getattr(handle._callback, '__qualname__', '?')}"] += 1
    for name in engine.context.timers._handles:
        found[f"named timer {name}"] += 1
    line = engine._signalling._line
    if line is not None:
        inside = line.agent._context
        for which in ("_clients", "_servers"):
            found[f"transaction {which}"] += len(getattr(inside.transactions, which))
        found["timer of SIP"] += len(inside.timers._waiting)
        found["call of SIP"] += len(line.agent._book)
    legs = engine._parts.legs
    found["leg"] += len(legs._legs)
    found["leg that closes"] += len(legs._closing)
    for each in Path("/proc/self/fd").iterdir():
        try:
            found["socket"] += os.readlink(each).startswith("socket:")
        except OSError:  # the folder that is being read
            continue
    return +found


async def one_call(desk: Desk, *, by_customer: bool = False) -> None:
    """A customer's call that is answered, sounds, and is hung up."""
    cc = await desk.box.ring(desk.un)
    await desk.state(CallState.RINGING)
    assert (await desk.engine.execute(c.Answer())).ok
    await desk.audio()
    if by_customer:
        await desk.box.post(f"calls/{cc}/hangup")
    else:
        assert (await desk.engine.execute(c.HangUp())).ok
    await desk.state(CallState.ENDED)
    await desk.seat(SeatState.IDLE)


async def between_calls(desk: Desk) -> Counter[str]:
    """What there is while nothing is asked of the sandbox."""
    await desk.box.close()
    return there(desk.engine)

"""What there is in a process with an engine that calls come and go in: whatever is there after
many of them, and was not there after the first, is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from pathlib import Path
from typing import Any

from tests.e2e.box import Desk
from tui.engine.engine import Engine
from tui.port import commands as c
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import SeatState
from tui.sip.transaction.machines import TransactionState

REMEMBERED = "answered INVITE"
"""It is remembered for 32 s by its one timer (RFC 6026 §8.7), whatever became of its call."""


def there(engine: Engine) -> Counter[str]:
    """How many there are of each in the process: tasks and timers of the loop, sockets, and what
    the engine has."""
    loop: Any = asyncio.get_running_loop()
    found = of_the_engine(engine)
    for task in asyncio.all_tasks():
        found[f"task {getattr(task.get_coro(), '__qualname__', '?')}"] += 1
    for handle in loop._scheduled:
        if not handle.cancelled():
            found[f"timer {getattr(handle._callback, '__qualname__', '?')}"] += 1
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the folder that is being read
            found["socket"] += os.readlink(each).startswith("socket:")
    return +found


def of_the_engine(engine: Engine) -> Counter[str]:
    """How many there are of each: named timers, transactions, timers and calls of SIP, legs."""
    found: Counter[str] = Counter(f"timer {name!r}" for name in engine.context.timers._handles)
    connection = engine._signalling.connection
    if connection is not None:
        inside = connection.agent._context
        clients, servers = inside.transactions._clients, inside.transactions._servers
        under_way = (*clients.values(), *servers.values())
        kept = sum(each.state is TransactionState.ACCEPTED for each in under_way)
        found[REMEMBERED] += kept
        found["transaction"] += len(under_way) - kept
        found["timer of SIP"] += len(inside.timers._waiting) - kept
        found["call of SIP"] += len(connection.agent._book)
    legs = engine._parts.legs
    found["leg"] += len(legs._legs)
    found["leg that closes"] += len(legs._closing)
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


async def at_rest(desk: Desk) -> Counter[str]:
    """What there is while nothing is asked of the sandbox, without what is only remembered."""
    await desk.box.close()
    found = there(desk.engine)
    found.pop(REMEMBERED, None)
    return found

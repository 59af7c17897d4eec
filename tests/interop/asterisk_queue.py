"""A queue of Asterisk's, and who calls it."""

from __future__ import annotations

from functools import partial

from tests.interop.asterisk_pbx import Asterisk
from tests.interop.our_desk import OurDesk
from tests.interop.recipe import RECIPE
from tui.port.machines.seat_machine import Status
from tui.port.queues import QueueState

QUEUES = RECIPE.parent / "queues.md"
CUSTOMERS = """
```ini
; extensions.conf
[outside]
exten => support,1,Set(CALLERID(num)=5559)
 same => n,Queue(support,,,,120)
[desks]
exten => _to[n]eX.,1,Answer()
 same => n,Playtones(${EXTEN:4})
 same => n,Wait(120)
```
"""


class Queue:
    """What Asterisk says of its queue."""

    def __init__(self, pbx: Asterisk) -> None:
        self.pbx = pbx

    async def member(self, user: str) -> str:
        """The line about a member; "" where there is none."""
        told = await self.pbx.cli("queue show support")
        lines = (line.strip() for line in told.splitlines())
        return next((line for line in lines if line.startswith(f"PJSIP/{user} ")), "")

    async def state(self, user: str) -> QueueState:
        line = await self.member(user)
        if not line:
            return QueueState.OUT
        return QueueState.PAUSED if "(paused" in line else QueueState.IN

    async def agrees(self, *desks: OurDesk) -> None:
        """What each desk says is what the queue says, and the seat is what that makes of it."""
        for desk in desks:
            user = desk.address.partition("@")[0]
            (queue,) = desk.snapshot.queues
            assert queue.state is await self.state(user), (queue, await self.member(user))
            idle = desk.snapshot.seat.status is Status.ONLINE
            assert idle is (queue.state is QueueState.IN), desk.snapshot.seat

    async def step(self, states: dict[OurDesk, QueueState]) -> None:
        """Wait until the desks say this; then all agree."""
        for desk, state in states.items():
            await desk.until(partial(_settled, desk, state))
        await self.agrees(*states)


def _settled(desk: OurDesk, state: QueueState) -> bool:
    return says(desk) is state and desk.snapshot.seat.pending is None


def says(desk: OurDesk) -> QueueState:
    return desk.snapshot.queues[0].state

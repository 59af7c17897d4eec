"""A kick and a restart of the platform, whatever the agent does at that moment: console and
platform end in the same state, and the reason is said."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.box import PATIENCE, Box, Desk
from tests.e2e.talking import GROUP, talking, third
from tests.waiting import until
from tui.config.schema import WrapUpSettings
from tui.port import commands as c
from tui.port.machines.call_machine import CallState, ThirdState
from tui.port.machines.seat_machine import SeatState
from tui.port.values import ConnectionState, Phase, StatusWanted, ThirdKind

GENERATIONS = (2,)
"""Three-way calls are its own; what is shown here of the rest is the same at both."""
ANSWERS, NEVER_ANSWERS, NEVER_REPLIED = "12020002100", "12000000005", "12000000009"


async def idle(box: Box, desk: Desk) -> None:
    await desk.seat(SeatState.IDLE)


async def busy(box: Box, desk: Desk) -> None:
    assert (await desk.engine.execute(c.SetStatus(StatusWanted.BUSY))).ok
    await desk.seat(SeatState.BUSY)


async def ringing(box: Box, desk: Desk) -> None:
    await box.ring("1001")
    await desk.state(CallState.RINGING)


async def dialling(box: Box, desk: Desk) -> None:
    desk.engine.context.limits = replace(desk.engine.context.limits, dial_reply=3.0)
    assert (await desk.engine.execute(c.Dial(NEVER_REPLIED))).ok
    assert desk.call.state is CallState.DIALING


async def proceeding(box: Box, desk: Desk) -> None:
    assert (await desk.engine.execute(c.Dial(NEVER_ANSWERS))).ok
    await desk.state(CallState.PROCEEDING)


async def talks(box: Box, desk: Desk) -> None:
    await talking(box, desk)


async def holding(box: Box, desk: Desk) -> None:
    await talking(box, desk)
    assert (await desk.engine.execute(c.Hold())).ok
    assert desk.call.state is CallState.HOLDING


async def invited(box: Box, desk: Desk) -> None:
    await talking(box, desk)
    assert (await desk.engine.execute(c.Threeway(ThirdKind.OUTSIDE, NEVER_ANSWERS))).ok
    await third(desk, ThirdState.INVITED)


async def three_way(box: Box, desk: Desk) -> None:
    await talking(box, desk)
    assert (await desk.engine.execute(c.Threeway(ThirdKind.OUTSIDE, ANSWERS))).ok
    await third(desk, ThirdState.JOINED)


async def transferring(box: Box, desk: Desk) -> None:
    await talking(box, desk)
    await box.post("faults", kind="transfer", un="1001")
    assert (await desk.engine.execute(c.Transfer(GROUP, "1090"))).ok
    assert desk.call.transfer


async def hanging_up(box: Box, desk: Desk) -> None:
    await talking(box, desk)
    await box.post("faults", kind="sip", un="1001")
    desk.engine.context.spawn(hang_up(desk))
    await desk.state(CallState.ENDING)


async def hang_up(desk: Desk) -> None:
    await desk.engine.execute(c.HangUp())


async def writing_up(box: Box, desk: Desk) -> None:
    cc = await talking(box, desk)
    await box.post(f"calls/{cc}/hangup")
    await until(lambda: desk.snapshot.wrapup)


WAYS: dict[str, Callable[[Box, Desk], Awaitable[None]]] = {
    way.__name__: way
    for way in (
        *(idle, busy, ringing, dialling, proceeding, talks, holding, invited, three_way),
        *(transferring, hanging_up, writing_up),
    )
}


@pytest.fixture
async def desk(box: Box, tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk whose calls are written up."""
    desk = Desk(box, tmp_path, wrapup=WrapUpSettings(mode="optional", seconds=60))
    await desk.sign_in()
    yield desk
    await desk.engine.close()


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_a_kick_ends_the_shift_whatever_the_agent_does(
    box: Box, desk: Desk, way: Callable[[Box, Desk], Awaitable[None]]
) -> None:
    await way(box, desk)
    await box.post("agents/1001/kick", r="898")
    await until(lambda: desk.snapshot.phase is Phase.KICKED)
    await desk.seat(SeatState.OFFLINE)
    assert desk.snapshot.failure is not None
    assert desk.snapshot.failure.id == "kicked.898"
    assert not any(call.live for call in desk.snapshot.calls)
    assert desk.snapshot.wrapup is None
    assert all(call.outcome is not None for call in desk.snapshot.calls)
    await box.control("faults", "DELETE")
    for call in await box.control("calls"):  # whoever waits yet would be offered again at once
        await box.post(f"calls/{call['cc']}/hangup")
    await desk.sign_in()
    assert (await box.control("agents/1001"))["status"] == 1


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_after_a_restart_console_and_platform_are_in_the_same_state(
    box: Box, desk: Desk, way: Callable[[Box, Desk], Awaitable[None]]
) -> None:
    await way(box, desk)
    await box.control("faults", "DELETE")
    await box.post("restart")
    await box.agent_has("1001", "registered", True)
    await until(lambda: desk.snapshot.connection.state is ConnectionState.OK, PATIENCE)
    await until(lambda: not any(call.live for call in desk.snapshot.calls), PATIENCE)
    for call in desk.snapshot.calls:
        assert call.outcome is not None
    if desk.snapshot.wrapup is not None:
        assert (await desk.engine.execute(c.FinishWrapUp())).ok
    wanted = 2 if way is busy else 1

    async def agrees() -> bool:
        shown = await box.control("agents/1001")
        there = shown["registered"] and shown["checked_in"] and shown["gid"] == GROUP
        seat = desk.snapshot.seat
        return bool(
            there and shown["status"] == int(seat.status) == wanted and not seat.unconfirmed
        )

    await until(agrees, PATIENCE, interval=0.05)
    assert desk.snapshot.seat_state is (SeatState.BUSY if way is busy else SeatState.IDLE)

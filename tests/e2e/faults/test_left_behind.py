"""Calls come and go, in every way in which one ends: nothing of them is left in the engine."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.e2e.box import Box, Desk
from tests.e2e.left_behind import REMEMBERED, at_rest, of_the_engine, one_call
from tests.e2e.line_desk import LineDesk
from tests.e2e.switch import Far, Switch
from tests.waiting import until
from tui.port import commands as c
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import SeatState
from tui.port.values import Leg


async def each_way(box: Box, desk: Desk) -> None:
    """One call for each way in which a call of the platform's ends."""
    await one_call(desk)
    await one_call(desk, by_customer=True)
    cc = await box.ring(desk.un)
    await desk.state(CallState.RINGING)
    await box.post(f"calls/{cc}/hangup")  # given up
    await desk.state(CallState.ENDED)
    await desk.seat(SeatState.IDLE)
    assert (await desk.engine.execute(c.Dial("12000000003"))).code == 2
    await desk.state(CallState.TALKING)
    await desk.audio()
    assert (await desk.engine.execute(c.Hold())).ok
    assert (await desk.engine.execute(c.Resume())).ok
    assert (await desk.engine.execute(c.HangUp())).ok
    await desk.state(CallState.ENDED)
    await desk.seat(SeatState.IDLE)


@pytest.mark.long
async def test_after_many_calls_no_task_timer_transaction_or_socket_of_them_is_left(
    box: Box, desk: Desk
) -> None:
    await box.hurry()
    await each_way(box, desk)
    before = await at_rest(desk)
    for _ in range(3):
        await each_way(box, desk)

    async def nothing_more() -> bool:
        return not await at_rest(desk) - before

    await until(nothing_more, what=lambda: of_the_engine(desk.engine))


async def test_after_many_lines_no_timer_transaction_or_leg_of_them_is_left(
    switch: Switch, phone: LineDesk
) -> None:
    far: list[Far] = []
    switch.dialled = far.append

    async def both_ways() -> None:
        ringing = await switch.ring()
        await phone.one(CallState.RINGING)
        await phone.do(c.Answer())
        await until(
            lambda: [call.leg for call in phone.calls(CallState.TALKING)] == [Leg.CONNECTED]
        )
        switch.command("bye", ringing)
        await until(lambda: phone.calls(CallState.ENDED))
        await phone.do(c.Dial("1002"))
        await until(lambda: far)
        await switch.answer(far[0])
        await until(
            lambda: [call.leg for call in phone.calls(CallState.TALKING)] == [Leg.CONNECTED]
        )
        await phone.do(c.HangUp())
        await far.pop().over.wait()

    def rest() -> Counter[str]:
        found = of_the_engine(phone.engine)
        found.pop(REMEMBERED, None)
        return found

    await phone.sign_in()
    await both_ways()
    before = rest()
    for _ in range(3):
        await both_ways()
    await until(lambda: not rest() - before, what=rest)

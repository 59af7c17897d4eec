"""Signalling that breaks off under a call, audio that does, a token that is void: what lives on,
what is asked, and what is no longer shown."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.e2e.box import AGENT_TONE, CUSTOMER_TONE, Box, Desk, until
from tests.e2e.hearing import share_of
from tests.e2e.talking import talking
from tui.engine import commands as c
from tui.engine.state import CallState, Leg, LineState, Phase, SeatState

LOUD = 0.5


async def customer_hears_us(box: Box, cc: str) -> None:
    async with asyncio.timeout(20):
        while await box.heard(cc, AGENT_TONE) < LOUD:
            await asyncio.sleep(0.1)


async def line(desk: Desk, state: LineState) -> None:
    await until(lambda: desk.snapshot.line.state is state)


async def test_a_flow_that_breaks_off_in_a_call_costs_the_customer_nothing(
    box: Box, desk: Desk
) -> None:
    cc = await talking(box, desk)
    await customer_hears_us(box, cc)
    assert (await box.post("agents/1001/drop"))["dropped"]
    await line(desk, LineState.LOST)
    await line(desk, LineState.OK)
    assert desk.call.state is CallState.TALKING
    # Held and resumed by the messages of the new flow; the leg is the old one.
    assert (await desk.engine.execute(c.Hold())).ok
    assert (await desk.engine.execute(c.Resume())).ok
    await customer_hears_us(box, cc)
    await until(lambda: share_of(desk.output, CUSTOMER_TONE, 0.5) >= LOUD)
    assert (await box.control(f"calls/{cc}"))["longest_missing"] < 500
    await box.post(f"calls/{cc}/hangup")
    assert (await desk.state(CallState.ENDED)).reason == 25


async def test_a_call_that_ended_in_the_gap_leaves_no_dead_call_on_the_screen(
    box: Box, desk: Desk
) -> None:
    cc = await talking(box, desk)
    await asyncio.gather(box.post("agents/1001/drop"), box.post(f"calls/{cc}/hangup"))
    over = await desk.state(CallState.ENDED)
    assert over.outcome is not None
    assert over.outcome.id in ("ended.in_gap", "ended.25")  # the 105 may still have come
    await line(desk, LineState.OK)
    await desk.seat(SeatState.IDLE)


async def test_a_leg_that_the_platform_forgot_is_asked_for_again(box: Box, desk: Desk) -> None:
    cc = await talking(box, desk)
    assert (await box.post("agents/1001/lose-leg"))["lost"]
    await until(lambda: desk.call.leg is not Leg.CONNECTED, 60)
    await until(lambda: desk.call.leg is Leg.CONNECTED, 60)
    assert desk.call.state is CallState.TALKING
    await customer_hears_us(box, cc)


@pytest.mark.parametrize("kind", ["sip", "freeze"])
async def test_while_the_platform_does_not_answer_nothing_changes_and_it_is_said(
    box: Box, desk: Desk, kind: str
) -> None:
    core = desk.engine.core
    core.limits = replace(core.limits, status=1.0, message=1.0, unregister=0.5)
    await box.post("faults", kind=kind, un="1001")
    result = await desk.engine.execute(c.SetStatus(2))
    assert not result.ok
    assert result.message is not None
    assert desk.snapshot.seat_state is SeatState.IDLE
    assert desk.snapshot.phase is Phase.SIGNED_IN

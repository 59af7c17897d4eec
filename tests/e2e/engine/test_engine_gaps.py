"""Signalling that breaks off under a call, audio that does, a token that is void: what lives on,
what is asked, and what is no longer shown."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.e2e.box import AGENT_TONE, CUSTOMER_TONE, Box, Desk
from tests.e2e.hearing import heard_in
from tests.e2e.talking import talking
from tests.waiting import until
from tui.port import commands as c
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import SeatState
from tui.port.values import ConnectionState, Leg, Phase, StatusWanted

LOUD = 0.5


async def line(desk: Desk, state: ConnectionState) -> None:
    await until(lambda: desk.snapshot.connection.state is state)


async def test_a_flow_that_breaks_off_in_a_call_costs_the_customer_nothing(
    box: Box, desk: Desk
) -> None:
    cc = await talking(box, desk)
    await box.is_heard(cc, AGENT_TONE)
    assert (await box.post("agents/1001/drop"))["dropped"]
    await line(desk, ConnectionState.LOST)
    await line(desk, ConnectionState.OK)
    assert desk.call.state is CallState.TALKING
    # Held and resumed by the messages of the new flow; the leg is the old one.
    assert (await desk.engine.execute(c.Hold())).ok
    assert (await desk.engine.execute(c.Resume())).ok
    await box.is_heard(cc, AGENT_TONE)
    await heard_in(desk.output, CUSTOMER_TONE, LOUD)
    assert (await box.control(f"calls/{cc}"))["longest_missing"] < 500
    await box.post(f"calls/{cc}/hangup")
    assert (await desk.state(CallState.ENDED)).end.reason == 25


async def test_a_call_that_ended_in_the_gap_leaves_no_dead_call_on_the_screen(
    box: Box, desk: Desk
) -> None:
    cc = await talking(box, desk)
    await asyncio.gather(box.post("agents/1001/drop"), box.post(f"calls/{cc}/hangup"))
    over = await desk.state(CallState.ENDED)
    assert over.outcome is not None
    assert over.outcome.id in ("ended.in_gap", "ended.25")  # the 105 may still have come
    await line(desk, ConnectionState.OK)
    await desk.seat(SeatState.IDLE)


async def test_a_call_that_was_offered_unheard_rings_when_the_line_is_back(
    box: Box, desk: Desk
) -> None:
    await box.post("faults", kind="freeze", un="1001")
    await box.ring("1001")
    assert (await box.post("agents/1001/drop"))["dropped"]
    await line(desk, ConnectionState.LOST)
    assert desk.snapshot.call is None
    await box.control("faults", "DELETE")
    await desk.state(CallState.RINGING)


async def test_a_leg_that_the_platform_forgot_is_asked_for_again(box: Box, desk: Desk) -> None:
    cc = await talking(box, desk)
    assert (await box.post("agents/1001/lose-leg"))["lost"]
    await until(lambda: desk.call.leg is not Leg.CONNECTED, 60)
    await until(lambda: desk.call.leg is Leg.CONNECTED, 60)
    assert desk.call.state is CallState.TALKING
    await box.is_heard(cc, AGENT_TONE)


@pytest.mark.parametrize("kind", ["sip", "freeze"])
async def test_while_the_platform_does_not_answer_nothing_changes_and_it_is_said(
    box: Box, desk: Desk, kind: str
) -> None:
    context = desk.engine.context
    context.limits = replace(context.limits, status=1.0, message=1.0, unregister=0.5)
    await box.post("faults", kind=kind, un="1001")
    result = await desk.engine.execute(c.SetStatus(StatusWanted.BUSY))
    assert not result.ok
    assert result.message is not None
    assert desk.snapshot.seat_state is SeatState.IDLE
    assert desk.snapshot.phase is Phase.SIGNED_IN

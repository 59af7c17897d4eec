"""A supervisor at generation 1 with real audio: she hears both, they hear her only once joined."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.box import AGENT_TONE, CUSTOMER_TONE, PATIENCE, Box, Desk
from tests.e2e.hearing import heard_in
from tests.waiting import until
from tui.port import commands as c
from tui.port.machines.seat_machine import SeatState
from tui.port.supervision import SuperviseHow, SuperviseState
from tui.port.values import Capability, Leg

MEMBER, MEMBER_TONE, SUPPORT = "1090", 2100, "1000000002"


@pytest.fixture
async def boss(box: Box, tmp_path: Path) -> AsyncIterator[Desk]:
    """1003 of the group of the scripted members, who has the right."""
    desk = Desk(box, tmp_path, un="1003", generation=1)
    await desk.sign_in()
    await box.agent_has("1003", "gid", SUPPORT)  # what begins before that is not told
    yield desk
    await desk.engine.close()


async def live_call(box: Box, boss: Desk) -> str:
    voices = {"voice": f"tone:{CUSTOMER_TONE}", "agent_voice": f"tone:{MEMBER_TONE}"}
    cc: str = (await box.post("group-call", agent=MEMBER, number="12000000001", **voices))["cc"]
    await until(lambda: any(call.key == cc for call in boss.snapshot.group_calls), PATIENCE)
    return cc


async def ask(boss: Desk, how: SuperviseHow, call: str = "") -> c.Result:
    return await boss.engine.execute(c.Supervise(how, call))


async def hears(boss: Desk) -> None:
    await until(lambda: boss.snapshot.supervision.leg is Leg.CONNECTED, PATIENCE)
    await heard_in(boss.output, CUSTOMER_TONE, 0.2)
    await heard_in(boss.output, MEMBER_TONE, 0.2)


async def heard_by(box: Box, cc: str, who: str) -> float:
    """How much of what that end hears is the supervisor's microphone."""
    found = await box.control(f"calls/{cc}/heard?ms=500&hz={AGENT_TONE}&who={who}")
    return float(next(iter(found["tones"].values())))


async def test_she_hears_both_and_neither_hears_her_until_she_joins(box: Box, boss: Desk) -> None:
    assert Capability.SUPERVISE in boss.snapshot.can
    cc = await live_call(box, boss)
    assert (await ask(boss, SuperviseHow.LISTEN, cc)).ok
    assert boss.snapshot.supervision.state is SuperviseState.LISTENING
    await hears(boss)
    assert await heard_by(box, cc, "customer") < 0.02
    assert await heard_by(box, cc, "agent") < 0.02

    assert (await ask(boss, SuperviseHow.JOIN)).ok
    for who in ("customer", "agent"):

        async def joined(who: str = who) -> bool:
            return await heard_by(box, cc, who) > 0.2

        assert await until(joined, PATIENCE, what=f"the {who} hears her", interval=0.1)

    assert (await ask(boss, SuperviseHow.LEAVE)).ok
    await until(lambda: boss.snapshot.supervision.call == "", PATIENCE)
    assert (await box.control(f"calls/{cc}"))["phase"] == "up"
    await box.is_heard_no_more(cc, AGENT_TONE)
    assert boss.snapshot.calls == ()
    assert boss.snapshot.recent == ()
    assert boss.snapshot.wrapup is None


async def test_the_end_of_the_call_ends_listening_and_is_no_call_of_hers(
    box: Box, boss: Desk
) -> None:
    cc = await live_call(box, boss)
    assert (await ask(boss, SuperviseHow.LISTEN, cc)).ok
    await hears(boss)
    await box.post(f"calls/{cc}/hangup")
    await until(lambda: boss.snapshot.supervision.state is SuperviseState.NONE, PATIENCE)
    await until(lambda: boss.snapshot.group_calls == (), PATIENCE)
    outcome = boss.snapshot.supervision.outcome
    assert outcome is not None
    assert outcome.id == "supervise.over"
    assert (boss.snapshot.calls, boss.snapshot.recent, boss.snapshot.wrapup) == ((), (), None)
    assert boss.snapshot.shift.talked == 0
    assert boss.snapshot.seat_state is SeatState.IDLE


async def test_a_call_is_ended_from_idle_for_the_customer_and_the_agent(
    box: Box, boss: Desk, tmp_path: Path
) -> None:
    agent = Desk(box, tmp_path / "agent", generation=1)
    try:
        assert (await agent.engine.execute(agent.sign_in_command())).ok
        assert (await agent.engine.execute(c.JoinGroup(SUPPORT))).ok
        await agent.seat(SeatState.IDLE)
        cc = await box.ring("1001")
        await until(lambda: agent.snapshot.call is not None, PATIENCE)
        assert (await agent.engine.execute(c.Answer())).ok
        await until(lambda: any(each.key == cc for each in boss.snapshot.group_calls), PATIENCE)
        (call,) = boss.snapshot.group_calls
        assert (call.agent, call.caller) == ("1001", "12000000001")
        assert (await ask(boss, SuperviseHow.END, cc)).ok
        await until(lambda: agent.call.outcome is not None, PATIENCE)
        assert agent.call.outcome is not None
        assert agent.call.outcome.id == "ended.26_unasked"
    finally:
        await agent.engine.close()


async def test_an_agent_is_listened_to_unnoticed(box: Box, boss: Desk, tmp_path: Path) -> None:
    agent = Desk(box, tmp_path / "agent", generation=1)
    try:
        assert (await agent.engine.execute(agent.sign_in_command())).ok
        assert (await agent.engine.execute(c.JoinGroup(SUPPORT))).ok
        await agent.seat(SeatState.IDLE)
        cc = await box.ring("1001")
        await until(lambda: agent.snapshot.call is not None, PATIENCE)
        assert (await agent.engine.execute(c.Answer())).ok
        await agent.audio()
        await until(lambda: boss.snapshot.group_calls != (), PATIENCE)
        before = agent.call
        assert (await ask(boss, SuperviseHow.LISTEN, cc)).ok
        await heard_in(boss.output, CUSTOMER_TONE, 0.2)
        await heard_in(boss.output, AGENT_TONE, 0.2)
        assert agent.call == before
        assert (await ask(boss, SuperviseHow.LEAVE)).ok
        assert (await box.control(f"calls/{cc}"))["listeners"] == {}
        assert agent.call == before
    finally:
        await agent.engine.close()


async def test_who_has_no_right_is_refused_in_words(box: Box, tmp_path: Path) -> None:
    desk = Desk(box, tmp_path, un="1002", generation=1)
    try:
        await desk.sign_in()
        assert Capability.SUPERVISE not in desk.snapshot.can
        refused = await ask(desk, SuperviseHow.LISTEN, "1conf_1")
        assert refused.message is not None
        assert refused.message.id == "supervise.not_allowed"
    finally:
        await desk.engine.close()


async def test_when_the_platform_loses_her_leg_listening_ends_in_words(
    box: Box, boss: Desk
) -> None:
    cc = await live_call(box, boss)
    assert (await ask(boss, SuperviseHow.LISTEN, cc)).ok
    await hears(boss)
    await box.post("agents/1003/lose-leg")
    await until(lambda: boss.snapshot.supervision.call == "", PATIENCE)
    assert (await box.control(f"calls/{cc}"))["listeners"] == {}

"""A platform that loses a 200, forgets us, or calls before we are there: what the agent does goes
on, and console and platform end in the same state."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.box import AGENT_TONE, PATIENCE, Box, Desk
from tests.e2e.talking import GROUP, colleague, talking, third
from tests.waiting import until
from tui.console.i18n import render
from tui.platform.not_understood import SkippedKind
from tui.port import commands as c
from tui.port.machines.call_machine import CallState, ThirdState
from tui.port.machines.seat_machine import SeatState, Status
from tui.port.values import Phase, PhoneMode, StatusWanted, ThirdKind
from tui.sandbox.fixtures import EID, eid16

OURS = eid16(EID)


@pytest.fixture
async def other(box: Box, tmp_path: Path) -> AsyncIterator[Desk]:
    """A second desk, signed in as 1002 at generation 2."""
    desk = colleague(box, tmp_path, "1002")
    await desk.sign_in()
    yield desk
    await desk.engine.close()


async def phase(box: Box, cc: str, wanted: str) -> None:
    """Wait until the platform has the call there."""

    async def so() -> bool:
        return bool((await box.control(f"calls/{cc}"))["phase"] == wanted)

    await until(so, PATIENCE, what=f"{cc} is {wanted}", interval=0.05)


async def agrees(box: Box, desk: Desk, **wanted: object) -> None:
    """Wait until the platform has all this of the agent, and nothing is unconfirmed here."""
    shown: dict[str, Any] = {}

    async def so() -> bool:
        shown.update(await box.control(f"agents/{desk.un}"))
        same = all(shown[key] == value for key, value in wanted.items())
        return same and not desk.snapshot.seat.unconfirmed

    await until(so, PATIENCE, what=lambda: f"{wanted}: {shown}", interval=0.05)


# ---------------------------------------------------------------- a lost 200


async def test_a_hang_up_goes_out_at_once_though_the_200_to_a_hold_is_lost(
    box: Box, desk: Desk
) -> None:
    cc = await talking(box, desk)
    await box.post("faults", kind="message", un="1001")
    holding = asyncio.create_task(desk.engine.execute(c.Hold()))
    await until(lambda: desk.call.pending == "hold")
    await box.control("faults", "DELETE")
    began = asyncio.get_running_loop().time()
    assert (await desk.engine.execute(c.HangUp())).ok
    assert (await desk.state(CallState.ENDED)).end.reason == 26
    assert asyncio.get_running_loop().time() - began < desk.engine.context.limits.message
    await phase(box, cc, "ended")
    assert not (await holding).ok


async def test_what_was_given_up_is_never_carried_out_later(box: Box, desk: Desk) -> None:
    context = desk.engine.context
    context.limits = replace(context.limits, message=0.5, status=0.5)
    cc = await talking(box, desk)
    await box.post("faults", kind="message", un="1001")
    for command in (c.Hold(), c.HangUp(), c.Hold()):
        assert not (await desk.engine.execute(command)).ok
    assert desk.call.state is CallState.TALKING
    await box.control("faults", "DELETE")
    assert (await desk.engine.execute(c.Hold())).ok
    assert (await desk.engine.execute(c.Resume())).ok
    await box.is_heard(cc, AGENT_TONE)
    assert (await box.control(f"calls/{cc}"))["phase"] == "up"
    assert desk.call.state is CallState.TALKING


# ---------------------------------------------------------------- what is remembered


async def test_an_offer_that_waits_for_the_sign_in_is_one_call(
    box: Box, generation: int, tmp_path: Path
) -> None:
    cc = await box.ring("1001")
    desk = Desk(box, tmp_path, generation=generation)
    assert (await desk.engine.execute(desk.sign_in_command())).ok
    assert (await desk.engine.execute(c.JoinGroup(GROUP))).ok
    await desk.state(CallState.RINGING)
    assert [call.ccnumber for call in desk.snapshot.calls] == [cc]
    assert (await desk.engine.execute(c.Answer())).ok
    await desk.state(CallState.TALKING)
    await box.post(f"calls/{cc}/hangup")
    await desk.state(CallState.ENDED)
    await desk.seat(SeatState.IDLE)
    await desk.engine.close()


@pytest.mark.parametrize("desk", [2], indirect=True, ids=["platform2"])
async def test_a_colleague_is_consulted_twice_and_then_takes_the_call(
    box: Box, desk: Desk, other: Desk
) -> None:
    cc = await talking(box, desk)

    async def free() -> bool:
        shown = await box.control("agents/1002")
        return bool(shown["status"] == Status.ONLINE and shown["reachable"] and not shown["call"])

    for _ in range(2):
        assert (await desk.engine.execute(c.Threeway(ThirdKind.AGENT, "1002"))).ok
        await other.state(CallState.RINGING)
        assert (await other.engine.execute(c.Answer())).ok
        await third(desk, ThirdState.JOINED)
        assert (await desk.engine.execute(c.DropThird())).ok
        over, context = await other.state(CallState.ENDED), other.engine.context
        await other.seat(SeatState.IDLE)
        await until(free)
        # Sooner than this it would count as a repeat.
        await until(lambda: context.clock() - over.since > context.limits.offer_again)  # noqa: B023
    assert (await desk.engine.execute(c.Transfer(GROUP, "1002"))).ok
    await other.state(CallState.RINGING)
    assert (await other.engine.execute(c.Answer())).ok
    assert (await other.state(CallState.TALKING)).ccnumber == cc
    await desk.state(CallState.ENDED)


# ---------------------------------------------------------------- signing out of a three-way call


@pytest.mark.parametrize("desk", [2], indirect=True, ids=["platform2"])
async def test_a_sign_out_in_a_three_way_call_leaves_nobody_together(box: Box, desk: Desk) -> None:
    await box.hurry()
    cc = await talking(box, desk)
    assert (await desk.engine.execute(c.Threeway(ThirdKind.OUTSIDE, "12020002100"))).ok
    await third(desk, ThirdState.JOINED)
    result = await desk.engine.execute(c.SignOut(end=False))
    assert (result.ok, result.message) == (True, None)
    await phase(box, cc, "ended")


@pytest.mark.parametrize("desk", [2], indirect=True, ids=["platform2"])
async def test_a_sign_out_that_could_not_part_them_says_so_within_its_time(
    box: Box, desk: Desk
) -> None:
    context = desk.engine.context
    context.limits = replace(context.limits, end_for_all=0.5)
    await box.hurry()
    await talking(box, desk)
    assert (await desk.engine.execute(c.Threeway(ThirdKind.OUTSIDE, "12020002100"))).ok
    await third(desk, ThirdState.JOINED)
    await box.post("faults", kind="threeway-end", un="1001")
    result = await desk.engine.execute(c.SignOut(end=False))
    assert result.ok
    assert result.message is not None
    assert result.message.id == "signout.others_left"
    assert desk.snapshot.phase is Phase.SIGNED_OUT
    assert desk.snapshot.failure == result.message


@pytest.mark.parametrize("desk", [1], indirect=True, ids=["platform1"])
async def test_mobile_mode_ends_with_its_session(box: Box, desk: Desk) -> None:
    assert (await desk.engine.execute(c.SetPhoneMode(PhoneMode.MOBILE, "12000000002"))).ok
    assert (await desk.engine.execute(c.SignOut(end=False))).ok
    assert desk.snapshot.phone_mode is PhoneMode.FIXED
    await desk.sign_in()
    await box.ring("1001")
    await desk.state(CallState.RINGING)


# ---------------------------------------------------------------- a platform that begins anew


@pytest.mark.parametrize("status", [1, 2])
async def test_after_a_restart_the_platform_has_status_mode_group_and_check_in_again(
    box: Box, desk: Desk, status: int
) -> None:
    if status == 2:
        assert (await desk.engine.execute(c.SetStatus(StatusWanted.BUSY))).ok
    await box.post("restart")
    await box.agent_has("1001", "registered", True)
    wanted: dict[str, object] = {"status": status, "gid": GROUP, "fixed": True}
    if desk.generation == 2:
        wanted["checked_in"] = True
    await agrees(box, desk, **wanted)
    await desk.seat(SeatState.IDLE if status == 1 else SeatState.BUSY)


async def test_a_group_that_is_not_confirmed_is_said_not_claimed_and_told_again(
    box: Box, generation: int, tmp_path: Path
) -> None:
    desk = Desk(box, tmp_path, generation=generation)
    context = desk.engine.context
    assert (await desk.engine.execute(desk.sign_in_command())).ok
    context.limits = replace(context.limits, message=0.3)
    await box.post("faults", kind="message", un="1001")
    assert (await desk.engine.execute(c.JoinGroup(GROUP))).ok
    await until(lambda: desk.snapshot.notice)
    assert desk.snapshot.phase is Phase.SIGNED_IN
    assert "group" in desk.snapshot.seat.unconfirmed
    await box.control("faults", "DELETE")
    await agrees(box, desk, status=1, gid=GROUP, fixed=True)
    await desk.engine.close()


@pytest.mark.parametrize("holds", [True, False])
@pytest.mark.parametrize("cut", [False, True])
async def test_a_hold_or_a_resume_whose_200_is_lost_leaves_no_two_states(
    box: Box, desk: Desk, holds: bool, cut: bool
) -> None:
    cc = await talking(box, desk)
    if not holds:
        assert (await desk.engine.execute(c.Hold())).ok
    shown = desk.call.state

    async def at_the_platform(holding: bool) -> None:
        async def so() -> bool:
            parties = (await box.control(f"calls/{cc}"))["parties"]
            return bool(parties[desk.un]["holding"] == holding)

        await until(so, PATIENCE, what=f"holding is {holding}", interval=0.05)

    context = desk.engine.context
    context.limits = replace(context.limits, message=PATIENCE if cut else 0.5)
    await box.post("faults", kind="message-reply", un="1001")
    asked = asyncio.create_task(desk.engine.execute(c.Hold() if holds else c.Resume()))
    await at_the_platform(holds)  # it was carried out, and nobody says so
    if cut:
        await box.post("agents/1001/drop")
    result = await asked
    assert not result.ok
    assert result.message is not None
    assert result.message.id == ("unconfirmed.hold" if holds else "unconfirmed.resume")
    await box.control("faults", "DELETE")
    await at_the_platform(not holds)
    assert desk.call.state is shown


async def says(box: Box, body: str) -> None:
    """The platform sends 1001 this control message."""
    url = f"{box.http}/control/agents/1001/say"
    async with aiohttp.ClientSession() as session, session.post(url, data=body) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ('<cc a="101" c="{cc}" info="The queue is closed"/>', "(The queue is closed)"),
        ('<cc a="105" c="{cc}" r="25" info="Sent to voice mail"/>', "(Sent to voice mail)"),
        ('<cc a="105" c="{cc}" r="20"/>', ""),
    ],
)
async def test_what_the_platform_says_of_the_end_of_a_call_is_shown_and_kept(
    box: Box, desk: Desk, said: str, sentence: str
) -> None:
    cc = await box.ring("1001")
    await desk.state(CallState.RINGING)
    await says(box, said.format(cc=cc))
    call = await desk.state(CallState.ENDED)
    assert call.outcome is not None
    assert render(call.outcome).endswith(sentence or ".")
    (entry,) = await desk.history(1)
    words = dict(entry.reason_values).get("info", "")
    assert f"({words})" == sentence or (words, sentence) == ("", "")


async def test_what_the_platform_says_of_a_status_is_the_seats_reason(box: Box, desk: Desk) -> None:
    await says(box, '<cc a="2" info="Set busy by your supervisor"/>')
    await desk.seat(SeatState.BUSY)
    await until(lambda: desk.snapshot.seat.reason)
    reason = desk.snapshot.seat.reason
    assert reason is not None
    assert render(reason) == "The platform says: Set busy by your supervisor"
    await says(box, '<cc a="6" info="Rest for a minute"/>')
    await until(lambda: desk.snapshot.seat.reason != reason)
    assert desk.snapshot.seat.reason is not None
    assert render(desk.snapshot.seat.reason).endswith("(Rest for a minute)")


async def test_a_sign_out_that_the_platform_does_not_confirm_is_said_to_be_one(
    box: Box, desk: Desk
) -> None:
    await box.post("faults", kind="web-error")
    result = await desk.engine.execute(c.SignOut())
    assert result.ok, "it counts as signed out"
    if desk.generation == 1:
        assert result.message is None, "there is no check-out"
        return
    assert result.message is not None
    assert render(result.message) == (
        "Signing out failed (53000). You count as signed out. (server error)"
    )
    assert (desk.snapshot.phase, desk.snapshot.failure) == (Phase.SIGNED_OUT, result.message)
    await box.control("faults", "DELETE")
    await desk.sign_in()
    assert (await desk.engine.execute(c.SignOut())).message is None


@pytest.mark.parametrize("whose", [f"1002_{OURS}", "1001_00011171", "1002_00011171"])
async def test_the_status_of_another_seat_is_not_ours(box: Box, desk: Desk, whose: str) -> None:
    await says(box, f'<cc a="2" n="{whose}"/>')
    await says(box, f'<cc a="6" n="{whose}"/>')
    stray = SkippedKind.STRAY
    kept = desk.engine.context.not_understood
    await until(lambda: kept.counts()[stray] == 2)
    assert desk.snapshot.seat_state is SeatState.IDLE


@pytest.mark.parametrize("whose", [f"1001_{OURS}", "1001", f"01001_{OURS}", "12000000001", ""])
async def test_a_status_that_names_ours_or_no_seat_is_ours(
    box: Box, desk: Desk, whose: str
) -> None:
    await says(box, f'<cc a="2" n="{whose}"/>')
    await desk.seat(SeatState.BUSY)


@pytest.mark.parametrize(
    "said",
    [
        '<news><o><a><u n="1001" r="+897"/></a></o></news>',
        '<O><A><U N="1001" R="897"/></A></O>',
        '<cc a="1"/><o><a><u n="1001" r="0897"/></a></o>',
    ],
)
async def test_a_kick_ends_the_shift_however_it_is_written(box: Box, desk: Desk, said: str) -> None:
    await says(box, said)
    await until(lambda: desk.snapshot.phase is Phase.KICKED)
    assert desk.snapshot.failure is not None
    assert desk.snapshot.failure.id == "kicked.897"


async def test_after_a_message_that_nobody_can_read_both_have_the_same_calls(
    box: Box, desk: Desk
) -> None:
    cc = await box.ring("1001")
    await desk.state(CallState.RINGING)
    await box.post("faults", kind="message", un="1001")
    await says(box, '<cc a="101" a="100" c="x"/>')
    await until(lambda: desk.engine.context.not_understood.items())
    await box.control("faults", "DELETE")
    for number in ("+100", "0100", "100.0"):
        await says(box, f'<cc a="{number}" c="{cc}" n="12000000001"/><cc a="+6" info="Rest"/>')
    await until(lambda: desk.snapshot.seat.reason)
    assert (desk.call.state, desk.call.offers) == (CallState.RINGING, 1)
    assert (await desk.engine.execute(c.Answer())).ok
    await desk.state(CallState.TALKING)
    assert (await box.control(f"calls/{cc}"))["phase"] == "up"

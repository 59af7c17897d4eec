"""What comes after a call, and what the platform does to a seat: write-up, the status set ahead,
offers missed, kicks, tokens that run out, answering by itself. Real engine, real sandbox process.

Each at both generations of the platform, but what only generation 2 has: tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.box import CUSTOMER_TONE, Box, Desk, running
from tests.e2e.talking import GROUP, ONLY_2, colleague, desk_hears, talking
from tests.waiting import until
from tui.config.schema import OfferSettings, WrapUpSettings
from tui.engine.context import Limits
from tui.port import commands as c
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import SeatState, Status
from tui.port.values import Phase, StatusWanted

IDLE, BUSY = 1, 2
Make = Callable[..., Any]


@pytest.fixture
async def make(box: Box, tmp_path: Path, generation: int) -> AsyncIterator[Make]:
    """Makes desks: `await make(wrapup=…)` signs 1001 in; they are closed whatever happens."""
    made: list[Desk] = []

    async def one(un: str = "1001", **sections: Any) -> Desk:
        desk = colleague(box, tmp_path, un, generation=generation, **sections)
        made.append(desk)
        await desk.sign_in()
        return desk

    yield one
    for desk in made:
        await desk.engine.close()


async def called(box: Box, desk: Desk) -> None:
    """A call that was up, hung up by the agent."""
    await talking(box, desk)
    assert (await desk.engine.execute(c.HangUp())).ok
    await desk.state(CallState.ENDED)


async def at_platform(box: Box, un: str, status: int) -> None:
    """Wait until the platform has the seat so."""
    await box.agent_has(un, "status", status)


def said(agent: dict[str, Any], *wanted: str) -> list[str]:
    """Which of these messages the agent sent, in order."""
    return [each["detail"] for each in agent["log"] if each["detail"] in wanted]


# ---------------------------------------------------------------- write-up


async def test_busy_is_sent_at_once_and_the_platforms_idle_does_not_end_the_write_up(
    box: Box, make: Make
) -> None:
    desk = await make(wrapup=WrapUpSettings(mode="optional"))
    await called(box, desk)
    await until(lambda: desk.snapshot.wrapup is not None)
    await at_platform(box, "1001", BUSY)
    await box.post("agents/1001/status", status=IDLE)
    await at_platform(box, "1001", BUSY)
    assert desk.snapshot.wrapup is not None
    assert (await desk.engine.execute(c.FinishWrapUp())).ok
    assert desk.snapshot.wrapup is None
    await at_platform(box, "1001", IDLE)


async def test_a_call_offered_in_the_gap_is_still_shown_and_what_was_typed_is_kept(
    box: Box, make: Make
) -> None:
    desk = await make(wrapup=WrapUpSettings(mode="optional"))
    await called(box, desk)
    await until(lambda: desk.snapshot.wrapup is not None)
    await desk.engine.execute(c.EditWrapUp(outcome="Call back", note="after two"))
    await at_platform(box, "1001", BUSY)
    await box.ring("1001", number="12000000002")  # waits until somebody is idle
    await box.post("agents/1001/status", status=IDLE)
    await desk.state(CallState.RINGING)
    assert desk.snapshot.wrapup is not None
    assert (await desk.engine.execute(c.Answer())).ok
    await desk.state(CallState.TALKING)
    assert desk.snapshot.wrapup is None
    assert [each.outcome for each in await desk.history(1, "after two")] == ["Call back"]


async def test_a_waiting_caller_is_not_offered_before_the_write_up_is_over(
    box: Box, make: Make
) -> None:
    desk = await make(wrapup=WrapUpSettings(mode="timed", seconds=60))
    await talking(box, desk)
    await box.ring("1001", number="12000000002")  # waits
    await at_platform(box, "1001", IDLE)

    async def told() -> bool:
        return bool(said(await box.control("agents/1001"), "StatusAfterCall"))

    await until(told)
    await desk.engine.execute(c.EditNote("wants the invoice"))
    await desk.engine.execute(c.HangUp())
    await until(lambda: desk.snapshot.wrapup is not None)
    await desk.seat(SeatState.BUSY)
    assert desk.snapshot.wrapup.note == "wants the invoice"
    assert [call.number for call in desk.snapshot.calls] == ["12000000001"]
    assert (await desk.engine.execute(c.FinishWrapUp())).ok
    await desk.state(CallState.RINGING)
    assert desk.call.number == "12000000002"


@pytest.mark.parametrize("number", ["12000000002", "12000000005"], ids=["answered", "unanswered"])
async def test_a_seat_that_was_busy_before_a_call_is_busy_after_it(
    box: Box, make: Make, number: str
) -> None:
    desk = await make(wrapup=WrapUpSettings(mode="timed", seconds=60))
    await box.hurry()
    if number.endswith("5"):
        await box.post("times", ring=1)
    assert (await desk.engine.execute(c.SetStatus(StatusWanted.BUSY))).ok
    assert (await desk.engine.execute(c.Dial(number))).ok
    if number.endswith("2"):
        await desk.state(CallState.TALKING)
        assert desk.snapshot.next_status == BUSY
        await desk.engine.execute(c.HangUp())
        await until(lambda: desk.snapshot.wrapup is not None)
        assert (await desk.engine.execute(c.FinishWrapUp())).ok
    else:
        await desk.state(CallState.ENDED)
    await desk.seat(SeatState.BUSY)
    await at_platform(box, "1001", BUSY)
    assert desk.snapshot.next_status == 0


async def test_the_countdown_ends_the_write_up_and_the_seat_is_idle_again(
    box: Box, make: Make
) -> None:
    desk = await make(wrapup=WrapUpSettings(mode="timed", seconds=1))
    await called(box, desk)
    await until(lambda: desk.snapshot.wrapup is not None)
    await until(lambda: desk.snapshot.wrapup is None)
    await desk.seat(SeatState.IDLE)
    await at_platform(box, "1001", IDLE)


async def test_required_wants_an_outcome_first_and_strict_wants_its_time(
    box: Box, make: Make
) -> None:
    desk = await make(wrapup=WrapUpSettings(mode="required"))
    await called(box, desk)
    await until(lambda: desk.snapshot.wrapup is not None)
    refused = await desk.engine.execute(c.SetStatus(StatusWanted.IDLE))
    assert refused.message is not None
    assert refused.message.id == "wrapup.outcome_required"
    await desk.engine.execute(c.EditWrapUp(outcome="Resolved"))
    assert (await desk.engine.execute(c.SetStatus(StatusWanted.IDLE))).ok
    strict = await make("1002", wrapup=WrapUpSettings(mode="timed-strict", seconds=60))
    await called(box, strict)
    await until(lambda: strict.snapshot.wrapup is not None)
    refused = await strict.engine.execute(c.FinishWrapUp())
    assert refused.message is not None
    assert refused.message.id == "wrapup.strict"


async def test_a_status_set_ahead_in_the_call_is_taken_when_the_write_up_is_over(
    box: Box, make: Make
) -> None:
    desk = await make(wrapup=WrapUpSettings(mode="optional"))
    await talking(box, desk)
    assert (await desk.engine.execute(c.SetNextStatus(StatusWanted.BUSY))).ok
    await desk.engine.execute(c.HangUp())
    await until(lambda: desk.snapshot.wrapup is not None)
    assert desk.snapshot.next_status == BUSY
    assert (await desk.engine.execute(c.FinishWrapUp())).ok
    assert desk.snapshot.next_status == 0
    await at_platform(box, "1001", BUSY)
    assert desk.snapshot.seat_state is SeatState.BUSY


# ---------------------------------------------------------------- the status after this call


async def test_87_is_answered_and_busy_follows_at_the_end_of_the_call(box: Box, make: Make) -> None:
    desk = await make()
    await talking(box, desk)
    assert (await desk.engine.execute(c.SetNextStatus(StatusWanted.BUSY))).ok
    assert desk.snapshot.next_status == BUSY
    assert desk.snapshot.seat.status is Status.ONLINE
    await desk.engine.execute(c.HangUp())
    await desk.seat(SeatState.BUSY)
    assert desk.snapshot.next_status == 0


async def test_87_taken_back_leaves_the_seat_idle_after_the_call(box: Box, make: Make) -> None:
    desk = await make()
    await talking(box, desk)
    assert (await desk.engine.execute(c.SetNextStatus(StatusWanted.BUSY))).ok
    assert (await desk.engine.execute(c.SetNextStatus(StatusWanted.IDLE))).ok
    assert desk.snapshot.next_status == 0
    await desk.engine.execute(c.HangUp())
    await desk.seat(SeatState.IDLE)
    await at_platform(box, "1001", IDLE)


async def test_87_without_an_answer_is_said_and_nothing_is_set_ahead(box: Box, make: Make) -> None:
    desk = await make(limits=Limits(next_status=0.5))
    await talking(box, desk)
    await box.post("faults", kind="next-status")
    result = await desk.engine.execute(c.SetNextStatus(StatusWanted.BUSY))
    assert result.message is not None
    assert result.message.id == "unconfirmed.next_status"
    assert desk.snapshot.next_status == 0


# ---------------------------------------------------------------- the seat


async def test_neither_a_200_nor_a_word_of_the_platform_in_time_is_a_failed_status(
    box: Box, make: Make
) -> None:
    desk = await make(limits=Limits(status=0.5))
    await box.post("faults", kind="message", un="1001")
    result = await desk.engine.execute(c.SetStatus(StatusWanted.BUSY))
    assert result.message is not None
    assert result.message.id == "unconfirmed.status"
    assert desk.snapshot.seat_state is SeatState.IDLE


async def test_the_platforms_own_status_overrides_and_after_call_work_is_busy_with_its_reason(
    box: Box, make: Make
) -> None:
    desk = await make()
    await box.post("agents/1001/status", status=BUSY)
    await desk.seat(SeatState.BUSY)
    await box.post("agents/1001/status", status=0)
    await desk.seat(SeatState.OFFLINE)
    assert (await desk.engine.execute(c.CheckLogin())).code == 0
    await box.post("agents/1001/status", status=IDLE)
    await desk.seat(SeatState.IDLE)
    await box.post("agents/1001/after-call-work")
    await desk.seat(SeatState.BUSY)
    assert desk.snapshot.seat.reason is not None
    assert desk.snapshot.seat.reason.id == "seat.after_call_work"


async def test_right_after_registering_the_login_state_is_still_0(box: Box, make: Make) -> None:
    desk = await make("1004")
    await box.post("times", online=60)
    await desk.engine.execute(c.SignOut())
    assert (await desk.engine.execute(desk.sign_in_command())).ok
    assert (await desk.engine.execute(c.JoinGroup("0"))).ok
    assert desk.snapshot.phase is Phase.SIGNED_IN
    assert (await desk.engine.execute(c.CheckLogin())).code == 0
    await box.post("agents/1004/status", status=IDLE)
    await desk.seat(SeatState.IDLE)
    assert (await desk.engine.execute(c.CheckLogin())).code == 1


async def test_the_seat_state_follows_a_call_through_3_4_5_and_back_to_1(
    box: Box, make: Make
) -> None:
    desk = await make()

    async def code() -> int:
        return int((await desk.engine.execute(c.CheckSeatState())).code)

    assert await code() == 1
    await box.ring("1001")
    await desk.state(CallState.RINGING)
    assert await code() == 3
    await desk.engine.execute(c.Answer())
    await desk.state(CallState.TALKING)
    assert await code() == 4
    await desk.engine.execute(c.Hold())
    assert await code() == 5
    await desk.engine.execute(c.HangUp())
    await desk.state(CallState.ENDED)
    await desk.seat(SeatState.IDLE)
    await desk.engine.execute(c.Dial("12000000005"))
    await desk.state(CallState.PROCEEDING)
    assert await code() == 3, "3 until it is answered"


# ---------------------------------------------------------------- offers


async def test_cannot_take_it_is_busy_first_and_then_the_decline_so_another_agent_gets_it(
    box: Box, make: Make
) -> None:
    desk, other = await make(), await make("1002")
    await box.ring("1001", gid=GROUP)
    await desk.state(CallState.RINGING)
    assert (await desk.engine.execute(c.CannotTake())).ok
    await other.state(CallState.RINGING)
    assert desk.snapshot.seat_state is SeatState.BUSY
    agent = await box.control("agents/1001")
    assert said(agent, "SetStatus", "HangUp")[-2:] == ["SetStatus", "HangUp"]


async def test_an_offer_nobody_answers_in_time_is_cancelled_missed_and_goes_to_the_next_agent(
    box: Box, make: Make
) -> None:
    await box.post("times", offer=1)
    desk, other = await make(), await make("1002")
    await box.ring("1001", gid=GROUP)
    await desk.state(CallState.RINGING)
    await other.state(CallState.RINGING)
    await until(lambda: desk.snapshot.shift.missed >= 1)
    assert desk.snapshot.recent[0].missed


async def test_after_so_many_missed_offers_in_a_row_the_seat_goes_busy_and_says_why(
    box: Box, make: Make
) -> None:
    await box.post("times", offer=1)
    desk = await make(offers=OfferSettings(missed_limit=2))
    await box.ring("1001")
    await desk.seat(SeatState.BUSY)
    assert desk.snapshot.seat.reason is not None
    assert desk.snapshot.seat.reason.id == "seat.missed"
    assert dict(desk.snapshot.seat.reason.values)["count"] == "2"
    assert desk.snapshot.shift.missed == 2
    await at_platform(box, "1001", BUSY)


async def test_the_enterprise_may_want_calls_answered_by_themselves_with_a_countdown(
    box: Box, make: Make
) -> None:
    await box.post("enterprise", auto_answer=3)
    desk = await make()
    before = desk.engine.context.clock()
    await box.ring("1001")
    ringing = await desk.state(CallState.RINGING)
    assert ringing.auto_answer is not None
    assert before + 3 <= ringing.auto_answer <= desk.engine.context.clock() + 3
    await desk.state(CallState.TALKING)
    await desk_hears(desk, CUSTOMER_TONE)


async def test_a_countdown_that_is_stopped_lets_the_call_ring_on(box: Box, make: Make) -> None:
    await box.post("enterprise", auto_answer=3)
    desk = await make()
    await box.ring("1001")
    await desk.state(CallState.RINGING)
    assert (await desk.engine.execute(c.StopAutoAnswer())).ok
    assert desk.call.auto_answer is None
    timers = desk.engine.context.timers._handles
    assert f"auto answer {desk.call.key}" not in timers, "nothing is left to answer it"
    assert desk.call.state is CallState.RINGING


async def test_the_agent_may_do_without_what_the_enterprise_wants(box: Box, make: Make) -> None:
    await box.post("enterprise", auto_answer=3)
    desk = await make(offers=OfferSettings(enterprise_auto_answer=False))
    await box.ring("1001")
    assert (await desk.state(CallState.RINGING)).auto_answer is None


# ---------------------------------------------------------------- kicks and tokens


@pytest.mark.parametrize("r", ["895", "897", "898", "899"])
async def test_a_kick_ends_the_call_in_order_keeps_it_in_the_history_and_says_why(
    box: Box, make: Make, r: str
) -> None:
    desk = await make()
    cc = await talking(box, desk)
    await box.post("agents/1001/kick", r=r)
    await until(lambda: desk.snapshot.phase is Phase.KICKED)
    assert desk.snapshot.failure is not None
    assert desk.snapshot.failure.id == f"kicked.{r}"
    assert not desk.call.live
    assert desk.call.outcome is not None
    assert desk.call.outcome.id == "ended.kicked"  # not that anybody hung up
    assert [each.ccnumber for each in desk.snapshot.recent] == [cc]
    assert (await desk.engine.execute(desk.sign_in_command())).ok
    assert (await desk.engine.execute(c.JoinGroup(GROUP))).ok
    kept = await desk.history(1)
    assert [(e.ccnumber, e.reason) for e in kept] == [(cc, "ended.kicked")]


@ONLY_2  # generation 1 has no token
async def test_a_token_that_the_platform_ends_in_a_call_is_mended_and_the_call_goes_on(
    box: Box, make: Make
) -> None:
    desk = await make()
    await talking(box, desk)
    await box.post("agents/1001/end-token")
    assert (await desk.engine.execute(c.GetGroups())).ok
    assert desk.call.state is CallState.TALKING
    await desk_hears(desk, CUSTOMER_TONE)
    assert desk.snapshot.notice is None


async def test_a_token_is_renewed_while_a_call_goes_on(tmp_path: Path) -> None:
    """Generation 2 alone has tokens. These live 4 s."""
    async with running(tmp_path, "--token-life", "4") as box:
        desk = Desk(box, tmp_path)
        try:
            await desk.sign_in()
            await talking(box, desk)

            async def renewed() -> bool:
                return bool((await box.control("agents/1001"))["counts"].get("renew"))

            await until(renewed, 20)
            assert desk.call.state is CallState.TALKING
            assert desk.snapshot.notice is None
        finally:
            await desk.engine.close()

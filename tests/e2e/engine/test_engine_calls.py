"""Calls from end to end: a real engine, a real sandbox process, real sockets, real audio."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.box import AGENT_TONE, CUSTOMER_TONE, Box, Desk
from tests.e2e.hearing import heard_in
from tests.waiting import until
from tui.port import commands as c
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import SeatState
from tui.port.values import Phase, StatusWanted
from tui.secrets import Secret

LOUD, SILENT = 0.5, 0.05
"""Shares of the energy at one frequency: what a tone alone reaches, and what is not there."""


async def agent_hears(desk: Desk, hz: int, at_least: float = LOUD) -> None:
    await heard_in(desk.output, hz, at_least)


async def test_a_customer_calls_is_answered_heard_held_resumed_and_hung_up(
    box: Box, desk: Desk
) -> None:
    cc = await box.ring("1001")
    call = await desk.state(CallState.RINGING)
    assert (call.ccnumber, call.number, call.offers) == (cc, "12000000001", 1)

    assert (await desk.engine.execute(c.Answer())).ok
    await desk.state(CallState.TALKING)
    await desk.audio()
    await box.is_heard(cc, AGENT_TONE, LOUD)
    await agent_hears(desk, CUSTOMER_TONE)

    assert (await desk.engine.execute(c.Hold())).ok
    assert desk.call.state is CallState.HOLDING
    await box.is_heard_no_more(cc, AGENT_TONE)
    prompt = await box.control(f"calls/{cc}/heard?ms=500")
    assert prompt["on_hold"]
    assert prompt["level"] > -50, "the held party hears the platform's prompt, not silence"

    assert (await desk.engine.execute(c.Resume())).ok
    await box.is_heard(cc, AGENT_TONE, LOUD)

    assert (await desk.engine.execute(c.HangUp())).ok
    over = await desk.state(CallState.ENDED)
    assert over.end.reason == 26
    assert over.end.talk_time is not None
    await desk.seat(SeatState.IDLE)


async def test_the_customer_hangs_up_and_it_is_said_so(box: Box, desk: Desk) -> None:
    cc = await box.ring("1001")
    await desk.state(CallState.RINGING)
    await desk.engine.execute(c.Answer())
    await desk.audio()
    await box.post(f"calls/{cc}/hangup")
    over = await desk.state(CallState.ENDED)
    assert over.end.reason == 25
    assert over.outcome is not None
    assert over.outcome.id == "ended.25"


async def test_mute_cuts_the_microphone_at_once_and_opens_it_again(box: Box, desk: Desk) -> None:
    cc = await box.ring("1001")
    await desk.state(CallState.RINGING)
    await desk.engine.execute(c.Answer())
    await desk.audio()
    await box.is_heard(cc, AGENT_TONE, LOUD)
    await desk.engine.execute(c.Mute(True))
    assert desk.call.muted
    await box.is_heard_no_more(cc, AGENT_TONE)
    await agent_hears(desk, CUSTOMER_TONE)
    await desk.engine.execute(c.Mute(False))
    await box.is_heard(cc, AGENT_TONE, LOUD)


async def test_a_declined_call_comes_straight_back_as_a_second_offer(box: Box, desk: Desk) -> None:
    await box.ring("1001")
    await desk.state(CallState.RINGING)
    assert (await desk.engine.execute(c.HangUp())).ok
    await until(lambda: desk.call.offers == 2 and desk.call.state is CallState.RINGING)


async def test_a_customer_who_gives_up_is_a_missed_call(box: Box, desk: Desk) -> None:
    cc = await box.ring("1001")
    await desk.state(CallState.RINGING)
    await box.post(f"calls/{cc}/hangup")
    over = await desk.state(CallState.ENDED)
    assert over.outcome is not None
    assert over.outcome.id == "cancelled.missed"
    assert desk.snapshot.recent[0].missed


async def test_an_outside_line_rings_in_the_leg_and_is_answered(box: Box, desk: Desk) -> None:
    result = await desk.engine.execute(c.Dial("120 0000-0003"))
    assert (result.ok, result.code) == (True, 2)
    await desk.state(CallState.TALKING)
    await agent_hears(desk, 440)


@pytest.mark.parametrize(("dialled", "code"), [("12999990503", 503), ("12999990512", 512)])
async def test_a_refused_call_says_why(desk: Desk, dialled: str, code: int) -> None:
    assert (await desk.engine.execute(c.Dial(dialled))).ok
    over = await desk.state(CallState.ENDED)
    assert over.outcome is not None
    assert over.outcome.id == f"refused.{code}"


async def test_an_unanswered_call_ends_as_not_connected(box: Box, desk: Desk) -> None:
    await box.post("times", ring=1)
    await desk.engine.execute(c.Dial("12000000005"))
    over = await desk.state(CallState.ENDED)
    assert over.end.reason == 20


async def test_idle_and_busy_are_confirmed_by_the_platform(box: Box, desk: Desk) -> None:
    assert (await desk.engine.execute(c.SetStatus(StatusWanted.BUSY))).ok
    assert desk.snapshot.seat_state is SeatState.BUSY
    assert (await box.control("agents/1001"))["status"] == 2
    assert (await desk.engine.execute(c.SetStatus(StatusWanted.IDLE))).ok
    assert desk.snapshot.seat_state is SeatState.IDLE


async def test_signing_out_leaves_nothing_behind(box: Box, desk: Desk) -> None:
    await desk.engine.execute(c.SignOut())
    assert desk.snapshot.phase is Phase.SIGNED_OUT
    counts = (await box.control("agents/1001"))["counts"]
    assert counts["un-REGISTER"] == 1
    assert counts.get("check-out", 0) == (1 if desk.generation == 2 else 0)
    assert desk.engine.finished.is_set()


async def test_a_second_sign_in_from_elsewhere_kicks_the_first_which_does_not_fight_back(
    box: Box, desk: Desk, tmp_path: Path
) -> None:

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    other = Desk(box, elsewhere)
    try:
        await other.sign_in()
        await until(lambda: desk.snapshot.phase is Phase.KICKED)
        assert desk.snapshot.failure is not None
        assert desk.snapshot.failure.id == "kicked.895"
        await box.ring("1001")
        await other.state(CallState.RINGING)
        assert desk.snapshot.phase is Phase.KICKED
    finally:
        await other.engine.close()


@pytest.mark.parametrize(
    ("change", "code", "sentence"),
    [
        ({"pwd": Secret("wrong")}, 50003, "login.50003"),
        ({"switchnumber": "02599999999"}, 50004, "login.50004"),
        ({"pwd": Secret("")}, 50001, "login.missing_pwd"),
        ({"un": " "}, 50001, "login.missing_un"),
        ({"switchnumber": ""}, 50001, "login.missing_switchnumber"),
        ({"backend": "http://127.0.0.1:9"}, 50000, "login.server-down"),
        ({"backend": ""}, 50002, "login.no-backend"),
        ({"callintype": 3}, 50001, "login.bad_line_type"),
        ({"callintype": 5}, 50001, "login.missing_number"),
    ],
)
async def test_each_refused_sign_in_has_its_own_sentence(
    box: Box, tmp_path: Path, change: dict[str, object], code: int, sentence: str
) -> None:

    desk = Desk(box, tmp_path)
    result = await desk.engine.execute(desk.sign_in_command(**change))
    assert (result.ok, result.code) == (False, code)
    assert result.message is not None
    assert result.message.id == sentence
    assert desk.snapshot.phase is Phase.SIGNED_OUT
    await desk.engine.close()

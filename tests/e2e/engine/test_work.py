"""An agent's work besides the calls, with the real engine at the real sandbox, and at a PBX."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.box import Box, Desk
from tests.e2e.line_desk import LineDesk
from tests.e2e.switch import DOMAIN, Far, Switch
from tests.e2e.talking import colleague, talking
from tests.waiting import until
from tui.config.schema import WrapUpSettings
from tui.config.work import Break
from tui.port import commands as c
from tui.port import work_commands as w
from tui.port.events import SeatChanged
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import SeatState, Status
from tui.port.values import BREAK, HistoryPage, NextStatus, StatusWanted
from tui.port.work import Callback, CallbackPage, CallbackSource, ShiftReport

BREAKS = (Break("lunch", title="Lunch", minutes=45, code="LUNCH"),)


@pytest.fixture
async def desk(box: Box, tmp_path: Path, generation: int) -> AsyncIterator[Desk]:
    """1001 with breaks, at a platform that has a field for their reason."""
    desk = colleague(
        box,
        tmp_path,
        "1001",
        generation=generation,
        breaks=BREAKS,
        messages={"break_reason": "break"},
        wrapup=WrapUpSettings(mode="optional"),
    )
    await desk.sign_in()
    yield desk
    await desk.engine.close()


async def rows(desk: Desk) -> tuple[Callback, ...]:
    """Whom the agent is to call."""
    page = (await desk.engine.execute(w.GetCallbacks())).value
    assert isinstance(page, CallbackPage)
    return page.rows


async def test_the_platform_is_told_why_the_seat_is_busy_and_that_it_is_over(
    box: Box, desk: Desk
) -> None:
    assert (await desk.engine.execute(w.TakeBreak("lunch"))).ok
    await box.agent_has("1001", "break_reason", "LUNCH")
    await box.agent_has("1001", "status", 2)
    assert (await desk.engine.execute(c.SetStatus(StatusWanted.IDLE))).ok
    await box.agent_has("1001", "break_reason", "")
    await desk.seat(SeatState.IDLE)
    found = (await desk.engine.execute(c.GetHistory("lunch"))).value
    assert isinstance(found, HistoryPage)
    assert [(each.kind, each.name) for each in found.entries] == [(BREAK, "Lunch")]


async def test_a_write_up_ends_in_a_break_and_no_call_comes_in_between(
    box: Box, desk: Desk
) -> None:
    await talking(box, desk)
    assert (await desk.engine.execute(c.HangUp())).ok
    await until(lambda: desk.snapshot.wrapup)
    assert (await desk.engine.execute(c.EditWrapUp(outcome="Resolved", note="done"))).ok
    assert (await desk.engine.execute(w.TakeBreak("lunch"))).ok
    assert desk.snapshot.wrapup is None
    assert desk.snapshot.seat.taken is not None
    await box.agent_has("1001", "break_reason", "LUNCH")
    found = (await desk.engine.execute(c.GetHistory("done"))).value
    assert isinstance(found, HistoryPage)
    assert [each.outcome for each in found.entries] == ["Resolved"]
    shift = (await desk.engine.execute(w.GetShift())).value
    assert isinstance(shift, ShiftReport)
    assert [(each.name, each.incoming) for each in shift.outcomes] == [("Resolved", 1)]
    assert [(each.name, each.count) for each in shift.breaks] == [("Lunch", 1)]


async def test_after_a_new_connection_the_reason_is_told_again(box: Box, desk: Desk) -> None:
    assert (await desk.engine.execute(w.TakeBreak("lunch"))).ok
    await box.agent_has("1001", "break_reason", "LUNCH")
    await box.post("agents/1001/status", status=1)
    await desk.seat(SeatState.IDLE)
    assert (await desk.engine.execute(w.TakeBreak("lunch"))).ok
    open_points: list[bool] = []
    desk.engine.context.events.listen(
        lambda event: (
            open_points.append(bool(event.seat.unconfirmed))
            if isinstance(event, SeatChanged)
            else None
        )
    )
    dropped = await box.post("agents/1001/drop")
    assert dropped["dropped"]
    await until(lambda: any(open_points) and not open_points[-1])
    assert desk.snapshot.seat.taken is not None
    await box.agent_has("1001", "break_reason", "LUNCH")


@pytest.mark.parametrize("number", ["12000000002", "12000000005"], ids=["answered", "unanswered"])
async def test_a_break_goes_on_after_a_call_that_was_made_in_it(
    box: Box, desk: Desk, number: str
) -> None:
    await box.hurry()
    if number.endswith("5"):
        await box.post("times", ring=1)
    assert (await desk.engine.execute(w.TakeBreak("lunch"))).ok
    taken = desk.snapshot.seat.taken
    assert taken is not None
    assert (await desk.engine.execute(c.Dial(number))).ok
    if number.endswith("2"):
        await desk.state(CallState.TALKING)
        assert (await desk.engine.execute(c.HangUp())).ok
        await until(lambda: desk.snapshot.wrapup)
        assert (await desk.engine.execute(c.FinishWrapUp())).ok
    else:
        await desk.state(CallState.ENDED)
    await until(lambda: desk.snapshot.next_status is NextStatus.NONE)
    await until(lambda: desk.snapshot.seat.pending is None)
    assert desk.snapshot.seat.taken == taken
    assert desk.snapshot.seat.status is Status.BUSY
    await box.agent_has("1001", "break_reason", "LUNCH")
    await box.agent_has("1001", "status", 2)
    shift = (await desk.engine.execute(w.GetShift())).value
    assert isinstance(shift, ShiftReport)
    assert [(each.name, each.count) for each in shift.breaks] == [("Lunch", 1)]


async def test_a_pbx_is_told_by_its_feature_codes_and_these_calls_are_nobodys(
    switch: Switch, tmp_path: Path
) -> None:
    far: list[Far] = []
    switch.dialled = far.append
    lunch = Break("lunch", dial="*781", dial_back="*780")
    phone = LineDesk(switch, tmp_path, breaks=(lunch,), wrapup=WrapUpSettings(mode="optional"))
    try:
        await phone.sign_in()
        await phone.do(w.TakeBreak("lunch"))
        await until(lambda: far)
        assert far[0].invite is not None
        assert far[0].invite.request_uri == f"sip:*781@{DOMAIN}"
        await switch.answer(far[0])
        await phone.one(CallState.TALKING)
        await phone.do(c.HangUp())
        assert phone.snapshot.wrapup is None
        assert phone.snapshot.shift.talked == 0
        assert phone.snapshot.seat.taken is not None
        await phone.do(c.SetStatus(StatusWanted.IDLE))
        await until(lambda: len(far) == 2)
        assert far[1].invite is not None
        assert far[1].invite.request_uri == f"sip:*780@{DOMAIN}"
        assert phone.snapshot.next_status is NextStatus.NONE, "no call was found by a busy seat"
    finally:
        await phone.engine.close()


async def test_a_missed_call_is_called_from_the_list_and_its_outcome_closes_it(
    box: Box, desk: Desk
) -> None:
    await box.ring("1001", number="12000000001", give_up_after=0.5)
    await until(lambda: desk.snapshot.callbacks.due == 1)
    (row,) = await rows(desk)
    assert (row.number, row.source) == ("12000000001", CallbackSource.MISSED)
    assert (await desk.engine.execute(w.DialCallback(row.id))).ok
    await desk.state(CallState.TALKING)
    assert (await desk.engine.execute(c.HangUp())).ok
    await until(lambda: desk.snapshot.wrapup)
    assert (await desk.engine.execute(c.EditWrapUp(outcome="Resolved"))).ok
    assert (await desk.engine.execute(c.FinishWrapUp())).ok
    assert await rows(desk) == ()


async def test_a_list_is_read_in_called_planned_anew_and_there_after_signing_in_again(
    box: Box, desk: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    file.write_text("number,name\n12000000001,Wang Fang\n12000000002,Li\n", "utf-8")
    assert (await desk.engine.execute(w.ImportCallbacks(str(file)))).code == 2
    first = (await rows(desk))[0]
    assert (await desk.engine.execute(w.DialCallback(first.id))).ok
    await desk.state(CallState.TALKING)
    assert (await desk.engine.execute(c.HangUp())).ok
    await until(lambda: desk.snapshot.wrapup)
    unclear = await desk.engine.execute(w.PlanCallback("soon"))
    assert unclear.message is not None
    assert unclear.message.id == "when.unclear"
    assert (await desk.engine.execute(w.PlanCallback("tomorrow 10"))).ok
    assert desk.snapshot.wrapup is not None
    assert desk.snapshot.wrapup.outcome == "Call back"
    assert (await desk.engine.execute(c.FinishWrapUp())).ok
    assert [row.name for row in await rows(desk)] == ["Li", "Wang Fang"]
    assert (await desk.engine.execute(c.SignOut(end=False))).ok
    assert desk.snapshot.callbacks.open == 0
    await desk.sign_in()
    assert [row.name for row in await rows(desk)] == ["Li", "Wang Fang"]

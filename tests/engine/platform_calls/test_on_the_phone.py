"""What the agent does on the phone itself (line types 4 and 5) is followed here."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.engine.desk import CC, CUSTOMER, Desk
from tui.engine.context import Limits
from tui.engine.outcome import Outcome
from tui.platform.control import Answered, Ended, Held, NewCall, Resumed
from tui.port.machines.call_machine import CallState


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk(Limits())
    yield desk
    await desk.context.close()


def up(desk: Desk) -> None:
    desk.says(NewCall(CC, CUSTOMER), Answered(CC, CUSTOMER))
    assert desk.call.state is CallState.TALKING


async def test_hold_and_resume_on_the_phone_move_the_call_and_send_nothing(desk: Desk) -> None:
    up(desk)
    desk.says(Held(CC, "912000000002"))
    assert desk.call.state is CallState.HOLDING
    desk.now += 7
    desk.says(Resumed(CC))
    assert desk.call.state is CallState.TALKING
    assert desk.call.hold_time == 7
    assert desk.sent == []
    key = desk.call.key
    assert [each for each in desk.audio.asked if each[0] == "hold"] == [
        ("hold", key, True),
        ("hold", key, False),
    ]


async def test_a_hold_said_twice_is_a_repeat(desk: Desk) -> None:
    up(desk)
    desk.says(Held(CC))
    since = desk.call.since
    desk.now += 3
    desk.says(Held(CC))
    assert (desk.call.state, desk.call.since) == (CallState.HOLDING, since)


async def test_the_platforms_word_of_a_hold_that_was_asked_for_here_is_its_end(desk: Desk) -> None:
    up(desk)
    desk.answer = Outcome(200, "OK")
    assert (await desk.commands.hold(CC, True)).ok
    desk.says(Held(CC))
    assert (desk.call.state, desk.call.pending) == (CallState.HOLDING, "")


@pytest.mark.parametrize("said", [Held(CC), Resumed(CC)])
async def test_hold_of_a_call_that_rings_is_over_or_was_never_here_moves_nothing(
    desk: Desk, said: Held | Resumed
) -> None:
    desk.says(said)
    assert desk.context.snapshot.calls == ()
    desk.says(NewCall(CC, CUSTOMER), said)
    assert desk.call.state is CallState.RINGING
    desk.says(Answered(CC, CUSTOMER), Ended(CC, 25, 1), said)
    assert desk.call.state is CallState.ENDED


async def test_hanging_up_on_the_phone_while_held_ends_the_call(desk: Desk) -> None:
    up(desk)
    desk.says(Held(CC), Ended(CC, 26, 4))
    assert (desk.call.state, desk.call.end.reason) == (CallState.ENDED, 26)

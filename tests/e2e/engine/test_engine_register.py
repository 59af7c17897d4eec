"""`init`: what it refuses before anything is sent, and what `register` says when it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.box import Box, Desk
from tests.waiting import until
from tui.port.commands import Answer, JoinGroup
from tui.port.events import Event, RegistrationFinished
from tui.port.machines.call_machine import CallState
from tui.port.values import Phase

REFUSED, NO_PHONE = "1009", "1008"
"""Accounts of the sandbox: one that may not register, one whose SIP phone does not exist."""


@pytest.mark.parametrize("generation", [2, 1])
async def test_a_group_that_is_not_the_agents_is_refused_and_nothing_is_sent(
    box: Box, tmp_path: Path, generation: int
) -> None:
    desk = Desk(box, tmp_path, generation=generation)
    assert (await desk.engine.execute(desk.sign_in_command())).ok
    result = await desk.engine.execute(JoinGroup("1999999999"))
    assert (result.ok, result.code) == (False, 50001)
    assert result.message is not None
    assert result.message.id == "group.unknown"
    assert desk.snapshot.phase is Phase.CHOOSING_GROUP
    assert not (await box.control("agents/1001"))["registered"]
    await desk.engine.close()


async def test_without_a_sign_in_there_is_no_group_to_join(box: Box, tmp_path: Path) -> None:
    desk = Desk(box, tmp_path)
    assert not (await desk.engine.execute(JoinGroup("0"))).ok
    assert desk.snapshot.phase is Phase.SIGNED_OUT
    await desk.engine.close()


@pytest.mark.parametrize("generation", [2, 1])
async def test_a_refused_registration_is_51000_with_info_and_cause(
    box: Box, tmp_path: Path, generation: int
) -> None:
    desk = Desk(box, tmp_path, REFUSED, generation=generation)
    heard: list[Event] = []
    desk.engine.events.listen(heard.append)
    assert (await desk.engine.execute(desk.sign_in_command())).ok
    result = await desk.engine.execute(JoinGroup("0"))
    assert (result.ok, result.code) == (False, 51000)
    assert desk.snapshot.phase is Phase.CHOOSING_GROUP
    assert desk.snapshot.failure == result.message
    (outcome,) = (event for event in heard if isinstance(event, RegistrationFinished))
    assert (outcome.code, outcome.cause) == (51000, "403")
    assert outcome.info
    await desk.engine.close()


async def test_a_seat_whose_phone_does_not_exist_is_not_registered(
    box: Box, tmp_path: Path
) -> None:
    desk = Desk(box, tmp_path, NO_PHONE)
    assert (await desk.engine.execute(desk.sign_in_command())).ok
    result = await desk.engine.execute(JoinGroup("0"))
    assert (result.ok, result.code) == (False, 52000)
    assert result.message is not None
    assert result.message.id == "login.check-in"
    assert not (await box.control(f"agents/{NO_PHONE}"))["registered"]
    await desk.engine.close()


@pytest.mark.parametrize("generation", [2, 1])
async def test_what_was_to_be_told_of_one_session_is_not_told_of_the_next(
    box: Box, tmp_path: Path, generation: int
) -> None:
    desk = Desk(box, tmp_path, generation=generation)
    await desk.sign_in()
    await box.ring("1001")
    await desk.state(CallState.RINGING)
    await box.post("faults", kind="message", un="1001")
    assert not (await desk.engine.execute(Answer())).ok
    assert desk.snapshot.notice is not None
    await box.post("agents/1001/kick", r="895")
    await until(lambda: desk.snapshot.phase is Phase.KICKED)
    assert desk.snapshot.notice is not None, "whoever comes back reads it"
    await box.control("faults", "DELETE")
    assert (await desk.engine.execute(desk.sign_in_command())).ok
    assert desk.snapshot.notice is None
    await desk.engine.close()

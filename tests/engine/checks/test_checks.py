"""`checkLogin` and `checkSeatState`, asked of the engine itself, and the platform's after-call
work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.engine.desk import CC, CUSTOMER
from tui.config.paths import Paths
from tui.config.schema import Config
from tui.engine.engine import Engine
from tui.port import commands as c
from tui.port.events import CallChanged, SeatChanged
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import Status
from tui.port.snapshot import Call, SeatStatus


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    paths = Paths(tmp_path / "c", tmp_path / "s", tmp_path / "r", tmp_path / "d").prepare()
    made = Engine(Config(), paths=paths)
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("status", "login"), [(Status.OFFLINE, 0), (Status.ONLINE, 1), (Status.BUSY, 1)]
)
async def test_check_login_is_0_until_the_platform_says_online(
    engine: Engine, status: Status, login: int
) -> None:
    engine.context.emit(SeatChanged(SeatStatus(status)))
    assert (await engine.execute(c.CheckLogin())).code == login


@pytest.mark.parametrize(
    ("status", "call", "state"),
    [
        (Status.OFFLINE, None, 0),
        (Status.ONLINE, None, 1),
        (Status.BUSY, None, 2),
        (Status.ONLINE, CallState.DIALING, 3),
        (Status.ONLINE, CallState.RINGING, 3),
        (Status.ONLINE, CallState.TALKING, 4),
        (Status.ONLINE, CallState.HOLDING, 5),
        (Status.BUSY, CallState.ENDED, 2),
    ],
)
async def test_check_seat_state_is_one_of_six(
    engine: Engine, status: Status, call: CallState | None, state: int
) -> None:
    engine.context.emit(SeatChanged(SeatStatus(status)))
    if call is not None:
        engine.context.emit(CallChanged(Call("1", call, False, CUSTOMER, 1.0, 1.0, CC)))
    assert (await engine.execute(c.CheckSeatState())).code == state


async def test_after_call_work_of_the_platform_is_busy_and_says_why(engine: Engine) -> None:
    engine.context.emit(SeatChanged(SeatStatus(Status.ONLINE)))
    engine._parts.seat.after_call_work()
    seat = engine.snapshot().seat
    assert seat.status is Status.BUSY
    assert seat.reason is not None
    assert seat.reason.id == "seat.after_call_work"

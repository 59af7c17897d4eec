"""Each code of the specification, from the platform's own answer to what the agent is told."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.e2e.box import Box, Desk
from tests.waiting import until
from tui.config.schema import Profile
from tui.port import commands as c
from tui.port.events import Event, KickedOffline, RegistrationFinished
from tui.port.values import Phase, StatusWanted
from tui.sandbox.fixtures import LOGIN_FAULTS
from tui.secrets import Secret

NOT_FOUND = "02599999999"
REFUSED = [
    *((2, {"switchnumber": number}, code) for number, code in LOGIN_FAULTS.items()),
    (1, {"switchnumber": "02500005000"}, 50000),
    (1, {"switchnumber": "02500005005"}, 50005),
    *((generation, {"pwd": Secret("wrong")}, 50003) for generation in (2, 1)),
    *((generation, {"switchnumber": NOT_FOUND}, 50004) for generation in (2, 1)),
]


@pytest.mark.parametrize(("at", "change", "code"), REFUSED)
async def test_a_sign_in_that_the_platform_refuses_has_its_code_its_sentence_and_its_words(
    box: Box, tmp_path: Path, at: int, change: dict[str, object], code: int
) -> None:
    desk = Desk(box, tmp_path, generation=at)
    result = await desk.engine.execute(desk.sign_in_command(**change))
    assert (result.ok, result.code) == (False, code)
    assert result.message is not None
    assert result.message.id == f"login.{code}"
    assert dict(result.message.values)["info"]
    assert desk.snapshot.phase is Phase.SIGNED_OUT
    assert desk.snapshot.failure == result.message
    await desk.engine.close()


async def test_a_switch_number_that_no_server_knows_is_50002(box: Box, tmp_path: Path) -> None:
    directory = box.ready["http1"] + "/directory?number={switchnumber}"
    one = Profile(name="one", kind="platform1", gateway=box.ready["ws1"], directory=directory)
    desk = Desk(box, tmp_path, generation=1, profiles=(one,), servers={})
    result = await desk.engine.execute(desk.sign_in_command(switchnumber=NOT_FOUND))
    assert (result.ok, result.code) == (False, 50002)
    assert result.message is not None
    assert result.message.id == "login.50002"
    await desk.engine.close()


async def test_a_gateway_that_nobody_listens_at_is_51001(box: Box, tmp_path: Path) -> None:
    one = Profile(name="one", kind="platform1", gateway="ws://127.0.0.1:9/sip")
    desk = Desk(box, tmp_path, generation=1, profiles=(one,))
    heard: list[Event] = []
    desk.engine.events.listen(heard.append)
    assert (await desk.engine.execute(desk.sign_in_command())).ok
    result = await desk.engine.execute(c.JoinGroup("0"))
    assert (result.ok, result.code) == (False, 51001)
    assert result.message is not None
    assert result.message.id == "login.ws-port"  # the cause has a sentence of its own
    (outcome,) = (event for event in heard if isinstance(event, RegistrationFinished))
    assert (outcome.code, outcome.cause) == (51001, "0")
    assert desk.snapshot.phase is Phase.CHOOSING_GROUP
    await desk.engine.close()


async def test_register_is_200_once_the_platform_has_us(
    box: Box, tmp_path: Path, generation: int
) -> None:
    desk = Desk(box, tmp_path, generation=generation)
    heard: list[Event] = []
    desk.engine.events.listen(heard.append)
    assert (await desk.engine.execute(desk.sign_in_command())).ok
    assert not [event for event in heard if isinstance(event, RegistrationFinished)]
    assert not (await box.control("agents/1001"))["registered"]
    assert (await desk.engine.execute(c.JoinGroup("0"))).ok
    assert [e.code for e in heard if isinstance(e, RegistrationFinished)] == [200]
    assert (await box.control("agents/1001"))["registered"]
    await desk.engine.close()


@pytest.mark.parametrize("r", [895, 897, 898, 899])
async def test_each_kick_of_the_platform_has_its_own_sentence(
    box: Box, tmp_path: Path, generation: int, r: int
) -> None:
    desk = Desk(box, tmp_path, generation=generation)
    await desk.sign_in()
    heard: list[Event] = []
    desk.engine.events.listen(heard.append)
    await box.post("agents/1001/kick", r=str(r))
    await until(lambda: desk.snapshot.phase is Phase.KICKED)
    assert desk.snapshot.failure is not None
    assert desk.snapshot.failure.id == f"kicked.{r}"
    assert [event for event in heard if isinstance(event, KickedOffline)] == [KickedOffline(r)]
    await desk.engine.close()


async def test_the_seat_state_is_0_signed_out_1_idle_2_busy_and_0_again(
    box: Box, tmp_path: Path, generation: int
) -> None:
    desk = Desk(box, tmp_path, generation=generation)

    async def code() -> int:
        return (await desk.engine.execute(c.CheckSeatState())).code

    assert await code() == 0
    await desk.sign_in()
    assert await code() == 1
    assert (await desk.engine.execute(c.SetStatus(StatusWanted.BUSY))).ok
    assert await code() == 2
    assert (await desk.engine.execute(c.SetStatus(StatusWanted.IDLE))).ok
    assert await code() == 1
    assert (await desk.engine.execute(c.SignOut(end=False))).ok
    assert await code() == 0
    await desk.engine.close()


async def test_a_sign_out_that_the_platform_refuses_counts_and_its_code_is_in_the_log(
    box: Box, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(box, tmp_path)
    await desk.sign_in()
    await box.post("faults", kind="web-error", un="1001")
    with caplog.at_level(logging.WARNING):
        assert (await desk.engine.execute(c.SignOut(end=False))).ok
    assert desk.snapshot.phase is Phase.SIGNED_OUT
    assert "53000" in caplog.text
    agent = await box.control("agents/1001")
    assert agent["counts"]["un-REGISTER"] == 1
    assert not agent["registered"]
    await desk.engine.close()

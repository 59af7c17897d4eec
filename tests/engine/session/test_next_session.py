"""What belongs to one session ends with it: the next account on the same engine finds its own
settings, its own calls, and nothing that was asked for before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import until
from tui.config.paths import Paths
from tui.config.schema import AudioSettings, Config, Policies, Profile
from tui.engine.engine import Engine
from tui.platform.base import Credentials, UserData
from tui.platform.control import Kicked
from tui.platform.gen2.platform import Platform2
from tui.port.commands import AskToDial, JoinGroup, SignIn, SignOut
from tui.port.events import CallRecorded, NextStatusChanged, PhaseChanged
from tui.port.values import CallRecord, NextStatus, Phase, message
from tui.secrets import Secret

STRICT = Profile(name="strict", policies=Policies(decline=False, unattended_busy=False))


class Anybody(Platform2):
    """A platform that lets everybody in, and has no line."""

    async def sign_in(self, credentials: Credentials) -> UserData:
        return UserData(credentials.un, "", "70000", (), "1000", "1999", "")

    async def check_in(self, gid: str) -> None:
        """Nothing to do."""

    async def check_out(self) -> None:
        """Nothing to do."""


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    paths = Paths(*(tmp_path / name for name in ("config", "state", "runtime", "data"))).prepare()
    audio = AudioSettings(input="none", output="none", ring=False)
    config = Config(audio=audio, profiles=(STRICT,))
    engine = Engine(config, paths=paths, make_platform=lambda command: Anybody())
    yield engine
    await engine.close()


def as_agent(un: str = "1001", **changes: Any) -> SignIn:
    return SignIn(
        un=un, pwd=Secret("x"), switchnumber="02500001234", backend="http://127.0.0.1:1", **changes
    )


async def test_a_profiles_policies_end_with_its_session(engine: Engine) -> None:
    assert (await engine.execute(as_agent(profile="strict"))).ok
    assert not engine._parts.calls.may_decline
    assert (await engine.execute(SignOut(False))).ok
    assert (await engine.execute(as_agent())).ok
    assert engine._parts.calls.may_decline
    assert engine._parts.seat.go_busy_unattended


async def test_a_profile_that_the_engines_config_does_not_have_is_said_by_its_name(
    engine: Engine,
) -> None:
    result = await engine.execute(as_agent(profile="new"))
    assert not result.ok
    assert result.message is not None
    assert (result.message.id, dict(result.message.values)["name"]) == ("engine.no_profile", "new")
    assert engine.snapshot().phase is Phase.SIGNED_OUT


async def test_another_agent_finds_no_list_of_the_calls_of_the_one_before(engine: Engine) -> None:
    assert (await engine.execute(as_agent())).ok
    record = CallRecord("12000000001", False, 0.0, 60.0, message("ended.25", code=25), False)
    engine.context.emit(CallRecorded(record))
    assert (await engine.execute(SignOut(False))).ok
    assert (await engine.execute(as_agent())).ok
    assert engine.snapshot().recent == (record,), "the same agent's list stays"
    assert (await engine.execute(SignOut(False))).ok
    assert (await engine.execute(as_agent("1002"))).ok
    assert engine.snapshot().recent == ()
    assert engine.snapshot().calls == ()


async def test_busy_after_the_call_is_not_asked_for_in_the_next_session(engine: Engine) -> None:
    assert (await engine.execute(as_agent())).ok
    engine.context.emit(PhaseChanged(Phase.SIGNED_IN))
    engine.context.emit(NextStatusChanged(NextStatus.BUSY))
    assert (await engine.execute(SignOut(False))).ok
    assert engine.snapshot().next_status is NextStatus.NONE


async def test_calls_are_answered_by_themselves_as_the_enterprise_of_this_session_wants(
    engine: Engine,
) -> None:
    engine._session.key = "a"
    incoming, wants = engine._parts.incoming, engine._session
    for wanted, seconds in ((5, 5), (8, 8), (0, 0), (3, 3)):
        wants.auto_answer = wanted
        await engine._begin_shift()
        assert incoming.seconds == seconds
        await engine._end_shift()
    assert incoming.set_auto_answer(8).ok  # the agent's own
    wants.auto_answer = 0
    await engine._begin_shift()
    assert incoming.seconds == 8
    await engine._end_shift()


async def test_a_delay_of_the_enterprise_that_nobody_listed_is_kept_to_be_shown(
    engine: Engine,
) -> None:
    engine._session.key, engine._session.auto_answer = "a", 10
    await engine._begin_shift()
    assert engine._parts.incoming.seconds == 0
    assert engine.context.not_understood.report().items[0].what == "auto_answer_duration 10"
    await engine._end_shift()


class NoLine(Anybody):
    """A platform whose line cannot even be dialled."""

    def sip_account(self, gid: str) -> Any:
        raise ValueError("no such thing")


async def test_a_fault_in_the_registration_leads_back_to_the_choice_of_a_group(
    engine: Engine,
) -> None:
    engine._session.make_platform = lambda command: NoLine()
    assert (await engine.execute(as_agent())).ok
    result = await engine.execute(JoinGroup("0"))
    assert not result.ok
    assert engine.snapshot().phase is Phase.CHOOSING_GROUP


@pytest.mark.parametrize("kicked", [True, False])
async def test_a_call_that_is_asked_about_is_asked_about_no_more_when_the_session_is_over(
    engine: Engine, kicked: bool
) -> None:
    assert (await engine.execute(as_agent())).ok
    engine.context.emit(PhaseChanged(Phase.SIGNED_IN))
    assert (await engine.execute(AskToDial("12000000001"))).ok
    assert engine.snapshot().question is not None
    if kicked:
        engine._kicked(Kicked("1001", "", 895, "70000"))
        await until(lambda: engine.snapshot().phase is Phase.KICKED)
        await engine.context.settle()
    else:
        assert (await engine.execute(SignOut(False))).ok
    assert engine.snapshot().question is None


# ---------------------------------------------------------------- what is no session's


async def test_a_headset_that_is_waited_for_is_waited_for_after_a_sign_out_too(
    engine: Engine, tmp_path: Path
) -> None:
    assert (await engine.execute(as_agent())).ok
    timers, headset = engine.context.timers, engine._parts.devices.remote_headset
    timers.set("of the session", 60, lambda: None)
    headset._path = tmp_path / "headset"
    headset._again()
    assert (await engine.execute(SignOut(False))).ok
    assert "of the session" not in timers
    assert "headset again" in timers

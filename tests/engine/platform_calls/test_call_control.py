"""What a session can do, as its call control and its platform say, and who carries it out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest

from tests.engine.desk import Phone
from tui import sip
from tui.config.schema import AudioSettings, Config, SipSettings
from tui.engine.call_control import ActiveControl, carry_out
from tui.engine.context import EngineContext, Limits
from tui.engine.outcome import Outcome
from tui.engine.parts import Parts
from tui.engine.platform_calls.control import PlatformCalls
from tui.engine.session.signalling import Signalling
from tui.engine.sip_calls.control import SipCalls
from tui.platform import control
from tui.platform.gen1.platform import Platform1
from tui.platform.gen2.platform import Platform2
from tui.platform.pbx.platform import Plain, PlainSettings
from tui.port import commands as c
from tui.port.values import Capability

C = Capability


class Line(Phone):
    async def send(self, message: object) -> Outcome:
        return Outcome(200, "OK")


@pytest.fixture
async def context() -> AsyncIterator[EngineContext]:
    context = EngineContext(clock=lambda: 1.0, rng=Random(1), limits=Limits())
    yield context
    await context.close()


@pytest.fixture
def parts(context: EngineContext) -> Parts:
    config = Config(audio=AudioSettings(input="none", output="none", ring=False))
    line = Line()
    return Parts(
        context,
        config,
        line,
        line.send,
        lambda: None,
        idle_refused=lambda: None,
        kicked=lambda report: None,
    )


@pytest.mark.parametrize(
    ("platform", "can"),
    [
        (None, ()),
        (Platform2(), (C.GROUPS, C.PLATFORM_STATUS, C.AREA_CODE, C.THREEWAY)),
        (Platform1(gateway=""), (C.GROUPS, C.PLATFORM_STATUS, C.AREA_CODE, C.PHONE_MODE)),
        (Plain(PlainSettings()), (C.LINES,)),
    ],
)
async def test_a_session_says_what_it_can_do(
    parts: Parts, platform: Any, can: tuple[Capability, ...]
) -> None:
    assert parts.make_control(platform, "1001@pbx.example").capabilities == can


async def test_encrypted_numbers_are_said_where_the_platform_has_the_seed(parts: Parts) -> None:
    class Seeded(Platform2):
        encrypts = True

    assert C.ENCRYPTED_NUMBERS in parts.make_control(Seeded()).capabilities


async def test_the_control_is_picked_by_the_platform_and_gone_after_the_session(
    parts: Parts,
) -> None:
    assert isinstance(parts.control.now, PlatformCalls)
    parts.control.put(parts.make_control(Plain(PlainSettings()), "1001@pbx.example"))
    assert isinstance(parts.control.now, SipCalls)
    await parts.end_session()
    assert isinstance(parts.control.now, PlatformCalls)
    assert parts.control.now.capabilities == ()


def test_nobody_can_ask_before_a_control_is_put_in() -> None:
    with pytest.raises(RuntimeError, match="no call control"):
        _ = ActiveControl().now


@pytest.mark.parametrize(
    "command", [c.MarkLine("1"), c.JoinLines(), c.ConnectLines("1", "2"), c.AnswerQuestion(True)]
)
async def test_a_platform_refuses_what_needs_several_calls(parts: Parts, command: Any) -> None:
    result = await carry_out(parts.make_control(Platform2()), command)
    assert result is not None
    assert result.message is not None
    assert result.message.id == "lines.one_only"


async def test_signed_out_a_command_to_the_user_agent_is_out_of_place(
    context: EngineContext,
) -> None:
    signalling = Signalling(context, SipSettings(), control.ASSUMED)
    with pytest.raises(sip.LocalProtocolError):
        signalling.phone.bye("1")
    assert await signalling.messages.send(control.QueryCall()) == Outcome(0, "signed out")
    assert not await signalling.phone.info("1", "text/plain", b"")
    await signalling.stop(unregister=True)

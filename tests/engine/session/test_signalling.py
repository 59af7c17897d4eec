"""Control messages on their way out: their order, and that what was given up never goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from random import Random
from typing import Any

import pytest

from tests.waiting import until
from tui import sip
from tui.config.schema import SipSettings
from tui.engine.context import EngineContext, Limits
from tui.engine.outcome import Outcome, unconfirmed
from tui.engine.session.signalling import Signalling
from tui.platform import control as m
from tui.platform.base import SipAccount
from tui.port.values import ConnectionState
from tui.secrets import Secret

CC = "1700000000001conf_1"


class Agent:
    """Of a user agent what sending needs."""

    def __init__(self) -> None:
        self.did: list[tuple[Any, ...]] = []

    def send_message(
        self, target: str, body: bytes, content_type: str, now: float, *, urgent: bool = False
    ) -> str:
        self.did.append(("message", body.decode(), urgent))
        return str(len(self.did))

    def withdraw(self, request_id: str, now: float) -> bool:
        self.did.append(("withdraw", request_id))
        return True


class Connected:
    """A connection whose platform answers when told to."""

    def __init__(self) -> None:
        self.agent = Agent()
        self.account = SipAccount(
            "sip:1001@pbx.invalid",
            "1001",
            Secret(),
            "pbx.invalid",
            "ws://127.0.0.1:1",
            "sip:PBX@pbx.invalid",
            "",
        )

    def say(self, command: Callable[[Any, float], Any]) -> Any:
        return command(self.agent, 1.0)


@pytest.fixture
async def signalling() -> AsyncIterator[Signalling]:
    context = EngineContext(clock=lambda: 1.0, rng=Random(1), limits=Limits(message=0.02))
    made = Signalling(context, SipSettings(), m.ASSUMED)
    made._signed_in = Connected()  # type: ignore[assignment]
    yield made
    await context.close()


def did(signalling: Signalling) -> list[tuple[Any, ...]]:
    assert signalling._signed_in is not None
    made: list[tuple[Any, ...]] = signalling._signed_in.agent.did  # type: ignore[attr-defined]
    return made


async def test_a_message_without_a_200_is_taken_out_when_its_limit_is_over(
    signalling: Signalling,
) -> None:
    assert await signalling.messages.send(m.SetStatus(2)) == Outcome(0)
    assert did(signalling)[1:] == [("withdraw", "1")]


async def test_a_message_whose_waiter_gives_up_earlier_is_taken_out_then(
    signalling: Signalling,
) -> None:
    asked = asyncio.create_task(signalling.messages.send(m.SetStatus(2)))
    await until(lambda: did(signalling))
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    assert did(signalling)[1:] == [("withdraw", "1")]


async def test_a_message_that_is_answered_is_not_taken_out(signalling: Signalling) -> None:
    asked = asyncio.create_task(signalling.messages.send(m.SetStatus(2)))
    await until(lambda: did(signalling))
    signalling._take(sip.RequestOutcome("1", 200, "OK", b""))
    assert (await asked).ok
    assert len(did(signalling)) == 1


@pytest.mark.parametrize(
    ("message", "urgent"),
    [
        (m.Answer(CC), True),
        (m.HangUp(CC), True),
        (m.SetStatus(1), False),
        (m.Hold(CC, "1001_00011170"), False),
        (m.QueryCall(), False),
    ],
)
async def test_the_agents_answer_and_hang_up_wait_behind_nothing(
    signalling: Signalling, message: m.AgentMessage, urgent: bool
) -> None:
    await signalling.messages.send(message)
    assert did(signalling)[0][2] is urgent


class Told:
    """Who has the calls, as far as the line tells it anything."""

    def __init__(self) -> None:
        self.events: list[sip.Event] = []
        self.back = 0
        self.on_back: Callable[[], None] = lambda: None

    def sip_event(self, event: sip.Event) -> None:
        self.events.append(event)

    def flow_is_back(self) -> None:
        self.back += 1
        self.on_back()


@pytest.fixture
def told(signalling: Signalling) -> Told:
    listener = Told()
    signalling._listener = listener
    signalling._take(sip.Registered(600, sip.Headers()))
    return listener


async def test_a_registration_that_lapses_is_not_shown_as_one(
    signalling: Signalling, told: Told
) -> None:
    back = told.back
    for status in (403, 403, 503):
        signalling._take(sip.RegistrationFailed(status, "No", False, 20.0))
        assert signalling.context.snapshot.connection.state is ConnectionState.REGISTERING
    assert len(told.events) == 1  # said once
    signalling._take(sip.Registered(600, sip.Headers()))
    assert signalling.context.snapshot.connection.state is ConnectionState.OK
    assert told.back == back + 1  # all that the platform holds of us is told again


async def test_what_is_unconfirmed_is_said_before_the_line_is_ok_again(
    signalling: Signalling, told: Told
) -> None:
    stood: list[ConnectionState] = []
    told.on_back = lambda: stood.append(signalling.context.snapshot.connection.state)
    signalling._take(sip.RegistrationFailed(403, "No", False, 20.0))
    signalling._take(sip.Registered(600, sip.Headers()))
    assert stood == [ConnectionState.REGISTERING]
    assert signalling.context.snapshot.connection.state is ConnectionState.OK


async def test_a_refusal_while_the_binding_of_before_lives_changes_nothing(
    signalling: Signalling, told: Told
) -> None:
    signalling._take(sip.RegistrationFailed(503, "Busy", False, 20.0, held=True))
    assert signalling.context.snapshot.connection.state is ConnectionState.OK
    assert told.events == []


@pytest.mark.parametrize("status", [408, 503])
@pytest.mark.parametrize(("sent", "reason"), [(True, ""), (False, "flow lost")])
async def test_a_request_that_nobody_answered_was_refused_by_nobody(
    signalling: Signalling, status: int, sent: bool, reason: str
) -> None:
    signalling.context.limits = Limits(message=5.0)
    asked = asyncio.create_task(signalling.messages.send(m.HangUp(CC)))
    await until(lambda: did(signalling))
    lost = sip.RequestOutcome("1", status, "flow lost", b"", answered=False, sent=sent)
    signalling._take(lost)
    outcome = await asked
    assert outcome == Outcome(0, reason)
    assert unconfirmed("hangup", outcome).id == "unconfirmed.hangup"

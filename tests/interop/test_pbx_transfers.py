"""Transfers at Kamailio between the console's engine and phones that are not ours, proved by who
hears whom afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.interop.baresip import Baresip
from tests.interop.kamailio import Kamailio
from tests.interop.our_desk import AGENT, CUSTOMER, EXPERT, OurDesk
from tests.interop.programs import started
from tui.port.commands import Answer, AnswerQuestion, Dial, HangUp, Transfer
from tui.port.machines.call_machine import CallState


@pytest.fixture
async def customer(kamailio: Kamailio, tmp_path: Path) -> AsyncIterator[Baresip]:
    """A plain phone, registered, that answers by itself."""
    async with started(Baresip(tmp_path, "customer", CUSTOMER, kamailio)) as phone:
        yield phone


@pytest.fixture
async def expert(kamailio: Kamailio, tmp_path: Path) -> AsyncIterator[Baresip]:
    """Another one."""
    async with started(Baresip(tmp_path, "expert", EXPERT, kamailio)) as phone:
        yield phone


async def test_a_blind_transfer_of_ours_puts_the_phones_through_and_lets_us_go(
    agent: OurDesk, customer: Baresip, expert: Baresip
) -> None:
    await agent.do(Dial("customer"))
    await agent.state(CallState.TALKING)
    await agent.hears(CUSTOMER)
    await agent.do(Transfer("", "expert"))
    await agent.state(CallState.ENDED)
    assert agent.said() == "transfer.done"
    await expert.until("CALL_ESTABLISHED")
    await expert.until_it_heard(2)
    await customer.until_it_heard(2)
    await expert.say("hangup")
    await expert.until("CALL_CLOSED")
    assert await expert.heard(CUSTOMER) > 0.8
    assert await customer.heard(EXPERT) > 0.8


async def test_a_transfer_to_nobody_is_said_and_the_call_stays(
    agent: OurDesk, customer: Baresip
) -> None:
    await agent.do(Dial("customer"))
    await agent.state(CallState.TALKING)
    await agent.do(Transfer("", "1999"))
    notice = await agent.until(lambda: agent.snapshot.notice)
    assert notice.message.id == "line.transfer_failed"
    assert dict(notice.message.values)["status"] == "404"
    assert (agent.call.state, agent.call.transfer) == (CallState.TALKING, "")
    await agent.do(HangUp())


async def test_a_phone_that_sends_us_on_is_followed_when_we_say_yes(
    kamailio: Kamailio, agent: OurDesk, customer: Baresip, expert: Baresip
) -> None:
    await customer.say("dial", f"sip:1001@{kamailio.realm}")
    await agent.state(CallState.RINGING)
    await agent.do(Answer())
    await agent.hears(CUSTOMER)
    await customer.say("transfer", f"sip:expert@{kamailio.realm}")
    await agent.until(lambda: agent.snapshot.question)
    assert agent.call.state is CallState.TALKING  # nothing is followed by itself
    await agent.do(AnswerQuestion(True))
    await agent.until(lambda: agent.call.number == "expert")
    await agent.state(CallState.TALKING)
    await agent.hears(EXPERT)
    await customer.until("CALL_CLOSED", through=True)  # it was told, and hung up
    await expert.until_it_heard(1.2)
    await agent.do(HangUp())
    await expert.until("CALL_CLOSED")
    assert await expert.heard(AGENT) > 0.8

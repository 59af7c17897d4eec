"""Linphone at Kamailio, over UDP: calls both ways, hold by either side, transfers either way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.interop.kamailio import Kamailio
from tests.interop.linphone import Linphone
from tests.interop.our_desk import AGENT, CUSTOMER, EXPERT, OurDesk
from tests.interop.programs import started
from tui.port.commands import (
    Answer,
    AnswerQuestion,
    ConnectLines,
    Dial,
    HangUp,
    Hold,
    Resume,
    Transfer,
)
from tui.port.machines.call_machine import CallState


@pytest.fixture
async def linphone(kamailio: Kamailio, tmp_path: Path) -> AsyncIterator[Linphone]:
    """Linphone, 1002."""
    async with started(Linphone(tmp_path, "1002", CUSTOMER, kamailio)) as phone:
        yield phone


async def talk(agent: OurDesk, linphone: Linphone) -> None:
    """We call it, and it answers."""
    await agent.do(Dial("1002"))
    await agent.state(CallState.PROCEEDING)
    await linphone.say("answer")
    await agent.state(CallState.TALKING)


async def test_our_call_is_heard_at_both_ends_and_held_by_either(
    agent: OurDesk, linphone: Linphone
) -> None:
    await talk(agent, linphone)
    await agent.hears(CUSTOMER)
    await linphone.hears(AGENT)
    await linphone.say("pause 1")
    await agent.until(lambda: agent.call.peer_holds)
    await linphone.until("is now paused")  # it takes no command before that
    await linphone.say("resume 1")
    await agent.until(lambda: not agent.call.peer_holds)
    await agent.do(Hold())
    await agent.state(CallState.HOLDING)
    await linphone.until("has been paused by")
    await agent.do(Resume())
    await agent.state(CallState.TALKING)
    await agent.hears(CUSTOMER)
    await agent.do(HangUp())
    await linphone.until("ended (")


async def test_a_call_to_us_is_answered_and_hung_up_by_them(
    kamailio: Kamailio, agent: OurDesk, linphone: Linphone
) -> None:
    await linphone.say(f"call sip:1001@{kamailio.realm}")
    await agent.state(CallState.RINGING)
    assert agent.call.number == "1002"
    await agent.do(Answer())
    await agent.hears(CUSTOMER)
    await linphone.say("terminate 1")
    await agent.state(CallState.ENDED)


async def test_a_call_that_they_decline_is_said_to_be_declined(
    agent: OurDesk, linphone: Linphone
) -> None:
    await agent.do(Dial("1002"))
    await agent.state(CallState.PROCEEDING)
    await linphone.say("terminate 1")
    await agent.state(CallState.ENDED)
    assert agent.said() == "line.declined"


async def test_they_send_us_on_to_a_second_desk(
    kamailio: Kamailio, agent: OurDesk, second: OurDesk, linphone: Linphone
) -> None:
    await talk(agent, linphone)
    await linphone.say(f"transfer 1 sip:1003@{kamailio.realm}")
    await agent.until(lambda: agent.snapshot.question)
    await agent.do(AnswerQuestion(True))
    await second.state(CallState.RINGING)
    await second.do(Answer())
    await agent.until(lambda: agent.call.number == "1003")
    await agent.hears(EXPERT)
    await second.hears(AGENT)
    await linphone.until("ended (")  # it was told, and hung up


async def test_our_blind_transfer_takes_them_to_a_second_desk(
    agent: OurDesk, second: OurDesk, linphone: Linphone
) -> None:
    await talk(agent, linphone)
    await agent.do(Transfer("", "1003"))
    await second.state(CallState.RINGING)
    await second.do(Answer())
    await agent.state(CallState.ENDED)
    assert agent.said() == "transfer.done"
    await second.hears(CUSTOMER)
    await linphone.hears(EXPERT)


async def test_our_attended_transfer_puts_them_through_to_a_second_desk(
    agent: OurDesk, second: OurDesk, linphone: Linphone
) -> None:
    await talk(agent, linphone)
    first = agent.call
    await agent.do(Dial("1003"))
    await second.state(CallState.RINGING)
    await second.do(Answer())
    await agent.until(lambda: agent.call.key != first.key)
    await agent.state(CallState.TALKING)
    await agent.do(ConnectLines(first.ccnumber, agent.call.ccnumber))
    await agent.until(lambda: not any(call.live for call in agent.snapshot.calls))
    assert agent.said() == "transfer.done"
    await second.until(lambda: second.call.number == "1002")
    await second.hears(CUSTOMER)
    await linphone.hears(EXPERT)


async def test_they_put_us_through_to_whom_they_consulted(
    kamailio: Kamailio, agent: OurDesk, second: OurDesk, linphone: Linphone
) -> None:
    await talk(agent, linphone)
    await linphone.say("pause 1")
    await agent.until(lambda: agent.call.peer_holds)
    await linphone.until("is now paused")  # it takes no command before that
    await linphone.say(f"call sip:1003@{kamailio.realm}")
    await second.state(CallState.RINGING)
    await second.do(Answer())
    await second.state(CallState.TALKING)
    await linphone.until("for call 2 (audio)")
    await linphone.say("transfer 1 --to-call 2")
    await agent.until(lambda: agent.snapshot.question)
    await agent.do(AnswerQuestion(True))
    await agent.until(lambda: agent.call.number == "1003")
    await agent.hears(EXPERT)
    await second.hears(AGENT)
    assert (second.call.number, len(second.snapshot.calls)) == ("1001", 1)

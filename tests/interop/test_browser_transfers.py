"""Consulted transfers at Kamailio, ours and those of a phone in a browser (JsSIP, SIP.js)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.interop.browser_phone import BrowserPhone
from tests.interop.kamailio import Kamailio
from tests.interop.our_desk import AGENT, CUSTOMER, EXPERT, OurDesk
from tests.interop.programs import started
from tui.port.commands import Answer, AnswerQuestion, ConnectLines, Dial, HangUp
from tui.port.machines.call_machine import CallState


@pytest.fixture(params=["jssip", "sipjs"])
async def browser(
    kamailio: Kamailio, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[BrowserPhone]:
    """A phone in a browser, registered as 1002."""
    async with started(BrowserPhone(tmp_path, request.param)) as phone:
        await phone.register_at(kamailio, "1002", CUSTOMER)
        yield phone


async def test_an_attended_transfer_of_ours_puts_a_browser_through_to_a_second_desk(
    agent: OurDesk, second: OurDesk, browser: BrowserPhone
) -> None:
    await agent.do(Dial("1002"))
    await agent.state(CallState.TALKING)
    await agent.hears(CUSTOMER)
    first = agent.call
    await agent.do(Dial("1003"))
    await second.state(CallState.RINGING)
    await second.do(Answer())
    await agent.until(lambda: agent.call.key != first.key)
    await agent.state(CallState.TALKING)
    await second.hears(AGENT)
    await agent.do(ConnectLines(first.ccnumber, agent.call.ccnumber))
    await agent.until(lambda: not any(call.live for call in agent.snapshot.calls))
    assert agent.said() == "transfer.done"
    await second.hears(CUSTOMER)
    assert second.call.number == "1002"
    await browser.hears(EXPERT)
    before = len(await browser.log())
    await second.do(HangUp())
    await browser.until("ended", before)


async def test_a_browser_that_consulted_a_second_desk_puts_us_through_to_it(
    kamailio: Kamailio, agent: OurDesk, second: OurDesk, browser: BrowserPhone
) -> None:
    await agent.do(Dial("1002"))
    await agent.state(CallState.TALKING)
    await agent.hears(CUSTOMER)
    noted = len(await browser.log())
    await browser.consult(f"sip:1003@{kamailio.realm}")
    await second.state(CallState.RINGING)
    await second.do(Answer())
    await second.hears(CUSTOMER)
    await browser.until("confirmed", noted)
    await browser.connect()
    await agent.until(lambda: agent.snapshot.question)
    await agent.do(AnswerQuestion(True))
    await browser.until("put through")
    await agent.until(lambda: agent.call.number == "1003")
    await agent.state(CallState.TALKING)
    await agent.hears(EXPERT)
    await second.hears(AGENT)
    assert (second.call.number, len(second.snapshot.calls)) == ("1001", 1)

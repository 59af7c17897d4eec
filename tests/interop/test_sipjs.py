"""A phone in a browser on SIP.js, at Kamailio: calls both ways, hold by either side, transfers."""

from __future__ import annotations

import pytest

from tests.interop.browser_phone import BrowserPhone
from tests.interop.kamailio import Kamailio
from tests.interop.our_desk import AGENT, CUSTOMER, EXPERT, OurDesk
from tui.port.commands import (
    Answer,
    AnswerQuestion,
    Dial,
    HangUp,
    Hold,
    Resume,
    Transfer,
)
from tui.port.machines.call_machine import CallState


@pytest.fixture
async def browser(kamailio: Kamailio, sipjs: BrowserPhone) -> BrowserPhone:
    """SIP.js, registered as 1002."""
    await sipjs.register_at(kamailio, "1002", CUSTOMER)
    return sipjs


async def test_our_call_is_heard_at_both_ends_held_resumed_and_hung_up_by_us(
    agent: OurDesk, browser: BrowserPhone
) -> None:
    await agent.do(Dial("1002"))
    await agent.state(CallState.TALKING)
    await agent.hears(CUSTOMER)
    await browser.hears(AGENT)
    await agent.do(Hold())
    await agent.state(CallState.HOLDING)
    await agent.hears_nothing()
    await agent.do(Resume())
    await agent.state(CallState.TALKING)
    await agent.hears(CUSTOMER)
    await browser.hears(AGENT)
    await agent.do(HangUp())
    await browser.until("ended")


async def test_each_confirms_to_the_other_that_it_rings(
    kamailio: Kamailio, agent: OurDesk, sipjs: BrowserPhone
) -> None:
    await sipjs.register_at(kamailio, "1002", CUSTOMER, confirms=True)
    await agent.do(Dial("1002"))
    assert (await sipjs.until("rang"))["as"] == "supported"
    await agent.state(CallState.TALKING)
    await agent.hears(CUSTOMER)
    await sipjs.hears(AGENT)
    await agent.do(HangUp())
    await sipjs.until("ended")
    await sipjs.dial(f"sip:1001@{kamailio.realm}")
    await agent.state(CallState.RINGING)
    await agent.do(Answer())
    await agent.hears(CUSTOMER)
    await sipjs.hears(AGENT)
    await agent.do(HangUp())


async def test_a_call_to_us_is_held_and_resumed_and_hung_up_by_the_browser(
    kamailio: Kamailio, agent: OurDesk, browser: BrowserPhone
) -> None:
    await browser.dial(f"sip:1001@{kamailio.realm}")
    await agent.state(CallState.RINGING)
    await agent.do(Answer())
    await agent.hears(CUSTOMER)
    await browser.hears(AGENT)
    await browser.hold(True)
    await agent.until(lambda: agent.call.peer_holds)
    await browser.hold(False)
    await agent.until(lambda: not agent.call.peer_holds)
    await agent.goes_on_hearing(CUSTOMER)
    await browser.hears(AGENT)
    await browser.hang_up()
    await agent.state(CallState.ENDED)


async def test_a_browser_that_gives_up_is_a_missed_call(
    kamailio: Kamailio, agent: OurDesk, browser: BrowserPhone
) -> None:
    await browser.dial(f"sip:1001@{kamailio.realm}")
    await agent.state(CallState.RINGING)
    await browser.hang_up()
    await agent.state(CallState.ENDED)
    assert agent.said() == "line.gave_up"


async def test_a_browser_puts_us_through_to_a_number(
    kamailio: Kamailio, agent: OurDesk, second: OurDesk, browser: BrowserPhone
) -> None:
    await browser.dial(f"sip:1001@{kamailio.realm}")
    await agent.state(CallState.RINGING)
    await agent.do(Answer())
    await browser.until("confirmed")
    await browser.connect(f"sip:1003@{kamailio.realm}")
    await agent.until(lambda: agent.snapshot.question)
    await agent.do(AnswerQuestion(True))
    await second.state(CallState.RINGING)
    await second.do(Answer())
    await browser.until("put through")
    await agent.until(lambda: agent.call.number == "1003")
    await agent.hears(EXPERT)
    await second.hears(AGENT)


async def test_our_blind_transfer_takes_a_browser_to_a_second_desk(
    agent: OurDesk, second: OurDesk, browser: BrowserPhone
) -> None:
    await agent.do(Dial("1002"))
    await agent.state(CallState.TALKING)
    await agent.hears(CUSTOMER)
    await agent.do(Transfer("", "1003"))
    await second.state(CallState.RINGING)
    await second.do(Answer())
    await agent.state(CallState.ENDED)
    assert agent.said() == "transfer.done"
    await second.hears(CUSTOMER)
    await browser.hears(EXPERT)

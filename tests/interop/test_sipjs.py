"""A phone in a browser on SIP.js, at Kamailio: calls both ways, hold by either side, transfers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.interop.browser_phone import BrowserPhone
from tests.interop.kamailio import Kamailio
from tests.interop.our_desk import OurDesk, at_kamailio
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

CUSTOMER, EXPERT, AGENT = 700, 900, 1200
"""What they say, in hertz."""


@pytest.fixture
async def desk(kamailio: Kamailio, tmp_path: Path) -> AsyncIterator[OurDesk]:
    """Our agent, registered, with nobody called yet."""
    async with at_kamailio(kamailio, tmp_path, "1001", AGENT) as ours:
        yield ours


@pytest.fixture
async def expert(kamailio: Kamailio, tmp_path: Path) -> AsyncIterator[OurDesk]:
    """A second desk of ours, at 1003."""
    async with at_kamailio(kamailio, tmp_path, "1003", EXPERT) as ours:
        yield ours


@pytest.fixture
async def browser(kamailio: Kamailio, sipjs: BrowserPhone) -> BrowserPhone:
    """SIP.js, registered as 1002."""
    address = f"sip:1002@{kamailio.realm}"
    await sipjs.register(kamailio.ws, address, "1002", kamailio.password, hz=CUSTOMER)
    await sipjs.until("registered")
    return sipjs


async def test_our_call_is_heard_at_both_ends_held_resumed_and_hung_up_by_us(
    desk: OurDesk, browser: BrowserPhone
) -> None:
    await desk.do(Dial("1002"))
    await desk.state(CallState.TALKING)
    await desk.hears(CUSTOMER)
    await browser.hears(AGENT)
    await desk.do(Hold())
    await desk.state(CallState.HOLDING)
    await desk.hears_nothing()
    await desk.do(Resume())
    await desk.state(CallState.TALKING)
    await desk.hears(CUSTOMER)
    await browser.hears(AGENT)
    await desk.do(HangUp())
    await browser.until("ended")


async def test_a_call_to_us_is_held_and_resumed_and_hung_up_by_the_browser(
    kamailio: Kamailio, desk: OurDesk, browser: BrowserPhone
) -> None:
    await browser.dial(f"sip:1001@{kamailio.realm}")
    await desk.state(CallState.RINGING)
    await desk.do(Answer())
    await desk.hears(CUSTOMER)
    await browser.hears(AGENT)
    await browser.hold(True)
    await desk.until(lambda: desk.call.peer_holds)
    await browser.hold(False)
    await desk.until(lambda: not desk.call.peer_holds)
    await desk.goes_on_hearing(CUSTOMER)
    await browser.hears(AGENT)
    await browser.hang_up()
    await desk.state(CallState.ENDED)


async def test_a_browser_that_gives_up_is_a_missed_call(
    kamailio: Kamailio, desk: OurDesk, browser: BrowserPhone
) -> None:
    await browser.dial(f"sip:1001@{kamailio.realm}")
    await desk.state(CallState.RINGING)
    await browser.hang_up()
    await desk.state(CallState.ENDED)
    assert desk.said() == "line.gave_up"


async def test_a_browser_puts_us_through_to_a_number(
    kamailio: Kamailio, desk: OurDesk, expert: OurDesk, browser: BrowserPhone
) -> None:
    await browser.dial(f"sip:1001@{kamailio.realm}")
    await desk.state(CallState.RINGING)
    await desk.do(Answer())
    await browser.until("confirmed")
    await browser.connect(f"sip:1003@{kamailio.realm}")
    await desk.until(lambda: desk.snapshot.question)
    await desk.do(AnswerQuestion(True))
    await expert.state(CallState.RINGING)
    await expert.do(Answer())
    await browser.until("put through")
    await desk.until(lambda: desk.call.number == "1003")
    await desk.hears(EXPERT)
    await expert.hears(AGENT)


async def test_a_browser_that_consulted_a_second_desk_puts_us_through_to_it(
    kamailio: Kamailio, desk: OurDesk, expert: OurDesk, browser: BrowserPhone
) -> None:
    await desk.do(Dial("1002"))
    await desk.state(CallState.TALKING)
    await desk.hears(CUSTOMER)
    noted = len(await browser.log())
    await browser.consult(f"sip:1003@{kamailio.realm}")
    await expert.state(CallState.RINGING)
    await expert.do(Answer())
    await expert.hears(CUSTOMER)
    await browser.until("confirmed", noted)
    await browser.connect()
    await desk.until(lambda: desk.snapshot.question)
    await desk.do(AnswerQuestion(True))
    await browser.until("put through")
    await desk.until(lambda: desk.call.number == "1003")
    await desk.hears(EXPERT)
    await expert.hears(AGENT)
    assert (expert.call.number, len(expert.snapshot.calls)) == ("1001", 1)


async def test_our_blind_transfer_takes_a_browser_to_a_second_desk(
    desk: OurDesk, expert: OurDesk, browser: BrowserPhone
) -> None:
    await desk.do(Dial("1002"))
    await desk.state(CallState.TALKING)
    await desk.hears(CUSTOMER)
    await desk.do(Transfer("", "1003"))
    await expert.state(CallState.RINGING)
    await expert.do(Answer())
    await desk.state(CallState.ENDED)
    assert desk.said() == "transfer.done"
    await expert.hears(CUSTOMER)
    await browser.hears(EXPERT)


async def test_an_attended_transfer_of_ours_puts_a_browser_through_to_a_second_desk(
    desk: OurDesk, expert: OurDesk, browser: BrowserPhone
) -> None:
    await desk.do(Dial("1002"))
    await desk.state(CallState.TALKING)
    await desk.hears(CUSTOMER)
    first = desk.call
    await desk.do(Dial("1003"))
    await expert.state(CallState.RINGING)
    await expert.do(Answer())
    await desk.until(lambda: desk.call.key != first.key)
    await desk.state(CallState.TALKING)
    await expert.hears(AGENT)
    await desk.do(ConnectLines(first.ccnumber, desk.call.ccnumber))
    await desk.until(lambda: not any(call.live for call in desk.snapshot.calls))
    assert desk.said() == "transfer.done"
    await expert.hears(CUSTOMER)
    await browser.hears(EXPERT)
    assert expert.call.number == "1002"

"""Transfers at Kamailio between the console's engine and phones that are not ours, proved by who
hears whom afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.interop.baresip import Baresip
from tests.interop.browser_phone import BrowserPhone
from tests.interop.kamailio import Kamailio
from tests.interop.our_desk import OurDesk, at_kamailio
from tui.port.commands import Answer, AnswerQuestion, ConnectLines, Dial, HangUp, Transfer
from tui.port.machines.call_machine import CallState

CUSTOMER, EXPERT, AGENT = 700, 900, 1200
"""What they say, in hertz."""


@pytest.fixture
async def desk(kamailio: Kamailio, tmp_path: Path) -> AsyncIterator[OurDesk]:
    """Our agent, registered, with nobody called yet."""
    async with at_kamailio(kamailio, tmp_path, "1001", AGENT) as ours:
        yield ours


@pytest.fixture
async def customer(kamailio: Kamailio, tmp_path: Path) -> AsyncIterator[Baresip]:
    """A plain phone, registered, that answers by itself."""
    phone = Baresip(tmp_path, "customer", CUSTOMER, kamailio)
    try:
        await phone.start()
        yield phone
    finally:
        await phone.end()


@pytest.fixture
async def expert(kamailio: Kamailio, tmp_path: Path) -> AsyncIterator[Baresip]:
    """Another one."""
    phone = Baresip(tmp_path, "expert", EXPERT, kamailio)
    try:
        await phone.start()
        yield phone
    finally:
        await phone.end()


async def test_a_blind_transfer_of_ours_puts_the_phones_through_and_lets_us_go(
    desk: OurDesk, customer: Baresip, expert: Baresip
) -> None:
    await desk.do(Dial("customer"))
    await desk.state(CallState.TALKING)
    await desk.hears(CUSTOMER)
    await desk.do(Transfer("", "expert"))
    await desk.state(CallState.ENDED)
    assert desk.said() == "transfer.done"
    await expert.until("CALL_ESTABLISHED")
    await asyncio.sleep(2)  # so that the files hold two seconds of them
    await expert.say("hangup")
    await expert.until("CALL_CLOSED")
    assert await expert.heard(CUSTOMER) > 0.8
    assert await customer.heard(EXPERT) > 0.8


async def test_a_transfer_to_nobody_is_said_and_the_call_stays(
    desk: OurDesk, customer: Baresip
) -> None:
    await desk.do(Dial("customer"))
    await desk.state(CallState.TALKING)
    await desk.do(Transfer("", "1999"))
    notice = await desk.until(lambda: desk.snapshot.notice)
    assert notice.message.id == "line.transfer_failed"
    assert dict(notice.message.values)["status"] == "404"
    assert (desk.call.state, desk.call.transfer) == (CallState.TALKING, "")
    await desk.do(HangUp())


async def test_a_phone_that_sends_us_on_is_followed_when_we_say_yes(
    kamailio: Kamailio, desk: OurDesk, customer: Baresip, expert: Baresip
) -> None:
    await customer.say("dial", f"sip:1001@{kamailio.realm}")
    await desk.state(CallState.RINGING)
    await desk.do(Answer())
    await desk.hears(CUSTOMER)
    await customer.say("transfer", f"sip:expert@{kamailio.realm}")
    await desk.until(lambda: desk.snapshot.question)
    assert desk.call.state is CallState.TALKING  # nothing is followed by itself
    await desk.do(AnswerQuestion(True))
    await desk.until(lambda: desk.call.number == "expert")
    await desk.state(CallState.TALKING)
    await desk.hears(EXPERT)
    await customer.until("CALL_CLOSED", through=True)  # it was told, and hung up
    await asyncio.sleep(1.2)
    await desk.do(HangUp())
    await expert.until("CALL_CLOSED")
    assert await expert.heard(AGENT) > 0.8


async def test_an_attended_transfer_of_ours_puts_a_browser_through_to_a_second_desk(
    kamailio: Kamailio, tmp_path: Path, desk: OurDesk, jssip: BrowserPhone
) -> None:
    second = OurDesk(kamailio.ws, kamailio.realm, "1003", tmp_path, EXPERT)
    try:
        assert (await second.sign_in(kamailio.password)).ok
        address = f"sip:1002@{kamailio.realm}"
        await jssip.register(kamailio.ws, address, "1002", kamailio.password, hz=CUSTOMER)
        await jssip.until("registered")
        await desk.do(Dial("1002"))
        await desk.state(CallState.TALKING)
        await desk.hears(CUSTOMER)
        first = desk.call
        await desk.do(Dial("1003"))
        await second.state(CallState.RINGING)
        await second.do(Answer())
        await desk.until(lambda: desk.call.key != first.key)
        await desk.state(CallState.TALKING)
        await second.hears(AGENT)
        await desk.do(ConnectLines(first.ccnumber, desk.call.ccnumber))
        await desk.until(lambda: not any(call.live for call in desk.snapshot.calls))
        assert desk.said() == "transfer.done"
        await second.hears(CUSTOMER)
        assert second.call.number == "1002"
        await jssip.hears(EXPERT)
        before = len(await jssip.log())
        await second.do(HangUp())
        await jssip.until("ended", before)
    finally:
        await second.end()


async def test_a_browser_that_consulted_a_second_desk_puts_us_through_to_it(
    kamailio: Kamailio, tmp_path: Path, desk: OurDesk, jssip: BrowserPhone
) -> None:
    second = OurDesk(kamailio.ws, kamailio.realm, "1003", tmp_path, EXPERT)
    try:
        assert (await second.sign_in(kamailio.password)).ok
        address = f"sip:1002@{kamailio.realm}"
        await jssip.register(kamailio.ws, address, "1002", kamailio.password, hz=CUSTOMER)
        await jssip.until("registered")
        await desk.do(Dial("1002"))
        await desk.state(CallState.TALKING)
        await desk.hears(CUSTOMER)
        noted = len(await jssip.log())
        await jssip.consult(f"sip:1003@{kamailio.realm}")
        await second.state(CallState.RINGING)
        await second.do(Answer())
        await second.hears(CUSTOMER)
        await jssip.until("confirmed", noted)
        await jssip.connect()
        await desk.until(lambda: desk.snapshot.question)
        await desk.do(AnswerQuestion(True))
        await jssip.until("put through")
        await desk.until(lambda: desk.call.number == "1003")
        await desk.state(CallState.TALKING)
        await desk.hears(EXPERT)
        await second.hears(AGENT)
        assert (second.call.number, len(second.snapshot.calls)) == ("1001", 1)
    finally:
        await second.end()

"""Linphone at Kamailio, over UDP: calls both ways, hold by either side, transfers either way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.interop.kamailio import Kamailio
from tests.interop.linphone import Linphone
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
    """Our agent, 1001."""
    async with at_kamailio(kamailio, tmp_path, "1001", AGENT) as ours:
        yield ours


@pytest.fixture
async def expert(kamailio: Kamailio, tmp_path: Path) -> AsyncIterator[OurDesk]:
    """A second desk of ours, 1003."""
    async with at_kamailio(kamailio, tmp_path, "1003", EXPERT) as ours:
        yield ours


@pytest.fixture
async def linphone(kamailio: Kamailio, tmp_path: Path) -> AsyncIterator[Linphone]:
    """Linphone, 1002."""
    phone = Linphone(tmp_path, "1002", CUSTOMER, kamailio)
    try:
        await phone.start()
        yield phone
    finally:
        await phone.end()


async def talk(desk: OurDesk, linphone: Linphone) -> None:
    """We call it, and it answers."""
    await desk.do(Dial("1002"))
    await desk.state(CallState.PROCEEDING)
    await linphone.say("answer")
    await desk.state(CallState.TALKING)


async def test_our_call_is_heard_at_both_ends_and_held_by_either(
    desk: OurDesk, linphone: Linphone
) -> None:
    await talk(desk, linphone)
    await desk.hears(CUSTOMER)
    await linphone.hears(AGENT)
    await linphone.say("pause 1")
    await desk.until(lambda: desk.call.peer_holds)
    await linphone.until("is now paused")  # it takes no command before that
    await linphone.say("resume 1")
    await desk.until(lambda: not desk.call.peer_holds)
    await desk.do(Hold())
    await desk.state(CallState.HOLDING)
    await linphone.until("has been paused by")
    await desk.do(Resume())
    await desk.state(CallState.TALKING)
    await desk.hears(CUSTOMER)
    await desk.do(HangUp())
    await linphone.until("ended (")


async def test_a_call_to_us_is_answered_and_hung_up_by_them(
    kamailio: Kamailio, desk: OurDesk, linphone: Linphone
) -> None:
    await linphone.say(f"call sip:1001@{kamailio.realm}")
    await desk.state(CallState.RINGING)
    assert desk.call.number == "1002"
    await desk.do(Answer())
    await desk.hears(CUSTOMER)
    await linphone.say("terminate 1")
    await desk.state(CallState.ENDED)


async def test_a_call_that_they_decline_is_said_to_be_declined(
    desk: OurDesk, linphone: Linphone
) -> None:
    await desk.do(Dial("1002"))
    await desk.state(CallState.PROCEEDING)
    await linphone.say("terminate 1")
    await desk.state(CallState.ENDED)
    assert desk.said() == "line.declined"


async def test_they_send_us_on_to_a_second_desk(
    kamailio: Kamailio, desk: OurDesk, expert: OurDesk, linphone: Linphone
) -> None:
    await talk(desk, linphone)
    await linphone.say(f"transfer 1 sip:1003@{kamailio.realm}")
    await desk.until(lambda: desk.snapshot.question)
    await desk.do(AnswerQuestion(True))
    await expert.state(CallState.RINGING)
    await expert.do(Answer())
    await desk.until(lambda: desk.call.number == "1003")
    await desk.hears(EXPERT)
    await expert.hears(AGENT)
    await linphone.until("ended (")  # it was told, and hung up


async def test_our_blind_transfer_takes_them_to_a_second_desk(
    desk: OurDesk, expert: OurDesk, linphone: Linphone
) -> None:
    await talk(desk, linphone)
    await desk.do(Transfer("", "1003"))
    await expert.state(CallState.RINGING)
    await expert.do(Answer())
    await desk.state(CallState.ENDED)
    assert desk.said() == "transfer.done"
    await expert.hears(CUSTOMER)
    await linphone.hears(EXPERT)


async def test_our_attended_transfer_puts_them_through_to_a_second_desk(
    desk: OurDesk, expert: OurDesk, linphone: Linphone
) -> None:
    await talk(desk, linphone)
    first = desk.call
    await desk.do(Dial("1003"))
    await expert.state(CallState.RINGING)
    await expert.do(Answer())
    await desk.until(lambda: desk.call.key != first.key)
    await desk.state(CallState.TALKING)
    await desk.do(ConnectLines(first.ccnumber, desk.call.ccnumber))
    await desk.until(lambda: not any(call.live for call in desk.snapshot.calls))
    assert desk.said() == "transfer.done"
    await expert.until(lambda: expert.call.number == "1002")
    await expert.hears(CUSTOMER)
    await linphone.hears(EXPERT)


async def test_they_put_us_through_to_whom_they_consulted(
    kamailio: Kamailio, desk: OurDesk, expert: OurDesk, linphone: Linphone
) -> None:
    await talk(desk, linphone)
    await linphone.say("pause 1")
    await desk.until(lambda: desk.call.peer_holds)
    await linphone.until("is now paused")  # it takes no command before that
    await linphone.say(f"call sip:1003@{kamailio.realm}")
    await expert.state(CallState.RINGING)
    await expert.do(Answer())
    await expert.state(CallState.TALKING)
    await linphone.until("for call 2 (audio)")
    await linphone.say("transfer 1 --to-call 2")
    await desk.until(lambda: desk.snapshot.question)
    await desk.do(AnswerQuestion(True))
    await desk.until(lambda: desk.call.number == "1003")
    await desk.hears(EXPERT)
    await expert.hears(AGENT)
    assert (expert.call.number, len(expert.snapshot.calls)) == ("1001", 1)

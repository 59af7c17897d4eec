"""The console's engine at Kamailio, with a plain phone at the other end: calls as an agent makes,
takes and ends them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop.baresip import Baresip
from tests.interop.kamailio import Kamailio
from tests.interop.our_desk import AGENT, CUSTOMER, OurDesk
from tests.interop.programs import started
from tui.port.commands import (
    Answer,
    AnswerQuestion,
    Dial,
    HangUp,
    Hold,
    Resume,
    SendDigits,
    SignOut,
)
from tui.port.machines.call_machine import CallState


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
async def test_the_password_is_proved_by_either_digest_and_a_wrong_one_is_said(
    algorithm: str, tmp_path: Path
) -> None:
    server = Kamailio(tmp_path, algorithm)
    right, wrong, other = (
        OurDesk(server.ws, server.realm, user, tmp_path, AGENT) for user in ("1001", "1002", "1003")
    )
    try:
        await server.start()
        assert (await right.sign_in(server.password)).ok
        refused = await wrong.sign_in("other-words")
        assert not refused.ok
        assert refused.message is not None
        # A call is challenged too, by the proxy, and the number is known to nobody.
        await right.do(Dial("1999"))
        await right.state(CallState.ENDED)
        assert right.said() == "line.unknown_number"
        await right.do(SignOut())
        assert (await other.sign_in(server.password)).ok
        await other.do(Dial("1001"))
        await other.state(CallState.ENDED)
        assert other.said() == "line.unknown_number"  # it took its registration back
    finally:
        for agent in (right, wrong, other):
            await agent.end()
        await server.end()


async def test_a_pbx_that_asks_by_another_realm_than_the_registrar_is_said_and_may_be_named(
    tmp_path: Path,
) -> None:
    server = Kamailio(tmp_path, calls="core.invalid")
    plain = OurDesk(server.ws, server.realm, "1001", tmp_path, AGENT)
    named = OurDesk(
        *(server.ws, server.realm, "1003", tmp_path, AGENT), profile={"realms": ("core.invalid",)}
    )
    try:
        await server.start()
        for desk, said in ((plain, "line.other_realm"), (named, "line.unknown_number")):
            assert (await desk.sign_in(server.password)).ok
            await desk.do(Dial("1999"))
            await desk.state(CallState.ENDED)
            assert desk.said() == said
    finally:
        for desk in (plain, named):
            await desk.end()
        await server.end()


async def test_our_call_is_heard_at_both_ends_held_resumed_and_hung_up_by_us(
    kamailio: Kamailio, tmp_path: Path, agent: OurDesk
) -> None:
    async with started(Baresip(tmp_path, "customer", CUSTOMER, kamailio)) as customer:
        await agent.do(Dial("customer"))
        await agent.state(CallState.TALKING)
        await agent.hears(CUSTOMER)
        await customer.until_it_heard(1.5)
        await agent.do(Hold())
        await agent.state(CallState.HOLDING)
        await agent.hears_nothing()
        await agent.do(Resume())
        await agent.state(CallState.TALKING)
        await agent.hears(CUSTOMER)
        # This baresip writes no more into its file after a hold: a tone shows that we are back.
        await agent.do(SendDigits("5"))
        assert await customer.digits(1) == "5"
        await agent.do(HangUp())
        await customer.until("CALL_CLOSED")
        assert (await agent.state(CallState.ENDED)).end.reason == 26
        assert await customer.heard(AGENT) > 0.6


async def test_a_call_to_us_is_answered_and_its_digits_go_both_ways_until_they_hang_up(
    kamailio: Kamailio, tmp_path: Path, agent: OurDesk
) -> None:
    async with started(Baresip(tmp_path, "customer", CUSTOMER, kamailio)) as customer:
        await customer.say("dial", f"sip:1001@{kamailio.realm}")
        await agent.state(CallState.RINGING)
        await agent.do(Answer())
        await customer.until("CALL_ESTABLISHED")
        await agent.hears(CUSTOMER)
        await agent.do(SendDigits("159D*0#"))
        assert await customer.digits(7) == "159D*0#"
        await agent.until(lambda: agent.call.tones.sent == "159D*0#")
        for digit in "28#":
            await customer.say("sndcode", digit)
            await agent.receives(digit)
        assert agent.call.tones.received == "28#"
        await customer.say("hangup")
        ended = await agent.state(CallState.ENDED)
        assert (ended.end.reason, agent.said()) == (25, "ended.25")
        assert await customer.heard(AGENT) > 0.5  # the digits took their share


async def test_a_busy_phone_is_said_and_one_that_rings_too_long_and_one_we_give_up(
    kamailio: Kamailio, tmp_path: Path, agent: OurDesk
) -> None:
    async with started(Baresip(tmp_path, "late", CUSTOMER, kamailio, answers=False)) as late:
        await agent.do(Dial("late"))
        await agent.state(CallState.PROCEEDING)
        await late.until("CALL_INCOMING")
        await agent.do(HangUp())  # CANCEL
        await late.until("CALL_CLOSED")
        assert (await agent.state(CallState.ENDED)).end.reason == 20
        await agent.do(Dial("late"))
        await late.until("CALL_INCOMING")
        await late.say("hangup", "scode=486 reason=Busy")
        await agent.until(lambda: agent.said() == "line.busy")
        await late.until("CALL_CLOSED")
        await agent.do(Dial("late"))
        await late.until("CALL_INCOMING")
        await agent.until(lambda: agent.said() == "line.no_answer")  # the proxy's limit
        await late.until("CALL_CLOSED")


async def test_a_number_that_has_moved_is_called_where_it_is_one_after_the_other(
    kamailio: Kamailio, tmp_path: Path, agent: OurDesk
) -> None:
    async with started(Baresip(tmp_path, "1002", CUSTOMER, kamailio)) as customer:
        await agent.do(Dial("moved"))
        question = await agent.until(lambda: agent.snapshot.question)
        assert question.target == "1009, 1002"  # by their q
        await agent.do(AnswerQuestion(True))
        await agent.state(CallState.TALKING)  # nobody is at 1009
        assert agent.call.number == "1002"
        await agent.hears(CUSTOMER)
        await agent.do(HangUp())
        await customer.until("CALL_CLOSED")


async def test_a_caller_who_gives_up_is_a_missed_call_and_a_declined_one_hears_busy(
    kamailio: Kamailio, tmp_path: Path, agent: OurDesk
) -> None:
    async with started(Baresip(tmp_path, "customer", CUSTOMER, kamailio)) as customer:
        await customer.say("dial", f"sip:1001@{kamailio.realm}")
        await agent.state(CallState.RINGING)
        await customer.say("hangup")
        assert (await agent.state(CallState.ENDED)).end.missed
        await customer.until("CALL_CLOSED")
        await customer.say("dial", f"sip:1001@{kamailio.realm}")
        await agent.state(CallState.RINGING)
        await agent.do(HangUp())
        closed = await customer.until("CALL_CLOSED")
        assert str(closed["param"]).startswith(("486", "603"))


async def test_a_phone_that_a_proxy_rings_twice_rings_twice(
    kamailio: Kamailio, agent: OurDesk, tmp_path: Path
) -> None:
    async with started(Baresip(tmp_path, "1002", CUSTOMER, kamailio)) as customer:
        await customer.say("dial", f"sip:twice@{kamailio.realm}")
        first = await agent.state(CallState.RINGING)
        await agent.until(lambda: agent.call.state is CallState.RINGING and agent.call != first)
        await agent.do(Answer())
        await agent.state(CallState.TALKING)
        await customer.until("CALL_ESTABLISHED")

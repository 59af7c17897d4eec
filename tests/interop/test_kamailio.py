"""Our agent at a registrar, behind a media proxy and with a phone that are not ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from baresip import Baresip
from kamailio import Kamailio
from our_agent import OurAgent

from tui.sip.events import CallEnded, Established, Registered, RegistrationFailed, Unregistered


@pytest.fixture
async def agent(kamailio: Kamailio) -> AsyncIterator[OurAgent]:
    """Our agent, registered at Kamailio by digest, saying 1,200 Hz."""
    ours = OurAgent(kamailio.ws, kamailio.realm, "1001", kamailio.password, hz=1200)
    ours.start()
    try:
        await ours.until(Registered)
        yield ours
    finally:
        await ours.end()


async def test_our_agent_registers_at_kamailio_with_digest(agent: OurAgent) -> None:
    assert (await agent.until(Registered)).expires > 0
    agent.unregister()
    await agent.until(Unregistered)


async def test_a_wrong_password_at_kamailio_is_final(kamailio: Kamailio) -> None:
    ours = OurAgent(kamailio.ws, kamailio.realm, "1001", "wrong-words", hz=1200)
    ours.start()
    try:
        failure = await ours.until(RegistrationFailed)
        assert failure.status == 401
        assert failure.final
    finally:
        await ours.end()


async def test_a_plain_phone_calls_our_agent_through_kamailio_and_both_hear_each_other(
    kamailio: Kamailio, baresip: Baresip, agent: OurAgent
) -> None:
    await _talk(kamailio, baresip, agent)
    await baresip.say("hangup")
    await baresip.until("CALL_CLOSED")
    ended = await agent.until(CallEnded)
    assert ended.by_peer
    assert await baresip.heard(1200) > 0.8


async def test_our_bye_ends_the_plain_phones_call(
    kamailio: Kamailio, baresip: Baresip, agent: OurAgent
) -> None:
    await _talk(kamailio, baresip, agent)
    agent.hang_up()
    await baresip.until("CALL_CLOSED")
    ended = await agent.until(CallEnded)
    assert not ended.by_peer
    assert await baresip.heard(1200) > 0.8


async def test_our_hold_silences_the_plain_phone_and_our_resume_brings_it_back(
    kamailio: Kamailio, baresip: Baresip, agent: OurAgent
) -> None:
    await _talk(kamailio, baresip, agent)
    await agent.change("sendonly")
    await agent.ear.hears_nothing()
    await agent.change("sendrecv")
    await agent.ear.hears(700)
    agent.hang_up()
    await baresip.until("CALL_CLOSED")


async def _talk(kamailio: Kamailio, baresip: Baresip, agent: OurAgent) -> None:
    """A call from the phone, up, with the phone's 700 Hz heard and two seconds said."""
    await baresip.say("dial", f"sip:1001@127.0.0.1:{kamailio.sip_port}")
    await agent.until(Established)
    await baresip.until("CALL_ESTABLISHED")
    await agent.ear.hears(700)
    await asyncio.sleep(2)  # so that baresip's file holds two seconds of us

"""Firefox at the other end, nothing between but a proxy: its ICE, its DTLS, its descriptions and
its ear, with JsSIP (which holds by UPDATE) and SIP.js (by re-INVITE) in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.interop.browser_phone import BrowserPhone
from tests.interop.firefox import FirefoxPage
from tests.interop.kamailio import Kamailio
from tests.interop.our_desk import AGENT, CUSTOMER, OurDesk
from tests.interop.programs import started
from tui.media.leg.leg import AudioLeg
from tui.port.commands import (
    Answer,
    Dial,
    HangUp,
    Hold,
    Mute,
    RebuildAudio,
    Resume,
    SendDigits,
)
from tui.port.machines.call_machine import CallState


@pytest.fixture
async def kamailio(tmp_path: Path) -> AsyncIterator[Kamailio]:
    """A Kamailio that leaves the sound to the two who talk."""
    async with started(Kamailio(tmp_path, relays=False)) as server:
        yield server


@pytest.fixture
async def firefox(
    kamailio: Kamailio, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[BrowserPhone]:
    """A phone in Firefox, registered as 1002, that answers when it is told to."""
    async with started(BrowserPhone(tmp_path, request.param, FirefoxPage)) as phone:
        await phone.register_at(kamailio, "1002", CUSTOMER)
        await phone.wait_with_the_answer()
        yield phone


async def _both_are_heard(agent: OurDesk, firefox: BrowserPhone) -> None:
    await agent.goes_on_hearing(CUSTOMER, 0.8)
    await firefox.hears(AGENT)


async def _is_set_up_anew(agent: OurDesk, firefox: BrowserPhone, *, by_us: bool) -> None:
    leg = _leg(agent)
    before = leg.local_address
    await (agent.do(RebuildAudio()) if by_us else firefox.renew())
    await agent.until(lambda: leg.decrypted and leg.local_address != before)
    await _both_are_heard(agent, firefox)


async def _is_held_and_resumed(agent: OurDesk, firefox: BrowserPhone) -> None:
    await agent.do(Hold())
    await agent.state(CallState.HOLDING)
    await agent.do(Resume())
    await agent.state(CallState.TALKING)
    await _both_are_heard(agent, firefox)
    await firefox.hold(True)
    await agent.until(lambda: agent.call.peer_holds)
    await firefox.hold(False)
    await agent.until(lambda: not agent.call.peer_holds)
    await _both_are_heard(agent, firefox)


@pytest.mark.parametrize("firefox", ["jssip"], indirect=True)
async def test_a_call_to_firefox_is_heard_through_keys_holds_and_new_paths_until_it_hangs_up(
    agent: OurDesk, firefox: BrowserPhone
) -> None:
    await agent.do(Dial("1002"))
    await firefox.until("offered")
    await agent.state(CallState.PROCEEDING)
    await firefox.answer()
    await agent.state(CallState.TALKING)
    await _both_are_heard(agent, firefox)
    await firefox.press("159D*0#")
    await agent.until(lambda: agent.call.tones.received == "159D*0#")
    await agent.do(SendDigits("5"))
    await firefox.hears_key(770, 1336)
    await _is_held_and_resumed(agent, firefox)
    await _is_set_up_anew(agent, firefox, by_us=True)
    await _is_set_up_anew(agent, firefox, by_us=False)
    await agent.do(Mute(True))
    await firefox.speak(False)
    await agent.hears_nothing()
    await agent.do(Mute(False))
    await firefox.speak(True)
    await _both_are_heard(agent, firefox)
    await firefox.hang_up()
    await agent.state(CallState.ENDED)


@pytest.mark.parametrize("firefox", ["sipjs"], indirect=True)
async def test_a_call_of_firefox_is_heard_through_new_paths_and_holds_until_we_hang_up(
    kamailio: Kamailio, agent: OurDesk, firefox: BrowserPhone
) -> None:
    await firefox.dial(f"sip:1001@{kamailio.realm}")
    await agent.state(CallState.RINGING)
    await agent.do(Answer())
    await agent.state(CallState.TALKING)
    await _both_are_heard(agent, firefox)
    await _is_set_up_anew(agent, firefox, by_us=True)
    await _is_set_up_anew(agent, firefox, by_us=False)
    await _is_held_and_resumed(agent, firefox)
    await agent.do(HangUp())
    await firefox.until("ended")
    noted = len(await firefox.log())
    await agent.do(Dial("1002"))
    await firefox.until("offered", noted)
    await firefox.refuse(486)
    await agent.until(lambda: agent.said() == "line.busy")


def _leg(desk: OurDesk) -> AudioLeg:
    entry = desk.engine._parts.legs.leg_of(desk.call.key)
    assert entry is not None
    assert entry.media is not None
    return entry.media

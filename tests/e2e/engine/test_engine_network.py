"""Another network under a call: two addresses of loopback stand for two interfaces. The platform's
generation makes no difference to it; the signalling and the leg do."""

from __future__ import annotations

import sys
from asyncio import selector_events
from typing import Any

import aioice.ice
import pytest

from tests.e2e.box import AGENT_TONE, CUSTOMER_TONE, Box, Desk
from tests.e2e.hearing import heard_in
from tests.e2e.talking import talking
from tests.waiting import until
from tui.port import commands as c
from tui.port.events import NoticeChanged
from tui.port.machines.call_machine import CallState
from tui.port.values import ConnectionState, Leg

GENERATIONS = (2,)
ONE, OTHER = "127.0.0.1", "127.0.0.2"
LOUD = 0.5


class Interfaces:
    """The addresses of this machine as the engine and ICE see them."""

    def __init__(self, desk: Desk, patch: pytest.MonkeyPatch, *up: str) -> None:
        self.up = up
        patch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: list(self.up))
        desk.engine._parts.network.addresses = lambda: self.up
        # Candidates are what is up here, and nothing is put in besides.
        desk.engine._parts.legs._loopback = False


def address_of_the_leg(desk: Desk) -> str:
    entry = desk.engine._parts.legs.leg_of(desk.call.key)
    local = entry.media.local_address if entry and entry.media else None
    return "" if local is None else local[0]


async def both_hear(box: Box, desk: Desk, cc: str) -> None:
    await box.is_heard(cc, AGENT_TONE, LOUD)
    await heard_in(desk.output, CUSTOMER_TONE, LOUD)


@pytest.mark.parametrize("leg_on", [ONE, OTHER])
async def test_a_call_moves_with_the_machine_to_another_network(
    box: Box, desk: Desk, monkeypatch: pytest.MonkeyPatch, leg_on: str
) -> None:
    interfaces = Interfaces(desk, monkeypatch, leg_on)
    moved_to = OTHER if leg_on == ONE else ONE
    heard = desk.engine.events.subscribe()
    cc = await talking(box, desk)
    assert address_of_the_leg(desk) == leg_on
    line_since = desk.snapshot.connection.since

    interfaces.up = (moved_to,)  # the signalling leaves from 127.0.0.1
    await until(lambda: address_of_the_leg(desk) == moved_to)
    await both_hear(box, desk, cc)
    assert desk.call.state is CallState.TALKING
    await until(lambda: desk.snapshot.connection.state is ConnectionState.OK)
    assert (desk.snapshot.connection.since != line_since) is (leg_on == ONE)
    await until(lambda: desk.snapshot.notice and desk.snapshot.notice.message.id == "network.moved")
    heard.close()
    said = [
        event.notice.message.id
        async for event in heard
        if isinstance(event, NoticeChanged)
        and event.notice
        and event.notice.message.id.startswith("network.")
    ]
    assert said == ["network.changed", "network.moved"]
    await box.post(f"calls/{cc}/hangup")
    assert (await desk.state(CallState.ENDED)).end.reason == 25


async def test_the_agents_key_sets_the_sound_up_anew_and_the_call_stays(
    box: Box, desk: Desk
) -> None:
    cc = await talking(box, desk)
    entry = desk.engine._parts.legs.leg_of(desk.call.key)
    assert entry is not None
    media = entry.media
    assert media is not None
    before = media.local_address
    assert (await desk.engine.execute(c.RebuildAudio())).ok
    await until(lambda: media.local_address != before)
    await both_hear(box, desk, cc)
    await until(lambda: desk.snapshot.quality is not None)
    assert desk.snapshot.quality is not None
    assert desk.snapshot.quality.codec == "opus"
    # A packet that a busy machine plays late counts, until it is out of the window of figures.
    await until(lambda: desk.snapshot.quality and (desk.snapshot.quality.mos or 0) > 3.5)
    await box.post(f"calls/{cc}/hangup")
    await desk.state(CallState.ENDED)
    (entry_kept,) = await desk.history(1)
    assert entry_kept.quality is not None
    assert entry_kept.worst_mos is not None


async def test_a_call_whose_datagrams_are_blocked_stays_and_sounds_again_when_they_are_not(
    box: Box, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Consent (RFC 7675) ends after 30 s of nothing: here after one, once they are blocked.
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.3)
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", sys.maxsize)
    blocked = False
    transports: Any = vars(selector_events)["_SelectorDatagramTransport"]
    send = transports.sendto

    def sendto(transport: Any, data: bytes, addr: Any = None) -> None:
        if not blocked:
            send(transport, data, addr)

    monkeypatch.setattr(transports, "sendto", sendto)
    cc = await talking(box, desk)
    await both_hear(box, desk, cc)
    before = desk.call
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 3)
    blocked = True
    await box.post("agents/1001/loss", percent=100)
    await until(lambda: desk.call.leg is not Leg.CONNECTED, what=lambda: desk.call)

    async def asked() -> bool:
        log = (await box.control("agents/1001"))["log"]
        return any(each["detail"] == "QueryCall" for each in log)

    await until(asked, what="the platform is asked")
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", sys.maxsize)
    blocked = False
    await box.post("agents/1001/loss", percent=0)
    await until(lambda: desk.call.leg is Leg.CONNECTED, what=lambda: desk.call)
    await both_hear(box, desk, cc)
    assert (desk.call.key, desk.call.state) == (before.key, CallState.TALKING)
    assert desk.call.answered == before.answered
    log = (await box.control("agents/1001"))["log"]
    assert not [each for each in log if each["detail"] == "HangUp" or each["what"] == "BYE"]
    await box.post(f"calls/{cc}/hangup")
    assert (await desk.state(CallState.ENDED)).end.reason == 25

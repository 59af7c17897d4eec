"""Another network under a call: two addresses of loopback stand for two interfaces. The platform's
generation makes no difference to it; the signalling and the leg do."""

from __future__ import annotations

import aioice.ice
import pytest

from tests.e2e.box import AGENT_TONE, CUSTOMER_TONE, Box, Desk, until
from tests.e2e.hearing import share_of
from tests.e2e.talking import talking
from tui.engine import commands as c
from tui.engine.events import NoticeChanged
from tui.engine.state import CallState, LineState

GENERATIONS = (2,)
ONE, OTHER = "127.0.0.1", "127.0.0.2"
LOUD = 0.5


class Interfaces:
    """The addresses of this machine as the engine and ICE see them."""

    def __init__(self, desk: Desk, patch: pytest.MonkeyPatch, *up: str) -> None:
        self.up = up
        patch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: list(self.up))
        desk.engine._network.addresses = lambda: self.up
        # Candidates are what is up here, and nothing is put in besides.
        desk.engine._audio.loopback = False


def address_of_the_leg(desk: Desk) -> str:
    entry = desk.engine._audio.leg_of(desk.call.key)
    local = entry.media.local_address if entry and entry.media else None
    return "" if local is None else local[0]


async def both_hear(box: Box, desk: Desk, cc: str) -> None:
    while await box.heard(cc, AGENT_TONE) < LOUD:
        await until(lambda: True, 1)
    await until(lambda: share_of(desk.output, CUSTOMER_TONE, 0.5) >= LOUD)


@pytest.mark.parametrize("leg_on", [ONE, OTHER])
async def test_a_call_moves_with_the_machine_to_another_network(
    box: Box, desk: Desk, monkeypatch: pytest.MonkeyPatch, leg_on: str
) -> None:
    interfaces = Interfaces(desk, monkeypatch, leg_on)
    moved_to = OTHER if leg_on == ONE else ONE
    heard = desk.engine.events.subscribe()
    cc = await talking(box, desk)
    assert address_of_the_leg(desk) == leg_on
    line_since = desk.snapshot.line.since

    interfaces.up = (moved_to,)  # the signalling leaves from 127.0.0.1
    await until(lambda: address_of_the_leg(desk) == moved_to)
    await both_hear(box, desk, cc)
    assert desk.call.state is CallState.TALKING
    await until(lambda: desk.snapshot.line.state is LineState.OK)
    assert (desk.snapshot.line.since != line_since) is (leg_on == ONE)
    await until(lambda: desk.snapshot.notice and desk.snapshot.notice.message.id == "network.moved")
    heard.close()
    said = [
        event.notice.message.id
        async for event in heard
        if isinstance(event, NoticeChanged) and event.notice
    ]
    assert said == ["network.changed", "network.moved"]
    await box.post(f"calls/{cc}/hangup")
    assert (await desk.state(CallState.ENDED)).reason == 25


async def test_the_agents_key_sets_the_sound_up_anew_and_the_call_stays(
    box: Box, desk: Desk
) -> None:
    cc = await talking(box, desk)
    entry = desk.engine._audio.leg_of(desk.call.key)
    assert entry is not None
    assert entry.media is not None
    before = entry.media.local_address
    assert (await desk.engine.execute(c.RebuildAudio())).ok
    await until(lambda: entry.media.local_address != before)
    await both_hear(box, desk, cc)
    await until(lambda: desk.snapshot.quality is not None)
    assert desk.snapshot.quality is not None
    assert desk.snapshot.quality.codec == "opus"
    await until(lambda: desk.snapshot.quality and desk.snapshot.quality.mos)
    assert desk.snapshot.quality.mos > 3.5
    await box.post(f"calls/{cc}/hangup")
    await desk.state(CallState.ENDED)
    page = (await desk.engine.execute(c.GetHistory())).value
    assert page.entries[0].quality is not None
    assert page.entries[0].worst_mos is not None

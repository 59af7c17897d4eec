"""A plain line's sound moved: to another network by itself, and anew by the agent's key."""

from __future__ import annotations

from pathlib import Path

import aioice.ice
import pytest

from tests.e2e.box import AGENT_TONE
from tests.e2e.line_desk import LineDesk, far_hears
from tests.e2e.switch import Far, Switch, switching
from tests.media.conftest import Plain
from tests.waiting import until
from tui.port import commands as c
from tui.port.machines.call_machine import CallState

SIGNALLING, ONE, OTHER = "127.0.0.1", "127.0.0.2", "127.0.0.3"


_reoffered = Switch._reoffered


async def restarted(switch: Switch, far: Far, sdp: bytes) -> None:
    """A far phone answers a new ICE session as aiortc can: on a connection of its own."""
    old, far.peer = far.peer, Plain(far.hz)
    await _reoffered(switch, far, sdp)
    await old.close()


@pytest.mark.parametrize("by_key", [False, True])
async def test_a_lines_sound_is_moved_and_the_call_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_key: bool
) -> None:
    up = [ONE]
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: [*up])
    monkeypatch.setattr(Switch, "_reoffered", restarted)
    async with switching() as switch:
        phone = LineDesk(switch, tmp_path)
        phone.engine._parts.network.addresses = lambda: [SIGNALLING, *up]
        try:
            await phone.sign_in()
            phone.engine._parts.legs._loopback = False
            far = await switch.ring()
            await phone.one(CallState.RINGING)
            await phone.do(c.Answer())
            call = await phone.one(CallState.TALKING)
            await far_hears(far, AGENT_TONE)
            first = far.peer

            up[:] = [OTHER]
            if by_key:
                phone.engine._parts.network.addresses = lambda: [SIGNALLING, ONE]
                await phone.do(c.RebuildAudio())

            def local() -> str:
                entry = phone.engine._parts.legs.leg_of(call.key)
                address = entry.media.local_address if entry and entry.media else None
                return "" if address is None else address[0]

            await until(lambda: local() == OTHER)
            assert far.peer is not first
            await far_hears(far, AGENT_TONE)
            await phone.heard(far.hz)
            assert phone.snapshot.call is not None
            assert phone.snapshot.call.state is CallState.TALKING
            await phone.do(c.HangUp())
        finally:
            await phone.engine.close()

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
from tui.port.events import Event, NoticeChanged
from tui.port.machines.call_machine import CallState
from tui.port.values import ConnectionState, Message

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


async def test_why_the_server_closed_the_line_is_said_until_it_is_back(
    switch: Switch, phone: LineDesk
) -> None:
    said: list[Message] = []

    def heard(event: Event) -> None:
        if isinstance(event, NoticeChanged) and event.notice is not None:
            said.append(event.notice.message)

    await phone.sign_in()
    phone.engine.events.listen(heard)
    assert switch.socket is not None
    first = switch.socket
    await first.close(1012, "restarts at six\x1b[2J")
    await until(lambda: said)
    assert said[0].id == "login.ws-closed"
    assert dict(said[0].values)["info"] == "closed with 1012: restarts at six"
    await until(lambda: phone.snapshot.connection.state is ConnectionState.OK)
    assert switch.socket is not first
    await switch.socket.close(1012, "restarts at six")
    await until(lambda: len(said) == 2)
    assert said[1] == said[0], "it is said of each loss, once"

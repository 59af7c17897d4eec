"""A call through a TURN server, and nothing beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.media.turn_server import PASSWORD, USER, TurnServer
from tests.waiting import until
from tui.media.leg.leg import AudioLegState, IceServer
from tui.media.pcm.sources import ToneSource
from tui.media.transport import ice_transport

OURS, THEIRS = 440, 1000


@pytest.fixture
async def turn() -> AsyncIterator[TurnServer]:
    server = await TurnServer().start()
    yield server
    await server.close()


async def relayed(leg: Any, plain: Any, collector: Any, hears: Any, server: TurnServer) -> Any:
    heard, peer = collector(), plain(THEIRS)
    us = leg(
        ToneSource(OURS),
        heard,
        ice_servers=[IceServer(server.url, USER, PASSWORD)],
        relay_only=True,
    )
    answer = await us.answer(await peer.offer())
    assert answer.count("a=candidate:") == 1
    assert " typ relay " in answer
    await peer.accept(answer)
    await hears(heard, THEIRS)
    await hears(peer.heard, OURS)
    return us, peer, heard


async def test_a_call_goes_through_the_relay_both_ways_without_a_task_a_packet(
    turn: TurnServer, leg: Any, plain: Any, collector: Any, hears: Any
) -> None:
    us, _, _ = await relayed(leg, plain, collector, hears, turn)
    relay = next(iter(turn.relays.values()))
    assert us.local_address == relay.address
    assert us.remote_address is not None
    assert turn.relayed > 5
    transport = us._connections.current.ice._transport
    tasks = 0
    sendto = transport.sendto

    def counted(data: bytes, addr: Any) -> None:
        nonlocal tasks
        tasks += 1
        sendto(data, addr)

    transport.sendto = counted
    sent = us.statistics().sent
    await until(lambda: us.statistics().sent - sent > 10)
    assert tasks <= 5  # ICE's own, at most
    await us.close()
    await until(lambda: not turn.relays, what="the allocation is given back")


async def test_a_permission_is_renewed_before_it_expires(
    turn: TurnServer, leg: Any, plain: Any, collector: Any, hears: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(ice_transport, "PERMISSION", 0.3)
    turn.permission = 1.0
    _, peer, heard = await relayed(leg, plain, collector, hears, turn)
    await until(lambda: turn.binds > 5)  # 0.3 s apart: the first permission is over
    peer.heard.pcm.clear()
    heard.pcm.clear()
    await hears(peer.heard, OURS)
    await hears(heard, THEIRS)


async def test_a_restart_asks_the_relay_with_the_credentials_that_count_now(
    turn: TurnServer, leg: Any, plain: Any, collector: Any, hears: Any
) -> None:
    us, _, _ = await relayed(leg, plain, collector, hears, turn)
    assert " typ relay " not in await us.restart([IceServer(turn.url, USER, "ended")])
    assert " typ relay " in await us.restart([IceServer(turn.url, USER, PASSWORD)])
    assert " typ relay " in await us.restart()


async def test_a_leg_ends_in_time_when_the_turn_server_is_gone(
    turn: TurnServer, leg: Any, plain: Any, collector: Any, hears: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("tui.media.transport.connection.CLOSE_LIMIT", 0.3)
    us, _, _ = await relayed(leg, plain, collector, hears, turn)
    await turn.close()
    async with asyncio.timeout(2):
        await us.close()
    assert us.state is AudioLegState.CLOSED


async def test_wrong_credentials_leave_a_leg_without_a_candidate_that_fails_by_its_limit(
    turn: TurnServer, leg: Any, plain: Any, collector: Any
) -> None:
    us = leg(
        ToneSource(OURS),
        collector(),
        ice_servers=[IceServer(turn.url, USER, "wrong")],
        relay_only=True,
        setup_timeout=0.2,
    )
    answer = await us.answer(await plain(THEIRS).offer())
    assert "a=candidate" not in answer
    await until(lambda: us.state is AudioLegState.FAILED, 10)
    assert "wrong" not in repr(IceServer(turn.url, USER, "wrong"))

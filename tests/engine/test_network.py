"""Another network under a call: who is dialled anew, what is offered again, what is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from tests.engine.desk import CC
from tests.engine.sounding import Sounding
from tui import sip
from tui.engine.core import Limits
from tui.engine.events import LineChanged
from tui.engine.network import TRIES, this_machine
from tui.engine.state import Leg, Line, LineState
from tui.media.ice import IceServer
from tui.platform import control as m
from tui.platform.relays import Relay
from tui.secrets import Secret

PATIENCE = 10.0
HOME, OFFICE = "192.0.2.10", "198.51.100.7"


@pytest.fixture
async def up() -> AsyncIterator[Sounding]:
    sounding = Sounding()
    yield sounding
    await sounding.close()


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0)


def answers(up: Sounding, sdp: bytes = b"v=0") -> None:
    up.audio.handle(sip.ReinviteAccepted("1", sdp))


def test_this_machine_has_a_loopback_address() -> None:
    assert "127.0.0.1" in this_machine()


async def test_the_same_addresses_move_nothing(up: Sounding) -> None:
    for _ in range(5):
        up.network.look()
    assert (up.media.said, up.flow.redialled, up.notices) == ([], 0, [])


async def test_an_address_that_goes_moves_leg_and_line(up: Sounding) -> None:
    up.addresses = {"127.0.0.1", OFFICE}
    up.network.look()
    assert up.flow.redialled == 1
    assert up.media.said == []  # what is said now would go into the dead line
    up.flow.local_address = OFFICE
    up.network.look()
    await until(lambda: up.phone.agent.offers)
    assert up.phone.agent.offers == ["v=0 restart"]
    assert up.notices == ["network.changed"]
    answers(up)
    await until(lambda: "apply" in up.media.said)
    up.network.look()
    assert up.notices == ["network.changed", "network.moved"]
    up.network.look()
    assert up.media.said == ["restart", "apply"]
    assert up.call.live


async def test_a_leg_that_moves_asks_the_relays_with_what_counts_now(up: Sounding) -> None:
    async def renewed() -> tuple[Relay, ...]:
        return (Relay("turn:relay.example", "1001", Secret("fresh")), Relay("stun:relay.example"))

    up.audio.ice_servers = renewed
    up.addresses = {"127.0.0.1", OFFICE}
    up.flow.local_address = OFFICE
    up.network.look()
    await until(lambda: up.media.servers)
    assert up.media.servers == [
        IceServer("turn:relay.example", "1001", "fresh"),
        "stun:relay.example",
    ]


async def test_an_address_that_comes_moves_the_leg_and_leaves_the_line_that_works(
    up: Sounding,
) -> None:
    up.addresses |= {OFFICE}
    up.network.look()
    await until(lambda: up.phone.agent.offers)
    assert up.flow.redialled == 0


async def test_an_address_that_nothing_stands_on_may_go(up: Sounding) -> None:
    up.addresses |= {OFFICE, "fe80::1", "169.254.7.7"}
    up.network._known = frozenset(up.addresses)
    up.addresses = {"127.0.0.1", HOME}
    up.network.look()
    assert (up.media.said, up.flow.redialled, up.notices) == ([], 0, [])


async def test_a_relayed_leg_moves_when_any_address_goes(up: Sounding) -> None:
    up.media.local_address = ("203.0.113.9", 50000)  # the relay's
    up.addresses = {"127.0.0.1"}
    up.network.look()
    up.network.look()
    await until(lambda: up.phone.agent.offers)


async def test_without_a_line_the_leg_waits_and_moves_with_the_refresh(up: Sounding) -> None:
    up.desk.core.emit(LineChanged(Line(LineState.LOST)))
    up.flow.local_address = ""
    up.addresses = {"127.0.0.1", OFFICE}
    up.network.look()
    assert up.flow.redialled == 1  # it waits to dial: the new address is worth a try at once
    up.network.look()
    assert up.media.said == []
    up.desk.core.emit(LineChanged(Line(LineState.OK)))
    await up.audio.refresh()
    assert up.phone.agent.offers == ["v=0 restart"]
    up.network.look()  # one is under way: no second
    answers(up)
    await until(lambda: "apply" in up.media.said)
    up.network.look()
    assert up.media.said == ["restart", "apply"]
    assert up.notices[-1] == "network.moved"


async def test_a_refused_move_is_tried_again_and_then_given_up_in_words(up: Sounding) -> None:
    up.addresses |= {OFFICE}
    for number in range(TRIES):
        up.network.look()
        await until(lambda: len(up.phone.agent.offers) == number + 1)  # noqa: B023
        up.audio.handle(sip.ReinviteRefused("1", 491))
        await until(lambda: up.entry.outcome is None)
    up.network.look()
    assert up.notices[-1] == "network.not_moved"
    assert up.media.said.count("withdraw") == TRIES
    up.network.look()
    assert len(up.phone.agent.offers) == TRIES
    assert up.call.live


async def test_an_offer_that_cannot_be_sent_is_sent_later(up: Sounding) -> None:
    up.phone.agent.fails = True
    up.addresses |= {OFFICE}
    up.network.look()
    await until(lambda: "withdraw" in up.media.said and up.entry.outcome is None)
    up.phone.agent.fails = False
    up.network.look()
    await until(lambda: up.phone.agent.offers)


async def test_a_way_out_that_is_gone_is_found_though_the_addresses_stand(up: Sounding) -> None:
    up.media.figures |= {"failures": 0, "last_packet_age": 3.0}
    up.network.look()
    up.media.figures["failures"] = 40
    up.network.look()
    assert up.notices == []  # once may be a hiccup
    up.media.figures["failures"] = 90
    up.network.look()
    await until(lambda: up.phone.agent.offers)
    assert up.notices == ["network.changed"]
    for number in range(1, TRIES + 4):
        up.audio.handle(sip.ReinviteRefused("1", 500))
        await until(lambda: up.entry.outcome is None)
        up.media.figures["failures"] = 90 + number * 50
        up.network.look()
        await asyncio.sleep(0)
    assert up.notices == ["network.changed", "network.not_moved"]  # said once, and left


async def test_errors_while_sending_on_a_line_that_is_heard_move_nothing(up: Sounding) -> None:
    for number in range(6):
        up.media.figures |= {"failures": number * 40, "last_packet_age": 0.02}
        up.network.look()
    assert (up.media.said, up.notices) == ([], [])


async def test_a_plain_lines_leg_that_is_lost_is_offered_again_by_itself(up: Sounding) -> None:
    up.entry.lasting = True
    up.desk.calls.put(up.call, leg=Leg.LOST)
    up.network.look()
    await until(lambda: up.phone.agent.offers)
    answers(up)
    await until(lambda: "apply" in up.media.said)
    up.network.look()
    assert up.notices == ["network.lost", "rebuild.done"]
    assert up.media.said == ["restart", "apply"]


async def test_a_platforms_leg_that_is_lost_is_the_platforms_to_offer(up: Sounding) -> None:
    up.desk.calls.put(up.call, leg=Leg.LOST)
    up.network.look()
    await asyncio.sleep(0)
    assert up.media.said == []


async def test_addresses_that_cannot_be_read_change_nothing(up: Sounding) -> None:
    def broken() -> set[str]:
        raise OSError(1, "not permitted")

    up.network.addresses = broken
    up.network.look()
    up.network.addresses = lambda: up.addresses
    up.network.look()
    assert up.media.said == []


async def test_the_end_of_the_call_ends_the_looking(up: Sounding) -> None:
    up.addresses = {"127.0.0.1", OFFICE}
    up.desk.says(m.Ended(CC, "25", "20"))
    up.network.look()
    assert "network" not in up.desk.core.timers
    assert (up.flow.redialled, up.notices) == (0, [])


async def test_the_agents_key_offers_the_leg_again(up: Sounding) -> None:
    asked = asyncio.create_task(up.network.rebuild(""))
    await until(lambda: up.phone.agent.offers)
    again = await up.network.rebuild(CC)
    assert (again.ok, again.message and again.message.id) == (False, "rebuild.under_way")
    answers(up)
    assert (await asked).ok
    assert up.media.said == ["restart", "apply"]
    assert up.notices == ["rebuild.done"]
    assert not up.entry.restart


@pytest.mark.parametrize("unusable", [True, False])
async def test_a_rebuild_that_does_not_work_is_said_and_the_call_stays(
    up: Sounding, unusable: bool
) -> None:
    asked = asyncio.create_task(up.network.rebuild(""))
    await until(lambda: up.phone.agent.offers)
    if unusable:
        answers(up, b"bad")
    else:
        up.audio.handle(sip.ReinviteRefused("1", 488))
    result = await asked
    assert result.message is not None
    assert result.message.id == "rebuild.refused"
    assert "withdraw" in up.media.said
    assert up.call.live
    assert not up.entry.restart


async def test_without_a_leg_the_platform_is_asked_for_one(up: Sounding) -> None:
    asked: list[str] = []
    up.network.ask_again = asked.append
    up.audio._legs.clear()
    assert (await up.network.rebuild("")).ok
    assert asked == [up.call.key]


async def test_a_rebuild_needs_a_call_that_is_up_and_a_line(up: Sounding) -> None:
    up.desk.core.emit(LineChanged(Line(LineState.LOST)))
    assert not (await up.network.rebuild("")).ok
    up.desk.says(m.Ended(CC, "25", "20"))
    result = await up.network.rebuild("")
    assert result.message is not None
    assert result.message.id == "rebuild.no_call"


async def test_another_network_is_found_within_two_seconds(up: Sounding) -> None:
    """By the engine's own timer, as long as it is outside of tests."""
    up.desk.core.limits = replace(up.desk.core.limits, network=Limits().network)
    up.network.look()
    up.addresses = {"127.0.0.1", OFFICE}
    async with asyncio.timeout(2):
        while not up.flow.redialled:
            await asyncio.sleep(0.02)

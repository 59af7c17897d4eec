"""Another network under a call: who is dialled anew, what is offered again, what is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.engine.desk import CC
from tests.engine.sounding import Sounding
from tests.waiting import until
from tui import sip
from tui.engine.audio import network_watch
from tui.engine.audio.network_watch import AGAIN, LIVES, PROOF, TRIES, this_machine
from tui.engine.context import Limits
from tui.media.sdp.direction import Direction
from tui.media.transport.ice_servers import IceServer
from tui.platform import control as m
from tui.platform.relays import Relay
from tui.port.events import ConnectionChanged
from tui.port.machines.call_machine import CallState
from tui.port.values import Connection, ConnectionState, Leg
from tui.secrets import Secret

HOME, OFFICE = "192.0.2.10", "198.51.100.7"


@pytest.fixture
async def up() -> AsyncIterator[Sounding]:
    sounding = Sounding()
    yield sounding
    await sounding.close()


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
    await until(lambda: up.phone.offers)
    assert up.phone.offers == ["v=0 restart"]
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

    up.audio.begin(loopback=False, ice_servers=renewed)
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
    await until(lambda: up.phone.offers)
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
    await until(lambda: up.phone.offers)


async def test_without_a_line_the_leg_waits_and_moves_with_the_refresh(up: Sounding) -> None:
    up.desk.context.emit(ConnectionChanged(Connection(ConnectionState.LOST)))
    up.flow.local_address = ""
    up.addresses = {"127.0.0.1", OFFICE}
    up.network.look()
    assert up.flow.redialled == 1  # it waits to dial: the new address is worth a try at once
    up.network.look()
    assert up.media.said == []
    up.desk.context.emit(ConnectionChanged(Connection(ConnectionState.OK)))
    await up.audio.refresh()
    assert up.phone.offers == ["v=0 restart"]
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
        await until(lambda: len(up.phone.offers) == number + 1)  # noqa: B023
        up.audio.handle(sip.ReinviteRefused("1", 491))
        await until(lambda: up.entry.outcome is None)
    up.network.look()
    assert up.notices[-1] == "network.not_moved"
    assert up.media.said.count("withdraw") == TRIES
    up.network.look()
    assert len(up.phone.offers) == TRIES
    assert up.call.live


async def test_an_offer_that_cannot_be_sent_is_sent_later(up: Sounding) -> None:
    up.phone.fails = True
    up.addresses |= {OFFICE}
    up.network.look()
    await until(lambda: "withdraw" in up.media.said and up.entry.outcome is None)
    up.phone.fails = False
    up.network.look()
    await until(lambda: up.phone.offers)


async def test_a_way_out_that_is_gone_is_found_though_the_addresses_stand(up: Sounding) -> None:
    up.media.figures |= {"failures": 0, "last_packet_age": 3.0}
    up.network.look()
    up.media.figures["failures"] = 40
    up.network.look()
    assert up.notices == []  # once may be a hiccup
    up.media.figures["failures"] = 90
    up.network.look()
    await until(lambda: up.phone.offers)
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
    up.owner.lasting = True
    up.desk.calls.put(up.call, leg=Leg.LOST)
    up.network.look()
    await until(lambda: up.phone.offers)
    answers(up)
    await until(lambda: "apply" in up.media.said)
    up.network.look()
    assert up.notices == ["network.lost", "rebuild.done"]
    assert up.media.said == ["restart", "apply"]


async def test_a_platforms_leg_that_is_lost_is_offered_again_as_well(up: Sounding) -> None:
    up.desk.calls.put(up.call, leg=Leg.LOST)
    up.network.look()
    await until(lambda: up.phone.offers)
    assert up.phone.offers == ["v=0 restart"]
    assert up.phone.ended == []


async def test_a_leg_that_goes_before_the_end_of_a_call_that_is_hung_up_is_not_lost(
    up: Sounding,
) -> None:
    up.desk.calls.put(up.call, state=CallState.ENDING)
    up.desk.calls.put(up.call, leg=Leg.LOST)
    up.network.look()
    await up.desk.context.settle()
    assert (up.phone.offers, up.notices) == ([], [])


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
    up.desk.says(m.Ended(CC, 25, 20))
    up.network.look()
    assert "network" not in up.desk.context.timers
    assert (up.flow.redialled, up.notices) == (0, [])


async def test_the_agents_key_offers_the_leg_again(up: Sounding) -> None:
    asked = asyncio.create_task(up.network.rebuild(""))
    await until(lambda: up.phone.offers)
    again = await up.network.rebuild(CC)
    assert (again.ok, again.message and again.message.id) == (False, "rebuild.under_way")
    answers(up)
    assert (await asked).ok
    assert up.media.said == ["restart", "apply"]
    assert up.notices == ["rebuild.done"]
    assert not up.entry.move_wanted


@pytest.mark.parametrize("unusable", [True, False])
async def test_a_rebuild_that_does_not_work_is_said_and_the_call_stays(
    up: Sounding, unusable: bool
) -> None:
    asked = asyncio.create_task(up.network.rebuild(""))
    await until(lambda: up.phone.offers)
    if unusable:
        answers(up, b"bad")
    else:
        up.audio.handle(sip.ReinviteRefused("1", 488))
    result = await asked
    assert result.message is not None
    assert result.message.id == "rebuild.refused"
    assert "withdraw" in up.media.said
    assert up.call.live
    assert not up.entry.move_wanted


async def test_without_a_leg_the_platform_is_asked_for_one(up: Sounding) -> None:
    up.audio._legs.clear()
    assert (await up.network.rebuild("")).ok
    assert up.renewed == [up.call.key]


async def test_a_rebuild_needs_a_call_that_is_up_and_a_line(up: Sounding) -> None:
    up.desk.context.emit(ConnectionChanged(Connection(ConnectionState.LOST)))
    assert not (await up.network.rebuild("")).ok
    up.desk.says(m.Ended(CC, 25, 20))
    result = await up.network.rebuild("")
    assert result.message is not None
    assert result.message.id == "rebuild.no_call"


async def test_another_network_is_found_within_two_seconds(up: Sounding) -> None:
    """By the engine's own timer, as long as it is outside of tests."""
    up.desk.context.limits = replace(up.desk.context.limits, network=Limits().network)
    up.network.look()
    up.addresses = {"127.0.0.1", OFFICE}
    await until(lambda: up.flow.redialled, 2)


async def test_a_new_interface_moves_nothing_while_the_path_lives(up: Sounding) -> None:
    up.media.figures["path_age"] = 3.0
    up.addresses |= {OFFICE}
    up.network.look()
    up.network.look()
    assert (up.media.said, up.flow.redialled, up.notices) == ([], 0, [])


async def test_a_path_that_dies_soon_after_a_new_interface_is_moved(up: Sounding) -> None:
    up.media.figures["path_age"] = 1.0
    up.addresses |= {OFFICE}
    up.network.look()
    up.media.figures["path_age"] = LIVES + 1
    up.network.look()
    await until(lambda: up.phone.offers)
    assert up.notices == ["network.changed"]


async def test_a_new_path_is_not_said_to_work_before_something_came_over_it(up: Sounding) -> None:
    up.media.decrypted = False
    up.addresses = {"127.0.0.1", OFFICE}
    up.flow.local_address = OFFICE
    for number in range(TRIES):
        up.network.look()
        await until(lambda: len(up.phone.offers) == number + 1)  # noqa: B023
        answers(up)
        await until(lambda: up.media.said.count("apply") == number + 1)  # noqa: B023
        await until(lambda: up.entry.outcome is None)
        up.network.look()
        up.desk.now += PROOF
        up.network.look()
    assert up.notices == ["network.changed", "network.not_moved"]
    assert up.call.live
    assert up.phone.ended == []


async def test_a_new_path_of_a_silent_side_is_proven_by_its_checks(up: Sounding) -> None:
    up.media.decrypted = False
    up.media.direction = Direction.SENDONLY  # we hold: nothing is to come
    up.media.figures["path_age"] = 1.0
    up.addresses = {"127.0.0.1", OFFICE}
    up.flow.local_address = OFFICE
    up.network.look()
    await until(lambda: up.phone.offers)
    answers(up)
    await until(lambda: "apply" in up.media.said)
    up.network.look()
    assert up.notices[-1] == "network.moved"


@pytest.mark.parametrize("state", [Leg.LOST, Leg.FAILED])
async def test_a_lasting_leg_that_is_gone_is_offered_again_and_again_and_nobody_is_byed(
    up: Sounding, state: Leg
) -> None:
    up.owner.lasting = True
    up.media.figures["path_age"] = 60.0
    up.desk.calls.put(up.call, leg=state)
    for number in range(TRIES + 2):
        up.network.look()
        await until(lambda: len(up.phone.offers) == number + 1)  # noqa: B023
        answers(up)
        await until(lambda: up.media.said.count("apply") == number + 1)  # noqa: B023
        await until(lambda: up.entry.outcome is None)
        up.network.look()
        up.desk.now += PROOF
        up.network.look()
        if number >= TRIES - 1:
            up.desk.now += AGAIN
    assert up.notices == ["network.lost", "network.not_moved"]  # said once
    up.network.look()
    await until(lambda: len(up.phone.offers) == TRIES + 3)
    up.media.figures["path_age"] = 0.1
    answers(up)
    await until(lambda: up.media.said.count("apply") == TRIES + 3)
    await until(lambda: up.entry.outcome is None)
    up.network.look()
    assert up.notices[-1] == "rebuild.done"
    assert up.phone.ended == []


async def test_the_agents_key_says_when_nothing_is_heard_over_the_new_path(
    up: Sounding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network_watch, "HEARD", 0.05)
    up.media.decrypted = False
    asked = asyncio.create_task(up.network.rebuild(""))
    await until(lambda: up.phone.offers)
    answers(up)
    assert (await asked).ok
    assert up.notices == ["rebuild.unheard"]

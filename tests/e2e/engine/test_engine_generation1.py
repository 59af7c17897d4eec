"""The engine at a platform of generation 1: signed in by switch number, heard and hung up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.box import AGENT_TONE, Box, Desk
from tests.waiting import until
from tui.config.schema import Profile
from tui.platform.base import GroupPage, MemberPage
from tui.port import commands as c
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import SeatState
from tui.port.values import Phase, PhoneMode, StatusWanted
from tui.sandbox.web.generation1 import UNVERIFIED


@pytest.fixture
async def old(box: Box, tmp_path: Path) -> AsyncIterator[Desk]:
    """An engine at generation 1, not yet signed in."""
    desk = Desk(box, tmp_path, generation=1)
    yield desk
    await desk.engine.close()


async def test_a_call_out_and_the_seat_is_idle_again_without_a_word_from_the_platform(
    box: Box, old: Desk
) -> None:
    await box.hurry()
    await old.sign_in()
    assert (await old.engine.execute(c.Dial("12000000001"))).ok
    await old.state(CallState.TALKING)
    await old.audio()
    cc = old.call.ccnumber
    await box.is_heard(cc, AGENT_TONE)
    assert (await old.engine.execute(c.HangUp())).ok
    await old.state(CallState.ENDED)
    await old.seat(SeatState.IDLE)
    agent = await box.control("agents/1001")
    assert (agent["generation"], agent["status"]) == (1, 1)
    assert "check-in" not in agent["counts"]


async def test_a_customer_calls_and_is_answered(box: Box, old: Desk) -> None:
    await old.sign_in()
    cc = await box.ring("1001")
    await old.state(CallState.RINGING)
    assert (await old.engine.execute(c.Answer())).ok
    call = await old.state(CallState.TALKING)
    assert call.ccnumber == cc
    await old.audio()


async def test_the_directory_is_read(box: Box, old: Desk) -> None:
    await old.sign_in()
    groups = (await old.engine.execute(c.GetGroups())).value
    assert isinstance(groups, GroupPage)
    assert groups.last_page == 1
    members = (await old.engine.execute(c.GetGroupMembers("1000000001"))).value
    assert isinstance(members, MemberPage)
    own = next(seat for seat in members.seats if seat.number == "1001")
    assert own.state_message == "service.1"


async def test_mobile_mode_lets_calls_pass_by_and_fixed_mode_takes_them_again(
    box: Box, old: Desk
) -> None:
    await old.sign_in()
    assert (await old.engine.execute(c.SetPhoneMode(PhoneMode.MOBILE, "12000000002"))).ok
    agent = await box.control("agents/1001")
    assert (agent["line"], agent["fixed"]) == (4, False)
    assert (await old.engine.execute(c.SetPhoneMode(PhoneMode.FIXED))).ok
    agent = await box.control("agents/1001")
    assert (agent["line"], agent["fixed"], agent["status"]) == (2, True, 1)
    await box.ring("1001")
    await old.state(CallState.RINGING)


async def test_a_call_that_is_up_when_the_calls_go_elsewhere_ends_when_it_does(
    box: Box, old: Desk
) -> None:
    await old.sign_in()
    cc = await box.ring("1001")
    await old.state(CallState.RINGING)
    assert (await old.engine.execute(c.Answer())).ok
    await old.state(CallState.TALKING)
    await old.audio()
    assert (await old.engine.execute(c.SetPhoneMode(PhoneMode.MOBILE, "12000000002"))).ok
    assert (await old.engine.execute(c.Hold())).ok
    await box.post(f"calls/{cc}/hangup")
    call = await old.state(CallState.ENDED)
    assert call.outcome is not None
    assert call.outcome.id == "ended.25"


async def test_a_call_that_rings_when_the_calls_go_elsewhere_stops_when_the_caller_gives_up(
    box: Box, old: Desk
) -> None:
    await old.sign_in()
    cc = await box.ring("1001")
    await old.state(CallState.RINGING)
    assert (await old.engine.execute(c.SetPhoneMode(PhoneMode.MOBILE, "12000000002"))).ok
    await box.post(f"calls/{cc}/hangup")
    call = await old.state(CallState.ENDED)
    assert call.outcome is not None
    assert call.outcome.id == "cancelled.missed"


async def test_back_in_fixed_mode_both_sides_have_the_seat_idle(box: Box, old: Desk) -> None:
    await old.sign_in()
    assert (await old.engine.execute(c.SetStatus(StatusWanted.BUSY))).ok
    assert (await old.engine.execute(c.SetPhoneMode(PhoneMode.MOBILE, "12000000002"))).ok
    assert (await old.engine.execute(c.SetPhoneMode(PhoneMode.FIXED))).ok
    assert old.snapshot.seat_state is SeatState.IDLE
    assert (await box.control("agents/1001"))["status"] == 1


async def test_a_mobile_mode_that_is_not_confirmed_sends_no_call_to_the_mobile_phone(
    box: Box, old: Desk
) -> None:
    await old.sign_in()
    await box.post("faults", kind="message", un="1001")
    asked = await old.engine.execute(c.SetPhoneMode(PhoneMode.MOBILE, "12000000002"))
    assert not asked.ok
    assert old.snapshot.phone_mode is PhoneMode.FIXED
    agent = await box.control("agents/1001")
    assert (agent["line"], agent["fixed"]) == (2, True)


async def test_in_mobile_mode_nothing_is_dialled_of_which_nothing_would_be_heard(
    box: Box, old: Desk
) -> None:
    await old.sign_in()
    assert (await old.engine.execute(c.SetPhoneMode(PhoneMode.MOBILE, "12000000002"))).ok
    asked = await old.engine.execute(c.Dial("12000000001"))
    assert asked.message is not None
    assert asked.message.id == "phone_mode.dial"
    assert old.snapshot.calls == ()


async def test_a_callback_phone_that_is_not_verified_does_not_sign_in(box: Box, old: Desk) -> None:
    command = old.sign_in_command(callintype=4, number=UNVERIFIED)
    result = await old.engine.execute(command)
    assert (result.ok, result.code) == (False, 50006)
    assert old.snapshot.phase is Phase.SIGNED_OUT


async def test_without_a_gateway_in_the_config_the_sign_in_says_where_it_is_set(
    box: Box, tmp_path: Path
) -> None:
    bare = (Profile(name="one", kind="platform1"),)
    desk = Desk(box, tmp_path, generation=1, profiles=bare)
    result = await desk.engine.execute(desk.sign_in_command())
    assert not result.ok
    assert result.message is not None
    assert result.message.id == "login.no-gateway"
    await desk.engine.close()


async def test_the_only_profile_of_the_generation_serves_when_none_is_chosen(
    box: Box, old: Desk
) -> None:
    result = await old.engine.execute(old.sign_in_command(profile=""))
    assert result.ok
    await until(lambda: old.snapshot.phase is Phase.CHOOSING_GROUP)


async def test_the_directory_shows_a_colleague_who_rings_talks_and_holds(
    box: Box, old: Desk
) -> None:
    await old.sign_in()
    gid = box.agent("1001")["groups"][0]["gid"]

    async def shown() -> str:
        result = await old.engine.execute(c.GetGroupMembers(gid))
        assert isinstance(result.value, MemberPage)
        assert result.value.states_code == 0
        (seat,) = (seat for seat in result.value.seats if seat.number == "1001")
        return seat.state_message

    assert await shown() == "service.1"
    await box.ring("1001")
    await old.state(CallState.RINGING)
    assert await shown() == "service.ringing"
    await old.engine.execute(c.Answer())
    await old.state(CallState.TALKING)
    assert await shown() == "service.5"
    assert (await old.engine.execute(c.Hold())).ok
    assert await shown() == "service.holding"

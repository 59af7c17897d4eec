"""The sandbox's web API of generation 1, asked by the console's own code and by hand; and what its
switchboard does otherwise for a seat of that generation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import md5
from typing import Any

import aiohttp
import pytest

from tui.platform import messages as m
from tui.platform.base import Credentials, PlatformError, Seat
from tui.platform.gen1.platform import Platform1
from tui.platform.gen1.routes import ROUTES1
from tui.port import replace
from tui.sandbox.faults import FaultKind
from tui.sandbox.fixtures import LOGIN_FAULTS
from tui.sandbox.server import Sandbox
from tui.sandbox.web.generation1 import UNVERIFIED
from tui.secrets import Secret
from tui.sip import events as sip

Make = Callable[..., Awaitable[Any]]


@pytest.fixture
async def platform(sandbox: Sandbox) -> AsyncIterator[Platform1]:
    ready = sandbox.ready
    servers = {ready["switchnumber"]: ready["http1"]}
    made = Platform1(gateway=ready["ws1"], servers=servers, time_limit=5)
    yield made
    await made.close()


def who(sandbox: Sandbox, un: str = "1001", **changed: Any) -> Credentials:
    (agent,) = (each for each in sandbox.ready["agents"] if each["un"] == un)
    given = Credentials(un, Secret(agent["pwd"]), sandbox.ready["switchnumber"])
    return replace(given, **changed)


async def refused(awaitable: Awaitable[Any]) -> int:
    with pytest.raises(PlatformError) as caught:
        await awaitable
    return caught.value.code


# ---------------------------------------------------------------- sign-in


async def test_every_account_can_sign_in_and_gets_the_line_that_it_registers_at(
    sandbox: Sandbox, platform: Platform1
) -> None:
    for agent in sandbox.ready["agents"]:
        user = await platform.sign_in(who(sandbox, agent["un"]))
        assert (user.number, user.displayname) == (agent["un"], agent["name"])
        assert [group.gid for group in user.groups] == [group["gid"] for group in agent["groups"]]
        assert (user.extension_start, user.extension_end) == ("1000", "1999")
        account = platform.sip_account("0")
        assert (account.username, account.domain) == (agent["sip_user"], sandbox.ready["domain"])
        assert account.url == sandbox.ready["ws1"]
        assert sandbox.pbx.seats[agent["un"]].generation == 1


async def test_the_ports_of_the_generations_are_apart(sandbox: Sandbox) -> None:
    assert sandbox.ready["http1"] != sandbox.ready["http"]
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{sandbox.ready['http']}/{ROUTES1.getinfo}") as answer:
            assert answer.status == 404
        async with session.post(f"{sandbox.ready['http1']}/user/token", json={}) as answer:
            assert answer.status == 404


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"pwd": Secret("wrong")}, 50003),
        ({"un": "1111"}, 50003),
        ({"un": "1090"}, 50003),
        ({"switchnumber": "02599999999"}, 50004),
        ({"callintype": 5, "number": "0000"}, 52000),
        ({"callintype": 4, "number": UNVERIFIED}, 50006),
        *(
            ({"switchnumber": number}, code if code in (50000, 50005) else 50000)
            for number, code in sorted(LOGIN_FAULTS.items())
        ),
    ],
)
async def test_a_sign_in_that_cannot_be_has_its_code(
    sandbox: Sandbox, changed: dict[str, Any], code: int
) -> None:
    ready = sandbox.ready
    platform = Platform1(gateway=ready["ws1"], servers={"025": ready["http1"]})
    assert await refused(platform.sign_in(replace(who(sandbox), **changed))) == code
    await platform.close()


async def test_the_directory_knows_the_server_of_the_switch_number(sandbox: Sandbox) -> None:
    ready = sandbox.ready
    directory = ready["http1"] + "/directory?number={switchnumber}"
    platform = Platform1(gateway=ready["ws1"], directory=directory)
    assert (await platform.sign_in(who(sandbox))).number == "1001"
    unknown = who(sandbox, switchnumber="02599999999")
    assert await refused(platform.sign_in(unknown)) == 50002
    await platform.close()


async def test_every_request_must_prove_the_agent_and_name_the_enterprise(
    sandbox: Sandbox,
) -> None:
    proof = md5(b"demo-1001").hexdigest()
    good = {"un": "1001", "pwd": proof, "eid": sandbox.fixtures.eid}
    paths = [ROUTES1.profile, ROUTES1.member, ROUTES1.groups, ROUTES1.update, ROUTES1.members]
    async with aiohttp.ClientSession(sandbox.ready["http1"]) as session:
        for path in [*paths, ROUTES1.check_phone]:
            for wrong, status in (
                ({"pwd": "demo-1001"}, 4),
                ({"pwd": ""}, 4),
                ({"un": "1002"}, 4),
                ({"un": "1090", "pwd": md5(b"").hexdigest()}, 4),
                ({"eid": "1"}, 3),
            ):
                async with session.get("/" + path, params=good | wrong) as answer:
                    assert (await answer.json())["status"] == status, (path, wrong)


async def test_the_states_of_members_are_told_by_their_uid(sandbox: Sandbox) -> None:
    proof = md5(b"demo-1001").hexdigest()
    who = {"un": "1001", "pwd": proof, "eid": sandbox.fixtures.eid}
    sandbox.pbx.presence.registered("1001", 0.0, fresh=True)
    sandbox.pbx.seats["1001"].status = 2
    async with aiohttp.ClientSession(sandbox.ready["http1"]) as session:
        asked = {**who, "uid": "1000901001,1000901090,1000901002"}
        async with session.get("/" + ROUTES1.member_states, params=asked) as answer:
            found = await answer.json()
        assert found["status"] == 0
        assert [row["state"] for row in found["data"]] == [2, 1, 0]
        for uid in ("", "1", "1000901001,x"):
            unknown = {**who, "uid": uid}
            async with session.get("/" + ROUTES1.member_states, params=unknown) as answer:
                assert (await answer.json())["status"] == 1


@pytest.mark.parametrize("text", ["", "x", "[]", '{"data": 5}', '{"data": {"callintype": 3}}'])
async def test_a_line_that_cannot_be_read_changes_nothing(sandbox: Sandbox, text: str) -> None:
    sandbox.pbx.seats["1001"].line = 5
    proof = md5(b"demo-1001").hexdigest()
    asked = {"un": "1001", "pwd": proof, "eid": sandbox.fixtures.eid, "jsonStr": text}
    async with (
        aiohttp.ClientSession(sandbox.ready["http1"]) as session,
        session.get("/" + ROUTES1.update, params=asked) as answer,
    ):
        assert (await answer.json())["status"] == 1
    assert sandbox.pbx.seats["1001"].line == 5


async def test_a_web_that_is_out_of_order_is_50000(sandbox: Sandbox, platform: Platform1) -> None:
    sandbox.faults.set(FaultKind.WEB_ERROR, "1001", True)
    assert await refused(platform.sign_in(who(sandbox))) == 50000
    sandbox.faults.set(FaultKind.WEB_ERROR, "1001", False)
    await platform.sign_in(who(sandbox))
    sandbox.faults.set(FaultKind.WEB_ERROR, "1001", True)
    assert await refused(platform.get_groups()) == 50000


# ---------------------------------------------------------------- line and directory


async def test_the_line_follows_sign_in_mobile_and_fixed_mode(
    sandbox: Sandbox, platform: Platform1
) -> None:
    seat = sandbox.pbx.seats["1001"]
    await platform.sign_in(who(sandbox, callintype=5, number="8001"))
    assert seat.line == 5
    await platform.set_phone_mode("mobile", "12000000002")
    assert seat.line == 4
    await platform.set_phone_mode("fixed")
    assert seat.line == 5
    assert sandbox.journal.counts("1001") == {"sign-in": 1, "update-info": 3, "check-phone": 1}


async def test_groups_come_at_once_and_members_by_page(
    sandbox: Sandbox, platform: Platform1
) -> None:
    await platform.sign_in(who(sandbox))
    groups = await platform.get_groups()
    assert [group.gid for group in groups.groups] == list(sandbox.fixtures.groups)
    support = "1000000002"
    seats: list[Seat] = []
    number = 1
    while True:
        page = await platform.get_group_members(support, number)
        seats += page.seats
        if page.last_page <= page.current_page:
            break
        number += 1
    assert [seat.number for seat in seats] == [
        each.un for each in sandbox.fixtures.members(support)
    ]
    assert (page.name, page.total, number) == ("Support 售后", len(seats), 3)
    alone = await platform.get_group_members("0")
    assert [seat.number for seat in alone.seats] == ["1004"]
    assert await refused(platform.get_group_members("5")) == 50009


async def test_members_show_what_they_do(
    sandbox: Sandbox, platform: Platform1, console: Make
) -> None:
    one = await console()
    await platform.sign_in(who(sandbox))

    async def state() -> str:
        page = await platform.get_group_members("1000000001")
        return {seat.number: seat.state_message for seat in page.seats}["1001"]

    assert await state() == "service.1"
    mei = (await platform.get_group_members("1000000002")).seats
    assert {seat.number: seat.state_message for seat in mei}["1090"] == "service.1", "simulated"
    one.say(m.SetStatus(2))
    await one.until(lambda: sandbox.pbx.seats["1001"].status == 2)
    assert await state() == "service.2"
    one.say(m.DialOutside(one.fixtures.switchnumber, "1", "12000000001"))
    await one.until_told(m.Answered)
    assert await state() == "service.5"
    await one.drop()
    sandbox.pbx.seats["1001"].registered = False
    assert await state() == "service.0"


# ---------------------------------------------------------------- the switchboard


async def register(one: Any, sandbox: Sandbox, platform: Platform1) -> None:
    """Sign in as generation 1 does: web, registration, the three messages; no check-in."""
    await platform.sign_in(who(sandbox))
    await one.connect()
    await one.until(lambda: any(isinstance(each, sip.Registered) for each in one.sip))
    for message in (m.SetStatus(1), m.SetSeatMode(True), m.JoinGroup("1000000001", "61234")):
        one.say(message)
    await one.until(lambda: m.StatusChanged(1) in one.told)


async def test_no_status_is_said_after_a_call(
    sandbox: Sandbox, platform: Platform1, console: Make
) -> None:
    one = await console(sign_in=False)
    await register(one, sandbox, platform)
    assert "check-in" not in sandbox.journal.counts("1001")
    one.told.clear()
    one.say(m.DialOutside(one.fixtures.switchnumber, "1", "12000000001"))
    up = await one.until_told(m.Answered)
    one.say(m.HangUp(up.ccnumber))
    await one.until_told(m.Ended)
    # What the platform says, it says in order: a status would have come before this answer.
    one.say(m.QueryCall())
    await one.until_told(m.NoCall)
    assert not [each for each in one.told if isinstance(each, m.StatusChanged)]
    assert sandbox.pbx.seats["1001"].status == 1


async def test_busy_that_was_set_ahead_is_said_after_the_call(
    sandbox: Sandbox, platform: Platform1, console: Make
) -> None:
    one = await console(sign_in=False)
    await register(one, sandbox, platform)
    one.say(m.DialOutside(one.fixtures.switchnumber, "1", "12000000001"))
    up = await one.until_told(m.Answered)
    one.say(m.StatusAfterCall(up.ccnumber))
    await one.until_told(m.StatusAfterCallResponse)
    one.say(m.HangUp(up.ccnumber))
    await one.until(lambda: m.StatusChanged(2) in one.told)


async def test_a_three_way_request_is_not_understood(
    sandbox: Sandbox, platform: Platform1, console: Make
) -> None:
    one = await console(sign_in=False)
    await register(one, sandbox, platform)
    one.say(m.DialOutside(one.fixtures.switchnumber, "1", "12000000001"))
    up = await one.until_told(m.Answered)
    one.say(m.Threeway(up.ccnumber, 1, "1090"))
    one.say(m.StatusAfterCall(up.ccnumber, busy=False))
    await one.until_told(m.StatusAfterCallResponse)
    assert not [each for each in one.told if isinstance(each, m.ThreewayResponse)]


async def test_a_sign_in_at_generation_2_makes_the_seat_one_of_it_again(
    sandbox: Sandbox, platform: Platform1, console: Make
) -> None:
    await platform.sign_in(who(sandbox))
    one = await console()
    one.say(m.DialOutside(one.fixtures.switchnumber, "1", "12000000001"))
    up = await one.until_told(m.Answered)
    one.told.clear()
    one.say(m.HangUp(up.ccnumber))
    await one.until(lambda: m.StatusChanged(1) in one.told)


async def test_a_callback_phone_of_the_agent_rings_and_no_leg_comes(
    sandbox: Sandbox, platform: Platform1, console: Make
) -> None:
    one = await console(sign_in=False)
    await register(one, sandbox, platform)
    await platform.set_phone_mode("mobile", "12000000002")
    one.say(m.DialOutside(one.fixtures.switchnumber, "1", "12000000001", "990101"))
    await one.until_told(m.Answered)
    assert not [each for each in one.sip if isinstance(each, sip.InviteReceived)]

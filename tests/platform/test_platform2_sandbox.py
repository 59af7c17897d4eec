"""Generation 2's client against the sandbox's web API: two programs that share one table."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tui.platform.base import Credentials, Group, PlatformError
from tui.platform.gen2.platform import Platform2
from tui.sandbox.fixtures import LOGIN_FAULTS
from tui.sandbox.options import SandboxOptions
from tui.sandbox.server import Sandbox
from tui.secrets import Secret


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    made = Sandbox(SandboxOptions(auto_call=None))
    await made.start()
    yield made
    await made.close()


@pytest.fixture
async def platform() -> AsyncIterator[Platform2]:
    made = Platform2(time_limit=5)
    yield made
    await made.close()


def _credentials(sandbox: Sandbox, un: str = "1001", switchnumber: str = "") -> Credentials:
    ready = sandbox.ready
    (agent,) = (each for each in ready["agents"] if each["un"] == un)
    return Credentials(
        un, Secret(agent["pwd"]), switchnumber or ready["switchnumber"], backend=ready["http"]
    )


async def test_every_account_of_the_sandbox_can_sign_in(sandbox: Sandbox) -> None:
    for agent in sandbox.ready["agents"]:
        platform = Platform2()
        user = await platform.sign_in(_credentials(sandbox, agent["un"]))
        assert user.number == agent["un"]
        assert [group.gid for group in user.groups] == [group["gid"] for group in agent["groups"]]
        account = platform.sip_account("0")
        assert (account.username, account.url) == (agent["sip_user"], sandbox.ready["ws"])
        assert account.domain == sandbox.ready["domain"]
        await platform.close()


@pytest.mark.parametrize("switchnumber", sorted(LOGIN_FAULTS))
async def test_every_code_of_a_sign_in_comes_through(
    sandbox: Sandbox, platform: Platform2, switchnumber: str
) -> None:
    with pytest.raises(PlatformError) as caught:
        await platform.sign_in(_credentials(sandbox, switchnumber=switchnumber))
    assert caught.value.code == LOGIN_FAULTS[switchnumber]


async def test_all_pages_of_the_directory_make_the_whole(
    sandbox: Sandbox, platform: Platform2
) -> None:
    await platform.sign_in(_credentials(sandbox))
    groups: list[Group] = []
    number = 1
    while True:
        page = await platform.get_groups(number)
        groups += page.groups
        if page.last_page <= page.current_page:
            break
        number += 1
    assert len({group.gid for group in groups}) == page.total == len(groups)
    assert any(group.state_id is None for group in groups)
    members = await platform.get_group_members(groups[0].gid)
    assert "1001" in [seat.number for seat in members.seats]


async def test_a_token_that_the_platform_ended_is_no_trouble(
    sandbox: Sandbox, platform: Platform2
) -> None:
    await platform.sign_in(_credentials(sandbox))
    async with aiohttp.ClientSession(sandbox.ready["http"]) as trainer:
        async with trainer.post("/control/agents/1001/end-token") as done:
            assert done.status < 300
        found = await asyncio.gather(*(platform.get_groups() for _ in range(3)))
    assert all(page.total == found[0].total for page in found)
    await platform.check_in("1000000001")
    assert sandbox.tokens.checked_in("1001")
    await platform.check_out()
    assert not sandbox.tokens.checked_in("1001")


async def test_a_seat_whose_phone_does_not_exist_is_not_checked_in(
    sandbox: Sandbox, platform: Platform2
) -> None:
    await platform.sign_in(_credentials(sandbox, "1008"))
    with pytest.raises(PlatformError) as caught:
        await platform.check_in("0")
    assert (caught.value.code, caught.value.message_id) == (52000, "login.check-in")

"""A browser's SIP client as the agent's phone at our sandbox: what speaks SIP there is not ours."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.interop.box import Box
from tests.interop.browser_phone import BrowserPhone
from tests.interop.programs import started

CONTROL = "application/pidf+xml"
CUSTOMER = "12000000007"
CUSTOMER_SAYS = 700
AGENT_SAYS = 1200


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    """A running sandbox whose customers call only when told to."""
    async with started(Box(tmp_path)) as sandbox:
        yield sandbox


async def _sign_in(box: Box, jssip: BrowserPhone) -> str:
    """Register, set status, seat mode and group, and wait for the platform's own "online".

    Returns the agent's extension.
    """
    agent = box.ready["agents"][0]
    domain = box.ready["domain"]
    await jssip.register(
        box.ready["ws"],
        f"sip:{agent['sip_user']}@{domain}",
        agent["sip_user"],
        agent["pwd"],
        hz=AGENT_SAYS,
    )
    await jssip.until("registered")
    eid = str(int(agent["sip_user"].partition("_")[2], 16))
    group = f"{agent['groups'][0]['gid']}_{eid}"
    for body in ('<cc a="1"/>', '<cc a="52"/>', f'<cc a="53" g="{group}"/>'):
        assert await _say(box, jssip, body) == 200
    await jssip.until_message('a="1"')
    return str(agent["un"])


async def _say(box: Box, jssip: BrowserPhone, body: str) -> int | str:
    return await jssip.send(f"sip:PBX@{box.ready['domain']}", body, CONTROL)


async def _take_a_call(box: Box, jssip: BrowserPhone) -> str:
    """Ring the agent, answer by control message, wait for leg and "answered": the ccNumber."""
    un = await _sign_in(box, jssip)
    tone = f"tone:{CUSTOMER_SAYS}"
    cc = str((await box.post("/control/ring", un=un, number=CUSTOMER, voice=tone))["cc"])
    offer = ElementTree.fromstring(await jssip.until_message('a="100"'))
    assert (offer.get("c"), offer.get("n")) == (cc, CUSTOMER)
    assert await _say(box, jssip, f'<cc a="102" c="{cc}"/>') == 200
    await jssip.until("offered")
    await jssip.until("confirmed")
    tie = ElementTree.fromstring(await jssip.until_message("<i "))
    assert tie.get("n") == cc
    up = ElementTree.fromstring(await jssip.until_message('a="104"'))
    assert up.get("c") == cc
    return cc


async def test_a_browser_registers_at_the_sandbox_takes_a_call_and_both_hear_each_other(
    box: Box, jssip: BrowserPhone
) -> None:
    cc = await _take_a_call(box, jssip)
    await jssip.hears(CUSTOMER_SAYS)
    await box.customer_hears(cc, AGENT_SAYS)
    assert await _say(box, jssip, f'<cc a="106" c="{cc}"/>') == 200
    over = ElementTree.fromstring(await jssip.until_message('a="105"'))
    assert (over.get("c"), over.get("r")) == (cc, "26")
    assert (await jssip.until("ended"))["by"] == "remote"


async def test_a_customer_who_hangs_up_ends_the_browsers_leg(box: Box, jssip: BrowserPhone) -> None:
    cc = await _take_a_call(box, jssip)
    await jssip.hears(CUSTOMER_SAYS)
    await box.post(f"/control/calls/{cc}/hangup")
    over = ElementTree.fromstring(await jssip.until_message('a="105"'))
    assert (over.get("c"), over.get("r")) == (cc, "25")
    assert (await jssip.until("ended"))["by"] == "remote"


async def test_a_browser_with_a_wrong_password_is_refused(box: Box, jssip: BrowserPhone) -> None:
    user = box.ready["agents"][0]["sip_user"]
    await jssip.register(
        box.ready["ws"], f"sip:{user}@{box.ready['domain']}", user, "wrong-words", hz=AGENT_SAYS
    )
    failure = await jssip.until("registration failed")
    assert failure["status"] in (401, 403)

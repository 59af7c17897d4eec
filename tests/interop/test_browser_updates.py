"""A browser's phone (JsSIP) that changes a call by UPDATE (RFC 3311), at Kamailio."""

from __future__ import annotations

from tests.interop.browser_phone import BrowserPhone
from tests.interop.kamailio import Kamailio
from tests.interop.our_desk import AGENT, CUSTOMER, OurDesk
from tui.port.commands import Dial, HangUp
from tui.port.machines.call_machine import CallState


async def test_a_browser_that_holds_by_update_holds_and_returns(
    kamailio: Kamailio, agent: OurDesk, jssip: BrowserPhone
) -> None:
    await jssip.register_at(kamailio, "1002", CUSTOMER)
    await agent.do(Dial("1002"))
    await agent.state(CallState.TALKING)
    await agent.hears(CUSTOMER)
    await jssip.hold(True)
    await agent.until(lambda: agent.call.peer_holds)
    await jssip.hold(False)
    await agent.until(lambda: not agent.call.peer_holds)
    await agent.hears(CUSTOMER)
    await jssip.hears(AGENT)
    wire = agent.wire()
    assert "UPDATE sip:" in wire
    await agent.do(HangUp())
    await jssip.until("ended")

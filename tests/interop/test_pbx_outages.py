"""The console's engine when the way to Kamailio breaks in a call, or Kamailio is restarted."""

from __future__ import annotations

from pathlib import Path

from tests.interop.baresip import Baresip
from tests.interop.kamailio import Kamailio
from tests.interop.our_desk import OurDesk
from tests.interop.wire import Wire
from tui.port.commands import Answer, Dial, HangUp
from tui.port.machines.call_machine import CallState
from tui.port.values import ConnectionState

CUSTOMER, OTHER, AGENT = 700, 900, 1200
"""What they say, in hertz."""


async def test_a_websocket_that_is_cut_in_a_call_costs_no_sound_and_the_call_is_ours_again(
    kamailio: Kamailio, tmp_path: Path
) -> None:
    wire = Wire(kamailio.ws_port)
    await wire.start()
    customer = Baresip(tmp_path, "customer", CUSTOMER, kamailio)
    desk = OurDesk(f"ws://127.0.0.1:{wire.port}", kamailio.realm, "1001", tmp_path, AGENT)
    try:
        await customer.start()
        assert (await desk.sign_in(kamailio.password)).ok
        await desk.do(Dial("customer"))
        await desk.state(CallState.TALKING)
        await desk.hears(CUSTOMER)
        wire.cut()
        await desk.until(lambda: desk.snapshot.connection.state is not ConnectionState.OK)
        await desk.hears(CUSTOMER)
        wire.mend()
        await desk.until(lambda: desk.snapshot.connection.state is ConnectionState.OK)
        # The re-INVITE has told the phone our new address: its BYE finds us.
        await customer.until("CALL_ESTABLISHED")
        await customer.until_it_says("got re-INVITE")
        await desk.hears(CUSTOMER)
        assert desk.call.state is CallState.TALKING
        await customer.say("hangup")
        ended = await desk.state(CallState.ENDED)
        assert ended.end.reason == 25
    finally:
        await desk.end()
        await customer.end()
        await wire.end()


async def test_a_restarted_kamailio_has_us_again_with_our_call_and_takes_the_next(
    kamailio: Kamailio, tmp_path: Path
) -> None:
    customer = Baresip(tmp_path, "customer", CUSTOMER, kamailio)
    other = Baresip(tmp_path, "other", OTHER, kamailio)
    desk = OurDesk(kamailio.ws, kamailio.realm, "1001", tmp_path, AGENT)
    try:
        await customer.start()
        assert (await desk.sign_in(kamailio.password)).ok
        await desk.do(Dial("customer"))
        await desk.state(CallState.TALKING)
        await desk.hears(CUSTOMER)
        await kamailio.end_proxy()
        await desk.until(lambda: desk.snapshot.connection.state is not ConnectionState.OK)
        await kamailio.start_proxy()
        await desk.until(lambda: desk.snapshot.connection.state is ConnectionState.OK)
        await desk.hears(CUSTOMER)
        await desk.do(HangUp())
        await customer.until("CALL_CLOSED")
        await desk.state(CallState.ENDED)
        # It kept nothing of the old registrations: who registers anew finds us there again.
        await other.start()
        await other.say("dial", f"sip:1001@{kamailio.realm}")
        await desk.state(CallState.RINGING)
        await desk.do(Answer())
        await desk.state(CallState.TALKING)
        await desk.hears(OTHER)
    finally:
        await desk.end()
        await customer.end()
        await other.end()

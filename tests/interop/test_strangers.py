"""The strangers among themselves: when this fails, the fault is not ours."""

from __future__ import annotations

from tests.interop.baresip import Baresip
from tests.interop.browser_phone import BrowserPhone
from tests.interop.kamailio import Kamailio


async def test_a_browser_at_kamailio_hears_a_plain_phone_and_is_heard(
    kamailio: Kamailio, baresip: Baresip, jssip: BrowserPhone
) -> None:
    await jssip.register(
        kamailio.ws, f"sip:1001@{kamailio.realm}", "1001", kamailio.password, hz=1200
    )
    await jssip.until("registered")
    await baresip.say("dial", f"sip:1001@127.0.0.1:{kamailio.sip_port}")
    await baresip.until("CALL_ESTABLISHED")
    await jssip.hears(700)
    await baresip.until_it_heard(2)
    await baresip.say("hangup")
    await jssip.until("ended")
    assert await baresip.heard(1200) > 0.8

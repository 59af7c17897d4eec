"""Calls through the sandbox's real sockets: HTTP, SIP over WebSocket, DTLS-SRTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tui.platform import messages as m

Make = Callable[..., Awaitable[Any]]


async def ring(one: Any, **how: Any) -> str:
    given = {"un": one.un, "number": "12000000001"} | how
    return (await one.control("POST", "/ring", json=given))["cc"]


async def test_a_customer_calls_is_answered_heard_both_ways_and_hung_up_on(
    console: Make,
) -> None:
    one = await console(hz=880)
    cc = await ring(one, voice="tone:440")
    await one.until(lambda: one.told.count(m.NewCall(cc, "12000000001")) == 2)
    one.say(m.Answer(cc))
    await one.until(lambda: m.Answered(cc, "12000000001") in one.told)
    await one.until(lambda: cc in one.calls.values())
    (leg,) = one.legs.values()
    await one.until(lambda: leg.share(440) > 0.8)
    await one.until_customer_hears(880)
    one.say(m.HangUp(cc))
    ended = await one.until_told(m.Ended)
    assert (ended.ccnumber, ended.r) == (cc, 26)
    await one.until(lambda: one.told[-1] == m.StatusChanged(1))

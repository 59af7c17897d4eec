"""Calls through the sandbox's real sockets: HTTP, SIP over WebSocket, DTLS-SRTP."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.waiting import until
from tui.platform import messages as m
from tui.sandbox.signalling import registrar
from tui.sip import events as sip

Make = Callable[..., Awaitable[Any]]


async def ring(one: Any, **how: Any) -> str:
    given = {"un": one.un, "number": "12000000001"} | how
    return str((await one.control("POST", "/ring", json=given))["cc"])


async def hears_prompt(one: Any) -> None:
    """Until the customer hears both notes of the prompt, and nothing of the agent's 880 Hz."""

    async def so() -> bool:
        tones = (await one.heard(200, 523, 659, 880))["tones"]
        return bool(tones["523"] > 0.4 and tones["659"] > 0.4 and tones["880"] < 0.01)

    await until(so)


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


async def test_on_hold_the_customer_hears_the_prompt_and_not_the_agent(console: Make) -> None:
    one = await console(hz=880)
    cc = await ring(one, voice="tone:440")
    await one.until_told(m.NewCall)
    one.say(m.Answer(cc))
    await one.until_customer_hears(880)
    own = f"1001_{one.fixtures.eid16}"
    one.say(m.Hold(cc, own))
    await hears_prompt(one)
    (leg,) = one.legs.values()
    await one.until(lambda: leg.share(440) < 0.1)
    one.say(m.Resume(cc, own))
    await one.until_customer_hears(880)
    await one.until(lambda: leg.share(440) > 0.8)

    async def whole() -> bool:
        return bool((await one.heard(200, 523))["longest_missing"] == 0)

    await one.until(whole)
    assert not (await one.heard(200, 523))["on_hold"]


async def test_the_customer_hangs_up_by_itself(console: Make) -> None:
    one = await console()
    cc = await ring(one, hang_up_after=0.5)
    await one.until_told(m.NewCall)
    one.say(m.Answer(cc))
    ended = await one.until_told(m.Ended)
    assert (ended.ccnumber, ended.r) == (cc, 25)
    await one.until(lambda: any(isinstance(each, sip.CallEnded) for each in one.sip))


async def test_an_echo_gives_the_agents_tone_back(console: Make) -> None:
    one = await console(hz=1000)
    cc = await ring(one, voice="echo")
    await one.until_told(m.NewCall)
    one.say(m.Answer(cc))
    await one.until(lambda: one.legs and next(iter(one.legs.values())).share(1000) > 0.8)


async def test_dialling_out_rings_in_the_leg_before_the_answer(console: Make) -> None:
    one = await console()
    one.say(m.DialOutside(one.fixtures.switchnumber, "1", "12020000700"))
    reply = await one.until_told(m.CalloutResponse)
    assert (reply.r, reply.number) == (200, "12020000700")
    await one.until(lambda: one.legs and next(iter(one.legs.values())).share(450) > 0.8)
    assert not any(isinstance(each, m.Answered) for each in one.told)
    await one.until_told(m.Answered)
    (leg,) = one.legs.values()
    await one.until(lambda: leg.share(700) > 0.8)


async def test_two_agents_hear_each_other(console: Make) -> None:
    one, two = await console("1001", hz=500), await console("1002", hz=900)
    one.say(m.DialExtension(one.fixtures.switchnumber, "1", "1002", one.fixtures.eid))
    offer = await two.until_told(m.NewCall)
    assert (offer.number, offer.eid) == ("1001", one.fixtures.eid)
    two.say(m.Answer(offer.ccnumber))
    await two.until_told(m.Answered)
    await one.until_told(m.Answered)
    first, second = next(iter(one.legs.values())), next(iter(two.legs.values()))
    await one.until(lambda: first.share(900) > 0.8)
    await two.until(lambda: second.share(500) > 0.8)
    one.say(m.Hold(offer.ccnumber, f"1001_{one.fixtures.eid16}"))
    await two.until(lambda: second.share(523) > 0.3)
    await one.until(lambda: first.share(900) < 0.1)
    one.say(m.Resume(offer.ccnumber, f"1001_{one.fixtures.eid16}"))
    await two.until(lambda: second.share(500) > 0.8)
    two.say(m.HangUp(offer.ccnumber))
    assert (await two.until_told(m.Ended)).r == 26
    assert (await one.until_told(m.Ended)).r == 25


async def test_a_leg_that_the_console_refuses_ends_the_call(console: Make) -> None:
    one = await console()
    one.answer_legs = False
    cc = await ring(one)
    await one.until_told(m.NewCall)
    one.say(m.Answer(cc))
    assert (await one.until_told(m.Ended)).r == 20


async def test_a_bye_from_the_agent_is_a_hang_up(console: Make) -> None:
    one = await console()
    cc = await ring(one)
    await one.until_told(m.NewCall)
    one.say(m.Answer(cc))
    await one.until_told(m.Answered)
    one.ua.bye(next(iter(one.legs)), time.monotonic())
    one.flush()
    assert (await one.until_told(m.Ended)).r == 26


async def test_a_lost_leg_is_built_anew_when_the_console_asks(console: Make) -> None:
    one = await console(hz=880)
    cc = await ring(one, voice="tone:440")
    await one.until_told(m.NewCall)
    one.say(m.Answer(cc))
    await one.until_customer_hears(880)
    for leg in one.legs.values():
        await leg.close()
    first = len(one.legs)
    one.told.clear()
    one.say(m.QueryCall())
    await one.until(lambda: m.Answered(cc, "12000000001") in one.told)
    await one.until(lambda: len(one.legs) > first)
    await one.until_customer_hears(880)
    await one.until(lambda: list(one.calls.values()).count(cc) == 2)


async def test_the_same_console_over_a_new_socket_keeps_its_call(console: Make) -> None:
    one = await console(hz=880)
    cc = await ring(one)
    await one.until_told(m.NewCall)
    one.say(m.Answer(cc))
    await one.until_customer_hears(880)
    await one.drop()
    one.sip.clear()
    one.told.clear()
    await one.connect()
    await one.until(lambda: any(isinstance(each, sip.Registered) for each in one.sip))
    call, leg = next(iter(one.legs.items()))
    one.ua.reinvite(call, leg.pc.localDescription.sdp.encode(), time.monotonic())
    one.flush()
    await one.until(lambda: any(isinstance(each, sip.ReinviteAccepted) for each in one.sip))
    assert not any(isinstance(each, m.Kicked | m.Ended) for each in one.told)
    await one.until_customer_hears(880)
    call_now = await one.control("GET", "/calls/last")
    assert call_now["longest_missing"] < 500


async def test_a_second_sign_in_kicks_the_first(console: Make) -> None:
    one = await console()
    two = await console(instance="urn:uuid:00000000-0000-4000-8000-00000000ffff")
    kicked = await one.until_told(m.Kicked)
    assert (kicked.number, kicked.r) == ("1001", 895)
    assert not any(isinstance(each, m.Kicked) for each in two.told)
    assert (await two.control("GET", "/agents/1001"))["registered"]


async def test_a_console_that_died_comes_back_into_its_call(console: Make) -> None:
    one = await console(hz=880)
    cc = await ring(one)
    await one.until_told(m.NewCall)
    one.say(m.Answer(cc))
    await one.until_customer_hears(880)
    await one.close()  # its audio and its socket go, and nothing is said
    two = await console(hz=990)
    assert not any(isinstance(each, m.Kicked) for each in two.told)
    two.say(m.QueryCall())
    await two.until(lambda: m.Answered(cc, "12000000001") in two.told)
    await two.until(lambda: cc in two.calls.values())
    await two.until_customer_hears(990)
    two.say(m.HangUp(cc))
    assert (await two.until_told(m.Ended)).r == 26


async def test_a_call_nobody_told_the_console_about_is_gone_after_a_query(console: Make) -> None:
    one = await console(hz=880)
    cc = await ring(one)
    await one.until_told(m.NewCall)
    one.say(m.Answer(cc))
    await one.until_customer_hears(880)
    await one.drop()
    await one.control("POST", f"/calls/{cc}/hangup")
    one.sip.clear()
    await one.connect()
    await one.until(lambda: any(isinstance(each, sip.Registered) for each in one.sip))
    one.say(m.QueryCall())
    await one.until_told(m.NoCall)


async def test_a_leg_over_the_agents_own_telephone_needs_no_invite(console: Make) -> None:
    one = await console(sign_in=False)
    await one.web_sign_in(callintype=4, number="12000000099")
    await one.connect()
    await one.until_told(m.StatusChanged)
    cc = await ring(one)
    await one.until_told(m.NewCall)
    one.say(m.Answer(cc))
    await one.until_told(m.Answered)
    assert not any(isinstance(each, sip.InviteReceived) for each in one.sip)


async def take_call(one: Any, **how: Any) -> str:
    """Ring the agent, answer, and wait until the customer hears its 880 Hz."""
    cc = await ring(one, **how)
    await one.until_told(m.NewCall)
    one.say(m.Answer(cc))
    await one.until_customer_hears(880)
    return cc


async def test_a_re_offer_from_a_new_ice_session_is_answered_by_a_new_connection(
    console: Make,
) -> None:
    one = await console(hz=880)
    await take_call(one, voice="tone:440")
    call, old = next(iter(one.legs.items()))
    fresh = one.legs["fresh"] = one.new_leg(990)
    one.ua.reinvite(call, await fresh.offer(), time.monotonic())
    one.flush()
    await one.until(lambda: any(isinstance(each, sip.ReinviteAccepted) for each in one.sip))
    accepted = next(each for each in one.sip if isinstance(each, sip.ReinviteAccepted))
    await fresh.accept(accepted.sdp)
    await old.close()
    await one.until_customer_hears(990)
    await one.until(lambda: fresh.share(440) > 0.8)


async def test_a_re_offer_that_is_no_sdp_gets_488_and_the_call_goes_on(console: Make) -> None:
    one = await console(hz=880)
    await take_call(one)
    one.ua.reinvite(next(iter(one.legs)), b"v=0\r\nrubbish\r\n", time.monotonic())
    one.flush()
    await one.until(lambda: any(isinstance(each, sip.ReinviteRefused) for each in one.sip))
    refused = next(each for each in one.sip if isinstance(each, sip.ReinviteRefused))
    assert refused.status == 488
    await one.until_customer_hears(880)


async def test_a_registration_that_runs_out_is_897(
    console: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registrar, "MIN_EXPIRES", 1)
    one = await console(expires=2)
    one.asleep = True  # nothing is refreshed any more
    assert (await one.until_told(m.Kicked)).r == 897
    assert not (await one.control("GET", "/agents/1001"))["registered"]


async def test_an_expiry_that_is_too_short_gets_423_and_then_works(console: Make) -> None:
    one = await console(expires=5)
    registered = next(each for each in one.sip if isinstance(each, sip.Registered))
    assert registered.expires == registrar.MIN_EXPIRES


async def test_the_customers_voice_can_be_changed_in_the_call(console: Make) -> None:
    one = await console(hz=880)
    cc = await take_call(one, voice="silent")
    (leg,) = one.legs.values()
    assert leg.share(600) < 0.1
    await one.control("POST", f"/calls/{cc}/voice", json={"voice": "tone:600"})
    await one.until(lambda: leg.share(600) > 0.8)


async def test_a_leg_the_platform_forgot_comes_back_after_a_query(console: Make) -> None:
    one = await console(hz=880)
    await take_call(one)
    assert await one.control("POST", "/agents/1001/lose-leg") == {"lost": True}
    assert (await one.control("GET", "/calls/last"))["parties"]["1001"]["leg"] == "lost"
    one.say(m.QueryCall())
    await one.until(lambda: len(one.legs) == 2)
    await one.until_customer_hears(880)

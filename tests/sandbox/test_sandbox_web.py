"""The web API of generation 2, and every fault of the control API that can be asked for."""

from __future__ import annotations

import asyncio
import json
import time
import wave
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

import aiohttp
import pytest

from tests.waiting import until
from tui.platform import messages as m
from tui.sandbox.fixtures import LOGIN_FAULTS
from tui.sandbox.server import Sandbox
from tui.sip import events as sip

Make = Callable[..., Awaitable[Any]]


async def test_sign_in_gives_a_token_that_opens_the_user_data(console: Make) -> None:
    one = await console(sign_in=False)
    given = await one.web_sign_in()
    assert given["data"]["expires_in"] == 1800
    status, user = await one.web("GET", "/user/info")
    assert status == 200
    assert user["data"]["userInfo"] == {"displayname": "Li Ming", "eid": "61234", "number": "1001"}
    assert [group["gid"] for group in user["data"]["groupInfo"]] == [1000000001, 1000000002]
    assert user["data"]["sip"]["url"] == one.ready["ws"]


async def test_a_wrong_password_and_an_unknown_enterprise_have_their_codes(console: Make) -> None:
    one = await console(sign_in=False)
    assert (await one.web_sign_in(pwd="wrong"))["status"] == 50003
    assert (await one.web_sign_in(switchnumber="02599999999"))["status"] == 50004
    assert (await one.web_sign_in(callintype=3))["status"] == 50001


@pytest.mark.parametrize("number", sorted(LOGIN_FAULTS))
async def test_each_sign_in_fault_has_a_switch_number(console: Make, number: str) -> None:
    one = await console(sign_in=False)
    given = await one.web_sign_in(switchnumber=number)
    if LOGIN_FAULTS[number] == 50005:
        assert "token" not in given["data"]
    else:
        assert given["status"] == LOGIN_FAULTS[number]


async def test_a_nonce_serves_once(console: Make) -> None:
    one = await console(sign_in=False)
    assert (await one.web_sign_in(nonce="ab" * 16))["status"] == 200
    assert (await one.web_sign_in(nonce="ab" * 16))["status"] == 50003


async def test_an_ended_token_is_refused_and_cannot_be_renewed(console: Make) -> None:
    one = await console(sign_in=False)
    await one.web_sign_in()
    old = one.token
    status, given = await one.web("POST", "/user/token/renew", json={})
    assert status == 200
    assert given["data"]["token"] != old
    assert (await one.web("GET", "/user/info"))[0] == 200
    await one.control("POST", "/agents/1001/end-token")
    assert (await one.web("GET", "/user/info"))[0] == 401
    assert (await one.web("POST", "/user/token/renew", json={}))[0] == 401


async def test_groups_and_members_come_by_page_with_live_states(console: Make) -> None:
    one = await console()
    first = (await one.web("GET", "/groups?page=1"))[1]
    assert (first["current_page"], first["last_page"], first["total"]) == (1, 3, 25)
    assert first["data"][0]["group_real_time_state"] == {"state_id": 1, "state_name": "有空闲"}
    assert "group_real_time_state" not in first["data"][2]
    assert len((await one.web("GET", "/groups?page=3"))[1]["data"]) == 5
    (sales,) = (await one.web("GET", "/groups/members?gid=1000000001"))[1]["data"]
    states = {seat["number"]: seat["seat_real_time_state"]["state_name"] for seat in sales["seats"]}
    assert (states["1001"], states["1002"]) == ("空闲", "离线")
    (support,) = (await one.web("GET", "/groups/members?gid=1000000002&seat_page=3"))[1]["data"]
    assert (support["current_page"], support["last_page"], support["total"]) == (3, 3, 26)
    assert len(support["seats"]) == 6


async def test_the_odd_accounts_fail_where_they_should(console: Make) -> None:
    eight = await console("1008", sign_in=False)
    await eight.web_sign_in()
    assert (await eight.web("POST", "/seat/check-in", json={}))[1]["status"] == 52000
    nine = await console("1009", sign_in=False)
    await nine.connect()
    await nine.until(lambda: any(isinstance(each, sip.RegistrationFailed) for each in nine.sip))
    failed = next(each for each in nine.sip if isinstance(each, sip.RegistrationFailed))
    assert (failed.status, failed.final) == (403, True)


async def test_a_wrong_sip_password_is_refused(console: Make, sandbox: Sandbox) -> None:
    one = await console(sign_in=False)
    sandbox.fixtures.agents["1001"].pwd = "changed meanwhile"
    await one.connect()
    await one.until(lambda: any(isinstance(each, sip.RegistrationFailed) for each in one.sip))
    assert not (await one.control("GET", "/agents/1001"))["registered"]


async def test_silence_of_the_web_is_one_request(console: Make) -> None:
    one = await console(sign_in=False)
    await one.control("POST", "/faults", json={"kind": "web"})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(one.web_sign_in(), 0.5)
    await one.control("POST", "/faults", json={"kind": "web-error"})
    await one.control("POST", "/faults", json={"kind": "web", "on": False})
    assert (await one.web("GET", "/user/info"))[0] == 500
    await one.control("DELETE", "/faults")
    assert (await one.web_sign_in())["status"] == 200


async def test_an_unanswered_message_changes_nothing(console: Make) -> None:
    one = await console()
    await one.control("POST", "/faults", json={"kind": "message", "un": "1001"})
    id = one.say(m.SetStatus(2))
    await one.control("POST", "/agents/1001/status", json={"status": 1})  # the flow still works
    await one.until(lambda: one.told.count(m.StatusChanged(1)) == 2)
    assert (await one.control("GET", "/agents/1001"))["status"] == 1
    assert not any(isinstance(each, sip.RequestOutcome) and each.id == id for each in one.sip)


async def test_a_dial_without_a_reply_gets_its_200_and_nothing_else(console: Make) -> None:
    one = await console()
    await one.control("POST", "/faults", json={"kind": "call", "un": "1001"})
    id = one.say(m.DialOutside(one.fixtures.switchnumber, "1", "12000000001"))
    await one.until(lambda: any(isinstance(e, sip.RequestOutcome) and e.id == id for e in one.sip))
    assert await one.control("GET", "/calls") == []
    await one.control("DELETE", "/faults")
    one.say(m.DialOutside(one.fixtures.switchnumber, "2", "12999990503"))
    assert (await one.until_told(m.CalloutResponse)).r == 503


async def test_a_200_can_be_lost_while_the_message_is_carried_out(
    sandbox: Sandbox, console: Make
) -> None:
    one = await console()
    await one.control("POST", "/faults", json={"kind": "message-reply", "un": "1001"})
    id = one.say(m.SetStatus(2))
    await one.until(lambda: sandbox.pbx.seats["1001"].status == 2)
    assert not any(isinstance(each, sip.RequestOutcome) and each.id == id for each in one.sip)


async def test_a_dial_can_be_carried_out_late(console: Make) -> None:
    one = await console()
    await one.control("POST", "/times", json={"dial": 0.3})
    one.say(m.DialOutside(one.fixtures.switchnumber, "1", "12999990503"))
    assert await one.control("GET", "/calls") == []
    assert (await one.until_told(m.CalloutResponse)).r == 503


async def test_a_kick_can_name_another_enterprise_and_the_agent_stays(console: Make) -> None:
    one = await console()
    await one.control("POST", "/agents/1001/kick", json={"r": "895", "eid": "70000"})
    assert (await one.until_told(m.Kicked)).eid == "70000"
    assert (await one.control("GET", "/agents/1001"))["registered"]


@pytest.mark.parametrize("r", ["895", "897", "898", "899"])
async def test_a_kick_says_why(console: Make, r: str) -> None:
    one = await console()
    await one.control("POST", "/agents/1001/kick", json={"r": r})
    assert (await one.until_told(m.Kicked)).r == int(r)
    assert not (await one.control("GET", "/agents/1001"))["registered"]


async def test_a_dropped_websocket_is_gone_and_the_registration_stands(console: Make) -> None:
    one = await console()
    assert await one.control("POST", "/agents/1001/drop") == {"dropped": True}
    await one.until(lambda: one._ws.closed)
    agent = await one.control("GET", "/agents/1001")
    assert agent["registered"]
    assert not agent["reachable"]


async def test_a_frozen_platform_does_not_even_answer_a_ping(console: Make) -> None:
    one = await console()
    await one.control("POST", "/faults", json={"kind": "freeze", "un": "1001"})
    before = len(one.sip)
    one.ua.options(one.fixtures.pbx, time.monotonic())
    one.flush()
    await one._ws.ping()
    await asyncio.sleep(0.3)
    assert len(one.sip) == before


async def test_a_hostile_caller_and_a_raw_body_arrive_as_they_are(console: Make) -> None:
    one = await console()
    name = "Bob [/] x [@click=app.quit]"
    await one.control("POST", "/ring", json={"un": "1001", "number": name})
    assert (await one.until_told(m.NewCall)).number == name
    await one.control("POST", "/agents/1001/say", data=b'<cc a="777" c="x"/>')
    assert (await one.until_told(m.Unknown)).a == "777"


async def test_lost_packets_are_missed_by_the_customer(console: Make) -> None:
    one = await console(hz=880)
    await one.control("POST", "/ring", json={"un": "1001", "voice": "silent"})
    one.say(m.Answer((await one.until_told(m.NewCall)).ccnumber))
    await one.until_customer_hears(880)
    assert (await one.control("GET", "/calls/last"))["longest_missing"] < 200
    await one.control("POST", "/agents/1001/loss", json={"percent": 100})

    async def missed() -> bool:
        return bool((await one.heard(400, 880))["longest_missing"] >= 300)

    await until(missed)
    await one.control("POST", "/agents/1001/loss", json={"percent": 0})
    await one.until_customer_hears(880)
    async with one.http.get("/control/calls/last/heard.wav?ms=500") as answer:
        recorded = BytesIO(await answer.read())
    with wave.open(recorded) as sound:
        assert (sound.getframerate(), sound.getnframes()) == (16_000, 8_000)


async def test_what_an_agent_did_is_counted_with_its_times(console: Make) -> None:
    one = await console()
    one.ua.unregister(time.monotonic())
    one.flush()
    await one.until(lambda: any(isinstance(each, sip.Unregistered) for each in one.sip))
    await one.web("POST", "/seat/check-out", json={})
    agent = await one.control("GET", "/agents/1001")
    assert (agent["counts"]["un-REGISTER"], agent["counts"]["check-out"]) == (1, 1)
    assert agent["counts"]["REGISTER"] == 1
    assert not agent["registered"]
    assert not agent["checked_in"]
    assert [each["at"] for each in agent["log"]] == sorted(each["at"] for each in agent["log"])


async def test_control_is_for_this_machine_and_its_own_pages_only(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession(sandbox.ready["http"]) as http:
        for headers in ({"Origin": "https://elsewhere.example"}, {"Host": "elsewhere.example"}):
            async with http.get("/control/state", headers=headers) as answer:
                assert answer.status == 403


async def test_a_bad_request_to_control_says_what_is_wrong(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession(sandbox.ready["http"]) as http:
        for path, body in (
            ("ring", {"un": "1001", "voice": "loud"}),
            ("ring", {"un": "9"}),
            ("ring", {"un": "1001", "number": "\x1b]52;c;eA==\x07"}),
            ("faults", {"kind": "gremlin"}),
            ("times", {"ring": -1}),
            ("agents/1001/status", {"status": 7}),
        ):
            async with http.post(f"/control/{path}", json=body) as answer:
                assert answer.status == 400
                assert json.loads(await answer.text())["error"]
        async with http.post("/control/agents/7777/kick") as answer:
            assert answer.status == 404


async def test_the_websocket_wants_its_subprotocol(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession(sandbox.ready["http"]) as http, http.ws_connect("/sip") as ws:
        assert (await ws.receive()).type is aiohttp.WSMsgType.CLOSE
        assert ws.close_code == 1002

"""A platform of generation 1 that names everything otherwise is met by the config alone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import fields
from hashlib import md5
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tui.config.reader import parse
from tui.engine.session.platform_factory import make_platform
from tui.platform.base import (
    Credentials,
    Group,
    LineType,
    Platform,
    PlatformError,
    Seat,
    SessionKind,
)
from tui.platform.gen1.fields import Fields1
from tui.platform.gen1.routes import Routes1
from tui.port.commands import SignIn
from tui.secrets import Secret

OTHERWISE = """
[profiles.one]
kind = "platform1"
gateway = "ws://127.0.0.1:9/line"
directory = "http://127.0.0.1:PORT/where?main={switchnumber}"

[routes1]
server = "http://{server}:PORT"
web = "{scheme}://{real_domain}:{http_port}/s{http_ports}"
getinfo = "who"
profile = "company"
member = "me"
update = "me/line"
check_phone = "phones/known"
groups = "teams"
members = "people"
member_states = "people/now"
sip_username = "agent-{un}-{eid}"
user_agent = "desk"

[fields1]
status = "outcome.code"
success = "100 ok"
info = "outcome.why"
server = "found.host"
domain = "line.realm"
real_domain = "web.host"
http_port = "web.plain"
http_ports = "web.secure"
eid = "company.no"
enterprise_name = "company.title"
extension_start = "company.from"
extension_end = "company.to"
auto_answer = "company.answers"
auto_answer_seconds = "company.after"
verify_phone = "company.checks"
user_number = "me.ext"
user_name = "me.names.0"
user_groups = "me.teams"
user_duty = "me.rank"
supervisor_duty = "lead chief"
monitor = "company.listens"
groups = "teams.rows"
group_gid = "team"
group_name = "title"
members = "people.rows"
members_total = "people.all"
seat_number = "ext"
seat_name = "title"
seat_id = "row"
seat_work_number = "badge"
seat_state = "live"
states = "now.rows"
state_uid = "row"
state_call = "does"
"""
YES = {"outcome": {"code": "ok"}}
PROOF = md5(b"hush").hexdigest()
WHO = Credentials("1001", Secret("hush"), "02500001234", LineType.CALLBACK, "12000000002")
CONFIG = parse(OTHERWISE.replace("PORT", "1"))


def answer(request: web.Request, port: int) -> dict[str, Any]:
    """What the platform says. Nothing in it has a name that the vendor's clients know."""
    query = dict(request.query)
    if request.path == "/where" and query == {"main": "02500001234"}:
        return YES | {"found": {"host": "127.0.0.1"}}
    if request.path == "/who":
        if query.get("pwd") != PROOF:
            return {"outcome": {"code": 4, "why": "no such person"}}
        place = {"host": "127.0.0.1", "plain": str(port), "secure": 443}
        company = {"no": 70000, "title": "Acme"}
        return YES | {"line": {"realm": "cc.invalid"}, "web": place, "company": company}
    if (query.pop("un", ""), query.pop("pwd", ""), query.pop("eid", "")) != (
        *("1001", PROOF, "70000"),
    ):
        return {"outcome": {"code": 7, "why": "who are you"}}
    match request.path:
        case "/s443/company":
            company = {"from": 1000, "to": "1999", "answers": 1, "after": 5, "checks": 1}
            company["listens"] = 1
            return {"outcome": {"code": 100}, "company": company}
        case "/s443/me":
            me = {"ext": "1001", "names": ["Li Ming"], "teams": [{"team": 5, "title": "Sales"}]}
            return YES | {"me": me | {"rank": "chief"}}
        case "/s443/phones/known" if query == {"mobile": "12000000002"}:
            return YES
        case "/s443/me/line":
            data = json.loads(query["jsonStr"])["data"]
            return YES if data == {"callintype": 4, "telephone": "12000000002"} else {}
        case "/s443/teams":
            return YES | {"teams": {"rows": [{"team": 5, "title": "Sales"}]}}
        case "/s443/people" if query == {"start": "10", "length": "10", "searchGid": "5"}:
            person = {"ext": "0102", "title": "Wang Fang", "row": 8, "badge": "w7", "live": 5}
            return YES | {"people": {"rows": [person], "all": 11}}
        case "/s443/people/now" if query == {"uid": "8"}:
            return YES | {"now": {"rows": [{"row": 8, "does": 3}]}}
    return {"outcome": {"code": 1, "why": "no such thing"}}


class Otherwise:
    """The platform at work, and what signs in to it by a config."""

    def __init__(self) -> None:
        self.port = 0

    def signs_in_by(self, text: str = OTHERWISE) -> Platform:
        config = parse(text.replace("PORT", str(self.port)))
        return make_platform(
            config, SignIn(WHO.un, WHO.pwd, WHO.switchnumber, kind=SessionKind.PLATFORM1)
        )


@pytest.fixture
async def otherwise() -> AsyncIterator[Otherwise]:
    made = Otherwise()

    async def handle(request: web.Request) -> web.Response:
        return web.json_response(answer(request, made.port))

    app = web.Application()
    app.router.add_route("GET", "/{path:.*}", handle)
    async with TestServer(app, host="127.0.0.1") as server:
        assert server.port is not None
        made.port = server.port
        yield made


def test_every_name_is_otherwise() -> None:
    for said, usual in ((CONFIG.fields1, Fields1()), (CONFIG.routes1, Routes1())):
        assert set(said) == {each.name for each in fields(usual)}
        assert [name for name, value in said.items() if value == getattr(usual, name)] == []


async def test_signing_in_the_line_and_the_directory(otherwise: Otherwise) -> None:
    made = otherwise.signs_in_by()
    user = await made.sign_in(WHO)
    assert (user.number, user.displayname, user.eid, user.epname) == (
        *("1001", "Li Ming", "70000", "Acme"),
    )
    assert (user.extension_start, user.extension_end, user.auto_answer) == ("1000", "1999", 5)
    assert user.groups == (Group("5", "Sales", "5"),)
    assert user.supervisor
    assert made.supervises
    account = made.sip_account("5")
    assert (account.aor, account.user_agent) == ("sip:agent-1001-70000@cc.invalid", "desk")
    assert account.url == "ws://127.0.0.1:9/line"
    assert (await made.get_groups()).groups == (Group("5", "Sales", "5"),)
    page = await made.get_group_members("5", 2)
    assert (page.name, page.current_page, page.last_page, page.total) == ("Sales", 2, 2, 11)
    shown = Seat("0102", "Wang Fang", "8", "w7", 2, state_message="service.ringing")
    assert (page.seats, page.states_code) == ((shown,), 0)
    await made.close()


async def test_a_refusal_keeps_the_platforms_own_code_and_words(otherwise: Otherwise) -> None:
    made = otherwise.signs_in_by()
    with pytest.raises(PlatformError) as caught:
        await made.sign_in(Credentials("1001", Secret("wrong"), WHO.switchnumber))
    assert (caught.value.code, caught.value.info) == (50003, "4 no such person")
    await made.close()


@pytest.mark.parametrize(
    ("place", "name"),
    [
        *(("found.host", "server"), ("line.realm", "domain"), ("web.host", "real_domain")),
        *(("company.no", "eid"), ("me.ext", "user_number"), ("me.teams", "user_groups")),
    ],
)
async def test_what_is_missing_at_the_sign_in_is_named_with_its_setting(
    otherwise: Otherwise, place: str, name: str
) -> None:
    away = place.rpartition(".")[0] + ".away"
    if name == "user_groups":  # nobody need be in a group: only one that is no list is missed
        away = "me.ext"
    made = otherwise.signs_in_by(OTHERWISE.replace(f'{name} = "{place}"', f'{name} = "{away}"'))
    with pytest.raises(PlatformError) as caught:
        await made.sign_in(WHO)
    assert caught.value.info == f"{away} ([fields1] {name})"
    await made.close()

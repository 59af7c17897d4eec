"""A platform that names everything otherwise is met by the config alone."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import fields
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tui.config.reader import parse
from tui.engine.session.platform_factory import make_platform
from tui.platform import control
from tui.platform.base import Credentials, Group, Platform, PlatformError, Seat
from tui.platform.gen2.fields import Fields
from tui.platform.messages import (
    Answered,
    CalloutResponse,
    DialOutside,
    Ended,
    Hold,
    JoinGroup,
    Kicked,
    NewCall,
    SetStatus,
    Threeway,
)
from tui.platform.not_understood import NotUnderstoodList, SkippedKind
from tui.platform.vocabulary import Assumed
from tui.port.commands import SignIn
from tui.secrets import Secret

OTHERWISE = """
[routes]
sign_in = "PUT session"
renew = "PUT session/again"
user = "GET me"
check_in = "POST desk/open"
check_out = "POST desk/close"
groups = "GET teams"
members = "GET teams/people"
proof = "sha256"
body = "form"
token = "X-Session: k={token}"
sip_username = "agent-{un}"
user_agent = "desk (team {gid})"

[fields]
status = "outcome.ok"
success = "true"
info = "outcome.why"
token = "session.key"
token_life = "session.seconds"
user_number = "me.ext"
user_name = "me.names.0"
user_eid = "me.company.no"
user_groups = "me.teams"
enterprise_name = "me.company.title"
extension_start = "me.company.from"
extension_end = "me.company.to"
auto_answer = "me.company.answers"
auto_answer_seconds = "me.company.after"
line_url = "phone.ws"
line_domain = "phone.realm"
line_pbx = "phone.peer"
groups = "teams.rows"
page = "paging.now"
last_page = "paging.last"
total = "paging.all"
group_gid = "team"
group_name = "title"
group_id = "row"
group_state = "live.0"
group_state_name = "live.1"
members = "team"
members_seats = "people"
seat_number = "ext"
seat_name = "title"
seat_id = "row"
seat_work_number = "badge"
seat_state = "live.0"
seat_state_name = "live.1"
ask_un = "ext"
ask_pwd = "proof"
ask_switchnumber = "main"
ask_callintype = "via"
ask_number = "phone"
ask_gid = "team"
ask_page = "p"
ask_members_page = "pp"

[platform]
pbx = ["sip:PBX@cc.example.invalid:5060", "sip:core@10.0.0.1"]
callers = ["*"]
content_types = ["text/xml", "application/pidf+xml"]

[messages]
root = "msg cc"
hold_root = "keep"
kick = "out/who"
ignored = "news"
code = "k"
ccnumber = "call"
party = "from"
reason = "why"
gid = "team"
attempt = "try"
switchnumber = "main"
callee = "to"
status = "st"
threeway_type = "kind"
supervise_how = "act"
end_time = "till"
call_time = "sec"
info = "text"
area = "zone"
break_reason = "pause"
hold_number = "me"
hold_ccnumber = "call"
kick_party = "ext"
kick_name = "title"
kick_reason = "why"
more_attributes = "stamp"
query = "Q"
offline = "OFF"
threeway = "3"
threeway_response = "3R"
threeway_result = "3E"
group_call = "G"
supervise = "5"
supervise_response = "5R"
idle = "FREE"
busy = "BUSY"
after_call_work = "WORK"
transfer = "MOVE"
transfer_done = "MOVED"
transfer_failed = "UNMOVED"
mobile = "MOB"
fixed = "FIX"
group = "TEAM"
status_after_call = "NEXT"
offer = "RING RING2"
cancel = "STOP"
answer = "TAKE"
answered = "UP"
end = "DOWN"
hang_up = "DROP"
dial_outside = "OUT"
outside_response = "OUTR"
dial_extension = "IN"
extension_response = "INR"
no_answer = "NONE"
not_for_us = "ADS"
hold = "KEEP"
resume = "BACK"
"""
YES = {"outcome": {"ok": True}}
CONFIG = parse(OTHERWISE)


def answer(request: web.Request, given: dict[str, str]) -> dict[str, Any]:
    """What the platform says. Nothing in it has a name that the specification knows."""
    if request.path == "/session":
        proof = hashlib.sha256(b"hush").hexdigest()
        asked = {"ext": "1001", "proof": proof, "main": "02500001234", "via": "2", "phone": ""}
        if request.method == "PUT" and given == asked:
            return YES | {"session": {"key": "T-1", "seconds": "600"}}
        return {"outcome": {"ok": False, "why": "no such person"}}
    if request.headers.get("X-Session") != "k=T-1":
        return {"outcome": {"ok": False, "why": "who are you"}}
    match request.path:
        case "/me":
            company = {"no": 70000, "title": "Acme", "from": 1000, "to": "1999"}
            company |= {"answers": 1, "after": 5}
            teams = [{"team": 5, "title": "Sales"}]
            me = {"ext": "1001", "names": ["Li Ming"], "company": company, "teams": teams}
            phone = {"ws": "ws://127.0.0.1:9/", "realm": "cc.invalid"}
            return YES | {"me": me, "phone": phone | {"peer": "sip:core@cc.invalid"}}
        case "/desk/open" if given == {"team": "5", "via": "2", "phone": ""}:
            return YES
        case "/desk/close":
            return YES
        case "/teams" if request.query == {"p": "1"}:
            team = {"team": 5, "title": "Sales", "row": 1, "live": [2, "busy"]}
            return YES | {"teams": {"rows": [team]}, "paging": {"now": 1, "last": 3, "all": 21}}
        case "/teams/people" if request.query == {"team": "5", "pp": "2"}:
            person = {"ext": "0102", "title": "Wang Fang", "row": 8, "badge": "w7"}
            team = {"team": 5, "title": "Sales", "people": [person | {"live": [1, "off"]}]}
            return YES | {"team": team | {"paging": {"now": 2, "last": 2, "all": 11}}}
    return {"outcome": {"ok": False, "why": "no such thing"}}


@pytest.fixture
async def platform() -> AsyncIterator[tuple[Platform, Credentials]]:
    async def handle(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        return web.json_response(answer(request, form))

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    async with TestServer(app) as server:
        backend = str(server.make_url("/"))
        command = SignIn("1001", Secret("hush"), "02500001234", backend=backend)
        made = make_platform(CONFIG, command)
        yield made, Credentials("1001", Secret("hush"), "02500001234", backend=backend)
        await made.close()


def test_every_name_is_otherwise() -> None:
    for said, usual in ((CONFIG.fields, Fields()), (CONFIG.messages, Assumed())):
        assert set(said) == {each.name for each in fields(usual)}
        assert [name for name, value in said.items() if value == getattr(usual, name)] == []


async def test_signing_in_and_the_directory(platform: tuple[Platform, Credentials]) -> None:
    made, who = platform
    user = await made.sign_in(who)
    assert (user.number, user.displayname, user.eid, user.epname) == (
        *("1001", "Li Ming", "70000", "Acme"),
    )
    assert (user.extension_start, user.extension_end, user.auto_answer) == ("1000", "1999", 5)
    assert user.groups == (Group("5", "Sales"),)
    await made.check_in("5")
    page = await made.get_groups(1)
    assert page.groups == (Group("5", "Sales", "1", 2, "busy"),)
    assert (page.current_page, page.last_page, page.total) == (1, 3, 21)
    members = await made.get_group_members("5", 2)
    assert members.seats == (Seat("0102", "Wang Fang", "8", "w7", 1, "off"),)
    assert (members.name, members.last_page, members.total) == ("Sales", 2, 11)
    await made.check_out()


async def test_the_line(platform: tuple[Platform, Credentials]) -> None:
    made, who = platform
    await made.sign_in(who)
    account = made.sip_account("5")
    assert account.aor == "sip:agent-1001@cc.invalid"
    assert account.user_agent == "desk (team 5)"
    assert account.trusted == (
        *("sip:core@cc.invalid", "sip:PBX@cc.example.invalid:5060", "sip:core@10.0.0.1"),
    )
    assert account.identities.callers == ("*",)
    assert account.identities.content_types == ("text/xml", "application/pidf+xml")


async def test_a_refusal_keeps_the_platforms_own_words(
    platform: tuple[Platform, Credentials],
) -> None:
    made, who = platform
    with pytest.raises(PlatformError) as caught:
        await made.sign_in(Credentials("1002", who.pwd, who.switchnumber, backend=who.backend))
    assert caught.value.info == "no such person"


async def test_what_is_missing_is_named_with_its_setting(
    platform: tuple[Platform, Credentials],
) -> None:
    who = platform[1]
    text = OTHERWISE.replace("session.key", "session.token")
    other = make_platform(parse(text), SignIn(who.un, who.pwd, who.switchnumber))
    with pytest.raises(PlatformError) as caught:
        await other.sign_in(who)
    await other.close()
    assert caught.value.info == "session.token ([fields] token)"


WRITTEN = [
    (SetStatus(1), '<msg k="FREE"/>'),
    (SetStatus(2, "L1"), '<msg k="BUSY" pause="L1"/>'),
    (JoinGroup("5", "70000"), '<msg k="TEAM" team="5_70000"/>'),
    (
        DialOutside("025", "7", "12", "990101"),
        '<msg k="OUT" main="025" try="7" to="912" zone="990101"/>',
    ),
    (Hold("C", "1001"), '<keep k="KEEP" me="1001" call="C"/>'),
    (Threeway("C", 2, "5"), '<msg k="3" call="C" kind="2" to="5"/>'),
]
READ = [
    ('<msg k="RING" call="C" from="12" stamp="9"/>', NewCall("C", "12")),
    ('<cc k="RING2" call="C"/>', NewCall("C")),
    ('<msg k="OUTR" why="503" text="later"/>', CalloutResponse(503, info="later")),
    ('<msg k="UP" call="C" from="1002_00011170"/>', Answered("C", "1002", "70000")),
    ('<msg k="DOWN" call="C" why="25" sec="7"/>', Ended("C", 25, 7)),
    ('<out><who ext="1001" title="Li" why="895"/></out>', Kicked("1001", "Li", 895)),
]


@pytest.mark.parametrize(("message", "body"), WRITTEN)
def test_what_is_said_has_the_platforms_names(message: control.AgentMessage, body: str) -> None:
    assumed = control.ASSUMED.overridden(CONFIG.messages)
    written = control.encode(message, assumed)
    assert written.decode().partition("?>")[2] == body
    assert control.decode_agent(written, assumed) == message


@pytest.mark.parametrize(("body", "message"), READ)
def test_what_it_says_is_understood(body: str, message: control.PlatformMessage) -> None:
    kept = NotUnderstoodList()
    assumed = control.ASSUMED.overridden(CONFIG.messages)
    assert control.decode(body.encode(), assumed, kept) == message
    assert len(kept) == 0
    assert control.decode(control.encode(message, assumed), assumed) == message


def test_without_the_settings_each_is_kept_with_the_setting_that_would_let_it_in() -> None:
    kept = NotUnderstoodList()
    for body, _ in READ:
        control.decode(body.encode(), kept=kept)
    assert kept.counts()[SkippedKind.ROOT] == len(READ) - 1
    assert kept.counts()[SkippedKind.CODE] == 1
    assert all(item.setting.startswith("[messages]") for item in kept.items())

"""Generation 1 against a real web server on loopback, which answers as it is told."""

from __future__ import annotations

import json
import logging
import socket
import traceback
from collections.abc import AsyncIterator
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tui import log
from tui.plain_value import replace
from tui.platform import codes
from tui.platform.base import Credentials, Group, Platform, PlatformError, Seat
from tui.platform.gen1.platform import Platform1
from tui.platform.gen1.routes import ROUTES1
from tui.platform.json_values import MAX_ENTRIES
from tui.secrets import Secret

SWITCH = "02500001234"
PROOF = md5(b"hush").hexdigest()
GATEWAY = "ws://127.0.0.1:1/sip"
SEED = "00112233445566778899aabbccddeeff"


class Server:
    """Knows 1001 with "hush". `answers` has JSON, a (status, JSON) pair or a response, by path;
    `seen` every request as (path, query)."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.server: TestServer | None = None
        self.answers: dict[str, Any] = {
            ROUTES1.profile: yes({"epProfile": profile()}),
            ROUTES1.member: yes(member()),
            ROUTES1.update: yes(),
            ROUTES1.check_phone: yes(),
        }

    @property
    def host(self) -> str:
        assert self.server is not None
        return f"127.0.0.1:{self.server.port}"

    def start(self) -> None:
        self.answers[ROUTES1.getinfo] = yes(info(self.host))

    def asked(self, path: str) -> list[dict[str, str]]:
        return [query for each, query in self.seen if each == path]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/")
        self.seen.append((path, dict(request.query)))
        answer = self.answers.get(path, {"status": 5})
        if isinstance(answer, web.StreamResponse):
            return answer
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        return web.json_response(body, status=status)


def yes(data: Any = None) -> dict[str, Any]:
    return {"status": 0, "info": "", "data": data}


def info(host: str) -> dict[str, Any]:
    return {
        "domain": "pbx.invalid",
        "port": 9060,
        "real_domain": host,
        "http_port": "80",
        "http_ports": "443",
        "epName": "Trading",
        "eid": 70000,
    }


def profile(**changed: Any) -> dict[str, Any]:
    usual = {"extension_start": "1000", "extension_end": 1999, "terminal_need_reg": "1"}
    return {**usual, "allow_auto_answer": "1", "auto_answer_duration": "5", **changed}


def member(duty: Any = 0) -> dict[str, Any]:
    group = {"id": 1000000001, "eid": "70000", "name": "Sales"}
    return {"number": "1001", "displayname": "Li Ming", "uid": 1, "duty": duty, "inGroups": [group]}


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    app = web.Application()
    app.router.add_route("GET", "/{path:.*}", made.handle)
    made.server = TestServer(app, host="127.0.0.1")
    await made.server.start_server()
    made.start()
    yield made
    await made.server.close()


@pytest.fixture
async def platform(server: Server) -> AsyncIterator[Platform1]:
    servers = {"025": f"http://{server.host}"}
    made = Platform1(gateway=GATEWAY, servers=servers, seed=Secret(SEED), time_limit=5)
    yield made
    await made.close()


def who(**changed: Any) -> Credentials:
    return replace(Credentials("1001", Secret("hush"), SWITCH), **changed)


async def refused(awaitable: Any) -> tuple[int, str]:
    with pytest.raises(PlatformError) as caught:
        await awaitable
    error = caught.value
    told = "".join(traceback.format_exception(error)) + repr(error.args) + error.info
    assert "hush" not in told
    assert PROOF not in told
    return error.code, error.message_id


# ---------------------------------------------------------------- sign-in


async def test_signing_in_by_switch_number_brings_the_user_data(
    server: Server, platform: Platform1
) -> None:
    user = await platform.sign_in(who())
    assert (user.number, user.displayname, user.eid) == ("1001", "Li Ming", "70000")
    assert user.groups == (Group("1000000001", "Sales", id="1000000001"),)
    assert (user.extension_start, user.extension_end) == ("1000", "1999")
    assert (user.epname, user.auto_answer) == ("Trading", 5)
    a_platform: Platform = platform
    assert a_platform.generation == 1
    (first,) = server.asked(ROUTES1.getinfo)
    assert first == {"un": "1001", "pwd": PROOF, "switchNumber": SWITCH, "cFlag": "1"}
    for path, query in server.seen[1:]:
        assert {"un": "1001", "pwd": PROOF, "eid": "70000"}.items() <= query.items(), path
    assert [path for path, _ in server.seen[1:]] == [
        ROUTES1.profile,
        ROUTES1.member,
        ROUTES1.update,
    ]


@pytest.mark.parametrize(
    ("said", "is_ours"), [(12, True), ("12", True), ("0012", True), (13, False)]
)
async def test_the_leading_zeros_of_an_extension_are_those_that_were_typed(
    server: Server, platform: Platform1, said: Any, is_ours: bool
) -> None:
    server.answers[ROUTES1.member] = yes({**member(), "number": said})
    user = await platform.sign_in(who(un="0012"))
    assert (user.number == "0012") is is_ours
    assert platform.sip_account("0").username.startswith("0012_") is is_ours


@pytest.mark.parametrize(
    ("duty", "monitor", "supervises"),
    [
        (1, 1, True),
        ("1", None, True),
        ("1", 0, False),
        (0, 1, False),
        (True, 1, False),
        ({}, 1, False),
    ],
)
async def test_a_supervisor_is_who_has_the_duty_where_the_enterprise_allows_it(
    server: Server, platform: Platform1, duty: Any, monitor: int | None, supervises: bool
) -> None:
    changed = {} if monitor is None else {"allow_monitor": monitor}
    server.answers[ROUTES1.profile] = yes({"epProfile": profile(**changed)})
    server.answers[ROUTES1.member] = yes(member(duty))
    assert not platform.supervises
    assert (await platform.sign_in(who())).supervisor is supervises
    assert platform.supervises is supervises


async def test_the_password_itself_never_leaves_and_its_md5_is_never_logged(
    server: Server, platform: Platform1, tmp_path: Path
) -> None:
    root = logging.getLogger()
    level = root.level
    handler = log.setup(tmp_path / "log", logging.DEBUG)
    root.setLevel(logging.DEBUG)
    try:
        await platform.sign_in(who())
        logging.getLogger("tui.engine").info("asked %s with pwd=%s", ROUTES1.getinfo, PROOF)
        logging.getLogger("tui.engine").info("asked with %s", PROOF)
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()
    written = (tmp_path / "log").read_text()
    assert ROUTES1.getinfo in written
    assert PROOF not in written
    assert "hush" not in repr(server.seen) + repr(vars(platform)) + written
    assert PROOF not in repr(vars(platform))
    assert SEED not in repr(vars(platform))


async def test_the_account_is_extension_and_enterprise_at_the_configured_gateway(
    platform: Platform1,
) -> None:
    await platform.sign_in(who())
    account = platform.sip_account("1000000001")
    assert account.aor == "sip:1001_00011170@pbx.invalid"
    assert account.username == "1001_00011170"
    assert account.password == Secret("hush")
    assert (account.url, account.pbx) == (GATEWAY, "sip:PBX@pbx.invalid")
    assert account.user_agent == "callcenter_webrtc"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((4, 50003), (7, 50003), (8, 50003), (3, 50004), (6, 50004)),
        *((1, 50000), (2, 50000), (5, 50000), (9, 50000), (200, 50000), ("4", 50003)),
        *((None, 50000), (True, 50000), ("x", 50000)),
    ],
)
async def test_every_status_of_getinfo_has_its_code(
    server: Server, platform: Platform1, status: Any, code: int
) -> None:
    server.answers[ROUTES1.getinfo] = yes(info(server.host)) | {"status": status}
    assert await refused(platform.sign_in(who())) == (code, "")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        *(({"un": ""}, 50001), ({"un": "10a"}, 50001), ({"pwd": Secret()}, 50001)),
        *(({"switchnumber": " "}, 50001), ({"callintype": 3}, 50001), ({"callintype": 5}, 50001)),
        *(({"callintype": 4, "number": " "}, 50001), ({"backend": "http://pbx.invalid"}, 50001)),
        *(({"backend": "https://me:x@pbx.invalid"}, 50001), ({"backend": "no such:80"}, 50001)),
    ],
)
async def test_arguments_that_cannot_be_are_50001(
    server: Server, platform: Platform1, changed: dict[str, Any], code: int
) -> None:
    assert (await refused(platform.sign_in(who(**changed))))[0] == code
    assert server.seen == []


@pytest.mark.parametrize(
    ("settings", "code", "message_id"),
    [
        ({"gateway": " "}, 50001, codes.NO_GATEWAY),
        ({"gateway": "https://pbx.invalid"}, 50001, ""),
        ({"gateway": "ws://pbx.invalid"}, 50001, codes.INSECURE_LINE),
        ({"seed": Secret("0011")}, 50001, ""),
        ({"routes": {"grups": "x"}}, 50001, ""),
        ({"servers": {"010": "cc.example"}}, 50002, codes.NO_SERVER_KNOWN),
        ({"servers": {"025": "http://cc.example"}}, 50001, codes.INSECURE_BACKEND),
        ({"servers": {"025": "cc.invalid"}}, 50002, ""),
        ({"servers": {"025": "cc.invalid:1048"}}, 50002, ""),
        ({"directory": "http://cc.example/{switchnumber}"}, 50001, codes.INSECURE_BACKEND),
    ],
)
async def test_a_config_that_leads_nowhere_says_so(
    settings: dict[str, Any], code: int, message_id: str
) -> None:
    platform = Platform1(**{"gateway": GATEWAY, "time_limit": 5, **settings})
    assert await refused(platform.sign_in(who())) == (code, message_id)
    await platform.close()


async def test_a_server_given_at_sign_in_comes_before_the_table(server: Server) -> None:
    platform = Platform1(gateway=GATEWAY, servers={"025": "cc.invalid"})
    await platform.sign_in(who(backend=f"http://{server.host}/"))
    await platform.close()


@pytest.mark.parametrize("query", ["find?n={switchnumber}&v=1", "of/{switchnumber}", "x/"])
async def test_a_directory_names_the_server_that_no_table_has(server: Server, query: str) -> None:
    answer = yes({"server": f"http://{server.host}"})
    path = query.partition("?")[0].replace("{switchnumber}", SWITCH).rstrip("/")
    server.answers[path] = answer
    platform = Platform1(gateway=GATEWAY, directory=f"http://{server.host}/{query}")
    await platform.sign_in(who())
    asked_path, asked = server.seen[0]
    assert asked_path == path
    assert asked == ({"n": SWITCH, "v": "1"} if "?" in query else {})
    await platform.close()


@pytest.mark.parametrize(
    "answer",
    [
        *({"status": 3}, yes(), yes({}), yes({"server": " "}), yes({"server": 5}), yes([])),
        *(yes({"server": "http://cc.example"}), yes({"server": "a b"})),
    ],
)
async def test_a_directory_that_knows_no_server_is_50002(server: Server, answer: Any) -> None:
    server.answers["find"] = answer
    platform = Platform1(gateway=GATEWAY, directory=f"http://{server.host}/find")
    assert (await refused(platform.sign_in(who())))[0] == 50002
    await platform.close()


@pytest.mark.parametrize(
    ("path", "answer", "code"),
    [
        (ROUTES1.getinfo, (500, yes({})), 50000),
        (ROUTES1.getinfo, (404, {"status": 4}), 50000),
        (ROUTES1.getinfo, [], 50000),
        (ROUTES1.getinfo, yes(), 50005),
        (ROUTES1.getinfo, yes({"domain": "pbx.invalid"}), 50005),
        (ROUTES1.getinfo, yes(info("127.0.0.1") | {"domain": "a b"}), 50005),
        (ROUTES1.getinfo, yes(info("127.0.0.1") | {"eid": "x"}), 50005),
        (ROUTES1.getinfo, yes(info("127.0.0.1/x")), 50005),
        (ROUTES1.getinfo, yes(info("me@127.0.0.1")), 50005),
        (ROUTES1.getinfo, yes(info("pbx.invalid")), 50005),
        (ROUTES1.profile, {"status": 1, "info": "x"}, 50005),
        (ROUTES1.profile, (503, {"status": 0}), 50000),
        (ROUTES1.profile, yes({}), 50005),
        (ROUTES1.profile, yes([]), 50005),
        (ROUTES1.member, {"status": 1}, 50005),
        (ROUTES1.member, yes([]), 50005),
        (ROUTES1.member, yes({"number": "x"}), 50005),
        (ROUTES1.member, yes(member() | {"inGroups": 5}), 50005),
        (ROUTES1.member, yes(member() | {"inGroups": [{"name": "x"}]}), 50005),
        (ROUTES1.update, {"status": 1, "info": "x"}, 52000),
        (ROUTES1.update, {"state": 0}, 50000),
    ],
)
async def test_an_answer_out_of_order_has_its_code(
    server: Server, platform: Platform1, path: str, answer: Any, code: int
) -> None:
    server.answers[path] = answer
    assert (await refused(platform.sign_in(who())))[0] == code


async def test_a_server_that_is_down_is_50000_in_its_own_words() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        servers = {SWITCH: f"http://127.0.0.1:{free.getsockname()[1]}"}
        platform = Platform1(gateway=GATEWAY, servers=servers)
        assert await refused(platform.sign_in(who())) == (50000, "login.server-down")
        await platform.close()


async def test_the_web_server_must_be_asked_by_https_as_getinfo_was(server: Server) -> None:
    server.answers[ROUTES1.getinfo] = yes(info(server.host))
    routes = {"web": "https://{real_domain}"}
    servers = {SWITCH: f"http://{server.host}"}
    platform = Platform1(gateway=GATEWAY, servers=servers, routes=routes)
    assert (await refused(platform.sign_in(who())))[0] == 50000  # it speaks no TLS
    assert len(server.seen) == 1
    await platform.close()


@pytest.mark.parametrize(
    ("changed", "seconds"),
    [
        *(({"auto_answer_duration": 3}, 3), ({"auto_answer_duration": "8"}, 8)),
        *(({"allow_auto_answer": 0}, 0), ({"allow_auto_answer": "0"}, 0)),
        *(({"auto_answer_duration": None}, 0), ({"auto_answer_duration": -5}, 0)),
    ],
)
async def test_the_enterprise_may_want_calls_answered_by_themselves(
    server: Server, platform: Platform1, changed: dict[str, Any], seconds: int
) -> None:
    server.answers[ROUTES1.profile] = yes({"epProfile": profile(**changed)})
    assert (await platform.sign_in(who())).auto_answer == seconds


@pytest.mark.parametrize("no", [0, "0", False, "false", "No", "off", 0.0])
async def test_a_no_of_the_enterprise_is_one_however_it_is_written(
    server: Server, platform: Platform1, no: Any
) -> None:
    said = profile(allow_monitor=no, allow_auto_answer=no, terminal_need_reg=no)
    server.answers[ROUTES1.profile] = yes({"epProfile": said | {"auto_answer_duration": 5}})
    server.answers[ROUTES1.member] = yes(member(1))
    user = await platform.sign_in(who(callintype=4, number="12000000002"))
    assert (user.supervisor, user.auto_answer) == (False, 0)
    assert server.asked(ROUTES1.check_phone) == []


async def test_a_range_of_extensions_that_cannot_be_read_is_told_with_its_setting(
    server: Server,
) -> None:
    server.answers[ROUTES1.profile] = yes({"epProfile": profile(extension_end="1000-1999")})
    skipped: list[str] = []
    made = Platform1(
        gateway=GATEWAY,
        servers={"025": f"http://{server.host}"},
        skipped=lambda error: skipped.append(error.info),
    )
    await made.sign_in(who())
    await made.close()
    assert skipped == ["data.epProfile.extension_end ([fields1] extension_end)"]


async def test_a_profile_that_is_empty_may_be_written_as_an_empty_list(
    server: Server, platform: Platform1
) -> None:
    server.answers[ROUTES1.profile] = yes({"epProfile": []})
    assert (await platform.sign_in(who())).extension_start == ""


async def test_an_answer_without_a_status_is_no_yes_and_its_words_are_told(
    server: Server, platform: Platform1
) -> None:
    for answer, words in (
        ({"code": 7, "msg": "wrong password"}, "wrong password"),
        ({"data": {}}, "status ([fields1] status)"),
    ):
        server.answers[ROUTES1.getinfo] = answer
        with pytest.raises(PlatformError) as error:
            await platform.sign_in(who())
        assert (error.value.code, error.value.info) == (50000, words)


# ---------------------------------------------------------------- the line


@pytest.mark.parametrize(
    ("callintype", "number", "data"),
    [
        (2, "", {"callintype": 2}),
        (4, "12000000002", {"callintype": 4, "telephone": "12000000002"}),
        (5, "8001", {"callintype": 5, "sip_telephone": "8001"}),
    ],
)
async def test_the_line_type_is_told_at_sign_in(
    server: Server, platform: Platform1, callintype: int, number: str, data: dict[str, Any]
) -> None:
    await platform.sign_in(who(callintype=callintype, number=number))
    (asked,) = server.asked(ROUTES1.update)
    assert json.loads(asked["jsonStr"]) == {"data": data}
    checked = [query["mobile"] for query in server.asked(ROUTES1.check_phone)]
    assert checked == ([number] if callintype == 4 else [])


async def test_a_line_that_the_platform_does_not_take_ends_the_sign_in(
    server: Server, platform: Platform1
) -> None:
    server.answers[ROUTES1.update] = {"status": 2, "info": "no such phone"}
    found = await refused(platform.sign_in(who(callintype=5, number="8001")))
    assert found == (52000, codes.LINE_REFUSED)


async def test_a_callback_phone_that_is_not_verified_is_50006_before_it_is_told(
    server: Server, platform: Platform1
) -> None:
    server.answers[ROUTES1.check_phone] = {"status": 1}
    given = who(callintype=4, number="12000000002")
    assert await refused(platform.sign_in(given)) == (50006, "")
    assert server.asked(ROUTES1.update) == []


@pytest.mark.parametrize(
    ("need", "number", "asked"),
    [
        *((1, "12000000002", 1), (None, "12000000002", 1), ("x", "12000000002", 1)),
        *((0, "12000000002", 0), ("0", "12000000002", 0), (1, "A12000000002Z", 0)),
        *((1, "A12000000002", 1), (1, "12000000002Z", 1)),
    ],
)
async def test_who_needs_no_verification_is_not_asked_about(
    server: Server, platform: Platform1, need: Any, number: str, asked: int
) -> None:
    server.answers[ROUTES1.profile] = yes({"epProfile": profile(terminal_need_reg=need)})
    await platform.sign_in(who(callintype=4, number=number))
    assert len(server.asked(ROUTES1.check_phone)) == asked


async def test_mobile_mode_is_line_type_4_and_fixed_mode_the_line_of_before(
    server: Server, platform: Platform1
) -> None:
    await platform.sign_in(who(callintype=5, number="8001"))
    await platform.set_phone_mode("mobile", "12000000002")
    await platform.set_phone_mode("fixed")
    told = [json.loads(query["jsonStr"])["data"] for query in server.asked(ROUTES1.update)]
    sip, mobile, restored = told
    assert mobile == {"callintype": 4, "telephone": "12000000002"}
    assert sip == restored == {"callintype": 5, "sip_telephone": "8001"}
    server.answers[ROUTES1.check_phone] = {"status": 1}
    assert await refused(platform.set_phone_mode("mobile", "12000000009")) == (50006, "")
    for wrong in (("mobile", " "), ("away", "1")):
        assert await refused(platform.set_phone_mode(*wrong)) == (50001, "")
    assert len(server.asked(ROUTES1.update)) == 3


# ---------------------------------------------------------------- the directory


async def test_all_groups_are_one_page(server: Server, platform: Platform1) -> None:
    await platform.sign_in(who())
    rows = [{"id": 1000000000 + index, "eid": "70000", "name": f"G{index}"} for index in range(25)]
    server.answers[ROUTES1.groups] = yes(rows)
    page = await platform.get_groups()
    assert (page.current_page, page.last_page, page.total, len(page.groups)) == (1, 1, 25, 25)
    assert page.groups[3] == Group("1000000003", "G3", id="1000000003")
    assert page.groups[3].state_id is None
    beyond = await platform.get_groups(2)
    assert (beyond.groups, beyond.last_page) == ((), 1)


async def test_members_come_by_start_and_length(server: Server, platform: Platform1) -> None:
    await platform.sign_in(who())
    server.answers[ROUTES1.member_states] = yes([])
    row = {"uid": 7, "number": "0107", "displayname": "Wang\x1b[2J Fang", "service_control": "5"}
    server.answers[ROUTES1.members] = yes({"data": [row], "recordsTotal": 21})
    page = await platform.get_group_members("1000000001", 3)
    (asked,) = server.asked(ROUTES1.members)
    assert {"start": "20", "length": "10", "searchGid": "1000000001"}.items() <= asked.items()
    assert (page.gid, page.name) == ("1000000001", "Sales")
    assert (page.current_page, page.last_page, page.total) == (3, 3, 21)
    assert page.seats == (Seat("0107", "Wang Fang", id="7", state_id=2, state_message="service.5"),)


async def test_who_is_in_no_group_is_asked_for_by_minus_one(
    server: Server, platform: Platform1
) -> None:
    await platform.sign_in(who())
    server.answers[ROUTES1.members] = yes({"data": []}) | {"recordsTotal": "0"}
    page = await platform.get_group_members("0", 0)
    assert (page.current_page, page.last_page, page.total, page.seats) == (1, 1, 0, ())
    (asked,) = server.asked(ROUTES1.members)
    assert (asked["searchGid"], asked["start"]) == ("-1", "0")


@pytest.mark.parametrize(
    ("service", "state", "sentence"),
    [
        (0, 1, "service.0"),
        *((each, 2, f"service.{each}") for each in range(1, 7)),
        *(("6", 2, "service.6"), (7, 2, ""), (None, None, ""), ([], None, ""), (True, None, "")),
    ],
)
async def test_every_service_state_has_its_word(
    server: Server, platform: Platform1, service: Any, state: int | None, sentence: str
) -> None:
    await platform.sign_in(who())
    row = {"number": "0107", "service_control": service}
    server.answers[ROUTES1.members] = yes({"data": [row]})
    page = await platform.get_group_members("1000000001")
    (seat,) = page.seats
    number = "7" if service == 7 else ""  # one that nobody listed is shown as it came
    assert (seat.state_id, seat.state_message, seat.state_name) == (state, sentence, number)
    assert page.total == 1


@pytest.mark.parametrize(
    ("service", "call_state", "shown"),
    [
        *((2, 3, (2, "service.ringing")), (5, 4, (2, "service.5")), (5, 5, (2, "service.holding"))),
        *((6, 2, (2, "service.6")), (2, 1, (2, "service.2")), (1, 0, (2, "service.1"))),
        *((None, 0, (1, "service.0")), (None, 1, (2, "service.1")), (None, 2, (2, "service.2"))),
        *((1, 9, (2, "service.1")), (1, "x", (2, "service.1")), (None, None, (None, ""))),
    ],
)
async def test_a_call_is_shown_by_its_call_state_and_so_is_who_has_no_state_in_the_list(
    server: Server, platform: Platform1, service: Any, call_state: Any, shown: tuple[Any, str]
) -> None:
    await platform.sign_in(who())
    rows = [{"uid": 7, "number": "0107", "service_control": service}, {"uid": 8, "number": "0108"}]
    server.answers[ROUTES1.members] = yes({"data": rows})
    told = [{"uid": 7, "state": call_state}, {"uid": "8", "state": "3"}, {"uid": 9}]
    server.answers[ROUTES1.member_states] = yes(told)
    page = await platform.get_group_members("1000000001")
    (asked,) = server.asked(ROUTES1.member_states)
    assert asked["uid"] == "7,8"
    assert (page.seats[0].state_id, page.seats[0].state_message) == shown
    assert page.seats[1].state_message == "service.ringing"
    assert page.states_code == 0


@pytest.mark.parametrize(
    ("answer", "info"),
    [
        ({"status": 1, "info": "no such member"}, "1 no such member"),
        ((500, {"status": 99, "info": "too late"}), "too late"),
        (yes(5), "data ([fields1] states)"),
        (yes([5]), "state ([fields1] state_call)"),
        (yes([{"uid": 7, "call_state": 3}]), "state ([fields1] state_call)"),
    ],
)
async def test_states_that_cannot_be_read_are_50010_and_the_members_are_there_all_the_same(
    server: Server, platform: Platform1, answer: Any, info: str
) -> None:
    await platform.sign_in(who())
    rows = [{"uid": 7, "number": "0107", "service_control": 5}]
    server.answers[ROUTES1.members] = yes({"data": rows})
    server.answers[ROUTES1.member_states] = answer
    page = await platform.get_group_members("1000000001")
    assert (page.states_code, page.states_info) == (50010, info)
    assert [(seat.number, seat.state_message) for seat in page.seats] == [("0107", "service.5")]


async def test_a_platform_without_call_states_is_not_asked_for_them(
    server: Server,
) -> None:
    made = Platform1(
        gateway=GATEWAY,
        servers={"025": f"http://{server.host}"},
        routes={"member_states": ""},
        time_limit=5,
    )
    await made.sign_in(who())
    server.answers[ROUTES1.members] = yes({"data": [{"uid": 7, "number": "0107"}]})
    page = await made.get_group_members("1000000001")
    assert (page.states_code, [seat.number for seat in page.seats]) == (0, ["0107"])
    assert server.asked(ROUTES1.member_states) == []
    await made.close()


@pytest.mark.parametrize(
    "answer",
    [
        *(yes(), yes(5), {"status": 1}, yes([5]), yes([{"id": "x"}]), yes({"data": 5})),
        *(yes({"data": [5]}), yes({"data": [[]]})),
    ],
)
async def test_a_directory_of_a_wrong_shape_is_50008_or_50009(
    server: Server, platform: Platform1, answer: Any
) -> None:
    await platform.sign_in(who())
    server.answers[ROUTES1.groups] = server.answers[ROUTES1.members] = answer
    assert await refused(platform.get_groups()) == (50008, "")
    assert await refused(platform.get_group_members("1")) == (50009, "")


@pytest.mark.parametrize("none", [[], {}, None])
async def test_a_group_without_members_is_an_empty_page(
    server: Server, platform: Platform1, none: Any
) -> None:
    await platform.sign_in(who())
    server.answers[ROUTES1.members] = yes({"data": none, "recordsTotal": 0})
    assert (await platform.get_group_members("1")).seats == ()


@pytest.mark.parametrize("page", [0, -3])
async def test_pages_begin_at_1_whatever_is_asked_for(
    server: Server, platform: Platform1, page: int
) -> None:
    await platform.sign_in(who())
    server.answers[ROUTES1.groups] = yes([{"id": 7, "eid": 1, "name": "Sales"}])
    found = await platform.get_groups(page)
    assert (found.current_page, len(found.groups)) == (1, 1)


@pytest.mark.parametrize("odd", ["x", -1, True, []])
async def test_a_total_that_cannot_be_read_costs_no_member(
    server: Server, platform: Platform1, odd: Any
) -> None:
    await platform.sign_in(who())
    rows = [{"uid": 7, "number": "0107"}]
    server.answers[ROUTES1.members] = yes({"data": rows, "recordsTotal": odd})
    page = await platform.get_group_members("1000000001")
    assert ([seat.number for seat in page.seats], page.total) == (["0107"], 1)


async def test_groups_beyond_what_is_read_are_left_out_and_said(
    server: Server, platform: Platform1
) -> None:
    skipped: list[PlatformError] = []
    platform._skipped = skipped.append
    await platform.sign_in(who())
    server.answers[ROUTES1.groups] = yes([{"id": 1, "name": "a"}] * (MAX_ENTRIES + 1))
    assert (await platform.get_groups()).total == MAX_ENTRIES
    assert [error.info for error in skipped] == [f"1 entries beyond the first {MAX_ENTRIES}"]


# ---------------------------------------------------------------- what is not there, and numbers


async def test_there_is_no_check_in_and_no_token(server: Server, platform: Platform1) -> None:
    await platform.sign_in(who())
    before = len(server.seen)
    await platform.check_in("0")
    platform.start_token_renewal(lambda _: pytest.fail("nothing to renew"))
    await platform.check_out()
    assert len(server.seen) == before


async def test_nothing_can_be_asked_before_signing_in_or_after_closing(
    server: Server, platform: Platform1
) -> None:
    async def all_refused() -> None:
        for work in (
            platform.check_in("0"),
            platform.check_out(),
            platform.get_groups(),
            platform.get_group_members("1"),
            platform.set_phone_mode("fixed"),
        ):
            assert await refused(work) == (50001, "")
        with pytest.raises(PlatformError):
            platform.sip_account("0")

    await all_refused()
    await platform.sign_in(who())
    await platform.close()
    await platform.close()
    await all_refused()
    assert not platform.encrypts


async def test_encrypted_numbers_need_a_seed(server: Server, platform: Platform1) -> None:
    encrypted = "2b8swg646z7IUtSDg9r8AQ=="
    await platform.sign_in(who())
    assert platform.encrypts
    assert platform.to_call(encrypted).digits == "12000000001"
    assert platform.to_call("gsw6nD_a5H1vXy5liT-vJw==").digits == ""
    assert platform.to_call("gsw6nD_a5H1vXy5liT-vJw==").text == "call me"
    without = Platform1(gateway=GATEWAY, servers={"025": f"http://{server.host}"})
    await without.sign_in(who())
    assert not without.encrypts
    assert without.to_call(encrypted).digits == ""
    assert without.to_call(encrypted).text == encrypted
    await without.close()

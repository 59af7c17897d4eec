"""Answers of generation 2 as strangers write them: what must not be missing is found however it is
written, what may be missing costs no sign-in, and what a server says instead is told."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import time
import zlib
from collections.abc import AsyncIterator, Callable
from email.utils import formatdate
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from tests.waiting import until
from tui.platform.base import Credentials, PlatformError
from tui.platform.gen2.platform import Platform2
from tui.platform.gen2.routes import ROUTES
from tui.platform.gen2.shapes import USUAL_LIFE
from tui.platform.web.addresses import base_url
from tui.platform.web.http_client import _parted
from tui.secrets import Secret

if TYPE_CHECKING:
    from tests.platform.conftest import Backend

TOKEN = "00token"


class World:
    """A platform object whose clock stands still until told, and what it skipped."""

    def __init__(self, backend: Backend) -> None:
        self.now = 1000.0
        self.skipped: list[str] = []
        self.naps: list[tuple[float, asyncio.Event]] = []
        self.napping = asyncio.Event()
        self.platform = Platform2(
            rng=Random(1),
            clock=lambda: self.now,
            sleep=self._sleep,
            time_limit=5,
            skipped=lambda error: self.skipped.append(error.info),
        )
        self.credentials = Credentials("1001", Secret("hush"), "02500001234", backend=backend.url)

    async def _sleep(self, seconds: float) -> None:
        awake = asyncio.Event()
        self.naps.append((self.now + seconds, awake))
        self.napping.set()
        await awake.wait()

    async def sign_in(self) -> None:
        await self.platform.sign_in(self.credentials)

    async def error(self, asked: Any = None) -> PlatformError:
        with pytest.raises(PlatformError) as caught:
            await (self.sign_in() if asked is None else asked)
        return caught.value


@pytest.fixture
async def world(backend: Backend) -> AsyncIterator[World]:
    made = World(backend)
    yield made
    await made.platform.close()


def _token(**data: Any) -> tuple[int, Any]:
    return 200, {"status": 200, "data": data}


# ---------------------------------------------------------------- the token


LIFE_IS_MISSING: list[Any] = [
    *(None, "", 0, -1, "-1", True, [], {}, "soon", "30 min", "2026-12-01T10:00:00Z", "1e9")
]


@pytest.mark.parametrize("life", LIFE_IS_MISSING)
async def test_a_token_whose_life_cannot_be_read_signs_in_and_is_renewed_all_the_same(
    backend: Backend, world: World, life: Any
) -> None:
    backend.life = life
    await world.sign_in()
    assert world.skipped == ["data.expires_in ([fields] token_life)"]
    world.platform.start_token_renewal(lambda error: pytest.fail(str(error)))
    await asyncio.wait_for(world.napping.wait(), 5)
    assert 0.7 * USUAL_LIFE < world.naps[0][0] - world.now < 0.9 * USUAL_LIFE
    backend.tokens.clear()  # it ended before that
    assert (await world.platform.get_groups()).total == 3
    assert len(world.skipped) == 1, "said once, and not with each renewal"


async def test_a_life_that_json_does_not_have_is_one_that_cannot_be_read(
    backend: Backend, world: World
) -> None:
    text = '{"data": {"token": "x", "expires_in": NaN}}'
    backend.tokens.add("x")
    backend.answers[ROUTES.sign_in.path] = lambda _: web.Response(text=text)
    await world.sign_in()
    assert world.skipped == ["data.expires_in ([fields] token_life)"]


@pytest.mark.parametrize("life", ["60", " 60 ", 60.0, "60.5", 1_800_000, 1_790_000_000])
async def test_a_life_in_whatever_number_is_a_life(
    backend: Backend, world: World, life: Any
) -> None:
    backend.life = life
    await world.sign_in()
    assert world.skipped == []


@pytest.mark.parametrize(
    ("given", "carried"),
    [
        (f" {TOKEN}\n", TOKEN),
        (f"Bearer {TOKEN}", TOKEN),
        (f"bearer  {TOKEN}", TOKEN),
        (7001, "7001"),
        ("x" * 6000, "x" * 6000),
    ],
)
async def test_a_token_is_taken_however_it_is_handed_out(
    backend: Backend, world: World, given: Any, carried: str
) -> None:
    backend.tokens.add(carried)
    backend.answers[ROUTES.sign_in.path] = _token(token=given, expires_in=60)
    await world.sign_in()
    assert backend.seen[-1][1]["Authorization"] == f"Bearer {carried}"


@pytest.mark.parametrize("wrong", [None, "", True, [], {}, "a b", "é", "x\ny", "x" * 9000])
async def test_without_a_token_nobody_is_signed_in_and_the_platforms_words_say_why(
    backend: Backend, world: World, wrong: Any
) -> None:
    answer = {"data": {"token": wrong, "expires_in": 5}, "message": "account locked"}
    backend.answers[ROUTES.sign_in.path] = (200, answer)
    error = await world.error()
    assert (error.code, error.info) == (50005, "account locked; data.token ([fields] token)")


@pytest.mark.parametrize("answer", [(200, {}), (204, None), (200, {"data": {}}), (200, [])])
async def test_a_renewal_that_is_a_yes_without_a_token_goes_on_with_the_old_one(
    backend: Backend, world: World, answer: Any
) -> None:
    failures: list[PlatformError] = []
    await world.sign_in()
    if answer[0] == 204:
        backend.answers[ROUTES.renew.path] = lambda _: web.Response(status=204)
    else:
        backend.answers[ROUTES.renew.path] = answer
    world.platform.start_token_renewal(failures.append)
    await asyncio.wait_for(world.napping.wait(), 5)
    world.napping.clear()
    world.now += 3600
    world.naps[0][1].set()
    await asyncio.wait_for(world.napping.wait(), 5)
    assert backend.paths().count(ROUTES.renew.path) == 1
    assert world.naps[1][0] - world.now > 60, "not tried again and again"
    assert failures == []
    await world.platform.get_groups()
    assert backend.seen[-1][1]["Authorization"] == "Bearer token-1"


async def test_such_a_yes_about_a_token_that_was_refused_is_none(
    backend: Backend, world: World
) -> None:
    await world.sign_in()
    backend.tokens.clear()
    backend.answers[ROUTES.renew.path] = (200, {"status": 200})
    assert (await world.platform.get_groups()).total == 3
    assert backend.paths().count(ROUTES.sign_in.path) == 2


@pytest.mark.parametrize("status", [404, 405, 410, 501])
@pytest.mark.parametrize("page", [True, False])
async def test_where_tokens_are_not_renewed_the_password_gets_a_new_one(
    backend: Backend, world: World, status: int, page: bool
) -> None:
    await world.sign_in()
    backend.tokens.clear()
    refused = (status, {"detail": "no such thing"})
    backend.answers[ROUTES.renew.path] = (
        (lambda _: web.Response(status=status, text="<html>")) if page else refused
    )
    assert (await world.platform.get_groups()).total == 3
    assert backend.paths().count(ROUTES.sign_in.path) == 2


# ---------------------------------------------------------------- yes and no


@pytest.mark.parametrize("status", [200.0, 0.0, " 200 ", "0", "200", 0])
async def test_a_yes_is_one_however_its_number_is_written(
    backend: Backend, world: World, status: Any
) -> None:
    backend.answers[ROUTES.user.path] = (200, {"status": status, "data": backend.user})
    await world.sign_in()


@pytest.mark.parametrize("status", [50003.0, " 50003 ", "+50003", "50003"])
async def test_a_no_keeps_its_code_however_that_is_written(
    backend: Backend, world: World, status: Any
) -> None:
    backend.answers[ROUTES.sign_in.path] = (200, {"status": status, "info": "wrong"})
    error = await world.error()
    assert (error.code, error.info) == (50003, "wrong")


@pytest.mark.parametrize("code", [50003, "50003"])
async def test_a_refusal_may_have_its_code_where_the_sdk_has_it(
    backend: Backend, world: World, code: Any
) -> None:
    backend.answers[ROUTES.sign_in.path] = (200, {"code": code, "info": "wrong password"})
    error = await world.error()
    assert (error.code, error.info) == (50003, "wrong password")


@pytest.mark.parametrize(
    "answer",
    [
        {"success": False, "message": "no such phone"},
        {"ok": "false", "msg": "no such phone"},
        {"error": "no such phone"},
        {"error": {"message": "no such phone"}, "data": None},
        {"code": 500, "msg": "no such phone"},
        {"code": "10403", "message": "no such phone", "data": {}},
        {"ret": -1, "errmsg": "no such phone"},
        {"errcode": 40001, "errmsg": "no such phone", "data": []},
        {"code": 0, "errno": 7, "reason": "no such phone"},
    ],
)
async def test_a_no_without_a_status_is_one_with_its_words(
    backend: Backend, world: World, answer: Any
) -> None:
    await world.sign_in()
    backend.answers[ROUTES.check_in.path] = backend.answers[ROUTES.groups.path] = (200, answer)
    error = await world.error(world.platform.check_in("0"))
    assert (error.code, error.message_id) == (52000, "login.check-in")
    assert error.info == "no such phone"
    error = await world.error(world.platform.get_groups())
    assert (error.code, error.info) == (50000, "no such phone")


@pytest.mark.parametrize(
    "beside",
    [
        *({"error": ""}, {"error": 0}, {"error": None}, {"error": {}}, {"error": "0"}),
        *({"success": True}, {"success": 1}, {"ok": "yes"}, {"error": {"code": 0}}),
        {"success": None},
    ],
)
async def test_no_other_word_makes_a_no_of_a_yes(
    backend: Backend, world: World, beside: Any
) -> None:
    await world.sign_in()
    backend.answers[ROUTES.check_in.path] = (200, beside)
    await world.platform.check_in("0")
    backend.answers[ROUTES.groups.path] = (200, {"data": [], "error": "x"} | beside)
    assert (await world.platform.get_groups()).groups == ()


@pytest.mark.parametrize(
    "answer",
    [
        *({"code": 20000, "msg": "success"}, {"code": 10000, "message": "Successful"}),
        *({"ret": 100, "errmsg": "OK"}, {"errcode": 9, "errmsg": "操作成功"}, {"code": 500}),
        *({"code": 1, "msg": "checked in"}, {"code": "0000", "msg": "done"}, {"code": "A1"}),
        {"code": 500, "msg": "x", "status": 200},
        *([], "done", 1, True, None),
    ],
)
async def test_no_code_beside_words_of_a_yes_makes_a_no_of_it(
    backend: Backend, world: World, answer: Any
) -> None:
    await world.sign_in()
    text = json.dumps(answer)
    backend.answers[ROUTES.check_in.path] = lambda _: web.Response(text=text)
    await world.platform.check_in("0")


async def test_a_bare_no_is_one(backend: Backend, world: World) -> None:
    await world.sign_in()
    backend.answers[ROUTES.check_in.path] = lambda _: web.Response(text="false")
    assert (await world.error(world.platform.check_in("0"))).code == 52000


@pytest.mark.parametrize(
    "write",
    [
        lambda answer: json.dumps(answer) + "\n\0",
        lambda answer: json.dumps(answer | {"data": json.dumps(answer["data"])}),
        lambda answer: json.dumps(json.dumps(answer)),
        lambda answer: json.dumps(json.dumps(answer | {"data": json.dumps(answer["data"])})),
    ],
    ids=["a text of C", "data as text", "all as text", "both"],
)
async def test_json_is_read_behind_gateways_that_do_not_look_at_it(
    backend: Backend, world: World, write: Callable[[Any], str]
) -> None:
    def route(path: str) -> None:
        def answer(request: web.Request) -> web.Response:
            return web.Response(text=write(backend.usual(path, request)[1]))

        backend.answers[path] = answer

    for each in (ROUTES.sign_in, ROUTES.user, ROUTES.groups, ROUTES.members):
        route(each.path)
    await world.sign_in()
    assert len((await world.platform.get_groups()).groups) == 2
    assert len((await world.platform.get_group_members("1000000001")).seats) == 1


@pytest.mark.parametrize(
    ("head", "asked"),
    [("30", 30.0), ("0", 0.0), ("99999", 600.0), ("soon", 0.0), ("-5", 0.0), ("", 0.0)],
)
async def test_how_long_a_server_wants_to_be_left_alone_is_said_and_kept_to(
    backend: Backend, world: World, head: str, asked: float
) -> None:
    await world.sign_in()
    world.platform.start_token_renewal(lambda error: pytest.fail(str(error)))
    await until(lambda: len(world.naps) == 1)
    backend.answers[ROUTES.renew.path] = lambda _: web.Response(
        status=429, headers={"Retry-After": head}
    )
    error = await world.error(world.platform._keeper.renew(world.platform._keeper.value))
    assert error.wait == asked
    said = f", again in {asked:.0f} s" if asked else ""
    assert error.info == f"HTTP 429 Too Many Requests{said}"
    world.now, awake = world.naps[0]
    awake.set()
    await until(lambda: len(world.naps) == 2)
    assert world.naps[1][0] - world.now >= (asked or 1.0)


async def test_a_server_may_want_to_be_left_alone_until_a_time_of_day(
    backend: Backend, world: World
) -> None:
    await world.sign_in()
    for when, least, most in ((time.time() + 90, 80.0, 90.0), (time.time() - 9, 0.0, 0.0)):
        date = formatdate(when, usegmt=True)
        backend.answers[ROUTES.groups.path] = lambda _, date=date: web.Response(
            status=503, headers={"Retry-After": date}
        )
        assert least <= (await world.error(world.platform.get_groups())).wait <= most


@pytest.mark.parametrize(
    "refusal", [{"success": False, "message": "x"}, {"status": 60001}, {"status": 50000}]
)
async def test_a_token_that_is_not_renewed_and_not_taken_costs_no_more_than_the_password(
    backend: Backend, world: World, refusal: Any
) -> None:
    await world.sign_in()
    backend.tokens.clear()
    backend.answers[ROUTES.renew.path] = (200, refusal)
    assert (await world.platform.get_groups()).total == 3
    assert backend.paths().count(ROUTES.sign_in.path) == 2


@pytest.mark.parametrize("page", [0, -3])
async def test_pages_begin_at_1_whatever_is_asked_for(
    backend: Backend, world: World, page: int
) -> None:
    await world.sign_in()
    assert (await world.platform.get_groups(page)).current_page == 1
    assert (await world.platform.get_group_members("1000000001", page)).current_page == 1


@pytest.mark.parametrize("code", [0, 200, 7, "x", None])
async def test_no_other_code_makes_a_no_of_a_yes(backend: Backend, world: World, code: Any) -> None:
    backend.answers[ROUTES.user.path] = (200, {"code": code, "data": backend.user})
    await world.sign_in()


@pytest.mark.parametrize("yes", [1, "1", True, "true", "True", "YES", "on", 1.0])
async def test_a_yes_of_the_enterprise_is_one_however_it_is_written(
    backend: Backend, world: World, yes: Any
) -> None:
    backend.user["enterprise"] |= {"allow_auto_answer": yes, "auto_answer_duration": "5"}
    assert (await world.platform.sign_in(world.credentials)).auto_answer == 5
    backend.user["enterprise"]["allow_auto_answer"] = False
    assert (await world.platform.sign_in(world.credentials)).auto_answer == 0


# ---------------------------------------------------------------- shapes


async def test_a_group_alone_is_a_list_of_one(backend: Backend, world: World) -> None:
    group = {"gid": 5, "name": "Sales", "id": 1}
    backend.user["groupInfo"] = group
    user = await world.platform.sign_in(world.credentials)
    assert [each.gid for each in user.groups] == ["5"]
    backend.answers[ROUTES.groups.path] = (200, {"data": group})
    assert [each.gid for each in (await world.platform.get_groups()).groups] == ["5"]
    page = {"gid": 5, "seats": {"number": "0101", "displayname": "Li"}}
    backend.answers[ROUTES.members.path] = (200, {"data": [page]})
    assert [each.number for each in (await world.platform.get_group_members("5")).seats] == ["0101"]


WRAPPED: list[Callable[[Any], Any]] = [
    lambda answer: [answer],
    lambda answer: [[answer]],
    lambda answer: {**answer, "data": [answer["data"]]},
    lambda answer: {**answer, "data": [[answer["data"]]]},
]


@pytest.mark.parametrize("wrapped", WRAPPED)
async def test_an_answer_may_stand_in_a_list_of_one(
    backend: Backend, world: World, wrapped: Callable[[Any], Any]
) -> None:
    backend.answers[ROUTES.sign_in.path] = lambda _: (200, wrapped(backend.issue()[1]))
    user = {"status": 200, "data": backend.user}
    backend.answers[ROUTES.user.path] = (200, wrapped(user))
    assert (await world.platform.sign_in(world.credentials)).displayname == "Li Ming"
    assert world.skipped == []


@pytest.mark.parametrize("wrapped", WRAPPED)
async def test_a_refusal_may_stand_in_a_list_of_one(
    backend: Backend, world: World, wrapped: Callable[[Any], Any]
) -> None:
    no = {"status": 50004, "info": "no such enterprise", "data": {}}
    backend.answers[ROUTES.sign_in.path] = (200, wrapped(no))
    error = await world.error()
    assert (error.code, error.info) == (50004, "no such enterprise")


async def test_the_one_group_of_a_list_of_members_may_stand_alone(
    backend: Backend, world: World
) -> None:
    await world.sign_in()
    group = {"gid": 5, "name": "Sales", "current_page": 1, "last_page": 2, "total": 11}
    seats = [{"number": "1002", "displayname": "Wang Fang"}]
    backend.answers[ROUTES.members.path] = (200, {"status": 200, "data": {**group, "seats": seats}})
    found = await world.platform.get_group_members("5")
    assert (found.name, found.last_page, found.total) == ("Sales", 2, 11)
    assert [each.number for each in found.seats] == ["1002"]


async def test_an_object_that_is_no_entry_is_no_list_and_its_setting_is_named(
    backend: Backend, world: World
) -> None:
    backend.user["groupInfo"] = {"rows": [{"gid": 5}]}
    error = await world.error()
    assert (error.code, error.info) == (50005, "data.groupInfo ([fields] user_groups)")


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ({"state_id": 7, "state_name": "培训"}, "培训"),
        *(({"state_id": 7}, "7"), ({"state_id": "7", "state_name": ""}, "7")),
        *(({"state_id": 2}, ""), ({"state_id": 1}, ""), ({}, ""), (None, ""), (5, "")),
    ],
)
async def test_a_members_state_that_nobody_listed_is_its_word_or_its_number(
    backend: Backend, world: World, state: Any, word: str
) -> None:
    await world.sign_in()
    page = {"gid": 5, "seats": [{"number": "0101", "seat_real_time_state": state}]}
    backend.answers[ROUTES.members.path] = (200, {"data": [page]})
    (seat,) = (await world.platform.get_group_members("5")).seats
    assert seat.state_name == word


@pytest.mark.parametrize("end", ["extension_start", "extension_end"])
@pytest.mark.parametrize("said", [None, "", "1000-1999", [1000], 10.5])
async def test_a_range_of_extensions_that_cannot_be_read_is_told_with_its_setting(
    backend: Backend, world: World, end: str, said: Any
) -> None:
    backend.user["enterprise"][end] = said
    await world.sign_in()
    assert world.skipped == [f"data.enterprise.{end} ([fields] {end})"]


@pytest.mark.parametrize(
    ("said", "is_ours"), [(12, True), ("12", True), ("0012", True), (13, False)]
)
async def test_the_leading_zeros_of_an_extension_are_those_that_were_typed(
    backend: Backend, world: World, said: Any, is_ours: bool
) -> None:
    backend.user["userInfo"]["number"] = said
    backend.answers[ROUTES.sign_in.path] = lambda _: backend.issue()
    credentials = Credentials("0012", Secret("hush"), "02500001234", backend=backend.url)
    user = await world.platform.sign_in(credentials)
    assert (user.number == "0012") is is_ours
    assert world.platform.sip_account("0").username.startswith("0012_") is is_ours


# ---------------------------------------------------------------- on the way


@pytest.mark.parametrize(
    ("encoding", "squeeze"),
    [
        ("deflate, gzip", lambda text: gzip.compress(zlib.compress(text))),
        ("identity, gzip", gzip.compress),
        ("gzip,", gzip.compress),
        ("gzip", lambda text: gzip.compress(text[:5]) + gzip.compress(text[5:])),
        ("gzip", lambda text: gzip.compress(text) + b"\x00" * 8),
    ],
    ids=["twice", "and plain", "comma", "members", "padded"],
)
async def test_an_answer_that_is_compressed_several_times_or_in_parts_is_read(
    backend: Backend, world: World, encoding: str, squeeze: Callable[[bytes], bytes]
) -> None:
    await world.sign_in()
    body, head = squeeze(b'{"data": []}'), {"Content-Encoding": encoding}
    backend.answers[ROUTES.groups.path] = lambda _: web.Response(body=body, headers=head)
    assert (await world.platform.get_groups()).groups == ()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("route", ["sign_in", "user", "check_in", "renew", "groups", "members"])
async def test_a_redirect_to_another_server_is_not_followed_and_says_where_to(
    backend: Backend, world: World, status: int, route: str
) -> None:
    path = getattr(ROUTES, route).path
    where = {"Location": "https://cc.example.com:8443/api/x?token=00secret#y"}
    if route != "sign_in":
        await world.sign_in()
    backend.answers[path] = lambda _: web.Response(status=status, headers=where)
    platform = world.platform
    asked: dict[str, Callable[[], Any]] = {
        "check_in": lambda: platform.check_in("0"),
        "groups": platform.get_groups,
        "members": lambda: platform.get_group_members("5"),
    }
    if route == "renew":
        backend.tokens.clear()
        asked["renew"] = platform.get_groups
    error = await world.error(asked.get(route, world.sign_in)())
    assert error.code == 50000
    assert error.info == "redirected to another server: https://cc.example.com:8443/api/x"


async def test_a_redirect_that_would_change_what_is_asked_says_where_to(
    backend: Backend, world: World
) -> None:
    backend.answers[ROUTES.sign_in.path] = lambda _: web.Response(
        status=302, headers={"Location": "/login?from=api"}
    )
    assert (await world.error()).info == f"redirected (302) to {backend.url}login"


async def _answered(world: World, *answers: bytes) -> tuple[list[bytes], PlatformError]:
    """What is asked of a server that answers with these bytes, each once and the last for ever, and
    how it ends."""
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.split()[1])
        writer.write(answers[min(len(asked), len(answers)) - 1])
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        world.credentials = Credentials(
            "1001", Secret("hush"), "02500001234", backend=f"http://127.0.0.1:{port}"
        )
        return asked, await world.error()


async def _redirecting(world: World, where: bytes) -> tuple[list[bytes], PlatformError]:
    """The same of one that redirects the first request to `where`."""
    to = b"307 Temporary Redirect\r\nLocation: " + where
    heads = (b"HTTP/1.1 " + each for each in (to, b"503 Service Unavailable"))
    return await _answered(world, *(each + b"\r\nContent-Length: 0\r\n\r\n" for each in heads))


@pytest.mark.parametrize(
    ("where", "asked"),
    [
        ("/登录/user".encode(), b"/%E7%99%BB%E5%BD%95/user"),
        ("/new?name=王 芳".encode(), b"/new?name=%E7%8E%8B%20%E8%8A%B3"),
        (b"/new path", b"/new%20path"),
        (b"/a%20b?x=%E7%99%BB", b"/a%20b?x=%E7%99%BB"),
    ],
)
async def test_a_redirect_is_followed_however_its_address_is_written(
    world: World, where: bytes, asked: bytes
) -> None:
    seen, error = await _redirecting(world, where)
    assert (seen[1:], error.info) == ([asked], "HTTP 503 Service Unavailable")


@pytest.mark.parametrize("where", [b"http://[bad/", b"http://127.0.0.1:notaport/"])
async def test_a_redirect_to_what_is_no_address_is_the_servers_fault_and_told(
    world: World, where: bytes
) -> None:
    _, error = await _redirecting(world, where)
    assert (error.code, error.info.startswith("redirected")) == (50000, True), error.info


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (b"SIP/2.0 200 OK\r\n\r\n", "no HTTP as it should be: illegal status line"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
            "no HTTP as it should be: peer closed connection without sending complete message body",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n{}",
            "no HTTP as it should be: Only Transfer-Encoding",
        ),
    ],
    ids=["no HTTP", "cut", "encoding"],
)
async def test_why_an_answer_is_none_is_said(world: World, head: bytes, why: str) -> None:
    _, error = await _answered(world, head)
    assert (error.code, error.info.startswith(why)) == (50000, True), error.info


async def test_why_nothing_is_reached_is_said_in_the_systems_words(world: World) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        backend = f"http://127.0.0.1:{free.getsockname()[1]}"
        world.credentials = Credentials("1001", Secret("hush"), "02500001234", backend=backend)
        assert (await world.error()).info == "Connection refused"


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "big5", "utf-16", "utf-8-sig"])
async def test_a_refusal_is_read_in_any_encoding(
    backend: Backend, world: World, encoding: str
) -> None:
    body = json.dumps({"status": 50003, "info": "密碼"}, ensure_ascii=False).encode(encoding)
    kind = f"application/json; charset={encoding}"
    head = {"Content-Type": kind}
    backend.answers[ROUTES.sign_in.path] = lambda _: web.Response(body=body, headers=head)
    error = await world.error()
    assert (error.code, error.info) == (50003, "密碼")


@pytest.mark.parametrize(
    "typed",
    [
        *("https://cc.example.com", "https：//cc.example.com", "ｈｔｔｐｓ://cc．example。com/"),
        *("https:/cc.example.com", "https:cc.example.com", "HTTPS://cc.example.com"),
        *("https://cc.example.com\u200b", "\ufeffcc.example.com", "\u202acc.example.com\u202c "),
    ],
)
def test_an_address_is_the_same_however_an_input_method_or_a_copy_wrote_it(typed: str) -> None:
    assert base_url(typed).casefold() == "https://cc.example.com/"


@pytest.mark.parametrize(
    ("url", "host", "field"),
    [
        ("https://[2001:db8::1]:8443/", "2001:db8::1", "[2001:db8::1]:8443"),
        ("https://[fe80::1%25eth0]/", "fe80::1%eth0", "[fe80::1]"),
        ("https://[fe80::1%eth0]/", "fe80::1%eth0", "[fe80::1]"),
        ("https://呼叫中心.example/", "xn--fiqu3loms68a.example", "xn--fiqu3loms68a.example"),
    ],
)
def test_addresses_of_ipv6_and_names_in_any_script_are_dialled(
    url: str, host: str, field: str
) -> None:
    where, _, named = _parted(base_url(url))
    assert (where[1], named) == (host, field)


async def test_spaces_around_the_lines_address_are_none_of_it(
    backend: Backend, world: World
) -> None:
    backend.user["sip"] = {"url": " wss://gw.example.com:9060 ", "domain": "pbx.example.com\n"}
    await world.sign_in()
    account = world.platform.sip_account("0")
    assert (account.url, account.domain) == ("wss://gw.example.com:9060", "pbx.example.com")


# ---------------------------------------------------------------- words around an answer


AROUND = {
    "notices before it": (
        "<br />\n<b>Notice</b>: Undefined index: gid in a.php<br />\n{}",
        "Notice",
    ),
    "a trace behind it": ("{}\n<div id='trace'>0.02 s</div>", "0.02 s"),
    "a name to call it by": ("callback({});", "callback"),
    "a guard against that": (")]}}',\n{}", ")]}"),
    "said twice": ("{0}{0}", "•"),
}


@pytest.mark.parametrize(("written", "kept"), AROUND.values(), ids=AROUND)
async def test_an_answer_among_other_words_is_read_and_they_are_kept(
    backend: Backend, world: World, written: str, kept: str
) -> None:
    answer = json.dumps({"status": 200, "data": {"token": TOKEN, "expires_in": 3600}})
    backend.tokens.add(TOKEN)
    backend.answers[ROUTES.sign_in.path] = lambda _: web.Response(
        text=written.format(answer), content_type="text/html"
    )
    await world.sign_in()
    assert [kept in said for said in world.skipped] == [True]


@pytest.mark.parametrize(
    "text",
    [
        '{"status": 200, "data": {"token": "t"}',
        '[{"status": 200}',
        '{"status": 200} {"status": 500}',
        '<html><script>var a = {"status": 200, "data": {"token": "t"}}</script>',
    ],
    ids=["cut off", "a list cut off", "two that differ", "a web page"],
)
async def test_what_may_be_a_piece_of_something_else_is_no_answer(
    backend: Backend, world: World, text: str
) -> None:
    backend.answers[ROUTES.sign_in.path] = lambda _: web.Response(text=text)
    assert (await world.error()).code == 50000
    assert world.skipped == []


NO_ANSWERS = {
    "a page whose type nobody says": (
        200,
        "<title>Hotel WiFi</title>",
        "",
        "page, and no answer: Hotel WiFi",
    ),
    "maintenance": (
        503,
        "<html><title>系统维护中</title>",
        "text/html",
        "HTTP 503 Service Unavailable: 系统维护中",
    ),
    "a network's sign-in": (
        511,
        "<title>Hotel</title>",
        "text/html",
        "HTTP 511 Network Authentication Required: Hotel",
    ),
    "plain words": (
        429,
        "slow down\nplease",
        "text/plain",
        "HTTP 429 Too Many Requests: slow down",
    ),
    "broken JSON": (500, '{"token": "', "text/plain", "HTTP 500 Internal Server Error"),
    "the status once more": (
        502,
        "<title>502 Bad Gateway</title>",
        "text/html",
        "HTTP 502 Bad Gateway",
    ),
}


@pytest.mark.parametrize(("status", "text", "type", "words"), NO_ANSWERS.values(), ids=NO_ANSWERS)
async def test_what_stands_in_the_place_of_an_answer_is_told_in_its_own_words(
    backend: Backend, world: World, status: int, text: str, type: str, words: str
) -> None:
    headers = {"Content-Type": type} if type else {"Content-Type": "application/octet-stream"}
    backend.answers[ROUTES.sign_in.path] = lambda _: web.Response(
        status=status, body=text.encode(), headers=headers
    )
    assert (await world.error()).info.endswith(words)


# ---------------------------------------------------------------- a refusal of a code of its own


@pytest.mark.parametrize("status", [200, 400])
async def test_a_refusal_that_nobody_listed_is_tried_once_with_a_new_token(
    backend: Backend, world: World, status: int
) -> None:
    await world.sign_in()
    backend.tokens.clear()  # the platform began anew, and says so in a number of its own

    def over(request: web.Request) -> Any:
        if request.headers["Authorization"].removeprefix("Bearer ") in backend.tokens:
            return 200, {"data": []}
        return status, {"status": 10002, "info": "令牌已失效"}

    backend.answers[ROUTES.groups.path] = backend.answers[ROUTES.renew.path] = over
    assert (await world.platform.get_groups()).groups == ()
    assert (await world.platform.get_groups()).groups == ()
    assert backend.paths().count(ROUTES.sign_in.path) == 2


async def test_a_refusal_that_is_not_about_the_token_is_told_and_costs_one_new_one(
    backend: Backend, world: World
) -> None:
    await world.sign_in()
    backend.answers[ROUTES.groups.path] = 200, {"status": 10009, "info": "not yours"}
    for _ in range(3):
        error = await world.error(world.platform.get_groups())
        assert (error.code, error.info) == (10009, "not yours")
    assert backend.paths().count(ROUTES.renew.path) == 1


async def test_where_no_new_token_is_to_be_had_the_refusal_itself_is_told(
    backend: Backend, world: World
) -> None:
    await world.sign_in()
    for path in (ROUTES.groups.path, ROUTES.renew.path):
        backend.answers[path] = 500, {"status": 10009, "info": "not yours"}
    error = await world.error(world.platform.get_groups())
    assert (error.code, error.info) == (10009, "not yours")

"""Generation 2 against a real web server on loopback."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import traceback
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.certificate import certificate
from tui.plain_value import replace
from tui.platform import codes
from tui.platform.base import Credentials, Group, Platform, PlatformError, Seat
from tui.platform.gen2.platform import Platform2
from tui.platform.gen2.routes import ROUTES
from tui.platform.json_values import MAX_ENTRIES
from tui.platform.web.answer_body import MAX_BYTES
from tui.secrets import Secret

if TYPE_CHECKING:
    from tests.platform.conftest import Backend


@pytest.fixture
async def platform() -> AsyncIterator[Platform2]:
    made = Platform2(rng=Random(1), time_limit=5)
    yield made
    await made.close()


def _credentials(server: Backend, **changed: Any) -> Credentials:
    return replace(
        Credentials("1001", Secret("hush"), "02500001234", backend=server.url), **changed
    )


async def _refused(awaitable: Any) -> tuple[int, str]:
    with pytest.raises(PlatformError) as caught:
        await awaitable
    error = caught.value
    told = "".join(traceback.format_exception(error)) + repr(error.args)
    assert "hush" not in told
    assert "token-" not in told
    return error.code, error.message_id


# ---------------------------------------------------------------- sign-in


async def test_signing_in_brings_the_user_data(backend: Backend, platform: Platform2) -> None:
    user = await platform.sign_in(_credentials(backend))
    assert (user.number, user.displayname, user.eid) == ("1001", "Li Ming", "70000")
    assert user.groups == (Group("1000000001", "Sales"),)
    assert (user.extension_start, user.extension_end) == ("1000", "1999")
    a_platform: Platform = platform
    assert a_platform.generation == 2
    assert backend.paths() == [ROUTES.sign_in.path, ROUTES.user.path]


async def test_the_password_never_leaves(backend: Backend, platform: Platform2) -> None:
    await platform.sign_in(_credentials(backend))
    await platform.check_in("0")
    assert "hush" not in repr(backend.seen)


@pytest.mark.parametrize("end", ["", "/"])
async def test_a_backend_may_have_a_path_and_a_final_slash(
    backend: Backend, platform: Platform2, end: str
) -> None:
    path = "below/" + ROUTES.sign_in.path
    backend.answers[path] = (200, {"status": 50004})
    given = _credentials(backend, backend=backend.url + "below" + end)
    assert await _refused(platform.sign_in(given)) == (50004, "")
    assert backend.paths() == [path]


async def test_the_line_to_register_at_comes_with_the_login_data(
    backend: Backend, platform: Platform2
) -> None:
    await platform.sign_in(_credentials(backend))
    account = platform.sip_account("1000000001) x\r\n")
    assert account.aor == "sip:1001_00011170@pbx.invalid"
    assert account.username == "1001_00011170"
    assert account.password == Secret("hush")
    assert account.url == "ws://127.0.0.1:1/sip"
    assert account.pbx == "sip:PBX@pbx.invalid"
    assert account.user_agent == "callcenter_webrtc/2 (gid=1000000001x)"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"un": ""}, 50001),
        ({"un": "10a"}, 50001),
        ({"un": "１００１"}, 50001),
        ({"un": "1001\r\nx: y"}, 50001),
        ({"pwd": Secret()}, 50001),
        ({"switchnumber": " "}, 50001),
        ({"callintype": 3}, 50001),
        ({"callintype": 5}, 50001),
        ({"callintype": 4, "number": " "}, 50001),
        ({"un": "1002"}, 50003),
        ({"pwd": Secret("Hush")}, 50003),
        ({"pwd": Secret("\ud800")}, 50003),
        ({"switchnumber": "02500009999"}, 50004),
    ],
)
async def test_a_sign_in_that_cannot_be_is_refused_with_its_code(
    backend: Backend, platform: Platform2, changed: dict[str, Any], code: int
) -> None:
    assert (await _refused(platform.sign_in(_credentials(backend, **changed))))[0] == code


@pytest.mark.parametrize(
    ("address", "code", "message_id"),
    [
        ("", 50002, "login.no-backend"),
        ("  ", 50002, "login.no-backend"),
        ("http://pbx.invalid/", 50001, "login.insecure-backend"),
        ("http://127.0.0.1.pbx.invalid/", 50001, "login.insecure-backend"),
        ("http://10.0.0.1/", 50001, "login.insecure-backend"),
        ("http://pbx.localhost/", 50001, "login.insecure-backend"),
        ("ftp://pbx.invalid/", 50001, ""),
        ("https://", 50001, ""),
        ("https://pbx.invalid:99999/", 50001, ""),
        ("https://pbx.invalid:0/", 50001, ""),
        ("https://me:pwd@pbx.invalid/", 50001, ""),
        ("https://pbx.invalid/?q=1", 50001, ""),
        ("https://pbx.invalid/#f", 50001, ""),
        ("https://pbx invalid/", 50001, ""),
        ("https://[::1/", 50001, ""),
        ("https://pbx.invalid/a\nb", 50001, ""),
        ("https://pbx.invalid/", 50002, ""),
        ("pbx.invalid", 50002, ""),
    ],
)
async def test_an_address_that_leads_nowhere_is_refused(
    platform: Platform2, address: str, code: int, message_id: str
) -> None:
    given = Credentials("1001", Secret("hush"), "02500001234", backend=address)
    assert await _refused(platform.sign_in(given)) == (code, message_id)


async def test_a_server_that_is_down_is_50000_in_its_own_words(platform: Platform2) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
        given = Credentials("1001", Secret("hush"), "02500001234", backend=address)
        assert await _refused(platform.sign_in(given)) == (50000, "login.server-down")


async def test_a_server_that_does_not_answer_in_time_is_50000(backend: Backend) -> None:
    gone = asyncio.Event()

    async def hang(request: web.Request) -> tuple[int, Any]:
        await gone.wait()
        return 200, {}

    backend.answers[ROUTES.sign_in.path] = hang
    platform = Platform2(time_limit=0.2)
    assert await _refused(platform.sign_in(_credentials(backend))) == (50000, "login.server-down")
    gone.set()
    await platform.close()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (web.Response, 50000),
        (lambda _: web.Response(text="<html>", status=200), 50000),
        (lambda _: web.Response(text="busy", status=503), 50000),
        (lambda _: web.Response(body=b"[" * 100_000), 50000),
        (lambda _: web.Response(body=b'{"status": ' + b"9" * 5000 + b"}"), 50000),
        (lambda _: web.Response(body=b" " * 1_100_000 + b"{}"), 50000),
        ((500, {"status": 200}), 50000),
        ((500, {"status": 50010, "info": "x"}), 50010),
        ((404, {}), 50000),
        ((401, {}), 50003),
        ((403, {"status": 403}), 50003),
        ((401, {"status": "50004"}), 50004),
        ((200, {"status": 60001}), 60001),
        ((200, {"status": "no"}), 50000),
        ((200, {"status": True}), 50000),
        ((200, []), 50005),
        ((200, None), 50005),
        ((200, {"status": 0}), 50005),
        ((200, {"data": {"token": "", "expires_in": 5}}), 50005),
        ((200, {"data": {"token": "a b", "expires_in": 5}}), 50005),
        ((200, {"data": {"expires_in": 60}}), 50005),
    ],
)
async def test_an_answer_out_of_order_has_its_code(
    backend: Backend, platform: Platform2, answer: Any, code: int
) -> None:
    backend.answers[ROUTES.sign_in.path] = (
        (lambda _: web.Response()) if answer is web.Response else answer
    )
    assert (await _refused(platform.sign_in(_credentials(backend))))[0] == code


WRONG: list[Any] = [None, 5, "x", [], {}, True]


@pytest.mark.parametrize("part", ["userInfo", "sip"])
@pytest.mark.parametrize("wrong", WRONG)
async def test_login_data_of_a_wrong_shape_are_50005(
    backend: Backend, platform: Platform2, part: str, wrong: Any
) -> None:
    backend.user[part] = wrong
    assert (await _refused(platform.sign_in(_credentials(backend))))[0] == 50005


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("groupInfo", 5),
        ("groupInfo", [5]),
        ("groupInfo", [{"name": "no gid"}]),
        ("enterprise", [5]),
        ("userInfo", {"number": "1001"}),
        ("userInfo", {"number": "a", "eid": "1"}),
        ("userInfo", {"number": "1001", "eid": -1}),
        ("userInfo", {"number": "1001", "eid": "9" * 20}),
        ("sip", {"url": "ws://127.0.0.1/", "domain": ""}),
        ("sip", {"url": "ws://127.0.0.1/", "domain": "a\r\nb"}),
        ("sip", {"url": "ws://127.0.0.1/", "domain": "a b"}),
        ("sip", {"url": 5, "domain": "a.invalid"}),
        ("sip", {"url": "http://127.0.0.1/", "domain": "a.invalid"}),
        ("sip", {"url": "ws://127.0.0.1/", "domain": "a.invalid", "pbx": "x"}),
        ("sip", {"url": "ws://127.0.0.1/", "domain": "a.invalid", "pbx": 5}),
    ],
)
async def test_login_data_that_cannot_be_used_are_50005(
    backend: Backend, platform: Platform2, part: str, value: Any
) -> None:
    backend.user[part] = value
    assert await _refused(platform.sign_in(_credentials(backend))) == (50005, "")


GROUP = {"gid": "5", "name": "Sales"}
ODD: list[Any] = [None, 5, "x", [], {}, {"gid": None}, {"gid": "x"}, {"name": "no gid"}]


async def test_a_list_longer_than_is_read_is_read_to_there_and_said(backend: Backend) -> None:
    skipped: list[PlatformError] = []
    platform = Platform2(skipped=skipped.append)
    backend.user["groupInfo"] = [GROUP] * (MAX_ENTRIES + 3)
    assert len((await platform.sign_in(_credentials(backend))).groups) == MAX_ENTRIES
    assert [error.info for error in skipped] == [f"3 entries beyond the first {MAX_ENTRIES}"]
    await platform.close()


@pytest.mark.parametrize("odd", ODD)
async def test_one_entry_that_cannot_be_read_is_one_entry_less(backend: Backend, odd: Any) -> None:
    skipped: list[PlatformError] = []
    platform = Platform2(skipped=skipped.append)
    backend.user["groupInfo"] = [odd, GROUP, odd]
    assert (await platform.sign_in(_credentials(backend))).groups == (Group("5", "Sales"),)
    assert [error.code for error in skipped] == [50005, 50005]
    backend.answers[ROUTES.groups.path] = (200, {"data": [GROUP, odd], "total": ""})
    assert (await platform.get_groups()).groups == (Group("5", "Sales"),)
    seat = {"number": "0101"}
    page = {"gid": 5, "seats": {"1": 7, "4": seat}, "current_page": 1.0, "last_page": None}
    backend.answers[ROUTES.members.path] = (200, {"data": {"0": page}})
    assert [each.number for each in (await platform.get_group_members("5")).seats] == ["0101"]
    assert len(skipped) == 4
    await platform.close()


async def test_lists_and_numbers_may_be_written_as_other_languages_do(
    backend: Backend, platform: Platform2
) -> None:
    backend.life = 86_400_000  # a day, in milliseconds
    backend.user["enterprise"] = []
    backend.user["userInfo"] |= {"eid": 70000.0}
    backend.user["groupInfo"] = {"3": {"gid": 5.0, "name": "Sales"}, "7": {"gid": 6, "name": "B"}}
    user = await platform.sign_in(_credentials(backend))
    assert (user.eid, [group.gid for group in user.groups]) == ("70000", ["5", "6"])


@pytest.mark.parametrize("encoding", ["gbk", "latin-1", "utf-8-sig", "utf-16", "utf-16-le"])
async def test_names_may_be_written_in_any_encoding(
    backend: Backend, platform: Platform2, encoding: str
) -> None:
    backend.user["userInfo"]["displayname"] = "é\n"
    text = json.dumps({"data": backend.user}, ensure_ascii=False).replace("\\n", "\n")
    body = text.encode(encoding)
    backend.answers[ROUTES.user.path] = lambda _: web.Response(body=body)
    user = await platform.sign_in(_credentials(backend))
    assert user.number == "1001"
    assert user.displayname


@pytest.mark.parametrize(("status", "text"), [(204, None), (200, None), (201, " ")])
async def test_a_yes_without_a_word_checks_in_and_out(
    backend: Backend, platform: Platform2, status: int, text: str | None
) -> None:
    await platform.sign_in(_credentials(backend))
    for route in (ROUTES.check_in, ROUTES.check_out):
        backend.answers[route.path] = lambda _: web.Response(status=status, text=text)
    await platform.check_in("5")
    await platform.check_out()


async def test_a_line_in_the_clear_to_another_machine_is_refused(
    backend: Backend, platform: Platform2
) -> None:
    backend.user["sip"]["url"] = "ws://pbx.invalid/sip"
    refused = await _refused(platform.sign_in(_credentials(backend)))
    assert refused == (50005, "login.insecure-line")


async def test_what_login_data_may_leave_out(backend: Backend, platform: Platform2) -> None:
    backend.user = {
        "userInfo": {"eid": 70000, "number": "0101"},
        "sip": {"url": "wss://pbx.invalid:9060", "domain": "pbx.invalid", "pbx": "sip:p@x"},
        "groupInfo": None,
        "enterprise": {
            "allow_auto_answer": 1,
            "auto_answer_duration": "5",
            "epname": "A\u202e[/]",
            "extension_start": 100,
            "extension_end": "x",
        },
    }
    user = await platform.sign_in(_credentials(backend))
    assert (user.number, user.eid, user.groups, user.displayname) == ("0101", "70000", (), "")
    assert (user.extension_start, user.extension_end) == ("100", "")
    assert (user.auto_answer, user.epname) == (5, "A[/]")
    assert platform.sip_account("0").pbx == "sip:p@x"


async def test_a_route_of_the_config_is_asked(backend: Backend) -> None:
    platform = Platform2(routes={"sign_in": "POST /elsewhere", "source": "me"})
    backend.answers["elsewhere"] = (200, {"status": 50004, "info": "no\x1b[31m such\u202e"})
    with pytest.raises(PlatformError, match=r"^50004 no such$"):
        await platform.sign_in(_credentials(backend))
    assert backend.seen[0][1]["source"] == "me"
    await platform.close()
    wrong = Platform2(routes={"nothing": "x"})
    assert await _refused(wrong.sign_in(_credentials(backend))) == (50001, "")
    await wrong.close()


async def test_without_a_sign_in_nothing_is_asked(platform: Platform2) -> None:
    for asked in (
        platform.check_in("0"),
        platform.check_out(),
        platform.get_groups(),
        platform.get_group_members("1"),
    ):
        assert await _refused(asked) == (50001, "")
    with pytest.raises(PlatformError, match="50001"):
        platform.sip_account("0")


# ---------------------------------------------------------------- redirects


async def test_a_redirect_on_the_same_server_is_followed(
    backend: Backend, platform: Platform2
) -> None:
    await platform.sign_in(_credentials(backend))
    path = ROUTES.groups.path

    def once(request: web.Request) -> Any:
        backend.answers[path] = (200, {"data": []})
        return web.Response(status=302, headers={"Location": "/" + path})

    backend.answers[path] = once
    assert (await platform.get_groups()).groups == ()


async def test_a_redirect_to_another_server_gets_nothing(
    backend: Backend, platform: Platform2
) -> None:
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(100))
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        await platform.sign_in(_credentials(backend))
        for location in (f"http://127.0.0.1:{port}/", f"//localhost:{port}", "https://x.invalid/"):
            answer = web.Response(status=307, headers={"Location": location})
            backend.answers[ROUTES.groups.path] = lambda _, answer=answer: answer
            assert await _refused(platform.get_groups()) == (50000, "")
    assert heard == []


async def test_a_redirect_does_not_go_on_for_ever_nor_change_what_is_asked(
    backend: Backend, platform: Platform2
) -> None:
    await platform.sign_in(_credentials(backend))
    for status, path in ((307, ROUTES.groups.path), (302, ROUTES.check_in.path)):
        backend.answers[path] = lambda r, status=status: web.Response(
            status=status, headers={"Location": r.path}
        )
    before = len(backend.seen)
    assert await _refused(platform.get_groups()) == (50000, "")
    assert len(backend.seen) == before + 4
    assert await _refused(platform.check_in("0")) == (50000, "")
    assert len(backend.seen) == before + 5


# ---------------------------------------------------------------- seat


async def test_checking_in_and_out_tell_the_platform(backend: Backend, platform: Platform2) -> None:
    await platform.sign_in(_credentials(backend, callintype=5, number="8001"))
    await platform.check_in("1000000001")
    assert backend.seen[-1][2] == {"gid": "1000000001", "callintype": 5, "number": "8001"}
    await platform.check_out()
    assert backend.paths()[-1] == ROUTES.check_out.path


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((200, {"status": 52003, "info": "no such phone"}), (52003, "login.check-in")),
        ((403, {"status": 52003}), (52003, "login.check-in")),
        ((403, {}), (52000, "login.check-in")),
        ((500, {}), (50000, "")),
    ],
)
async def test_a_check_in_that_fails_has_a_code_of_its_own(
    backend: Backend, platform: Platform2, answer: Any, expected: tuple[int, str]
) -> None:
    await platform.sign_in(_credentials(backend))
    backend.answers[ROUTES.check_in.path] = answer
    assert await _refused(platform.check_in("0")) == expected


async def test_a_check_out_that_fails_says_so(backend: Backend, platform: Platform2) -> None:
    await platform.sign_in(_credentials(backend))
    backend.answers[ROUTES.check_out.path] = (200, {"status": 1})
    assert await _refused(platform.check_out()) == (53000, "")


@pytest.mark.parametrize("status", [200, 1])
async def test_a_check_out_stops_the_renewal_of_the_token_refused_or_not(
    backend: Backend, platform: Platform2, status: int
) -> None:
    await platform.sign_in(_credentials(backend))
    before = asyncio.all_tasks()
    platform.start_token_renewal(lambda error: pytest.fail(str(error)))
    timer = asyncio.all_tasks() - before
    assert len(timer) == 1
    backend.answers[ROUTES.check_out.path] = (200, {"status": status})
    if status == 200:
        await platform.check_out()
    else:
        assert await _refused(platform.check_out()) == (53000, "")
    assert all(task.done() for task in timer)


# ---------------------------------------------------------------- directory


async def test_groups_come_by_page_and_a_state_may_be_missing(
    backend: Backend, platform: Platform2
) -> None:
    await platform.sign_in(_credentials(backend))
    page = await platform.get_groups(2)
    assert (page.current_page, page.last_page, page.total) == (2, 2, 3)
    assert page.groups == (
        Group("1000000001", "Sales", "7", 1, "有空闲"),
        Group("1000000002", "Sales", "7"),
    )


async def test_members_stand_inside_the_first_element(
    backend: Backend, platform: Platform2
) -> None:
    await platform.sign_in(_credentials(backend))
    page = await platform.get_group_members("1000000001", 2)
    assert (page.gid, page.name) == ("1000000001", "Sales")
    assert (page.current_page, page.last_page, page.total) == (2, 3, 21)
    assert page.seats == (Seat("0107", "Wang Fang", "1000000107", "w7", 1, "离线"),)


@pytest.mark.parametrize(
    "body",
    [
        *({"data": []}, {"data": {}}, {"data": [{"seats": []}]}, {"data": [{"seats": {}}]}),
        {"data": [{"seats": None}]},
    ],
)
async def test_a_group_without_members_is_an_empty_page(
    backend: Backend, platform: Platform2, body: Any
) -> None:
    await platform.sign_in(_credentials(backend))
    backend.answers[ROUTES.members.path] = (200, body)
    assert (await platform.get_group_members("7")).seats == ()


@pytest.mark.parametrize(
    "body",
    [
        *([each] for each in WRONG),
        [],
        {},
        {"data": None},
        {"data": 5},
        {"data": [5]},
        {"data": [{"gid": "x"}]},
        {"data": [{"gid": [], "seats": 5}]},
        {"data": [{"gid": -1, "seats": [5]}]},
    ],
)
async def test_a_directory_of_a_wrong_shape_is_50008_or_50009(
    backend: Backend, platform: Platform2, body: Any
) -> None:
    await platform.sign_in(_credentials(backend))
    backend.answers[ROUTES.groups.path] = backend.answers[ROUTES.members.path] = (200, body)
    assert await _refused(platform.get_groups()) == (50008, "")
    assert await _refused(platform.get_group_members("1")) == (50009, "")


@pytest.mark.parametrize("odd", ["x", -1, 1.5, True, [], {}, "1" * 30, "-2"])
@pytest.mark.parametrize("name", ["current_page", "last_page", "total"])
async def test_paging_that_cannot_be_read_costs_no_list_and_is_said(
    backend: Backend, name: str, odd: Any
) -> None:
    skipped: list[PlatformError] = []
    platform = Platform2(skipped=skipped.append)
    await platform.sign_in(_credentials(backend))
    group = {"gid": 1, "name": "Sales", "seats": [{"number": "0101"}], name: odd}
    backend.answers[ROUTES.groups.path] = (200, {"data": [group], name: odd})
    backend.answers[ROUTES.members.path] = (200, {"data": [group]})
    groups, members = await platform.get_groups(2), await platform.get_group_members("1", 2)
    assert [group.name for group in groups.groups] == ["Sales"]
    assert (groups.current_page, groups.last_page, groups.total) == (2, 2, 1)
    assert [seat.number for seat in members.seats] == ["0101"]
    assert (members.current_page, members.last_page, members.total) == (2, 2, 1)
    known = {"current_page": "page"}.get(name, name)
    assert [error.info for error in skipped] == [f"{name} ([fields] {known})"] * 2
    await platform.close()


async def test_a_number_of_any_length_costs_nothing_of_an_answer(backend: Backend) -> None:
    platform = Platform2()
    backend.user["trace"] = "@"
    user = json.dumps({"status": 200, "data": backend.user})
    backend.answers[ROUTES.user.path] = lambda _: web.Response(text=user.replace('"@"', "7" * 5000))
    assert (await platform.sign_in(_credentials(backend))).number == "1001"
    await platform.close()


async def test_a_refusal_of_the_directory_has_its_code(
    backend: Backend, platform: Platform2
) -> None:
    await platform.sign_in(_credentials(backend))
    backend.answers[ROUTES.groups.path] = (200, {"status": 50007, "info": "x"})
    assert await _refused(platform.get_groups()) == (50007, "")


async def test_a_request_that_the_platform_does_not_know_is_50007(backend: Backend) -> None:
    platform = Platform2(routes={"groups": "GET nowhere"})
    await platform.sign_in(_credentials(backend))
    with pytest.raises(PlatformError) as caught:
        await platform.get_groups()
    assert (caught.value.code, caught.value.info) == (50007, "unknown request")
    assert codes.login_id(caught.value) == "login.50007"
    await platform.close()


async def test_a_state_of_any_shape_is_a_state(backend: Backend, platform: Platform2) -> None:
    await platform.sign_in(_credentials(backend))
    for state in [*WRONG, {"state_id": "x", "state_name": 5}, {"state_id": 10**20}]:
        group = {"gid": 1, "name": ["x"], "group_real_time_state": state}
        backend.answers[ROUTES.groups.path] = (200, {"status": 200, "data": {"data": [group]}})
        (found,) = (await platform.get_groups()).groups
        assert (found.gid, found.name, found.state_id) == ("1", "", None)


# ---------------------------------------------------------------- token


async def test_a_token_that_is_not_taken_is_renewed_once(
    backend: Backend, platform: Platform2
) -> None:
    await platform.sign_in(_credentials(backend))
    before = len(backend.seen)
    for status in (401, 403):
        asked: list[str] = []

        def refuse_first(
            request: web.Request, status: int = status, asked: list[str] = asked
        ) -> Any:
            asked.append(request.headers["Authorization"])
            return (status, {"status": 59999}) if len(asked) == 1 else (200, {"data": []})

        backend.answers[ROUTES.groups.path] = refuse_first
        await platform.get_groups()
        assert len(set(asked)) == 2
    assert (
        backend.paths()[before:] == [ROUTES.groups.path, ROUTES.renew.path, ROUTES.groups.path] * 2
    )


@pytest.mark.parametrize("text", ["", "<html>Unauthorized</html>", "no"])
async def test_a_gateways_401_is_about_the_token_in_whatever_words(
    backend: Backend, platform: Platform2, text: str
) -> None:
    await platform.sign_in(_credentials(backend))
    asked: list[str] = []

    def refuse_first(request: web.Request) -> Any:
        asked.append(request.headers["Authorization"])
        if len(asked) == 1:
            return web.Response(status=401, text=text, content_type="text/html")
        return 200, {"data": []}

    backend.answers[ROUTES.groups.path] = refuse_first
    await platform.get_groups()
    assert len(set(asked)) == 2
    backend.answers[ROUTES.sign_in.path] = lambda _: web.Response(status=401, text=text)
    with pytest.raises(PlatformError) as error:
        await platform.sign_in(_credentials(backend))
    assert (error.value.code, error.value.info) == (50003, "HTTP 401 Unauthorized")


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 502, 503, 504])
async def test_a_refusal_that_is_no_json_says_its_status(
    backend: Backend, platform: Platform2, status: int
) -> None:
    await platform.sign_in(_credentials(backend))
    for path, asked in (
        (ROUTES.groups.path, platform.get_groups),
        (ROUTES.sign_in.path, lambda: platform.sign_in(_credentials(backend))),
    ):
        backend.answers[path] = lambda _: web.Response(status=status, text="<html>\x1b[2J")
        with pytest.raises(PlatformError) as error:
            await asked()
        assert error.value.code == 50000  # passes: neither the password nor the token is at fault
        assert error.value.info.startswith(f"HTTP {status} ")


@pytest.mark.parametrize(
    ("encoding", "squeeze"),
    [
        ("gzip", gzip.compress),
        ("X-GZIP", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda text: zlib.compress(text)[2:-4]),
        ("identity", bytes),
    ],
)
async def test_an_answer_that_is_compressed_though_nobody_asked_is_read(
    backend: Backend, platform: Platform2, encoding: str, squeeze: Callable[[bytes], bytes]
) -> None:
    await platform.sign_in(_credentials(backend))
    body = squeeze(b'{"data": []}')
    head = {"Content-Encoding": encoding}
    backend.answers[ROUTES.groups.path] = lambda _: web.Response(body=body, headers=head)
    assert (await platform.get_groups()).groups == ()


@pytest.mark.parametrize(
    ("encoding", "body", "info"),
    [
        ("br", b"\x0b", "the answer is compressed (br)"),
        ("gzip", b"never", "the answer is compressed, and broken"),
        ("gzip", gzip.compress(b" " * (MAX_BYTES + 1)), "the answer is too long"),
        ("gzip", b"", "the answer is not JSON"),
    ],
    ids=["unknown", "broken", "too long", "empty"],  # what gzip makes holds the time
)
async def test_an_answer_that_cannot_be_expanded_says_why(
    backend: Backend, platform: Platform2, encoding: str, body: bytes, info: str
) -> None:
    await platform.sign_in(_credentials(backend))
    head = {"Content-Encoding": encoding}
    backend.answers[ROUTES.groups.path] = lambda _: web.Response(body=body, headers=head)
    with pytest.raises(PlatformError) as error:
        await platform.get_groups()
    assert (error.value.code, error.value.info) == (50000, info)


@pytest.mark.parametrize(
    ("info", "words"),
    [
        ("no such group", "no such group"),
        (5, "5"),
        (["closed", 7, None, ["x"], "today"], "closed 7 today"),
        ({"zh": "关闭", "en": "closed", "more": {}}, "关闭 closed"),
        (None, ""),
        (True, ""),
    ],
)
async def test_the_platforms_words_are_read_in_any_shape(
    backend: Backend, platform: Platform2, info: Any, words: str
) -> None:
    await platform.sign_in(_credentials(backend))
    backend.answers[ROUTES.groups.path] = (200, {"status": 50008, "info": info})
    with pytest.raises(PlatformError) as error:
        await platform.get_groups()
    assert (error.value.code, error.value.info) == (50008, words)


@pytest.mark.parametrize("status", [300, 302, 304])
async def test_a_redirect_to_nowhere_is_said(
    backend: Backend, platform: Platform2, status: int
) -> None:
    await platform.sign_in(_credentials(backend))
    backend.answers[ROUTES.groups.path] = lambda _: web.Response(status=status)
    with pytest.raises(PlatformError) as error:
        await platform.get_groups()
    assert error.value.info == f"redirected ({status}) to nowhere"


async def test_a_token_that_is_never_taken_is_an_error(
    backend: Backend, platform: Platform2
) -> None:
    await platform.sign_in(_credentials(backend))
    before = len(backend.seen)
    backend.answers[ROUTES.groups.path] = (401, {})
    assert await _refused(platform.get_groups()) == (50003, "login.token-refused")
    assert len(backend.seen) == before + 3


async def test_after_a_night_of_sleep_the_password_gets_a_new_token(
    backend: Backend, platform: Platform2
) -> None:
    await platform.sign_in(_credentials(backend))
    backend.tokens.clear()
    before = len(backend.seen)
    assert (await platform.get_groups()).total == 3
    assert backend.paths()[before:] == [
        *(ROUTES.groups.path, ROUTES.renew.path, ROUTES.sign_in.path, ROUTES.groups.path)
    ]


@pytest.mark.parametrize("answer", [(404, {"status": 50007}), (200, {"status": 50003})])
async def test_a_renewal_that_is_refused_in_other_words_is_mended_as_well(
    backend: Backend, platform: Platform2, answer: Any
) -> None:
    await platform.sign_in(_credentials(backend))
    backend.tokens.clear()
    backend.answers[ROUTES.renew.path] = answer
    assert (await platform.get_groups()).total == 3
    assert backend.paths().count(ROUTES.sign_in.path) == 2


async def test_a_renewal_that_gets_no_answer_does_not_try_the_password(
    backend: Backend, platform: Platform2
) -> None:
    await platform.sign_in(_credentials(backend))
    backend.tokens.clear()
    backend.answers[ROUTES.renew.path] = (503, {})
    assert await _refused(platform.get_groups()) == (50000, "")
    assert backend.paths().count(ROUTES.sign_in.path) == 1


async def test_many_requests_that_are_refused_at_once_renew_once(
    backend: Backend, platform: Platform2
) -> None:
    await platform.sign_in(_credentials(backend))
    backend.tokens.clear()
    await asyncio.gather(*(platform.get_groups() for _ in range(8)))
    assert backend.paths().count(ROUTES.renew.path) == 1


async def test_a_password_that_was_changed_ends_the_renewal_once(
    backend: Backend, platform: Platform2
) -> None:
    await platform.sign_in(_credentials(backend))
    failures: list[PlatformError] = []
    platform.start_token_renewal(failures.append)
    backend.tokens.clear()
    backend.answers[ROUTES.sign_in.path] = (401, {"status": 50003})
    for _ in range(3):
        assert await _refused(platform.get_groups()) == (50003, "login.token-refused")
    assert [error.code for error in failures] == [50003]
    assert backend.paths().count(ROUTES.renew.path) == 1


async def test_closing_ends_everything_quietly(backend: Backend) -> None:
    platform = Platform2()
    await platform.sign_in(_credentials(backend))
    platform.start_token_renewal(lambda error: pytest.fail(str(error)))
    await platform.close()
    await platform.close()
    assert backend.paths()[-1] == ROUTES.user.path
    assert await _refused(platform.get_groups()) == (50001, "")


async def test_closing_in_the_middle_of_a_request_is_an_error_in_words(backend: Backend) -> None:
    platform = Platform2()
    await platform.sign_in(_credentials(backend))
    arrived, gone = asyncio.Event(), asyncio.Event()

    async def hang(request: web.Request) -> tuple[int, Any]:
        arrived.set()
        await gone.wait()
        return 200, {}

    backend.answers[ROUTES.groups.path] = hang
    asked = asyncio.create_task(platform.get_groups())
    await asyncio.wait_for(arrived.wait(), 20)
    await platform.close()
    assert await _refused(asked) == (50000, "")
    gone.set()


# ---------------------------------------------------------------- TLS


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    platform: Platform2, tmp_path: Path
) -> None:
    asked: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response({"status": 50004})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    server = TestServer(app, host="127.0.0.1", scheme="https")
    await server.start_server(ssl=certificate(tmp_path)[1])
    address = f"https://127.0.0.1:{server.port}"
    given = Credentials("1001", Secret("hush"), "02500001234", backend=address)
    with pytest.raises(PlatformError, match=r"^50000 .*Certificate") as caught:
        await platform.sign_in(given)
    assert caught.value.message_id == "login.unverified"
    await server.close()
    assert asked == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((429, {"message": "slow down"}), "slow down"),
        ((503, {"error": {"code": 7, "message": "back at six\x1b[2J"}}), "back at six"),
        ((400, {"error": "invalid_grant", "error_description": "no such user"}), "no such user"),
        ((500, {"type": "about:blank", "title": "Broken"}), "Broken"),
        ((503, {}), "HTTP 503 Service Unavailable"),
        ((503, {"info": "ours", "message": "theirs"}), "ours"),
        ((200, {"status": "success"}), 'status "success" ([fields] success)'),
        ((200, {"status": [1]}), "status [1] ([fields] success)"),
        ((200, {"status": 50008}), ""),
    ],
)
async def test_the_words_of_whoever_refuses_are_found_or_http_says_it(
    backend: Backend, platform: Platform2, answer: Any, words: str
) -> None:
    await platform.sign_in(_credentials(backend))
    backend.answers[ROUTES.groups.path] = answer
    with pytest.raises(PlatformError) as error:
        await platform.get_groups()
    assert error.value.info == words


@pytest.mark.parametrize(
    ("page", "info"),
    [
        (
            "<!DOCTYPE html><TITLE lang=en>\n Welcome &amp; sign in </title>",
            "a web page, and no answer: Welcome & sign in",
        ),
        ("<html>", "a web page, and no answer"),
        ("<title> </title>", "a web page, and no answer"),
    ],
)
async def test_a_page_in_the_place_of_an_answer_is_said_to_be_one(
    backend: Backend, platform: Platform2, page: str, info: str
) -> None:
    backend.answers[ROUTES.sign_in.path] = lambda _: web.Response(
        text=page, content_type="text/html"
    )
    with pytest.raises(PlatformError) as error:
        await platform.sign_in(_credentials(backend))
    assert (error.value.code, error.value.info) == (50000, info)


async def test_a_long_head_refuses_no_answer(backend: Backend, platform: Platform2) -> None:
    head = {f"X-{number}": "y" * 100 for number in range(300)} | {"X-Policy": "z" * 20_000}
    backend.answers[ROUTES.groups.path] = lambda _: web.Response(text='{"data": []}', headers=head)
    await platform.sign_in(_credentials(backend))
    assert (await platform.get_groups()).groups == ()

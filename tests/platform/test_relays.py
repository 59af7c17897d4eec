"""TURN credentials: as given, or fetched anew before they expire."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from tui.platform import relays
from tui.platform.relays import Relay, Relays, RenewalError, renewed
from tui.secrets import Secret

TURN = "turn:relay.example:3478"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Any], Awaitable[str]]]:
    """A web server on loopback that gives this answer: JSON, text, or a status."""
    runners: list[web.AppRunner] = []

    async def start(give: Callable[[], Any]) -> str:
        async def answer(request: web.Request) -> web.Response:
            given = give()
            if isinstance(given, int):
                return web.Response(status=given, headers={"Location": "http://127.0.0.1:1/"})
            text = given if isinstance(given, str) else json.dumps(given)
            return web.Response(text=text)

        app = web.Application()
        app.router.add_get("/turn", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        runners.append(runner)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}/turn"

    yield start
    for runner in runners:
        await runner.cleanup()


async def test_what_the_config_gives_is_used_for_ever() -> None:
    given = Relays(["stun:s.example", TURN], "1001", Secret("open sesame"), clock=Clock())
    assert await given.servers() == (
        Relay("stun:s.example"),
        Relay(TURN, "1001", Secret("open sesame")),
    )
    assert "sesame" not in repr(await given.servers())


async def test_a_server_that_has_its_credentials_in_itself_keeps_them() -> None:
    url = "turn:name:word@relay.example"
    assert await Relays([url, TURN], clock=Clock()).servers() == (Relay(url), Relay(TURN))


async def test_credentials_are_fetched_and_renewed_before_they_expire(serve: Any) -> None:
    count = 0

    def give() -> dict[str, object]:
        nonlocal count
        count += 1
        return {"username": f"{count}:1001", "password": "p", "ttl": 100, "uris": [TURN, 7, "x:y"]}

    clock = Clock()
    url = await serve(give)
    given = Relays(["stun:s.example", "turn:old.example"], renewal=[url], clock=clock)
    wanted = (Relay("stun:s.example"), Relay(TURN, "1:1001", Secret("p")))
    assert await given.servers() == wanted
    clock.now = 79
    assert await given.servers() == wanted
    clock.now = 81
    assert (await given.servers())[1].username == "2:1001"


async def test_without_new_credentials_the_old_ones_are_tried_and_asked_for_again(
    serve: Any,
) -> None:
    answers: list[Any] = [{"username": "1", "credential": "p"}, 503, {"username": "2"}, 500]
    clock = Clock()
    given = Relays([TURN], renewal=[await serve(lambda: answers.pop(0))], clock=clock)
    assert (await given.servers())[0].username == "1"
    clock.now = 1000
    assert (await given.servers())[0].username == "1"
    assert len(answers) == 2
    clock.now = 1010  # not at every call
    assert (await given.servers())[0].username == "1"
    assert len(answers) == 2
    clock.now = 1031
    assert (await given.servers())[0].username == "1"
    assert len(answers) == 1


async def test_a_command_may_give_them() -> None:
    code = 'print(\'{"username": "1", "password": "p"}\')'
    given = Relays([TURN], renewal=[sys.executable, "-c", code], clock=Clock())
    assert await given.servers() == (Relay(TURN, "1", Secret("p")),)


@pytest.mark.parametrize(
    "words",
    [
        [sys.executable, "-c", "raise SystemExit(3)"],
        [sys.executable, "-c", "print('no json')"],
        [sys.executable, "-c", "print('[1]')"],
        [sys.executable, "-c", "print('x' * 100000)"],
        ["/nowhere/at/all", "x"],
        ["http://relay.example/turn"],
        ["ftp://relay.example/turn"],
        ["http://127.0.0.1:1/turn"],
    ],
)
async def test_what_gives_none_is_an_error_in_words(words: list[str]) -> None:
    with pytest.raises(RenewalError):
        await renewed(words)


@pytest.mark.parametrize(
    ("answer", "urls", "life"),
    [
        ({"username": "1", "credential": "p", "ttl": "1000", "urls": TURN}, [TURN], 1000),
        ({"iceServers": {"urls": [TURN], "username": "1", "credential": "p"}}, [TURN], 600),
        (
            {
                "ice_servers": [
                    {"url": "stun:s.example"},
                    {"url": TURN, "username": "1", "credential": "p"},
                ],
                "ttl": "86400",
            },
            [TURN],
            86400,
        ),
        ({"s": "ok", "v": {"iceServers": {"username": "1", "credential": "p"}}}, [], 600),
        (
            [{"urls": "stun:s.example"}, {"urls": TURN, "username": "1", "credential": "p"}],
            [TURN],
            600,
        ),
        ({"username": "1", "password": "p", "ttl": 0, "uris": [5, "http://x"]}, [], 600),
    ],
)
async def test_credentials_are_found_as_the_services_of_relays_write_them(
    serve: Any, answer: Any, urls: list[str], life: int
) -> None:
    clock = Clock()
    answers = [answer, {"username": "2", "password": "p"}]
    own = "turn:own.example"
    given = Relays([own], renewal=[await serve(lambda: answers.pop(0))], clock=clock)
    assert await given.servers() == tuple(Relay(url, "1", Secret("p")) for url in (urls or [own]))
    clock.now = 0.79 * life
    await given.servers()
    assert len(answers) == 1
    clock.now = 0.81 * life
    await given.servers()
    assert answers == []


async def test_a_renewal_is_asked_for_as_it_is_read() -> None:
    """Not compressed: nothing here expands it."""
    heard: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        heard.append(request.headers["Accept-Encoding"])
        response = web.json_response({"username": "1", "password": "p"})
        response.enable_compression()
        return response

    app = web.Application()
    app.router.add_get("/turn", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        found = await renewed([f"http://127.0.0.1:{runner.addresses[0][1]}/turn"])
    finally:
        await runner.cleanup()
    assert found["username"] == "1"
    assert heard == ["identity"]


@pytest.mark.parametrize("answer", [404, 302, "x" * 100_000, "[]"])
async def test_an_answer_that_is_none_is_an_error_in_words(serve: Any, answer: Any) -> None:
    with pytest.raises(RenewalError):
        await renewed([await serve(lambda: answer)])


async def test_a_command_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relays, "LIMIT", 0.3)
    with pytest.raises(RenewalError, match="in time"):
        await renewed([sys.executable, "-c", "import time; time.sleep(60)"])

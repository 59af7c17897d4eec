"""Servers behind a proxy: which it is, and what is said when it leads nowhere."""

from __future__ import annotations

import asyncio
import socket
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.certificate import certificate
from tests.platform.conftest import Backend
from tests.proxy_box import ProxyBox, proxy_before
from tui.engine.checks import world as checks
from tui.engine.checks.network import CannotDial
from tui.platform.base import Credentials, PlatformError
from tui.platform.codes import NO_PROXY
from tui.platform.gen2.platform import Platform2
from tui.platform.web.http_client import HttpClient, NoProxy, Unverified
from tui.platform.web.proxies import name_of, proxy_for
from tui.secrets import Secret

NAME = "cc.test.invalid"
"""Nobody resolves it: who comes there came through the proxy."""
SETTINGS = ("https_proxy", "all_proxy", "no_proxy", "wss_proxy", "http_proxy")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("url", "settings", "found"),
    [
        ("https://a.example/x", {"HTTPS_PROXY": "http://p.example:3128"}, "http://p.example:3128"),
        ("https://a.example/x", {"https_proxy": "p.example:3128"}, "http://p.example:3128"),
        ("https://a.example", {"ALL_PROXY": "http://p.example"}, "http://p.example"),
        ("wss://a.example:9060", {"ALL_PROXY": "http://p.example"}, "http://p.example"),
        ("wss://a.example", {"HTTPS_PROXY": " HTTP://p.example "}, "http://p.example"),
        ("https://a.example", {"HTTPS_PROXY": "http://x:y@p:1"}, "http://x:y@p:1"),
        ("https://a.example", {"HTTPS_PROXY": "http://x@p:1"}, "http://x:@p:1"),
        ("https://a.example", {"HTTPS_PROXY": "", "ALL_PROXY": ""}, None),
        ("https://a.example", {"HTTP_PROXY": "http://p"}, None),
        ("https://a.example", {}, None),
        ("http://a.example", {"ALL_PROXY": "http://p"}, None),
        ("ws://a.example", {"ALL_PROXY": "http://p"}, None),
        ("https://localhost:8443", {"ALL_PROXY": "http://p"}, None),
        ("https://127.0.0.2", {"ALL_PROXY": "http://p"}, None),
        ("https://[::1]:8443", {"ALL_PROXY": "http://p"}, None),
        ("https://a.example:x", {"ALL_PROXY": "http://p"}, None),
    ],
)
def test_the_environment_says_by_which_proxy_an_address_is_reached(
    monkeypatch: pytest.MonkeyPatch, url: str, settings: dict[str, str], found: str | None
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == found


@pytest.mark.parametrize(
    ("url", "excepted", "direct"),
    [
        ("https://cc.example.com", "cc.example.com", True),
        ("https://CC.example.com", "cc.example.com", True),
        ("https://cc.example.com", "example.com", True),
        ("https://cc.example.com", ".example.com", True),
        ("https://cc.example.com", "*.example.com", True),
        ("https://cc.example.com", "other, Example.COM", True),
        ("https://cc.example.com", "localhost 127.0.0.1 example.com", True),
        ("https://cc.example.com", "*", True),
        ("https://cc.example.com:8443", "cc.example.com:8443", True),
        ("https://cc.example.com", "cc.example.com:8443", False),
        ("https://ccexample.com", "example.com", False),
        ("https://cc.example.com", "cc", False),
        ("https://cc.example.com", "", False),
        ("https://cc.example.com", ", ,", False),
        ("https://10.1.2.3", "10.0.0.0/8", True),
        ("https://10.1.2.3", "10.1.2.3", True),
        ("https://11.1.2.3", "10.0.0.0/8", False),
        ("https://cc.example.com", "10.0.0.0/8", False),
        ("https://[2001:db8::7]:8443", "2001:db8::/32", True),
        ("https://[2001:db8::7]:8443", "[2001:db8::7]:8443", True),
        ("wss://cc.example.com:9060", "example.com", True),
    ],
)
def test_what_no_proxy_names_is_reached_without_one(
    monkeypatch: pytest.MonkeyPatch, url: str, excepted: str, direct: bool
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://p.example")
    monkeypatch.setenv("NO_PROXY", excepted)
    assert proxy_for(url) == (None if direct else "http://p.example")


class Behind:
    """A platform behind a proxy, which this machine knows no way to but that."""

    def __init__(self, box: ProxyBox, tls: ssl.SSLContext, pem: Path) -> None:
        self.box, self.tls, self.pem = box, tls, pem
        self.platform = Platform2(time_limit=5, tls=tls)

    async def sign_in(self) -> None:
        await self.platform.sign_in(
            Credentials("1001", Secret("hush"), "02500001234", backend=f"https://{NAME}/")
        )


async def over_tls(backend: Backend, context: ssl.SSLContext) -> TestServer:
    """The backend as a server over TLS, for whoever finds the way to it."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", backend.handle)
    server = TestServer(app, host="127.0.0.1", scheme="https")
    await server.start_server(ssl=context)
    return server


@pytest.fixture
async def behind(
    backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Behind]:
    pem, context = certificate(tmp_path, names=[NAME])
    server = await over_tls(backend, context)
    assert server.port is not None
    async with proxy_before(server.port) as box:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{box.address}")
        made = Behind(box, ssl.create_default_context(cafile=pem), pem)
        yield made
        await made.platform.close()
    await server.close()


async def test_a_platform_behind_a_proxy_is_signed_in_at(behind: Behind) -> None:
    await behind.sign_in()
    assert (await behind.platform.get_groups()).total == 3
    assert behind.box.asked[0].splitlines()[:2] == [
        f"CONNECT {NAME}:443 HTTP/1.1",
        f"Host: {NAME}:443",
    ]
    assert len(behind.box.asked) == 1, "one connection serves them all"
    assert "Authorization" not in behind.box.asked[0]


async def test_a_proxy_that_wants_a_password_gets_the_one_of_its_address(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://li%40ming:h%3Ash@{behind.box.address}/")
    await behind.sign_in()
    proof = b64encode(b"li@ming:h:sh").decode()
    assert f"\r\nProxy-Authorization: Basic {proof}\r\n" in behind.box.asked[0]


async def test_a_proxy_may_stand_behind_tls_of_its_own(
    backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem, context = certificate(tmp_path, names=[NAME])
    server = await over_tls(backend, context)
    assert server.port is not None
    async with proxy_before(server.port, context) as box:
        monkeypatch.setenv("ALL_PROXY", f"https://{box.address}")
        made = Behind(box, ssl.create_default_context(cafile=pem), pem)
        await made.sign_in()
        await made.platform.close()
        assert box.asked
    await server.close()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n",
            "it wants a name and a password (HTTP 407 Proxy Authentication Required)",
        ),
        (b"HTTP/1.0 403 Blocked by policy\r\n\r\n<html>", "HTTP 403 Blocked by policy"),
        (b"HTTP/1.1 502\r\n\r\n", "HTTP 502"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "no answer of a proxy"),
        (b"\x05\xff", "no answer of a proxy"),
        (b"x" * 70000, "no answer of a proxy"),
    ],
)
async def test_a_proxy_that_lets_nobody_through_is_named_and_why(
    behind: Behind, monkeypatch: pytest.MonkeyPatch, answer: bytes, why: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://ming:hush-hush@{behind.box.address}")
    behind.box.answer = answer
    with pytest.raises(PlatformError) as caught:
        await behind.sign_in()
    assert (caught.value.code, caught.value.message_id) == (50000, NO_PROXY)
    assert caught.value.info == f"{behind.box.address}: {why}"


@pytest.mark.parametrize(
    ("proxy", "why"),
    [
        ("http://nobody.invalid:3128", "nobody.invalid:3128: "),
        ("socks5h://127.0.0.1:1080", "127.0.0.1:1080: socks5h:// is no address of a proxy"),
        ("http://x:secret@127.0.0.1:99999", "127.0.0.1:99999: http:// is no address of a proxy"),
        ("http://", ": http:// is no address of a proxy"),
    ],
)
async def test_a_proxy_that_cannot_be_used_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, proxy: str, why: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    client = HttpClient()
    with pytest.raises(NoProxy) as caught:
        await client.request("GET", f"https://{NAME}/", most=10)
    assert str(caught.value).startswith(why)
    assert "secret" not in str(caught.value)
    await client.close()


async def test_a_port_that_no_proxy_listens_at_is_not_taken_for_the_platforms(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        named = f"127.0.0.1:{free.getsockname()[1]}"
        monkeypatch.setenv("HTTPS_PROXY", f"http://{named}")
        platform = Platform2(time_limit=5)
        with pytest.raises(PlatformError) as caught:
            await platform.sign_in(
                Credentials("1001", Secret("hush"), "02500001234", backend=f"https://{NAME}")
            )
        await platform.close()
    assert (caught.value.message_id, caught.value.info) == (
        NO_PROXY,
        f"{named}: Connection refused",
    )


async def test_a_certificate_behind_a_proxy_is_the_platforms_matter(behind: Behind) -> None:
    client = HttpClient()
    with pytest.raises(Unverified):
        await client.request("GET", f"https://{NAME}/", most=10)
    await client.close()


def test_a_proxy_is_named_without_what_it_is_asked_by() -> None:
    assert name_of("http://x:y@[::1]:3128/") == "[::1]:3128"


# ---------------------------------------------------------------- the check before the shift


async def test_the_check_before_the_shift_goes_through_the_proxy_too(behind: Behind) -> None:
    assert await checks.handshake(NAME, 443, str(behind.pem)) > 0
    behind.box.answer = b"HTTP/1.1 403 Forbidden\r\n\r\n"
    with pytest.raises(OSError, match=r"proxy 127\.0\.0\.1:[0-9]+: HTTP 403 Forbidden"):
        await checks.handshake(NAME, 443, str(behind.pem))
    with pytest.raises(CannotDial, match=r"proxy 127\.0\.0\.1:[0-9]+: it answered 403"):
        await checks.dial(f"wss://{NAME}/", str(behind.pem))


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_the_check_before_the_shift_names_a_proxy_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        named = f"127.0.0.1:{free.getsockname()[1]}"
        monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://{named}")
        with pytest.raises(CannotDial, match=f"proxy {named}: "):
            async with asyncio.timeout(10):
                await checks.dial(f"wss://{NAME}/")

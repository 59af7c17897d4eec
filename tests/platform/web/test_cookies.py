"""Cookies of whoever stands before a platform."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from tests.platform.conftest import Backend
from tui.platform.base import Credentials
from tui.platform.gen2.platform import Platform2
from tui.platform.gen2.routes import ROUTES
from tui.platform.web.cookies import MOST, Cookies
from tui.secrets import Secret

HERE = "https://cc.example.com/api/user/token"


def kept(*lines: str, url: str = HERE) -> Cookies:
    cookies = Cookies()
    cookies.take(url, lines)
    return cookies


@pytest.mark.parametrize(
    ("line", "asked", "said"),
    [
        ("node=a; Path=/", "https://cc.example.com/groups", "node=a"),
        ("node=a; Path=/", "wss://cc.example.com:9060/ws", "node=a"),
        ("node=a; path=/; HttpOnly; SameSite=Lax", HERE, "node=a"),
        ("node=a", "https://cc.example.com/api/user/info", "node=a"),
        ("node=a", "https://cc.example.com/api/users", ""),
        ("node=a; Path=/api", "https://cc.example.com/api", "node=a"),
        ("node=a; Path=/api", "https://cc.example.com/apis", ""),
        ("node=a; Path=", HERE, "node=a"),
        ("node=a; Path=/; Domain=example.com", "wss://sip.example.com/", "node=a"),
        ("node=a; Path=/; Domain=.example.com", "wss://sip.example.com/", "node=a"),
        ("node=a; Path=/", "wss://sip.example.com/", ""),
        ("node=a; Path=/; Domain=cc.example.com", "https://x.cc.example.com/", "node=a"),
        ("node=a; Path=/; Domain=com", HERE, ""),
        ("node=a; Path=/; Domain=other.example.com", HERE, ""),
        ("node=a; Path=/; Secure", "http://cc.example.com/", ""),
        ("node=a; Path=/; Secure", "wss://cc.example.com/", "node=a"),
        ('node="a,b"; Path=/', HERE, 'node="a,b"'),
        ("node=; Path=/", HERE, "node="),
        ("node=a=b==; Path=/", HERE, "node=a=b=="),
        ("=a", HERE, ""),
        ("node=a\x7f", HERE, ""),
        ("node=caf\xe9", HERE, ""),
        ("node=" + "a" * 4096, HERE, ""),
        ("node=a; Path=/; Max-Age=60", HERE, "node=a"),
        ("node=a; Path=/; Max-Age=0", HERE, ""),
        ("node=a; Path=/; Max-Age=-1", HERE, ""),
        ("node=a; Path=/; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", HERE, "node=a"),
        ("node=a; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT", HERE, ""),
        ("node=a; Path=/; Expires=Wed, 09-Jun-2100 10:18:14 GMT", HERE, "node=a"),
    ],
)
def test_a_cookie_is_said_back_where_it_was_meant_for(line: str, asked: str, said: str) -> None:
    assert kept(line).said(asked) == said


def test_an_address_gives_cookies_for_itself_alone() -> None:
    cookies = kept("x=y; Path=/", url="http://127.0.0.1:80/")
    assert cookies.said("ws://127.0.0.1:9060/") == "x=y"
    assert cookies.said("ws://127.0.0.2:9060/") == ""


def test_the_newest_counts_and_the_longest_path_is_said_first() -> None:
    cookies = kept("a=1; Path=/", "b=2; Path=/api", "a=3; Path=/", "a=4; Path=/api/user")
    assert cookies.said(HERE) == "a=4; b=2; a=3"


def test_a_cookie_can_be_taken_back() -> None:
    cookies = kept("a=1; Path=/; Max-Age=60", "b=2; Path=/")
    cookies.take(HERE, ["b=; Path=/; Max-Age=0"])
    assert cookies.said(HERE) == "a=1"


def test_no_server_fills_the_memory() -> None:
    cookies = kept(*(f"n{count}={count}; Path=/" for count in range(MOST + 7)))
    assert cookies.said(HERE).count("=") == MOST


async def test_what_a_gateway_gives_at_sign_in_is_said_back_until_sign_out(
    backend: Backend,
) -> None:
    """Of several machines behind one address only the one that signed us in knows the token."""

    def at_one(request: web.Request) -> Any:
        status, body = backend.usual(ROUTES.sign_in.path, request)
        response = web.json_response(body, status=status)
        response.headers.add("Set-Cookie", "node=a7; Path=/; Expires=Wed, 09 Jun 2100 10:18:14 GMT")
        response.headers.add("Set-Cookie", "zone=3; Path=/; HttpOnly")
        return response

    backend.answers[ROUTES.sign_in.path] = at_one
    platform = Platform2(time_limit=5)
    credentials = Credentials("1001", Secret("hush"), "02500001234", backend=backend.url)
    await platform.sign_in(credentials)
    await platform.get_groups()
    assert [headers.get("Cookie") for _, headers, _ in backend.seen] == [
        None,
        *["node=a7; zone=3"] * 2,
    ]
    assert platform.line_cookies() == "node=a7; zone=3", "the line is behind the same gateway"
    await platform.close()
    assert platform.line_cookies() == ""
    backend.seen.clear()
    await platform.sign_in(credentials)
    assert "Cookie" not in backend.seen[0][1], "another sign-in begins anew"
    await platform.close()

"""A web backend of generation 2 that answers as it is told, on loopback."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tui.platform.gen2.routes import ROUTES
from tui.platform.gen2.signature import password_key, verify
from tui.secrets import Secret

Answer = Callable[[web.Request], Any]


class Backend:
    """Knows one agent (1001, "hush", switch number 02500001234). `answers` puts another answer in
    place of a path's: a (status, JSON) pair, a web.Response, or a function of the request that may
    be asynchronous. `seen` has every request as (path, headers, body)."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.seen: list[tuple[str, dict[str, str], Any]] = []
        self.nonces: set[str] = set()
        self.tokens: set[str] = set()
        self.issued = 0
        self.life: Any = 3600
        self.prefix = "/"
        self.server: TestServer | None = None
        self.user: dict[str, Any] = {}

    @property
    def url(self) -> str:
        assert self.server is not None
        return str(self.server.make_url("/"))

    def paths(self) -> list[str]:
        """What was asked, in order."""
        return [path for path, _, _ in self.seen]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/")
        text = await request.text()
        self.seen.append((path, dict(request.headers), json.loads(text) if text else None))
        if path in self.answers:
            answer = self.answers[path]
            if callable(answer):
                answer = answer(request)
                if hasattr(answer, "__await__"):
                    answer = await answer
        else:
            answer = self.usual(path, request)
        if isinstance(answer, web.StreamResponse):
            return answer
        status, body = answer
        return web.json_response(body, status=status)

    def usual(self, path: str, request: web.Request) -> tuple[int, Any]:
        """The answer of a platform in order."""
        body = self.seen[-1][2]
        if path == ROUTES.sign_in.path:
            if body["switchnumber"] != "02500001234":
                return 200, {"status": 50004, "info": "no such enterprise"}
            if request.headers["nonce"] in self.nonces:
                return 401, {"status": 50003, "info": "replayed"}
            self.nonces.add(request.headers["nonce"])
            key = password_key(Secret("hush"))
            if not verify(request.headers, body, key) or request.headers["username"] != "1001":
                return 401, {"status": 50003, "info": "wrong"}
            return self.issue()
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            return 401, {"status": 401, "info": "token"}
        if path == ROUTES.renew.path:
            return self.issue()
        if path == ROUTES.user.path:
            return 200, {"status": 200, "data": self.user}
        if path in (ROUTES.check_in.path, ROUTES.check_out.path):
            return 200, {"status": 200}
        if path == ROUTES.groups.path:
            return 200, groups_page(int(request.query["page"]))
        if path == ROUTES.members.path:
            return 200, members_page(int(request.query["seat_page"]))
        return 404, {"status": 50007, "info": "unknown request"}

    def issue(self) -> tuple[int, Any]:
        """One more token."""
        self.issued += 1
        token = f"token-{self.issued}"
        self.tokens.add(token)
        return 200, {"status": 200, "data": {"token": token, "expires_in": self.life}}


def groups_page(page: int) -> dict[str, Any]:
    """As the specification has it (getGroups); the second group has no state."""
    state = {"state_id": 1, "state_name": "有空闲"}
    group = {"gid": 1000000001, "id": 7, "name": "Sales", "ccgeid": 2, "seid": 1}
    return {
        "current_page": page,
        "last_page": 2,
        "total": 3,
        "data": [group | {"group_real_time_state": state}, group | {"gid": "1000000002"}],
    }


def members_page(page: int) -> dict[str, Any]:
    """As the specification has it (getGroupMembers)."""
    seat = {
        "displayname": "Wang Fang",
        "id": 1000000107,
        "number": "0107",
        "seat_real_time_state": {"uid": 1000000107, "state_id": 1, "state_name": "离线"},
        "seid": 1,
        "work_number": "w7",
    }
    group = {"id": 7, "gid": 1000000001, "name": "Sales", "current_page": page, "last_page": 3}
    return {"status": 200, "data": [group | {"total": 21, "seats": [seat]}]}


@pytest.fixture
async def backend() -> AsyncIterator[Backend]:
    made = Backend()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    made.server = TestServer(app, host="127.0.0.1")
    await made.server.start_server()
    made.user = {
        "userInfo": {"displayname": "Li Ming", "eid": "70000", "number": "1001"},
        "groupInfo": [{"gid": 1000000001, "eid": "70000", "name": "Sales"}],
        "enterprise": {"extension_start": "1000", "extension_end": "1999"},
        "sip": {"url": "ws://127.0.0.1:1/sip", "domain": "pbx.invalid"},
    }
    yield made
    await made.server.close()

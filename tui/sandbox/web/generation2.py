"""The web API of generation 2, as the table of `tui.platform.gen2.routes` has it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from aiohttp import web

from tui.platform.base import LINE_TYPES, SIP_PHONE, VOIP
from tui.platform.gen2.routes import ROUTES, Route
from tui.platform.gen2.signature import password_key, verify
from tui.sandbox.faults import FaultKind, Faults
from tui.sandbox.fixtures import LOGIN_FAULTS, PAGE_SIZE, AgentSeed, Fixtures, GroupSeed
from tui.sandbox.journal import AgentJournal
from tui.sandbox.pbx.calls import PbxSeatStatus
from tui.sandbox.pbx.pbx import Pbx
from tui.sandbox.web.tokens import Tokens, WebSignIn
from tui.secrets import Secret

OFFLINE_NAME, IDLE_NAME, BUSY_NAME, TALKING_NAME = "离线", "空闲", "忙碌", "通话中"
"""`state_name` of a seat: the platform's own words."""
SIMULATED_NAMES = {
    "offline": OFFLINE_NAME,
    "idle": IDLE_NAME,
    "busy": BUSY_NAME,
    "talking": TALKING_NAME,
}
GROUP_NAMES = {0: "全部离线", 1: "有空闲", 2: "全忙"}
MAX_NONCES = 10_000

T = TypeVar("T")


def _yes(data: object = None) -> web.Response:
    return web.json_response({"status": 200, "info": "", "data": data or {}})


def _no(code: int, info: str, status: int = 200) -> web.Response:
    return web.json_response({"status": code, "info": info}, status=status)


class WebApi:
    """The handlers. `address` tells host and port once the server listens."""

    def __init__(
        self,
        fixtures: Fixtures,
        pbx: Pbx,
        tokens: Tokens,
        *,
        faults: Faults,
        journal: AgentJournal,
        address: Callable[[], tuple[str, int]],
    ) -> None:
        self._fixtures = fixtures
        self._pbx = pbx
        self._tokens = tokens
        self._faults = faults
        self._journal = journal
        self._address = address
        self._nonces: dict[str, None] = {}

    def add_routes(self, app: web.Application) -> None:
        """Put the routes on the application."""
        for route, handler in (
            (ROUTES.renew, self._renew),
            (ROUTES.user, self._user),
            (ROUTES.check_in, self._check_in),
            (ROUTES.check_out, self._check_out),
            (ROUTES.groups, self._groups),
            (ROUTES.members, self._members),
        ):
            self._add(app, route, self._authorised(handler))
        self._add(app, ROUTES.sign_in, self._sign_in)

    def _add(
        self,
        app: web.Application,
        route: Route,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> None:
        app.router.add_route(route.method, "/" + route.path, handler)

    # ------------------------------------------------------------ sign-in

    async def _fault(self, un: str) -> web.Response | None:
        if self._faults.hits(FaultKind.WEB, un):
            # Until the client gives up, or the fault is taken off.
            await self._faults.over(FaultKind.WEB, un)
            return _no(50000, "too late", 503)
        if self._faults.hits(FaultKind.WEB_ERROR, un):
            return _no(50000, "server error", 500)
        return None

    async def _sign_in(self, request: web.Request) -> web.StreamResponse:
        un = request.headers.get("username", "")
        self._journal.note(un if un in self._fixtures.agents else "", "sign-in")
        if (fault := await self._fault(un)) is not None:
            return fault
        body = await self._body(request)
        nonce = request.headers.get("nonce", "")
        if body is None or not un or not nonce or body.get("callintype", VOIP) not in LINE_TYPES:
            return _no(50001, "bad argument")
        if body["callintype"] != VOIP and not body.get("number"):
            return _no(50001, "number is missing")
        switchnumber = str(body.get("switchnumber", ""))
        if (code := LOGIN_FAULTS.get(switchnumber)) is not None:
            if code == 50005:
                return web.json_response({"status": 200, "data": {"expires_in": 5}})
            return _no(code, f"this switch number always answers {code}")
        if switchnumber != self._fixtures.switchnumber:
            return _no(50004, "no such enterprise")
        seed = self._fixtures.agents.get(un)
        if (
            seed is None
            or seed.simulated
            or nonce in self._nonces
            or not verify(request.headers, body, password_key(Secret(seed.pwd)))
        ):
            return _no(50003, "wrong extension or password")
        self._nonces[nonce] = None
        while len(self._nonces) > MAX_NONCES:
            del self._nonces[next(iter(self._nonces))]
        self._pbx.phones.bind(un, int(body["callintype"]), str(body.get("number", "")))
        self._pbx.seats[un].generation = 2
        return self._token(self._tokens.issue(un, seed.token_life))

    def _token(self, session: WebSignIn) -> web.Response:
        return _yes({"token": session.token, "expires_in": session.life})

    async def _body(self, request: web.Request) -> dict[str, Any] | None:
        try:
            given = json.loads(await request.text())
        except (ValueError, UnicodeDecodeError):
            return None
        return given if isinstance(given, dict) else None

    def _authorised(
        self, handler: Callable[[web.Request, WebSignIn], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def guarded(request: web.Request) -> web.StreamResponse:
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            session = self._tokens.find(token.strip()) if scheme == "Bearer" else None
            if (fault := await self._fault(session.un if session else "")) is not None:
                return fault
            if session is None:
                return _no(50003, "the token is not valid", 401)
            return await handler(request, session)

        return guarded

    # ------------------------------------------------------------ session

    async def _renew(self, _request: web.Request, session: WebSignIn) -> web.StreamResponse:
        self._journal.note(session.un, "renew")
        return self._token(self._tokens.issue(session.un, session.life))

    async def _user(self, _request: web.Request, session: WebSignIn) -> web.StreamResponse:
        seed = self._fixtures.agents[session.un]
        host, port = self._address()
        return _yes(
            {
                "userInfo": {
                    "displayname": seed.name,
                    "eid": self._fixtures.eid,
                    "number": seed.un,
                },
                "groupInfo": [
                    {
                        "gid": int(gid),
                        "eid": self._fixtures.eid,
                        "name": self._fixtures.groups[gid].name,
                    }
                    for gid in seed.gids
                ],
                "enterprise": {
                    "extension_start": str(self._fixtures.extension_start),
                    "extension_end": str(self._fixtures.extension_end),
                    "epname": self._fixtures.epname,
                    "allow_auto_answer": int(bool(self._fixtures.auto_answer)),
                    "auto_answer_duration": self._fixtures.auto_answer,
                },
                "sip": {
                    "url": f"ws://{host}:{port}/sip",
                    "domain": self._fixtures.domain,
                    "pbx": self._fixtures.pbx,
                },
            }
        )

    async def _check_in(self, request: web.Request, session: WebSignIn) -> web.StreamResponse:
        self._journal.note(session.un, "check-in")
        body = await self._body(request) or {}
        if self._fixtures.agents[session.un].refuse_checkin:
            return _no(52000, "the seat cannot be checked in")
        if body.get("callintype") == SIP_PHONE and str(body.get("number", "")).strip("0") == "":
            return _no(52000, "the bound SIP phone does not exist")
        if body.get("callintype") in LINE_TYPES:
            self._pbx.phones.bind(session.un, body["callintype"], str(body.get("number", "")))
        self._tokens.check_in(session.un, True)
        return _yes()

    async def _check_out(self, _request: web.Request, session: WebSignIn) -> web.StreamResponse:
        self._journal.note(session.un, "check-out")
        self._tokens.check_in(session.un, False)
        return _yes()

    # ------------------------------------------------------------ directory

    async def _groups(self, request: web.Request, _session: WebSignIn) -> web.StreamResponse:
        groups = list(self._fixtures.groups.values())
        page, last = self._page(request.query.get("page"), groups)
        return web.json_response(
            {
                "status": 200,
                "current_page": page,
                "last_page": last,
                "total": len(groups),
                "data": [self._group(group) for group in self._cut(groups, page)],
            }
        )

    async def _members(self, request: web.Request, _session: WebSignIn) -> web.StreamResponse:
        group = self._fixtures.groups.get(request.query.get("gid", ""))
        if group is None:
            return _no(50009, "no such group")
        members = self._fixtures.members(group.gid)
        page, last = self._page(request.query.get("seat_page"), members)
        data = {
            "id": int(group.id),
            "gid": int(group.gid),
            "name": group.name,
            "current_page": page,
            "last_page": last,
            "total": len(members),
            "seats": [self._seat(seed, group) for seed in self._cut(members, page)],
        }
        return web.json_response({"status": 200, "data": [data]})

    def _page(self, text: str | None, rows: Sequence[object]) -> tuple[int, int]:
        page = int(text) if text and text.isdigit() and len(text) < 6 else 1
        return max(1, page), max(1, -(-len(rows) // PAGE_SIZE))

    def _cut(self, rows: Sequence[T], page: int) -> Sequence[T]:
        return rows[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]

    def _group(self, group: GroupSeed) -> dict[str, Any]:
        row: dict[str, Any] = {
            "ccgeid": 243,
            "seid": 134,
            "id": int(group.id),
            "gid": int(group.gid),
            "name": group.name,
        }
        if not group.stateless:
            state = self._group_state(group)
            row["group_real_time_state"] = {"state_id": state, "state_name": GROUP_NAMES[state]}
        return row

    def _group_state(self, group: GroupSeed) -> int:
        words = {self._word(seed.un) for seed in self._fixtures.members(group.gid)}
        if words <= {OFFLINE_NAME}:
            return 0
        return 1 if IDLE_NAME in words else 2

    def _seat(self, seed: AgentSeed, group: GroupSeed) -> dict[str, Any]:
        uid = 1_000_900_000 + int(seed.un)
        row: dict[str, Any] = {
            "displayname": seed.name,
            "id": uid,
            "number": seed.un,
            "seid": 134,
            "work_number": f"W{seed.un}",
        }
        if not group.stateless:
            word = self._word(seed.un)
            row["seat_real_time_state"] = {
                "uid": uid,
                "state_id": 1 if word == OFFLINE_NAME else 2,
                "state_name": word,
            }
        return row

    def _word(self, un: str) -> str:
        seat = self._pbx.seats.get(un)
        if seat is None:
            return SIMULATED_NAMES[self._fixtures.states.get(un, "offline")]
        if not seat.registered:
            return OFFLINE_NAME
        if seat.call:
            return TALKING_NAME
        return BUSY_NAME if seat.status == PbxSeatStatus.BUSY else IDLE_NAME

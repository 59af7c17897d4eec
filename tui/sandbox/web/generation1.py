"""The web API of generation 1, on a port of its own, as `tui.platform.gen1.routes` has it.

The same enterprise, the same switchboard: who signs in here has a seat of generation 1, to which
the PBX says no "idle" after a call, and which has no three-way calls.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tui.platform.base import CALLBACK_PHONE, SIP_PHONE, VOIP
from tui.platform.gen1.routes import ROUTES1
from tui.sandbox.faults import FaultKind, Faults
from tui.sandbox.fixtures import LOGIN_FAULTS, AgentSeed, Fixtures
from tui.sandbox.journal import AgentJournal
from tui.sandbox.pbx.calls import PbxSeat, PbxSeatState, PbxSeatStatus
from tui.sandbox.pbx.pbx import Pbx

WRONG_PASSWORD, NO_ENTERPRISE, NO_AGENT, BROKEN = 4, 3, 7, 99
"""`status` of getinfo."""
REFUSED = 1
"""`status` of everything else."""
UNVERIFIED = "12000000404"
"""The callback phone that nobody has verified."""
OFFLINE, IDLE, AWAY, IN_CALL = 0, 1, 2, 5
"""`service_control` of a member."""
SIMULATED = {"idle": IDLE, "busy": AWAY, "talking": IN_CALL}
"""The same for those whom the sandbox plays."""
SIMULATED_STATES = {
    "idle": PbxSeatState.IDLE,
    "busy": PbxSeatState.BUSY,
    "talking": PbxSeatState.TALKING,
}
"""And as a seat's state."""
LINES = {VOIP: "", CALLBACK_PHONE: "telephone", SIP_PHONE: "sip_telephone"}
"""Line types, and where each one's number stands in updateInfo."""
MAX_ROWS = 200

Handler = Callable[[web.Request, AgentSeed], Awaitable[web.StreamResponse]]


def _yes(data: object = None) -> web.Response:
    return web.json_response({"status": 0, "info": "", "data": data if data is not None else {}})


def _no(status: int, info: str) -> web.Response:
    return web.json_response({"status": status, "info": info, "data": None})


class WebApi1:
    """The handlers. `address` tells host and port once the server listens."""

    def __init__(
        self,
        fixtures: Fixtures,
        pbx: Pbx,
        *,
        faults: Faults,
        journal: AgentJournal,
        address: Callable[[], tuple[str, int]],
    ) -> None:
        self._fixtures = fixtures
        self._pbx = pbx
        self._faults = faults
        self._journal = journal
        self._address = address

    def add_routes(self, app: web.Application) -> None:
        """Put the routes on the application."""
        app.router.add_get("/directory", self._directory)
        app.router.add_get("/" + ROUTES1.getinfo, self._getinfo)
        for path, handler in (
            (ROUTES1.profile, self._profile),
            (ROUTES1.member, self._member),
            (ROUTES1.update, self._update),
            (ROUTES1.check_phone, self._check_phone),
            (ROUTES1.groups, self._groups),
            (ROUTES1.members, self._members),
            (ROUTES1.member_states, self._call_states),
        ):
            app.router.add_get("/" + path, self._authorised(handler))

    # ------------------------------------------------------------ sign-in

    async def _fault(self, un: str) -> web.Response | None:
        if self._faults.hits(FaultKind.WEB, un):
            await self._faults.over(FaultKind.WEB, un)
            return _no(BROKEN, "too late")
        if self._faults.hits(FaultKind.WEB_ERROR, un):
            return web.json_response({"status": BROKEN, "info": "server error"}, status=500)
        return None

    async def _directory(self, request: web.Request) -> web.StreamResponse:
        """`?number=SWITCHNUMBER`: the server that knows it."""
        if request.query.get("number") != self._fixtures.switchnumber:
            return _no(NO_ENTERPRISE, "no server for that switch number")
        host, port = self._address()
        return _yes({"server": f"http://{host}:{port}"})

    async def _getinfo(self, request: web.Request) -> web.StreamResponse:
        un = request.query.get("un", "")
        self._journal.note(un if un in self._fixtures.agents else "", "sign-in")
        if (fault := await self._fault(un)) is not None:
            return fault
        switchnumber = request.query.get("switchNumber", "")
        code = LOGIN_FAULTS.get(switchnumber)
        if code is not None and code != 50005:
            return _no(BROKEN, "this switch number never works")
        if code is None and switchnumber != self._fixtures.switchnumber:
            return _no(NO_ENTERPRISE, "no such enterprise")
        seed = self._fixtures.agents.get(un)
        if seed is None or seed.simulated:
            return _no(NO_AGENT, "no such extension")
        if not _proved(request, seed):
            return _no(WRONG_PASSWORD, "wrong password")
        host, port = self._address()
        return _yes(
            {
                "domain": self._fixtures.domain if code is None else "",
                "port": 9060,
                "real_domain": f"{host}:{port}",
                "http_port": port,
                "http_ports": port,
                "epName": self._fixtures.epname,
                "eid": self._fixtures.eid,
            }
        )

    def _authorised(
        self, handler: Handler
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Extension, MD5 of the password, enterprise: with every request."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            seed = self._fixtures.agents.get(request.query.get("un", ""))
            if (fault := await self._fault(seed.un if seed else "")) is not None:
                return fault
            if seed is None or seed.simulated or not _proved(request, seed):
                return _no(WRONG_PASSWORD, "wrong extension or password")
            if request.query.get("eid") != self._fixtures.eid:
                return _no(NO_ENTERPRISE, "no such enterprise")
            return await handler(request, seed)

        return guarded

    async def _profile(self, _request: web.Request, _seed: AgentSeed) -> web.StreamResponse:
        return _yes(
            {
                "epProfile": {
                    "extension_start": self._fixtures.extension_start,
                    "extension_end": self._fixtures.extension_end,
                    "allow_auto_answer": int(bool(self._fixtures.auto_answer)),
                    "auto_answer_duration": self._fixtures.auto_answer or 5,
                    "terminal_need_reg": 1,
                    "allow_monitor": 1,
                }
            }
        )

    async def _member(self, _request: web.Request, seed: AgentSeed) -> web.StreamResponse:
        self._pbx.seats[seed.un].generation = 1
        return _yes(
            {
                "number": seed.un,
                "displayname": seed.name,
                "uid": _uid(seed),
                "duty": str(int(seed.supervisor)),
                "inGroups": [self._group(gid) for gid in seed.gids],
            }
        )

    # ------------------------------------------------------------ the line

    async def _update(self, request: web.Request, seed: AgentSeed) -> web.StreamResponse:
        self._journal.note(seed.un, "update-info")
        data = _object(request.query.get("jsonStr", "")).get("data")
        callintype = data.get("callintype") if isinstance(data, dict) else None
        if not isinstance(data, dict) or callintype not in LINES:
            return _no(REFUSED, "callintype")
        number = str(data.get(LINES[callintype], "")) if LINES[callintype] else ""
        if callintype != VOIP and number.strip("0") == "":
            return _no(REFUSED, "there is no such phone")
        self._pbx.phones.bind(seed.un, callintype, number)
        return _yes()

    async def _check_phone(self, request: web.Request, seed: AgentSeed) -> web.StreamResponse:
        self._journal.note(seed.un, "check-phone")
        mobile = request.query.get("mobile", "")
        return _no(REFUSED, "not verified") if mobile in ("", UNVERIFIED) else _yes()

    # ------------------------------------------------------------ directory

    async def _groups(self, _request: web.Request, _seed: AgentSeed) -> web.StreamResponse:
        return _yes([self._group(gid) for gid in self._fixtures.groups])

    async def _members(self, request: web.Request, _seed: AgentSeed) -> web.StreamResponse:
        asked = request.query
        start, length = _count(asked.get("start"), 0), _count(asked.get("length"), 10)
        gid = asked.get("searchGid", "")
        if gid == "-1":
            found = [seed for _, seed in sorted(self._fixtures.agents.items()) if not seed.gids]
        elif gid in self._fixtures.groups:
            found = self._fixtures.members(gid)
        else:
            return _no(REFUSED, "no such group")
        wanted = asked.get("searchServiceControl")
        rows = [self._row(seed) for seed in found]
        if wanted:
            rows = [row for row in rows if str(row["service_control"]) == wanted]
        cut = rows[start : start + min(length, MAX_ROWS)]
        return _yes({"data": cut, "recordsTotal": len(rows), "recordsFiltered": len(rows)})

    async def _call_states(self, request: web.Request, _seed: AgentSeed) -> web.StreamResponse:
        """`?uid=UID,UID`: what these members do, as `checkSeatState` numbers it."""
        by_uid = {str(_uid(seed)): seed for seed in self._fixtures.agents.values()}
        asked = [by_uid.get(uid) for uid in request.query.get("uid", "").split(",")]
        found = [seed for seed in asked if seed is not None]
        if len(found) != len(asked):
            return _no(REFUSED, "no such member")
        return _yes([{"uid": _uid(seed), "state": self._seat_state(seed)} for seed in found])

    def _seat_state(self, seed: AgentSeed) -> int:
        if seed.simulated:
            return SIMULATED_STATES.get(self._fixtures.states.get(seed.un, ""), 0)
        return self._pbx.presence.seat_state(seed.un)

    def _group(self, gid: str) -> dict[str, Any]:
        return {"id": int(gid), "eid": self._fixtures.eid, "name": self._fixtures.groups[gid].name}

    def _row(self, seed: AgentSeed) -> dict[str, Any]:
        return {
            "uid": _uid(seed),
            "number": seed.un,
            "displayname": seed.name,
            "work_number": f"W{seed.un}",
            "service_control": self._service(seed),
        }

    def _service(self, seed: AgentSeed) -> int:
        if seed.simulated:
            return SIMULATED.get(self._fixtures.states.get(seed.un, ""), OFFLINE)
        return _service(self._pbx.seats.get(seed.un))


def _service(seat: PbxSeat | None) -> int:
    if seat is None or not seat.registered:
        return OFFLINE
    if seat.call:
        return IN_CALL
    return AWAY if seat.status == PbxSeatStatus.BUSY else IDLE


def _proved(request: web.Request, seed: AgentSeed) -> bool:
    """Whether the request has the MD5 of the agent's password: the platform's way, not ours."""
    expected = hashlib.md5(seed.pwd.encode(), usedforsecurity=False).hexdigest()
    given = request.query.get("pwd", "").encode("utf-8", "surrogatepass")
    return hmac.compare_digest(given, expected.encode())


def _uid(seed: AgentSeed) -> int:
    return 1_000_900_000 + int(seed.un)


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _count(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 9 else default

"""The control API: what a test or a trainer does to the platform, one request each.

On the sandbox's own port under `/control/`, for this machine only, JSON in and out.
`docs/sandbox.md` lists the routes.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, fields
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from tui.sandbox.calls import Call, Phase, Times
from tui.sandbox.dialplan import Behaviour, dial_plan_text
from tui.sandbox.faults import KINDS
from tui.sandbox.switchboard import Switchboard
from tui.sandbox.tokens import Tokens
from tui.sandbox.voices import silence, voice, warm_up

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _refuse(text: str, status: int = 400) -> web.HTTPException:
    kind = {400: web.HTTPBadRequest, 403: web.HTTPForbidden, 404: web.HTTPNotFound}[status]
    return kind(text=json.dumps({"error": text}), content_type="application/json")


def is_local(host: str) -> bool:
    """Whether a host name is this machine's loopback."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@web.middleware
async def local_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The control API answers this machine alone, and no page of a stranger's in its browser."""
    if request.path.startswith("/control/"):
        origin = request.headers.get("Origin")
        named = urlsplit(f"//{request.host}").hostname or ""
        if (
            not is_local(request.remote or "")
            or not is_local(named)
            or (origin is not None and not is_local(urlsplit(origin).hostname or ""))
        ):
            raise _refuse("for this machine only", 403)
    return await handler(request)


async def _body(request: web.Request) -> dict[str, Any]:
    if not request.can_read_body:
        return {}
    try:
        given = json.loads(await request.text())
    except ValueError:
        raise _refuse("the body is a JSON object") from None
    if not isinstance(given, dict):
        raise _refuse("the body is a JSON object")
    return given


class Trainer:
    """The handlers of `/control/`."""

    def __init__(self, board: Switchboard, tokens: Tokens) -> None:
        self._board = board
        self._tokens = tokens

    def add_routes(self, app: web.Application) -> None:
        """Put the routes on the application."""
        one, call = "/control/agents/{un}", "/control/calls/{cc}"
        app.add_routes(
            [
                web.get("/control/plan", self.plan),
                web.get("/control/state", self.state),
                web.get("/control/agents", self.agents),
                web.get(one, self.agent),
                web.post(one + "/kick", self.kick),
                web.post(one + "/end-token", self.end_token),
                web.post(one + "/drop", self.drop),
                web.post(one + "/status", self.status),
                web.post(one + "/say", self.say),
                web.post(one + "/loss", self.loss),
                web.post(one + "/lose-leg", self.lose_leg),
                web.post(one + "/name", self.name_agent),
                web.post("/control/groups/{gid}/name", self.name_group),
                web.post("/control/ring", self.ring),
                web.get("/control/calls", self.calls),
                web.get(call, self.call),
                web.post(call + "/hangup", self.hang_up),
                web.post(call + "/voice", self.voice),
                web.get(call + "/heard", self.heard),
                web.get(call + "/heard.wav", self.heard_wav),
                web.get("/control/faults", self.faults),
                web.post("/control/faults", self.set_fault),
                web.delete("/control/faults", self.clear_faults),
                web.post("/control/times", self.times),
            ]
        )

    # ------------------------------------------------------------ finding

    def _un(self, request: web.Request) -> str:
        un = request.match_info["un"]
        if un not in self._board.pbx.seats:
            raise _refuse(f"no agent {un}", 404)
        return un

    def _call(self, request: web.Request) -> Call:
        """By ccNumber, or "last": the newest."""
        calls = self._board.pbx.calls
        cc = request.match_info["cc"]
        if cc == "last" and calls:
            cc = next(reversed(calls))
        if cc not in calls:
            raise _refuse(f"no call {cc}", 404)
        return calls[cc]

    def _show_call(self, call: Call) -> dict[str, Any]:
        customer = self._board.hall.customers.get(call.cc)
        return {
            "cc": call.cc,
            "kind": call.kind,
            "number": call.number,
            "phase": call.phase,
            "caller": call.caller,
            "callee": call.callee,
            "parties": {
                un: {"leg": party.leg, "holding": party.holding}
                for un, party in call.parties.items()
            },
            "offers": call.offers,
            "began": call.began,
            "up_at": call.up_at,
            "ended_at": call.ended_at,
            "reason": call.reason,
            "voice": call.behaviour.voice,
            "longest_silence": customer.ear.longest_silence if customer else 0,
            "longest_missing": customer.ear.longest_missing if customer else 0,
        }

    def _show_agent(self, un: str) -> dict[str, Any]:
        seat = self._board.pbx.seats[un]
        return {
            **asdict(seat),
            "name": self._board.world.agents[un].name,
            "checked_in": self._tokens.checked_in(un),
            "counts": self._board.journal.counts(un),
            "log": [asdict(entry) for entry in self._board.journal.entries(un)],
        }

    # ------------------------------------------------------------ looking

    async def plan(self, _request: web.Request) -> web.Response:
        """The dial plan, as text."""
        return web.Response(text=dial_plan_text(self._board.world))

    async def state(self, _request: web.Request) -> web.Response:
        """Everything; `now` is the clock that all instants here are on."""
        return web.json_response(
            {
                "now": time.monotonic(),
                "agents": {un: self._show_agent(un) for un in self._board.pbx.seats},
                "calls": [self._show_call(call) for call in self._board.pbx.calls.values()],
                "faults": {kind: sorted(who) for kind, who in self._board.faults.on.items()},
            }
        )

    async def agents(self, _request: web.Request) -> web.Response:
        return web.json_response([self._show_agent(un) for un in self._board.pbx.seats])

    async def agent(self, request: web.Request) -> web.Response:
        return web.json_response(self._show_agent(self._un(request)))

    async def calls(self, _request: web.Request) -> web.Response:
        return web.json_response([self._show_call(c) for c in self._board.pbx.calls.values()])

    async def call(self, request: web.Request) -> web.Response:
        return web.json_response(self._show_call(self._call(request)))

    # ------------------------------------------------------------ agents

    async def kick(self, request: web.Request) -> web.Response:
        """`{"r": "895"}`."""
        self._board.kick(self._un(request), str((await _body(request)).get("r", "895")))
        return web.json_response({})

    async def end_token(self, request: web.Request) -> web.Response:
        self._tokens.end(self._un(request))
        return web.json_response({})

    async def drop(self, request: web.Request) -> web.Response:
        return web.json_response({"dropped": self._board.drop(self._un(request))})

    async def status(self, request: web.Request) -> web.Response:
        """`{"status": 0|1|2}`: the platform says so, whatever the agent wants."""
        status = (await _body(request)).get("status")
        if status not in (0, 1, 2):
            raise _refuse("status is 0, 1 or 2")
        self._board.pbx.set_status(self._un(request), status, time.monotonic())
        self._board.step()
        return web.json_response({})

    async def say(self, request: web.Request) -> web.Response:
        """The request's body goes out as a control message, as it is."""
        return web.json_response(
            {"said": self._board.say_raw(self._un(request), await request.read())}
        )

    async def loss(self, request: web.Request) -> web.Response:
        """`{"percent": 0 to 100}` of media packets to lose, each way, from now on."""
        percent = (await _body(request)).get("percent", 0)
        if not isinstance(percent, int | float) or not 0 <= percent <= 100:
            raise _refuse("percent is 0 to 100")
        self._board.hall.loss[self._un(request)] = percent / 100
        return web.json_response({})

    async def lose_leg(self, request: web.Request) -> web.Response:
        """The platform forgets the agent's audio leg, without a BYE."""
        un = self._un(request)
        return web.json_response({"lost": self._board.lose_leg(un)})

    async def name_agent(self, request: web.Request) -> web.Response:
        """`{"name": …}`: what the directory says from now on."""
        name = str((await _body(request)).get("name", ""))
        self._board.world.agents[self._un(request)].name = name
        return web.json_response({})

    async def name_group(self, request: web.Request) -> web.Response:
        """`{"name": …}`."""
        group = self._board.world.groups.get(request.match_info["gid"])
        if group is None:
            raise _refuse("no such group", 404)
        group.name = str((await _body(request)).get("name", ""))
        return web.json_response({})

    # ------------------------------------------------------------ calls

    async def ring(self, request: web.Request) -> web.Response:
        """`{"un" and/or "gid", "number", "voice", "hang_up_after", "give_up_after", "leg"}`."""
        given = await _body(request)
        un, gid = str(given.get("un", "")), str(given.get("gid", ""))
        if un not in self._board.pbx.seats and gid not in self._board.world.groups:
            raise _refuse("un or gid must be one of the sandbox's")
        wanted = {key: given[key] for key in _BEHAVIOUR if given.get(key) is not None}
        try:
            behaviour = Behaviour(**wanted)
        except (TypeError, ValueError) as error:
            raise _refuse(str(error)) from None
        number = str(given.get("number", "12000000001"))
        cc = self._board.pbx.ring(number, behaviour, time.monotonic(), target=un, gid=gid)
        self._board.step()
        return web.json_response({"cc": cc})

    async def hang_up(self, request: web.Request) -> web.Response:
        """The customer hangs up, or gives up."""
        done = self._board.pbx.customer_hangs_up(self._call(request).cc, time.monotonic())
        self._board.step()
        return web.json_response({"done": done})

    async def voice(self, request: web.Request) -> web.Response:
        """`{"voice": …}`: what the customer says from now on."""
        call, kind = self._call(request), str((await _body(request)).get("voice", ""))
        try:
            Behaviour(voice=kind)
        except ValueError as error:
            raise _refuse(str(error)) from None
        customer = self._board.hall.customers.get(call.cc)
        if customer is None:
            raise _refuse("the customer is not there", 404)
        await asyncio.to_thread(warm_up, kind)
        customer.kind, customer.says = kind, silence if kind == "echo" else voice(kind)
        return web.json_response({})

    def _ear(self, request: web.Request) -> tuple[Call, int]:
        call = self._call(request)
        text = request.query.get("ms", "1000")
        if not text.isdigit() or not 20 <= int(text) <= 120_000:
            raise _refuse("ms is 20 to 120000")
        return call, int(text)

    async def heard(self, request: web.Request) -> web.Response:
        """`?ms=1000&hz=440,880`: what the customer heard."""
        call, ms = self._ear(request)
        try:
            wanted = [float(hz) for hz in request.query.get("hz", "").split(",") if hz]
        except ValueError:
            raise _refuse("hz is a list of numbers") from None
        customer = self._board.hall.customers.get(call.cc)
        if customer is None:
            raise _refuse("the customer has heard nothing", 404)
        found = await asyncio.to_thread(customer.ear.analyse, ms, wanted)
        return web.json_response(
            {**asdict(found), "up": call.phase is Phase.UP, "on_hold": customer.holding}
        )

    async def heard_wav(self, request: web.Request) -> web.Response:
        """The same as a sound file."""
        call, ms = self._ear(request)
        customer = self._board.hall.customers.get(call.cc)
        if customer is None:
            raise _refuse("the customer has heard nothing", 404)
        return web.Response(body=customer.ear.wav(ms), content_type="audio/wav")

    # ------------------------------------------------------------ faults

    async def faults(self, _request: web.Request) -> web.Response:
        return web.json_response({kind: sorted(who) for kind, who in self._board.faults.on.items()})

    async def set_fault(self, request: web.Request) -> web.Response:
        """`{"kind": …, "un": "" for everybody, "on": true}`."""
        given = await _body(request)
        if given.get("kind") not in KINDS:
            raise _refuse(f"kind is one of {', '.join(KINDS)}")
        self._board.faults.set(given["kind"], str(given.get("un", "")), bool(given.get("on", True)))
        return await self.faults(request)

    async def clear_faults(self, request: web.Request) -> web.Response:
        self._board.faults.clear()
        self._board.hall.loss.clear()
        return await self.faults(request)

    async def times(self, request: web.Request) -> web.Response:
        """Any of the PBX's patience, in seconds: `{"ring": 2}`."""
        given = await _body(request)
        for name, value in given.items():
            if name not in _TIMES or not isinstance(value, int | float) or not 0 <= value <= 3600:
                raise _refuse(f"{name}: one of {', '.join(sorted(_TIMES))}, in seconds")
        for name, value in given.items():
            setattr(self._board.pbx.times, name, float(value))
        return web.json_response(asdict(self._board.pbx.times))


_BEHAVIOUR = {"voice", "hang_up_after", "give_up_after", "leg"}
_TIMES = {each.name for each in fields(Times)}

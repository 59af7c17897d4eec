"""The control API: what a person or a test does to the platform, one request each.

On the sandbox's own port under `/control/`, for this machine only, JSON in and out.
`docs/sandbox.md` lists the routes.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, fields
from typing import Any

from aiohttp import web

from tui.sandbox.control_api.base import read_body, refuse
from tui.sandbox.control_api.calls import CallRoutes
from tui.sandbox.faults import FaultKind
from tui.sandbox.fixtures import LOAD_GROUP
from tui.sandbox.pbx.calls import KickReason, PhoneTrouble
from tui.sandbox.pbx.dialplan import dial_plan_text
from tui.sandbox.pbx.timers import Times
from tui.sandbox.signalling.switchboard import Switchboard
from tui.sandbox.web.load import STATES, LoadGroup
from tui.sandbox.web.tokens import Tokens

_TIMES = {each.name for each in fields(Times)}


class ControlApi:
    """The handlers of `/control/`."""

    def __init__(
        self,
        board: Switchboard,
        tokens: Tokens,
        load_group: LoadGroup,
        restart: Callable[[], None],
        reset: Callable[[], Awaitable[dict[str, Any]]] | None = None,
    ) -> None:
        self._board = board
        self._load_group = load_group
        self._tokens = tokens
        self._restart = restart
        self._reset = reset
        self._call_routes = CallRoutes(board)

    def add_routes(self, app: web.Application) -> None:
        """Put the routes on the application."""
        self._call_routes.add_routes(app)
        one = "/control/agents/{un}"
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
                web.post(one + "/after-call-work", self.after_call_work),
                web.post(one + "/phone", self.phone),
                web.post(one + "/phone/{what}", self.on_the_phone),
                web.post("/control/enterprise", self.enterprise),
                web.post("/control/directory", self.directory),
                web.post("/control/members/{un}/state", self.member_state),
                web.post("/control/groups/{gid}/name", self.name_group),
                web.get("/control/faults", self.faults),
                web.post("/control/faults", self.set_fault),
                web.delete("/control/faults", self.clear_faults),
                web.post("/control/times", self.times),
                web.post("/control/reset", self.reset),
                web.post("/control/restart", self.restart),
            ]
        )

    def _un(self, request: web.Request) -> str:
        un = request.match_info["un"]
        if un not in self._board.pbx.seats:
            raise refuse(f"no agent {un}", 404)
        return un

    def _show_agent(self, un: str) -> dict[str, Any]:
        seat = self._board.pbx.seats[un]
        return {
            **asdict(seat),
            "telephone": self._board.pbx.phones.phone_of(un),
            "name": self._board.fixtures.agents[un].name,
            "checked_in": self._tokens.checked_in(un),
            "counts": self._board.journal.counts(un),
            "log": [asdict(entry) for entry in self._board.journal.entries(un)],
        }

    # ------------------------------------------------------------ looking

    async def plan(self, _request: web.Request) -> web.Response:
        """The dial plan, as text."""
        return web.Response(text=dial_plan_text(self._board.fixtures))

    async def state(self, _request: web.Request) -> web.Response:
        """Everything; `now` is the clock that all instants here are on."""
        return web.json_response(
            {
                "now": time.monotonic(),
                "agents": {un: self._show_agent(un) for un in self._board.pbx.seats},
                "calls": [self._call_routes.show(call) for call in self._board.pbx.calls.values()],
                "faults": {kind: sorted(who) for kind, who in self._board.faults.on.items()},
            }
        )

    async def agents(self, _request: web.Request) -> web.Response:
        return web.json_response([self._show_agent(un) for un in self._board.pbx.seats])

    async def agent(self, request: web.Request) -> web.Response:
        return web.json_response(self._show_agent(self._un(request)))

    # ------------------------------------------------------------ agents

    async def kick(self, request: web.Request) -> web.Response:
        """`{"r": "895"}`; with the `eid` of another enterprise the agent is told, and stays."""
        un, given = self._un(request), await read_body(request)
        r, eid = str(given.get("r", KickReason.OTHER_SIGNED_IN)), str(given.get("eid", ""))
        if eid in ("", self._board.fixtures.eid):
            self._board.kick(un, r)
        else:
            self._board.pbx.presence.kick_elsewhere(un, r, eid)
            self._board.step()
        return web.json_response({})

    async def end_token(self, request: web.Request) -> web.Response:
        self._tokens.end(self._un(request))
        return web.json_response({})

    async def drop(self, request: web.Request) -> web.Response:
        return web.json_response({"dropped": self._board.drop(self._un(request))})

    async def status(self, request: web.Request) -> web.Response:
        """`{"status": 0|1|2}`: the platform says so, whatever the agent wants."""
        status = (await read_body(request)).get("status")
        if status not in (0, 1, 2):
            raise refuse("status is 0, 1 or 2")
        self._board.pbx.presence.set_status(self._un(request), status, time.monotonic())
        self._board.step()
        return web.json_response({})

    async def say(self, request: web.Request) -> web.Response:
        """The request's body goes out as a control message, as it is."""
        return web.json_response(
            {"said": self._board.say_raw(self._un(request), await request.read())}
        )

    async def after_call_work(self, request: web.Request) -> web.Response:
        """The platform puts the seat into after-call work (6)."""
        self._board.pbx.presence.after_call_work(self._un(request))
        self._board.step()
        return web.json_response({})

    async def phone(self, request: web.Request) -> web.Response:
        """`{"trouble": "" | "none" | "offline" | "busy", "picks_up": true}`, of the agent's own
        telephone."""
        seat, given = self._board.pbx.seats[self._un(request)], await read_body(request)
        try:
            seat.trouble = PhoneTrouble(given.get("trouble", seat.trouble))
        except ValueError:
            listed = ", ".join(each for each in PhoneTrouble if each)
            raise refuse(f"trouble is one of {listed}, or nothing") from None
        seat.picks_up = bool(given.get("picks_up", seat.picks_up))
        return web.json_response({})

    async def on_the_phone(self, request: web.Request) -> web.Response:
        """`pick-up`, `hang-up`, `hold` or `resume` on the agent's own telephone."""
        un, phones, now = self._un(request), self._board.pbx.phones, time.monotonic()
        match request.match_info["what"]:
            case "pick-up":
                done = phones.pick_up(un, now)
            case "hang-up":
                done = phones.hang_up(un, now)
            case "hold" | "resume" as what:
                done = phones.hold(un, what == "hold")
            case what:
                raise refuse(f"{what}: pick-up, hang-up, hold or resume", 404)
        self._board.step()
        return web.json_response({"done": done})

    async def enterprise(self, request: web.Request) -> web.Response:
        """`{"auto_answer": seconds}` for sign-ins from now on; 0 = not."""
        seconds = (await read_body(request)).get("auto_answer", 0)
        if not isinstance(seconds, int) or not 0 <= seconds <= 60:
            raise refuse("auto_answer is 0 to 60 seconds")
        self._board.fixtures.auto_answer = seconds
        return web.json_response({})

    async def directory(self, request: web.Request) -> web.Response:
        """`{"changes_per_second": 50}` in the group of ten thousand."""
        rate = (await read_body(request)).get("changes_per_second", 0)
        if not isinstance(rate, int | float) or not 0 <= rate <= 10_000:
            raise refuse("changes_per_second is 0 to 10000")
        if LOAD_GROUP not in self._board.fixtures.groups:
            raise refuse("only with --big-directory", 404)
        self._load_group.set_rate(float(rate))
        return web.json_response({})

    async def member_state(self, request: web.Request) -> web.Response:
        """`{"state": "idle"}` of a simulated member, in the directory."""
        un, state = request.match_info["un"], (await read_body(request)).get("state")
        seed = self._board.fixtures.agents.get(un)
        if seed is None or not seed.simulated:
            raise refuse(f"no simulated member {un}", 404)
        if state not in STATES:
            raise refuse(f"state is one of {', '.join(STATES)}")
        self._board.fixtures.states[un] = state
        return web.json_response({})

    async def loss(self, request: web.Request) -> web.Response:
        """`{"percent": 0 to 100}` of media packets to lose, each way, from now on."""
        percent = (await read_body(request)).get("percent", 0)
        if not isinstance(percent, int | float) or not 0 <= percent <= 100:
            raise refuse("percent is 0 to 100")
        self._board.switching.loss[self._un(request)] = percent / 100
        return web.json_response({})

    async def lose_leg(self, request: web.Request) -> web.Response:
        """The platform forgets the agent's audio leg, without a BYE."""
        un = self._un(request)
        return web.json_response({"lost": self._board.legs.lose(un)})

    async def name_agent(self, request: web.Request) -> web.Response:
        """`{"name": …}`: what the directory says from now on."""
        name = str((await read_body(request)).get("name", ""))
        self._board.fixtures.agents[self._un(request)].name = name
        return web.json_response({})

    async def name_group(self, request: web.Request) -> web.Response:
        """`{"name": …}`."""
        group = self._board.fixtures.groups.get(request.match_info["gid"])
        if group is None:
            raise refuse("no such group", 404)
        group.name = str((await read_body(request)).get("name", ""))
        return web.json_response({})

    # ------------------------------------------------------------ faults

    async def faults(self, _request: web.Request) -> web.Response:
        return web.json_response({kind: sorted(who) for kind, who in self._board.faults.on.items()})

    async def set_fault(self, request: web.Request) -> web.Response:
        """`{"kind": …, "un": "" for everybody, "on": true}`."""
        given = await read_body(request)
        try:
            kind = FaultKind(given.get("kind", ""))
        except ValueError:
            raise refuse(f"kind is one of {', '.join(FaultKind)}") from None
        self._board.faults.set(kind, str(given.get("un", "")), bool(given.get("on", True)))
        return await self.faults(request)

    async def clear_faults(self, request: web.Request) -> web.Response:
        self._board.faults.clear()
        self._board.switching.loss.clear()
        return await self.faults(request)

    async def times(self, request: web.Request) -> web.Response:
        """Any of the PBX's patience, in seconds: `{"ring": 2}`."""
        given = await read_body(request)
        for name, value in given.items():
            if name not in _TIMES or not isinstance(value, int | float) or not 0 <= value <= 3600:
                raise refuse(f"{name}: one of {', '.join(sorted(_TIMES))}, in seconds")
        for name, value in given.items():
            setattr(self._board.pbx.times, name, float(value))
        return web.json_response(asdict(self._board.pbx.times))

    async def restart(self, request: web.Request) -> web.Response:
        """`{"tokens": true}`: the platform begins anew with nothing remembered; web tokens end only
        when it is said."""
        if (await read_body(request)).get("tokens", False):
            self._tokens.end_all()
        self._restart()
        return web.json_response({})

    async def reset(self, _request: web.Request) -> web.Response:
        """A fresh sandbox in the place of this one; the answer is its ready file."""
        if self._reset is None:
            raise refuse("only `yimi sandbox` on any free port (--port 0) can be reset", 404)
        response = web.json_response(await self._reset())
        response.force_close()
        return response

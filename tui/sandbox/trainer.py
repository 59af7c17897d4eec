"""The control API: what a test or a trainer does to the platform, one request each.

On the sandbox's own port under `/control/`, for this machine only, JSON in and out.
`docs/sandbox.md` lists the routes.
"""

from __future__ import annotations

import time
from dataclasses import asdict, fields
from typing import Any

from aiohttp import web

from tui.sandbox.callers import Callers
from tui.sandbox.calls import Times
from tui.sandbox.crowd import STATES, Crowd
from tui.sandbox.desk import read_body, refuse
from tui.sandbox.dialplan import dial_plan_text
from tui.sandbox.faults import KINDS
from tui.sandbox.phones import TROUBLES
from tui.sandbox.switchboard import Switchboard
from tui.sandbox.tokens import Tokens
from tui.sandbox.world import CROWD

_TIMES = {each.name for each in fields(Times)}


class Trainer:
    """The handlers of `/control/`."""

    def __init__(self, board: Switchboard, tokens: Tokens, crowd: Crowd) -> None:
        self._board = board
        self._crowd = crowd
        self._tokens = tokens
        self._callers = Callers(board)

    def add_routes(self, app: web.Application) -> None:
        """Put the routes on the application."""
        self._callers.add_routes(app)
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
            "telephone": self._board.pbx.phone_state(un),
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
                "calls": [self._callers.show(call) for call in self._board.pbx.calls.values()],
                "faults": {kind: sorted(who) for kind, who in self._board.faults.on.items()},
            }
        )

    async def agents(self, _request: web.Request) -> web.Response:
        return web.json_response([self._show_agent(un) for un in self._board.pbx.seats])

    async def agent(self, request: web.Request) -> web.Response:
        return web.json_response(self._show_agent(self._un(request)))

    # ------------------------------------------------------------ agents

    async def kick(self, request: web.Request) -> web.Response:
        """`{"r": "895"}`."""
        self._board.kick(self._un(request), str((await read_body(request)).get("r", "895")))
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
        self._board.pbx.set_status(self._un(request), status, time.monotonic())
        self._board.step()
        return web.json_response({})

    async def say(self, request: web.Request) -> web.Response:
        """The request's body goes out as a control message, as it is."""
        return web.json_response(
            {"said": self._board.say_raw(self._un(request), await request.read())}
        )

    async def after_call_work(self, request: web.Request) -> web.Response:
        """The platform puts the seat into after-call work (6)."""
        self._board.pbx.after_call_work(self._un(request))
        self._board.step()
        return web.json_response({})

    async def phone(self, request: web.Request) -> web.Response:
        """`{"trouble": "" | "none" | "offline" | "busy", "picks_up": true}`, of the agent's own
        telephone."""
        seat, given = self._board.pbx.seats[self._un(request)], await read_body(request)
        if given.get("trouble", "") not in ("", *TROUBLES):
            raise refuse(f"trouble is one of {', '.join(TROUBLES)}, or nothing")
        seat.trouble = given.get("trouble", seat.trouble)
        seat.picks_up = bool(given.get("picks_up", seat.picks_up))
        return web.json_response({})

    async def on_the_phone(self, request: web.Request) -> web.Response:
        """`pick-up`, `hang-up`, `hold` or `resume` on the agent's own telephone."""
        un, pbx, now = self._un(request), self._board.pbx, time.monotonic()
        match request.match_info["what"]:
            case "pick-up":
                done = pbx.phone_picks_up(un, now)
            case "hang-up":
                done = pbx.phone_hangs_up(un, now)
            case "hold" | "resume" as what:
                done = pbx.phone_holds(un, what == "hold", now)
            case what:
                raise refuse(f"{what}: pick-up, hang-up, hold or resume", 404)
        self._board.step()
        return web.json_response({"done": done})

    async def enterprise(self, request: web.Request) -> web.Response:
        """`{"auto_answer": seconds}` for sign-ins from now on; 0 = not."""
        seconds = (await read_body(request)).get("auto_answer", 0)
        if not isinstance(seconds, int) or not 0 <= seconds <= 60:
            raise refuse("auto_answer is 0 to 60 seconds")
        self._board.world.auto_answer = seconds
        return web.json_response({})

    async def directory(self, request: web.Request) -> web.Response:
        """`{"changes_per_second": 50}` in the group of ten thousand."""
        rate = (await read_body(request)).get("changes_per_second", 0)
        if not isinstance(rate, int | float) or not 0 <= rate <= 10_000:
            raise refuse("changes_per_second is 0 to 10000")
        if CROWD not in self._board.world.groups:
            raise refuse("only with --big-directory", 404)
        self._crowd.set_rate(float(rate))
        return web.json_response({})

    async def member_state(self, request: web.Request) -> web.Response:
        """`{"state": "idle"}` of a simulated member, in the directory."""
        un, state = request.match_info["un"], (await read_body(request)).get("state")
        seed = self._board.world.agents.get(un)
        if seed is None or not seed.simulated:
            raise refuse(f"no simulated member {un}", 404)
        if state not in STATES:
            raise refuse(f"state is one of {', '.join(STATES)}")
        self._board.world.states[un] = state
        return web.json_response({})

    async def loss(self, request: web.Request) -> web.Response:
        """`{"percent": 0 to 100}` of media packets to lose, each way, from now on."""
        percent = (await read_body(request)).get("percent", 0)
        if not isinstance(percent, int | float) or not 0 <= percent <= 100:
            raise refuse("percent is 0 to 100")
        self._board.hall.loss[self._un(request)] = percent / 100
        return web.json_response({})

    async def lose_leg(self, request: web.Request) -> web.Response:
        """The platform forgets the agent's audio leg, without a BYE."""
        un = self._un(request)
        return web.json_response({"lost": self._board.lines.lose(un)})

    async def name_agent(self, request: web.Request) -> web.Response:
        """`{"name": …}`: what the directory says from now on."""
        name = str((await read_body(request)).get("name", ""))
        self._board.world.agents[self._un(request)].name = name
        return web.json_response({})

    async def name_group(self, request: web.Request) -> web.Response:
        """`{"name": …}`."""
        group = self._board.world.groups.get(request.match_info["gid"])
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
        if given.get("kind") not in KINDS:
            raise refuse(f"kind is one of {', '.join(KINDS)}")
        self._board.faults.set(given["kind"], str(given.get("un", "")), bool(given.get("on", True)))
        return await self.faults(request)

    async def clear_faults(self, request: web.Request) -> web.Response:
        self._board.faults.clear()
        self._board.hall.loss.clear()
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

"""The control API about calls: ring an agent, hang up, and what the customer heard."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from typing import Any

from aiohttp import web

from tui.platform import control
from tui.sandbox.audio.switching import CUSTOMER, Customer
from tui.sandbox.audio.voices import warm_up
from tui.sandbox.control_api.base import read_body, refuse
from tui.sandbox.pbx.calls import PbxCall, PbxPhase
from tui.sandbox.pbx.dialplan import Behaviour
from tui.sandbox.signalling.switchboard import Switchboard

_BEHAVIOUR = {"voice", "hang_up_after", "give_up_after", "leg"}


class CallRoutes:
    """The handlers of `/control/ring` and `/control/calls`."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board

    def add_routes(self, app: web.Application) -> None:
        """Put the routes on the application."""
        call = "/control/calls/{cc}"
        app.add_routes(
            [
                web.post("/control/ring", self.ring),
                web.post("/control/group-call", self.group_call),
                web.get("/control/calls", self.calls),
                web.get(call, self.call),
                web.post(call + "/hangup", self.hang_up),
                web.post(call + "/voice", self.voice),
                web.post(call + "/third/{what}", self.third),
                web.get(call + "/heard", self.heard),
                web.get(call + "/heard.wav", self.heard_wav),
                web.get(call + "/late", self.late),
            ]
        )

    def _call(self, request: web.Request) -> PbxCall:
        """By ccNumber, or "last": the newest."""
        calls = self._board.pbx.calls
        cc = request.match_info["cc"]
        if cc == "last" and calls:
            cc = next(reversed(calls))
        if cc not in calls:
            raise refuse(f"no call {cc}", 404)
        return calls[cc]

    def show(self, call: PbxCall) -> dict[str, Any]:
        """A call as JSON."""
        customer = self._board.switching.customers.get(call.cc)
        return {
            "cc": call.cc,
            "kind": call.kind,
            "number": call.number,
            "phase": call.phase,
            "caller": call.caller,
            "callee": call.callee,
            "parties": {
                un: {"leg": party.leg, "holding": party.holding, "phone": party.phone}
                for un, party in call.parties.items()
            },
            "scripted": call.scripted,
            "listeners": {
                un: {"leg": party.leg, "joined": un in call.joined}
                for un, party in call.listeners.items()
            },
            "offers": call.offers,
            "began": call.began,
            "up_at": call.up_at,
            "ended_at": call.ended_at,
            "reason": call.reason,
            "digits": [asdict(each) for each in call.digits],
            "through": call.through,
            "guest": None if call.guest is None else asdict(call.guest),
            "voice": call.behaviour.voice,
            "longest_silence": customer.recorder.longest_silence if customer else 0,
            "longest_missing": customer.recorder.longest_missing if customer else 0,
            "missing": customer.recorder.missing if customer else 0,
        }

    async def calls(self, _request: web.Request) -> web.Response:
        return web.json_response([self.show(c) for c in self._board.pbx.calls.values()])

    async def call(self, request: web.Request) -> web.Response:
        return web.json_response(self.show(self._call(request)))

    async def ring(self, request: web.Request) -> web.Response:
        """`{"un" and/or "gid", "number", "voice", "hang_up_after", "give_up_after", "leg"}`."""
        given = await read_body(request)
        un, gid = str(given.get("un", "")), str(given.get("gid", ""))
        if un not in self._board.pbx.seats and gid not in self._board.fixtures.groups:
            raise refuse("un or gid must be one of the sandbox's")
        wanted = {key: given[key] for key in _BEHAVIOUR if given.get(key) is not None}
        try:
            behaviour = Behaviour(**wanted)
        except (TypeError, ValueError) as error:
            raise refuse(str(error)) from None
        number = str(given.get("number", "12000000001"))
        try:
            control.encode(control.NewCall("1", number))
        except control.ControlError as error:
            raise refuse(f"number: {error}; /control/agents/{un}/say sends anything") from None
        cc = self._board.pbx.queue.ring(number, behaviour, time.monotonic(), target=un, gid=gid)
        self._board.step()
        return web.json_response({"cc": cc})

    async def group_call(self, request: web.Request) -> web.Response:
        """`{"agent", "number", "voice", "agent_voice", "lasts"}`: a simulated member talks to a
        customer."""
        given = await read_body(request)
        agent = str(given.get("agent", ""))
        seed = self._board.fixtures.agents.get(agent)
        if seed is None or not seed.simulated:
            raise refuse("agent is a simulated member: 1090, 1091, 1100 …")
        voices = {key: str(given[key]) for key in ("voice", "agent_voice") if key in given}
        try:
            for each in voices.values():
                Behaviour(voice=each)
            lasts = None if given.get("lasts") is None else float(given["lasts"])
        except (TypeError, ValueError) as error:
            raise refuse(str(error)) from None
        number = str(given.get("number", "12000000001"))
        scripted = self._board.pbx.scripted
        cc = scripted.begin(agent, number, time.monotonic(), lasts=lasts, **voices)
        self._board.step()
        return web.json_response({"cc": cc})

    async def hang_up(self, request: web.Request) -> web.Response:
        """The customer hangs up, or gives up."""
        done = self._board.pbx.endings.customer_hangs_up(self._call(request).cc, time.monotonic())
        self._board.step()
        return web.json_response({"done": done})

    async def voice(self, request: web.Request) -> web.Response:
        """`{"voice": …}`: what the customer says from now on."""
        call, kind = self._call(request), str((await read_body(request)).get("voice", ""))
        try:
            Behaviour(voice=kind)
        except ValueError as error:
            raise refuse(str(error)) from None
        customer = self._board.switching.customers.get(call.cc)
        if customer is None:
            raise refuse("the customer is not there", 404)
        await asyncio.to_thread(warm_up, kind)
        self._board.switching.speak(call.cc, kind)
        return web.json_response({})

    async def third(self, request: web.Request) -> web.Response:
        """`pick-up` or `hang-up`: what the simulated third party does now."""
        call, what = self._call(request), request.match_info["what"]
        if what not in ("pick-up", "hang-up"):
            raise refuse("the third picks up (pick-up) or hangs up (hang-up)", 404)
        guests = self._board.pbx.guests
        does = guests.third_answers if what == "pick-up" else guests.third_hangs_up
        done = does(call, time.monotonic())
        self._board.step()
        return web.json_response({"done": done})

    def _recorder(self, request: web.Request) -> tuple[PbxCall, Customer, int]:
        call, ms = self._call(request), _last_ms(request)
        who = request.query.get("who", CUSTOMER)
        switching = self._board.switching
        found = (
            switching.customers.get(call.cc)
            if who == CUSTOMER
            else switching.others.get((call.cc, who))
        )
        if found is None:
            raise refuse(f"the {who} has heard nothing", 404)
        return call, found, ms

    async def heard(self, request: web.Request) -> web.Response:
        """`?ms=1000&hz=440,880&who=third`: what the customer heard, or another simulated end."""
        call, customer, ms = self._recorder(request)
        try:
            wanted = [float(hz) for hz in request.query.get("hz", "").split(",") if hz]
        except ValueError:
            raise refuse("hz is a list of numbers") from None
        found = await asyncio.to_thread(customer.recorder.analyse, ms, wanted)
        return web.json_response(
            {**asdict(found), "up": call.phase is PbxPhase.UP, "on_hold": customer.holding}
        )

    async def heard_wav(self, request: web.Request) -> web.Response:
        """The same as a sound file."""
        _, customer, ms = self._recorder(request)
        return web.Response(body=customer.recorder.wav(ms), content_type="audio/wav")

    async def late(self, request: web.Request) -> web.Response:
        """`?ms=1000`: how late each agent's packets came, in ms, by the kernel's stamps."""
        call, since = self._call(request), time.time() - _last_ms(request) / 1000
        return web.json_response(
            {
                un: [round(each * 1000, 2) for each in leg.arrivals.late(since)]
                for (cc, un), leg in self._board.switching.legs.items()
                if cc == call.cc
            }
        )


def _last_ms(request: web.Request) -> int:
    text = request.query.get("ms", "1000")
    if not text.isdigit() or not 20 <= int(text) <= 120_000:
        raise refuse("ms is 20 to 120000")
    return int(text)

"""The control API about calls: ring an agent, hang up, and what the customer heard."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from typing import Any

from aiohttp import web

from tui.platform import control
from tui.sandbox.calls import Call, Phase
from tui.sandbox.desk import read_body, refuse
from tui.sandbox.dialplan import Behaviour
from tui.sandbox.hall import CUSTOMER, Customer
from tui.sandbox.switchboard import Switchboard
from tui.sandbox.voices import warm_up

_BEHAVIOUR = {"voice", "hang_up_after", "give_up_after", "leg"}


class Callers:
    """The handlers of `/control/ring` and `/control/calls`."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board

    def add_routes(self, app: web.Application) -> None:
        """Put the routes on the application."""
        call = "/control/calls/{cc}"
        app.add_routes(
            [
                web.post("/control/ring", self.ring),
                web.get("/control/calls", self.calls),
                web.get(call, self.call),
                web.post(call + "/hangup", self.hang_up),
                web.post(call + "/voice", self.voice),
                web.post(call + "/third/{what}", self.third),
                web.get(call + "/heard", self.heard),
                web.get(call + "/heard.wav", self.heard_wav),
            ]
        )

    def _call(self, request: web.Request) -> Call:
        """By ccNumber, or "last": the newest."""
        calls = self._board.pbx.calls
        cc = request.match_info["cc"]
        if cc == "last" and calls:
            cc = next(reversed(calls))
        if cc not in calls:
            raise refuse(f"no call {cc}", 404)
        return calls[cc]

    def show(self, call: Call) -> dict[str, Any]:
        """A call as JSON."""
        customer = self._board.hall.customers.get(call.cc)
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
            "offers": call.offers,
            "began": call.began,
            "up_at": call.up_at,
            "ended_at": call.ended_at,
            "reason": call.reason,
            "digits": [asdict(key) for key in call.keys],
            "through": call.through,
            "guest": None if call.guest is None else asdict(call.guest),
            "voice": call.behaviour.voice,
            "longest_silence": customer.ear.longest_silence if customer else 0,
            "longest_missing": customer.ear.longest_missing if customer else 0,
        }

    async def calls(self, _request: web.Request) -> web.Response:
        return web.json_response([self.show(c) for c in self._board.pbx.calls.values()])

    async def call(self, request: web.Request) -> web.Response:
        return web.json_response(self.show(self._call(request)))

    async def ring(self, request: web.Request) -> web.Response:
        """`{"un" and/or "gid", "number", "voice", "hang_up_after", "give_up_after", "leg"}`."""
        given = await read_body(request)
        un, gid = str(given.get("un", "")), str(given.get("gid", ""))
        if un not in self._board.pbx.seats and gid not in self._board.world.groups:
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
        call, kind = self._call(request), str((await read_body(request)).get("voice", ""))
        try:
            Behaviour(voice=kind)
        except ValueError as error:
            raise refuse(str(error)) from None
        customer = self._board.hall.customers.get(call.cc)
        if customer is None:
            raise refuse("the customer is not there", 404)
        await asyncio.to_thread(warm_up, kind)
        self._board.hall.speak(call.cc, kind)
        return web.json_response({})

    async def third(self, request: web.Request) -> web.Response:
        """`pick-up` or `hang-up`: what the simulated third party does now."""
        call, what = self._call(request), request.match_info["what"]
        if what not in ("pick-up", "hang-up"):
            raise refuse("the third picks up (pick-up) or hangs up (hang-up)", 404)
        pbx = self._board.pbx
        does = pbx.third_answers if what == "pick-up" else pbx.third_hangs_up
        done = does(call, time.monotonic())
        self._board.step()
        return web.json_response({"done": done})

    def _ear(self, request: web.Request) -> tuple[Call, Customer, int]:
        call = self._call(request)
        text = request.query.get("ms", "1000")
        if not text.isdigit() or not 20 <= int(text) <= 120_000:
            raise refuse("ms is 20 to 120000")
        who = request.query.get("who", CUSTOMER)
        hall = self._board.hall
        found = hall.customers.get(call.cc) if who == CUSTOMER else hall.others.get((call.cc, who))
        if found is None:
            raise refuse(f"the {who} has heard nothing", 404)
        return call, found, int(text)

    async def heard(self, request: web.Request) -> web.Response:
        """`?ms=1000&hz=440,880&who=third`: what the customer heard, or another simulated end."""
        call, customer, ms = self._ear(request)
        try:
            wanted = [float(hz) for hz in request.query.get("hz", "").split(",") if hz]
        except ValueError:
            raise refuse("hz is a list of numbers") from None
        found = await asyncio.to_thread(customer.ear.analyse, ms, wanted)
        return web.json_response(
            {**asdict(found), "up": call.phase is Phase.UP, "on_hold": customer.holding}
        )

    async def heard_wav(self, request: web.Request) -> web.Response:
        """The same as a sound file."""
        _, customer, ms = self._ear(request)
        return web.Response(body=customer.ear.wav(ms), content_type="audio/wav")

"""Ties the PBX to its sockets: SIP events in, the PBX's actions out as messages and audio legs."""

from __future__ import annotations

import asyncio
import logging
import random
import time

from aiohttp import web

from tui.platform import control
from tui.sandbox.calls import CloseLeg, OpenLeg, ProbeLeg, Route, Say, Speak
from tui.sandbox.faults import Faults, Journal
from tui.sandbox.leglines import LegLines
from tui.sandbox.pbx import Pbx
from tui.sandbox.peers import MAX_FRAME, Peer, Peers, Socket
from tui.sandbox.registrar import Registrar
from tui.sandbox.world import World
from tui.sip import LocalProtocolError, Request
from tui.sip import events as sip
from tui.text import clean_text

log = logging.getLogger(__name__)


class Switchboard:
    """The running PBX. Everything happens in one event loop; `step` drains what has come up."""

    def __init__(
        self, world: World, pbx: Pbx, *, rng: random.Random, faults: Faults, journal: Journal
    ) -> None:
        self.world = world
        self.pbx = pbx
        self.faults = faults
        self.journal = journal
        self.pbx.fault = faults.hits
        self.peers = Peers(world.pbx, f"sip:{world.domain}", rng)
        self.peers.on_event = self._on_event
        self.registrar = Registrar(world, self.peers, journal, rng)
        self.registrar.on_registered = self._registered
        self.registrar.on_unregistered = self._unregistered
        self.registrar.on_other = lambda un: self.kick(un, "895", drop=False)
        self.registrar.on_expired = lambda un: self.kick(un, "897")
        self.lines = LegLines(pbx, self.peers, self.registrar.bindings, rng=rng, step=self.step)
        self.hall = self.lines.hall
        self._timer: asyncio.TimerHandle | None = None
        self._sockets: set[Socket] = set()

    # ------------------------------------------------------------ sockets

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """The handler of `/sip`."""
        ws = web.WebSocketResponse(
            timeout=2.0, protocols=("sip",), autoping=False, max_msg_size=MAX_FRAME, compress=False
        )
        await ws.prepare(request)
        if ws.ws_protocol != "sip":
            await ws.close(code=1002, message=b"the subprotocol is sip")
            return ws
        socket = Socket(ws, request.transport, self.faults)
        self._sockets.add(socket)
        self.peers.new(socket)
        try:
            await socket.run(self._on_frame)
        finally:
            self._sockets.discard(socket)
            peer = self.peers.detach(socket)
            if peer is not None and peer.un:
                self.pbx.flow(peer.un, False, time.monotonic())
                self.step()
        return ws

    def _on_frame(self, socket: Socket, frame: bytes) -> None:
        un, method = socket.un, frame.split(b" ", 1)[0]
        if self.faults.hits("sip", un) or (
            method == b"MESSAGE" and self.faults.hits("message", un)
        ):
            return
        if un and method in (b"INVITE", b"ACK", b"BYE", b"CANCEL", b"INFO", b"OPTIONS"):
            self.journal.note(un, method.decode())
        try:
            if socket.peer is not None:
                self.peers.receive(socket.peer, frame)
        except Exception:
            # A fault of the sandbox's own: told, but one bad frame does not end the connection.
            log.exception("a %s from %s failed", method.decode(errors="replace")[:10], un)
        self.step()

    def drop(self, un: str) -> bool:
        """Cut an agent's WebSocket without a goodbye."""
        peer = self.registrar.bindings.get(un)
        if peer is None or peer.socket is None:
            return False
        peer.socket.drop()
        return True

    # ------------------------------------------------------------ SIP events

    def _on_event(self, peer: Peer, event: sip.Event) -> None:
        match event:
            case sip.RequestReceived(id, request):
                self._on_request(peer, id, request)
            case sip.MessageReceived(from_, _, _, body, _):
                if (message := self._read(peer, from_.uri.user or "", body)) is not None:
                    self._take(peer.un, message)
            case sip.InviteReceived(call):
                peer.ua.reject(call, 403, time.monotonic())
            case sip.Ignored(what):
                log.info("ignored: %s", clean_text(what))
            case _:
                self.lines.on_event(peer, event)

    def _on_request(self, peer: Peer, id: str, request: Request) -> None:
        now = time.monotonic()
        match request.method:
            case "REGISTER":
                self.registrar.register(peer, id, request)
            case "MESSAGE":
                message = self._read(peer, request.from_.uri.user or "", request.body)
                status = 0 if message is None else self.pbx.refuses(peer.un, message)
                peer.ua.respond(id, status or 200, now)
                if message is not None and not status:
                    self._take(peer.un, message)
            case "OPTIONS":
                peer.ua.respond(id, 200, now)
            case _:
                peer.ua.respond(id, 405, now)

    def _read(self, peer: Peer, user: str, body: bytes) -> control.AgentMessage | None:
        """A control message of the agent who is registered here; None when it is none."""
        un = peer.un
        if not un or self.world.agents[un].sip_user != user:
            log.warning("a MESSAGE of somebody who is not registered here")
            return None
        try:
            message = control.decode_agent(body)
        except control.ControlError as error:
            self.journal.note(un, "MESSAGE", f"unreadable: {error}")
            return None
        self.journal.note(un, "MESSAGE", type(message).__name__)
        if isinstance(message, control.Unknown):
            log.warning("%s sent a message that nobody knows: %s", un, message.why)
            return None
        return message

    def _take(self, un: str, message: control.AgentMessage) -> None:
        self.pbx.mute_dial = self.faults.hits("call", un)
        self.pbx.receive(un, message, time.monotonic())

    # ------------------------------------------------------------ registrations

    def _registered(self, un: str, fresh: bool) -> None:
        self.pbx.registered(un, time.monotonic(), fresh=fresh)

    def _unregistered(self, un: str) -> None:
        self.pbx.unregistered(un, time.monotonic())

    def kick(self, un: str, r: str, *, drop: bool = True) -> None:
        """Sign an agent out, and say why; `drop` takes the binding off."""
        self.pbx.kick(un, r, time.monotonic())
        self.step()
        if drop:
            self.registrar.remove(un)

    # ------------------------------------------------------------ actions

    def step(self) -> None:
        """Do what the PBX wants done, and set its alarm."""
        now = time.monotonic()
        while actions := self.pbx.actions():
            for action in actions:
                match action:
                    case Say(un, message, copies):
                        self._encode(un, message, copies)
                    case OpenLeg(cc, un):
                        self.lines.open(cc, un)
                    case CloseLeg(cc, un):
                        self.lines.close(cc, un)
                    case ProbeLeg(cc, un):
                        self.lines.probe(cc, un)
                    case Speak(cc, voice):
                        self.hall.speak(cc, voice)
                    case Route(cc):
                        if cc in self.pbx.calls:
                            self.hall.route(self.pbx.calls[cc])
        self.hall.forget(set(self.pbx.calls))
        if self._timer is not None:
            self._timer.cancel()
        deadline = self.pbx.next_deadline()
        self._timer = None
        if deadline is not None:
            wait = max(0.0, deadline - now)
            self._timer = asyncio.get_running_loop().call_later(wait, self._tick)

    def _tick(self) -> None:
        self.pbx.handle_timeout(time.monotonic())
        self.step()

    def _encode(self, un: str, message: control.PlatformMessage, copies: int) -> None:
        try:
            self._say(un, control.encode(message), copies)
        except control.ControlError as error:
            log.warning("%s cannot be written: %s", type(message).__name__, error)

    def say_raw(self, un: str, body: bytes) -> bool:
        """Send any body as a control message; False when the agent is not there."""
        return self._say(un, body, 1)

    def _say(self, un: str, body: bytes, copies: int) -> bool:
        peer = self.registrar.bindings.get(un)
        if peer is None or peer.socket is None:
            return False
        for _ in range(copies):
            try:
                peer.ua.send_message(peer.contact, body, control.CONTENT_TYPE, time.monotonic())
            except LocalProtocolError as error:
                log.warning("not said to %s: %s", un, error)
                return False
        self.peers.pump(peer)
        return True

    # ------------------------------------------------------------ life

    async def close(self) -> None:
        """Close legs and sockets, stop timers."""
        if self._timer is not None:
            self._timer.cancel()
        closing = [socket.ws.close(code=1001) for socket in self._sockets]
        await asyncio.gather(*closing, return_exceptions=True)
        for peer in list(self.peers.all):
            self.peers.discard(peer)
        await self.lines.end()

"""Ties the PBX to its sockets: SIP events in, the PBX's actions out as messages and audio legs."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable

from aiohttp import web

from tui.platform import control
from tui.sandbox.faults import FaultKind, Faults
from tui.sandbox.fixtures import Fixtures
from tui.sandbox.journal import AgentJournal
from tui.sandbox.pbx.actions import CloseLeg, OpenLeg, ProbeLeg, RouteAudio, Say, Speak
from tui.sandbox.pbx.calls import KickReason
from tui.sandbox.pbx.pbx import Pbx
from tui.sandbox.signalling.audio_legs import LegSignalling
from tui.sandbox.signalling.manner import Manner, PlainManner, Send
from tui.sandbox.signalling.peers import MAX_FRAME, Peer, Peers, Socket
from tui.sandbox.signalling.registrar import Registrar
from tui.sip import LocalProtocolError, Request
from tui.sip import events as sip
from tui.text import clean_text

log = logging.getLogger(__name__)

OBEYED = control.ASSUMED.overridden({"break_reason": "break"})
"""The vocabulary of this platform: it has a field for why a seat is busy."""


class Switchboard:
    """The running PBX. Everything happens in one event loop; `step` drains what has come up."""

    def __init__(
        self,
        fixtures: Fixtures,
        pbx: Pbx,
        *,
        rng: random.Random,
        faults: Faults,
        journal: AgentJournal,
        manner: Callable[[Send], Manner] = PlainManner,
    ) -> None:
        self.fixtures = fixtures
        self.pbx = pbx
        self.faults = faults
        self.journal = journal
        self.peers = Peers(
            fixtures.pbx,
            f"sip:{fixtures.domain}",
            rng,
            self._on_event,
            outgoing=lambda un, frame: self.manner.outgoing(un, frame),
            incoming=lambda frame: self.manner.incoming(frame),
        )
        self.manner = manner(self._send)
        self.spoken: Callable[[control.PlatformMessage], control.PlatformMessage] = lambda m: m
        """In the language of the platform."""
        self.registrar = Registrar(fixtures, self.peers, journal, rng, self, self.manner)
        self.legs = LegSignalling(pbx, self.peers, self.registrar.bindings, rng=rng, step=self.step)
        self.switching = self.legs.switching
        self._timer: asyncio.TimerHandle | None = None
        self._sockets: set[Socket] = set()
        self._closed = False

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
                self.pbx.presence.flow(peer.un, False, time.monotonic())
                self.step()
        return ws

    def _on_frame(self, socket: Socket, frame: bytes) -> None:
        un, method = socket.un, frame.split(b" ", 1)[0]
        if self.faults.hits(FaultKind.SIP, un) or (
            method == b"MESSAGE" and self.faults.hits(FaultKind.MESSAGE, un)
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

    def restart(self) -> None:
        """Begin anew with nothing remembered: connections are cut, calls and registrations gone."""
        self.legs.lose_all()
        self.pbx.restart()
        self.registrar.forget_all()
        self.manner.restarted()
        for socket in list(self._sockets):
            socket.drop()
        self.step()

    # ------------------------------------------------------------ SIP events

    def _on_event(self, peer: Peer, event: sip.Event) -> None:
        match event:
            case sip.RequestReceived(id, request):
                self._on_request(peer, id, request)
            case sip.MessageReceived(from_, _, _, body, _):
                if (message := self._read(peer, from_.uri.user or "", body)) is not None:
                    self.pbx.commands.receive(peer.un, message, time.monotonic())
            case sip.InviteReceived(call):
                peer.ua.reject(call, 403, time.monotonic())
            case sip.Ignored(what):
                log.info("ignored: %s", clean_text(what))
            case _:
                self.legs.on_event(peer, event)

    def _on_request(self, peer: Peer, id: str, request: Request) -> None:
        now = time.monotonic()
        match request.method:
            case "REGISTER":
                self.registrar.register(peer, id, request)
            case "MESSAGE":
                message = self._read(peer, request.from_.uri.user or "", request.body)
                status = 0 if message is None else self.pbx.commands.refuses(peer.un, message)
                if message is None or status:
                    peer.ua.respond(id, status or 200, now)
                else:
                    self._confirm(peer, id, message, now)
                    self.pbx.commands.receive(peer.un, message, now)
            case "OPTIONS":
                peer.ua.respond(id, 200, now)
            case _:
                peer.ua.respond(id, 405, now)

    def _confirm(self, peer: Peer, id: str, message: control.AgentMessage, now: float) -> None:
        """The 200 to a message that is carried out, on time or late, if it is not lost."""
        if self.faults.hits(FaultKind.MESSAGE_REPLY, peer.un):
            return
        delay = self.manner.reply_delay(peer.un, message)
        if delay is None:
            self.manner.reply_lost(peer.un, message)
        elif delay:
            asyncio.get_running_loop().call_later(delay, self._confirm_late, peer, id)
        else:
            peer.ua.respond(id, 200, now)

    def _confirm_late(self, peer: Peer, id: str) -> None:
        try:
            peer.ua.respond(id, 200, time.monotonic())
        except LocalProtocolError as error:
            log.info("a late 200 finds nobody: %s", error)
        self.peers.pump(peer)

    def _read(self, peer: Peer, user: str, body: bytes) -> control.AgentMessage | None:
        """A control message of the agent who is registered here; None when it is none."""
        un = peer.un
        if not un or self.fixtures.agents[un].sip_user != user:
            log.warning("a MESSAGE of somebody who is not registered here")
            return None
        try:
            message = control.decode_agent(body, OBEYED)
        except control.ControlError as error:
            self.journal.note(un, "MESSAGE", f"unreadable: {error}")
            return None
        self.journal.note(un, "MESSAGE", type(message).__name__)
        if isinstance(message, control.Unknown):
            log.warning("%s sent a message that nobody knows: %s", un, message.why)
            return None
        return message

    # ------------------------------------------------------------ registrations

    def registered(self, un: str, fresh: bool) -> None:
        """As the registrar tells it."""
        self.pbx.presence.registered(un, time.monotonic(), fresh=fresh)
        self.manner.registered(un)

    def unregistered(self, un: str) -> None:
        """As the registrar tells it."""
        self.pbx.presence.unregistered(un, time.monotonic())

    def other_signed_in(self, un: str) -> None:
        """As the registrar tells it: the first one is put out."""
        self.kick(un, KickReason.OTHER_SIGNED_IN, drop=False)

    def expired(self, un: str) -> None:
        """As the registrar tells it."""
        self.kick(un, KickReason.EXPIRED)

    def kick(self, un: str, r: str, *, drop: bool = True) -> None:
        """Sign an agent out, and say why; `drop` takes the binding off."""
        self.pbx.presence.kick(un, r, time.monotonic())
        self.step()
        if drop:
            self.registrar.remove(un)

    # ------------------------------------------------------------ actions

    def step(self) -> None:
        """Do what the PBX wants done, and set its alarm; nothing any more once it is closed."""
        if self._closed:
            return
        now = time.monotonic()
        while actions := self.pbx.actions():
            for action in actions:
                match action:
                    case Say(un, message, copies):
                        self.manner.say(un, self.spoken(message), copies)
                    case OpenLeg(cc, un):
                        self.legs.open(cc, un)
                    case CloseLeg(cc, un):
                        self.legs.close(cc, un)
                    case ProbeLeg(cc, un):
                        self.legs.probe(cc, un)
                    case Speak(cc, voice):
                        self.switching.speak(cc, voice)
                    case RouteAudio(cc):
                        if cc in self.pbx.calls:
                            self.switching.route(self.pbx.calls[cc])
        self.switching.forget(set(self.pbx.calls))
        self.manner.stepped()
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

    def say_raw(self, un: str, body: bytes) -> bool:
        """Send any body as a control message; False when the agent is not there."""
        return self._send(un, body, control.CONTENT_TYPE)

    def _send(self, un: str, body: bytes, content_type: str) -> bool:
        peer = self.registrar.bindings.get(un)
        if peer is None or peer.socket is None:
            return False
        try:
            peer.ua.send_message(peer.contact, body, content_type, time.monotonic())
        except LocalProtocolError as error:
            log.warning("not said to %s: %s", un, error)
            return False
        self.peers.pump(peer)
        return True

    # ------------------------------------------------------------ life

    async def close(self) -> None:
        """Close legs and sockets, stop timers."""
        self._closed = True
        self.manner.close()
        if self._timer is not None:
            self._timer.cancel()
        closing = [socket.ws.close(code=1001) for socket in self._sockets]
        await asyncio.gather(*closing, return_exceptions=True)
        for peer in list(self.peers.all):
            self.peers.discard(peer)
        await self.legs.end()

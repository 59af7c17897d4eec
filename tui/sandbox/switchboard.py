"""Ties the PBX to its sockets: SIP events in, the PBX's actions out as messages and audio legs."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Coroutine

from aiohttp import web

from tui.platform import control
from tui.sandbox.calls import CloseLeg, LegState, OpenLeg, Phase, ProbeLeg, Route, Say
from tui.sandbox.faults import Faults, Journal
from tui.sandbox.hall import Hall
from tui.sandbox.pbx import Pbx
from tui.sandbox.peers import MAX_FRAME, Peer, Peers, Socket
from tui.sandbox.registrar import Registrar
from tui.sandbox.world import World
from tui.sip import LocalProtocolError, Request
from tui.sip import events as sip
from tui.text import clean_text

log = logging.getLogger(__name__)

LEG_TYPE = "application/xml"
PROBE = 1.0
"""Seconds without a packet after which a leg that was asked about counts as gone; audio comes every
20 ms, RTCP within a second or so."""


class Switchboard:
    """The running PBX. Everything happens in one event loop; `step` drains what has come up."""

    def __init__(
        self, world: World, pbx: Pbx, *, rng: random.Random, faults: Faults, journal: Journal
    ) -> None:
        self.world = world
        self.pbx = pbx
        self.faults = faults
        self.journal = journal
        self.hall = Hall(rng=rng, on_lost=self._leg_lost)
        self.peers = Peers(world.pbx, f"sip:{world.domain}", rng)
        self.peers.on_event = self._on_event
        self.registrar = Registrar(world, self.peers, journal, rng)
        self.registrar.on_registered = self._registered
        self.registrar.on_unregistered = self._unregistered
        self.registrar.on_other = lambda un: self.kick(un, "895", drop=False)
        self.registrar.on_expired = lambda un: self.kick(un, "897")
        self._calls: dict[tuple[int, str], tuple[str, str]] = {}
        """(peer, SIP call) to (ccNumber, extension)."""
        self._sip: dict[tuple[str, str], tuple[Peer, str]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
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
        if socket.peer is not None:
            self.peers.receive(socket.peer, frame)
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
        now = time.monotonic()
        match event:
            case sip.RequestReceived(id, request):
                self._on_request(peer, id, request)
            case sip.MessageReceived(from_, _, _, body, _):
                self._on_message(peer, from_.uri.user or "", body)
            case sip.Answered(call, sdp):
                if (key := self._calls.get((peer.number, call))) is not None:
                    self._spawn(self._complete(peer, call, key, sdp))
            case sip.InviteRefused(call, status, _):
                if key := self._forget(peer, call):
                    log.info("the leg of %s to %s was refused: %d", *key, status)
                    self.hall.drop_leg(*key)
                    self.pbx.leg_failed(*key, now)
            case sip.CallEnded(call, by_peer, _, _):
                if key := self._forget(peer, call):
                    self.hall.drop_leg(*key)
                    if by_peer:
                        self.pbx.leg_hung_up(*key, now)
                    else:
                        self.pbx.leg_lost(*key, now)
            case sip.ReinviteReceived(call, sdp):
                self._spawn(self._renegotiate(peer, call, sdp))
            case sip.InviteReceived(call):
                peer.ua.reject(call, 403, now)
            case sip.Ignored(what):
                log.info("ignored: %s", clean_text(what))
            case _:
                pass

    def _on_request(self, peer: Peer, id: str, request: Request) -> None:
        now = time.monotonic()
        match request.method:
            case "REGISTER":
                self.registrar.register(peer, id, request)
            case "MESSAGE":
                peer.ua.respond(id, 200, now)
                self._on_message(peer, request.from_.uri.user or "", request.body)
            case "OPTIONS":
                peer.ua.respond(id, 200, now)
            case _:
                peer.ua.respond(id, 405, now)

    def _on_message(self, peer: Peer, user: str, body: bytes) -> None:
        un = peer.un
        if not un or self.world.agents[un].sip_user != user:
            log.warning("a MESSAGE of somebody who is not registered here")
            return
        try:
            message = control.decode_agent(body)
        except control.ControlError as error:
            self.journal.note(un, "MESSAGE", f"unreadable: {error}")
            return
        self.journal.note(un, "MESSAGE", type(message).__name__)
        if isinstance(message, control.Unknown):
            log.warning("%s sent a message that nobody knows: %s", un, message.why)
            return
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
                        self._say(un, control.encode(message), copies)
                    case OpenLeg(cc, un):
                        self._spawn(self._open(cc, un))
                    case CloseLeg(cc, un):
                        self._close(cc, un)
                    case ProbeLeg(cc, un):
                        self._spawn(self._probe(cc, un))
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

    # ------------------------------------------------------------ legs

    async def _open(self, cc: str, un: str) -> None:
        leg = self.hall.new_leg(cc, un)
        try:
            offer = await leg.offer()
            peer = self.registrar.bindings[un]
            if self.hall.legs.get((cc, un)) is not leg:
                return
            call = peer.ua.invite(peer.contact, offer.encode(), time.monotonic())
        except (LocalProtocolError, KeyError) as error:
            log.warning("no leg to %s: %s", un, error)
            self.hall.drop_leg(cc, un)
            self.pbx.leg_failed(cc, un, time.monotonic())
            self.step()
            return
        self._calls[peer.number, call] = (cc, un)
        self._sip[cc, un] = (peer, call)
        self.peers.pump(peer)

    async def _complete(
        self, peer: Peer, call: str, key: tuple[str, str], sdp: bytes | None
    ) -> None:
        leg = self.hall.legs.get(key)
        try:
            if leg is None or sdp is None:
                raise ValueError("no leg, or no answer")
            await leg.accept(sdp.decode(errors="replace"))
        except Exception as error:
            log.warning("the answer of %s is of no use: %s", key[1], clean_text(str(error)))
            self._close(*key)
            self.pbx.leg_failed(*key, time.monotonic())
            self.step()
            return
        now = time.monotonic()
        try:
            peer.ua.info(call, LEG_TYPE, control.encode_leg(key[0]), now)
        except LocalProtocolError as error:
            log.warning("no INFO to %s: %s", key[1], error)
        self.peers.pump(peer)
        self.pbx.leg_up(*key, now)
        self.step()

    async def _renegotiate(self, peer: Peer, call: str, sdp: bytes | None) -> None:
        leg = self.hall.legs.get(self._calls.get((peer.number, call), ("", "")))
        try:
            if leg is None or sdp is None:
                raise ValueError("no leg, or no offer")
            answer = await leg.answer(sdp.decode(errors="replace"))
        except Exception as error:
            log.warning("a re-INVITE is of no use: %s", clean_text(str(error)))
            answer = ""
        try:
            if answer:
                peer.ua.accept_reinvite(call, answer.encode(), time.monotonic())
            else:
                peer.ua.reject_reinvite(call, 488, time.monotonic())
        except LocalProtocolError as error:
            log.info("the re-INVITE is over: %s", error)
        self.peers.pump(peer)

    def _close(self, cc: str, un: str) -> None:
        self.hall.drop_leg(cc, un)
        peer, call = self._sip.get((cc, un), (None, ""))
        if peer is None:
            return
        self._forget(peer, call)
        for end in (peer.ua.cancel, peer.ua.bye):
            try:
                end(call, time.monotonic())
                break
            except LocalProtocolError:
                continue
        self.peers.pump(peer)

    def _forget(self, peer: Peer, call: str) -> tuple[str, str] | None:
        key = self._calls.pop((peer.number, call), None)
        if key is not None and self._sip.get(key, (None, ""))[1] == call:
            del self._sip[key]
        return key

    def lose_leg(self, un: str) -> bool:
        """Forget an agent's leg without a word, as a media server that crashed would."""
        key = next((key for key in self._sip if key[1] == un), None)
        if key is None:
            return False
        self._forget(*self._sip[key])
        self.hall.drop_leg(*key)
        self._leg_lost(*key)
        return True

    def _leg_lost(self, cc: str, un: str) -> None:
        self.pbx.leg_lost(cc, un, time.monotonic())
        self.step()

    async def _probe(self, cc: str, un: str) -> None:
        leg = self.hall.legs.get((cc, un))
        packets = leg.packets if leg else 0
        asked = time.monotonic()
        while leg is not None and self.hall.legs.get((cc, un)) is leg:
            if leg.packets > packets:
                return
            now = time.monotonic()
            if now - max(leg.last_packet, asked - PROBE / 2) > PROBE:
                break
            await asyncio.sleep(0.05)
        call = self.pbx.calls.get(cc)
        if call is not None and call.phase is Phase.UP and un in call.parties:
            if call.parties[un].leg is LegState.OPENING:
                return
            self.pbx.leg_asked_again(cc, un, time.monotonic())
            self.step()

    # ------------------------------------------------------------ life

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Close legs and sockets, stop timers."""
        if self._timer is not None:
            self._timer.cancel()
        closing = [socket.ws.close(code=1001) for socket in self._sockets]
        await asyncio.gather(*closing, return_exceptions=True)
        for peer in list(self.peers.all):
            self.peers.discard(peer)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.hall.close()

"""Audio legs on the wire: an INVITE to the agent, the INFO that ties it to its call, re-INVITEs."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Coroutine, Mapping

from tui.platform import control
from tui.sandbox.audio.switching import AudioSwitch
from tui.sandbox.pbx.calls import PbxLegState, PbxPhase
from tui.sandbox.pbx.pbx import Pbx
from tui.sandbox.signalling.dtmf import read_relay
from tui.sandbox.signalling.peers import Peer, Peers
from tui.sip import LocalProtocolError
from tui.sip import events as sip
from tui.text import clean_text

log = logging.getLogger(__name__)

LEG_TYPE = "application/xml"
PROBE = 1.0
"""Seconds without a packet after which a leg that was asked about counts as gone; audio comes every
20 ms, RTCP within a second or so."""


class LegSignalling:
    """Builds and takes down legs as the PBX wants it, and reports to it. `bindings` is the
    registrar's; `step` drains the PBX after a report."""

    def __init__(
        self,
        pbx: Pbx,
        peers: Peers,
        bindings: Mapping[str, Peer],
        *,
        rng: random.Random,
        step: Callable[[], None],
    ) -> None:
        self.switching = AudioSwitch(rng=rng, on_lost=self._leg_lost)
        self._pbx = pbx
        self._peers = peers
        self._bindings = bindings
        self._step = step
        self._calls: dict[tuple[int, str], tuple[str, str]] = {}
        """(peer, SIP call) to (ccNumber, extension)."""
        self._sip: dict[tuple[str, str], tuple[Peer, str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def on_event(self, peer: Peer, event: sip.Event) -> None:
        """What a user agent says about a leg; other events are none of this."""
        now = time.monotonic()
        match event:
            case sip.InviteAnswered(call, sdp):
                if (key := self._calls.get((peer.number, call))) is not None:
                    self._spawn(self._complete(peer, call, key, sdp))
            case sip.InviteRefused(call, status, _):
                if key := self._forget(peer, call):
                    log.info("the leg of %s to %s was refused: %d", *key, status)
                    self.switching.drop_leg(*key)
                    self._pbx.legs.failed(*key, now)
                    self._step()
            case sip.CallEnded(call, by_peer, _, _):
                if key := self._forget(peer, call):
                    self.switching.drop_leg(*key)
                    if by_peer:
                        self._pbx.legs.hung_up(*key, now)
                    else:
                        self._pbx.legs.lost(*key, now)
                    self._step()
            case sip.InfoReceived(call, content_type, body):
                key, relay = self._calls.get((peer.number, call)), read_relay(content_type, body)
                if key is not None and relay is not None:
                    self._pbx.commands.digit(*key, *relay, now)
                    self._step()
            case sip.ReinviteReceived(call, sdp):
                self._spawn(self._renegotiate(peer, call, sdp))
            case _:
                pass

    def open(self, cc: str, un: str) -> None:
        """Build a leg."""
        self._spawn(self._open(cc, un))

    def probe(self, cc: str, un: str) -> None:
        """Look whether audio still comes; report when it does not."""
        self._spawn(self._probe(cc, un))

    async def _open(self, cc: str, un: str) -> None:
        leg = self.switching.new_leg(cc, un)
        try:
            offer = await leg.offer()
            peer = self._bindings[un]
            if self.switching.legs.get((cc, un)) is not leg:
                return
            call = peer.ua.invite(peer.contact, offer.encode(), time.monotonic())
        except (LocalProtocolError, KeyError) as error:
            log.warning("no leg to %s: %s", un, error)
            self.switching.drop_leg(cc, un)
            self._pbx.legs.failed(cc, un, time.monotonic())
            self._step()
            return
        self._calls[peer.number, call] = (cc, un)
        self._sip[cc, un] = (peer, call)
        self._peers.pump(peer)

    async def _complete(
        self, peer: Peer, call: str, key: tuple[str, str], sdp: bytes | None
    ) -> None:
        leg = self.switching.legs.get(key)
        try:
            if leg is None or sdp is None:
                raise ValueError("no leg, or no answer")
            await leg.accept(sdp.decode(errors="replace"))
        except Exception as error:
            log.warning("the answer of %s is of no use: %s", key[1], clean_text(str(error)))
            self.close(*key)
            self._pbx.legs.failed(*key, time.monotonic())
            self._step()
            return
        now = time.monotonic()
        try:
            peer.ua.info(call, LEG_TYPE, control.encode_leg(key[0]), now)
        except LocalProtocolError as error:
            log.warning("no INFO to %s: %s", key[1], error)
        self._peers.pump(peer)
        self._pbx.legs.up(*key, now)
        self._step()

    async def _renegotiate(self, peer: Peer, call: str, sdp: bytes | None) -> None:
        leg = self.switching.legs.get(self._calls.get((peer.number, call), ("", "")))
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
        self._peers.pump(peer)

    def close(self, cc: str, un: str) -> None:
        """Take a leg down: BYE, or CANCEL while it is not answered."""
        self.switching.drop_leg(cc, un)
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
        self._peers.pump(peer)

    def _forget(self, peer: Peer, call: str) -> tuple[str, str] | None:
        key = self._calls.pop((peer.number, call), None)
        if key is not None and self._sip.get(key, (None, ""))[1] == call:
            del self._sip[key]
        return key

    def lose(self, un: str) -> bool:
        """Forget an agent's leg without a word, as a media server that crashed would."""
        key = next((key for key in self._sip if key[1] == un), None)
        if key is None:
            return False
        self._forget(*self._sip[key])
        self.switching.drop_leg(*key)
        self._leg_lost(*key)
        return True

    def lose_all(self) -> None:
        """Forget every leg without a word, and without a report."""
        for key in list(self._sip):
            self._forget(*self._sip[key])
        for key in list(self.switching.legs):
            self.switching.drop_leg(*key)

    def _leg_lost(self, cc: str, un: str) -> None:
        self._pbx.legs.lost(cc, un, time.monotonic())
        self._step()

    async def _probe(self, cc: str, un: str) -> None:
        leg = self.switching.legs.get((cc, un))
        packets = leg.packets if leg else 0
        asked = time.monotonic()
        while leg is not None and self.switching.legs.get((cc, un)) is leg:
            if leg.packets > packets:
                return
            now = time.monotonic()
            if now - max(leg.last_packet, asked - PROBE / 2) > PROBE:
                break
            await asyncio.sleep(0.05)
        call = self._pbx.calls.get(cc)
        if call is not None and call.phase is PbxPhase.UP and un in call.parties:
            if call.parties[un].leg is PbxLegState.OPENING:
                return
            self._pbx.legs.asked_again(cc, un, time.monotonic())
            self._step()

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end(self) -> None:
        """Stop everything."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.switching.close()

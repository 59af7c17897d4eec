"""The audio of calls: which INVITE may open the microphone, and what becomes of its leg.

An INVITE is answered by itself only while a `call` or an `answer` of ours waits for its leg, and
once per call; any other gets 486 and a log line, else anyone could open the microphone
(platform.md, "The wire of platform 1"). The INFO `<i n="CC"/>` ties the leg to its call.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tui import sip
from tui.engine.core import Core, log
from tui.engine.events import LevelsChanged
from tui.engine.sounds import Sounds
from tui.engine.state import VOIP, Call, CallState, Leg, Levels, message
from tui.platform import control

if TYPE_CHECKING:
    from tui.config import AudioSettings
    from tui.engine.calls import Calls
    from tui.media import leg as media_leg

LEVEL_PERIOD = 0.5
"""Seconds between two looks at the levels; over SSH each look costs bytes (textual.md)."""
_QUIET_DB, _LOUD_DB = -54.0, -6.0


class Phone(Protocol):
    """The SIP side that audio needs: the user agent, and a push to send what it has."""

    agent: sip.UserAgent

    def now(self) -> float: ...
    def flush(self) -> None: ...
    async def info(self, handle: str, content_type: str, body: bytes) -> bool: ...


@dataclass(slots=True)
class _Leg:
    """One audio leg in SIP's eyes (`handle`) and in the call's (`key`)."""

    handle: str
    key: str
    media: media_leg.Leg | None = None
    answered: bool = False
    answering: asyncio.Task[None] | None = None
    offered_again: bool = False
    """Our re-offer is on its way: what answers it goes to `apply`, else to `accept`."""


class Audio:
    """The legs of the calls; implements what `Calls` needs of them."""

    def __init__(self, core: Core, settings: AudioSettings) -> None:
        self.core = core
        self.settings = settings
        self.sounds = Sounds(core, settings)
        self.calls: Calls | None = None
        self.phone: Phone | None = None
        self.loopback = False
        """The platform is on this machine: only then is 127.0.0.1 a candidate."""
        self.on_leg_lost: Callable[[str], None] = lambda key: None
        """Called when a call that is up has lost its audio."""
        self._awaited: list[str] = []
        self._legs: dict[str, _Leg] = {}
        self._closing: set[asyncio.Task[None]] = set()

    # ------------------------------------------------------------ what calls ask

    def expect(self, key: str) -> None:
        """From now on one INVITE may open the audio of this call."""
        account = self.core.snapshot.account
        if account is None or account.callintype != VOIP or key in self._awaited:
            return
        self._awaited.append(key)
        if call := self._call(key):
            self._put_leg(call, Leg.AWAITED)

    def stop(self, key: str) -> None:
        """The call is over: its leg ends, and no INVITE is awaited for it."""
        if key in self._awaited:
            self._awaited.remove(key)
        for leg in [leg for leg in self._legs.values() if leg.key == key]:
            self._drop(leg, bye=True)

    def hold(self, key: str, on: bool) -> None:
        """Nothing of the agent leaves while held, whatever the platform does."""
        for leg in self._legs.values():
            if leg.key == key and leg.media is not None:
                leg.media.hold(on)

    def mute(self, key: str, on: bool) -> None:
        """Cut or open the microphone for this call."""
        for leg in self._legs.values():
            if leg.key == key and leg.media is not None:
                leg.media.mute(on)

    def ring(self, on: bool) -> None:
        """Ring, or stop ringing, on the sound device."""
        self.sounds.ring(on)

    async def send_info(self, key: str, content_type: str, body: bytes) -> bool:
        """An INFO in the call's leg; whether the platform took it. False without a leg."""
        leg = next((leg for leg in self._legs.values() if leg.key == key and leg.answered), None)
        if leg is None or self.phone is None:
            return False
        return await self.phone.info(leg.handle, content_type, body)

    # ------------------------------------------------------------ what SIP tells

    def handle(self, event: sip.Event) -> bool:
        """Take one event of the user agent. False when it is not about a leg."""
        match event:
            case sip.InviteReceived(call=handle, sdp=sdp):
                self._invited(handle, sdp)
            case sip.InviteCancelled(call=handle) | sip.CallEnded(call=handle):
                if leg := self._legs.get(handle):
                    self._drop(leg, bye=False)
                    self._gone_soon(leg.key)
            case sip.AckWithSdp(call=handle, sdp=sdp) | sip.ReinviteAccepted(call=handle, sdp=sdp):
                if (leg := self._legs.get(handle)) and leg.media is not None and sdp:
                    self.core.spawn(self._apply(leg, sdp))
            case sip.ReinviteReceived(call=handle, sdp=sdp):
                if leg := self._legs.get(handle):
                    self.core.spawn(self._reinvited(leg, sdp))
            case sip.InfoReceived(call=handle, body=body):
                self._tied(handle, body)
            case sip.ReinviteRefused(call=handle):
                if leg := self._legs.get(handle):
                    leg.offered_again = False
            case sip.Established() | sip.Progress():
                pass
            case _:
                return False
        return True

    def _invited(self, handle: str, sdp: bytes | None) -> None:
        assert self.phone is not None  # events come from it
        if not self._awaited:
            log.warning("an INVITE that nothing waits for: 486")
            self.phone.agent.reject(handle, 486, self.phone.now())
            self.phone.flush()
            return
        leg = _Leg(handle, self._awaited.pop(0))
        self._legs[handle] = leg
        if call := self._call(leg.key):
            self._put_leg(call, Leg.CONNECTING)
        leg.answering = asyncio.get_running_loop().create_task(self._answer(leg, sdp))

    async def _answer(self, leg: _Leg, offer: bytes | None) -> None:
        assert self.phone is not None
        refuse_with = 480
        try:
            await self.sounds.loaded()
            media = self._new_leg(leg)
            leg.media = media
            refuse_with = 488
            if offer is None:
                answer = await media.offer()
            else:
                answer = await media.answer(offer.decode("utf-8", "replace"))
            if leg.handle not in self._legs:
                return  # cancelled, or the call ended, meanwhile
            call = self._call(leg.key)
            if call is not None:  # a new leg of a call that is up is as open as the last one
                media.mute(call.muted)
                media.hold(call.state is CallState.HOLDING)
            self.phone.agent.accept(leg.handle, answer.encode(), self.phone.now())
            leg.answered = True
        except Exception as error:  # a bad offer or a broken library ends the leg, not the call
            log.warning("the audio leg was refused with %d: %s", refuse_with, error)
            leg.answering = None
            if leg.handle in self._legs:
                self._drop(leg, bye=False)
                self._refuse(leg.handle, refuse_with)
                self._leg_gone(leg.key, Leg.FAILED)
        self.phone.flush()

    def _refuse(self, handle: str, status: int) -> None:
        assert self.phone is not None
        try:
            self.phone.agent.reject(handle, status, self.phone.now())
        except sip.LocalProtocolError:
            log.debug("nothing left to refuse")

    def _new_leg(self, leg: _Leg) -> media_leg.Leg:
        sound = self.sounds.sound
        assert sound is not None  # loaded() made it, or raised
        loop = asyncio.get_running_loop()
        made: media_leg.Leg = self.sounds.leg_module.Leg(
            source=sound.source,
            sink=sound.sink,
            ice_servers=self.settings.ice_servers,
            loopback=self.loopback,
            on_state=lambda state: loop.call_soon(self._media_state, leg, str(state.value)),
        )
        return made

    def _media_state(self, leg: _Leg, state: str) -> None:
        call = self._call(leg.key)
        if leg.handle not in self._legs or call is None or not call.live:
            return
        if state == "connected":
            self._put_leg(call, Leg.CONNECTED)
            self._look_at_levels()
        elif state in ("failed", "lost"):
            self._drop(leg, bye=True)
            self._leg_gone(leg.key, Leg(state))

    async def _reinvited(self, leg: _Leg, offer: bytes | None) -> None:
        assert self.phone is not None
        try:
            if leg.media is None:
                raise RuntimeError("a re-INVITE before the leg was answered")
            if offer is None:
                answer = await leg.media.reoffer("sendrecv")
                leg.offered_again = True
            else:
                answer = await leg.media.answer(offer.decode("utf-8", "replace"))
            self.phone.agent.accept_reinvite(leg.handle, answer.encode(), self.phone.now())
        except sip.LocalProtocolError:
            log.info("the re-INVITE was over before it was answered")
        except Exception as error:
            log.warning("a re-INVITE was refused with 488: %s", error)
            self.phone.agent.reject_reinvite(leg.handle, 488, self.phone.now())
        self.phone.flush()

    async def _apply(self, leg: _Leg, sdp: bytes) -> None:
        assert leg.media is not None
        try:
            text = sdp.decode("utf-8", "replace")
            if leg.offered_again:
                leg.offered_again = False
                await leg.media.apply(text)
            else:
                await leg.media.accept(text)
        except Exception as error:
            log.warning("an answer of the peer could not be used: %s", error)

    def _tied(self, handle: str, body: bytes) -> None:
        ccnumber = control.leg_of(body)
        leg = self._legs.get(handle)
        if ccnumber is None or leg is None:
            return
        call = self._call(leg.key)
        if call is not None and call.ccnumber and call.ccnumber != ccnumber:
            log.warning("the leg belongs to another call: it is ended")
            self._drop(leg, bye=True)
            self._leg_gone(leg.key, Leg.LOST)

    # ------------------------------------------------------------ signalling came back

    async def refresh(self) -> None:
        """After a lost flow: each leg is offered again, so that both sides know it lives."""
        assert self.phone is not None
        for leg in tuple(self._legs.values()):
            if leg.media is None or not leg.answered:
                continue
            try:
                offer = await leg.media.reoffer("sendrecv")
                leg.offered_again = True
                self.phone.agent.reinvite(leg.handle, offer.encode(), self.phone.now())
            except Exception as error:
                log.warning("a leg could not be refreshed: %s", error)
        self.phone.flush()

    # ------------------------------------------------------------ levels

    def _look_at_levels(self) -> None:
        connected = next(
            (
                leg
                for leg in self._legs.values()
                if leg.media is not None and leg.media.state.value == "connected"
            ),
            None,
        )
        if connected is None or connected.media is None:
            self._emit_levels(Levels())
            return
        you, them = connected.media.levels()
        self._emit_levels(Levels(bar(you), bar(them)))
        self.core.timers.set("levels", LEVEL_PERIOD, self._look_at_levels)

    def _emit_levels(self, levels: Levels) -> None:
        if levels != self.core.snapshot.levels:
            self.core.emit(LevelsChanged(levels))

    # ------------------------------------------------------------ helpers

    def has_leg(self, key: str) -> bool:
        """Whether an audio leg of this call exists or is being set up."""
        return any(leg.key == key for leg in self._legs.values())

    def _call(self, key: str) -> Call | None:
        return None if self.calls is None else self.calls.by_key(key)

    def _put_leg(self, call: Call, leg: Leg) -> None:
        assert self.calls is not None
        if call.leg is not leg:
            self.calls.put(call, leg=leg)

    def _gone_soon(self, key: str) -> None:
        """The platform ended the leg: most often its 105 is right behind, so wait for that."""
        self.core.timers.set(
            f"leg {key}", self.core.limits.leg_without_end, lambda: self._leg_gone(key, Leg.LOST)
        )

    def _leg_gone(self, key: str, leg: Leg) -> None:
        """A call lives without its audio: say so, and ask for the audio again."""
        call = self._call(key)
        if call is None or not call.live or self.has_leg(key):
            return
        self._put_leg(call, leg)
        if self.calls is not None and call.ccnumber in self.calls.handed_over:
            return  # with the transfer, and not lost
        if call.answered is not None:
            self.core.notice(message(f"audio.{leg.value}"))
            self.on_leg_lost(key)

    def _drop(self, leg: _Leg, *, bye: bool) -> None:
        self._legs.pop(leg.handle, None)
        if bye and self.phone is not None:
            try:
                if leg.answered:
                    self.phone.agent.bye(leg.handle, self.phone.now())
                else:
                    self.phone.agent.reject(leg.handle, 480, self.phone.now())
            except sip.LocalProtocolError as error:
                log.debug("the leg was over already: %s", error)
            self.phone.flush()
        # Not one of the core's tasks: those are cancelled when the engine ends, and a leg that is
        # not closed to its end leaves its sockets open.
        closing = asyncio.get_running_loop().create_task(_close(leg))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """End every leg and let go of the sound device."""
        for leg in tuple(self._legs.values()):
            self._drop(leg, bye=True)
        self._awaited.clear()
        while self._closing:
            await asyncio.wait(set(self._closing))  # each ends within its own limit (leg.py)
        await self.sounds.close()


def bar(level: float) -> int:
    """A level of 0..1 (root mean square of full scale) as 0..10 cells, in equal steps of dB."""
    if level <= 0:
        return 0
    decibels = 20 * math.log10(level)
    return max(0, min(10, math.ceil((decibels - _QUIET_DB) / (_LOUD_DB - _QUIET_DB) * 10)))


async def _close(leg: _Leg) -> None:
    """End a leg: first what still answers it, which may be about to open its sockets."""
    if leg.answering is not None:
        leg.answering.cancel()
        await asyncio.gather(leg.answering, return_exceptions=True)
    if leg.media is not None:
        await leg.media.close()

"""The audio of a platform's calls: which INVITE may open the microphone.

An INVITE is answered by itself only while a `call` or an `answer` of ours waits for its leg, and
once per call; any other gets 486 and a log line, else anyone could open the microphone
(platform.md, "The wire of platform 1"). The INFO `<i n="CC"/>` ties the leg to its call. What
becomes of a leg afterwards is in legs.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui import sip
from tui.engine.core import Core, log
from tui.engine.legs import LegEntry, Legs, Phone, bar
from tui.engine.state import VOIP, CallState, Leg, message
from tui.platform import control

if TYPE_CHECKING:
    from tui.config import AudioSettings

__all__ = ["Audio", "Phone", "bar"]


class Audio(Legs):
    """The legs of the calls, and who may open one."""

    def __init__(self, core: Core, settings: AudioSettings) -> None:
        super().__init__(core, settings)
        self.on_leg_lost: Callable[[str], None] = lambda key: None
        """Called when a call that is up has lost its audio."""
        self._awaited: list[str] = []

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
        super().stop(key)

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
            case sip.InfoReceived(call=handle, body=body):
                self._tied(handle, body)
            case sip.Established() | sip.Progress():
                pass
            case _:
                return self.renegotiated(event)
        return True

    def _invited(self, handle: str, sdp: bytes | None) -> None:
        assert self.phone is not None  # events come from it
        if not self._awaited:
            log.warning("an INVITE that nothing waits for: 486")
            self.phone.agent.reject(handle, 486, self.phone.now())
            self.phone.flush()
            return
        leg = LegEntry(handle, self._awaited.pop(0))
        self._legs[handle] = leg
        if call := self._call(leg.key):
            self._put_leg(call, Leg.CONNECTING)
        leg.answering = asyncio.get_running_loop().create_task(self._answer(leg, sdp))

    async def _answer(self, leg: LegEntry, offer: bytes | None) -> None:
        assert self.phone is not None
        refuse_with = 480
        try:
            media = await self.make_media(leg)
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

    # ------------------------------------------------------------ a leg that is gone

    def _gone_soon(self, key: str) -> None:
        """The platform ended the leg: most often its 105 is right behind, so wait for that."""
        self.core.timers.set(
            f"leg {key}", self.core.limits.leg_without_end, lambda: self._leg_gone(key, Leg.LOST)
        )

    def _leg_gone(self, key: str, leg: Leg) -> None:
        """A call lives without its audio: say so, and ask for the audio again."""
        call = self._call(key)
        if call is None or not call.live:
            return
        entry = self.leg_of(key)
        if entry is not None:
            if entry.lasting:
                self._put_leg(call, leg)
                self.core.notice(message(f"audio.{leg.value}"))
            return
        self._put_leg(call, leg)
        if self.calls is not None and call.ccnumber in self.calls.handed_over:
            return  # with the transfer, and not lost
        if call.answered is not None:
            self.core.notice(message(f"audio.{leg.value}"))
            self.on_leg_lost(key)

    async def close(self) -> None:
        """End every leg and let go of the sound device."""
        self._awaited.clear()
        await super().close()

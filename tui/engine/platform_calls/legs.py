"""The audio of a platform's calls: which INVITE may open the microphone.

An INVITE is answered by itself only while a `call` or an `answer` of ours waits for its leg, and
once per call; any other gets 486 and a log line, else anyone could open the microphone
(platform.md, "The wire of platform 1"). One that is gone makes room for another. The INFO
`<i n="CC"/>` ties the leg to its call. What becomes of a leg afterwards is in
`tui.engine.audio.legs`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container
from typing import Final

from tui import sip
from tui.engine.audio.leg_entry import Apart, LegEntry
from tui.engine.audio.legs import Legs
from tui.engine.calls import is_held
from tui.engine.context import log
from tui.platform import control
from tui.platform.not_understood import SkippedKind
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Call
from tui.port.values import VOIP, Leg, message

_GONE: Final = (Leg.FAILED, Leg.LOST)


class PlatformLegs:
    """The legs of a platform's calls, and who may open one. `ask` asks the platform what calls
    there are; `transferred` has the ccNumbers of calls that went elsewhere."""

    lasting = False

    def __init__(self, legs: Legs, ask: Callable[[], None], transferred: Container[str]) -> None:
        self.legs = legs
        self.calls = legs.calls
        self.context = legs.context
        self._ask = ask
        self._transferred = transferred
        self._awaited: list[str] = []
        self._apart: dict[str, Apart] = {}
        """Whose leg is awaited under a key that no call has."""

    # ------------------------------------------------------------ what calls ask

    def expect(self, key: str) -> None:
        """From now on one INVITE may open the audio of this call."""
        account = self.context.snapshot.account
        if account is None or account.callintype != VOIP or key in self._awaited:
            return
        self._awaited.append(key)
        self.legs.put_state(key, Leg.AWAITED)

    def expect_apart(self, owner: Apart) -> None:
        """From now on one INVITE may open a leg that is no call's."""
        self._apart[owner.key] = owner
        self.expect(owner.key)

    def forget(self, key: str) -> None:
        """No INVITE is awaited for this call any more."""
        if key in self._awaited:
            self._awaited.remove(key)

    def call_changed(self, before: Call | None, call: Call) -> None:
        """A call that is over, or is heard again, gets no other leg any more."""
        heard = call.leg is Leg.CONNECTED and before is not None and before.leg is not call.leg
        if not call.live or heard:
            self.forget(call.key)
        was_silent = before is not None and (
            before.answered is None or before.state is CallState.ENDING
        )
        is_up = call.answered is not None and call.state is not CallState.ENDING
        if call.live and was_silent and is_up and call.leg in _GONE:  # it went meanwhile
            self._gone(call.key, call.leg)
            return  # what follows was done for the call as it is now
        name = f"sound {call.key}"
        if not call.live or call.leg not in (Leg.AWAITED, Leg.CONNECTING):
            self.context.timers.cancel(name)
        elif name not in self.context.timers:
            self.context.timers.set(name, self.context.limits.leg, lambda: self._no_sound(call.key))

    def _no_sound(self, key: str) -> None:
        """No leg came for a call, or none that carries sound: that is said once it is up."""
        call = self.calls.live_by_key(key)
        if call is None:
            return
        if call.answered is None:
            self.call_changed(call, call)  # not up yet: looked at again
            return
        self.legs.put_state(key, Leg.FAILED)
        self.context.notice(message("audio.failed"))
        if key not in self._awaited:
            self._awaited.append(key)
        self._ask()

    def stop(self, key: str) -> None:
        """The leg of this call ends, and no INVITE is awaited for it."""
        self.forget(key)
        self.legs.stop(key)

    def hold(self, key: str, on: bool) -> None:
        """Nothing of the agent leaves while held, whatever the other side does."""
        self.legs.hold(key, on)

    def mute(self, key: str, on: bool) -> None:
        """Cut or open the microphone for this call."""
        self.legs.mute(key, on)

    def renew(self, key: str) -> None:
        """A call is up and its audio is gone: the platform is asked, and offers a new leg."""
        self.forget(key)  # it may be awaited already, without a limit
        self.expect(key)
        self._ask()

    # ------------------------------------------------------------ what SIP tells

    def handle(self, event: sip.Event) -> bool:
        """Take one event of the user agent. False when it is not about a leg."""
        match event:
            case sip.InviteReceived(call=handle, sdp=sdp, headers=headers):
                self._invited(handle, sdp, headers)
            case sip.InviteCancelled(call=handle) | sip.CallEnded(call=handle):
                if leg := self.legs.entry(handle):
                    self.legs.discard(leg)
                    if leg.apart is not None:
                        leg.apart.leg_gone(leg, Leg.LOST)
                    else:
                        self._gone_soon(leg.key)
            case sip.InfoReceived(call=handle, body=body):
                self._tied(handle, body)
            case sip.Established() | sip.Progress():
                pass
            case _:
                return self.legs.handle(event)
        return True

    def _invited(self, handle: str, sdp: bytes | None, headers: sip.Headers) -> None:
        if not self._awaited:
            self.context.not_understood.add(
                SkippedKind.REFUSED, "486: no call waits for its sound", where="INVITE"
            )
            self.legs.phone.reject(handle, 486)
            return
        key = self._awaited.pop(0)
        apart = self._apart.get(key)
        leg = LegEntry(handle, key, apart or self, apart)
        if (call := self.calls.by_key(leg.key)) is not None:
            self.calls.note(call.ccnumber, "header", headers)
        self.legs.put(leg)
        if apart is not None:
            apart.sounds(Leg.CONNECTING)
        self.legs.put_state(leg.key, Leg.CONNECTING)
        leg.answering = asyncio.get_running_loop().create_task(self._answer(leg, sdp))

    async def _answer(self, leg: LegEntry, offer: bytes | None) -> None:
        refuse_with = 480
        try:
            media = await self.legs.make_media(leg)
            leg.media = media
            refuse_with = 488
            if offer is None:
                answer = await media.offer()
            else:
                answer = await media.answer(offer.decode("utf-8", "replace"))
            if self.legs.entry(leg.handle) is None:
                return  # cancelled, or the call ended, meanwhile
            if leg.apart is not None:
                media.mute(leg.apart.muted)
            call = self.calls.by_key(leg.key)
            if call is not None:  # a new leg of a call that is up is as open as the last one
                media.mute(call.muted)
                media.hold(is_held(call))
            self.legs.phone.accept(leg.handle, answer.encode())
            leg.answered()
            while (old := self.legs.leg_of(leg.key)) is not None and old is not leg:
                self.legs.drop(old)  # the platform has put this one in its place
        except Exception as error:  # a bad offer or a broken library ends the leg, not the call
            log.warning("the audio leg was refused with %d: %s", refuse_with, error)
            leg.answering = None
            if self.legs.entry(leg.handle) is not None:
                self.legs.discard(leg)
                self._refuse(leg.handle, refuse_with)
                if leg.apart is not None:
                    leg.apart.leg_gone(leg, Leg.FAILED)
                self._gone(leg.key, Leg.FAILED)

    def _refuse(self, handle: str, status: int) -> None:
        try:
            self.legs.phone.reject(handle, status)
        except sip.LocalProtocolError:
            log.debug("nothing left to refuse")

    def _tied(self, handle: str, body: bytes) -> None:
        ccnumber = control.leg_of(body)
        leg = self.legs.entry(handle)
        if ccnumber is None or leg is None:
            return
        call = self.calls.by_key(leg.key)
        if leg.apart is not None and not leg.apart.is_of(ccnumber):
            log.warning("the leg belongs to another call than the one listened to: it is ended")
            self.legs.drop(leg)
            leg.apart.leg_gone(leg, Leg.LOST)
        if call is not None and not call.ccnumber and call.state is CallState.PROCEEDING:
            self.calls.put(call, ccnumber=ccnumber)  # taken on without a name
        elif call is not None and call.ccnumber and call.ccnumber != ccnumber:
            log.warning("the leg belongs to another call: it is ended")
            self.legs.drop(leg)
            self._gone(leg.key, Leg.LOST)

    # ------------------------------------------------------------ a leg that is gone

    def renegotiated(self, leg: LegEntry) -> None:
        """The platform says hold in its messages: nothing follows from a description."""

    def leg_gone(self, leg: LegEntry, state: Leg) -> None:
        """The sound is gone, and the dialog lives: a BYE would end the customer's call. The leg is
        offered again (`NetworkWatch`), and the platform asked what became of the call: where it
        has no leg any more, it offers another."""
        self.legs.put_state(leg.key, state)
        if state is Leg.LOST:  # most often the 105, or the 38, is right behind: wait for that
            wait = self.context.limits.leg_without_end
            self.context.timers.set(f"leg {leg.key}", wait, lambda: self._silent(leg.key, state))
        else:
            self._silent(leg.key, state)

    def _silent(self, key: str, state: Leg) -> None:
        call = self.calls.live_by_key(key)
        if call is None or call.ccnumber in self._transferred:
            return
        if call.answered is None or call.leg is not state or call.state is CallState.ENDING:
            return
        self.context.notice(message(f"audio.{state.value}"))
        if key not in self._awaited:
            self._awaited.append(key)
        self._ask()

    def _gone_soon(self, key: str) -> None:
        """The platform ended the leg: most often its 105 is right behind, so wait for that."""
        self._await_again(key)
        self.context.timers.set(
            f"leg {key}", self.context.limits.leg_without_end, lambda: self._gone(key, Leg.LOST)
        )

    def _gone(self, key: str, state: Leg) -> None:
        """A call lives without its audio: say so, and ask for the audio again."""
        call = self.calls.live_by_key(key)
        if call is None or self.legs.has_leg(key):
            return
        self.legs.put_state(key, state)
        if call.ccnumber in self._transferred:
            return  # with the transfer, and not lost
        if call.answered is not None and call.state is not CallState.ENDING:
            self.context.notice(message(f"audio.{state.value}"))
            self.renew(key)
        else:
            self._await_again(key)

    def _await_again(self, key: str) -> None:
        """The leg that came was no leg of this call, or is none any more: its own may follow."""
        account, call = self.context.snapshot.account, self.calls.live_by_key(key)
        here = account is not None and account.callintype == VOIP
        if here and call is not None and key not in self._awaited:
            self._awaited.append(key)

    def close(self) -> None:
        """No INVITE is awaited any more."""
        self._awaited.clear()

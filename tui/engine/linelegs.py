"""The sound of lines: a leg for each call, one of them (or all that are joined) plugged into the
microphone and the ears; hold as re-INVITEs say it; ringback and the call-waiting tone.

`Legs` carries the legs as it does for the platforms; here is what a phone of one's own adds.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterator
from functools import partial
from typing import Any

from tui import sip
from tui.engine.calls import Calls
from tui.engine.core import log
from tui.engine.legs import LegEntry, Legs
from tui.engine.state import Call, CallState, Leg

TICK = 0.02
WAITING_AGAIN = 8.0
"""Seconds between two call-waiting tones."""
_TRIES, _PAUSE = 20, 0.4
"""How often, and after how many seconds, a re-INVITE is tried again that could not be sent."""
_UP = (CallState.TALKING, CallState.HOLDING)


class LineLegs:
    """The legs of the lines of one engine."""

    def __init__(self, calls: Calls, legs: Legs) -> None:
        self.calls = calls
        self.core = calls.core
        self.legs = legs
        self._mixer: Any = None
        self._tones: Any = None
        self._ringback: asyncio.Task[None] | None = None
        self._ringback_pcm = b""
        self._locks: dict[str, asyncio.Lock] = {}
        legs.on_renegotiated = self._renegotiated

    # ------------------------------------------------------------ legs

    async def open(self, leg: LegEntry) -> Any:
        """The media of a leg. Raises what keeps the media room from opening."""
        await self.legs.sounds.loaded()
        if self._mixer is None:
            loop = asyncio.get_running_loop()
            module = await loop.run_in_executor(None, _import)
            self._tones = importlib.import_module("tui.media.tones")
            if self._mixer is None:  # another leg may have been quicker
                self._mixer = module.Mixer(self._source, self._sink)
        leg.plug = self._mixer.plug()
        leg.media = await self.legs.make_media(leg)
        return leg.media

    def _source(self) -> Any:
        return self._sound().source

    def _sink(self) -> Any:
        return self._sound().sink

    def _sound(self) -> Any:
        sound = self.legs.sounds.sound
        assert sound is not None  # legs are closed before the sound is
        return sound

    def forget(self, leg: LegEntry) -> None:
        """Close a leg that never came to be one."""
        self.legs.discard(leg)

    def entry(self, call: Call) -> LegEntry | None:
        """The leg of a call."""
        return self.legs.leg_of(call.key)

    def plug(self, call: Call, on: bool) -> None:
        """Give the microphone and the ears to this line, or take them away. Held, nothing of us
        leaves and nothing is heard, whatever the peer does."""
        leg = self.entry(call)
        if leg is not None and leg.media is not None:
            leg.media.hold(not on)
            if leg.plug is not None:
                leg.plug.on = on

    def microphone(self, call: Call) -> None:
        """Cut the microphone of this line, or open it. Of joined lines it is cut before the mix:
        they go on hearing one another. Whichever cut takes the other's place is made first."""
        leg = self.entry(call)
        if leg is None or leg.media is None:
            return
        if call.muted and call.joined and leg.plug is not None:
            leg.plug.muted = True
            leg.media.mute(False)
        else:
            leg.media.mute(call.muted)
            if leg.plug is not None:
                leg.plug.muted = False

    def send_digit(self, key: str, digit: str, seconds: float) -> bool:
        """A digit by RFC 4733; False where the peer did not offer that."""
        leg = self.legs.leg_of(key)
        if leg is None or leg.media is None or not leg.lasting or not leg.media.can_send_digits:
            return False
        leg.media.send_digit(digit, seconds)
        return True

    # ------------------------------------------------------------ direction

    async def offer_direction(self, key: str, direction: str) -> int:
        """Have the direction in force by a re-INVITE, one after the other; the last status, 200
        when it is so already. 0: the leg is gone, or nothing came in time."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            for _ in range(_TRIES):
                leg = self.legs.leg_of(key)
                if leg is None or not leg.answered:
                    return 0
                if leg.direction == direction:
                    return 200
                status = await self.legs.reoffer(leg, direction)
                if status:
                    return status
                await asyncio.sleep(_PAUSE)
        return 0

    def want_direction(self, call: Call, direction: str) -> None:
        """The same beside everything else. Should the peer refuse, what is cut here stays cut."""
        self.core.spawn(self._want(call.key, direction))

    async def _want(self, key: str, direction: str) -> None:
        status = await self.offer_direction(key, direction)
        if status != 200 and (leg := self.legs.leg_of(key)) is not None:
            log.warning("call %s: %s was not agreed (%d)", key, direction, status)
            leg.direction = direction  # the next re-offer says it again

    def _renegotiated(self, leg: LegEntry) -> None:
        """An offer and an answer are in force: the peer may hold us now, or no longer."""
        call = self.calls.by_key(leg.key)
        if call is None or not call.live or not leg.lasting or leg.media is None:
            return
        holds = leg.media.direction in ("recvonly", "inactive")
        if call.state in _UP and call.peer_holds is not holds:
            self.calls.put(call, peer_holds=holds)

    # ------------------------------------------------------------ what the agent hears besides

    def ringback(self, on: bool) -> None:
        """Let the agent hear that it rings there; only while the network brings no sound of its
        own (RFC 3960 §3.2)."""
        if on and self._ringback is None and self._mixer is not None:
            self._ringback = asyncio.get_running_loop().create_task(self._ring_there())
        elif not on and self._ringback is not None:
            self._ringback.cancel()
            self._ringback = None

    async def _ring_there(self) -> None:
        loop = asyncio.get_running_loop()
        if not self._ringback_pcm:
            make = partial(self._tones.pattern, self._tones.RINGBACK, level=0.2)
            self._ringback_pcm = await loop.run_in_executor(None, make)
        blocks: Iterator[bytes] = self._tones.loop(self._ringback_pcm, 960)
        due = loop.time()
        while True:
            self._mixer.play(next(blocks))
            due = max(due + TICK, loop.time() - TICK)
            await asyncio.sleep(due - loop.time())

    def waiting(self, rings: bool) -> None:
        """The call-waiting tone, now and again, while another call rings during one."""
        if not rings:
            self.core.timers.cancel("call waiting")
        elif "call waiting" not in self.core.timers:
            self._waiting_tone()

    def _waiting_tone(self) -> None:
        if self._mixer is not None and self._tones is not None:
            self._mixer.play(self._tones.pattern(self._tones.BEEP, level=0.1))
        self.core.timers.set("call waiting", WAITING_AGAIN, self._waiting_tone)

    async def close(self) -> None:
        """Silence. The legs are closed by who keeps them."""
        if self._ringback is not None:
            task, self._ringback = self._ringback, None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._mixer = None
        self._locks.clear()

    # ------------------------------------------------------------ SIP says

    async def early(self, leg: LegEntry, sdp: bytes) -> bool:
        """Sound before the answer: take it, from the first phone that brings some."""
        call = self.calls.by_key(leg.key)
        if leg.media is None or call is None or not call.live:
            return False
        try:
            await leg.media.accept(sdp.decode("utf-8", "replace"))
        except Exception as error:
            log.info("early media could not be used: %s", error)
            return False
        return True

    async def answered(self, leg: LegEntry, sdp: bytes | None) -> None:
        """The 200: its description, or what the 183 brought before. Another phone than the one
        that was heard early took the call: a new connection is offered to it."""
        assert self.legs.phone is not None
        leg.answered = True
        if leg.media is None or not sdp:
            return
        try:
            await leg.media.accept(sdp.decode("utf-8", "replace"))
            self._renegotiated(leg)
            return
        except Exception as error:
            log.info("the answer does not fit what was offered (%s): offered anew", error)
        old, plug = leg.media, leg.plug
        try:
            media = await self.open(leg)
            leg.plug.on = plug.on
            plug.close()
            await old.close()
            offer = await media.offer()
            self.legs.phone.agent.reinvite(leg.handle, offer.encode(), self.legs.phone.now())
            self.legs.phone.flush()
        except sip.LocalProtocolError:
            log.info("the call was over before it could be offered anew")
        except Exception as error:
            log.warning("no sound for an answered call: %s", error)
            if leg.plug is not plug:
                leg.plug.close()
                leg.plug = plug
            if (call := self.calls.by_key(leg.key)) is not None and call.live:
                self.calls.put(call, leg=Leg.FAILED)
        if self.legs.entry(leg.handle) is not leg:  # over, while the sound was being opened
            self.forget(leg)


def _import() -> Any:
    return importlib.import_module("tui.media.mixer")

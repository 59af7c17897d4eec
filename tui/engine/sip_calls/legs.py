"""The sound of calls at a PBX: a leg for each call, one of them (or all that are joined) plugged
into the microphone and the ears; hold as re-INVITEs say it; ringback and the call-waiting tone.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from tui import sip
from tui.engine.audio.leg_entry import OTHER_PEER, LegEntry, why_of
from tui.engine.audio.legs import Legs
from tui.engine.calls import CONNECTED
from tui.engine.context import log
from tui.media.sdp.direction import Direction
from tui.port.machines.call_machine import LineSoundInput
from tui.port.snapshot import Call
from tui.port.values import Leg, Message, message

TICK = 0.02
WAITING_AGAIN = 8.0
"""Seconds between two call-waiting tones."""
SOUND: Final = 25.0
"""Seconds from the answer within which a call sounds, or it is said that it does not."""
NOT_ACCEPTABLE: Final = 'SIP;cause=488;text="Not Acceptable Here"'
"""The Reason of a BYE to a call whose description is of no use, as other phones write it."""
NO_AUDIO: Final = "no-audio"
UNUSABLE: Final = (
    *("unreadable", NO_AUDIO, "refused", "no-encryption", "weak-fingerprint", "no-ice"),
    *("no-mux", "no-codec", OTHER_PEER, "no-descriptors", "no-memory"),
)
"""Why there is no sound, as the media room names it: of each the catalogue has a sentence."""
_TRIES, _PAUSE = 20, 0.4
"""How often, and after how many seconds, a re-INVITE is tried again that could not be sent."""


class SipLegs:
    """The legs of the calls of one session: each lasts as long as its call."""

    lasting = True

    def __init__(self, legs: Legs, end: Callable[[Call, Message], None]) -> None:
        self.calls = legs.calls
        self.context = legs.context
        self.legs = legs
        self._end = end
        """Ends a call that has no sound and will have none."""
        self._mixer: Any = None
        self._tones: Any = None
        self._ringback: asyncio.Task[None] | None = None
        self._ringback_pcm = b""
        self._locks: dict[str, asyncio.Lock] = {}

    # ------------------------------------------------------------ legs

    async def open(self, leg: LegEntry) -> Any:
        """The media of a leg. Raises what keeps the media room from opening."""
        await self.legs.devices.loaded()
        if self._mixer is None:
            loop = asyncio.get_running_loop()
            module = await loop.run_in_executor(None, _import)
            self._tones = importlib.import_module("tui.media.pcm.tones")
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
        sound = self.legs.devices.sound
        assert sound is not None  # legs are closed before the sound is
        return sound

    def forget(self, leg: LegEntry) -> None:
        """Close a leg that never came to be one."""
        self.legs.discard(leg)

    def entry(self, call: Call) -> LegEntry | None:
        """The leg of a call."""
        return self.legs.leg_of(call.key)

    def plug(self, call: Call, on: bool) -> None:
        """Give the microphone and the ears to this call, or take them away. Held, nothing of us
        leaves and nothing is heard, whatever the peer does."""
        leg = self.entry(call)
        if leg is not None and leg.media is not None:
            leg.media.hold(not on)
            if leg.plug is not None:
                leg.plug.on = on

    def microphone(self, call: Call) -> None:
        """Cut the microphone of this call, or open it. Of joined calls it is cut before the mix:
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

    def over(self, key: str) -> None:
        """A call is over: nothing of it is kept."""
        self.context.timers.cancel(f"sound {key}")
        self._locks.pop(key, None)

    # ------------------------------------------------------------ direction

    async def offer_direction(self, key: str, direction: Direction) -> int:
        """Have the direction in force by a re-INVITE, one after the other; the last status, 200
        when it is so already. 0: the leg is gone, or nothing came in time. While the sound is being
        set up nothing is offered, for as long as there are tries: of a re-INVITE in the middle of
        that FreeSWITCH never ends its handshake."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            for tries in range(_TRIES, 0, -1):
                leg = self.legs.leg_of(key)
                if leg is None or not leg.up:
                    return 0
                if leg.direction == direction:
                    return 200
                if tries == 1 or leg.media is None or not leg.media.settling:
                    status = await self.legs.reoffer(leg, direction)
                    if status:
                        return status
                await asyncio.sleep(_PAUSE)
        return 0

    def want_direction(self, call: Call, direction: Direction) -> None:
        """The same beside everything else. Should the peer refuse, what is cut here stays cut."""
        self.context.spawn(self._want(call.key, direction))

    async def _want(self, key: str, direction: Direction) -> None:
        status = await self.offer_direction(key, direction)
        if status != 200 and (leg := self.legs.leg_of(key)) is not None:
            log.warning("call %s: %s was not agreed (%d)", key, direction, status)
            leg.direction = direction  # the next re-offer says it again

    def renegotiated(self, leg: LegEntry) -> None:
        """An offer and an answer are in force: the peer may hold us now, or no longer."""
        call = self.calls.live_by_key(leg.key)
        if call is None or leg.media is None:
            return
        holds = leg.media.direction in (Direction.RECVONLY, Direction.INACTIVE)
        if call.state in CONNECTED and call.peer_holds is not holds:
            given = LineSoundInput.PEER_HELD if holds else LineSoundInput.PEER_RESUMED
            self.calls.sound_changes(call, given)

    def leg_gone(self, leg: LegEntry, state: Leg) -> None:
        """The sound of a call failed. Where something was agreed the call stays, it is said, and
        the leg is offered again; what was never agreed has no sound to wait for, but before the
        answer, which has a description of its own."""
        self.context.timers.cancel(f"sound {leg.key}")
        if leg.agreed:
            self.legs.put_state(leg.key, state)
            self.context.notice(message(f"lines.sound_{state.value}"))
        elif leg.up:
            self._no_use(leg)
        else:
            leg.why = ""

    def _no_use(self, leg: LegEntry) -> None:
        """The call is up, and what was said of its sound is of no use: BYE, with the reason for
        both sides (RFC 3261 §13.2.2.4)."""
        call = self.calls.live_by_key(leg.key)
        if call is None:
            return
        leg.farewell = NOT_ACCEPTABLE
        self._end(call, words_of(leg.why))

    def limit(self, leg: LegEntry) -> None:
        """A call was answered: within so many seconds it sounds, or ends in words."""

        def due() -> None:
            call = self.calls.by_key(leg.key)
            waits = call is not None and call.live and call.leg is Leg.CONNECTING
            if waits and self.legs.entry(leg.handle) is leg:
                self.leg_gone(leg, Leg.FAILED)

        self.context.timers.set(f"sound {leg.key}", SOUND, due)

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
            self.context.timers.cancel("call waiting")
        elif "call waiting" not in self.context.timers:
            self._waiting_tone()

    def _waiting_tone(self) -> None:
        if self._mixer is not None and self._tones is not None:
            self._mixer.play(self._tones.pattern(self._tones.BEEP, level=0.1))
        self.context.timers.set("call waiting", WAITING_AGAIN, self._waiting_tone)

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

    async def follow(self, leg: LegEntry, sdp: bytes) -> bool:
        """The same of another phone, in the place of the one that was heard."""
        if leg.media is None:
            return False
        try:
            await leg.media.follow(sdp.decode("utf-8", "replace"))
        except Exception as error:
            log.info("early media of another phone could not be used: %s", error)
            return False
        return True

    async def answered(self, leg: LegEntry, sdp: bytes | None) -> bool:
        """The 200: its description, or what the 183 brought before; False where the call is over
        for it. Another phone than the one that was heard early took the call: a new connection is
        offered to it."""
        leg.answered()
        self.limit(leg)
        if leg.media is None:
            return True
        if not sdp:
            if not leg.agreed:
                leg.why = NO_AUDIO
                self._no_use(leg)
            return leg.agreed
        try:
            await leg.media.accept(sdp.decode("utf-8", "replace"))
            self.renegotiated(leg)
            return True
        except Exception as error:
            leg.why = why_of(error)
            log.info("the answer does not fit what was offered: %s", error)
        if leg.why not in ("", OTHER_PEER):
            self._no_use(leg)
            return False
        await self._offer_anew(leg)
        return True

    async def _offer_anew(self, leg: LegEntry) -> None:
        """Offer a new connection to the phone that took the call."""
        old, plug = leg.media, leg.plug
        assert old is not None
        try:
            media = await self.open(leg)
            leg.plug.on = plug.on
            plug.close()
            await old.close()
            offer = await media.offer()
            self.legs.phone.reinvite(leg.handle, offer.encode())
        except sip.LocalProtocolError:
            log.info("the call was over before it could be offered anew")
        except Exception as error:
            log.warning("no sound for an answered call: %s", error)
            if leg.plug is not plug:
                leg.plug.close()
                leg.plug = plug
            leg.why = why_of(error)
            if (call := self.calls.by_key(leg.key)) is not None and call.live:
                self.calls.put(call, leg=Leg.FAILED)
                self.context.notice(words_of(leg.why))
        if self.legs.entry(leg.handle) is not leg:  # over, while the sound was being opened
            self.forget(leg)


def words_of(why: str) -> Message:
    """Why a call has no sound, in words."""
    return message(f"unusable.{why}" if why in UNUSABLE else "line.no_sound")


def _import() -> Any:
    return importlib.import_module("tui.media.leg.mixer")

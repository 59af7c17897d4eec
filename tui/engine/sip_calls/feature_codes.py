"""Feature codes of a PBX: calls that nobody hears, that stand in no list, and that end.

What a code did is not to be learned from its call: a PBX may answer it or not, play something, or
end it as if it were refused. So whoever dials one waits for other word, and ends the call then.
"""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Final

from tui import sip
from tui.engine.audio.leg_entry import LegEntry
from tui.engine.audio.leg_machine import LegPhase
from tui.engine.audio.legs import Legs
from tui.engine.context import log
from tui.engine.numbers import NumberError
from tui.engine.sip_calls.addresses import parse_destination
from tui.port.values import Leg, Message, message
from tui.text import clean_text

MOST: Final = 4
"""Codes that are dialled at once; further ones wait for their turn."""
LINGERS: Final = 1.0
"""Seconds that a code's call goes on after it has done what it was dialled for: a dialplan may have
more to do than what was waited for."""


class CodeCall:
    """One code that is being dialled. It owns its leg."""

    lasting = True
    muted = True

    def __init__(self, code: str, key: str) -> None:
        self.code = code
        self.key = key
        self.leg: LegEntry | None = None
        self.over = asyncio.Event()
        """Its call is over, or came to nothing."""
        self.failure: Message | None = None
        """Why it came to nothing, where it did."""
        self.status = 0
        """The status of its refusal, where it had one: Asterisk's own of a code that worked, and
        was not answered, is 603."""
        self.dialling: asyncio.Task[None] | None = None
        self.users = 0
        """How many wait for it."""

    # -------------------------------------------------------- as the owner of a leg

    def renegotiated(self, leg: LegEntry) -> None:
        """Nobody hears it."""

    def leg_gone(self, leg: LegEntry, state: Leg) -> None:
        """That it has no sound makes no difference."""

    def is_of(self, ccnumber: str) -> bool:
        """No call's."""
        return False

    def sounds(self, state: Leg) -> None:
        """Nobody hears it."""


class FeatureCodes:
    """The codes that are dialled now. `domain` is where."""

    def __init__(self, legs: Legs, domain: str) -> None:
        self.context = legs.context
        self._legs = legs
        self._domain = domain
        self._all: dict[str, CodeCall] = {}
        self._keys = count(1)
        self._turns = asyncio.Semaphore(MOST)

    # -------------------------------------------------------- who dials

    def dial(self, code: str) -> CodeCall:
        """Dial a code; who waits for the same one already shares its call."""
        call = self._all.get(code)
        if call is None:
            call = self._all[code] = CodeCall(code, f"code {next(self._keys)}")
            call.dialling = asyncio.get_running_loop().create_task(self._dial(call))
        call.users += 1
        return call

    def done(self, call: CodeCall, *, at_once: bool = False) -> None:
        """One who waited has had enough. With the last the call ends, after a moment."""
        call.users -= 1
        if call.users or self._all.get(call.code) is not call:
            return
        del self._all[call.code]
        if at_once or call.over.is_set():
            self._end(call)
        else:
            # Not one of the context's named timers: two calls of one code may linger.
            self.context.spawn(self._linger(call))

    async def _linger(self, call: CodeCall) -> None:
        try:
            async with asyncio.timeout(LINGERS):
                await call.over.wait()
        except TimeoutError:
            pass
        finally:
            self._end(call)

    def close(self) -> None:
        """The session is over."""
        for call in list(self._all.values()):
            self._end(call)
        self._all.clear()

    def _end(self, call: CodeCall) -> None:
        if call.dialling is not None:
            call.dialling.cancel()
        call.over.set()
        leg, call.leg = call.leg, None
        if leg is not None:
            if self._legs.entry(leg.handle) is leg:
                self._legs.drop(leg)
            else:
                self._legs.discard(leg)

    async def _dial(self, call: CodeCall) -> None:
        async with self._turns:
            try:
                await self._invite(call)
            except NumberError as error:
                self._came_to_nothing(call, message(error.message_id, found=error.found))
            except Exception as error:
                log.warning("a code could not be dialled: %s", error)
                self._came_to_nothing(call, message("queue.code_not_dialled", code=call.code))
            await call.over.wait()

    async def _invite(self, call: CodeCall) -> None:
        destination = parse_destination(call.code, self._domain)
        leg = call.leg = LegEntry("", call.key, call, apart=call, phase=LegPhase.CALLING)
        leg.media = await self._legs.make_media(leg)
        leg.media.hold(True)
        offer = await leg.media.offer()
        leg.handle = self._legs.phone.invite(destination.uri, offer.encode())
        self._legs.put(leg)
        log.info("%s: %s dialled", call.key, call.code)

    def _came_to_nothing(self, call: CodeCall, why: Message) -> None:
        call.failure = why
        call.over.set()

    # -------------------------------------------------------- what comes

    def handle(self, event: sip.Event) -> bool:
        """Take an event about the call of a code; whether it was one."""
        leg = self._legs.entry(getattr(event, "call", ""))
        call = None if leg is None else leg.owner
        if leg is None or not isinstance(call, CodeCall):
            return False
        match event:
            case sip.InviteAnswered(sdp=sdp):
                leg.answered()
                self.context.spawn(self._answered(leg, sdp))
            case sip.InviteRefused(status=status, reason=reason):
                log.info("%s: %d", call.key, status)
                call.status = status
                said = clean_text(reason, 60)
                why = message("queue.code_refused", code=call.code, status=status, reason=said)
                self._over(call, leg, why)
            case sip.CallEnded():
                self._over(call, leg, None)
            case sip.ReferReceived():
                self._legs.phone.reject_refer(leg.handle, 603)
            case sip.Progress() | sip.InfoReceived():
                pass  # there is nobody to hear of it
            case _:
                return self._legs.handle(event)
        return True

    async def _answered(self, leg: LegEntry, sdp: bytes | None) -> None:
        """The sound is set up, since a PBX may wait for that before it goes on."""
        if leg.media is None or not sdp:
            return
        try:
            await leg.media.accept(sdp.decode("utf-8", "replace"))
        except Exception as error:
            log.info("the call of a code has no sound: %s", error)

    def _over(self, call: CodeCall, leg: LegEntry, why: Message | None) -> None:
        self._legs.discard(leg)
        call.leg = None
        call.failure = why
        call.over.set()

"""A supervisor at a PBX: a colleague's call is listened to, whispered into or joined by codes of
the config (Asterisk's ChanSpy), and what was asked for counts when something of it is heard.

Which calls there are the colleagues' lamps tell. Each wish is a call of its own, that stands in no
list; the one before it ends when the new one is heard. Until then the microphone is cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from tui import sip
from tui.engine.audio.leg_entry import LegEntry
from tui.engine.audio.leg_machine import LegPhase
from tui.engine.audio.legs import Legs
from tui.engine.context import log
from tui.engine.numbers import NumberError
from tui.engine.sip_calls.addresses import parse_destination
from tui.port import replace
from tui.port.colleagues import Colleague, Lamp
from tui.port.commands import Result
from tui.port.events import (
    ColleagueChanged,
    ColleaguesChanged,
    Event,
    GroupCallChanged,
    GroupCallRemoved,
    SupervisionChanged,
)
from tui.port.supervision import (
    GroupCall,
    SuperviseHow,
    SuperviseInput,
    SuperviseState,
    Supervision,
    step_supervise,
)
from tui.port.values import Leg, Message, message
from tui.text import clean_text

if TYPE_CHECKING:
    from tui.config.schema import Profile

KEY: Final = "supervised"
"""The key of its leg; calls are numbered."""
LOOK: Final = 0.1
"""Seconds between two looks whether something is heard."""
_NUMBER: Final = "{number}"
_INPUTS: Final = {
    SuperviseHow.LISTEN: SuperviseInput.LISTENS,
    SuperviseHow.WHISPER: SuperviseInput.WHISPERS,
    SuperviseHow.JOIN: SuperviseInput.JOINS,
}


class SpyLeg:
    """One call of a code, with sound. `over` is set with its end, and `why` says in words why."""

    lasting = False
    key = KEY
    muted = True

    def __init__(self, gone: Callable[[SpyLeg], None]) -> None:
        self.entry: LegEntry | None = None
        self.over = asyncio.Event()
        self.why: Message | None = None
        self._gone = gone

    @property
    def heard(self) -> bool:
        """Whether something comes that is no silence."""
        media = None if self.entry is None else self.entry.media
        return media is not None and media.levels()[1] > 0

    def renegotiated(self, leg: LegEntry) -> None:
        """Nothing follows from a description."""

    def leg_gone(self, leg: LegEntry, state: Leg) -> None:
        """Without its sound there is nothing to supervise."""
        self.end(message("supervise.no_sound"))

    def is_of(self, ccnumber: str) -> bool:
        """No call's."""
        return False

    def sounds(self, state: Leg) -> None:
        """That it is set up is not yet that something is heard."""

    def end(self, why: Message | None) -> None:
        """It is over."""
        if not self.over.is_set():
            self.why = why
            self.over.set()
            self._gone(self)


class Spying:
    """The supervisor of one session. `domain` is where the codes are called."""

    def __init__(self, legs: Legs, domain: str, profile: Profile) -> None:
        self.context = legs.context
        self._legs = legs
        self._domain = domain
        codes = {
            SuperviseHow.LISTEN: profile.listen,
            SuperviseHow.WHISPER: profile.whisper,
            SuperviseHow.JOIN: profile.join,
        }
        self._codes = {how: code for how, code in codes.items() if code}
        self._leg: SpyLeg | None = None
        """The one that is heard."""
        self._dialled: SpyLeg | None = None
        """The one that is not heard yet."""
        self._deafen: Callable[[], None] | None = None

    @property
    def allowed(self) -> bool:
        """Whether the config has a code to listen by."""
        return SuperviseHow.LISTEN in self._codes

    @property
    def now(self) -> Supervision:
        """Where the supervisor stands."""
        return self.context.snapshot.supervision

    # ------------------------------------------------------------ the session, the calls there are

    def begin(self) -> None:
        """The line is registered."""
        if self.allowed:
            self._deafen = self.context.events.listen(self._heard)
            self._emit(Supervision(ways=(*self._codes, SuperviseHow.LEAVE)))

    def end(self) -> None:
        """The session is over."""
        if self._deafen is None:
            return
        self._deafen()
        self._deafen = None
        self._over(SuperviseInput.SESSION_ENDED)
        for call in self.context.snapshot.group_calls:
            self.context.emit(GroupCallRemoved(call.key))
        self._emit(Supervision())

    def _heard(self, event: Event) -> None:
        match event:
            case ColleagueChanged(colleague):
                self._lamp(colleague)
            case ColleaguesChanged(colleagues):
                for colleague in colleagues:
                    self._lamp(colleague)

    def _lamp(self, colleague: Colleague) -> None:
        known = self._known(colleague.number)
        if colleague.lamp is Lamp.TALKING and known is None:
            call = GroupCall(
                colleague.number,
                colleague.who,
                colleague.number,
                colleague.since,
                colleague.number,
            )
            self.context.emit(GroupCallChanged(call))
        elif colleague.lamp is not Lamp.TALKING and known is not None:
            self.context.emit(GroupCallRemoved(known.key))
            # That nothing is known of the lamp says nothing of the call.
            if known.key == self.now.call and colleague.lamp is not Lamp.UNKNOWN:
                self._over(SuperviseInput.CALL_OVER, message("supervise.over"))

    def _known(self, key: str) -> GroupCall | None:
        calls = self.context.snapshot.group_calls
        return next((call for call in calls if call.key == key), None)

    # ------------------------------------------------------------ asked

    async def ask(self, how: SuperviseHow, key: str) -> Result:
        """Carry out a supervisor's wish, or say why not."""
        if not self.allowed:
            return Result(False, message("supervise.not_allowed"))
        if refusal := self._legs.calls.not_ready():
            return refusal
        now = self.now
        key = key or now.call
        refused = self._refusal(how, key)
        if refused is not None:
            return Result(False, refused)
        if how is SuperviseHow.LEAVE:
            self._over(SuperviseInput.LEAVES)
            return Result(True)
        if how is SuperviseHow.LISTEN:
            self._over(SuperviseInput.LEAVES)  # another one that was listened to
            call = self._known(key)
            customer = "" if call is None else call.caller
            self._put(
                call=key, agent=key, customer=customer, leg=Leg.AWAITED, since=self.context.clock()
            )
        self._put(pending=how.value, outcome=None)
        return await self._dial(how, key)

    def _refusal(self, how: SuperviseHow, key: str) -> Message | None:
        now = self.now
        if now.pending:
            return message("supervise.wait")
        if how not in now.ways:
            return message("supervise.no_way")
        if not key:
            return message("supervise.no_call")
        if how is SuperviseHow.LISTEN:
            if self._legs.calls.live:
                return message("supervise.in_call")
            if now.call == key:
                return message("supervise.already")
            heard = now.state not in (SuperviseState.NONE, SuperviseState.LISTENING)
            return message("supervise.leave_first") if heard else None
        if not now.call or key != now.call:
            return message("supervise.not_listening")
        return None if how in now.may_ask else message("supervise.already")

    async def _dial(self, how: SuperviseHow, key: str) -> Result:
        """Call the code, and wait until something of the call is heard by it."""
        leg, before = SpyLeg(self._gone), self._leg
        self._dialled = leg
        failure: Message | None = None
        try:
            async with asyncio.timeout(self.context.limits.leg):
                await self._invite(leg, self._codes[how].replace(_NUMBER, key))
                if before is not None and before.entry is not None and before.entry.media:
                    before.entry.media.hold(True)  # one at a time is heard
                await _until_heard(leg)
        except TimeoutError:
            failure = message("supervise.not_heard", seconds=f"{self.context.limits.leg:g}")
        except NumberError as error:
            failure = message(error.message_id, found=error.found)
        except Exception as error:
            log.warning("a supervisor's code could not be called: %s", error)
            failure = message("supervise.no_sound")
        self._dialled = None
        if leg.over.is_set():
            failure = leg.why or message("supervise.over")
        if failure is None and (self.now.call != key or self.now.pending != how.value):
            failure = message("supervise.over")  # left meanwhile
        if failure is not None:
            return self._not_done(how, leg, before, failure)
        self._drop(before)
        self._leg = leg
        if how is not SuperviseHow.LISTEN and leg.entry is not None and leg.entry.media is not None:
            leg.entry.media.mute(False)
        state = step_supervise(self.now.state, _INPUTS[how])
        self._put(state=state, pending="", leg=Leg.CONNECTED)
        return Result(True)

    def _not_done(
        self, how: SuperviseHow, leg: SpyLeg, before: SpyLeg | None, failure: Message
    ) -> Result:
        self._drop(leg)
        if self.now.pending != how.value:
            return Result(False, failure)
        if how is SuperviseHow.LISTEN:
            self._over(SuperviseInput.SOUND_GONE, failure)
        else:
            if before is not None and before.entry is not None and before.entry.media is not None:
                before.entry.media.hold(False)
            self._put(pending="")
        return Result(False, failure)

    async def _invite(self, leg: SpyLeg, code: str) -> None:
        destination = parse_destination(code, self._domain)
        entry = leg.entry = LegEntry("", KEY, leg, apart=leg, phase=LegPhase.CALLING)
        entry.media = await self._legs.make_media(entry)
        entry.media.mute(True)
        offer = await entry.media.offer()
        entry.handle = self._legs.phone.invite(destination.uri, offer.encode())
        self._legs.put(entry)

    def let_go(self) -> None:
        """Leave the call that is supervised: one of the agent's own begins."""
        if self.now.call:
            self._over(SuperviseInput.LEAVES)

    # ------------------------------------------------------------ what follows

    def _gone(self, leg: SpyLeg) -> None:
        """A leg is over: with the one that is heard the supervising is."""
        if leg is self._leg:
            self._over(SuperviseInput.SOUND_GONE, leg.why or message("supervise.over"))

    def _over(self, given: SuperviseInput, outcome: Message | None = None) -> None:
        """No call is supervised any more."""
        leg, self._leg = self._leg, None
        self._drop(leg)
        if self._dialled is not None:
            self._dialled.end(None)
        if self.now.call:
            log.info("supervising is over: %s", given.value)
            state = step_supervise(self.now.state, given)
            since = self.context.clock()
            self._emit(Supervision(state=state, since=since, outcome=outcome, ways=self.now.ways))

    def _drop(self, leg: SpyLeg | None) -> None:
        if leg is None or leg.entry is None:
            return
        entry, leg.entry = leg.entry, None
        if self._legs.entry(entry.handle) is entry:
            self._legs.drop(entry)
        else:
            self._legs.discard(entry)

    def _put(self, **changes: Any) -> None:
        self._emit(replace(self.now, **changes))

    def _emit(self, supervision: Supervision) -> None:
        if supervision != self.now:
            self.context.emit(SupervisionChanged(supervision))

    # ------------------------------------------------------------ what comes

    def handle(self, event: sip.Event) -> bool:
        """Take an event about one of its calls; whether it was one."""
        entry = self._legs.entry(getattr(event, "call", ""))
        leg = None if entry is None else entry.owner
        if entry is None or not isinstance(leg, SpyLeg):
            return False
        match event:
            case sip.Progress(sdp=sdp):
                self.context.spawn(self._take(entry, sdp))
            case sip.InviteAnswered(sdp=sdp):
                entry.answered()
                self.context.spawn(self._take(entry, sdp))
            case sip.InviteRefused(status=status, reason=reason):
                said = clean_text(reason, 60)
                self._legs.discard(entry)
                leg.end(message("supervise.code_refused", status=status, reason=said))
            case sip.CallEnded():
                self._legs.discard(entry)
                leg.end(message("supervise.over"))
            case sip.ReferReceived():
                self._legs.phone.reject_refer(entry.handle, 603)
            case sip.InfoReceived():
                pass
            case _:
                return self._legs.handle(event)
        return True

    async def _take(self, entry: LegEntry, sdp: bytes | None) -> None:
        if entry.media is None or not sdp:
            return
        try:
            await entry.media.accept(sdp.decode("utf-8", "replace"))
        except Exception as error:
            log.info("a supervised call has no sound: %s", error)
            entry.owner.leg_gone(entry, Leg.FAILED)


async def _until_heard(leg: SpyLeg) -> None:
    """Wait until something comes by it, or it is over."""
    while not leg.heard and not leg.over.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK):
                await leg.over.wait()

"""What is asked of the calls at a PBX: the same as at a platform, carried out on the user agent. Up
to four calls, one active; the others are held by themselves when another is taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tui import sip
from tui.engine.audio.leg_entry import LegEntry, why_of
from tui.engine.audio.leg_machine import LegPhase
from tui.engine.audio.legs import Legs
from tui.engine.calls import BY_US, CONNECTED, NOT_CONNECTED
from tui.engine.context import log
from tui.engine.numbers import NumberError, split_number
from tui.engine.sip_calls.addresses import Destination, parse_destination
from tui.engine.sip_calls.hold_and_join import HoldAndJoin
from tui.engine.sip_calls.legs import SipLegs, words_of
from tui.engine.sip_calls.line_selection import free_line, mark
from tui.port.commands import Result
from tui.port.events import CallAnswered, CallFinished
from tui.port.machines.call_machine import CallInput, CallState
from tui.port.snapshot import Call
from tui.port.values import Leg, Message, message


class SipCommands:
    """The calls of one agent at a PBX. `domain` is where numbers and names are called;
    `type_when_answered` keeps tones (by the call's key) until the call is up."""

    def __init__(
        self, legs: Legs, domain: str, type_when_answered: Callable[[str, str], None]
    ) -> None:
        self.calls = legs.calls
        self.context = legs.context
        self.legs = legs
        self.domain = domain
        self.sound = SipLegs(legs, lambda call, why: self.end(call, why, NOT_CONNECTED))
        self.held = HoldAndJoin(self.calls, self.sound)
        self._type_when_answered = type_when_answered

    # ------------------------------------------------------------ dial

    async def dial(
        self, text: str, *, headers: Sequence[tuple[str, str]] = (), tones: str = ""
    ) -> Result:
        """Call a number, a name, or a sip: address. What stands behind a comma is typed once
        the call is up."""
        try:
            number, typed = (text, tones) if ":" in text else split_number(text)
            destination = parse_destination(number, self.domain)
        except NumberError as error:
            return Result(False, message(error.message_id, found=error.found))
        return await self.call(destination, headers=headers, tones=typed)

    async def call(
        self,
        destination: Destination,
        *,
        name: str = "",
        headers: Sequence[tuple[str, str]] = (),
        tones: str = "",
    ) -> Result:
        """Call somebody: the others are held, and the mark goes there."""
        if refusal := self.calls.not_ready():
            return refusal
        line = free_line(self.context.snapshot.calls)
        if line is None:
            return Result(False, message("lines.full"))
        self.held.hold_others("")
        call = self.calls.add(
            state=CallState.DIALING,
            outgoing=True,
            number=destination.shown,
            name=name,
            ccnumber=self.new_id(),
            line=line,
            leg=Leg.CONNECTING,
        )
        self._type_when_answered(call.key, tones)
        self.held.mark(call.key)
        leg = LegEntry("", call.key, self.sound, phase=LegPhase.CALLING)
        try:
            media = await self.sound.open(leg)
            offer = await media.offer()
        except Exception as error:
            log.warning("no sound for a call: %s", error)
            self.sound.forget(leg)
            return self._not_dialled(call, words_of(why_of(error)))
        if not self.calls.live_by_key(call.key):  # hung up meanwhile
            self.sound.forget(leg)
            return Result(True)
        try:
            leg.handle = self.legs.phone.invite(destination.uri, offer.encode(), headers)
        except sip.LocalProtocolError as error:
            log.warning("the call could not be made: %s", error)
            self.sound.forget(leg)
            return self._not_dialled(call, message("line.not_dialled"))
        self.legs.put(leg)
        self.sound.plug(call, True)
        return Result(True)

    def _not_dialled(self, call: Call, why: Message) -> Result:
        if (current := self.calls.live_by_key(call.key)) is not None:
            self.calls.end(current, CallInput.ENDED, why, reason=NOT_CONNECTED)
        return Result(False, why)

    # ------------------------------------------------------------ answer, hang up

    async def answer(self, ccnumber: str) -> Result:
        """Take the marked call, or that one: the active line is held."""
        if refusal := self.calls.not_ready():
            return refusal
        call = self.calls.find(ccnumber)
        if call is None or call.state is not CallState.RINGING:
            return Result(False, message("answer.nothing_rings"))
        leg = self.sound.entry(call)
        if leg is None:
            return Result(False, message("call.none"))
        self.held.hold_others(call.key)
        self.held.mark(call.key)
        moved = self.calls.move(call, CallInput.ANSWER_SENT, auto_answer=None, leg=Leg.CONNECTING)
        assert moved is not None  # RINGING takes ANSWER_SENT
        return await self.take(leg)

    async def take(self, leg: LegEntry) -> Result:
        """Answer an INVITE with our description. Nothing is up before the media room has one."""
        status = 480
        try:
            media = await self.sound.open(leg)
            status = 488
            if leg.offer is None:
                answer = await media.offer()
            else:
                answer = await media.answer(leg.offer.decode("utf-8", "replace"))
            call = self.calls.live_by_key(leg.key)
            if call is None or self.legs.entry(leg.handle) is not leg:
                self.sound.forget(leg)  # given up meanwhile
                return Result(False, message("call.none"))
            media.mute(call.muted)
            self.legs.phone.accept(leg.handle, answer.encode())
        except Exception as error:  # a bad offer, a broken library, or an INVITE that is over
            log.warning("a call was refused with %d: %s", status, error)
            self.refuse(leg.handle, status)
            self.sound.forget(leg)
            call = self.calls.by_key(leg.key)
            said = words_of(why_of(error))
            if call is not None and not self._goes_on(leg):
                self.calls.end(call, CallInput.ENDED, said, reason=NOT_CONNECTED)
            return Result(False, said)
        if leg.succeeds is not None:
            self.legs.discard(leg.succeeds)
            leg.succeeds = None
        leg.answered()
        self.sound.limit(leg)
        self.up(call)
        return Result(True)

    def _goes_on(self, leg: LegEntry) -> bool:
        """Whether the call has the leg yet whose place this one was to take."""
        old = leg.succeeds
        return old is not None and self.legs.entry(old.handle) is old

    def up(self, call: Call) -> None:
        """A call is answered: its line is active."""
        current = self.calls.live_by_key(call.key)
        if current is None:
            return
        if current.answered is None:
            if current.state is CallState.DIALING:
                current = self.calls.move(current, CallInput.ACCEPTED) or current
            now = self.context.clock()
            current = self.calls.move(current, CallInput.ANSWERED, answered=now, outcome=None)
            if current is not None:
                self.context.emit(CallAnswered(current.ccnumber, current.number))
                if any(c.state is CallState.TALKING and c.key != call.key for c in self.calls.live):
                    self.held.hold_now(current)  # another line was taken while this one rang
                    return
        if current is not None:
            self.sound.plug(current, current.state is CallState.TALKING)

    async def hang_up(self, ccnumber: str, status: int = 603) -> Result:
        """End the marked call, or that one: BYE, CANCEL, or a decline with `status`."""
        call = self.calls.find(ccnumber)
        if call is None:
            return Result(False, message("call.none"))
        if call.state is CallState.RINGING:
            if not self.calls.may_decline:
                return Result(False, message("decline.not_allowed"))
            if (leg := self.sound.entry(call)) is not None:
                self.refuse(leg.handle, status)
            self.end(call, message("line.declined_here"), BY_US)
        elif call.answered is None:
            self.end(call, message("line.given_up"), NOT_CONNECTED)
        else:
            self.end(call, message("ended.26", code=BY_US), BY_US)
        return Result(True)

    async def busy_here(self, ccnumber: str) -> Result:
        """Decline so that others may be rung: 486."""
        return await self.hang_up(ccnumber, 486)

    def refuse(self, handle: str, status: int) -> None:
        """Refuse an INVITE, as long as it waits; its leg is over."""
        try:
            self.legs.phone.reject(handle, status)
        except sip.LocalProtocolError:
            log.debug("nothing left to refuse")
        if (leg := self.legs.entry(handle)) is not None:
            self.legs.discard(leg)

    def end(self, call: Call, outcome: Message, reason: int, *, missed: bool = False) -> None:
        """A call is over; its leg says what is left to say (BYE, CANCEL)."""
        talked = self.calls.talked(call)
        if self.calls.end(
            call,
            CallInput.ENDED,
            outcome,
            reason=reason,
            talk_time=talked,
            missed=missed,
        ):
            self.context.emit(CallFinished(call.ccnumber, reason, talked))

    # ------------------------------------------------------------ what a change brings along

    def call_changed(self, before: Call | None, call: Call) -> None:
        """Told of every change of a call."""
        if before is not None and before.joined is not call.joined:
            self.sound.microphone(call)
        if before is not None and before.state is call.state:
            return
        self.held.mark(mark(self.context.snapshot.calls, self.context.snapshot.marked))
        states = [each.state for each in self.calls.live]
        self.sound.waiting(CallState.RINGING in states and CallState.TALKING in states)
        if not call.live or call.state in CONNECTED:
            self.context.timers.cancel(f"rings {call.key}")
        if not call.live:
            self.sound.over(call.key)
            self.held.rejoin()
        ringing_there = [each for each in self.calls.live if each.state is CallState.PROCEEDING]
        if not any(not each.early for each in ringing_there):
            self.sound.ringback(False)

    # ------------------------------------------------------------ helpers

    def new_id(self) -> str:
        """A call's name, where the platform would give a ccNumber."""
        return f"line-{self.context.rng.getrandbits(64):016x}"

"""A phone of one's own (kind "sip"): the same commands as at a platform, carried out on the user
agent. Up to four lines, one active; the others are held by themselves when another is taken.

Hold and the mark are in switch.py, what SIP reports in lineevents.py, the sound in linelegs.py,
transfers and what peers ask for in handovers.py. Which state follows which is in state.py, as for
the platforms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tui import sip
from tui.engine.calls import Calls
from tui.engine.commands import Result
from tui.engine.core import log
from tui.engine.events import CallAnswered, CallEnded
from tui.engine.legs import LegEntry, Legs
from tui.engine.linelegs import LineLegs
from tui.engine.marks import free_line, mark
from tui.engine.number import NumberError, split_number
from tui.engine.state import Call, CallInput, CallState, Leg, Message, message
from tui.engine.switch import Switch
from tui.engine.targets import Target, parse_target

BY_PEER, BY_US, NOT_CONNECTED = 25, 26, 20
"""`Call.reason`, as the platforms say it (specification, endPBXCall)."""


class Lines:
    """The calls of one agent at a PBX."""

    def __init__(self, calls: Calls, legs: Legs) -> None:
        self.calls = calls
        self.core = calls.core
        self.legs = legs
        self.sound = LineLegs(calls, legs)
        self.switch = Switch(calls, self.sound)
        self.domain = ""
        self.stop_question: Callable[[str], None] = lambda key: None
        """Told of a call that is over: nobody need answer what was asked about it."""

    # ------------------------------------------------------------ dial

    async def dial(
        self, text: str, *, headers: Sequence[tuple[str, str]] = (), tones: str = ""
    ) -> Result:
        """Call a number, a name, or a sip: address. What stands behind a comma is typed once
        the call is up."""
        try:
            number, typed = (text, tones) if ":" in text else split_number(text)
            target = parse_target(number, self.domain)
        except NumberError as error:
            return Result(False, message(error.message_id, found=error.found))
        return await self.call(target, headers=headers, tones=typed)

    async def call(
        self,
        target: Target,
        *,
        name: str = "",
        headers: Sequence[tuple[str, str]] = (),
        tones: str = "",
    ) -> Result:
        """Call somebody: the other lines are held, and the mark goes there."""
        if refusal := self.calls.not_ready():
            return refusal
        line = free_line(self.core.snapshot.calls)
        if line is None:
            return Result(False, message("lines.full"))
        self.switch.hold_others("")
        call = self.calls.add(
            state=CallState.DIALING,
            outgoing=True,
            number=target.shown,
            name=name,
            ccnumber=self.new_id(),
            line=line,
            leg=Leg.CONNECTING,
        )
        self.calls.type_when_answered(call.key, tones)
        self.switch.mark(call.key)
        leg = LegEntry("", call.key, lasting=True, calling=True)
        try:
            media = await self.sound.open(leg)
            offer = await media.offer()
        except Exception as error:
            log.warning("no sound for a call: %s", error)
            self.sound.forget(leg)
            return self._not_dialled(call, message("line.no_sound"))
        if not self._alive(call):  # hung up meanwhile
            self.sound.forget(leg)
            return Result(True)
        phone = self.legs.phone
        assert phone is not None  # not_ready() saw a line
        try:
            leg.handle = phone.agent.invite(target.uri, offer.encode(), phone.now(), headers)
        except sip.LocalProtocolError as error:
            log.warning("the call could not be made: %s", error)
            self.sound.forget(leg)
            return self._not_dialled(call, message("line.not_dialled"))
        self.legs.put(leg)
        self.sound.plug(call, True)
        phone.flush()
        return Result(True)

    def _not_dialled(self, call: Call, why: Message) -> Result:
        if (current := self._alive(call)) is not None:
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
        self.switch.hold_others(call.key)
        self.switch.mark(call.key)
        moved = self.calls.move(call, CallInput.ANSWER_SENT, auto_answer=None, leg=Leg.CONNECTING)
        assert moved is not None  # RINGING takes ANSWER_SENT
        return await self.take(leg)

    async def take(self, leg: LegEntry) -> Result:
        """Answer an INVITE with our description. Nothing is up before the media room has one."""
        phone = self.legs.phone
        assert phone is not None  # the INVITE came by it
        status = 480
        try:
            media = await self.sound.open(leg)
            status = 488
            if leg.offer is None:
                answer = await media.offer()
            else:
                answer = await media.answer(leg.offer.decode("utf-8", "replace"))
            call = self.calls.by_key(leg.key)
            if call is None or not call.live or self.legs.entry(leg.handle) is not leg:
                self.sound.forget(leg)  # given up meanwhile
                return Result(False, message("call.none"))
            media.mute(call.muted)
            phone.agent.accept(leg.handle, answer.encode(), phone.now())
        except Exception as error:  # a bad offer, a broken library, or an INVITE that is over
            log.warning("a call was refused with %d: %s", status, error)
            self.refuse(leg.handle, status)
            self.sound.forget(leg)
            call = self.calls.by_key(leg.key)
            if call is not None:
                self.calls.end(call, CallInput.ENDED, message("line.no_sound"), reason=20)
            return Result(False, message("line.no_sound"))
        leg.answered = True
        phone.flush()
        self.up(call)
        return Result(True)

    def up(self, call: Call) -> None:
        """A call is answered: its line is active."""
        current = self.calls.by_key(call.key)
        if current is None or not current.live:
            return
        if current.answered is None:
            if current.state is CallState.DIALING:
                current = self.calls.move(current, CallInput.ACCEPTED) or current
            now = self.core.clock()
            current = self.calls.move(
                current, CallInput.ANSWERED, answered=now, outcome=None, early=False
            )
            if current is not None:
                self.core.emit(CallAnswered(current.ccnumber, current.number))
                if any(c.state is CallState.TALKING and c.key != call.key for c in self.calls.live):
                    self.switch.hold_now(current)  # another line was taken while this one rang
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
        phone = self.legs.phone
        if phone is None:
            return
        try:
            phone.agent.reject(handle, status, phone.now())
        except sip.LocalProtocolError:
            log.debug("nothing left to refuse")
        phone.flush()
        if (leg := self.legs.entry(handle)) is not None:
            self.legs.discard(leg)

    def end(self, call: Call, outcome: Message, reason: int, *, missed: bool = False) -> None:
        """A call is over; its leg says what is left to say (BYE, CANCEL)."""
        talked = None if call.answered is None else self.core.clock() - call.answered
        if self.calls.end(
            call,
            CallInput.ENDED,
            outcome,
            reason=reason,
            talk_time=talked,
            missed=missed,
        ):
            self.core.emit(CallEnded(call.ccnumber, reason, talked))

    # ------------------------------------------------------------ what a change brings along

    def call_changed(self, before: Call | None, call: Call) -> None:
        """Told of every change of a call."""
        if before is not None and before.joined is not call.joined:
            self.sound.microphone(call)
        if before is not None and before.state is call.state:
            return
        self.switch.mark(mark(self.core.snapshot.calls, self.core.snapshot.marked))
        states = [each.state for each in self.calls.live]
        self.sound.waiting(CallState.RINGING in states and CallState.TALKING in states)
        if not call.live:
            self.stop_question(call.key)
            self.switch.rejoin()
        ringing_there = [each for each in self.calls.live if each.state is CallState.PROCEEDING]
        if not any(not each.early for each in ringing_there):
            self.sound.ringback(False)

    # ------------------------------------------------------------ helpers

    def new_id(self) -> str:
        """A call's name, where the platform would give a ccNumber."""
        return f"line-{self.core.rng.getrandbits(64):016x}"

    def _alive(self, call: Call) -> Call | None:
        current = self.calls.by_key(call.key)
        return current if current is not None and current.live else None

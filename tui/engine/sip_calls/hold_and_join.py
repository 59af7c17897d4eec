"""Several calls, one of them active: hold and resume, what is held by itself when another is taken,
calls that are joined into one conversation, and the mark."""

from __future__ import annotations

import asyncio

from tui.engine.calls import CONNECTED, Calls
from tui.engine.outcome import with_info
from tui.engine.sip_calls.legs import SipLegs
from tui.media.sdp.direction import Direction
from tui.port.commands import Result
from tui.port.events import MarkMoved
from tui.port.machines.call_machine import (
    CallInput,
    CallState,
    HoldInput,
    HoldRequest,
    LineSoundInput,
)
from tui.port.snapshot import Call
from tui.port.values import message


class HoldAndJoin:
    """Which call has the microphone and the ears."""

    def __init__(self, calls: Calls, sound: SipLegs) -> None:
        self.calls = calls
        self.context = calls.context
        self.sound = sound

    # ------------------------------------------------------------ hold and switch

    async def hold(self, ccnumber: str) -> Result:
        """Hold the marked call, or that one; without the peer's word the sound is as it was."""
        call = self._asked(ccnumber, CallState.TALKING)
        if call is None:
            return Result(False, message("hold.not_talking"))
        if refusal := self.calls.not_ready():
            return refusal
        if call.pending:
            return Result(True)
        self.sound.plug(call, False)
        self.calls.ask_hold(call, HoldInput.HOLD_SENT)
        status = await self.sound.offer_direction(call.key, Direction.SENDONLY)
        current = self.calls.live_by_key(call.key)
        if current is None:
            return Result(False, message("call.none"))
        if current.pending is not HoldRequest.HOLD:  # resumed, or held for another line, meanwhile
            return Result(True)
        if status != 200:
            self.calls.ask_hold(current, HoldInput.SETTLED)
            self.sound.plug(current, True)
            return self._refused("hold", status, current)
        self.calls.move(current, CallInput.HOLD_CONFIRMED)
        self.rejoin()
        return Result(True)

    async def resume(self, ccnumber: str) -> Result:
        """Take the marked call, or that one, off hold: the active line is held."""
        call = self._asked(ccnumber, CallState.HOLDING)
        if call is None:
            return Result(False, message("resume.not_held"))
        if refusal := self.calls.not_ready():
            return refusal
        if call.pending:
            return Result(True)
        self.hold_others(call.key)
        self.mark(call.key)
        return await self._resume(call)

    async def _resume(self, call: Call) -> Result:
        self.calls.ask_hold(call, HoldInput.RESUME_SENT)
        status = await self.sound.offer_direction(call.key, Direction.SENDRECV)
        current = self.calls.live_by_key(call.key)
        if current is None or current.pending is not HoldRequest.RESUME:
            return Result(False, message("call.none"))
        if status != 200:
            self.calls.ask_hold(current, HoldInput.SETTLED)
            return self._refused("resume", status, current)
        moved = self.calls.move(current, CallInput.RESUME_CONFIRMED)
        if moved is not None:
            self.sound.plug(moved, True)
        return Result(True)

    def _refused(self, what: str, status: int, call: Call) -> Result:
        unconfirmed = {
            "hold": message("line.hold_unconfirmed"),
            "resume": message("line.resume_unconfirmed"),
        }
        refused = {
            "hold": message("line.hold_refused", status=status),
            "resume": message("line.resume_refused", status=status),
        }
        leg = self.sound.entry(call)
        said = (unconfirmed if status in (0, 408, 503) else refused)[what]
        said = with_info(said, "" if leg is None else leg.refusal)
        self.context.notice(said)
        return Result(False, said)

    def hold_others(self, key: str) -> None:
        """Hold every call that is active but this one. The cut here is at once, and does not
        depend on what the peer says to it."""
        for call in self.calls.live:
            if call.key == key:
                continue
            if call.state is CallState.TALKING:
                self.hold_now(call)
            elif call.pending is HoldRequest.RESUME:
                self.calls.ask_hold(call, HoldInput.SETTLED)
                self.sound.want_direction(call, Direction.SENDONLY)
            elif call.state in (CallState.DIALING, CallState.PROCEEDING):
                self.sound.plug(call, False)

    def hold_now(self, call: Call) -> None:
        """Hold a call here and now; the peer is told beside."""
        self.sound.plug(call, False)
        moved = self.calls.move(call, CallInput.HOLD_CONFIRMED)
        if moved is not None:
            self.sound.want_direction(moved, Direction.SENDONLY)

    # ------------------------------------------------------------ joining

    async def join(self, on: bool) -> Result:
        """Mix all calls that are up into one conversation, or part them again."""
        up = [call for call in self.calls.live if call.state in CONNECTED]
        if not on:
            if not any(call.joined for call in up):
                return Result(False, message("lines.not_joined"))
            stays = next((c for c in up if c.key == self.context.snapshot.marked), up[0])
            self.hold_others(stays.key)
            self.rejoin()
            return Result(True)
        if len(up) < 2:
            return Result(False, message("lines.nobody_to_join"))
        if refusal := self.calls.not_ready():
            return refusal
        results = await asyncio.gather(
            *(self._resume(call) for call in up if call.state is CallState.HOLDING)
        )
        talking = [call for call in self.calls.live if call.state is CallState.TALKING]
        # Muted in one of the calls, the agent takes it that nobody hears her.
        muted = any(call.muted for call in talking)
        for call in talking:
            mixed = self.calls.sound_changes(call, LineSoundInput.JOINED, muted=muted)
            self.sound.plug(mixed, True)
        self.rejoin()
        return next((result for result in results if not result.ok), Result(True))

    def rejoin(self) -> None:
        """One call alone is not joined to anybody."""
        joined = [call for call in self.calls.live if call.joined]
        if len(joined) == 1:
            self.calls.sound_changes(joined[0], LineSoundInput.PARTED)

    def mute(self, ccnumber: str, on: bool) -> Result:
        """Cut the microphone: of a conversation of several for all of them."""
        call = self.calls.find(ccnumber)
        if call is None:
            return Result(False, message("call.none"))
        for each in self.calls.live:
            if each.key == call.key or (call.joined and each.joined):
                self.sound.microphone(self.calls.put(each, muted=on))
        return Result(True)

    # ------------------------------------------------------------ marks

    def mark(self, key: str) -> None:
        """Mark a call."""
        if key != self.context.snapshot.marked:
            self.context.emit(MarkMoved(key))

    def choose(self, key: str) -> Result:
        """The agent marks a call."""
        call = self.calls.live_by_key(key)
        if call is None:
            return Result(False, message("lines.no_such"))
        self.mark(key)
        return Result(True)

    # ------------------------------------------------------------ helpers

    def _asked(self, ccnumber: str, state: CallState) -> Call | None:
        call = self.calls.find(ccnumber)
        return call if call is not None and call.state is state else None

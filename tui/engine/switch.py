"""Several lines, one of them active: hold and resume, what is held by itself when another is taken,
lines that are joined into one conversation, and the mark."""

from __future__ import annotations

import asyncio

from tui.engine.calls import Calls
from tui.engine.commands import Result
from tui.engine.events import MarkMoved
from tui.engine.linelegs import LineLegs
from tui.engine.state import Call, CallInput, CallState, message

_UP = (CallState.TALKING, CallState.HOLDING)


class Switch:
    """Which line has the microphone and the ears."""

    def __init__(self, calls: Calls, sound: LineLegs) -> None:
        self.calls = calls
        self.core = calls.core
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
        self.calls.put(call, pending="hold")
        status = await self.sound.offer_direction(call.key, "sendonly")
        current = self._alive(call)
        if current is None:
            return Result(False, message("call.none"))
        if current.pending != "hold":  # resumed, or held for another line, meanwhile
            return Result(True)
        if status != 200:
            self.calls.put(current, pending="")
            self.sound.plug(current, True)
            return self._refused("hold", status)
        self.calls.move(current, CallInput.HOLD_CONFIRMED, pending="", joined=False)
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
        self.calls.put(call, pending="resume")
        status = await self.sound.offer_direction(call.key, "sendrecv")
        current = self._alive(call)
        if current is None or current.pending != "resume":
            return Result(False, message("call.none"))
        if status != 200:
            self.calls.put(current, pending="")
            return self._refused("resume", status)
        moved = self.calls.move(current, CallInput.RESUME_CONFIRMED, pending="")
        if moved is not None:
            self.sound.plug(moved, True)
        return Result(True)

    def _refused(self, what: str, status: int) -> Result:
        unconfirmed = {
            "hold": message("line.hold_unconfirmed"),
            "resume": message("line.resume_unconfirmed"),
        }
        refused = {
            "hold": message("line.hold_refused", status=status),
            "resume": message("line.resume_refused", status=status),
        }
        said = (unconfirmed if status in (0, 408, 503) else refused)[what]
        self.core.notice(said)
        return Result(False, said)

    def hold_others(self, key: str) -> None:
        """Hold every line that is active but this one. The cut here is at once, and does not
        depend on what the peer says to it."""
        for call in self.calls.live:
            if call.key == key:
                continue
            if call.state is CallState.TALKING:
                self.hold_now(call)
            elif call.pending == "resume":
                self.calls.put(call, pending="")
                self.sound.want_direction(call, "sendonly")
            elif call.state in (CallState.DIALING, CallState.PROCEEDING):
                self.sound.plug(call, False)

    def hold_now(self, call: Call) -> None:
        """Hold a line here and now; the peer is told beside."""
        self.sound.plug(call, False)
        moved = self.calls.move(call, CallInput.HOLD_CONFIRMED, pending="", joined=False)
        if moved is not None:
            self.sound.want_direction(moved, "sendonly")

    # ------------------------------------------------------------ joining

    async def join(self, on: bool) -> Result:
        """Mix all lines that are up into one conversation, or part them again."""
        up = [call for call in self.calls.live if call.state in _UP]
        if not on:
            if not any(call.joined for call in up):
                return Result(False, message("lines.not_joined"))
            stays = next((c for c in up if c.key == self.core.snapshot.marked), up[0])
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
        muted = any(call.muted for call in talking)  # nobody hears who believes to be muted
        for call in talking:
            self.sound.plug(self.calls.put(call, joined=True, muted=muted), True)
        self.rejoin()
        return next((result for result in results if not result.ok), Result(True))

    def rejoin(self) -> None:
        """One line alone is not joined to anybody."""
        joined = [call for call in self.calls.live if call.joined]
        if len(joined) == 1:
            self.calls.put(joined[0], joined=False)

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
        """Mark a line."""
        if key != self.core.snapshot.marked:
            self.core.emit(MarkMoved(key))

    def choose(self, key: str) -> Result:
        """The agent marks a line."""
        call = self.calls.by_key(key)
        if call is None or not call.live:
            return Result(False, message("lines.no_such"))
        self.mark(key)
        return Result(True)

    # ------------------------------------------------------------ helpers

    def _alive(self, call: Call) -> Call | None:
        current = self.calls.by_key(call.key)
        return current if current is not None and current.live else None

    def _asked(self, ccnumber: str, state: CallState) -> Call | None:
        call = self.calls.find(ccnumber)
        return call if call is not None and call.state is state else None

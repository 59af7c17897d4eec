"""The calls of one engine: one store, changed by the call controls and read by everybody. Which
state follows which is in `tui.port.machines.call_machine`, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from tui.engine.context import EngineContext, log
from tui.port import replace
from tui.port.commands import Result
from tui.port.events import CallChanged, CallRemoved
from tui.port.machines.call_machine import (
    CALL_TABLE,
    CallInput,
    CallState,
    HoldInput,
    HoldRequest,
    LineSoundInput,
    step_beneath,
    step_call,
    step_hold,
    step_line_sound,
)
from tui.port.snapshot import Call, CallEnd
from tui.port.values import Message, Phase, message
from tui.text import clean_text

CallListener = Callable[[Call | None, Call], None]
"""Told of a call as it was (None: it is new) and as it is."""

BY_PEER: Final = 25
BY_US: Final = 26
NOT_CONNECTED: Final = 20
"""`CallEnd.reason`: who ended it (specification, endPBXCall)."""
MOST_SAID: Final = 64
"""Headers and attributes that are kept of a call."""
CALLS_SAID: Final = 32
"""Calls of which they are kept."""
CONNECTED: Final = (CallState.TALKING, CallState.HOLDING)
"""Both sides are in the call."""
_SETTLE_HOLD: Final = (CallInput.HOLD_CONFIRMED, CallInput.RESUME_CONFIRMED)
_LINE_SOUND: Final = {
    CallInput.ANSWERED: LineSoundInput.ANSWERED,
    CallInput.HOLD_CONFIRMED: LineSoundInput.PARTED,
}
"""What a step of the call does to the sound of its line."""


class Calls:
    """The calls of one engine."""

    def __init__(self, context: EngineContext) -> None:
        self.context = context
        self.may_decline = True
        """Whether an incoming call may be declined here (config, [policies])."""
        self._listeners: list[CallListener] = []
        self._said: dict[str, dict[str, str]] = {}
        """What came along with a call, by its ccNumber (`note`)."""
        self._next_key = 0

    def listen(self, listener: CallListener) -> None:
        """Tell this listener of every change, after those that listen already."""
        self._listeners.append(listener)

    # ------------------------------------------------------------ finding and moving

    def by_ccnumber(self, ccnumber: str) -> Call | None:
        """The call of this ccNumber that the snapshot still shows."""
        return next((c for c in self.context.snapshot.calls if c.ccnumber == ccnumber), None)

    def by_key(self, key: str) -> Call | None:
        return next((c for c in self.context.snapshot.calls if c.key == key), None)

    def live_by_key(self, key: str) -> Call | None:
        """The call of that key, unless it is over."""
        call = self.by_key(key)
        return call if call is not None and call.live else None

    def find(self, ccnumber: str) -> Call | None:
        """The live call a command means: the one of that ccNumber, else the marked one, else the
        one there is."""
        live = [c for c in self.context.snapshot.calls if c.live]
        if ccnumber:
            return next((c for c in live if c.ccnumber == ccnumber), None)
        marked = self.context.snapshot.marked
        return next((c for c in live if c.key == marked), live[0] if live else None)

    @property
    def live(self) -> tuple[Call, ...]:
        return tuple(c for c in self.context.snapshot.calls if c.live)

    def add(self, **values: Any) -> Call:
        """Put a new call in; those that are over make room."""
        for over in self.context.snapshot.calls:
            if not over.live:
                self.context.emit(CallRemoved(over.key))
        self._next_key += 1
        now = self.context.clock()
        call = Call(key=str(self._next_key), **{"since": now, "began": now, **values})
        self.context.emit(CallChanged(call))
        self._after(None, call)
        return call

    def move(self, call: Call, given: CallInput, **changes: Any) -> Call | None:
        """Step a call by the table. None, and a log line, when the table has no such step."""
        if (call.state, given) not in CALL_TABLE:
            log.info("call %s: %s ignored while %s", call.key, given.value, call.state.value)
            return None
        now = self.context.clock()
        if call.state is CallState.HOLDING:
            changes["hold_time"] = call.hold_time + now - call.since
        if given is CallInput.HANGUP_SENT:
            changes["before"] = call.state
        if given in _SETTLE_HOLD:
            changes["pending"] = step_hold(call.pending, HoldInput.SETTLED)
        if given in _LINE_SOUND:
            changes["line_sound"] = step_line_sound(call.line_sound, _LINE_SOUND[given])
        return self.put(call, state=step_call(call.state, given), since=now, **changes)

    def move_beneath(self, call: Call, given: CallInput, **changes: Any) -> Call:
        """The other side takes a step further with a call whose hang-up is on its way."""
        assert call.before is not None  # HANGUP_SENT has set it
        return self.put(call, before=step_beneath(call.before, given), **changes)

    def take_hang_up_back(self, call: Call, why: Message) -> Call:
        """The hang-up is not confirmed: the call stands where it has come meanwhile."""
        assert call.before is not None  # HANGUP_SENT has set it
        return self.put(call, state=call.before, since=self.context.clock(), outcome=why)

    def ask_hold(self, call: Call, given: HoldInput) -> Call:
        """Something happened to what the other side is asked about holding."""
        return self.put(call, pending=step_hold(call.pending, given))

    def sound_changes(self, call: Call, given: LineSoundInput, **changes: Any) -> Call:
        """Something happened to the sound of the call's line."""
        return self.put(call, line_sound=step_line_sound(call.line_sound, given), **changes)

    def put(self, call: Call, **changes: Any) -> Call:
        """Change fields of a call and tell everyone."""
        changed = replace(call, **changes)
        self.context.emit(CallChanged(changed))
        self._after(call, changed)
        return changed

    def _after(self, before: Call | None, call: Call) -> None:
        if before is None or before.state is not call.state:
            log.info("call %s %s: %s", call.key, call.ccnumber or "–", call.state.value)
        if not call.live:
            self.context.timers.cancel(f"call {call.key}")
        for listener in self._listeners:
            listener(before, call)

    def end(
        self,
        call: Call,
        given: CallInput,
        outcome: Message,
        *,
        reason: int | None = None,
        talk_time: float | None = None,
        missed: bool = False,
    ) -> bool:
        """End a call. False when it was over already."""
        ended = self.move(
            call,
            given,
            outcome=outcome,
            end=CallEnd(reason, talk_time, missed),
            pending=step_hold(call.pending, HoldInput.SETTLED),
            line_sound=step_line_sound(call.line_sound, LineSoundInput.PARTED),
            transfer="",
            auto_answer=None,
        )
        return ended is not None

    def end_all(self, outcome: Message) -> None:
        """The session is over: so is every call."""
        for call in self.live:
            self.end(call, CallInput.SESSION_ENDED, outcome, talk_time=self.talked(call))

    def limit(self, call: Call, seconds: float, callback: Callable[[Call], None]) -> None:
        """Call back with the call as it then is, unless it moved on to another limit or ended."""

        def due() -> None:
            current = self.by_key(call.key)
            if current is not None and current.live:
                callback(current)

        self.context.timers.set(f"call {call.key}", seconds, due)

    # ------------------------------------------------------------ what else was said

    def note(self, ccnumber: str, kind: str, said: Iterable[tuple[str, str]]) -> None:
        """What came along with a call that is, or is about to be, in the store: the headers of its
        INVITE (kind "header"), the attributes of the platform's message ("attribute")."""
        if not ccnumber:
            return
        known = self._said.pop(ccnumber, {})
        for name, value in said:
            place = f"{kind}:{name.lower() if kind == 'header' else name}"
            if place in known or len(known) < MOST_SAID:
                known[place] = clean_text(value)
        self._said[ccnumber] = known
        while len(self._said) > CALLS_SAID:
            del self._said[next(iter(self._said))]

    def said(self, call: Call) -> Mapping[str, str]:
        """What came along with it: "header:x-case", "attribute:p" …"""
        return self._said.get(call.ccnumber, {})

    # ------------------------------------------------------------ what a command asks first

    def not_ready(self) -> Result | None:
        """Why nothing can be asked of the other side now; None when it can."""
        if self.context.snapshot.phase is not Phase.SIGNED_IN:
            return Result(False, message("engine.not_signed_in"))
        if not self.context.snapshot.connection.state.carries:
            return Result(False, message("engine.line_lost"))
        return None

    def talked(self, call: Call) -> float | None:
        """Seconds since the call was answered; None when it never was."""
        return None if call.answered is None else self.context.clock() - call.answered


def is_held(call: Call) -> bool:
    """Whether nothing may be heard of the agent: it is on hold, is asked to be, or will be again
    where a hang-up that is under way fails."""
    before = call.before if call.state is CallState.ENDING else ""
    return CallState.HOLDING in (call.state, before) or call.pending is HoldRequest.HOLD

"""What became of calls: asked of the platform when signalling is back, or an engine died.

An event that was missed in the gap must not leave a dead call on the screen, and a call that
lives must not be taken off: so the platform is asked (22), and asked again until it speaks of the
call or says that there is none.
"""

from __future__ import annotations

from typing import Final

from tui.engine.calls import BY_US, Calls
from tui.engine.outcome import Send
from tui.engine.platform_calls.commands import CallLegs
from tui.engine.session.crash_note import Remembered, RememberedThird
from tui.platform import control
from tui.port.machines.call_machine import CallInput, CallState, ThirdState
from tui.port.snapshot import Call, Third
from tui.port.values import ConnectionState, Leg, message

AGAIN: Final = (8.0, 16.0, 32.0, 60.0)
"""Seconds between two questions that were not answered; the last of them from then on."""
_UNREAD: Final = "unread"
_AGAIN: Final = "ask again"


class CallQuery:
    """Asks the platform what calls there are, and draws the consequences. A call is taken off when
    the platform says that there is none, never because it says nothing; an offer that it does not
    speak of any more, asked twice, rings for nobody."""

    def __init__(self, calls: Calls, send: Send) -> None:
        self.calls = calls
        self.context = calls.context
        self.send = send
        self.running = False
        """True while the platform is asked what became of calls: an unknown 104 is then a call
        to take over, else it is a stray."""
        self._about: set[str] = set()
        """The keys of the calls that were there when it was asked."""
        self._told: set[str] = set()
        self._asked = 0
        self._seen: dict[str, float] = {}
        """Calls of an engine that died and nobody has spoken of since: the last instant at which
        they are known to have been up, by ccNumber."""
        self._answers = False
        """The platform has answered such a question before: from its silence something follows."""

    def last_seen(self, remembered: Remembered) -> None:
        """A call was taken over: unless the platform speaks of it, it was up until then."""
        if remembered.seen is not None:
            self._seen[remembered.ccnumber] = remembered.seen

    def call_changed(self, before: Call | None, call: Call) -> None:
        """Every call that lives has a limit: what is in one state for long is asked about."""
        if not call.live:
            self.context.timers.cancel(f"still {call.key}")
        elif before is None or before.state is not call.state:
            self._watch(call.key)

    def _watch(self, key: str) -> None:
        self.context.timers.set(f"still {key}", self.context.limits.still, lambda: self._still(key))

    def _still(self, key: str) -> None:
        call = self.calls.live_by_key(key)
        if call is None:
            return
        self._watch(key)
        heard = call.leg is Leg.CONNECTED and call.answered is not None
        if not heard and not self.running:  # ringing is heard too: it tells nothing
            self.ask()

    def told(self, ccnumber: str) -> None:
        """The platform spoke of this call."""
        self._seen.pop(ccnumber, None)
        if self.running and ccnumber:
            self._answers = True
            self._told.add(ccnumber)

    def ask(self) -> None:
        """Ask the platform what calls there are."""
        self._asked = 0
        self._told = set()
        self._ask()

    def unread(self) -> None:
        """The platform said something that could not be read at all: a call may hang on it, so it
        is asked; once in a while, however much of it comes."""
        if not self.running and _UNREAD not in self.context.timers:
            self.context.timers.pause(_UNREAD, self.context.limits.recover)
            self.ask()

    def _ask(self) -> None:
        self.running = True
        self._asked += 1
        self._about = {
            call.key
            for call in self.calls.live
            if call.ccnumber or call.state is CallState.PROCEEDING  # taken on without a name
        }
        self.context.spawn(self._query())
        self.context.timers.set("recover", self.context.limits.recover, self._time_is_up)

    async def _query(self) -> None:
        await self.send(control.QueryCall())

    def no_call(self) -> None:
        """The platform knows of no call: neither do we. (Only when it was asked, and nobody has
        told since; it may take longer than is waited for.)"""
        if self.running or _AGAIN in self.context.timers:
            self._answers = True
            self._over()
            for call in self.calls.live:
                if call.key in self._about:
                    self._gone(call)

    def is_over(self, ccnumber: str) -> None:
        """The platform answers that this call has ended: it does not stand here any longer."""
        self._answers = self._answers or self.running
        call = self.calls.by_ccnumber(ccnumber)
        if call is not None and call.live:
            self._gone(call)

    def _time_is_up(self) -> None:
        """A call that the platform spoke of, or that still has audio, stays. Of any other it is
        asked again, for as long as there is one and a line to ask on."""
        self._over()
        silent = [
            call
            for call in self.calls.live
            if call.key in self._about
            and call.leg is not Leg.CONNECTED
            and call.ccnumber not in self._told
        ]
        if not silent or self.context.snapshot.connection.state is not ConnectionState.OK:
            return  # the line's return asks again
        for call in silent:
            rang = self.context.clock() - call.began
            over = self._answers or rang >= self.context.limits.rings
            if call.state is CallState.RINGING and self._asked >= 2 and over:
                self.calls.end(call, CallInput.CANCELLED, message("cancelled.silent"), missed=True)
            elif self._asked == 1 and call.answered is not None:
                self.context.notice(message("recover.silent", number=call.number))
        wait = AGAIN[min(self._asked, len(AGAIN)) - 1]
        self.context.timers.set(_AGAIN, wait, self._again)

    def _again(self) -> None:
        if self.calls.live:
            self._ask()

    def _gone(self, call: Call) -> None:
        """Nobody told when it ended: it counts as long as it stood here, or, where that was in an
        engine that died, as long as that one knew of it."""
        talked = self.calls.talked(call)
        seen = self._seen.pop(call.ccnumber, None)
        if talked is not None and call.answered is not None and seen is not None:
            talked = max(0.0, seen - call.answered)
        if call.state is CallState.ENDING:  # the agent hung up, and only the word of it is lost
            outcome = message("ended.26", code=BY_US)
            self.calls.end(call, CallInput.ENDED, outcome, reason=BY_US, talk_time=talked)
            return
        connection = self.context.snapshot.connection
        in_gap = connection.since > call.began or call.recovered
        self.calls.end(
            call,
            CallInput.ENDED,
            message("ended.in_gap" if in_gap else "ended.forgotten"),
            talk_time=talked,
            missed=call.state is CallState.RINGING and not in_gap,
        )

    def _over(self) -> None:
        self.running = False
        self.context.timers.cancel("recover")
        self.context.timers.cancel(_AGAIN)


def take_over(calls: Calls, legs: CallLegs, remembered: Remembered) -> None:
    """Put in the call that an engine left behind when it was killed, as it was."""
    incoming = not remembered.outgoing and remembered.answered is None
    call = calls.add(
        state=CallState.RINGING if incoming else CallState.PROCEEDING,
        outgoing=remembered.outgoing,
        number=remembered.number,
        ccnumber=remembered.ccnumber,
        internal=remembered.internal,
        began=remembered.began,
        recovered=True,
        muted=remembered.muted,
        note=remembered.note,
    )
    if remembered.answered is not None:
        moved = calls.move(call, CallInput.ANSWERED, answered=remembered.answered)
        if moved is not None and remembered.third is not None:
            calls.put(moved, third=_third(remembered.third, calls.context.clock()))
        elif moved is not None and remembered.held:
            calls.move(moved, CallInput.HOLD_CONFIRMED)
    if not incoming:
        legs.expect(call.key)


def _third(remembered: RememberedThird, now: float) -> Third:
    """As it was; whether it has left since nobody tells."""
    state = ThirdState.JOINED if remembered.joined else ThirdState.INVITED
    joined = now if remembered.joined else None
    return Third(state, remembered.kind, remembered.callee, remembered.name, now, joined)

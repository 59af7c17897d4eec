"""The PBX, sans I/O: control messages, reports of legs and timers in, actions out.

Its parts take the instant as an argument and queue actions; the caller drains `actions()` and asks
`next_deadline()`. The flows are those of the specification's charts, the edges those that this
project assumes: every 100 and 101 goes out twice, a call declined by the only idle agent comes
straight back, "idle" follows every call.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from tui.platform import messages as m
from tui.sandbox.faults import Faults
from tui.sandbox.fixtures import Fixtures
from tui.sandbox.pbx.actions import PbxAction
from tui.sandbox.pbx.calls import EndReason, PbxCall
from tui.sandbox.pbx.commands import Commands
from tui.sandbox.pbx.dialplan import Behaviour
from tui.sandbox.pbx.parts.answers import Answers
from tui.sandbox.pbx.parts.dialing import Dialing
from tui.sandbox.pbx.parts.endings import Endings
from tui.sandbox.pbx.parts.guests import Guests
from tui.sandbox.pbx.parts.legs import PbxLegs
from tui.sandbox.pbx.parts.phones import Phones
from tui.sandbox.pbx.parts.presence import Presence
from tui.sandbox.pbx.parts.queue import CustomerQueue
from tui.sandbox.pbx.parts.scripted import ScriptedCalls
from tui.sandbox.pbx.parts.supervisors import Supervisors
from tui.sandbox.pbx.state import PbxState
from tui.sandbox.pbx.timers import TimerKind, Times

CALLER = "12000000001"
"""The customer who calls by themselves."""


class Pbx:
    """Its parts, and the clock that drives them. Each part is handed those that it uses; none
    knows this whole."""

    def __init__(
        self,
        fixtures: Fixtures,
        *,
        rng: random.Random,
        times: Times | None = None,
        faults: Faults | None = None,
        auto_call: float | None = None,
        wall: Callable[[], int] = lambda: int(time.time() * 1000),
    ) -> None:
        state = PbxState(
            fixtures, rng=rng, times=times or Times(), faults=faults or Faults(), wall=wall
        )
        self._state = state
        self.times = state.times
        self.faults = state.faults
        self.seats = state.seats
        self.calls = state.calls
        self.queue = CustomerQueue(state, auto_call=auto_call)
        self.endings = Endings(state, self.queue)
        self.guests = Guests(state, self.queue, self.endings)
        self.supervisors = Supervisors(state, self.endings)
        self.scripted = ScriptedCalls(state, by_themselves=auto_call is not None)
        self.legs = PbxLegs(state, self.queue, self.endings, self.guests, self.supervisors)
        self.answers = Answers(state, self.legs)
        self.dialing = Dialing(state, self.legs)
        self.phones = Phones(state, self.guests, self.legs, self.answers)
        self.presence = Presence(state, self.queue, self.guests, self.supervisors, self.scripted)
        self.commands = Commands(
            state,
            queue=self.queue,
            endings=self.endings,
            guests=self.guests,
            legs=self.legs,
            answers=self.answers,
            dialing=self.dialing,
            supervisors=self.supervisors,
        )

    def actions(self) -> list[PbxAction]:
        """What is to be done, in order; drained."""
        self.supervisors.review()
        self.scripted.review()
        return self._state.drain()

    def next_deadline(self) -> float | None:
        """When `handle_timeout` wants to be called."""
        return self._state.timers.next()

    def restart(self) -> None:
        """Begin anew with nothing remembered: no calls, nobody registered, no group, no mode."""
        self._state.forget_all()
        self.supervisors.forget()
        self.scripted.forget()

    def handle_timeout(self, now: float) -> None:
        """Run every timer that has passed."""
        while (due := self._state.timers.due(now)) is not None:
            kind, subject = due
            match kind, subject:
                case TimerKind.ONLINE, (un,):
                    self.presence.online(un, now)
                case TimerKind.AUTO_CALL, (un,):
                    self.queue.ring(CALLER, Behaviour(), now, target=un)
                case TimerKind.DIAL, (un, outside, switchnumber, number, _id):
                    self.dialing.late(un, outside, switchnumber, number, now)
                case TimerKind.CALL_BACK, (un, number):
                    self.queue.ring(number, Behaviour(), now, target=un)
                case TimerKind.FREED, (un,):
                    self.queue.became_idle(self.seats[un], now)
                case TimerKind.SCRIPTED, (un,):
                    self.scripted.next(un, now)
                case TimerKind.LISTENER, (cc, un):
                    self.supervisors.leg_gone(cc, un)
                case TimerKind.ORPHAN, (cc, un):
                    self.guests.agent_leaves(cc, un, now)
                case TimerKind.HANDOVER, (cc, un):
                    self.guests.handed_over(cc, un, now)
                case _:
                    call = self._state.living(subject[0])
                    if call is not None:
                        self._call_timeout(kind, call, subject[-1], now)

    def _call_timeout(self, kind: TimerKind, call: PbxCall, un: str, now: float) -> None:
        match kind:
            case TimerKind.DISTRIBUTE:
                self.queue.distribute(now)
            case TimerKind.OFFER:
                self.queue.withdraw(call, now)
            case TimerKind.GIVE_UP | TimerKind.QUEUE | TimerKind.HANG_UP:
                self.endings.customer_hangs_up(call.cc, now)
            case TimerKind.LEG:
                self.legs.failed(call.cc, un, now)
            case TimerKind.PICK_UP:
                self.phones.pick_up(un, now)
            case TimerKind.REPLY:
                self.dialing.accept(call, now)
            case TimerKind.ANSWER:
                self.dialing.customer_answers(call, now)
            case TimerKind.RING:
                if call.inside:
                    self._state.say(call.caller, m.CallinFailed(call.cc))
                self.endings.not_connected(call, now)
            case TimerKind.GUEST_RING:
                self.guests.fails(call, now)
            case TimerKind.GUEST_ANSWER:
                self.guests.third_answers(call, now)
            case TimerKind.GUEST_HANG_UP:
                self.guests.third_hangs_up(call, now)
            case TimerKind.LEFT:
                self.endings.finish(call, EndReason.CUSTOMER_HUNG_UP, "", now)

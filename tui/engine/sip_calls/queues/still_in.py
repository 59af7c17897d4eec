"""Whether a queue still has the agent, asked where its lamp says what cannot be.

Of a member whom a reload takes out no hint of Asterisk tells. But its `free_hint` says then that
nobody is free, and that cannot be while this seat is: in the queue by its hint, not paused, and for
a while without a call. So the code that ends a pause is dialled once, which changes nothing for who
is a member and not paused. Whom the queue has not is refused with 404, and that is said. A code
that switches to and fro is never dialled for that.

A lamp goes out a moment before a call of ours rings, too: what cannot be is looked at again then.
What could not be then is asked about though the lamp is back, as the question of another desk
brings it back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tui.engine.context import EngineContext
from tui.engine.sip_calls.feature_codes import FeatureCodes
from tui.engine.sip_calls.queues.member import QueueMember
from tui.port import replace
from tui.port.machines.seat_machine import Status
from tui.port.queues import AgentQueue, QueueAsk, QueueState

_NOBODY: Final = (404, 410, 604)
"""How a PBX refuses a code of somebody whom the queue has not; any other refusal may be that of a
code that worked and was not answered."""
_MOMENT: Final = 0.05
"""Of a calm while: in which a call rings that the lamp has gone out for."""


class StillIn:
    """The doubts of one session. `put` takes what a queue is after an answer."""

    def __init__(
        self,
        context: EngineContext,
        codes: FeatureCodes,
        put: Callable[[QueueMember, AgentQueue], None],
    ) -> None:
        self._context = context
        self._codes = codes
        self._put = put
        self._asked: set[str] = set()
        """The queues that were asked since their lamp last said that somebody is free."""
        self._doubted: set[str] = set()
        """Those whose lamp has said what could not be."""
        self._called = float("-inf")
        """When a call was last up, rang or ended."""

    def call_changed(self) -> None:
        """There is a call, or was: a queue may well take the seat for busy."""
        self._called = self._context.clock()

    def look(self, member: QueueMember) -> None:
        """A hint of the queue has said something."""
        name, settings, timer = member.settings.name, member.settings, _timer(member)
        if member.value.free is not False:
            self._asked.discard(name)
            if name not in self._doubted:
                self._context.timers.cancel(timer)
        elif (
            name not in self._asked
            and settings.unpause not in ("", settings.pause)
            and timer not in self._context.timers
        ):
            wait = self._context.limits.queue_calm * _MOMENT
            self._context.timers.set(timer, wait, lambda: self._doubt(member))

    def end(self, member: QueueMember) -> None:
        """The session is over."""
        self._context.timers.cancel(_timer(member))

    def _doubt(self, member: QueueMember) -> None:
        if self._is_free(member):
            self._doubted.add(member.settings.name)
        self._later(member)

    def _later(self, member: QueueMember) -> None:
        # Every desk of the queue sees the same: they do not all ask at once.
        wait = self._context.limits.queue_calm * self._context.rng.uniform(1.0, 1.5)
        self._context.timers.set(_timer(member), wait, lambda: self._due(member))

    def _due(self, member: QueueMember) -> None:
        if not self._is_free(member):
            self._later(member)
            return
        self._asked.add(member.settings.name)
        self._doubted.discard(member.settings.name)
        self._context.spawn(self._ask(member))

    def _is_free(self, member: QueueMember) -> bool:
        """Whether the seat is free in that queue for all that is known here."""
        snapshot, value = self._context.snapshot, member.value
        seat = snapshot.seat
        calm = self._context.clock() - self._called >= self._context.limits.queue_calm
        idle = seat.status is Status.ONLINE and seat.pending is None and snapshot.wrapup is None
        known = value.state is QueueState.IN and value.ask is QueueAsk.NONE
        return known and idle and calm and not any(call.live for call in snapshot.calls)

    async def _ask(self, member: QueueMember) -> None:
        call = self._codes.dial(member.settings.unpause)
        try:
            await call.over.wait()
        finally:
            self._codes.done(call)
        if call.status in _NOBODY and call.failure is not None:
            self._put(member, replace(member.value, failure=call.failure))
            self._context.notice(call.failure)


def _timer(member: QueueMember) -> str:
    return f"queue still in {member.settings.name}"

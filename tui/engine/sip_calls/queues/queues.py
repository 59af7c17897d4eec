"""The seat in the queues: what it is asked to be in them, and what they do by themselves.

What counts is a queue's own word alone (`member`): it confirms a wish (`wishes`), and it may say
something that nobody here wished.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tui.config.queues import WRITE_UP, QueueSettings
from tui.config.work import Break
from tui.engine.agent.seat import BUSY, IDLE
from tui.engine.call_control import SeatKeeper
from tui.engine.context import EngineContext, log
from tui.engine.sip_calls.feature_codes import FeatureCodes
from tui.engine.sip_calls.queues.member import QueueMember
from tui.engine.sip_calls.queues.still_in import StillIn
from tui.engine.sip_calls.queues.wishes import QueueWishes, Wish
from tui.engine.sip_calls.subscriptions.keeper import SubscriptionKeeper
from tui.port import replace
from tui.port.events import QueuesChanged
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import Status
from tui.port.queues import (
    CONFIRMS,
    AgentQueue,
    QueueAsk,
    QueueCause,
    QueueInput,
    QueueState,
)
from tui.port.snapshot import Call
from tui.port.values import Message, Standing, message

UNANSWERED: Final = 5.0
"""Seconds from an unanswered call within which a pause is the queue's answer to it."""
EARLY: Final = 2.0
"""Seconds by which that pause may come before the end of the call."""
SETTLED: Final = 2.0
"""Seconds after a call's end in which its write-up has begun."""
_NOT_ANSWERED: Final = ("line.rang_out", "line.gave_up", "line.declined_here")
_AFTER_CALL: Final = "queues after call"
_GETS_NONE: Final = (QueueState.PAUSED, QueueState.OUT)
_BY_ITSELF: Final = {
    (QueueState.PAUSED, QueueCause.UNANSWERED): "queue.paused_unanswered",
    (QueueState.PAUSED, QueueCause.QUEUE): "queue.paused_there",
    (QueueState.OUT, QueueCause.QUEUE): "queue.out_there",
    (QueueState.OUT, QueueCause.UNANSWERED): "queue.out_there",
    (QueueState.IN, QueueCause.QUEUE): "queue.in_there",
}
IDS: Final = tuple(dict.fromkeys(_BY_ITSELF.values()))
"""Sentences that are chosen from here: a catalogue must have them all."""


class Queues:
    """The agent's queues at one PBX, for one session."""

    def __init__(
        self,
        context: EngineContext,
        keeper: SubscriptionKeeper,
        codes: FeatureCodes,
        settings: Sequence[QueueSettings],
        *,
        seat: SeatKeeper,
        breaks: Sequence[Break] = (),
    ) -> None:
        self.context = context
        self._keeper = keeper
        self._codes = codes
        self._seat = seat
        self._members = [QueueMember(each, self._told) for each in settings]
        self._still_in = StillIn(context, codes, self._put)
        self._wishes = QueueWishes(
            context,
            codes,
            self._members,
            breaks,
            put=self._put,
            never_known=self._ask_again,
        )
        self._agreed = False
        """Since this connection stands, the queues were asked to be as the seat is."""

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._members)

    @property
    def _values(self) -> tuple[AgentQueue, ...]:
        return tuple(member.value for member in self._members)

    @property
    def seconds(self) -> float:
        """How long a wish may take."""
        return self.context.limits.queues

    # ------------------------------------------------------------ the session

    def begin(self, status: int) -> None:
        """The line is registered: the seat is busy until the queues have confirmed what it is to be
        first."""
        self._agreed = True  # as `set_status` asks
        for member in self._members:
            member.watch(self._keeper)
        self._emit()
        self._seat.platform_says(BUSY)
        self._seat.because(message("seat.queues_asked"))
        self._unconfirmed()
        self.context.spawn(self._first(status))

    async def _first(self, status: int) -> None:
        await self._seat.set_status(status)

    def flow_is_back(self) -> None:
        """Registered anew: nothing of what the queues said counts, until they say it again."""
        self._agreed = False
        self._agree()

    async def leave(self) -> Message | None:
        """The shift is over: no queue is to send calls. Which one may still, None: none."""
        if not self._members:
            return None
        if await self._wishes.tell(Wish(away=True, leave=True), self.context.limits.status) is None:
            return None
        left = [each.name for each in self._values if each.state not in _GETS_NONE]
        return message("queue.left_in", name=left[0]) if left else None

    def end(self) -> None:
        """The session is over."""
        for member in self._members:
            member.stop()
            self._still_in.end(member)
        self._codes.close()
        self.context.timers.cancel(_AFTER_CALL)
        self._seat.unconfirmed(())
        if self.context.snapshot.queues:
            self.context.emit(QueuesChanged(()))

    # ------------------------------------------------------------ what is asked

    async def confirm(self, status: int, reason: str) -> Message | None:
        """Have the seat idle or busy in every queue: None when it is, else which one has not
        confirmed it, and why. A seat is busy when no queue sends calls any more, and idle as soon
        as one does: calls of that would else be refused here."""
        if not reason and self.context.snapshot.wrapup is not None and status == BUSY:
            reason = WRITE_UP
        failure = await self._wishes.tell(Wish(status != IDLE, reason), self.seconds)
        if status != IDLE:
            return failure
        if any(map(_is_in, self._values)):
            if failure is not None:
                self.context.notice(failure)
            return None
        return failure or self._why_none()

    def _why_none(self) -> Message:
        """Why no queue sends calls, where idle was asked for and none has refused it."""
        queue = self._values[0]
        id = _BY_ITSELF.get((queue.state, queue.cause), "queue.not_confirmed")
        return message(id, name=queue.name)

    async def ahead(self, busy: bool) -> Message | None:
        """Busy from now on, as a call is to be written up: no queue offers another in between."""
        return await self._wishes.tell(Wish(busy, WRITE_UP if busy else ""), self.seconds)

    # ------------------------------------------------------------ what a queue says

    def _told(self, member: QueueMember, given: QueueInput) -> None:
        self._still_in.look(member)
        before = member.value
        now = self.context.clock()
        value = before.step(given, now)
        if value.state is before.state:
            self._put(member, value)
            return
        confirmed = before.ask is not QueueAsk.NONE and value.state in CONFIRMS[before.ask]
        by_itself = False
        if value.state is QueueState.UNKNOWN:
            member.last = before
        elif confirmed:
            value = replace(value, cause=QueueCause.AGENT, failure=None)
        elif before.state is QueueState.UNKNOWN:
            last, member.last = member.last, None
            if last is not None and last.state is value.state:
                value = replace(value, since=last.since, cause=last.cause, reason=last.reason)
        else:
            by_itself = True
            unanswered = now - member.unanswered <= UNANSWERED
            cause = QueueCause.UNANSWERED if unanswered else QueueCause.QUEUE
            value = replace(value, cause=QueueCause.QUEUE if _is_in(value) else cause)
        if _is_in(value):
            member.unanswered = float("-inf")
        self._put(member, value)
        self._unconfirmed()
        log.info("queue %s: %s %s", value.name, value.state.value, value.cause.value)
        if by_itself:
            self._by_itself(value)
        elif confirmed and _is_in(value):
            self._in_after_all()
        self._agree()

    def _unconfirmed(self) -> None:
        """What the seat is counts for nothing while no queue has confirmed it."""
        unknown = all(each.state is QueueState.UNKNOWN for each in self._values)
        self._seat.unconfirmed((Standing.STATUS,) if unknown else ())

    def _by_itself(self, queue: AgentQueue) -> None:
        """A queue did what nobody here asked for: it is said, and the seat is what that makes of
        it."""
        said = message(_BY_ITSELF[queue.state, queue.cause], name=queue.name)
        self.context.notice(said, serious=queue.state is not QueueState.IN)
        seat = self.context.snapshot.seat
        if _is_in(queue):
            if seat.status is Status.BUSY:
                self._seat.platform_says(IDLE)
        elif Status.ONLINE in (seat.status, seat.pending) and not self._gets_calls():
            self._seat.kept_busy(said)

    def _in_after_all(self) -> None:
        """A queue takes the seat for free, as was asked: what it did by itself in between, and kept
        the seat busy, is over."""
        seat = self.context.snapshot.seat
        kept = seat.status is Status.BUSY and seat.reason is not None and seat.reason.id in IDS
        if kept and seat.pending is None and not self._wishes.last.away:
            self._seat.platform_says(IDLE)

    def _gets_calls(self) -> bool:
        """Whether a queue may send calls, as far as is known."""
        return any(each.state not in _GETS_NONE for each in self._values)

    def _agree(self) -> None:
        """All queues have said how it stands on a new connection: where one takes the seat for
        free that is not, it has forgotten, and is told again. Where none takes a seat for free that
        is, the seat is not."""
        unknown = any(each.state is QueueState.UNKNOWN for each in self._values)
        if self._agreed or unknown or not self._members:
            return
        self._agreed = True
        seat = self.context.snapshot.seat
        if seat.pending is not None:
            return
        if seat.status is Status.BUSY and any(map(_is_in, self._values)):
            log.info("a queue has forgotten that the seat is busy")
            self.context.spawn(self._tell_again())
        elif seat.status is Status.ONLINE and not self._gets_calls():
            name = self._members[0].settings.name
            self._seat.kept_busy(message("queue.paused_there", name=name))

    def _ask_again(self) -> None:
        """Once the queues have said how it stands."""
        self._agreed = False

    async def _tell_again(self) -> None:
        wish = self._wishes.last if self._wishes.last.away else Wish(away=True)
        if (failure := await self._wishes.tell(wish, self.seconds)) is not None:
            self.context.notice(failure)

    # ------------------------------------------------------------ calls

    def call_changed(self, before: Call | None, call: Call) -> None:
        """An incoming call that is over, and that nobody answered here, may be why a queue pauses
        a moment later, or a moment before."""
        self._still_in.call_changed()
        if call.live or not self._members:
            return
        self.context.timers.set(_AFTER_CALL, SETTLED, self._settle)
        rang = before is not None and before.state is CallState.RINGING
        if not rang or call.outcome is None or call.outcome.id not in _NOT_ANSWERED:
            return
        now = self.context.clock()
        for member in self._members:
            value, member.unanswered = member.value, now
            early = value.state is QueueState.PAUSED and now - value.since <= EARLY
            if early and value.cause is QueueCause.QUEUE:
                self._put(member, replace(value, cause=QueueCause.UNANSWERED))
                said = message("queue.paused_unanswered", name=value.name)
                self.context.notice(said)
                if self.context.snapshot.seat.status is Status.BUSY and not self._gets_calls():
                    self._seat.kept_busy(said)

    def _settle(self) -> None:
        """A while after a call: what was paused for its write-up is not left so without one."""
        snapshot = self.context.snapshot
        quiet = not any(call.live for call in snapshot.calls) and snapshot.wrapup is None
        idle = snapshot.seat.status is Status.ONLINE and snapshot.seat.pending is None
        if quiet and idle and self._wishes.last == Wish(away=True, reason=WRITE_UP):
            self.context.spawn(self._idle_again())

    async def _idle_again(self) -> None:
        if (failure := await self.confirm(IDLE, "")) is not None:
            self.context.notice(failure)

    # ------------------------------------------------------------ the snapshot

    def _put(self, member: QueueMember, value: AgentQueue) -> None:
        if value != member.value:
            member.put(value)
        self._emit()

    def _emit(self) -> None:
        queues = self._values
        if queues != self.context.snapshot.queues:
            self.context.emit(QueuesChanged(queues))


def _is_in(queue: AgentQueue) -> bool:
    return queue.state is QueueState.IN

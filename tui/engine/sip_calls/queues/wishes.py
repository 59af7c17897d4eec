"""A wish of the seat, dialled into each queue, and confirmed by it.

A code is dialled only where a queue's confirmed state is another than the one wanted, so codes that
switch to and fro are safe.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tui.config.queues import WRITE_UP, QueueSettings
from tui.config.work import Break
from tui.engine.context import EngineContext
from tui.engine.sip_calls.feature_codes import CodeCall, FeatureCodes
from tui.engine.sip_calls.queues.member import QueueMember
from tui.port import replace
from tui.port.queues import AgentQueue, QueueAsk, QueueCause, QueueInput, QueueState
from tui.port.values import Message, message

AFTER_CALL: Final = 2.0
"""Seconds from the end of a code's call within which its confirmation comes, or does not."""
_HAS_ONE: Final = (QueueState.IN, QueueState.PAUSED)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the seat is to be in the queues. `reason` is the code or name of a break, or WRITE_UP;
    `leave`: the shift is over, so a queue that can be left is."""

    away: bool
    reason: str = ""
    leave: bool = False


class QueueWishes:
    """What was asked of the queues of one session. `put` takes what a queue is from now on;
    `never_known` hears that a wish was given up before its queue had said anything."""

    def __init__(
        self,
        context: EngineContext,
        codes: FeatureCodes,
        members: Sequence[QueueMember],
        breaks: Sequence[Break],
        *,
        put: Callable[[QueueMember, AgentQueue], None],
        never_known: Callable[[], None],
    ) -> None:
        self._context = context
        self._codes = codes
        self._members = members
        self._breaks: Mapping[str, Break] = {each.code or each.name: each for each in breaks}
        self._put = put
        self._never_known = never_known
        self.last = Wish(away=False)
        """What was asked for last."""
        self._turn = asyncio.Lock()

    async def tell(self, wish: Wish, seconds: float) -> Message | None:
        """Carry a wish out in every queue at the same time, after the one before it."""
        try:
            async with asyncio.timeout(seconds):
                await self._turn.acquire()
        except TimeoutError:
            return message("queue.not_confirmed", name=self._members[0].settings.name)
        try:
            self.last = wish
            results = await asyncio.gather(
                *(self._bring(member, wish, seconds) for member in self._members)
            )
        finally:
            self._turn.release()
        return next((each for each in results if each is not None), None)

    async def _bring(self, member: QueueMember, wish: Wish, seconds: float) -> Message | None:
        """One queue to what is wished: None when it has confirmed it."""
        name = member.settings.name
        failure: Message | None = None
        try:
            async with asyncio.timeout(seconds):
                while member.value.state is QueueState.UNKNOWN:
                    if member.refused:
                        raise TimeoutError
                    await member.moved.wait()
                # From out to taking calls it is two steps. What the queue has undone by itself
                # when it was hardly done is not done again.
                made: set[QueueInput] = set()
                while failure is None and (step := self._step(member, wish)) is not None:
                    given, code = step
                    if given in made:
                        break
                    made.add(given)
                    failure = await self._dial(member, given, code, wish)
                if failure is None and not wish.away and member.value.state not in _HAS_ONE:
                    failure = message("queue.not_in", name=name)
                elif failure is None:
                    await self._say_reason(member, wish)
        except TimeoutError:
            known = member.value.state is not QueueState.UNKNOWN
            failure = message("queue.not_confirmed" if known else "queue.unknown", name=name)
            if not known:
                self._never_known()
                if (why := member.why_unknown) is not None:
                    self._put(member, replace(member.value, failure=why))
                    return failure
        self._put(member, replace(member.value, failure=failure))
        return failure

    def _step(self, member: QueueMember, wish: Wish) -> tuple[QueueInput, str] | None:
        """What is to be dialled next; None: it is as wished, or nothing more can be done."""
        settings, state = member.settings, member.value.state
        if wish.leave and settings.log_out:
            return None if state is QueueState.OUT else (QueueInput.LOG_OUT, settings.log_out)
        if wish.away:
            if state is not QueueState.IN:
                return None
            if settings.pause:
                return QueueInput.PAUSE, self._code(settings, wish)
            return QueueInput.LOG_OUT, settings.log_out
        if state is QueueState.OUT and settings.log_in:
            return QueueInput.LOG_IN, settings.log_in
        if state is QueueState.PAUSED and settings.unpause:
            return QueueInput.UNPAUSE, settings.unpause
        return None

    def _code(self, settings: QueueSettings, wish: Wish) -> str:
        known = self._breaks.get(wish.reason)
        names = (wish.reason, known.name if known is not None else "")
        return next((settings.pauses[n] for n in names if n in settings.pauses), settings.pause)

    async def _dial(
        self, member: QueueMember, given: QueueInput, code: str, wish: Wish
    ) -> Message | None:
        """Dial one code, and wait for the queue's word: None when that has come."""
        self._put(member, member.value.step(given, self._context.clock()))
        call = self._codes.dial(code)
        try:
            while member.value.ask is not QueueAsk.NONE:
                if (failure := await self._moved(member, call)) is not None:
                    return failure
        finally:
            self._codes.done(call)
            given_up = member.value.step(QueueInput.GIVEN_UP, self._context.clock())
            self._put(member, given_up)
        if given is QueueInput.PAUSE:
            self._put(member, replace(member.value, reason=self._words(wish)))
        return None

    async def _moved(self, member: QueueMember, call: CodeCall) -> Message | None:
        """Wait until the queue says something, or its code's call is over, and no word comes of
        that: why not."""
        moved, ended = member.moved, call.over.is_set()
        tasks = [asyncio.ensure_future(each.wait()) for each in (moved, call.over)]
        try:
            if ended:
                async with asyncio.timeout(AFTER_CALL):
                    await tasks[0]
            else:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            name = member.settings.name
            return call.failure or message("queue.not_confirmed", name=name)
        finally:
            for task in tasks:
                task.cancel()
        return None

    async def _say_reason(self, member: QueueMember, wish: Wish) -> None:
        """A queue that was paused for something else is told what for now. Its hint cannot confirm
        that: it says no more than that it is paused, as before."""
        value, settings = member.value, member.settings
        if not wish.away or wish.leave or value.state is not QueueState.PAUSED:
            return
        words, code = self._words(wish), self._code(settings, wish)
        if words == value.reason and value.cause is QueueCause.AGENT:
            return
        if wish.reason == WRITE_UP and self._context.snapshot.wrapup is None:
            return  # asked for ahead: until the call is over the pause is for what it was
        if words is None and value.cause is not QueueCause.AGENT:
            return  # busy, for nothing that has a name: the pause is the queue's own still
        if code != settings.pause:
            call = self._codes.dial(code)
            try:
                await call.over.wait()
            finally:
                self._codes.done(call)
        self._put(member, replace(member.value, cause=QueueCause.AGENT, reason=words))

    def _words(self, wish: Wish) -> Message | None:
        """What a pause is for."""
        if wish.reason == WRITE_UP:
            return message("seat.wrapup")
        known = self._breaks.get(wish.reason)
        return None if known is None else message("seat.break", name=known.words)

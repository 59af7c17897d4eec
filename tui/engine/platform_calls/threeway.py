"""The three-way call, made safe.

`terminate` in a three-way call drops only the agent and leaves the other two talking with no way
back; so nothing here terminates while a third party is there, unless that was asked for by name
(specification, "取消/结束三方通话"; platform.md, "Edges").
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from tui.engine.calls import CONNECTED
from tui.engine.context import log
from tui.engine.numbers import NumberError, parse_number
from tui.engine.outcome import Outcome, answer_to, unconfirmed, with_info, words_of
from tui.engine.platform_calls.commands import CallCommands
from tui.engine.platform_calls.transfers import PlatformTransfers
from tui.platform import control
from tui.platform.not_understood import SkippedKind
from tui.port import events as e
from tui.port import replace
from tui.port.commands import Result
from tui.port.machines.call_machine import (
    THIRD_TABLE,
    CallState,
    ThirdInput,
    ThirdState,
    step_third,
)
from tui.port.snapshot import Call, Third
from tui.port.values import Message, ThirdKind, ThreewayResult, is_extension, message

END: Final = 4
"""The type of `threewayCall` that takes the third party out; the others are `ThirdKind`."""

_INPUTS: Final[dict[int, ThirdInput]] = {
    ThreewayResult.JOINED: ThirdInput.JOINED,
    ThreewayResult.FAILED: ThirdInput.FAILED,
    ThreewayResult.LEFT: ThirdInput.LEFT,
}
_INVITES: Final = tuple(ThirdKind)


class ThreewayCalls:
    """Everybody else in a call."""

    def __init__(
        self,
        commands: CallCommands,
        transferred: set[str],
        *,
        threeway: bool,
        explained: Callable[[Call], None],
    ) -> None:
        self.commands = commands
        self.calls = commands.calls
        self.context = commands.context
        self.transfers = PlatformTransfers(commands, transferred, explained)
        self._offered = threeway
        """Whether the platform has three-way calls."""
        self._response: asyncio.Future[control.ThreewayResponse | None] | None = None
        """None: the call is over, and nothing more is said of the request."""
        self._asked: control.Threeway | None = None
        """The request that waits for it."""
        self._unanswered: control.Threeway | None = None
        """The last request that got no answer in time: it may come after all."""
        self._uncertain: set[str] = set()
        """Keys of calls whose third party may have left unheard: the line was lost meanwhile."""
        self._out: asyncio.Event | None = None
        self._changed = asyncio.Event()

    # ------------------------------------------------------------ three-way

    async def invite(self, kind: int, callee: str, name: str, ccnumber: str) -> Result:
        """`threewayCall` 1, 2, 3: the platform rings a third party into the call."""
        call = self._two_way(ccnumber)
        if isinstance(call, Result):
            return call
        if not self._offered:
            return Result(False, message("threeway.none"))
        try:
            callee = parse_number(callee)
        except NumberError as error:
            return Result(False, message(error.message_id, found=error.found))
        if kind not in _INVITES:
            return Result(False, message("threeway.bad_type"))
        if call.pending:  # whether it is held then, nobody knows yet
            return Result(False, message("threeway.hold_pending"))
        if kind == ThirdKind.OUTSIDE and self._is_extension(callee):
            kind = ThirdKind.AGENT  # the range decides, as for a call
        if call.state is CallState.HOLDING:
            # Hold is no part of a three-way call, and what is held here hears nothing of us.
            resumed = await self.commands.hold(call.ccnumber, False)
            if not resumed.ok:
                return resumed
            call = self._two_way(call.ccnumber)
            if isinstance(call, Result):
                return call
        now = self.context.clock()
        third = Third(ThirdState.ASKED, ThirdKind(kind), callee, name or callee, now)
        self.calls.put(call, third=third)
        response = await self._ask(control.Threeway(call.ccnumber, kind, callee))
        if response is None:
            return Result(False, message("threeway.call_over"))
        if isinstance(response, Message):
            self._step(call.key, ThirdInput.NO_REPLY, outcome=response)
            return Result(False, response)
        if response.result != 0:
            log.warning("the third party was refused: %s %s", response.result, response.info)
            refused = message("threeway.refused", info=words_of(response.info, response.result))
            self._step(call.key, ThirdInput.REFUSED, outcome=refused)
            return Result(False, refused, 1)
        current = self.calls.by_key(call.key)
        rung = None if current is None else current.third
        if rung is not None and rung.state is ThirdState.ASKED:
            self._step(call.key, ThirdInput.ACCEPTED)  # else an event has overtaken the answer
        return Result(True)

    def _is_extension(self, callee: str) -> bool:
        account = self.context.snapshot.account
        return account is not None and is_extension(
            callee, account.extension_start, account.extension_end
        )

    async def drop(self, ccnumber: str) -> Result:
        """Type 4: the third party is taken out, or no longer called; the call is two-way again."""
        call = self.calls.find(ccnumber)
        if call is None or call.third is None or not call.third.present:
            return Result(False, message("threeway.nobody"))
        if call.third.state is ThirdState.LEAVING:
            return Result(False, message("threeway.leaving"))
        if call.third.state is ThirdState.ASKED:
            return Result(False, message("threeway.asked"))
        before = call.third.state
        self._step(call.key, ThirdInput.END_SENT, before=before)
        self._out = asyncio.Event()
        gone = asyncio.ensure_future(self._out.wait())
        asked = asyncio.ensure_future(self._ask(control.Threeway(call.ccnumber, END)))
        both: set[asyncio.Future[Any]] = {gone, asked}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            asked.cancel()
            raise
        finally:
            left = self._out.is_set()
            self._out = None
            gone.cancel()
        if left:  # the event said it; the answer to the request says nothing more
            self.context.spawn(_ignore(asked))
            return Result(True)
        response = asked.result()
        if response is None:
            return Result(True)  # the call is over for all
        if not isinstance(response, Message) and response.result == 0:
            self._step(call.key, ThirdInput.END_ACCEPTED, outcome=message("threeway.dropped"))
            return Result(True)
        if isinstance(response, Message):
            why = response
        elif call.key in self._uncertain:
            said = with_info(message("threeway.left"), words_of(response.info, response.result))
            self._step(call.key, ThirdInput.END_ACCEPTED, outcome=said)
            return Result(True)
        else:
            info = words_of(response.info, response.result)
            why = message("threeway.not_dropped", info=info)
        current = self.calls.by_key(call.key)
        if current is not None and current.third is not None:
            if not current.third.present:
                return Result(True)
            # It may have come in while it was to be taken out.
            stands = current.third.before or before
            back = replace(current.third, state=stands, before=None, outcome=why)
            self.calls.put(current, third=back)
        self.context.notice(why)
        return Result(False, why)

    async def end_for_all(self, ccnumber: str) -> Result:
        """Type 4, wait until the call is two-way again, then `terminate`: in that order, because
        no single call of the platform does it. Never terminates when the first step failed."""
        call = self.calls.find(ccnumber)
        if call is None:
            return Result(False, message("call.none"))
        if call.third is not None and call.third.present:
            dropped = await self.drop(call.ccnumber)
            if not dropped.ok:
                return dropped
            if self.calls.live_by_key(call.key) is None:
                return Result(True)
        return await self.commands.hang_up(call.ccnumber)

    async def all_out(self, key: str) -> bool:
        """Whether the call with this key is one between two, or over, within the limit: where
        nobody can be asked who stays, the third party is taken out as soon as that can be done."""
        try:
            async with asyncio.timeout(self.context.limits.end_for_all):
                while (call := self._three(key)) is not None:
                    assert call.third is not None
                    if call.third.state in (ThirdState.ASKED, ThirdState.LEAVING):
                        await self._changed.wait()  # under way already
                    elif not (await self.drop(call.ccnumber)).ok:
                        return self._three(key) is None
        except TimeoutError:
            return self._three(key) is None
        return True

    def _three(self, key: str) -> Call | None:
        """The call with this key, while a third party is there or on its way."""
        self._changed.clear()
        call = self.calls.by_key(key)
        there = call is not None and call.live and call.third is not None and call.third.present
        return call if there else None

    def not_heard_of(self) -> None:
        """The line was lost, or an engine died: a third party may have left, and nobody tells. A
        refusal to take it out says that it has."""
        self._uncertain |= {call.key for call in self.calls.live if call.third is not None}

    def call_changed(self, before: Call | None, call: Call) -> None:
        """A call is another than it was. A third party that is rung has a limit."""
        self._changed.set()
        if not call.live or call.third is None or not call.third.present:
            self._uncertain.discard(call.key)
        asked, response = self._asked, self._response
        mine = asked is not None and asked.ccnumber == call.ccnumber
        if mine and not call.live and response is not None and not response.done():
            response.set_result(None)
        name = f"third {call.key}"
        third = call.third if call.live else None
        if third is None or third.state is not ThirdState.INVITED:
            self.context.timers.cancel(name)
        elif name not in self.context.timers:
            self.context.timers.set(
                name, self.context.limits.invited, lambda: self._unheard(call.key)
            )

    def _unheard(self, key: str) -> None:
        call = self.calls.by_key(key)
        if call is not None and call.third is not None:
            self.context.notice(message("threeway.unheard", name=call.third.name))
            self.call_changed(call, call)

    async def _ask(self, request: control.Threeway) -> control.ThreewayResponse | Message | None:
        """Send, and wait for the platform's answer to the request itself; or why there is none.
        None: the call has ended meanwhile."""
        silent = False

        async def sending() -> Outcome:
            nonlocal silent
            outcome = await self.commands.send(request)
            silent = outcome.silent
            return outcome

        self._response = asyncio.get_running_loop().create_future()
        self._asked = request
        if self._unanswered is not None and self._unanswered.ccnumber == request.ccnumber:
            self._unanswered = None
        try:
            async with asyncio.timeout(self.context.limits.threeway):
                answer = await answer_to(sending(), self._response)
            return unconfirmed("threeway", answer) if isinstance(answer, Outcome) else answer
        except TimeoutError:
            self._unanswered = request
            if silent:
                return unconfirmed("threeway", Outcome(0))
            return message("threeway.no_reply")
        finally:
            self._response = self._asked = None

    # ------------------------------------------------------------ transfer

    async def transfer(self, gid: str, number: str, name: str, ccnumber: str) -> Result:
        """`transferPBXCall`: of a call between two."""
        call = self._two_way(ccnumber)
        if isinstance(call, Result):
            return call
        return await self.transfers.begin(call, gid, number, name)

    # ------------------------------------------------------------ what the platform says

    def handle(self, report: control.PlatformMessage) -> bool:
        """Take one message. False when it is not about other parties."""
        match report:
            case control.ThreewayResponse():
                asked, response = self._asked, self._response
                if asked is not None and asked.ccnumber == report.ccnumber and response is not None:
                    if not response.done():
                        response.set_result(report)
                else:
                    self._late(report)
            case control.ThreewayResult(ccnumber, result, info):
                self._result(ccnumber, result, info)
            case _:
                return self.transfers.handle(report)
        return True

    def _late(self, report: control.ThreewayResponse) -> None:
        """The answer to a request that was given up: what it says is true all the same."""
        request, self._unanswered = self._unanswered, None
        if request is None or request.ccnumber != report.ccnumber or report.result != 0:
            log.info("an answer to a three-way request that nobody waits for")
            return
        call = self.calls.find(report.ccnumber)
        if call is None or call.third is None:
            return
        if request.type == END:
            self._step(call.key, ThirdInput.END_SENT, before=call.third.state)
            self._step(call.key, ThirdInput.END_ACCEPTED, outcome=message("threeway.dropped"))
        else:
            self._step(call.key, ThirdInput.ACCEPTED, outcome=None)

    def _result(self, ccnumber: str, result: control.Reason, info: str) -> None:
        call = self.calls.find(ccnumber)
        given = _INPUTS.get(result) if isinstance(result, int) else None
        if given is None:
            self.context.not_understood.add(SkippedKind.CODE, f"result {result}", where="threeway")
        if call is None or call.third is None or given is None:
            return
        self._uncertain.discard(call.key)
        late = self._unanswered
        if given is not ThirdInput.JOINED and late is not None and late.ccnumber == call.ccnumber:
            self._unanswered = None  # what came of it is known
        if call.third.state is ThirdState.LEAVING and given is ThirdInput.JOINED:
            there = replace(call.third, before=ThirdState.JOINED, joined=self.context.clock())
            self.calls.put(call, third=there)
        if (call.third.state, given) not in THIRD_TABLE:
            return  # a repeat
        outcome = None
        if result == ThreewayResult.FAILED:
            outside = call.third.kind is ThirdKind.OUTSIDE
            failed = message("threeway.failed_outside" if outside else "threeway.failed")
            outcome = with_info(failed, info)
        elif result == ThreewayResult.LEFT:
            outcome = with_info(message("threeway.left"), info)
        joined = self.context.clock() if result == ThreewayResult.JOINED else call.third.joined
        self._step(call.key, given, outcome=outcome, joined=joined)
        self.context.emit(e.ThreewayChanged(call.ccnumber, ThreewayResult(int(result))))
        if result != ThreewayResult.JOINED and self._out is not None:
            self._out.set()

    # ------------------------------------------------------------

    def _two_way(self, ccnumber: str) -> Call | Result:
        """The call, if it is up between two and nothing is under way; else why not."""
        if refusal := self.calls.not_ready():
            return refusal
        call = self.calls.find(ccnumber)
        if call is None or call.state not in CONNECTED:
            return Result(False, message("threeway.not_talking"))
        if call.third is not None and call.third.present:
            return Result(False, message("threeway.already"))
        if call.transfer:
            return Result(False, message("threeway.transferring"))
        return call

    def _step(self, key: str, given: ThirdInput, **changes: Any) -> None:
        call = self.calls.live_by_key(key)
        if call is None or call.third is None:
            return
        if (call.third.state, given) not in THIRD_TABLE:
            return
        state = step_third(call.third.state, given)
        third = replace(call.third, state=state, since=self.context.clock(), **changes)
        self.calls.put(call, third=third)


async def _ignore(asked: asyncio.Future[Any]) -> None:
    await asked

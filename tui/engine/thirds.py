"""Transfer and the three-way call, made safe.

`terminate` in a three-way call drops only the agent and leaves the other two talking with no way
back; so nothing here terminates while a third party is there, unless that was asked for by name
(specification, "取消/结束三方通话"; platform.md, "Edges").
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from tui.engine import events as e
from tui.engine.calls import Calls, unconfirmed
from tui.engine.commands import Result
from tui.engine.core import log
from tui.engine.number import NumberError, parse_number
from tui.engine.state import (
    THIRD_TABLE,
    Call,
    CallInput,
    CallState,
    Message,
    Third,
    ThirdInput,
    ThirdState,
    message,
    step_third,
)
from tui.platform import control

AGENT, GROUP, OUTSIDE, END = 1, 2, 3, 4
"""`threewayCall`'s types (specification)."""

JOINED, FAILED, LEFT = 0, 1, 2
"""`result` of the event (specification)."""

_EVENTS = {JOINED: ThirdInput.JOINED, FAILED: ThirdInput.FAILED, LEFT: ThirdInput.LEFT}


class Thirds:
    """Everybody else in a call."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.core = calls.core
        self._response: asyncio.Future[control.ThreewayResponse] | None = None
        self._unanswered: control.Threeway | None = None
        """The last request that got no answer in time: it may come after all."""
        self._out: asyncio.Event | None = None

    # ------------------------------------------------------------ three-way

    async def invite(self, kind: int, callee: str, name: str, ccnumber: str) -> Result:
        """`threewayCall` 1, 2, 3: the platform rings a third party into the call."""
        call = self._two_way(ccnumber)
        if isinstance(call, Result):
            return call
        account = self.core.snapshot.account
        if account is not None and account.kind == "platform1":
            return Result(False, message("threeway.none"))
        try:
            callee = parse_number(callee)
        except NumberError as error:
            return Result(False, message(error.message_id, found=error.found))
        if kind not in (AGENT, GROUP, OUTSIDE):
            return Result(False, message("threeway.bad_type"))
        if call.state is CallState.HOLDING:
            # Hold is no part of a three-way call, and what is held here hears nothing of us.
            resumed = await self.calls.hold(call.ccnumber, False)
            if not resumed.ok:
                return resumed
            call = self._two_way(call.ccnumber)
            if isinstance(call, Result):
                return call
        now = self.core.clock()
        third = Third(ThirdState.ASKED, kind, callee, name or callee, now)
        self.calls.put(call, third=third)
        response = await self._ask(control.Threeway(call.ccnumber, kind, callee))
        if isinstance(response, Message):
            self._step(call.key, ThirdInput.NO_REPLY, outcome=response)
            return Result(False, response)
        if response.result != 0:
            refused = message("threeway.refused", info=response.info or "–")
            self._step(call.key, ThirdInput.REFUSED, outcome=refused)
            return Result(False, refused, 1)
        self._step(call.key, ThirdInput.ACCEPTED)
        return Result(True)

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
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        left = self._out.is_set()
        self._out = None
        gone.cancel()
        if left:  # the event said it; the answer to the request says nothing more
            self.core.spawn(_ignore(asked))
            return Result(True)
        response = asked.result()
        if not isinstance(response, Message) and response.result == 0:
            self._step(call.key, ThirdInput.END_ACCEPTED, outcome=message("threeway.dropped"))
            return Result(True)
        why = response if isinstance(response, Message) else message("threeway.not_dropped")
        current = self.calls.by_key(call.key)
        if current is not None and current.third is not None:
            if not current.third.present:
                return Result(True)
            back = replace(current.third, state=before, before=None, outcome=why)
            self.calls.put(current, third=back)
        self.core.notice(why)
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
        return await self.calls.hang_up(call.ccnumber)

    async def _ask(self, request: control.Threeway) -> control.ThreewayResponse | Message:
        """Send, and wait for the platform's answer to the request itself; or why there is none."""
        self._response = asyncio.get_running_loop().create_future()
        self._unanswered = None
        try:
            outcome = await self.calls.send(request)
            if not outcome.ok:
                return unconfirmed("threeway", outcome)
            async with asyncio.timeout(self.core.limits.threeway):
                return await self._response
        except TimeoutError:
            self._unanswered = request
            return message("threeway.no_reply")
        finally:
            self._response = None

    # ------------------------------------------------------------ transfer

    async def transfer(self, gid: str, number: str, name: str, ccnumber: str) -> Result:
        """`transferPBXCall`: needs the group *and* the extension; 38 or 39 tells the outcome."""
        call = self._two_way(ccnumber)
        if isinstance(call, Result):
            return call
        if call.internal:
            return Result(False, message("transfer.internal"))
        try:
            number = parse_number(number)
        except NumberError as error:
            return Result(False, message(error.message_id, found=error.found))
        account = self.core.snapshot.account
        assert account is not None  # a call has an account
        if not gid or gid == "0":
            return Result(False, message("transfer.no_group"))
        waiting = self.calls.put(call, transfer=name or number)
        self.core.timers.set(
            f"transfer {call.key}", self.core.limits.transfer, lambda: self._not_told(call.key)
        )
        request = control.Transfer(call.ccnumber, gid, number, account.eid)
        outcome = await self.calls.send(request)
        if outcome.ok:
            return Result(True)
        failure = unconfirmed("transfer", outcome)
        self._transfer_over(waiting.key, failure)
        return Result(False, failure)

    def _not_told(self, key: str) -> None:
        self._transfer_over(key, message("transfer.no_reply"))

    def _transfer_over(self, key: str, failure: Message) -> None:
        self.core.timers.cancel(f"transfer {key}")
        call = self.calls.by_key(key)
        if call is not None and call.live and call.transfer:
            self.calls.put(call, transfer="")
            self.core.notice(failure)

    # ------------------------------------------------------------ what the platform says

    def handle(self, report: control.PlatformMessage) -> bool:
        """Take one message. False when it is not about other parties."""
        match report:
            case control.ThreewayResponse():
                if self._response is not None and not self._response.done():
                    self._response.set_result(report)
                else:
                    self._late(report)
            case control.ThreewayResult(ccnumber, result):
                self._result(ccnumber, result)
            case control.TransferSucceeded(ccnumber):
                self._transferred(ccnumber)
            case control.TransferFailed(ccnumber):
                if call := self._transferring(ccnumber):
                    self._transfer_over(call.key, message("transfer.failed", name=call.transfer))
                    self.core.emit(e.TransferFailed(call.ccnumber))
            case _:
                return False
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

    def _result(self, ccnumber: str, result: control.Reason) -> None:
        call = self.calls.find(ccnumber)
        if call is None or call.third is None or not isinstance(result, int):
            return
        given = _EVENTS.get(result)
        if given is None or (call.third.state, given) not in THIRD_TABLE:
            return  # a repeat, or nothing that the specification lists
        outcome = None
        if result == FAILED:
            outside = call.third.kind == OUTSIDE
            outcome = message("threeway.failed_outside" if outside else "threeway.failed")
        elif result == LEFT:
            outcome = message("threeway.left")
        joined = self.core.clock() if result == JOINED else call.third.joined
        self._step(call.key, given, outcome=outcome, joined=joined)
        self.core.emit(e.ThreewayChanged(call.ccnumber, result))
        if result != JOINED and self._out is not None:
            self._out.set()

    def _transferring(self, ccnumber: str) -> Call | None:
        call = self.calls.find(ccnumber)
        return call if call is not None and call.transfer else None

    def _transferred(self, ccnumber: str) -> None:
        """38. The 105 with 26 follows; without it the call is closed here after a while."""
        call = self._transferring(ccnumber)
        if call is None or call.ccnumber in self.calls.handed_over:
            return
        self.core.timers.cancel(f"transfer {call.key}")
        self.calls.handed_over.add(call.ccnumber)
        self.core.emit(e.TransferSucceeded(call.ccnumber))
        self.calls.limit(call, self.core.limits.transfer_close, self._close)

    def _close(self, call: Call) -> None:
        self.calls.handed_over.discard(call.ccnumber)
        talked = None if call.answered is None else self.core.clock() - call.answered
        self.calls.end(
            call, CallInput.TRANSFERRED, self.outcome_of(call), reason=26, talk_time=talked
        )

    def outcome_of(self, call: Call) -> Message:
        """The words for a call that ended because it was handed over."""
        return message("transfer.done", name=call.transfer)

    def handed_over(self, call: Call) -> bool:
        """Whether this call's transfer is done (asked when its 105 comes; then forgotten)."""
        if call.ccnumber not in self.calls.handed_over:
            return False
        self.calls.handed_over.discard(call.ccnumber)
        return True

    # ------------------------------------------------------------

    def _two_way(self, ccnumber: str) -> Call | Result:
        """The call, if it is up between two and nothing is under way; else why not."""
        if refusal := self.calls.not_ready():
            return refusal
        call = self.calls.find(ccnumber)
        if call is None or call.state not in (CallState.TALKING, CallState.HOLDING):
            return Result(False, message("threeway.not_talking"))
        if call.third is not None and call.third.present:
            return Result(False, message("threeway.already"))
        if call.transfer:
            return Result(False, message("threeway.transferring"))
        return call

    def _step(self, key: str, given: ThirdInput, **changes: Any) -> None:
        call = self.calls.by_key(key)
        if call is None or not call.live or call.third is None:
            return
        if (call.third.state, given) not in THIRD_TABLE:
            return
        state = step_third(call.third.state, given)
        third = replace(call.third, state=state, since=self.core.clock(), **changes)
        self.calls.put(call, third=third)


async def _ignore(asked: asyncio.Future[Any]) -> None:
    await asked

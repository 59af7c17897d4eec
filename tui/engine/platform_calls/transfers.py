"""A call that is handed to a colleague: asked for, and told by the platform how it went, which it
may do late, or after the call's own end.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from tui.engine.calls import BY_US
from tui.engine.numbers import NumberError, parse_number
from tui.engine.outcome import unconfirmed, with_info
from tui.engine.platform_calls.commands import CallCommands
from tui.platform import control
from tui.port.commands import Result
from tui.port.events import TransferFailed, TransferSucceeded
from tui.port.machines.call_machine import CallInput
from tui.port.snapshot import Call
from tui.port.values import Message, message

_REMEMBERED: Final = 32


class PlatformTransfers:
    """The transfers of a session. `elsewhere` gets the ccNumbers of calls that the platform has
    handed to somebody else; `explained` is told of a call of which it became known only after its
    end why it ended."""

    def __init__(
        self,
        commands: CallCommands,
        elsewhere: set[str],
        explained: Callable[[Call], None],
    ) -> None:
        self.commands = commands
        self.calls = commands.calls
        self.context = commands.context
        self._elsewhere = elsewhere
        self._explained = explained
        self._untold: OrderedDict[str, str] = OrderedDict()
        """To whom calls were transferred whose outcome the platform has not told, by ccNumber."""
        self._failed: OrderedDict[str, str] = OrderedDict()
        """The same where it has told a failure: that may have been the one before, told late."""

    async def begin(self, call: Call, gid: str, number: str, name: str) -> Result:
        """`transferPBXCall`: needs the group *and* the extension; 38 or 39 tells the outcome."""
        if call.internal:
            return Result(False, message("transfer.internal"))
        try:
            number = parse_number(number)
        except NumberError as error:
            return Result(False, message(error.message_id, found=error.found))
        account = self.context.snapshot.account
        assert account is not None  # a call has an account
        waiting = self.calls.put(call, transfer=name or number)
        _remember(self._untold, call.ccnumber, name or number)
        self._failed.pop(call.ccnumber, None)
        self.context.timers.set(
            f"transfer {call.key}", self.context.limits.transfer, lambda: self._not_told(call.key)
        )
        # A colleague in no group has group 0, as in the vendor's sample.
        request = control.Transfer(call.ccnumber, gid or "0", number, account.eid)
        outcome = await self.commands.send(request)
        if outcome.ok or outcome.silent:
            return Result(True)  # 38 or 39 tells, or neither comes within the limit
        failure = unconfirmed("transfer", outcome)
        self._untold.pop(waiting.ccnumber, None)
        self._transfer_over(waiting.key, failure)
        return Result(False, failure)

    def _not_told(self, key: str) -> None:
        self._transfer_over(key, message("transfer.no_reply"))

    def _transfer_over(self, key: str, failure: Message) -> None:
        self.context.timers.cancel(f"transfer {key}")
        call = self.calls.by_key(key)
        if call is not None and call.live and call.transfer:
            self.calls.put(call, transfer="")
            self.context.notice(failure)

    # ------------------------------------------------------------ what the platform says

    def handle(self, report: control.PlatformMessage) -> bool:
        """Take one message. False when it is not about a transfer."""
        match report:
            case control.TransferSucceeded(ccnumber):
                self._transferred(ccnumber)
            case control.TransferFailed(ccnumber, info):
                self._not_transferred(ccnumber, info)
            case _:
                return False
        return True

    def _told_of(self, ccnumber: str) -> tuple[Call | None, str]:
        """The call whose transfer the platform speaks of, over or not, and to whom it went; (None,
        "") for none that waits for its outcome."""
        if not ccnumber and self._untold:
            ccnumber = next(reversed(self._untold))
        name = self._untold.pop(ccnumber, "")
        return (self.calls.by_ccnumber(ccnumber) if name else None), name

    def _transferred(self, ccnumber: str) -> None:
        """38. The 105 with 26 follows; without it the call is closed here after a while."""
        call, name = self._told_of(ccnumber)
        if call is None:
            name = self._failed.pop(ccnumber, "")
            call = self.calls.by_ccnumber(ccnumber) if name else None
        if call is None:
            return
        self.context.emit(TransferSucceeded(call.ccnumber))
        if not call.live:  # its 105 came first
            if call.end.reason == BY_US:
                done = message("transfer.done", name=name)
                self._explained(self.calls.put(call, outcome=done))
            return
        self.context.timers.cancel(f"transfer {call.key}")
        call = self.calls.put(call, transfer=name)
        self._elsewhere.add(call.ccnumber)
        self.calls.limit(call, self.context.limits.transfer_close, self._close)

    def _not_transferred(self, ccnumber: str, info: str) -> None:
        """39: the call is still here."""
        call, name = self._told_of(ccnumber)
        if call is None or not call.live:
            return
        _remember(self._failed, call.ccnumber, name)
        said = with_info(message("transfer.failed", name=name), info)
        self._transfer_over(self.calls.put(call, transfer=name).key, said)
        self.context.emit(TransferFailed(call.ccnumber))

    def _close(self, call: Call) -> None:
        self._elsewhere.discard(call.ccnumber)
        self.calls.end(
            call,
            CallInput.TRANSFERRED,
            message("transfer.done", name=call.transfer),
            reason=BY_US,
            talk_time=self.calls.talked(call),
        )


def _remember(where: OrderedDict[str, str], ccnumber: str, name: str) -> None:
    where[ccnumber] = name
    while len(where) > _REMEMBERED:
        where.popitem(last=False)

"""Calls that go to somebody else: transfers that the agent asks for, and what peers ask of us.

Nothing that a peer wants called is called by itself: a REFER and a 3xx are questions to the agent
(sip.md, "REFER or 3xx to a costly number").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tui import sip
from tui.engine.commands import Result
from tui.engine.core import log
from tui.engine.events import QuestionChanged, TransferFailed, TransferSucceeded
from tui.engine.lines import BY_US, Lines
from tui.engine.number import NumberError
from tui.engine.state import Call, CallState, Message, Question, message
from tui.engine.targets import Target, parse_target, target_of
from tui.text import clean_text

ASKED: Final = 60.0
"""Seconds for the agent to answer a question; then it is no."""
_UP = (CallState.TALKING, CallState.HOLDING)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What hangs on the question: the target, and of a REFER the handle of its call."""

    target: Target
    handle: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class Handovers:
    """Transfers both ways, and redirections."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.calls = lines.calls
        self.core = lines.core
        self.legs = lines.legs
        self._asked: _Asked | None = None
        self._other: dict[str, str] = {}
        """Of an attended transfer: the second call by the first, as keys."""
        self._told: dict[str, str] = {}
        """Calls that a REFER began: by their key, the handle of the call it came in."""
        lines.stop_question = self._call_over

    # ------------------------------------------------------------ we hand over

    async def transfer(self, number: str, name: str, ccnumber: str) -> Result:
        """Blind: the peer is to call that number. The call stays until that worked."""
        call = self._up(ccnumber)
        if isinstance(call, Result):
            return call
        try:
            target = parse_target(number, self.lines.domain)
        except NumberError as error:
            return Result(False, message(error.message_id, found=error.found))
        return self._refer(call, target.uri, clean_text(name) or target.shown)

    async def connect(self, ccnumber: str, other: str) -> Result:
        """Attended: the peers of two calls are put through to each other, and we are out."""
        call, second = self._up(ccnumber), self._up(other)
        for each in (call, second):
            if isinstance(each, Result):
                return each
        assert isinstance(call, Call)
        assert isinstance(second, Call)
        if call.key == second.key or not other:
            return Result(False, message("lines.nobody_to_join"))
        self._other[call.key] = second.key
        result = self._refer(call, "", second.name or second.number, second)
        if not result.ok:
            self._other.pop(call.key, None)
        return result

    def _up(self, ccnumber: str) -> Call | Result:
        if refusal := self.calls.not_ready():
            return refusal
        call = self.calls.find(ccnumber)
        if call is None or call.state not in _UP:
            return Result(False, message("transfer.no_call"))
        if call.transfer:
            return Result(False, message("transfer.under_way"))
        return call

    def _refer(self, call: Call, target: str, name: str, second: Call | None = None) -> Result:
        leg, phone = self.legs.leg_of(call.key), self.legs.phone
        replaces = "" if second is None else self._handle(second)
        if leg is None or phone is None or (second is not None and not replaces):
            return Result(False, message("call.none"))
        try:
            phone.agent.refer(leg.handle, target, phone.now(), replaces=replaces)
        except sip.LocalProtocolError as error:
            log.warning("a transfer could not be asked for: %s", error)
            return Result(False, message("line.transfer_not_sent"))
        phone.flush()
        self.calls.put(call, transfer=name)
        return Result(True)

    def _handle(self, call: Call) -> str:
        leg = self.legs.leg_of(call.key)
        return "" if leg is None else leg.handle

    def progress(self, event: sip.TransferProgress) -> None:
        """How the transfer goes, as the peer tells."""
        leg = self.legs.entry(event.call)
        call = None if leg is None else self.calls.by_key(leg.key)
        if call is None or not call.live or not event.final:
            return
        second = self.calls.by_key(self._other.pop(call.key, ""))
        name = call.transfer
        if 200 <= event.status < 300:
            done = message("transfer.done", name=name)
            if second is not None and second.live:
                self.lines.end(second, done, BY_US)
            self.core.emit(TransferSucceeded(call.ccnumber))
            self.lines.end(call, done, BY_US)
            return
        self.calls.put(call, transfer="")
        self.core.emit(TransferFailed(call.ccnumber))
        if event.status < 200:
            said = message("line.transfer_untold", name=name)
        else:
            reason = clean_text(event.reason, 60)
            said = message("line.transfer_failed", name=name, status=event.status, reason=reason)
        self.core.notice(said)

    def outcome_of(self, call: Call) -> Message | None:
        """Why a call that its peer ended is over, when it was being handed over: many a PBX ends
        it as soon as it has put the peer through, and tells nothing more."""
        return message("transfer.done", name=call.transfer) if call.transfer else None

    # ------------------------------------------------------------ a peer asks

    def asked(self, event: sip.ReferReceived) -> None:
        """REFER: the peer wants this call taken to somebody else. The agent is asked."""
        leg, phone = self.legs.entry(event.call), self.legs.phone
        call = None if leg is None else self.calls.by_key(leg.key)
        assert phone is not None  # the event came by it
        target = target_of(event.target, self.lines.domain)
        if call is None or call.state not in _UP or target is None or self._asked is not None:
            phone.agent.reject_refer(event.call, 603, phone.now())
            phone.flush()
            return
        headers: list[tuple[str, str]] = []
        if event.referred_by is not None:
            headers.append(("Referred-By", f"<{event.referred_by.uri.aor()}>"))
        if event.replaces is not None:
            headers.append(("Replaces", event.replaces))
        name = call.name or call.number
        self._ask(
            Question("refer", call.key, target.shown, name),
            _Asked(target, event.call, tuple(headers)),
        )

    def redirected(self, call: Call, target: Target) -> None:
        """3xx: whoever was called is said to be elsewhere. The agent is asked."""
        if self._asked is None:
            self._ask(Question("redirect", call.key, target.shown, call.number), _Asked(target))

    def _ask(self, question: Question, asked: _Asked) -> None:
        self._asked = asked
        self.core.emit(QuestionChanged(question))
        self.core.timers.set("question", ASKED, lambda: self.core.spawn(self._no_answer()))

    async def _no_answer(self) -> None:
        await self.answer(False)

    async def answer(self, yes: bool) -> Result:
        """What the agent says to the question."""
        asked = self._asked
        if asked is None:
            return Result(False, message("question.none"))
        self._forget()
        phone = self.legs.phone
        if asked.handle and phone is not None:
            try:
                if yes:
                    phone.agent.accept_refer(asked.handle, phone.now())
                else:
                    phone.agent.reject_refer(asked.handle, 603, phone.now())
            except sip.LocalProtocolError:
                return Result(False, message("question.none"))
            finally:
                phone.flush()
        if not yes:
            return Result(True)
        before = {call.key for call in self.core.snapshot.calls}
        result = await self.lines.call(asked.target, headers=asked.headers)
        if asked.handle:
            made = [c for c in self.calls.live if c.outgoing and c.key not in before]
            if made:
                self._told[made[-1].key] = asked.handle
            else:
                self._tell(asked.handle, 503)
        return result

    def _forget(self) -> None:
        self._asked = None
        self.core.timers.cancel("question")
        if self.core.snapshot.question is not None:
            self.core.emit(QuestionChanged(None))

    def _call_over(self, key: str) -> None:
        """A call is over: what was asked about it by its peer is void."""
        question = self.core.snapshot.question
        if question is not None and question.key == key and question.kind == "refer":
            self._forget()
        self._other.pop(key, None)
        handle = self._told.pop(key, "")
        if handle:
            self._tell(handle, 487)

    # ------------------------------------------------------------ how it goes, told to the peer

    def call_progress(self, call: Call, status: int) -> None:
        """The call that a REFER began rings."""
        if (handle := self._told.get(call.key)) is not None:
            self._tell(handle, status)

    def call_answered(self, call: Call) -> None:
        """It is up: whoever sent the REFER hangs up the first call."""
        if (handle := self._told.pop(call.key, None)) is not None:
            self._tell(handle, 200)

    def call_refused(self, call: Call, status: int) -> None:
        """It came to nothing."""
        if (handle := self._told.pop(call.key, None)) is not None:
            self._tell(handle, status)

    def _tell(self, handle: str, status: int) -> None:
        phone = self.legs.phone
        if phone is None:
            return
        try:
            phone.agent.refer_progress(handle, status, phone.now())
        except sip.LocalProtocolError:
            log.debug("nobody listens how the transfer goes")
        phone.flush()

    def close(self) -> None:
        """The session is over."""
        self._forget()
        self._other.clear()
        self._told.clear()

"""Calls that go to somebody else: transfers that the agent asks for, and what peers ask of us.

Nothing that a peer wants called is called by itself: a REFER and a 3xx are questions to the agent
(sip.md, "REFER or 3xx to a costly number"). The question about a 3xx names each address that it is
about; a yes is one to calling them in turn, until one is taken (RFC 3261 §8.1.3.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tui import sip
from tui.engine.calls import BY_US, CONNECTED
from tui.engine.context import log
from tui.engine.numbers import NumberError
from tui.engine.outcome import with_info
from tui.engine.sip_calls.addresses import Destination, destination_of, parse_destination
from tui.engine.sip_calls.commands import SipCommands
from tui.engine.sip_calls.refusals import MOST_WORDS
from tui.port.commands import Result
from tui.port.events import QuestionChanged, TransferFailed, TransferSucceeded
from tui.port.snapshot import Call
from tui.port.values import Message, Question, QuestionKind, message
from tui.text import clean_text

ASKED: Final = 60.0
"""Seconds for the agent to answer a question; then it is no."""


TARGETS: Final = 5
"""Addresses of one redirection that are called, one after the other."""


@dataclass(frozen=True, slots=True)
class SentOn:
    """Where a call is sent on: the addresses that are still to be called, the most wanted first,
    and the numbers that were, so that nobody is called twice. `new`: nobody was asked about one
    of them."""

    targets: tuple[Destination, ...] = ()
    tried: frozenset[str] = frozenset()
    new: bool = False

    @property
    def shown(self) -> str:
        """The addresses for people."""
        return ", ".join(target.shown for target in self.targets)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What hangs on the question: the target, and of a REFER the handle of its call, of a
    redirection where to call when the target is not to be had."""

    target: Destination
    handle: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    sent_on: SentOn = SentOn()


class Transfers:
    """Transfers both ways, and redirections."""

    def __init__(self, commands: SipCommands) -> None:
        self.commands = commands
        self.calls = commands.calls
        self.context = commands.context
        self.legs = commands.legs
        self._asked: _Asked | None = None
        self._other: dict[str, str] = {}
        """Of an attended transfer: the second call by the first, as keys."""
        self._handed: dict[str, str] = {}
        """To whom a call goes, by its handle, until it is told how that went."""
        self._told: dict[str, str] = {}
        """Calls that a REFER began: by their key, the handle of the call it came in."""
        self._sent_on: dict[str, SentOn] = {}
        """Calls that a redirection began: by their key, where to call next."""

    # ------------------------------------------------------------ we hand over

    async def transfer(self, number: str, name: str, ccnumber: str) -> Result:
        """Blind: the peer is to call that number. The call stays until that worked."""
        call = self._up(ccnumber)
        if isinstance(call, Result):
            return call
        try:
            target = parse_destination(number, self.commands.domain)
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
        if call is None or call.state not in CONNECTED:
            return Result(False, message("transfer.no_call"))
        if call.transfer:
            return Result(False, message("transfer.under_way"))
        return call

    def _refer(self, call: Call, target: str, name: str, second: Call | None = None) -> Result:
        leg = self.legs.leg_of(call.key)
        replaces = "" if second is None else self._handle(second)
        if leg is None or (second is not None and not replaces):
            return Result(False, message("call.none"))
        try:
            self.legs.phone.refer(leg.handle, target, replaces=replaces)
        except sip.LocalProtocolError as error:
            log.warning("a transfer could not be asked for: %s", error)
            return Result(False, message("line.transfer_not_sent"))
        self._handed[leg.handle] = name
        self.calls.put(call, transfer=name)
        return Result(True)

    def _handle(self, call: Call) -> str:
        leg = self.legs.leg_of(call.key)
        return "" if leg is None else leg.handle

    def progress(self, event: sip.TransferProgress) -> None:
        """How the transfer goes, as the peer tells."""
        leg = self.legs.entry(event.call)
        call = None if leg is None else self.calls.by_key(leg.key)
        if not event.final:
            return
        handed = self._handed.pop(event.call, "")
        if call is None or not call.live:
            if handed and event.status >= 300:  # its peer left at once, and comes to nothing there
                self.context.notice(_failed("line.transfer_failed_later", handed, event))
            return
        second = self.calls.by_key(self._other.pop(call.key, ""))
        name = call.transfer
        if 200 <= event.status < 300:
            done = message("transfer.done", name=name)
            if second is not None and second.live:
                self.commands.end(second, done, BY_US)
            self.context.emit(TransferSucceeded(call.ccnumber))
            self.commands.end(call, done, BY_US)
            return
        self.calls.put(call, transfer="")
        self.context.emit(TransferFailed(call.ccnumber))
        if event.status < 200:
            untold = message("line.transfer_untold", name=name)
            said = with_info(untold, clean_text(event.reason, MOST_WORDS))
        else:
            said = _failed("line.transfer_failed", name, event)
        self.context.notice(said)

    def outcome_of(self, call: Call) -> Message | None:
        """Why a call that its peer ended is over, when it was being handed over: many a PBX ends
        it as soon as it has put the peer through, and tells nothing more."""
        return message("transfer.done", name=call.transfer) if call.transfer else None

    # ------------------------------------------------------------ a peer asks

    def asked(self, event: sip.ReferReceived) -> None:
        """REFER: the peer wants this call taken to somebody else. The agent is asked."""
        leg = self.legs.entry(event.call)
        call = None if leg is None else self.calls.by_key(leg.key)
        target = destination_of(event.target, self.commands.domain)
        if call is None or call.state not in CONNECTED or target is None or self._asked is not None:
            self.legs.phone.reject_refer(event.call, 603)
            return
        headers: list[tuple[str, str]] = []
        if event.referred_by is not None:
            headers.append(("Referred-By", f"<{event.referred_by.uri.aor()}>"))
        if event.replaces is not None:
            headers.append(("Replaces", event.replaces))
        name = call.name or call.number
        self._ask(
            Question(QuestionKind.REFER, call.key, target.shown, name),
            _Asked(target, event.call, tuple(headers)),
        )

    # ------------------------------------------------------------ a server sends us on

    def sent_on(self, call: Call, moved: list[Destination]) -> SentOn:
        """A call came to nothing: where else to call, as its refusal says (`moved`), and then as
        the redirection before it said."""
        before = self._sent_on.pop(call.key, SentOn())
        tried = before.tried | {call.number}
        named: dict[str, Destination] = {}
        for target in (*moved, *before.targets):
            named.setdefault(target.shown, target)
        left = [target for shown, target in named.items() if shown not in tried]
        new = any(target in moved for target in left)
        return SentOn(tuple(left[: max(0, TARGETS - len(before.tried))]), tried, new)

    def redirected(self, call: Call, sent_on: SentOn) -> None:
        """3xx: whoever was called is said to be elsewhere. The agent is asked."""
        if self._asked is None:
            question = Question(QuestionKind.REDIRECT, call.key, sent_on.shown, call.number)
            self._ask(question, _asked_about(sent_on))

    def go_on(self, call: Call, sent_on: SentOn) -> None:
        """An address of a redirection is not to be had: the next one is called, and that is said.
        Beside another call it would put that on hold, so the agent is asked again."""
        if sent_on.targets and self.calls.live:
            self.redirected(call, sent_on)
        elif sent_on.targets:
            to = sent_on.targets[0].shown
            said = message("lines.next_target", number=call.number, to=to)
            self.context.notice(said, serious=False)
            self.context.spawn(self._go_on(_asked_about(sent_on)))

    async def _go_on(self, asked: _Asked) -> None:
        result = await self._call(asked)
        if not result.ok and result.message is not None:
            self.context.notice(result.message)

    def _ask(self, question: Question, asked: _Asked) -> None:
        self._asked = asked
        self.context.emit(QuestionChanged(question))
        self.context.timers.set("question", ASKED, lambda: self.context.spawn(self._no_answer()))

    async def _no_answer(self) -> None:
        await self.answer(False)

    async def answer(self, yes: bool) -> Result:
        """What the agent says to the question."""
        asked = self._asked
        if asked is None:
            return Result(False, message("question.none"))
        self._forget()
        if asked.handle:
            try:
                if yes:
                    self.legs.phone.accept_refer(asked.handle)
                else:
                    self.legs.phone.reject_refer(asked.handle, 603)
            except sip.LocalProtocolError:
                return Result(False, message("question.none"))
        return await self._call(asked) if yes else Result(True)

    async def _call(self, asked: _Asked) -> Result:
        before = {call.key for call in self.context.snapshot.calls}
        result = await self.commands.call(asked.target, headers=asked.headers)
        made = [c for c in self.calls.live if c.outgoing and c.key not in before]
        if made:
            self._sent_on[made[-1].key] = asked.sent_on
        if asked.handle and made:
            self._told[made[-1].key] = asked.handle
        elif asked.handle:
            self._tell(asked.handle, 503)
        return result

    def _forget(self) -> None:
        self._asked = None
        self.context.timers.cancel("question")
        if self.context.snapshot.question is not None:
            self.context.emit(QuestionChanged(None))

    def call_over(self, key: str) -> None:
        """A call is over: what was asked about it by its peer is void."""
        question = self.context.snapshot.question
        if question is not None and question.key == key and question.kind == "refer":
            self._forget()
        self._other.pop(key, None)
        self._sent_on.pop(key, None)
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
        try:
            self.legs.phone.refer_progress(handle, status)
        except sip.LocalProtocolError:
            log.debug("nobody listens how the transfer goes")

    def close(self) -> None:
        """The session is over."""
        self._forget()
        self._other.clear()
        self._handed.clear()
        self._told.clear()
        self._sent_on.clear()


def _failed(id: str, name: str, event: sip.TransferProgress) -> Message:
    return message(id, name=name, status=event.status, reason=clean_text(event.reason, 60))


def _asked_about(sent_on: SentOn) -> _Asked:
    """The first address of a redirection, and where to call after it."""
    first, *rest = sent_on.targets
    return _Asked(first, sent_on=SentOn(tuple(rest), sent_on.tried))

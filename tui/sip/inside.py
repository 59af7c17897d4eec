"""Requests inside of calls, other than INVITE: BYE, INFO, OPTIONS, MESSAGE, REFER (RFC 3261 §12.2).

NOTIFYs are `refer.py`'s: they outlive the call that they belong to.
"""

from __future__ import annotations

from functools import partial

from tui.sip.call import Book, Call, Phase
from tui.sip.callee import Callee
from tui.sip.core import SDP, Core
from tui.sip.events import InfoReceived, MessageReceived, RequestOutcome
from tui.sip.exchange import Exchange
from tui.sip.gate import Gate, asserted
from tui.sip.layer import Lost, ServerTransaction
from tui.sip.message import Request, Response
from tui.sip.referred import Referrals
from tui.sip.reinvite import Reinvites


class Inside:
    """What happens inside the dialogs of one agent."""

    def __init__(
        self,
        core: Core,
        book: Book,
        gate: Gate,
        callee: Callee,
        reinvites: Reinvites,
        referrals: Referrals,
    ) -> None:
        self._core = core
        self._book = book
        self._gate = gate
        self._callee = callee
        self._reinvites = reinvites
        self._referrals = referrals

    def receive(self, call: Call, transaction: ServerTransaction, now: float) -> None:
        """Take a request that matched the call's dialog and passed the gate."""
        core, request = self._core, transaction.request
        dialog = call.dialog
        if dialog is None or not dialog.take(request.cseq.number):
            core.answer(transaction, now, 500, "CSeq out of order")
        elif not dialog.began_it and not self._gate.trusts(request):
            core.ignore(f"{request.method} in a call from an identity that is not trusted: 403")
            core.answer(transaction, now, 403)
        elif request.method == "BYE":
            self._bye(call, transaction, now)
        elif call.phase is Phase.ENDED:
            core.answer(transaction, now, 481)
        elif request.method in ("INVITE", "INFO", "MESSAGE") and (
            refusal := self._gate.refuse_content(request)
        ):
            core.answer(transaction, now, refusal[0], lines=refusal[1])
        elif request.method == "INVITE":
            self._reinvites.receive(call, transaction, now)
        elif request.method == "INFO":
            core.answer(transaction, now, 200)
            core.emit(InfoReceived(call.handle, request.content_type, request.body))
        elif request.method == "MESSAGE":
            self.message(transaction, now)
        elif request.method == "OPTIONS":
            self.options(transaction, now)
        else:
            self._referrals.receive(call, transaction, now)

    def message(self, transaction: ServerTransaction, now: float) -> None:
        """Answer first, act after (RFC 3428 §7)."""
        request = transaction.request
        self._core.answer(transaction, now, 200)
        self._core.emit(
            MessageReceived(
                request.from_, asserted(request), request.content_type, request.body, request.uri
            )
        )

    def options(self, transaction: ServerTransaction, now: float) -> None:
        """200 with what we can do (§11.2)."""
        accept = ("Accept", ", ".join((SDP, *self._core.config.message_types)))
        self._core.answer(transaction, now, 200, lines=[accept, *self._core.capabilities()])

    def _bye(self, call: Call, transaction: ServerTransaction, now: float) -> None:
        core = self._core
        core.answer(transaction, now, 200)
        if call.phase is Phase.RINGING:
            self._callee.cancelled(call, now)  # §15.1.2: the INVITE that waits gets 487
        elif call.phase is Phase.ENDED:
            self._book.remove(call)  # both hung up: ours that waited for the ACK is not needed
        else:
            why = transaction.request.headers.get("Reason") or ""
            self._book.end(call, now, status=200, reason=why, by_peer=True)

    # -------------------------------------------------------- ours

    def info(self, call: Call, content_type: str, body: bytes, now: float) -> str:
        """Send an INFO. Returns its id; a 408 or 481 ends the call (§12.2.1.2)."""
        core = self._core
        dialog = call.up()
        core.need_flow()
        id = core.handle("i")

        def build() -> Request:
            return dialog.request(core, "INFO", content_type=content_type, body=body)

        Exchange(core, build, partial(self._answered, call, id), partial(self._lost, call, id), now)
        return id

    def _answered(self, call: Call, id: str, response: Response, now: float) -> None:
        status = response.status
        if status < 200:
            return
        self._core.emit(RequestOutcome(id, status, response.reason, response.body))
        if status in (408, 481) and call.phase is Phase.UP:
            self._book.end(call, now, status=status, reason=response.reason, bye=status == 408)

    def _lost(self, call: Call, id: str, why: Lost, now: float) -> None:
        timed_out = why is Lost.TIMED_OUT
        self._core.emit(RequestOutcome(id, 408 if timed_out else 503, str(why), b""))
        if timed_out and call.phase is Phase.UP:
            self._book.end(call, now, status=408, reason=str(why), bye=True)

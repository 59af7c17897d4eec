"""Requests inside of calls, other than INVITE: BYE, INFO, OPTIONS, MESSAGE, PRACK, REFER, UPDATE
(RFC 3261 §12.2).

NOTIFYs are `refer_uac.py`'s: they outlive the call that they belong to.
"""

from __future__ import annotations

from functools import partial

from tui.sip.dialog.dialog import Dialog
from tui.sip.events import DialogUpdated, InfoReceived, MessageReceived, RequestOutcome
from tui.sip.message.body import SDP
from tui.sip.message.identity import asserted, asserted_all
from tui.sip.message.message import Request, Response
from tui.sip.message.reason import read_reasons, reasons_of
from tui.sip.transaction.transaction_layer import Lost, ServerTransaction
from tui.sip.ua.admission import Admission
from tui.sip.ua.authenticated_request import AuthenticatedRequest
from tui.sip.ua.call import CallBook, CallPhase, SipCall
from tui.sip.ua.context import AgentContext
from tui.sip.ua.invite_uas import InviteUas
from tui.sip.ua.out_of_dialog import unanswered
from tui.sip.ua.refer_uas import ReferUas
from tui.sip.ua.reinvite import Reinvites


class InDialogRequests:
    """What happens inside the dialogs of one agent."""

    def __init__(
        self,
        context: AgentContext,
        book: CallBook,
        admission: Admission,
        invite_uas: InviteUas,
        reinvites: Reinvites,
        refer_uas: ReferUas,
    ) -> None:
        self._context = context
        self._book = book
        self._admission = admission
        self._invite_uas = invite_uas
        self._reinvites = reinvites
        self._refer_uas = refer_uas

    def receive(self, call: SipCall, transaction: ServerTransaction, now: float) -> None:
        """Take a request that matched the call's dialog and passed admission."""
        context, request = self._context, transaction.request
        dialog = call.dialog
        # Whoever says BYE has ended the call, whatever our answer (RFC 3261 §15.1.1): a number that
        # is out of order, as after a failover, must not leave us in it alone.
        in_order = dialog is not None and dialog.take(request.cseq.number)
        if dialog is None or not (in_order or request.method == "BYE"):
            context.answer(transaction, now, 500, "CSeq out of order")
        elif not dialog.began_it and not self._admission.trusts(request):
            self._admission.refused_sender(
                request,
                403,
                f"{request.method} in a call from an identity that is not trusted: 403",
            )
            context.answer(transaction, now, 403)
        elif request.method == "BYE":
            self._bye(call, transaction, now)
        elif call.phase is CallPhase.ENDED:
            context.answer(transaction, now, 481)
        elif request.method in ("INVITE", "INFO", "MESSAGE", "UPDATE") and (
            refusal := self._admission.refuse_content(request)
        ):
            context.answer(transaction, now, refusal[0], lines=refusal[1])
        elif request.method == "INVITE":
            self._reinvites.receive(call, transaction, now)
        elif request.method == "INFO":
            context.answer(transaction, now, 200)
            who = asserted(request)
            context.emit(InfoReceived(call.handle, request.content_type, request.body, who))
        elif request.method == "MESSAGE":
            self.message(transaction, now)
        elif request.method == "OPTIONS":
            self.options(transaction, now)
        elif request.method == "PRACK":
            self._invite_uas.prack(call, transaction, now)
        elif request.method == "UPDATE":
            self._reinvites.update(call, dialog, transaction, now)
        else:
            self._refer_uas.receive(call, transaction, now)

    def receive_early(
        self, call: SipCall, dialog: Dialog, transaction: ServerTransaction, now: float
    ) -> None:
        """A request in an early dialog of a call of ours: a 481 to INFO or OPTIONS would end the
        call at some peers (RFC 5057 §5.1), so both get 200. Beside UPDATE nothing else has a
        meaning there."""
        context, request = self._context, transaction.request
        if not dialog.take(request.cseq.number):
            context.answer(transaction, now, 500, "CSeq out of order")
        elif request.method == "OPTIONS":
            self.options(transaction, now)
        elif request.method == "INFO":
            context.answer(transaction, now, 200)
            if (who := asserted(request)) is not None:
                context.emit(DialogUpdated(call.handle, who))
            else:
                context.ignore("an INFO before the call is answered")
        elif request.method == "UPDATE":
            self._reinvites.update(call, dialog, transaction, now)
        else:
            context.answer(transaction, now, 481)

    def message(self, transaction: ServerTransaction, now: float) -> None:
        """Answer first, act after (RFC 3428 §7)."""
        request = transaction.request
        stated = asserted_all(request.headers)
        self._context.answer(transaction, now, 200)
        self._context.emit(
            MessageReceived(
                request.from_,
                stated[0] if stated else None,
                request.content_type,
                request.body,
                request.uri,
            )
        )

    def options(self, transaction: ServerTransaction, now: float) -> None:
        """200 with what we can do (§11.2)."""
        accept = ("Accept", ", ".join((SDP, *self._context.config.message_types)))
        self._context.answer(transaction, now, 200, lines=[accept, *self._context.capabilities()])

    def _bye(self, call: SipCall, transaction: ServerTransaction, now: float) -> None:
        context = self._context
        context.answer(transaction, now, 200)
        if call.phase is CallPhase.RINGING:
            # RFC 3261 §15.1.2: the INVITE that waits gets 487.
            self._invite_uas.cancelled(call, read_reasons(transaction.request.headers), now)
        elif call.phase is CallPhase.ENDED:
            self._book.remove(call)  # both hung up: ours that waited for the ACK is not needed
        else:
            headers = transaction.request.headers
            self._book.end(
                call,
                now,
                status=200,
                reason=headers.get("Reason") or "",
                by_peer=True,
                reasons=read_reasons(headers),
            )

    # -------------------------------------------------------- ours

    def info(self, call: SipCall, content_type: str, body: bytes, now: float) -> str:
        """Send an INFO. Returns its id; a 408 or 481 ends the call (§12.2.1.2)."""
        context = self._context
        dialog = call.up()
        context.need_flow()
        id = context.handle("i")

        def build() -> Request:
            return dialog.request(context, "INFO", content_type=content_type, body=body)

        AuthenticatedRequest(
            context, build, partial(self._answered, call, id), partial(self._lost, call, id), now
        )
        return id

    def _answered(self, call: SipCall, id: str, response: Response, now: float) -> None:
        status = response.status
        if status < 200:
            return
        self._context.emit(RequestOutcome(id, status, response.reason, response.body))
        if status in (408, 481) and call.phase is CallPhase.UP:
            reason, bye = response.reason, status == 408
            self._book.end(
                call, now, status=status, reason=reason, bye=bye, reasons=reasons_of(response)
            )

    def _lost(self, call: SipCall, id: str, why: Lost, now: float) -> None:
        timed_out = why is Lost.TIMED_OUT
        self._context.emit(unanswered(id, why))
        if timed_out and call.phase is CallPhase.UP:
            self._book.end(call, now, status=408, reason=str(why), bye=True)

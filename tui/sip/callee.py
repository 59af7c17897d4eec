"""Calls that come to us: INVITE as UAS up to the ACK (RFC 3261 §13.3, §9.2)."""

from __future__ import annotations

from functools import partial

from tui.sip.call import Book, Call, Phase, RepeatedAnswer
from tui.sip.core import SDP, Core
from tui.sip.dialog import Dialog
from tui.sip.errors import LocalProtocolError
from tui.sip.events import AckWithSdp, Established, InviteCancelled, InviteReceived
from tui.sip.gate import asserted
from tui.sip.layer import ServerTransaction
from tui.sip.message import Request
from tui.sip.reinvite import Reinvites
from tui.sip.replaces import find_replaced
from tui.sip.session_timer import answer_to_request, too_small


class Callee:
    """The incoming calls of one agent."""

    def __init__(self, core: Core, book: Book, reinvites: Reinvites) -> None:
        self._core = core
        self._book = book
        self._reinvites = reinvites

    def receive(self, transaction: ServerTransaction, now: float) -> None:
        """Take a new INVITE that passed the gate."""
        core, request = self._core, transaction.request
        config = core.config
        contact = request.contact
        if contact is None:
            core.answer(transaction, now, 400, "No Contact")
            return
        if config.session_expires and too_small(request, config.min_se):
            core.answer(transaction, now, 422, lines=[("Min-SE", str(config.min_se))])
            return
        refusal, replaced = find_replaced(self._book, request) if config.transfers else (0, None)
        if refusal:
            core.answer(transaction, now, refusal)
            return
        if len(self._book) >= config.max_calls:
            core.answer(transaction, now, 503, lines=[("Retry-After", "10")])
            return
        core.answer(transaction, now, 100)
        call = self._book.new(Phase.RINGING, None)
        call.tag = core.tag()
        call.dialog = Dialog.of_callee(request, call.tag, str(contact.uri))
        call.invite = transaction
        call.offerless = not request.body
        call.replaces = replaced
        transaction.on_lost = partial(self._gave_up, call)
        core.emit(
            InviteReceived(
                call.handle,
                request.from_,
                asserted(request),
                request.body or None,
                request.headers,
                request.uri,
                replaced.handle if replaced is not None else None,
            )
        )

    # -------------------------------------------------------- our answer

    def ring(self, call: Call, sdp: bytes | None, now: float) -> None:
        """180, or 183 with early media."""
        self._respond(call, 183 if sdp else 180, "", now, sdp or b"")

    def accept(self, call: Call, sdp: bytes, now: float) -> None:
        """200 with our answer, or with our offer if the INVITE had none; repeated until ACK."""
        transaction = self._waiting(call)
        request = transaction.request
        session, lines = answer_to_request(request, call.interval, call.min_se)
        response = self._core.response(
            request,
            200,
            tag=call.tag,
            lines=[*self._lines(request), *lines],
            content_type=SDP,
            body=sdp,
        )
        call.unacked = RepeatedAnswer(
            self._core,
            transaction,
            response,
            partial(self._book.unanswered, call),
            now,
            wants_sdp=call.offerless,
        )
        call.phase = Phase.UP
        call.local_sdp = sdp
        self._reinvites.renew(call, session, now)
        if call.replaces is not None:
            self._book.give_way(call.replaces, now)
            call.replaces = None

    def reject(self, call: Call, status: int, reason: str, now: float) -> None:
        """Refuse the call. The ACK is the transaction's business."""
        if status < 300:
            raise LocalProtocolError("a refusal is 300 or more")
        self._respond(call, status, reason, now, b"")
        self._book.remove(call)

    def _respond(self, call: Call, status: int, reason: str, now: float, sdp: bytes) -> None:
        transaction = self._waiting(call)
        lines = self._lines(transaction.request) if status < 300 else []
        self._core.answer(
            transaction,
            now,
            status,
            reason,
            tag=call.tag,
            lines=lines,
            content_type=SDP if sdp else "",
            body=sdp,
        )

    def _waiting(self, call: Call) -> ServerTransaction:
        if call.phase is not Phase.RINGING or call.invite is None:
            raise LocalProtocolError("the call does not wait for an answer")
        return call.invite

    def _lines(self, request: Request) -> list[tuple[str, str]]:
        """What a response that makes a dialog carries (§12.1.1)."""
        routes = [("Record-Route", value) for value in request.headers.get_all("Record-Route")]
        return [*routes, *self._core.capabilities(contact=self._core.contact(dialog=True))]

    # -------------------------------------------------------- their change of mind

    def cancelled(self, call: Call, now: float) -> None:
        """A CANCEL, or an early BYE: 487 to the INVITE that waits."""
        self._core.answer(self._waiting(call), now, 487, tag=call.tag)
        self._gave_up(call, now)

    def _gave_up(self, call: Call, now: float) -> None:
        self._book.remove(call)
        self._core.emit(InviteCancelled(call.handle))

    # -------------------------------------------------------- ACK

    def ack(self, call: Call, request: Request, now: float) -> bool:
        """Take the ACK to a 2xx of ours, first INVITE or re-INVITE. False when none waits."""
        unacked = call.unacked
        if unacked is None or unacked.cseq != request.cseq.number:
            return False
        unacked.stop()
        call.unacked = None
        if call.phase is Phase.ENDED:
            self._book.leave(call, now)
            return True
        first, call.invite = call.invite is not None, None
        has_sdp = request.content_type == SDP and bool(request.body)
        if unacked.wants_sdp and not has_sdp:
            self._book.end(call, now, status=488, reason="no answer in the ACK", bye=True)
            return True
        if first:
            self._core.emit(Established(call.handle))
        if unacked.wants_sdp:
            self._core.emit(AckWithSdp(call.handle, request.body))
        return True

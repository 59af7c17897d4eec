"""Calls that come to us: INVITE as UAS up to the ACK (RFC 3261 §13.3, §9.2).

Theory of operation. An INVITE that passed admission gets 100 and rings: `InviteReceived`. From
there on one of these ends the wait, and each has its word for the user:

    we accept        200, said again until its ACK; `Established`, or `CallEnded` without an ACK
    we refuse        3xx–6xx; nothing follows
    they give up     CANCEL or an early BYE: 487; `InviteCancelled` with their reasons
    the flow is lost `InviteCancelled`, flow_lost
    nobody answers   480 after the caller's Expires or `longest_ring`; `InviteCancelled`, timed_out
    no PRACK comes   504; `InviteCancelled`, unconfirmed

While it rings our last 1xx is said again every minute, so that no proxy gives up before the caller
does (§13.3.1.1). Where the caller requires that each be confirmed (RFC 3262) it is said until its
PRACK comes, for 64·T1. Then the call is refused (§3): what we say does not get there, or what it
says does not get here, and whoever would take it would talk to nobody.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from tui.sip.dialog import reliable
from tui.sip.dialog.dialog import Dialog, read_target
from tui.sip.dialog.replaces import parse_replaces
from tui.sip.dialog.session_timer import answer_to_request, too_small
from tui.sip.errors import LocalProtocolError, RemoteProtocolError
from tui.sip.events import (
    AckWithSdp,
    Established,
    InviteCancelled,
    InviteReceived,
    ReinviteRefused,
)
from tui.sip.message.body import SDP, read_sdp
from tui.sip.message.header_values import read_seconds
from tui.sip.message.identity import asserted
from tui.sip.message.message import Request, Response
from tui.sip.message.reason import Reason
from tui.sip.transaction.machines import T1
from tui.sip.transaction.transaction_layer import ServerTransaction
from tui.sip.ua.call import CallBook, CallPhase, RepeatedAnswer, SipCall
from tui.sip.ua.context import AgentContext
from tui.sip.ua.reinvite import Reinvites

_RING_AGAIN: Final = 60.0
"""Seconds after which our last 1xx is said again."""


class InviteUas:
    """The incoming calls of one agent."""

    def __init__(self, context: AgentContext, book: CallBook, reinvites: Reinvites) -> None:
        self._context = context
        self._book = book
        self._reinvites = reinvites

    def receive(self, transaction: ServerTransaction, now: float) -> None:
        """Take a new INVITE that passed admission."""
        context, request = self._context, transaction.request
        config = context.config
        target = read_target(request)
        if not target:
            context.ignore("an INVITE without a Contact: 400")
            context.answer(transaction, now, 400, "No Contact")
            return
        if config.session_expires and too_small(request, config.min_se):
            context.answer(transaction, now, 422, lines=[("Min-SE", str(config.min_se))])
            return
        refusal, replaced = find_replaced(self._book, request) if config.transfers else (0, None)
        if refusal:
            context.ignore(f"an INVITE to replace no call that could be replaced: {refusal}")
            context.answer(transaction, now, refusal)
            return
        if len(self._book) >= config.max_calls:
            context.ignore("an INVITE while there are as many calls as may be: 503")
            context.answer(transaction, now, 503, lines=[("Retry-After", "10")])
            return
        context.answer(transaction, now, 100)
        call = self._book.new(CallPhase.RINGING, None)
        call.tag = context.tag()
        call.dialog = Dialog.of_uas(request, call.tag, target)
        call.invite = transaction
        sdp = read_sdp(request)
        call.offerless = sdp is None
        call.confirmed = reliable.is_required(request)
        call.replaces = replaced
        transaction.on_lost = partial(self._gone, call, flow_lost=True)
        limit = min(float(read_seconds(request.headers, "Expires") or 3600), config.longest_ring)
        call.ring_limit = context.timers.start(now + limit, partial(self._rang_out, call))
        context.emit(
            InviteReceived(
                call.handle,
                request.from_,
                asserted(request),
                sdp,
                request.headers,
                request.uri,
                replaced.handle if replaced is not None else None,
                # Every proxy on the way would have left a Via: the server itself speaks.
                context.registered and len(request.headers.get_all("Via")) == 1,
            )
        )

    # -------------------------------------------------------- our answer

    def ring(self, call: SipCall, sdp: bytes | None, now: float) -> None:
        """180, or 183 with early media."""
        if call.confirmed:
            self._ring_reliably(call, now)
        else:
            self._respond(call, 183 if sdp else 180, "", now, sdp or b"")
        if call.ring_again is not None:
            call.ring_again.stop()
        again = partial(self._ring_again, call, sdp)
        call.ring_again = self._context.timers.start(now + _RING_AGAIN, again)

    def _ring_again(self, call: SipCall, sdp: bytes | None, now: float) -> None:
        """RFC 3261 §13.3.1.1: a proxy cancels what has shown no life for three minutes."""
        call.ring_again = None
        self.ring(call, sdp, now)

    def _ring_reliably(self, call: SipCall, now: float) -> None:
        """A 180 that is to be confirmed (RFC 3262 §3), one at a time. It has no description: the
        200 would have to wait for its PRACK. To an INVITE without an offer it would have to hold
        ours (§5), so nothing is said there until the answer."""
        request = self._waiting(call).request
        if call.offerless or call.unconfirmed is not None:
            return
        first = self._context.rng.randint(1, reliable.HIGHEST_FIRST)
        call.rseq = call.rseq + 1 if call.rseq else first
        call.unconfirmed = call.rseq, request.cseq.number
        lines = [("Require", reliable.TAG), ("RSeq", str(call.rseq))]
        response = self._context.response(
            request, 180, tag=call.tag, lines=[*self._lines(request), *lines]
        )
        self._say(call, response, T1, now + 64 * T1, now)

    def _say(self, call: SipCall, response: Response, pause: float, end: float, now: float) -> None:
        self._waiting(call).respond(response, now)
        timers = self._context.timers
        if now + pause < end:
            again = partial(self._say, call, response, 2 * pause, end)
            call.ring_repeat = timers.start(now + pause, again)
        else:
            call.ring_repeat = timers.start(end, partial(self._unconfirmed, call))

    def _unconfirmed(self, call: SipCall, now: float) -> None:
        """RFC 3262 §3: 64·T1 have gone by without the PRACK. A caller who has confirmed one before
        hears us, and waits for the answer."""
        call.ring_repeat = None
        if call.pracked:
            return
        self._context.answer(self._waiting(call), now, 504, "No PRACK", tag=call.tag)
        self._gone(call, now, unconfirmed=True)

    def prack(self, call: SipCall, transaction: ServerTransaction, now: float) -> None:
        """Take a PRACK: 200 where it confirms what we said last, else 481 (RFC 3262 §3)."""
        confirms = reliable.read_rack(transaction.request)
        if confirms is None or confirms != call.unconfirmed:
            self._context.answer(transaction, now, 481)
            return
        call.unconfirmed, call.pracked = None, True
        if call.ring_repeat is not None:
            call.ring_repeat.stop()
            call.ring_repeat = None
        self._context.answer(transaction, now, 200)

    def accept(self, call: SipCall, sdp: bytes, now: float) -> None:
        """200 with our answer, or with our offer if the INVITE had none; repeated until ACK."""
        transaction = self._waiting(call)
        request = transaction.request
        session, lines = answer_to_request(request, call.interval, call.min_se)
        response = self._context.response(
            request,
            200,
            tag=call.tag,
            lines=[*self._lines(request), *lines],
            content_type=SDP,
            body=sdp,
        )
        call.unacked = RepeatedAnswer(
            self._context,
            transaction,
            response,
            partial(self._book.unanswered, call),
            now,
            wants_sdp=call.offerless,
        )
        call.phase = CallPhase.UP
        call.stop_timers()
        call.local_sdp = sdp
        self._reinvites.renew(call, session, now)
        if call.replaces is not None:
            self._book.give_way(call.replaces, now)
            call.replaces = None

    def reject(self, call: SipCall, status: int, reason: str, now: float) -> None:
        """Refuse the call. The ACK is the transaction's business."""
        if status < 300:
            raise LocalProtocolError("a refusal is 300 or more")
        self._respond(call, status, reason, now, b"")
        self._book.remove(call)

    def _respond(self, call: SipCall, status: int, reason: str, now: float, sdp: bytes) -> None:
        transaction = self._waiting(call)
        lines = self._lines(transaction.request) if status < 300 else []
        self._context.answer(
            transaction,
            now,
            status,
            reason,
            tag=call.tag,
            lines=lines,
            content_type=SDP if sdp else "",
            body=sdp,
        )

    def _waiting(self, call: SipCall) -> ServerTransaction:
        if call.phase is not CallPhase.RINGING or call.invite is None:
            raise LocalProtocolError("the call does not wait for an answer")
        return call.invite

    def _lines(self, request: Request) -> list[tuple[str, str]]:
        """What a response that makes a dialog carries (§12.1.1)."""
        routes = [("Record-Route", value) for value in request.headers.get_all("Record-Route")]
        context = self._context
        lines = context.capabilities(contact=context.contact(dialog=True))
        return [*routes, *lines, *context.displays()]

    # -------------------------------------------------------- their change of mind

    def cancelled(self, call: SipCall, reasons: tuple[Reason, ...], now: float) -> None:
        """A CANCEL, or an early BYE: 487 to the INVITE that waits."""
        self._context.answer(self._waiting(call), now, 487, tag=call.tag)
        self._gone(call, now, reasons=reasons)

    def _rang_out(self, call: SipCall, now: float) -> None:
        """RFC 3261 §13.3.1: the time that the caller gave is over, or ours."""
        self._context.answer(self._waiting(call), now, 480, tag=call.tag)
        self._gone(call, now, timed_out=True)

    def _gone(
        self,
        call: SipCall,
        now: float,
        *,
        reasons: tuple[Reason, ...] = (),
        flow_lost: bool = False,
        timed_out: bool = False,
        unconfirmed: bool = False,
    ) -> None:
        self._book.remove(call)
        told = InviteCancelled(call.handle, reasons, flow_lost, timed_out, unconfirmed)
        self._context.emit(told)

    # -------------------------------------------------------- ACK

    def ack(self, call: SipCall, request: Request, now: float) -> bool:
        """Take the ACK to a 2xx of ours, first INVITE or re-INVITE. False when none waits."""
        unacked = call.unacked
        if unacked is None or unacked.cseq != request.cseq.number:
            return False
        unacked.stop()
        call.unacked = None
        if call.phase is CallPhase.ENDED:
            self._book.leave(call, now)
            return True
        first, call.invite = call.invite is not None, None
        sdp = read_sdp(request)
        if unacked.wants_sdp and sdp is None:
            if first:
                self._book.end(call, now, status=488, reason="no answer in the ACK", bye=True)
            else:  # a peer that only refreshes: the session stays as it was
                self._context.ignore("an ACK without the answer to our offer in a call")
                self._context.emit(ReinviteRefused(call.handle, 488))
            return True
        if first:
            self._context.emit(Established(call.handle, asserted(request)))
        if unacked.wants_sdp and sdp is not None:
            self._context.emit(AckWithSdp(call.handle, sdp))
        return True


def find_replaced(book: CallBook, request: Request) -> tuple[int, SipCall | None]:
    """The call that an INVITE replaces, with 0; or the status that refuses the INVITE (§3).

    A call that is up; or, of those not answered, one that we began ourselves.
    """
    values = request.headers.get_all("Replaces")
    if not values:
        return 0, None
    try:
        (replaces,) = [parse_replaces(value) for value in values]
    except (RemoteProtocolError, ValueError):
        return 400, None
    for call in book:
        if any(replaces.means(dialog) for dialog in call.early.values()):
            return 0, call
        if call.dialog is not None and replaces.means(call.dialog):
            if call.phase is CallPhase.RINGING:
                return 481, None
            return (486, None) if replaces.early_only else (0, call)
    return (603 if any(replaces.means(dialog) for dialog in book.over) else 481), None

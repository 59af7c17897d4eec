"""Requests that come in: passed through admission, and handed to the part that they are for."""

from __future__ import annotations

from functools import partial

from tui.sip.errors import LocalProtocolError
from tui.sip.events import Overloaded, RequestReceived
from tui.sip.message.message import Lines, Request
from tui.sip.message.reason import read_reasons
from tui.sip.transaction.machines import T1
from tui.sip.transaction.timers import Timer
from tui.sip.transaction.transaction_layer import ServerTransaction, same_request
from tui.sip.ua.admission import Admission, Rejection
from tui.sip.ua.call import CallBook
from tui.sip.ua.context import AgentContext
from tui.sip.ua.in_dialog import InDialogRequests
from tui.sip.ua.invite_uas import InviteUas
from tui.sip.ua.refer_uac import ReferUac
from tui.sip.ua.reinvite import Reinvites
from tui.sip.ua.subscription.subscriptions import Subscriptions


class IncomingRequests:
    """The server side of one agent. Surfaced requests (the registrar's role) wait here."""

    def __init__(
        self,
        context: AgentContext,
        book: CallBook,
        admission: Admission,
        invite_uas: InviteUas,
        reinvites: Reinvites,
        in_dialog: InDialogRequests,
        refer_uac: ReferUac,
        subscriptions: Subscriptions,
    ) -> None:
        self._context = context
        self._book = book
        self._admission = admission
        self._invite_uas = invite_uas
        self._reinvites = reinvites
        self._in_dialog = in_dialog
        self._refer_uac = refer_uac
        self._subscriptions = subscriptions
        self._surfaced: dict[str, tuple[ServerTransaction, Timer]] = {}
        self._merging: dict[ServerTransaction, Timer] = {}
        """INVITEs that came a second time, each until the first is cancelled or T1 is over."""

    def flow_down(self) -> None:
        """What waits can no longer be answered."""
        for _, timer in self._surfaced.values():
            timer.stop()
        self._surfaced.clear()

    def receive(self, request: Request, now: float) -> None:
        """Take a request whose headers can be read."""
        context = self._context
        if request.method == "ACK":
            self._ack(request, now)
            return
        if (known := context.transactions.find(request, request.method)) is not None:
            known.receive(request, now)
            return
        if not self._has_room(request, now):
            return
        merged = request.to.tag is None and context.transactions.merged(request)
        transaction = context.transactions.serve(request, now)
        surfaced = context.config.registrar_role and request.to.tag is None
        refusal = self._admission.refuse(request, surfaced=surfaced)
        if request.method == "CANCEL":
            self._cancelled(transaction, now)
        elif merged and request.method == "INVITE" and refusal is None:
            self._merge(transaction, now)
        elif merged:
            context.answer(transaction, now, 482)
        elif refusal is not None:
            context.answer(transaction, now, refusal[0], lines=refusal[1])
        elif request.method == "NOTIFY" and not surfaced:
            self._notified(transaction, now)
        elif request.to.tag is not None:
            call = self._book.find(request)
            if call is not None:
                self._in_dialog.receive(call, transaction, now)
            elif (early := self._book.find_early(request)) is not None:
                self._in_dialog.receive_early(*early, transaction, now)
            else:
                context.answer(transaction, now, 481)
        else:
            self._outside(transaction, now)

    def _has_room(self, request: Request, now: float) -> bool:
        """Whether a new request may cost us something. BYE and CANCEL always may: they end things.

        Identity comes before the budget: a stranger has a share of his own, and outside of dialogs
        gets his refusal without a transaction, so that nothing of his takes the PBX's room. What
        belongs to a call that goes on has room beyond what is full for all else.
        """
        context, admission, method = self._context, self._admission, request.method
        subscription = self._subscriptions.find(request)
        ours = subscription is not None or self._book.knows(request)
        inside = self._book.goes_on(request)
        stranger = not ours and not admission.trusts(request)
        refusal: Rejection | None = None
        if stranger and request.to.tag is not None and method == "INVITE":
            refusal = 481, ()
        elif stranger and method in ("INVITE", "MESSAGE"):
            refusal = admission.refuse_stranger(request)
        elif method in ("BYE", "CANCEL"):
            return True
        room = context.config.max_server_transactions * (2 if inside else 1)
        full = context.transactions.serving >= room
        if admission.too_fast(now, stranger=stranger, inside=inside) or (full and refusal is None):
            context.ignore(f"{method}: too much at once: 503")
            context.turn_away(request, 503, [("Retry-After", "1")])
            if subscription is not None:
                subscription.missed(now)
            elif not stranger:
                context.emit(Overloaded(method))
        elif refusal is not None:
            context.turn_away(request, refusal[0], refusal[1])
        else:
            return True
        return False

    def _notified(self, transaction: ServerTransaction, now: float) -> None:
        """A NOTIFY belongs to a subscription, to a REFER of ours, or to nothing that we asked."""
        subscription = self._subscriptions.find(transaction.request)
        if subscription is not None:
            self._subscriptions.notified(subscription, transaction, now)
        elif not self._refer_uac.notified(transaction, now):
            in_call = self._book.find(transaction.request) is not None
            self._subscriptions.unasked(transaction, now, in_call=in_call)

    def _outside(self, transaction: ServerTransaction, now: float) -> None:
        """A new request outside of every dialog."""
        context, request = self._context, transaction.request
        if context.config.registrar_role and request.method != "INVITE":
            id = context.handle("r")
            timer = context.timers.start(now + 64 * T1, partial(self._abandon, id))
            self._surfaced[id] = transaction, timer
            context.emit(RequestReceived(id, request))
        elif request.method == "OPTIONS":
            self._in_dialog.options(transaction, now)
        elif request.method == "REFER":
            context.ignore("a REFER outside of a call: 403")
            context.answer(transaction, now, 403)
        elif request.method not in ("INVITE", "MESSAGE"):
            context.answer(transaction, now, 481)  # BYE, INFO: of no dialog of ours
        elif refusal := (
            self._admission.refuse_stranger(request) or self._admission.refuse_content(request)
        ):
            context.answer(transaction, now, refusal[0], lines=refusal[1])
        elif request.method == "MESSAGE":
            self._in_dialog.message(transaction, now)
        else:
            self._invite_uas.receive(transaction, now)

    def _merge(self, transaction: ServerTransaction, now: float) -> None:
        """The same INVITE by another way is 482 (RFC 3261 §8.2.2.2). Not so where a proxy rings one
        phone a second time: Kamailio sends the new branch before the CANCEL of the one that timed
        out, so it waits for that, as long as a CANCEL may take."""
        self._context.answer(transaction, now, 100)
        looped = partial(self._looped, transaction)
        self._merging[transaction] = self._context.timers.start(now + T1, looped)
        transaction.on_lost = partial(self._lost_way, transaction)

    def _looped(self, transaction: ServerTransaction, now: float) -> None:
        self._let_go(transaction)
        self._context.answer(transaction, now, 482)

    def _lost_way(self, transaction: ServerTransaction, now: float) -> None:
        self._let_go(transaction)

    def _let_go(self, transaction: ServerTransaction) -> bool:
        """It waits no longer for the other to be cancelled; whether it did."""
        timer = self._merging.pop(transaction, None)
        if timer is not None:
            timer.stop()
        return timer is not None

    def _next_way(self, cancelled: ServerTransaction, now: float) -> None:
        """An INVITE was cancelled: the one by another way takes its place."""
        for transaction in self._merging:
            if same_request(transaction.request, cancelled.request):
                self._let_go(transaction)
                self._outside(transaction, now)
                return

    def _abandon(self, id: str, now: float) -> None:
        """Nobody answered in 64·T1: the peer has given up, and RFC 4320 forbids a late 408."""
        transaction, _ = self._surfaced.pop(id)
        transaction.lose_flow(now)

    def _ack(self, request: Request, now: float) -> None:
        transaction = self._context.transactions.find(request, "INVITE")
        if transaction is not None and not transaction.receive(request, now):
            return  # the ACK to a refusal: the transaction's own
        call = self._book.find(request)
        if call is None or not self._invite_uas.ack(call, request, now):
            self._context.stray("an ACK to nothing")

    def _cancelled(self, transaction: ServerTransaction, now: float) -> None:
        """RFC 3261 §9.2: 200 whenever the INVITE is known, 487 to it if it still waits."""
        context = self._context
        invite = context.transactions.find(transaction.request, "INVITE")
        if invite is None:
            context.answer(transaction, now, 481)
            return
        call = self._book.of_invite(invite)
        context.answer(transaction, now, 200, tag=call.tag if call is not None else "")
        if self._let_go(invite):
            context.answer(invite, now, 487)
        if call is None or invite.answered:
            return
        if call.theirs is invite:
            self._reinvites.cancelled(call, now)
        else:
            invite.cancelled = True
            self._invite_uas.cancelled(call, read_reasons(transaction.request.headers), now)
            self._next_way(invite, now)

    def respond(
        self, request_id: str, status: int, now: float, reason: str, headers: Lines, body: bytes
    ) -> None:
        """Answer a surfaced request. LocalProtocolError when it does not wait (any more)."""
        if request_id not in self._surfaced:
            raise LocalProtocolError("there is no such request")
        transaction, timer = self._surfaced[request_id]
        self._context.answer(transaction, now, status, reason, lines=headers, body=body)
        if status >= 200:
            timer.stop()
            del self._surfaced[request_id]

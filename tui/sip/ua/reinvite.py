"""re-INVITEs both ways (RFC 3261 §14), UPDATEs of a peer (RFC 3311), and the session timers that
they renew (RFC 4028).

Theory of operation. Of one call at most one INVITE is under way, ours or theirs, and it counts
until its ACK. `SipCall` holds where it stands:

    ours         our re-INVITE waits for its final answer
    ours_waits   our re-INVITE got 491 and waits for its turn
    theirs       their re-INVITE, or their UPDATE with an offer, waits for our answer
    unacked      our 2xx to theirs waits for the ACK

Glare is both sides asking at once. Each refuses the other with 491, and both ask again after a
pause from two ranges that do not overlap: whoever owns the Call-ID waits longer, so the other
side goes first. A 500 that says to come again within seconds is met so, too.

                 ours is under way      theirs waits or is unACKed
    ours asks    LocalProtocolError     LocalProtocolError
    theirs comes 491                    500 + Retry-After, or 491 before the ACK

An UPDATE has no ACK. Without a description it says where the peer is now, who is there, and that
the session lives: it is answered at once, in a call that only rings too. One with an offer goes the
way of a re-INVITE where no offer of either side is open. Before the call is answered one is, but
where a 1xx of the peer has answered ours, and was confirmed (RFC 3262 §5).

Whoever refreshes goes on with it (RFC 4028 §7.4), until the flow is another one: then we do, as the
peer may not find us by itself. The session timer asks with the last SDP of ours. What `reinvite()`
wants meanwhile is `queued` and goes out when the refresh is done. A refresh that fails is tried
again every 10 s until the session runs out. Nothing here waits without an end: a re-INVITE has
timer B or `_FINAL_WITHIN`, a 491 its pause, their re-INVITE the flow, the CANCEL and the end of the
call, a session its `expiry`.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from tui.sip.dialog.dialog import Dialog
from tui.sip.dialog.session_timer import (
    SessionTimer,
    agreed_by_response,
    answer_to_request,
    offer_lines,
    says_nothing,
    too_small,
)
from tui.sip.errors import LocalProtocolError
from tui.sip.events import DialogUpdated, ReinviteAccepted, ReinviteReceived, ReinviteRefused
from tui.sip.message.body import SDP, read_sdp
from tui.sip.message.header_values import read_seconds
from tui.sip.message.identity import asserted
from tui.sip.message.message import Request, Response
from tui.sip.message.phrases import phrase
from tui.sip.message.reason import reasons_of
from tui.sip.transaction.machines import T1
from tui.sip.transaction.transaction_layer import Lost, ServerTransaction
from tui.sip.ua.authenticated_request import AuthenticatedRequest, credentials_of
from tui.sip.ua.call import CallBook, CallPhase, RepeatedAnswer, SipCall
from tui.sip.ua.context import AgentContext

_GLARES: Final = 64
"""491s in a row after which ours counts as refused."""
_LATERS, _SOON = 3, 10
"""How often a 500 is met that says when to come again, and within how many seconds: a peer, or one
behind it, still has an INVITE of before to answer (§14.2)."""
_FINAL_WITHIN: Final = 64 * T1
"""Seconds that a re-INVITE may stay without a final answer, ours after a 1xx and theirs."""
_UPDATE_WITHIN: Final = 10.0
"""Seconds that their UPDATE may stay without one: its transaction at the peer ends after 32
(RFC 3311 §5.2 wants it answered promptly)."""
_REFRESH_AGAIN: Final = 10.0
"""Seconds after which a refresh that could not be done is tried again."""


class Reinvites:
    """The re-INVITEs of all calls of one agent."""

    def __init__(self, context: AgentContext, book: CallBook) -> None:
        self._context = context
        self._book = book

    # -------------------------------------------------------- ours

    def start(self, call: SipCall, sdp: bytes, now: float) -> None:
        """Offer `sdp`. LocalProtocolError while another INVITE of this call is under way."""
        call.up()
        if call.theirs is not None or call.unacked is not None or call.unsent_ack is not None:
            raise LocalProtocolError("an INVITE of this call is under way")
        if call.ours is not None or call.ours_waits is not None:
            if not call.refreshing or call.queued is not None:
                raise LocalProtocolError("a re-INVITE of this call is under way")
            call.queued = sdp
            return
        self._context.need_flow()
        call.refreshing = False
        self._send(call, sdp, now)

    def _send(self, call: SipCall, sdp: bytes | None, now: float) -> None:
        dialog = call.up()
        context = self._context
        role: str | None = None
        if call.session is not None:
            # FreeSWITCH goes on sending a call's requests over the flow that it began on.
            role = "uac" if call.session.we_refresh or call.flow_lost else "uas"

        def build() -> Request:
            return dialog.request(
                context,
                "INVITE",
                lines=[
                    *context.capabilities(contact=context.contact(dialog=True), confirms=False),
                    *offer_lines(call.interval, call.min_se, role),
                ],
                content_type=SDP if sdp else "",
                body=sdp or b"",
            )

        acks: dict[int, bytes] = {}

        def answered(response: Response, at: float) -> None:
            number = response.cseq.number
            if response.status < 200:
                self._limit(call, at)
            elif response.status >= 300:
                self._refused(call, response, sdp, at)
            elif number in acks:
                context.transmit(acks[number])
            else:
                dialog.refresh_target(response)
                proof = credentials_of(call.ours.request) if call.ours is not None else []
                acks[number] = dialog.at(context, "ACK", number, lines=proof).to_bytes()
                context.transmit(acks[number])
                self._accepted(call, response, sdp, at)

        def lost(why: Lost, at: float) -> None:
            self._lost(call, why, at)

        call.ours = AuthenticatedRequest(context, build, answered, lost, now)

    def _limit(self, call: SipCall, now: float) -> None:
        """After a 1xx no transaction timer runs (RFC 3261 §17.1.1.2): the wait is ours to end."""
        if call.ours is not None and call.ours_limit is None:
            unanswered = partial(self._unanswered, call, call.ours)
            call.ours_limit = self._context.timers.start(now + _FINAL_WITHIN, unanswered)

    def _unanswered(self, call: SipCall, ours: AuthenticatedRequest, now: float) -> None:
        """RFC 3261 §12.2.1.2: no final answer is as good as a 408. The call ends."""
        call.ours_limit = None
        ours.withdraw()
        self._lost(call, Lost.TIMED_OUT, now)

    def _settle(self, call: SipCall) -> None:
        """Our re-INVITE has its end."""
        call.ours = None
        if call.ours_limit is not None:
            call.ours_limit.stop()
            call.ours_limit = None

    def _accepted(self, call: SipCall, response: Response, sdp: bytes | None, now: float) -> None:
        if call.phase is not CallPhase.UP:
            return  # our BYE crossed it
        self._settle(call)
        call.glares = call.laters = 0
        call.local_sdp = sdp
        self.renew(call, agreed_by_response(response), now)
        if not call.refreshing:
            sdp = read_sdp(response)
            self._context.emit(ReinviteAccepted(call.handle, sdp, asserted(response)))
        self._next(call, now)

    def _refused(self, call: SipCall, response: Response, sdp: bytes | None, now: float) -> None:
        if call.phase is not CallPhase.UP:
            return
        assert call.ours is not None  # it is what was refused
        said = call.ours.words_of(response)
        self._settle(call)
        status = response.status
        shortest = read_seconds(response.headers, "Min-SE") if status == 422 else None
        after = read_seconds(response.headers, "Retry-After") if status == 500 else None
        if status == 491 and call.glares < _GLARES:
            call.glares += 1
            self._wait(call, sdp, now)
        elif after is not None and after <= _SOON and call.laters < _LATERS:
            call.laters += 1
            self._wait(call, sdp, now, after)
        elif status in (408, 481):
            # §12.2.1.2: the peer knows nothing of this dialog any more.
            reason, bye = response.reason, status == 408
            self._book.end(
                call, now, status=status, reason=reason, bye=bye, reasons=reasons_of(response)
            )
        elif call.raise_interval(shortest):
            self._send(call, sdp, now)
        else:
            usual = said.casefold() == phrase(status).casefold()
            self._done(call, status, now, "" if usual else said)

    def _lost(self, call: SipCall, why: Lost, now: float) -> None:
        if call.phase is not CallPhase.UP:
            return
        self._settle(call)
        if why is Lost.TIMED_OUT:
            self._book.end(call, now, status=408, reason=str(why), bye=True)
        else:
            self._done(call, 503, now)

    def _done(self, call: SipCall, status: int, now: float, said: str = "") -> None:
        """The session stays as it was; a refresh that failed is tried again until it expires."""
        call.glares = call.laters = 0
        if call.refreshing:
            self._refresh_later(call, now)
        else:
            self._context.emit(ReinviteRefused(call.handle, status, said))
        self._next(call, now)

    def _next(self, call: SipCall, now: float) -> None:
        """Send what `reinvite()` gave while the session timer's own was under way."""
        call.refreshing = False
        sdp, call.queued = call.queued, None
        if sdp is None:
            return
        if self._context.connected:
            self._send(call, sdp, now)
        else:
            self._context.emit(ReinviteRefused(call.handle, 503))

    def _wait(self, call: SipCall, sdp: bytes | None, now: float, after: float = 0.0) -> None:
        # RFC 3261 §14.1: 2.1–4 s for the owner of the Call-ID, 0–2 s for the other side, by 10 ms.
        rng = self._context.rng
        ours = call.up().began_it
        pause = rng.randint(210, 400) / 100 if ours else rng.randint(0, 200) / 100
        due = now + max(pause, after)
        call.ours_waits = self._context.timers.start(due, partial(self._again, call, sdp))

    def _again(self, call: SipCall, sdp: bytes | None, now: float) -> None:
        call.ours_waits = None
        if not self._context.connected:
            self._done(call, 503, now)
        elif call.theirs is not None or call.unacked is not None:
            self._wait(call, sdp, now)
        else:
            self._send(call, sdp, now)

    # -------------------------------------------------------- theirs

    def receive(self, call: SipCall, transaction: ServerTransaction, now: float) -> None:
        """Take a re-INVITE that passed admission: answer the glare, or surface it."""
        context, request = self._context, transaction.request
        # RFC 3261 §14.2: theirs while theirs waits is 500, theirs while ours is under way is 491.
        if call.theirs is not None or call.phase is CallPhase.RINGING:
            self._later(transaction, now)
        elif call.ours is not None or call.unacked is not None or call.unsent_ack is not None:
            context.answer(transaction, now, 491)
        elif call.interval and too_small(request, call.min_se):
            context.answer(transaction, now, 422, lines=[("Min-SE", str(call.min_se))])
        else:
            context.answer(transaction, now, 100)
            self._surface(call, transaction, read_sdp(request), 480, now + _FINAL_WITHIN)

    def _surface(
        self,
        call: SipCall,
        transaction: ServerTransaction,
        sdp: bytes | None,
        undecided: int,
        limit: float,
    ) -> None:
        """Have it decided; what nobody has decided by then gets the status `undecided`."""
        context = self._context
        call.theirs = transaction
        call.offerless = sdp is None
        call.theirs_limit = context.timers.start(limit, partial(self._undecided, call, undecided))
        transaction.on_lost = partial(self._forget, call)
        context.emit(ReinviteReceived(call.handle, sdp, asserted(transaction.request)))

    def _later(self, transaction: ServerTransaction, now: float) -> None:
        """Another one of theirs waits: RFC 3261 §14.2, RFC 3311 §5.2."""
        context = self._context
        later = [("Retry-After", str(context.rng.randint(0, 10)))]
        context.answer(transaction, now, 500, lines=later)

    def update(
        self, call: SipCall, dialog: Dialog, transaction: ServerTransaction, now: float
    ) -> None:
        """Take an UPDATE that passed admission, in this dialog of the call (RFC 3311 §5.2)."""
        context, request = self._context, transaction.request
        sdp = read_sdp(request)
        up = call.phase is CallPhase.UP
        if call.theirs is not None or (sdp is not None and call.phase is CallPhase.RINGING):
            self._later(transaction, now)
        elif sdp is not None and (not (up or dialog.agreed) or self._offers(call)):
            context.answer(transaction, now, 491)
        elif up and call.interval and too_small(request, call.min_se):
            context.answer(transaction, now, 422, lines=[("Min-SE", str(call.min_se))])
        elif sdp is not None:
            call.theirs_in = None if up else dialog
            self._surface(call, transaction, sdp, 504, now + _UPDATE_WITHIN)
        else:
            lines = context.capabilities(contact=context.contact(dialog=True))
            if up and not says_nothing(request):
                session, timer = answer_to_request(request, call.interval, call.min_se)
                lines += timer
                self.renew(call, session, now)
            dialog.refresh_target(request)
            context.answer(transaction, now, 200, lines=lines)
            context.emit(DialogUpdated(call.handle, asserted(request)))

    def _offers(self, call: SipCall) -> bool:
        """Whether an offer of ours in a call that is up has no answer yet."""
        asked = call.unacked is not None and call.unacked.wants_sdp
        return asked or call.ours is not None or call.unsent_ack is not None

    def _forget(self, call: SipCall, now: float) -> None:
        self._drop(call)

    def _drop(self, call: SipCall) -> None:
        """What waits has its answer, or can have none any more."""
        call.theirs = call.theirs_in = None
        if call.theirs_limit is not None:
            call.theirs_limit.stop()
            call.theirs_limit = None

    def _undecided(self, call: SipCall, status: int, now: float) -> None:
        """Nobody answered theirs: the session stays as it was."""
        call.theirs_limit = None
        self.reject(call, status, now)

    def cancelled(self, call: SipCall, now: float) -> None:
        """A CANCEL came for the re-INVITE that waits."""
        self.reject(call, 487, now)

    def accept(self, call: SipCall, sdp: bytes, now: float) -> None:
        """Answer 200 to what waits, with our answer, or our offer if a re-INVITE had none."""
        early = call.theirs_in
        dialog = early or call.up()
        transaction = self._waiting(call)
        request = transaction.request
        session, lines = answer_to_request(request, call.interval, call.min_se)
        if early is not None and call.dialog is not early:
            session, lines, early.answer = None, [], sdp
        response = self._context.response(
            request,
            200,
            lines=[*self._context.capabilities(contact=self._context.contact(dialog=True)), *lines],
            content_type=SDP,
            body=sdp,
        )
        if request.method == "UPDATE":
            transaction.respond(response, now)
        else:
            call.unacked = RepeatedAnswer(
                self._context,
                transaction,
                response,
                partial(self._book.unanswered, call),
                now,
                wants_sdp=call.offerless,
            )
        self._drop(call)
        dialog.refresh_target(request)
        if call.phase is CallPhase.UP:
            call.local_sdp = sdp
            self.renew(call, session, now)

    def reject(self, call: SipCall, status: int, now: float) -> None:
        """Refuse the re-INVITE that waits; the session stays as it is (§14.2)."""
        if status < 300:
            raise LocalProtocolError("a refusal is 300 or more")
        self._context.answer(self._waiting(call), now, status)
        self._drop(call)

    def abandon(self, call: SipCall, now: float) -> None:
        """A call of ours came to nothing: so does what its peer has offered in it meanwhile."""
        if call.theirs is not None:
            self.reject(call, 487, now)

    def _waiting(self, call: SipCall) -> ServerTransaction:
        if call.theirs is None:
            raise LocalProtocolError("no re-INVITE of this call waits")
        return call.theirs

    # -------------------------------------------------------- session timers

    def renew(self, call: SipCall, session: SessionTimer | None, now: float) -> None:
        """An INVITE has succeeded: the session lives for another interval, or without limit."""
        for timer in (call.refresh, call.expiry):
            if timer is not None:
                timer.stop()
        call.refresh = call.expiry = None
        call.session = session if call.interval else None
        if call.session is None:
            return
        timers = self._context.timers
        # RFC 4028 §10: the refresher renews at half; either side ends it before the interval does.
        if call.session.we_refresh:
            at = now + call.session.refresh_after
            call.refresh = timers.start(at, partial(self._refresh, call))
        call.expiry = timers.start(now + call.session.ends_after, partial(self._expired, call))

    def _refresh(self, call: SipCall, now: float) -> None:
        call.refresh = None
        busy = (call.ours, call.ours_waits, call.theirs, call.unacked)
        if self._context.connected and not any(busy):
            call.refreshing = True
            self._send(call, call.local_sdp, now)
        else:
            self._refresh_later(call, now)

    def _refresh_later(self, call: SipCall, now: float) -> None:
        """Not now: another INVITE is under way, the flow is lost, or the peer would not."""
        call.refresh = self._context.timers.start(
            now + _REFRESH_AGAIN, partial(self._refresh, call)
        )

    def _expired(self, call: SipCall, now: float) -> None:
        call.expiry = None
        self._book.end(call, now, status=408, reason="session expired", bye=True)

"""Calls that we make: INVITE as UAC up to its final answer (RFC 3261 §13.2, §9.1).

Theory of operation. Until a 1xx comes timer B limits the wait; after it `ring_limit` does, begun
anew by each 1xx, and ends the call with a CANCEL. A CANCEL may only follow a 1xx, so ours waits for
one; without a final answer 64·T1 later the call counts as over. Each phone of a fork has an early
dialog. The first 2xx makes the call. Every 2xx is ACKed, again for each repeat, and all but the
first are ended by BYE, as is one that crosses our CANCEL.

A 2xx to an INVITE without SDP brings the offer: its ACK waits for `acknowledge()`, for 64·T1.

A 1xx that requires it is confirmed by a PRACK (RFC 3262 §4), each once and in turn. Our INVITE says
that we do so where it has SDP; without, the 1xx would bring an offer whose answer cannot wait. The
answer that such a 1xx brought is the one of a 2xx without SDP. A 421 for extensions that we have is
asked again with these required.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Final

from tui.sip.dialog import reliable
from tui.sip.dialog.dialog import Dialog
from tui.sip.dialog.replaces import DIALLED, plain
from tui.sip.dialog.session_timer import agreed_by_response, offer_lines
from tui.sip.errors import LocalProtocolError
from tui.sip.events import InviteAnswered, InviteRefused, Progress
from tui.sip.message.body import SDP, read_sdp
from tui.sip.message.header_values import NameAddr, read_seconds, readable
from tui.sip.message.headers import Headers
from tui.sip.message.identity import asserted
from tui.sip.message.message import Request, Response
from tui.sip.message.reason import read_reasons, words_of
from tui.sip.transaction.machines import T1
from tui.sip.transaction.timers import Timer
from tui.sip.transaction.transaction_layer import Lost, OnResponse
from tui.sip.ua.authenticated_request import AuthenticatedRequest, credentials_of
from tui.sip.ua.call import CallBook, CallPhase, SipCall
from tui.sip.ua.context import AgentContext
from tui.sip.ua.out_of_dialog import dialled_uri
from tui.sip.ua.reinvite import Reinvites

_EARLY_DIALOGS: Final = 16
"""Early dialogs of one INVITE that are kept apart; a proxy that forks further is heard all the
same."""
_TARGETS: Final = 8
"""Contacts of one 3xx that are surfaced."""
_is_q = re.compile(r"[01](?:\.[0-9]{0,3})?").fullmatch
_OUT_OF_IT: Final = 199
"""The early dialog of one phone is over (RFC 6228)."""
_CANCEL_AGAIN: Final = (1.0, 4.0, 10.0)
"""Seconds after which a CANCEL that was refused is said again: it goes on ringing there."""
_CANCEL_WAIT: Final = 64 * T1
"""Seconds after a CANCEL without a final answer at which the INVITE counts as over (§9.1)."""


class InviteUac:
    """One INVITE of ours. It outlives the call in the book: repeated and forked 2xx come to it
    for as long as its transaction lives."""

    def __init__(
        self,
        context: AgentContext,
        book: CallBook,
        reinvites: Reinvites,
        call: SipCall,
        target: str,
        lines: Sequence[tuple[str, str]],
        now: float,
    ) -> None:
        self._context = context
        self._book = book
        self._reinvites = reinvites
        self._call = call
        self._uri = dialled_uri(target, context.aor.host)
        self._lines = tuple(lines)
        self._call_id, self._tag, self._cseq = context.call_id(), context.tag(), 0
        self._acks: dict[str | None, bytes] = {}
        self._early: dict[str, Dialog] = {}
        """The dialogs of its 1xx, by the peer's tag, for as long as a 2xx may come of one."""
        self._described: dict[str, bytes] = {}
        """The SDP that each of them brought."""
        self._confirmed: dict[tuple[str | None, str], int] = {}
        """The last RSeq that was confirmed, by branch and the peer's tag."""
        self._required: tuple[str, ...] = ()
        """The extensions that a 421 named."""
        self._heard: str | None = None
        """The branch of the INVITE that a provisional came for: each retry needs its own."""
        self._cancelled = False
        self._cancel_sent = False
        self._end = 487, "Request Terminated"
        """What is told when our CANCEL has no final answer."""
        self._waiting: Timer | None = None
        self._invite = self._send(now)

    def _send(self, now: float) -> AuthenticatedRequest:
        return AuthenticatedRequest(self._context, self._build, self._receive, self._lost, now)

    def _build(self) -> Request:
        context, call = self._context, self._call
        self._cseq += 1
        return context.request(
            "INVITE",
            self._uri,
            from_=context.identity(self._tag),
            to=f"<{self._uri}>",
            call_id=self._call_id,
            cseq=self._cseq,
            lines=[
                *context.routes(),
                *context.capabilities(
                    contact=context.contact(dialog=True), confirms=call.local_sdp is not None
                ),
                *((("Require", ", ".join(self._required)),) if self._required else ()),
                *offer_lines(call.interval, call.min_se),
                *context.displays(),
                *self._lines,
            ],
            content_type=SDP if call.local_sdp is not None else "",
            body=call.local_sdp or b"",
        )

    # -------------------------------------------------------- CANCEL

    def cancel(self, now: float) -> None:
        """Give up: CANCEL now, or as soon as a provisional response has come (§9.1).
        LocalProtocolError when that is under way already."""
        if self._cancelled:
            raise LocalProtocolError("the call is being cancelled already")
        self.give_up(now)

    def give_up(self, now: float) -> None:
        """The same, and nothing when that is under way already."""
        if self._cancelled:
            return
        self._cancelled = True
        self._invite.meets = False
        if self._heard == self._invite.request.branch:
            self._cancel(now)

    def _cancel(self, now: float) -> None:
        self._cancel_sent = True
        self._limit(None, now)
        self._waiting = self._context.timers.start(now + _CANCEL_WAIT, self._give_up)
        self._say_cancel(_CANCEL_AGAIN, now)

    def _say_cancel(self, again: tuple[float, ...], now: float) -> None:
        """Say it, and `again` where somebody on the way refuses it, until there is a final answer.
        A 481 knows of no INVITE that could be cancelled."""
        if self._waiting is None:
            return

        def answered(response: Response, at: float) -> None:
            if response.status >= 300 and response.status != 481 and again:
                later = partial(self._say_cancel, again[1:])
                self._context.timers.start(at + again[0], later)

        say_cancel(self._context, self._invite.request, now, answered)

    def _give_up(self, now: float) -> None:
        """RFC 3261 §9.1: 64·T1 after the CANCEL the INVITE is over, whatever comes."""
        self._waiting = None
        self._invite.withdraw()
        self._refuse(now, *self._end)

    def _limit(self, seconds: float | None, now: float) -> None:
        """Until when the call may ring from now on; None: the CANCEL has a limit of its own."""
        call = self._call
        if call.ring_limit is not None:
            call.ring_limit.stop()
            call.ring_limit = None
        if seconds is not None:
            call.ring_limit = self._context.timers.start(now + seconds, self._rang_out)

    def _rang_out(self, now: float) -> None:
        """Nothing was heard for too long after a 1xx: CANCEL, and the end as after no answer."""
        self._call.ring_limit = None
        self._end = 408, "Request Timeout"
        self.give_up(now)

    # -------------------------------------------------------- responses

    def _receive(self, response: Response, now: float) -> None:
        status = response.status
        if status < 200:
            self._provisional(response, now)
        elif status < 300:
            self._accepted(response, now)
        elif self._may_ask_again(response):
            self._invite = self._send(now)
        elif status == 487 and self._end[0] == 408:
            self._refuse(now, *self._end)
        else:
            self._refuse(now, status, self._invite.words_of(response), response)

    def _provisional(self, response: Response, now: float) -> None:
        self._heard = response.branch
        if self._cancelled:
            if not self._cancel_sent:
                self._cancel(now)
        else:
            self._limit(self._context.config.longest_ring, now)
            if response.status > 100:
                self._rings(response, now)

    def _rings(self, response: Response, now: float) -> None:
        call, tag = self._call, response.to.tag or ""
        offered = call.local_sdp is not None
        number = reliable.read_rseq(response) if offered else None
        if number is not None and not self._is_next(response, tag, number):
            return
        sdp = read_sdp(response)
        if tag and (tag in self._early or len(self._early) < _EARLY_DIALOGS):
            self._early[tag] = call.early[tag] = dialog = self._dialog(response)
            if number is not None:
                dialog.agreed = dialog.agreed or sdp is not None
                self._prack(dialog, number, response.cseq.number, now)
            if offered and sdp is not None:
                self._described[tag] = sdp
        if response.status == _OUT_OF_IT:
            self._early.pop(tag, None)
            call.early.pop(tag, None)
            self._described.pop(tag, None)
        who, said = asserted(response), words_of(response)
        self._context.emit(Progress(call.handle, response.status, sdp, tag, who, said))

    def _dialog(self, response: Response) -> Dialog:
        """The dialog that a response makes, or goes on with."""
        known = self._early.get(response.to.tag or "")
        if known is None:
            return Dialog.of_uac(self._invite.request, response)
        known.answered_by(self._invite.request, response)
        return known

    def _is_next(self, response: Response, tag: str, number: int) -> bool:
        """Whether a 1xx has its turn: one that was confirmed, or came too early, counts for
        nothing (RFC 3262 §4)."""
        key = response.branch, tag
        last = self._confirmed.get(key)
        if last is not None and number != last + 1:
            return False
        self._confirmed[key] = number
        return True

    def _prack(self, dialog: Dialog, number: int, cseq: int, now: float) -> None:
        context = self._context

        def build() -> Request:
            return dialog.request(context, "PRACK", lines=[("RAck", f"{number} {cseq} INVITE")])

        AuthenticatedRequest(context, build, _no_matter, _no_matter_why, now)

    def _may_ask_again(self, response: Response) -> bool:
        """Whether the INVITE shall go out anew as this refusal wants it."""
        if response.status == 422:
            return self._raise_interval(response)
        return response.status == 421 and self._require(response)

    def _require(self, response: Response) -> bool:
        """A 421 says what it wants required (RFC 3261 §21.4.16): whether to ask again with that."""
        wanted = tuple(tag.lower() for tag in response.headers.get_all("Require"))
        ours = self._context.extensions
        if self._cancelled or self._required or not wanted or not set(wanted) <= set(ours):
            return False
        if reliable.TAG in wanted and self._call.local_sdp is None:
            return False
        self._required = tuple(dict.fromkeys(wanted))
        return True

    def _accepted(self, response: Response, now: float) -> None:
        tag = response.to.tag
        if tag in self._acks:
            self._context.transmit(self._acks[tag])
            return
        call = self._call
        dialog = self._dialog(response)
        if call.dialog is not None and call.dialog.remote_tag == tag:
            return  # a repeat that waits for acknowledge()
        if self._cancelled or call.phase is not CallPhase.CALLING:
            # §13.2.2.4, §9.1: a fork too many, or a 2xx that crossed our CANCEL.
            self._acks[tag] = self._ack(dialog, b"")
            # Who picked up as we gave up may be there yet; another fork's call was never shown.
            self._book.say_bye(dialog, now, call.handle if self._cancelled else "")
            if self._cancelled:
                self._refuse(now, *self._end)
            return
        self._limit(None, now)
        call.phase = CallPhase.UP
        call.early.clear()
        call.dialog = dialog
        call.local_sdp = dialog.answer or call.local_sdp
        if call.theirs_in is not dialog:
            self._reinvites.abandon(call, now)  # of another phone, which is not it
        sdp = read_sdp(response)
        if call.local_sdp is None and sdp is not None:
            call.unsent_ack = self._invite.request.cseq.number
            limit = partial(self._unacknowledged, call)
            call.ring_limit = self._context.timers.start(now + 64 * T1, limit)
        else:
            self._acks[tag] = self._ack(dialog, b"")
        self._reinvites.renew(call, agreed_by_response(response), now)
        if sdp is None and not dialog.answer:
            sdp = self._described.get(tag or "")
        self._context.emit(InviteAnswered(call.handle, sdp, tag or "", asserted(response)))

    def _unacknowledged(self, call: SipCall, now: float) -> None:
        """Nobody gave our answer for as long as the peer repeats its 2xx: ACK, then BYE."""
        call.ring_limit = None
        self.acknowledge(b"")
        self._book.end(call, now, status=408, reason="no answer to its offer", bye=True)

    def acknowledge(self, sdp: bytes) -> None:
        """Send the ACK with our answer to the offer in the 2xx (§13.2.2.4). LocalProtocolError when
        it is sent already."""
        call = self._call
        dialog = call.up()
        if call.unsent_ack is None:
            raise LocalProtocolError("the ACK is sent already")
        if call.ring_limit is not None:
            call.ring_limit.stop()
            call.ring_limit = None
        self._acks[dialog.remote_tag] = self._ack(dialog, sdp)
        call.unsent_ack = None
        call.local_sdp = sdp or None

    def _ack(self, dialog: Dialog, sdp: bytes) -> bytes:
        ack = dialog.at(
            self._context,
            "ACK",
            self._invite.request.cseq.number,
            lines=credentials_of(self._invite.request),
            content_type=SDP if sdp else "",
            body=sdp,
        ).to_bytes()
        self._context.transmit(ack)
        return ack

    def _raise_interval(self, response: Response) -> bool:
        shortest = read_seconds(response.headers, "Min-SE")
        return not self._cancelled and self._call.raise_interval(shortest)

    def _lost(self, why: Lost, now: float) -> None:
        if why is Lost.TIMED_OUT:
            self._refuse(now, 408, "Request Timeout")
        else:
            # It may go on ringing there, and be answered by somebody who hears nobody.
            self._book.cancel_later(partial(say_cancel, self._context, self._invite.request))
            self._refuse(now, 503, str(why), flow_lost=True)

    def _refuse(
        self,
        now: float,
        status: int,
        reason: str,
        response: Response | None = None,
        *,
        flow_lost: bool = False,
    ) -> None:
        if self._waiting is not None:
            self._waiting.stop()
            self._waiting = None
        if self._call.phase is CallPhase.CALLING:
            self._reinvites.abandon(self._call, now)
            self._book.remove(self._call)
            targets = read_targets(response) if response is not None else ()
            reasons = read_reasons(response.headers) if response is not None else ()
            realm = self._invite.realm
            self._context.emit(
                InviteRefused(self._call.handle, status, reason, targets, reasons, flow_lost, realm)
            )


def say_cancel(
    context: AgentContext, invite: Request, now: float, answered: OnResponse | None = None
) -> None:
    """Send the CANCEL of an INVITE of ours (RFC 3261 §9.1). `answered` hears what it got."""
    headers = Headers()
    for name in ("Via", "Route"):
        for value in invite.headers.get_all(name):
            headers.add(name, value)
    headers.add("Max-Forwards", "70")
    for name in ("From", "To", "Call-ID"):
        headers.add(name, invite.headers.get(name) or "")
    headers.add("CSeq", f"{invite.cseq.number} CANCEL")
    cancel = Request("CANCEL", invite.uri, headers)
    context.transactions.request(cancel, answered or _no_matter, _no_matter_why, now)


def read_targets(response: Response) -> tuple[str, ...]:
    """Where a 3xx sends us, the most wanted first (RFC 3261 §8.1.3.4), and nothing but that:
    headers in these URIs are gone, and what cannot be called is left out."""
    if response.status >= 400:
        return ()
    values = response.headers.get_all("Contact")
    contacts = [each for each in readable(values) if each.uri.scheme in DIALLED]
    contacts.sort(key=_wanted, reverse=True)
    return tuple(str(plain(each.uri)) for each in contacts[:_TARGETS])


def _wanted(contact: NameAddr) -> float:
    """The q of a Contact; 1 where it has none that can be read."""
    value = contact.params.get("q", "")
    return float(value) if _is_q(value) else 1.0


def _no_matter(response: Response, now: float) -> None:
    """The answer to a CANCEL or a PRACK says nothing about the INVITE."""


def _no_matter_why(why: Lost, now: float) -> None:
    """Nor does its absence: the INVITE has a limit of its own."""

"""Calls that we make: INVITE as UAC up to its final answer (RFC 3261 §13.2, §9.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from tui.sip.call import Book, Call, Phase
from tui.sip.core import SDP, Core
from tui.sip.dialog import Dialog
from tui.sip.errors import LocalProtocolError, RemoteProtocolError
from tui.sip.events import Answered, InviteRefused, Progress
from tui.sip.exchange import Exchange
from tui.sip.fields import NameAddr
from tui.sip.headers import Headers
from tui.sip.layer import Lost
from tui.sip.message import Request, Response
from tui.sip.reinvite import Reinvites
from tui.sip.replaces import DIALLED, plain
from tui.sip.requests import to_uri
from tui.sip.session_timer import agreed_by_response, offer_lines, read_seconds
from tui.sip.timers import Timer
from tui.sip.transaction import T1

_EARLY_DIALOGS: Final = 16
"""Early dialogs of one INVITE that are kept apart; a proxy that forks further is heard all the
same."""
_TARGETS: Final = 8
"""Contacts of one 3xx that are surfaced."""
_is_q = re.compile(r"[01](?:\.[0-9]{0,3})?").fullmatch
_CANCEL_WAIT: Final = 64 * T1
"""Seconds after a CANCEL without a final answer at which the INVITE counts as over (§9.1)."""


class OutgoingInvite:
    """One INVITE of ours. It outlives the call in the book: repeated and forked 2xx come to it
    for as long as its transaction lives."""

    def __init__(
        self,
        core: Core,
        book: Book,
        reinvites: Reinvites,
        call: Call,
        target: str,
        lines: Sequence[tuple[str, str]],
        now: float,
    ) -> None:
        self._core = core
        self._book = book
        self._reinvites = reinvites
        self._call = call
        self._uri = to_uri(target)
        self._lines = tuple(lines)
        self._call_id, self._tag, self._cseq = core.call_id(), core.tag(), 0
        self._acks: dict[str | None, bytes] = {}
        self._forks: set[str | None] = set()
        self._heard: str | None = None
        """The branch of the INVITE that a provisional came for: each retry needs its own."""
        self._cancelled = False
        self._cancel_sent = False
        self._waiting: Timer | None = None
        self._exchange = self._send(now)

    def _send(self, now: float) -> Exchange:
        return Exchange(self._core, self._build, self._receive, self._lost, now)

    def _build(self) -> Request:
        core, call = self._core, self._call
        self._cseq += 1
        return core.request(
            "INVITE",
            self._uri,
            from_=core.identity(self._tag),
            to=f"<{self._uri}>",
            call_id=self._call_id,
            cseq=self._cseq,
            lines=[
                *core.routes(),
                *core.capabilities(contact=core.contact(dialog=True)),
                *offer_lines(call.interval, call.min_se),
                *self._lines,
            ],
            content_type=SDP if call.local_sdp is not None else "",
            body=call.local_sdp or b"",
        )

    # -------------------------------------------------------- CANCEL

    def cancel(self, now: float) -> None:
        """Give up: CANCEL now, or as soon as a provisional response has come."""
        if self._cancelled:
            raise LocalProtocolError("the call is being cancelled already")
        self.give_up(now)

    def give_up(self, now: float) -> None:
        """The same, and nothing when that is under way already."""
        if self._cancelled:
            return
        self._cancelled = True
        self._exchange.meets = False
        if self._heard == self._exchange.request.branch:
            self._cancel(now)

    def _cancel(self, now: float) -> None:
        self._cancel_sent = True
        request = self._exchange.request
        headers = Headers()
        for name in ("Via", "Route"):
            for value in request.headers.get_all(name):
                headers.add(name, value)
        headers.add("Max-Forwards", "70")
        for name in ("From", "To", "Call-ID"):
            headers.add(name, request.headers.get(name) or "")
        headers.add("CSeq", f"{request.cseq.number} CANCEL")
        cancel = Request("CANCEL", request.uri, headers)
        self._core.layer.request(cancel, _no_matter, _no_matter_why, now)
        self._waiting = self._core.timers.start(now + _CANCEL_WAIT, self._give_up)

    def _give_up(self, now: float) -> None:
        self._waiting = None
        self._refuse(487, "Request Terminated")

    # -------------------------------------------------------- responses

    def _receive(self, response: Response, now: float) -> None:
        status = response.status
        if status < 200:
            self._provisional(response, now)
        elif status < 300:
            self._accepted(response, now)
        elif status == 422 and self._raise_interval(response):
            self._exchange = self._send(now)
        else:
            self._refuse(status, response.reason, read_targets(response))

    def _provisional(self, response: Response, now: float) -> None:
        self._heard = response.branch
        if self._cancelled:
            if not self._cancel_sent:
                self._cancel(now)
        elif response.status > 100 and self._call.phase is Phase.CALLING:
            tag, early = response.to.tag or "", self._call.early
            if tag and (tag in early or len(early) < _EARLY_DIALOGS):
                early[tag] = Dialog.of_caller(self._exchange.request, response)
            sdp = read_sdp(response)
            self._core.emit(Progress(self._call.handle, response.status, sdp, tag))

    def _accepted(self, response: Response, now: float) -> None:
        tag = response.to.tag
        if tag in self._acks:
            self._core.transmit(self._acks[tag])
            return
        call = self._call
        dialog = Dialog.of_caller(self._exchange.request, response)
        if call.dialog is not None and call.dialog.remote_tag == tag:
            return  # a repeat that waits for acknowledge()
        if self._cancelled or call.phase is not Phase.CALLING:
            # §13.2.2.4, §9.1: a fork too many, or a 2xx that crossed our CANCEL.
            self._acks[tag] = self._ack(dialog, b"")
            self._book.say_bye(dialog, now)
            if self._cancelled:
                self._refuse(487, "Request Terminated")
            return
        call.phase = Phase.UP
        call.early.clear()
        call.dialog = dialog
        sdp = read_sdp(response)
        if call.local_sdp is None and sdp is not None:
            call.unsent_ack = dialog.local_cseq
        else:
            self._acks[tag] = self._ack(dialog, b"")
        self._reinvites.renew(call, agreed_by_response(response), now)
        self._core.emit(Answered(call.handle, sdp, tag or ""))

    def acknowledge(self, sdp: bytes) -> None:
        """Send the ACK with our answer to the offer in the 2xx."""
        call = self._call
        dialog = call.up()
        if call.unsent_ack is None:
            raise LocalProtocolError("the ACK is sent already")
        self._acks[dialog.remote_tag] = self._ack(dialog, sdp)
        call.unsent_ack = None
        call.local_sdp = sdp or None

    def _ack(self, dialog: Dialog, sdp: bytes) -> bytes:
        ack = dialog.at(
            self._core,
            "ACK",
            self._exchange.request.cseq.number,
            content_type=SDP if sdp else "",
            body=sdp,
        ).to_bytes()
        self._core.transmit(ack)
        return ack

    def _raise_interval(self, response: Response) -> bool:
        shortest = read_seconds(response.headers, "Min-SE")
        if self._cancelled or shortest is None or shortest <= self._call.interval:
            return False
        self._call.interval = self._call.min_se = shortest
        return True

    def _lost(self, why: Lost, now: float) -> None:
        if why is Lost.TIMED_OUT:
            self._refuse(408, "Request Timeout")
        else:
            self._refuse(503, str(why))

    def _refuse(self, status: int, reason: str, targets: tuple[str, ...] = ()) -> None:
        if self._waiting is not None:
            self._waiting.stop()
            self._waiting = None
        if self._call.phase is Phase.CALLING:
            self._book.remove(self._call)
            self._core.emit(InviteRefused(self._call.handle, status, reason, targets))


def read_sdp(message: Request | Response) -> bytes | None:
    """The session description of a message, if it has one."""
    return message.body if message.body and message.content_type == SDP else None


def read_targets(response: Response) -> tuple[str, ...]:
    """Where a 3xx sends us, the most wanted first (RFC 3261 §8.1.3.4), and nothing but that:
    headers in these URIs are gone, and what cannot be called is left out."""
    if response.status >= 400:
        return ()
    try:
        contacts = [each for each in response.contacts if each.uri.scheme in DIALLED]
    except RemoteProtocolError:
        return ()
    contacts.sort(key=_wanted, reverse=True)
    return tuple(str(plain(each.uri)) for each in contacts[:_TARGETS])


def _wanted(contact: NameAddr) -> float:
    """The q of a Contact; 1 where it has none that can be read."""
    value = contact.params.get("q", "")
    return float(value) if _is_q(value) else 1.0


def _no_matter(response: Response, now: float) -> None:
    """The answer to a CANCEL says nothing about the INVITE."""


def _no_matter_why(why: Lost, now: float) -> None:
    """Nor does its absence: the INVITE has a limit of its own."""

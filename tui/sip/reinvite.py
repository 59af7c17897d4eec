"""re-INVITEs both ways (RFC 3261 §14), and the session timers that they renew (RFC 4028).

Glare: theirs while ours is under way gets 491; theirs while theirs waits gets 500 with
Retry-After; after a 491 to ours it is sent again 2.1–4 s later by the owner of the Call-ID, and
0–2 s later by the other side, in steps of 10 ms.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from tui.sip.call import Book, Call, Phase, RepeatedAnswer
from tui.sip.core import SDP, Core
from tui.sip.errors import LocalProtocolError
from tui.sip.events import ReinviteAccepted, ReinviteReceived, ReinviteRefused
from tui.sip.exchange import Exchange
from tui.sip.layer import Lost, ServerTransaction
from tui.sip.message import Request, Response
from tui.sip.session_timer import (
    Session,
    agreed_by_response,
    answer_to_request,
    offer_lines,
    read_seconds,
    too_small,
)

_REFRESH_AGAIN: Final = 10.0
"""Seconds after which a refresh that could not be done is tried again."""


class Reinvites:
    """The re-INVITEs of all calls of one agent."""

    def __init__(self, core: Core, book: Book) -> None:
        self._core = core
        self._book = book

    # -------------------------------------------------------- ours

    def start(self, call: Call, sdp: bytes, now: float) -> None:
        """Offer `sdp`. LocalProtocolError while another INVITE of this call is under way."""
        call.up()
        if call.theirs is not None or call.unacked is not None or call.unsent_ack is not None:
            raise LocalProtocolError("an INVITE of this call is under way")
        if call.ours is not None or call.ours_waits is not None:
            if not call.refreshing or call.queued is not None:
                raise LocalProtocolError("a re-INVITE of this call is under way")
            call.queued = sdp
            return
        self._core.need_flow()
        call.refreshing = False
        self._send(call, sdp, now)

    def _send(self, call: Call, sdp: bytes | None, now: float) -> None:
        dialog = call.up()
        core = self._core
        role: str | None = None
        if call.session is not None:
            role = "uac" if call.session.we_refresh else "uas"

        def build() -> Request:
            return dialog.request(
                core,
                "INVITE",
                lines=[
                    *core.capabilities(contact=core.contact(dialog=True)),
                    *offer_lines(call.interval, call.min_se, role),
                ],
                content_type=SDP if sdp else "",
                body=sdp or b"",
            )

        acks: dict[int, bytes] = {}

        def answered(response: Response, at: float) -> None:
            number = response.cseq.number
            if not 200 <= response.status < 300:
                if response.status >= 300:
                    self._refused(call, response, sdp, at)
            elif number in acks:
                core.transmit(acks[number])
            else:
                dialog.refresh_target(response)
                acks[number] = dialog.at(core, "ACK", number).to_bytes()
                core.transmit(acks[number])
                self._accepted(call, response, sdp, at)

        def lost(why: Lost, at: float) -> None:
            self._lost(call, why, at)

        call.ours = Exchange(core, build, answered, lost, now)

    def _accepted(self, call: Call, response: Response, sdp: bytes | None, now: float) -> None:
        if call.phase is not Phase.UP:
            return  # our BYE crossed it
        call.ours = None
        call.local_sdp = sdp
        self.renew(call, agreed_by_response(response), now)
        if not call.refreshing:
            body = response.body if response.content_type == SDP and response.body else None
            self._core.emit(ReinviteAccepted(call.handle, body))
        self._next(call, now)

    def _refused(self, call: Call, response: Response, sdp: bytes | None, now: float) -> None:
        if call.phase is not Phase.UP:
            return
        call.ours = None
        status = response.status
        shortest = read_seconds(response.headers, "Min-SE") if status == 422 else None
        if status == 491:
            self._wait(call, sdp, now)
        elif status in (408, 481):
            # §12.2.1.2: the peer knows nothing of this dialog any more.
            self._book.end(call, now, status=status, reason=response.reason, bye=status == 408)
        elif shortest is not None and shortest > call.interval:
            call.interval = call.min_se = shortest
            self._send(call, sdp, now)
        else:
            self._done(call, status, now)

    def _lost(self, call: Call, why: Lost, now: float) -> None:
        if call.phase is not Phase.UP:
            return
        call.ours = None
        if why is Lost.TIMED_OUT:
            self._book.end(call, now, status=408, reason=str(why), bye=True)
        else:
            self._done(call, 503, now)

    def _done(self, call: Call, status: int, now: float) -> None:
        """The session stays as it was; a refresh that failed is tried again until it expires."""
        if call.refreshing:
            self._refresh_later(call, now)
        else:
            self._core.emit(ReinviteRefused(call.handle, status))
        self._next(call, now)

    def _next(self, call: Call, now: float) -> None:
        """Send what `reinvite()` gave while the session timer's own was under way."""
        call.refreshing = False
        sdp, call.queued = call.queued, None
        if sdp is None:
            return
        if self._core.connected:
            self._send(call, sdp, now)
        else:
            self._core.emit(ReinviteRefused(call.handle, 503))

    def _wait(self, call: Call, sdp: bytes | None, now: float) -> None:
        rng = self._core.rng
        ours = call.up().began_it
        pause = rng.randint(210, 400) / 100 if ours else rng.randint(0, 200) / 100
        call.ours_waits = self._core.timers.start(now + pause, partial(self._again, call, sdp))

    def _again(self, call: Call, sdp: bytes | None, now: float) -> None:
        call.ours_waits = None
        if not self._core.connected:
            self._done(call, 503, now)
        elif call.theirs is not None or call.unacked is not None:
            self._wait(call, sdp, now)
        else:
            self._send(call, sdp, now)

    # -------------------------------------------------------- theirs

    def receive(self, call: Call, transaction: ServerTransaction, now: float) -> None:
        """Take a re-INVITE that passed the gate: answer the glare, or surface it."""
        core, request = self._core, transaction.request
        if call.theirs is not None or call.phase is Phase.RINGING:
            later = [("Retry-After", str(core.rng.randint(0, 10)))]
            core.answer(transaction, now, 500, lines=later)
        elif call.ours is not None or call.unacked is not None or call.unsent_ack is not None:
            core.answer(transaction, now, 491)
        elif call.interval and too_small(request, call.min_se):
            core.answer(transaction, now, 422, lines=[("Min-SE", str(call.min_se))])
        else:
            core.answer(transaction, now, 100)
            call.theirs = transaction
            call.offerless = not request.body
            transaction.on_lost = partial(self._forget, call)
            core.emit(ReinviteReceived(call.handle, request.body or None))

    def _forget(self, call: Call, now: float) -> None:
        call.theirs = None

    def cancelled(self, call: Call, now: float) -> None:
        """A CANCEL came for the re-INVITE that waits."""
        self.reject(call, 487, now)

    def accept(self, call: Call, sdp: bytes, now: float) -> None:
        """Answer 200 to the re-INVITE that waits, with our answer, or our offer if it had none."""
        dialog = call.up()
        transaction = self._waiting(call)
        request = transaction.request
        session, lines = answer_to_request(request, call.interval, call.min_se)
        response = self._core.response(
            request,
            200,
            lines=[*self._core.capabilities(contact=self._core.contact(dialog=True)), *lines],
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
        call.theirs = None
        call.local_sdp = sdp
        dialog.refresh_target(request)
        self.renew(call, session, now)

    def reject(self, call: Call, status: int, now: float) -> None:
        """Refuse the re-INVITE that waits; the session stays as it is (§14.2)."""
        if status < 300:
            raise LocalProtocolError("a refusal is 300 or more")
        self._core.answer(self._waiting(call), now, status)
        call.theirs = None

    def _waiting(self, call: Call) -> ServerTransaction:
        if call.theirs is None:
            raise LocalProtocolError("no re-INVITE of this call waits")
        return call.theirs

    # -------------------------------------------------------- session timers

    def renew(self, call: Call, session: Session | None, now: float) -> None:
        """An INVITE has succeeded: the session lives for another interval, or without limit."""
        for timer in (call.refresh, call.expiry):
            if timer is not None:
                timer.stop()
        call.refresh = call.expiry = None
        call.session = session if call.interval else None
        if call.session is None:
            return
        timers = self._core.timers
        if call.session.we_refresh:
            at = now + call.session.refresh_after
            call.refresh = timers.start(at, partial(self._refresh, call))
        call.expiry = timers.start(now + call.session.ends_after, partial(self._expired, call))

    def _refresh(self, call: Call, now: float) -> None:
        call.refresh = None
        busy = (call.ours, call.ours_waits, call.theirs, call.unacked)
        if self._core.connected and not any(busy):
            call.refreshing = True
            self._send(call, call.local_sdp, now)
        else:
            self._refresh_later(call, now)

    def _refresh_later(self, call: Call, now: float) -> None:
        """Not now: another INVITE is under way, the flow is lost, or the peer would not."""
        call.refresh = self._core.timers.start(now + _REFRESH_AGAIN, partial(self._refresh, call))

    def _expired(self, call: Call, now: float) -> None:
        call.expiry = None
        self._book.end(call, now, status=408, reason="session expired", bye=True)

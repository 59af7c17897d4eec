"""Requests that come in: passed through the gate, and handed to the part that they are for."""

from __future__ import annotations

from functools import partial

from tui.sip.call import Book
from tui.sip.callee import Callee
from tui.sip.core import Core, Lines
from tui.sip.errors import LocalProtocolError
from tui.sip.events import RequestReceived
from tui.sip.gate import Gate
from tui.sip.inside import Inside
from tui.sip.layer import ServerTransaction
from tui.sip.message import Request
from tui.sip.refer import Transfers
from tui.sip.reinvite import Reinvites
from tui.sip.timers import Timer
from tui.sip.transaction import T1


class Incoming:
    """The server side of one agent. Surfaced requests (the registrar's role) wait here."""

    def __init__(
        self,
        core: Core,
        book: Book,
        gate: Gate,
        callee: Callee,
        reinvites: Reinvites,
        inside: Inside,
        transfers: Transfers,
    ) -> None:
        self._core = core
        self._book = book
        self._gate = gate
        self._callee = callee
        self._reinvites = reinvites
        self._inside = inside
        self._transfers = transfers
        self._surfaced: dict[str, tuple[ServerTransaction, Timer]] = {}

    def flow_down(self) -> None:
        """What waits can no longer be answered."""
        for _, timer in self._surfaced.values():
            timer.stop()
        self._surfaced.clear()

    def receive(self, request: Request, now: float) -> None:
        """Take a request whose headers can be read."""
        core = self._core
        if request.method == "ACK":
            self._ack(request, now)
            return
        if (known := core.layer.find(request, request.method)) is not None:
            known.receive(request, now)
            return
        full = core.layer.serving >= core.config.max_server_transactions
        if request.method not in ("BYE", "CANCEL") and (full or self._gate.too_fast(now)):
            core.ignore(f"{request.method}: too much at once: 503")
            core.turn_away(request, 503, [("Retry-After", "1")])
            return
        merged = request.to.tag is None and core.layer.merged(request)
        transaction = core.layer.serve(request, now)
        surfaced = core.config.registrar_role and request.to.tag is None
        refusal = self._gate.refuse(request, surfaced=surfaced)
        if request.method == "CANCEL":
            self._cancelled(transaction, now)
        elif merged:
            core.answer(transaction, now, 482)
        elif refusal is not None:
            core.answer(transaction, now, refusal[0], lines=refusal[1])
        elif request.method == "NOTIFY" and not surfaced:
            self._transfers.notified(transaction, now)
        elif request.to.tag is not None:
            call = self._book.find(request)
            if call is None:
                core.answer(transaction, now, 481)
            else:
                self._inside.receive(call, transaction, now)
        else:
            self._outside(transaction, now)

    def _outside(self, transaction: ServerTransaction, now: float) -> None:
        """A new request outside of every dialog."""
        core, request = self._core, transaction.request
        if core.config.registrar_role and request.method != "INVITE":
            id = core.handle("r")
            timer = core.timers.start(now + 64 * T1, partial(self._abandon, id))
            self._surfaced[id] = transaction, timer
            core.emit(RequestReceived(id, request))
        elif request.method == "OPTIONS":
            self._inside.options(transaction, now)
        elif request.method == "REFER":
            core.ignore("a REFER outside of a call: 403")
            core.answer(transaction, now, 403)
        elif request.method not in ("INVITE", "MESSAGE"):
            core.answer(transaction, now, 481)  # BYE, INFO: of no dialog of ours
        elif refusal := (self._gate.refuse_stranger(request) or self._gate.refuse_content(request)):
            core.answer(transaction, now, refusal[0], lines=refusal[1])
        elif request.method == "MESSAGE":
            self._inside.message(transaction, now)
        else:
            self._callee.receive(transaction, now)

    def _abandon(self, id: str, now: float) -> None:
        """Nobody answered in 64·T1: the peer has given up, and RFC 4320 forbids a late 408."""
        transaction, _ = self._surfaced.pop(id)
        transaction.lose_flow(now)

    def _ack(self, request: Request, now: float) -> None:
        transaction = self._core.layer.find(request, "INVITE")
        if transaction is not None and not transaction.receive(request, now):
            return  # the ACK to a refusal: the transaction's own
        call = self._book.find(request)
        if call is None or not self._callee.ack(call, request, now):
            self._core.ignore("an ACK to nothing")

    def _cancelled(self, transaction: ServerTransaction, now: float) -> None:
        """RFC 3261 §9.2: 200 whenever the INVITE is known, 487 to it if it still waits."""
        core = self._core
        invite = core.layer.find(transaction.request, "INVITE")
        if invite is None:
            core.answer(transaction, now, 481)
            return
        call = self._book.of_invite(invite)
        core.answer(transaction, now, 200, tag=call.tag if call is not None else "")
        if call is None or invite.answered:
            return
        if call.theirs is invite:
            self._reinvites.cancelled(call, now)
        else:
            self._callee.cancelled(call, now)

    def respond(
        self, request_id: str, status: int, now: float, reason: str, headers: Lines, body: bytes
    ) -> None:
        """Answer a surfaced request. LocalProtocolError when it does not wait (any more)."""
        if request_id not in self._surfaced:
            raise LocalProtocolError("there is no such request")
        transaction, timer = self._surfaced[request_id]
        self._core.answer(transaction, now, status, reason, lines=headers, body=body)
        if status >= 200:
            timer.stop()
            del self._surfaced[request_id]

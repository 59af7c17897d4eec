"""Transfers that a peer asks of us: REFER inside of a call, and our NOTIFYs (RFC 3515, RFC 3892).

A REFER is never followed by itself: it is surfaced, and somebody decides. Who has not decided
after `_DECIDE` seconds has the REFER answered 202 for him, as RFC 3515 §2.4.2 means it: the
transaction would end before he does. A refusal then goes in the NOTIFY.

The last NOTIFY is the one by which the peer lets go. A peer that we hold at that moment may refuse
it (JsSIP with 403, until our ACK is there): it is told again, three times at most.

REFER ─▶ asked ── accept: 202 ─▶ NOTIFY 100 … NOTIFY 2xx–6xx, terminated
           │ reject: 603         ▲
           └─ undecided: 202 ────┘ reject: NOTIFY 603, terminated
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from tui.sip.dialog.dialog import Dialog
from tui.sip.dialog.replaces import DIALLED, plain, read_refer_to
from tui.sip.errors import LocalProtocolError, RemoteProtocolError
from tui.sip.events import ReferReceived
from tui.sip.message.header_values import NameAddr, parse_name_addr
from tui.sip.message.message import Request, Response
from tui.sip.message.phrases import phrase
from tui.sip.transaction.timers import Timer
from tui.sip.transaction.transaction_layer import Lost, ServerTransaction
from tui.sip.ua.authenticated_request import AuthenticatedRequest
from tui.sip.ua.call import CallPhase, SipCall
from tui.sip.ua.context import AgentContext
from tui.sip.ua.refer_uac import SIPFRAG

_DECIDE: Final = 10.0
"""Seconds until an undecided REFER is answered 202."""
_LIFE: Final = 300
"""Seconds that we go on telling."""
_AGAIN: Final = (0.5, 1.0, 2.0)
"""Seconds after which the last news is told again where it was refused."""
_NO_SUBSCRIPTION: Final = (481, 489)
"""The peer wants no more of it (RFC 6665 §4.2.2)."""


@dataclass(slots=True, eq=False)
class _Referral:
    """One REFER of a peer. `transaction` waits for its answer; `event` is what NOTIFYs name."""

    call: str
    dialog: Dialog
    event: str
    transaction: ServerTransaction | None
    timer: Timer | None = None
    quiet: bool = False
    """Nobody wants to be told how it goes (RFC 4488)."""
    decided: bool = False
    status: int = 100
    """What was told last."""
    again: tuple[float, ...] = _AGAIN
    """When the last news may still be told again."""


class ReferUas:
    """The REFERs that came to one agent; of each call one at a time."""

    def __init__(self, context: AgentContext) -> None:
        self._context = context
        self._referrals: dict[str, _Referral] = {}

    def receive(self, call: SipCall, transaction: ServerTransaction, now: float) -> None:
        """Take a REFER that matched the call's dialog and passed admission."""
        context, request = self._context, transaction.request
        if call.phase is not CallPhase.UP or call.handle in self._referrals:
            context.answer(transaction, now, 491)
            return
        try:
            (value,) = request.headers.get_all("Refer-To")
            uri, replaces = read_refer_to(value)
        except (RemoteProtocolError, ValueError):
            context.answer(transaction, now, 400, "Unreadable Refer-To")
            return
        if uri.scheme not in DIALLED:
            context.answer(transaction, now, 416)
        elif uri.params.get("method", "INVITE").upper() != "INVITE":
            context.answer(transaction, now, 603)
        else:
            event = f"refer;id={request.cseq.number}" if call.referred else "refer"
            call.referred = True
            quiet = (request.headers.get("Refer-Sub") or "").strip().lower() == "false"
            referral = _Referral(call.handle, call.up(), event, transaction, quiet=quiet)
            undecided = partial(self._take_on, referral, transaction)
            referral.timer = context.timers.start(now + _DECIDE, undecided)
            self._referrals[call.handle] = referral
            call.on_end = partial(self._call_ended, referral)
            transaction.on_lost = partial(self._lost_flow, referral)
            by = _read_referred_by(request)
            context.emit(ReferReceived(call.handle, str(plain(uri)), replaces, by))

    # -------------------------------------------------------- decisions

    def accept(self, handle: str, now: float) -> None:
        """Somebody said yes: 202, if that is not said already."""
        referral = self._undecided_one(handle)
        referral.decided = True
        if referral.transaction is not None:
            self._take_on(referral, referral.transaction, now)

    def reject(self, handle: str, status: int, now: float) -> None:
        """Somebody said no. LocalProtocolError for a status below 300, or when no transfer of this
        call waits."""
        referral = self._undecided_one(handle)
        if status < 300:
            raise LocalProtocolError("a refusal is 300 or more")
        if referral.transaction is not None:
            self._context.answer(referral.transaction, now, status)
            self._forget(referral)
        else:
            referral.decided = True
            self.progress(handle, status, now, "")

    def progress(self, handle: str, status: int, now: float, reason: str) -> None:
        """Tell how the call to the target goes; 200 or more ends it. LocalProtocolError when no
        accepted transfer of this call waits for news."""
        referral = self._referrals.get(handle)
        if referral is None or not referral.decided:
            raise LocalProtocolError("no accepted transfer of this call waits for news")
        referral.status = status
        self._notify(referral, now, reason, why="noresource" if status >= 200 else "")

    def _undecided_one(self, handle: str) -> _Referral:
        referral = self._referrals.get(handle)
        if referral is None or referral.decided:
            raise LocalProtocolError("no transfer of this call waits for a decision")
        return referral

    # -------------------------------------------------------- telling

    def _take_on(self, referral: _Referral, transaction: ServerTransaction, now: float) -> None:
        """202, and the first NOTIFY, which RFC 3515 §2.4.4 wants at once."""
        context = self._context
        lines = context.capabilities(contact=context.contact(dialog=True))
        if referral.quiet:
            lines.append(("Refer-Sub", "false"))
        context.answer(transaction, now, 202, lines=lines)
        self._stop(referral)
        referral.timer = context.timers.start(now + _LIFE, partial(self._expired, referral))
        self._notify(referral, now)

    def _expired(self, referral: _Referral, now: float) -> None:
        self._notify(referral, now, why="timeout")

    def _notify(self, referral: _Referral, now: float, reason: str = "", *, why: str = "") -> None:
        """One NOTIFY; with `why`, the last one. Without a flow, and where nobody wants to know,
        nobody is told."""
        context, status = self._context, referral.status
        state = f"terminated;reason={why}" if why else f"active;expires={_LIFE}"
        lines = [
            *context.capabilities(contact=context.contact(dialog=True)),
            ("Event", referral.event),
            ("Subscription-State", state),
        ]
        line = f"SIP/2.0 {status} {reason or phrase(status)}\r\n"

        def build() -> Request:
            return referral.dialog.request(
                context,
                "NOTIFY",
                lines=lines,
                content_type=f"{SIPFRAG};version=2.0",
                body=line.encode("utf-8", "replace"),
            )

        def answered(response: Response, now: float) -> None:
            if response.status in _NO_SUBSCRIPTION:
                self._forget(referral)
            elif response.status >= 300 and why and referral.again:
                wait, *rest = referral.again
                referral.again = tuple(rest)
                context.timers.start(now + wait, again)

        def again(now: float) -> None:
            self._notify(referral, now, reason, why=why)

        if context.connected and not referral.quiet:
            AuthenticatedRequest(context, build, answered, _not_heard, now)
        if why:
            self._forget(referral)

    # -------------------------------------------------------- its end

    def _call_ended(self, referral: _Referral, now: float) -> None:
        """The peer hung up. What is taken on already goes on without the call."""
        if referral.transaction is not None:
            self._context.answer(referral.transaction, now, 487)
            self._forget(referral)

    def _lost_flow(self, referral: _Referral, now: float) -> None:
        """Nobody can be answered any more."""
        self._forget(referral)

    def _stop(self, referral: _Referral) -> None:
        referral.transaction = None
        if referral.timer is not None:
            referral.timer.stop()
            referral.timer = None

    def _forget(self, referral: _Referral) -> None:
        self._stop(referral)
        if self._referrals.get(referral.call) is referral:
            del self._referrals[referral.call]


def _read_referred_by(request: Request) -> NameAddr | None:
    """Who wants it (RFC 3892), as the peer says: None when that cannot be read."""
    value = request.headers.get("Referred-By")
    try:
        return parse_name_addr(value) if value else None
    except RemoteProtocolError:
        return None


def _not_heard(why: Lost, now: float) -> None:
    """A NOTIFY that nobody answers changes nothing for us."""

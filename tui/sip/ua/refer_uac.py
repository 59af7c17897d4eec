"""Transfers that we ask for: REFER, and the NOTIFYs that say how it goes (RFC 3515, 3892, 6665).

refer() ── 2xx ──▶ NOTIFY … NOTIFY with a final status, or `terminated` ──▶ told, once and for all
    │ 3xx–6xx, no answer         │ no NOTIFY for too long: told as 408

The subscription that a REFER makes is older than the 2xx (a NOTIFY may overtake it) and outlives
the call: many a peer hangs up at once and goes on telling. Some write `terminated` into every
NOTIFY, the first "100 Trying" included (SIP.js does): one that says how the call begins, and not
why there is no more to come, is the last only when nothing more comes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import Final

from tui.sip.dialog.dialog import Dialog
from tui.sip.dialog.replaces import replaces_of, with_replaces
from tui.sip.errors import LocalProtocolError, RemoteProtocolError
from tui.sip.events import TransferProgress
from tui.sip.message.header_values import parse_name_addr
from tui.sip.message.headers import Headers
from tui.sip.message.message import Request, Response
from tui.sip.message.reason import read_reasons, reasons_of, words_of
from tui.sip.message.subscription_state import event_package, read_subscription_state
from tui.sip.message.uri import parse_uri
from tui.sip.transaction.machines import T1
from tui.sip.transaction.timers import Timer
from tui.sip.transaction.transaction_layer import Lost, ServerTransaction
from tui.sip.ua.authenticated_request import AuthenticatedRequest
from tui.sip.ua.call import CallBook, CallPhase, SipCall
from tui.sip.ua.context import AgentContext
from tui.sip.ua.out_of_dialog import dialled_uri

SIPFRAG: Final = "message/sipfrag"
_FIRST_NOTIFY: Final = 64 * T1
"""Seconds that the first NOTIFY may take (Timer N, RFC 6665 §4.1.2.4)."""
_USUAL_LIFE: Final = 180
_LONGEST_LIFE: Final = 3600
"""Seconds that a subscription lives whose NOTIFY says nothing of it, and at most."""
_PERHAPS_LAST: Final = 60
"""Seconds in which more may come after a NOTIFY that calls itself the last, and does not say how
the transfer went: as long as a phone rings."""

_fragment = re.compile(
    rb"(?:\A(?:\xef\xbb\xbf)?|[\r\n])[ \t]*+SIP/2\.0[ \t]++([1-6][0-9]{2})(?:[ \t]++([^\r\n]*+))?",
    re.I,
).search
_LINES: Final = 16
"""Header lines of a fragment that are looked at."""
_id = re.compile(r";[ \t]*+id[ \t]*+=[ \t]*+([0-9]{1,10}+)", re.I).search


@dataclass(slots=True, eq=False)
class _ReferSubscription:
    """What we hear of one REFER. `cseq` is its id in NOTIFYs (RFC 3515 §2.4.6)."""

    call: str
    dialog: Dialog
    cseq: int = 0
    heard: bool = False
    told: bool = False
    perhaps_over: bool = False
    """The last NOTIFY called itself that, and said nothing final."""
    timer: Timer | None = None
    sent: AuthenticatedRequest | None = None
    """The REFER itself."""


class ReferUac:
    """The REFERs of one agent; of each call the last one."""

    def __init__(self, context: AgentContext, book: CallBook) -> None:
        self._context = context
        self._book = book
        self._subscriptions: dict[str, _ReferSubscription] = {}

    def refer(
        self, call: SipCall, target: str, replaced: SipCall | None, referred_by: str, now: float
    ) -> None:
        """Ask the peer of `call` to call `target`, in the place of us in `replaced` (RFC 3515,
        3891). LocalProtocolError without a flow, or while another transfer of it is under way."""
        context = self._context
        dialog = call.up()
        context.need_flow()
        if (last := self._subscriptions.get(call.handle)) is not None and not last.told:
            raise LocalProtocolError("a transfer of this call is under way")
        value = replaces_of(replaced.up()) if replaced is not None else ""
        target = target or (peer_of(replaced.up()) if replaced else "")
        where = parse_uri(dialled_uri(target, context.aor.host))
        lines = [
            *context.capabilities(contact=context.contact(dialog=True)),
            ("Refer-To", f"<{with_replaces(where, value)}>"),
            ("Referred-By", f"<{dialled_uri(referred_by or str(context.aor), context.aor.host)}>"),
        ]
        subscription = _ReferSubscription(call.handle, dialog)

        def build() -> Request:
            request = dialog.request(context, "REFER", lines=lines)
            subscription.cseq = request.cseq.number
            return request

        answered = partial(self._answered, call, subscription)
        lost = partial(self._lost, call, subscription)
        subscription.sent = AuthenticatedRequest(context, build, answered, lost, now)
        if last is not None:
            self._forget(last)
        self._subscriptions[call.handle] = subscription

    # -------------------------------------------------------- the answer to REFER

    def _answered(
        self, call: SipCall, subscription: _ReferSubscription, response: Response, now: float
    ) -> None:
        status = response.status
        if status >= 300:
            assert subscription.sent is not None  # it is what was refused
            self._failed(subscription, status, subscription.sent.words_of(response))
            if status in (408, 481) and call.phase is CallPhase.UP:
                bye = status == 408
                self._book.end(
                    call,
                    now,
                    status=status,
                    reason=response.reason,
                    bye=bye,
                    reasons=reasons_of(response),
                )
        elif status >= 200 and not subscription.heard:
            subscription.heard = True
            self._wait(subscription, _FIRST_NOTIFY, now)
            self._tell(subscription, 100, response.reason, final=False)

    def _lost(self, call: SipCall, subscription: _ReferSubscription, why: Lost, now: float) -> None:
        timed_out = why is Lost.TIMED_OUT
        self._failed(subscription, 408 if timed_out else 503, str(why))
        if timed_out and call.phase is CallPhase.UP:
            self._book.end(call, now, status=408, reason=str(why), bye=True)

    def _failed(self, subscription: _ReferSubscription, status: int, reason: str) -> None:
        self._forget(subscription)
        self._tell(subscription, status, reason, final=True)

    # -------------------------------------------------------- NOTIFY

    def notified(self, transaction: ServerTransaction, now: float) -> bool:
        """Take a NOTIFY; False where we asked for none like it."""
        context, request = self._context, transaction.request
        subscription = self._find(request)
        if subscription is None:
            return False
        if not subscription.dialog.take(request.cseq.number):
            context.answer(transaction, now, 500, "CSeq out of order")
            return True
        context.answer(transaction, now, 200)
        said = read_subscription_state(request.headers.get("Subscription-State"))
        status, reason = read_fragment(request)
        if said.reason and status < 200:
            reason = said.reason  # why nobody tells any more; "Trying" is no reason
        subscription.perhaps_over = said.terminated and status < 200 and not said.reason
        over = said.terminated and not subscription.perhaps_over
        subscription.heard = True
        self._tell(subscription, status, reason, final=over or status >= 200)
        if over:
            self._forget(subscription)
        elif subscription.perhaps_over:
            self._wait(subscription, _PERHAPS_LAST, now)
        else:
            life = _USUAL_LIFE if said.expires is None else min(said.expires, _LONGEST_LIFE)
            self._wait(subscription, life, now)
        return True

    def _find(self, request: Request) -> _ReferSubscription | None:
        if event_package(request.headers.get("Event")) != "refer":
            return None
        id = _id(request.headers.get("Event") or "")
        for subscription in self._subscriptions.values():
            if subscription.dialog.matches(request):
                ours = id is None or int(id[1]) == subscription.cseq
                return subscription if ours else None
        return None

    # -------------------------------------------------------- telling

    def _tell(
        self, subscription: _ReferSubscription, status: int, reason: str, *, final: bool
    ) -> None:
        if not subscription.told:
            subscription.told = final
            self._context.emit(TransferProgress(subscription.call, status, reason, final))

    def _wait(self, subscription: _ReferSubscription, seconds: float, now: float) -> None:
        self._stop(subscription)
        wake = partial(self._silent, subscription)
        subscription.timer = self._context.timers.start(now + seconds, wake)

    def _silent(self, subscription: _ReferSubscription, now: float) -> None:
        if subscription.perhaps_over:
            self._failed(subscription, 100, "")
        else:
            self._failed(subscription, 408, "nothing more was heard")

    def _stop(self, subscription: _ReferSubscription) -> None:
        if subscription.timer is not None:
            subscription.timer.stop()
            subscription.timer = None

    def _forget(self, subscription: _ReferSubscription) -> None:
        self._stop(subscription)
        if self._subscriptions.get(subscription.call) is subscription:
            del self._subscriptions[subscription.call]


def read_fragment(request: Request) -> tuple[int, str]:
    """Status and words of a sipfrag body, whatever type it is sent under and whatever stands
    around its status line; a body without one says nothing new: 100. What its own Warning and
    Reason say belongs to the words."""
    found = _fragment(request.body)
    if found is None:
        return 100, ""
    headers = Headers()
    for line in request.body[found.end() :].decode("utf-8", "replace").split("\n", _LINES)[:_LINES]:
        name, colon, value = line.partition(":")
        if colon and (known := name.strip().lower()) in ("reason", "warning"):
            headers.add(known, value.strip())
    response = Response(int(found[1]), (found[2] or b"").decode("utf-8", "replace"), headers)
    texts = (words_of(response), *(each.own for each in read_reasons(headers)))
    return response.status, ": ".join(dict.fromkeys(filter(None, texts)))


def peer_of(dialog: Dialog) -> str:
    """Where somebody else reaches the peer of a call: its Contact (RFC 5589 §7), unless that
    leads nowhere, as a WebSocket peer's `.invalid` does: then its address of record.
    LocalProtocolError when it has neither."""
    try:
        leads = not parse_uri(dialog.target).host.lower().endswith(".invalid")
    except RemoteProtocolError:  # what goes back as it stands is nothing for others to read
        leads = False
    if leads:
        return dialog.target
    try:
        return parse_name_addr(dialog.theirs).uri.aor()
    except RemoteProtocolError:
        raise LocalProtocolError("the peer has no address that can be named") from None

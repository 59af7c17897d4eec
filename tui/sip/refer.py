"""Transfers that we ask for: REFER, and the NOTIFYs that say how it goes (RFC 3515, 3892, 6665).

refer() ── 2xx ──▶ NOTIFY … NOTIFY with a final status, or `terminated` ──▶ told, once and for all
    │ 3xx–6xx, no answer         │ no NOTIFY for too long: told as 408

The subscription that a REFER makes is older than the 2xx (a NOTIFY may overtake it) and outlives
the call: many a peer hangs up at once and goes on telling.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import Final

from tui.sip.call import Book, Call, Phase
from tui.sip.core import Core
from tui.sip.dialog import Dialog
from tui.sip.errors import LocalProtocolError
from tui.sip.events import TransferProgress
from tui.sip.exchange import Exchange
from tui.sip.fields import parse_name_addr
from tui.sip.layer import Lost, ServerTransaction
from tui.sip.message import Request, Response
from tui.sip.replaces import replaces_of, with_replaces
from tui.sip.requests import to_uri
from tui.sip.timers import Timer
from tui.sip.transaction import T1
from tui.sip.uri import parse_uri

SIPFRAG: Final = "message/sipfrag"
_FIRST_NOTIFY: Final = 64 * T1
"""Seconds that the first NOTIFY may take (Timer N, RFC 6665 §4.1.2.4)."""
_USUAL_LIFE: Final = 180
_LONGEST_LIFE: Final = 3600
"""Seconds that a subscription lives whose NOTIFY says nothing of it, and at most."""

_fragment = re.compile(rb"\s*+SIP/2\.0[ \t]++([1-6][0-9]{2})(?:[ \t]++([^\r\n]*+))?").match
_id = re.compile(r";[ \t]*+id[ \t]*+=[ \t]*+([0-9]{1,10}+)", re.I).search
_life = re.compile(r";[ \t]*+expires[ \t]*+=[ \t]*+([0-9]{1,10}+)", re.I).search


@dataclass(slots=True, eq=False)
class _Subscription:
    """What we hear of one REFER. `cseq` is its id in NOTIFYs (RFC 3515 §2.4.6)."""

    call: str
    dialog: Dialog
    cseq: int = 0
    heard: bool = False
    told: bool = False
    timer: Timer | None = None


class Transfers:
    """The REFERs of one agent; of each call the last one."""

    def __init__(self, core: Core, book: Book) -> None:
        self._core = core
        self._book = book
        self._subscriptions: dict[str, _Subscription] = {}

    def refer(
        self, call: Call, target: str, replaced: Call | None, referred_by: str, now: float
    ) -> None:
        """Ask the peer of `call` to call `target`, in the place of us in `replaced`."""
        core = self._core
        dialog = call.up()
        core.need_flow()
        if (last := self._subscriptions.get(call.handle)) is not None and not last.told:
            raise LocalProtocolError("a transfer of this call is under way")
        value = replaces_of(replaced) if replaced is not None else ""
        where = parse_uri(to_uri(target or (peer_of(replaced.up()) if replaced else "")))
        lines = [
            *core.capabilities(contact=core.contact(dialog=True)),
            ("Refer-To", f"<{with_replaces(where, value)}>"),
            ("Referred-By", f"<{to_uri(referred_by) if referred_by else core.aor}>"),
        ]
        subscription = _Subscription(call.handle, dialog)

        def build() -> Request:
            request = dialog.request(core, "REFER", lines=lines)
            subscription.cseq = request.cseq.number
            return request

        answered = partial(self._answered, call, subscription)
        Exchange(core, build, answered, partial(self._lost, call, subscription), now)
        if last is not None:
            self._forget(last)
        self._subscriptions[call.handle] = subscription

    # -------------------------------------------------------- the answer to REFER

    def _answered(
        self, call: Call, subscription: _Subscription, response: Response, now: float
    ) -> None:
        status = response.status
        if status >= 300:
            self._failed(subscription, status, response.reason)
            if status in (408, 481) and call.phase is Phase.UP:
                bye = status == 408
                self._book.end(call, now, status=status, reason=response.reason, bye=bye)
        elif status >= 200 and not subscription.heard:
            subscription.heard = True
            self._wait(subscription, _FIRST_NOTIFY, now)
            self._tell(subscription, 100, response.reason, final=False)

    def _lost(self, call: Call, subscription: _Subscription, why: Lost, now: float) -> None:
        timed_out = why is Lost.TIMED_OUT
        self._failed(subscription, 408 if timed_out else 503, str(why))
        if timed_out and call.phase is Phase.UP:
            self._book.end(call, now, status=408, reason=str(why), bye=True)

    def _failed(self, subscription: _Subscription, status: int, reason: str) -> None:
        self._forget(subscription)
        self._tell(subscription, status, reason, final=True)

    # -------------------------------------------------------- NOTIFY

    def notified(self, transaction: ServerTransaction, now: float) -> None:
        """Take a NOTIFY inside of any dialog: 481 unless we asked for it (RFC 6665 §4.1.3)."""
        core, request = self._core, transaction.request
        subscription = self._find(request)
        if subscription is None:
            core.answer(transaction, now, 481)
            return
        if not subscription.dialog.take(request.cseq.number):
            core.answer(transaction, now, 500, "CSeq out of order")
            return
        core.answer(transaction, now, 200)
        state = request.headers.get("Subscription-State") or ""
        over = state.partition(";")[0].strip().lower() == "terminated"
        status, reason = read_fragment(request)
        subscription.heard = True
        self._tell(subscription, status, reason, final=over or status >= 200)
        if over:
            self._forget(subscription)
        else:
            found = _life(state)
            life = min(int(found[1]), _LONGEST_LIFE) if found else _USUAL_LIFE
            self._wait(subscription, life, now)

    def _find(self, request: Request) -> _Subscription | None:
        event = request.headers.get("Event") or ""
        if event.partition(";")[0].strip().lower() != "refer":
            return None
        id = _id(event)
        for subscription in self._subscriptions.values():
            if subscription.dialog.matches(request):
                ours = id is None or int(id[1]) == subscription.cseq
                return subscription if ours else None
        return None

    # -------------------------------------------------------- telling

    def _tell(self, subscription: _Subscription, status: int, reason: str, *, final: bool) -> None:
        if not subscription.told:
            subscription.told = final
            self._core.emit(TransferProgress(subscription.call, status, reason, final))

    def _wait(self, subscription: _Subscription, seconds: float, now: float) -> None:
        self._stop(subscription)
        wake = partial(self._silent, subscription)
        subscription.timer = self._core.timers.start(now + seconds, wake)

    def _silent(self, subscription: _Subscription, now: float) -> None:
        self._failed(subscription, 408, "nothing more was heard")

    def _stop(self, subscription: _Subscription) -> None:
        if subscription.timer is not None:
            subscription.timer.stop()
            subscription.timer = None

    def _forget(self, subscription: _Subscription) -> None:
        self._stop(subscription)
        if self._subscriptions.get(subscription.call) is subscription:
            del self._subscriptions[subscription.call]


def read_fragment(request: Request) -> tuple[int, str]:
    """Status and reason of a sipfrag body; a body that is none says nothing new: 100."""
    found = _fragment(request.body) if request.content_type == SIPFRAG else None
    if found is None:
        return 100, ""
    return int(found[1]), (found[2] or b"").decode("utf-8", "replace")


def peer_of(dialog: Dialog) -> str:
    """Where somebody else reaches the peer of a call: its Contact (RFC 5589 §7), unless that
    leads nowhere, as a WebSocket peer's `.invalid` does: then its address of record."""
    contact = parse_uri(dialog.target)
    if contact.host.lower().endswith(".invalid"):
        return parse_name_addr(dialog.theirs).uri.aor()
    return dialog.target

"""One subscription, and what becomes of it (RFC 6665 §4.1).

    WAITING ── its turn ──▶ ASKING ── NOTIFY ──▶ ACTIVE ── at 50–90 % of its life: refreshed
      ▲                        │                   │  │
      └── refused, no NOTIFY ──┴─── terminated ────┘  └── leave(): LEAVING ── terminated ──▶ over

The NOTIFY makes the dialog, before or after the 200, and it alone says that there is one: of a
request that forks the first NOTIFY wins, and each other dialog is ended with 481. Nothing waits
without an end: each SUBSCRIBE wants its NOTIFY within Timer N, ACTIVE has the refresh, WAITING its
time or the next registration.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Final

from tui.sip.auth.digest import Held
from tui.sip.backoff import wait_before
from tui.sip.dialog.dialog import Dialog
from tui.sip.events import Notified, SubscriptionActive, SubscriptionEnded
from tui.sip.message.header_values import read_seconds
from tui.sip.message.message import Request, Response
from tui.sip.message.subscription_state import SubscriptionState, read_subscription_state
from tui.sip.transaction.machines import T1
from tui.sip.transaction.timers import Timer
from tui.sip.transaction.transaction_layer import Lost, ServerTransaction
from tui.sip.ua.authenticated_request import AuthenticatedRequest
from tui.sip.ua.context import AgentContext
from tui.sip.ua.subscription.sequel import wait_after_end, wait_after_refusal

_TIMER_N: Final = 64 * T1
"""Seconds that the NOTIFY to a SUBSCRIBE may take (§4.1.2.4)."""
_SHORTEST: Final = 4.0
"""Seconds at least between two refreshes."""
_ASKED_ABOUT: Final = 60
"""Seconds that one is believed in whose notifier gives it a life of 0 and does not end it: some
write that into each answer."""
_GONE: Final = frozenset({404, 405, 408, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604})
"""Refusals of a refresh that end the subscription (RFC 5057 §5.1); after any other it is good until
its time is over (RFC 6665 §4.1.2.2)."""


class SubscriptionPhase(StrEnum):
    """How far a subscription is: WAITING for its turn or the next try, LEAVING until the last
    NOTIFY (RFC 6665 §4.1.2.3)."""

    WAITING = "waiting"
    ASKING = "asking"
    ACTIVE = "active"
    LEAVING = "leaving"


class SipSubscription:
    """One subscription of one agent; `expires` is the life in seconds that is asked for."""

    def __init__(
        self,
        context: AgentContext,
        uri: str,
        package: str,
        accept: tuple[str, ...],
        expires: int,
        queue: Callable[[SipSubscription, float], None],
        forget: Callable[[SipSubscription], None],
    ) -> None:
        """`queue` gives it its turn to ask; `forget` is called when it is over."""
        self._context = context
        self._uri = uri
        self.package = package
        self._accept = accept
        self._expires = expires
        self._queue = queue
        self._forget = forget
        self.handle = context.handle("s")
        self.phase = SubscriptionPhase.WAITING
        self._call_id = self._tag = ""
        self._cseq = 0
        self._dialog: Dialog | None = None
        self._held: Held = ()
        self._raised = False
        self._refreshing = False
        self._request: AuthenticatedRequest | None = None
        self._ends = 0.0
        self._endings = 0
        """How often in a row it ended before it was refreshed."""
        self._proved = False
        self._told: bool | None = None
        """What was told last: pending or not; None: that it is no more."""
        self._timer: Timer | None = None
        self._silence: Timer | None = None
        """Timer N."""

    @property
    def rests(self) -> bool:
        """It waits for the next registration."""
        return self.phase is SubscriptionPhase.WAITING and self._timer is None

    def matches(self, request: Request) -> bool:
        """Whether a NOTIFY names this one: our Call-ID and our tag."""
        return (request.call_id, request.to.tag) == (self._call_id, self._tag)

    # -------------------------------------------------------- asking

    def wait(self, until: float, wake: Callable[[float], None]) -> None:
        """Be woken at the instant `until`, in seconds: its turn, the next try, or the refresh."""
        self._timer = self._context.timers.start(until, wake)

    def start(self, now: float) -> None:
        """Ask for it, in a new dialog."""
        self.phase = SubscriptionPhase.ASKING
        self._call_id, self._tag, self._cseq = self._context.call_id(), self._context.tag(), 0
        self._ends = now + self._expires
        self._refreshing = False
        self._send(now)

    def refresh(self, now: float) -> None:
        """Ask again where it is active; a request under way is that already."""
        if self.phase is SubscriptionPhase.ACTIVE and self._request is None:
            self._refreshing = True
            self._send(now)

    def missed(self, now: float) -> None:
        """There was no room for a NOTIFY, so what it said is asked for, soon and only once."""
        soon = now + 2 * _SHORTEST
        late = self._timer is None or self._timer.when > soon
        if self.phase is SubscriptionPhase.ACTIVE and self._request is None and late:
            self._rest()
            self.wait(soon, self.refresh)

    def leave(self, now: float) -> None:
        """End it: `SubscriptionEnded` is told at once. Without a dialog nothing is said on the
        wire: the NOTIFY that may still come gets 481, which ends it there."""
        active = self.phase is SubscriptionPhase.ACTIVE
        self._tell_end("unsubscribed", 200, None, final=True)
        if active:
            self.phase = SubscriptionPhase.LEAVING
            self._send(now)
        else:
            self._over()

    def flow_down(self) -> None:
        """Called after the transactions were told: what was known is known no longer."""
        leaving, told = self.phase is SubscriptionPhase.LEAVING, self._told is not None
        self._drop()
        self._endings = 0
        if leaving:
            self._forget(self)
        elif told:
            self._tell_end(str(Lost.FLOW), 503, None, final=False)

    def build(self) -> Request:
        """The next SUBSCRIBE."""
        context = self._context
        leaving = self.phase is SubscriptionPhase.LEAVING
        lines = [
            *context.capabilities(contact=context.contact(dialog=True), beside="NOTIFY"),
            ("Event", self.package),
            *((("Accept", ", ".join(self._accept)),) if self._accept else ()),
            ("Expires", "0" if leaving else str(self._expires)),
        ]
        if self._dialog is not None:
            return self._dialog.request(context, "SUBSCRIBE", lines=lines)
        self._cseq += 1
        return context.request(
            "SUBSCRIBE",
            self._uri,
            from_=context.identity(self._tag),
            to=f"<{self._uri}>",
            call_id=self._call_id,
            cseq=self._cseq,
            lines=[*context.routes(), *lines],
        )

    def _send(self, now: float) -> None:
        self._stop()
        # Before the request's own timer of the same length, so that this one decides.
        self._silence = self._context.timers.start(now + _TIMER_N, self._silent)
        self._request = AuthenticatedRequest(
            self._context, self.build, self._answered, self._lost, now, held=self._held
        )

    # -------------------------------------------------------- the answer

    def _answered(self, response: Response, now: float) -> None:
        status, request = response.status, self._request
        if status < 200 or request is None:
            return
        self._request = None
        if self.phase is SubscriptionPhase.LEAVING:
            if status >= 300:
                self._over()
        elif status < 300:
            self._held = request.held
            self._accepted(response, now)
        elif status == 423 and not self._raised and self._raise(response):
            self._send(now)
        else:
            after = read_seconds(response.headers, "Retry-After")
            self._refused(status, request.words_of(response), after, now)

    def _raise(self, response: Response) -> bool:
        """Ask for as long as the notifier wants at least (§4.2.1.1), once."""
        shortest = read_seconds(response.headers, "Min-Expires") or 0
        self._raised = shortest > self._expires
        self._expires = max(shortest, self._expires)
        return self._raised

    def _accepted(self, response: Response, now: float) -> None:
        granted = read_seconds(response.headers, "Expires")
        self._ends = now + (self._expires if granted is None else self._life(granted))
        self._raised = False
        if self._dialog is None:
            return  # the NOTIFY is still to come
        self._dialog.refresh_target(response)
        if response.status == 204:
            self._heard()  # no NOTIFY follows (RFC 5839 §5.3)
        if self._refreshing:
            self._endings = 0
        self._refresh_later(now)

    def _lost(self, why: Lost, now: float) -> None:
        self._request = None
        if why is Lost.TIMED_OUT:
            self._refresh_later(now)  # its NOTIFY came, else Timer N had ended it before
        # else `flow_down` follows

    def _silent(self, now: float) -> None:
        """Timer N: no NOTIFY came to our SUBSCRIBE."""
        self._silence = None
        if self.phase is SubscriptionPhase.LEAVING:
            self._over()
        else:
            self._refused(408, "no NOTIFY" if self._request is None else "no answer", None, now)

    def _refused(self, status: int, reason: str, after: int | None, now: float) -> None:
        left = self._ends - now
        if self._dialog is not None and status not in _GONE and left > 2 * _SHORTEST:
            self._context.ignore(f"the refresh of a subscription was refused: {status}")
            self._heard()
            again = left / 2 if after is None else min(max(_SHORTEST, float(after)), left)
            self.wait(now + again, self.refresh)
            return
        self._endings += 1
        wait = wait_after_refusal(
            status, after, self._endings, self._context.rng, proved=self._proved
        )
        self._end(reason, status, wait, now)

    # -------------------------------------------------------- NOTIFY

    def notified(self, transaction: ServerTransaction, now: float) -> None:
        """Take a NOTIFY that matches."""
        context, request = self._context, transaction.request
        ours = context.identity(self._tag)
        dialog = self._dialog or Dialog.of_notify(request, ours, self._uri, self._cseq)
        if not dialog.matches(request):
            context.answer(transaction, now, 481)  # another fork's (§4.1.4)
            return
        if not dialog.take(request.cseq.number):
            context.answer(transaction, now, 500, "CSeq out of order")
            self._out_of_order(now)
            return
        context.answer(transaction, now, 200)
        self._dialog = dialog
        dialog.refresh_target(request)
        said = read_subscription_state(request.headers.get("Subscription-State"))
        if self.phase is SubscriptionPhase.LEAVING:
            if said.terminated:
                self._over()
            return
        self._heard()
        if not said.terminated:
            self._goes_on(said, now)
        if request.body:
            told = Notified(self.handle, self.package, request.content_type, request.body)
            context.emit(told)
        if said.terminated:
            self._endings += 1
            wait = wait_after_end(said, self._endings, context.rng)
            self._end(said.reason or said.state, 0, wait, now)

    def _out_of_order(self, now: float) -> None:
        """What an older number says is not believed, and may yet be the newest: a notifier counts
        anew after a restart (FreeSWITCH at New Year, too). So it is asked for, and where the answer
        to that is out of order as well it begins anew, in a dialog without numbers."""
        if self._silence is not None and self._request is None:
            self._endings += 1
            wait = wait_before(self._endings, self._context.rng)
            self._end("CSeq out of order", 500, wait, now)
        else:
            self.missed(now)

    def _goes_on(self, said: SubscriptionState, now: float) -> None:
        self.phase, self._proved = SubscriptionPhase.ACTIVE, True
        if said.expires is not None:
            self._ends = now + self._life(said.expires)
        if self._told is not said.pending:
            self._told = said.pending
            life = max(0, round(self._ends - now))
            self._context.emit(
                SubscriptionActive(self.handle, self.package, life, pending=said.pending)
            )
        # The refresh stays where it is unless it came too late: many NOTIFYs must not put it off.
        if self._request is None and (self._timer is None or self._timer.when >= self._ends):
            self._refresh_later(now)

    # -------------------------------------------------------- its time and its end

    def _life(self, granted: int) -> int:
        """Seconds that a notifier grants, no more than were asked for."""
        return min(granted or _ASKED_ABOUT, self._expires)

    def _heard(self) -> None:
        if self._silence is not None:
            self._silence.stop()
            self._silence = None

    def _refresh_later(self, now: float) -> None:
        self._rest()
        wait = (self._ends - now) * self._context.rng.uniform(0.5, 0.9)
        self.wait(now + max(_SHORTEST, wait), self.refresh)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _stop(self) -> None:
        """Neither a timer nor a request is left."""
        self._rest()
        self._heard()
        if self._request is not None:
            self._request.withdraw()
            self._request = None

    def _drop(self) -> None:
        """What a NOTIFY could match is gone as well."""
        self._stop()
        self.phase = SubscriptionPhase.WAITING
        self._dialog, self._call_id = None, ""

    def _end(self, reason: str, status: int, wait: float | None, now: float) -> None:
        self._drop()
        self._tell_end(reason, status, wait, final=wait is None)
        if wait is None:
            self._forget(self)
        else:
            self.wait(now + wait, partial(self._queue, self))

    def _over(self) -> None:
        self._drop()
        self._forget(self)

    def _tell_end(self, reason: str, status: int, wait: float | None, *, final: bool) -> None:
        self._told = None
        self._context.emit(
            SubscriptionEnded(self.handle, self.package, reason, status, final, wait)
        )
